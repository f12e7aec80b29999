"""Any page of For You is rebuilt to the last bit from what is stored, and whatever was changed or erased is named."""

import asyncio
import itertools
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bench.fill import Filled, fill
from freehold.actions import account as account_actions
from freehold.actions import choices, social
from freehold.actions import clip as clip_actions
from freehold.actions import comment as commenting
from freehold.actions.clip import Change
from freehold.actions.watch import BatchReport, WatchReport
from freehold.backends import Backends
from freehold.backends.blobs import LocalBlobs
from freehold.backends.bus import EmbeddedBus
from freehold.backends.compute import EmbeddedCompute
from freehold.backends.database import Database, Value
from freehold.backends.sqlite import SqliteCopy
from freehold.domain.account import Account, Viewer
from freehold.domain.choices import WishKind
from freehold.domain.errors import Absent, BackendError, BadInput
from freehold.domain.ids import AccountId, ClipId, PageId, ViewerId, id_text
from freehold.feed import ranking, weights
from freehold.feed.feed import Feed, FeedRules
from freehold.feed.learning import kept_of
from freehold.feed.replay import Replay, Replayed, Selection, wanted_page
from freehold.recommender import Learner, Weights
from freehold.store import account as accounts
from freehold.store import page as pages
from freehold.store import snapshot as snapshots
from freehold.store.page import PageRow
from freehold.store.snapshot import Snapshot
from tests.feed.catalogue import until

DAY_US = 86_400_000_000
OFTEN = FeedRules(candidate_count=60, snapshot_every_s=0, replay_span_h=0)
"""A snapshot at every look."""
SELDOM = FeedRules(candidate_count=60)
"""None but at the end."""


def clock() -> int:
    return time.time_ns() // 1000


@pytest.fixture
async def backends(database: Database, tmp_path: Path) -> AsyncIterator[Backends]:
    yield Backends(database, LocalBlobs(tmp_path / "blobs"), EmbeddedBus(), EmbeddedCompute())


@pytest.fixture
async def filled(backends: Backends) -> Filled:
    return await fill(backends.database, 120, authors=12, sounds=10, tags=6)


def opened(backends: Backends, rules: FeedRules, seed: int = 1) -> Any:
    return Feed.open(backends, rules, clock, Random(seed))


async def account_of(backends: Backends, account_id: int) -> Account:
    account = await accounts.by_id(backends.database, AccountId(account_id))
    assert account is not None
    return account


async def swipe(feed: Feed, viewer: Viewer, count: int, random: Random) -> list[PageId]:
    """Pages of one viewer, watched in a way of the viewer's own."""
    page_ids = []
    for number in range(count):
        page = await feed.for_you(viewer, random.choice((3, 5, 8)), clock())
        watches = [
            WatchReport(
                id_text(page.id), one.position, id_text(one.view.clip.id), random.randrange(20_000),
                random.randrange(2), skipped=random.random() < 0.3,
            )
            for one in page.clips
        ]  # fmt: skip
        if watches:
            page_ids.append(page.id)
            await feed.take_watches(
                viewer, BatchReport(f"batch-{random.getrandbits(40):012}-{number}", watches), clock()
            )
    return page_ids


async def viewers_of(backends: Backends, filled: Filled, first: int) -> list[Viewer]:
    """Some signed out, and some who made clips, which are gathered for them and then refused."""
    authors = [await account_of(backends, author_id) for author_id in filled.author_ids[:3]]
    return [Viewer(ViewerId(first + n)) for n in range(5)] + [Viewer(ViewerId(one.id), one) for one in authors]


