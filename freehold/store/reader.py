"""Readers' marks: how far each reader of the journal has come."""

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.backends.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Mark:
    name: str
    seq: int
    moved_at_us: int


async def mark_of(database: Database | Transaction, name: str) -> int:
    """The reader's mark; 0 where it has never moved."""
    rows = await database.fetch("SELECT mark FROM reader WHERE name = $1", name)
    return int(rows[0]["mark"]) if rows else 0


async def held_mark_of(transaction: Transaction, name: str) -> int:
    """The reader's mark, which stays so until the transaction's end."""
    # Made where there is none: what is not there yet cannot be held, and two would begin at once.
    await transaction.execute(
        "INSERT INTO reader (name, mark, moved_at_us) VALUES ($1, 0, 0)"
        " ON CONFLICT (name) DO UPDATE SET mark = reader.mark",
        name,
    )
    return await mark_of(transaction, name)


async def held_stand_of(transaction: Transaction, name: str) -> tuple[int, int]:
    """The reader's mark and when it moved, which stay so until the transaction's end."""
    await held_mark_of(transaction, name)
    return await stand_of(transaction, name)


async def stand_of(database: Database | Transaction, name: str) -> tuple[int, int]:
    """The reader's mark and when it moved; zeros where it has never moved."""
    rows = await database.fetch("SELECT mark, moved_at_us FROM reader WHERE name = $1", name)
    return (int(rows[0]["mark"]), int(rows[0]["moved_at_us"])) if rows else (0, 0)


async def all_marks(database: Database) -> Sequence[Mark]:
    rows = await database.fetch("SELECT name, mark, moved_at_us FROM reader ORDER BY name")
    return [Mark(r["name"], r["mark"], r["moved_at_us"]) for r in rows]


async def move(transaction: Transaction, name: str, mark: int, at_us: int) -> None:
    await transaction.execute(
        "INSERT INTO reader (name, mark, moved_at_us) VALUES ($1, $2, $3)"
        " ON CONFLICT (name) DO UPDATE SET mark = excluded.mark, moved_at_us = excluded.moved_at_us",
        name,
        mark,
        at_us,
    )
