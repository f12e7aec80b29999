"""What the reader `tally` adds up of the log: rows by the hour or the day, for the operator's page of the feed.

Times are where an hour or a day begins, in UTC. Shares, scores and values are sums in 2 ** 20ths.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.ids import AccountId, ClipId, ViewerId
from freehold.store.clip import placeholders

IDS_A_STATEMENT = 500
TABLES = (
    "tally_hour",
    "tally_source",
    "tally_newcomer",
    "tally_author",
    "tally_clip",
    "tally_viewer",
    "tally_reach",
)
Key = tuple[int | str, ...]
Sums = Mapping[Key, Sequence[int]]
"""Sums by the columns of a table's key, in their order."""


@dataclass(frozen=True, slots=True)
class ClipFacts:
    author_id: AccountId
    duration_ms: int


@dataclass(frozen=True, slots=True)
class LiveClip:
    """A clip that everybody may be shown."""

    clip_id: ClipId
    author_id: AccountId
    shown_at_us: int
    """The last hour in which For You or Following showed it; 0: in none."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far impressions of the last hours spread over what there is."""

    hours: int
    at_us: int
    """When this was worked out."""
    clips: int
    shown_clips: int
    authors: int
    gini: int


def _adding(table: str, keys: str, sums: str) -> str:
    names = f"{keys}, {sums}"
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums.split(", "))
    values = placeholders(1, names.count(",") + 1)
    return f"INSERT INTO {table} ({names}) VALUES ({values}) ON CONFLICT ({keys}) DO UPDATE SET {added}"


def _rows(sums: Sums) -> list[tuple[int | str, ...]]:
    """In the order of their keys, so that two writers never wait for each other."""
    return [(*key, *sums[key]) for key in sorted(sums)]


async def add_hours(transaction: Transaction, sums: Sums) -> None:
    """Pages, watches; and of those of For You: how many, their scores, and their values by the learner's grade."""
    statement = _adding("tally_hour", "at_us", "pages, watches, rated, predicted, value")
    await transaction.execute_many(statement, _rows(sums))


async def add_sources(transaction: Transaction, sums: Sums) -> None:
    """Impressions, watches and the watches' shares, by hour, source and draw."""
    statement = _adding("tally_source", "at_us, source, draw", "impressions, watches, share")
    await transaction.execute_many(statement, _rows(sums))


async def add_newcomers(transaction: Transaction, sums: Sums) -> None:
    """Watches and their shares, by day, way and whether it was the viewer's first, second, …"""
    await transaction.execute_many(_adding("tally_newcomer", "at_us, way, nth", "watches, share"), _rows(sums))


async def add_authors(transaction: Transaction, sums: Sums) -> None:
    """Impressions by author and day."""
    await transaction.execute_many(_adding("tally_author", "author_id, at_us", "impressions"), _rows(sums))


async def note_clips(transaction: Transaction, shown_at_us: Mapping[ClipId, int]) -> None:
    """The last hour in which each was shown; nothing is written where that is known."""
    await transaction.execute_many(
        "INSERT INTO tally_clip (clip_id, shown_at_us) VALUES ($1, $2) ON CONFLICT (clip_id) DO UPDATE"
        " SET shown_at_us = excluded.shown_at_us WHERE tally_clip.shown_at_us < excluded.shown_at_us",
        sorted(shown_at_us.items()),
    )


async def add_viewers(transaction: Transaction, watches: Mapping[ViewerId, int]) -> None:
    """Of those whose watches are still there: who was erased meanwhile does not come back."""
    await transaction.execute_many(
        "INSERT INTO tally_viewer (viewer_id, watches) SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT)"
        " WHERE EXISTS (SELECT 1 FROM watch_batch WHERE viewer_id = $1)"
        " ON CONFLICT (viewer_id) DO UPDATE SET watches = tally_viewer.watches + excluded.watches",
        sorted(watches.items()),
    )


async def put_reach(transaction: Transaction, reach: Reach) -> None:
    await transaction.execute(
        "INSERT INTO tally_reach (hours, at_us, clips, shown_clips, authors, gini) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (hours) DO UPDATE SET at_us = excluded.at_us, clips = excluded.clips,"
        " shown_clips = excluded.shown_clips, authors = excluded.authors, gini = excluded.gini",
        reach.hours,
        reach.at_us,
        reach.clips,
        reach.shown_clips,
        reach.authors,
        reach.gini,
    )


