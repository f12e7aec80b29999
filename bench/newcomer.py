"""How much of a clip newcomers watch over their first 50 swipes: For You against what is popular, and chance.

    python bench/newcomer.py [--newcomers 300] [--clips 500] [--rounds 66] [--seed 1]

The demo's catalogue and its simulated audience. A learner first learns from the audience, as in the demo. Then
newcomers whose tastes nobody knows swipe 50 times each, once under each policy: For You (pages of five, every watch
learned before the next page, the newcomers one after another), what the audience watched most of, best first, and any
order. What a viewer does with a clip is the same under each policy.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random
from statistics import fmean, stdev

from _load import machine

from freehold.demo.audience import Audience, ClipFeatures, Reaction
from freehold.demo.command import SEED
from freehold.demo.people import AUDIENCE_SIZE, ROUND_VIEWERS
from freehold.demo.plan import plan
from freehold.domain.ids import AccountId, ClipId, PageId, ViewerId
from freehold.domain.watch import Item, Watch
from freehold.recommender import Learner, arrange

SWIPES, TOGETHER = 50, 5
ROUND_PAGE, PAGE = 10, 5
START_US = 1_760_000_000_000_000
SWIPE_US = 8_000_000
FIRST_NEWCOMER = 1_000_000

Shares = list[list[float]]
"""For each newcomer, the share of each clip that was watched, in the order of the swipes."""


class World:
    """The catalogue, and who watches it how."""

    def __init__(self, clips: int, newcomers: int, seed: int) -> None:
        self.clips = [
            ClipFeatures(one.kind, one.tags, one.creator, int(one.duration_s * 1000)) for one in plan(clips, SEED)
        ]
        self.audience = Audience(SEED, AUDIENCE_SIZE)
        self.newcomers = Audience(seed, newcomers)
        self.seed = seed
        self.at_us = START_US

    def learner(self) -> Learner:
        learner = Learner()
        authors = sorted({clip.creator for clip in self.clips})
        for number, clip in enumerate(self.clips):
            author_id = AccountId(authors.index(clip.creator) + 1)
            learner.add_item(Item(ClipId(number), author_id, None, clip.tags, clip.duration_ms, START_US))
        return learner

    def reaction(self, newcomer: int, clip: int) -> Reaction:
        """The same whenever it is asked for."""
        return self.newcomers.watch(newcomer, self.clips[clip], Random(f"{self.seed}/{newcomer}/{clip}"))

    def share(self, clip: int, reaction: Reaction) -> float:
        return 1.0 if reaction.completions else min(reaction.watched_ms / self.clips[clip].duration_ms, 1.0)

    def page(self, learner: Learner, viewer_id: ViewerId, count: int) -> list[int]:
        """The next clips of For You, as the feed serves them."""
        self.at_us += SWIPE_US
        candidates = learner.gather(viewer_id, self.at_us, self.at_us)
        placed = arrange(learner.score(candidates), self.at_us, count)
        learner.note_impressions(viewer_id, [one.clip_id for one in placed], self.at_us)
        return [int(one.clip_id) for one in placed]

    def watch(self, learner: Learner, viewer_id: ViewerId, clip: int, position: int, done: Reaction) -> None:
        self.at_us += SWIPE_US
        said = (done.watched_ms, done.completions, done.skipped, done.liked, done.not_interested)
        learner.learn(Watch(viewer_id, ClipId(clip), PageId(0), position, self.at_us, *said))


def let_the_audience_watch(world: World, learner: Learner, rounds: int) -> dict[int, list[float]]:
    """As in the demo, a part of it at a time. By clip: how much of it was watched."""
    random = Random(SEED)
    shares: dict[int, list[float]] = defaultdict(list)
    for number in range(rounds * ROUND_VIEWERS):
        who = number % AUDIENCE_SIZE
        for position, clip in enumerate(world.page(learner, ViewerId(who + 1), ROUND_PAGE)):
            done = world.audience.watch(who, world.clips[clip], random)
            world.watch(learner, ViewerId(who + 1), clip, position, done)
            shares[clip].append(world.share(clip, done))
    return shares


def for_you(world: World, learner: Learner) -> Shares:
    shares: Shares = []
    for newcomer in range(world.newcomers.size):
        viewer_id, seen = ViewerId(FIRST_NEWCOMER + newcomer), []
        while len(seen) < SWIPES and (clips := world.page(learner, viewer_id, PAGE)):
            for position, clip in enumerate(clips):
                done = world.reaction(newcomer, clip)
                world.watch(learner, viewer_id, clip, position, done)
                seen.append(world.share(clip, done))
        shares.append(seen[:SWIPES])
    return shares


def in_order(world: World, order: Callable[[int], Sequence[int]]) -> Shares:
    return [
        [world.share(clip, world.reaction(newcomer, clip)) for clip in order(newcomer)[:SWIPES]]
        for newcomer in range(world.newcomers.size)
    ]


def most_watched(shares: dict[int, list[float]]) -> list[int]:
    """By the mean share that was watched; ten watches of the mean clip are added to each, lest luck decides."""
    mean = fmean(share for some in shares.values() for share in some)
    return sorted(shares, key=lambda clip: -(sum(shares[clip]) + 10 * mean) / (len(shares[clip]) + 10))


def together(shares: Shares) -> list[dict[str, float]]:
    """Of swipes 1 to 5, 6 to 10, …: the mean over newcomers, and its standard error."""
    rows = []
    for first in range(0, SWIPES, TOGETHER):
        means = [fmean(some) for one in shares if (some := one[first : first + TOGETHER])]
        rows.append({"mean": round(fmean(means), 4), "error": round(stdev(means) / len(means) ** 0.5, 4)})
    return rows


def measure(arguments: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    world = World(arguments.clips, arguments.newcomers, arguments.seed)
    learner = world.learner()
    watched = let_the_audience_watch(world, learner, arguments.rounds)
    popular, numbers = most_watched(watched), range(len(world.clips))
    by_policy = {
        "for you": for_you(world, learner),
        "popular": in_order(world, lambda _: popular),
        "random": in_order(world, lambda newcomer: Random(f"{world.seed}/order/{newcomer}").sample(numbers, SWIPES)),
    }
    return {name: together(shares) for name, shares in by_policy.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--newcomers", type=int, default=300)
    parser.add_argument("--clips", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=66, help="a hundred of the audience each ask for a page")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    print(f"{chosen.newcomers} newcomers, {chosen.clips} clips, {machine()}", file=sys.stderr)
    rows = measure(chosen)
    print("mean watched share" + "".join(f"{name:>18}" for name in rows))
    for number in range(SWIPES // TOGETHER):
        cells = (f"{some[number]['mean'] * 100:9.1f} ± {some[number]['error'] * 100:3.1f} %" for some in rows.values())
        print(
            f"swipes {number * TOGETHER + 1:>2} to {(number + 1) * TOGETHER:<5}"
            + "".join(f"{one:>18}" for one in cells)
        )
    print(json.dumps({"bench": "newcomer", "clips": chosen.clips, "newcomers": chosen.newcomers, "rows": rows}))


if __name__ == "__main__":
    main()
