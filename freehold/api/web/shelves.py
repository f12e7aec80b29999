"""Pages and forms of what is saved and reposted, and of collections and playlists."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from freehold.actions import lists as actions
from freehold.api.native import accounts, clips, lists, reposts
from freehold.api.native.lists import ListedAnswer, ListShape
from freehold.api.present import account_json, clip_json
from freehold.api.routes import Access, Kind, Routes, path_id, query_int
from freehold.api.server import Call
from freehold.api.web.answer import page_response, safe_next, see_other
from freehold.api.web.forms import read_form
from freehold.api.web.frame import frame_of
from freehold.client import pages
from freehold.domain.errors import BadInput, Refusal
from freehold.domain.ids import ClipId, ListId, parse_id
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip
from freehold.store import clip_list as rows
from freehold.store.clip_list import ClipList, ListKind

routes = Routes()
GRID = 30
"""Clips on a page of small pictures."""


@routes.add("GET", "/saved", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def saved(call: Call) -> Response:
    """What one saved, and one's collections and playlists."""
    page, places = await lists.saved_json(call, GRID)
    own = await lists.lists_json(call, call.account.id)
    next_url = f"/saved?from={page['next']}" if page["next"] else ""
    return page_response(call, pages.saved(frame_of(call), own, page["clips"], places, next_url=next_url))