async def trouble(backends: Backends, filled: Filled, random: Random, rounds: int) -> None:
    """Everything that moves the learner besides watches."""
    authors = [await account_of(backends, author_id) for author_id in filled.author_ids]
    by_author = {author.id: filled.clip_ids[n :: len(authors)] for n, author in enumerate(authors)}
    for number in range(rounds):
        me, other = random.sample(authors[:-1], 2)
        clip_id = random.choice(by_author[other.id])
        viewer, there = Viewer(ViewerId(me.id), me), filled.clip_ids[12:22]
        await social.follow(backends, me, other.handle, number % 3 > 0, clock(), random.sample(filled.clip_ids, 30))
        await social.like(backends, viewer, me, random.choice(there), True, clock())
        await social.share(backends, viewer, me, random.choice(there), clock())
        await commenting.comment(backends, viewer, me, random.choice(there), "Ah", clock(), random)
        await account_actions.reset_feed(backends, me, clock())
        wished = random.choice(((WishKind.TAG, f"tag{number % 6}"), (WishKind.AUTHOR, other.handle)))
        await choices.set_wish(backends, me, *wished, random.randrange(-2, 3), clock(), random)
        await choices.set_profiled(backends, random.choice(authors[:3]), number % 2 == 0, clock())
        caption = f"Now it is about #tag{random.randrange(9)} and #mood{random.randrange(3)}"
        await clip_actions.change(backends, other, clip_id, Change(caption=caption), clock())
        withdrawn = by_author[other.id][0]
        await clip_actions.withdraw(backends, other, withdrawn, clock())
        value = 300 + random.randrange(900)
        await weights.change(backends.database, OFTEN, {"tag_gain": value}, frozenset(), clock(), random)
        backends.bus.ring("journal")
        await asyncio.sleep(0.01)
        await clip_actions.publish(backends, other, withdrawn, clock())
        await account_actions.suspend(backends.database, None, authors[-1].handle, number % 2 == 0, clock())
        backends.bus.ring("journal")
        await asyncio.sleep(0.01)


async def replayed(backends: Backends, selection: Selection | None = None) -> tuple[list[Replayed], list[str]]:
    replay = Replay(backends.database, backends.blobs)
    wanted = await (selection or Selection()).wanted(backends.database)
    return [one async for one in replay.pages(wanted)], replay.faults


async def differences_of(backends: Backends, page_id: PageId) -> list[str]:
    """Of one page, with what was found on the way."""
    replay = Replay(backends.database, backends.blobs)
    wanted = [await wanted_page(backends.database, page_id)]
    return [said for one in [one async for one in replay.pages(wanted)] for said in one.differences]


async def set_to(backends: Backends, sql: str, *values: Value) -> None:
    async def work(transaction: Any) -> None:
        assert await transaction.execute(sql, *values)

    await backends.database.transact(work)


async def lived(backends: Backends, rules: FeedRules = SELDOM, page_count: int = 4) -> list[PageId]:
    """Two viewers' pages, in the order in which they were served."""
    page_ids = []
    random = Random(5)
    async with opened(backends, rules) as feed:
        for _ in range(page_count):
            for viewer_id in (100, 101):
                page_ids += await swipe(feed, Viewer(ViewerId(viewer_id)), 1, random)
    return page_ids


async def test_pages_under_load_with_everything_that_moves_the_learner_are_rebuilt_to_the_last_bit(
    backends: Backends, filled: Filled
) -> None:
    served = 0
    for session, rules in enumerate((OFTEN, SELDOM, replace(OFTEN, seen_window_clips=999))):
        async with opened(backends, rules, seed=session) as feed:
            viewers = await viewers_of(backends, filled, 100 + 4 * session)
            served += len(await swipe(feed, viewers[0], 1, Random(session)))
            swiping = [swipe(feed, viewer, 5, Random(n)) for n, viewer in enumerate(viewers)]
            got = await asyncio.gather(*swiping, trouble(backends, filled, Random(session), 4))
            served += len(await swipe(feed, viewers[0], 1, Random(session)))
            served += sum(len(page_ids) for page_ids in got[:-1] if page_ids is not None)
    found, faults = await replayed(backends)
    assert faults == []
    assert [one.differences for one in found if not one.is_same] == []
    assert len(found) == served > 80
    records = [ranking.unpacked(one.page.ranked) for one in found]
    assert any(record and record.refused for record in records), "some clips were gathered and refused"
    assert len({record.weights for record in records if record}) > 3, "the weights changed meanwhile"
    sample, _ = await replayed(backends, Selection(sample=7))
    assert len(sample) == 7
    assert all(one.is_same for one in sample)
    late = sorted(found, key=lambda one: one.page.at_us)[-5:]
    some, _ = await replayed(backends, Selection(since_us=late[0].page.at_us))
    assert len(some) == 5
    assert all(one.is_same and one.base.startswith("snapshot") for one in some)
    mine, _ = await replayed(backends, Selection(viewer_id=ViewerId(101)))
    assert mine
    assert all(one.page.viewer_id == 101 and one.is_same for one in mine)


