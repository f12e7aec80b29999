"""Rows of figures, with the processor time that each took."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Figures = dict[str, float]
"""By column; NaN where a row has no such figure."""


@dataclass(frozen=True, slots=True)
class Options:
    data: Path
    tuning: bool = False
    only: frozenset[str] = frozenset()
    """Names of rows; empty: all."""
    late_ms: int = 0
    """Protocol D: how much later than it happened an impression is learned."""

    def wants(self, name: str) -> bool:
        return not self.only or name in self.only


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    figures: Figures
    cpu_s: float

    def as_json(self) -> dict[str, object]:
        """A figure that does not exist is null."""
        figures = {name: None if np.isnan(value) else value for name, value in self.figures.items()}
        return {"name": self.name, "figures": figures, "cpu_s": round(self.cpu_s, 1)}


@dataclass(frozen=True, slots=True)
class Trial:
    """One protocol: what it is, the files it needs, its rows."""

    title: str
    needs: tuple[str, ...]
    rows: Callable[[Options], Iterator[Row]]


def measured(options: Options, peers: dict[str, Callable[[], Figures]]) -> Iterator[Row]:
    for name, work in peers.items():
        if options.wants(name):
            begun = time.process_time()
            yield Row(name, work(), time.process_time() - begun)


def _figure(value: float) -> str:
    if np.isnan(value):
        return "-"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"


def lines(row: Row, first: bool) -> Iterator[str]:
    """A row of a table, under its head where it is the first."""
    if first:
        yield f"{'':20}" + "".join(f"{name:>11}" for name in row.figures) + f"{'cpu s':>9}"
    yield f"{row.name:20}" + "".join(f"{_figure(value):>11}" for value in row.figures.values()) + f"{row.cpu_s:9.1f}"
