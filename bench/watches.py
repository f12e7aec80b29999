"""Watches a second over HTTP: validated, each request answered after its fsync.

    python bench/watches.py [--requests 15000] [--batch 20] [--connections 48]

The server is `freehold serve` on SQLite in a process of its own, the load generator another, both on this machine.
Viewers are distinct, with signed cookies, tokens and real impressions, which were written to the database before.
"""

import argparse
import asyncio
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from random import Random

from _load import ServerProcess, cookie_and_token, load, machine
from fill import fill

from freehold.app import secret_of
from freehold.backends.database import Transaction
from freehold.backends.sqlite import SqliteDatabase
from freehold.domain.ids import PageId, ViewerId, id_text, new_id
from freehold.domain.watch import Source
from freehold.store import page as pages
from freehold.store.migrate import migrate
from freehold.store.page import PageRow, Shown, packed

CLIPS_A_PAGE = 10


async def prepare(data_dir: Path, clips: int, viewers: int, pages_each: int) -> list[tuple[ViewerId, list[PageRow]]]:
    """A catalogue, and viewers who were each served so many pages."""
    random, at_us = Random(7), time.time_ns() // 1000
    database = SqliteDatabase(data_dir / "freehold.db")
    await migrate(database)
    filled = await fill(database, clips)
    served: list[tuple[ViewerId, list[PageRow]]] = []
    seq = 1
    for start in range(0, viewers, 500):
        part = []
        for who in range(start, min(start + 500, viewers)):
            viewer_id = ViewerId(new_id(at_us + who * 1000, random))
            rows = [
                PageRow(
                    viewer_id, PageId(new_id(at_us + n * 1000, random)), "for-you", at_us, "0" * 16, 1,
                    packed([Shown(id_, Source.POPULAR, 1.0, 0, (0,) * 8)
                            for id_ in random.sample(filled.clip_ids, CLIPS_A_PAGE)]),
                )
                for n in range(pages_each)
            ]  # fmt: skip
            part.append((viewer_id, rows))
        rows = [row for _, ours in part for row in ours]

        async def work(transaction: Transaction, rows: list[PageRow] = rows, seq: int = seq) -> None:
            await pages.insert(transaction, seq, clips, rows)

        await database.transact(work)
        seq += len(rows)
        served += part
    await database.close()
    return served


def encoded(served: list[tuple[ViewerId, list[PageRow]]], requests: int, batch: int, secret: bytes) -> list[bytes]:
    random = Random(8)
    keys = [cookie_and_token(secret, viewer_id) for viewer_id, _ in served]
    shown = [
        [
            (id_text(page.id), position, id_text(clip_id))
            for page in ours
            for position, clip_id in enumerate(pages.clip_ids_in(page.impressions))
        ]
        for _, ours in served
    ]
    made = []
    for number in range(requests):
        who = number % len(served)
        watches = [
            {
                "page_id": page_id, "position": position, "clip_id": clip_id,
                "watched_ms": random.randrange(60_000), "completions": random.randrange(2),
                "skipped": random.random() < 0.3, "started_at_ms": 1_800_000_000_000 + number,
            }
            for page_id, position, clip_id in shown[who][:batch]
        ]  # fmt: skip
        body = json.dumps({"batch": f"bench-{number:08}", "watches": watches}).encode()
        cookie, token = keys[who]
        made.append(
            f"POST /api/watches HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: {cookie}\r\nx-csrf-token: {token}\r\n"
            f"sec-fetch-site: same-origin\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            .encode() + body
        )  # fmt: skip
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=15_000)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--connections", type=int, default=48)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--viewers", type=int, default=5_000)
    parser.add_argument("--folder", type=Path, help="where to put the database: on the disk to be measured")
    arguments = parser.parse_args()
    print(f"Watches over HTTP, {machine()}")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        data_dir = Path(name)
        secret = secret_of(data_dir)
        pages_each = -(-arguments.batch // CLIPS_A_PAGE)
        served = asyncio.run(prepare(data_dir, arguments.clips, arguments.viewers, pages_each))
        requests = encoded(served, arguments.requests, arguments.batch, secret)
        with ServerProcess(["-m", "freehold.cli", "serve"], data_dir) as server:
            load(server.port, requests[:200], 4)
            cpu_s = server.cpu_s()
            result = load(server.port, requests[200:], arguments.connections)
            cpu_s = server.cpu_s() - cpu_s
            peak_mib = server.peak_mib()
        rows = asyncio.run(logged(data_dir))
    watches = result.requests * arguments.batch
    report = {
        "bench": "watches",
        **asdict(result),
        "batch": arguments.batch,
        "connections": arguments.connections,
        "watches_per_s": round(watches / result.wall_s),
        "requests_per_s": round(result.per_s),
        "server_cpu_us_per_request": round(cpu_s / result.requests * 1e6),
        "server_peak_mib": round(peak_mib),
        "in_log": rows,
    }
    rate, per_s = report["watches_per_s"], report["requests_per_s"]
    print(f"{rate:>9,} watches/s in batches of {arguments.batch} ({per_s:,} requests/s)")
    print(f"   p50 {result.p50_ms:.1f} ms, p99 {result.p99_ms:.1f} ms, {result.failures} failures of {result.requests}")
    server_us = report["server_cpu_us_per_request"]
    print(f"   CPU: server {server_us} us a request, generator {result.generator_cpu_s:.1f} s of {result.wall_s:.1f} s")
    print(json.dumps(report))
    assert result.failures == 0
    assert rows == arguments.requests


async def logged(data_dir: Path) -> int:
    database = SqliteDatabase(data_dir / "freehold.db")
    rows = await database.fetch("SELECT COUNT(*) AS count FROM watch_batch")
    await database.close()
    return int(rows[0]["count"])


if __name__ == "__main__":
    main()
