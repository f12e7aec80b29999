"""PostgreSQL by asyncpg: a pool, prepared statements, a retry where the database asks for one."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeVar

import asyncpg

from freehold.backends.database import Row, Value, Work
from freehold.domain.errors import BackendError, NoRoom, SettingError

T = TypeVar("T")
RETRIES = 5
POOL_SIZE = 8
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""The connection broke, or the server stops, starts or is full. A disk that is full is told apart.
A connection that was ended while it rested says InternalClientError when it is used next."""


def translate(error: Exception) -> Exception:
    """The driver's error as one of ours where it is the disk's or a passing fault; bugs stay as they are."""
    if isinstance(error, asyncpg.DiskFullError):
        return NoRoom("disk-full", "The database's disk is full. Nothing that was acknowledged is lost; try later.")
    if isinstance(error, AWAY):
        return BackendError(str(error))
    return error


class Connection(asyncpg.Connection):
    """One that is not asked to forget its session after each statement, which would cost another: locks are held and
    settings said in transactions alone. One that is left open is still rolled back."""

    def get_reset_query(self) -> str:
        return ""


class PostgresTransaction:
    dialect: Literal["postgresql"] = "postgresql"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, sql: str, *values: Value) -> Sequence[Row]:
        return await self._connection.fetch(sql, *values)  # type: ignore[no-any-return]

    async def execute(self, sql: str, *values: Value) -> int:
        tag: str = await self._connection.execute(sql, *values)
        count = tag.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        await self._connection.executemany(sql, rows)


class PostgresDatabase:
    dialect: Literal["postgresql"] = "postgresql"

    def __init__(self, url: str, pool: Any) -> None:
        self._dsn = url
        self._pool = pool

    @classmethod
    async def open(cls, url: str, *, is_read_only: bool = False) -> "PostgresDatabase":
        """`url` is `postgresql://account:password@host:port/database`; `SettingError` where it is not."""
        said = {"jit": "off", "timezone": "UTC", "default_transaction_read_only": "on" if is_read_only else "off"}
        try:
            pool = await asyncpg.create_pool(
                url, min_size=1, max_size=POOL_SIZE, server_settings=said, connection_class=Connection
            )
        except (OSError, asyncpg.PostgresError) as error:
            raise BackendError(f"PostgreSQL cannot be reached: {error}") from error
        except ValueError as error:
            raise SettingError(f"database.url cannot be read: {error}") from None
        return cls(url, pool)

    @property
    def url(self) -> str:
        return self._dsn.replace("postgresql://", "postgresql+asyncpg://", 1)

    async def fetch(self, sql: str, *values: Value) -> Sequence[Row]:
        try:
            try:
                return await self._pool.fetch(sql, *values)  # type: ignore[no-any-return]
            except AWAY:
                # Where one connection was ended, those at rest may have been, and the pool would hand them out next.
                # A read may be asked again.
                await self._pool.expire_connections()
                return await self._pool.fetch(sql, *values)  # type: ignore[no-any-return]
        except (asyncpg.PostgresError, *AWAY) as error:
            raise translate(error) from error

    async def transact(self, work: Work[T]) -> T:
        for attempt in range(RETRIES):
            has_begun = False
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    has_begun = True
                    return await work(PostgresTransaction(connection))
            except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError) as error:
                if attempt == RETRIES - 1:
                    raise BackendError(str(error)) from error
            except AWAY as error:
                await self._pool.expire_connections()
                # Once it has begun nobody knows whether it was committed: only the caller may ask again.
                if has_begun or attempt == RETRIES - 1:
                    raise translate(error) from error
            except asyncpg.PostgresError as error:
                raise translate(error) from error
        raise AssertionError("unreachable")

    async def close(self) -> None:
        await self._pool.close()
