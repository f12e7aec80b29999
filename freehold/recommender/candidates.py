"""What passes between gathering, scoring and arranging a page."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from freehold.domain.ids import AccountId, ClipId, SoundId, ViewerId
from freehold.domain.watch import Source
from freehold.recommender import kernels

Ints = npt.NDArray[np.int64]


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

    def __len__(self) -> int:
        return int(self.rows.size)

    def keep(self, clip_ids: Container[int]) -> "Candidates":
        """Those that passed the judge."""
        kept = np.array([clip_id in clip_ids for clip_id in self.clip_ids.tolist()], dtype=np.bool_)
        if kept.all():
            return self
        return Candidates(
            self.viewer_id, self.at_us, self.clip_ids[kept], self.rows[kept], self.sources[kept], self.near[kept]
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
    """For each candidate, chances that three times are passed: quantiles of the watches of clips of its length. The
    curve through them begins at 1 and ends at 0, at the clip's own length or the last of them."""

    duration_ms: Ints
    past_ms: Ints
    """int64[candidates, kernels.PASTS]"""
    chances: Ints
    """int64[candidates, kernels.PASTS], kernels.ONE is 1.0."""

    def median_ms(self) -> npt.NDArray[np.float64]:
        """The time that half of such watches pass."""
        return np.array([np.interp(-0.5, -chance, time) for time, chance in self._curves()])

    def chance_past(self, time_ms: int) -> npt.NDArray[np.float64]:
        return np.array([np.interp(time_ms, time, chance) for time, chance in self._curves()])

    def _curves(self) -> Iterator[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
        for duration_ms, past_ms, chance in zip(
            self.duration_ms, self.past_ms, self.chances / kernels.ONE, strict=True
        ):
            times = np.maximum.accumulate([0, *past_ms, max(duration_ms, 1)]).astype(np.float64)
            yield times, np.minimum.accumulate([1.0, *chance, 0.0])


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
    PAST_FIRST_QUARTER = kernels.H_PAST
    """Longer than a quarter of the watches of clips of about this length."""
    PAST_HALF = kernels.H_PAST + 1
    PAST_THIRD_QUARTER = kernels.H_PAST + 2


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
