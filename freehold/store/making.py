"""How clips are made with others, and which are."""

from collections.abc import Iterable, Sequence

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.ids import ClipId
from freehold.domain.making import Layout, Making, MakingKind
from freehold.store.clip import placeholders

AT_ONCE = 400


def making_of(row: Row) -> Making:
    """From a row with the table's columns."""
    return Making(
        MakingKind(row["kind"]),
        ClipId(row["source_id"]),
        Layout(row["layout"]),
        row["length_ms"],
        row["own_percent"],
        row["source_percent"],
    )


async def insert(transaction: Transaction, clip_id: ClipId, making: Making) -> None:
    await transaction.execute(
        "INSERT INTO clip_making (clip_id, source_id, kind, layout, length_ms, own_percent, source_percent)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        clip_id,
        making.source_id,
        making.kind.value,
        making.layout.value,
        making.length_ms,
        making.own_percent,
        making.source_percent,
    )


async def of_clip(source: Database | Transaction, clip_id: ClipId) -> Making | None:
    rows = await source.fetch("SELECT * FROM clip_making WHERE clip_id = $1", clip_id)
    return making_of(rows[0]) if rows else None


async def depth_of(source: Database | Transaction, clip_id: ClipId) -> int:
    """How many clips, one within the other, are in the clip's picture besides its own."""
    depth, one = 0, await of_clip(source, clip_id)
    while one is not None and one.shows_source:
        depth, one = depth + 1, await of_clip(source, one.source_id)
    return depth


async def made_with_for_viewer(
    database: Database, source_id: ClipId, before_id: ClipId | None, limit: int
) -> Sequence[ClipId]:
    """Published duets and stitches of the clip, newest first, as ids for `for_viewer`."""
    rows = await database.fetch(
        "SELECT clip.id FROM clip_making JOIN clip ON clip.id = clip_making.clip_id"
        " WHERE clip_making.source_id = $1 AND clip_making.kind <> 'sound' AND clip.id < $2"
        " AND clip.published_at_us IS NOT NULL ORDER BY clip.id DESC LIMIT $3",
        source_id,
        before_id or 1 << 62,
        limit,
    )
    return [ClipId(row["id"]) for row in rows]


async def all_that_show(database: Database, clip_ids: Iterable[int]) -> set[int]:
    """The clips, and whatever was made of them, and of that."""
    found, fresh = set[int](), set(clip_ids)
    while fresh:
        found |= fresh
        wanted, fresh = sorted(fresh), set[int]()
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            rows = await database.fetch(
                "SELECT clip_id FROM clip_making WHERE kind <> 'sound'"
                f" AND source_id IN ({placeholders(1, len(part))})",
                *part,
            )
            fresh |= {row["clip_id"] for row in rows}
        fresh -= found
    return found
