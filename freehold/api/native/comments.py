"""Comments in threads, their likes and earlier versions, the pin, and what an author's filter holds back."""

import re
from typing import Annotated, TypedDict

import msgspec

from freehold.actions import comment as actions
from freehold.actions.choices import MUTED_LIMIT
from freehold.api.native.social import LikeAnswer
from freehold.api.present import AuthorShape, author_json
from freehold.api.routes import BEFORE, ID_SCHEMA, Access, Parameter, Routes, one_of, path_id, query_id
from freehold.api.server import Call
from freehold.domain.account import Role
from freehold.domain.clip import ClipView
from freehold.domain.errors import Absent, BadInput
from freehold.domain.ids import AccountId, ClipId, CommentId, id_text, parse_id
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip, shown_clips
from freehold.store import comment as comments
from freehold.store.comment import Comment, Order, Reader, Thread

routes = Routes()
COMMENTS_A_PAGE = 50
ID_LIMIT = 100

SORT = one_of("sort", Order)
PLACE = Parameter("before", {"type": "string", "pattern": r"^([0-9]{0,9}\.)?[0-9a-z]{13}$"}, "As the page before says.")
AFTER = Parameter("after", ID_SCHEMA, "The id of the last that is there.")

Text = Annotated[str, msgspec.Meta(max_length=100_000)]
"""Bounded here against waste; what is too long for its purpose is refused by name further in."""


class NewComment(msgspec.Struct, forbid_unknown_fields=True):
    text: Text
    reply_to: Annotated[str, msgspec.Meta(max_length=ID_LIMIT)] | None = None
    """The id of the comment that is answered."""


class NewText(msgspec.Struct, forbid_unknown_fields=True):
    text: Text


class NewFilter(msgspec.Struct, forbid_unknown_fields=True):
    words: Annotated[list[Annotated[str, msgspec.Meta(max_length=10_000)]], msgspec.Meta(max_length=10_000)]


class CommentShape(TypedDict):
    id: str
    author: AuthorShape | None
    """None where the comment is not there and its replies are."""
    text: str
    at_us: int
    edited_at_us: int | None
    root_id: str | None
    """The comment that begins the thread; null for that one itself."""
    reply_to: str | None
    """The handle of whom it answers, where that is not who began the thread."""
    like_count: int
    reply_count: int
    is_liked: bool
    is_own: bool
    is_clips_author: bool
    """It was written by the author of the clip."""
    is_pinned: bool
    is_held: bool
    """The filter of the clip's author holds it back: nobody else but its writer sees it."""
    can_delete: bool
    can_pin: bool
    can_let_through: bool


class CommentAnswer(TypedDict):
    comment: CommentShape


class CommentsAnswer(TypedDict):
    comments: list[CommentShape]
    more: bool
    before: str | None
    """What the next page is asked for with."""


class RepliesAnswer(TypedDict):
    comments: list[CommentShape]
    more: bool
    after: str | None
    """What the next page is asked for with."""


class VersionShape(TypedDict):
    text: str
    at_us: int


class VersionsAnswer(TypedDict):
    versions: list[VersionShape]


class HeldShape(TypedDict):
    comment: CommentShape
    clip_id: str
    clip_url: str


class HeldAnswer(TypedDict):
    comments: list[HeldShape]
    more: bool
    before: str | None


class FilterAnswer(TypedDict):
    words: list[str]
    limit: int


@routes.add("GET", "/api/clips/{id}/comments", answer=CommentsAnswer, parameters=(SORT, PLACE))
async def list_comments(call: Call) -> CommentsAnswer:
    """The threads under a clip, the pinned one first."""
    return await comments_json(call, ClipId(path_id(call, "id")), asked_order(call, Order.NEWEST))


@routes.add(
    "POST", "/api/clips/{id}/comments", access=Access.SIGNED_IN, body=NewComment, answer=CommentAnswer, status=201
)
async def comment(call: Call, body: NewComment) -> CommentAnswer:
    """Comment on a clip, or reply to a comment under it."""
    reply_to_id = None if body.reply_to is None else CommentId(parse_id(body.reply_to) or 0)
    return {"comment": await comment_on(call, ClipId(path_id(call, "id")), body.text, reply_to_id)}


