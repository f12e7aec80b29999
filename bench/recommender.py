"""How good the feed is: protocols A to G on public logs of real viewers, beside the peers.

    python bench/recommender.py [a b1 b2 b3 c d e f g] [--tune] [--only NAME,...] [--late hour|day]
                                [--weight NAME=VALUE]... [--json]

a   KuaiRec, static: rank the clips that every viewer of the truth has watched
b1  swipe replay on KuaiRec's truth, the viewers' own log known; b2: nothing known; b3: new viewers on a live instance
c   KuaiRand: learn the standard feed, rank what was shown at random
d   KuaiRand: the standard feed in the order of time, each impression guessed before it is learned
e   MicroLens-50k, f MovieLens-1M: each viewer's last item among all
g   KuaiRec, new clips on a live instance: the reward of their first watches

Without names, all. `--tune` gives the figures that settings may be chosen on, without it the ones to report: never the
same viewers, days or items. `--late` (d) learns everything an hour or a day late. `--weight` gives Freehold's row
another weight than its own: a gain of 0 shows what a part is worth. Data: FREEHOLD_DATA; a protocol whose files are
absent is skipped, and named at the end, and the exit status is then 3.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace

from protocols import data, engine, exposed, new_clips, next_clip, static, stream, swipes
from protocols.report import Options, Row, Trial, lines

from freehold.recommender import Weights

TRIALS: dict[str, Trial] = {
    "a": static.TRIAL,
    **swipes.TRIALS,
    "c": exposed.TRIAL,
    "d": stream.TRIAL,
    **next_clip.TRIALS,
    "g": new_clips.TRIAL,
}
LATE_MS = {"hour": 3_600_000, "day": 86_400_000}
SKIPPED = 3


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("protocols", nargs="*", metavar="PROTOCOL", help=" ".join(TRIALS))
    parser.add_argument("--tune", action="store_true", help="the figures that settings may be chosen on")
    parser.add_argument("--only", default="", help="names of rows, with commas between")
    parser.add_argument("--late", choices=list(LATE_MS), help="d: learn so much later")
    parser.add_argument("--weight", action="append", default=[], metavar="NAME=VALUE", help="as freehold feed weights")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each protocol, too")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.protocols if name not in TRIALS]
    if unknown:
        parser.error(f"there is no protocol {', '.join(unknown)}; there are {' '.join(TRIALS)}")
    try:
        engine.use(replace(Weights(), **dict(map(_weight, chosen.weight))))
    except (TypeError, ValueError):
        parser.error(f"--weight takes NAME=VALUE, a whole number for one of {', '.join(asdict(Weights()))}")
    return chosen


def _weight(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    return name, int(value)


def shown(name: str, trial: Trial, options: Options, as_json: bool) -> None:
    print(f"\n{name}: {trial.title}" + (" (to choose settings on)" if options.tuning else ""), flush=True)
    kept: list[Row] = []
    for row in trial.rows(options):
        kept.append(row)
        print("\n".join(lines(row, first=len(kept) == 1)), flush=True)
    if as_json:
        print(json.dumps({"protocol": name, "tuning": options.tuning, "rows": [row.as_json() for row in kept]}))


def main(arguments: list[str]) -> int:
    chosen = parsed(arguments)
    only = frozenset(filter(None, chosen.only.split(",")))
    options = Options(data.folder(), chosen.tune, only, LATE_MS.get(chosen.late, 0))
    skipped = []
    for name in chosen.protocols or TRIALS:
        missing = data.absent(options.data, TRIALS[name].needs)
        if missing:
            skipped.append(f"skipped {name}: {', '.join(missing)} not in {options.data}")
        else:
            shown(name, TRIALS[name], options, chosen.json)
    print("\n".join(skipped), file=sys.stderr, end="\n" if skipped else "")
    return SKIPPED if skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
