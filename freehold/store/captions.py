"""Captions of clips, a track for each language, as WebVTT of our own writing."""

from collections.abc import Sequence

from freehold.backends.database import Database, Transaction
from freehold.domain.ids import ClipId
from freehold.store.clip import placeholders


async def put(
    transaction: Transaction, clip_id: ClipId, language: str, text: str, at_us: int, *, is_by_machine: bool = False
) -> None:
    """Insert the track, or replace the one of this language."""
    await delete(transaction, clip_id, language)
    await transaction.execute(
        "INSERT INTO clip_captions (clip_id, language, text, at_us, is_by_machine) VALUES ($1, $2, $3, $4, $5)",
        clip_id,
        language,
        text,
        at_us,
        int(is_by_machine),
    )


async def delete(transaction: Transaction, clip_id: ClipId, language: str) -> bool:
    """Whether there was one."""
    return bool(
        await transaction.execute("DELETE FROM clip_captions WHERE clip_id = $1 AND language = $2", clip_id, language)
    )


async def delete_by_machine(transaction: Transaction, clip_id: ClipId) -> bool:
    """Those that nobody wrote; whether there were any."""
    return bool(
        await transaction.execute("DELETE FROM clip_captions WHERE clip_id = $1 AND is_by_machine = 1", clip_id)
    )


async def languages_of(source: Database | Transaction, clip_id: ClipId) -> list[str]:
    rows = await source.fetch("SELECT language FROM clip_captions WHERE clip_id = $1 ORDER BY language", clip_id)
    return [row["language"] for row in rows]


async def text_of(source: Database | Transaction, clip_id: ClipId, language: str) -> str | None:
    rows = await source.fetch("SELECT text FROM clip_captions WHERE clip_id = $1 AND language = $2", clip_id, language)
    return str(rows[0]["text"]) if rows else None


async def by_machine_of(source: Database | Transaction, clip_ids: Sequence[int]) -> dict[int, list[str]]:
    """In which languages each clip has captions that nobody wrote."""
    if not clip_ids:
        return {}
    rows = await source.fetch(
        f"SELECT clip_id, language FROM clip_captions WHERE clip_id IN ({placeholders(1, len(clip_ids))})"
        " AND is_by_machine = 1 ORDER BY clip_id, language",
        *clip_ids,
    )
    languages: dict[int, list[str]] = {}
    for row in rows:
        languages.setdefault(row["clip_id"], []).append(row["language"])
    return languages


async def tracks_of(source: Database | Transaction, clip_id: ClipId) -> dict[str, str]:
    """Language and text of each track that somebody wrote."""
    rows = await source.fetch(
        "SELECT language, text FROM clip_captions WHERE clip_id = $1 AND is_by_machine = 0 ORDER BY language", clip_id
    )
    return {row["language"]: row["text"] for row in rows}


async def texts_of(source: Database | Transaction, clip_ids: Sequence[int]) -> dict[int, list[str]]:
    """All tracks of each clip."""
    if not clip_ids:
        return {}
    rows = await source.fetch(
        f"SELECT clip_id, text FROM clip_captions WHERE clip_id IN ({placeholders(1, len(clip_ids))})"
        " ORDER BY clip_id, language",
        *clip_ids,
    )
    texts: dict[int, list[str]] = {}
    for row in rows:
        texts.setdefault(row["clip_id"], []).append(row["text"])
    return texts


async def note_languages(transaction: Transaction, clip_id: ClipId) -> None:
    """Keep with the clip in which languages it has captions: pages ask that of each."""
    languages = " ".join(await languages_of(transaction, clip_id))
    await transaction.execute("UPDATE clip SET caption_languages = $2 WHERE id = $1", clip_id, languages)
