"""The figures of the operator's page of the feed: read from what the reader `tally` adds up, and from the learner's
place. Nothing is scanned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.backends.database import Database, Row
from freehold.domain.watch import Source
from freehold.feed import tally
from freehold.feed.fold import Place
from freehold.recommender import ONE, Draw
from freehold.store import journal, reader, watch_log
from freehold.store import page as pages
from freehold.store import tally as tallies
from freehold.store.tally import Reach

WAYS = (tally.RANKED, tally.POPULAR, tally.RANDOM, tally.TRIED)


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the learner, and the reader of these figures, are behind what is written."""

    log_seq: int
    log_behind: int
    journal_seq: int
    journal_behind: int
    oldest_us: int | None
    """From when the oldest entry is that the learner has not taken in; None where it has taken in all."""
    tally_behind: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one source brought."""

    source: Source
    impressions: int
    watches: int
    watched_share: float | None
    """The mean of the watches; None without any."""


@dataclass(frozen=True, slots=True)
class Hour:
    at_us: int
    pages: int
    watches: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of one day's watches of For You: the mean score that put their clips there, and the mean value they then had."""

    at_us: int
    watches: int
    predicted: float
    value: float

    @property
    def ratio(self) -> float | None:
        """Value by prediction; None where nothing was predicted."""
        return self.value / self.predicted if self.predicted > 0 else None


@dataclass(frozen=True, slots=True)
class Nth:
    """The n-th watches of For You of all newcomers, by the way in which their clips were found."""

    nth: int
    watches: int
    watched_share: float


@dataclass(frozen=True, slots=True)
class Figures:
    hours: int
    since_us: int
    at_us: int
    lag: Lag
    traffic: tuple[Traffic, ...]
    draws: dict[Draw, int]
    """Impressions of For You by how they came to their position."""
    reach: Reach | None
    """None until it was worked out first."""
    calibration: tuple[Calibration, ...]
    by_hour: tuple[Hour, ...]
    newcomers: dict[str, tuple[Nth, ...]]


async def figures_of(database: Database, place: Place, hours: int, at_us: int) -> Figures:
    """Of the last so many hours (one of `tally.SPANS_H`) and the one under way."""
    since_us = tally.since(at_us, hours)
    by_source = await tallies.sources_since(database, since_us)
    by_hour = await tallies.hours_since(database, since_us)
    newcomers = await tallies.newcomers_since(database, tally.start_of(since_us, tally.DAY_US))
    return Figures(
        hours,
        since_us,
        at_us,
        await _lag(database, place),
        _traffic(by_source),
        _draws(by_source),
        await tallies.reach_of(database, hours),
        _calibration(by_hour),
        _by_hour(by_hour, since_us, at_us),
        {way: _nths(newcomers, way) for way in WAYS},
    )


async def _lag(database: Database, place: Place) -> Lag:
    log_seq, journal_seq = place
    newest = max(await pages.newest_seq(database), await watch_log.newest_seq(database))
    entries = await journal.after(database, journal_seq, 1)
    waiting = [
        await pages.oldest_at_us_after(database, log_seq),
        await watch_log.oldest_at_us_after(database, log_seq),
        entries[0].at_us if entries else None,
    ]
    return Lag(
        log_seq,
        max(newest - log_seq, 0),
        journal_seq,
        max(await journal.newest_seq(database) - journal_seq, 0),
        min((at_us for at_us in waiting if at_us is not None), default=None),
        max(newest - await reader.mark_of(database, tally.NAME), 0),
    )


def _traffic(rows: Sequence[Row]) -> tuple[Traffic, ...]:
    found = []
    for source in Source:
        mine = [row for row in rows if row["source"] == source]
        impressions, watches, share = (sum(row[name] for row in mine) for name in ("impressions", "watches", "share"))
        if impressions or watches:
            found.append(Traffic(source, impressions, watches, share / watches / ONE if watches else None))
    return tuple(found)


def _draws(rows: Sequence[Row]) -> dict[Draw, int]:
    chosen = [row for row in rows if row["source"] not in tally.IN_ORDER]
    return {draw: sum(row["impressions"] for row in chosen if row["draw"] == draw) for draw in Draw}


def _calibration(rows: Sequence[Row]) -> tuple[Calibration, ...]:
    days: dict[int, list[int]] = {}
    for row in rows:
        day = days.setdefault(tally.start_of(row["at_us"], tally.DAY_US), [0, 0, 0])
        for column, name in enumerate(("rated", "predicted", "value")):
            day[column] += row[name]
    return tuple(
        Calibration(at_us, rated, predicted / rated / ONE, value / rated / ONE)
        for at_us, (rated, predicted, value) in days.items()
        if rated
    )


def _by_hour(rows: Sequence[Row], since_us: int, at_us: int) -> tuple[Hour, ...]:
    """Every hour of the span, those without anything too."""
    there = {row["at_us"]: row for row in rows}
    return tuple(
        Hour(hour_us, there[hour_us]["pages"], there[hour_us]["watches"]) if hour_us in there else Hour(hour_us, 0, 0)
        for hour_us in range(since_us, at_us + 1, tally.HOUR_US)
    )


def _nths(rows: Sequence[Row], way: str) -> tuple[Nth, ...]:
    return tuple(
        Nth(row["nth"], row["watches"], row["share"] / row["watches"] / ONE) for row in rows if row["way"] == way
    )
