"""Renditions, and which blobs are still needed."""

from collections.abc import Sequence

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.clip import Rendition, RenditionKind
from freehold.domain.ids import AccountId, ClipId
from freehold.store.clip import placeholders

COLUMNS = "clip_id, name, kind, blob_key, content_type, size_bytes, width_px, height_px, rate_bps, codecs"


_KINDS = {kind.value: kind for kind in RenditionKind}


def _rendition_of(row: Row) -> Rendition:
    """Positions, not names: a page reads some fifty of these."""
    clip_id, name, kind, *rest = tuple(row)
    return Rendition(clip_id, name, _KINDS[kind], *rest)


async def put(transaction: Transaction, rendition: Rendition) -> None:
    """Insert the rendition, or replace the one of the same name."""
    await transaction.execute(
        "DELETE FROM rendition WHERE clip_id = $1 AND name = $2", rendition.clip_id, rendition.name
    )
    await transaction.execute(
        f"INSERT INTO rendition ({COLUMNS}) VALUES ({placeholders(1, 10)})",
        rendition.clip_id,
        rendition.name,
        rendition.kind.value,
        rendition.blob_key,
        rendition.content_type,
        rendition.size_bytes,
        rendition.width_px,
        rendition.height_px,
        rendition.rate_bps,
        rendition.codecs,
    )


async def of_clips(source: Database | Transaction, clip_ids: Sequence[ClipId]) -> dict[ClipId, list[Rendition]]:
    """Each clip's renditions, the lowest of the ladder first."""
    if not clip_ids:
        return {}
    rows = await source.fetch(
        f"SELECT {COLUMNS} FROM rendition WHERE clip_id IN ({placeholders(1, len(clip_ids))})"
        " ORDER BY clip_id, width_px * height_px, name",
        *clip_ids,
    )
    renditions: dict[ClipId, list[Rendition]] = {}
    for row in rows:
        renditions.setdefault(row["clip_id"], []).append(_rendition_of(row))
    return renditions


async def by_name(database: Database, clip_id: ClipId, name: str) -> Rendition | None:
    rows = await database.fetch(f"SELECT {COLUMNS} FROM rendition WHERE clip_id = $1 AND name = $2", clip_id, name)
    return _rendition_of(rows[0]) if rows else None


async def delete_kind(transaction: Transaction, clip_id: ClipId, kind: RenditionKind) -> None:
    await transaction.execute("DELETE FROM rendition WHERE clip_id = $1 AND kind = $2", clip_id, kind.value)


async def delete_all(transaction: Transaction, clip_id: ClipId) -> None:
    await transaction.execute("DELETE FROM rendition WHERE clip_id = $1", clip_id)


async def blob_keys_of_kind(source: Database | Transaction, clip_id: ClipId, kind: RenditionKind) -> set[str]:
    rows = await source.fetch(
        "SELECT blob_key AS key FROM rendition WHERE clip_id = $1 AND kind = $2", clip_id, kind.value
    )
    return {row["key"] for row in rows}


async def blob_keys_of_clip(source: Database | Transaction, clip_id: ClipId) -> set[str]:
    rows = await source.fetch(
        "SELECT blob_key AS key FROM rendition WHERE clip_id = $1"
        " UNION SELECT original_key FROM clip WHERE id = $1 AND original_key IS NOT NULL"
        " UNION SELECT cover_key FROM clip WHERE id = $1 AND cover_key IS NOT NULL",
        clip_id,
    )
    return {row["key"] for row in rows}


async def blob_keys_of_account(source: Database | Transaction, account_id: AccountId) -> set[str]:
    rows = await source.fetch(
        "SELECT rendition.blob_key AS key FROM rendition JOIN clip ON clip.id = rendition.clip_id"
        " WHERE clip.author_id = $1"
        " UNION SELECT original_key FROM clip WHERE author_id = $1 AND original_key IS NOT NULL"
        " UNION SELECT cover_key FROM clip WHERE author_id = $1 AND cover_key IS NOT NULL"
        " UNION SELECT avatar_key FROM account WHERE id = $1 AND avatar_key IS NOT NULL",
        account_id,
    )
    return {row["key"] for row in rows}


async def is_blob_needed(source: Database | Transaction, key: str) -> bool:
    rows = await source.fetch(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM rendition WHERE blob_key = $1)"
        " OR EXISTS (SELECT 1 FROM clip WHERE original_key = $1)"
        " OR EXISTS (SELECT 1 FROM clip WHERE cover_key = $1)"
        " OR EXISTS (SELECT 1 FROM account WHERE avatar_key = $1)"
        " OR EXISTS (SELECT 1 FROM snapshot WHERE blob_key = $1)",
        key,
    )
    return bool(rows)


async def all_needed_keys(database: Database) -> set[str]:
    rows = await database.fetch(
        "SELECT blob_key AS key FROM rendition UNION SELECT original_key FROM clip WHERE original_key IS NOT NULL"
        " UNION SELECT cover_key FROM clip WHERE cover_key IS NOT NULL"
        " UNION SELECT avatar_key FROM account WHERE avatar_key IS NOT NULL"
        " UNION SELECT blob_key FROM snapshot"
    )
    return {row["key"] for row in rows}
