"""Pages and watches go when their time is over, and nothing else changes: starts, replays and counts are as before."""

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import structlog

from bench.fill import Filled, fill
from freehold.actions import account as account_actions
from freehold.actions.watch import BatchReport, WatchReport
from freehold.backends import Backends
from freehold.backends.blobs import LocalBlobs
from freehold.backends.bus import EmbeddedBus
from freehold.backends.compute import EmbeddedCompute
from freehold.backends.database import Database
from freehold.backends.sqlite import SqliteDatabase
from freehold.cli import main
from freehold.commands import doctor
from freehold.domain.account import Viewer
from freehold.domain.errors import Absent, Gone
from freehold.domain.ids import AccountId, PageId, ViewerId, id_text, new_id
from freehold.feed import candidates, readers, retention, tally, watch_counts
from freehold.feed.feed import Feed, FeedRules
from freehold.feed.learning import Learning
from freehold.feed.replay import Replay, Replayed, Selection, wanted_page
from freehold.feed.retention import Retention, base_of
from freehold.store import account as accounts
from freehold.store import page as pages
from freehold.store import retention as store
from freehold.store import snapshot as snapshots
from freehold.store import watch_log
from freehold.store.snapshot import Snapshot
from tests.conftest import run_apart
from tests.feed.catalogue import until

DAY_US = 86_400_000_000
BEGIN_US = 20_500 * DAY_US
RULES = FeedRules(candidate_count=60, log_days=2, replay_days=2, seen_window_days=4, snapshot_every_s=10**9)
UNPRUNED = replace(RULES, log_days=1000, replay_days=1000)
DAYS = 6
"""A snapshot at the end of each; on the evening of the sixth the first four are older than two days."""
GONE_DAYS = 4


@dataclass
class Network:
    """One that was lived in for some days, at noon of each."""

    backends: Backends
    filled: Filled
    at_us: int = BEGIN_US
    page_ids: list[list[PageId]] = field(default_factory=list)
    """By day."""

    @property
    def database(self) -> Database:
        return self.backends.database

    def clock(self) -> int:
        return self.at_us

    def opened(self, rules: FeedRules = UNPRUNED) -> Any:
        return Feed.open(self.backends, rules, self.clock, Random(self.at_us))

    async def live(self, days: int) -> None:
        for _ in range(days):
            async with self.opened() as feed:
                self.page_ids.append([page_id for n in range(3) for page_id in await self.swipe(feed, 100 + n % 2)])
            self.at_us += DAY_US

    async def swipe(self, feed: Feed, viewer_id: int) -> list[PageId]:
        viewer, random = Viewer(ViewerId(viewer_id)), Random(self.at_us + viewer_id)
        page = await feed.for_you(viewer, 4, self.at_us)
        watches = [
            WatchReport(id_text(page.id), one.position, id_text(one.view.clip.id), random.randrange(20_000), n % 2)
            for n, one in enumerate(page.clips)
        ]
        await feed.take_watches(viewer, BatchReport(f"batch-{id_text(page.id)}", watches), self.at_us)
        return [page.id]

    async def read(self) -> None:
        """By the readers of the log."""
        while await tally.take_in(self.database, self.at_us) + await watch_counts.take_in(self.database, self.at_us):
            pass

    def retention(self) -> Retention:
        return Retention(self.backends, RULES, self.learning(), self.clock)

    async def prune(self) -> list[int]:
        """To the end: how many rows went at each turn."""
        pruning, turns = self.retention(), []
        while count := await pruning.prune(self.at_us):
            turns.append(count)
        return turns

    def learning(self) -> Learning:
        return Learning(self.backends, RULES, self.clock, Random(2))

    async def started(self) -> Learning:
        """As a start finds it now."""
        learning = self.learning()
        await learning.restore()
        return learning

    async def replayed(self, *page_ids: PageId) -> tuple[list[Replayed], list[str]]:
        """All, with every snapshot, or these alone."""
        replay = Replay(self.database, self.backends.blobs)
        wanted = [await wanted_page(self.database, page_id) for page_id in page_ids]
        found = [one async for one in replay.pages(wanted or await Selection().wanted(self.database))]
        if not page_ids:
            await replay.check_rest()
        return found, replay.faults

    async def log(self) -> tuple[list[int], int]:
        """Ids of the pages that are kept, and how many batches are."""
        rows = await self.database.fetch("SELECT id FROM page ORDER BY seq")
        (batches,) = await self.database.fetch("SELECT COUNT(*) AS count FROM watch_batch")
        return [row["id"] for row in rows], batches["count"]

    async def counts(self) -> dict[int, int]:
        return {row["id"]: row["watch_count"] for row in await self.database.fetch("SELECT id, watch_count FROM clip")}

    async def damage(self, saved: Snapshot) -> None:
        path: Path = self.backends.blobs.root / saved.blob_key  # type: ignore[attr-defined]
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-1])

    def kept(self) -> list[PageId]:
        return [page_id for day in self.page_ids[GONE_DAYS:] for page_id in day]


