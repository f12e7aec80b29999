"""`freehold clip`: a file from the command line to a running server."""

import asyncio
import os
import random
import sys
from pathlib import Path

from tests.conftest import ROOT, Running
from tests.uploads.harness import make_creator

WHOLE = random.Random(9).randbytes(20_000_000)


async def run(*words: str, token: str = "") -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "freehold.cli", "clip", *words,
        cwd=ROOT, env={**os.environ, "FREEHOLD_TOKEN": token},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_file_is_uploaded_with_a_progress_bar_and_is_listed(idle: Running, tmp_path: Path) -> None:
    token = await make_creator(idle.database, "typist")
    path = tmp_path / "dance.mp4"
    path.write_bytes(WHOLE)
    status, out, err = await run(
        "upload", str(path), "--server", idle.base, "--caption", "typed #cli", "--publish", "--no-wait", token=token
    )
    assert status == 0, err
    assert "uploaded: clip " in out
    assert " 42%" in err and "100%" in err
    (kept,) = (Path(idle.settings.server.data_dir) / "incoming").iterdir()
    assert kept.read_bytes() == WHOLE
    status, out, _ = await run("list", "--server", idle.base, token=token)
    assert status == 0
    assert "uploaded" in out and "typed #cli" in out


async def test_what_is_wrong_is_said_in_words(idle: Running, tmp_path: Path) -> None:
    path = tmp_path / "dance.mp4"
    path.write_bytes(b"")
    token = await make_creator(idle.database, "typist")
    status, _, err = await run("upload", str(path), "--server", idle.base, token=token)
    assert (status, err.strip()) == (1, "freehold: This file is empty.")
    status, _, err = await run("upload", str(tmp_path / "none.mp4"), "--server", idle.base, token=token)
    assert status == 2 and "cannot be read" in err
    status, _, err = await run("list", "--server", idle.base)
    assert status == 2 and "--as HANDLE" in err
    status, _, err = await run("list", "--server", idle.base, token="wrong")
    assert status == 1 and "token" in err
