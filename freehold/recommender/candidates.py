"""What passes between gathering, scoring and arranging a page."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from freehold.domain.ids import AccountId, ClipId, SoundId, ViewerId
from freehold.domain.watch import Source, Surface
from freehold.recommender import kernels

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


_SOURCES = tuple(Source)


def sources_in(bits: int) -> tuple[Source, ...]:
    return tuple(source for source in _SOURCES if bits >> source & 1)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Clips gathered for one viewer, unjudged, in no order. The arrays run in parallel."""

    viewer_id: ViewerId
    at_us: int
    clip_ids: Ints
    rows: Ints
    sources: Ints
    """Bits 1 << Source: every way by which the clip was found."""
    near: Ints
    """How often the clip goes with the viewer's last good ones; kernels.ONE is 1.0."""
    surface: int = Surface.PAGE

    def __len__(self) -> int:
        return int(self.rows.size)

    def keep(self, clip_ids: Container[int]) -> "Candidates":
        """Those that passed the judge."""
        kept = np.array([clip_id in clip_ids for clip_id in self.clip_ids.tolist()], dtype=np.bool_)
        if kept.all():
            return self
        return replace(
            self,
            clip_ids=self.clip_ids[kept],
            rows=self.rows[kept],
            sources=self.sources[kept],
            near=self.near[kept],
        )

    def sources_of(self, index: int) -> tuple[Source, ...]:
        return sources_in(int(self.sources[index]))


@dataclass(frozen=True, slots=True)
class Scores:
    """Candidates with their scores and what arranging needs to know of them. The arrays run in parallel."""

    candidates: Candidates
    total: Ints
    """kernels.ONE is the value of one clip seen to its end; the sum of the terms, to the last bit."""
    terms: Ints
    """int64[candidates, kernels.TERMS]"""
    authors: Ints
    sounds: Ints
    """-1: a sound of its own."""
    kinds: Ints
    """The clip's first tag, as a number; -1: none."""
    unproven: npt.NDArray[np.uint8]
    random_per_65536: int
    """Chance of the page to hold one clip drawn uniformly."""


@dataclass(frozen=True, slots=True)
class WatchTimes:
    """How long each candidate is likely to be watched: chances to pass some times, and its end.

    The curve through them begins at 1. Between them it is straight over the logarithm of the seconds and one, and it
    ends half a length behind the clip's end.
    """

    duration_ms: Ints
    chances: Ints
    """int64[candidates, kernels.HEADS], kernels.ONE is 1.0."""

    def median_ms(self) -> Floats:
        """The time that half of such watches pass."""
        found = [np.interp(-0.5, -chance, time) for time, chance in self._curves()]
        return np.expm1(np.array(found)) * 1000

    def chance_past(self, time_ms: int) -> Floats:
        return np.array([np.interp(np.log1p(time_ms / 1000), time, chance) for time, chance in self._curves()])

    def _curves(self) -> Iterator[tuple[Floats, Floats]]:
        """log(1 + s), growing, and the chances to pass it, falling from 1 to 0."""
        order = (Head.PAST_2_S, Head.PAST_4_S, Head.PAST_7_S, Head.LONG, Head.PAST_40_S)
        at_ms = np.array([*kernels.PAST_MS[:3], kernels.LONG_MS, kernels.PAST_MS[3]])
        for duration_ms, chance in zip(np.maximum(self.duration_ms, 1), self.chances / kernels.ONE, strict=True):
            inside = at_ms < duration_ms
            times_ms = [0, *at_ms[inside], duration_ms, duration_ms * 3 / 2]
            chances = [1.0, *chance[list(order)][inside], chance[Head.FINISH], 0.0]
            yield np.log1p(np.array(times_ms) / 1000), np.minimum.accumulate(chances)


class TermName(IntEnum):
    QUALITY = kernels.T_QUALITY
    TRYING = kernels.T_TRYING
    TAGS = kernels.T_TAGS
    AUTHOR = kernels.T_AUTHOR
    LENGTH = kernels.T_LENGTH
    NEAR = kernels.T_NEAR
    FOLLOW = kernels.T_FOLLOW
    FRESH = kernels.T_FRESH
    WISH = kernels.T_WISH
    HABIT = kernels.T_HABIT
    ALIKE = kernels.T_ALIKE


class Head(IntEnum):
    """What a watch may turn out to be."""

    FINISH = kernels.H_FINISH
    LONG = kernels.H_LONG
    """To the end, or for 18 seconds."""
    SKIP = kernels.H_SKIP
    """Left within three seconds and the first quarter."""
    LIKE = kernels.H_LIKE
    SHARE = kernels.H_SHARE
    COMMENT = kernels.H_COMMENT
    FOLLOW = kernels.H_FOLLOW
    REFUSE = kernels.H_REFUSE
    """Not interested."""
    PAST_2_S = kernels.H_PAST
    """Watched for more than two seconds."""
    PAST_4_S = kernels.H_PAST + 1
    PAST_7_S = kernels.H_PAST + 2
    PAST_40_S = kernels.H_PAST + 3


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a score."""

    name: TermName
    value: int
    """kernels.ONE is the value of one clip seen to its end."""
    text: str
    """For the viewer, in plain words."""


class Draw(IntEnum):
    """How a clip came to its position."""

    RANKED = kernels.RANKED
    TRIED = kernels.TRIED
    """Drawn from the unproven candidates."""
    DRAWN = kernels.DRAWN
    """Drawn uniformly from the catalogue."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One clip of an arranged page."""

    clip_id: ClipId
    position: int
    source: Source
    draw: Draw
    propensity: float
    """Probability, over the page's draws and given its candidates, that this clip stood at this position."""
    score: int
    index: int
    """Into the candidates and scores."""
    author_id: AccountId
    sound_id: SoundId | None
