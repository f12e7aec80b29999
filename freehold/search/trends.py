"""Tags that many people have lately used: each account counts once for a tag, and an hour's crowd less with its size.

    score(tag) = Σ over hours of 2 ** (-age / HALF_LIFE) · log2(1 + accounts whose latest use fell into that hour)

So who posts a hundred clips is one account, and a thousand accounts within an hour weigh as ten spread over as many.
"""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from freehold.backends.database import Database
from freehold.store import search as rows
from freehold.store import tag as tags

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
DAYS = 14
WINDOW_H = DAYS * 24
READ_H = 6
FOREVER_US = 1 << 62
HALF_LIFE_H = 48
KEPT, KEPT_US = 50, 5 * 60_000_000
ACCOUNTS_AT_LEAST = 2
"""What one account alone uses is no trend."""


@dataclass(frozen=True, slots=True)
class Trend:
    tag: str
    score: float
    accounts: int
    """That used it inside the window."""


@dataclass(frozen=True, slots=True)
class Day:
    at_us: int
    """Its beginning, in UTC."""
    accounts: int
    """That used the tag on it."""


async def days_of(database: Database, tag: str, at_us: int) -> list[Day]:
    """How a tag was used on each of the last days, today last."""
    today = at_us // DAY_US
    first = today - DAYS + 1
    accounts = await tags.accounts_by_day(database, tag, first * DAY_US - 1, DAY_US)
    return [Day(day * DAY_US, accounts.get(day, 0)) for day in range(first, today + 1)]


async def trending(database: Database, language: str, count: int, at_us: int) -> list[Trend]:
    """Those of one language, or of all for ""."""
    crowds = await _crowds(database, language, at_us)
    known = [crowd for crowd in crowds.items() if sum(crowd[1].values()) >= ACCOUNTS_AT_LEAST]
    trends = [_trend(tag, sorted(hours.items()), at_us // HOUR_US) for tag, hours in known]
    return sorted(trends, key=lambda trend: (-trend.score, trend.tag))[:count]


async def _crowds(database: Database, language: str, at_us: int) -> dict[str, Counter[int]]:
    """For each tag, how many accounts' latest use of it fell into which hour.

    Read a little at a time, the latest first, so that others are answered in between.
    """
    crowds: dict[str, Counter[int]] = defaultdict(Counter)
    counted: set[tuple[str, int]] = set()
    for end_us in range(at_us, at_us - WINDOW_H * HOUR_US, -READ_H * HOUR_US):
        until_us = end_us if end_us < at_us else FOREVER_US
        for tag, author_id, last_us in await rows.last_uses(database, language, end_us - READ_H * HOUR_US, until_us):
            if (tag, author_id) not in counted:
                counted.add((tag, author_id))
                crowds[tag][last_us // HOUR_US] += 1
        await asyncio.sleep(0)
    return crowds


def _trend(tag: str, hours: Sequence[tuple[int, int]], now_h: int) -> Trend:
    worth = (math.exp2(-(now_h - hour) / HALF_LIFE_H) * math.log2(1 + used_by) for hour, used_by in hours)
    return Trend(tag, sum(worth), sum(used_by for _, used_by in hours))


class Trends:
    """What is trending, worked out every few minutes, once for all who ask: it reads every use in the window."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._known: dict[str, tuple[int, list[Trend]]] = {}

    async def of(self, language: str, count: int, at_us: int) -> list[Trend]:
        async with self._turns[language]:
            known = self._known.get(language)
            if known is None or not 0 <= at_us - known[0] < KEPT_US:
                known = self._known[language] = (at_us, await trending(self._database, language, KEPT, at_us))
        return known[1][:count]

    async def place_of(self, tag: str, at_us: int) -> int | None:
        """From 1; None where it is not trending."""
        trends = await self.of("", KEPT, at_us)
        return next((place for place, trend in enumerate(trends, start=1) if trend.tag == tag), None)
