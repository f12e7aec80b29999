"""`freehold demo`: a populated network at once; its clips are drawn, uploaded and processed while one watches."""

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freehold.api.server import Server
from freehold.commands import command_parser
from freehold.commands.serve import (
    add_listening_options,
    bind,
    run_on_fast_loop,
    serving,
    until_stopped,
    with_listening_options,
)
from freehold.config import Settings
from freehold.demo.plan import plan
from freehold.demo.posts import DemoPost, Planned, with_posts
from freehold.domain.clip import WATCHABLE, ClipState
from freehold.domain.errors import SettingError
from freehold.logs import set_up_logs

if TYPE_CHECKING:
    from freehold.demo.people import Cast

CLIPS = 72
CLIPS_MOST = 500
SEED = 2026
PASSWORD = "freehold demo"
ROUND_EVERY_CLIPS = 8
POLL_S = 1.0
LAST_ROUNDS = 4
UNDER_WAY = frozenset({ClipState.UPLOADED, ClipState.PROBED, ClipState.PLAYABLE})


def add_parser(commands: Any) -> None:
    parser = command_parser(
        commands,
        "demo",
        "start a populated network: clips, creators, comments and an audience, made on the spot",
        "freehold demo\nfreehold demo --clips 24 --port 8080\nfreehold --data /tmp/demo demo",
        "Start a server and fill it: clips drawn on this machine, uploaded like anybody's, watched by a simulated "
        "audience. A second start goes on with what is there.",
    )
    add_listening_options(parser)
    parser.add_argument("--clips", type=int, default=CLIPS, help=f"how many clips (default {CLIPS})")
    parser.add_argument("--password", help=f"of the demo's accounts (default {PASSWORD!r}, on loopback alone)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    if not 1 <= arguments.clips <= CLIPS_MOST:
        raise SettingError(f"--clips is a number from 1 to {CLIPS_MOST}")
    settings = with_listening_options(settings, arguments)
    if arguments.password is None and not _is_loopback(settings.server.host):
        raise SettingError("others can reach this address: choose the demo accounts' password with --password")
    # One line for each request would bury the progress.
    set_up_logs(
        settings.server.log_format, "warning" if settings.server.log_level == "info" else settings.server.log_level
    )
    with contextlib.closing(bind(settings)) as listener:
        password = arguments.password or PASSWORD
        run_on_fast_loop(_demo(settings, listener, with_posts(plan(arguments.clips, SEED)), password))
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _demo(settings: Settings, listener: Any, planned: tuple[Planned, ...], password: str) -> None:
    async with serving(settings, listener) as (address, server):
        print(_welcome(address, settings.server.data_dir, password), flush=True)
        populating = asyncio.create_task(_populate(server, planned, password), name="demo")
        stopping = asyncio.create_task(until_stopped())
        await asyncio.wait((populating, stopping), return_when=asyncio.FIRST_COMPLETED)
        if populating.done() and populating.exception():
            stopping.cancel()
            await populating
        await stopping
        print("\nStopping; the next start goes on from here.", file=sys.stderr, flush=True)
        populating.cancel()
        await asyncio.gather(populating, return_exceptions=True)


def _welcome(address: str, data_dir: str, password: str) -> str:
    return f"""
  Freehold is running.

    Watch          {address}
    Sign in        {address}sign-in
                   demo.viewer     a viewer
                   demo.creator    a creator, with clips of its own
                   demo.operator   the operator
                   password of all three:  {password}
    Files          {data_dir}/
    Stop           Ctrl-C  (the next start goes on from here)
"""


async def _populate(server: Server, planned: tuple[Planned, ...], password: str) -> None:
    # Here and not above: whoever only wants a command's help does not wait for what draws and composes.
    from freehold.demo.people import Cast

    cast = Cast(server, planned, SEED, password)
    missing = await cast.missing()
    if not missing:
        print(f"  All {len(planned)} clips are here.", flush=True)
        return
    await cast.join_leads()
    watching = asyncio.create_task(_watch_along(cast, Progress(len(planned))), name="audience")
    try:
        with tempfile.TemporaryDirectory(prefix="freehold-demo-") as folder:
            async for one, paths in _drawn(missing, Path(folder)):
                await cast.publish(one, paths)
                for path in paths:
                    path.unlink()
        await watching
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _drawn(planned: list[Planned], folder: Path) -> AsyncIterator[tuple[Planned, list[Path]]]:
    """All with their files as they are drawn, in order, on all processors but politely: the server goes first."""
    loop = asyncio.get_running_loop()
    with drawing_pool() as pool:
        workers = os.cpu_count() or 1
        under_way: list[tuple[Planned, asyncio.Future[list[Path]]]] = []
        waiting = list(planned)
        try:
            while waiting or under_way:
                while waiting and len(under_way) < workers + 1:
                    one = waiting.pop(0)
                    under_way.append((one, loop.run_in_executor(pool, draw, one, folder)))
                one, drawing = under_way.pop(0)
                yield one, await drawing
        finally:
            for _, drawing in under_way:
                drawing.cancel()


@contextlib.contextmanager
def drawing_pool() -> Iterator[ProcessPoolExecutor]:
    pool = ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"), initializer=_be_polite)
    try:
        yield pool
    finally:
        processes = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


def _be_polite() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(10)


def draw(planned: Planned, folder: Path) -> list[Path]:
    """A clip's file, or a post's pictures. Runs in a process of its own, which alone imports what draws."""
    from freehold.demo.art import render, still_png

    if not isinstance(planned, DemoPost):
        path = folder / f"{planned.index:03d}.mp4"
        render(planned, path)
        return [path]
    paths = [folder / f"{planned.index}-{number}.png" for number, _ in enumerate(planned.pictures, start=1)]
    for path, picture in zip(paths, planned.pictures, strict=True):
        path.write_bytes(still_png(picture))
    return paths


async def _watch_along(cast: "Cast", progress: "Progress") -> None:
    """Let people comment and the audience watch as the clips become watchable; return when all have their end."""
    watched = 0
    while True:
        states = [clip.state for clip in await cast.clips()]
        watchable = sum(state in WATCHABLE for state in states)
        progress.show(watchable)
        await cast.talk()
        if watchable - watched >= ROUND_EVERY_CLIPS:
            await cast.watch_round()
            watched = watchable
        if len(states) >= progress.total and not any(state in UNDER_WAY for state in states):
            for _ in range(LAST_ROUNDS):
                await cast.watch_round()
            progress.end(watchable, cast.watch_count)
            return
        await asyncio.sleep(POLL_S)


class Progress:
    """One line that is rewritten on a terminal; elsewhere a line now and then."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._is_terminal = sys.stdout.isatty()
        self._shown = -1

    def show(self, watchable: int) -> None:
        if watchable == self._shown:
            return
        if self._is_terminal:
            bar = "█" * (24 * watchable // self.total)
            print(f"\r  Making clips  {bar:░<24}  {watchable}/{self.total} can be watched ", end="", flush=True)
        elif watchable // 10 > max(self._shown, 0) // 10 or self._shown < 0 <= 1 <= watchable:
            print(f"  {watchable} of {self.total} clips can be watched", flush=True)
        self._shown = watchable

    def end(self, watchable: int, watches: int) -> None:
        print(f"\r  {watchable} clips are here, and the feed has learned from {watches:,} watches.{'':20}", flush=True)
