"""Sounds: whose each is, which clip it was first heard in, and the prints by which it is known again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from freehold.backends.database import Database, Transaction
from freehold.domain.clip import Sound
from freehold.domain.ids import AccountId, ClipId, SoundId
from freehold.store.clip import placeholders

RECOGNISING_LOCK = 0x534F_554E
AT_ONCE = 400
FOUND_LIMIT = 4000
"""Of each statement: a print that so many sounds share tells nothing."""


async def insert(
    transaction: Transaction, sound_id: SoundId, author_id: AccountId, title: str, clip_id: ClipId | None, at_us: int
) -> None:
    """`title` is what its author calls it, or "". `clip_id`: the clip that it was first heard in."""
    await transaction.execute(
        "INSERT INTO sound (id, author_id, title, clip_id, created_at_us) VALUES ($1, $2, $3, $4, $5)",
        sound_id,
        author_id,
        title,
        clip_id,
        at_us,
    )


async def exists(source: Database | Transaction, sound_id: SoundId) -> bool:
    return bool(await source.fetch("SELECT 1 FROM sound WHERE id = $1", sound_id))


async def first_clip_of(source: Database | Transaction, sound_id: SoundId) -> ClipId | None:
    """The clip that it was first heard in, while there is one."""
    rows = await source.fetch(
        "SELECT clip.id FROM sound JOIN clip ON clip.id = sound.clip_id WHERE sound.id = $1", sound_id
    )
    return ClipId(rows[0]["id"]) if rows else None


@dataclass(frozen=True, slots=True)
class SoundRow:
    sound: Sound
    author_id: AccountId
    author_name: str
    is_author_suspended: bool
    created_at_us: int


async def by_ids(source: Database | Transaction, sound_ids: Sequence[int]) -> dict[int, SoundRow]:
    """Those of them that there are."""
    found: dict[int, SoundRow] = {}
    for start in range(0, len(sound_ids), AT_ONCE):
        part = sound_ids[start : start + AT_ONCE]
        rows = await source.fetch(
            "SELECT sound.id, sound.title, sound.clip_id, sound.author_id, sound.created_at_us, account.handle,"
            " account.display_name, account.suspended_at_us FROM sound JOIN account ON account.id = sound.author_id"
            f" WHERE sound.id IN ({placeholders(1, len(part))})",
            *part,
        )
        for row in rows:
            found[row["id"]] = SoundRow(
                Sound(SoundId(row["id"]), row["title"], row["handle"], row["clip_id"]),
                AccountId(row["author_id"]),
                row["display_name"],
                row["suspended_at_us"] is not None,
                row["created_at_us"],
            )
    return found


async def ids_by_author(source: Database | Transaction, author_id: AccountId) -> list[int]:
    rows = await source.fetch("SELECT id FROM sound WHERE author_id = $1", author_id)
    return [row["id"] for row in rows]


async def ids_in_clips_of(source: Database | Transaction, author_id: AccountId) -> list[SoundId]:
    """The sounds, whosever they are, that the author's clips have."""
    rows = await source.fetch(
        "SELECT DISTINCT sound_id FROM clip WHERE author_id = $1 AND sound_id IS NOT NULL ORDER BY sound_id", author_id
    )
    return [SoundId(row["sound_id"]) for row in rows]


async def set_title(transaction: Transaction, sound_id: SoundId, title: str) -> None:
    await transaction.execute("UPDATE sound SET title = $2 WHERE id = $1", sound_id, title)


async def count_uses(source: Database | Transaction, sound_ids: Sequence[int]) -> dict[int, int]:
    """In how many clips that anybody may see each is, as the index of search has it; without those in none."""
    found: dict[int, int] = {}
    for start in range(0, len(sound_ids), AT_ONCE):
        part = sound_ids[start : start + AT_ONCE]
        rows = await source.fetch(
            f"SELECT sound_id, COUNT(*) AS uses FROM sound_use WHERE sound_id IN ({placeholders(1, len(part))})"
            " GROUP BY sound_id",
            *part,
        )
        found |= {row["sound_id"]: row["uses"] for row in rows}
    return found