@routes.add("GET", "/saved/clips.html", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def more_saved(call: Call) -> Response:
    """Saved clips, as articles."""
    page, places = await lists.saved_json(call, None)
    return _articles(call, page, [f"/saved/clips.html?from={place}" for place in places])


@routes.add("GET", "/list/{list_id}", kind=Kind.PAGE)
async def clip_list(call: Call) -> Response:
    """A collection or a playlist."""
    return await _list_page(call, await lists.list_at(call))


@routes.add("GET", "/list/{list_id}/clips.html", kind=Kind.PAGE)
async def more_of_list(call: Call) -> Response:
    """The clips of a collection or a playlist, as articles; a playlist plays through."""
    found = await lists.list_at(call)
    page, places = await lists.listed_json(call, found, None)
    through = f"&through={query_int(call, 'through', 0, 0, 1)}" if found.kind is ListKind.PLAYLIST else ""
    url = lists.list_json(call, found)["url"]
    return _articles(call, page, [f"{url}/clips.html?from={place}{through}" for place in places])


@routes.add("GET", "/@{handle}/video/{id}/save", kind=Kind.PAGE)
async def save_page(call: Call) -> Response:
    """Where a clip is saved to."""
    view = await shown_clip(
        call.server.backends.database, call.viewer, ClipId(path_id(call, "id")), Door.LINK, call.at_us
    )
    own = await lists.lists_json(call, call.account.id, view.clip.id)
    return page_response(call, pages.save(frame_of(call), clip_json(view, (), call.viewer), own))


@routes.add("GET", "/@{handle}/reposts", kind=Kind.PAGE)
async def reposted(call: Call) -> Response:
    """What an account reposted."""
    account = await accounts.account_at(call)
    page, places = await reposts.reposts_json(call, account, GRID)
    next_url = f"/@{account.handle}/reposts?from={page['next']}" if page["next"] else ""
    html = pages.reposts(frame_of(call), account_json(account), page["clips"], places, next_url=next_url)
    return page_response(call, html)


@routes.add("GET", "/@{handle}/reposts.html", kind=Kind.PAGE)
async def more_reposted(call: Call) -> Response:
    """What an account reposted, as articles."""
    account = await accounts.account_at(call)
    page, places = await reposts.reposts_json(call, account, None)
    return _articles(call, page, [f"/@{account.handle}/reposts.html?from={place}" for place in places])


@routes.add("POST", "/forms/repost", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def repost(call: Call) -> Response:
    """Repost a clip with a word of one's own, or take it back."""
    fields = await read_form(call)
    clip_id = ClipId(parse_id(fields.get("clip", "")) or 0)
    if fields.get("on") == "1":
        await reposts.repost_clip(call, clip_id, fields.get("text", ""))
    else:
        await reposts.unrepost_clip(call, clip_id)
    return see_other(safe_next(fields.get("next", "")))


@routes.add("POST", "/forms/save", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def save(call: Call) -> Response:
    """Save a clip or give it up, put it into a list of one's own or take it out, or begin a list with it."""
    fields = await read_form(call)
    clip_id = ClipId(parse_id(fields.get("clip", "")) or 0)
    if "into" in fields:
        await lists.add(call, _list_id(fields, "into"), clip_id)
    elif "out_of" in fields:
        await actions.remove(call.server.backends, call.account, _list_id(fields, "out_of"), clip_id, call.at_us)
    elif "name" in fields:
        made = await lists.create(call, _new_list(fields))
        await lists.add(call, ListId(parse_id(made["id"]) or 0), clip_id)
    else:
        await lists.save_clip(call, clip_id, fields.get("on") == "1")
    return see_other(safe_next(fields.get("next", "")))


@routes.add("POST", "/forms/list", access=Access.SIGNED_IN, kind=Kind.PAGE)
async def change_list(call: Call) -> Response:
    """Begin, change or delete a list of one's own, or add, remove or move a clip in it."""
    fields = await read_form(call)
    if fields.get("verb") == "create":
        return see_other((await lists.create(call, _new_list(fields)))["url"])
    list_id = _list_id(fields, "list")
    try:
        await _do_with_list(call, list_id, fields)
    except BadInput as refusal:
        found = await rows.one(call.server.backends.database, list_id)
        if found is None or found.owner.id != call.account.id or refusal.code == "bad-body":
            raise
        return await _list_page(call, found, refusal)
    return see_other(safe_next(fields.get("next", "")))


async def _do_with_list(call: Call, list_id: ListId, fields: Mapping[str, str]) -> None:
    server, clip_id = call.server, ClipId(parse_id(fields.get("clip", "")) or 0)
    match fields.get("verb"):
        case "change":
            is_public = fields.get("public") == "1"
            await actions.change(server.backends, call.account, list_id, fields.get("name", ""), is_public, call.at_us)
        case "delete":
            await actions.delete(server.backends, call.account, list_id, call.at_us)
        case "add":
            await lists.add(call, list_id, clip_id)
        case "remove":
            await actions.remove(server.backends, call.account, list_id, clip_id, call.at_us)
        case "earlier" | "later" as verb:
            ids = await rows.clip_ids_in(server.backends.database, list_id)
            place = ids.index(clip_id) + 1 if clip_id in ids else 0
            place = max(1, place + (1 if verb == "later" else -1))
            await actions.move(server.backends, call.account, list_id, clip_id, place, call.at_us)
        case _:
            raise BadInput("bad-body", "The form says nothing that can be done with a list.")


def _list_id(fields: Mapping[str, str], name: str) -> ListId:
    return ListId(parse_id(fields.get(name, "")) or 0)


def _new_list(fields: Mapping[str, str]) -> lists.NewList:
    kind = ListKind.PLAYLIST if fields.get("kind") == ListKind.PLAYLIST else ListKind.COLLECTION
    return lists.NewList(name=fields.get("name", ""), kind=kind, is_public=fields.get("public") == "1")


async def _list_page(call: Call, found: ClipList, refusal: Refusal | None = None) -> Response:
    about = lists.list_json(call, found)
    page, places = await lists.listed_json(call, found, GRID)
    html = pages.clip_list(
        frame_of(call),
        about,
        page["clips"],
        places,
        next_url=f"{about['url']}?from={page['next']}" if page["next"] else "",
        is_later=lists.asked_place(call) is not None,
        others=await _others(call, found, about),
        refusal=refusal.text if refusal else "",
    )
    return page_response(call, html, refusal.http_status if refusal else 200)


async def _others(call: Call, found: ClipList, about: ListShape) -> list[clips.MineShape]:
    """One's newest published clips that are not in one's playlist."""
    if not about["is_own"] or found.kind is not ListKind.PLAYLIST:
        return []
    there = await rows.clip_ids_in(call.server.backends.database, found.id)
    mine = await clips.mine_of(call)
    return [one for one in mine if one["is_published"] and (parse_id(one["id"]) or 0) not in there]


def _articles(call: Call, page: ListedAnswer, more_urls: Sequence[str]) -> Response:
    return page_response(call, pages.fragment(frame_of(call), page, more_urls=more_urls))
