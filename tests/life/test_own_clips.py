"""An author's own clips over HTTP: from the upload to the published clip, its states, its cover, its end."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from freehold.app import clock_us
from freehold.domain.ids import id_text, parse_id
from freehold.media.jail import ffmpeg_path
from tests.api.made import ORDER, make_clip
from tests.conftest import Client, Running
from tests.life.conftest import Make
from tests.uploads.test_form import form


async def until(client: Client, clip_id: str, *states: str) -> dict[str, Any]:
    for _ in range(1_200):
        mine: dict[str, Any] = await client.json("GET", f"/api/clips/{clip_id}/mine")
        if mine["state"] in states:
            return mine
        assert mine["state_text"]
        assert mine["state"] not in ("refused", "failed"), mine["refusal"]
        await asyncio.sleep(0.05)
    raise AssertionError(f"the clip stays {mine['state']}")


@pytest.fixture
async def client(running: Running) -> Client:
    client = await running.new_client()
    await client.sign_up("alice")
    return client


async def upload(client: Client, path: Path, **words: str) -> str:
    answer = await client.request("POST", "/api/clips", data=form(path.read_bytes(), **words))
    assert answer.status == 201
    return str((await answer.json())["clip"]["id"])


async def test_a_clip_from_its_upload_to_its_end(client: Client, running: Running, make_film: Make) -> None:
    """Upload, watch, another cover, other words, withdraw, publish again, delete: and nothing is left."""
    clip_id = await upload(client, make_film(2, "320x240"), wish="publish")
    mine = await until(client, clip_id, "ready")
    assert mine["is_published"] and mine["refusal"] is None and not mine["can_retry"]
    assert (mine["progress_percent"], mine["queue_position"]) == (None, None)
    stranger = await running.new_client()
    for url in (mine["poster_url"], mine["strip_url"], mine["waveform_url"], mine["renditions"][0]["url"]):
        assert (await stranger.request("GET", url)).status == 200

    changed = await client.json("PATCH", f"/api/clips/{clip_id}", {"cover_ms": 1_500, "caption": "now #other"})
    assert (changed["cover_ms"], changed["caption"], changed["tags"]) == (1_500, "now #other", ["other"])
    assert changed["poster_url"] != mine["poster_url"]
    assert (await stranger.request("GET", mine["poster_url"])).status == 404
    picture = await (await stranger.request("GET", changed["poster_url"])).read()
    assert picture.startswith(b"\xff\xd8\xff")

    changed = await cover_by_picture(client, clip_id, changed)

    await client.json("POST", f"/api/clips/{clip_id}/withdraw")
    assert (await stranger.request("GET", changed["poster_url"])).status == 404
    await client.json("POST", f"/api/clips/{clip_id}/publish")
    await until(client, clip_id, "ready")
    assert (await stranger.request("GET", changed["poster_url"])).status == 200

    assert await client.refusal("POST", f"/api/clips/{clip_id}/retry") == (409, "clip-not-retryable")
    await client.json("DELETE", f"/api/clips/{clip_id}", status=204)
    assert await client.refusal("GET", f"/api/clips/{clip_id}/mine") == (404, "clip-absent")
    data_dir = Path(running.settings.server.data_dir)
    assert [path for path in (data_dir / "blobs").rglob("*") if path.is_file()] == []
    assert list((data_dir / "incoming").iterdir()) == []


def ffmpeg(*words: str, data: bytes = b"") -> bytes:
    """What it makes of the words and, on its standard input, the data."""
    command = [str(ffmpeg_path()), "-v", "error", *words, "-"]
    return subprocess.run(command, check=True, capture_output=True, input=data).stdout


async def cover_by_picture(client: Client, clip_id: str, before: dict[str, Any]) -> dict[str, Any]:
    """The clip, shown by a red picture of another shape."""
    picture = ffmpeg("-f", "lavfi", "-i", "color=red:s=80x200", "-frames:v", "1", "-c:v", "png", "-f", "image2pipe")
    answer = await client.request("PUT", f"/api/clips/{clip_id}/cover", data=picture)
    assert answer.status == 200, await answer.text()
    mine: dict[str, Any] = await answer.json()
    assert mine["has_cover_picture"] and mine["poster_url"] != before["poster_url"]
    poster = await (await client.request("GET", mine["poster_url"])).read()
    drawn = ffmpeg("-i", "-", "-vf", "scale=1:1", "-f", "rawvideo", "-pix_fmt", "rgb24", data=poster)
    assert drawn[0] > 200 and max(drawn[1:3]) < 40
    told = await client.json("GET", f"/api/clips/{clip_id}/history")
    assert [version["changed"] for version in told["versions"]] == [["cover"], ["caption", "cover"]]
    return mine


async def test_nobody_else_may_touch_a_clip(client: Client, running: Running, make_film: Make) -> None:
    clip_id = await upload(client, make_film())
    other = await running.new_client()
    await other.sign_up("mallory")
    assert await other.refusal("GET", f"/api/clips/{clip_id}/mine") == (404, "clip-absent")
    assert await other.refusal("PATCH", f"/api/clips/{clip_id}", {"caption": "mine now"}) == (404, "clip-absent")
    for verb in ("publish", "retry", "withdraw"):
        assert await other.refusal("POST", f"/api/clips/{clip_id}/{verb}") == (404, "clip-absent")
    assert await other.refusal("DELETE", f"/api/clips/{clip_id}") == (404, "clip-absent")
    assert (await other.json("GET", "/api/clips/mine"))["clips"] == []
    assert len((await client.json("GET", "/api/clips/mine"))["clips"]) == 1


async def test_a_wish_said_late_is_met_and_a_change_that_makes_no_sense_is_refused(
    client: Client, make_film: Make
) -> None:
    clip_id = await upload(client, make_film())
    assert (await client.json("POST", f"/api/clips/{clip_id}/publish"))["wish"] == "publish"
    assert (await until(client, clip_id, "ready"))["is_published"]
    timed = await upload(client, make_film())
    at_us = clock_us() + 1_500_000
    assert (await client.json("PATCH", f"/api/clips/{timed}", {"publish_at_us": at_us}))["publish_at_us"] == at_us
    while not (mine := await client.json("GET", f"/api/clips/{timed}/mine"))["is_published"]:
        assert clock_us() < at_us + 20_000_000, "a running server publishes it by itself"
        await asyncio.sleep(0.1)
    assert mine["published_at_us"] >= at_us
    path = f"/api/clips/{clip_id}"
    assert await client.refusal("PATCH", path, {"cover_ms": -1}) == (400, "bad-cover")
    assert await client.refusal("PATCH", path, {"title": "x"}) == (400, "bad-body")
    assert await client.refusal("PATCH", path, {"audience": "nobody"}) == (400, "bad-body")
    assert await client.refusal("PATCH", path, {"caption": "x" * 2_201}) == (400, "caption-too-long")


async def test_a_cover_beyond_every_clip_is_refused_while_nobody_knows_how_long_it_is(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("alice")
    headers = {"tus-resumable": "1.0.0", "upload-length": "10"}
    clip_id = (await client.request("POST", "/uploads", headers=headers)).headers["Freehold-Clip"]
    for cover_ms in (86_400_001, 1 << 63, 10**30):
        assert await client.refusal("PATCH", f"/api/clips/{clip_id}", {"cover_ms": cover_ms}) == (400, "bad-cover")
    assert (await client.json("PATCH", f"/api/clips/{clip_id}", {"cover_ms": 500}))["cover_ms"] == 500


async def test_the_author_of_a_withheld_clip_reads_by_whose_order_and_since_when(idle: Running) -> None:
    client = await idle.new_client()
    account_id = parse_id((await client.sign_up("alice"))["id"]) or 0
    clip_id = await make_clip(idle.server.backends, account_id, order=ORDER)
    mine = await client.json("GET", f"/api/clips/{id_text(clip_id)}/mine")
    assert mine["order"] == {"authority": "A Court", "reference": "AZ 12/34", "since_us": ORDER.since_us}
    assert mine["state_text"].startswith("This clip is withheld by order of A Court since 2025-10-09 (reference AZ 12")


async def test_ones_own_clips_are_paged_without_an_end(idle: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freehold.api.native.clips.MINE_LIMIT", 2)
    client = await idle.new_client()
    account_id = parse_id((await client.sign_up("alice"))["id"]) or 0
    made = sorted([await make_clip(idle.server.backends, account_id) for _ in range(5)], reverse=True)
    seen: list[str] = []
    while page := (await client.json("GET", f"/api/clips/mine{f'?before={seen[-1]}' if seen else ''}"))["clips"]:
        assert len(page) <= 2
        seen += [clip["id"] for clip in page]
    assert seen == [id_text(clip_id) for clip_id in made]
    answer = await client.request("GET", "/api/clips/mine?before=no!")
    assert answer.status == 400
