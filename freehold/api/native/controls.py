"""What a viewer chooses for its feeds: wishes, muted words, and whether to be profiled."""

from typing import Any
from urllib.parse import unquote

import msgspec

from freehold.actions.choices import MUTED_LIMIT, WISH_LIMIT
from freehold.api.routes import Access, Routes
from freehold.api.server import Call
from freehold.domain.choices import FeedWish, WishKind
from freehold.store import choices

routes = Routes()
TAGS_OFFERED = 12


class Level(msgspec.Struct, forbid_unknown_fields=True):
    level: int


class MutedWords(msgspec.Struct, forbid_unknown_fields=True):
    words: list[str]


class Profiling(msgspec.Struct, forbid_unknown_fields=True):
    is_on: bool


class WishShape(msgspec.Struct):
    kind: str
    name: str
    level: int


class WishesAnswer(msgspec.Struct):
    wishes: list[WishShape]
    limit: int


class MutedAnswer(msgspec.Struct):
    words: list[str]
    limit: int


@routes.add("GET", "/api/feeds/for-you/wishes", access=Access.HOLDER, answer=WishesAnswer)
async def wishes(call: Call) -> WishesAnswer:
    """Your wishes: what you asked for more or fewer of, or none at all."""
    found = await choices.wishes_of(call.server.backends.database, call.account.id)
    return WishesAnswer([_wish_shape(wish) for wish in found], WISH_LIMIT)


@routes.add("PUT", "/api/feeds/for-you/wishes/tag/{tag}", access=Access.HOLDER, body=Level, answer=WishShape)
async def wish_for_tag(call: Call, body: Level) -> WishShape:
    """Wish for a tag, from -2 (none at all) to 2 (many more); 0 takes the wish back. The next page knows it."""
    # A # stands in the path as it was sent; no tag has a % in it.
    return await wish_for(call, WishKind.TAG, unquote(call.request.path_params["tag"]), body.level)


@routes.add("PUT", "/api/feeds/for-you/wishes/author/{handle}", access=Access.HOLDER, body=Level, answer=WishShape)
async def wish_for_author(call: Call, body: Level) -> WishShape:
    """Wish for an author, from -2 (none at all) to 2 (many more); 0 takes the wish back. The next page knows it."""
    return await wish_for(call, WishKind.AUTHOR, call.request.path_params["handle"], body.level)


@routes.add("GET", "/api/feeds/muted-words", access=Access.HOLDER, answer=MutedAnswer)
async def muted_words(call: Call) -> MutedAnswer:
    """The words, phrases and #tags that you muted."""
    words = await choices.muted_words_of(call.server.backends.database, call.account.id)
    return MutedAnswer(list(words), MUTED_LIMIT)


@routes.add("PUT", "/api/feeds/muted-words", access=Access.HOLDER, body=MutedWords, answer=MutedAnswer)
async def set_muted_words(call: Call, body: MutedWords) -> MutedAnswer:
    """Mute these words, phrases and #tags and no others: For You and Following leave out what holds one."""
    return await mute(call, body.words)


@routes.add("DELETE", "/api/feeds/muted-words", access=Access.HOLDER)
async def unmute(call: Call) -> None:
    """Mute nothing any more."""
    await mute(call, [])


@routes.add("GET", "/api/feeds/for-you/profiling", access=Access.HOLDER, answer=Profiling)
async def profiling(call: Call) -> Profiling:
    """Whether what you watch may shape your feed."""
    return Profiling(await choices.is_profiled(call.server.backends.database, call.account.id))


@routes.add("PUT", "/api/feeds/for-you/profiling", access=Access.HOLDER, body=Profiling)
async def set_profiling(call: Call, body: Profiling) -> None:
    """Say whether what you watch may shape your feed; the next page keeps to it. What you chose stays."""
    await profile(call, body.is_on)


async def wish_for(call: Call, kind: WishKind, name: str, level: int) -> WishShape:
    return _wish_shape(await call.server.feed.set_wish(call.account, kind, name, level, call.at_us))


async def mute(call: Call, words: list[str]) -> MutedAnswer:
    return MutedAnswer(list(await call.server.feed.set_muted_words(call.account, words, call.at_us)), MUTED_LIMIT)


async def profile(call: Call, is_on: bool) -> None:
    await call.server.feed.set_profiled(call.account, is_on, call.at_us)


async def controls_json(call: Call) -> dict[str, Any]:
    """All of it for the settings: the wishes, then the instance's largest tags that none is for."""
    database = call.server.backends.database
    found = await choices.wishes_of(database, call.account.id)
    wished = {wish.name for wish in found if wish.kind is WishKind.TAG}
    largest = call.server.feed.learning.learner.largest_tags(TAGS_OFFERED)
    offered = [FeedWish(WishKind.TAG, tag, 0) for tag in largest if tag not in wished]
    return {
        "wishes": [{"kind": one.kind.value, "name": one.name, "level": one.level} for one in (*found, *offered)],
        "muted_words": await choices.muted_words_of(database, call.account.id),
        "muted_limit": MUTED_LIMIT,
        "is_profiled": await choices.is_profiled(database, call.account.id),
    }


def _wish_shape(wish: FeedWish) -> WishShape:
    return WishShape(wish.kind.value, wish.name, wish.level)
