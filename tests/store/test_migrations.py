"""Migrations bring both databases to the one schema, and lose nothing on the way."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from freehold.backends.database import Database, Transaction
from freehold.backends.sqlite import SqliteDatabase
from freehold.backends.sqlite_driver import sqlite3
from freehold.domain.errors import SettingError
from freehold.store import migrate as migration
from freehold.store.schema import metadata


def differences(connection: Any) -> list[Any]:
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


async def test_a_migrated_database_is_the_schema(database: Database) -> None:
    if database.dialect == "sqlite":
        engine = create_engine(database.url, module=sqlite3)
        with engine.connect() as connection:
            assert differences(connection) == []
        engine.dispose()
    else:
        asynchronous = create_async_engine(database.url)
        async with asynchronous.connect() as connection:
            assert await connection.run_sync(differences) == []
        await asynchronous.dispose()


async def test_migrating_twice_does_nothing(database: Database) -> None:
    assert await migration.current_revision(database) == migration.newest_revision()
    assert await migration.migrate(database) is False


async def test_a_database_of_a_newer_program_is_refused(database: Database) -> None:
    async def age(transaction: Transaction) -> None:
        await transaction.execute("UPDATE alembic_version SET version_num = '9999'")

    await database.transact(age)
    with pytest.raises(SettingError, match="9999"):
        await migration.migrate(database)


async def test_rebuilding_a_parent_table_in_batch_mode_keeps_its_children(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With foreign keys on, the drop inside Alembic's batch mode would delete every child row."""
    path = tmp_path / "old.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = SqliteDatabase(path)

    async def family(transaction: Transaction) -> None:
        await transaction.execute(
            "INSERT INTO account (id, handle, role, password_hash, created_at_us) VALUES (1, 'a', 'viewer', '', 0)"
        )
        await transaction.execute("INSERT INTO sound (id, author_id, title, created_at_us) VALUES (2, 1, 't', 0)")

    await database.transact(family)
    await database.close()

    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    versions = [f"versions/{path.name}" for path in (migration.MIGRATIONS / "versions").glob("*.py")]
    for name in ("env.py", "script.py.mako", *versions):
        (folder / name).write_text((migration.MIGRATIONS / name).read_text("utf-8"), "utf-8")
    newest = migration.newest_revision()
    (folder / "versions" / "9998_rebuild.py").write_text(
        'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "9998"\n'
        f'down_revision = "{newest}"\n\n\n'
        'def upgrade():\n    with op.batch_alter_table("account", recreate="always") as table:\n'
        '        table.add_column(sa.Column("pronouns", sa.Text(), server_default="", nullable=False))\n'
    )
    monkeypatch.setattr(migration, "MIGRATIONS", folder)

    database = SqliteDatabase(path)
    assert await migration.migrate(database) is True
    rows = await database.fetch(
        "SELECT account.pronouns, sound.title FROM sound JOIN account ON account.id = author_id"
    )
    assert [(row[0], row[1]) for row in rows] == [("", "t")]
    await database.close()