async def test_a_replay_does_not_depend_on_the_place_it_starts_from(backends: Backends, filled: Filled) -> None:
    page_ids = await lived(backends, OFTEN)
    page_ids += await lived(backends, OFTEN)
    from_snapshots = [await differences_of(backends, page_id) for page_id in page_ids]

    async def forget(transaction: Any) -> None:
        for one in await snapshots.newest_first(transaction):
            await snapshots.delete(transaction, one.id)

    await backends.database.transact(forget)
    found, _ = await replayed(backends)
    assert from_snapshots == [[]] * len(page_ids)
    assert all(one.is_same and one.base == "the log's beginning" for one in found)


async def test_a_replay_of_a_copy_that_nobody_may_write_to_writes_nothing(
    backends: Backends, filled: Filled, tmp_path: Path
) -> None:
    if backends.database.dialect != "sqlite":
        pytest.skip("a PostgreSQL server's files are its own; its sessions are opened read-only")
    page_ids = await lived(backends)
    await backends.database.close()
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "data", copy)
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    database = SqliteCopy(copy / "freehold.db")
    found, _ = await replayed(replace(backends, database=database))
    assert len(found) == len(page_ids)
    assert all(one.is_same for one in found)

    async def write(transaction: Any) -> None:
        await transaction.execute("DELETE FROM page")

    with pytest.raises(BackendError):
        await database.transact(write)
    await database.close()
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


# One changed bit


async def test_one_changed_bit_in_a_watch_is_found_and_the_batch_named(backends: Backends, filled: Filled) -> None:
    page_ids = await lived(backends)
    rows = await backends.database.fetch("SELECT seq, watches FROM watch_batch ORDER BY seq")
    watches = bytearray(rows[1]["watches"])
    watches[17] ^= 1
    await set_to(backends, "UPDATE watch_batch SET watches = $1 WHERE seq = $2", bytes(watches), rows[1]["seq"])
    said = f"the watch batch at place {rows[1]['seq']} of the log was changed: its watches has one bit"
    found, faults = await replayed(backends)
    assert [one.is_same for one in found] == [True, True] + [False] * (len(page_ids) - 2)
    assert len(faults) == 1
    assert faults[0].startswith(said)
    assert any(one.startswith(said) for one in found[2].differences)
    assert any(one.startswith(f"model: it was ranked by {found[2].page.model_hash}") for one in found[2].differences)
    await set_to(backends, "UPDATE watch_batch SET seal = NULL WHERE seq = $1", rows[1]["seq"])
    found, faults = await replayed(backends)
    assert faults == []
    assert any("something was changed between place" in one for one in found[2].differences), "with its seal gone too"


async def test_one_changed_bit_in_a_weight_is_found_and_the_action_named(backends: Backends, filled: Filled) -> None:
    async with opened(backends, SELDOM) as feed:
        await swipe(feed, Viewer(ViewerId(100)), 2, Random(1))
        await weights.change(backends.database, SELDOM, {"tag_gain": 800}, frozenset(), clock(), Random(7))
        backends.bus.ring("journal")
        await until(lambda: feed.learning.learner.weights.tag_gain == 800, "the weights are known")
        await swipe(feed, Viewer(ViewerId(100)), 2, Random(2))
    await set_to(
        backends, "UPDATE told_weights SET in_force = REPLACE(in_force, $1, $2) WHERE in_force LIKE $3",
        '"tag_gain":800', '"tag_gain":801', '%"tag_gain":800%',
    )  # fmt: skip
    found, faults = await replayed(backends)
    assert [one.is_same for one in found] == [True, True, False, False]
    assert "feed.weights-changed" in faults[0]
    assert "its in_force has one bit that was not written so" in faults[0]
    assert "weights: those in force by the journal are not those that it was ranked with" in found[2].differences


