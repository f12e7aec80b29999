"""How far the log is pruned: one row, moved in the transaction that deletes."""

from dataclasses import dataclass

from freehold.backends.database import Database, Transaction

ONLY_ID = 1


@dataclass(frozen=True, slots=True)
class Pruned:
    """What is gone from the log's beginning."""

    seq: int = 0
    """Up to this place, which is gone too; 0: nothing was pruned yet."""
    at_us: int = 0
    """When the newest of what is gone was written."""


async def pruned_of(source: Database | Transaction) -> Pruned:
    rows = await source.fetch("SELECT seq, at_us FROM log_pruned")
    return Pruned(rows[0]["seq"], rows[0]["at_us"]) if rows else Pruned()


async def move(transaction: Transaction, pruned: Pruned) -> None:
    await transaction.execute(
        "INSERT INTO log_pruned (id, seq, at_us) VALUES ($1, $2, $3)"
        " ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, at_us = excluded.at_us",
        ONLY_ID,
        pruned.seq,
        pruned.at_us,
    )
