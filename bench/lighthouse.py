"""Lighthouse's accessibility and best practices of the pages that people see most, on a network with demo clips.

    npm install lighthouse
    python bench/lighthouse.py                   starts a network with demo clips of its own and measures on it
    python bench/lighthouse.py --url http://…    measures on a network that runs already, where an account may be made
    python bench/lighthouse.py --desktop         as on a desktop; without, as on a phone

Feed, a clip, a profile, a tag and a search are loaded as somebody who is signed out, the composers as a creator. What
is under 100 is named with what Lighthouse holds against it, and the exit status is then 1.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import HTTPCookieProcessor, Request, build_opener

from swipe import demo_network

CATEGORIES = ("accessibility", "best-practices")
CHROMIUM = "--headless=new --no-sandbox --disable-gpu --disable-quic"


def main() -> int:
    arguments = parse()
    with contextlib.ExitStack() as stack:
        url = arguments.url.rstrip("/") or stack.enter_context(demo_network(arguments.clips))
        visitor = Visitor(url)
        cookies = visitor.sign_up()
        pages = {name: (path, "") for name, path in visitor.pages().items()}
        pages |= {"composer": ("/upload", cookies), "text composer": ("/upload/text", cookies)}
        faults = 0
        for name, (path, cookie) in pages.items():
            told = measure(url + path, cookie, arguments)
            faults += report(name, told)
    return 1 if faults else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="", help="a running network; none: one is started")
    parser.add_argument("--clips", type=int, default=12, help="demo clips of the network that is started")
    parser.add_argument("--desktop", action="store_true")
    parser.add_argument("--chromium", default="", help="the browser's program")
    parser.add_argument("--lighthouse", default="", help="Lighthouse's program")
    return parser.parse_args()


class Visitor:
    """Somebody with cookies, who finds out what there is."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.jar = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.jar))

    def ask(self, path: str, body: Any = None) -> str:
        page = self.opener.open(f"{self.url}/about").read().decode()
        headers = {
            "origin": self.url,
            "content-type": "application/json",
            "x-csrf-token": page.partition('name="csrf" content="')[2].partition('"')[0],
        }
        data = None if body is None else json.dumps(body).encode()
        return str(self.opener.open(Request(self.url + path, data, headers)).read().decode())

    def sign_up(self) -> str:
        """An account of its own; its cookies."""
        self.ask("/api/accounts", {"handle": f"light{os.getpid()}", "password": "correct horse battery"})
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)

    def pages(self) -> dict[str, str]:
        clips = [served["clip"] for served in json.loads(self.ask("/api/feeds/for-you"))["clips"]]
        clip = next(clip for clip in clips if clip["tags"])
        tag = clip["tags"][0]
        return {
            "feed": "/",
            "clip": clip["url"],
            "profile": f"/@{clip['author']['handle']}",
            "tag": f"/tag/{quote(tag)}",
            "search": f"/search?q={quote(tag)}",
        }


def measure(url: str, cookie: str, arguments: argparse.Namespace) -> dict[str, Any]:
    program = arguments.lighthouse or shutil.which("lighthouse") or "node_modules/.bin/lighthouse"
    chromium = arguments.chromium or shutil.which("chromium") or shutil.which("google-chrome") or ""
    with tempfile.TemporaryDirectory() as folder:
        out, headers = Path(folder, "told.json"), Path(folder, "headers.json")
        headers.write_text(json.dumps({"Cookie": cookie} if cookie else {}))
        command = [
            program, url, "--quiet", f"--only-categories={','.join(CATEGORIES)}", "--output=json",
            f"--output-path={out}", f"--chrome-flags={CHROMIUM}", f"--extra-headers={headers}",
            *(["--preset=desktop"] if arguments.desktop else []),
        ]  # fmt: skip
        subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": chromium})
        told: dict[str, Any] = json.loads(out.read_text())
    return told


def report(name: str, told: dict[str, Any]) -> int:
    """Says the figures; how many are under 100."""
    scores = {category: round(told["categories"][category]["score"] * 100) for category in CATEGORIES}
    print(f"{name:14} " + "  ".join(f"{category} {score}" for category, score in scores.items()), flush=True)
    for category in CATEGORIES:
        for asked in told["categories"][category]["auditRefs"]:
            audit = told["audits"][asked["id"]]
            if asked["weight"] and audit["score"] is not None and audit["score"] < 1:
                items = audit.get("details", {}).get("items", [])
                print(f"    {audit['id']}: {audit['title']}\n        {json.dumps(items)[:600]}", flush=True)
    return sum(score < 100 for score in scores.values())


if __name__ == "__main__":
    sys.exit(main())
