"""tus 1.0 as its text says it, over HTTP, on a server without media work."""

import asyncio
import base64
import hashlib
import random
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.upload import UploadRules, expire
from freehold.app import clock_us
from tests.conftest import Client, Running, run_server

WHOLE = random.Random(1).randbytes(100_000)
TUS = {"tus-resumable": "1.0.0"}
OCTETS = {"content-type": "application/offset+octet-stream"}


@pytest.fixture
async def client(idle: Running) -> Client:
    client = await idle.new_client()
    await client.sign_up("alice")
    return client


def metadata(**words: str) -> str:
    return ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in words.items())


async def create(client: Client, size_bytes: int = len(WHOLE), data: bytes | None = None, **words: str) -> Any:
    headers = TUS | {"upload-length": str(size_bytes)} | ({"upload-metadata": metadata(**words)} if words else {})
    return await client.request("POST", "/uploads", headers=headers | (OCTETS if data else {}), data=data)


async def patch(client: Client, path: str, offset: int, data: Any, **headers: str) -> Any:
    fixed = TUS | OCTETS | {"upload-offset": str(offset)}
    return await client.request("PATCH", path, headers=fixed | headers, data=data)


async def offset_of(client: Client, path: str) -> int:
    answer = await client.request("HEAD", path, headers=TUS)
    assert answer.status == 200
    return int(answer.headers["Upload-Offset"])


async def code_of(answer: Any) -> tuple[int, str]:
    return answer.status, (await answer.json())["error"]["code"]


def kept(running: Running, path: str) -> bytes:
    return (Path(running.settings.server.data_dir) / "incoming" / path.rpartition("/")[2]).read_bytes()


async def test_the_server_says_what_its_tus_can_do(client: Client) -> None:
    answer = await client.request("OPTIONS", "/uploads")
    assert answer.status == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,termination,expiration,checksum"
    assert set(answer.headers["Tus-Checksum-Algorithm"].split(",")) == {"sha1", "sha256", "md5", "crc32"}
    assert int(answer.headers["Tus-Max-Size"]) == UploadRules().max_size_bytes


async def test_a_file_sent_in_pieces_arrives_whole_and_its_clip_waits_for_its_first_step(
    client: Client, idle: Running
) -> None:
    answer = await create(
        client, filename="dance.mp4", caption="First #Try of #ÉTÉ", wish="publish", audience="followers"
    )
    assert answer.status == 201
    path, clip_id = answer.headers["Location"], answer.headers["Freehold-Clip"]
    assert "Upload-Expires" in answer.headers
    first = await patch(client, path, 0, WHOLE[:30_000])
    assert (first.status, first.headers["Upload-Offset"]) == (204, "30000")
    assert "Upload-Expires" in first.headers
    mine = await client.json("GET", f"/api/clips/{clip_id}/mine")
    assert (mine["state"], mine["progress_percent"]) == ("uploading", 30)
    assert await offset_of(client, path) == 30_000
    assert (await patch(client, path, 30_000, WHOLE[30_000:])).headers["Upload-Offset"] == str(len(WHOLE))
    mine = await client.json("GET", f"/api/clips/{clip_id}/mine")
    assert (mine["state"], mine["queue_position"], mine["file_name"]) == ("uploaded", 1, "dance.mp4")
    assert (mine["caption"], mine["wish"], mine["audience"]) == ("First #Try of #ÉTÉ", "publish", "followers")
    assert mine["tags"] == ["try", "été"]
    assert kept(idle, path) == WHOLE


async def test_the_first_bytes_may_come_with_the_creation(client: Client, idle: Running) -> None:
    answer = await create(client, data=WHOLE)
    assert (answer.status, answer.headers["Upload-Offset"]) == (201, str(len(WHOLE)))
    assert kept(idle, answer.headers["Location"]) == WHOLE


