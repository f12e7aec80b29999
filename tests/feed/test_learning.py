"""The learner as a fold over what is stored: whatever ends the server, the next start has the same state."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.fill import fill
from freehold.actions import comment as commenting
from freehold.actions import social
from freehold.actions.watch import BatchReport, WatchReport
from freehold.backends import Backends
from freehold.backends.blobs import LocalBlobs
from freehold.backends.bus import EmbeddedBus
from freehold.backends.compute import EmbeddedCompute
from freehold.backends.database import Database, Transaction
from freehold.domain.account import Account, Role, Viewer
from freehold.domain.errors import BackendError
from freehold.domain.ids import AccountId, ClipId, ViewerId, id_text
from freehold.feed import candidates, readers
from freehold.feed.feed import Feed, FeedRules
from freehold.feed.fold import Fold
from freehold.feed.learning import Learning
from freehold.recommender import Head
from freehold.store import account as accounts
from freehold.store import comment as comments
from freehold.store import journal
from freehold.store import snapshot as snapshots
from tests.feed.catalogue import until


def clock() -> int:
    return time.time_ns() // 1000


@pytest.fixture
async def backends(database: Database, tmp_path: Path) -> AsyncIterator[Backends]:
    await fill(database, 120, authors=12, sounds=10, tags=6)
    yield Backends(database, LocalBlobs(tmp_path / "blobs"), EmbeddedBus(), EmbeddedCompute())


def opened(backends: Backends, seed: int = 1) -> "object":
    return Feed.open(backends, FeedRules(), clock, Random(seed))


async def live(feed: Feed, viewers: int, pages: int, first_viewer: int = 100) -> None:
    """Viewers who watch: every other clip to its end, the others not."""
    for number in range(pages):
        for viewer_id in range(first_viewer, first_viewer + viewers):
            viewer = Viewer(ViewerId(viewer_id))
            page = await feed.for_you(viewer, 5, clock())
            watches = [
                WatchReport(id_text(page.id), one.position, id_text(one.view.clip.id), 3000, one.position % 2)
                for one in page.clips
            ]
            if watches:
                await feed.take_watches(viewer, BatchReport(f"batch-{number:04}", watches), clock())


async def tell(backends: Backends, kind: journal.Kind, subject_id: int, actor_id: int | None = None) -> None:
    await backends.database.transact(
        lambda tx: journal.append(tx, kind, at_us=clock(), actor_id=actor_id, subject_id=subject_id)
    )
    backends.bus.ring("journal")


async def crashed(backends: Backends) -> Learning:
    """The state that a start finds now, without the running server's last words."""
    learning = Learning(backends, FeedRules(), clock, Random(2))
    await learning.restore()
    return learning


async def test_a_start_after_a_crash_has_the_state_to_the_last_bit(backends: Backends) -> None:
    async with opened(backends) as feed:  # type: ignore[attr-defined]
        await live(feed, viewers=4, pages=2)
        await tell(backends, journal.Kind.CLIP_WITHDRAWN, next(iter(await some_clips(backends))))
        await tell(backends, journal.Kind.ACCOUNT_FOLLOWED, 7, actor_id=100)
        await until(lambda: feed.learning.learner.clip_count == 119, "the withdrawal is known")
        await live(feed, viewers=4, pages=2, first_viewer=102)
        found = await crashed(backends)
        assert found.learner.state_hash() == feed.learning.learner.state_hash()
        assert found.learner.hash() == feed.learning.learner.hash()


