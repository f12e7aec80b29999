"""Finding clips, accounts, tags and comments; suggestions while typing; what is trending."""

from collections.abc import Sequence
from typing import Any, TypedDict

from freehold.api.native import feeds
from freehold.api.native.comments import CommentShape, comment_json
from freehold.api.present import ClipShape, SoundShape, avatar_url, clip_json, sound_json
from freehold.api.routes import Parameter, Routes, numbered, one_of, query_int
from freehold.api.server import Call
from freehold.domain.account import Account
from freehold.domain.clip import ClipView
from freehold.domain.errors import BadInput
from freehold.domain.finding import FoundKind
from freehold.domain.ids import id_text
from freehold.feed.page import Page
from freehold.search import find
from freehold.search.find import Found, FoundComment, FoundSound, FoundTag, Reason, Results
from freehold.search.language import LANGUAGES
from freehold.search.query import KINDS, LENGTH_LIMIT, Query, ask_kind, parse
from freehold.search.suggest import Suggestion, suggest
from freehold.search.trends import Trend
from freehold.search.words import plain, tag_term
from freehold.store import account as account_rows
from freehold.store import rendition as renditions

routes = Routes()
A_PAGE, PAGE_LIMIT = 20, 50
ABOVE = {FoundKind.ACCOUNT: 3, FoundKind.TAG: 6, FoundKind.SOUND: 3}
"""What stands above the clips where no kind is asked for."""
CONDITIONS = ("after", "before", "length", "lang")
"""May be said beside the query too, as forms do."""
BEST, NEWEST = "best", "newest"
"""What stands first."""
TRENDS_SHOWN, TRENDS_LIMIT = 12, 50
TEXT_SCHEMA = {"type": "string"}
Q = Parameter("q", TEXT_SCHEMA, "What is looked for.")
ASKED = (
    Q,
    one_of("kind", KINDS, "These alone; without it, clips, and above them accounts and tags."),
    *(Parameter(name, TEXT_SCHEMA, f"As `{name}:` in the query.") for name in CONDITIONS),
    one_of("first", (BEST, NEWEST)),
    numbered("from", 0, find.DEPTH, "What `next` was in the answer before."),
    numbered("count", 1, PAGE_LIMIT),
)
"""What a search may be asked with."""


class ReasonShape(TypedDict):
    name: str
    text: str
    value: float


class FoundClipShape(TypedDict):
    clip: ClipShape
    score: float
    why: list[ReasonShape]
    next: int
    """What `from` is for those behind it."""


class FoundAccount(TypedDict):
    id: str
    handle: str
    display_name: str
    bio: str
    avatar_url: str | None
    follower_count: int


class FoundAccountShape(TypedDict):
    account: FoundAccount
    is_followed: bool
    score: float
    why: list[ReasonShape]


class TagShape(TypedDict):
    tag: str
    clip_count: int


class FoundCommentShape(TypedDict):
    comment: CommentShape
    clip_id: str
    clip_url: str
    score: float
    why: list[ReasonShape]


class FoundSoundShape(TypedDict):
    sound: SoundShape
    author_name: str
    clip_count: int
    score: float
    why: list[ReasonShape]


class SearchAnswer(TypedDict):
    query: str
    mended: str | None
    """The query that was answered, where what was asked for has words that there are none of."""
    is_partial: bool
    kind: str | None
    clips: list[FoundClipShape]
    accounts: list[FoundAccountShape]
    tags: list[TagShape]
    comments: list[FoundCommentShape]
    sounds: list[FoundSoundShape]
    next: int | None


class SuggestionShape(TypedDict):
    kind: str
    text: str
    query: str
    clip_count: int | None
    account: FoundAccount | None


class SuggestAnswer(TypedDict):
    suggestions: list[SuggestionShape]


class TrendShape(TypedDict):
    tag: str
    score: float
    account_count: int


class SoundTrendShape(TypedDict):
    sound: SoundShape
    score: float
    account_count: int


class TrendsAnswer(TypedDict):
    tags: list[TrendShape]
    sounds: list[SoundTrendShape]


@routes.add("GET", "/api/search", answer=SearchAnswer, parameters=ASKED)
async def search(call: Call) -> SearchAnswer:
    """What is found."""
    return await search_json(call, query_int(call, "count", A_PAGE, 1, PAGE_LIMIT))


