"""One suite for every database."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from freehold.backends.database import Database, Transaction
from freehold.backends.postgresql import PostgresDatabase, translate
from freehold.domain.errors import BackendError, NoRoom
from tests.conftest import empty


def inserting(name: str, mark: int) -> Callable[[Transaction], Awaitable[int]]:
    async def work(transaction: Transaction) -> int:
        return await transaction.execute("INSERT INTO reader (name, mark) VALUES ($1, $2)", name, mark)

    return work


async def names(database: Database) -> set[str]:
    return {row["name"] for row in await database.fetch("SELECT name FROM reader")}


async def test_a_transaction_is_read_back_once_it_returned(database: Database) -> None:
    assert await database.transact(inserting("a", 1)) == 1
    rows = await database.fetch("SELECT name, mark FROM reader WHERE name = $1", "a")
    assert (rows[0]["name"], rows[0][1]) == ("a", 1)


async def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    async def work(transaction: Transaction) -> None:
        await transaction.execute("INSERT INTO reader (name, mark) VALUES ('half', 1)")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await database.transact(work)
    assert await names(database) == set()


async def test_one_bad_piece_of_a_group_does_not_spoil_the_others(database: Database) -> None:
    async def work(transaction: Transaction) -> None:
        await transaction.execute("INSERT INTO reader (name, mark) VALUES ('bad', 1)")
        raise ValueError("no")

    good = [database.transact(inserting(f"n{number}", number)) for number in range(30)]
    answers = await asyncio.gather(*good[:15], database.transact(work), *good[15:], return_exceptions=True)
    assert [type(answer) for answer in answers].count(ValueError) == 1
    assert await names(database) == {f"n{number}" for number in range(30)}


async def test_a_statement_that_fails_is_undone_and_the_database_goes_on(database: Database) -> None:
    await database.transact(inserting("a", 1))
    results = await asyncio.gather(
        database.transact(inserting("a", 2)), database.transact(inserting("b", 3)), return_exceptions=True
    )
    assert isinstance(results[0], Exception)
    assert results[1] == 1
    assert await names(database) == {"a", "b"}


async def test_a_transaction_reads_what_it_wrote(database: Database) -> None:
    async def work(transaction: Transaction) -> int:
        await transaction.execute_many("INSERT INTO reader (name, mark) VALUES ($1, $2)", [("x", 1), ("y", 2)])
        rows = await transaction.fetch("SELECT SUM(mark) AS total FROM reader")
        return int(rows[0]["total"])

    assert await database.transact(work) == 3


async def test_what_changed_is_counted(database: Database) -> None:
    async def work(transaction: Transaction) -> tuple[int, int]:
        await transaction.execute_many("INSERT INTO reader (name, mark) VALUES ($1, $2)", [("x", 1), ("y", 2)])
        changed = await transaction.execute("UPDATE reader SET mark = 9 WHERE mark >= $1", 1)
        again = await transaction.execute(
            "INSERT INTO reader (name, mark) VALUES ($1, $2) ON CONFLICT DO NOTHING", "x", 5
        )
        return changed, again

    assert await database.transact(work) == (2, 0)


async def test_bytes_numbers_and_nothing_come_back_as_they_went_in(database: Database) -> None:
    async def work(transaction: Transaction) -> None:
        await transaction.execute(
            "INSERT INTO page (viewer_id, id, feed, at_us, model_hash, seed, seq, journal_seq, impressions)"
            " VALUES ($1, $2, $3, $4, $5, $6, 1, 1, $7)",
            (1 << 62) + 1, 2, "grüße 🎬", 3, "", -(1 << 62), bytes(range(256)),
        )  # fmt: skip

    await database.transact(work)
    row = (await database.fetch("SELECT * FROM page"))[0]
    assert (row["viewer_id"], row["feed"], row["seed"]) == ((1 << 62) + 1, "grüße 🎬", -(1 << 62))
    assert bytes(row["impressions"]) == bytes(range(256))


async def test_a_caller_that_goes_away_does_not_undo_what_it_asked_for(database: Database) -> None:
    if database.dialect == "postgresql":
        pytest.skip("a cancelled PostgreSQL transaction is rolled back, which is as good: nothing was acknowledged")
    task = asyncio.create_task(database.transact(inserting("kept", 1)))
    await asyncio.sleep(0)
    task.cancel()
    await database.transact(inserting("later", 1))
    assert await names(database) == {"kept", "later"}


async def test_a_transaction_may_await_nothing_else(database: Database) -> None:
    async def work(transaction: Transaction) -> None:
        await transaction.execute("INSERT INTO reader (name, mark) VALUES ('half', 1)")
        await asyncio.sleep(0)

    if database.dialect == "postgresql":
        pytest.skip("PostgreSQL's transactions run on the event loop")
    with pytest.raises(RuntimeError, match="await nothing"):
        await database.transact(work)
    assert await names(database) == set()


async def test_many_writers_at_once_lose_no_count(database: Database) -> None:
    await database.transact(inserting("sum", 0))

    async def add(transaction: Transaction) -> None:
        await transaction.execute("UPDATE reader SET mark = mark + 1 WHERE name = 'sum'")

    await asyncio.gather(*(database.transact(add) for _ in range(100)))
    assert (await database.fetch("SELECT mark FROM reader"))[0]["mark"] == 100


async def test_a_full_disk_is_said_and_costs_nothing_that_was_there(database: Database) -> None:
    if database.dialect == "postgresql":
        pytest.skip("PostgreSQL's disk cannot be filled from here")
    await database.transact(inserting("before", 1))

    async def limit(transaction: Transaction) -> None:
        pages = (await transaction.fetch("PRAGMA page_count"))[0][0]
        await transaction.fetch(f"PRAGMA max_page_count = {pages + 8}")

    await database.transact(limit)

    async def big(transaction: Transaction) -> None:
        await transaction.execute(
            "INSERT INTO page (viewer_id, id, feed, at_us, model_hash, seed, seq, journal_seq, impressions)"
            " VALUES (1, 1, '', 0, '', 0, 1, 1, $1)", bytes(1 << 20),
        )  # fmt: skip

    results = await asyncio.gather(
        database.transact(inserting("beside", 2)), database.transact(big), return_exceptions=True
    )
    assert isinstance(results[1], NoRoom)
    assert results[0] == 1
    assert await names(database) == {"before", "beside"}


async def end_all_connections(address: str) -> int:
    """As a restart of the server does; how many there were."""
    admin = await asyncpg.connect(address)
    rows = await admin.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await admin.close()
    return len(rows)


async def test_postgresql_is_read_and_written_again_after_its_connections_were_ended(
    postgresql_database: str, recwarn: pytest.WarningsRecorder
) -> None:
    await empty(postgresql_database)
    database = await PostgresDatabase.open(postgresql_database)
    try:
        sleeping = [asyncio.create_task(database.fetch("SELECT pg_sleep(0.5)")) for _ in range(8)]
        await asyncio.sleep(0.2)
        assert await end_all_connections(postgresql_database) == 8
        await asyncio.gather(*sleeping)
        assert await names(database) == set()

        async def ended_inside(transaction: Transaction) -> None:
            await transaction.execute("INSERT INTO reader (name, mark) VALUES ('half', 1)")
            await end_all_connections(postgresql_database)
            await transaction.fetch("SELECT 1")

        with pytest.raises(BackendError):
            await database.transact(ended_inside)
        assert await names(database) == set()

        await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.1)") for _ in range(8)))
        assert await end_all_connections(postgresql_database) == 8
        await database.transact(inserting("after", 1))
        assert await names(database) == {"after"}
    finally:
        await database.close()
    # Whether the next connection works may be luck; that the pool is renewed must not be.
    assert [str(one.message) for one in recwarn if "never awaited" in str(one.message)] == []


async def test_postgresql_is_asked_one_thing_for_one_statement_and_what_was_left_open_is_rolled_back(
    postgresql_database: str,
) -> None:
    await empty(postgresql_database)
    database = await PostgresDatabase.open(postgresql_database)
    admin = await asyncpg.connect(postgresql_database)

    async def asked_last() -> set[str]:
        rows = await admin.fetch(
            "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return {row["query"] for row in rows}

    async def left_open(transaction: Transaction) -> None:
        await inserting("half", 1)(transaction)
        raise asyncio.CancelledError

    try:
        await database.fetch("SELECT 42 AS answer")
        assert await asked_last() == {"SELECT 42 AS answer"}
        with pytest.raises(asyncio.CancelledError):
            await database.transact(left_open)
        assert await names(database) == set()
    finally:
        await admin.close()
        await database.close()


def test_postgresql_that_stops_starts_or_is_full_is_a_backend_that_a_retry_may_mend() -> None:
    passing = (
        asyncpg.AdminShutdownError,
        asyncpg.CrashShutdownError,
        asyncpg.CannotConnectNowError,
        asyncpg.TooManyConnectionsError,
        asyncpg.ConnectionDoesNotExistError,
    )
    assert {type(translate(error("it is away"))) for error in passing} == {BackendError}
    assert isinstance(translate(asyncpg.DiskFullError("full")), NoRoom)
    bug = asyncpg.UndefinedColumnError("no such column")
    assert translate(bug) is bug
