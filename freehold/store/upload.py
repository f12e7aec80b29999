"""Uploads under way: how many bytes of each are durable."""

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.ids import AccountId, ClipId, UploadId

COLUMNS = "id, account_id, clip_id, size_bytes, offset_bytes, metadata, created_at_us, expires_at_us, finished_at_us"


@dataclass(frozen=True, slots=True)
class Upload:
    id: UploadId
    account_id: AccountId
    clip_id: ClipId
    size_bytes: int
    offset_bytes: int
    """Bytes that are durable: acknowledged, or ready to be."""
    metadata: str
    """The Upload-Metadata header as it came."""
    created_at_us: int
    expires_at_us: int
    finished_at_us: int | None


def _upload_of(row: Row) -> Upload:
    return Upload(*(row[index] for index in range(9)))


async def insert(transaction: Transaction, upload: Upload) -> None:
    await transaction.execute(
        f"INSERT INTO upload ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)",
        upload.id,
        upload.account_id,
        upload.clip_id,
        upload.size_bytes,
        upload.offset_bytes,
        upload.metadata,
        upload.created_at_us,
        upload.expires_at_us,
    )


async def by_id(source: Database | Transaction, upload_id: UploadId) -> Upload | None:
    rows = await source.fetch(f"SELECT {COLUMNS} FROM upload WHERE id = $1", upload_id)
    return _upload_of(rows[0]) if rows else None


async def of_clip(source: Database | Transaction, clip_id: ClipId) -> Upload | None:
    rows = await source.fetch(f"SELECT {COLUMNS} FROM upload WHERE clip_id = $1", clip_id)
    return _upload_of(rows[0]) if rows else None


async def move_offset(transaction: Transaction, upload_id: UploadId, offset_bytes: int, expires_at_us: int) -> bool:
    """Never backwards; whether it moved."""
    changed = await transaction.execute(
        "UPDATE upload SET offset_bytes = $2, expires_at_us = $3 WHERE id = $1 AND offset_bytes < $2",
        upload_id,
        offset_bytes,
        expires_at_us,
    )
    return bool(changed)


async def finish(transaction: Transaction, upload_id: UploadId, at_us: int) -> bool:
    """Whether it was open and whole."""
    changed = await transaction.execute(
        "UPDATE upload SET finished_at_us = $2 WHERE id = $1 AND finished_at_us IS NULL AND offset_bytes = size_bytes",
        upload_id,
        at_us,
    )
    return bool(changed)


async def set_size(transaction: Transaction, upload_id: UploadId, size_bytes: int) -> None:
    await transaction.execute(
        "UPDATE upload SET size_bytes = $2 WHERE id = $1 AND finished_at_us IS NULL", upload_id, size_bytes
    )


async def delete_expired(transaction: Transaction, upload_id: UploadId, at_us: int) -> bool:
    """Whether it was still open and past its time."""
    changed = await transaction.execute(
        "DELETE FROM upload WHERE id = $1 AND finished_at_us IS NULL AND expires_at_us <= $2", upload_id, at_us
    )
    return bool(changed)


async def delete(transaction: Transaction, upload_id: UploadId) -> None:
    await transaction.execute("DELETE FROM upload WHERE id = $1", upload_id)


async def open_count(source: Database | Transaction, account_id: AccountId, at_us: int) -> int:
    rows = await source.fetch(
        "SELECT COUNT(*) AS count FROM upload WHERE account_id = $1 AND finished_at_us IS NULL AND expires_at_us > $2",
        account_id,
        at_us,
    )
    return int(rows[0]["count"])


async def all_open_count(database: Database, at_us: int) -> int:
    rows = await database.fetch(
        "SELECT COUNT(*) AS count FROM upload WHERE finished_at_us IS NULL AND expires_at_us > $1", at_us
    )
    return int(rows[0]["count"])


async def expired(database: Database, at_us: int, limit: int) -> Sequence[Upload]:
    rows = await database.fetch(
        f"SELECT {COLUMNS} FROM upload WHERE finished_at_us IS NULL AND expires_at_us <= $1"
        " ORDER BY expires_at_us LIMIT $2",
        at_us,
        limit,
    )
    return [_upload_of(row) for row in rows]


async def needed_incoming_names(database: Database) -> set[str]:
    """Names of files under `incoming/` that something still hangs on."""
    rows = await database.fetch(
        "SELECT incoming_name FROM clip WHERE incoming_name IS NOT NULL AND state NOT IN ('refused', 'expired')"
    )
    return {row["incoming_name"] for row in rows}