@routes.add("GET", "/api/search/suggest", answer=SuggestAnswer, is_hot=True, parameters=(Q,))
async def suggestions(call: Call) -> SuggestAnswer:
    """What the last word of an unfinished search may become."""
    text = call.request.query_params.get("q", "")[:LENGTH_LIMIT]
    return {"suggestions": [_suggestion(one) for one in await suggest(call.server.backends.database, text)]}


@routes.add(
    "GET", "/api/trends", answer=TrendsAnswer,
    parameters=(one_of("lang", LANGUAGES), numbered("count", 1, TRENDS_LIMIT)),
)  # fmt: skip
async def trends(call: Call) -> TrendsAnswer:
    """Tags and sounds that many people have lately used."""
    language = call.request.query_params.get("lang", "").lower()
    if language and language not in LANGUAGES:
        raise BadInput("bad-query", f"lang is one of {', '.join(LANGUAGES)}.")
    count = query_int(call, "count", TRENDS_SHOWN, 1, TRENDS_LIMIT)
    return {
        "tags": await trends_json(call, language, count),
        "sounds": await sound_trends_json(call, language, count),
    }


async def trends_json(call: Call, language: str, count: int) -> list[TrendShape]:
    """Those of one language, or of all for ""."""
    return [_trend(trend) for trend in await call.server.trends.of(language, count, call.at_us)]


async def sound_trends_json(call: Call, language: str, count: int) -> list[SoundTrendShape]:
    """Those that the viewer may see a clip with."""
    trends = await call.server.trends.of_sounds(language, TRENDS_LIMIT, call.at_us)
    by_id = {trend.sound_id: trend for trend in trends}
    shown = await find.shown_sounds(call.server.backends.database, call.viewer, list(by_id), call.at_us)
    return [
        {
            "sound": sound_json(one.sound, None),
            "score": round(by_id[one.sound.id].score, 4),
            "account_count": by_id[one.sound.id].accounts,
        }
        for one in shown[:count]
    ]


async def search_json(call: Call, count: int) -> SearchAnswer:
    """Raises what `parse` raises, and `BadInput` (code `bad-query`)."""
    query = asked_query(call)
    start = query_int(call, "from", 0, 0, find.DEPTH)
    answer: SearchAnswer = {
        "query": call.request.query_params.get("q", "").strip(), "mended": None, "is_partial": False,
        "kind": query.asked_kind, "clips": [], "accounts": [], "tags": [], "comments": [],
        "sounds": [], "next": None,
    }  # fmt: skip
    if not query.is_empty:
        await _fill(call, answer, query, start, count)
    return answer


async def found_page(call: Call, count: int) -> tuple[Page, list[int]]:
    """The clips that were found as a page to swipe through, and what a search goes on from behind each."""
    query, start = asked_query(call), query_int(call, "from", 0, 0, find.DEPTH)
    results = await find.find_clips(call.server.backends.database, call.viewer, query, start, count, call.at_us)
    page = await feeds.feed_for(call).found(call.viewer, [one.subject for one in results.found], call.at_us)
    return page, [one.next for one in results.found]


def asked_query(call: Call) -> Query:
    said = call.request.query_params
    more = [f"{name}:{said[name].strip()}" for name in CONDITIONS if said.get(name, "").strip()]
    query = parse(" ".join((said.get("q", ""), *more)), call.at_us)
    if said.get("kind"):
        if said["kind"] not in KINDS:
            raise BadInput("bad-query", f"kind is one of {', '.join(KINDS)}.")
        ask_kind(query, query.wanted, said["kind"])
    if said.get("first", "") not in ("", BEST, NEWEST):
        raise BadInput("bad-query", f"first is {BEST} or {NEWEST}.")
    query.is_newest_first = said.get("first") == NEWEST
    return query


def asked_texts(call: Call) -> dict[str, str]:
    """What the form is filled in with again, whether or not it can be read."""
    names = ("q", "kind", *CONDITIONS, "first")
    return {name: call.request.query_params.get(name, "").strip() for name in names}


