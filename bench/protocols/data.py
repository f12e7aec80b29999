"""The public logs: where they are, how they are read, how their viewers are halved."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SEED = 20_220_826


def folder() -> Path:
    return Path(os.environ.get("FREEHOLD_DATA", Path(__file__).parents[3] / "shared" / "data"))


def absent(data: Path, needs: tuple[str, ...]) -> list[str]:
    """The files, of those needed, that are not there."""
    return [name for name in needs if not (data / name).is_file()]


def columns(path: Path, *names: str) -> list[Ints]:
    table = pq.read_table(path, columns=list(names))
    return [table[name].to_numpy().astype(np.int64) for name in names]


def lists(path: Path, *names: str) -> list[list[object]]:
    table = pq.read_table(path, columns=list(names))
    return [table[name].to_pylist() for name in names]


def half(count: int, tuning: bool) -> Bools:
    """bool[count]: one half of the viewers chooses the settings, the other half gives the figures."""
    order = np.random.default_rng(SEED).permutation(count)
    chosen = np.zeros(count, dtype=bool)
    chosen[order[: count // 2] if tuning else order[count // 2 :]] = True
    return chosen


@dataclass(frozen=True)
class Positives:
    """Pairs of user and item in each user's order; ids from 0, not necessarily without gaps."""

    users: Ints
    items: Ints
    user_count: int
    item_count: int

    @cached_property
    def _order(self) -> Ints:
        return np.argsort(self.users, kind="stable")

    @cached_property
    def start(self) -> Ints:
        """int64[users + 1]: where each user's items begin in `by_user`."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.users, minlength=self.user_count))]).astype(np.int64)

    @cached_property
    def by_user(self) -> Ints:
        return self.items[self._order]

    @cached_property
    def counts(self) -> Ints:
        """int64[items]: how many positives each has."""
        return np.bincount(self.items, minlength=self.item_count)

    def of(self, user: int) -> Ints:
        return self.by_user[self.start[user] : self.start[user + 1]]

    def turned(self) -> "Positives":
        """The same pairs with users and items exchanged."""
        return Positives(self.items, self.users, self.item_count, self.user_count)

    def steps(self) -> Ints:
        """int64[pairs]: the how-manieth of its user each pair is, from 0."""
        steps = np.empty(self.users.size, dtype=np.int64)
        steps[self._order] = np.arange(self.users.size) - np.repeat(self.start[:-1], np.diff(self.start))
        return steps

    def in_turns(self) -> Ints:
        """An order of the pairs in which everybody takes their first item, then everybody their second, and so on."""
        return np.lexsort((self.users, self.steps()))

    def without_last(self) -> tuple["Positives", Ints]:
        """The log without each user's last item, and that item: int64[users], -1 for a user with fewer than two."""
        sizes = np.diff(self.start)
        last = np.full(self.user_count, -1, dtype=np.int64)
        last[sizes > 1] = self.by_user[self.start[1:][sizes > 1] - 1]
        kept = self.steps() < np.maximum(sizes - 1, 1)[self.users]
        return Positives(self.users[kept], self.items[kept], self.user_count, self.item_count), last


def positives(users: Ints, items: Ints, item_count: int = 0) -> Positives:
    return Positives(users, items, int(users.max()) + 1, max(int(items.max()) + 1, item_count))
