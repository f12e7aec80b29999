"""Cuts that are still to be made, and the clips that they are made of."""

from collections.abc import Collection

from freehold.backends.database import Database, Transaction
from freehold.domain.cut import Cut
from freehold.domain.ids import ClipId
from freehold.store.clip import placeholders


async def insert(transaction: Transaction, clip_id: ClipId, cut: Cut) -> None:
    await transaction.execute("INSERT INTO clip_cut (clip_id, plan) VALUES ($1, $2)", clip_id, cut.to_json())
    part_ids = dict.fromkeys(part.clip_id for part in cut.parts)
    await transaction.execute_many(
        "INSERT INTO clip_part (part_id, clip_id) VALUES ($1, $2)", [(part_id, clip_id) for part_id in part_ids]
    )


async def of_clip(source: Database | Transaction, clip_id: ClipId) -> Cut | None:
    rows = await source.fetch("SELECT plan FROM clip_cut WHERE clip_id = $1", clip_id)
    return Cut.from_json(rows[0]["plan"]) if rows else None


async def parts_of(source: Database | Transaction, clip_id: ClipId) -> list[ClipId]:
    """The clips that a clip is still to be made of."""
    rows = await source.fetch("SELECT part_id FROM clip_part WHERE clip_id = $1 ORDER BY part_id", clip_id)
    return [ClipId(row["part_id"]) for row in rows]


async def taken_of(transaction: Transaction, clip_ids: Collection[ClipId]) -> set[ClipId]:
    """Those of the clips that some cut is made of."""
    rows = await transaction.fetch(
        f"SELECT part_id FROM clip_part WHERE part_id IN ({placeholders(1, len(clip_ids))})", *clip_ids
    )
    return {ClipId(row["part_id"]) for row in rows}


async def release(transaction: Transaction, clip_id: ClipId) -> None:
    """Let the clips that it was to be made of be their own again."""
    await transaction.execute("DELETE FROM clip_part WHERE clip_id = $1", clip_id)
    await delete(transaction, clip_id)


async def delete(transaction: Transaction, clip_id: ClipId) -> None:
    await transaction.execute("DELETE FROM clip_cut WHERE clip_id = $1", clip_id)
