"""How good an order or a guess is. Ties of scores count half, or are broken by a fixed draw where that is said."""

import numpy as np
import numpy.typing as npt
from numba import njit

from protocols.data import SEED, Bools, Floats, Ints


@njit(cache=True)
def _auc(scores: Floats, labels: Bools) -> float:
    """Share of pairs (a positive, a negative) in the right order; NaN without both."""
    order = np.argsort(scores)
    good = labels.sum()
    bad = labels.size - good
    if good == 0 or bad == 0:
        return np.nan
    rank_sum, at = 0.0, 0
    while at < order.size:
        end = at
        good_here = 0
        while end < order.size and scores[order[end]] == scores[order[at]]:
            good_here += labels[order[end]]
            end += 1
        rank_sum += good_here * (at + end + 1) / 2
        at = end
    return (rank_sum - good * (good + 1) / 2) / (good * bad)


def auc(scores: Floats, labels: Bools) -> float:
    return float(_auc(np.asarray(scores, dtype=np.float64), labels))


@njit(cache=True)
def _gauc(scores: Floats, labels: Bools, bounds: Ints) -> float:
    total, weight = 0.0, 0
    for group in range(bounds.size - 1):
        start, end = bounds[group], bounds[group + 1]
        value = _auc(scores[start:end], labels[start:end])
        if not np.isnan(value):
            total += value * (end - start)
            weight += end - start
    return total / weight if weight else np.nan


def gauc(scores: Floats, labels: Bools, groups: Ints) -> float:
    """AUC inside each group, weighted by the group's size; groups of one label only are left out."""
    order = np.argsort(groups, kind="stable")
    bounds = np.flatnonzero(np.diff(groups[order], prepend=-1, append=-1))
    return float(_gauc(np.asarray(scores, dtype=np.float64)[order], labels[order], bounds))


def top(scores: Floats, count: int) -> Ints:
    """The places of the highest scores, best first; equals in the order of their places."""
    return np.argsort(-scores, kind="stable")[:count]


def recall(scores: Floats, good: Bools, count: int) -> float:
    """Share of the good ones that stand among the first `count`."""
    return float(good[top(scores, count)].sum() / good.sum())


def ndcg(scores: Floats, good: Bools, count: int) -> float:
    """Gain 1 for a good one, discount 1/log2(1 + place), against the best possible order."""
    discounts = 1 / np.log2(np.arange(2, count + 2))
    first = good[top(scores, count)]
    return float((first * discounts[: first.size]).sum() / discounts[: min(count, int(good.sum()))].sum())


def by_group(scores: Floats, labels: Bools, groups: Ints) -> list[tuple[Floats, Bools]]:
    order = np.argsort(groups, kind="stable")
    cuts = np.flatnonzero(np.diff(groups[order])) + 1
    return list(zip(np.split(scores[order], cuts), np.split(labels[order], cuts), strict=True))


def rank_of(scores: npt.NDArray[np.float32], targets: Ints) -> Ints:
    """int64[rows]: the place of each row's target, from 0; among equals one drawn uniformly, always the same."""
    aims = scores[np.arange(targets.size), targets][:, None]
    equals = (scores == aims).sum(1)
    return (scores > aims).sum(1) + np.random.default_rng(SEED).integers(0, equals)


def hits(ranks: Ints, count: int) -> tuple[float, float]:
    """Recall and NDCG among the first `count`, for one target each."""
    inside = ranks < count
    return float(inside.mean()), float((inside / np.log2(ranks + 2.0)).mean())


@njit(cache=True)
def _concordant(guess_rank: Ints, starts: Ints, ranks: int) -> tuple[float, float]:
    """Pairs in the right order and pairs at all, over guesses sorted by truth; `starts` bounds equal truths."""
    tree = np.zeros(ranks + 1, dtype=np.int64)
    right, pairs = 0.0, 0.0
    for group in range(starts.size - 1):
        for at in range(starts[group], starts[group + 1]):
            below, place = 0, guess_rank[at]
            while place > 0:
                below += tree[place]
                place -= place & -place
            through, place = 0, guess_rank[at] + 1
            while place > 0:
                through += tree[place]
                place -= place & -place
            right += below + (through - below) / 2
            pairs += starts[group]
        for at in range(starts[group], starts[group + 1]):
            place = guess_rank[at] + 1
            while place <= ranks:
                tree[place] += 1
                place += place & -place
    return right, pairs


def xauc(guesses: Floats, truth: Floats) -> float:
    """Share of all pairs with different truths whose guesses are in the same order (Zhan et al. 2022)."""
    order = np.argsort(truth, kind="stable")
    known, guess_rank = np.unique(guesses[order], return_inverse=True)
    starts = np.flatnonzero(np.diff(truth[order], prepend=np.nan, append=np.nan) != 0)
    right, pairs = _concordant(guess_rank.astype(np.int64), starts, known.size)
    return right / pairs if pairs else float("nan")