async def lived(database: Database, folder: Path) -> Network:
    backends = Backends(database, LocalBlobs(folder / "blobs"), EmbeddedBus(), EmbeddedCompute())
    network = Network(backends, await fill(database, 60, authors=6, sounds=5, tags=6, at_us=BEGIN_US - DAY_US))
    await network.live(DAYS)
    network.at_us -= DAY_US // 2
    await network.read()
    return network


@pytest.fixture
async def network(database: Database, tmp_path: Path) -> Network:
    return await lived(database, tmp_path)


@pytest.fixture(scope="module")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Network]:
    """Lived in once, on SQLite."""
    folder = tmp_path_factory.mktemp("lived")
    (folder / "data").mkdir()
    shutil.copy(sqlite_template, folder / "data" / "freehold.db")
    made: list[Network] = []

    async def make() -> None:
        database = SqliteDatabase(folder / "data" / "freehold.db")
        made.append(await lived(database, folder / "data"))
        await database.close()

    run_apart(make())
    return folder / "data", made[0]


@pytest.fixture
async def copy(template: tuple[Path, Network], tmp_path: Path) -> AsyncIterator[Network]:
    folder, network = template
    shutil.copytree(folder, tmp_path / "data")
    database = SqliteDatabase(tmp_path / "data" / "freehold.db")
    blobs = LocalBlobs(tmp_path / "data" / "blobs")
    # A bell that was waited for belongs to the loop in which it was.
    backends = replace(network.backends, database=database, blobs=blobs, bus=EmbeddedBus())
    yield replace(network, backends=backends, page_ids=[*network.page_ids])
    await database.close()


