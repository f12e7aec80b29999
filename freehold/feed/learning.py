"""The learner and its log.

One task writes pages and watches, many in one transaction, and applies them to the learner in the order of the
log once they are durable. The same task follows the journal, and every page and batch says how much of the
journal had been taken in before it. So the learner is a fold over what is stored, and a start gives the state
that the last end left, to the last bit: the newest snapshot, and the log and the journal behind it.
"""

import asyncio
from collections.abc import Callable, Sequence
from random import Random

import numpy as np
import numpy.typing as npt
import structlog

from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.errors import Absent, BackendError, NoRoom
from freehold.domain.ids import new_id
from freehold.feed import candidates
from freehold.feed.rules import FeedRules
from freehold.recommender import Learner, SnapshotError, Weights, kernels
from freehold.store import journal, reader, watch_log
from freehold.store import page as pages
from freehold.store import snapshot as snapshots
from freehold.store.journal import Entry, Kind
from freehold.store.page import PageRow
from freehold.store.snapshot import Snapshot
from freehold.store.watch_log import WatchBatch

log = structlog.get_logger("freehold.learning")

FOR_YOU, FOLLOWING = "for-you", "following"
TOLD = frozenset((FOR_YOU, FOLLOWING))
"""The feeds whose pages the learner is told of: what either showed, neither shows again soon.
What was looked up (a profile, a tag, a link) counts once its watch is reported."""
GROUP_LIMIT = 512
READ_LIMIT = 500
LOOK_EVERY_S = 0.5
DAY_MIN = 24 * 60
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


