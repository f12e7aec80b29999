"""Saved clips, collections of them, and creators' playlists."""

import re
from collections.abc import Sequence
from typing import Annotated, TypedDict

import msgspec

from freehold.actions import lists as actions
from freehold.api.native import accounts, feeds
from freehold.api.present import AuthorShape, PageShape, author_json, clip_json, page_json
from freehold.api.routes import ID_SCHEMA, Access, Parameter, Routes, path_id, query_id
from freehold.api.server import Call
from freehold.domain.account import Role
from freehold.domain.errors import Absent, BadInput
from freehold.domain.ids import AccountId, ClipId, ListId, id_text
from freehold.domain.verdict import Door
from freehold.feed.feed import FindPlaces
from freehold.governance.judge import shown_clips
from freehold.store import clip_list as lists
from freehold.store import rendition as renditions
from freehold.store.clip_list import ClipList, ListKind, Place

routes = Routes()
COVERS, COVER_TRIES = 30, 3
"""So many lists are shown with a cover, for which so many clips of each are looked at: a page has no more clips."""
FROM = Parameter("from", {"type": "string", "pattern": "^[0-9]{1,19}$"}, "As the page before says.")
CLIP = Parameter("clip", ID_SCHEMA, "Each list then says whether this clip is in it.")

Name = Annotated[str, msgspec.Meta(max_length=10_000)]