async def test_one_changed_bit_in_what_was_told_of_a_clip_is_found_and_its_entry_named(
    backends: Backends, filled: Filled
) -> None:
    await lived(backends)
    await set_to(
        backends, "UPDATE told_item SET tags = REPLACE(tags, 'tag1', 'tag0') WHERE clip_id = $1", filled.clip_ids[1]
    )
    found, faults = await replayed(backends)
    assert not any(one.is_same for one in found)
    assert faults == [
        "entry 2 of the journal (clip.published): what it told of a clip was changed: its tags has one bit that was"
        " not written so"
    ]
    assert faults[0] in found[0].differences


async def test_a_changed_wish_is_found_and_its_action_named_and_one_of_an_erased_account_is_no_fault(
    backends: Backends, filled: Filled, tmp_path: Path
) -> None:
    await set_to(
        backends,
        "INSERT INTO account (id, handle, role, password_hash, created_at_us) VALUES (7, 'wisher', 'viewer', '', 1)",
    )
    me = await account_of(backends, 7)
    async with opened(backends, SELDOM) as feed:
        await swipe(feed, Viewer(ViewerId(100)), 1, Random(1))
        await feed.set_wish(me, WishKind.TAG, "tag1", 1, clock())
        await swipe(feed, Viewer(ViewerId(100)), 1, Random(2))
    await set_to(backends, "UPDATE told_wish SET tag = 'tag0'")
    found, faults = await replayed(backends)
    assert [one.is_same for one in found] == [True, False]
    assert len(faults) == 1 and "(feed.wished): the wish that it told was changed: its tag has one bit" in faults[0]
    await set_to(backends, "UPDATE told_wish SET tag = 'tag1'")
    found, faults = await replayed(backends)
    assert [one.is_same for one in found] == [True, True] and faults == []
    await account_actions.erase(backends, tmp_path, me, None, clock())
    found, faults = await replayed(backends)
    assert faults == []
    assert any("(feed.wished): the wish that it told is gone, as the account is" in one for one in found[1].differences)


async def reacted(backends: Backends, filled: Filled) -> Account:
    """Who shared one clip, commented on it twice, and followed the author of another, with pages before and after."""
    await set_to(
        backends,
        "INSERT INTO account (id, handle, role, password_hash, created_at_us) VALUES (7, 'sharer', 'viewer', '', 1)",
    )
    me = await account_of(backends, 7)
    viewer, author = Viewer(ViewerId(7), me), await account_of(backends, filled.author_ids[1])
    async with opened(backends, SELDOM) as feed:
        await swipe(feed, Viewer(ViewerId(100)), 1, Random(1))
        async with feed.acting(me):
            await social.share(backends, viewer, me, filled.clip_ids[0], clock())
            for seed, text in enumerate(("Oh", "Ah")):
                await commenting.comment(backends, viewer, me, filled.clip_ids[0], text, clock(), Random(seed))
            await social.follow(backends, me, author.handle, True, clock(), filled.clip_ids)
        await swipe(feed, Viewer(ViewerId(100)), 1, Random(2))
    return me


async def test_a_changed_reaction_is_found_and_its_action_named(backends: Backends, filled: Filled) -> None:
    await reacted(backends, filled)
    rows = await backends.database.fetch("SELECT journal_seq, clip_id, kind FROM told_reaction ORDER BY journal_seq")
    assert [row["kind"] for row in rows] == ["share", "comment", "follow"], "the second comment is not told"
    assert rows[2]["clip_id"] in filled.clip_ids[1::12], "one of those that the author made"
    seq = rows[0]["journal_seq"]
    was = (await backends.database.fetch("SELECT clip_id, kind, at_us FROM told_reaction ORDER BY journal_seq"))[0]
    changes: list[tuple[str, Value, str]] = [
        ("kind", "shard", "its kind has one bit that was not written so"),
        ("at_us", was["at_us"] ^ 4, "its at_us has one bit that was not written so"),
        ("clip_id", filled.clip_ids[1], "it is not as it was written"),
    ]
    for column, value, said in changes:
        await set_to(backends, f"UPDATE told_reaction SET {column} = $1 WHERE journal_seq = $2", value, seq)
        found, faults = await replayed(backends)
        assert [one.is_same for one in found] == [True, False]
        said = f"entry {seq} of the journal (clip.shared): the reaction that it told was changed: {said}"
        assert faults == [said]
        assert said in found[1].differences
        await set_to(backends, f"UPDATE told_reaction SET {column} = $1 WHERE journal_seq = $2", was[column], seq)
    found, faults = await replayed(backends)
    assert [one.is_same for one in found] == [True, True]
    assert faults == []


