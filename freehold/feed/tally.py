"""The reader `tally` of the log: adds up, by the hour and by the day, what the operator's page of the feed shows.

Its mark moves in the transaction that adds, so a page or a watch counts once, whatever happens. A page of figures
then reads a few rows, and nobody waits for a scan. What a clip that was deleted since had to say of itself (its
author, its length) is not known when it is added up anew.
"""

import asyncio
import inspect
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from freehold.backends.database import Database, Transaction
from freehold.domain.errors import BackendError, NoRoom
from freehold.domain.ids import ClipId, PageId, ViewerId
from freehold.domain.watch import Source
from freehold.feed.candidates import weights_of
from freehold.feed.fold import Logged, next_logged
from freehold.recommender import ONE, Draw, Weights, kernels
from freehold.store import page as pages
from freehold.store import reader, told, watch_log
from freehold.store import tally as tallies
from freehold.store.page import LoggedPage, PageRow, Shown
from freehold.store.tally import ClipFacts, Key, Reach
from freehold.store.watch_log import LoggedBatch, WatchBatch

log = structlog.get_logger("freehold.tally")

NAME = "tally"
ROWS_A_TURN = 50
LOOK_EVERY_S = 2.0
REST = 4
"""It rests so many times as long as a turn took: at most a fifth of a processor, and pages go first."""
SETTLE_EVERY_US = 60_000_000
SETTLE_EVERY_US_A_CLIP = 50_000
"""Few clips are soon counted, and in a young network soon outdated."""
ROWS_AT_ONCE = 1000
HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
SPANS_H = (24, 7 * 24, 30 * 24)
NEWCOMER_WATCHES = 50
"""A viewer counts as a newcomer for so many watches of For You."""
IN_ORDER = (Source.CHRONOLOGICAL, Source.DIRECT)
"""Nothing was chosen: these are not For You's."""
HALF = 0.5
RANDOM, TRIED, POPULAR, RANKED = "random", "tried", "popular", "ranked"
PAGES, WATCHES, RATED, PREDICTED, VALUE = range(5)

grade = inspect.unwrap(kernels.grade)
"""The learner's own grade of a watch, as it stands in Python: compiled, it can be called by compiled code alone."""

ShownTo = Mapping[tuple[ViewerId, PageId], tuple[Shown, ...]]


async def follow(database: Database, clock: Callable[[], int]) -> None:
    """For ever. It may fall behind while much is watched; it does not lose count."""
    while True:
        pause_s = LOOK_EVERY_S
        try:
            started_s = time.perf_counter()
            if await take_in(database, clock()):
                pause_s = REST * (time.perf_counter() - started_s)
            await settle_now_and_then(database, clock())
        except (BackendError, NoRoom) as error:
            log.error("the log could not be added up", error=str(error))
        await asyncio.sleep(pause_s)


async def take_in(database: Database, at_us: int) -> int:
    """Add up the next rows of the log; how many there were."""
    mark = await reader.mark_of(database, NAME)
    rows = await next_logged(database, mark, ROWS_A_TURN)
    if not rows:
        return 0
    sums = await _summed(database, rows)

    async def work(transaction: Transaction) -> None:
        if await reader.mark_of(transaction, NAME) != mark:
            return  # Reset meanwhile: these will be added up again.
        await tallies.add_hours(transaction, sums.hours)
        await tallies.add_sources(transaction, sums.sources)
        await tallies.add_newcomers(transaction, sums.newcomers)
        await tallies.add_authors(transaction, sums.authors)
        await tallies.note_clips(transaction, sums.clips)
        await tallies.add_viewers(transaction, sums.viewers)
        await reader.move(transaction, NAME, rows[-1].seq, at_us)

    await database.transact(work)
    return len(rows)


# Adding up


def _table(columns: int) -> dict[Key, list[int]]:
    return defaultdict(lambda: [0] * columns)


