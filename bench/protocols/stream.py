"""D: KuaiRand's standard feed in the order of time: each impression is guessed, then learned.

Settings are chosen on 25 to 30 April, the figures are of 1 to 8 May; the walk begins on 25 April in both. What viewers
watched before may be learned first: it has clips, long views and likes in each viewer's order, but neither clicks nor
times. `--late` learns everything, the history apart, an hour or a day after it happened.
"""

from collections.abc import Callable, Iterator

import numpy as np

from protocols import engine, metrics, walkers
from protocols.data import Bools, Floats, Ints
from protocols.kuairand import CLIPS, FEED, HISTORY, Past, Stream
from protocols.report import Figures, Options, Row, Trial, measured
from protocols.walkers import CLICK, HEADS, LIKE, LONG, WATCH_S, Walker

FIRST_REPORTED_DATE = 20220501


def walk(walker: Walker, past: Past, at_ms: Ints, late_ms: int) -> Floats:
    """float[impressions, HEADS]: the guesses. One is made only of what happened before, and `late_ms` before it."""
    walker.remember(past)
    guesses = np.empty((at_ms.size, HEADS))
    learned = 0
    times = at_ms.tolist()
    for at, now_ms in enumerate(times):
        while learned < at and times[learned] + late_ms <= now_ms:
            walker.learn(learned)
            learned += 1
        guesses[at] = walker.guess(at)
    return guesses


def _order(guesses: Floats, good: Ints, groups: Ints) -> tuple[float, float]:
    if np.isnan(guesses).all():
        return float("nan"), float("nan")
    return metrics.auc(guesses, good > 0), metrics.gauc(guesses, good > 0, groups)


def _bias(chances: Floats, came_true: Ints) -> float:
    return float(chances.mean() - came_true.mean()) if chances.size else float("nan")


def figures(stream: Stream, guesses: Floats, counted: Bools, gives_chances: bool) -> Figures:
    """Over the impressions counted. `new`: of clips that had been watched fewer than five times; their bias is how
    much the mean chance of a click was above what came true."""
    shown, session = stream.shown, stream.session[counted]
    heads = guesses[counted].T
    click, click_by_session = _order(heads[CLICK], shown.click[counted], session)
    long, long_by_session = _order(heads[LONG], shown.long[counted], session)
    new = counted & stream.new
    watched_s = stream.capped_s[counted]
    return {
        "click": click,
        "GAUC": click_by_session,
        "long": long,
        "long GAUC": long_by_session,
        "like": _order(heads[LIKE], shown.like[counted], session)[0],
        "MAE s": float(np.abs(heads[WATCH_S] - watched_s).mean()),
        "XAUC": float("nan") if np.isnan(heads[WATCH_S]).any() else metrics.xauc(heads[WATCH_S], watched_s),
        "new click": _order(guesses[new, CLICK], shown.click[new], stream.session[new])[0],
        "new long": _order(guesses[new, LONG], shown.long[new], stream.session[new])[0],
        "new bias": _bias(guesses[new, CLICK], shown.click[new]) if gives_chances else float("nan"),
    }


def rows(options: Options) -> Iterator[Row]:
    stream = Stream(options.data)
    counted = (stream.shown.date < FIRST_REPORTED_DATE) == options.tuning

    def over(make: Callable[[Stream], Walker]) -> Figures:
        walker = make(stream)
        guesses = walk(walker, stream.past, stream.shown.at_ms, options.late_ms)
        return figures(stream, guesses, counted, walker.gives_chances)

    makers: dict[str, Callable[[Stream], Walker]] = {**walkers.PEERS, "freehold": engine.EngineWalker}
    yield from measured(options, {name: lambda make=make: over(make) for name, make in makers.items()})  # type: ignore[misc]


TRIAL = Trial("KuaiRand, the standard feed in the order of time", (FEED, HISTORY, CLIPS), rows)
