"""The pages: each asks for what its API route answers and renders it."""

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from freehold.actions.clip import folded_tag, photo_not_made_with
from freehold.actions.making import sound_source
from freehold.api.native import accounts, admin, clips, comments, controls, feeds, lists, sounds, tags, topics
from freehold.api.native import search as searches
from freehold.api.present import ClipShape, PageShape, clip_json, page_json, served_json
from freehold.api.routes import Access, Kind, Routes, path_id, query_id, query_int
from freehold.api.server import Call
from freehold.api.web.answer import page_response, safe_next, see_other
from freehold.api.web.frame import frame_of
from freehold.client import pages
from freehold.domain.account import NOBODY
from freehold.domain.errors import BadInput, Refusal
from freehold.domain.ids import ClipId, CommentId, SoundId, id_text, parse_id
from freehold.domain.making import OWN_PERCENT, USES, Layout, MakingKind
from freehold.domain.verdict import Door
from freehold.feed.page import Page
from freehold.governance.judge import shown_clip, shown_clips
from freehold.governance.permissions import usable_clip
from freehold.search import find
from freehold.store import account as account_rows
from freehold.store import clip as clip_rows
from freehold.store import comment as comment_rows
from freehold.store import rendition as rendition_rows
from freehold.store import repost as repost_rows
from freehold.store.comment import Order

routes = Routes()
FIRST_PAGE = 5
"""Clips in a feed's first answer; the rest comes as fragments."""
GRID = 30
"""Clips on a page of small pictures."""
FOUND = 24
TRENDS = 12
COMMENTS = 20
"""On a page; drawing one costs a sixth of a millisecond."""
SOUND_TRENDS = 6
DRAFTS = 5
OVER = ("refused", "expired", "withdrawn")
NOTICES = {
    "profile": "Saved.",
    "words": "Saved.",
    "password": "Password changed. Other sessions have ended.",
    "avatar": "Your new picture is in place.",
    "sessions": "Ended.",
    "feed": "Your feed begins anew.",
    "choice": "Saved. It holds from the next page on.",
    "comments": "Saved.",
}


@routes.add("GET", "/", kind=Kind.PAGE)
async def home(call: Call) -> Response:
    """For You."""
    page = await feeds.feed_for(call).for_you(call.viewer, FIRST_PAGE, call.at_us)
    is_caught_up = not page.clips and await _count_clips(call) > 0
    return page_response(call, pages.feed(frame_of(call), page_json(page, call.viewer), is_caught_up=is_caught_up))


@routes.add("GET", "/following", kind=Kind.PAGE)
async def following(call: Call) -> Response:
    """Clips of the accounts and with the tags that one follows, newest first."""
    page = await feeds.feed_for(call).following(call.viewer, None, FIRST_PAGE, call.at_us)
    is_caught_up = call.account.following_count > 0 or bool(await tags.followed_tags(call))
    html = pages.feed(frame_of(call), page_json(page, call.viewer), name="following", is_caught_up=is_caught_up)
    return page_response(call, html)


@routes.add("GET", "/feed/for-you.html", kind=Kind.PAGE)
async def more_for_you(call: Call) -> Response:
    """The next clips of For You, as articles."""
    return _fragment(call, await feeds.for_you_page(call))


@routes.add("GET", "/feed/following.html", kind=Kind.PAGE)
async def more_following(call: Call) -> Response:
    """The next clips of Following, as articles."""
    # From the top: what is newer than the last article and was not shown yet comes too, and nothing that was.
    return _fragment(call, await feeds.feed_for(call).following(call.viewer, None, feeds.asked_count(call), call.at_us))