@dataclass(frozen=True, slots=True)
class Sums:
    """What a run of rows comes to, in the columns of `store/tally.py`."""

    hours: dict[Key, list[int]] = field(default_factory=lambda: _table(5))
    sources: dict[Key, list[int]] = field(default_factory=lambda: _table(3))
    newcomers: dict[Key, list[int]] = field(default_factory=lambda: _table(2))
    authors: dict[Key, list[int]] = field(default_factory=lambda: _table(1))
    clips: dict[ClipId, int] = field(default_factory=dict)
    viewers: Counter[ViewerId] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows alone do not say."""

    shown: ShownTo
    facts: Mapping[ClipId, ClipFacts]
    watched: Mapping[ViewerId, int]
    """How many watches of each viewer were counted before these rows."""
    weights: Sequence[tuple[int, list[int]]]
    """From when on each was in force, and its values in the order of the kernels; oldest first."""

    def weights_at(self, at_us: int) -> list[int]:
        return self.weights[bisect_right(self.weights, at_us, key=lambda one: one[0]) - 1][1]


async def _summed(database: Database, rows: Sequence[Logged]) -> Sums:
    page_rows = [row.page for row in rows if isinstance(row, LoggedPage)]
    batches = [row.batch for row in rows if isinstance(row, LoggedBatch)]
    shown = await _shown(database, page_rows, batches)
    known = Known(
        shown,
        await tallies.facts_for_system(database, {one.clip_id for some in shown.values() for one in some}),
        await tallies.watches_of(database, sorted({batch.viewer_id for batch in batches})),
        await _weights(database) if batches else (),
    )
    sums = Sums()
    for page in page_rows:
        add_page(sums, known, page)
    for batch in batches:
        add_batch(sums, known, batch)
    return sums


async def _shown(database: Database, page_rows: Iterable[PageRow], batches: Iterable[WatchBatch]) -> ShownTo:
    """What stood on these pages, and on those that the batches are of."""
    shown = {(page.viewer_id, page.id): page.shown for page in page_rows}
    for batch in batches:
        ids = {PageId(record[0]) for record in watch_log.RECORD.iter_unpack(batch.watches)}
        missing = sorted(page_id for page_id in ids if (batch.viewer_id, page_id) not in shown)
        if missing:
            found = await pages.impressions_of(database, batch.viewer_id, missing)
            shown |= {(batch.viewer_id, PageId(page_id)): pages.shown_in(data) for page_id, (_, data) in found.items()}
    return shown


async def _weights(database: Database) -> list[tuple[int, list[int]]]:
    said = [(one.at_us, weights_of(one.in_force)) for one in await told.all_weights(database)]
    return [(at_us, weights.array().tolist()) for at_us, weights in [(0, Weights()), *said]]


def add_page(sums: Sums, known: Known, page: PageRow) -> None:
    hour_us, day_us = start_of(page.at_us, HOUR_US), start_of(page.at_us, DAY_US)
    sums.hours[hour_us,][PAGES] += 1
    for one in known.shown[page.viewer_id, page.id]:
        sums.sources[hour_us, one.source, draw_of(one)][0] += 1
        facts = known.facts.get(one.clip_id)
        if page.feed in pages.TOLD and facts is not None:
            sums.authors[facts.author_id, day_us][0] += 1
            sums.clips[one.clip_id] = max(hour_us, sums.clips.get(one.clip_id, 0))


def add_batch(sums: Sums, known: Known, batch: WatchBatch) -> None:
    hour = sums.hours[start_of(batch.at_us, HOUR_US),]
    weights = known.weights_at(batch.at_us)
    for page_id, clip_id, position, watched_ms, completions, flags in watch_log.RECORD.iter_unpack(batch.watches):
        hour[WATCHES] += 1
        shown = known.shown.get((batch.viewer_id, PageId(page_id)), ())
        facts = known.facts.get(ClipId(clip_id))
        if position >= len(shown) or shown[position].clip_id != clip_id or facts is None:
            continue  # The page or the clip is erased.
        one = shown[position]
        share = share_of(watched_ms, completions, facts.duration_ms)
        _add_watch(sums, known, batch, one, share)
        if one.source not in IN_ORDER:
            said = (flags & watch_log.SKIPPED, flags & watch_log.LIKED, flags & watch_log.NOT_INTERESTED)
            hour[RATED] += 1
            hour[PREDICTED] += one.score
            hour[VALUE] += grade(weights, facts.duration_ms, watched_ms, completions, *said)


def _add_watch(sums: Sums, known: Known, batch: WatchBatch, one: Shown, share: int) -> None:
    source = sums.sources[start_of(batch.at_us, HOUR_US), one.source, draw_of(one)]
    source[1] += 1
    source[2] += share
    nth = known.watched.get(batch.viewer_id, 0) + sums.viewers[batch.viewer_id] + 1
    if one.source in IN_ORDER or nth > NEWCOMER_WATCHES:
        return
    sums.viewers[batch.viewer_id] += 1
    newcomer = sums.newcomers[start_of(batch.at_us, DAY_US), way_of(one), nth]
    newcomer[0] += 1
    newcomer[1] += share


def start_of(at_us: int, span_us: int) -> int:
    return at_us - at_us % span_us


def share_of(watched_ms: int, completions: int, duration_ms: int) -> int:
    """How much of the clip was watched, in 2 ** 20ths; what was seen to its end is all of it, however often."""
    return ONE if completions else ONE * min(watched_ms, duration_ms) // max(duration_ms, 1)


def draw_of(one: Shown) -> Draw:
    """How it came to its position. What was ranked stands there more often than not, unless a page is very short."""
    if one.source is Source.RANDOM:
        return Draw.DRAWN
    return Draw.TRIED if one.source is Source.FRESH and one.propensity < HALF else Draw.RANKED


def way_of(one: Shown) -> str:
    draw = draw_of(one)
    if draw is not Draw.RANKED:
        return RANDOM if draw is Draw.DRAWN else TRIED
    return POPULAR if one.source is Source.POPULAR else RANKED


# Reach


async def settle_now_and_then(database: Database, at_us: int) -> None:
    """Once a minute where anything was added since, sooner where there is little to count; once the first clip is
    there, and once an hour: clips come and go."""
    last = await tallies.reach_of(database, SPANS_H[0])
    if last is None or at_us - last.at_us >= await _settling_every_us(database, last, at_us):
        await settle(database, at_us)


async def _settling_every_us(database: Database, last: Reach, at_us: int) -> int:
    marks = await reader.all_marks(database)
    if any(mark.name == NAME and mark.moved_at_us >= last.at_us for mark in marks):
        return min(SETTLE_EVERY_US, SETTLE_EVERY_US_A_CLIP * last.clips)
    is_first = not last.clips and await tallies.live_clips_after_for_system(database, 0, at_us, 1)
    return 0 if is_first else HOUR_US


async def settle(database: Database, at_us: int) -> None:
    """Work out coverage and evenness. Reads every clip and every author's days, some at a time."""
    oldest_us = start_of(since(at_us, SPANS_H[-1]), DAY_US)
    live = await _live(database, at_us)
    by_span, is_outdated = await _impressions(database, at_us, oldest_us)
    found = [
        Reach(hours, at_us, live.clips, shown, len(live.authors), gini([counts[one] for one in live.authors]))
        for hours, shown, counts in zip(SPANS_H, live.shown, by_span, strict=True)
    ]

    async def work(transaction: Transaction) -> None:
        if is_outdated:
            await tallies.forget_authors_before(transaction, oldest_us)
        for one in found:
            await tallies.put_reach(transaction, one)

    await database.transact(work)