async def test_what_following_showed_is_in_the_state_after_a_crash(backends: Backends) -> None:
    ids = [row["id"] for row in await backends.database.fetch("SELECT id FROM account ORDER BY id")]
    me, others = AccountId(ids[0]), ids[1:]
    viewer = Viewer(ViewerId(me), Account(me, "a", "", "", Role.VIEWER, None, 0, None, 0, 0))

    async def follow_all(transaction: Transaction) -> None:
        rows = [(me, other, 1) for other in others]
        await transaction.execute_many("INSERT INTO follow (follower_id, followed_id, at_us) VALUES ($1, $2, $3)", rows)

    await backends.database.transact(follow_all)
    async with opened(backends) as feed:  # type: ignore[attr-defined]
        await live(feed, viewers=2, pages=1)
        shown = [one.view.clip.id for one in (await feed.following(viewer, None, 5, clock())).clips]
        await live(feed, viewers=2, pages=1)
        found = (await crashed(backends)).learner
        assert found.state_hash() == feed.learning.learner.state_hash()
        assert found.has_seen(viewer.id, shown, clock()) == [True] * 5


async def some_clips(backends: Backends) -> list[ClipId]:
    rows = await backends.database.fetch("SELECT id FROM clip ORDER BY id")
    return [ClipId(row["id"]) for row in rows]


async def test_a_start_from_a_snapshot_and_the_log_behind_it_has_the_same_state(backends: Backends) -> None:
    async with opened(backends) as feed:  # type: ignore[attr-defined]
        await live(feed, viewers=3, pages=2)
    saved = await snapshots.newest_first(backends.database)
    assert len(saved) == 1
    async with opened(backends, seed=2) as feed:  # type: ignore[attr-defined]
        assert feed.learning.learner.hash() == saved[0].model_hash
        assert feed.learning.learner.learned_count == 30
        await live(feed, viewers=3, pages=2, first_viewer=200)
        assert (await crashed(backends)).learner.state_hash() == feed.learning.learner.state_hash()
        state = feed.learning.learner.state_hash()
    await backends.blobs.delete((await snapshots.newest_first(backends.database))[0].blob_key)
    assert (await crashed(backends)).learner.state_hash() == state, "the older snapshot and more of the log"


async def test_a_snapshot_that_a_backend_fails_is_made_up_for_and_what_is_to_be_forgotten_is_not_forgotten(
    backends: Backends,
) -> None:
    async with opened(backends) as feed:  # type: ignore[attr-defined]
        await live(feed, viewers=2, pages=1)
    old = await snapshots.newest_first(backends.database)

    class Failing:
        """The database's transactions, or the blobs' deletions, fail."""

        def __init__(self, whole: object, name: str) -> None:
            self._whole, self._name = whole, name

        def __getattr__(self, name: str) -> object:
            return self._fail if name == self._name else getattr(self._whole, name)

        async def _fail(self, *_: object) -> None:
            raise BackendError("it is away")

    parts: list[tuple[str, str]] = [("blobs", "delete"), ("database", "transact")]
    for viewer_id, (part, name) in enumerate(parts, 100):
        learning = await crashed(backends)
        learning.learner.forget_viewer(ViewerId(viewer_id))
        learning._must_forget = True
        failing: Any = {part: Failing(getattr(backends, part), name)}
        learning._backends = replace(backends, **failing)
        await learning.close()
        assert learning._must_forget, part
        learning._backends = backends
        await learning.close()
        assert not learning._must_forget
        left = await snapshots.newest_first(backends.database)
        assert len(left) == 1
        assert left[0].id != old[0].id
        assert [key async for key in backends.blobs.all_keys()] == [left[0].blob_key]


async def test_an_end_without_news_saves_nothing_new(backends: Backends) -> None:
    async with opened(backends) as feed:  # type: ignore[attr-defined]
        await live(feed, viewers=1, pages=1)
    for _ in range(2):
        async with opened(backends):  # type: ignore[attr-defined]
            pass
    assert len(await snapshots.newest_first(backends.database)) == 1


async def test_resetting_the_reader_builds_the_same_state_from_the_first_entry_on(backends: Backends) -> None:
    async with opened(backends) as feed:  # type: ignore[attr-defined]
        await live(feed, viewers=3, pages=2)
        state = feed.learning.learner.state_hash()
        old = feed.learning.learner
        await readers.reset(backends, candidates.NAME, clock())
        await until(lambda: feed.learning.learner is not old and feed.learning.journal_seq >= 120, "it is built anew")
        assert feed.learning.learner.state_hash() == state
        await live(feed, viewers=3, pages=1)
        state = feed.learning.learner.state_hash()
    await readers.reset(backends, candidates.NAME, clock())
    assert (await crashed(backends)).learner.state_hash() == state