async def newest_uses(source: Database, sound_ids: Sequence[int]) -> dict[int, ClipId]:
    """For each the newest clip with it, as an id for `for_viewer`."""
    if not sound_ids:
        return {}
    rows = await source.fetch(
        f"SELECT sound_id, MAX(clip_id) AS clip_id FROM sound_use WHERE sound_id IN"
        f" ({placeholders(1, len(sound_ids))}) GROUP BY sound_id",
        *sound_ids,
    )
    return {row["sound_id"]: ClipId(row["clip_id"]) for row in rows}


async def accounts_by_day(database: Database, sound_id: SoundId, after_us: int, day_us: int) -> dict[int, int]:
    """How many accounts used the sound on each day, counted since 1970; days without any are left out."""
    rows = await database.fetch(
        "SELECT at_us / $3 AS day, COUNT(DISTINCT author_id) AS accounts FROM sound_use"
        " WHERE sound_id = $1 AND at_us > $2 GROUP BY at_us / $3",
        sound_id,
        after_us,
        day_us,
    )
    return {int(row["day"]): int(row["accounts"]) for row in rows}


async def delete_unused(transaction: Transaction, sound_id: SoundId) -> None:
    """Forget a sound that no clip has any more. Of two that take their clips from it at once, the later one sees so."""
    if transaction.dialect == "postgresql":
        await transaction.fetch("SELECT 1 FROM sound WHERE id = $1 FOR UPDATE", sound_id)
    await transaction.execute(
        "DELETE FROM sound WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM clip WHERE clip.sound_id = $1)", sound_id
    )


async def hear_first(transaction: Transaction, sound_id: SoundId, clip_id: ClipId) -> bool:
    """Note the clip as the first with the sound; whether it is."""
    return bool(
        await transaction.execute(
            "UPDATE sound SET clip_id = $2 WHERE id = $1 AND (clip_id IS NULL OR clip_id = $2)", sound_id, clip_id
        )
    )


async def lock_recognising(transaction: Transaction) -> None:
    """Let nobody else look for a sound until this one is there to be found."""
    if transaction.dialect == "postgresql":
        await transaction.fetch("SELECT pg_advisory_xact_lock($1)", RECOGNISING_LOCK)


async def set_prints(
    transaction: Transaction, sound_id: SoundId, prints: bytes, index: Iterable[tuple[int, int]]
) -> None:
    """`index` has print and place of those that the sound is found by."""
    await transaction.execute("UPDATE sound SET prints = $2 WHERE id = $1", sound_id, prints)
    await transaction.execute("DELETE FROM sound_print WHERE sound_id = $1", sound_id)
    await transaction.execute_many(
        "INSERT INTO sound_print (print, sound_id, place) VALUES ($1, $2, $3)",
        [(key, sound_id, place) for key, place in index],
    )


async def with_prints(transaction: Transaction, keys: Sequence[int]) -> list[tuple[int, int, int]]:
    """Print, sound and place of all that have one of the prints."""
    found: list[tuple[int, int, int]] = []
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        rows = await transaction.fetch(
            f"SELECT print, sound_id, place FROM sound_print WHERE print IN ({placeholders(2, len(part))}) LIMIT $1",
            FOUND_LIMIT,
            *part,
        )
        found += [(row["print"], row["sound_id"], row["place"]) for row in rows]
    return found


async def prints_of(transaction: Transaction, sound_ids: Sequence[int], author_id: AccountId) -> dict[int, bytes]:
    """Of those of the sounds that are the author's own, or in a clip that anybody may see: what somebody else keeps to
    themselves is not to be found out by its sound."""
    if not sound_ids:
        return {}
    rows = await transaction.fetch(
        f"SELECT id, prints FROM sound WHERE id IN ({placeholders(2, len(sound_ids))}) AND prints IS NOT NULL"
        " AND (author_id = $1 OR EXISTS (SELECT 1 FROM clip WHERE clip.sound_id = sound.id"
        " AND clip.published_at_us IS NOT NULL AND clip.audience = 'public' AND clip.state IN ('playable', 'ready')))",
        author_id,
        *sound_ids,
    )
    return {row["id"]: bytes(row["prints"]) for row in rows}
