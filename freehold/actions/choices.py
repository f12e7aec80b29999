"""What a viewer chooses for its feeds: wishes, muted words, and whether to be profiled."""

from collections.abc import Sequence
from random import Random

from freehold.actions.account import asked_handle, is_plain
from freehold.actions.clip import TAG_LENGTH_LIMIT, folded_tag
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account
from freehold.domain.choices import FeedWish, WishKind
from freehold.domain.errors import Absent, BadInput, TooLarge
from freehold.domain.ids import AccountId, new_id
from freehold.domain.muting import folded
from freehold.store import account as accounts
from freehold.store import choices, journal, told
from freehold.store.told import ToldWish

LEVELS = range(-2, 3)
WISH_LIMIT = 1000
MUTED_LIMIT = 500
MUTED_LENGTH = 100


async def set_wish(
    backends: Backends, account: Account, kind: WishKind, name: str, level: int, at_us: int, random: Random
) -> FeedWish:
    """The account's wish for a tag or an author from now on; level 0 takes it back, the same again changes nothing.

    `BadInput` (codes `wish-level`, `wish-tag`, `tag-too-long`), `Absent` (code `account-absent`), `TooLarge` (code
    `wishes-many`).
    """
    if level not in LEVELS:
        raise BadInput("wish-level", f"A wish's level is a whole number from {LEVELS[0]} to {LEVELS[-1]}.")
    name = checked_tag(name) if kind is WishKind.TAG else asked_handle(name)

    async def work(transaction: Transaction) -> FeedWish:
        await _lock(transaction, account.id)
        tag, author_id = (name, 0) if kind is WishKind.TAG else ("", await _author_id(transaction, name))
        before = await choices.level_wished(transaction, account.id, kind, tag, author_id)
        if level == before:
            return FeedWish(kind, name, level)
        if level == 0:
            await choices.delete_wish(transaction, account.id, kind, tag, author_id)
        else:
            if before == 0 and await choices.count_wishes(transaction, account.id) >= WISH_LIMIT:
                raise TooLarge("wishes-many", f"Nobody has more than {WISH_LIMIT} wishes: take another one back first.")
            await choices.set_wish(transaction, account.id, kind, tag, author_id, level)
        said = ToldWish(new_id(at_us, random), account.id, kind.value, tag, author_id, level)
        await told.insert_wish(transaction, said)
        await journal.append(
            transaction, journal.Kind.FEED_WISHED, at_us=at_us, actor_id=account.id, subject_id=said.id
        )
        return FeedWish(kind, name, level)

    wish = await backends.database.transact(work)
    backends.bus.ring("journal")
    return wish


def checked_tag(text: str, code: str = "wish-tag") -> str:
    """The tag as captions have it, with or without its #; `BadInput` (the code, or `tag-too-long`)."""
    tag = folded_tag(text.strip()).removeprefix("#")
    if not all(character.isalnum() or character == "_" for character in tag) or not any(map(str.isalpha, tag)):
        raise BadInput(code, "A tag is one word of letters, digits and underscores, with a letter in it.")
    if len(tag) > TAG_LENGTH_LIMIT:
        raise BadInput("tag-too-long", f"A tag may have at most {TAG_LENGTH_LIMIT} characters.")
    return tag


async def _author_id(transaction: Transaction, handle: str) -> AccountId:
    author = await accounts.by_handle(transaction, handle)
    if author is None:
        raise Absent("account-absent", "There is no account of this name.")
    return author.id


async def set_muted_words(backends: Backends, account: Account, words: Sequence[str], at_us: int) -> tuple[str, ...]:
    """All that the account mutes from now on. Raises as `checked_words` does."""
    kept = checked_words(words)

    async def work(transaction: Transaction) -> None:
        await _lock(transaction, account.id)
        if await choices.muted_words_of(transaction, account.id) == kept:
            return
        await choices.set_muted_words(transaction, account.id, kept)
        await journal.append(
            transaction,
            journal.Kind.FEED_MUTED,
            at_us=at_us,
            actor_id=account.id,
            subject_id=account.id,
            detail={"count": len(kept)},
        )

    await backends.database.transact(work)
    backends.bus.ring("journal")
    return kept


def checked_words(words: Sequence[str], kind: str = "muted") -> tuple[str, ...]:
    """Each once, without empty ones. `BadInput` (codes `muted-word-empty`, `muted-word-long`,
    `muted-word-characters`), `TooLarge` (code `muted-words-many`); with another kind in its place."""
    kept: dict[tuple[bool, str], str] = {}
    for word in filter(None, (" ".join(word.split()) for word in words)):
        if len(word) > MUTED_LENGTH:
            raise BadInput(f"{kind}-word-long", f"A {kind} word or phrase has at most {MUTED_LENGTH} characters.")
        if not is_plain(word):
            raise BadInput(f"{kind}-word-characters", f"A {kind} word holds characters that cannot be shown.")
        text = folded(word)
        if not text:
            raise BadInput(f"{kind}-word-empty", f"“{word}” holds no letter, digit or picture that could be matched.")
        kept.setdefault((word.startswith(("#", "＃")), text), word)
    if len(kept) > MUTED_LIMIT:
        raise TooLarge(f"{kind}-words-many", f"Nobody has more than {MUTED_LIMIT} {kind} words and phrases.")
    return tuple(kept.values())


async def set_profiled(backends: Backends, account: Account, is_profiled: bool, at_us: int) -> None:
    """Whether what the account watches may shape its feed from now on."""

    async def work(transaction: Transaction) -> None:
        await _lock(transaction, account.id)
        if await choices.is_profiled(transaction, account.id) is is_profiled:
            return
        await choices.set_profiled(transaction, account.id, is_profiled)
        await journal.append(
            transaction,
            journal.Kind.FEED_PROFILED,
            at_us=at_us,
            actor_id=account.id,
            subject_id=account.id,
            detail={"is_on": int(is_profiled)},
        )

    await backends.database.transact(work)
    backends.bus.ring("journal")


async def _lock(transaction: Transaction, account_id: AccountId) -> None:
    """`Absent` (code `account-absent`) where it was deleted at the same time."""
    await accounts.lock(transaction, account_id)
    if await accounts.by_id(transaction, account_id) is None:
        raise Absent("account-absent", "There is no account of this name.")
