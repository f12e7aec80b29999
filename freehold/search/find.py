"""What a viewer finds: ranked, judged one by one, with the reasons in words. Nothing leaves here unjudged."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from freehold.backends.database import Database
from freehold.domain.account import Account, Viewer
from freehold.domain.clip import ClipView, Sound
from freehold.domain.finding import DocumentKind
from freehold.domain.ids import AccountId, ClipId, CommentId
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clips
from freehold.search.query import Query
from freehold.search.ranking import Ranked, Term, nearest, rank
from freehold.search.words import holds, plain, terms_of
from freehold.store import account as accounts
from freehold.store import comment as comments
from freehold.store import search as rows
from freehold.store import sound as sounds
from freehold.store.comment import Comment

DEPTH = 1000
"""Nobody leafs further than this."""
JUDGED_AT_ONCE = 40
TAGS_RANKED = 200
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reason:
    name: str
    text: str
    value: float


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    subject: T
    score: float
    reasons: tuple[Reason, ...]
    """They sum to the score."""
    next: int
    """The place to go on from behind it."""


@dataclass(frozen=True, slots=True)
class Results(Generic[T]):
    found: Sequence[Found[T]] = ()
    next: int | None = None
    """The place to go on from; None where this is the end."""
    mended: Mapping[str, str] = field(default_factory=dict)
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class FoundComment:
    comment: Comment
    clip: ClipView


@dataclass(frozen=True, slots=True)
class FoundTag:
    tag: str
    clips: int


@dataclass(frozen=True, slots=True)
class FoundSound:
    sound: Sound
    author_name: str
    clips: int


@dataclass(frozen=True, slots=True)
class _Look(Generic[T]):
    """How one kind is read, and what is said of it."""

    kind: DocumentKind
    read: Callable[[Sequence[int]], Awaitable[Mapping[int, T]]]
    """Those of the ids that the viewer may see."""
    texts: Callable[[T], Mapping[str, str]]
    """By the place that they stand in; the first that has a word is named."""
    received: Callable[[T], str]


async def find_clips(
    database: Database, viewer: Viewer, query: Query, start: int, count: int, at_us: int
) -> Results[ClipView]:
    async def read(ids: Sequence[int]) -> Mapping[int, ClipView]:
        views = await shown_clips(database, viewer, [ClipId(id_) for id_ in ids], Door.SEARCH, at_us)
        return {view.clip.id: view for view in views}

    look = _Look(DocumentKind.CLIP, read, _texts_of_clip, _received)
    return await _find(database, look, query, start, count, at_us)


async def find_accounts(database: Database, query: Query, start: int, count: int, at_us: int) -> Results[Account]:
    async def read(ids: Sequence[int]) -> Mapping[int, Account]:
        found = await accounts.by_ids(database, [AccountId(id_) for id_ in ids])
        return {account.id: account for account in found if account.suspended_at_us is None}

    look = _Look(DocumentKind.ACCOUNT, read, _texts_of_account, lambda one: f"{one.follower_count:,} followers")
    return await _find(database, look, query, start, count, at_us)


async def find_comments(
    database: Database, viewer: Viewer, query: Query, start: int, count: int, at_us: int
) -> Results[FoundComment]:
    async def read(ids: Sequence[int]) -> Mapping[int, FoundComment]:
        account_id = viewer.account.id if viewer.account else None
        found = await comments.by_ids(database, [CommentId(id_) for id_ in ids], account_id)
        clip_ids = sorted({comment.clip_id for comment in found})
        views = await shown_clips(database, viewer, clip_ids, Door.SEARCH, at_us)
        shown = {view.clip.id: view for view in views}
        return {one.id: FoundComment(one, shown[one.clip_id]) for one in found if one.clip_id in shown}

    look = _Look(DocumentKind.COMMENT, read, _texts_of_comment, lambda one: "")
    return await _find(database, look, query, start, count, at_us)


async def find_sounds(
    database: Database, viewer: Viewer, query: Query, start: int, count: int, at_us: int
) -> Results[FoundSound]:
    async def read(ids: Sequence[int]) -> Mapping[int, FoundSound]:
        return {one.sound.id: one for one in await shown_sounds(database, viewer, ids, at_us)}

    look = _Look(DocumentKind.SOUND, read, _texts_of_sound, lambda one: f"{one.clips:,} clips")
    return await _find(database, look, query, start, count, at_us)


async def shown_sounds(database: Database, viewer: Viewer, ids: Sequence[int], at_us: int) -> list[FoundSound]:
    """Those that the viewer may see the newest clip with, in the order asked for."""
    told, clips = await sounds.by_ids(database, ids), await sounds.count_uses(database, ids)
    newest = await sounds.newest_uses(database, ids)
    views = await shown_clips(database, viewer, sorted(set(newest.values())), Door.SEARCH, at_us)
    shown = {view.clip.id for view in views}
    return [
        FoundSound(told[one].sound, told[one].author_name, clips.get(one, 0))
        for one in ids
        if one in told and newest.get(one) in shown and not told[one].is_author_suspended
    ]


async def find_tags(database: Database, query: Query, start: int, count: int) -> Results[FoundTag]:
    """Tags that are, or begin with, the query's words in one; then those that were likeliest meant."""
    word = plain(" ".join((*query.wanted.words, *(term[1:] for term in query.wanted.terms if term[0] == "#"))))
    term = "#" + word.replace(" ", "")
    if term == "#":
        return Results()
    known = await rows.known_terms(database, DocumentKind.CLIP, [term.encode()])
    longer = await rows.terms_beginning(database, DocumentKind.CLIP, term.encode(), TAGS_RANKED)
    keys, mended = [*known, *(key for key, _ in longer)], dict[str, str]()
    if not keys:
        for near in await nearest(database, DocumentKind.CLIP, term):
            keys, mended[term] = [near.encode()], near
    spelled = await rows.tags_spelled(database, keys)
    spelled.sort(key=lambda one: (one[1] != term.encode(), -one[2], one[0]))
    part = spelled[start : start + count]
    found = [
        Found(FoundTag(tag, clips), float(clips), (), place)
        for place, (tag, _, clips) in enumerate(part, start=start + 1)
    ]
    return Results(found, start + count if len(spelled) > start + count else None, mended)


