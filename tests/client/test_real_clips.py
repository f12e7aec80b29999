"""Every real clip that phones and their like made, uploaded, looked into, and then played in Chromium.

What the browser shows is held against what ffmpeg decodes of the upload itself: the shape, the duration, and a frame
from the middle, which must look like the source's frame held upright, and not like its mirror image or any turn.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import urlretrieve

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Playwright

from freehold.media.isobmff import read_movie
from freehold.media.jail import ffmpeg_path, open_jail
from freehold.media.ladder import ladder
from freehold.media.limits import Limits
from freehold.media.probe import Probe, probe
from tests.client.conftest import DESKTOP, Person, _wait_until_up
from tests.conftest import ROOT, free_port
from tests.media.clips import ffmpeg

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real-clips")]

SIDE = 24
END_STATES = ("ready", "refused", "failed")
LONG = {"androidx__long_1080p_av1.mp4": 8, "androidx__long_180p_av1.mp4": 66}
"""Six minutes each, whose ladders take longer than all the rest together: of them so many seconds are taken, of the
small one enough for a playlist."""
EDITED_S = {"androidx__sample_edit_list_no_sync_frame_before_edit.mp4": 2.259}
"""Its edit list shows less than the duration that its header tells: ffmpeg decodes 2.26 s of sound, not 2.77."""
FRAME = """async ([url, share, side]) => {
  const video = document.createElement("video");
  video.muted = true; video.preload = "auto"; video.src = url;
  document.body.append(video);
  await new Promise((done, fail) => {
    video.onloadeddata = done; video.onerror = () => fail(video.error.message);
  });
  const duration = video.duration;
  // `seeked` tells that the frame is decoded; drawn is the one that stands on the page, which on a busy machine is the
  // first for a little longer. A clip of a single frame has no other.
  const stands = new Promise((done) => {
    const look = (_, frame) => (frame.mediaTime > 0 ? done() : video.requestVideoFrameCallback(look));
    video.requestVideoFrameCallback(look);
  });
  await new Promise((done) => { video.onseeked = done; video.currentTime = duration * share; });
  await Promise.race([stands, new Promise((done) => setTimeout(done, 3000))]);
  const canvas = new OffscreenCanvas(side, side);
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0, side, side);
  const pixels = Array.from(pen.getImageData(0, 0, side, side).data);
  video.currentTime = 0;
  await video.play();
  const deadline = performance.now() + 5000;
  while (video.currentTime < Math.min(0.2, duration / 2) && performance.now() < deadline) {
    await new Promise((done) => setTimeout(done, 20));
  }
  return {
    duration, width: video.videoWidth, height: video.videoHeight, played: video.currentTime, pixels,
    at: duration * share,
  };
}"""


@pytest.fixture(scope="module")
def uploads(
    playwright: Playwright, media_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """A server's address, and what became of each file."""
    folder, port = tmp_path_factory.mktemp("real"), free_port()
    base = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "freehold", "--data", str(folder / "data"), "serve", "--port", str(port)],
            stdout=log, stderr=log, cwd=ROOT,
        )  # fmt: skip
        try:
            _wait_until_up(playwright, base, process)
            person = Person(playwright, base, "phones")
            files = [beginning(path, folder) for path in sorted((media_dir / "valid").iterdir())]
            begun = {path.name: person.post(path, path.stem) for path in files}
            ends = {name: _ended(person, name, clip["id"]) for name, clip in begun.items()}
            _wait_until_nothing_is_left(folder / "data")
            yield base, ends
        finally:
            process.terminate()
            process.wait(30)


def beginning(path: Path, folder: Path) -> Path:
    """What is taken of a file, as it is in it."""
    if path.name not in LONG:
        return path
    ffmpeg("-t", str(LONG[path.name]), "-i", path, "-c", "copy", folder / path.name)
    return folder / path.name


def _wait_until_nothing_is_left(data_dir: Path, timeout_s: float = 20) -> None:
    """Of the files that the workers made on their way."""
    end = time.monotonic() + timeout_s
    while left := [path for path in (data_dir / "work").rglob("*") if path.is_file() and path.suffix != ".lock"]:
        assert time.monotonic() < end, left
        time.sleep(0.1)


def _ended(person: Person, name: str, id_: str, timeout_s: float = 240, is_patient: bool = True) -> dict[str, Any]:
    end = time.monotonic() + timeout_s
    states = END_STATES if is_patient else ("playable", *END_STATES)
    while time.monotonic() < end:
        mine: dict[str, Any] = person.call("GET", f"/api/clips/{id_}/mine")
        if mine["state"] in states:
            return mine
        time.sleep(0.3)
    raise AssertionError(f"{name} is still {mine['state']}")


@pytest.fixture(scope="module")
def player(uploads: tuple[str, Any], browser: Browser) -> Iterator[Page]:
    context = browser.new_context(base_url=uploads[0], **DESKTOP)
    page = context.new_page()
    page.goto("/about")
    yield page
    context.close()


def source_frame(path: Path, at_s: float) -> "np.ndarray[Any, Any]":
    """The upload's own frame at that time, upright, as SIDE x SIDE luma."""

    def decoded(*seek: str) -> bytes:
        argv = [
            str(ffmpeg_path()), "-v", "error", "-i", str(path), *seek, "-frames:v", "1",
            "-vf", f"scale={SIDE}:{SIDE}:flags=area,format=gray", "-f", "rawvideo", "-",
        ]  # fmt: skip
        return subprocess.run(argv, capture_output=True, check=True).stdout

    # A single frame has nothing in its second half.
    raw = decoded("-ss", f"{at_s:.3f}") or decoded()
    return np.frombuffer(raw, np.uint8)[: SIDE * SIDE].reshape(SIDE, SIDE).astype(float)