class Learning:
    """Open it with `restore`, run `run` as a task, end it with `close`."""

    def __init__(self, backends: Backends, rules: FeedRules, clock: Callable[[], int], random: Random) -> None:
        self._backends = backends
        self._rules = rules
        self._clock = clock
        self._random = random
        self._pending: list[tuple[PageRow | WatchBatch, asyncio.Future[bool]]] = []
        self._wake = asyncio.Event()
        self._must_look = True
        self._must_forget = False
        self._is_closing = False
        self._saving: asyncio.Task[None] | None = None
        self._saved_hash = ""
        self._saved_at_us = clock()
        weights = Weights(seen_clips=rules.seen_window_clips, seen_min=rules.seen_window_days * DAY_MIN)
        self.learner = Learner(weights)
        self.log_seq = 0
        self.journal_seq = 0

    # What the feed asks of it

    async def append(self, entry: PageRow | WatchBatch) -> bool:
        """Durable, and known to the learner, once this returns; False for a batch that was there already."""
        if self._is_closing:
            raise BackendError("the feed is closing")
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._pending.append((entry, future))
        self._wake.set()
        return await future

    # Start and end

    async def restore(self) -> None:
        mark = await reader.mark_of(self._backends.database, candidates.NAME)
        for saved in await snapshots.newest_first(self._backends.database):
            if saved.journal_seq > mark:
                break
            if await self._load(saved):
                break
        await self._replay()

    async def _load(self, saved: Snapshot) -> bool:
        blobs = self._backends.blobs
        try:
            data = await blobs.read(saved.blob_key, 0, await blobs.size_bytes(saved.blob_key))
            learner = Learner.restore(data)
        except (Absent, SnapshotError) as fault:
            log.warning("snapshot left aside", snapshot=saved.id, fault=str(fault))
            return False
        if learner.weights != self.learner.weights:
            learner.set_weights(self.learner.weights)
        self.learner, self.log_seq, self.journal_seq = learner, saved.log_seq, saved.journal_seq
        self._saved_hash, self._saved_at_us = saved.model_hash, saved.at_us
        return True

    async def _replay(self) -> None:
        """Take in what is stored behind `log_seq` and `journal_seq`, in the order in which it was taken in first."""
        database = self._backends.database
        page_rows: list[tuple[int, int, PageRow]] = []
        batches: list[tuple[int, int, WatchBatch]] = []
        while True:
            page_rows = page_rows or await pages.after(database, self.log_seq, READ_LIMIT)
            batches = batches or await watch_log.after(database, self.log_seq, READ_LIMIT)
            if not page_rows and not batches:
                break
            # Up to where both are known: behind its last row either may have more.
            ends = [rows[-1][0] for rows in (page_rows, batches) if len(rows) >= READ_LIMIT]
            end = min(ends) if ends else max(rows[-1][0] for rows in (page_rows, batches) if rows)
            for seq, journal_seq, entry in sorted(
                [row for row in (*page_rows, *batches) if row[0] <= end], key=lambda row: row[0]
            ):
                if journal_seq > self.journal_seq:
                    await self._follow(journal_seq)
                self._apply(
                    [entry] if isinstance(entry, PageRow) else [], [entry] if isinstance(entry, WatchBatch) else []
                )
                self.log_seq = seq
            page_rows, batches = [], []
            await asyncio.sleep(0)
        await self._follow(None)

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
        try:
            if await reader.mark_of(self._backends.database, candidates.NAME) < self.journal_seq:
                log.info("rebuilding", reader=candidates.NAME)
                fresh = Learning(self._backends, self._rules, self._clock, self._random)
                await fresh._replay()
                self.learner, self.log_seq, self.journal_seq = fresh.learner, fresh.log_seq, fresh.journal_seq
            else:
                await self._follow(None)
        except Exception:
            log.exception("the journal could not be followed", reader=candidates.NAME, mark=self.journal_seq)
            return
        is_due = self._clock() - self._saved_at_us > self._rules.snapshot_every_s * 1_000_000
        if (self._must_forget or is_due) and (self._saving is None or self._saving.done()):
            self._saving = asyncio.create_task(self._save(*self._picture()), name="learning-save")

    async def _write_group(self) -> None:
        group, self._pending = self._pending[:GROUP_LIMIT], self._pending[GROUP_LIMIT:]
        page_rows = [entry for entry, _ in group if isinstance(entry, PageRow)]
        batches = [entry for entry, _ in group if isinstance(entry, WatchBatch)]
        first_page, first_batch = self.log_seq + 1, self.log_seq + 1 + len(page_rows)
        journal_seq = self.journal_seq

        async def write(transaction: Transaction) -> set[int]:
            await pages.insert(transaction, first_page, journal_seq, page_rows)
            return await watch_log.insert(transaction, first_batch, journal_seq, batches)

        try:
            taken = await self._backends.database.transact(write)
            self.log_seq += len(group)
            self._apply(page_rows, [batch for seq, batch in enumerate(batches, first_batch) if seq in taken])
        except BaseException as error:
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

    def _apply(self, page_rows: Sequence[PageRow], batches: Sequence[WatchBatch]) -> None:
        for page in page_rows:
            if page.feed in TOLD:
                self.learner.note_impressions(page.viewer_id, pages.clip_ids_in(page.impressions), page.at_us)
        if batches:
            self.learner.learn_rows(watch_rows(batches))

    async def _follow(self, until: int | None) -> None:
        """Take in the journal's next entries, up to `until` or to its end, and move the mark."""
        database = self._backends.database
        before = self.journal_seq
        while until is None or self.journal_seq < until:
            entries: Sequence[Entry] = await journal.after(database, self.journal_seq, READ_LIMIT)
            entries = [entry for entry in entries if until is None or entry.seq <= until]
            if not entries:
                break
            await candidates.take_in(self.learner, database, entries)
            self.journal_seq = entries[-1].seq
            self._must_forget |= any(entry.kind is Kind.ACCOUNT_DELETED for entry in entries)
            await asyncio.sleep(0)
        if self.journal_seq > before:
            mark, at_us = self.journal_seq, self._clock()
            await database.transact(lambda transaction: reader.move(transaction, candidates.NAME, mark, at_us))

    # Snapshots

    def _picture(self) -> tuple[bytes, Snapshot, bool]:
        """The state as it is between two entries of the log; whether older ones hold what is to be forgotten."""
        at_us = self._clock()
        must_forget, self._must_forget, self._saved_at_us = self._must_forget, False, at_us
        saved = Snapshot(new_id(at_us, self._random), self.learner.hash(), self.log_seq, self.journal_seq, at_us, "")
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
        """Keeps one older snapshot, should this one's blob be damaged; none where an account is to be forgotten."""
        backends = self._backends
        key = await backends.blobs.put(data)

        older = list(await snapshots.newest_first(backends.database))
        stale, kept = (older, []) if must_forget else (older[1:], older[:1])

        async def insert(transaction: Transaction) -> None:
            row = Snapshot(saved.id, saved.model_hash, saved.log_seq, saved.journal_seq, saved.at_us, key)
            await snapshots.insert(transaction, row)
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


def watch_rows(batches: Sequence[WatchBatch]) -> npt.NDArray[np.int64]:
    """As the learner takes them: int64[watches, kernels.WATCH_COLUMNS]."""
    records = np.frombuffer(b"".join(batch.watches for batch in batches), dtype=RECORD_TYPE)
    counts = [batch.count for batch in batches]
    rows = np.empty((records.size, kernels.WATCH_COLUMNS), dtype=np.int64)
    rows[:, kernels.W_VIEWER] = np.repeat(np.array([batch.viewer_id for batch in batches], dtype=np.int64), counts)
    rows[:, kernels.W_AT_US] = np.repeat(np.array([batch.at_us for batch in batches], dtype=np.int64), counts)
    rows[:, kernels.W_CLIP] = records["clip"]
    rows[:, kernels.W_WATCHED_MS] = records["watched_ms"]
    rows[:, kernels.W_COMPLETIONS] = records["completions"]
    rows[:, kernels.W_SKIPPED] = records["flags"] & watch_log.SKIPPED != 0
    rows[:, kernels.W_LIKED] = records["flags"] & watch_log.LIKED != 0
    rows[:, kernels.W_NOT_INTERESTED] = records["flags"] & watch_log.NOT_INTERESTED != 0
    return rows