async def test_what_is_too_old_goes_a_little_at_a_time_and_all_the_rest_is_as_before(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Starts, replays to the last bit, counts; on either database."""
    monkeypatch.setattr(retention, "ROWS_A_TURN", 5)
    state, counts = (await network.started()).learner.state_hash(), await network.counts()
    found, _ = await network.replayed()
    assert len(found) == 3 * DAYS and all(one.is_same for one in found)
    pruning, turns = network.retention(), 0
    while gone := await pruning.prune(network.at_us):
        assert gone <= 5
        turns += 1
        found, faults = await network.replayed()
        assert faults == [] and [one.differences for one in found if not (one.is_same or one.is_pruned)] == []
        assert {one.page.id for one in found if one.is_same} >= {*network.kept()}
    assert turns == -(-6 * GONE_DAYS // 5)
    assert await network.log() == (network.kept(), 3 * (DAYS - GONE_DAYS))
    found, faults = await network.replayed()
    assert faults == [] and [one.differences for one in found if not one.is_same] == []
    assert len(found) == 3 * (DAYS - GONE_DAYS) and found[0].base.startswith("snapshot")
    assert (await network.started()).learner.state_hash() == state
    assert await network.counts() == counts and sum(counts.values()) == 12 * DAYS
    for page_id in network.page_ids[GONE_DAYS - 1]:
        with pytest.raises(Gone, match=f"Page {id_text(page_id)} is no longer kept") as refused:
            await wanted_page(network.database, page_id)
        assert refused.value.code == "page-pruned"
    with pytest.raises(Absent):
        await wanted_page(network.database, PageId(new_id(network.at_us, Random(1))))
    await readers.reset(network.backends, watch_counts.NAME, network.at_us)
    await readers.reset(network.backends, tally.NAME, network.at_us)
    assert await network.counts() != counts
    await network.read()
    assert await network.counts() == counts, "what was pruned is counted in sum"
    await network.live(1)
    assert all(one.is_same for one in (await network.replayed())[0])


async def test_a_running_server_prunes_and_serves_meanwhile(copy: Network) -> None:
    served = []
    with structlog.testing.capture_logs() as logs:
        async with copy.opened(RULES) as feed:
            while (await copy.log())[0] != [*copy.kept(), *served]:
                served += await copy.swipe(feed, 100 + len(served) % 2)
                assert len(served) < 20, "it is not pruned"
            await until(lambda: any(line["event"] == "pruned" for line in logs), "it says so")
    assert [line["rows"] for line in logs if line["event"] == "pruned"] == [6 * GONE_DAYS]
    assert all(one.is_same for one in (await copy.replayed())[0])


async def test_the_learner_is_built_anew_from_the_snapshot_that_stands_for_what_is_gone(copy: Network) -> None:
    await copy.prune()
    state = (await copy.started()).learner.state_hash()
    await readers.reset(copy.backends, candidates.NAME, copy.at_us)
    assert (await copy.started()).learner.state_hash() == state, "at a start"
    async with copy.opened() as feed:
        old = feed.learning.learner
        await readers.reset(copy.backends, candidates.NAME, copy.at_us)
        await until(lambda: feed.learning.learner is not old and feed.learning.journal_seq >= 60, "it is built anew")
        assert feed.learning.learner.state_hash() == state, "while the server runs"


@pytest.mark.parametrize("name", [tally.NAME, watch_counts.NAME])
async def test_nothing_goes_that_a_reader_has_not_read(copy: Network, name: str) -> None:
    before = await copy.log()
    await readers.reset(copy.backends, name, copy.at_us)
    assert await copy.prune() == []
    assert await copy.log() == before

    class Meanwhile:
        """The database, whose reader is reset once it was looked at."""

        def __getattr__(self, name: str) -> Any:
            return getattr(copy.database, name)

        async def transact(self, work: Any) -> Any:
            await readers.reset(copy.backends, name, copy.at_us)
            return await copy.database.transact(work)

    await copy.read()
    pruning = Retention(replace(copy.backends, database=Meanwhile()), RULES, copy.learning(), copy.clock)  # type: ignore[arg-type]
    assert await pruning.prune(copy.at_us) == 0
    assert await copy.log() == before
    await copy.read()
    assert sum(await copy.prune()) == 6 * GONE_DAYS


async def test_nothing_goes_for_which_a_damaged_snapshot_would_stand(copy: Network) -> None:
    base = base_of(await snapshots.newest_first(copy.database), copy.at_us - 2 * DAY_US)
    assert base is not None
    await copy.damage(base)
    assert await copy.prune() == []
    await copy.backends.blobs.delete(base.blob_key)
    assert await copy.prune() == []


async def test_a_start_falls_back_on_the_snapshot_before_the_newest(copy: Network) -> None:
    """Also where all of the log is too old: that before the newest stands for what goes, never the newest."""
    state = (await copy.started()).learner.state_hash()
    copy.at_us += 30 * DAY_US
    assert sum(await copy.prune()) == 6 * (DAYS - 1)
    assert (await copy.log())[0] == copy.page_ids[-1]
    await copy.damage((await snapshots.newest_first(copy.database))[0])
    assert (await copy.started()).learner.state_hash() == state


async def test_where_no_snapshot_can_be_read_the_learner_begins_with_what_is_kept_and_is_replayed_from_there(
    copy: Network,
) -> None:
    await copy.prune()
    pruned = await store.pruned_of(copy.database)
    for saved in await snapshots.newest_first(copy.database):
        await copy.damage(saved)
    copy.at_us += DAY_US // 2
    async with copy.opened() as feed:
        assert feed.learning.learner.learned_count == 12 * (DAYS - GONE_DAYS)
        assert feed.learning.learner.clip_count == 60
        copy.backends.bus.ring("journal")
        await until(lambda: feed.learning._saved_hash != "", "what it began with is saved")
        page_ids = await copy.swipe(feed, 100)
    assert min((await pages.at_seqs(copy.database, range(1, pruned.seq + 1))).keys(), default=None) is None
    found, _ = await copy.replayed(*page_ids)
    assert [one.differences for one in found] == [()]
    found, _ = await copy.replayed(*copy.kept()[:1])
    assert found[0].is_pruned and not found[0].is_same
    assert found[0].differences[0].startswith(f"what it was ranked from is pruned: the log up to place {pruned.seq}")


async def test_pages_of_following_are_kept_for_as_long_as_what_they_showed_does_not_come_again(copy: Network) -> None:
    """Four days, where the rest is kept for two."""
    following = [page_ids[0] for page_ids in copy.page_ids]
    for page_id in following:
        await copy.database.transact(
            lambda tx, page_id=page_id: tx.execute("UPDATE page SET feed = 'following' WHERE id = $1", page_id)
        )
    await copy.prune()
    assert (await copy.log())[0] == [*following[2:GONE_DAYS], *copy.kept()]
    copy.at_us += 30 * DAY_US
    await copy.prune()
    assert (await copy.log())[0] == copy.page_ids[-1]


async def test_after_an_account_was_erased_pages_from_before_say_that_they_cannot_be_rebuilt(
    copy: Network, tmp_path: Path
) -> None:
    """Its snapshots go with it."""
    account = await accounts.by_id(copy.database, AccountId(copy.filled.author_ids[0]))
    assert account is not None
    await account_actions.erase(copy.backends, tmp_path, account, None, copy.at_us)
    async with copy.opened() as feed:
        await until(lambda: feed.learning.learner.clip_count == 50, "its clips are gone")
    assert len(await snapshots.newest_first(copy.database)) == 1
    assert await copy.prune() == [], "one alone stands for nothing"
    async with copy.opened() as feed:
        after = await copy.swipe(feed, 100)
    await copy.read()
    assert sum(await copy.prune()) == 6 * GONE_DAYS
    found, faults = await copy.replayed()
    assert faults == []
    assert [one.is_pruned for one in found] == [True] * 6 + [False]
    assert found[-1].is_same and [found[-1].page.id] == after


async def test_the_command_says_what_is_gone_and_from_when_on_pages_are_kept(
    copy: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await copy.prune()
    gone, kept = id_text(copy.page_ids[0][0]), id_text(copy.kept()[0])
    saved = await snapshots.newest_first(copy.database)
    await copy.database.close()

    def replay(*words: str) -> tuple[int, str]:
        status = main(["--data", str(tmp_path / "data"), "replay", *words])
        said = capsys.readouterr()
        return status, said.out + said.err

    until_day = "2026-02-19 00:00:00 UTC"
    assert (await in_a_thread(replay, gone)) == (
        1, f"freehold: Page {gone} is no longer kept: pages up to {until_day} are gone.\n"
    )  # fmt: skip
    status, said = await in_a_thread(replay, "--all")
    assert (
        status == 0
        and f"pages up to {until_day} are no longer kept" in said
        and "6 pages with 24 impressions are the same" in said
    )
    status, said = await in_a_thread(replay, "--all", "--json")
    assert status == 0 and f'"kept_after_us": {BEGIN_US + (GONE_DAYS - 1) * DAY_US}' in said
    for one in saved[2:]:
        (tmp_path / "data" / "blobs" / one.blob_key).unlink()
    status, said = await in_a_thread(replay, kept)
    assert status == 1 and "cannot be rebuilt:\n   - what it was ranked from is pruned" in said
    status, said = await in_a_thread(replay, "--all")
    assert status == 1 and "3 older pages cannot be rebuilt" in said and "3 pages with 12 impressions are" in said
    status, said = await in_a_thread(replay, "--all", "--json")
    assert status == 1 and '"is_pruned": true' in said and '"pruned": 3' in said


async def in_a_thread(work: Callable[..., Any], *words: str) -> Any:
    import asyncio

    return await asyncio.to_thread(work, *words)


async def findings(network: Network, rules: FeedRules) -> dict[str, tuple[str, str]]:
    """The doctor's, by subject."""
    return {one.subject: (one.grade, one.text) async for one in doctor._database(network.database, rules)}


async def test_the_doctor_says_where_pages_and_watches_stay_that_should_be_gone(copy: Network) -> None:
    since = "pages and watches since 2026-02-16 are kept"
    assert (await findings(copy, RULES))["log"] == ("WRONG", f"{since}, longer than feed.log_days (2)")
    assert (await findings(copy, replace(RULES, log_days=36_500)))["log"] == ("ok", since)
    await copy.prune()
    assert "since 2026-02-20" in (await findings(copy, RULES))["log"][1]


async def test_the_doctor_measures_each_reader_by_what_it_reads(copy: Network) -> None:
    """The log is shorter than the journal here, and for hours nobody watched."""
    await copy.database.transact(lambda tx: tx.execute("UPDATE reader SET moved_at_us = 1"))
    for name in (tally.NAME, watch_counts.NAME):
        assert (await findings(copy, RULES))[f"reader {name}"] == ("ok", "at 36 of 36")
        await readers.reset(copy.backends, name, 1)
        assert (await findings(copy, RULES))[f"reader {name}"] == ("WRONG", "36 entries behind for over an hour")


def test_the_newest_snapshot_stands_for_nothing_and_of_the_others_the_newest_that_is_old_enough_does() -> None:
    saved = [Snapshot(n, "", n, n, n * DAY_US, "", "") for n in (9, 7, 5, 3)]
    assert [getattr(base_of(saved, day * DAY_US), "id", None) for day in (10, 7, 6, 4, 1)] == [7, 7, 5, 3, 3]
    assert base_of(saved[:1], 10 * DAY_US) is None and base_of([], 0) is None


async def test_a_viewer_is_told_that_what_put_a_clip_there_is_no_longer_kept(copy: Network) -> None:
    await copy.prune()
    async with copy.opened() as feed:
        with pytest.raises(Gone) as refused:
            await feed.why(Viewer(ViewerId(100)), copy.page_ids[0][0], 0)
        assert refused.value.code == "page-pruned"
        assert await feed.why(Viewer(ViewerId(100)), copy.page_ids[-1][0], 0)


def test_watches_are_counted_by_clip() -> None:
    batch = watch_log.WatchBatch(
        ViewerId(1), "batch-01", 1, b"".join(watch_log.RECORD.pack(1, clip, 0, 0, 0, 0) for clip in (7, 5, 7))
    )
    assert retention.watches_in([watch_log.LoggedBatch(1, 1, batch, None)]) == [(5, 1), (7, 2)]