@routes.add("GET", "/@{handle}", kind=Kind.PAGE)
async def profile(call: Call) -> Response:
    """An account and its clips."""
    account = await accounts.account_at(call)
    before = await feeds.asked_before(call)
    found = await feeds.feed_for(call).profile(call.viewer, account.id, before, GRID, call.at_us)
    page = page_json(found, call.viewer)
    html = pages.profile(
        frame_of(call),
        await accounts.profile_json(call, account),
        page["clips"],
        lists=await lists.lists_json(call, account.id) if before is None else (),
        has_reposts=await repost_rows.has_reposted(call.server.backends.database, account.id),
        next_url=_older(f"/@{account.handle}", page),
    )
    return page_response(call, html)


@routes.add("GET", "/@{handle}/clips.html", kind=Kind.PAGE)
async def more_of_author(call: Call) -> Response:
    """An account's clips, as articles."""
    account = await accounts.account_at(call)
    return _fragment(call, await feeds.profile_page(call, account))


@routes.add("GET", "/@{handle}/video/{id}", kind=Kind.PAGE)
async def clip(call: Call) -> Response:
    """One clip with its link preview and comments."""
    page = await feeds.clip_page(call)
    served = served_json(page.id, page.clips[0], call.viewer)
    if served["clip"]["author"]["handle"] != call.request.path_params["handle"].lower():
        return see_other(served["clip"]["url"])
    try:
        said = await comments.comments_json(call, ClipId(path_id(call, "id")), Order.LIKES, COMMENTS)
    except Refusal:
        # A moderator sees a withheld clip at its link; its comments stay shut.
        said = None
    return page_response(call, pages.clip_page(frame_of(call), served, comments=said, more_url=_more_url(call)))


@routes.add("GET", "/@{handle}/video/{id}/comments", kind=Kind.PAGE)
async def clip_comments(call: Call) -> Response:
    """The comments under a clip."""
    clip = await _talked_of(call)
    order = comments.asked_order(call, Order.LIKES)
    said = await comments.comments_json(call, ClipId(path_id(call, "id")), order, COMMENTS)
    return page_response(call, pages.comments(frame_of(call), clip, said, order=order))


@routes.add("GET", "/@{handle}/video/{id}/comments/{comment_id}", kind=Kind.PAGE)
async def thread(call: Call) -> Response:
    """A comment and its replies, or one of these and those behind it."""
    clip, view = await _talked_of(call), await comments.clip_of(call, ClipId(path_id(call, "id")))
    comment_id = CommentId(path_id(call, "comment_id"))
    written = await comment_rows.one_for_system(call.server.backends.database, comment_id)
    first = await comments.first_json(call, view, written.root_id or written.id) if written else None
    if written is None or first is None:
        return see_other(clip["url"] + "/comments")
    root_id, is_reply = written.root_id or written.id, written.root_id is not None
    replies = await comments.replies_json(
        call, view, root_id, CommentId(comment_id - 1) if is_reply else None, COMMENTS
    )
    asked = call.request.query_params.get("reply", id_text(comment_id))
    answered = next((one for one in (first, *replies["comments"]) if one["id"] == asked and one["author"]), first)
    is_part = is_reply or "after" in call.request.query_params
    html = pages.thread(frame_of(call), clip, first, replies, answered=answered, is_part=is_part)
    return page_response(call, html)


@routes.add("GET", "/@{handle}/video/{id}/comments/{comment_id}/versions", kind=Kind.PAGE)
async def versions(call: Call) -> Response:
    """What a comment said before it was edited."""
    clip = await _talked_of(call)
    found, view = await comments.readable(call, CommentId(path_id(call, "comment_id")))
    said = comments.comment_json(call, found, view.author.id)
    html = pages.versions(frame_of(call), clip, said, await comments.versions_json(call, found, view.author.id))
    return page_response(call, html)


async def _talked_of(call: Call) -> ClipShape:
    """The clip in the path, whose comments may be read; raises what `shown_clip` raises."""
    return clip_json(await comments.clip_of(call, ClipId(path_id(call, "id"))), (), call.viewer)


