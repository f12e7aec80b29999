"""The online learner: everything it knows is a fold over what it was told, in order.

    learner = Learner()
    learner.add_items(items)
    learner.learn(watch)
    candidates = learner.gather(viewer_id, at_us, seed)
    scores = learner.score(candidates)
    page = arrange(scores, seed)
    learner.note_impressions(viewer_id, [placed.clip_id for placed in page], at_us)

Single-threaded and not thread-safe. Clip, account, sound and viewer ids are from 0 to 2 ** 63 - 2.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Self

import numpy as np

from freehold.domain.ids import AccountId, ClipId, ViewerId
from freehold.domain.watch import GATHERED, Item, Source, Surface, Watch
from freehold.recommender import kernels, snapshots, tables
from freehold.recommender.candidates import Candidates, Head, Ints, Scores, Term, TermName, WatchTimes
from freehold.recommender.kernels import State
from freehold.recommender.weights import Weights

(
    EVENT_ITEM,
    EVENT_SHOWN,
    EVENT_REMOVE,
    EVENT_FOLLOW,
    EVENT_UNFOLLOW,
    EVENT_FORGET,
    EVENT_WEIGHTS,
    EVENT_RESET,
    EVENT_WISH,
    EVENT_PROFILED,
    EVENT_REACTION,
) = range(1, 12)
NO_ROWS: Ints = np.zeros(0, dtype=np.int64)
MINUTE_US = 60_000_000
MAX_CANDIDATES = 4096
LEARNED_AT_ONCE = 256

TEXTS = {
    TermName.QUALITY: "How well it is watched, by everybody so far and as its author, tags, sound and length suggest",
    TermName.TRYING: "How unsure that still is: some viewers are shown it sooner, others later",
    TermName.TAGS: "How you watch clips with these tags or this sound, against what was expected",
    TermName.AUTHOR: "How you watch this author's clips, against what was expected",
    TermName.LENGTH: "How you watch clips of about this length, against what was expected",
    TermName.NEAR: "How often it goes together with the clips you last watched to the end",
    TermName.ALIKE: "Who chooses what you choose chooses it too",
    TermName.FOLLOW: "You follow the author",
    TermName.FRESH: "It is new",
    TermName.WISH: "You asked for more of this",
    TermName.HABIT: "How much of what it is watched for you do more or less than others",
}
FEWER = "You asked for fewer of this"
UNLIKE = "Who chooses what you choose seldom chooses it"
REACTIONS = frozenset({Head.SHARE, Head.COMMENT, Head.FOLLOW})
WISHED_KINDS = {"tag": kernels.KIND_TAG, "author": kernels.KIND_AUTHOR}


class Learner:
    """One per process."""

    def __init__(self, weights: Weights | None = None) -> None:
        self.weights = weights or Weights()
        self._state: State = tables.empty(self.weights.array())
        self._groups: dict[tuple[int, int | str], int] = {}
        self._follows: dict[int, Ints] = {}
        self._heard: dict[int, int] = {}
        """The row of the last clip that came with a sound; what the state itself tells."""
        self._page = 0
        self._one = np.zeros((1, kernels.WATCH_COLUMNS), dtype=np.int64)
        self._group(kernels.KIND_ALL, 0)
        self._chain(EVENT_WEIGHTS, digest=repr(self.weights))

    # What is told to it

    def add_item(self, item: Item) -> None:
        """A published clip. One that is there already stays as it is; one that was removed comes back."""
        row = self._row(item.clip_id)
        if row >= 0 and self._state.clip[row, kernels.C_LIVE]:
            return
        if row >= 0:
            self._rewrite(row, item)
            return
        self._state = tables.with_room(self._state, clips=1, groups=len(item.tags) + 3)
        row = int(self._state.meta[kernels.M_CLIPS])
        self._state.meta[kernels.M_CLIPS] += 1
        kernels.put_row(self._state, row, self._columns(item, row))
        self._chain(EVENT_ITEM, item.clip_id, digest=repr(astuple(item)))

    def add_items(self, items: Iterable[Item]) -> None:
        """Oldest first: the last to come are the freshest."""
        for item in items:
            self.add_item(item)

    def update_item(self, item: Item) -> None:
        """New tags, sound or length for a clip that is there; what was learned of it stays."""
        row = self._row(item.clip_id)
        if row < 0 or not self._state.clip[row, kernels.C_LIVE]:
            return
        kernels.delist(self._state, row)
        self._rewrite(row, item)

    def remove_item(self, clip_id: ClipId) -> None:
        """Withdrawn or withheld from everybody: never gathered again, whatever points to it."""
        row = self._row(clip_id)
        if row >= 0 and self._state.clip[row, kernels.C_LIVE]:
            kernels.delist(self._state, row)
            self._chain(EVENT_REMOVE, clip_id)

    def learn(self, watch: Watch) -> None:
        """Seen by the next gather. A watch of an unknown clip is counted and otherwise ignored."""
        self._one[0] = _columns_of(watch)
        self.learn_rows(self._one)

    def learn_batch(self, watches: Sequence[Watch]) -> None:
        """The same as learning them one by one, in order."""
        self.learn_rows(watch_rows(watches))

    def learn_rows(self, rows: Ints) -> None:
        """int64[watches, kernels.WATCH_COLUMNS], columns as the kernels.W_ constants say."""
        for start in range(0, rows.shape[0], LEARNED_AT_ONCE):
            part = rows[start : start + LEARNED_AT_ONCE]
            room = part.shape[0]
            self._state = tables.with_room(
                self._state, viewers=room, tastes=room * kernels.MAX_GROUPS, seen=room, choices=room
            )
            kernels.learn_watches(self._state, part)

    def react(self, viewer_id: ViewerId, clip_id: ClipId, head: Head, at_us: int) -> None:
        """`head`, one of REACTIONS, came true: counts once for a viewer and a clip, and not for the clip's author."""
        assert head in REACTIONS, head
        row = self._row(clip_id)
        self._chain(EVENT_REACTION, viewer_id, clip_id, digest=f"{head.name} {at_us}")
        if row < 0 or self._state.clip[row, kernels.C_AUTHOR_ID] == viewer_id:
            return
        self._state = tables.with_room(self._state, viewers=1, tastes=kernels.MAX_GROUPS, seen=1)
        kernels.learn_reaction(self._state, viewer_id, row, head, at_us // MINUTE_US)

    def note_impressions(self, viewer_id: ViewerId, clip_ids: Sequence[ClipId], at_us: int) -> None:
        """These were put on a page: they count as shown. What is watched of them stays away for the seen window, the
        rest for `unwatched_min`."""
        self._state = tables.with_room(self._state, viewers=1, seen=len(clip_ids))
        kernels.note_shown(self._state, viewer_id, np.array(clip_ids, dtype=np.int64), at_us // MINUTE_US)

    def follow(self, viewer_id: ViewerId, author_id: AccountId) -> None:
        self._state = tables.with_room(self._state, groups=1)
        group = self._group(kernels.KIND_AUTHOR, author_id)
        self._follows[viewer_id] = np.union1d(self._follows.get(viewer_id, NO_ROWS), np.array([group], dtype=np.int64))
        self._chain(EVENT_FOLLOW, viewer_id, author_id)

    def unfollow(self, viewer_id: ViewerId, author_id: AccountId) -> None:
        follows = self._follows.get(viewer_id, NO_ROWS)
        group = self._groups.get((kernels.KIND_AUTHOR, author_id), kernels.NONE)
        self._follows[viewer_id] = follows[follows != group]
        if not self._follows[viewer_id].size:
            del self._follows[viewer_id]
        self._chain(EVENT_UNFOLLOW, viewer_id, author_id)

    def forget_viewer(self, viewer_id: ViewerId) -> None:
        """Everything that is the viewer's own goes at once; sums over everybody stay. Costs a pass over the tables."""
        self._follows.pop(viewer_id, None)
        row = kernels.find_viewer(self._state, viewer_id)
        if row >= 0:
            self._state = tables.without_viewer(self._state, int(row))
        self._chain(EVENT_FORGET, viewer_id)

    def reset_viewer(self, viewer_id: ViewerId) -> None:
        """As `forget_viewer`, but what was chosen stays: the next page is a newcomer's who follows and wishes these."""
        follows, is_profiled = self._follows.get(viewer_id), self.is_profiled(viewer_id)
        row = int(kernels.find_viewer(self._state, viewer_id))
        wishes = tables.wishes_of(self._state, row) if row >= 0 else []
        self.forget_viewer(viewer_id)
        if follows is not None:
            self._follows[viewer_id] = follows
        for group, level in wishes:
            self._put_wish(viewer_id, group, level)
        if not is_profiled:
            self._put_profiled(viewer_id, False)
        self._chain(EVENT_RESET, viewer_id)

    def set_wish(self, viewer_id: ViewerId, kind: str, name: int | str, level: int) -> None:
        """`kind`: "tag", with its name, or "author", with the id. `level`: -2 for none at all, to 2 for many more."""
        self._state = tables.with_room(self._state, groups=1)
        self._put_wish(viewer_id, self._group(WISHED_KINDS[kind], name), level)
        self._chain(EVENT_WISH, viewer_id, level, digest=f"{kind} {name}")

    def set_profiled(self, viewer_id: ViewerId, is_profiled: bool) -> None:
        """Unprofiled, nothing that the viewer watched has a part in its pages, and nothing more is learned of it."""
        self._put_profiled(viewer_id, is_profiled)
        self._chain(EVENT_PROFILED, viewer_id, int(is_profiled))

    def set_weights(self, weights: Weights) -> None:
        """From the next page on. What was learned stays."""
        self._state = tables.without_spent(self._state, "seen_key")
        self.weights = weights
        self._state.weights[:] = weights.array()
        self._chain(EVENT_WEIGHTS, digest=repr(weights))

    # What is asked of it

    def is_profiled(self, viewer_id: ViewerId) -> bool:
        row = int(kernels.find_viewer(self._state, viewer_id))
        return row < 0 or not self._state.viewer[row, kernels.V_UNPROFILED]

    def largest_tags(self, count: int) -> list[str]:
        """Those that most clips carry, the most first. Costs a pass over the groups."""
        names = list(self._groups)
        sizes = self._state.group[: len(names), kernels.G_SIZE]
        is_tag = self._state.group[: len(names), kernels.G_KIND] == kernels.KIND_TAG
        rows = np.flatnonzero(is_tag & (sizes > 0))
        rows = rows[np.argsort(-sizes[rows], kind="stable")][:count]
        return [str(names[row][1]) for row in rows.tolist()]

    def gather(
        self,
        viewer_id: ViewerId,
        at_us: int,
        seed: int,
        count: int = GATHERED,
        exclude: Sequence[ClipId] = (),
        again: bool = False,
    ) -> Candidates:
        """Up to `count` clips (at most MAX_CANDIDATES) that the viewer has not seen inside the window, nor refused.

        `seed` (0 to 2 ** 64 - 1) draws the sample of the catalogue, of the unproven and of those followed.
        Nor what was put on a page within `unwatched_min`, watched or not; `again`: unless it was never watched.
        Fewer than `count` is usual; none means that the viewer is up to date.
        """
        rows, sources, near = (np.empty(min(count, MAX_CANDIDATES), dtype=np.int64) for _ in range(3))
        self._page += 1
        size = kernels.gather_rows(
            self._state,
            viewer_id,
            at_us // MINUTE_US,
            again,
            np.uint64(seed),
            rows.size,
            self._follows.get(viewer_id, NO_ROWS),
            np.array(exclude, dtype=np.int64),
            self._page,
            rows,
            sources,
            near,
        )
        rows = rows[:size]
        return Candidates(viewer_id, at_us, self._state.clip[rows, kernels.C_ID], rows, sources[:size], near[:size])

    def consider(
        self, viewer_id: ViewerId, clip_ids: Sequence[ClipId], at_us: int, surface: int = Surface.PAGE
    ) -> Candidates:
        """The given clips as candidates, seen or not: to score a page that came from elsewhere, or to explain it."""
        rows = np.array([row for row in map(self._row, dict.fromkeys(clip_ids)) if row >= 0], dtype=np.int64)
        near = np.empty_like(rows)
        self._page += 1
        kernels.consider_rows(self._state, viewer_id, at_us // MINUTE_US, self._page, rows, near)
        sources = np.full(rows.size, 1 << Source.DIRECT, dtype=np.int64)
        return Candidates(viewer_id, at_us, self._state.clip[rows, kernels.C_ID], rows, sources, near, surface)

    def score(self, candidates: Candidates) -> Scores:
        """No draws: trying the uncertain is a perturbation fixed for a viewer and a clip (kernels.normal_draw)."""
        rows = candidates.rows
        terms = np.zeros((rows.size, kernels.TERMS), dtype=np.int64)
        total = np.empty(rows.size, dtype=np.int64)
        kernels.score_rows(
            self._state,
            candidates.viewer_id,
            candidates.at_us // MINUTE_US,
            candidates.surface,
            self._follows.get(candidates.viewer_id, NO_ROWS),
            rows,
            candidates.near,
            terms,
            total,
        )
        clips = self._state.clip[rows]
        return Scores(
            candidates=candidates,
            total=total,
            terms=terms,
            authors=clips[:, kernels.C_AUTHOR_ID].copy(),
            sounds=clips[:, kernels.C_SOUND].copy(),
            kinds=np.where(
                clips[:, kernels.C_TAGS] > 0,
                clips[:, kernels.C_GROUP + kernels.FIRST_TAG],
                kernels.NONE,
            ),
            unproven=(clips[:, kernels.C_UNPROVEN] > 0).astype(np.uint8),
            random_per_65536=self.weights.random_per_65536,
        )

    def chances(self, candidates: Candidates) -> Ints:
        """int64[candidates, kernels.HEADS]: how likely each `Head` comes true for the viewer; kernels.ONE is 1.0."""
        chances = np.empty((candidates.rows.size, kernels.HEADS), dtype=np.int64)
        kernels.chance_rows(
            self._state,
            candidates.viewer_id,
            candidates.at_us // MINUTE_US,
            candidates.surface,
            candidates.rows,
            candidates.near,
            chances,
        )
        return chances

    def watch_times(self, candidates: Candidates) -> WatchTimes:
        """How long the viewer is likely to watch each of them."""
        return WatchTimes(self._state.clip[candidates.rows, kernels.C_DURATION_MS], self.chances(candidates))

    def has_seen(
        self, viewer_id: ViewerId, clip_ids: Sequence[ClipId], at_us: int, again: bool = False
    ) -> list[bool | None]:
        """For each clip whether `gather` would leave it out for this viewer; None for one that is unknown here."""
        marks = np.empty(len(clip_ids), dtype=np.int64)
        kernels.mark_barred(
            self._state, viewer_id, np.array(clip_ids, dtype=np.int64), at_us // MINUTE_US, again, marks
        )
        return [None if mark < 0 else mark > 0 for mark in marks.tolist()]

    def explain(self, scores: Scores, index: int) -> tuple[Term, ...]:
        """The terms of a candidate's score that are not nothing, weightiest first. They sum to the score exactly."""
        values = zip(TermName, scores.terms[index].tolist(), strict=True)
        terms = [Term(name, value, text_of(name, value)) for name, value in values]
        return tuple(sorted((term for term in terms if term.value), key=lambda term: -abs(term.value)))

    def __contains__(self, clip_id: ClipId) -> bool:
        row = self._row(clip_id)
        return row >= 0 and bool(self._state.clip[row, kernels.C_LIVE])

    def clips_by(self, author_id: AccountId) -> list[ClipId]:
        """The author's clips that are there. Costs a pass over the clips."""
        clips = self._state.clip[: int(self._state.meta[kernels.M_CLIPS])]
        mine = (clips[:, kernels.C_AUTHOR_ID] == author_id) & (clips[:, kernels.C_LIVE] > 0)
        return [ClipId(clip_id) for clip_id in clips[mine, kernels.C_ID].tolist()]

    @property
    def clip_count(self) -> int:
        return int(self._state.meta[kernels.M_LIVE])

    @property
    def viewer_count(self) -> int:
        """How many rows are in use, some of viewers that are forgotten."""
        return int(self._state.meta[kernels.M_VIEWERS])

    @property
    def learned_count(self) -> int:
        return int(self._state.meta[kernels.M_APPLIED])

    @property
    def ignored_count(self) -> int:
        """Watches and impressions of clips that are unknown here."""
        return int(self._state.meta[kernels.M_IGNORED])

    @property
    def memory_bytes(self) -> int:
        return sum(array.nbytes for array in self._state)

    # Snapshots

    def hash(self) -> str:
        """16 hex digits: a chain over the weights and every event applied so far, in order. Costs nothing."""
        return f"{int(self._state.meta[kernels.M_CHAIN]) & (1 << 64) - 1:016x}"

    def state_hash(self) -> str:
        """SHA-256 over the whole state: finds one changed bit anywhere. Costs a pass over everything."""
        return hashlib.sha256(self.snapshot()).hexdigest()

    def snapshot(self) -> bytes:
        return snapshots.pack(self._state, self.weights, self._groups, self._follows)

    @classmethod
    def restore(cls, data: bytes) -> Self:
        """The learner that gave `data`, to the last bit. Raises snapshots.SnapshotError."""
        learner = cls()
        learner._state, learner.weights, learner._groups, learner._follows = snapshots.unpack(data)
        for row in range(learner._state.meta[kernels.M_CLIPS]):
            if learner._state.clip[row, kernels.C_LIVE]:
                learner._heard[int(learner._state.clip[row, kernels.C_SOUND])] = row
        return learner

    # Inside

    def _put_wish(self, viewer_id: ViewerId, group: int, level: int) -> None:
        self._state = tables.with_room(self._state, viewers=1, wishes=1)
        kernels.put_wish(self._state, viewer_id, group, level)

    def _put_profiled(self, viewer_id: ViewerId, is_profiled: bool) -> None:
        self._state = tables.with_room(self._state, viewers=1)
        kernels.put_profiled(self._state, viewer_id, is_profiled)

    def _row(self, clip_id: int) -> int:
        return int(kernels.find_clip(self._state, clip_id))

    def _rewrite(self, row: int, item: Item) -> None:
        self._state = tables.with_room(self._state, groups=len(item.tags) + 3)
        columns = self._columns(item, row)
        kept = self._state.clip[row].copy()
        for column in (kernels.C_SHOWN, kernels.C_N, kernels.C_CHOSEN, kernels.C_OUT, kernels.C_IN):
            columns[column] = kept[column]
        kernels.put_row(self._state, row, columns)
        self._chain(EVENT_ITEM, item.clip_id, 1, digest=repr(astuple(item)))

    def _columns(self, item: Item, row: int) -> Ints:
        """A clip's row, not yet in any list. Tags beyond the eighth are left out."""
        groups = [
            0,
            self._group(kernels.KIND_AUTHOR, item.author_id),
            self._group(kernels.KIND_LENGTH, min(item.duration_ms // 1000, 1023).bit_length()),
        ]
        groups += [self._group(kernels.KIND_TAG, tag) for tag in tuple(dict.fromkeys(item.tags))[: kernels.MAX_TAGS]]
        tags = len(groups) - kernels.FIRST_TAG
        if item.sound_id is not None and self._is_shared(item.sound_id, row):
            groups.append(self._group(kernels.KIND_SOUND, item.sound_id))
        columns = np.zeros(kernels.CLIP_COLUMNS, dtype=np.int64)
        columns[kernels.C_ID] = item.clip_id
        columns[kernels.C_AUTHOR] = groups[1]
        columns[kernels.C_AUTHOR_ID] = item.author_id
        columns[kernels.C_SOUND] = kernels.NONE if item.sound_id is None else item.sound_id
        columns[kernels.C_DURATION_MS] = item.duration_ms
        columns[kernels.C_PUBLISHED_MIN] = item.published_at_us // MINUTE_US
        columns[kernels.C_TAGS] = tags
        columns[kernels.C_GROUPS] = len(groups)
        columns[kernels.C_GROUP : kernels.C_GROUP + len(groups)] = groups
        return columns

    def _is_shared(self, sound_id: int, row: int) -> bool:
        """Whether a clip that is there has this sound, besides the one of `row`; the first of all joins the group."""
        if (kernels.KIND_SOUND, sound_id) in self._groups:
            return True
        other = self._heard.get(sound_id, kernels.NONE)
        self._heard[sound_id] = row
        if other in (kernels.NONE, row):
            return False
        clip = self._state.clip[other]
        if not clip[kernels.C_LIVE] or clip[kernels.C_SOUND] != sound_id:
            return False
        kernels.join_group(self._state, other, self._group(kernels.KIND_SOUND, sound_id))
        return True

    def _group(self, kind: int, name: int | str) -> int:
        """The row of a group, made where it is new; the caller has made room."""
        row = self._groups.get((kind, name))
        if row is None:
            row = self._groups[kind, name] = len(self._groups)
            self._state.meta[kernels.M_GROUPS] = row + 1
            self._state.group[row, kernels.G_KIND] = kind
            if kind == kernels.KIND_LENGTH:
                self._state.group[row, kernels.G_CLASS] = int(name)
        return row

    def _chain(self, event: int, a: int = 0, b: int = 0, digest: str = "") -> None:
        text = int.from_bytes(hashlib.blake2b(digest.encode(), digest_size=8).digest(), "big", signed=True)
        kernels.chain(self._state, event, a, b, text, 0)


def text_of(name: TermName, value: int) -> str:
    """A term in plain words, for the viewer."""
    if value < 0 and name is TermName.WISH:
        return FEWER
    return UNLIKE if value < 0 and name is TermName.ALIKE else TEXTS[name]


def watch_rows(watches: Sequence[Watch]) -> Ints:
    return np.array([_columns_of(watch) for watch in watches], dtype=np.int64).reshape(-1, kernels.WATCH_COLUMNS)


def _columns_of(watch: Watch) -> tuple[int, ...]:
    return (
        watch.viewer_id,
        watch.clip_id,
        watch.at_us,
        watch.watched_ms,
        watch.completions,
        watch.skipped,
        watch.liked,
        watch.not_interested,
        watch.surface,
    )