async def test_bytes_at_another_offset_than_the_durable_one_are_refused(client: Client) -> None:
    path = (await create(client)).headers["Location"]
    assert await code_of(await patch(client, path, 5, b"12345")) == (409, "upload-offset")
    await patch(client, path, 0, WHOLE[:10])
    assert await code_of(await patch(client, path, 0, WHOLE[:10])) == (409, "upload-offset")
    assert await code_of(await patch(client, path, len(WHOLE) + 1, b"1")) == (409, "upload-offset")
    assert await offset_of(client, path) == 10


async def test_more_bytes_than_announced_are_refused_whether_or_not_their_number_is_said(client: Client) -> None:
    path = (await create(client, 10)).headers["Location"]
    assert await code_of(await patch(client, path, 0, b"x" * 11)) == (413, "upload-overflow")

    async def unannounced() -> AsyncIterator[bytes]:
        yield b"x" * 6
        yield b"x" * 6

    assert await code_of(await patch(client, path, 0, unannounced())) == (413, "upload-overflow")
    assert await offset_of(client, path) == 0


async def test_another_version_of_tus_is_refused_and_told_ours(client: Client) -> None:
    answer = await client.request("POST", "/uploads", headers={"tus-resumable": "0.2.2", "upload-length": "5"})
    assert (answer.status, answer.headers["Tus-Version"]) == (412, "1.0.0")
    path = (await create(client)).headers["Location"]
    assert (await client.request("HEAD", path)).status == 412


async def test_bytes_of_another_content_type_are_refused(client: Client) -> None:
    path = (await create(client)).headers["Location"]
    answer = await client.request(
        "PATCH", path, headers=TUS | {"upload-offset": "0", "content-type": "video/mp4"}, data=b"1"
    )
    assert await code_of(answer) == (415, "upload-content-type")


@pytest.mark.parametrize("length", [None, "-1", "ten", "1" * 30])
async def test_an_upload_of_unknown_length_is_refused(client: Client, length: str | None) -> None:
    headers = TUS | ({} if length is None else {"upload-length": length})
    assert await code_of(await client.request("POST", "/uploads", headers=headers)) == (400, "upload-header")


@pytest.mark.parametrize("header", ["filename !!!", "a QQ==,a QQ==", " ,", "name /w=="])
async def test_malformed_metadata_is_refused(client: Client, header: str) -> None:
    answer = await client.request("POST", "/uploads", headers=TUS | {"upload-length": "5", "upload-metadata": header})
    assert await code_of(answer) == (400, "upload-metadata")


@pytest.mark.parametrize("name", ["sha1", "sha256", "md5", "crc32"])
async def test_bytes_that_do_not_match_their_checksum_are_not_kept(client: Client, idle: Running, name: str) -> None:
    path = (await create(client)).headers["Location"]
    half = len(WHOLE) // 2

    def sum_of(data: bytes) -> str:
        digest = zlib.crc32(data).to_bytes(4, "big") if name == "crc32" else hashlib.new(name, data).digest()
        return f"{name} {base64.b64encode(digest).decode()}"

    answer = await patch(client, path, 0, WHOLE[:half], **{"upload-checksum": sum_of(b"other bytes")})
    assert await code_of(answer) == (460, "checksum-mismatch")
    assert await offset_of(client, path) == 0
    good = await patch(client, path, 0, WHOLE[:half], **{"upload-checksum": sum_of(WHOLE[:half])})
    assert good.headers["Upload-Offset"] == str(half)
    await patch(client, path, half, WHOLE[half:], **{"upload-checksum": sum_of(WHOLE[half:])})
    assert kept(idle, path) == WHOLE


async def test_an_unknown_checksum_is_refused(client: Client) -> None:
    path = (await create(client)).headers["Location"]
    answer = await patch(client, path, 0, b"1", **{"upload-checksum": "sha3 QQ=="})
    assert await code_of(answer) == (400, "checksum-algorithm")


@pytest.mark.parametrize("header", ["sha1 é", "sha1 ?", "sha1 QQ"])
async def test_a_checksum_that_is_none_is_refused(client: Client, header: str) -> None:
    path = (await create(client)).headers["Location"]
    answer = await patch(client, path, 0, b"1", **{"upload-checksum": header})
    assert await code_of(answer) == (400, "checksum-malformed")