@routes.add("GET", "/@{handle}/video/{id}/similar", kind=Kind.PAGE)
async def similar(call: Call) -> Response:
    """Clips that go together with one."""
    view, found = await feeds.similar_json(call, ClipId(path_id(call, "id")), feeds.SIMILAR_LIMIT)
    clip = clip_json(view, (), call.viewer)
    if clip["author"]["handle"] != call.request.path_params["handle"].lower():
        return see_other(clip["url"] + "/similar")
    return page_response(call, pages.similar(frame_of(call), clip, found))


@routes.add("GET", "/@{handle}/video/{id}/made-with", kind=Kind.PAGE)
async def made_with(call: Call) -> Response:
    """Duets and stitches of a clip."""
    database, clip_id = call.server.backends.database, ClipId(path_id(call, "id"))
    view = await shown_clip(database, call.viewer, clip_id, Door.LINK, call.at_us)
    clip = clip_json(view, (), call.viewer)
    path = clip["url"] + "/made-with"
    if clip["author"]["handle"] != call.request.path_params["handle"].lower():
        return see_other(path)
    page = page_json(await feeds.made_with_page(call, GRID), call.viewer)
    return page_response(call, pages.made_with(frame_of(call), clip, page["clips"], next_url=_older(path, page)))


@routes.add("GET", "/@{handle}/video/{id}/made-with.html", kind=Kind.PAGE)
async def more_made_with(call: Call) -> Response:
    """Duets and stitches of a clip, as articles."""
    return _fragment(call, await feeds.made_with_page(call))


@routes.add("GET", "/@{handle}/video/{id}/share", kind=Kind.PAGE)
async def share_clip(call: Call) -> Response:
    """A clip's address, to be passed on."""
    database = call.server.backends.database
    view = await shown_clip(database, call.viewer, ClipId(path_id(call, "id")), Door.LINK, call.at_us)
    files = await rendition_rows.of_clips(database, [view.clip.id])
    shown = clip_json(view, files.get(view.clip.id, ()), call.viewer)
    if shown["author"]["handle"] != call.request.path_params["handle"].lower():
        return see_other(shown["url"] + "/share")
    is_public = bool(await shown_clips(database, NOBODY, [view.clip.id], Door.EMBED, call.at_us))
    handle, account = shown["author"]["handle"], call.viewer.account
    mine = await repost_rows.one_by(database, view.clip.id, account.id) if account else None
    html = pages.share(
        frame_of(call), shown["url"], "clip", handle, clip=shown, is_public=is_public,
        word=mine.text if mine else None, repost_count=await repost_rows.count_of_clip(database, view.clip.id),
    )  # fmt: skip
    return page_response(call, html)


@routes.add("GET", "/@{handle}/video/{id}/history", kind=Kind.PAGE)
async def history(call: Call) -> Response:
    """What a clip says, and what it said before it was changed."""
    told = await clips.history_of(call, ClipId(path_id(call, "id")))
    if told["clip"]["author"]["handle"] != call.request.path_params["handle"].lower():
        return see_other(told["clip"]["url"] + "/history")
    return page_response(call, pages.history(frame_of(call), told["clip"], told["versions"]))


@routes.add("GET", "/@{handle}/share", kind=Kind.PAGE)
async def share_profile(call: Call) -> Response:
    """An account's address, to be passed on."""
    account = await accounts.account_at(call)
    return page_response(call, pages.share(frame_of(call), f"/@{account.handle}", "profile", account.handle))


@routes.add("GET", "/tag/{tag}/clips.html", kind=Kind.PAGE)
async def more_of_tag(call: Call) -> Response:
    """Clips that carry a tag, as articles."""
    feed, before, count = feeds.feed_for(call), await feeds.asked_before(call), feeds.asked_count(call)
    return _fragment(call, await feed.tagged(call.viewer, tags.asked_tag(call), before, count, call.at_us))


@routes.add("GET", "/tag/{tag}/share", kind=Kind.PAGE)
async def share_tag(call: Call) -> Response:
    """A tag's address, to be passed on."""
    name = tags.asked_tag(call)
    return page_response(call, pages.share(frame_of(call), f"/tag/{quote(name)}", "tag", name))