@routes.add("GET", "/api/comments/held", access=Access.SIGNED_IN, answer=HeldAnswer, parameters=(BEFORE,))
async def held(call: Call) -> HeldAnswer:
    """Comments under your clips that your filter holds back, newest first."""
    return await held_json(call)


@routes.add("GET", "/api/comments/{id}", answer=CommentAnswer)
async def one_comment(call: Call) -> CommentAnswer:
    """One comment."""
    found, view = await readable(call, CommentId(path_id(call, "id")))
    return {"comment": comment_json(call, found, view.author.id)}


@routes.add("PATCH", "/api/comments/{id}", access=Access.SIGNED_IN, body=NewText, answer=CommentAnswer)
async def edit_comment(call: Call, body: NewText) -> CommentAnswer:
    """Write a comment of your own anew; what it said before stays readable."""
    return {"comment": await edit_as(call, CommentId(path_id(call, "id")), body.text)}


@routes.add("DELETE", "/api/comments/{id}", access=Access.SIGNED_IN)
async def delete_comment(call: Call) -> None:
    """Delete a comment: one's own, one under one's own clip, or as a moderator."""
    await actions.delete(call.server.backends, call.account, CommentId(path_id(call, "id")), call.at_us)


@routes.add("GET", "/api/comments/{id}/replies", answer=RepliesAnswer, parameters=(AFTER,))
async def list_replies(call: Call) -> RepliesAnswer:
    """The replies in the thread that a comment begins, oldest first."""
    root_id = CommentId(path_id(call, "id"))
    written = await comments.one_for_system(call.server.backends.database, root_id)
    if written is None:
        raise Absent("comment-absent", "There is no such comment.")
    view = await clip_of(call, written.clip_id)
    return await replies_json(call, view, root_id)


@routes.add("GET", "/api/comments/{id}/versions", answer=VersionsAnswer)
async def list_versions(call: Call) -> VersionsAnswer:
    """What a comment said, oldest first; the last is what it says now."""
    found, view = await readable(call, CommentId(path_id(call, "id")))
    return {"versions": await versions_json(call, found, view.author.id)}


@routes.add("PUT", "/api/comments/{id}/like", access=Access.SIGNED_IN, answer=LikeAnswer)
async def like(call: Call) -> LikeAnswer:
    """Like a comment; again changes nothing."""
    return await like_comment(call, CommentId(path_id(call, "id")), True)


@routes.add("DELETE", "/api/comments/{id}/like", access=Access.SIGNED_IN, answer=LikeAnswer)
async def unlike(call: Call) -> LikeAnswer:
    """Take a like back; again changes nothing."""
    return await like_comment(call, CommentId(path_id(call, "id")), False)


@routes.add("PUT", "/api/comments/{id}/pin", access=Access.SIGNED_IN)
async def pin(call: Call) -> None:
    """Put a comment first under your clip, in the place of another; again changes nothing."""
    await actions.pin(call.server.backends, call.account, CommentId(path_id(call, "id")), True, call.at_us)


@routes.add("DELETE", "/api/comments/{id}/pin", access=Access.SIGNED_IN)
async def unpin(call: Call) -> None:
    """Take the pin away; again changes nothing."""
    await actions.pin(call.server.backends, call.account, CommentId(path_id(call, "id")), False, call.at_us)


@routes.add("POST", "/api/comments/{id}/let-through", access=Access.SIGNED_IN)
async def let_through(call: Call) -> None:
    """Show everybody a comment under your clip that your filter held back; again changes nothing."""
    await actions.let_through(call.server.backends, call.account, CommentId(path_id(call, "id")), call.at_us)


@routes.add("GET", "/api/account/comment-filter", access=Access.HOLDER, answer=FilterAnswer)
async def comment_filter(call: Call) -> FilterAnswer:
    """The words that you do not want under your clips."""
    return await filter_json(call)


@routes.add("PUT", "/api/account/comment-filter", access=Access.HOLDER, body=NewFilter, answer=FilterAnswer)
async def set_comment_filter(call: Call, body: NewFilter) -> FilterAnswer:
    """Hold back comments under your clips with these words, and no others, from now on."""
    words = await actions.set_filter(call.server.backends, call.account, body.words, call.at_us)
    return {"words": list(words), "limit": MUTED_LIMIT}


