"""Likes, shares, follows."""

import msgspec

from freehold.actions import social as actions
from freehold.api.routes import Access, Routes, path_id
from freehold.api.server import Call
from freehold.domain.ids import ClipId

routes = Routes()


class LikeAnswer(msgspec.Struct):
    like_count: int
    is_liked: bool


class ShareAnswer(msgspec.Struct):
    share_count: int
    """How many accounts have shared it."""


class FollowAnswer(msgspec.Struct):
    is_followed: bool
    follower_count: int


@routes.add("PUT", "/api/clips/{id}/like", access=Access.SIGNED_IN, answer=LikeAnswer)
async def like(call: Call) -> LikeAnswer:
    """Like a clip; again changes nothing."""
    return await like_clip(call, ClipId(path_id(call, "id")), True)


@routes.add("DELETE", "/api/clips/{id}/like", access=Access.SIGNED_IN, answer=LikeAnswer)
async def unlike(call: Call) -> LikeAnswer:
    """Take a like back; again changes nothing."""
    return await like_clip(call, ClipId(path_id(call, "id")), False)


@routes.add("PUT", "/api/clips/{id}/share", access=Access.SIGNED_IN, answer=ShareAnswer)
async def share(call: Call) -> ShareAnswer:
    """Tell that one has shared a clip; again changes nothing."""
    clip_id = ClipId(path_id(call, "id"))
    async with call.server.feed.acting(call.account):
        return ShareAnswer(await actions.share(call.server.backends, call.viewer, call.account, clip_id, call.at_us))


@routes.add("PUT", "/api/accounts/{handle}/follow", access=Access.SIGNED_IN, answer=FollowAnswer)
async def follow(call: Call) -> FollowAnswer:
    """Follow an account; again changes nothing."""
    return await follow_account(call, call.request.path_params["handle"], True)


@routes.add("DELETE", "/api/accounts/{handle}/follow", access=Access.SIGNED_IN, answer=FollowAnswer)
async def unfollow(call: Call) -> FollowAnswer:
    """Stop following; again changes nothing."""
    return await follow_account(call, call.request.path_params["handle"], False)


async def like_clip(call: Call, clip_id: ClipId, is_liked: bool) -> LikeAnswer:
    async with call.server.feed.acting(call.account):
        likes = await actions.like(call.server.backends, call.viewer, call.account, clip_id, is_liked, call.at_us)
    return LikeAnswer(likes.count, likes.is_liked)


async def follow_account(call: Call, handle: str, is_followed: bool) -> FollowAnswer:
    feed, account = call.server.feed, call.account
    async with feed.acting(account):
        shown = await feed.shown_lately(account, call.at_us) if is_followed else ()
        following = await actions.follow(call.server.backends, account, handle, is_followed, call.at_us, shown)
    return FollowAnswer(following.is_followed, following.follower_count)