@routes.add("GET", "/tag/{tag}", kind=Kind.PAGE)
async def tag(call: Call) -> Response:
    """Clips that carry a tag, newest first."""
    name = tags.asked_tag(call)
    found = await feeds.feed_for(call).tagged(call.viewer, name, await feeds.asked_before(call), GRID, call.at_us)
    page = page_json(found, call.viewer)
    about = await tags.tag_json(call, name)
    html = pages.tag(frame_of(call), about, page["clips"], next_url=_older(f"/tag/{quote(name)}", page))
    return page_response(call, html)


@routes.add("GET", "/explore", kind=Kind.PAGE)
async def explore(call: Call) -> Response:
    """Topics, and the tags and sounds that many use lately."""
    trends = await searches.trends_json(call, "", TRENDS)
    heard = await searches.sound_trends_json(call, "", SOUND_TRENDS)
    notice = NOTICES.get(call.request.query_params.get("done", ""), "")
    return page_response(call, pages.explore(frame_of(call, notice), await topics.topics_json(call), trends, heard))


@routes.add("GET", "/explore/{topic}", kind=Kind.PAGE)
async def topic(call: Call) -> Response:
    """Clips of a topic, newest first."""
    about = await topics.asked_topic(call)
    page = page_json(await topics.topic_page(call, about, GRID), call.viewer)
    told, others = topics.topic_json(about), await topics.topics_json(call)
    html = pages.topic(frame_of(call), told, page["clips"], others, next_url=_older(told["url"], page))
    return page_response(call, html)


@routes.add("GET", "/explore/{topic}/clips.html", kind=Kind.PAGE)
async def more_of_topic(call: Call) -> Response:
    """Clips of a topic, as articles."""
    return _fragment(call, await topics.topic_page(call, await topics.asked_topic(call)))


@routes.add("GET", "/sound/{id}", kind=Kind.PAGE)
async def sound(call: Call) -> Response:
    """Clips with a sound, newest first."""
    page = page_json(await feeds.sound_page(call, GRID), call.viewer)
    if not page["clips"]:
        return see_other(call.request.url.path)
    about = await sounds.sound_json_of(call, SoundId(path_id(call, "id")))
    html = pages.sound(frame_of(call), about, page["clips"], next_url=_older(call.request.url.path, page))
    return page_response(call, html)


@routes.add("GET", "/sound/{id}/clips.html", kind=Kind.PAGE)
async def more_of_sound(call: Call) -> Response:
    """Clips with a sound, as articles."""
    return _fragment(call, await feeds.sound_page(call))


@routes.add("GET", "/search", kind=Kind.PAGE)
async def search(call: Call) -> Response:
    """Clips, accounts, tags and comments by their words; tags that are trending where nothing is asked or found."""
    asked, status = searches.asked_texts(call), 200
    answer, refusal = None, ""
    try:
        answer = await searches.search_json(call, FOUND)
    except BadInput as error:
        refusal, status = error.text, error.http_status
    trends = await searches.trends_json(call, "", TRENDS)
    heard = await searches.sound_trends_json(call, "", SOUND_TRENDS)
    html = pages.search(frame_of(call), asked, answer, trends=trends, sounds=heard, refusal=refusal)
    return page_response(call, html, status)


@routes.add("GET", "/search/clips.html", kind=Kind.PAGE)
async def more_found(call: Call) -> Response:
    """Clips that a search finds, as articles."""
    page, places = await searches.found_page(call, feeds.asked_count(call) or FIRST_PAGE)
    asked = searches.asked_texts(call)
    more_urls = [pages.search_url(asked, page="/search/clips.html", place=place) for place in places]
    return page_response(call, pages.fragment(frame_of(call), page_json(page, call.viewer), more_urls=more_urls))


