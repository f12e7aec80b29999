"""One suite for every blob store."""

import hashlib
import time
from pathlib import Path

import pytest

from freehold.backends.blobs import Blobs, LocalBlobs, S3Blobs
from freehold.domain.errors import Absent, BackendError, SettingError


async def test_the_key_is_made_from_the_bytes(blobs: Blobs) -> None:
    digest = hashlib.sha256(b"hello").hexdigest()
    assert await blobs.put(b"hello") == f"{digest[:2]}/{digest}"
    assert await blobs.put(b"hello") == f"{digest[:2]}/{digest}"
    assert [key async for key in blobs.all_keys()] == [f"{digest[:2]}/{digest}"]


async def test_a_range_is_read_without_the_rest(blobs: Blobs) -> None:
    key = await blobs.put(bytes(range(256)))
    assert await blobs.read(key, 10, 14) == bytes([10, 11, 12, 13])
    assert await blobs.size_bytes(key) == 256


async def test_a_large_file_goes_in_and_comes_out_whole(blobs: Blobs, tmp_path: Path) -> None:
    data = hashlib.shake_128(b"seed").digest(20 << 20)
    (tmp_path / "in").write_bytes(data)
    key = await blobs.put_file(tmp_path / "in")
    await blobs.fetch_file(key, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == data
    assert (tmp_path / "in").exists()


async def test_what_is_deleted_is_absent_and_deleting_twice_is_fine(blobs: Blobs, tmp_path: Path) -> None:
    key = await blobs.put(b"gone")
    await blobs.delete(key)
    await blobs.delete(key)
    with pytest.raises(Absent):
        await blobs.read(key, 0, 1)
    with pytest.raises(Absent):
        await blobs.size_bytes(key)
    with pytest.raises(Absent):
        await blobs.fetch_file(key, tmp_path / "out")
    assert [key async for key in blobs.all_keys()] == []


async def test_local_bytes_lie_under_their_own_hash(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "blobs")
    key = await blobs.put(b"here")
    assert (tmp_path / "blobs" / key).read_bytes() == b"here"


async def test_a_disk_that_does_not_read_is_a_backend_error(tmp_path: Path) -> None:
    (tmp_path / "blobs" / "aa" / "bb").mkdir(parents=True)
    with pytest.raises(BackendError):
        await LocalBlobs(tmp_path / "blobs").read("aa/bb", 0, 1)


@pytest.mark.parametrize(
    "url",
    ["s3+http://host/bucket", "s3+ftp://k:s@host/bucket", "s3+https://k:s@host", "s3+https://k:s@host:many/b", "x"],
)
def test_a_malformed_address_is_a_setting_error(url: str) -> None:
    with pytest.raises(SettingError):
        S3Blobs.open(url)


async def test_a_store_that_cannot_be_reached_is_a_backend_error() -> None:
    blobs = S3Blobs.open("s3+http://k:s@127.0.0.1:9/bucket")
    with pytest.raises(BackendError) as raised:
        await blobs.put(b"nowhere")
    assert len(str(raised.value).splitlines()) == 1


async def test_what_was_put_before_an_instant_is_told_from_what_was_put_after(blobs: Blobs) -> None:
    key = await blobs.put(b"aged")
    # Stores keep whole seconds, some of them.
    now_us = time.time_ns() // 1000
    assert [k async for k in blobs.keys_put_before(now_us + 5_000_000)] == [key]
    assert [k async for k in blobs.keys_put_before(now_us - 5_000_000)] == []
