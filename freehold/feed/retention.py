"""What is kept of the log: pages and watches older than `feed.log_days` are deleted, a few at a time.

Nothing goes but what a snapshot stands for and every reader of the log has read. So a start finds the state that the
last end left, a page inside the days of replay is rebuilt as before, and a clip's count of watches stays. A snapshot
stands for what it was folded from only if its bytes are those that were saved; the newest never does, as a start falls
back on the one before it.
"""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import takewhile

import structlog

from freehold.backends import Backends
from freehold.backends.database import Database, Transaction
from freehold.domain.errors import Absent, BackendError, Gone, NoRoom
from freehold.domain.ids import ClipId, PageId, id_text, made_at_us
from freehold.feed import tally, watch_counts
from freehold.feed.fold import Logged, next_logged
from freehold.feed.learning import Learning
from freehold.feed.rules import FeedRules
from freehold.store import clip as clips
from freehold.store import page as pages
from freehold.store import reader, retention, watch_log
from freehold.store import snapshot as snapshots
from freehold.store.page import FOLLOWING, LoggedPage
from freehold.store.retention import Pruned
from freehold.store.snapshot import Snapshot

log = structlog.get_logger("freehold.retention")

READ_BY = (tally.NAME, watch_counts.NAME)
ROWS_A_TURN = 200
LOOK_EVERY_S = 60.0
REST = 4
"""It rests so many times as long as a turn took: at most a fifth of a processor, and pages go first."""
DAY_US = 86_400_000_000


class Retention:
    """One per process, beside its learner."""

    def __init__(self, backends: Backends, rules: FeedRules, learning: Learning, clock: Callable[[], int]) -> None:
        self._backends = backends
        self._rules = rules
        self._learning = learning
        self._clock = clock
        self._whole_id = 0
        """The snapshot whose bytes were last found to be those that were saved."""

    async def run(self) -> None:
        """For ever. Where much is to go it goes on at once, else it looks once a minute."""
        gone = 0
        while True:
            pause_s = LOOK_EVERY_S
            try:
                started_s = time.perf_counter()
                count = await self.prune(self._clock())
                gone += count
                if count:
                    pause_s = REST * (time.perf_counter() - started_s)
                elif gone:
                    log.info("pruned", rows=gone, log_days=self._rules.log_days)
                    gone = 0
            except (BackendError, NoRoom) as error:
                log.error("the log could not be pruned", error=str(error))
            await asyncio.sleep(pause_s)

    async def prune(self, at_us: int) -> int:
        """Delete the next of what is too old; how many rows that were."""
        async with self._learning.past:
            pruned = await retention.pruned_of(self._backends.database)
            return await self._prune_log(pruned, at_us) + await self._prune_following(pruned, at_us)

    async def _prune_log(self, pruned: Pruned, at_us: int) -> int:
        database, horizon_us = self._backends.database, at_us - self._rules.log_days * DAY_US
        base = base_of(await snapshots.newest_first(database), horizon_us)
        if base is None or base.log_seq <= pruned.seq:
            return 0
        rows = (await next_logged(database, pruned.seq, ROWS_A_TURN))[:ROWS_A_TURN]
        old = list(takewhile(lambda row: row.seq <= base.log_seq and written_us(row) <= horizon_us, rows))
        if not old or not await self._is_whole(base):
            return 0
        now = Pruned(old[-1].seq, max(pruned.at_us, *map(written_us, old)))
        counts = watches_in(old)

        async def work(transaction: Transaction) -> int:
            marks = [await reader.held_mark_of(transaction, name) for name in READ_BY]
            if min(marks) < now.seq or await retention.pruned_of(transaction) != pruned:
                return 0  # A reader is behind, or was reset meanwhile: it reads these first.
            await clips.keep_watch_counts(transaction, counts)
            await pages.delete_between(transaction, pruned.seq, now.seq, FOLLOWING)
            await watch_log.delete_between(transaction, pruned.seq, now.seq)
            await retention.move(transaction, now)
            return len(old)

        return await database.transact(work)

    async def _prune_following(self, pruned: Pruned, at_us: int) -> int:
        """Pages of Following are all that is known of what it showed to followers alone: they stay as long as that."""
        horizon_us = at_us - max(self._rules.log_days, self._rules.seen_window_days) * DAY_US
        rows = await pages.oldest_until(self._backends.database, pruned.seq, ROWS_A_TURN)
        old = list(takewhile(lambda row: row[1] <= horizon_us, rows))
        if old:
            await self._backends.database.transact(lambda tx: pages.delete_between(tx, 0, old[-1][0]))
        return len(old)

    async def _is_whole(self, base: Snapshot) -> bool:
        """Whether its bytes are those that were saved."""
        if base.id == self._whole_id:
            return True
        blobs = self._backends.blobs
        try:
            data = await blobs.read(base.blob_key, 0, await blobs.size_bytes(base.blob_key))
        except Absent:
            data = b""
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        if digest != base.blob_key.rpartition("/")[2]:
            log.error("nothing is pruned: a snapshot is not as it was saved", snapshot=id_text(base.id))
            return False
        self._whole_id = base.id
        return True


async def check_kept(database: Database, page_id: PageId) -> None:
    """`Gone` (code `page-pruned`) where a page of this id, if there was one, is pruned."""
    pruned = await retention.pruned_of(database)
    if made_at_us(page_id) <= pruned.at_us:
        at = f"{datetime.fromtimestamp(pruned.at_us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"
        raise Gone("page-pruned", f"Page {id_text(page_id)} is no longer kept: pages up to {at} UTC are gone.")


def base_of(saved: Sequence[Snapshot], horizon_us: int) -> Snapshot | None:
    """Of the snapshots, newest first, the one that stands for what goes: the newest from before the horizon, or else
    the oldest; None where there are not two."""
    older = saved[1:]
    return next((one for one in older if one.at_us <= horizon_us), older[-1] if older else None)


def written_us(row: Logged) -> int:
    return row.page.at_us if isinstance(row, LoggedPage) else row.batch.at_us


def watches_in(rows: Sequence[Logged]) -> list[tuple[ClipId, int]]:
    """How often each clip was watched in them, by id."""
    batches = [row.batch for row in rows if not isinstance(row, LoggedPage)]
    records = (record for batch in batches for record in watch_log.RECORD.iter_unpack(batch.watches))
    return sorted(Counter(ClipId(record[1]) for record in records).items())
