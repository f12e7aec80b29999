"""The database seam: rows read from a committed state, and transactions that are durable when they return.

Statements are plain SQL with `$1, $2, …` for parameters, in the common subset of SQLite and PostgreSQL.
Values are int, float, str, bytes or None; truth values are 0 and 1, so that both databases store the same.

A transaction's work is a coroutine function that awaits nothing but its own transaction's statements: SQLite
drives it to its end on the one writer thread, many at a time before each commit; PostgreSQL runs it on a
connection of its own. It may be called again after a conflict or a lost group, so it keeps nothing outside.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, Protocol, TypeVar

Value = int | float | str | bytes | None
T = TypeVar("T")


class Row(Protocol):
    """One row, read by column name or position. Columns are typed by the schema, hence Any."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class Transaction(Protocol):
    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]: ...

    async def fetch(self, sql: str, *values: Value) -> Sequence[Row]:
        """All rows of the answer, read inside the transaction."""

    async def execute(self, sql: str, *values: Value) -> int:
        """Run one statement; how many rows it changed."""

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement once for each row of values."""


Work = Callable[[Transaction], Awaitable[T]]


class Database(Protocol):
    """Raises `NoRoom` when the disk is full and `BackendError` where a retry may mend the failure."""

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        """For `store/` alone, which knows the two dialects."""

    @property
    def url(self) -> str:
        """SQLAlchemy's URL of the same database, for migrations."""

    async def fetch(self, sql: str, *values: Value) -> Sequence[Row]:
        """All rows of a short indexed read of the committed state."""

    async def transact(self, work: Work[T]) -> T:
        """Run `work` in one transaction; durable on disk once this returns, undone if it raises."""

    async def close(self) -> None: ...