@pytest.mark.parametrize(
    ("data", "headers", "refusal"),
    [
        (WHOLE[:9], {"upload-checksum": "sha1 QQ=="}, (460, "checksum-mismatch")),
        (WHOLE[:9], {"upload-checksum": "sha3 QQ=="}, (400, "checksum-algorithm")),
        (WHOLE[:11], {}, (413, "upload-overflow")),
    ],
)
async def test_an_upload_whose_first_bytes_are_refused_is_forgotten(
    client: Client, idle: Running, data: bytes, headers: dict[str, str], refusal: tuple[int, str]
) -> None:
    """Its address was never said, so it would only count against its author until it expires."""
    begin = TUS | OCTETS | {"upload-length": "10"} | headers
    assert await code_of(await client.request("POST", "/uploads", headers=begin, data=data)) == refusal
    assert (await client.json("GET", "/api/clips/mine"))["clips"] == []
    assert list((Path(idle.settings.server.data_dir) / "incoming").glob("*")) == []


async def test_a_terminated_upload_is_gone_with_its_clip_and_its_bytes(client: Client, idle: Running) -> None:
    answer = await create(client, data=WHOLE[:10])
    path, clip_id = answer.headers["Location"], answer.headers["Freehold-Clip"]
    assert (await client.request("DELETE", path, headers=TUS)).status == 204
    assert (await client.request("HEAD", path, headers=TUS)).status == 404
    assert await client.refusal("GET", f"/api/clips/{clip_id}/mine") == (404, "clip-absent")
    with pytest.raises(FileNotFoundError):
        kept(idle, path)


async def test_a_complete_upload_is_not_terminated_any_more(client: Client) -> None:
    path = (await create(client, data=WHOLE)).headers["Location"]
    assert await code_of(await client.request("DELETE", path, headers=TUS)) == (409, "upload-finished")


async def test_clients_that_can_only_post_name_the_method_in_a_header(client: Client) -> None:
    path = (await create(client)).headers["Location"]
    headers = TUS | OCTETS | {"upload-offset": "0", "x-http-method-override": "PATCH"}
    assert (await client.request("POST", path, headers=headers, data=WHOLE[:7])).status == 204
    assert await offset_of(client, path) == 7
    answer = await client.request("POST", path, headers=TUS | {"x-http-method-override": "DELETE"})
    assert answer.status == 204


async def test_somebody_elses_upload_is_absent(client: Client, idle: Running) -> None:
    path = (await create(client)).headers["Location"]
    other = await idle.new_client()
    await other.sign_up("mallory")
    assert (await other.request("HEAD", path, headers=TUS)).status == 404
    assert await code_of(await patch(other, path, 0, b"1")) == (404, "upload-absent")
    assert (await other.request("DELETE", path, headers=TUS)).status == 404
    assert await offset_of(client, path) == 0


async def test_nobody_uploads_signed_out_or_without_the_pages_token(client: Client, idle: Running) -> None:
    stranger = await idle.new_client()
    assert (await stranger.request("POST", "/uploads", headers=TUS | {"upload-length": "5"})).status == 401
    client.csrf = "not it"
    assert await code_of(await create(client)) == (403, "csrf")


async def test_an_upload_that_nobody_goes_on_with_expires_and_its_clip_says_so(client: Client, idle: Running) -> None:
    answer = await create(client, data=WHOLE[:10])
    path, clip_id = answer.headers["Location"], answer.headers["Freehold-Clip"]
    server = idle.server
    tomorrow_us = clock_us() + (UploadRules().expire_after_s + 60) * 1_000_000
    assert await expire(server.backends, server.incoming_dir, clock_us()) == 0
    assert await expire(server.backends, server.incoming_dir, tomorrow_us) == 1
    assert (await client.request("HEAD", path, headers=TUS)).status == 404
    mine = await client.json("GET", f"/api/clips/{clip_id}/mine")
    assert (mine["state"], mine["refusal"]["code"], mine["can_retry"]) == ("expired", "upload-expired", False)
    with pytest.raises(FileNotFoundError):
        kept(idle, path)


