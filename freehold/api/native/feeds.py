"""Feeds, single clips and what is similar, why a clip was shown, and watches."""

from typing import Any, TypedDict

from starlette.responses import Response

from freehold.actions.watch import BatchReport, parse_batch
from freehold.api.edge import BODY_LIMIT_BYTES, read_body
from freehold.api.native import accounts
from freehold.api.present import (
    ClipShape,
    PageShape,
    ServedShape,
    WhyShape,
    clip_json,
    page_json,
    served_json,
    why_json,
)
from freehold.api.routes import BEHIND, Access, Kind, Routes, numbered, path_id, query_int
from freehold.api.server import Call
from freehold.domain.account import Account
from freehold.domain.clip import ClipView, Moment, parse_moment
from freehold.domain.errors import BadInput
from freehold.domain.ids import ClipId, PageId, SoundId, parse_id
from freehold.domain.verdict import Door
from freehold.feed.feed import Feed
from freehold.feed.page import Page
from freehold.store import clip as clips
from freehold.store import rendition as renditions

routes = Routes()
CLIPS_A_PAGE = 30
POSITIONS = 255
SIMILAR, SIMILAR_LIMIT = 12, 40
COUNT = numbered("count", 1, CLIPS_A_PAGE)
WATCHES = {"application/json": BatchReport, "text/plain": {"type": "string"}}
WATCHED_ALIKE = "Who watched the one well watched the other well."


class ServedAnswer(TypedDict):
    served: ServedShape


class SimilarShape(TypedDict):
    clip: ClipShape
    name: str
    """`company` or `tag`."""
    text: str
    """Why it is similar."""


class SimilarAnswer(TypedDict):
    clips: list[SimilarShape]


def asked_count(call: Call) -> int | None:
    return query_int(call, "count", 0, 1, CLIPS_A_PAGE) or None


async def asked_before(call: Call) -> Moment | None:
    """`BadInput` (code `bad-query`)."""
    text = call.request.query_params.get("before")
    if text is None:
        return None
    if (exact := parse_moment(text)) is not None:
        return exact
    clip_id = parse_id(text)
    if clip_id is None:
        raise BadInput("bad-query", "before is a clip's id, or what the answer of the page before says.")
    return await clips.moment_of(call.server.backends.database, ClipId(clip_id))


def feed_for(call: Call) -> Feed:
    """Asked with HEAD, a page is made but not shown to anybody."""
    feed = call.server.feed
    return feed.untraced() if call.request.method == "HEAD" else feed


async def for_you_page(call: Call) -> Page:
    return await feed_for(call).for_you(call.viewer, asked_count(call), call.at_us)


async def following_page(call: Call) -> Page:
    return await feed_for(call).following(call.viewer, await asked_before(call), asked_count(call), call.at_us)


async def profile_page(call: Call, account: Account) -> Page:
    return await feed_for(call).profile(
        call.viewer, account.id, await asked_before(call), asked_count(call), call.at_us
    )


async def sound_page(call: Call, count: int | None = None) -> Page:
    """Asked with a count, where the address has none."""
    sound_id = SoundId(path_id(call, "id"))
    return await feed_for(call).sounded(
        call.viewer, sound_id, await asked_before(call), asked_count(call) or count, call.at_us
    )


async def made_with_page(call: Call, count: int | None = None) -> Page:
    """Asked with a count, where the address has none."""
    clip_id = ClipId(path_id(call, "id"))
    return await feed_for(call).made_with(
        call.viewer, clip_id, await asked_before(call), asked_count(call) or count, call.at_us
    )


async def clip_page(call: Call, door: Door = Door.LINK) -> Page:
    return await feed_for(call).one(call.viewer, ClipId(path_id(call, "id")), door, call.at_us)


@routes.add("GET", "/api/feeds/for-you", answer=PageShape, is_hot=True, parameters=(COUNT,))
async def for_you(call: Call) -> PageShape:
    """The next page of For You."""
    return page_json(await for_you_page(call), call.viewer)


@routes.add("POST", "/api/feeds/for-you/reset", access=Access.HOLDER)
async def reset(call: Call) -> None:
    """Begin your feed anew: what you watched no longer shapes it; whom you follow, your likes and clips stay."""
    await call.server.feed.reset(call.account, call.at_us)


@routes.add("GET", "/api/feeds/following", answer=PageShape, parameters=(COUNT, BEHIND))
async def following(call: Call) -> PageShape:
    """The newest clips of those you follow."""
    return page_json(await following_page(call), call.viewer)


@routes.add("GET", "/api/accounts/{handle}/clips", answer=PageShape, parameters=(COUNT, BEHIND))
async def profile_clips(call: Call) -> PageShape:
    """An account's clips, newest first."""
    account = await accounts.account_at(call)
    return page_json(await profile_page(call, account), call.viewer)


@routes.add("GET", "/api/sounds/{id}/clips", answer=PageShape, parameters=(COUNT, BEHIND))
async def sound_clips(call: Call) -> PageShape:
    """The clips with a sound, newest first."""
    return page_json(await sound_page(call), call.viewer)


@routes.add("GET", "/api/clips/{id}", answer=ServedAnswer)
async def clip(call: Call) -> ServedAnswer:
    """One clip."""
    page = await clip_page(call)
    return {"served": served_json(page.id, page.clips[0], call.viewer)}


@routes.add("GET", "/api/clips/{id}/made-with", answer=PageShape, parameters=(COUNT, BEHIND))
async def made_with(call: Call) -> PageShape:
    """Duets and stitches of a clip, newest first."""
    return page_json(await made_with_page(call), call.viewer)


@routes.add("GET", "/api/clips/{id}/similar", answer=SimilarAnswer, parameters=(numbered("count", 1, SIMILAR_LIMIT),))
async def similar(call: Call) -> SimilarAnswer:
    """Clips that the same viewers watched well, then others with its tags."""
    count = query_int(call, "count", SIMILAR, 1, SIMILAR_LIMIT)
    return {"clips": (await similar_json(call, ClipId(path_id(call, "id")), count))[1]}


async def similar_json(call: Call, clip_id: ClipId, count: int) -> tuple[ClipView, list[SimilarShape]]:
    """The clip itself, too. Raises what `shown_clip` raises."""
    view, found = await call.server.feed.similar(call.viewer, clip_id, count, call.at_us)
    files = await renditions.of_clips(call.server.backends.database, [one.clip.id for one, _ in found])
    return view, [
        {
            "clip": clip_json(one, files.get(one.clip.id, ()), call.viewer),
            "name": "tag" if tag else "company",
            "text": f"Both have the tag #{tag}." if tag else WATCHED_ALIKE,
        }
        for one, tag in found
    ]


@routes.add("GET", "/api/why/{page_id}/{position}", answer=WhyShape)
async def why(call: Call) -> WhyShape:
    """Why a clip was shown to you: the terms that its score was made of."""
    text = call.request.path_params["position"]
    position = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else POSITIONS
    return why_json(await call.server.feed.why(call.viewer, PageId(path_id(call, "page_id")), position))


class WatchesAnswer(TypedDict):
    accepted: int
    repeated: bool


@routes.add("POST", "/api/watches", kind=Kind.RAW, answer=WatchesAnswer, is_hot=True, takes=WATCHES)
async def watches(call: Call) -> Response | dict[str, Any]:
    """What you watched, as application/json or text/plain: a batch of 1 to 100, durable once it is answered."""
    report = parse_batch(await read_body(call.request, BODY_LIMIT_BYTES))
    accepted, repeated = await call.server.feed.take_watches(call.viewer, report, call.at_us)
    return {"accepted": accepted, "repeated": repeated}
