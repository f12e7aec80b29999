"""Each limit of an upload refuses with its own code; a full disk loses nothing."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.upload import UploadRules
from freehold.media.limits import Limits
from tests.conftest import ROOT, missing, run_server
from tests.uploads.test_tus import code_of, create, patch


async def refusal_under(settings: Any, rules: UploadRules, *sizes: int) -> tuple[int, str]:
    """What the last of these uploads is answered."""
    async with run_server(replace(settings, uploads=rules), works=False) as running:
        client = await running.new_client()
        await client.sign_up("alice")
        for size_bytes in sizes[:-1]:
            assert (await create(client, size_bytes, bytes(size_bytes))).status == 201
        answer = await create(client, sizes[-1])
        if answer.status == 429:
            assert 3_500 <= int(answer.headers["Retry-After"]) <= 3_600
        return await code_of(answer)


async def test_an_empty_file_is_refused(settings: Any) -> None:
    assert await refusal_under(settings, UploadRules(), 0) == (400, "upload-empty")


async def test_a_file_over_the_size_is_refused_before_it_is_sent(settings: Any) -> None:
    assert await refusal_under(settings, UploadRules(max_size_bytes=100), 100, 101) == (413, "upload-too-big")


async def test_a_file_that_would_not_be_looked_into_is_refused_before_it_is_sent(settings: Any) -> None:
    async with run_server(replace(settings, media=Limits(max_size_bytes=100)), works=False) as running:
        client = await running.new_client()
        await client.sign_up("alice")
        assert await code_of(await create(client, 101)) == (413, "upload-too-big")
        assert (await create(client, 100)).status == 201
        assert (await client.request("OPTIONS", "/uploads")).headers["Tus-Max-Size"] == "100"


async def test_an_account_over_its_quota_is_refused(settings: Any) -> None:
    assert await refusal_under(settings, UploadRules(quota_bytes=100), 60, 41) == (413, "quota-full")


async def test_an_account_with_too_many_uploads_in_an_hour_is_refused_until_when(settings: Any) -> None:
    assert await refusal_under(settings, UploadRules(max_per_hour=2), 1, 1, 1) == (429, "upload-rate")


async def test_an_account_with_too_many_open_uploads_is_refused_until_one_is_over(settings: Any) -> None:
    async with run_server(replace(settings, uploads=UploadRules(max_open=1)), works=False) as running:
        client = await running.new_client()
        await client.sign_up("alice")
        path = (await create(client, 10)).headers["Location"]
        assert await code_of(await create(client, 10)) == (413, "too-many-uploads")
        await patch(client, path, 0, b"0123456789")
        assert (await create(client, 10)).status == 201


async def test_a_caption_that_is_too_long_or_has_too_many_tags_is_refused(settings: Any) -> None:
    async with run_server(settings, works=False) as running:
        client = await running.new_client()
        await client.sign_up("alice")
        assert await code_of(await create(client, 5, caption="x" * 2_201)) == (400, "caption-too-long")
        many = " ".join(f"#tag{n}" for n in range(31))
        assert await code_of(await create(client, 5, caption=many)) == (400, "too-many-tags")
        assert await code_of(await create(client, 5, wish="perhaps")) == (400, "bad-words")


SMALL_DISK = """
import asyncio, sys, tempfile
from dataclasses import replace
from pathlib import Path
from freehold.config import Settings, ServerSettings
from tests.conftest import run_server
from tests.uploads.test_tus import code_of, create, offset_of, patch

async def main() -> None:
    settings = replace(Settings(), server=ServerSettings(data_dir=sys.argv[1]))
    whole = bytes(range(256)) * (6 << 12)
    async with run_server(settings, works=False) as running:
        client = await running.new_client()
        await client.sign_up("alice")
        path = (await create(client, len(whole))).headers["Location"]
        assert (await patch(client, path, 0, whole[: 1 << 20])).status == 204
        filler = Path(sys.argv[1]) / "incoming" / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        assert await code_of(await patch(client, path, 1 << 20, whole[1 << 20 :])) == (507, "disk-full")
        tempfile.tempdir = sys.argv[1]
        avatar = await client.request("PUT", "/api/account/avatar", data=bytes([0xFF, 0xD8, 0xFF]) + bytes(9000))
        assert await code_of(avatar) == (507, "disk-full")
        filler.unlink()
        offset = await offset_of(client, path)
        assert offset >= 1 << 20
        assert (await patch(client, path, offset, whole[offset:])).status == 204
        assert (Path(sys.argv[1]) / "incoming" / path.rpartition("/")[2]).read_bytes() == whole
        names = [filler.with_name(f"filler{number}") for number in range(200)]
        try:
            for name in names:
                name.touch()
        except OSError:
            pass
        path = (await create(client, len(whole))).headers["Location"]
        assert await code_of(await patch(client, path, 0, whole[:5])) == (507, "disk-full")
        for name in names:
            name.unlink(missing_ok=True)
        assert (await patch(client, path, 0, whole[:5])).status == 204
    print("kept everything")

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_full_disk_answers_507_and_loses_nothing(tmp_path: Path) -> None:
    """On a file system of 24 MiB in memory, in a mount namespace of its own."""
    inside = (
        f'mount -t tmpfs -o size=24m,nr_inodes=200 none {tmp_path} && exec {sys.executable} -c "$1" {tmp_path}/data'
    )
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*command, f"mount -t tmpfs none {tmp_path}"]).returncode:
        missing("a file system of one's own (unshare and tmpfs)")
    done = subprocess.run([*command, inside, "sh", SMALL_DISK], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.endswith("kept everything\n"), done.stdout[-2000:] + done.stderr[-4000:]
