"""Tags that many people have lately used: each account counts once for a tag, and an hour's crowd less with its size.

    score(tag) = Σ over hours of 2 ** (-age / HALF_LIFE) · log2(1 + accounts whose latest use fell into that hour)

So who posts a hundred clips is one account, and a thousand accounts within an hour weigh as ten spread over as many.
"""

import math
from collections import defaultdict
from dataclasses import dataclass

from freehold.backends.database import Database
from freehold.store import search as rows
from freehold.store import tag as tags

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
DAYS = 14
WINDOW_H = DAYS * 24
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
    crowds: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for tag, hour, used_by in await rows.tag_hours(database, language, at_us - WINDOW_H * HOUR_US, HOUR_US):
        crowds[tag].append((hour, used_by))
    trends = [_trend(tag, hours, at_us // HOUR_US) for tag, hours in crowds.items()]
    known = [trend for trend in trends if trend.accounts >= ACCOUNTS_AT_LEAST]
    return sorted(known, key=lambda trend: (-trend.score, trend.tag))[:count]


def _trend(tag: str, hours: list[tuple[int, int]], now_h: int) -> Trend:
    worth = (math.exp2(-(now_h - hour) / HALF_LIFE_H) * math.log2(1 + used_by) for hour, used_by in sorted(hours))
    return Trend(tag, sum(worth), sum(used_by for _, used_by in hours))


class Trends:
    """What is trending, worked out anew every few minutes: it reads every use inside the window."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[int, list[Trend]]] = {}

    async def of(self, language: str, count: int, at_us: int) -> list[Trend]:
        known = self._known.get(language)
        if known is None or not 0 <= at_us - known[0] < KEPT_US:
            known = self._known[language] = (at_us, await trending(self._database, language, KEPT, at_us))
        return known[1][:count]

    async def place_of(self, tag: str, at_us: int) -> int | None:
        """From 1; None where it is not trending."""
        trends = await self.of("", KEPT, at_us)
        return next((place for place, trend in enumerate(trends, start=1) if trend.tag == tag), None)
