"""Tags: how a tag is used, its clips, and following it."""

from typing import TypedDict
from urllib.parse import unquote

from freehold.actions import social as actions
from freehold.actions.clip import folded_tag
from freehold.api.native import feeds
from freehold.api.present import PageShape, page_json
from freehold.api.routes import BEHIND, Access, Routes
from freehold.api.server import Call
from freehold.search.trends import days_of
from freehold.store import search as index
from freehold.store import tag as tags

routes = Routes()


class TagDay(TypedDict):
    at_us: int
    """Its beginning, in UTC."""
    account_count: int


class TagAnswer(TypedDict):
    tag: str
    clip_count: int
    follower_count: int
    is_followed: bool
    trend_place: int | None
    """Among the tags that are trending, from 1."""
    days: list[TagDay]
    """How many accounts used it on each of the last days, the oldest first."""


class TagFollowAnswer(TypedDict):
    tag: str
    is_followed: bool
    follower_count: int


class FollowedTagsAnswer(TypedDict):
    tags: list[str]
    limit: int


@routes.add("GET", "/api/tags/{tag}", answer=TagAnswer)
async def tag(call: Call) -> TagAnswer:
    """How a tag is used, and whether you follow it."""
    return await tag_json(call, asked_tag(call))


@routes.add("GET", "/api/tags/{tag}/clips", answer=PageShape, parameters=(feeds.COUNT, BEHIND))
async def tag_clips(call: Call) -> PageShape:
    """The clips that carry a tag, newest first."""
    feed, before, count = feeds.feed_for(call), await feeds.asked_before(call), feeds.asked_count(call)
    return page_json(await feed.tagged(call.viewer, asked_tag(call), before, count, call.at_us), call.viewer)


@routes.add("PUT", "/api/tags/{tag}/follow", access=Access.SIGNED_IN, answer=TagFollowAnswer)
async def follow(call: Call) -> TagFollowAnswer:
    """Follow a tag: its clips stand in Following; again changes nothing."""
    return await follow_tag(call, asked_tag(call), True)


@routes.add("DELETE", "/api/tags/{tag}/follow", access=Access.SIGNED_IN, answer=TagFollowAnswer)
async def unfollow(call: Call) -> TagFollowAnswer:
    """Stop following a tag; again changes nothing."""
    return await follow_tag(call, asked_tag(call), False)


@routes.add("GET", "/api/account/tags", access=Access.HOLDER, answer=FollowedTagsAnswer)
async def followed(call: Call) -> FollowedTagsAnswer:
    """The tags that you follow, by name."""
    return {"tags": await followed_tags(call), "limit": actions.FOLLOWED_TAGS_LIMIT}


def asked_tag(call: Call) -> str:
    """In its one spelling, with or without a #."""
    # A # stands in the path as it was sent; no tag has a % in it.
    return folded_tag(unquote(call.request.path_params["tag"])).removeprefix("#")


async def followed_tags(call: Call) -> list[str]:
    return list(await tags.followed_by(call.server.backends.database, call.account.id))


async def tag_json(call: Call, name: str) -> TagAnswer:
    database, account = call.server.backends.database, call.viewer.account
    counts = await index.clips_with_tags(database, [name])
    return {
        "tag": name,
        "clip_count": counts.get(name, 0),
        "follower_count": await tags.count_followers(database, name),
        "is_followed": account is not None and await tags.follow_id(database, account.id, name) is not None,
        "trend_place": await call.server.trends.place_of(name, call.at_us),
        "days": [
            {"at_us": day.at_us, "account_count": day.accounts} for day in await days_of(database, name, call.at_us)
        ],
    }


async def follow_tag(call: Call, name: str, is_followed: bool) -> TagFollowAnswer:
    server = call.server
    now = await actions.follow_tag(server.backends, call.account, name, is_followed, call.at_us, server.random)
    return {"tag": name, "is_followed": now.is_followed, "follower_count": now.follower_count}