async def test_likes_and_suspensions_reach_the_learner_through_the_journal(backends: Backends) -> None:
    clip_id = (await some_clips(backends))[5]
    author_id = (await backends.database.fetch("SELECT author_id FROM clip WHERE id = $1", clip_id))[0]["author_id"]
    async with opened(backends) as feed:  # type: ignore[attr-defined]
        learner = feed.learning.learner
        await tell(backends, journal.Kind.CLIP_LIKED, clip_id, actor_id=300)
        await until(lambda: learner.learned_count == 1, "the like is learned")
        await backends.database.transact(lambda tx: accounts.set_suspended(tx, author_id, clock()))
        await tell(backends, journal.Kind.ACCOUNT_SUSPENDED, author_id)
        await until(lambda: learner.clip_count == 110, "the author's clips are gone")
        assert clip_id not in learner
        await backends.database.transact(lambda tx: accounts.set_suspended(tx, author_id, None))
        await tell(backends, journal.Kind.ACCOUNT_RESTORED, author_id)
        await until(lambda: learner.clip_count == 120, "they are back")


async def test_the_next_page_knows_what_was_shared_commented_and_followed_and_a_start_after_a_crash_too(
    backends: Backends,
) -> None:
    clip_ids = await some_clips(backends)
    ids = [row["id"] for row in await backends.database.fetch("SELECT id FROM account ORDER BY id")]
    author_id = (await backends.database.fetch("SELECT author_id FROM clip WHERE id = $1", clip_ids[5]))[0]["author_id"]
    me = await accounts.by_id(backends.database, AccountId(next(one for one in ids if one != author_id)))
    author = await accounts.by_id(backends.database, AccountId(author_id))
    assert me is not None and author is not None
    viewer, random = Viewer(ViewerId(me.id), me), Random(4)
    async with opened(backends) as feed:  # type: ignore[attr-defined]

        def likely() -> list[int]:
            learner = feed.learning.learner
            chances = learner.chances(learner.consider(ViewerId(999), [clip_ids[5]], clock()))[0]
            return [int(chances[head]) for head in (Head.SHARE, Head.COMMENT, Head.FOLLOW)]

        before = likely()
        async with feed.acting(me):
            await social.share(backends, viewer, me, clip_ids[5], clock())
        share, comment, follow = likely()
        assert share > before[0] and [comment, follow] == before[1:]
        async with feed.acting(me):
            await commenting.comment(backends, viewer, me, clip_ids[5], "Oh", clock(), random)
        assert likely()[1] > comment and [likely()[0], likely()[2]] == [share, follow]
        async with feed.acting(me):
            await social.follow(backends, me, author.handle, True, clock(), [clip_ids[6], clip_ids[5]])
        assert likely()[2] > follow
        after = likely()
        async with feed.acting(me):
            await social.follow(backends, me, author.handle, False, clock())
            await social.follow(backends, me, author.handle, True, clock(), [clip_ids[5]])
            (mine,) = await comments.ids_on_clip_for_system(backends.database, clip_ids[5], 0, 9)
            await commenting.delete(backends, me, mine, clock())
            await commenting.comment(backends, viewer, me, clip_ids[5], "Ah", clock(), random)
        assert likely() == after, "what is undone is not taken back, and done again it does not count again"
        found = await crashed(backends)
        assert found.learner.state_hash() == feed.learning.learner.state_hash()
        assert found.learner.hash() == feed.learning.learner.hash()