@routes.add("GET", "/upload", kind=Kind.PAGE)
async def upload(call: Call) -> Response:
    """The composer, for a new clip or a draft that is gone on with. Has query parameters: clip, duet, stitch, sound."""
    server = call.server
    draft_id = query_id(call, "clip")
    draft = await clips.shape_of(call, ClipId(draft_id)) if draft_id is not None and call.viewer.account else None
    if draft and (draft["is_published"] or draft["state"] in OVER):
        return see_other(f"/studio/{draft['id']}")
    made = await _made(call)
    drafts = [] if draft or made or not call.viewer.account else await clips.drafts_of(call, DRAFTS)
    limits = {
        "size_bytes": server.upload_rules.max_size_bytes,
        "duration_ms": server.media_limits.max_duration_ms,
    }
    page = pages.upload(
        frame_of(call), transcribes=server.transcribes, limits=limits, clip=draft, drafts=drafts, made=made
    )
    return page_response(call, page)


@routes.add("GET", "/upload/text", kind=Kind.PAGE)
async def write(call: Call) -> Response:
    """The page on which a text post is written."""
    return page_response(call, pages.write(frame_of(call)))


@routes.add("GET", "/upload/photos", kind=Kind.PAGE)
async def photos(call: Call) -> Response:
    """The page on which pictures are chosen, put in order and described. Has the query parameter sound."""
    made = await _made(call)
    if made and made["kind"] != MakingKind.SOUND:
        raise photo_not_made_with()
    return page_response(call, pages.photos(frame_of(call), made=made))


@routes.add("GET", "/studio", kind=Kind.PAGE)
async def studio(call: Call) -> Response:
    """One's own clips with their states."""
    is_signed_in = call.viewer.account is not None
    mine, held_count = (await clips.mine_of(call), await comments.count_held(call)) if is_signed_in else ([], 0)
    return page_response(call, pages.studio(frame_of(call), mine, held_count=held_count))


