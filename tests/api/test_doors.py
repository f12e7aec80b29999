"""Judging happens at every door: the route table is walked, and each is asked for clips that may not be shown."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from freehold.api.table import ROUTES
from freehold.domain.clip import Audience, ClipState
from freehold.domain.ids import ClipId, PageId, id_text, parse_id
from tests.api.made import ORDER, make_clip
from tests.conftest import Client, Running

CAPTION = "secretwords"
CLIP_ROUTES = sorted(
    {
        (route.method, route.path)
        for group in ROUTES
        for route in group.all
        if any(word in route.path for word in ("clip", "{id}", "video"))
    }
)
"""Whatever has a clip's id in its path, and kin."""
LISTS = (
    "/", "/@{handle}", "/@{handle}/clips.html", "/feed/for-you.html", "/tag/made", "/api/feeds/for-you",
    "/api/accounts/{handle}/clips", "/api/tags/made/clips", "/tag/made/clips.html",
    "/following", "/feed/following.html", "/api/feeds/following",
    "/@{handle}/feed.atom", "/tag/made/feed.atom", "/sitemap/clips-0000000000000.xml",
)  # fmt: skip
OWN = frozenset(
    {
        ("GET", "/api/clips/{clip_id}/mine"), ("PATCH", "/api/clips/{clip_id}"), ("DELETE", "/api/clips/{clip_id}"),
        ("POST", "/api/clips/{clip_id}/publish"), ("POST", "/api/clips/{clip_id}/retry"),
        ("POST", "/api/clips/{clip_id}/withdraw"), ("PUT", "/api/clips/{clip_id}/cover"),
        ("PUT", "/api/clips/{clip_id}/pin"), ("DELETE", "/api/clips/{clip_id}/pin"), ("GET", "/studio/{clip_id}"),
        ("PUT", "/api/lists/{list_id}/clips/{clip_id}"), ("DELETE", "/api/lists/{list_id}/clips/{clip_id}"),
        ("PUT", "/api/clips/{clip_id}/captions/{language}"), ("PUT", "/api/clips/{clip_id}/captions/{language}.vtt"),
        ("DELETE", "/api/clips/{clip_id}/captions/{language}"),
    }
)  # fmt: skip
"""The author's own doors: for everybody else the clip is absent, whatever its state."""
ELSEWHERE = frozenset(
    {
        ("DELETE", "/api/sessions/{id}"), ("DELETE", "/api/comments/{id}"), ("GET", "/api/comments/{id}"),
        ("PATCH", "/api/comments/{id}"), ("GET", "/api/comments/{id}/replies"), ("GET", "/api/comments/{id}/versions"),
        ("PUT", "/api/comments/{id}/like"), ("DELETE", "/api/comments/{id}/like"), ("PUT", "/api/comments/{id}/pin"),
        ("DELETE", "/api/comments/{id}/pin"), ("POST", "/api/comments/{id}/let-through"), ("GET", "/api/clips/mine"),
        ("POST", "/api/clips"), ("POST", "/api/clips/cut"), ("POST", "/api/clips/text"),
        ("POST", "/api/clips/pictures"),
        ("POST", "/forms/clip"), ("GET", "/@{handle}/clips.html"),
        ("GET", "/api/accounts/{handle}/clips"), ("GET", "/api/tags/{tag}/clips"), ("GET", "/tag/{tag}/clips.html"),
        ("GET", "/search/clips.html"), ("GET", "/sound/{id}"), ("GET", "/sound/{id}/clips.html"),
        ("GET", "/api/sounds/{id}/clips"), ("GET", "/api/sounds/{id}"), ("PATCH", "/api/sounds/{id}"),
        ("GET", "/api/topics/{topic}/clips"),
        ("GET", "/explore/{topic}/clips.html"), ("GET", "/api/lists/{list_id}/clips"),
        ("GET", "/list/{list_id}/clips.html"),
        ("GET", "/saved/clips.html"), ("PUT", "/api/lists/{list_id}/clips/{clip_id}/place"),
    }
)  # fmt: skip
"""Not a clip's id, or a list, which has a test of its own."""


@dataclass
class Hidden:
    name: str
    clip_id: ClipId
    status: int
    """What a door that is asked for this very clip answers."""


async def hidden_clips(running: Running, author_id: int) -> list[Hidden]:
    async def make(name: str, status: int, **more: Any) -> Hidden:
        return Hidden(name, await make_clip(running.server.backends, author_id, caption=CAPTION, **more), status)

    return [
        await make("withheld", 451, order=ORDER),
        await make("private", 404, audience=Audience.PRIVATE),
        await make("followers", 404, audience=Audience.FOLLOWERS),
        await make("draft", 404, is_published=False),
        await make("withdrawn", 404, is_published=False, state=ClipState.WITHDRAWN),
        await make("refused", 404, is_published=False, state=ClipState.REFUSED),
        await make("private and withheld", 404, audience=Audience.PRIVATE, order=ORDER),
    ]


def path_of(path: str, clip_id: ClipId) -> str:
    filled = path.replace("{handle}", "author")
    filled = re.sub(r"\{(id|clip_id)\}", id_text(clip_id), filled)
    return filled.replace("{name}", "low.mp4").replace("{language}", "en")


