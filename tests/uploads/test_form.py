"""The plain form: one POST that ends where tus ends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from freehold.actions.upload import UploadRules
from freehold.api.multipart import Field, FileBegin, FileEnd, FormReader
from freehold.domain.errors import BadInput
from tests.conftest import Client, Running, run_server
from tests.uploads.test_tus import WHOLE, code_of


def form(data: bytes = WHOLE, **words: str) -> aiohttp.FormData:
    """Caption before the file, the other words after it."""
    made = aiohttp.FormData(quote_fields=False)
    made.add_field("caption", words.pop("caption", "by form #form"))
    made.add_field("file", data, filename="fünf.mp4", content_type="video/mp4")
    for name, text in words.items():
        made.add_field(name, text)
    return made


@pytest.fixture
async def client(idle: Running) -> Client:
    client = await idle.new_client()
    await client.sign_up("alice")
    return client


def incoming(running: Running) -> list[Path]:
    return list((Path(running.settings.server.data_dir) / "incoming").glob("*"))


async def test_a_file_sent_by_a_form_becomes_a_clip_that_waits_for_its_first_step(
    client: Client, idle: Running
) -> None:
    answer = await client.request("POST", "/api/clips", data=form(wish="publish", audience="private"))
    assert answer.status == 201
    mine = (await answer.json())["clip"]
    assert (mine["state"], mine["size_bytes"], mine["file_name"]) == ("uploaded", len(WHOLE), "fünf.mp4")
    assert (mine["caption"], mine["tags"], mine["wish"]) == ("by form #form", ["form"], "publish")
    assert mine["audience"] == "private"
    assert [path.read_bytes() for path in incoming(idle)] == [WHOLE]


async def test_a_form_without_a_file_or_with_an_empty_one_is_refused(client: Client, idle: Running) -> None:
    bare = aiohttp.FormData()
    bare.add_field("caption", "nothing", content_type="text/plain")
    assert await code_of(await client.request("POST", "/api/clips", data=bare)) == (400, "file-missing")
    assert await code_of(await client.request("POST", "/api/clips", data=form(b""))) == (400, "upload-empty")
    assert await code_of(await client.request("POST", "/api/clips", json={"file": "x"})) == (400, "form-malformed")
    assert (await client.json("GET", "/api/clips/mine"))["clips"] == []
    assert incoming(idle) == []


async def test_a_form_with_two_files_is_refused_and_leaves_nothing(client: Client, idle: Running) -> None:
    two = form()
    two.add_field("other", WHOLE, filename="other.mp4", content_type="video/mp4")
    two.add_field("wish", "publish")
    assert await code_of(await client.request("POST", "/api/clips", data=two)) == (400, "file-second")
    assert (await client.json("GET", "/api/clips/mine"))["clips"] == []
    assert incoming(idle) == []


async def test_a_boundary_that_is_too_long_is_refused(client: Client) -> None:
    headers = {"content-type": f"multipart/form-data; boundary={'b' * 300}"}
    answer = await client.request("POST", "/api/clips", headers=headers, data=b"--b")
    assert await code_of(answer) == (400, "form-malformed")


async def test_words_that_come_behind_the_file_and_are_bad_leave_nothing(client: Client, idle: Running) -> None:
    assert await code_of(await client.request("POST", "/api/clips", data=form(wish="maybe"))) == (400, "bad-words")
    assert (await client.json("GET", "/api/clips/mine"))["clips"] == []
    assert incoming(idle) == []


async def test_a_form_that_breaks_off_leaves_nothing(client: Client, idle: Running) -> None:
    is_sent = asyncio.Event()

    async def breaks_off() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + WHOLE[:50_000]
        is_sent.set()
        await asyncio.sleep(60)

    headers = {"content-type": "multipart/form-data; boundary=b", "content-length": "100000"}
    sending = asyncio.create_task(client.request("POST", "/api/clips", headers=headers, data=breaks_off()))
    await is_sent.wait()
    await asyncio.sleep(0.2)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    for _ in range(100):
        if not (await client.json("GET", "/api/clips/mine"))["clips"]:
            break
        await asyncio.sleep(0.02)
    assert (await client.json("GET", "/api/clips/mine"))["clips"] == []
    assert incoming(idle) == []


async def test_a_form_over_the_size_is_refused(settings: Any) -> None:
    async with run_server(replace(settings, uploads=UploadRules(max_size_bytes=1000)), works=False) as running:
        client = await running.new_client()
        await client.sign_up("alice")
        assert await code_of(await client.request("POST", "/api/clips", data=form(bytes(1001)))) == (
            413,
            "upload-too-big",
        )
        assert (await client.request("POST", "/api/clips", data=form(bytes(1000)))).status == 201


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_a_form_is_read_alike_however_it_is_cut(size: int) -> None:
    body = (
        b'--xyz\r\nContent-Disposition: form-data; name="caption"\r\n\r\none\r\ntwo\r\n'
        b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\nContent-Type: video/mp4\r\n\r\n'
        b"\r\n--xy not the end\r\n\r\n--xyz--\r\n"
    )

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]

    events = [event async for event in FormReader("multipart/form-data; boundary=xyz").events(parts())]
    assert events[0] == Field("caption", "one\r\ntwo")
    assert events[1] == FileBegin("file", "a.mp4")
    assert events[-1] == FileEnd()
    assert b"".join(event for event in events if isinstance(event, bytes)) == b"\r\n--xy not the end\r\n"


async def test_a_form_that_ends_early_is_malformed() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b'--xyz\r\nContent-Disposition: form-data; name="caption"\r\n\r\none'

    with pytest.raises(BadInput, match="form-malformed"):
        [event async for event in FormReader("multipart/form-data; boundary=xyz").events(parts())]
