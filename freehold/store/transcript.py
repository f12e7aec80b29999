"""Which clips are to have captions by the machine, and what became of it."""

from collections.abc import Sequence

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.ids import ClipId
from freehold.domain.transcript import Transcript, TranscriptState
from freehold.store.clip import placeholders


async def put(
    transaction: Transaction, clip_id: ClipId, state: TranscriptState, at_us: int, due_at_us: int | None = None
) -> None:
    """Insert the row or replace it, without attempts."""
    await transaction.execute("DELETE FROM clip_transcript WHERE clip_id = $1", clip_id)
    await transaction.execute(
        "INSERT INTO clip_transcript (clip_id, state, due_at_us, attempts, at_us) VALUES ($1, $2, $3, 0, $4)",
        clip_id,
        state.value,
        due_at_us,
        at_us,
    )


async def delete(transaction: Transaction, clip_id: ClipId) -> None:
    await transaction.execute("DELETE FROM clip_transcript WHERE clip_id = $1", clip_id)


async def lease_due(transaction: Transaction, at_us: int, until_us: int) -> Transcript | None:
    """The one that has been due longest, which nobody else is given before `until_us`. Counts the attempt."""
    lock = " FOR UPDATE SKIP LOCKED" if transaction.dialect == "postgresql" else ""
    rows = await transaction.fetch(
        f"SELECT clip_id FROM clip_transcript WHERE due_at_us <= $1 ORDER BY due_at_us, clip_id LIMIT 1{lock}", at_us
    )
    if not rows:
        return None
    clip_id = ClipId(rows[0]["clip_id"])
    await transaction.execute(
        "UPDATE clip_transcript SET due_at_us = $2, attempts = attempts + 1 WHERE clip_id = $1", clip_id, until_us
    )
    return await of_clip(transaction, clip_id)


async def put_off(transaction: Transaction, clip_id: ClipId, due_at_us: int, attempts: int) -> None:
    """Due again by then, after so many attempts; nothing happens where it is not due any more."""
    await transaction.execute(
        "UPDATE clip_transcript SET due_at_us = $2, attempts = $3 WHERE clip_id = $1 AND due_at_us IS NOT NULL",
        clip_id,
        due_at_us,
        attempts,
    )


async def of_clip(source: Database | Transaction, clip_id: ClipId) -> Transcript | None:
    return (await of_clips(source, [clip_id])).get(clip_id)


async def of_clips(source: Database | Transaction, clip_ids: Sequence[ClipId]) -> dict[ClipId, Transcript]:
    if not clip_ids:
        return {}
    rows = await source.fetch(
        f"SELECT clip_id, state, attempts FROM clip_transcript WHERE clip_id IN ({placeholders(1, len(clip_ids))})",
        *clip_ids,
    )
    return {row["clip_id"]: _transcript(row) for row in rows}


def _transcript(row: Row) -> Transcript:
    return Transcript(ClipId(row["clip_id"]), TranscriptState(row["state"]), row["attempts"])
