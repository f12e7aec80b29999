"""What the recommender may know of clips."""

from collections.abc import Collection

from freehold.backends.database import Database
from freehold.domain.ids import AccountId, ClipId, SoundId
from freehold.domain.watch import Item
from freehold.store.clip import placeholders, tags_of

IDS_A_STATEMENT = 500


async def items_for_system(database: Database, clip_ids: Collection[int]) -> dict[int, Item]:
    """Those of the clips that are published for everybody, can be played, and whose author is in good standing."""
    items: dict[int, Item] = {}
    wanted = [ClipId(clip_id) for clip_id in clip_ids]
    for start in range(0, len(wanted), IDS_A_STATEMENT):
        part = wanted[start : start + IDS_A_STATEMENT]
        rows = await database.fetch(
            "SELECT clip.id, clip.author_id, clip.sound_id, clip.duration_ms, clip.published_at_us"
            " FROM clip JOIN account ON account.id = clip.author_id"
            f" WHERE clip.id IN ({placeholders(1, len(part))}) AND clip.published_at_us IS NOT NULL"
            " AND clip.audience = 'public' AND clip.state IN ('playable', 'ready') AND account.suspended_at_us IS NULL",
            *part,
        )
        tags = await tags_of(database, part)
        for r in rows:
            items[r["id"]] = Item(
                r["id"], r["author_id"], r["sound_id"], tags.get(r["id"], ()), r["duration_ms"], r["published_at_us"]
            )
    return items


async def published_by_for_system(database: Database, author_id: AccountId) -> list[ClipId]:
    """Oldest first."""
    rows = await database.fetch(
        "SELECT id FROM clip WHERE author_id = $1 AND published_at_us IS NOT NULL ORDER BY id", author_id
    )
    return [ClipId(row["id"]) for row in rows]


async def author_and_sound_for_system(database: Database, clip_id: ClipId) -> tuple[AccountId, SoundId | None] | None:
    rows = await database.fetch("SELECT author_id, sound_id FROM clip WHERE id = $1", clip_id)
    return (rows[0]["author_id"], rows[0]["sound_id"]) if rows else None