def asked_order(call: Call, otherwise: Order) -> Order:
    """`BadInput` (code `bad-query`)."""
    text = call.request.query_params.get("sort", otherwise)
    if text not in list(Order):
        raise BadInput("bad-query", f"sort is {' or '.join(Order)}.")
    return Order(text)


def _asked_place(call: Call) -> tuple[int, int] | None:
    """The likes and the id of the comment that the page before ended with; `BadInput` (code `bad-query`)."""
    text = call.request.query_params.get("before")
    if text is None:
        return None
    likes, _, name = text.rpartition(".")
    comment_id = parse_id(name)
    if comment_id is None or not re.fullmatch(r"[0-9]{0,9}", likes):
        raise BadInput("bad-query", "before is what the answer of the page before says.")
    return int(likes or "0"), comment_id


async def clip_of(call: Call, clip_id: ClipId) -> ClipView:
    """The clip whose comments are read; raises what `shown_clip` raises."""
    return await shown_clip(call.server.backends.database, call.viewer, clip_id, Door.COMMENTS, call.at_us)


async def readable(call: Call, comment_id: CommentId) -> tuple[Comment, ClipView]:
    """A comment that the viewer may read, with its clip. `Absent` (code `comment-absent`), or what `shown_clip`
    raises."""
    database = call.server.backends.database
    written = await comments.one_for_system(database, comment_id)
    view = await clip_of(call, written.clip_id) if written else None
    found = await comments.one_for_reader(database, comment_id, reader_of(call, view)) if view else None
    if view is None or found is None:
        raise Absent("comment-absent", "There is no such comment.")
    return found, view


def reader_of(call: Call, view: ClipView) -> Reader:
    account = call.viewer.account
    return Reader(account.id, account.id == view.author.id) if account else comments.NOBODY


async def comments_json(call: Call, clip_id: ClipId, order: Order, count: int = COMMENTS_A_PAGE) -> CommentsAnswer:
    """Raises what `shown_clip` raises, and `BadInput` (code `bad-query`)."""
    before = _asked_place(call)
    view = await clip_of(call, clip_id)
    found = await comments.threads_of_clip(
        call.server.backends.database, clip_id, reader_of(call, view), order, before, count + 1
    )
    threads, more = found[:count], len(found) > count
    return {
        "comments": [thread_json(call, thread, view.author.id) for thread in threads],
        "more": more,
        "before": f"{threads[-1].like_count}.{id_text(threads[-1].id)}" if more else None,
    }


async def first_json(call: Call, view: ClipView, root_id: CommentId) -> CommentShape | None:
    """The comment that begins a thread, or its empty place; None where the viewer sees nothing of it."""
    thread = await comments.thread_of(call.server.backends.database, root_id, view.clip.id, reader_of(call, view))
    return thread_json(call, thread, view.author.id) if thread else None


async def replies_json(
    call: Call, view: ClipView, root_id: CommentId, otherwise: CommentId | None = None, count: int = COMMENTS_A_PAGE
) -> RepliesAnswer:
    """Those behind the one that the query names, or `otherwise`. Raises `BadInput` (code `bad-query`)."""
    after = query_id(call, "after") or otherwise
    found = await comments.replies_in_thread(
        call.server.backends.database, root_id, reader_of(call, view), CommentId(after or 0), count + 1
    )
    replies, more = found[:count], len(found) > count
    return {
        "comments": [comment_json(call, reply, view.author.id) for reply in replies],
        "more": more,
        "after": id_text(replies[-1].id) if more else None,
    }


async def versions_json(call: Call, found: Comment, clip_author_id: AccountId) -> list[VersionShape]:
    """Without the earlier ones that the filter of the clip's author would hold back, but for the two who may read
    those."""
    database, account = call.server.backends.database, call.viewer.account
    earlier = await comments.versions_of(database, found.id)
    if account is None or account.id not in (found.author.id, clip_author_id):
        held = await actions.kept_back(database, clip_author_id, found.author.id, [text for text, _ in earlier])
        earlier = [version for version in earlier if version[0] not in held]
    now = (found.text, found.edited_at_us or found.at_us)
    return [{"text": text, "at_us": at_us} for text, at_us in (*earlier, now)]


