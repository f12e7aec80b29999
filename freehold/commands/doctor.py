"""`freehold doctor`: what is wrong with this machine or installation, and how to mend it."""

import argparse
import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from freehold.app import clock_us, open_blobs, open_database
from freehold.backends.blobs import Blobs
from freehold.backends.database import Database
from freehold.backends.sqlite_driver import sqlite3
from freehold.commands import command_parser
from freehold.config import Settings
from freehold.domain.errors import FreeholdError
from freehold.feed import readers
from freehold.feed.rules import FeedRules
from freehold.media.jail import ffmpeg_path, open_jail
from freehold.media.process import run as run_process
from freehold.media.transcribe import open_transcriber
from freehold.search.language import language_of
from freehold.store import clip as clips
from freehold.store import journal, reader, rendition, retention, watch_log
from freehold.store import page as pages
from freehold.store.migrate import current_revision, newest_revision

ROOM_WANTED_BYTES = 2 << 30
FIXED_SQLITE = (3, 51, 3)
HOUR_US = 3_600_000_000
LATE_US = HOUR_US
SLACK_DAYS = 1
"""Snapshots, up to which the log goes, are some time apart."""


class Grade(StrEnum):
    OK = "ok"
    NOTE = "note"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    grade: Grade
    subject: str
    text: str
    mend: str = ""