async def test_reactions_of_an_erased_account_are_gone_and_no_fault(
    backends: Backends, filled: Filled, tmp_path: Path
) -> None:
    me = await reacted(backends, filled)
    await account_actions.erase(backends, tmp_path, me, None, clock())
    assert not await backends.database.fetch("SELECT 1 FROM told_reaction")
    found, faults = await replayed(backends)
    assert faults == []
    for kind in ("clip.shared", "comment.created", "account.followed"):
        said = f"({kind}): the reaction that it told is gone, as the account or the clip is"
        assert any(said in one for one in found[1].differences)


async def test_reactions_to_a_deleted_clip_are_gone_and_no_fault(
    backends: Backends, filled: Filled, tmp_path: Path
) -> None:
    await reacted(backends, filled)
    author = await account_of(backends, filled.author_ids[0])
    await clip_actions.delete(backends, tmp_path, author, filled.clip_ids[0], clock())
    rows = await backends.database.fetch("SELECT kind FROM told_reaction")
    assert [row["kind"] for row in rows] == ["follow"]
    found, faults = await replayed(backends)
    assert faults == []
    assert any("(clip.shared): the reaction that it told is gone" in one for one in found[1].differences)


@pytest.mark.parametrize("column", ["seed", "at_us", "viewer_id", "model_hash"])
async def test_one_changed_bit_in_what_a_page_was_ranked_from_is_found_and_its_column_named(
    backends: Backends, filled: Filled, column: str
) -> None:
    page_ids = await lived(backends)
    rows = await backends.database.fetch(f"SELECT {column} FROM page WHERE id = $1", page_ids[3])
    value = rows[0][0]
    changed = value ^ 4 if isinstance(value, int) else chr(ord(value[0]) ^ 1) + value[1:]
    await set_to(backends, f"UPDATE page SET {column} = $1 WHERE id = $2", changed, page_ids[3])
    found = await differences_of(backends, page_ids[3])
    assert found[0] == f"the page's own row was changed: its {column} has one bit that was not written so"


async def change_shown(backends: Backends, page_id: PageId, position: int, **changes: Any) -> None:
    logged = await pages.logged_for_system(backends.database, page_id)
    assert logged is not None
    shown = list(logged.page.shown)
    shown[position] = replace(shown[position], **changes)
    changed = replace(logged.page, impressions=pages.packed(shown))
    await rewrite(backends, changed, logged.seq, logged.journal_seq)


async def rewrite(backends: Backends, page: PageRow, seq: int, journal_seq: int) -> None:
    """With its seal: as somebody would who knows how."""

    async def work(transaction: Any) -> None:
        await transaction.execute("DELETE FROM page WHERE id = $1", page.id)
        await pages.insert(transaction, seq, journal_seq, [page])

    await backends.database.transact(work)


async def test_a_changed_score_term_chance_or_clip_is_named_with_its_position_even_where_the_seal_was_rewritten(
    backends: Backends, filled: Filled
) -> None:
    page_ids = await lived(backends)
    logged = await pages.logged_for_system(backends.database, page_ids[-1])
    assert logged is not None
    one = logged.page.shown[1]
    changes: list[tuple[dict[str, Any], str]] = [
        ({"score": one.score ^ 1}, "score was"),
        ({"propensity": one.propensity / 2}, "propensity was"),
        ({"terms": (one.terms[0] ^ 1, *one.terms[1:])}, "term quality was"),
        (
            {"clip_id": ClipId(one.clip_id ^ 1)},
            f"clip {id_text(one.clip_id ^ 1)} was shown, and {id_text(one.clip_id)}",
        ),
    ]
    for change, said in changes:
        await change_shown(backends, page_ids[-1], 1, **change)
        found = await differences_of(backends, page_ids[-1])
        assert found[0] == "the page's own row was changed: its candidates and scores come out"
        assert len(found) == 2
        assert found[1].startswith(f"position 1: {said}")
        await rewrite(backends, logged.page, logged.seq, logged.journal_seq)
    assert await differences_of(backends, page_ids[-1]) == []


