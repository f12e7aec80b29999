"""Pages that were served, with their impressions packed into one value each.

`seq` is the page's place in the learner's log, the one order in which pages and watch batches were taken in;
`journal_seq` is how much of the journal had been taken in before it. That is where it was written; `ranked` says,
in the feed's own packing, where the learner stood when the page was ranked, and what from.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from struct import Struct
from typing import Any

from freehold.backends.database import Database, Row, Transaction, Value
from freehold.domain.ids import ClipId, PageId, ViewerId
from freehold.domain.watch import Source
from freehold.store.clip import placeholders
from freehold.store.seal import Field, fault_in, sealed

FOR_YOU, FOLLOWING = "for-you", "following"
TOLD = frozenset((FOR_YOU, FOLLOWING))
"""The feeds whose pages the learner is told of. Others put nothing before a viewer that it did not ask for."""
CLIP = Struct("<q")
ROWS_A_STATEMENT = 32
COLUMNS = "viewer_id, id, feed, at_us, model_hash, seed, seq, journal_seq, impressions, ranked, seal"
COLUMN_COUNT = 11


@dataclass(frozen=True, slots=True)
class Shown:
    """One impression as it is stored; its position is its place in the page."""

    clip_id: ClipId
    source: Source
    propensity: float
    score: int
    """In 2 ** 20ths of one clip seen to its end."""
    terms: tuple[int, ...]
    """In the order of the recommender's TermName; they sum to the score."""


@dataclass(frozen=True, slots=True)
class PageRow:
    viewer_id: ViewerId
    id: PageId
    feed: str
    at_us: int
    model_hash: str
    seed: int
    impressions: bytes
    ranked: bytes | None = None
    """What it was ranked from (`feed/ranking.py`); None for a list by time."""

    @property
    def shown(self) -> tuple[Shown, ...]:
        return shown_in(self.impressions)


@cache
def _record(terms: int) -> Struct:
    """Clip, source, propensity, score and the score's terms."""
    return Struct(f"<qBdq{terms}i")


def packed(shown: Sequence[Shown]) -> bytes:
    """One byte that counts the terms of a score, then a record for each impression."""
    if not shown:
        return b""
    terms = len(shown[0].terms)
    pack = _record(terms).pack
    return bytes([terms]) + b"".join(
        pack(one.clip_id, one.source, one.propensity, one.score, *one.terms) for one in shown
    )


def _records_in(impressions: bytes) -> Iterable[tuple[Any, ...]]:
    return _record(impressions[0]).iter_unpack(memoryview(impressions)[1:]) if impressions else ()


def shown_in(impressions: bytes) -> tuple[Shown, ...]:
    return tuple(
        Shown(ClipId(clip_id), Source(source), propensity, score, tuple(terms))
        for clip_id, source, propensity, score, *terms in _records_in(impressions)
    )


def clip_ids_in(impressions: bytes) -> list[ClipId]:
    return [ClipId(record[0]) for record in _records_in(impressions)]


def clip_id_at(impressions: bytes, position: int) -> int | None:
    """The clip at the position; None past the page's end."""
    if not impressions:
        return None
    start = 1 + position * _record(impressions[0]).size
    return CLIP.unpack_from(impressions, start)[0] if start < len(impressions) else None


def _page_of(row: Row) -> PageRow:
    return PageRow(
        row["viewer_id"],
        row["id"],
        row["feed"],
        row["at_us"],
        row["model_hash"],
        row["seed"],
        row["impressions"],
        row["ranked"],
    )


def _fields(seq: int, journal_seq: int, page: PageRow) -> list[Field]:
    return [
        ("viewer_id", page.viewer_id),
        ("id", page.id),
        ("feed", page.feed),
        ("at_us", page.at_us),
        ("model_hash", page.model_hash),
        ("seed", page.seed),
        ("seq", seq),
        ("journal_seq", journal_seq),
        ("impressions", page.impressions),
        ("ranked", page.ranked),
    ]


@dataclass(frozen=True, slots=True)
class LoggedPage:
    """A page at its place in the log."""

    seq: int
    journal_seq: int
    page: PageRow
    seal: bytes | None

    def fault(self) -> str | None:
        """What of the row is not as it was written, in words."""
        return fault_in(_fields(self.seq, self.journal_seq, self.page), self.seal)


def _logged(row: Row) -> LoggedPage:
    return LoggedPage(row["seq"], row["journal_seq"], _page_of(row), row["seal"])


@cache
def _insert_statement(count: int) -> str:
    rows = ", ".join(f"({placeholders(COLUMN_COUNT * number + 1, COLUMN_COUNT)})" for number in range(count))
    return f"INSERT INTO page ({COLUMNS}) VALUES {rows}"


