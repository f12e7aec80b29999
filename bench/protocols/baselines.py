"""Peers that learn from positives alone. Each gives a Scorer: users in, float32[users, items] out.

The settings given by the protocols were chosen on what `--tune` shows.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numba import njit

from protocols.data import SEED, Ints, Positives

Matrix = npt.NDArray[np.float32]
Scorer = Callable[[Ints], Matrix]
"""The block that it returns is the caller's to change."""


def by_chance(log: Positives) -> Scorer:
    random = np.random.default_rng(SEED)
    return lambda users: random.random((users.size, log.item_count), dtype=np.float32)


def by_popularity(log: Positives) -> Scorer:
    counts = log.counts.astype(np.float32)
    return lambda users: np.tile(counts, (users.size, 1))


# Neighbours: a matrix of how much each item speaks for each other


@njit(cache=True)
def _together(start: Ints, items: Ints, out: Matrix) -> None:
    for user in range(start.size - 1):
        for one in items[start[user] : start[user + 1]]:
            for other in items[start[user] : start[user + 1]]:
                out[one, other] += 1


def together(log: Positives) -> Matrix:
    """float32[items, items]: how many users have both; the diagonal has how many have one."""
    out = np.zeros((log.item_count, log.item_count), dtype=np.float32)
    _together(log.start, log.by_user, out)
    return out


@njit(cache=True)
def _summed(speaks: Matrix, start: Ints, items: Ints, users: Ints, recent: int, out: Matrix) -> None:
    for place in range(users.size):
        first, end = start[users[place]], start[users[place] + 1]
        if recent:
            first = max(first, end - recent)
        for at in range(first, end):
            weight = 1 / (end - at) if recent else 1.0
            row = speaks[items[at]]
            for item in range(row.size):
                out[place, item] += np.float32(weight) * row[item]


def summed(speaks: Matrix, log: Positives, recent: int = 0) -> Scorer:
    """The sum over the user's items; with `recent` over so many of the last, 1/g for the g-th from the end."""

    def score(users: Ints) -> Matrix:
        out = np.zeros((users.size, log.item_count), dtype=np.float32)
        _summed(speaks, log.start, log.by_user, users, recent, out)
        return out

    return score


def cosines(log: Positives, shrink: float, power: float = 0.5) -> Matrix:
    speaks = together(log)
    sizes = np.maximum(np.diag(speaks), 1) ** np.float32(power)
    speaks /= sizes[:, None] * sizes[None, :] + np.float32(shrink)
    np.fill_diagonal(speaks, 0)
    return speaks


def item_knn(log: Positives, shrink: float, power: float = 0.5, recent: int = 0) -> Scorer:
    """Cosine, shrunk. `power` 0.5 is the cosine; less prefers what is popular. All neighbours count."""
    return summed(cosines(log, shrink, power), log, recent)


def inverse(matrix: Matrix) -> Matrix:
    """Of a positive definite matrix, by halves: half the work of a general inverse, nearly all of it products."""
    middle = matrix.shape[0] // 2
    if middle < 256:
        return np.linalg.inv(matrix)
    first = inverse(matrix[:middle, :middle])
    across = first @ matrix[:middle, middle:]
    second = inverse(matrix[middle:, middle:] - matrix[middle:, :middle] @ across)
    out = np.empty_like(matrix)
    out[:middle, middle:] = -(across @ second)
    out[middle:, :middle] = out[:middle, middle:].T
    out[:middle, :middle] = first - out[:middle, middle:] @ across.T
    out[middle:, middle:] = second
    return out


def ease_matrix(log: Positives, ridge: float) -> Matrix:
    speaks = together(log)
    speaks[np.diag_indices_from(speaks)] += np.float32(ridge)
    speaks = inverse(speaks)
    speaks /= -np.diag(speaks).copy()[None, :]
    np.fill_diagonal(speaks, 0)
    return speaks


def ease(log: Positives, ridge: float, recent: int = 0) -> Scorer:
    """Steck 2019: the linear map of the log to itself with nothing on the diagonal."""
    return summed(ease_matrix(log, ridge), log, recent)


@njit(cache=True)
def _follow(start: Ints, items: Ints, reach: int, out: Matrix) -> None:
    for user in range(start.size - 1):
        for at in range(start[user], start[user + 1]):
            for back in range(1, min(reach, at - start[user]) + 1):
                out[items[at - back], items[at]] += np.float32(1 / back)


def transitions(log: Positives, reach: int, recent: int, power: float = 0.0) -> Scorer:
    """Counts of what follows what, 1/g from the g-th previous; `power` of the follower's popularity is divided out."""
    counts = np.zeros((log.item_count, log.item_count), dtype=np.float32)
    _follow(log.start, log.by_user, reach, counts)
    counts /= np.maximum(log.counts, 1).astype(np.float32)[None, :] ** np.float32(power)
    return summed(counts, log, recent)


# Factors


def als(log: Positives, size: int, weight: float, ridge: float, rounds: int = 8) -> Scorer:
    """Hu, Koren, Volinsky 2008: confidence 1 + weight for what was liked, 1 for all else."""
    random = np.random.default_rng(SEED)
    items = random.normal(0, 0.1, (log.item_count, size)).astype(np.float32)
    for _ in range(rounds):
        users = _solved(log, items, weight, ridge)
        items = _solved(log.turned(), users, weight, ridge)
    return lambda wanted: users[wanted] @ items.T


def _solved(log: Positives, others: Matrix, weight: float, ridge: float, block: int = 512) -> Matrix:
    size = others.shape[1]
    base = others.T @ others + ridge * np.eye(size, dtype=np.float32)
    out = np.zeros((log.user_count, size), dtype=np.float32)
    for first in range(0, log.user_count, block):
        rows = range(first, min(first + block, log.user_count))
        known = [others[log.of(row)] for row in rows]
        left = np.stack([base + weight * (mine.T @ mine) for mine in known])
        right = np.stack([(1 + weight) * mine.sum(0) for mine in known])
        out[rows.start : rows.stop] = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    return out


@njit(cache=True)
def _bpr(users: Ints, items: Ints, left: Matrix, right: Matrix, bias: Matrix, steps: int, rate: float, ridge: float):  # type: ignore[no-untyped-def]
    np.random.seed(7)
    for _ in range(steps):
        at = np.random.randint(users.size)
        user, good, other = users[at], items[at], np.random.randint(right.shape[0])
        gap = bias[good] - bias[other]
        for k in range(left.shape[1]):
            gap += left[user, k] * (right[good, k] - right[other, k])
        push = 1 / (1 + np.exp(gap))
        bias[good] += rate * (push - ridge * bias[good])
        bias[other] -= rate * (push + ridge * bias[other])
        for k in range(left.shape[1]):
            mine, one, two = left[user, k], right[good, k], right[other, k]
            left[user, k] += rate * (push * (one - two) - ridge * mine)
            right[good, k] += rate * (push * mine - ridge * one)
            right[other, k] -= rate * (push * mine + ridge * two)


def bpr(log: Positives, size: int, rounds: int, rate: float = 0.05, ridge: float = 0.01) -> Scorer:
    """Rendle et al. 2009; the other item of each pair is drawn uniformly from all."""
    random = np.random.default_rng(SEED)
    left, right = (
        random.normal(0, 0.1, (count, size)).astype(np.float32) for count in (log.user_count, log.item_count)
    )
    bias = np.zeros(log.item_count, dtype=np.float32)
    _bpr(log.users, log.items, left, right, bias, rounds * log.users.size, rate, ridge)
    return lambda users: left[users] @ right.T + bias
