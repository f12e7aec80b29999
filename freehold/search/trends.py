"""Tags and sounds that many have lately used: each account counts once, and an hour's crowd less with its size.

    score = Σ over hours of 2 ** (-age / HALF_LIFE) · log2(1 + accounts whose latest use fell into that hour)

So who posts a hundred clips is one account, and a thousand accounts within an hour weigh as ten spread over as many.
"""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import structlog

from freehold.backends.database import Database
from freehold.domain.errors import BackendError
from freehold.domain.ids import SoundId
from freehold.store import search as rows
from freehold.store import sound as sounds
from freehold.store import tag as tags

log = structlog.get_logger("freehold.trends")

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
DAYS = 14
WINDOW_H = DAYS * 24
READ_H = 6
FOREVER_US = 1 << 62
HALF_LIFE_H = 48
KEPT, KEPT_US = 50, 5 * 60_000_000
RENEWED_S = 240
"""Before what is known is too old."""
ACCOUNTS_AT_LEAST = 2
"""What one account alone uses is no trend."""


@dataclass(frozen=True, slots=True)
class Trend:
    tag: str
    score: float
    accounts: int
    """That used it inside the window."""


@dataclass(frozen=True, slots=True)
class SoundTrend:
    sound_id: int
    score: float
    accounts: int


@dataclass(frozen=True, slots=True)
class Day:
    at_us: int
    """Its beginning, in UTC."""
    accounts: int
    """That used it on that day."""


async def days_of(database: Database, tag: str, at_us: int) -> list[Day]:
    """How a tag was used on each of the last days, today last."""
    return _days(await tags.accounts_by_day(database, tag, _first_day(at_us) * DAY_US - 1, DAY_US), at_us)


async def days_of_sound(database: Database, sound_id: SoundId, at_us: int) -> list[Day]:
    """How a sound was used on each of the last days, today last."""
    return _days(await sounds.accounts_by_day(database, sound_id, _first_day(at_us) * DAY_US - 1, DAY_US), at_us)


def _first_day(at_us: int) -> int:
    return at_us // DAY_US - DAYS + 1


def _days(accounts: Mapping[int, int], at_us: int) -> list[Day]:
    first = _first_day(at_us)
    return [Day(day * DAY_US, accounts.get(day, 0)) for day in range(first, first + DAYS)]


async def trending(database: Database, language: str, count: int, at_us: int) -> list[Trend]:
    """Tags of one language, or of all for ""."""
    crowds = await _crowds(partial(rows.last_uses, database, language), at_us)
    trends = [Trend(tag, *_worth(hours, at_us)) for tag, hours in crowds.items()]
    return sorted(_real(trends), key=lambda trend: (-trend.score, trend.tag))[:count]


async def trending_sounds(database: Database, language: str, count: int, at_us: int) -> list[SoundTrend]:
    """The same of sounds."""
    crowds = await _crowds(partial(rows.last_sound_uses, database, language), at_us)
    trends = [SoundTrend(sound_id, *_worth(hours, at_us)) for sound_id, hours in crowds.items()]
    return sorted(_real(trends), key=lambda trend: (-trend.score, trend.sound_id))[:count]


AnyTrend = TypeVar("AnyTrend", Trend, SoundTrend)
Name = TypeVar("Name", str, int)


def _real(trends: Iterable[AnyTrend]) -> list[AnyTrend]:
    return [trend for trend in trends if trend.accounts >= ACCOUNTS_AT_LEAST]


async def _crowds(
    read: Callable[[int, int], Awaitable[Sequence[tuple[Name, int, int]]]], at_us: int
) -> dict[Name, Counter[int]]:
    """For each, how many accounts' latest use of it fell into which hour. `read` has name, account and when it was last
    used between two times.

    Read a little at a time, the latest first, so that others are answered in between.
    """
    crowds: dict[Name, Counter[int]] = defaultdict(Counter)
    counted: set[tuple[Name, int]] = set()
    for end_us in range(at_us, at_us - WINDOW_H * HOUR_US, -READ_H * HOUR_US):
        until_us = end_us if end_us < at_us else FOREVER_US
        for name, author_id, last_us in await read(end_us - READ_H * HOUR_US, until_us):
            if (name, author_id) not in counted:
                counted.add((name, author_id))
                crowds[name][last_us // HOUR_US] += 1
        await asyncio.sleep(0)
    return crowds


def _worth(crowd: Mapping[int, int], at_us: int) -> tuple[float, int]:
    """The score, and how many accounts there are."""
    now_h, hours = at_us // HOUR_US, sorted(crowd.items())
    worth = (math.exp2(-(now_h - hour) / HALF_LIFE_H) * math.log2(1 + used_by) for hour, used_by in hours)
    return sum(worth), sum(used_by for _, used_by in hours)


class Trends:
    """What is trending, worked out every few minutes, once for all who ask: it reads every use in the window."""

    def __init__(self, database: Database) -> None:
        self._tags = _Kept[Trend](partial(trending, database))
        self._sounds = _Kept[SoundTrend](partial(trending_sounds, database))

    async def keep(self, clock: Callable[[], int]) -> None:
        """For ever: what is trending in all languages is known before anybody asks for it."""
        while True:
            try:
                await self._tags.renew("", clock())
                await self._sounds.renew("", clock())
            except BackendError as error:
                log.error("what is trending could not be worked out", error=str(error))
            await asyncio.sleep(RENEWED_S)

    async def of(self, language: str, count: int, at_us: int) -> list[Trend]:
        return (await self._tags.of(language, at_us))[:count]

    async def of_sounds(self, language: str, count: int, at_us: int) -> list[SoundTrend]:
        return (await self._sounds.of(language, at_us))[:count]

    async def place_of(self, tag: str, at_us: int) -> int | None:
        """From 1; None where it is not trending."""
        trends = await self.of("", KEPT, at_us)
        return next((place for place, trend in enumerate(trends, start=1) if trend.tag == tag), None)

    async def place_of_sound(self, sound_id: int, at_us: int) -> int | None:
        trends = await self.of_sounds("", KEPT, at_us)
        return next((place for place, trend in enumerate(trends, start=1) if trend.sound_id == sound_id), None)


class _Kept(Generic[AnyTrend]):
    """By language, for a while."""

    def __init__(self, work_out: Callable[[str, int, int], Awaitable[list[AnyTrend]]]) -> None:
        self._work_out: Callable[[str, int, int], Awaitable[list[AnyTrend]]] = work_out
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._known: dict[str, tuple[int, list[AnyTrend]]] = {}

    async def of(self, language: str, at_us: int) -> list[AnyTrend]:
        async with self._turns[language]:
            known = self._known.get(language)
            if known is None or not 0 <= at_us - known[0] < KEPT_US:
                known = self._known[language] = (at_us, await self._work_out(language, KEPT, at_us))
        return known[1]

    async def renew(self, language: str, at_us: int) -> None:
        """While it is worked out who asks is told what was known. That there is nothing is not kept: it costs little to
        find out, and the first of a new network are there at once."""
        trends = await self._work_out(language, KEPT, at_us)
        if trends:
            self._known[language] = (at_us, trends)