async def insert(transaction: Transaction, first_seq: int, journal_seq: int, pages: Sequence[PageRow]) -> None:
    """They take `first_seq` and the numbers after it."""
    for start in range(0, len(pages), ROWS_A_STATEMENT):
        part = pages[start : start + ROWS_A_STATEMENT]
        values: list[Value] = []
        for seq, page in enumerate(part, first_seq + start):
            values += sealed(_fields(seq, journal_seq, page))
        await transaction.execute(_insert_statement(len(part)), *values)


async def by_id(database: Database, viewer_id: ViewerId, page_id: PageId) -> PageRow | None:
    rows = await database.fetch(f"SELECT {COLUMNS} FROM page WHERE viewer_id = $1 AND id = $2", viewer_id, page_id)
    return _page_of(rows[0]) if rows else None


async def anybodys_for_system(database: Database, page_id: PageId) -> PageRow | None:
    """Whoever it was served to: for moderators. Reads all pages."""
    rows = await database.fetch(f"SELECT {COLUMNS} FROM page WHERE id = $1", page_id)
    return _page_of(rows[0]) if rows else None


async def impressions_of(
    database: Database, viewer_id: ViewerId, page_ids: Sequence[int]
) -> dict[int, tuple[str, bytes]]:
    """The feed and the packed impressions of those of the pages that were served to the viewer."""
    rows = await database.fetch(
        f"SELECT id, feed, impressions FROM page WHERE viewer_id = $1 AND id IN ({placeholders(2, len(page_ids))})",
        viewer_id,
        *page_ids,
    )
    return {row["id"]: (row["feed"], row["impressions"]) for row in rows}


async def newest_of(
    database: Database, viewer_id: ViewerId, feeds: Sequence[str], after_us: int, limit: int
) -> list[PageRow]:
    """The viewer's last pages of the feeds, newest first."""
    rows = await database.fetch(
        f"SELECT {COLUMNS} FROM page WHERE viewer_id = $1 AND at_us > $2 AND feed IN ({placeholders(4, len(feeds))})"
        " ORDER BY id DESC LIMIT $3",
        viewer_id,
        after_us,
        limit,
        *feeds,
    )
    return [_page_of(row) for row in rows]


async def after(database: Database, seq: int, limit: int) -> list[LoggedPage]:
    """The next pages behind the place in the log."""
    rows = await database.fetch(f"SELECT {COLUMNS} FROM page WHERE seq > $1 ORDER BY seq LIMIT $2", seq, limit)
    return [_logged(row) for row in rows]


async def logged_for_system(database: Database, page_id: PageId) -> LoggedPage | None:
    """Whoever it was served to, at its place in the log. Reads all pages."""
    rows = await database.fetch(f"SELECT {COLUMNS} FROM page WHERE id = $1", page_id)
    return _logged(rows[0]) if rows else None


async def at_seqs(database: Database, seqs: Sequence[int]) -> dict[int, LoggedPage]:
    """The pages at these places in the log."""
    rows = await database.fetch(f"SELECT {COLUMNS} FROM page WHERE seq IN ({placeholders(1, len(seqs))})", *seqs)
    return {row["seq"]: _logged(row) for row in rows}


async def ranked_after(
    database: Database, seq: int, limit: int, feed: str, since_us: int, viewer_id: ViewerId | None
) -> list[tuple[int, bytes | None]]:
    """The next pages of the feed behind the place: place, and what each was ranked from."""
    whose, values = ("", []) if viewer_id is None else (" AND viewer_id = $5", [viewer_id])
    rows = await database.fetch(
        f"SELECT seq, ranked FROM page WHERE seq > $1 AND feed = $3 AND at_us >= $4{whose} ORDER BY seq LIMIT $2",
        seq,
        limit,
        feed,
        since_us,
        *values,
    )
    return [(row["seq"], row["ranked"]) for row in rows]


async def oldest_at_us_after(database: Database, seq: int) -> int | None:
    """When the next page behind the place was served; None where there is none."""
    rows = await database.fetch("SELECT at_us FROM page WHERE seq > $1 ORDER BY seq LIMIT 1", seq)
    return rows[0]["at_us"] if rows else None


async def oldest_until(database: Database, seq: int, limit: int) -> list[tuple[int, int]]:
    """The first pages up to the place: where each is, and when it was served."""
    rows = await database.fetch("SELECT seq, at_us FROM page WHERE seq <= $1 ORDER BY seq LIMIT $2", seq, limit)
    return [(row["seq"], row["at_us"]) for row in rows]


async def delete_between(transaction: Transaction, after_seq: int, last_seq: int, kept_feed: str = "") -> None:
    """Those behind `after_seq` up to `last_seq`, but for those of a feed that is kept."""
    await transaction.execute(
        "DELETE FROM page WHERE seq > $1 AND seq <= $2 AND feed <> $3", after_seq, last_seq, kept_feed
    )


async def newest_seq(database: Database) -> int:
    rows = await database.fetch("SELECT COALESCE(MAX(seq), 0) AS seq FROM page")
    return int(rows[0]["seq"])
