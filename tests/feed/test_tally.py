"""What the operator's page says is what was shown and watched: pages and watches that are planted, figures that are
known by construction.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.fill import Filled, fill
from freehold.backends import Backends
from freehold.backends.blobs import LocalBlobs
from freehold.backends.bus import EmbeddedBus
from freehold.backends.compute import EmbeddedCompute
from freehold.backends.database import Database, Transaction
from freehold.domain.clip import Withholding
from freehold.domain.ids import AccountId, ClipId, PageId, ViewerId
from freehold.domain.watch import Source
from freehold.feed import readers, tally
from freehold.feed.figures import Figures, figures_of
from freehold.feed.tally import DAY_US, HOUR_US
from freehold.recommender import ONE, Draw
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import page as pages
from freehold.store import tally as tallies
from freehold.store import watch_log, withholding
from freehold.store.page import PageRow, Shown, packed
from freehold.store.watch_log import LIKED, SKIPPED, WatchBatch

NOW_US = 20_000 * DAY_US + 13 * HOUR_US + 1_234_567
"""An afternoon."""
DURATION_MS = 10_000
END = (DURATION_MS, 1, 0)
HALF_WAY = (DURATION_MS // 2, 0, SKIPPED)
LOVED = (DURATION_MS, 1, LIKED)
LEFT = (500, 0, SKIPPED)


def ranked(clip_id: ClipId, source: Source = Source.TAG, score: float = 0.5, propensity: float = 0.9) -> Shown:
    return Shown(clip_id, source, propensity, int(score * ONE), (0,) * 8)


class Planted:
    """The log, written as the learner writes it."""

    def __init__(self, database: Database, filled: Filled) -> None:
        self.database = database
        self.clip_ids = filled.clip_ids
        self._seq = 0

    async def page(self, viewer_id: int, shown: Sequence[Shown], at_us: int, feed: str = "for-you") -> PageId:
        self._seq += 1
        seq, page_id = self._seq, PageId(9_000 + self._seq)
        row = PageRow(ViewerId(viewer_id), page_id, feed, at_us, "0" * 16, 1, packed(shown))
        await self.database.transact(lambda tx: pages.insert(tx, seq, 1, [row]))
        return page_id

    async def watches(
        self, viewer_id: int, page_id: PageId, shown: Sequence[Shown], said: Sequence[tuple[int, int, int]], at_us: int
    ) -> None:
        """What was said of the page's first clips: watched_ms, completions, flags."""
        self._seq += 1
        seq = self._seq
        records = b"".join(
            watch_log.RECORD.pack(page_id, one.clip_id, position, *watch)
            for position, (one, watch) in enumerate(zip(shown, said, strict=False))
        )
        batch = WatchBatch(ViewerId(viewer_id), f"batch-{seq:04}", at_us, records)
        await self.database.transact(lambda tx: watch_log.insert(tx, seq, 1, [batch]))

    async def figures(self, hours: int = 24) -> Figures:
        while await tally.take_in(self.database, NOW_US):
            pass
        await tally.settle(self.database, NOW_US)
        return await figures_of(self.database, (self._seq, 0), hours, NOW_US)

    async def rows(self) -> dict[str, list[Any]]:
        tables = {table: await self.database.fetch(f"SELECT * FROM {table}") for table in tallies.TABLES}
        return {table: sorted(tuple(row) for row in rows) for table, rows in tables.items()}


@pytest.fixture
async def planted(database: Database) -> Planted:
    """Twelve clips of ten seconds by four authors."""
    filled = await fill(database, 12, authors=4, tags=3)
    await database.transact(lambda tx: tx.execute("UPDATE clip SET duration_ms = $1", DURATION_MS))
    return Planted(database, filled)