class NewList(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    kind: ListKind = ListKind.COLLECTION
    is_public: bool = False
    """Playlists are."""


class ListChange(msgspec.Struct, forbid_unknown_fields=True):
    name: Name | None = None
    is_public: bool | None = None


class NewPlace(msgspec.Struct, forbid_unknown_fields=True):
    place: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    """From 1."""


class SaveAnswer(msgspec.Struct):
    save_count: int
    is_saved: bool


class ListShape(TypedDict):
    id: str
    kind: str
    name: str
    is_public: bool
    owner: AuthorShape
    clip_count: int
    """With those that not everybody may see."""
    has_clip: bool
    is_own: bool
    url: str
    cover_url: str | None
    """The poster of its first clip that is shown to whoever asks; only where lists are listed."""


class ListAnswer(TypedDict):
    list: ListShape


class ListsAnswer(TypedDict):
    lists: list[ListShape]


class ListedAnswer(PageShape):
    next: str | None
    """What `from` is for those behind."""


@routes.add("PUT", "/api/clips/{id}/save", access=Access.SIGNED_IN, answer=SaveAnswer)
async def save(call: Call) -> SaveAnswer:
    """Save a clip; again changes nothing."""
    return await save_clip(call, ClipId(path_id(call, "id")), True)


@routes.add("DELETE", "/api/clips/{id}/save", access=Access.SIGNED_IN, answer=SaveAnswer)
async def unsave(call: Call) -> SaveAnswer:
    """Give up a saved clip, in every collection; again changes nothing."""
    return await save_clip(call, ClipId(path_id(call, "id")), False)


@routes.add("GET", "/api/account/saved", access=Access.SIGNED_IN, answer=ListedAnswer, parameters=(feeds.COUNT, FROM))
async def saved(call: Call) -> ListedAnswer:
    """What you saved, the newest first."""
    return (await saved_json(call, None))[0]


@routes.add("GET", "/api/accounts/{handle}/lists", answer=ListsAnswer)
async def lists_of_account(call: Call) -> ListsAnswer:
    """An account's collections and playlists that everybody may see; yours all."""
    account = await accounts.account_at(call)
    return {"lists": await lists_json(call, account.id)}


@routes.add("GET", "/api/lists", access=Access.SIGNED_IN, answer=ListsAnswer, parameters=(CLIP,))
async def own_lists(call: Call) -> ListsAnswer:
    """Your collections and playlists."""
    clip_id = query_id(call, "clip")
    return {"lists": await lists_json(call, call.account.id, None if clip_id is None else ClipId(clip_id))}


@routes.add("POST", "/api/lists", access=Access.SIGNED_IN, body=NewList, answer=ListAnswer, status=201)
async def create_list(call: Call, body: NewList) -> ListAnswer:
    """Begin a collection or a playlist."""
    return {"list": await create(call, body)}


@routes.add("GET", "/api/lists/{list_id}", answer=ListAnswer)
async def one_list(call: Call) -> ListAnswer:
    """A collection or a playlist."""
    return {"list": list_json(call, await list_at(call))}


@routes.add("PATCH", "/api/lists/{list_id}", access=Access.SIGNED_IN, body=ListChange, answer=ListAnswer)
async def change_list(call: Call, body: ListChange) -> ListAnswer:
    """Call a list of yours something else, or say who may see it."""
    now = await actions.change(
        call.server.backends, call.account, _list_id(call), body.name, body.is_public, call.at_us
    )
    return {"list": list_json(call, now)}


@routes.add("DELETE", "/api/lists/{list_id}", access=Access.SIGNED_IN)
async def delete_list(call: Call) -> None:
    """Delete a list of yours; what is in it stays saved."""
    await actions.delete(call.server.backends, call.account, _list_id(call), call.at_us)


@routes.add("GET", "/api/lists/{list_id}/clips", answer=ListedAnswer, parameters=(feeds.COUNT, FROM))
async def clips_in_list(call: Call) -> ListedAnswer:
    """The clips of a list in its order."""
    return (await listed_json(call, await list_at(call), None))[0]


@routes.add("PUT", "/api/lists/{list_id}/clips/{clip_id}", access=Access.SIGNED_IN, answer=ListAnswer)
async def add_clip(call: Call) -> ListAnswer:
    """Put a clip into a list of yours; again changes nothing."""
    return {"list": await add(call, _list_id(call), ClipId(path_id(call, "clip_id")))}


@routes.add("DELETE", "/api/lists/{list_id}/clips/{clip_id}", access=Access.SIGNED_IN, answer=ListAnswer)
async def remove_clip(call: Call) -> ListAnswer:
    """Take a clip out of a list of yours; again changes nothing."""
    clip_id = ClipId(path_id(call, "clip_id"))
    now = await actions.remove(call.server.backends, call.account, _list_id(call), clip_id, call.at_us)
    return {"list": list_json(call, now)}


@routes.add("PUT", "/api/lists/{list_id}/clips/{clip_id}/place", access=Access.SIGNED_IN, body=NewPlace)
async def move_clip(call: Call, body: NewPlace) -> None:
    """Put a clip of a playlist of yours at another place."""
    clip_id = ClipId(path_id(call, "clip_id"))
    await actions.move(call.server.backends, call.account, _list_id(call), clip_id, body.place, call.at_us)


def _list_id(call: Call) -> ListId:
    return ListId(path_id(call, "list_id"))


async def list_at(call: Call, clip_id: ClipId | None = None) -> ClipList:
    """The list in the path; `Absent` (code `list-absent`) where it is not for the viewer."""
    found = await lists.one(call.server.backends.database, _list_id(call), clip_id)
    if found is None or not (_is_own(call, found) or (found.is_public and _is_shown(call, found))):
        raise Absent("list-absent", "There is no such list here, or it is not for you to see.")
    return found


def _is_own(call: Call, found: ClipList) -> bool:
    return call.viewer.account is not None and call.viewer.account.id == found.owner.id


def _is_shown(call: Call, found: ClipList) -> bool:
    return not found.owner.is_suspended or call.viewer.may(Role.MODERATOR)


def asked_place(call: Call) -> int | None:
    """`BadInput` (code `bad-query`)."""
    text = call.request.query_params.get("from")
    if text is not None and not re.fullmatch(r"[0-9]{1,19}", text):
        raise BadInput("bad-query", "from is what the answer of the page before says.")
    return None if text is None else min(int(text), lists.LAST)


async def lists_json(call: Call, account_id: AccountId, clip_id: ClipId | None = None) -> list[ListShape]:
    is_owner = call.viewer.account is not None and call.viewer.account.id == account_id
    found = await lists.of_account(call.server.backends.database, account_id, is_owner=is_owner, clip_id=clip_id)
    listed = [one for one in found if is_owner or _is_shown(call, one)]
    covers = await _covers(call, listed[:COVERS])
    return [list_json(call, one, covers.get(one.id)) for one in listed]


async def _covers(call: Call, listed: Sequence[ClipList]) -> dict[ListId, str]:
    """Of clips that are judged as those of a list are; none of what stands behind a cover of its own."""
    database = call.server.backends.database
    firsts = await lists.first_places(database, listed, COVER_TRIES)
    clip_ids = list({clip_id for first in firsts.values() for clip_id in first})
    views = await shown_clips(database, call.viewer, clip_ids, Door.PROFILE, call.at_us)
    files = await renditions.of_clips(database, [view.clip.id for view in views])
    told = {view.clip.id: clip_json(view, files.get(view.clip.id, []), call.viewer) for view in views}
    posters = {clip_id: one["poster_url"] for clip_id, one in told.items() if not one["is_sensitive"]}
    found = {list_id: [posters[one] for one in first if posters.get(one)] for list_id, first in firsts.items()}
    return {list_id: urls[0] for list_id, urls in found.items() if urls and urls[0]}


async def saved_json(call: Call, count: int | None) -> tuple[ListedAnswer, list[int]]:
    """The page, and each clip's place; `count` is taken where the query has none."""
    database, account_id = call.server.backends.database, call.account.id

    async def find(behind: int | None, limit: int) -> list[Place]:
        return list(await lists.saved_places_for_viewer(database, account_id, behind, limit))

    return await _listed(call, find, count)


async def listed_json(call: Call, found: ClipList, count: int | None) -> tuple[ListedAnswer, list[int]]:
    """The page, and each clip's place; `count` is taken where the query has none."""
    database = call.server.backends.database

    async def find(behind: int | None, limit: int) -> list[Place]:
        return list(await lists.places_for_viewer(database, found.id, found.kind, behind, limit))

    return await _listed(call, find, count)


async def _listed(call: Call, find: FindPlaces, count: int | None) -> tuple[ListedAnswer, list[int]]:
    page, places = await feeds.feed_for(call).listed(
        call.viewer, find, asked_place(call), feeds.asked_count(call) or count, call.at_us
    )
    following = str(places[-1]) if places and not page.is_end else None
    return {**page_json(page, call.viewer), "next": following}, places


async def save_clip(call: Call, clip_id: ClipId, is_saved: bool) -> SaveAnswer:
    server = call.server
    saves = await actions.save(server.backends, call.viewer, call.account, clip_id, is_saved, call.at_us, server.random)
    return SaveAnswer(saves.count, saves.is_saved)


async def create(call: Call, body: NewList) -> ListShape:
    server = call.server
    made = await actions.create(
        server.backends, call.account, body.kind, body.name, body.is_public, call.at_us, server.random
    )
    return list_json(call, made)


async def add(call: Call, list_id: ListId, clip_id: ClipId) -> ListShape:
    server = call.server
    now = await actions.add(server.backends, call.viewer, call.account, list_id, clip_id, call.at_us, server.random)
    return list_json(call, now)


def list_json(call: Call, found: ClipList, cover_url: str | None = None) -> ListShape:
    return {
        "id": id_text(found.id),
        "kind": found.kind.value,
        "name": found.name,
        "is_public": found.is_public,
        "owner": author_json(found.owner),
        "clip_count": found.clip_count,
        "has_clip": found.has_clip,
        "is_own": _is_own(call, found),
        "url": f"/list/{id_text(found.id)}",
        "cover_url": cover_url,
    }
