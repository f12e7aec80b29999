"""The server is killed by SIGKILL, at random instants and at every writing system call of an upload."""

import asyncio
import contextlib
import hashlib
import os
import random
import threading
import time
from pathlib import Path

import pytest

from freehold.backends.database import Database
from freehold.store import upload as uploads
from tests.conftest import missing
from tests.uploads import syscalls
from tests.uploads.harness import DEAD, Fleet, Sending, Tus, make_creator


def kill_soon(fleet: Fleet, after_s: float) -> threading.Timer:
    timer = threading.Timer(after_s, fleet.kill)
    timer.start()
    return timer


def one_life(fleet: Fleet, tus: Tus, sending: Sending, chance: random.Random, dies_after_s: float) -> None:
    """Start a server, go on with the upload until the server dies, and hold it to every offset it acknowledged."""
    fleet.start()
    killer: threading.Timer | None = None
    try:
        if not sending.location:
            killer = kill_soon(fleet, dies_after_s)
            sending.location, sending.clip_id = tus.create(len(sending.data), caption="#kill", wish="publish")
        offset = tus.offset(sending.location)
        assert sending.acknowledged <= offset <= sending.sent, "an acknowledged byte was lost, or one was made up"
        sending.acknowledged = offset
        killer = killer or kill_soon(fleet, dies_after_s)
        while sending.acknowledged < len(sending.data):
            chunk = sending.data[offset : offset + chance.randint(1, 1 << 20)]
            sending.sent = max(sending.sent, offset + len(chunk))
            answer = tus.patch(sending.location, offset, chunk)
            assert answer.status == 204, answer
            offset = int(answer.headers["Upload-Offset"])
            sending.acknowledged = offset
    except DEAD:
        pass
    finally:
        if killer:
            killer.join()


async def all_clips(database: Database) -> list[tuple[str, int, int | None, str]]:
    rows = await database.fetch(
        "SELECT clip.state, upload.offset_bytes, upload.finished_at_us, clip.incoming_name FROM clip"
        " JOIN upload ON upload.clip_id = clip.id"
    )
    return [tuple(row) for row in rows]  # type: ignore[misc,arg-type]


async def check_no_half_clip(database: Database, incoming: Path, whole: bytes) -> int:
    """Every clip is either still uploading or whole; how many are whole."""
    count = 0
    for state, offset_bytes, finished_at_us, name in await all_clips(database):
        if state == "uploading":
            assert finished_at_us is None
            assert offset_bytes < len(whole), "an upload is whole and its clip does not know"
        else:
            assert state == "uploaded" and finished_at_us is not None
            assert hashlib.sha256((incoming / name).read_bytes()).digest() == hashlib.sha256(whole).digest()
            count += 1
        if offset_bytes:
            assert (incoming / name).read_bytes()[:offset_bytes] == whole[:offset_bytes]
    return count


@pytest.mark.slow
async def test_two_hundred_kills_at_random_instants_lose_no_acknowledged_byte(
    database: Database, database_url: str, tmp_path: Path, dialect: str
) -> None:
    kills = 200 if dialect == "sqlite" else 60
    seed = int(os.environ.get("FREEHOLD_TEST_SEED", "0")) or random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    whole = chance.randbytes(6 << 20)
    token = await make_creator(database, "killed")
    with Fleet(tmp_path / "data", database_url) as fleet:
        tus = Tus(fleet.port, token)

        def run() -> int:
            finished, sending = 0, Sending(whole)
            for _ in range(kills):
                one_life(fleet, tus, sending, chance, chance.random() ** 2 * 0.15)
                if sending.acknowledged == len(whole):
                    finished, sending = finished + 1, Sending(whole)
            return finished

        finished = await asyncio.to_thread(run)
    assert finished >= 1
    assert await check_no_half_clip(database, tmp_path / "data" / "incoming", whole) >= finished


def upload_once(tus: Tus, sending: Sending) -> None:
    """In three requests: begin with the first bytes, go on, end."""
    third = len(sending.data) // 3
    if not sending.location:
        sending.location, sending.clip_id = tus.create(len(sending.data), caption="#sweep", wish="publish")
    offset = tus.offset(sending.location)
    assert sending.acknowledged <= offset <= sending.sent
    sending.acknowledged = offset
    while offset < len(sending.data):
        chunk = sending.data[offset : offset + third]
        sending.sent = max(sending.sent, offset + len(chunk))
        answer = tus.patch(sending.location, offset, chunk)
        assert answer.status == 204, answer
        offset = sending.acknowledged = int(answer.headers["Upload-Offset"])


@pytest.mark.slow
async def test_a_kill_at_any_writing_system_call_of_an_upload_loses_nothing(
    database: Database, database_url: str, tmp_path: Path, dialect: str
) -> None:
    """Kills before the first, the second, … writing call until an upload gets by without having that many. Each
    server first goes on with the upload in which the last one was killed."""
    if not syscalls.is_possible():
        missing("a kernel that announces system calls (seccomp user notification)")
    whole = random.Random(7).randbytes(90_000)
    token = await make_creator(database, "swept")
    stopped_at: list[str] = []
    with Fleet(tmp_path / "data", database_url) as fleet:
        tus = Tus(fleet.port, token)

        def run() -> None:
            left: Sending | None = None
            while True:
                stopper = syscalls.Stopper(
                    fleet.start_traced(), fleet.pid, tmp_path / "data", len(stopped_at) + 1, fleet.kill
                )
                # Where the database is another process, only what it says to it goes through sockets.
                stopper.counts_sockets = dialect == "sqlite"
                stopper.start()
                fleet.wait()
                assert tus.ask("GET", "/healthz").status == 200
                if left:
                    upload_once(tus, left)
                    assert left.acknowledged == len(whole)
                left = Sending(whole)
                stopper.is_armed = True
                with contextlib.suppress(DEAD):
                    upload_once(tus, left)
                if not stopper.stopped_at:
                    fleet.kill()
                    return
                stopper.join()
                stopped_at.append(stopper.stopped_at)

        started_s = time.monotonic()
        await asyncio.to_thread(run)
    print(f"{len(stopped_at)} kills in {time.monotonic() - started_s:.1f} s: {stopped_at}")
    assert {"fsync", "openat"} <= set(stopped_at)
    assert len(stopped_at) >= 15
    finished = await check_no_half_clip(database, tmp_path / "data" / "incoming", whole)
    assert finished >= len(stopped_at) + 1
    assert await uploads.needed_incoming_names(database) >= {
        path.name for path in (tmp_path / "data" / "incoming").iterdir()
    }
