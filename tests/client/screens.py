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
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

from freehold.demo.command import PASSWORD
from tests.client.conftest import CHROMIUM_OPTIONS, chromium
from tests.conftest import ROOT, free_port

FOLDER = ROOT / "docs" / "images" / "screens"
QUALITY = 45
DEVICES = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}


@dataclass(frozen=True, slots=True)
class Screen:
    name: str
    path: str
    """`{clip}`, `{author}`, `{tag}` and `{sound}` are of a clip that For You shows."""
    seat: str = "demo.viewer"
    key: str = ""
    """Pressed once the page is there."""


SCREENS = (
    Screen("feed", "/"),
    Screen("comments", "/", key="c"),
    Screen("clip", "{clip}"),
    Screen("profile", "/@{author}"),
    Screen("tag", "/tag/{tag}"),
    Screen("sound", "/sound/{sound}"),
    Screen("search", "/search?q={tag}"),
    Screen("share", "{clip}/share"),
    Screen("settings", "/settings"),
    Screen("composer", "/upload", "demo.creator"),
    Screen("studio", "/studio", "demo.creator"),
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
            if f'freehold_clips{{state="ready"}} {clips}.0' in answer.read().decode():
                return
        time.sleep(2)
    raise TimeoutError("the demo has not made its clips")


def places(page: Page) -> dict[str, str]:
    """What the placeholders stand for."""
    page.goto("/about")
    answer = page.evaluate("fetch('/api/feeds/for-you?count=12').then((answer) => answer.json())")
    clips = [served["clip"] for served in answer["clips"]]
    clip = max((one for one in clips if one["sound"] and one["tags"]), key=lambda one: one["comment_count"])
    return {
        "{clip}": clip["url"], "{author}": clip["author"]["handle"], "{tag}": clip["tags"][0],
        "{sound}": clip["sound"]["id"],
    }  # fmt: skip


def sign_in(page: Page, handle: str) -> None:
    page.goto("/sign-in")
    page.fill("#handle", handle)
    page.fill("#password", PASSWORD)
    page.click("form.card button")
    page.wait_for_url("**/")


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
                if screen.key:
                    page.keyboard.press(screen.key)
                    page.wait_for_timeout(800)
                page.screenshot(path=FOLDER / f"{screen.name}-{device}.jpg", type="jpeg", quality=QUALITY)
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
