"""The learner alone: CPU of a watch and of a page of 1,000 candidates, and its memory, at 100,000 clips and viewers.

    python bench/learner.py [--clips 100000] [--viewers 100000] [--watches 3] [--pages 2000]

No server and no database. Viewers and clips are drawn uniformly, which is the worst case for a processor's caches.
"""

import argparse
import json
import time

import numpy as np

from freehold.domain.ids import AccountId, ClipId, ViewerId
from freehold.domain.watch import Item
from freehold.recommender import Learner, arrange, kernels, warm_up

AT_US = 1_760_000_000_000_000
MINUTE_US = 60_000_000
DURATION_MS = 10_000
CANDIDATES = 1000
MIB = 1 << 20


def filled(clips: int) -> Learner:
    """A twentieth as many authors, two tags each."""
    learner = Learner()
    authors = max(clips // 20, 1)
    learner.add_items(
        Item(ClipId(n), AccountId(n % authors), None, (f"t{n % 300}", f"u{n % 17}"), DURATION_MS, 0)
        for n in range(clips)
    )
    return learner


def watches_of(viewer: int, clips: list[int], random: np.random.Generator) -> np.ndarray:
    rows = np.zeros((len(clips), kernels.WATCH_COLUMNS), dtype=np.int64)
    good = random.random(len(clips)) < 0.4
    rows[:, kernels.W_VIEWER], rows[:, kernels.W_CLIP], rows[:, kernels.W_AT_US] = viewer, clips, AT_US
    rows[:, kernels.W_WATCHED_MS] = np.where(good, DURATION_MS, 1000)
    rows[:, kernels.W_COMPLETIONS], rows[:, kernels.W_SKIPPED] = good, ~good
    return rows


def watch_us(learner: Learner, viewers: int, watches: int, clips: int) -> float:
    """CPU of one watch, in microseconds. Each viewer's are learned together, after they were put on a page."""
    random = np.random.default_rng(0)
    spent = 0.0
    for viewer in range(viewers):
        shown = random.integers(0, clips, watches).tolist()
        learner.note_impressions(ViewerId(viewer), [ClipId(clip) for clip in shown], AT_US)
        rows = watches_of(viewer, shown, random)
        start = time.process_time()
        learner.learn_rows(rows)
        spent += time.process_time() - start
    return spent / (viewers * watches) * 1e6


def choice_us(learner: Learner, viewers: int, choices: int, clips: int) -> float:
    """As `watch_us`, of clips that were not put on a page but looked for: these move the vectors, too."""
    random = np.random.default_rng(2)
    spent = 0.0
    for viewer in range(viewers):
        rows = watches_of(viewer, random.integers(0, clips, choices).tolist(), random)
        start = time.process_time()
        learner.learn_rows(rows)
        spent += time.process_time() - start
    return spent / (viewers * choices) * 1e6


def page_ms(learner: Learner, first: int, viewers: int, pages: int) -> tuple[float, float]:
    """CPU of gathering, scoring and arranging a page of ten, in milliseconds: p50 and p99."""
    random = np.random.default_rng(1)
    spent = []
    for seed in range(pages):
        viewer = ViewerId(int(random.integers(first, viewers)))
        start = time.process_time()
        arrange(learner.score(learner.gather(viewer, AT_US + MINUTE_US, seed, CANDIDATES)), seed)
        spent.append((time.process_time() - start) * 1e3)
    return float(np.percentile(spent, 50)), float(np.percentile(spent, 99))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--viewers", type=int, default=100_000)
    parser.add_argument("--watches", type=int, default=3)
    parser.add_argument("--pages", type=int, default=2000)
    chosen = parser.parse_args()
    warm_up()
    learner = filled(chosen.clips)
    of_clips = learner.memory_bytes / MIB
    us = watch_us(learner, chosen.viewers, chosen.watches, chosen.clips)
    choosers = max(chosen.viewers // 20, 1)
    watchers = min(choosers, chosen.viewers - 1)
    choice = choice_us(learner, choosers, 2 * chosen.watches, chosen.clips)
    p50, p99 = page_ms(learner, watchers, chosen.viewers, chosen.pages)
    chooser_p50, chooser_p99 = page_ms(learner, 0, choosers, chosen.pages)
    found = {
        "watch_cpu_us": round(us, 1),
        "watch_of_limit": round(us / 20, 2),
        "choice_cpu_us": round(choice, 1),
        "choice_of_limit": round(choice / 20, 2),
        "page_p50_ms": round(p50, 2),
        "page_p50_of_limit": round(p50 / 5, 2),
        "page_p99_ms": round(p99, 2),
        "page_p99_of_limit": round(p99 / 15, 2),
        "chooser_page_p50_ms": round(chooser_p50, 2),
        "chooser_page_p99_ms": round(chooser_p99, 2),
        "clips_mib": round(of_clips),
        "all_mib": round(learner.memory_bytes / MIB),
        "memory_of_limit": round(learner.memory_bytes / 400e6, 2),
    }
    print("\n".join(f"{name:20} {value:>8}" for name, value in found.items()))
    print(json.dumps({"bench": "learner", **found}))


if __name__ == "__main__":
    main()
