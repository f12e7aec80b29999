"""Swipe replay on KuaiRec's fully observed matrix: mean reward over the first 10, 50 and 100 swipes.

    python bench/feed_quality.py [b2] [b3] [--tune]

At each step every viewer is shown one clip not yet shown to them and the true cell is learned (reward 1: watched at
least twice its length). b2: nothing is known of anybody or anything. b3: clips are known from the positives of
viewers outside the matrix, the viewers are new. Settings are chosen on one half of the viewers (--tune shows that
half), the figures are of the other half. Data: FREEHOLD_DATA (KuaiRec, Gao et al., CIKM 2022, CC BY-SA 4.0).
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from freehold.domain.ids import AccountId, ClipId, ViewerId
from freehold.domain.watch import Item
from freehold.recommender import Learner, Weights, arrange

DATA = Path(os.environ.get("FREEHOLD_DATA", Path(__file__).parents[2] / "shared" / "data")) / "kuairec"
SWIPES = 100
NEGATIVES = 10
"""For each positive of the others, so that shares of positives keep their distance from 1."""
SEED = 20_220_826
DURATION_MS = 10_000
START_US = 1_760_000_000_000_000
SECOND_US = 1_000_000
Matrix = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class KuaiRec:
    def __init__(self) -> None:
        packed = np.load(DATA / "truth_dev.npz")
        self.truth: Matrix = np.unpackbits(packed["watched_twice"], axis=1)[:, : int(packed["n_items"])].astype(bool)
        self.items: Ints = packed["items"].astype(np.int64)
        positives = pq.read_table(DATA / "big_pos.parquet")
        users, items = (positives[name].to_numpy().astype(np.int64) for name in ("user", "item"))
        others = ~np.isin(users, packed["users"])
        self.other_users: Ints = users[others]
        self.other_items: Ints = items[others]
        categories = pq.read_table(DATA / "item_categories.parquet")
        self.tags = dict(zip(categories["item"].to_pylist(), categories["tags"].to_pylist(), strict=True))

    def half(self, tuning: bool) -> Matrix:
        order = np.random.default_rng(SEED).permutation(self.truth.shape[0])
        middle = order.size // 2
        return self.truth[order[:middle] if tuning else order[middle:]]

    def learner(self, weights: Weights) -> Learner:
        learner = Learner(weights)
        for item, tags in self.tags.items():
            named = tuple(f"t{tag}" for tag in tags)
            learner.add_item(Item(ClipId(item), AccountId(item), None, named, DURATION_MS, 0))
        return learner


def watch_columns(viewers: Ints, clips: Ints, good: Matrix, at_s: Ints) -> Ints:
    """Columns as kernels.W_: a positive played twice, a negative left after three seconds of ten."""
    nothing = np.zeros(viewers.size, dtype=np.int64)
    watched = np.where(good, 2 * DURATION_MS, 3000)
    at_us = START_US + at_s * SECOND_US
    return np.stack([viewers, clips, at_us, watched, 2 * good, ~good, nothing, nothing], axis=1).astype(np.int64)


def know_the_clips(learner: Learner, data: KuaiRec) -> None:
    """The others' positives in their order; then, from nobody in particular, negatives drawn at random."""
    random = np.random.default_rng(SEED)
    size = data.other_users.size
    every = np.array(list(data.tags), dtype=np.int64)
    good = np.ones(size, dtype=bool)
    learner.learn_rows(watch_columns(data.other_users + 1_000_000, data.other_items, good, np.arange(size) // 4))
    for _ in range(NEGATIVES):
        learner.learn_rows(
            watch_columns(np.full(size, 999_999), random.choice(every, size), ~good, np.arange(size) // 4)
        )


def replay(learner: Learner, truth: Matrix, items: Ints) -> Matrix:
    """bool[viewers, SWIPES]: the rewards."""
    keep = set(items.tolist())
    for clip_id in [clip_id for clip_id in range(20_000) if clip_id not in keep]:
        learner.remove_item(ClipId(clip_id))
    column = {int(item): place for place, item in enumerate(items)}
    order = np.random.default_rng(SEED + 1).permutation(truth.shape[0]).tolist()
    rewards = np.zeros((truth.shape[0], SWIPES), dtype=bool)
    at_s = 500_000
    for swipe in range(SWIPES):
        for viewer in order:
            at_s += 1
            at_us = START_US + at_s * SECOND_US
            viewer_id = ViewerId(viewer + 1)
            (placed,) = arrange(learner.score(learner.gather(viewer_id, at_us, at_s)), at_s, 1)
            reward = truth[viewer, column[placed.clip_id]]
            rewards[viewer, swipe] = reward
            one = np.array([viewer_id]), np.array([placed.clip_id]), np.array([reward]), np.array([at_s])
            learner.learn_rows(watch_columns(*one))
    return rewards


def by_popularity(truth: Matrix, items: Ints, data: KuaiRec) -> Matrix:
    counts = np.bincount(data.other_items, minlength=20_000)[items]
    return truth[:, np.argsort(-counts, kind="stable")[:SWIPES]]


def at_random(truth: Matrix) -> Matrix:
    random = np.random.default_rng(SEED)
    return np.stack([row[random.permutation(row.size)[:SWIPES]] for row in truth])


def say(name: str, rewards: Matrix, seconds: float = 0.0) -> None:
    figures = "  ".join(f"{rewards[:, :count].mean():.4f}" for count in (10, 50, 100))
    print(f"{name:24} {figures}  {seconds:6.1f} s", flush=True)


def measure(protocol: str, truth: Matrix, data: KuaiRec, weights: Weights) -> Matrix:
    learner = data.learner(weights)
    if protocol == "b3":
        know_the_clips(learner, data)
    return replay(learner, truth, data.items)


def main(arguments: list[str]) -> None:
    if not DATA.is_dir():
        sys.exit(f"skipped: the data are not there ({DATA}); set FREEHOLD_DATA")
    data = KuaiRec()
    truth = data.half("--tune" in arguments)
    print(f"{truth.shape[0]} viewers, {truth.shape[1]} clips; mean reward over the first 10, 50, 100 swipes")
    say("random", at_random(truth))
    say("popular (b3)", by_popularity(truth, data.items, data))
    for protocol in [name for name in ("b2", "b3") if name in arguments] or ["b2", "b3"]:
        start = time.perf_counter()
        rewards = measure(protocol, truth, data, BENCHED)
        say(f"freehold ({protocol})", rewards, time.perf_counter() - start)


BENCHED = Weights(random_per_65536=Weights().random_per_65536 // 10)
"""One clip a page instead of ten, and so a tenth of the draws a page."""


if __name__ == "__main__":
    main(sys.argv[1:])
