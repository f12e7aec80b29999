"""A burst of watches, all at once: how soon the learner has caught up, and what pages take meanwhile.

    python bench/burst.py [--usual 50] [--times 10] [--behind 60] [--connections 48]

What arrives in so many seconds at ten times the usual load (batches of 20 a second) is sent at once, as by players that
were cut off: the learner is then 60 s behind. A batch is answered once it is durable and learned. Beside it somebody
asks for pages of For You, before the burst and during it. Then the server is started anew without its snapshots, so
that the learner is behind by the whole log, and the time to its first answer is taken.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from _load import Loaded, ServerProcess, cookie_and_token, load, machine
from watches import encoded, logged, prepare

from freehold.app import secret_of
from freehold.feed import tally

BATCH, CLIPS, VIEWERS = 20, 10_000, 5_000
CLIPS_A_PAGE = 10
BETWEEN_PAGES_S = 0.05
QUIET_S = 8.0
WAIT_S = 120.0


class Reader(threading.Thread):
    """Asks for one page after another until it is told to stop, each for another viewer."""

    def __init__(self, port: int, cookies: Sequence[str]) -> None:
        super().__init__()
        self._port, self._cookies = port, cookies
        self._is_over = threading.Event()
        self.times_ms: list[float] = []
        self.failures = 0

    def run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        while not self._is_over.wait(BETWEEN_PAGES_S):
            began = time.perf_counter()
            cookie = self._cookies[len(self.times_ms) * 7919 % len(self._cookies)]
            connection.request("GET", f"/api/feeds/for-you?count={CLIPS_A_PAGE}", headers={"cookie": cookie})
            answer = connection.getresponse()
            body = answer.read()
            self.times_ms.append((time.perf_counter() - began) * 1000)
            self.failures += answer.status != 200 or len(json.loads(body)["clips"]) != CLIPS_A_PAGE
        connection.close()

    def stop(self) -> "Reader":
        self._is_over.set()
        self.join()
        return self

    def within_ms(self, percent: int) -> float:
        return sorted(self.times_ms)[len(self.times_ms) * percent // 100]


def added_up_s(data_dir: Path) -> float:
    """How long until the figures of the operator's page have everything that is in the log."""
    began = time.perf_counter()
    with sqlite3.connect(f"file:{data_dir / 'freehold.db'}?mode=ro", uri=True) as connection:
        while time.perf_counter() - began < WAIT_S:
            newest, mark = connection.execute(
                "SELECT (SELECT MAX(seq) FROM watch_batch), (SELECT mark FROM reader WHERE name = ?)", (tally.NAME,)
            ).fetchone()
            if (mark or 0) >= newest:
                return time.perf_counter() - began
            time.sleep(0.25)
    raise RuntimeError("the figures were not added up")


def forget_snapshots(data_dir: Path) -> None:
    with sqlite3.connect(data_dir / "freehold.db") as connection:
        connection.execute("DELETE FROM snapshot")


def measure(data_dir: Path, batches: int, connections: int) -> tuple[Loaded, Reader, Reader, float, float]:
    secret = secret_of(data_dir)
    served = asyncio.run(prepare(data_dir, CLIPS, VIEWERS, pages_each=BATCH // CLIPS_A_PAGE))
    requests = encoded(served, batches, BATCH, secret)
    cookies = [cookie_and_token(secret, viewer_id)[0] for viewer_id, _ in served]
    with ServerProcess(["-m", "freehold.cli", "serve"], data_dir) as server:
        load(server.port, requests[:200], 4)
        added_up_s(data_dir)
        before = Reader(server.port, cookies)
        before.start()
        time.sleep(QUIET_S)
        before.stop()
        during = Reader(server.port, cookies)
        during.start()
        burst = load(server.port, requests[200:], connections)
        during.stop()
        figures_s = added_up_s(data_dir)
    assert asyncio.run(logged(data_dir)) == batches
    forget_snapshots(data_dir)
    began = time.perf_counter()
    with ServerProcess(["-m", "freehold.cli", "serve"], data_dir):
        return burst, before, during, figures_s, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--usual", type=int, default=50, help="batches of 20 watches a second")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--behind", type=int, default=60, help="seconds")
    parser.add_argument("--connections", type=int, default=48)
    arguments = parser.parse_args()
    batches = arguments.usual * arguments.times * arguments.behind
    print(f"{batches:,} batches of {BATCH} watches at once, {machine()}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        burst, before, during, figures_s, start_s = measure(Path(name), batches, arguments.connections)
    report: dict[str, Any] = {
        "bench": "burst",
        "batches": batches,
        "failures": burst.failures + before.failures + during.failures,
        "behind_s": arguments.behind,
        "caught_up_s": round(burst.wall_s, 1),
        "ratio_caught_up": round(burst.wall_s / arguments.behind, 3),
        "watches_per_s": round(burst.per_s * BATCH),
        "pages_before": len(before.times_ms),
        "pages_during": len(during.times_ms),
        "page_p50_ms": [round(reader.within_ms(50), 1) for reader in (before, during)],
        "page_p99_ms": [round(reader.within_ms(99), 1) for reader in (before, during)],
        "ratio_page_p50": round(during.within_ms(50) / before.within_ms(50), 2),
        "ratio_page_p99": round(during.within_ms(99) / before.within_ms(99), 2),
        "figures_after_s": round(figures_s, 1),
        "start_s": round(start_s, 1),
        "ratio_start": round(start_s / arguments.behind, 3),
    }
    for key, value in report.items():
        print(f"{key:18}{value!s:>22}")
    print(json.dumps(report))
    assert report["failures"] == 0


if __name__ == "__main__":
    main()
