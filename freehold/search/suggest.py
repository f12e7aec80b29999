"""What somebody who is typing may mean: words that clips use, tags and accounts that begin with the last word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from freehold.backends.database import Database
from freehold.domain.account import Account
from freehold.domain.finding import DocumentKind
from freehold.search.ranking import nearest
from freehold.search.spelling import is_spelled
from freehold.search.words import plain
from freehold.store import account as accounts
from freehold.store import search as rows

CLIP, ACCOUNT = DocumentKind.CLIP, DocumentKind.ACCOUNT
LIMIT = 8
WORDS, TAGS, ACCOUNTS = 4, 3, 3
LOOKED_AT = 60
"""So many handles that begin alike are looked at for those that are followed most."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    kind: str
    """`word`, `tag` or `account`."""
    text: str
    """What is offered: a word, `#tag`, `@handle`."""
    query: str
    """All that was typed, with this in place of the last word."""
    clips: int | None
    """How many clips have it."""
    account: Account | None = None


async def suggest(database: Database, text: str) -> list[Suggestion]:
    """At most `LIMIT`, the likeliest of each kind first. What has no end to its last word has no suggestions."""
    last = re.search(r"\S*$", text)
    typed = last[0] if last else ""
    head, sign = text[: len(text) - len(typed)], "-" if typed.startswith("-") else ""
    word = typed.removeprefix("-")
    offered: list[Suggestion] = []
    if word.startswith(("@", "＠")):
        offered = await _accounts(database, word[1:].lower(), LIMIT)
    elif word.startswith(("#", "＃")):
        offered = await _tags(database, plain(word[1:]).replace(" ", ""), LIMIT)
    elif (begun := plain(word)) and " " not in begun and ":" not in word:
        named = await _accounts(database, begun, ACCOUNTS)
        handles = {one.text.removeprefix("@") for one in named}
        offered = [one for one in await _words(database, begun) if one.text not in handles][:WORDS]
        offered += await _tags(database, begun, TAGS) + named
    return [
        Suggestion(one.kind, one.text, f"{head}{sign}{one.text}", one.clips, one.account) for one in offered[:LIMIT]
    ]


async def _words(database: Database, begun: str) -> list[Suggestion]:
    known = await rows.known_terms(database, CLIP, [begun.encode()])
    longer = await rows.terms_beginning(database, CLIP, begun.encode(), 3 * WORDS)
    found = [(key.decode(), count) for key, count in (*known.items(), *longer)]
    if not found:
        found = list((await nearest(database, CLIP, begun)).items())
    return [Suggestion("word", term, "", count) for term, count in found if is_spelled(term)]


async def _tags(database: Database, begun: str, limit: int) -> list[Suggestion]:
    if not begun:
        return []
    term = "#" + begun
    known = await rows.known_terms(database, CLIP, [term.encode()])
    longer = await rows.terms_beginning(database, CLIP, term.encode(), limit)
    keys = [*known, *(key for key, _ in longer)][:limit]
    if not keys:
        keys = [one.encode() for one in await nearest(database, CLIP, term)]
    spelled: dict[bytes, Suggestion] = {}
    for tag, key, clips in await rows.tags_spelled(database, keys):
        spelled.setdefault(key, Suggestion("tag", f"#{tag}", "", clips))
    return [spelled[key] for key in keys if key in spelled]


async def _accounts(database: Database, begun: str, limit: int) -> list[Suggestion]:
    if not begun:
        return []
    key = f"@{begun}".encode()
    known = await rows.known_terms(database, ACCOUNT, [key])
    longer = await rows.terms_beginning(database, ACCOUNT, key, LOOKED_AT)
    handles = [one.decode().removeprefix("@") for one in (*known, *(term for term, _ in longer))]
    return [
        Suggestion("account", f"@{one.handle}", "", None, one)
        for one in _most_followed(await accounts.by_handles(database, handles), begun)[:limit]
    ]


def _most_followed(found: Sequence[Account], handle: str) -> list[Account]:
    """The one that is named so before all others."""
    active = [one for one in found if one.suspended_at_us is None]
    return sorted(active, key=lambda one: (one.handle != handle, -one.follower_count, one.handle))
