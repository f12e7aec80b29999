"""SQLite: one writer thread that commits in groups, one read-only connection on the event loop.

Reads stay on the loop because each row a thread fetches hands the interpreter lock over twice; a short indexed
read costs a twelfth of the same read in a thread pool. Writes wait for the disk, so they have a thread, which
takes everything that is pending, runs each piece of work in a savepoint, commits once and then answers all.
"""

import asyncio
import queue
import re
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from freehold.backends.database import Row, Value, Work
from freehold.backends.sqlite_driver import sqlite3
from freehold.domain.errors import BackendError, NoRoom

T = TypeVar("T")
GROUP_LIMIT = 512
CACHE_KIB = 64 * 1024


@lru_cache(maxsize=2048)
def numbered(sql: str) -> str:
    """`$1` as SQLite's `?1`, which takes its values from a plain sequence."""
    return re.sub(r"\$(\d+)", r"?\1", sql)


def connect(path: Path, *, is_writer: bool) -> Any:
    connection = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")
    if is_writer:
        connection.execute("PRAGMA journal_mode = WAL")
        # NORMAL loses acknowledged writes when the power fails.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
    else:
        connection.execute("PRAGMA query_only = ON")
    return connection


def translate(error: Exception) -> Exception:
    """SQLite's error as one of ours where it is the disk's or a passing fault; bugs stay as they are."""
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith("SQLITE_FULL"):
        return NoRoom("disk-full", "The server's disk is full. Nothing that was acknowledged is lost; try again later.")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR")):
        return BackendError(str(error))
    return error


def connect_to_copy(path: Path) -> Any:
    """Nothing is written, no file beside the database's either where it has no write-ahead log: then it is at rest."""
    if not path.is_file():
        raise BackendError(f"there is no database {path}")
    is_at_rest = not path.with_name(path.name + "-wal").exists()
    address = f"{path.absolute().as_uri()}?mode=ro" + ("&immutable=1" if is_at_rest else "")
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    connection.row_factory = sqlite3.Row
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA query_only = ON")
    return connection


class SqliteTransaction:
    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, sql: str, *values: Value) -> Sequence[Row]:
        return self._connection.execute(numbered(sql), values).fetchall()  # type: ignore[no-any-return]

    async def execute(self, sql: str, *values: Value) -> int:
        return self._connection.execute(numbered(sql), values).rowcount  # type: ignore[no-any-return]

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        self._connection.executemany(numbered(sql), rows)


class _Pending:
    """One piece of work on its way through the writer thread."""

    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(self, work: Work[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def answer(self) -> None:
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def _answer_all(group: list[_Pending]) -> None:
    for pending in group:
        pending.answer()


def _drive(work: Work[T], transaction: SqliteTransaction) -> T:
    """Run the coroutine to its end without an event loop: a SQLite statement never suspends."""
    coroutine = work(transaction).__await__()
    try:
        next(coroutine)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    raise RuntimeError("a transaction's work may await nothing but its own statements")


class SqliteDatabase:
    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._writer_connection = connect(path, is_writer=True)
            self._reader_connection = connect(path, is_writer=False)
        except sqlite3.Error as error:
            raise BackendError(f"{path} cannot be opened: {error}") from error
        self._pending: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_groups, name="sqlite-writer", daemon=True)
        self._thread.start()
        self._is_closed = False

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    async def fetch(self, sql: str, *values: Value) -> Sequence[Row]:
        try:
            return self._reader_connection.execute(numbered(sql), values).fetchall()  # type: ignore[no-any-return]
        except sqlite3.OperationalError as error:
            raise translate(error) from error

    async def transact(self, work: Work[T]) -> T:
        if self._is_closed:
            raise BackendError("the database is closed")
        pending = _Pending(work, asyncio.get_running_loop())
        self._pending.put(pending)
        # Shielded: the caller may go away, the group it is part of commits all the same.
        return await asyncio.shield(pending.future)

    async def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._pending.put(None)
        await asyncio.to_thread(self._thread.join)
        self._reader_connection.close()
        self._writer_connection.close()

    def _write_groups(self) -> None:
        is_open = True
        while is_open:
            group: list[_Pending] = []
            entry = self._pending.get()
            while entry is not None:
                group.append(entry)
                if len(group) == GROUP_LIMIT:
                    break
                try:
                    entry = self._pending.get_nowait()
                except queue.Empty:
                    break
            else:
                is_open = False
            if group:
                self._write_group(group)
                for loop in {pending.loop for pending in group}:
                    loop.call_soon_threadsafe(_answer_all, [p for p in group if p.loop is loop])

    def _write_group(self, group: list[_Pending]) -> None:
        if len(group) > 1 and self._try_group(group):
            return
        for pending in group:
            self._write_alone(pending)

    def _try_group(self, group: list[_Pending]) -> bool:
        """Commit all of the group at once; False where SQLite undid the whole group, which is then run one by one."""
        connection = self._writer_connection
        transaction = SqliteTransaction(connection)
        try:
            connection.execute("BEGIN IMMEDIATE")
            for pending in group:
                pending.error = None
                connection.execute("SAVEPOINT work")
                try:
                    pending.result = _drive(pending.work, transaction)
                except BaseException as error:
                    pending.error = translate(error) if isinstance(error, sqlite3.Error) else error
                    if not connection.in_transaction:
                        return False
                    connection.execute("ROLLBACK TO work")
                connection.execute("RELEASE work")
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return False
        return True

    def _write_alone(self, pending: _Pending) -> None:
        connection = self._writer_connection
        pending.error = None
        try:
            connection.execute("BEGIN IMMEDIATE")
            pending.result = _drive(pending.work, SqliteTransaction(connection))
            connection.execute("COMMIT")
        except BaseException as error:
            pending.error = translate(error) if isinstance(error, sqlite3.Error) else error
            if connection.in_transaction:
                connection.execute("ROLLBACK")


class SqliteCopy:
    """A database that is only read: a copy, a folder that nobody may write to, or one that a server has open."""

    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect_to_copy(path)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    async def fetch(self, sql: str, *values: Value) -> Sequence[Row]:
        try:
            return self._connection.execute(numbered(sql), values).fetchall()  # type: ignore[no-any-return]
        except sqlite3.DatabaseError as error:
            raise BackendError(f"the database cannot be read: {error}") from error

    async def transact(self, work: Work[T]) -> T:
        raise BackendError("this database is only read")

    async def close(self) -> None:
        self._connection.close()