@routes.add("GET", "/studio/comments", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def held(call: Call) -> Response:
    """Comments under one's clips that one's filter holds back."""
    return page_response(call, pages.held(frame_of(call), await comments.held_json(call)))


@routes.add("GET", "/studio/{clip_id}", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def edit(call: Call) -> Response:
    """The form on which one's own clip is changed."""
    mine = await clips.shape_of(call, ClipId(path_id(call, "clip_id")))
    notice = NOTICES.get(call.request.query_params.get("done", ""), "")
    return page_response(call, pages.edit(frame_of(call, notice), mine))


@routes.add("GET", "/sign-in", kind=Kind.PAGE)
async def sign_in(call: Call) -> Response:
    """The form to sign in."""
    wanted = safe_next(call.request.query_params.get("next", ""))
    if call.viewer.account is not None:
        return see_other(wanted)
    return page_response(call, pages.sign_in(frame_of(call), next_path=wanted))


@routes.add("GET", "/sign-up", kind=Kind.PAGE)
async def sign_up(call: Call) -> Response:
    """The form to sign up."""
    wanted = safe_next(call.request.query_params.get("next", ""))
    if call.viewer.account is not None:
        return see_other(wanted)
    return page_response(call, pages.sign_up(frame_of(call), next_path=wanted))


@routes.add("GET", "/settings", kind=Kind.PAGE)
async def settings(call: Call) -> Response:
    """Profile, password, sessions, what one chose for one's feeds, deletion."""
    sessions, chosen = await accounts.sessions_json(call), await controls.controls_json(call)
    notice = NOTICES.get(call.request.query_params.get("done", ""), "")
    followed, held_back = await tags.followed_tags(call), await comments.filter_json(call)
    return page_response(call, pages.settings(frame_of(call, notice), sessions, chosen, followed, held_back))


@routes.add("GET", "/why/{page_id}/{position}", kind=Kind.PAGE)
async def why(call: Call) -> Response:
    """Why one clip stood where it stood."""
    database = call.server.backends.database
    reasons = await feeds.why(call)
    clip_id = ClipId(parse_id(reasons["clip_id"]) or 0)
    views = await shown_clips(database, call.viewer, [clip_id], Door.WHY, call.at_us)
    files = await rendition_rows.of_clips(database, [view.clip.id for view in views])
    served = [{"clip": clip_json(view, files.get(clip_id, ()), call.viewer)} for view in views]
    return page_response(call, pages.why(frame_of(call), reasons, served[0] if served else None))


@routes.add("GET", "/admin/feed", access=Access.OPERATOR, kind=Kind.PAGE)
async def feed_figures(call: Call) -> Response:
    """How the feed does, for operators."""
    return page_response(call, pages.feed_figures(frame_of(call), await admin.feed_figures(call)))


@routes.add("GET", "/about", kind=Kind.PAGE)
async def about(call: Call) -> Response:
    """What this network is."""
    database = call.server.backends.database
    html = pages.about(
        frame_of(call),
        log_days=call.server.feed.rules.log_days,
        clip_count=await _count_clips(call),
        account_count=await account_rows.count(database),
    )
    return page_response(call, html)


async def _made(call: Call) -> dict[str, Any] | None:
    """What the clip is to be made with, where the address says so. Raises what making it would."""
    kind = next((kind for kind in MakingKind if call.request.query_params.get(kind.value)), None)
    if kind is None or call.viewer.account is None:
        return None
    database, asked_id = call.server.backends.database, query_id(call, kind.value) or 0
    clip_id = await sound_source(database, SoundId(asked_id)) if kind is MakingKind.SOUND else ClipId(asked_id)
    view = await usable_clip(database, call.viewer, clip_id, USES[kind], Door.LINK, call.at_us)
    files = await rendition_rows.of_clips(database, [clip_id])
    clip = clip_json(view, files.get(clip_id, ()), call.viewer)
    return {
        "kind": kind.value,
        "id": id_text(asked_id),
        "clip": clip,
        "sound": clip["sound"],
        "layout": (Layout.STACKED if clip["width_px"] > clip["height_px"] else Layout.BESIDE).value,
        "own_percent": OWN_PERCENT[kind],
    }


async def _count_clips(call: Call) -> int:
    states = await clip_rows.count_by_state(call.server.backends.database)
    return states.get("ready", 0) + states.get("playable", 0)


def _more_url(call: Call) -> str:
    """Where a clip that was opened from a list goes on: with what has its tag or sound, is made with the same, or was
    found behind it; else ""."""
    said = call.request.query_params
    if said.get("list"):
        return f"/list/{id_text(query_id(call, 'list') or 0)}/clips.html?from={lists.asked_place(call) or 0}&through=1"
    if said.get("saved"):
        return f"/saved/clips.html?from={lists.asked_place(call) or 0}"
    if said.get("made_with"):
        handle = quote(call.request.path_params["handle"])
        return f"/@{handle}/video/{id_text(query_id(call, 'made_with') or 0)}/made-with.html"
    if said.get("reposts"):
        return f"/@{quote(said['reposts'], safe='')}/reposts.html?from={lists.asked_place(call) or 0}"
    if said.get("sound"):
        return f"/sound/{id_text(query_id(call, 'sound') or 0)}/clips.html"
    if said.get("topic"):
        return f"/explore/{quote(said['topic'], safe='')}/clips.html"
    if said.get("tag"):
        return f"/tag/{quote(folded_tag(said['tag']), safe='')}/clips.html"
    if said.get("from"):
        place = query_int(call, "from", 0, 0, find.DEPTH)
        return pages.search_url(searches.asked_texts(call), page="/search/clips.html", place=place)
    return ""


def _fragment(call: Call, page: Page) -> Response:
    return page_response(call, pages.fragment(frame_of(call), page_json(page, call.viewer)))


def _older(path: str, page: PageShape) -> str | None:
    """Where the clips behind this page are, while there are any."""
    return f"{path}?before={page['before']}" if page["before"] else None
