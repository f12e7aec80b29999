"""Peers of protocol B: who chooses a clip for a viewer, and learns what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from protocols import baselines
from protocols.baselines import Matrix
from protocols.data import SEED, Bools, Floats, Ints, Positives

PRIOR = 3.0
"""Watches that the mean of all clips is worth against a clip's own."""
EVERY = 32
"""LinUCB solves anew after so many swipes."""


class Swiper(Protocol):
    def choose(self, viewer: int, unseen: Bools) -> int: ...

    def learn(self, viewer: int, clip: int, good: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class World:
    """Viewers and clips are numbered from 0; `users` and `items` are what they are called in the log."""

    users: Ints
    items: Ints
    tags: Matrix
    """float32[clips, tags], 0 or 1."""
    log: Positives | None


def best(scores: Floats | Matrix, unseen: Bools) -> int:
    return int(np.argmax(np.where(unseen, scores, -np.inf)))


class Chance:
    def __init__(self, world: World) -> None:
        self._random = np.random.default_rng(SEED)

    def choose(self, viewer: int, unseen: Bools) -> int:
        return int(self._random.choice(np.flatnonzero(unseen)))

    def learn(self, viewer: int, clip: int, good: bool) -> None: ...


class Popularity:
    """The positives of the log; nothing is learned on the way."""

    def __init__(self, world: World) -> None:
        assert world.log is not None
        self._scores = world.log.counts[world.items].astype(np.float64)

    def choose(self, viewer: int, unseen: Bools) -> int:
        return best(self._scores, unseen)

    def learn(self, viewer: int, clip: int, good: bool) -> None: ...


class Means:
    """Each clip's mean, shrunk to the mean of all. A log counts for `trust` watches a clip.

    A log of positives knows no misses, so only its order can be used: the shares of its users, scaled to a first mean
    of one half for the most liked.
    """

    def __init__(self, world: World, trust: float = 30.0, prior: float = PRIOR) -> None:
        size = world.items.size
        self.shown, self.good = np.zeros(size), np.zeros(size)
        self._prior = prior
        if world.log is not None:
            counts = world.log.counts[world.items]
            self.shown += trust
            self.good += trust * 0.5 * counts / max(int(counts.max()), 1)

    def learn(self, viewer: int, clip: int, good: bool) -> None:
        self.shown[clip] += 1
        self.good[clip] += good

    @property
    def means(self) -> Floats:
        overall = (self.good.sum() + 1) / (self.shown.sum() + 10)
        return (self.good + self._prior * overall) / (self.shown + self._prior)

    @property
    def widths(self) -> Floats:
        """Standard deviation of the mean, as of a Beta posterior."""
        means = self.means
        return np.sqrt(means * (1 - means) / (self.shown + self._prior + 1))


class EpsilonGreedy(Means):
    def __init__(self, world: World, epsilon: float, trust: float = 30.0, prior: float = PRIOR) -> None:
        super().__init__(world, trust, prior)
        self._epsilon = epsilon
        self._random = np.random.default_rng(SEED)

    def choose(self, viewer: int, unseen: Bools) -> int:
        if self._random.random() < self._epsilon:
            return int(self._random.choice(np.flatnonzero(unseen)))
        return best(self.means, unseen)


class Thompson(Means):
    """One draw a viewer and clip, kept: the same viewer stays curious of the same clips until they are known."""

    def __init__(self, world: World, scale: float, trust: float = 30.0, prior: float = PRIOR) -> None:
        super().__init__(world, trust, prior)
        self._draws = scale * np.random.default_rng(SEED).standard_normal((world.users.size, world.items.size))

    def choose(self, viewer: int, unseen: Bools) -> int:
        return best(self.means + self._draws[viewer] * self.widths, unseen)


class LinUCB(Means):
    """Li et al. 2010, hybrid: one ridge regression for all over a clip's tags, and for each clip its own offset.

    The regression is solved every 32 swipes, the offsets are those of the moment.
    """

    def __init__(self, world: World, alpha: float) -> None:
        super().__init__(world)
        self._tags = np.hstack([np.ones((world.items.size, 1)), world.tags])
        self._left = np.eye(self._tags.shape[1]) + (self._tags * self.shown[:, None]).T @ self._tags
        self._right = self._tags.T @ self.good
        self._alpha = alpha
        self._swipes = 0
        self._expected, self._width = np.zeros(world.items.size), np.ones(world.items.size)

    def choose(self, viewer: int, unseen: Bools) -> int:
        if self._swipes % EVERY == 0:
            self._solve()
        own = (self.good - self.shown * self._expected) / (self.shown + self._prior)
        width = self._width + 1 / np.sqrt(self.shown + self._prior)
        return best(self._expected + own + self._alpha * width, unseen)

    def learn(self, viewer: int, clip: int, good: bool) -> None:
        super().learn(viewer, clip, good)
        self._swipes += 1
        mine = self._tags[clip]
        self._left += np.outer(mine, mine)
        self._right += good * mine

    def _solve(self) -> None:
        inverse = np.linalg.inv(self._left)
        self._expected = self._tags @ (inverse @ self._right)
        self._width = np.sqrt(((self._tags @ inverse) * self._tags).sum(1))


class Neighbours(Means):
    """A similarity learned from the log, summed over the viewer's positives, on top of the clip's mean as it is now."""

    def __init__(self, world: World, speaks: Callable[[Positives], Matrix], gain: float, own: bool) -> None:
        super().__init__(world)
        assert world.log is not None
        whole = speaks(world.log)
        self._among = np.ascontiguousarray(whole[np.ix_(world.items, world.items)])
        self._sums = np.zeros((world.users.size, world.items.size), dtype=np.float32)
        if own:
            for viewer, user in enumerate(world.users.tolist()):
                self._sums[viewer] = whole[world.log.of(user)][:, world.items].sum(0)
        self._gain = gain

    def choose(self, viewer: int, unseen: Bools) -> int:
        return best(self.means + self._gain * self._sums[viewer], unseen)

    def learn(self, viewer: int, clip: int, good: bool) -> None:
        super().learn(viewer, clip, good)
        if good:
            self._sums[viewer] += self._among[clip]


class Loops:
    """Loops' For You, by its published formula: .25 freshness + .35 engagement + .30 interests + .10 trust.

    Mapped: a positive is a like, a swipe is a view (a log's positive is both); comments, shares and bookmarks are
    nothing; all clips are a day old and all creators trusted alike, so these are constants; the viewer's interest in a
    tag is the share of positives among its swipes, one half before the first.
    """

    def __init__(self, world: World) -> None:
        self._likes = np.zeros(world.items.size) if world.log is None else world.log.counts[world.items].astype(float)
        self._views = self._likes.copy()
        self._tags = world.tags
        self._good, self._seen = (np.zeros((world.users.size, world.tags.shape[1])) for _ in range(2))

    def choose(self, viewer: int, unseen: Bools) -> int:
        engagement = 0.30 * np.minimum(1, self._likes / 1000) + 0.10 * np.minimum(1, self._views / 5000)
        interest = 0.5
        if self._seen[viewer].any():
            shares = self._good[viewer] / np.maximum(self._seen[viewer], 1)
            interest = 0.3 * (self._tags @ shares) / np.maximum(self._tags.sum(1), 1)
        return best(0.35 * engagement / np.log(3) + 0.30 * interest, unseen)

    def learn(self, viewer: int, clip: int, good: bool) -> None:
        self._likes[clip] += good
        self._views[clip] += 1
        self._seen[viewer] += self._tags[clip]
        self._good[viewer] += good * self._tags[clip]


class Hot:
    """Reddit's hot, which PeerTube's is made of: the logarithm of likes, and age. All clips are equally old here."""

    def __init__(self, world: World) -> None:
        self._likes = np.zeros(world.items.size) if world.log is None else world.log.counts[world.items].astype(float)

    def choose(self, viewer: int, unseen: Bools) -> int:
        return best(np.log10(np.maximum(self._likes, 1)), unseen)

    def learn(self, viewer: int, clip: int, good: bool) -> None:
        self._likes[clip] += good


def peers(protocol: str) -> dict[str, Callable[[World], Swiper]]:
    """By name; those that need a log are left out where there is none."""
    knn = partial(Neighbours, speaks=partial(baselines.cosines, shrink=100.0), gain=1.0, own=protocol == "b1")
    ease = partial(Neighbours, speaks=partial(baselines.ease_matrix, ridge=500.0), gain=2.0, own=protocol == "b1")
    always: dict[str, Callable[[World], Swiper]] = {
        "random": Chance,
        "epsilon-greedy": partial(EpsilonGreedy, epsilon=0.03),
        "linucb": partial(LinUCB, alpha=0.4),
        "thompson": partial(Thompson, scale=0.3),
        "loops": Loops,
        "hot": Hot,
    }
    return always if protocol == "b2" else {**always, "popularity": Popularity, "item-knn": knn, "ease": ease}
