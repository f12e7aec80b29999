"""E and F: the next clip. Each viewer's last item is to be found among all that the viewer has not had.

Settings are chosen on the last but one, from what came before it; the figures are of the last.
In E's file the true last clip of one half of the viewers is left out, so the last that is there is the one before it.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from protocols import baselines, engine, metrics
from protocols.baselines import Scorer
from protocols.data import Ints, Positives, columns, positives
from protocols.report import Figures, Options, Row, Trial, measured

MICROLENS, MOVIELENS = "microlens50k/pairs_dev.parquet", "ml1m/ml1m_sasrec_sequences.npz"
BLOCK = 256
Fit = Callable[[Positives], Scorer]

PEERS: dict[str, Fit] = {
    "random": baselines.by_chance,
    "popularity": baselines.by_popularity,
}
MICROLENS_PEERS: dict[str, Fit] = {
    **PEERS,
    "item-knn": partial(baselines.item_knn, shrink=50.0, recent=5),
    "als": partial(baselines.als, size=128, weight=20.0, ridge=5.0),
    "bpr": partial(baselines.bpr, size=64, rounds=400),
    "ease": partial(baselines.ease, ridge=100.0, recent=10),
    "transitions": partial(baselines.transitions, reach=20, recent=10),
}
MOVIELENS_PEERS: dict[str, Fit] = {
    **PEERS,
    "item-knn": partial(baselines.item_knn, shrink=1.0, recent=10),
    "als": partial(baselines.als, size=64, weight=4.0, ridge=20.0),
    "bpr": partial(baselines.bpr, size=64, rounds=100),
    "ease": partial(baselines.ease, ridge=500.0, recent=10),
    "transitions": partial(baselines.transitions, reach=10, recent=10, power=0.3),
}


def microlens(data: Path) -> Positives:
    users, steps, items = columns(data / MICROLENS, "user", "pos", "item")
    order = np.lexsort((steps, users))
    return positives(users[order], items[order])


def movielens(data: Path) -> Positives:
    packed = np.load(data / MOVIELENS)
    return positives(packed["user"].astype(np.int64), packed["item"].astype(np.int64))


def split(log: Positives, tuning: bool) -> tuple[Positives, Ints]:
    """What is learned, and the item to be found for each user (-1: none)."""
    known, last = log.without_last()
    return known.without_last() if tuning else (known, last)


def places(scorer: Scorer, known: Positives, targets: Ints) -> Ints:
    """int64[users with a target]: the place of the target among the items that the user has not had, from 0."""
    users = np.flatnonzero(targets >= 0)
    return np.concatenate([_places(scorer, known, targets, part) for part in _blocks(users)])


def _blocks(users: Ints) -> Iterator[Ints]:
    for first in range(0, users.size, BLOCK):
        yield users[first : first + BLOCK]


def _places(scorer: Scorer, known: Positives, targets: Ints, users: Ints) -> Ints:
    scores = scorer(users)
    aims = scores[np.arange(users.size), targets[users]].copy()
    had = np.repeat(np.arange(users.size), known.start[users + 1] - known.start[users])
    scores[had, np.concatenate([known.of(user) for user in users.tolist()])] = -np.inf
    scores[:, known.counts + np.bincount(targets[targets >= 0], minlength=known.item_count) == 0] = -np.inf
    scores[np.arange(users.size), targets[users]] = aims
    return metrics.rank_of(scores, targets[users])


def figures(ranks: Ints) -> Figures:
    recall, ndcg = metrics.hits(ranks, 10)
    return {"R@10": recall, "NDCG@10": ndcg}


def rows(options: Options, read: Callable[[Path], Positives], peers: dict[str, Fit]) -> Iterator[Row]:
    known, targets = split(read(options.data), options.tuning)
    fits: dict[str, Fit] = {**peers, "freehold": engine.next_clips}
    works: dict[str, Callable[[], Figures]] = {
        name: lambda fit=fit: figures(places(fit(known), known, targets))  # type: ignore[misc]
        for name, fit in fits.items()
    }
    yield from measured(options, works)


TRIALS = {
    "e": Trial("MicroLens-50k, next clip", (MICROLENS,), partial(rows, read=microlens, peers=MICROLENS_PEERS)),
    "f": Trial("MovieLens-1M, next item", (MOVIELENS,), partial(rows, read=movielens, peers=MOVIELENS_PEERS)),
}