async def test_traffic_is_by_source_with_the_mean_share_that_was_watched(planted: Planted) -> None:
    one, two, three, four, *_ = planted.clip_ids
    shown = [ranked(one), ranked(two), ranked(three, Source.POPULAR), ranked(four, Source.RANDOM, propensity=0.02)]
    page_id = await planted.page(1, shown, NOW_US)
    await planted.watches(1, page_id, shown, [END, HALF_WAY, LOVED], NOW_US)
    figures = await planted.figures()
    assert {one.source: (one.impressions, one.watches, one.watched_share) for one in figures.traffic} == {
        Source.TAG: (2, 2, 0.75),
        Source.POPULAR: (1, 1, 1.0),
        Source.RANDOM: (1, 0, None),
    }
    assert [(hour.pages, hour.watches) for hour in figures.by_hour][-1] == (1, 3)
    assert len(figures.by_hour) == 25 and sum(hour.pages for hour in figures.by_hour) == 1


async def test_what_was_tried_and_drawn_is_told_from_what_was_ranked(planted: Planted) -> None:
    sources = [
        (Source.TRANSITION, 0.85),
        (Source.FRESH, 0.85),
        (Source.FRESH, 0.01),
        (Source.RANDOM, 0.002),
        (Source.FOLLOW, 0.4),
    ]
    shown = [
        ranked(clip_id, source, propensity=propensity)
        for clip_id, (source, propensity) in zip(planted.clip_ids, sources, strict=False)
    ]
    await planted.page(1, shown, NOW_US)
    await planted.page(1, [Shown(planted.clip_ids[0], Source.CHRONOLOGICAL, 1.0, 0, ())], NOW_US, "following")
    assert (await planted.figures()).draws == {Draw.RANKED: 3, Draw.TRIED: 1, Draw.DRAWN: 1}


async def test_coverage_and_gini_are_over_what_can_be_shown(planted: Planted) -> None:
    """Clip n is by author n % 4. One author has eight impressions, one two, the others none."""
    for _ in range(4):
        await planted.page(1, [ranked(planted.clip_ids[0]), ranked(planted.clip_ids[4])], NOW_US)
    await planted.page(2, [ranked(planted.clip_ids[1])] * 2, NOW_US)
    await planted.page(2, [ranked(planted.clip_ids[2])], NOW_US, "profile")
    reach = (await planted.figures()).reach
    assert reach is not None
    assert (reach.clips, reach.shown_clips, reach.authors) == (12, 3, 4)
    assert reach.gini == ONE * (2 * (3 * 2 + 4 * 8) - 5 * 10) // (4 * 10)
    await planted.database.transact(
        lambda tx: tx.execute("UPDATE clip SET audience = 'private' WHERE id = $1", planted.clip_ids[0])
    )
    reach = (await planted.figures()).reach
    assert reach is not None and (reach.clips, reach.shown_clips) == (11, 2)


def test_gini_is_nothing_where_all_have_the_same_and_nearly_one_where_one_has_all() -> None:
    assert tally.gini([5, 5, 5, 5]) == 0
    assert tally.gini([0, 0, 0, 12]) == ONE * 3 // 4
    assert tally.gini([0, 0]) == tally.gini([]) == 0
    assert tally.gini([1, 3]) == ONE // 4


async def test_calibration_sets_what_was_expected_against_what_the_watches_were_worth(planted: Planted) -> None:
    """By the learner's grade: 1.0 to the end, nothing half way, 1.5 with a like, -0.5 left at once."""
    today, yesterday = NOW_US, NOW_US - DAY_US // 2 - 2 * HOUR_US
    one, two, three, four, *_ = planted.clip_ids
    shown = [ranked(one, score=0.5), ranked(two, score=0.25), ranked(three, score=0.75), ranked(four, score=0.5)]
    for at_us, said in ((yesterday, [END, HALF_WAY]), (today, [LOVED, LEFT, END])):
        await planted.watches(1, await planted.page(1, shown, at_us), shown, said, at_us)
    in_order = [Shown(one, Source.CHRONOLOGICAL, 1.0, 0, ())]
    await planted.watches(1, await planted.page(1, in_order, today, "following"), in_order, [END], today)
    first, second = (await planted.figures()).calibration
    assert (first.watches, first.predicted, first.value, first.ratio) == (2, 0.375, 0.5, 0.5 / 0.375)
    assert (second.watches, second.predicted, second.value, second.ratio) == (3, 0.5, 2 / 3, 4 / 3)


