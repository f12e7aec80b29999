"""Likes, shares, follows, comments."""

from typing import Annotated, Any

import msgspec

from freehold.actions import social as actions
from freehold.api.present import avatar_url
from freehold.api.routes import BEFORE, Access, Routes, path_id, query_id
from freehold.api.server import Call
from freehold.domain.ids import ClipId, CommentId, id_text
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip
from freehold.store import comment as comments
from freehold.store.comment import Comment

routes = Routes()
COMMENTS_A_PAGE = 50


class NewComment(msgspec.Struct, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(max_length=100_000)]


class LikeAnswer(msgspec.Struct):
    like_count: int
    is_liked: bool


class ShareAnswer(msgspec.Struct):
    share_count: int
    """How many accounts have shared it."""


class FollowAnswer(msgspec.Struct):
    is_followed: bool
    follower_count: int


class CommentAuthor(msgspec.Struct):
    id: str
    handle: str
    display_name: str
    avatar_url: str | None


class CommentShape(msgspec.Struct):
    id: str
    author: CommentAuthor
    text: str
    at_us: int
    is_own: bool


class CommentAnswer(msgspec.Struct):
    comment: CommentShape


class CommentsAnswer(msgspec.Struct):
    comments: list[CommentShape]
    more: bool


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


@routes.add("GET", "/api/clips/{id}/comments", answer=CommentsAnswer, parameters=(BEFORE,))
async def list_comments(call: Call) -> dict[str, Any]:
    """A clip's comments, newest first."""
    before = query_id(call, "before")
    return await comments_json(call, ClipId(path_id(call, "id")), CommentId(before) if before else None)


@routes.add(
    "POST", "/api/clips/{id}/comments", access=Access.SIGNED_IN, body=NewComment, answer=CommentAnswer, status=201
)
async def comment(call: Call, body: NewComment) -> dict[str, Any]:
    """Comment on a clip."""
    return {"comment": comment_json(call, await comment_on(call, ClipId(path_id(call, "id")), body.text))}


@routes.add("DELETE", "/api/comments/{id}", access=Access.SIGNED_IN)
async def delete_comment(call: Call) -> None:
    """Delete a comment: one's own, one under one's own clip, or as a moderator."""
    await actions.delete_comment(call.server.backends, call.account, CommentId(path_id(call, "id")), call.at_us)


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


async def comment_on(call: Call, clip_id: ClipId, text: str) -> Comment:
    server, account = call.server, call.account
    async with server.feed.acting(account):
        return await actions.comment(server.backends, call.viewer, account, clip_id, text, call.at_us, server.random)


async def comments_json(call: Call, clip_id: ClipId, before_id: CommentId | None) -> dict[str, Any]:
    """`CommentsAnswer`; raises what `shown_clip` raises."""
    database = call.server.backends.database
    await shown_clip(database, call.viewer, clip_id, Door.COMMENTS, call.at_us)
    found = await comments.of_clip(database, clip_id, before_id, COMMENTS_A_PAGE + 1)
    return {
        "comments": [comment_json(call, comment) for comment in found[:COMMENTS_A_PAGE]],
        "more": len(found) > COMMENTS_A_PAGE,
    }


def comment_json(call: Call, comment: Comment) -> dict[str, Any]:
    """`CommentShape`."""
    author = comment.author
    return {
        "id": id_text(comment.id),
        "author": {
            "id": id_text(author.id),
            "handle": author.handle,
            "display_name": author.display_name,
            "avatar_url": avatar_url(author.id, author.avatar_key),
        },
        "text": comment.text,
        "at_us": comment.at_us,
        "is_own": call.viewer.account is not None and call.viewer.account.id == author.id,
    }
