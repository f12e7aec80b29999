"""The learner and its log.

One task writes pages and watches, many in one transaction, and applies them to the learner in the order of the
log once they are durable. The same task follows the journal, and every page and batch says how much of the
journal had been taken in before it. So the learner is a fold (`fold.py`) over what is stored, and a start gives the
state that the last end left, to the last bit: the newest snapshot, and the log and the journal behind it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

import structlog

from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.errors import Absent, BackendError, NoRoom
from freehold.domain.ids import new_id
from freehold.feed import candidates, weights
from freehold.feed.fold import Fold, Place, logged
from freehold.feed.ranking import engine
from freehold.feed.rules import FeedRules
from freehold.recommender import Learner, SnapshotError
from freehold.store import journal, reader, retention, watch_log
from freehold.store import page as pages
from freehold.store import snapshot as snapshots
from freehold.store.journal import Kind
from freehold.store.page import PageRow
from freehold.store.snapshot import Snapshot
from freehold.store.watch_log import WatchBatch

__all__ = ["Learning"]

log = structlog.get_logger("freehold.learning")

GROUP_LIMIT = 512
LOOK_EVERY_S = 0.5
CAUGHT_UP_S = 10.0
YIELD_EVERY = 500
HOUR_US = 3_600_000_000


class Learning:
    """Open it with `restore`, run `run` as a task, end it with `close`."""

    def __init__(self, backends: Backends, rules: FeedRules, clock: Callable[[], int], random: Random) -> None:
        self._backends = backends
        self._rules = rules
        self._clock = clock
        self._random = random
        self._pending: list[tuple[PageRow | WatchBatch, asyncio.Future[bool]]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._must_look = True
        self._must_forget = False
        self._is_closing = False
        self._saving: asyncio.Task[None] | None = None
        self._saved_hash = ""
        self._saved_at_us = clock()
        self._is_behind = False
        self._mark = 0
        """The reader's mark, as it was last seen or moved."""
        self.past = asyncio.Lock()
        """Held while the log's past is read, and while it is pruned."""
        self._fold = self._new_fold()

    def _new_fold(self, learner: Learner | None = None, place: Place = (0, 0)) -> Fold:
        fold = Fold(self._backends.database, learner, place)
        fold.on_told = lambda entry, fault: log.warning("not as it was told", journal_seq=entry.seq, fault=fault)
        return fold

    @property
    def learner(self) -> Learner:
        return self._fold.learner

    @property
    def place(self) -> Place:
        """Where the learner stands: how much of the log and of the journal it has taken in."""
        return self._fold.place

    @property
    def log_seq(self) -> int:
        return self._fold.log_seq

    @property
    def journal_seq(self) -> int:
        return self._fold.journal_seq

    # What the feed asks of it

    async def append(self, entry: PageRow | WatchBatch) -> bool:
        """Durable, and known to the learner, once this returns; False for a batch that was there already."""
        if self._is_closing:
            raise BackendError("the feed is closing")
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._pending.append((entry, future))
        self._wake.set()
        return await future

    async def caught_up(self) -> None:
        """Return once what the journal holds now is taken in. `BackendError` where that takes too long."""
        if self._is_closing:
            raise BackendError("the feed is closing")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._must_look = True
        self._wake.set()
        try:
            await asyncio.wait_for(future, CAUGHT_UP_S)
        except TimeoutError:
            raise BackendError("the journal is not being followed") from None

    # Start and end

    async def restore(self) -> None:
        """As the last end left it; then weights that are others by now are an action, and taken in."""
        database = self._backends.database
        self._mark = await reader.mark_of(database, candidates.NAME)
        saved = await snapshots.newest_first(database)
        is_reset = bool(saved) and saved[0].journal_seq > self._mark
        await self._begin(await self._bases() if is_reset else saved)
        await candidates.write_down(database, self._clock())
        await self._catch_up()
        await self._follow()
        if await weights.agree(database, self._rules, self._clock(), self._random):
            await self._follow()

    async def _begin(self, saved: Sequence[Snapshot]) -> None:
        """With the first of these snapshots that can be read and has all of the log behind it, or else with nothing."""
        pruned = await retention.pruned_of(self._backends.database)
        for one in saved:
            if one.log_seq >= pruned.seq and await self._load(one):
                return
        self._fold = self._new_fold(place=(pruned.seq, 0))
        if pruned.seq:
            # Saved at once: the log that this state is folded from is pruned further.
            self._saved_at_us = 0
            log.error("no snapshot can be read: what was learned of pruned watches is lost", log_seq=pruned.seq)

    async def _bases(self) -> Sequence[Snapshot]:
        """What to build anew from, the best first: nothing, but where the log's beginning is pruned the snapshots that
        stand for it."""
        if not (await retention.pruned_of(self._backends.database)).seq:
            return ()
        return [*reversed(await snapshots.newest_first(self._backends.database))]

    async def _load(self, saved: Snapshot) -> bool:
        blobs = self._backends.blobs
        try:
            data = await blobs.read(saved.blob_key, 0, await blobs.size_bytes(saved.blob_key))
            learner = Learner.restore(data)
        except (Absent, SnapshotError) as fault:
            log.warning("snapshot left aside", snapshot=saved.id, fault=str(fault))
            return False
        self._fold = self._new_fold(learner, (saved.log_seq, saved.journal_seq))
        self._saved_hash, self._saved_at_us = saved.model_hash, saved.at_us
        return True

    async def _catch_up(self) -> None:
        """Take in what the log has behind this place, in the order in which it was taken in first."""
        count = 0
        async for row in logged(self._backends.database, self._fold.log_seq):
            await self._fold.take_in(row)
            count += 1
            if count % YIELD_EVERY == 0:
                await asyncio.sleep(0)

    def stop(self) -> None:
        """Let `run` end between two groups: cancelled inside one, it would not know whether that was written."""
        self._is_closing = True
        self._wake.set()

    async def close(self) -> None:
        """Once `run` has ended: write and apply what is pending, then save."""
        while self._pending:
            await self._write_group()
        if self._saving is not None:
            await self._saving
        await self._save(*self._picture())

    # The one task

    async def run(self) -> None:
        ear = asyncio.create_task(self._listen(), name="learning-ear")
        try:
            while not self._is_closing:
                await self._wake.wait()
                self._wake.clear()
                while self._pending:
                    await self._write_group()
                if self._must_look:
                    self._must_look = False
                    await self._look()
        finally:
            ear.cancel()

    async def _listen(self) -> None:
        while True:
            await self._backends.bus.wait("journal", LOOK_EVERY_S)
            self._must_look = True
            self._wake.set()

    async def _look(self) -> None:
        """At the journal, and whether it is time to save. A backend that fails now is asked again at the next look."""
        waiting = len(self._waiting)
        try:
            self._mark = await reader.mark_of(self._backends.database, candidates.NAME)
            if self._mark < self.journal_seq:
                await self._build_anew()
            else:
                await self._follow()
        except Exception:
            log.exception("the journal could not be followed", reader=candidates.NAME, mark=self.journal_seq)
            return
        served, self._waiting = self._waiting[:waiting], self._waiting[waiting:]
        for future in served:
            if not future.done():
                future.set_result(None)
        is_due = self._clock() - self._saved_at_us > self._rules.snapshot_every_s * 1_000_000
        if (self._must_forget or is_due) and (self._saving is None or self._saving.done()):
            self._saving = asyncio.create_task(self._save(*self._picture()), name="learning-save")

    async def _build_anew(self) -> None:
        """From the first entry that is kept; saved at once, as the log behind an older snapshot may lead elsewhere."""
        log.info("rebuilding", reader=candidates.NAME)
        fresh = Learning(self._backends, self._rules, self._clock, self._random)
        fresh._mark = self._mark
        async with self.past:
            await fresh._begin(await fresh._bases())
            await fresh._catch_up()
        await fresh._follow()
        self._fold = fresh._fold
        self._saved_at_us = 0

    async def _write_group(self) -> None:
        group, self._pending = self._pending[:GROUP_LIMIT], self._pending[GROUP_LIMIT:]
        page_rows = [entry for entry, _ in group if isinstance(entry, PageRow)]
        batches = [entry for entry, _ in group if isinstance(entry, WatchBatch)]

        async def write(transaction: Transaction) -> set[int]:
            await pages.insert(transaction, first_page, journal_seq, page_rows)
            return await watch_log.insert(transaction, first_batch, journal_seq, batches)

        try:
            if self._is_behind:
                await self._catch_up()
                self._is_behind = False
            first_page, first_batch = self.log_seq + 1, self.log_seq + 1 + len(page_rows)
            journal_seq = self.journal_seq
            taken = await self._backends.database.transact(write)
            for seq, page in enumerate(page_rows, first_page):
                self._fold.apply(seq, page)
            for seq, batch in enumerate(batches, first_batch):
                if seq in taken:
                    self._fold.apply(seq, batch)
        except BaseException as error:
            # A transaction that failed may have been committed: then the log is ahead of the learner.
            self._is_behind = True
            is_ours = isinstance(error, Exception)
            _fail(group, error if is_ours else BackendError("the server is stopping"))
            if not is_ours:
                raise
            return
        seq = first_batch
        for entry, future in group:
            is_new = True
            if isinstance(entry, WatchBatch):
                is_new = seq in taken
                seq += 1
            if not future.done():
                future.set_result(is_new)

    async def _follow(self) -> None:
        """Take in the journal to its end, and move the mark."""
        database, at_us = self._backends.database, self._clock()
        entries = await self._fold.follow(await candidates.write_down(database, at_us))
        self._must_forget |= any(entry.kind is Kind.ACCOUNT_DELETED for entry in entries)
        if self._mark == self.journal_seq:
            return
        seen, mark = self._mark, self.journal_seq

        async def move(transaction: Transaction) -> None:
            if await reader.held_mark_of(transaction, candidates.NAME) == seen:  # Else it was reset meanwhile.
                await reader.move(transaction, candidates.NAME, mark, at_us)

        await database.transact(move)
        self._mark = mark

    # Snapshots

    def _picture(self) -> tuple[bytes, Snapshot, bool]:
        """The state as it is between two entries of the log; whether older ones hold what is to be forgotten."""
        at_us = self._clock()
        must_forget, self._must_forget, self._saved_at_us = self._must_forget, False, at_us
        saved = Snapshot(
            new_id(at_us, self._random), self.learner.hash(), *self.place, at_us, blob_key="", engine=engine().hex()
        )
        if saved.model_hash == self._saved_hash and not must_forget:
            return b"", saved, False
        return self.learner.snapshot(), saved, must_forget

    async def _save(self, data: bytes, saved: Snapshot, must_forget: bool) -> None:
        """Where a backend fails, older ones are left to the next: an account that is to be forgotten still is."""
        if not data:
            return
        try:
            await self._put(data, saved, must_forget)
        except (BackendError, NoRoom) as error:
            log.error("snapshot not saved", error=str(error))
            self._must_forget |= must_forget
            return
        self._saved_hash = saved.model_hash

    async def _put(self, data: bytes, saved: Snapshot, must_forget: bool) -> None:
        """Keeps older ones that pages are replayed from; none where an account is to be forgotten."""
        backends = self._backends
        key = await backends.blobs.put(data)

        older = list(await snapshots.newest_first(backends.database))
        kept = [] if must_forget else kept_of(older, saved, self._rules)
        stale = [one for one in older if one not in kept]

        async def insert(transaction: Transaction) -> None:
            await snapshots.insert(transaction, replace(saved, blob_key=key))
            await journal.append(
                transaction,
                Kind.MODEL_SNAPSHOT,
                at_us=saved.at_us,
                actor_id=None,
                subject_id=saved.id,
                detail={"model_hash": saved.model_hash, "log_seq": saved.log_seq},
            )

        async def delete(transaction: Transaction) -> None:
            for one in stale:
                await snapshots.delete(transaction, one.id)

        await backends.database.transact(insert)
        # Blobs before rows: a blob that could not be deleted is found again by its row.
        for blob_key in {one.blob_key for one in stale} - {key, *(one.blob_key for one in kept)}:
            await backends.blobs.delete(blob_key)
        if stale:
            await backends.database.transact(delete)


def _fail(group: "Sequence[tuple[PageRow | WatchBatch, asyncio.Future[bool]]]", error: BaseException) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)


def kept_of(older: Sequence[Snapshot], new: Snapshot, rules: FeedRules) -> list[Snapshot]:
    """Of the older snapshots, newest first, those to keep beside a new one.

    The last one, should the new one's blob be damaged; and for the days of replay, one in each span, the last
    before these days included: so a page inside them has a snapshot at most a span, and the time between two
    snapshots, before it. The last of each recommender too: its successor went on from there, and makes other states
    of the log before it.
    """
    kept: list[Snapshot] = []
    spaced_us: int | None = None
    for one, after in pairwise([*reversed(older), new]):
        is_spaced = spaced_us is None or one.at_us - spaced_us >= rules.replay_span_h * HOUR_US
        if is_spaced:
            spaced_us = one.at_us
        if is_spaced or one.engine != after.engine:
            kept.append(one)
    horizon_us = new.at_us - rules.replay_days * 24 * HOUR_US
    while len(kept) > 1 and kept[1].at_us <= horizon_us:
        del kept[0]
    if not rules.replay_days:
        kept = []
    return sorted({one.id: one for one in (*kept, *older[:1])}.values(), key=lambda one: -one.id)
