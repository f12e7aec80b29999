"""C: KuaiRand, random exposure. Learn the positives of the standard feed, rank what was shown at random.

Half of the viewers choose the settings, the other half give the figures; the standard feed of all is learned in both.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from protocols import baselines, engine, metrics
from protocols.baselines import Scorer
from protocols.data import Bools, Floats, Ints, Positives, columns, half, positives
from protocols.report import Figures, Options, Row, Trial, measured

LOG, EXPOSED = "kuairand_random/standard_pos.parquet", "kuairand_random/random_exposed_dev.parquet"
BLOCK = 512

PEERS: dict[str, Callable[[Positives], Scorer]] = {
    "random": baselines.by_chance,
    "popularity": baselines.by_popularity,
    "item-knn": partial(baselines.item_knn, shrink=30.0),
    "als": partial(baselines.als, size=64, weight=1.0, ridge=100.0),
    "bpr": partial(baselines.bpr, size=32, rounds=20),
    "ease": partial(baselines.ease, ridge=10_000.0),
}


class Exposed:
    """The pairs shown at random to one half of the viewers, in the order of their users."""

    def __init__(self, options: Options) -> None:
        users, items, labels = columns(options.data / EXPOSED, "user", "item", "label")
        everybody = np.unique(users)
        mine = np.isin(users, everybody[half(everybody.size, options.tuning)])
        order = np.argsort(users[mine], kind="stable")
        self.users: Ints = users[mine][order]
        self.items: Ints = items[mine][order]
        self.good: Bools = labels[mine][order] > 0

    def scores(self, scorer: Scorer) -> Floats:
        """float[pairs]"""
        everybody = np.unique(self.users)
        parts = []
        for first in range(0, everybody.size, BLOCK):
            users = everybody[first : first + BLOCK]
            inside = slice(*np.searchsorted(self.users, [users[0], users[-1] + 1]))
            parts.append(scorer(users)[np.searchsorted(users, self.users[inside]), self.items[inside]])
        return np.concatenate(parts).astype(np.float64)


def figures(scores: Floats, good: Bools, users: Ints) -> Figures:
    lists = [(row, mine) for row, mine in metrics.by_group(scores, good, users) if mine.any()]
    return {
        "AUC": metrics.auc(scores, good),
        "GAUC": metrics.gauc(scores, good, users),
        "NDCG@10": float(np.mean([metrics.ndcg(row, mine, 10) for row, mine in lists])),
    }


def rows(options: Options) -> Iterator[Row]:
    log = positives(*columns(options.data / LOG, "user", "item"))
    exposed = Exposed(options)

    def against(scores: Floats) -> Figures:
        return figures(scores, exposed.good, exposed.users)

    def oracle() -> Figures:
        """The clips in the order of their true rates in these very pairs: nothing personal can be seen in it."""
        shown, good = (np.bincount(exposed.items, weights=weights) for weights in (None, exposed.good))
        return against((good / np.maximum(shown, 1))[exposed.items])

    def freehold() -> Figures:
        return against(engine.pair_scores(log, exposed.users, exposed.items))

    peers: dict[str, Callable[[], Figures]] = {
        name: lambda fit=fit: against(exposed.scores(fit(log)))  # type: ignore[misc]
        for name, fit in PEERS.items()
    }
    yield from measured(options, {**peers, "freehold": freehold, "oracle item rate": oracle})


TRIAL = Trial("KuaiRand, random exposure", (LOG, EXPOSED), rows)