async def _find(database: Database, look: _Look[T], query: Query, start: int, count: int, at_us: int) -> Results[T]:
    if query.is_empty or start >= DEPTH:
        return Results()
    ranked = await rank(database, look.kind, query, min(DEPTH, start + 2 * count + JUDGED_AT_ONCE), at_us)
    found: list[Found[T]] = []
    place = start
    while place < len(ranked.ids) and len(found) < count:
        part = ranked.ids[place : place + (count if place == start else JUDGED_AT_ONCE)]
        subjects = await look.read(part)
        for id_ in part:
            if len(found) == count:
                break
            subject = subjects.get(id_)
            if subject is not None and _fits(query, look.texts(subject)):
                found.append(_found(look, ranked, subject, place))
            place += 1
    has_more = place < len(ranked.ids) or ranked.is_cut
    return Results(found, place if has_more and place < DEPTH else None, ranked.mended, ranked.is_partial)


def _fits(query: Query, texts: Mapping[str, str]) -> bool:
    """Whether the phrases stand there that must, and none that must not."""
    if not query.wanted.phrases and not query.barred.phrases:
        return True
    written = [plain(text) for text in texts.values()]
    return all(any(holds(text, phrase) for text in written) for phrase in query.wanted.phrases) and not any(
        holds(text, phrase) for text in written for phrase in query.barred.phrases
    )


def _found(look: _Look[T], ranked: Ranked, subject: T, place: int) -> Found[T]:
    places = {place: set(terms_of(text)) for place, text in look.texts(subject).items()}
    reasons = [_reason(term, ranked, places, look.received(subject)) for term in ranked.terms[place] if term.value]
    reasons.sort(key=lambda reason: -reason.value)
    return Found(subject, sum(reason.value for reason in reasons), tuple(reasons), place + 1)


def _reason(term: Term, ranked: Ranked, places: Mapping[str, set[str]], received: str) -> Reason:
    if term.name == "quality":
        return Reason("quality", received, term.value)
    if term.name == "fresh":
        return Reason("fresh", "It is new.", term.value)
    return Reason("word", _where(term.word, ranked.looked_up.get(term.word, frozenset()), places), term.value)


def _where(word: str, looked_up: frozenset[str], places: Mapping[str, set[str]]) -> str:
    """“cats” is in the caption."""
    if word[0] == "#":
        return f"It has the tag {word}."
    if word[0] == "@":
        return f"{word} made it or is named in it."
    for place, terms in places.items():
        there = sorted(looked_up & terms, key=lambda one: (one != word, one))
        if there:
            return f"“{there[0] if len(there) == 1 else word}” {place}."
    return f"“{word}” is in it."


def _texts_of_clip(view: ClipView) -> Mapping[str, str]:
    return {
        "is a tag": " ".join(view.tags),
        "is in the caption": view.clip.caption,
        "is its author's name": view.author.handle,
    }


def _texts_of_account(account: Account) -> Mapping[str, str]:
    return {
        "is the name": account.handle,
        "is in the name": account.display_name,
        "is in what the account says of itself": account.bio,
    }


def _texts_of_comment(found: FoundComment) -> Mapping[str, str]:
    return {"is in the comment": found.comment.text}


def _texts_of_sound(found: FoundSound) -> Mapping[str, str]:
    return {
        "is in its name": found.sound.title,
        "is whose it is": f"{found.sound.author_handle} {found.author_name}",
    }


def _received(view: ClipView) -> str:
    return f"{view.clip.like_count:,} likes in {view.clip.watch_count:,} watches"