async def forget(transaction: Transaction) -> None:
    """Everything, to be added up anew."""
    for table in TABLES:
        await transaction.execute(f"DELETE FROM {table}")


async def forget_authors_before(transaction: Transaction, at_us: int) -> None:
    """Reads all of them."""
    await transaction.execute("DELETE FROM tally_author WHERE at_us < $1", at_us)


async def hours_since(database: Database, since_us: int) -> Sequence[Row]:
    return await database.fetch(
        "SELECT at_us, pages, watches, rated, predicted, value FROM tally_hour WHERE at_us >= $1 ORDER BY at_us",
        since_us,
    )


async def sources_since(database: Database, since_us: int) -> Sequence[Row]:
    return await database.fetch(
        "SELECT source, draw, CAST(SUM(impressions) AS BIGINT) AS impressions,"
        " CAST(SUM(watches) AS BIGINT) AS watches, CAST(SUM(share) AS BIGINT) AS share"
        " FROM tally_source WHERE at_us >= $1 GROUP BY source, draw ORDER BY source, draw",
        since_us,
    )


async def newcomers_since(database: Database, since_us: int) -> Sequence[Row]:
    return await database.fetch(
        "SELECT way, nth, CAST(SUM(watches) AS BIGINT) AS watches, CAST(SUM(share) AS BIGINT) AS share"
        " FROM tally_newcomer WHERE at_us >= $1 GROUP BY way, nth ORDER BY way, nth",
        since_us,
    )


async def reach_of(database: Database, hours: int) -> Reach | None:
    rows = await database.fetch(
        "SELECT hours, at_us, clips, shown_clips, authors, gini FROM tally_reach WHERE hours = $1", hours
    )
    return Reach(**{name: int(rows[0][name]) for name in Reach.__slots__}) if rows else None


async def facts_for_system(database: Database, clip_ids: Collection[ClipId]) -> dict[ClipId, ClipFacts]:
    """Of those that are still there."""
    facts: dict[ClipId, ClipFacts] = {}
    wanted = sorted(clip_ids)
    for start in range(0, len(wanted), IDS_A_STATEMENT):
        part = wanted[start : start + IDS_A_STATEMENT]
        rows = await database.fetch(
            f"SELECT id, author_id, duration_ms FROM clip WHERE id IN ({placeholders(1, len(part))})", *part
        )
        facts |= {row["id"]: ClipFacts(row["author_id"], row["duration_ms"]) for row in rows}
    return facts


async def watches_of(database: Database, viewer_ids: Sequence[ViewerId]) -> dict[ViewerId, int]:
    """How many watches of each viewer were counted."""
    if not viewer_ids:
        return {}
    rows = await database.fetch(
        f"SELECT viewer_id, watches FROM tally_viewer WHERE viewer_id IN ({placeholders(1, len(viewer_ids))})",
        *viewer_ids,
    )
    return {row["viewer_id"]: row["watches"] for row in rows}


async def live_clips_after_for_system(database: Database, clip_id: int, at_us: int, limit: int) -> list[LiveClip]:
    """The next behind the clip, by id."""
    rows = await database.fetch(
        "SELECT clip.id, clip.author_id, COALESCE(tally_clip.shown_at_us, 0) AS shown_at_us"
        " FROM clip JOIN account ON account.id = clip.author_id"
        " LEFT JOIN tally_clip ON tally_clip.clip_id = clip.id"
        " WHERE clip.id > $1 AND clip.published_at_us IS NOT NULL AND clip.audience = 'public'"
        " AND clip.state IN ('playable', 'ready') AND account.suspended_at_us IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM withholding WHERE withholding.clip_id = clip.id AND since_us <= $2"
        " AND (until_us IS NULL OR until_us > $2))"
        " ORDER BY clip.id LIMIT $3",
        clip_id,
        at_us,
        limit,
    )
    return [LiveClip(row["id"], row["author_id"], row["shown_at_us"]) for row in rows]


async def authors_after(database: Database, author_id: int, at_us: int, limit: int) -> Sequence[Row]:
    """The next rows of authors and days behind this one: author_id, at_us, impressions."""
    return await database.fetch(
        "SELECT author_id, at_us, impressions FROM tally_author WHERE (author_id, at_us) > ($1, $2)"
        " ORDER BY author_id, at_us LIMIT $3",
        author_id,
        at_us,
        limit,
    )
