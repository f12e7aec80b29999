"""Withholdings: demands with legal force that a clip not be shown."""

from freehold.backends.database import Transaction
from freehold.domain.clip import Withholding
from freehold.domain.ids import ClipId


async def insert(transaction: Transaction, withholding_id: int, clip_id: ClipId, withholding: Withholding) -> None:
    await transaction.execute(
        "INSERT INTO withholding (id, clip_id, authority, reference, reason, since_us, until_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        withholding_id,
        clip_id,
        withholding.authority,
        withholding.reference,
        withholding.reason,
        withholding.since_us,
        withholding.until_us,
    )


async def end(transaction: Transaction, clip_id: ClipId, at_us: int) -> int:
    """End all that are in force for the clip; how many."""
    return await transaction.execute(
        "UPDATE withholding SET until_us = $2 WHERE clip_id = $1 AND (until_us IS NULL OR until_us > $2)",
        clip_id,
        at_us,
    )
