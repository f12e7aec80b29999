"""Peers of protocol D: who guesses an impression, and learns it afterwards."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numba import njit

from protocols.data import SEED, Floats, Ints
from protocols.kuairand import Past, Stream

CLICK, LONG, LIKE, WATCH_S = range(4)
HEADS = 4
NONE = float("nan")
Guess = tuple[float, float, float, float]
DAY_MS = 86_400_000


class Walker(Protocol):
    gives_chances: bool
    """Its clicks are guessed as probabilities."""

    def remember(self, past: Past) -> None: ...

    def guess(self, at: int) -> Guess:
        """Click, long view and like in any unit that orders, watch time in s; NaN without such a head."""
        ...

    def learn(self, at: int) -> None: ...


class Chance:
    gives_chances = False

    def __init__(self, stream: Stream) -> None:
        self._random = np.random.default_rng(SEED)

    def remember(self, past: Past) -> None: ...

    def guess(self, at: int) -> Guess:
        click, long, like, watch_s = self._random.random(HEADS).tolist()
        return click, long, like, watch_s

    def learn(self, at: int) -> None: ...


class Counters:
    """Shares of each clip, or of each author, shrunk to the mean; watch time is the median share of the length.

    The shares of an author's clips, and of the clips with the same first tag, are what a clip is shrunk to.
    """

    gives_chances = True
    PRIOR = 20.0
    BINS = 60
    """Of the played share, from nothing to three times."""

    def __init__(self, stream: Stream, by: str = "clip") -> None:
        self._shown, self._capped_s = stream.shown, stream.capped_s
        self._duration_s = np.maximum(stream.shown.duration_ms, 1) / 1000
        tags = first_tags(stream)
        authors = np.unique(stream.catalogue.author, return_inverse=True)[1]
        levels = [np.zeros_like(tags), np.unique(tags, return_inverse=True)[1], authors, np.arange(tags.size)]
        self._levels = [level.tolist() for level in (levels if by == "clip" else levels[:3])]
        self._sums = [np.zeros((max(level) + 1, 3)) for level in self._levels]
        self._counts = [np.zeros((max(level) + 1, 3)) for level in self._levels]
        self._played = np.ones((8, self.BINS))

    def remember(self, past: Past) -> None:
        for clip, long, like in zip(past.clip.tolist(), past.long.tolist(), past.like.tolist(), strict=True):
            for level, sums, counts in zip(self._levels, self._sums, self._counts, strict=True):
                sums[level[clip], LONG] += long
                sums[level[clip], LIKE] += like
                counts[level[clip], LONG:] += 1

    def guess(self, at: int) -> Guess:
        clip = int(self._shown.clip[at])
        means = np.full(3, 0.3)
        for level, sums, counts in zip(self._levels, self._sums, self._counts, strict=True):
            means = (sums[level[clip]] + self.PRIOR * means) / (counts[level[clip]] + self.PRIOR)
        click, long, like = means.tolist()
        played = np.cumsum(self._played[self._length(at)])
        share = np.searchsorted(played, played[-1] / 2) * 3 / self.BINS
        return click, long, like, float(share * self._duration_s[at])

    def learn(self, at: int) -> None:
        shown = self._shown
        truth = (shown.click[at], shown.long[at], shown.like[at])
        for level, sums, counts in zip(self._levels, self._sums, self._counts, strict=True):
            sums[level[shown.clip[at]]] += truth
            counts[level[shown.clip[at]]] += 1
        share = self._capped_s[at] / self._duration_s[at]
        self._played[self._length(at), min(int(share * self.BINS / 3), self.BINS - 1)] += 1

    def _length(self, at: int) -> int:
        """Eight classes of length, each twice the one before, the first under 8 s."""
        return int(np.clip(np.log2(self._duration_s[at]) - 2, 0, 7))


@njit(cache=True)
def _raw(ids: Ints, weights: Floats) -> float:
    total = 0.0
    for place in ids:
        total += weights[place]
    return total


@njit(cache=True)
def _step(ids: Ints, weights: Floats, squares: Floats, slope: float, rate: float) -> None:
    for place in ids:
        squares[place] += slope * slope
        weights[place] -= rate * slope / np.sqrt(squares[place] + 1e-6)


@njit(cache=True)
def _chance(raw: float) -> float:
    return 1 / (1 + np.exp(-raw))


class Regression:
    """Online regressions over hashed ids, AdaGrad: a logistic one for each head, and the median of log(1 + watch s).

    A history has no tab and no hour, and teaches long views and likes alone.
    """

    gives_chances = True
    SLOTS = 1 << 20
    HISTORY_TAB = 99
    RATE = 0.05
    COUNTED = 0
    """Further ids, made when an impression is guessed."""

    def __init__(self, stream: Stream, with_viewers: bool = True) -> None:
        self._stream, self._with_viewers = stream, with_viewers
        shown = stream.shown
        ids = self._hashed(shown.viewer, shown.clip, shown.duration_ms, shown.tab, shown.at_ms // 3_600_000 % 24)
        self._fixed = ids.shape[1]
        self._ids = np.hstack([ids, np.zeros((shown.size, self.COUNTED), dtype=np.int64)])
        self._weights, self._squares = (np.zeros((HEADS, self.SLOTS)) for _ in range(2))
        self._truth = np.stack([shown.click, shown.long, shown.like, np.log1p(stream.capped_s)]).astype(np.float64)

    def _hashed(self, viewer: Ints, clip: Ints, duration_ms: Ints, tab: Ints, hour: Ints) -> Ints:
        """int64[impressions, ids]"""
        author, tag = self._stream.catalogue.author[clip], first_tags(self._stream)[clip]
        length = (4 * np.log2(np.maximum(duration_ms, 1000) / 1000)).astype(np.int64)
        nothing = np.zeros_like(clip)
        alone = [(key, nothing) for key in (nothing, clip, author, tag, length, hour, tab)]
        crossed = [(tab, length), (clip, tab)]
        personal = [(viewer, nothing), (viewer, tag), (viewer, length)] if self._with_viewers else []
        keys = [*alone, *crossed, *personal]
        return np.stack([_slots(number, *key, self.SLOTS) for number, key in enumerate(keys)], axis=1)

    def remember(self, past: Past) -> None:
        nothing = np.full(past.clip.size, self.HISTORY_TAB)
        ids = self._hashed(past.viewer, past.clip, self._stream.lengths_ms[past.clip], nothing, nothing)
        for head, labels in ((LONG, past.long), (LIKE, past.like)):
            _walk_past(ids, self._weights[head], self._squares[head], labels.astype(np.float64), self.RATE)

    def guess(self, at: int) -> Guess:
        click, long, like, watch = (_raw(self._ids[at], self._weights[head]) for head in range(HEADS))
        return _chance(click), _chance(long), _chance(like), float(np.expm1(max(watch, 0.0)))

    def learn(self, at: int) -> None:
        ids = self._ids[at]
        for head in (CLICK, LONG, LIKE):
            weights = self._weights[head]
            _step(ids, weights, self._squares[head], _chance(_raw(ids, weights)) - self._truth[head, at], self.RATE)
        gap = _raw(ids, self._weights[WATCH_S]) - self._truth[WATCH_S, at]
        _step(ids, self._weights[WATCH_S], self._squares[WATCH_S], np.sign(gap), self.RATE)


class CountedRegression(Regression):
    """With the shares so far as ids: of the clip (click, long view, like), of the viewer (click, long view), and of the
    viewer in this tab (click). Learned at once, the viewer's own cost GAUC by session: they rise after each positive,
    while fewer are left of the session."""

    COUNTED = 6

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self._clips = Counters(stream)
        viewers = 1 + max(int(stream.shown.viewer.max()), int(stream.past.viewer.max()))
        self._sums, self._counts = np.zeros((viewers, 2)), np.zeros((viewers, 2))
        self._tab_sums, self._tab_counts = (np.zeros((viewers, 1 + int(stream.shown.tab.max()))) for _ in range(2))

    def remember(self, past: Past) -> None:
        super().remember(past)
        self._clips.remember(past)
        np.add.at(self._sums[:, 1], past.viewer, past.long)
        np.add.at(self._counts[:, 1], past.viewer, 1)

    def guess(self, at: int) -> Guess:
        shown = self._stream.shown
        viewer, tab = int(shown.viewer[at]), int(shown.tab[at])
        mine = (self._sums[viewer] + 1.5) / (self._counts[viewer] + 5)
        here = (self._tab_sums[viewer, tab] + 1) / (self._tab_counts[viewer, tab] + 2.5)
        shares = np.array([*self._clips.guess(at)[:WATCH_S], *mine, here]).clip(1e-4, 1 - 1e-4)
        bins = np.floor(4 * np.log(shares / (1 - shares))).astype(np.int64) + 40
        crossed = np.array([0, 0, 0, 0, 0, tab])
        for number in range(self.COUNTED):
            self._ids[at, self._fixed + number] = _slot(100 + number, bins[number], crossed[number], self.SLOTS)
        return super().guess(at)

    def learn(self, at: int) -> None:
        super().learn(at)
        self._clips.learn(at)
        shown = self._stream.shown
        viewer, tab = int(shown.viewer[at]), int(shown.tab[at])
        self._sums[viewer] += (shown.click[at], shown.long[at])
        self._counts[viewer] += 1
        self._tab_sums[viewer, tab] += shown.click[at]
        self._tab_counts[viewer, tab] += 1


@njit(cache=True)
def _walk_past(ids: Ints, weights: Floats, squares: Floats, labels: Floats, rate: float) -> None:
    for at in range(labels.size):
        _step(ids[at], weights, squares, _chance(_raw(ids[at], weights)) - labels[at], rate)


def first_tags(stream: Stream) -> Ints:
    """int64[clips]; -1: none."""
    return np.array([mine[0] if mine else -1 for mine in stream.catalogue.tags])


@njit(cache=True)
def _slot(number: int, one: int, other: int, size: int) -> int:
    """A place for a pair of keys of a field, by a multiplicative hash."""
    mixed = (np.uint64(one) * np.uint64(1_000_003) + np.uint64(other)) * np.uint64(997) + np.uint64(number)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mixed >> np.uint64(32)) % np.uint64(size))


@njit(cache=True)
def _slots(number: int, ones: Ints, others: Ints, size: int) -> Ints:
    out = np.empty(ones.size, dtype=np.int64)
    for place in range(ones.size):
        out[place] = _slot(number, ones[place], others[place], size)
    return out


class Liked:
    """How often each clip was liked and shown so far, for the formulas."""

    gives_chances = False

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.likes, self.views = (np.zeros(stream.catalogue.author.size) for _ in range(2))

    def remember(self, past: Past) -> None:
        np.add.at(self.likes, past.clip, past.like)
        np.add.at(self.views, past.clip, 1)

    def learn(self, at: int) -> None:
        clip = self.stream.shown.clip[at]
        self.likes[clip] += self.stream.shown.like[at]
        self.views[clip] += 1


class Hot(Liked):
    """Reddit's hot, which PeerTube's is made of: log10 of the likes, and a point for each 45,000 s that it is newer."""

    def guess(self, at: int) -> Guess:
        clip = self.stream.shown.clip[at]
        score = np.log10(max(self.likes[clip], 1)) + self.stream.catalogue.published_ms[clip] / 45_000_000
        return score, score, score, NONE


class Loops(Liked):
    """Loops' For You, by its published formula: .25 freshness + .35 engagement + .30 interests + .10 trust.

    Mapped: views are impressions; comments, shares and bookmarks are not known and nothing; all creators are trusted
    alike, a constant. An interest in a creator or a tag is the share of long views among the viewer's impressions of
    them, as it is at the moment, one half for everything before the first; there are no categories.
    """

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self._good: dict[tuple[int, str, int], int] = {}
        self._seen: dict[tuple[int, str, int], int] = {}
        self._known: set[int] = set()

    def remember(self, past: Past) -> None:
        super().remember(past)
        for viewer, clip, long in zip(past.viewer.tolist(), past.clip.tolist(), past.long.tolist(), strict=True):
            self._count(viewer, clip, long)

    def learn(self, at: int) -> None:
        super().learn(at)
        shown = self.stream.shown
        self._count(int(shown.viewer[at]), int(shown.clip[at]), int(shown.long[at]))

    def guess(self, at: int) -> Guess:
        shown, catalogue = self.stream.shown, self.stream.catalogue
        clip = int(shown.clip[at])
        age_ms = max(int(shown.at_ms[at] - catalogue.published_ms[clip]), 0)
        freshness = max(0.0, 1 - (age_ms / (730 * DAY_MS)) ** 2)
        engagement = 0.30 * min(1.0, self.likes[clip] / 1000) + 0.10 * min(1.0, self.views[clip] / 5000)
        engagement /= np.log(age_ms // DAY_MS + 3)
        score = 0.25 * freshness + 0.35 * engagement + 0.30 * self._interest(int(shown.viewer[at]), clip)
        return score, score, score, NONE

    def _count(self, viewer: int, clip: int, long: int) -> None:
        self._known.add(viewer)
        for key in self._keys(viewer, clip):
            self._good[key] = self._good.get(key, 0) + long
            self._seen[key] = self._seen.get(key, 0) + 1

    def _keys(self, viewer: int, clip: int) -> list[tuple[int, str, int]]:
        catalogue = self.stream.catalogue
        return [
            (viewer, "author", int(catalogue.author[clip])),
            *((viewer, "tag", tag) for tag in catalogue.tags[clip]),
        ]

    def _interest(self, viewer: int, clip: int) -> float:
        if viewer not in self._known:
            return 0.5
        author, *tags = [self._good.get(key, 0) / max(self._seen.get(key, 0), 1) for key in self._keys(viewer, clip)]
        return float(0.5 * author + 0.3 * (np.mean(tags) if tags else 0.0))


PEERS: dict[str, Callable[[Stream], Walker]] = {
    "random": Chance,
    "counters-author": lambda stream: Counters(stream, "author"),
    "counters-clip": lambda stream: Counters(stream, "clip"),
    "regression": Regression,
    "regression-clips": lambda stream: Regression(stream, with_viewers=False),
    "regression-counted": CountedRegression,
    "loops": Loops,
    "hot": Hot,
}
