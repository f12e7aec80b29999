"""Snapshots of the learner: where each one's blob is, and how far in the log and the journal it had come."""

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.backends.database import Database, Row, Transaction

COLUMNS = "id, model_hash, watch_seq, journal_seq, at_us, blob_key, engine"


@dataclass(frozen=True, slots=True)
class Snapshot:
    id: int
    model_hash: str
    log_seq: int
    """The last page or watch batch in it."""
    journal_seq: int
    at_us: int
    blob_key: str
    engine: str
    """Which recommender made it (`feed/ranking.py`); empty where that was not yet written down."""


def _snapshot_of(row: Row) -> Snapshot:
    return Snapshot(*(row[index] for index in range(7)))


async def insert(transaction: Transaction, snapshot: Snapshot) -> None:
    await transaction.execute(
        f"INSERT INTO snapshot ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        snapshot.id,
        snapshot.model_hash,
        snapshot.log_seq,
        snapshot.journal_seq,
        snapshot.at_us,
        snapshot.blob_key,
        snapshot.engine,
    )


async def newest_first(source: Database | Transaction) -> Sequence[Snapshot]:
    rows = await source.fetch(f"SELECT {COLUMNS} FROM snapshot ORDER BY id DESC")
    return [_snapshot_of(row) for row in rows]


async def delete(transaction: Transaction, snapshot_id: int) -> None:
    await transaction.execute("DELETE FROM snapshot WHERE id = $1", snapshot_id)
