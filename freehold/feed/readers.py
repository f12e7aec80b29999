"""The readers there are: each a name, what it follows and what it keeps. Resetting one builds that anew, from what
is kept: for watches that were pruned stand a snapshot of the learner and each clip's count of them."""

from dataclasses import dataclass

from freehold.backends import Backends
from freehold.backends.database import Database, Transaction
from freehold.domain.errors import Absent
from freehold.feed import candidates, tally, watch_counts
from freehold.search import index
from freehold.store import clip as clips
from freehold.store import journal, reader, retention, search, watch_log
from freehold.store import page as pages
from freehold.store import tally as tallies


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a reader has come."""

    name: str
    keeps: str
    mark: int
    end: int
    """The newest entry of what it follows; the difference is what it has still to read."""
    moved_at_us: int


KEEPS = {
    candidates.NAME: "the learner's clips, follows and likes, in memory and in snapshots",
    watch_counts.NAME: "how often each clip was watched",
    tally.NAME: "the figures of the operator's page of the feed",
    index.NAME: "the index of search",
}


async def standings(database: Database) -> list[Standing]:
    marks = {mark.name: mark for mark in await reader.all_marks(database)}
    pruned = await retention.pruned_of(database)
    ends = {
        candidates.NAME: await journal.newest_seq(database),
        watch_counts.NAME: max(pruned.seq, await watch_log.newest_seq(database)),
        index.NAME: await journal.newest_seq(database),
        tally.NAME: max(pruned.seq, await pages.newest_seq(database), await watch_log.newest_seq(database)),
    }
    return [
        Standing(name, keeps, marks[name].seq if name in marks else 0, ends[name],
                 marks[name].moved_at_us if name in marks else 0)
        for name, keeps in KEEPS.items()
    ]  # fmt: skip


async def reset(backends: Backends, name: str, at_us: int) -> None:
    """Set the reader's mark to nothing; a running server, or the next to start, builds anew what it keeps."""
    if name not in KEEPS:
        raise Absent("reader-absent", f"There is no reader {name}; there are {', '.join(KEEPS)}.")

    async def work(transaction: Transaction) -> None:
        if name == watch_counts.NAME:
            await clips.forget_watch_counts(transaction)
        elif name == tally.NAME:
            await tallies.forget(transaction)
        elif name == index.NAME:
            await search.forget(transaction)
        await reader.move(transaction, name, 0, at_us)

    await backends.database.transact(work)
    backends.bus.ring("journal")