@dataclass(frozen=True, slots=True)
class Live:
    """What everybody may be shown."""

    clips: int
    authors: frozenset[int]
    shown: tuple[int, ...]
    """Clips that were shown inside each of the spans."""


async def _live(database: Database, at_us: int) -> Live:
    since_us = [since(at_us, hours) for hours in SPANS_H]
    clips, last_id, authors, shown = 0, 0, set[int](), [0] * len(SPANS_H)
    while part := await tallies.live_clips_after_for_system(database, last_id, at_us, ROWS_AT_ONCE):
        clips, last_id = clips + len(part), part[-1].clip_id
        authors.update(clip.author_id for clip in part)
        for span, first_us in enumerate(since_us):
            shown[span] += sum(clip.shown_at_us >= first_us for clip in part)
        await asyncio.sleep(0)
    return Live(clips, frozenset(authors), tuple(shown))


async def _impressions(database: Database, at_us: int, oldest_us: int) -> tuple[list[Counter[int]], bool]:
    """By author, for each of the spans, of whole days; and whether there are days before them all."""
    since_us = [start_of(since(at_us, hours), DAY_US) for hours in SPANS_H]
    counts: list[Counter[int]] = [Counter() for _ in SPANS_H]
    author_id, day_us, is_outdated = 0, 0, False
    while rows := await tallies.authors_after(database, author_id, day_us, ROWS_AT_ONCE):
        for row in rows:
            author_id, day_us = row["author_id"], row["at_us"]
            is_outdated |= day_us < oldest_us
            for count, first_us in zip(counts, since_us, strict=True):
                if day_us >= first_us:
                    count[author_id] += row["impressions"]
        await asyncio.sleep(0)
    return counts, is_outdated


def since(at_us: int, hours: int) -> int:
    """Where the span of so many hours begins: at a whole hour, so that the one under way comes on top."""
    return start_of(at_us, HOUR_US) - hours * HOUR_US


def gini(counts: Sequence[int]) -> int:
    """Gini's coefficient in 2 ** 20ths: 0 where all have the same, near 1.0 where one of many has everything."""
    size, total = len(counts), sum(counts)
    if not total:
        return 0
    ranked = sum(place * count for place, count in enumerate(sorted(counts), 1))
    return ONE * (2 * ranked - (size + 1) * total) // (size * total)
