"""Freehold's own rows. The only place here that knows its recommender, by its public door."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from freehold.domain.ids import AccountId, ClipId, PageId, ViewerId
from freehold.domain.watch import Item, Watch
from freehold.recommender import ONE, Head, Learner, TermName, Weights, arrange, watch_rows
from protocols.baselines import Matrix, Scorer
from protocols.data import Bools, Floats, Ints, Positives
from protocols.kuairand import Past, Stream
from protocols.swipers import World
from protocols.walkers import Guess

DURATION_MS = 10_000
LEFT_AFTER_MS = 1000
START_US = 1_760_000_000_000_000
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
WATCHES_A_BATCH = 4096
GATHERED = 4096
"""Candidates asked for in E and F: as many as the learner gives at most."""
HISTORY_SURFACE = 15
"""No tab of KuaiRand has this number."""


_weights = [Weights()]


def use(weights: Weights) -> None:
    """For every learner from now on."""
    _weights[0] = weights


def clip(item: int, tags: Iterable[object] = (), published_at_us: int = 0) -> Item:
    """Where nothing is known of authors, each clip has its own."""
    named = tuple(f"t{tag}" for tag in tags)
    return Item(ClipId(item), AccountId(item), None, named, DURATION_MS, published_at_us)


def viewer_of(user: int) -> ViewerId:
    return ViewerId(user + 1)


def good_or_left(user: int, item: int, good: bool, at_us: int) -> Watch:
    """A positive is a clip played twice, anything else one left after a second."""
    watched_ms = 2 * DURATION_MS if good else LEFT_AFTER_MS
    return Watch(
        viewer_of(user),
        ClipId(item),
        PageId(0),
        0,
        at_us,
        watched_ms,
        2 * good,
        not good,
        liked=False,
        not_interested=False,
    )


def told(learner: Learner, log: Positives, known: Ints) -> int:
    """What of the log is of known clips, in turns, a minute from turn to turn; when it ends, in µs.

    Nothing says what was put before these viewers: the learner takes each positive as a choice.
    """
    order = log.in_turns()
    order = order[np.isin(log.items[order], known)]
    steps = log.steps()[order]
    rows = zip(log.users[order].tolist(), log.items[order].tolist(), steps.tolist(), strict=True)
    watches = [good_or_left(user, item, True, START_US + step * MINUTE_US) for user, item, step in rows]
    for start in range(0, len(watches), WATCHES_A_BATCH):
        learner.learn_rows(watch_rows(watches[start : start + WATCHES_A_BATCH]))
    return START_US + (int(steps.max(initial=0)) + 1) * MINUTE_US


def learned(log: Positives, tags: dict[int, list[int]]) -> tuple[Learner, int]:
    """A learner that was told the log, and the time after it. `tags` names all clips; empty: those of the log."""
    learner = Learner(_weights[0])
    known = np.array(sorted(tags), dtype=np.int64) if tags else np.flatnonzero(log.counts)
    learner.add_items(clip(item, tags.get(item, ())) for item in known.tolist())
    return learner, told(learner, log, known)


def totals(learner: Learner, user: int, items: list[ClipId], at_us: int) -> Floats:
    """The scores of clips that are there, in their order, without what tries the uncertain."""
    scores = learner.score(learner.consider(viewer_of(user), items, at_us))
    return (scores.total - scores.terms[:, TermName.TRYING]).astype(np.float64)


def ranks(log: Positives, tags: dict[int, list[int]], users: Ints, items: Ints) -> Floats:
    """float[users, items]: every item scored for every user."""
    learner, at_us = learned(log, tags)
    clips = [ClipId(item) for item in items.tolist()]
    return np.stack([totals(learner, user, clips, at_us) for user in users.tolist()])


def pair_scores(log: Positives, users: Ints, items: Ints) -> Floats:
    """float[pairs], for pairs in the order of their users."""
    learner, at_us = learned(log, {item: [] for item in np.union1d(log.items, items).tolist()})
    cuts = np.flatnonzero(np.diff(users)) + 1
    parts = zip(users[np.concatenate([[0], cuts])].tolist(), np.split(items, cuts), strict=True)
    return np.concatenate(
        [totals(learner, user, [ClipId(item) for item in mine.tolist()], at_us) for user, mine in parts]
    )


def next_clips(log: Positives) -> Scorer:
    """What is gathered for a viewer a minute after its last, by its score; the rest is behind it, in no order."""
    learner, _ = learned(log, {})
    turns = np.bincount(log.users, minlength=log.user_count)

    def score(users: Ints) -> Matrix:
        out = np.full((users.size, log.item_count), -np.inf, dtype=np.float32)
        for place, user in enumerate(users.tolist()):
            at_us = START_US + int(turns[user]) * MINUTE_US
            scores = learner.score(learner.gather(viewer_of(user), at_us, user, GATHERED))
            out[place, scores.candidates.clip_ids] = scores.total - scores.terms[:, TermName.TRYING]
        return out

    return score


class EngineSwiper:
    """Protocols B and G: gather, score and arrange a page, then learn each watch; a second from swipe to swipe.

    Weights are those given, but for the draws a page: with one clip a page instead of ten there are a tenth of them.
    `new` names the clips that are published when the log ends.
    """

    def __init__(
        self, world: World, tags: dict[int, list[int]], page_count: int = 1, new: Collection[int] = frozenset()
    ) -> None:
        self._items = world.items.tolist()
        self._place = {item: place for place, item in enumerate(self._items)}
        self._users = world.users.tolist()
        self._count = page_count
        self._pages: dict[int, list[int]] = defaultdict(list)
        given = _weights[0]
        self._learner = Learner(replace(given, random_per_65536=given.random_per_65536 * page_count // 10))
        known = [item for item in (self._items if world.log is None else tags) if item not in new]
        self._learner.add_items(clip(item, tags[item]) for item in known)
        self._at_us = START_US
        if world.log is not None:
            self._at_us = told(self._learner, world.log, np.array(known, dtype=np.int64))
            for item in set(known).difference(self._items):
                self._learner.remove_item(ClipId(item))
        self._learner.add_items(clip(item, tags[item], self._at_us) for item in sorted(new))

    def choose(self, viewer: int, unseen: Bools) -> int:
        self._at_us += SECOND_US
        if not self._pages[viewer]:
            viewer_id = viewer_of(self._users[viewer])
            scores = self._learner.score(self._learner.gather(viewer_id, self._at_us, self._at_us))
            page = arrange(scores, self._at_us, self._count)
            self._pages[viewer] = [self._place[placed.clip_id] for placed in page] or [int(np.flatnonzero(unseen)[0])]
        return self._pages[viewer].pop(0)

    def learn(self, viewer: int, clip: int, good: bool) -> None:
        user, item = self._users[viewer], self._items[clip]
        self._learner.note_impressions(viewer_of(user), [ClipId(item)], self._at_us)
        self._learner.learn(good_or_left(user, item, good, self._at_us))


class EngineWalker:
    """Protocol D. Of the learner's chances, its watch times and its score, which is what orders a page."""

    gives_chances = True

    def __init__(self, stream: Stream) -> None:
        self._shown = stream.shown
        self._learner = Learner(_weights[0])
        lengths, catalogue = stream.lengths_ms, stream.catalogue
        oldest = np.argsort(catalogue.published_ms, kind="stable").tolist()
        self._learner.add_items(
            Item(
                ClipId(item),
                AccountId(int(catalogue.author[item])),
                None,
                tuple(f"t{tag}" for tag in catalogue.tags[item]),
                int(lengths[item]),
                int(catalogue.published_ms[item]) * 1000,
            )
            for item in oldest
        )
        self._lengths, self._author = lengths, catalogue.author

    def remember(self, past: Past) -> None:
        """A long view is a clip played once, anything else one left after a second."""
        for viewer, item, at_ms, long, like in zip(*(column.tolist() for column in past.columns()), strict=True):
            length_ms = int(self._lengths[item])
            watched_ms = length_ms if long else min(LEFT_AFTER_MS, length_ms)
            self._learner.note_impressions(viewer_of(viewer), [ClipId(item)], at_ms * 1000)
            self._learner.learn(_watch(viewer, item, at_ms, watched_ms, length_ms, bool(like), surface=HISTORY_SURFACE))

    def guess(self, at: int) -> Guess:
        shown = self._shown
        item = [ClipId(int(shown.clip[at]))]
        considered = self._learner.consider(
            viewer_of(int(shown.viewer[at])), item, int(shown.at_ms[at]) * 1000, int(shown.tab[at])
        )
        chances = self._learner.chances(considered)[0] / ONE
        times = self._learner.watch_times(considered)
        return (
            float(chances[Head.PAST_7_S]),
            float(chances[Head.LONG]),
            float(chances[Head.LIKE]),
            float(times.median_ms()[0]) / 1000,
        )

    def learn(self, at: int) -> None:
        shown = self._shown
        viewer, item, at_ms = int(shown.viewer[at]), int(shown.clip[at]), int(shown.at_ms[at])
        self._learner.note_impressions(viewer_of(viewer), [ClipId(item)], at_ms * 1000)
        if shown.follow[at]:
            self._learner.follow(viewer_of(viewer), AccountId(int(self._author[item])))
        self._learner.learn(
            _watch(
                viewer,
                item,
                at_ms,
                int(shown.play_ms[at]),
                int(shown.duration_ms[at]),
                bool(shown.like[at]),
                bool(shown.hate[at]),
                int(shown.tab[at]),
            )
        )


def _watch(
    viewer: int,
    item: int,
    at_ms: int,
    watched_ms: int,
    length_ms: int,
    liked: bool,
    hated: bool = False,
    surface: int = 0,
) -> Watch:
    completions = watched_ms // max(length_ms, 1)
    return Watch(
        viewer_of(viewer),
        ClipId(item),
        PageId(0),
        0,
        at_ms * 1000,
        watched_ms,
        completions,
        completions == 0,
        liked,
        hated,
        surface,
    )
