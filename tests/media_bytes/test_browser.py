"""Chromium plays a clip whose open-ended ranges are answered in parts of a mebibyte, and seeks in it."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from freehold.domain.ids import AccountId, parse_id
from freehold.media.jail import ffmpeg_path
from tests.conftest import Running, missing
from tests.media_bytes.test_media_bytes import put_clip

PLAY = """async (url) => {
  const video = document.createElement("video");
  video.muted = true; video.src = url; video.preload = "auto";
  document.body.append(video);
  await new Promise((done, fail) => { video.oncanplay = done; video.onerror = () => fail(video.error.message); });
  await video.play();
  await new Promise(done => { video.ontimeupdate = () => video.currentTime > 0.5 && done(); });
  video.currentTime = video.duration - 0.7;
  await new Promise((done, fail) => { video.onended = done; video.onerror = () => fail(video.error.message); });
  return [video.duration, video.videoWidth];
}"""


@pytest.mark.slow
async def test_chromium_plays_to_the_end_what_comes_in_parts(idle: Running, tmp_path: Path) -> None:
    try:
        from playwright.async_api import async_playwright
    except ImportError:
        missing("the package playwright")
    from tests.client.conftest import chromium

    film = tmp_path / "film.mp4"
    noise = "testsrc2=size=640x360:rate=30:duration=8,noise=alls=60:allf=t"
    command: list[Any] = [
        ffmpeg_path(), "-loglevel", "error", "-f", "lavfi", "-i", noise, "-c:v", "libx264", "-preset", "ultrafast",
        "-crf", "20", "-pix_fmt", "yuv420p", "-movflags", "+faststart", film,
    ]  # fmt: skip
    subprocess.run(command, check=True)  # noqa: ASYNC221
    whole = film.read_bytes()
    assert len(whole) > 4 << 20, "several answers are needed"
    client = await idle.new_client()
    account = await client.sign_up("alice")
    _, path, _ = await put_clip(idle, AccountId(parse_id(account["id"]) or 0), whole)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = await browser.new_page()
        await page.goto(f"{idle.base}/about")
        answers: list[int] = []
        page.on("response", lambda response: answers.append(response.status) if "/media/" in response.url else None)
        duration_s, width_px = await page.evaluate(PLAY, path)
        await browser.close()
    assert (round(duration_s), width_px) == (8, 640)
    assert set(answers) == {206} and len(answers) >= 2