def likeness(one: "np.ndarray[Any, Any]", other: "np.ndarray[Any, Any]") -> float:
    """Correlation of the brightness of two pictures, -1 to 1."""
    a, b = one.ravel() - one.mean(), other.ravel() - other.mean()
    return float((a @ b) / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-9))


def facts(media_dir: Path, name: str) -> dict[str, Any]:
    entry = next(e for e in json.loads((media_dir / "manifest.json").read_text()) if e["file"] == f"valid/{name}")
    if name in LONG:
        entry = {**entry, "duration": LONG[name]}
    return {**entry, "video": next((s for s in entry["streams"] if s["codec_type"] == "video"), None)}


def test_every_real_clip_plays_upright_with_its_duration_or_is_refused_as_sound_alone(
    uploads: tuple[str, dict[str, dict[str, Any]]], player: Page, media_dir: Path
) -> None:
    faults = []
    for name, mine in uploads[1].items():
        known = facts(media_dir, name)
        if known["video"] is None:
            if mine["state"] != "refused" or mine["refusal"]["code"] != "media-no-video":
                faults.append(f"{name}: sound alone, but {mine['state']} {mine['refusal']}")
            continue
        if mine["state"] != "ready" or mine["refusal"]:
            faults.append(f"{name}: {mine['state']} {mine['refusal']}")
            continue
        faults += [f"{name}: {fault}" for fault in _faults_in(player, mine, known, media_dir / "valid" / name)]
    assert faults == []


def _faults_in(player: Page, mine: dict[str, Any], known: dict[str, Any], path: Path) -> Iterator[str]:
    shown = player.evaluate(FRAME, [mine["renditions"][-1]["url"], 0.5, SIDE])
    duration_s = EDITED_S.get(path.name, float(known["duration"]))
    if abs(shown["duration"] - duration_s) > max(0.25, 0.03 * duration_s):
        yield f"lasts {shown['duration']:.2f} s, not {duration_s:.2f}"
    if shown["played"] <= 0:
        yield "does not play"
    video = known["video"]
    width, height = video["width"], video["height"]
    if abs(video.get("rotation", 0)) == 90:
        width, height = height, width
    if abs(np.log(shown["width"] / shown["height"]) - np.log(width / height)) > 0.05:
        yield f"is {shown['width']} x {shown['height']}, the source {width} x {height}"
    rgba = np.array(shown["pixels"], float).reshape(SIDE, SIDE, 4)
    seen = rgba[:, :, :3] @ (0.2126, 0.7152, 0.0722)
    wanted = source_frame(path, shown["at"])
    if wanted.std() < 4:
        return
    turns = [np.rot90(side, turn) for side in (seen, seen[:, ::-1]) for turn in range(4)]
    scores = [likeness(turn, wanted) for turn in turns]
    # The picture of a shaky third of a second is a neighbour of the source's: what decides is that no turn is liker.
    if scores[0] < 0.7 or scores[0] < max(scores[1:]) - 0.02:
        yield f"looks unlike its source: {', '.join(f'{score:.2f}' for score in scores)}"


def looked_into(source: Path) -> Probe:
    """Beside the loop that drives the browser."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, probe(source, Limits(), open_jail())).result()


def test_every_rendition_of_a_real_clip_is_whole_and_lasts_as_long_as_its_picture(
    uploads: tuple[str, dict[str, dict[str, Any]]], media_dir: Path, tmp_path: Path
) -> None:
    base, ends = uploads
    for name, mine in ends.items():
        if not mine["renditions"]:
            continue
        found = looked_into(beginning(media_dir / "valid" / name, tmp_path))
        made = [(one["width_px"], one["height_px"]) for one in mine["renditions"]]
        assert made == [(spec.width_px, spec.height_px) for spec in ladder(found)], name
        assert (mine["hls_url"] is not None) == (found.duration_ms > 60_000), name
        late_ms = found.duration_ms - found.video_duration_ms
        picture_ms = found.duration_ms if late_ms > 500 else found.video_duration_ms
        for number, one in enumerate(mine["renditions"]):
            path = tmp_path / f"{number}-{name}.mp4"
            urlretrieve(base + one["url"], path)
            tracks = {track.handler: track for track in read_movie(path).tracks}
            assert abs(tracks["vide"].duration_ms - picture_ms) <= max(60, picture_ms // 50), name
            if found.has_audio:
                assert abs(tracks["soun"].duration_ms - tracks["vide"].duration_ms) <= 600, name
            ffmpeg("-xerror", "-i", path, "-f", "null", "-")


def test_the_broken_files_are_refused_with_a_reason_or_become_clips(
    uploads: tuple[str, dict[str, dict[str, Any]]], playwright: Playwright, media_dir: Path
) -> None:
    person = Person(playwright, uploads[0], "mishaps")
    begun = {path.name: person.post(path, path.stem) for path in sorted((media_dir / "broken").iterdir())}
    for name, clip in begun.items():
        mine = _ended(person, name, clip["id"], 60, is_patient=False)
        assert mine["state"] in ("refused", "ready", "playable"), f"{name}: {mine['state']}"
        if mine["state"] == "refused":
            assert mine["refusal"]["code"].startswith("media-"), name
            assert len(mine["refusal"]["text"]) > 20, name
