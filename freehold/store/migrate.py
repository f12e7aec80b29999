"""Bring a database to the schema. Alembic is loaded only where something is to be done: it is slow to import."""

import asyncio
from pathlib import Path
from typing import Any

from freehold.backends.database import Database
from freehold.domain.errors import BackendError, SettingError

MIGRATIONS = Path(__file__).parent / "migrations"


def newest_revision() -> str:
    """Revisions are files named `0001_what.py`; the newest is the last by name."""
    return max(path.stem.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


async def current_revision(database: Database) -> str | None:
    """The revision the database is at, or None where it is empty."""
    if database.dialect == "sqlite":
        known = await database.fetch("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
    else:
        known = await database.fetch("SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'alembic_version'")
    if not known:
        return None
    rows = await database.fetch("SELECT version_num FROM alembic_version")
    return str(rows[0]["version_num"]) if rows else None


async def migrate(database: Database) -> bool:
    """Apply what is missing; whether anything was. `SettingError` where the database is newer than this program."""
    current, newest = await current_revision(database), newest_revision()
    if current == newest:
        return False
    if current is not None and current > newest:
        raise SettingError(f"the database is at revision {current}, this program knows only up to {newest}: update it")
    if database.dialect == "sqlite":
        await asyncio.to_thread(_upgrade_sqlite, database.url)
    else:
        await _upgrade_postgresql(database.url)
    return True


def _upgrade(connection: Any, revision: str = "head") -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _upgrade_sqlite(url: str, revision: str = "head") -> None:
    """With foreign keys off: Alembic's batch mode drops and renames tables, and a drop would delete every child row."""
    from sqlalchemy import create_engine, event, text

    from freehold.backends.sqlite_driver import sqlite3

    engine = create_engine(url, module=sqlite3)

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = OFF")

    @event.listens_for(engine, "begin")
    def _(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            _upgrade(connection, revision)
            broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
            if broken:
                raise BackendError(f"a migration left {len(broken)} rows without their parent; nothing was changed")
    finally:
        engine.dispose()


async def _upgrade_postgresql(url: str, revision: str = "head") -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()