async def test_a_follow_comes_of_the_authors_clip_that_was_shown_last_within_half_an_hour(backends: Backends) -> None:
    ids = [row["id"] for row in await backends.database.fetch("SELECT id FROM account ORDER BY id")]
    me = await accounts.by_id(backends.database, AccountId(ids[0]))
    assert me is not None
    viewer, now = Viewer(ViewerId(me.id), me), clock()
    half_an_hour_us = 30 * 60_000_000
    async with opened(backends) as feed:  # type: ignore[attr-defined]
        old = await feed.for_you(viewer, 3, now - half_an_hour_us - 1)
        first = await feed.for_you(viewer, 3, now - half_an_hour_us + 1)
        await feed.profile(viewer, AccountId(ids[5]), None, 3, now - 2)
        second = await feed.for_you(viewer, 3, now - 1)
        shown = [one.view.clip.id for page in (second, first) for one in reversed(page.clips)]
        assert await feed.shown_lately(me, now) == shown
        assert old.clips[0].view.clip.id not in shown
        last = second.clips[1].view
        await social.follow(backends, me, last.author.handle, True, now, shown)
    entries = await journal.of_kind_after(backends.database, journal.Kind.ACCOUNT_FOLLOWED, 0)
    theirs = [one.view.clip.id for page in (second, first) for one in reversed(page.clips)
              if one.view.author.id == last.author.id]  # fmt: skip
    assert entries[0].object_id == theirs[0]


async def test_a_comment_from_before_comments_were_told_is_no_fault(backends: Backends) -> None:
    faults: list[str] = []
    kind = journal.Kind.COMMENT_CREATED
    await backends.database.transact(
        lambda tx: journal.append(tx, kind, at_us=1, actor_id=300, subject_id=5, object_id=6)
    )
    await candidates.write_down(backends.database, clock())
    fold = Fold(backends.database)
    fold.on_told = lambda entry, fault: faults.append(fault)
    await fold.follow(1000)
    assert faults == []


async def test_deleting_an_account_takes_its_clips_and_its_watching_from_the_state_and_from_every_snapshot(
    backends: Backends,
) -> None:
    account_id = (await backends.database.fetch("SELECT MIN(id) AS id FROM account"))[0]["id"]
    account = Account(AccountId(account_id), "a", "", "", Role.CREATOR, None, 0, None, 0, 0)
    async with opened(backends) as feed:  # type: ignore[attr-defined]
        viewer = Viewer(ViewerId(account_id), account)
        page = await feed.for_you(viewer, 5, clock())
        assert all(one.view.clip.author_id != account_id for one in page.clips), "nobody is shown their own clips"
        watches = [
            WatchReport(id_text(page.id), one.position, id_text(one.view.clip.id), 3000, 1) for one in page.clips
        ]
        await feed.take_watches(viewer, BatchReport("batch-0001", watches), clock())
    before = await snapshots.newest_first(backends.database)
    async with opened(backends, seed=3) as feed:  # type: ignore[attr-defined]
        learner = feed.learning.learner

        async def erase(transaction: object) -> None:
            await accounts.delete(transaction, AccountId(account_id))  # type: ignore[arg-type]
            await journal.append(
                transaction,  # type: ignore[arg-type]
                journal.Kind.ACCOUNT_DELETED,
                at_us=clock(),
                actor_id=account_id,
                subject_id=account_id,
            )

        await backends.database.transact(erase)
        backends.bus.ring("journal")
        await until(lambda: learner.clip_count == 110, "its clips are gone")
    after = await snapshots.newest_first(backends.database)
    assert len(after) == 1
    assert after[0].id != before[0].id
    assert [key async for key in backends.blobs.all_keys()] == [after[0].blob_key]
    data = await backends.blobs.read(after[0].blob_key, 0, await backends.blobs.size_bytes(after[0].blob_key))
    assert int(account_id + 1).to_bytes(8, "little") not in data, "the viewer's key in the learner's table"
    rows = await backends.database.fetch("SELECT COUNT(*) AS count FROM page WHERE viewer_id = $1", account_id)
    assert rows[0]["count"] == 0
