"""A: KuaiRec, static. Learn the biased log, rank the clips that every viewer of the truth has watched.

Half of the viewers choose the settings, the other half give the figures; the logs of all are learned in both.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from protocols import baselines, engine, metrics
from protocols.baselines import Scorer
from protocols.data import Bools, Floats, Positives, half
from protocols.kuairec import LOG, TAGS, TRUTH, KuaiRec
from protocols.report import Figures, Options, Row, Trial, measured

PEERS: dict[str, Callable[[Positives], Scorer]] = {
    "random": baselines.by_chance,
    "popularity": baselines.by_popularity,
    "item-knn": partial(baselines.item_knn, shrink=1000.0),
    "als": partial(baselines.als, size=64, weight=1.0, ridge=100.0),
    "bpr": partial(baselines.bpr, size=32, rounds=20),
    "ease": partial(baselines.ease, ridge=20_000.0),
}


def figures(scores: Floats, truth: Bools) -> Figures:
    """Means over viewers: float[viewers, clips] against what they watched at least twice."""
    pairs = list(zip(scores, truth, strict=True))
    return {
        "R@20": float(np.mean([metrics.recall(row, good, 20) for row, good in pairs])),
        "NDCG@20": float(np.mean([metrics.ndcg(row, good, 20) for row, good in pairs])),
        "GAUC": float(np.mean([metrics.auc(row, good) for row, good in pairs])),
    }


def rows(options: Options) -> Iterator[Row]:
    data = KuaiRec(options.data)
    mine = half(data.users.size, options.tuning)
    users, truth = data.users[mine], data.truth[mine]

    def against(scorer: Scorer) -> Figures:
        return figures(scorer(users)[:, data.items], truth)

    def oracle() -> Figures:
        """The clips in the order of their true means over these viewers: nothing personal can be seen in it."""
        return figures(np.tile(truth.mean(0), (users.size, 1)), truth)

    def freehold() -> Figures:
        return figures(engine.ranks(data.log, data.tags, users, data.items), truth)

    peers: dict[str, Callable[[], Figures]] = {
        name: lambda fit=fit: against(fit(data.log))  # type: ignore[misc]
        for name, fit in PEERS.items()
    }
    yield from measured(options, {**peers, "freehold": freehold, "oracle item mean": oracle})


TRIAL = Trial("KuaiRec, static", (LOG, TRUTH, TAGS), rows)
