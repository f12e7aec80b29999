"""The door of the bytes: judged at every request, in ranges, under names whose bytes never change."""

import asyncio
import random
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from freehold.actions import clip as actions
from freehold.api.media import ANSWER_BYTES, Span, span_of
from freehold.app import clock_us
from freehold.domain.clip import Audience, Clip, ClipState, Rendition, RenditionKind, Wish, Withholding
from freehold.domain.ids import AccountId, ClipId, id_text, new_id, parse_id
from freehold.media.publication import content_name, renamed
from freehold.store import clip as clips
from freehold.store import rendition as renditions
from tests.conftest import Client, Running

WHOLE = random.Random(5).randbytes(3 * ANSWER_BYTES + 12_345)


@dataclass
class Shelf:
    """One published clip with one file, and its author's client."""

    running: Running
    author: Client
    clip_id: ClipId
    path: str
    key: str

    async def get(self, client: Client | None = None, method: str = "GET", **headers: str) -> Any:
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        return await (client or self.author).request(method, self.path, headers=sent)

    async def change(self, sql: str) -> None:
        await self.running.database.transact(lambda tx: tx.execute(f"UPDATE clip SET {sql}"))


async def put_clip(running: Running, author_id: AccountId, whole: bytes = WHOLE) -> tuple[ClipId, str, str]:
    at_us = clock_us()
    clip_id = ClipId(new_id(at_us, Random()))
    key = await running.server.backends.blobs.put(whole)
    name = content_name("r360.mp4", key)
    clip = Clip(
        clip_id, author_id, ClipState.READY, at_us, 0, 0, None, None, "a.mp4", len(whole), None, None, None, "",
        Audience.PUBLIC, Wish.PUBLISH, None, 1_000, 360, 640, "", 0, at_us, None, None, 0, 0, 0, 0,
    )  # fmt: skip
    file = Rendition(clip_id, name, RenditionKind.LADDER, key, "video/mp4", len(whole), 360, 640, 1, "avc1")

    async def work(transaction: Any) -> None:
        await clips.insert(transaction, clip, None)
        await renditions.put(transaction, file)
        await clips.set_published(transaction, clip_id, at_us)

    await running.database.transact(work)
    return clip_id, f"/media/{id_text(clip_id)}/{name}", key


@pytest.fixture
async def shelf(idle: Running) -> Shelf:
    author = await idle.new_client()
    account = await author.sign_up("alice")
    clip_id, path, key = await put_clip(idle, AccountId(parse_id(account["id"]) or 0))
    return Shelf(idle, author, clip_id, path, key)


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, None),
        ("bytes=0-0", Span(0, 1)),
        ("bytes=10-19", Span(10, 20)),
        ("bytes=90-1000", Span(90, 100)),
        ("bytes=90-", Span(90, 100)),
        ("bytes=-10", Span(90, 100)),
        ("bytes=-1000", Span(0, 100)),
        ("bytes=-0", Span(0, 0)),
        ("bytes=100-", Span(0, 0)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_a_range_is_read_as_http_says(header: str | None, span: Span | None) -> None:
    assert span_of(header, 100) == span


async def test_a_file_is_served_whole_with_what_caches_and_players_need(shelf: Shelf) -> None:
    answer = await shelf.get()
    assert (answer.status, await answer.read()) == (200, WHOLE)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == f'"{shelf.key.rpartition("/")[2]}"'
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert shelf.key.rpartition("/")[2][:16] in shelf.path
    head = await shelf.get(method="HEAD", range="bytes=0-9")
    assert (head.status, head.headers["Content-Length"]) == (200, str(len(WHOLE)))


@pytest.mark.parametrize(
    ("start", "end"), [(0, 10), (1_000_000, 1_000_001), (5, 2_000_000), (len(WHOLE) - 7, len(WHOLE))]
)
async def test_a_range_is_those_bytes_and_no_others(shelf: Shelf, start: int, end: int) -> None:
    answer = await shelf.get(range=f"bytes={start}-{end - 1}")
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(WHOLE)}"
    assert await answer.read() == WHOLE[start:end]


async def test_a_range_without_an_end_is_answered_in_parts_that_make_the_whole(shelf: Shelf) -> None:
    got, sizes = b"", []
    while len(got) < len(WHOLE):
        answer = await shelf.get(range=f"bytes={len(got)}-")
        assert answer.status == 206
        part = await answer.read()
        assert answer.headers["Content-Range"] == f"bytes {len(got)}-{len(got) + len(part) - 1}/{len(WHOLE)}"
        got += part
        sizes.append(len(part))
    assert got == WHOLE and max(sizes) == ANSWER_BYTES


