"""For You pages a second over HTTP from a large catalogue, against canned pages of the same size.

    python bench/feed.py [--clips 100000] [--small 1000] [--viewers 10000] [--pages 3000]
    python bench/feed.py --newcomer [options of bench/newcomer.py]: not how fast, but how good for whom nobody knows

Each request is a whole one: signed viewer cookie, gather, judge on committed rows, score, arrange, impressions
durable before the answer, JSON of ten clips. The learner is warm: it has taken in a page of watches by each viewer.
Canned is the same server process answering a stored page of the same size: "bare" in front of our code, "routed"
behind the edge, which looks the viewer up.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any
from urllib.request import Request, urlopen

import newcomer
from _load import Loaded, ServerProcess, cookie_and_token, load, machine
from fill import Filled, fill, take_in

from freehold.app import open_server, secret_of
from freehold.backends.database import Transaction
from freehold.backends.sqlite import SqliteDatabase
from freehold.config import load as load_settings
from freehold.domain.ids import PageId, ViewerId, new_id
from freehold.domain.watch import Source
from freehold.store import page as pages
from freehold.store import watch_log
from freehold.store.migrate import migrate
from freehold.store.page import PageRow, Shown, packed
from freehold.store.watch_log import SKIPPED, WatchBatch, record_of

CLIPS_A_PAGE = 10
BARE, ROUTED = "/bench/bare", "/bench/routed"
CANNED_FILE = "canned.json"


async def serve(port: int) -> None:
    """The server, with two routes more."""
    import uvicorn
    from starlette.responses import Response

    from freehold.api.routes import Routes, Table
    from freehold.api.server import Call
    from freehold.api.table import ROUTES

    settings = load_settings(None)
    path = Path(settings.server.data_dir) / CANNED_FILE
    extra = Routes()

    @extra.add("GET", ROUTED, is_hot=True)
    async def routed(call: Call) -> Response:
        return Response(path_bytes(), media_type="application/json")

    def path_bytes() -> bytes:
        if path not in kept:
            kept[path] = path.read_bytes()
        return kept[path]

    kept: dict[Path, bytes] = {}
    async with open_server(settings, works=False) as edge:
        edge.table = Table((*ROUTES, extra))

        async def app(scope: Any, receive: Any, send: Any) -> None:
            if scope.get("path") != BARE:
                await edge(scope, receive, send)
                return
            body = path_bytes()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        config = uvicorn.Config(
            app,
            port=port,
            loop="none",
            http="httptools",
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        await uvicorn.Server(config).serve()


async def prepare(data_dir: Path, clips: int, viewers: int) -> list[ViewerId]:
    """A catalogue, and viewers with tastes who were each shown a page and watched it."""
    random, at_us = Random(7), time.time_ns() // 1000 - 3_600_000_000
    database = SqliteDatabase(data_dir / "freehold.db")
    await migrate(database)
    filled = await fill(database, clips)
    await take_in(database)
    viewer_ids = [ViewerId(new_id(at_us + n * 1000, random)) for n in range(viewers)]
    seq = 1
    for start in range(0, viewers, 500):
        part = viewer_ids[start : start + 500]
        rows = [_past(filled, viewer_id, at_us, random) for viewer_id in part]

        async def work(transaction: Transaction, rows: Any = rows, seq: int = seq) -> None:
            await pages.insert(transaction, seq, clips, [page for page, _ in rows])
            await watch_log.insert(transaction, seq + len(rows), clips, [batch for _, batch in rows])

        await database.transact(work)
        seq += 2 * len(part)
    await database.close()
    return viewer_ids


def _past(filled: Filled, viewer_id: ViewerId, at_us: int, random: Random) -> tuple[PageRow, WatchBatch]:
    """Three of 200 tags are to the viewer's taste, half of the page has one of them, and that half is finished."""
    tags, count = len(filled.tags), len(filled.clip_ids)
    tastes = random.sample(range(min(tags, count)), 3)
    numbers = [random.randrange(max(1, count // tags)) * tags + random.choice(tastes) for _ in range(5)]
    # Popularity falls off as in a real catalogue.
    numbers += [min(int(count * random.random() ** 3), count - 1) for _ in range(5)]
    page_id = PageId(new_id(at_us, random))
    shown = [Shown(filled.clip_ids[n % count], Source.POPULAR, 1.0, 0, (0,) * 8) for n in numbers]
    values: list[int] = []
    for position, number in enumerate(numbers):
        is_liked = number % tags in tastes
        flags = 0 if is_liked else SKIPPED
        values += (page_id, shown[position].clip_id, position, 30_000 if is_liked else 900, int(is_liked), flags)
    return (
        PageRow(viewer_id, page_id, "for-you", at_us, "0" * 16, 1, packed(shown)),
        WatchBatch(viewer_id, "bench-past", at_us + 60_000_000, record_of(len(numbers)).pack(*values)),
    )


def gets(path: str, cookies: Sequence[str]) -> list[bytes]:
    return [f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: {cookie}\r\n\r\n".encode() for cookie in cookies]


def measure(clips: int, viewers: int, count: int, connections: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        data_dir = Path(name)
        secret = secret_of(data_dir)
        viewer_ids = asyncio.run(prepare(data_dir, clips, viewers))
        cookies = [cookie_and_token(secret, viewer_id)[0] for viewer_id in viewer_ids]
        asked = [cookies[number * 7919 % len(cookies)] for number in range(count)]
        address = f"/api/feeds/for-you?count={CLIPS_A_PAGE}"
        with ServerProcess([str(Path(__file__)), "--serve"], data_dir) as server:
            with urlopen(Request(f"http://127.0.0.1:{server.port}{address}", headers={"cookie": cookies[0]})) as answer:
                body = answer.read()
            assert len(json.loads(body)["clips"]) == CLIPS_A_PAGE
            (data_dir / CANNED_FILE).write_bytes(body)
            load(server.port, gets(address, asked[:100]), 2)
            results: dict[str, tuple[Loaded, float]] = {}
            for kind, requests in (
                ("feed", gets(address, asked)),
                ("bare", gets(BARE, asked * 4)),
                ("routed", gets(ROUTED, asked * 2)),
            ):
                cpu_s = server.cpu_s()
                loaded = load(server.port, requests, connections)
                results[kind] = loaded, (server.cpu_s() - cpu_s) / loaded.requests * 1e6
                assert loaded.failures == 0, kind
            alone = load(server.port, gets(address, asked[: count // 6]), 1)
            peak_mib = server.peak_mib()
    (feed, feed_us), (bare, bare_us), (routed, routed_us) = results["feed"], results["bare"], results["routed"]
    return {
        "clips": clips,
        "viewers": viewers,
        "page_bytes": len(body),
        "pages_per_s": round(feed.per_s),
        "p50_ms": round(feed.p50_ms, 1),
        "p99_ms": round(feed.p99_ms, 1),
        "alone_p50_ms": round(alone.p50_ms, 1),
        "alone_p99_ms": round(alone.p99_ms, 1),
        "cpu_us": round(feed_us),
        "bare_per_s": round(bare.per_s),
        "bare_cpu_us": round(bare_us),
        "routed_per_s": round(routed.per_s),
        "routed_cpu_us": round(routed_us),
        "ratio_by_rate": round(feed.per_s / bare.per_s, 4),
        "ratio_by_cpu": round(bare_us / feed_us, 4),
        "ratio_routed_by_cpu": round(routed_us / feed_us, 4),
        "server_peak_mib": round(peak_mib),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--small", type=int, default=1_000, help="the small catalogue; 0 leaves it out")
    parser.add_argument("--viewers", type=int, default=10_000)
    parser.add_argument("--pages", type=int, default=3_000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--newcomer", action="store_true", help="bench/newcomer.py, with the options behind it")
    arguments, others = parser.parse_known_args()
    if arguments.newcomer:
        newcomer.main([one for one in sys.argv[1:] if one != "--newcomer"])
        return
    if others:
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    if arguments.serve:
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(arguments.port))
        return
    print(f"For You pages of {CLIPS_A_PAGE}, {machine()}", file=sys.stderr)
    rows = [
        measure(clips, arguments.viewers, arguments.pages, arguments.connections)
        for clips in (arguments.small, arguments.clips)
        if clips
    ]
    for key in rows[0]:
        print(f"{key:22}" + "".join(f"{row[key]:>14,}" for row in rows))
    growth = round(rows[-1]["cpu_us"] / rows[0]["cpu_us"], 2)
    print(f"{'growth of CPU a page':22}{growth:>28}")
    print(json.dumps({"bench": "feed", "rows": rows, "growth": growth}))


if __name__ == "__main__":
    main()
