"""The journal loses no entry, whatever commits when."""

import asyncio
from typing import Any

import pytest

from freehold.backends.database import Database, Transaction
from freehold.backends.postgresql import PostgresDatabase
from freehold.store import journal, reader


async def add(transaction: Transaction, subject_id: int) -> None:
    await journal.append(
        transaction, journal.Kind.CLIP_LIKED, at_us=1, actor_id=7, subject_id=subject_id, detail={"hash": "ab"}
    )


async def test_entries_come_back_in_order_from_behind_the_mark(database: Database) -> None:
    for subject_id in range(5):
        await database.transact(lambda tx, subject_id=subject_id: add(tx, subject_id))  # type: ignore[misc]
    entries = await journal.after(database, 2, 10)
    assert [entry.subject_id for entry in entries] == [2, 3, 4]
    assert entries[0].detail == {"hash": "ab"}
    assert entries[0].kind is journal.Kind.CLIP_LIKED
    assert await journal.newest_seq(database) == 5


async def test_an_action_that_fails_leaves_no_entry(database: Database) -> None:
    async def failing(transaction: Transaction) -> None:
        await add(transaction, 1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await database.transact(failing)
    assert await journal.newest_seq(database) == 0


async def test_a_reader_misses_no_entry_of_a_slow_transaction(database: Database) -> None:
    """PostgreSQL gives out numbers before commit: without the lock, the reader would pass the slow one by."""
    if not isinstance(database, PostgresDatabase):
        pytest.skip("SQLite has one writer")
    has_appended = asyncio.Event()

    async def slow(transaction: Transaction) -> None:
        await add(transaction, 1)
        has_appended.set()
        await asyncio.sleep(0.3)

    slow_task: asyncio.Task[Any] = asyncio.create_task(database.transact(slow))
    await has_appended.wait()
    fast_task: asyncio.Task[Any] = asyncio.create_task(database.transact(lambda tx: add(tx, 2)))
    seen: list[int] = []
    mark = 0
    while len(seen) < 2:
        for entry in await journal.after(database, mark, 10):
            seen.append(entry.subject_id)
            mark = entry.seq
        await asyncio.sleep(0.01)
    await asyncio.gather(slow_task, fast_task)
    assert seen == [1, 2]


async def test_a_mark_is_kept(database: Database) -> None:
    assert await reader.mark_of(database, "r") == 0
    await database.transact(lambda tx: reader.move(tx, "r", 5, 1))
    await database.transact(lambda tx: reader.move(tx, "r", 9, 2))
    assert await reader.mark_of(database, "r") == 9
    assert [(mark.name, mark.seq) for mark in await reader.all_marks(database)] == [("r", 9)]


async def test_marks_that_are_held_are_moved_by_one_at_a_time(database: Database) -> None:
    async def work(transaction: Transaction) -> None:
        mark = await reader.held_mark_of(transaction, "taking turns")
        await reader.move(transaction, "taking turns", mark + 1, 0)

    await asyncio.gather(*(database.transact(work) for _ in range(8)))
    assert await reader.mark_of(database, "taking turns") == 8