async def test_the_last_bytes_can_be_asked_for_and_those_behind_the_end_cannot(shelf: Shelf) -> None:
    assert await (await shelf.get(range="bytes=-100")).read() == WHOLE[-100:]
    answer = await shelf.get(range=f"bytes={len(WHOLE)}-")
    assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{len(WHOLE)}")


async def test_what_a_cache_has_is_not_sent_again_and_a_range_of_other_bytes_is_the_whole(shelf: Shelf) -> None:
    tag = (await shelf.get(method="HEAD")).headers["ETag"]
    assert (await shelf.get(if_none_match=tag)).status == 304
    assert (await shelf.get(if_none_match=f'"other", {tag}')).status == 304
    assert (await shelf.get(if_none_match='"other"')).status == 200
    assert (await shelf.get(range="bytes=0-9", if_range=tag)).status == 206
    assert (await shelf.get(range="bytes=0-9", if_range='"other"')).status == 200


async def test_the_bytes_of_a_withheld_clip_are_withheld_and_who_demanded_it_is_said(shelf: Shelf) -> None:
    backends, order = shelf.running.server.backends, Withholding("A court", "12/34", "By order of a court.", 1, None)
    tag = (await shelf.get(method="HEAD")).headers["ETag"]
    await actions.withhold(backends, None, shelf.clip_id, order, Random(), clock_us())
    stranger = await shelf.running.new_client()
    for client in (stranger, shelf.author):
        answer = await shelf.get(client, range="bytes=0-9", if_none_match=tag)
        assert (answer.status, answer.headers["Cache-Control"]) == (451, "no-store")
        assert (await answer.json())["error"]["authority"] == "A court"
    await actions.release(backends, None, shelf.clip_id, clock_us())
    assert (await shelf.get(stranger)).status == 200


@pytest.mark.parametrize("change", ["audience = 'private'", "audience = 'followers'", "published_at_us = NULL"])
async def test_the_bytes_of_a_clip_that_is_not_for_all_are_absent_to_others(shelf: Shelf, change: str) -> None:
    await shelf.change(change)
    stranger = await shelf.running.new_client()
    assert (await shelf.get(stranger)).status == 404
    assert (await shelf.get(shelf.author)).status == 200


async def test_the_bytes_of_a_clip_for_followers_are_there_for_followers(shelf: Shelf) -> None:
    await shelf.change("audience = 'followers'")
    follower = await shelf.running.new_client()
    await follower.sign_up("bob")
    assert (await shelf.get(follower)).status == 404
    await follower.json("PUT", "/api/accounts/alice/follow")
    assert (await shelf.get(follower)).status == 200


@pytest.mark.parametrize("state", ["uploading", "uploaded", "probed", "refused", "failed", "expired"])
async def test_a_clip_that_is_not_to_be_watched_has_no_bytes_even_for_its_author(shelf: Shelf, state: str) -> None:
    await shelf.change(f"state = '{state}'")
    assert (await shelf.get()).status == 404


async def test_a_withdrawn_clips_bytes_are_its_authors_alone(shelf: Shelf) -> None:
    account = shelf.author.account
    assert account["handle"] == "alice"
    await shelf.author.json("POST", f"/api/clips/{id_text(shelf.clip_id)}/withdraw", {})
    assert (await shelf.get(await shelf.running.new_client())).status == 404
    assert (await shelf.get()).status == 200


async def test_a_name_that_the_clip_does_not_have_is_absent(shelf: Shelf) -> None:
    for path in (shelf.path + "x", f"/media/{id_text(shelf.clip_id)}/..%2Fsecret", "/media/0000000000000/r360.mp4"):
        assert (await shelf.author.request("GET", path)).status == 404


async def test_a_client_that_leaves_in_the_middle_stops_the_reading(shelf: Shelf) -> None:
    blobs, reads = shelf.running.server.backends.blobs, 0
    original = type(blobs).read

    async def counted(self: Any, key: str, start: int, end: int) -> bytes:
        nonlocal reads
        reads += 1
        await asyncio.sleep(0.02)
        return await original(self, key, start, end)

    type(blobs).read = counted
    try:
        answer = await shelf.get()
        await answer.content.read(1)
        answer.close()
        await asyncio.sleep(0.1)
        seen = reads
        await asyncio.sleep(0.3)
    finally:
        type(blobs).read = original
    assert reads == seen < len(WHOLE) // (256 << 10)


def test_a_playlist_is_renamed_to_its_files_names() -> None:
    text = '#EXTM3U\n#EXT-X-MAP:URI="v0.m4s",BYTERANGE="800@0"\n#EXTINF:4.0,\n#EXT-X-BYTERANGE:9@800\nv0.m4s\n'
    assert renamed(text, {"v0.m4s": "v0-abc.m4s"}) == text.replace("v0.m4s", "v0-abc.m4s")
