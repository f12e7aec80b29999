"""From a finger's swipe to the first moving frame of the next clip, in a real Chromium with raw touch events.

    python bench/swipe.py                    starts a network with demo clips of its own and measures on it
    python bench/swipe.py --url http://…     measures on a network that runs already
    python bench/swipe.py --swipes 100 --rate 3 --latency 150      a shaped line: Mbit/s and milliseconds

A frame "moves" when the browser presents one (`requestVideoFrameCallback`) of the new current clip whose media time
is past its first. Three times are told, all on the page's own clock:

    lift      from the finger's lifting; below nought where the clip moved while the finger was still down
    half      from the moment when the new clip fills half of the screen, which is when the player is told to play
    touch     from the finger's first touch, the swipe itself (--flick milliseconds) included

"Prepared" counts the swipes whose next clip had been loaded before; "lost" those without a moving frame after 3 s.
"""

import argparse
import contextlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import CDPSession, Page, sync_playwright

OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTH_PX, HEIGHT_PX = 390, 844
LOST_MS = 3000
OBSERVE = """
window.bench = { frames: [], touch: 0, lift: 0, half: 0 };
document.addEventListener("touchstart", () => (bench.touch = performance.now()), true);
document.addEventListener("touchend", () => (bench.lift = performance.now()), true);
new MutationObserver(() => {
  for (const video of document.querySelectorAll("video")) {
    if (video.watched) continue;
    video.watched = true;
    const frame = (_, told) => {
      bench.frames.push([performance.now(), video.closest(".clip")?.dataset.id, told.mediaTime]);
      video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
  }
  const current = document.querySelector(".clip.current")?.dataset.id;
  if (current !== bench.current) [bench.current, bench.half] = [current, performance.now()];
}).observe(document, { subtree: true, childList: true, attributeFilter: ["class"] });
"""


def main() -> None:
    arguments = parse()
    with contextlib.ExitStack() as stack:
        url = arguments.url or stack.enter_context(demo_network(arguments.clips))
        playwright = stack.enter_context(sync_playwright())
        program = arguments.chromium or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        stack.callback(browser.close)
        context = browser.new_context(
            viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, device_scale_factor=2, has_touch=True, is_mobile=True
        )
        context.add_init_script(OBSERVE)
        page = context.new_page()
        session = context.new_cdp_session(page)
        if arguments.rate:
            shape(session, arguments.rate, arguments.latency)
        page.goto(url)
        page.wait_for_timeout(arguments.dwell)
        report([measure(page, session, arguments) for _ in range(arguments.swipes)], arguments)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="", help="a running network; none: one is started")
    parser.add_argument("--clips", type=int, default=48, help="demo clips of the network that is started")
    parser.add_argument("--swipes", type=int, default=40)
    parser.add_argument("--flick", type=int, default=90, help="milliseconds that the finger moves")
    parser.add_argument("--dwell", type=int, default=1500, help="milliseconds between two swipes")
    parser.add_argument("--rate", type=float, default=0, help="Mbit/s of the line; 0: as it is")
    parser.add_argument("--latency", type=float, default=0, help="milliseconds that a request takes at least")
    parser.add_argument("--chromium", default="", help="the browser's program")
    return parser.parse_args()


@contextlib.contextmanager
def demo_network(clips: int) -> Iterator[str]:
    """A network with demo clips in a folder of its own, once all of them are there."""
    url = "http://127.0.0.1:8931"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "freehold", "--data", folder, "demo", "--clips", str(clips), "--port", "8931"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_for_clips(url, clips, process)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def wait_for_clips(url: str, clips: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise SystemExit("the network stopped")
        with contextlib.suppress(OSError), urlopen(f"{url}/about") as answer:
            text = answer.read().decode().partition("<dt>clips</dt><dd>")[2].partition("<")[0]
            if text.isdigit() and int(text) >= clips:
                return
        time.sleep(1)
    raise SystemExit("the demo's clips did not come")


def shape(session: CDPSession, rate_mbps: float, latency_ms: float) -> None:
    bytes_a_second = rate_mbps * 1e6 / 8
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": latency_ms,
            "downloadThroughput": bytes_a_second,
            "uploadThroughput": bytes_a_second,
        },
    )


def measure(page: Page, session: CDPSession, arguments: argparse.Namespace) -> dict[str, Any]:
    """One swipe: the three times in milliseconds (None where no frame moved) and whether the clip was prepared."""
    prepared = page.evaluate(
        "(() => { bench.frames = []; const v = document.querySelector('.clip.current + .clip video');"
        " return Boolean(v && v.readyState >= 3) })()"
    )
    before = page.evaluate("bench.current")
    swipe(session, arguments.flick)
    page.wait_for_timeout(max(arguments.dwell, 200))
    told = page.evaluate("bench")
    if told["current"] == before:
        return {"prepared": prepared, "stuck": True}
    moving = [at for at, clip, media_s in told["frames"] if clip == told["current"] and media_s > 0.001]
    if not moving:
        page.wait_for_timeout(LOST_MS)
        return {"prepared": prepared, "lost": True}
    return {"prepared": prepared, **{name: moving[0] - told[name] for name in ("lift", "half", "touch")}}


def swipe(session: CDPSession, flick_ms: int) -> None:
    """One finger over 62 % of the height."""
    start, end, steps = HEIGHT_PX * 0.8, HEIGHT_PX * 0.18, 6
    x = WIDTH_PX // 2
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": start}]})
    for step in range(1, steps + 1):
        point = {"x": x, "y": start + (end - start) * step / steps}
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        time.sleep(flick_ms / steps / 1000)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def report(swipes: list[dict[str, Any]], arguments: argparse.Namespace) -> None:
    line = f"{arguments.rate} Mbit/s, {arguments.latency} ms" if arguments.rate else "unshaped"
    count = {name: sum(bool(one.get(name)) for one in swipes) for name in ("prepared", "lost", "stuck")}
    print(f"{len(swipes)} swipes, {line}: {count['prepared']} prepared, {count['lost']} lost, {count['stuck']} stuck")
    for name in ("lift", "half", "touch"):
        times = sorted(one[name] for one in swipes if name in one)
        if times:
            p95 = times[min(len(times) - 1, round(len(times) * 0.95))]
            print(f"  {name:6} p50 {statistics.median(times):6.0f} ms   p95 {p95:6.0f} ms")


if __name__ == "__main__":
    main()