async def test_a_model_that_no_page_was_rebuilt_from_is_checked_with_all_of_them(
    backends: Backends, filled: Filled
) -> None:
    await lived(backends)
    saved = (await snapshots.newest_first(backends.database))[0]
    data = await backends.blobs.read(saved.blob_key, 0, await backends.blobs.size_bytes(saved.blob_key))
    key = await backends.blobs.put(bytes([*data[:-1], data[-1] ^ 1]))
    await set_to(backends, "UPDATE snapshot SET blob_key = $1 WHERE id = $2", key, saved.id)
    replay = Replay(backends.database, backends.blobs)
    found = [one async for one in replay.pages(await Selection().wanted(backends.database))]
    assert all(one.is_same for one in found)
    assert replay.faults == []
    await replay.check_rest()
    assert len(replay.faults) == 1
    assert f"snapshot {id_text(saved.id)}" in replay.faults[0]


async def test_one_changed_bit_in_a_stored_model_is_found_and_the_snapshot_named(
    backends: Backends, filled: Filled
) -> None:
    await lived(backends)
    page_ids = await lived(backends)
    saved = (await snapshots.newest_first(backends.database))[-1]
    data = bytearray(await backends.blobs.read(saved.blob_key, 0, await backends.blobs.size_bytes(saved.blob_key)))
    data[-9] ^= 1
    root: Path = backends.blobs.root  # type: ignore[attr-defined]
    (root / saved.blob_key).write_bytes(data)
    replay = Replay(backends.database, backends.blobs)
    wanted = [await wanted_page(backends.database, page_ids[0])]
    found = [one async for one in replay.pages(wanted)]
    assert found[0].is_same, "the log is folded from further back"
    assert found[0].base != f"snapshot {id_text(saved.id)}"
    assert f"snapshot {id_text(saved.id)}" in replay.faults[0]
    assert "its bytes are not those that were saved" in replay.faults[0]


async def test_a_model_that_somebody_saved_anew_with_one_bit_changed_is_found(
    backends: Backends, filled: Filled
) -> None:
    """Hash, key and chain are right: what it makes is not."""
    await lived(backends)
    page_ids = await lived(backends)
    saved = (await snapshots.newest_first(backends.database))[-1]
    data = await backends.blobs.read(saved.blob_key, 0, await backends.blobs.size_bytes(saved.blob_key))
    learner = Learner.restore(data)
    learner._state.ratio[0, 0] ^= 1 << 19
    key = await backends.blobs.put(learner.snapshot())
    await set_to(backends, "UPDATE snapshot SET blob_key = $1 WHERE id = $2", key, saved.id)
    found = await differences_of(backends, page_ids[0])
    assert found[0].startswith("model ")
    assert "but not the state that ranked this page" in found[0]
    assert f"snapshot {id_text(saved.id)}" in found[0]
    assert any("term quality was" in one for one in found)
    _, faults = await replayed(backends)
    assert any(f"snapshot {id_text(saved.id)}" in one and "one of the two was changed" in one for one in faults)


