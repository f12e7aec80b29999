"""Who gets which answer: every route, asked by each seat, against the table in docs/access.md."""

import json
import re
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from freehold.actions.password import hash_new
from freehold.api.edge import SAFE_METHODS
from freehold.api.routes import Route
from freehold.api.table import ROUTES
from tests.api.scene import PASSWORD, PICTURE, SEATS, Scene, set_scene
from tests.conftest import ROOT, Running

ALL = [route for group in ROUTES for route in group.all]
TABLE = ROOT / "docs" / "access.md"
NEW_PASSWORD = "another horse battery"
VTT = b"WEBVTT\n\n00:00.000 --> 00:01.000\nHi\n"
TUS = {"tus-resumable": "1.0.0"}
BYTES = {"content-type": "application/offset+octet-stream", "upload-offset": "0"}


def json_of(**fields: Any) -> dict[str, Any]:
    return {"json": fields}


def form(**fields: str) -> dict[str, Any]:
    return {"data": fields}


def file_form(name: str, content: bytes, **fields: str) -> dict[str, Any]:
    data = aiohttp.FormData()
    for field, text in fields.items():
        data.add_field(field, text)
    data.add_field(name, content, filename="file")
    return {"data": data}


async def sent(scene: Scene, route: Route, seat: str) -> dict[str, Any]:
    """What makes the request a good one, so that nothing but who asks decides; with nothing here, the bare request."""
    page_id = await scene.page() if route.path == "/api/watches" else ""
    list_id = await scene.playlist() if route.path == "/forms/list" else ""
    watch = {"page_id": page_id, "position": 0, "clip_id": scene.clip, "watched_ms": 100, "completions": 0}
    author = scene.author.account.handle
    asking = scene.people[seat].account.handle if seat in scene.people else author
    signing_up = {"handle": f"new_{asking}_{seat}", "password": PASSWORD}
    good: Mapping[tuple[str, str], dict[str, Any]] = {
        ("POST", "/api/accounts"): json_of(**signing_up),
        ("POST", "/api/session"): json_of(handle=asking, password=PASSWORD),
        ("PUT", "/api/password"): json_of(old=PASSWORD, new=NEW_PASSWORD),
        ("PATCH", "/api/account"): json_of(bio="New"),
        ("DELETE", "/api/account"): json_of(password=PASSWORD),
        ("PUT", "/api/accounts/{handle}/role"): json_of(role="viewer"),
        ("PUT", "/api/feeds/for-you/profiling"): json_of(is_on=False),
        ("PUT", "/api/feeds/for-you/wishes/author/{handle}"): json_of(level=1),
        ("PUT", "/api/feeds/for-you/wishes/tag/{tag}"): json_of(level=1),
        ("PUT", "/api/feeds/muted-words"): json_of(words=["word"]),
        ("PUT", "/api/account/avatar"): {"data": PICTURE},
        ("PATCH", "/api/sounds/{id}"): json_of(name="Rain"),
        ("POST", "/forms/sound"): form(sound=scene.sound, name="Rain"),
        ("POST", "/api/watches"): json_of(batch=f"batch-of-{seat}", watches=[watch | {"skipped": True}]),
        ("GET", "/metrics"): {"headers": {"x-forwarded-for": "203.0.113.5"}},
        ("POST", "/forms/avatar"): file_form("avatar", PICTURE),
        ("POST", "/api/clips"): file_form("file", b"bytes"),
        ("PATCH", "/api/clips/{clip_id}"): json_of(caption="New"),
        ("POST", "/api/clips/cut"): json_of(parts=[{"clip": scene.clip, "from_ms": 0, "to_ms": 500}]),
        ("PUT", "/api/topics/{topic}"): json_of(title="Music", tags=["music"], place=1),
        ("POST", "/forms/topic"): form(name="music", title="Music", tags="music", place="1"),
        ("POST", "/api/clips/pictures"): json_of(pictures=[{"clip": scene.clip}]),
        ("POST", "/forms/photos"): file_form("file", PICTURE),
        ("POST", "/api/clips/text"): json_of(caption="Words"),
        ("POST", "/forms/text"): form(caption="Words", look="peat"),
        ("PUT", "/api/clips/{clip_id}/cover"): {"data": PICTURE},
        ("PUT", "/api/clips/{clip_id}/captions/{language}"): json_of(cues=[{"from_ms": 0, "to_ms": 1, "text": "Hi"}]),
        ("PUT", "/api/clips/{clip_id}/captions/{language}.vtt"): {"data": VTT},
        ("POST", "/api/clips/{id}/comments"): json_of(text="Hello"),
        ("PATCH", "/api/comments/{id}"): json_of(text="Anew"),
        ("PUT", "/api/account/comment-filter"): json_of(words=["word"]),
        ("POST", "/forms/comment-filter"): form(words="word"),
        ("PUT", "/api/clips/{id}/repost"): json_of(text="Look"),
        ("POST", "/forms/repost"): form(clip=scene.clip, on="1", text="Look"),
        ("POST", "/api/lists"): json_of(name="A new list"),
        ("PATCH", "/api/lists/{list_id}"): json_of(name="Another name"),
        ("PUT", "/api/lists/{list_id}/clips/{clip_id}/place"): json_of(place=1),
        ("POST", "/forms/save"): form(clip=scene.clip, on="1"),
        ("POST", "/forms/list"): form(list=list_id, verb="change", name="Another name"),
        ("GET", "/api/search"): {"params": {"q": "clip"}},
        ("GET", "/oembed"): {"params": {"url": f"{scene.client.base}/@{author}/video/{scene.clip}"}},
        ("POST", "/uploads"): {"headers": TUS | {"upload-length": "5"}},
        ("PATCH", "/uploads/{upload_id}"): {"headers": TUS | BYTES, "data": b"bytes"},
        ("POST", "/uploads/{upload_id}"): {"headers": TUS | {"x-http-method-override": "HEAD"}},
        ("DELETE", "/uploads/{upload_id}"): {"headers": TUS},
        ("HEAD", "/uploads/{upload_id}"): {"headers": TUS},
        ("POST", "/forms/clip"): form(clip=scene.clip, verb="withdraw"),
        ("POST", "/forms/cover"): file_form("picture", PICTURE, clip=scene.clip),
        ("POST", "/forms/captions"): file_form("captions", VTT, clip=scene.clip, language="en"),
        ("POST", "/forms/captions/delete"): form(clip=scene.clip, language="en"),
        ("POST", "/forms/words"): form(clip=scene.clip, caption="New"),
        ("POST", "/forms/comment"): form(clip=scene.clip, text="Hello"),
        ("POST", "/forms/delete-account"): form(password=PASSWORD),
        ("POST", "/forms/follow"): form(handle=author, on="1"),
        ("POST", "/forms/follow-tag"): form(tag="made", on="1"),
        ("POST", "/forms/like"): form(clip=scene.clip, on="1"),
        ("POST", "/forms/muted-words"): form(words="word"),
        ("POST", "/forms/password"): form(old=PASSWORD, new=NEW_PASSWORD),
        ("POST", "/forms/profile"): form(bio="New"),
        ("POST", "/forms/profiling"): form(on="0"),
        ("POST", "/forms/sign-in"): form(handle=asking, password=PASSWORD),
        ("POST", "/forms/sign-up"): form(**signing_up),
        ("POST", "/forms/upload"): file_form("file", b"bytes"),
        ("POST", "/forms/wish"): form(kind="tag", name="made", level="1"),
    }
    return good.get((route.method, route.path), {})


