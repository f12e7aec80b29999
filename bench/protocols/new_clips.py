"""G: KuaiRec, new clips on a live instance: whom are they shown to first, and what becomes of it?

A tenth of the truth's clips, drawn, is left out of the log and published when the viewers, who are new too, begin to
swipe. What counts is the reward of each new clip's first watches. Half of the viewers choose the settings, the other
half gives the figures.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from protocols import engine, swipers
from protocols.data import SEED, Bools, Ints, Positives, half
from protocols.kuairec import LOG, TAGS, TRUTH, KuaiRec
from protocols.report import Figures, Options, Row, Trial, measured
from protocols.swipers import Swiper, World
from protocols.swipes import replay

FIRST = 5
SHARE = 10
"""One clip in so many is new."""
SWIPES = 100
PAGE_COUNT = 10


class Watched:
    """A swiper, and the rewards of each clip as they came."""

    def __init__(self, swiper: Swiper) -> None:
        self._swiper = swiper
        self.rewards: dict[int, list[bool]] = defaultdict(list)

    def choose(self, viewer: int, unseen: Bools) -> int:
        return self._swiper.choose(viewer, unseen)

    def learn(self, viewer: int, clip: int, good: bool) -> None:
        self.rewards[clip].append(good)
        self._swiper.learn(viewer, clip, good)


def drawn(items: Ints) -> Ints:
    """Places of the clips that are new."""
    return np.sort(np.random.default_rng(SEED + 2).permutation(items.size)[: items.size // SHARE])


def without(log: Positives, items: Ints) -> Positives:
    kept = ~np.isin(log.items, items)
    return Positives(log.users[kept], log.items[kept], log.user_count, log.item_count)


def figures(watched: Watched, all_rewards: Bools, new: Ints) -> Figures:
    """`first`: of the first FIRST watches of new clips; `tried`: how many of these they had; `all`: of all."""
    first = [watched.rewards[clip][:FIRST] for clip in new.tolist()]
    of_new = [good for rewards in first for good in rewards]
    return {
        "first": float(np.mean(of_new)) if of_new else float("nan"),
        "tried": len(of_new) / (FIRST * new.size),
        "all": float(all_rewards.mean()),
    }


def rows(options: Options) -> Iterator[Row]:
    data = KuaiRec(options.data)
    playing = half(data.users.size, options.tuning)
    truth = data.truth[playing]
    new = drawn(data.items)
    named = frozenset(data.items[new].tolist())
    tags = np.zeros((data.items.size, 1 + max(map(max, data.tags.values()))), dtype=np.float32)
    for place, item in enumerate(data.items.tolist()):
        tags[place, data.tags[item]] = 1
    here = World(data.users[playing], data.items, tags, without(data.log_of_others(), data.items[new]))

    def play(make: Callable[[World], Swiper]) -> Figures:
        watched = Watched(make(here))
        return figures(watched, replay(watched, truth, min(SWIPES, truth.shape[1])), new)

    def freehold(here: World, known_tags: dict[int, list[int]]) -> Swiper:
        return engine.EngineSwiper(here, known_tags, PAGE_COUNT, named)

    untagged: dict[int, list[int]] = {item: [] for item in data.tags}
    makers: dict[str, Callable[[World], Swiper]] = {
        "random": swipers.Chance,
        "epsilon-greedy": partial(swipers.EpsilonGreedy, epsilon=0.03),
        "thompson": partial(swipers.Thompson, scale=0.3),
        "linucb": partial(swipers.LinUCB, alpha=0.4),
        "freehold": partial(freehold, known_tags=data.tags),
        "without content": partial(freehold, known_tags=untagged),
    }
    yield from measured(options, {name: lambda make=make: play(make) for name, make in makers.items()})  # type: ignore[misc]


TRIAL = Trial("KuaiRec, new clips on a live instance; mean reward", (LOG, TRUTH, TAGS), rows)
