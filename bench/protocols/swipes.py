"""B: swipe replay on KuaiRec's truth. Viewers take turns; each is shown a clip new to them, then its cell is learned.

B1: everybody's log is known, the viewers' own too. B2: nothing is known of anybody or anything. B3: clips are known
from the log of the others, the viewers are new. Tags are the only other feature. When settings are chosen, only that
half of the viewers plays; for the figures all viewers play in one instance, and the means are over the other half.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from protocols import engine, swipers
from protocols.data import SEED, Bools, Ints, Positives, half
from protocols.kuairec import LOG, TAGS, TRUTH, KuaiRec
from protocols.report import Figures, Options, Row, Trial, measured
from protocols.swipers import Swiper, World

SWIPES = 100
MARKS = (10, 50, 100)


def replay(swiper: Swiper, truth: Bools, swipes: int) -> Bools:
    """bool[viewers, swipes]: the rewards. Everybody has a turn, in a fixed shuffled order, before anybody's next."""
    order = np.random.default_rng(SEED + 1).permutation(truth.shape[0]).tolist()
    unseen = np.ones(truth.shape, dtype=bool)
    rewards = np.zeros((truth.shape[0], swipes), dtype=bool)
    for swipe in range(swipes):
        for viewer in order:
            clip = swiper.choose(viewer, unseen[viewer])
            if not unseen[viewer, clip]:
                raise ValueError(f"clip {clip} was shown to viewer {viewer} before")
            unseen[viewer, clip] = False
            rewards[viewer, swipe] = truth[viewer, clip]
            swiper.learn(viewer, clip, bool(truth[viewer, clip]))
    return rewards


def known_in(data: KuaiRec, protocol: str) -> Positives | None:
    return {"b1": data.log, "b2": None, "b3": data.log_of_others()}[protocol]


def world(data: KuaiRec, protocol: str, playing: Ints) -> World:
    tags = np.zeros((data.items.size, 1 + max(map(max, data.tags.values()))), dtype=np.float32)
    for place, item in enumerate(data.items.tolist()):
        tags[place, data.tags[item]] = 1
    return World(playing, data.items, tags, known_in(data, protocol))


def figures(rewards: Bools) -> Figures:
    return {f"@{mark}": float(rewards[:, :mark].mean()) for mark in MARKS}


def rows(options: Options, protocol: str) -> Iterator[Row]:
    data = KuaiRec(options.data)
    reporting = half(data.users.size, options.tuning)
    playing = reporting if options.tuning else np.ones_like(reporting)
    truth, counted = data.truth[playing], reporting[playing]
    here = world(data, protocol, data.users[playing])

    def play(make: Callable[[World], Swiper]) -> Figures:
        return figures(replay(make(here), truth, min(SWIPES, truth.shape[1]))[counted])

    def best() -> Figures:
        """Every viewer's own positives first: what nobody can know before."""
        return figures(-np.sort(-truth[counted].astype(np.int8), axis=1)[:, :SWIPES])

    def freehold(here: World) -> Swiper:
        return engine.EngineSwiper(here, data.tags)

    peers = {name: lambda make=make: play(make) for name, make in swipers.peers(protocol).items()}
    yield from measured(options, {**peers, "freehold": lambda: play(freehold), "personal oracle": best})


TITLES = {"b1": "the viewers' log known", "b2": "an empty instance", "b3": "new viewers on a live instance"}
TRIALS = {
    name: Trial(f"KuaiRec, swipe replay, {title}; mean reward", (LOG, TRUTH, TAGS), partial(rows, protocol=name))
    for name, title in TITLES.items()
}
