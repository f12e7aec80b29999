"""The reader `watch-counts` of the watch log: how often each clip was watched, added up behind the learner's back.

Its mark moves in the transaction that adds, so a watch counts once, whatever happens.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

import structlog

from freehold.backends.database import Database, Transaction
from freehold.domain.errors import BackendError, NoRoom
from freehold.domain.ids import ClipId
from freehold.store import clip as clips
from freehold.store import reader, watch_log

log = structlog.get_logger("freehold.watch_counts")

NAME = "watch-counts"
BATCHES_A_TURN = 1000
LOOK_EVERY_S = 2.0


async def follow(database: Database, clock: Callable[[], int]) -> None:
    """For ever. It may fall behind while much is watched; it does not lose count."""
    while True:
        try:
            await take_in(database, clock())
        except (BackendError, NoRoom) as error:
            log.error("watches could not be counted", error=str(error))
        await asyncio.sleep(LOOK_EVERY_S)


async def take_in(database: Database, at_us: int) -> int:
    """Count the next batches; how many there were."""
    mark = await reader.mark_of(database, NAME)
    rows = await watch_log.after(database, mark, BATCHES_A_TURN)
    if not rows:
        return 0
    counts = Counter(ClipId(record[1]) for row in rows for record in watch_log.RECORD.iter_unpack(row.batch.watches))

    async def work(transaction: Transaction) -> None:
        if await reader.mark_of(transaction, NAME) != mark:
            return  # Reset meanwhile: these will be counted again.
        await clips.add_watches(transaction, sorted(counts.items()))
        await reader.move(transaction, NAME, rows[-1].seq, at_us)

    await database.transact(work)
    return len(rows)