async def _fill(call: Call, answer: SearchAnswer, query: Query, start: int, count: int) -> None:
    database, at_us = call.server.backends.database, call.at_us
    if query.kind in (None, FoundKind.CLIP):
        clips = await find.find_clips(database, call.viewer, query, start, count, at_us)
        answer["clips"] = await _clips(call, clips.found)
        _note(answer, clips)
    if query.kind is FoundKind.COMMENT:
        comments = await find.find_comments(database, call.viewer, query, start, count, at_us)
        answer["comments"] = [_comment(call, one) for one in comments.found]
        _note(answer, comments)
    if query.kind is FoundKind.ACCOUNT or (query.kind is None and start == 0):
        wanted = count if query.kind else ABOVE[FoundKind.ACCOUNT]
        accounts = await find.find_accounts(database, query, start, wanted, at_us)
        # A word that no account has, and some clips have, was not a slip.
        is_exact = not accounts.mended and not accounts.is_partial
        answer["accounts"] = await _accounts(call, accounts.found if query.kind or is_exact else ())
        _note(answer, accounts, is_all=bool(query.kind))
    if query.kind is FoundKind.TAG or (query.kind is None and start == 0):
        tags = await find.find_tags(database, query, start, count if query.kind else ABOVE[FoundKind.TAG])
        answer["tags"] = [_tag(one.subject) for one in tags.found]
        _note(answer, tags, is_all=bool(query.kind))
    if query.kind is FoundKind.SOUND or (query.kind is None and start == 0):
        wanted = count if query.kind else ABOVE[FoundKind.SOUND]
        sounds = await find.find_sounds(database, call.viewer, query, start, wanted, at_us)
        is_exact = not sounds.mended and not sounds.is_partial
        answer["sounds"] = [_sound(one) for one in sounds.found] if query.kind or is_exact else []
        _note(answer, sounds, is_all=bool(query.kind))


def _sound(found: Found[FoundSound]) -> FoundSoundShape:
    return {
        "sound": sound_json(found.subject.sound, None),
        "author_name": found.subject.author_name,
        "clip_count": found.subject.clips,
        "score": found.score,
        "why": _why(found.reasons),
    }


def _note(answer: SearchAnswer, results: Results[Any], *, is_all: bool = True) -> None:
    if is_all:
        answer["next"], answer["is_partial"] = results.next, results.is_partial
        answer["mended"] = _mended(answer["query"], results) if results.mended else None


def _mended(text: str, results: Results[Any]) -> str:
    return " ".join(_meant(piece, results) for piece in text.split())


def _meant(piece: str, results: Results[Any]) -> str:
    word = tag_term(piece[1:]) if piece.startswith(("#", "＃")) else plain(piece)
    return results.mended.get(word) or results.mended.get("#" + word, piece).removeprefix("" if "#" in word else "#")


async def _clips(call: Call, found: Sequence[Found[ClipView]]) -> list[FoundClipShape]:
    files = await renditions.of_clips(call.server.backends.database, [one.subject.clip.id for one in found])
    return [
        {
            "clip": clip_json(one.subject, files.get(one.subject.clip.id, ()), call.viewer),
            "score": one.score,
            "why": _why(one.reasons),
            "next": one.next,
        }
        for one in found
    ]


def _comment(call: Call, found: Found[FoundComment]) -> FoundCommentShape:
    clip = found.subject.clip
    return {
        "comment": comment_json(call, found.subject.comment, clip.author.id),
        "clip_id": id_text(clip.clip.id),
        "clip_url": f"/@{clip.author.handle}/video/{id_text(clip.clip.id)}",
        "score": found.score,
        "why": _why(found.reasons),
    }


async def _accounts(call: Call, found: Sequence[Found[Account]]) -> list[FoundAccountShape]:
    database, viewer = call.server.backends.database, call.viewer.account
    ids = [one.subject.id for one in found]
    followed = await account_rows.followed_among(database, viewer.id, ids) if viewer else set()
    return [
        {
            "account": _account(one.subject),
            "is_followed": one.subject.id in followed,
            "score": one.score,
            "why": _why(one.reasons),
        }
        for one in found
    ]


def _account(account: Account) -> FoundAccount:
    return {
        "id": id_text(account.id),
        "handle": account.handle,
        "display_name": account.display_name,
        "bio": account.bio,
        "avatar_url": avatar_url(account.id, account.avatar_key),
        "follower_count": account.follower_count,
    }


def _tag(found: FoundTag) -> TagShape:
    return {"tag": found.tag, "clip_count": found.clips}


def _why(reasons: Sequence[Reason]) -> list[ReasonShape]:
    return [{"name": one.name, "text": one.text, "value": one.value} for one in reasons]


def _suggestion(one: Suggestion) -> SuggestionShape:
    return {
        "kind": one.kind,
        "text": one.text,
        "query": one.query,
        "clip_count": one.clips,
        "account": _account(one.account) if one.account else None,
    }


def _trend(trend: Trend) -> TrendShape:
    return {"tag": trend.tag, "score": round(trend.score, 4), "account_count": trend.accounts}
