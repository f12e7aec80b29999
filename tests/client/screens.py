"""Takes the pictures in docs/images/screens: every main screen of a demo network, on a phone and on a desktop.

    python -m tests.client.screens [--clips 16] [--base http://127.0.0.1:8000]

Without --base a demo of a few clips is started for it and stopped again. A test holds docs/screens.md to the list.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, FilePayload, Page, sync_playwright

from freehold.demo.art import still_png
from freehold.demo.command import PASSWORD
from freehold.demo.posts import POSTS, DemoPost
from freehold.media.jail import ffmpeg_path
from tests.client.conftest import CHROMIUM_OPTIONS, chromium
from tests.conftest import ROOT, free_port

FOLDER = ROOT / "docs" / "images" / "screens"
QUALITY = 60
PHOTOS = next(post for post in POSTS if post.pictures)
WORDS = next(post for post in POSTS if post.look)
DEVICES = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}


@dataclass(frozen=True, slots=True)
class Screen:
    name: str
    path: str
    """`{clip}`, `{author}`, `{tag}`, `{sound}` are of a clip that For You shows; `{photos}`, `{words}` are posts."""
    seat: str = "demo.viewer"
    key: str = ""
    """Pressed once the page is there."""
    typed: str = ""
    """Into the words of the page."""
    has_files: bool = False
    """Whether pictures are chosen."""


SCREENS = (
    Screen("feed", "/"),
    Screen("comments", "/", key="c"),
    Screen("clip", "{clip}"),
    Screen("photos", "{photos}"),
    Screen("words", "{words}"),
    Screen("profile", "/@{author}"),
    Screen("tag", "/tag/{tag}"),
    Screen("sound", "/sound/{sound}"),
    Screen("explore", "/explore"),
    Screen("topic", "/explore/{topic}"),
    Screen("search", "/search?q={tag}"),
    Screen("share", "{clip}/share"),
    Screen("settings", "/settings"),
    Screen("studio", "/studio", "demo.creator"),
    Screen("composer", "/upload", "demo.creator"),
    Screen("photo-composer", "/upload/photos", "demo.creator", has_files=True),
    Screen("text-composer", "/upload/text", "demo.creator", typed="Two cups, one kettle.\n\nNobody says it first."),
    Screen("figures", "/admin/feed", "demo.operator"),
)


@contextlib.contextmanager
def demo(clips: int) -> Iterator[str]:
    """The address of a demo network in which all clips can be watched."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "freehold", "--data", folder, "demo", "--port", str(port), "--clips", str(clips)]
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            wait_for_clips(f"http://127.0.0.1:{port}", clips)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


def wait_for_clips(base: str, clips: int, timeout_s: float = 900) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        with contextlib.suppress(URLError, OSError), urlopen(f"{base}/metrics") as answer:
            if f'freehold_clips{{state="ready"}} {clips + len(POSTS)}.0' in answer.read().decode():
                return
        time.sleep(2)
    raise TimeoutError("the demo has not made its clips")


def asked(page: Page, path: str) -> Any:
    return page.evaluate("(path) => fetch(path).then((answer) => answer.json())", path)


def clips_at(page: Page, path: str) -> list[dict[str, Any]]:
    return [served["clip"] for served in asked(page, path)["clips"]]


def address(page: Page, post: DemoPost) -> str:
    kind = "photo" if post.pictures else "text"
    return next(str(one["url"]) for one in clips_at(page, f"/api/accounts/{post.creator}/clips") if one["kind"] == kind)


def places(page: Page) -> dict[str, str]:
    """What the placeholders stand for."""
    page.goto("/about")
    clips = clips_at(page, "/api/feeds/for-you?count=12")
    clip = max((one for one in clips if one["sound"] and one["tags"]), key=lambda one: one["comment_count"])
    topics = [str(one["name"]) for one in asked(page, "/api/topics")["topics"]]
    topic = max(topics, key=lambda name: len(clips_at(page, f"/api/topics/{name}/clips")))
    return {
        "{clip}": clip["url"], "{author}": clip["author"]["handle"], "{tag}": clip["tags"][0],
        "{sound}": clip["sound"]["id"], "{photos}": address(page, PHOTOS), "{words}": address(page, WORDS),
        "{topic}": topic,
    }  # fmt: skip


@cache
def pictures() -> list[FilePayload]:
    return [
        {"name": f"{number}.png", "mimeType": "image/png", "buffer": still_png(picture)}
        for number, picture in enumerate(PHOTOS.pictures)
    ]


def sign_in(page: Page, handle: str) -> None:
    page.goto("/sign-in")
    page.fill("#handle", handle)
    page.fill("#password", PASSWORD)
    page.click("form.card button")
    page.wait_for_url("**/")


def keep(png: bytes, path: Path) -> None:
    words = [
        "-v",
        "error",
        "-y",
        "-f",
        "png_pipe",
        "-i",
        "pipe:0",
        "-c:v",
        "libwebp",
        "-quality",
        str(QUALITY),
        str(path),
    ]
    subprocess.run([str(ffmpeg_path()), *words], input=png, check=True)


def take(browser: Browser, base: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for device, options in DEVICES.items():
        for seat in dict.fromkeys(screen.seat for screen in SCREENS):
            context = browser.new_context(base_url=base, color_scheme="dark", **options)  # type: ignore[arg-type]
            page = context.new_page()
            sign_in(page, seat)
            of = places(page)
            for screen in (one for one in SCREENS if one.seat == seat):
                path = screen.path
                for name, value in of.items():
                    path = path.replace(name, value)
                page.goto(path)
                page.wait_for_timeout(1500)
                if screen.typed:
                    page.fill("[name=caption]", screen.typed)
                if screen.has_files:
                    page.set_input_files("#file", pictures())
                    page.wait_for_timeout(2000)
                if screen.key:
                    page.keyboard.press(screen.key)
                    page.wait_for_timeout(800)
                keep(page.screenshot(), FOLDER / f"{screen.name}-{device}.webp")
                while screen.has_files and page.locator("#chosen [data-remove]").count():
                    page.locator("#chosen [data-remove]").first.click()
                    page.wait_for_timeout(500)
            context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=16)
    parser.add_argument("--base", help="of a demo that runs already")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        base = arguments.base or stack.enter_context(demo(arguments.clips))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_OPTIONS))
        take(browser, base)
        browser.close()
    sizes = {path.name: path.stat().st_size for path in sorted(FOLDER.iterdir())}
    print(json.dumps({"bytes": sum(sizes.values()), "files": len(sizes)}))


if __name__ == "__main__":
    main()