async def answered(scene: Scene, route: Route, seat: str) -> str:
    """`200`, `303 /sign-in`, `404 clip-absent`: the status, and what says more."""
    answer = await scene.ask(seat, route.method, await scene.path_of(route), **(await sent(scene, route, seat)))
    text = await answer.text(errors="replace")
    if answer.status in (302, 303):
        place = answer.headers["location"].partition("?")[0]
        return f"{answer.status} {place.replace(scene.author.account.handle, '{handle}').replace(scene.clip, '{id}')}"
    if answer.status >= 400 and answer.content_type == "application/json" and text:
        return f"{answer.status} {json.loads(text)['error']['code']}"
    return str(answer.status)


def table() -> dict[tuple[str, str], list[str]]:
    rows = re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \| (.+) \|$", TABLE.read_text("utf-8"), re.MULTILINE)
    return {(method, path): cells.split(" | ") for method, path, cells in rows}


def test_every_route_has_a_row_in_the_table_of_access_and_every_row_a_route() -> None:
    assert f"| method | path | {' | '.join(SEATS)} |" in TABLE.read_text("utf-8")
    assert list(table()) == sorted(((route.method, route.path) for route in ALL), key=lambda one: (one[1], one[0]))


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_every_route_answers_each_seat_as_the_table_says(idle: Running) -> None:
    """What changes something is asked in a scene of its own; what does not, in one for all."""
    client = await idle.new_client()
    password_hash = await hash_new(PASSWORD)
    shared = await set_scene(idle, client, password_hash)
    told, wrong = table(), []
    for route in sorted(ALL, key=lambda one: (one.path, one.method)):
        cells = []
        for seat in SEATS:
            scene = shared if route.method in SAFE_METHODS else await set_scene(idle, client, password_hash)
            cells.append(await answered(scene, route, seat))
        if cells != told.get((route.method, route.path)):
            wrong.append(f"| {route.method} | `{route.path}` | {' | '.join(cells)} |")
    if wrong:
        pytest.fail("\n".join(["What is right of this belongs into docs/access.md:", *wrong]), pytrace=False)