async def test_only_what_is_inside_the_span_is_in_the_figures(planted: Planted) -> None:
    for days in (0, 3, 20, 40):
        await planted.page(1, [ranked(planted.clip_ids[days % 12])], NOW_US - days * DAY_US)
    for hours, count in ((24, 1), (7 * 24, 2), (30 * 24, 3)):
        figures = await planted.figures(hours)
        assert sum(one.impressions for one in figures.traffic) == count
        assert figures.reach is not None and figures.reach.shown_clips == count


async def test_newcomers_are_followed_over_their_first_fifty_watches(planted: Planted) -> None:
    ways = [ranked(planted.clip_ids[0]), ranked(planted.clip_ids[1], Source.POPULAR)]
    ways.append(ranked(planted.clip_ids[2], Source.RANDOM, propensity=0.02))
    for viewer_id, said in ((1, [END, HALF_WAY, LEFT]), (2, [END, END, LEFT])):
        for _ in range(18):
            await planted.watches(viewer_id, await planted.page(viewer_id, ways, NOW_US), ways, said, NOW_US)
    newcomers = (await planted.figures()).newcomers
    assert [(one.nth, one.watches, one.watched_share) for one in newcomers["ranked"]] == [
        (nth, 2, 1.0) for nth in range(1, 50, 3)
    ]
    assert [(one.nth, one.watched_share) for one in newcomers["popular"]] == [(nth, 0.75) for nth in range(2, 51, 3)]
    assert {round(one.watched_share, 4) for one in newcomers["random"]} == {0.05}
    assert newcomers["random"][-1].nth == 48


async def test_the_figures_made_anew_are_the_same_to_the_last_row(planted: Planted, tmp_path: Path) -> None:
    for number in range(60):
        at_us, viewer_id = NOW_US - number % 7 * DAY_US // 3, number % 5
        shown = [ranked(clip_id, Source(1 + n % 7), score=n / 9) for n, clip_id in enumerate(planted.clip_ids)]
        page_id = await planted.page(viewer_id, shown, at_us)
        await planted.watches(viewer_id, page_id, shown, [END, LEFT, LOVED, HALF_WAY][: number % 4], at_us)
    figures, rows = await planted.figures(7 * 24), await planted.rows()
    assert all(rows.values())
    backends = Backends(planted.database, LocalBlobs(tmp_path / "blobs"), EmbeddedBus(), EmbeddedCompute())
    (before,) = [one for one in await readers.standings(planted.database) if one.name == tally.NAME]
    assert before.mark == before.end == 120
    await readers.reset(backends, tally.NAME, NOW_US)
    assert not any((await planted.rows()).values())
    assert await planted.figures(7 * 24) == figures
    assert await planted.rows() == rows


async def test_what_was_added_up_is_not_added_again(planted: Planted) -> None:
    await planted.page(1, [ranked(planted.clip_ids[0])], NOW_US)
    figures = await planted.figures()
    assert await tally.take_in(planted.database, NOW_US) == 0
    assert await planted.figures() == figures


async def test_a_turn_during_which_the_reader_was_reset_adds_nothing(planted: Planted, tmp_path: Path) -> None:
    class Meanwhile:
        """The database, whose reader is reset between a turn's reading and its writing."""

        def __getattr__(self, name: str) -> Any:
            return getattr(planted.database, name)

        async def transact(self, work: Any) -> Any:
            await readers.reset(backends, tally.NAME, NOW_US)
            return await planted.database.transact(work)

    backends = Backends(planted.database, LocalBlobs(tmp_path / "blobs"), EmbeddedBus(), EmbeddedCompute())
    await planted.page(1, [ranked(planted.clip_ids[0])], NOW_US)
    figures = await planted.figures()
    await planted.page(1, [ranked(planted.clip_ids[1])], NOW_US)
    await tally.take_in(Meanwhile(), NOW_US)  # type: ignore[arg-type]
    assert not any((await planted.rows()).values())
    assert sum(one.impressions for one in (await planted.figures()).traffic) == 2
    assert sum(one.impressions for one in figures.traffic) == 1


async def test_a_viewer_who_was_erased_meanwhile_does_not_come_back(planted: Planted) -> None:
    shown = [ranked(planted.clip_ids[0])]
    await planted.watches(1, await planted.page(1, shown, NOW_US), shown, [END], NOW_US)
    await planted.database.transact(lambda tx: tallies.add_viewers(tx, {ViewerId(1): 3, ViewerId(2): 4}))
    assert (await planted.rows())["tally_viewer"] == [(1, 3)]


