"""Puts a server together: the only place besides `cli.py` and `config.py` that knows which backend was chosen."""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import structlog

from freehold.actions.upload import Intake
from freehold.api.edge import Edge
from freehold.api.routes import Table
from freehold.api.server import Server
from freehold.api.table import ROUTES
from freehold.backends import Backends
from freehold.backends.blobs import Blobs, LocalBlobs, S3Blobs
from freehold.backends.bus import EmbeddedBus
from freehold.backends.compute import EmbeddedCompute
from freehold.backends.database import Database
from freehold.backends.postgresql import PostgresDatabase
from freehold.backends.sqlite import SqliteCopy, SqliteDatabase
from freehold.config import Settings
from freehold.domain.errors import SettingError
from freehold.feed.feed import Feed
from freehold.media.jail import open_jail
from freehold.media.life import Life
from freehold.media.transcribe import open_transcriber
from freehold.search import index
from freehold.search.language import language_of
from freehold.search.trends import Trends
from freehold.store.migrate import current_revision, migrate, newest_revision

log = structlog.get_logger("freehold.app")
SECRET_BYTES = 32


def clock_us() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


async def open_database(settings: Settings) -> Database:
    url = settings.database.url
    if not url:
        return SqliteDatabase(Path(settings.server.data_dir) / "freehold.db")
    if url.startswith("postgresql://"):
        return await PostgresDatabase.open(url)
    raise SettingError("database.url is empty (SQLite in the data folder) or begins with postgresql://")


def open_blobs(settings: Settings) -> Blobs:
    url = settings.blobs.url
    if not url:
        return LocalBlobs(Path(settings.server.data_dir) / "blobs")
    return S3Blobs.open(url)


def make_data_dir(settings: Settings) -> None:
    """Make the data folder where there is none; `SettingError` where it cannot be had."""
    path = Path(settings.server.data_dir)
    try:
        # Hashes of passwords and what people watched are in it.
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        reason = "" if os.access(path, os.W_OK | os.X_OK) else "it cannot be written"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise SettingError(f"{path} cannot be the data folder: {reason}. Choose another by --data or server.data_dir")


def secret_of(data_dir: Path) -> bytes:
    """The server's secret, made at the first start and kept for its owner's eyes; `SettingError` where it is cut."""
    path = data_dir / "secret"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, secrets.token_bytes(SECRET_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(path)
    secret = path.read_bytes()
    if len(secret) < SECRET_BYTES:
        raise SettingError(f"{path} is cut short: put back a copy, or delete it so that a new one is made")
    return secret


@asynccontextmanager
async def open_backends(settings: Settings) -> AsyncIterator[Backends]:
    """The four seams, migrated and ready; closed at the end."""
    make_data_dir(settings)
    database = await open_database(settings)
    try:
        await migrate(database)
        slots = settings.compute.slots or None
        yield Backends(database, open_blobs(settings), EmbeddedBus(), EmbeddedCompute(slots))
    finally:
        await database.close()


@asynccontextmanager
async def open_network(settings: Settings) -> AsyncIterator[Backends]:
    """As `open_backends`, for a network that is there; `SettingError` rather than an empty one where none is."""
    await _check_begun(settings)
    async with open_backends(settings) as backends:
        yield backends


async def _check_begun(settings: Settings) -> None:
    path = Path(settings.server.data_dir)
    if settings.database.url:
        database = await open_database(settings)
        try:
            is_begun, where = await current_revision(database) is not None, "the database of database.url"
        finally:
            await database.close()
    else:
        # A file in the folder's place is no beginning either, and has words of its own.
        is_begun, where = path.is_file() or (path / "freehold.db").exists(), str(path)
    if not is_begun:
        raise SettingError(
            f"there is no network in {where}: say where yours is by --data or --config, or begin one by"
            " `freehold serve` or `freehold account create`"
        )


@asynccontextmanager
async def open_copy(settings: Settings) -> AsyncIterator[Backends]:
    """The four seams for one who only reads: nothing is migrated, and the database takes no writes."""
    data_dir, url = Path(settings.server.data_dir), settings.database.url
    if url and not url.startswith("postgresql://"):
        raise SettingError("database.url is empty (SQLite in the data folder) or begins with postgresql://")
    if not settings.blobs.url and not (data_dir / "blobs").is_dir():
        raise SettingError(f"there is no folder {data_dir / 'blobs'}: say where the data is by --data")
    database: Database = (
        await PostgresDatabase.open(url, is_read_only=True) if url else SqliteCopy(data_dir / "freehold.db")
    )
    try:
        current = await current_revision(database)
        if current != newest_revision():
            raise SettingError(
                f"the database is at revision {current or 'none'}, and this program reads {newest_revision()}:"
                " use the program that it belongs to, or start a server on it once"
            )
        yield Backends(database, open_blobs(settings), EmbeddedBus(), EmbeddedCompute(1))
    finally:
        await database.close()


@asynccontextmanager
async def open_server(settings: Settings, *, works: bool = True) -> AsyncIterator[Edge]:
    """A server ready to answer; with `works`, the media steps and the feed's followers run beside it."""
    data_dir = Path(settings.server.data_dir)
    async with AsyncExitStack() as stack:
        backends = await stack.enter_async_context(open_backends(settings))
        random = Random(secrets.randbits(64))
        feed = await stack.enter_async_context(Feed.open(backends, settings.feed, clock_us, random))
        stack.push_async_callback(_stop, asyncio.create_task(index.follow(backends, clock_us), name="search"))
        trends = Trends(backends.database)
        stack.push_async_callback(_stop, asyncio.create_task(trends.keep(clock_us), name="trends"))
        tasks: list[asyncio.Task[None]] = []
        # What would not be looked into is refused before it is sent.
        size_bytes = min(settings.uploads.max_size_bytes, settings.media.max_size_bytes)
        transcriber = open_transcriber(settings.media, language_of)
        upload_rules = replace(settings.uploads, max_size_bytes=size_bytes)
        server = Server(
            name=settings.server.name,
            origin=settings.server.origin.rstrip("/"),
            secret=secret_of(data_dir),
            incoming_dir=data_dir / "incoming",
            intake=Intake(backends, data_dir / "incoming", upload_rules, clock_us, random),
            jail=cache(lambda: open_jail(settings.compute.allows_no_jail)),
            backends=backends,
            feed=feed,
            account_rules=settings.accounts,
            upload_rules=upload_rules,
            media_limits=settings.media,
            transcribes=transcriber is not None,
            trends=trends,
            clock=clock_us,
            random=random,
            trusts_proxy=settings.server.trusts_proxy,
            is_working=lambda: not any(task.done() for task in tasks),
        )
        if works:
            life = Life.open(
                backends, data_dir / "incoming", settings.media, settings.compute.allows_no_jail, clock_us, random,
                transcriber=transcriber,
            )  # fmt: skip
            tasks.append(asyncio.create_task(life.run(), name="life"))
            tasks[0].add_done_callback(_say_why)
            stack.push_async_callback(_stop, tasks[0])
        yield Edge(server, Table(ROUTES))


def _say_why(task: "asyncio.Task[None]") -> None:
    """The workers end only where they are stopped; whatever else ends them is a fault that an operator must see."""
    if not task.cancelled():
        log.error("the workers stopped: clips wait until the server is started again", exc_info=task.exception())


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
