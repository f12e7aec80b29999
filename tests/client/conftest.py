"""A whole server in a process of its own with a few small clips, and a browser that finds Chromium."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIRequestContext, Browser, BrowserContext, Page, Playwright, sync_playwright

from freehold.domain.ids import id_text
from freehold.store import watch_log
from tests.conftest import ROOT, free_port, missing

PASSWORD = "correct horse battery"
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream=device-count=2",
)
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}


def chromium() -> str:
    """FREEHOLD_CHROMIUM, or the first that is installed."""
    names = (os.environ.get("FREEHOLD_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    return found or missing("a Chromium (FREEHOLD_CHROMIUM)")


def ffmpeg() -> str:
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def make_clip(path: Path, *, hue: int, seconds: float = 3, size: str = "270x480", extra: tuple[str, ...] = ()) -> Path:
    """A small moving clip with a tone; `hue` tells clips apart."""
    picture = f"testsrc2=s={size}:r=24:d={seconds},hue=h={hue}"
    tone = f"sine=f={220 + hue}:d={seconds}"
    made = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", *extra, str(path))
    subprocess.run(
        [ffmpeg(), "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, *made], check=True
    )
    return path


@dataclass
class Network:
    """A running server and what was put on it."""

    base: str
    data_dir: Path
    clips: list[dict[str, Any]]

    def watches(self) -> list[dict[str, Any]]:
        """Every watch that the server holds, oldest first."""
        with sqlite3.connect(f"file:{self.data_dir / 'freehold.db'}?mode=ro", uri=True) as connection:
            rows = connection.execute("SELECT watches FROM watch_batch ORDER BY seq").fetchall()
        return [_watch(*record) for (packed,) in rows for record in watch_log.RECORD.iter_unpack(packed)]


def _watch(page: int, clip: int, position: int, watched_ms: int, completions: int, flags: int) -> dict[str, Any]:
    return {
        "page": id_text(page),
        "clip": id_text(clip),
        "position": position,
        "watched_ms": watched_ms,
        "completions": completions,
        "skipped": bool(flags & watch_log.SKIPPED),
        "not_interested": bool(flags & watch_log.NOT_INTERESTED),
    }


class Person:
    """An account that acts over the API, as a program would."""

    def __init__(self, playwright: Playwright, base: str, handle: str) -> None:
        self.handle = handle
        self.base = base
        self.api: APIRequestContext = playwright.request.new_context(base_url=base)
        made = self.call("POST", "/api/accounts", {"handle": handle, "password": PASSWORD})
        self.account = made["account"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        page = self.api.get("/about").text()
        token = page.partition('name="csrf" content="')[2].partition('"')[0]
        headers = {"origin": self.base, "x-csrf-token": token}
        if body is not None:
            headers["content-type"] = "application/json"
        answer = self.api.fetch(path, method=method, data=None if body is None else json.dumps(body), headers=headers)
        assert answer.ok, f"{method} {path}: {answer.status} {answer.text()[:300]}"
        return answer.json() if answer.text() else None

    def post(self, path: Path, caption: str) -> dict[str, Any]:
        """Uploads a clip by one form and publishes it."""
        page = self.api.get("/about").text()
        token = page.partition('name="csrf" content="')[2].partition('"')[0]
        answer = self.api.post(
            "/api/clips",
            headers={"origin": self.base, "x-csrf-token": token},
            multipart={
                "caption": caption,
                "wish": "publish",
                "file": {"name": path.name, "mimeType": "video/mp4", "buffer": path.read_bytes()},
            },
        )
        assert answer.status == 201, answer.text()[:300]
        clip: dict[str, Any] = answer.json()["clip"]
        return clip

    def wait_ready(self, id_: str, timeout_s: float = 90) -> dict[str, Any]:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            mine: dict[str, Any] = self.call("GET", f"/api/clips/{id_}/mine")
            if mine["state"] == "ready":
                return mine
            assert mine["state"] not in ("refused", "failed"), mine["refusal"]
            time.sleep(0.3)
        raise AssertionError(f"clip {id_} is still {mine['state']}")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, playwright: Playwright) -> Iterator[Network]:
    """A server with ten clips of three authors and two comments."""
    folder = tmp_path_factory.mktemp("network")
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "freehold", "--data", str(folder / "data"), "serve", "--port", str(port)],
        stdout=log,
        stderr=log,
        cwd=ROOT,
        # All of the people of these tests come from one address.
        env={**os.environ, "FREEHOLD_ACCOUNTS_SIGNUPS_PER_ADDRESS": "1000"},
    )
    try:
        _wait_until_up(playwright, base, process)
        people = [Person(playwright, base, handle) for handle in ("ana", "otto", "mei")]
        posted = [
            (
                person,
                person.post(make_clip(folder / f"{number}.mp4", hue=number * 36), f"Clip {number} #kind{number % 2}"),
            )
            for number in range(10)
            for person in (people[number % 3],)
        ]
        clips = [person.wait_ready(clip["id"]) for person, clip in posted]
        for text in ("How was it made?", "Again!"):
            people[1].call("POST", f"/api/clips/{clips[0]['id']}/comments", {"text": text})
        yield Network(base, folder / "data", clips)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _wait_until_up(playwright: Playwright, base: str, process: "subprocess.Popen[bytes]") -> None:
    api = playwright.request.new_context(base_url=base)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "the server stopped at once"
        try:
            if api.get("/healthz", timeout=1000).ok:
                return
        except Exception as error:  # Playwright has one error for a refused connection and for everything else.
            assert "ECONNREFUSED" in str(error) or "Timeout" in str(error)
        time.sleep(0.2)
    raise AssertionError("the server did not come up")


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    launched = playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_OPTIONS))
    yield launched
    launched.close()


@pytest.fixture
def open_page(network: Network, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a path in a fresh context; anything in the console that is an error fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def opened(path: str = "/", *, as_person: str = "", **options: Any) -> Page:
        context = browser.new_context(base_url=network.base, **{**PHONE, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        if as_person:
            sign_in(page, as_person)
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def sign_in(page: Page, handle: str) -> None:
    page.goto("/sign-in")
    page.fill("#handle", handle)
    page.fill("#password", PASSWORD)
    page.click("form.card button")
    page.wait_for_url("**/")


def swipe(page: Page, *, up: bool = True, took_ms: int = 120) -> None:
    """One finger over 62 % of the height, as raw touch events: the browser itself scrolls and snaps."""
    session = page.context.new_cdp_session(page)
    size = page.viewport_size
    assert size is not None
    x, low, high = size["width"] // 2, size["height"] * 0.8, size["height"] * 0.18
    start, end = (low, high) if up else (high, low)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": start}]})
    for step in range(1, 9):
        point = {"x": x, "y": start + (end - start) * step / 8}
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        time.sleep(took_ms / 8000)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()
