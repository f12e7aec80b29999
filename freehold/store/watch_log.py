"""The watch log: batches of watches as the player reported them, each batch packed into one value.

`seq` is the batch's place in the learner's log, which pages share; `journal_seq` is how much of the journal had
been taken in before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from freehold.backends.database import Database, Transaction, Value
from freehold.domain.ids import ViewerId
from freehold.store.clip import placeholders
from freehold.store.seal import Field, fault_in, sealed

FIELDS = "qqBIHB"
"""Page, clip, position, watched_ms, completions, flags."""
RECORD = Struct(f"<{FIELDS}")
SKIPPED, LIKED, NOT_INTERESTED, APART = 1, 2, 4, 8
"""Flags. APART: not on a page of which the learner is told."""
ROWS_A_STATEMENT = 64
COLUMNS = "seq, viewer_id, batch, at_us, journal_seq, watches, seal"
COLUMN_COUNT = 7


@dataclass(frozen=True, slots=True)
class WatchBatch:
    """One report by one viewer. `batch` is the client's name for it, by which it is taken only once."""

    viewer_id: ViewerId
    batch: str
    at_us: int
    watches: bytes
    """Records of RECORD, one after another."""

    @property
    def count(self) -> int:
        return len(self.watches) // RECORD.size


def _fields(seq: int, journal_seq: int, one: WatchBatch) -> list[Field]:
    return [
        ("seq", seq),
        ("viewer_id", one.viewer_id),
        ("batch", one.batch),
        ("at_us", one.at_us),
        ("journal_seq", journal_seq),
        ("watches", one.watches),
    ]


@dataclass(frozen=True, slots=True)
class LoggedBatch:
    """A batch at its place in the log."""

    seq: int
    journal_seq: int
    batch: WatchBatch
    seal: bytes | None

    def fault(self) -> str | None:
        """What of the row is not as it was written, in words."""
        return fault_in(_fields(self.seq, self.journal_seq, self.batch), self.seal)


@lru_cache(maxsize=128)
def record_of(count: int) -> Struct:
    """So many records in one."""
    return Struct("<" + FIELDS * count)


@lru_cache(maxsize=128)
def _insert_statement(count: int) -> str:
    rows = ", ".join(f"({placeholders(COLUMN_COUNT * number + 1, COLUMN_COUNT)})" for number in range(count))
    return f"INSERT INTO watch_batch ({COLUMNS}) VALUES {rows} ON CONFLICT (viewer_id, batch) DO NOTHING RETURNING seq"


async def insert(transaction: Transaction, first_seq: int, journal_seq: int, batches: Sequence[WatchBatch]) -> set[int]:
    """They take `first_seq` and the numbers after it; the numbers of those that were not there before."""
    taken: set[int] = set()
    for start in range(0, len(batches), ROWS_A_STATEMENT):
        part = batches[start : start + ROWS_A_STATEMENT]
        values: list[Value] = []
        for seq, one in enumerate(part, first_seq + start):
            values += sealed(_fields(seq, journal_seq, one))
        rows = await transaction.fetch(_insert_statement(len(part)), *values)
        taken.update(row["seq"] for row in rows)
    return taken


async def after(database: Database, seq: int, limit: int) -> list[LoggedBatch]:
    """The next batches behind the place in the log."""
    rows = await database.fetch(f"SELECT {COLUMNS} FROM watch_batch WHERE seq > $1 ORDER BY seq LIMIT $2", seq, limit)
    return [
        LoggedBatch(
            r["seq"], r["journal_seq"], WatchBatch(r["viewer_id"], r["batch"], r["at_us"], r["watches"]), r["seal"]
        )
        for r in rows
    ]


async def oldest_at_us_after(database: Database, seq: int) -> int | None:
    """When the next batch behind the place was taken in; None where there is none."""
    rows = await database.fetch("SELECT at_us FROM watch_batch WHERE seq > $1 ORDER BY seq LIMIT 1", seq)
    return rows[0]["at_us"] if rows else None


async def delete_between(transaction: Transaction, after_seq: int, last_seq: int) -> None:
    """Those behind `after_seq` up to `last_seq`."""
    await transaction.execute("DELETE FROM watch_batch WHERE seq > $1 AND seq <= $2", after_seq, last_seq)


async def newest_seq(database: Database) -> int:
    rows = await database.fetch("SELECT COALESCE(MAX(seq), 0) AS seq FROM watch_batch")
    return int(rows[0]["seq"])