async def test_what_may_not_be_shown_counts_neither_as_catalogue_nor_as_author(planted: Planted) -> None:
    """Clip n is by author n % 4, and each author has three."""
    order = Withholding("A Court", "AZ 12/34", "Withheld by order.", NOW_US - 1, None)
    await planted.database.transact(lambda tx: withholding.insert(tx, 5, planted.clip_ids[1], order))
    await planted.database.transact(
        lambda tx: tx.execute(
            "UPDATE account SET suspended_at_us = 1 WHERE id = (SELECT author_id FROM clip WHERE id = $1)",
            planted.clip_ids[0],
        )
    )
    reach = (await planted.figures()).reach
    assert reach is not None and (reach.clips, reach.authors) == (8, 3)


async def test_the_catalogue_is_counted_once_its_first_clip_is_there_and_while_it_is_small_soon_again(
    database: Database,
) -> None:
    await tally.settle_now_and_then(database, NOW_US)
    filled = await fill(database, 12, authors=4, tags=3, at_us=NOW_US)
    planted = Planted(database, filled)

    async def counted(after_s: int) -> tuple[int, int, int]:
        await tally.settle_now_and_then(database, NOW_US + after_s * 1_000_000)
        reach = await tallies.reach_of(database, tally.SPANS_H[0])
        assert reach is not None
        return (reach.at_us - NOW_US) // 1_000_000, reach.shown_clips, reach.clips

    assert await counted(2) == (2, 0, 12)
    await planted.page(1, [ranked(filled.clip_ids[0])], NOW_US)
    assert await counted(4) == (2, 0, 12), "nothing was added up since"
    await tally.take_in(database, NOW_US + 4_000_000)
    assert await counted(5) == (5, 1, 12)
    assert await counted(7) == (5, 1, 12)


async def test_how_far_the_learner_is_behind_is_said_with_the_age_of_what_waits(planted: Planted) -> None:
    page_id = await planted.page(1, [ranked(planted.clip_ids[0])], NOW_US - HOUR_US)
    shown = [ranked(planted.clip_ids[0])]
    await planted.watches(1, page_id, shown, [END], NOW_US - HOUR_US // 2)
    (entries,) = await planted.database.fetch("SELECT MAX(seq) AS seq FROM journal")
    lag = (await figures_of(planted.database, (2, entries["seq"]), 24, NOW_US)).lag
    assert (lag.log_behind, lag.journal_behind, lag.oldest_us, lag.tally_behind) == (0, 0, None, 2)
    lag = (await figures_of(planted.database, (1, entries["seq"]), 24, NOW_US)).lag
    assert (lag.log_behind, lag.journal_behind, lag.oldest_us) == (1, 0, NOW_US - HOUR_US // 2)
    lag = (await figures_of(planted.database, (0, entries["seq"]), 24, NOW_US)).lag
    assert (lag.log_behind, lag.oldest_us) == (2, NOW_US - HOUR_US)


async def test_what_was_erased_is_not_kept_for_the_figures(planted: Planted) -> None:
    (author, *_) = await planted.database.fetch("SELECT id FROM account ORDER BY id LIMIT 1")
    viewer_id = author["id"]
    shown = [ranked(clip_id) for clip_id in planted.clip_ids]
    await planted.watches(viewer_id, await planted.page(viewer_id, shown, NOW_US), shown, [END] * 3, NOW_US)
    await planted.figures()

    async def left() -> tuple[int, int]:
        rows = await planted.rows()
        return len(rows["tally_viewer"]), len([1 for row in rows["tally_author"] if viewer_id in row])

    async def erase(transaction: Transaction) -> None:
        await accounts.delete(transaction, AccountId(viewer_id))

    assert await left() == (1, 1)
    await planted.database.transact(erase)
    assert await left() == (0, 0)
    gone = planted.clip_ids[1]
    await planted.database.transact(lambda tx: clips.delete(tx, gone))
    assert (await planted.figures()).traffic[0].watches == 3