async def test_what_was_served_after_the_recommender_changed_is_rebuilt_from_the_state_that_the_last_one_left(
    backends: Backends, filled: Filled
) -> None:
    """The last one would make another state of the log: here, one whose mean is another."""
    page_ids = await lived(backends)
    saved = (await snapshots.newest_first(backends.database))[-1]
    learner = Learner.restore(
        await backends.blobs.read(saved.blob_key, 0, await backends.blobs.size_bytes(saved.blob_key))
    )
    learner._state.ratio[0, 0] ^= 1 << 19
    key = await backends.blobs.put(learner.snapshot())
    await set_to(backends, "UPDATE snapshot SET blob_key = $1, engine = 'another' WHERE id = $2", key, saved.id)
    page_ids += await lived(backends)
    found, faults = await replayed(backends)
    assert [one.differences for one in found if not one.is_same] == []
    assert len(found) == len(page_ids)
    assert faults == []
    assert found[-1].base == f"snapshot {id_text(saved.id)} of " + found[-1].base.partition(" of ")[2]


async def test_a_snapshot_that_only_another_recommender_can_read_is_passed_over_without_a_word(
    backends: Backends, filled: Filled
) -> None:
    page_ids = await lived(backends)
    saved = (await snapshots.newest_first(backends.database))[-1]
    key = await backends.blobs.put(b"another recommender's")
    await set_to(backends, "UPDATE snapshot SET blob_key = $1, engine = 'another' WHERE id = $2", key, saved.id)
    page_ids += await lived(backends)
    found, faults = await replayed(backends)
    assert [one.differences for one in found if not one.is_same] == []
    assert len(found) == len(page_ids)
    assert faults == []


async def test_a_watch_that_was_taken_out_or_put_in_is_noticed(backends: Backends, filled: Filled) -> None:
    await lived(backends)
    rows = await backends.database.fetch("SELECT seq FROM watch_batch ORDER BY seq")
    await set_to(backends, "DELETE FROM watch_batch WHERE seq = $1", rows[0]["seq"])
    found, _ = await replayed(backends)
    assert [one.is_same for one in found[:2]] == [True, False]
    assert "1 rows of the log are gone since the log's beginning" in found[1].differences


# What was erased


async def test_after_an_account_was_erased_older_pages_say_so_and_later_ones_are_rebuilt(
    backends: Backends, filled: Filled, tmp_path: Path
) -> None:
    account = await account_of(backends, filled.author_ids[0])
    other = Viewer(ViewerId(500))
    async with opened(backends, OFTEN) as feed:
        mine = await swipe(feed, Viewer(ViewerId(account.id), account), 2, Random(1))
        before = await swipe(feed, other, 2, Random(2))
    async with opened(backends, OFTEN, seed=2) as feed:
        await account_actions.erase(backends, tmp_path, account, account.id, clock())
        backends.bus.ring("journal")
        await until(lambda: feed.learning.learner.clip_count == 110, "its clips are gone")
        after = await swipe(feed, other, 2, Random(3))
    assert len(await snapshots.newest_first(backends.database)) >= 1
    with pytest.raises(Absent, match="erased"):
        await wanted_page(backends.database, mine[0])
    found = await differences_of(backends, before[0])
    assert found[0].startswith("model: it was ranked by")
    assert any(f"account {id_text(account.id)} was erased" in one for one in found)
    assert any("what it told of its clip is gone" in one for one in found)
    assert await differences_of(backends, after[1]) == []
    rows = await backends.database.fetch("SELECT COUNT(*) AS count FROM told_item WHERE author_id = $1", account.id)
    assert rows[0]["count"] == 0


async def test_a_clip_that_was_deleted_is_named_where_a_page_needs_it(
    backends: Backends, filled: Filled, tmp_path: Path
) -> None:
    page_ids = await lived(backends)
    clip_id = filled.clip_ids[7]
    author = await account_of(backends, filled.author_ids[7])
    await clip_actions.delete(backends, tmp_path, author, clip_id, clock())
    found = await differences_of(backends, page_ids[0])
    assert any("entry 8 of the journal (clip.published): what it told of its clip is gone" in one for one in found)
    page_ids = await lived(backends)
    assert await differences_of(backends, page_ids[-1]) == []


async def test_a_page_from_before_pages_said_what_they_were_ranked_from_says_that(
    backends: Backends, filled: Filled
) -> None:
    page_ids = await lived(backends)
    await set_to(backends, "UPDATE page SET ranked = NULL, seal = NULL WHERE id = $1", page_ids[0])
    assert await differences_of(backends, page_ids[0]) == ["it does not say what it was ranked from"]


