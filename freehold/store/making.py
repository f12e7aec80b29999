"""How clips are made with others, and which are."""

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.clip import Moment
from freehold.domain.ids import ClipId
from freehold.domain.making import Layout, Making, MakingKind


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
        "INSERT INTO clip_making (clip_id, source_id, kind, layout, length_ms, own_percent, source_percent,"
        " published_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT published_at_us FROM clip WHERE id = $1))",
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


async def made_with_for_viewer(database: Database, source_id: ClipId, behind: Moment, limit: int) -> list[Moment]:
    """Published duets and stitches of the clip, the last published first, for `for_viewer`."""
    rows = await database.fetch(
        "SELECT published_at_us, clip_id FROM clip_making WHERE source_id = $1 AND kind <> 'sound'"
        " AND (published_at_us, clip_id) < ($2, $3) ORDER BY published_at_us DESC, clip_id DESC LIMIT $4",
        source_id,
        *behind,
        limit,
    )
    return [Moment(row["published_at_us"], ClipId(row["clip_id"])) for row in rows]


async def made_with_for_system(database: Database, source_id: int, after: Moment, limit: int) -> list[Moment]:
    """So many of the published duets and stitches of a clip that came out after, the first of them first."""
    rows = await database.fetch(
        "SELECT published_at_us, clip_id FROM clip_making WHERE source_id = $1 AND kind <> 'sound'"
        " AND (published_at_us, clip_id) > ($2, $3) ORDER BY published_at_us, clip_id LIMIT $4",
        source_id,
        *after,
        limit,
    )
    return [Moment(row["published_at_us"], ClipId(row["clip_id"])) for row in rows]
