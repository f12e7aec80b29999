"""One clip from a phone's file to what the feed learned from it: `docs/life-of-a-clip.md`, walked."""

import asyncio
import base64
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from freehold.config import BlobSettings, Settings
from freehold.store import journal
from tests.conftest import Client, Running


@pytest.fixture
def settings(settings: Settings, dialect: str, request: pytest.FixtureRequest) -> Settings:
    """SQLite with a folder, and PostgreSQL with S3."""
    if dialect == "sqlite":
        return settings
    return replace(settings, blobs=BlobSettings(f"{request.getfixturevalue('s3').address}/{uuid4().hex}"))


async def upload(client: Client, path: Path, caption: str) -> str:
    """By tus, in two parts; the clip's id."""
    data = path.read_bytes()
    words = {"filename": path.name, "caption": caption, "wish": "publish"}
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in words.items())
    tus = {"tus-resumable": "1.0.0"}
    begun = await client.request(
        "POST", "/uploads", headers={**tus, "upload-length": str(len(data)), "upload-metadata": metadata}
    )
    assert begun.status == 201, await begun.text()
    location = begun.headers["location"].removeprefix(client.base)
    offset = 0
    for part in (data[: len(data) // 2], data[len(data) // 2 :]):
        headers = {**tus, "upload-offset": str(offset), "content-type": "application/offset+octet-stream"}
        answer = await client.request("PATCH", location, headers=headers, data=part)
        assert answer.status == 204, await answer.text()
        offset = int(answer.headers["upload-offset"])
    assert offset == len(data)
    return begun.headers["freehold-clip"]


async def test_a_clip_is_uploaded_made_playable_published_shown_watched_and_learned_from(
    running: Running, media_dir: Path
) -> None:
    author, viewer = await running.new_client(), await running.new_client()
    await author.sign_up("author")
    clip_id = await upload(author, media_dir / "valid" / "gradio__muted_b.mp4", "Two seconds of #rain")

    states: list[str] = []
    for _ in range(600):
        mine = await author.json("GET", f"/api/clips/{clip_id}/mine")
        if not states or states[-1] != mine["state"]:
            states.append(mine["state"])
        if mine["state"] in ("ready", "refused", "failed"):
            break
        await asyncio.sleep(0.1)
    order = ["uploaded", "probed", "playable", "ready"]
    assert states[-1] == "ready", mine
    assert states == [state for state in order if state in states]
    assert mine["is_published"]
    assert 4900 <= mine["duration_ms"] <= 5100

    await viewer.load_csrf()
    served: list[dict[str, object]] = []
    for _ in range(50):
        page = await viewer.json("GET", "/api/feeds/for-you?count=5")
        served = page["clips"]
        if served:
            break
        await asyncio.sleep(0.1)
    assert [one["clip"]["id"] for one in served] == [clip_id]
    clip = served[0]["clip"]
    assert clip["tags"] == ["rain"]

    rendition = clip["renditions"][0]
    part = await viewer.request("GET", rendition["url"], headers={"range": "bytes=0-99"})
    assert part.status == 206
    assert (await part.read())[4:8] == b"ftyp"
    assert (await viewer.request("GET", clip["poster_url"])).status == 200

    before = running.server.feed.learning.learner.hash()
    watch = {
        "page_id": page["page_id"], "position": 0, "clip_id": clip_id, "watched_ms": 5000, "completions": 1,
        "skipped": False, "liked": True,
    }  # fmt: skip
    body = {"batch": "batch-of-one", "watches": [watch]}
    assert await viewer.json("POST", "/api/watches", body) == {"accepted": 1, "repeated": False}
    assert running.server.feed.learning.learner.hash() != before
    assert (await viewer.json("POST", "/api/watches", body))["repeated"]

    why = await viewer.json("GET", f"/api/why/{page['page_id']}/0")
    assert sum(term["value"] for term in why["terms"]) == why["score"]

    assert (await viewer.json("GET", "/api/feeds/for-you"))["clips"] == []

    kinds = [entry.kind.value for entry in await journal.after(running.database, 0, 100)]
    expected = ["account.created", "clip.uploaded", "clip.published"]
    assert [kind for kind in kinds if kind in expected] == expected