async def test_an_upload_past_its_time_is_gone_before_it_is_cleared_away(settings: Any) -> None:
    rules = replace(UploadRules(), expire_after_s=0)
    async with run_server(replace(settings, uploads=rules), works=False) as running:
        client = await running.new_client()
        await client.sign_up("alice")
        path = (await create(client)).headers["Location"]
        assert (await client.request("HEAD", path, headers=TUS)).status == 410
        assert await code_of(await patch(client, path, 0, b"1")) == (410, "upload-expired")


async def test_what_arrived_before_a_connection_broke_is_kept(client: Client, idle: Running) -> None:
    path = (await create(client)).headers["Location"]
    is_sent = asyncio.Event()

    async def breaks_off() -> AsyncIterator[bytes]:
        yield WHOLE[:50_000]
        is_sent.set()
        await asyncio.sleep(60)

    sending = asyncio.create_task(patch(client, path, 0, breaks_off()))
    await is_sent.wait()
    await asyncio.sleep(0.2)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert await offset_of(client, path) == 50_000
    await patch(client, path, 50_000, WHOLE[50_000:])
    assert kept(idle, path) == WHOLE


async def test_a_newer_request_takes_over_from_one_whose_connection_is_dead(client: Client, idle: Running) -> None:
    path = (await create(client)).headers["Location"]
    is_sent = asyncio.Event()

    async def stalls() -> AsyncIterator[bytes]:
        yield WHOLE[:40_000]
        is_sent.set()
        await asyncio.sleep(60)
        yield WHOLE[40_000:]

    stalled = asyncio.create_task(patch(client, path, 0, stalls()))
    await is_sent.wait()
    await asyncio.sleep(0.2)
    assert await offset_of(client, path) == 40_000
    assert await code_of(await stalled) == (423, "upload-taken-over")
    assert (await patch(client, path, 40_000, WHOLE[40_000:])).status == 204
    assert kept(idle, path) == WHOLE


async def test_many_requests_at_once_for_one_upload_leave_it_whole(client: Client, idle: Running) -> None:
    path = (await create(client)).headers["Location"]
    offset = 0
    while offset < len(WHOLE):
        chunk = WHOLE[offset : offset + 20_000]
        answers = await asyncio.gather(*(patch(client, path, offset, chunk) for _ in range(5)))
        assert {answer.status for answer in answers} <= {204, 409, 423}
        before, offset = offset, await offset_of(client, path)
        assert offset > before, "none of them got through"
    assert kept(idle, path) == WHOLE


async def test_a_long_request_is_made_durable_as_it_goes(client: Client, idle: Running) -> None:
    size_bytes = 12 << 20
    path = (await create(client, size_bytes)).headers["Location"]
    part = bytes(1 << 20)
    is_sent = asyncio.Event()

    async def stops_short() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield part
        is_sent.set()
        await asyncio.sleep(60)

    sending = asyncio.create_task(patch(client, path, 0, stops_short()))
    await is_sent.wait()
    for _ in range(100):
        rows = await idle.database.fetch("SELECT offset_bytes FROM upload")
        if rows[0]["offset_bytes"] >= 8 << 20:
            break
        await asyncio.sleep(0.02)
    else:
        raise AssertionError("nothing was durable while the request went on")
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_a_files_name_is_kept_without_what_no_database_takes(client: Client, idle: Running) -> None:
    answer = await create(client, filename="a\0b\n\x1b[31mc" + "d" * 300 + ".mp4")
    assert answer.status == 201
    mine = await client.json("GET", f"/api/clips/{answer.headers['freehold-clip']}/mine")
    assert mine["file_name"] == "ab[31mc" + "d" * 248
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x\x00y.mp4"\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = await client.request("POST", "/api/clips", headers=headers, data=head + WHOLE + b"\r\n--b--\r\n")
    assert answer.status == 201, await answer.text()
    assert (await answer.json())["clip"]["file_name"] == "xy.mp4"