def add_parser(commands: Any) -> None:
    parser = command_parser(
        commands,
        "doctor",
        "say what is wrong with this machine or installation, and how to mend it",
        "freehold doctor\nfreehold --data /srv/freehold doctor\nfreehold doctor --deep",
    )
    parser.add_argument("--deep", action="store_true", help="also look for every stored file that a clip needs")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Exit status 1 where something is wrong, so that scripts can ask."""
    findings = asyncio.run(_all(settings, arguments.deep))
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        print(f"{finding.grade:>5}  {finding.subject:<{width}}  {finding.text}")
        if finding.mend:
            print(f"{'':>5}  {'':<{width}}  → {finding.mend}")
    wrong = sum(finding.grade is Grade.WRONG for finding in findings)
    print(f"\n{wrong} thing(s) to mend." if wrong else "\nNothing is wrong.")
    return 1 if wrong else 0


async def _all(settings: Settings, deep: bool) -> list[Finding]:
    findings = [*_machine(), *_data_dir(settings), _port(settings), await _ffmpeg(), _jail(settings)]
    findings.append(_captions(settings))
    findings += [finding async for finding in _storage(settings, deep)]
    return findings


def _machine() -> Iterator[Finding]:
    yield Finding(Grade.OK, "Python", ".".join(map(str, sys.version_info[:3])))
    if sqlite3.sqlite_version_info < FIXED_SQLITE:
        yield Finding(
            Grade.NOTE, "SQLite",
            f"{sqlite3.sqlite_version}: versions before 3.51.3 can, rarely, damage a write-ahead log",
            "use a newer Python build, or PostgreSQL (setting database.url)",
        )  # fmt: skip
    else:
        yield Finding(Grade.OK, "SQLite", sqlite3.sqlite_version)
    yield Finding(Grade.OK, "processors", f"{os.cpu_count() or 1}")


def _data_dir(settings: Settings) -> Iterator[Finding]:
    path = Path(settings.server.data_dir)
    existing = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        yield Finding(
            Grade.WRONG, "data folder", f"{path} cannot be written", f"make {existing} writable, or use --data"
        )
        return
    free_bytes = shutil.disk_usage(existing).free
    if free_bytes < ROOM_WANTED_BYTES:
        yield Finding(
            Grade.WRONG, "disk", f"{free_bytes >> 20} MiB are free where {path} is",
            "uploads will soon be answered 507: make room or move the data folder",
        )  # fmt: skip
    else:
        yield Finding(Grade.OK, "disk", f"{free_bytes >> 30} GiB free where {path} is")
    secret = path / "secret"
    if secret.exists() and secret.stat().st_mode & 0o077:
        yield Finding(Grade.WRONG, "secret", f"{secret} can be read by others", f"chmod 600 {secret}")


def _port(settings: Settings) -> Finding:
    host, port = settings.server.host, settings.server.port
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return Finding(
                Grade.NOTE, "port", f"{host}:{port} cannot be had: {error.strerror}",
                "fine if that is Freehold running; otherwise set server.port or use --port",
            )  # fmt: skip
    return Finding(Grade.OK, "port", f"{host}:{port} is free")


async def _ffmpeg() -> Finding:
    mend = "reinstall the package imageio-ffmpeg"
    try:
        ended = await run_process([str(ffmpeg_path()), "-hide_banner", "-version"], wall_s=20)
    except (FreeholdError, OSError, RuntimeError) as error:
        return Finding(Grade.WRONG, "ffmpeg", str(error), mend)
    first = ended.stdout.split("\n")[0] if ended.status == 0 else ""
    return Finding(Grade.OK, "ffmpeg", first) if first else Finding(Grade.WRONG, "ffmpeg", "it does not run", mend)


def _jail(settings: Settings) -> Finding:
    try:
        jail = open_jail(settings.compute.allows_no_jail)
    except FreeholdError as error:
        return Finding(
            Grade.WRONG, "jail", str(error),
            "uploads are not processed without a jail; allow user namespaces, or set compute.allows_no_jail",
        )  # fmt: skip
    return Finding(Grade.OK if jail.name != "none" else Grade.NOTE, "jail", jail.describe())


def _captions(settings: Settings) -> Finding:
    try:
        transcriber = open_transcriber(settings.media, language_of)
    except FreeholdError as error:
        return Finding(Grade.WRONG, "captions", str(error), "name another folder, or none for the extra's own model")
    if transcriber is None:
        told = "none by the machine: the extra transcribe is not installed, or media.transcribes is off"
        return Finding(Grade.OK, "captions", told)
    return Finding(Grade.OK, "captions", f"by the machine: {transcriber.describe()}")


async def _storage(settings: Settings, deep: bool) -> AsyncIterator[Finding]:
    if not settings.database.url and not (Path(settings.server.data_dir) / "freehold.db").exists():
        yield Finding(
            Grade.NOTE, "database", "there is none yet", "the first `freehold demo` or `freehold serve` makes it"
        )
        return
    try:
        database = await open_database(settings)
    except (FreeholdError, OSError) as error:
        yield Finding(Grade.WRONG, "database", str(error), "check the setting database.url and that the server runs")
        return
    try:
        async for finding in _database(database, settings.feed):
            yield finding
        async for finding in _blobs(database, settings, deep):
            yield finding
    finally:
        await database.close()


async def _database(database: Database, rules: FeedRules) -> AsyncIterator[Finding]:
    revision, newest = await current_revision(database), newest_revision()
    if revision != newest:
        yield Finding(
            Grade.NOTE, "database", f"at revision {revision}, this program has {newest}",
            "the next start migrates it; keep a copy if it is precious",
        )  # fmt: skip
        return
    yield Finding(Grade.OK, "database", f"revision {revision}")
    ends, now_us = {one.name: one.end for one in await readers.standings(database)}, clock_us()
    for mark in await reader.all_marks(database):
        end = ends[mark.name] if mark.name in ends else await journal.newest_seq(database)
        if mark.seq < end and now_us - mark.moved_at_us > LATE_US:
            yield Finding(
                Grade.WRONG, f"reader {mark.name}", f"{end - mark.seq} entries behind for over an hour",
                f"start the server; if it stays behind, freehold readers reset {mark.name}",
            )  # fmt: skip
        else:
            yield Finding(Grade.OK, f"reader {mark.name}", f"at {mark.seq} of {end}")
    yield await _log(database, rules, now_us)
    states = await clips.count_by_state(database)
    yield Finding(Grade.OK, "clips", ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none")
    if states.get("failed"):
        yield Finding(
            Grade.NOTE, "failed clips", f"{states['failed']} could not be processed after all attempts",
            "their authors can retry; the log says why under `step failed`",
        )  # fmt: skip


async def _log(database: Database, rules: FeedRules, now_us: int) -> Finding:
    """Whether pages and watches go when their time is over."""
    pruned = await retention.pruned_of(database)
    oldest = [await rows.oldest_at_us_after(database, pruned.seq) for rows in (pages, watch_log)]
    since_us = min((at_us for at_us in oldest if at_us is not None), default=now_us)
    text = f"pages and watches since {datetime.fromtimestamp(since_us // 1_000_000, UTC):%Y-%m-%d} are kept"
    if now_us - since_us <= (24 * (rules.log_days + SLACK_DAYS) + rules.replay_span_h) * HOUR_US:
        return Finding(Grade.OK, "log", text)
    return Finding(
        Grade.WRONG, "log", f"{text}, longer than feed.log_days ({rules.log_days})",
        "start the server; if they stay, a reader above is behind, or its log says why under `pruned`",
    )  # fmt: skip


async def _blobs(database: Database, settings: Settings, deep: bool) -> AsyncIterator[Finding]:
    try:
        blobs = open_blobs(settings)
        key = await blobs.put(b"freehold doctor")
        if await blobs.read(key, 0, 8) != b"freehold":
            yield Finding(
                Grade.WRONG, "blobs", "what was written is not what is read", "check the disk or the S3 server"
            )
            return
        await blobs.delete(key)
    except (FreeholdError, OSError) as error:
        yield Finding(Grade.WRONG, "blobs", str(error), "check the setting blobs.url, the disk and its permissions")
        return
    yield Finding(Grade.OK, "blobs", "can be written, read and deleted")
    if deep:
        async for finding in _stored_files(database, blobs):
            yield finding


async def _stored_files(database: Database, blobs: Blobs) -> AsyncIterator[Finding]:
    there = {key async for key in blobs.all_keys()}
    needed = await rendition.all_needed_keys(database)
    lost = needed - there
    if lost:
        yield Finding(
            Grade.WRONG, "stored files", f"{len(lost)} of {len(needed)} that clips need are gone, such as {min(lost)}",
            "restore them from a copy of the blob store: a file's name is its SHA-256",
        )  # fmt: skip
    else:
        yield Finding(Grade.OK, "stored files", f"all {len(needed)} that clips need are there")
    surplus = there - needed
    if surplus:
        yield Finding(
            Grade.NOTE, "surplus files", f"{len(surplus)} of {len(there)} stored files are needed by nothing",
            "a running server deletes those older than an hour, every hour; look into its log if they stay",
        )  # fmt: skip