async def held_json(call: Call) -> HeldAnswer:
    """Raises `BadInput` (code `bad-query`)."""
    database, before = call.server.backends.database, query_id(call, "before")
    found = await comments.held_under_clips_of(
        database, call.account.id, CommentId(before) if before is not None else None, COMMENTS_A_PAGE + 1
    )
    page, more = found[:COMMENTS_A_PAGE], len(found) > COMMENTS_A_PAGE
    clip_ids = list(dict.fromkeys(one.clip_id for one in page))
    views = await shown_clips(database, call.viewer, clip_ids, Door.COMMENTS, call.at_us)
    handles = {view.clip.id: view.author.handle for view in views}
    return {
        "comments": [
            {
                "comment": comment_json(call, one, call.account.id),
                "clip_id": id_text(one.clip_id),
                "clip_url": f"/@{handles[one.clip_id]}/video/{id_text(one.clip_id)}",
            }
            for one in page
            if one.clip_id in handles
        ],
        "more": more,
        "before": id_text(page[-1].id) if more else None,
    }


async def count_held(call: Call) -> int:
    """How many wait under clips where one can let them through."""
    database = call.server.backends.database
    counts = await comments.count_held_under_clips_of(database, call.account.id)
    views = await shown_clips(database, call.viewer, list(counts), Door.COMMENTS, call.at_us)
    return sum(counts[view.clip.id] for view in views)


async def filter_json(call: Call) -> FilterAnswer:
    words = await comments.filter_of(call.server.backends.database, call.account.id)
    return {"words": list(words), "limit": MUTED_LIMIT}


async def comment_on(call: Call, clip_id: ClipId, text: str, reply_to_id: CommentId | None) -> CommentShape:
    server, account = call.server, call.account
    async with server.feed.acting(account):
        made = await actions.comment(
            server.backends, call.viewer, account, clip_id, text, call.at_us, server.random, reply_to_id
        )
    found, view = await readable(call, made.id)
    return comment_json(call, found, view.author.id)


async def edit_as(call: Call, comment_id: CommentId, text: str) -> CommentShape:
    await actions.edit(call.server.backends, call.viewer, call.account, comment_id, text, call.at_us)
    found, view = await readable(call, comment_id)
    return comment_json(call, found, view.author.id)


async def like_comment(call: Call, comment_id: CommentId, is_liked: bool) -> LikeAnswer:
    likes = await actions.like(call.server.backends, call.viewer, call.account, comment_id, is_liked, call.at_us)
    return LikeAnswer(likes.count, likes.is_liked)


def thread_json(call: Call, thread: Thread, clip_author_id: AccountId) -> CommentShape:
    """What begins the thread, or its empty place."""
    if thread.first is not None:
        return {**comment_json(call, thread.first, clip_author_id), "reply_count": thread.reply_count}
    return {
        "id": id_text(thread.id),
        "author": None,
        "text": "",
        "at_us": thread.at_us,
        "edited_at_us": None,
        "root_id": None,
        "reply_to": None,
        "like_count": 0,
        "reply_count": thread.reply_count,
        "is_liked": False,
        "is_own": False,
        "is_clips_author": False,
        "is_pinned": False,
        "is_held": False,
        "can_delete": False,
        "can_pin": False,
        "can_let_through": False,
    }


def comment_json(call: Call, comment: Comment, clip_author_id: AccountId) -> CommentShape:
    account = call.viewer.account
    is_own = account is not None and account.id == comment.author.id
    is_under_own = account is not None and account.id == clip_author_id
    return {
        "id": id_text(comment.id),
        "author": author_json(comment.author),
        "text": comment.text,
        "at_us": comment.at_us,
        "edited_at_us": comment.edited_at_us,
        "root_id": None if comment.root_id is None else id_text(comment.root_id),
        "reply_to": comment.reply_to,
        "like_count": comment.like_count,
        "reply_count": comment.reply_count,
        "is_liked": comment.is_liked,
        "is_own": is_own,
        "is_clips_author": comment.author.id == clip_author_id,
        "is_pinned": comment.is_pinned,
        "is_held": comment.is_held,
        "can_delete": is_own or is_under_own or call.viewer.may(Role.MODERATOR),
        "can_pin": is_under_own and comment.root_id is None and not comment.is_held,
        "can_let_through": is_under_own and comment.is_held,
    }