# What the learner is told stays as it was told


async def test_a_caption_that_changes_does_not_change_what_was_told_before(backends: Backends, filled: Filled) -> None:
    page_ids = await lived(backends)
    author = await account_of(backends, filled.author_ids[1])
    await clip_actions.change(backends, author, filled.clip_ids[1], Change(caption="#other"), clock())
    assert await differences_of(backends, page_ids[-1]) == []
    page_ids += await lived(backends)
    found, _ = await replayed(backends)
    assert len(found) == len(page_ids)
    assert all(one.is_same for one in found)


async def test_weights_are_actions_and_a_setting_that_changed_is_one_at_the_next_start(
    backends: Backends, filled: Filled
) -> None:
    async with opened(backends, SELDOM) as feed:
        assert feed.learning.learner.weights == Weights()
        await weights.change(backends.database, SELDOM, {"follow_value": 5}, frozenset(), clock(), Random(1))
        backends.bus.ring("journal")
        await until(lambda: feed.learning.learner.weights.follow_value == 5, "the weights are known")
    fewer = replace(SELDOM, seen_window_clips=50, seen_window_days=3)
    for _ in range(2):
        async with opened(backends, fewer) as feed:
            assert feed.learning.learner.weights == Weights(follow_value=5, seen_clips=50, seen_min=3 * 24 * 60)
    newest = await weights.in_force(backends.database)
    assert newest is not None
    assert dict(newest.in_force) == asdict(Weights(follow_value=5, seen_clips=50, seen_min=3 * 24 * 60))
    kinds = await backends.database.fetch("SELECT COUNT(*) AS count FROM journal WHERE kind = 'feed.weights-changed'")
    assert kinds[0]["count"] == 3, "the first start, the change, the setting; no start without news"
    await weights.change(backends.database, fewer, {}, frozenset({"follow_value"}), clock(), Random(2))
    async with opened(backends, fewer) as feed:
        assert feed.learning.learner.weights.follow_value == Weights().follow_value


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("no_such", 1, "weight-unknown"), ("seen_clips", 1, "weight-setting"), ("tag_prior", 0, "weight-range")],
)
async def test_a_weight_that_cannot_be_is_refused(backends: Backends, name: str, value: int, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        await weights.change(backends.database, SELDOM, {name: value}, frozenset(), clock(), Random(1))
    assert refused.value.code == code
    assert await weights.in_force(backends.database) is None


def test_snapshots_are_kept_so_that_every_page_inside_the_days_of_replay_has_one_at_most_a_span_before_it() -> None:
    rules = FeedRules(replay_days=10, replay_span_h=24)
    kept: list[Snapshot] = []
    for number in range(40 * 24):
        at_us = number * DAY_US // 24
        new = Snapshot(number, "", number, number, at_us, "", "")
        kept = [new, *kept_of(kept, new, rules)]
        times = sorted(one.at_us for one in kept)
        first = max(0, at_us - 10 * DAY_US)
        assert times[0] <= first
        assert all(b - a <= DAY_US + DAY_US // 24 for a, b in itertools.pairwise(times))
        assert len(kept) <= 14
    assert len(kept_of(kept, kept[0], replace(rules, replay_days=0))) == 1


def test_the_last_snapshot_of_each_recommender_is_kept_as_its_successor_went_on_from_it() -> None:
    rules = FeedRules(replay_days=10, replay_span_h=24)
    last_of_each = (70, 200, 205)
    kept: list[Snapshot] = []
    for hour in range(300):
        made_by = str(sum(hour > one for one in last_of_each))
        new = Snapshot(hour, "", hour, hour, hour * DAY_US // 24, "", made_by)
        kept = [new, *kept_of(kept, new, rules)]
    assert {one.id for one in kept} >= set(last_of_each)
    assert len(kept) <= 14 + len(last_of_each)
    for hour in range(300, 600):
        new = Snapshot(hour, "", hour, hour, hour * DAY_US // 24, "", made_by)
        kept = [new, *kept_of(kept, new, rules)]
    assert not {one.id for one in kept} & set(last_of_each), "once all of its pages are older than the days of replay"