def body_of(method: str, path: str) -> dict[str, Any]:
    if path.endswith(".vtt") and method == "PUT":
        return {"data": b"WEBVTT\n\n00:00.000 --> 00:01.000\nHi\n"}
    if path.endswith("{language}") and method == "PUT":
        return {"json": {"cues": [{"from_ms": 0, "to_ms": 1, "text": "Hi"}]}}
    if path.endswith("/comments") and method == "POST":
        return {"json": {"text": "hello"}}
    return {"json": {}} if method in ("PATCH", "POST") or path.endswith("/repost") else {}


async def strangers(running: Running) -> list[Client]:
    """Nobody, and another creator."""
    nobody, other = [await running.new_client() for _ in range(2)]
    await nobody.load_csrf()
    await other.sign_up("other")
    return [nobody, other]


async def test_no_door_shows_a_clip_that_may_not_be_shown(idle: Running) -> None:
    author = await idle.new_client()
    author_id = parse_id((await author.sign_up("author"))["id"]) or 0
    hidden = await hidden_clips(idle, author_id)
    doors = [door for door in CLIP_ROUTES if door not in ELSEWHERE]
    assert len(doors) >= 10, "the walk has lost its doors"
    for client in await strangers(idle):
        for method, path in doors:
            for clip in hidden:
                answer = await client.request(method, path_of(path, clip.clip_id), **body_of(method, path))
                text = await answer.text()
                wanted = {404} if (method, path) in OWN else {clip.status}
                if not client.account:
                    wanted |= {401}
                    asks = answer.headers.get("location", "").startswith("/sign-in?next=")
                    wanted |= {303} if asks and (method, path) in OWN else set()
                assert answer.status in wanted, (method, path, clip.name, answer.status, text[:300])
                assert CAPTION not in text and f"bytes of {clip.clip_id}" not in text
                if answer.status == 451:
                    assert answer.headers["cache-control"] == "no-store"
                    assert 'rel="blocked-by"' in answer.headers["link"]


async def test_lists_leave_hidden_clips_out_and_show_the_others(idle: Running) -> None:
    author = await idle.new_client()
    author_id = parse_id((await author.sign_up("author"))["id"]) or 0
    await hidden_clips(idle, author_id)
    shown = await make_clip(idle.server.backends, author_id, caption="openwords")
    nobody, other = await strangers(idle)
    await other.json("PUT", "/api/tags/made/follow")
    for client in (nobody, other):
        for path in LISTS:
            answer = await client.request("GET", path.replace("{handle}", "author"))
            text = await answer.text()
            if "following" in path:
                assert answer.status in (200, 303, 401) and CAPTION not in text
                continue
            assert answer.status == 200, (path, text[:300])
            assert CAPTION not in text, path
            if "for-you" not in path and path != "/":
                assert id_text(shown) in text, path


async def test_the_bytes_of_a_withheld_clip_stay_shut_even_for_ranges_and_known_etags(idle: Running) -> None:
    author = await idle.new_client()
    author_id = parse_id((await author.sign_up("author"))["id"]) or 0
    clip_id = await make_clip(idle.server.backends, author_id)
    url = f"/media/{id_text(clip_id)}/low.mp4"
    nobody = await idle.new_client()
    answer = await nobody.request("GET", url)
    assert answer.status == 200 and await answer.read() == f"bytes of {clip_id}".encode()
    order_id = await make_clip(idle.server.backends, author_id, order=ORDER)
    await idle.database.transact(
        lambda tx: tx.execute("UPDATE withholding SET clip_id = $1 WHERE clip_id = $2", clip_id, order_id)
    )
    tag = answer.headers["etag"]
    for headers in ({}, {"range": "bytes=0-3"}, {"if-none-match": tag}, {"if-range": tag, "range": "bytes=1-2"}):
        for method in ("GET", "HEAD"):
            assert (await nobody.request(method, url, headers=headers)).status == 451, (method, headers)
    assert (await author.request("GET", url)).status == 451


async def test_a_clip_that_is_withheld_after_it_was_shown_is_not_shown_by_its_why_page(idle: Running) -> None:
    author = await idle.new_client()
    author_id = parse_id((await author.sign_up("author"))["id"]) or 0
    clip_id = await make_clip(idle.server.backends, author_id, caption=CAPTION)
    nobody = await idle.new_client()
    await nobody.load_csrf()
    served = (await nobody.json("GET", f"/api/clips/{id_text(clip_id)}"))["served"]
    why = f"/why/{served['page_id']}/{served['position']}"
    assert CAPTION in await (await nobody.request("GET", why)).text()
    await idle.database.transact(lambda tx: tx.execute("UPDATE clip SET audience = 'private' WHERE id = $1", clip_id))
    answer = await nobody.request("GET", why)
    assert answer.status == 200 and CAPTION not in await answer.text()
    stranger = await idle.new_client()
    assert (await stranger.request("GET", f"/api{why}")).status == 404, "what was shown to you is yours alone"
    assert PageId(parse_id(served["page_id"]) or 0)


@pytest.mark.parametrize("verb", ["like", "comment", "follow"])
async def test_forms_are_doors_too(idle: Running, verb: str) -> None:
    author = await idle.new_client()
    author_id = parse_id((await author.sign_up("author"))["id"]) or 0
    withheld = await make_clip(idle.server.backends, author_id, order=ORDER)
    other = await idle.new_client()
    await other.sign_up("other")
    fields = {"csrf": other.csrf, "clip": id_text(withheld), "text": "x", "on": "1", "handle": "nobody_there"}
    answer = await other.request("POST", f"/forms/{verb}", data=fields)
    assert answer.status == (404 if verb == "follow" else 451)
