"""The learner as a fold over what is stored: pages, watches and the journal, in the one order they were taken in.

A running feed and a replay fold by the same lines. Only reads.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from freehold.backends.database import Database
from freehold.domain.watch import Surface
from freehold.feed import candidates
from freehold.recommender import Learner, kernels
from freehold.store import journal, told, watch_log
from freehold.store import page as pages
from freehold.store.journal import Entry, Kind
from freehold.store.page import TOLD, LoggedPage, PageRow
from freehold.store.told import ToldReaction, ToldWeights, ToldWish
from freehold.store.watch_log import LoggedBatch, WatchBatch

"""The feeds whose pages the learner is told of: what either showed, neither shows again soon.
What was looked up (a profile, a tag, a link) counts once its watch is reported."""
READ_LIMIT = 500
GONE_WITH_CLIP = "what it told of its clip is gone, as the clip is"
GONE_WITH_ACCOUNT = "the wish that it told is gone, as the account is"
GONE_WITH_EITHER = "the reaction that it told is gone, as the account or the clip is"
RECORD_TYPE = np.dtype(
    [
        ("page", "<i8"),
        ("clip", "<i8"),
        ("position", "u1"),
        ("watched_ms", "<u4"),
        ("completions", "<u2"),
        ("flags", "u1"),
    ]
)

Logged = LoggedPage | LoggedBatch
Place = tuple[int, int]
"""How much of the log, and how much of the journal, had been taken in. Places are in the order of these two."""


class Fold:
    """A learner, and the place to which it has come."""

    def __init__(self, database: Database, learner: Learner | None = None, place: Place = (0, 0)) -> None:
        self._database = database
        self.learner = learner or Learner()
        self.log_seq, self.journal_seq = place
        self.on_told: Callable[[Entry, str], None] = lambda entry, fault: None
        """Called for an entry of which what was told is gone or not as it was written."""

    @property
    def place(self) -> Place:
        return self.log_seq, self.journal_seq

    def apply(self, seq: int, entry: PageRow | WatchBatch) -> None:
        """Each by itself: how much is learned at once decides how tables grow, and a replay has them one by one."""
        if isinstance(entry, WatchBatch):
            self.learner.learn_rows(watch_rows(entry))
        elif entry.feed in TOLD:
            self.learner.note_impressions(entry.viewer_id, pages.clip_ids_in(entry.impressions), entry.at_us)
        self.log_seq = seq

    async def take_in(self, row: Logged) -> None:
        await self.follow(row.journal_seq)
        self.apply(row.seq, row.page if isinstance(row, LoggedPage) else row.batch)

    async def follow(self, until: int) -> list[Entry]:
        """Take in the journal up to there, as far as what it told is written down; what was taken in."""
        taken: list[Entry] = []
        while self.journal_seq < until:
            read = await journal.after(self._database, self.journal_seq, READ_LIMIT)
            entries = [entry for entry in read if entry.seq <= until]
            if not entries:
                break
            said = candidates.Said(
                await told.items_between(self._database, self.journal_seq, entries[-1].seq),
                await told.reactions_between(self._database, self.journal_seq, entries[-1].seq),
                await self._weights_in(entries),
                await self._wishes_in(entries),
            )
            self._say_faults(entries, said.items, said.weights)
            self._say_faulty_wishes(entries, said.wishes)
            self._say_faulty_reactions(entries, said.reactions)
            # From here to the new place nothing else runs: a page is ranked at a place, or at none.
            candidates.take_in(self.learner, entries, said)
            self.journal_seq = entries[-1].seq
            taken += entries
        return taken

    async def _weights_in(self, entries: Sequence[Entry]) -> dict[int, ToldWeights]:
        ids = [entry.subject_id for entry in entries if entry.kind is Kind.FEED_WEIGHTS_CHANGED]
        found = [await told.weights_by_id(self._database, weights_id) for weights_id in ids]
        return {one.id: one for one in found if one is not None}

    async def _wishes_in(self, entries: Sequence[Entry]) -> dict[int, ToldWish]:
        ids = [entry.subject_id for entry in entries if entry.kind is Kind.FEED_WISHED]
        return await told.wishes_by_id(self._database, ids)

    def _say_faulty_wishes(self, entries: Sequence[Entry], wishes: Mapping[int, ToldWish]) -> None:
        for entry in entries:
            if entry.kind is Kind.FEED_WISHED:
                said = wishes.get(entry.subject_id)
                if said is None:
                    self.on_told(entry, GONE_WITH_ACCOUNT)
                elif said.fault is not None:
                    self.on_told(entry, f"the wish that it told was changed: {said.fault}")

    def _say_faulty_reactions(self, entries: Sequence[Entry], reactions: Mapping[int, ToldReaction]) -> None:
        for entry in entries:
            said = reactions.get(entry.seq)
            if said is None and candidates.reaction_in(entry) is not None:
                self.on_told(entry, GONE_WITH_EITHER)
            elif said is not None and said.fault is not None:
                self.on_told(entry, f"the reaction that it told was changed: {said.fault}")

    def _say_faults(
        self, entries: Sequence[Entry], items: candidates.Items, weights: Mapping[int, ToldWeights]
    ) -> None:
        for entry in entries:
            if entry.kind is Kind.FEED_WEIGHTS_CHANGED:
                said = weights.get(entry.subject_id)
                fault = "the weights that it set are gone" if said is None else said.fault
                if fault is not None:
                    self.on_told(entry, fault)
            elif entry.kind in candidates.ADDS and entry.seq not in items:
                self.on_told(entry, GONE_WITH_CLIP)
            for one in items.get(entry.seq, ()):
                if one.fault is not None:
                    self.on_told(entry, f"what it told of a clip was changed: {one.fault}")


async def logged(database: Database, after_seq: int) -> AsyncIterator[Logged]:
    """Every row of the log behind the place, in order."""
    while rows := await next_logged(database, after_seq, READ_LIMIT):
        after_seq = rows[-1].seq
        for row in rows:
            yield row


async def next_logged(database: Database, after_seq: int, limit: int) -> list[Logged]:
    """The next rows behind the place, in order: at least one where there is one, at most `limit` of each kind."""
    page_rows = await pages.after(database, after_seq, limit)
    batches = await watch_log.after(database, after_seq, limit)
    rows: list[Logged] = sorted([*page_rows, *batches], key=lambda row: row.seq)
    # Up to where both are known: behind its last row either may have more.
    ends = [some[-1].seq for some in (page_rows, batches) if len(some) == limit]
    return [row for row in rows if row.seq <= min(ends)] if ends else rows


def watch_rows(batch: WatchBatch) -> npt.NDArray[np.int64]:
    """As the learner takes them: int64[watches, kernels.WATCH_COLUMNS]."""
    records = np.frombuffer(batch.watches, dtype=RECORD_TYPE)
    rows = np.empty((records.size, kernels.WATCH_COLUMNS), dtype=np.int64)
    rows[:, kernels.W_VIEWER] = batch.viewer_id
    rows[:, kernels.W_AT_US] = batch.at_us
    rows[:, kernels.W_CLIP] = records["clip"]
    rows[:, kernels.W_WATCHED_MS] = records["watched_ms"]
    rows[:, kernels.W_COMPLETIONS] = records["completions"]
    rows[:, kernels.W_SKIPPED] = records["flags"] & watch_log.SKIPPED != 0
    rows[:, kernels.W_LIKED] = records["flags"] & watch_log.LIKED != 0
    rows[:, kernels.W_NOT_INTERESTED] = records["flags"] & watch_log.NOT_INTERESTED != 0
    is_apart = records["flags"] & watch_log.APART != 0
    rows[:, kernels.W_SURFACE] = np.where(is_apart, Surface.APART, Surface.PAGE)
    return rows
