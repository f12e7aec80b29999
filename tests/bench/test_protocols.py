"""The measuring stick is measured: figures, splits and peers on logs whose answers are known by construction."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import recommender
from protocols import (
    baselines,
    data,
    engine,
    exposed,
    kuairand,
    metrics,
    new_clips,
    next_clip,
    static,
    stream,
    swipers,
    swipes,
    walkers,
)
from protocols.baselines import Scorer
from protocols.data import Bools, Ints, Positives
from protocols.kuairand import Past
from protocols.report import Options, Row, lines, measured

from freehold.recommender import Weights

CIRCLE = 30
"""Clips that are watched one after the other."""
DAY_MS = 86_400_000
FIRST_MS = 1_650_844_800_000


def ints(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def two_tastes(users: int = 60, items: int = 40) -> Positives:
    """Even users like items of the first half, odd ones those of the second: each misses every third of its own."""
    pairs = [
        (user, item + (user % 2) * items // 2)
        for user in range(users)
        for item in range(items // 2)
        if (item + user // 2) % 3
    ]
    return data.positives(*np.array(pairs, dtype=np.int64).T)


def rounds(users: int = 90, length: int = 8) -> Positives:
    """Everybody goes round one circle, from different starts."""
    pairs = [(user, (user + step) % CIRCLE) for user in range(users) for step in range(length)]
    return data.positives(*np.array(pairs, dtype=np.int64).T)


# Figures


def test_auc_is_the_share_of_pairs_in_order_and_ties_count_half() -> None:
    good = np.array([True, False, True, False])
    assert metrics.auc(np.array([4.0, 1.0, 3.0, 2.0]), good) == 1.0
    assert metrics.auc(np.array([1.0, 4.0, 2.0, 3.0]), good) == 0.0
    assert metrics.auc(np.zeros(4), good) == 0.5
    assert metrics.auc(np.array([3.0, 2.0, 2.0, 1.0]), good) == pytest.approx(3.5 / 4)
    assert np.isnan(metrics.auc(np.zeros(4), np.ones(4, dtype=bool)))


def test_gauc_weighs_groups_by_size_and_leaves_out_those_of_one_label() -> None:
    groups = ints(7, 7, 3, 3, 3, 3, 9, 9)
    good = np.array([True, False, True, False, False, False, True, True])
    scores = np.array([1.0, 2.0, 9.0, 1.0, 2.0, 3.0, 5.0, 4.0])
    assert metrics.gauc(scores, good, groups) == pytest.approx((2 * 0.0 + 4 * 1.0) / 6)


def test_gauc_by_session_punishes_a_share_that_learns_inside_the_session() -> None:
    """Eight draws by chance a session, guessed by the share so far: as is, and as it was before the session."""
    random = np.random.default_rng(1)
    good = random.random((2000, 8)) < random.beta(2, 2, (2000, 1))
    at_once = (np.cumsum(good, axis=1) - good + 4) / (np.arange(8) + 8)
    before = np.repeat(at_once[:, :1], 8, axis=1)
    session = np.repeat(np.arange(2000), 8)
    assert metrics.gauc(at_once.ravel(), good.ravel(), session) < 0.3
    assert metrics.gauc(before.ravel(), good.ravel(), session) == 0.5


def test_recall_and_ndcg_count_the_first_places() -> None:
    good = np.array([False, True, False, True])
    scores = np.array([4.0, 3.0, 2.0, 1.0])
    assert metrics.recall(scores, good, 2) == 0.5
    assert metrics.ndcg(scores, good, 2) == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert metrics.ndcg(-scores, good, 4) == pytest.approx((1 + 1 / np.log2(4)) / (1 + 1 / np.log2(3)))


def test_one_target_is_ranked_among_all_and_equals_are_drawn_fairly() -> None:
    scores = np.array([[0.1, 0.9, 0.5]], dtype=np.float32)
    assert [int(metrics.rank_of(scores, ints(target))[0]) for target in range(3)] == [2, 0, 1]
    ranks = metrics.rank_of(np.zeros((2000, 10), dtype=np.float32), np.zeros(2000, dtype=np.int64))
    assert ranks.mean() == pytest.approx(4.5, abs=0.3)
    assert metrics.hits(ints(0, 9, 10), 10) == pytest.approx((2 / 3, (1 + 1 / np.log2(11)) / 3))


def test_xauc_is_what_counting_all_pairs_gives() -> None:
    random = np.random.default_rng(1)
    truth, guesses = random.integers(0, 8, 60).astype(float), random.integers(0, 8, 60).astype(float)
    pairs = [(a, b) for a, b in combinations(range(60), 2) if truth[a] != truth[b]]
    right = [
        0.5 if guesses[a] == guesses[b] else float((guesses[a] < guesses[b]) == (truth[a] < truth[b])) for a, b in pairs
    ]
    assert metrics.xauc(guesses, truth) == pytest.approx(np.mean(right))
    assert metrics.xauc(truth, truth) == 1.0


# Splits


@pytest.mark.parametrize("count", [2, 9, 705])
def test_the_viewers_who_choose_and_those_who_report_are_different_and_together_all(count: int) -> None:
    tuning, reporting = data.half(count, True), data.half(count, False)
    assert not (tuning & reporting).any()
    assert (tuning | reporting).all()


def test_the_last_is_reported_the_last_but_one_chosen_on_and_neither_is_learned() -> None:
    log = data.positives(ints(0, 0, 0, 0, 1, 1, 2), ints(3, 1, 4, 2, 4, 3, 0))
    known, last = next_clip.split(log, False)
    assert last.tolist() == [2, 3, -1]
    assert [known.of(user).tolist() for user in range(3)] == [[3, 1, 4], [4], [0]]
    known, last = next_clip.split(log, True)
    assert last.tolist() == [4, -1, -1]
    assert [known.of(user).tolist() for user in range(3)] == [[3, 1], [4], [0]]


def test_what_one_has_had_is_not_in_the_way_of_the_target() -> None:
    known = data.positives(ints(0, 0, 1), ints(0, 1, 2), item_count=4)
    scores = np.array([[9, 8, 1, 2], [1, 2, 9, 0]], dtype=np.float32)
    assert next_clip.places(lambda users: scores[users].copy(), known, ints(3, 0)).tolist() == [0, 1]


def test_a_log_in_turns_keeps_everybodys_own_order() -> None:
    log = data.positives(ints(1, 0, 1, 0, 1), ints(5, 6, 7, 8, 9))
    order = log.in_turns()
    assert log.users[order].tolist() == [0, 1, 0, 1, 1]
    assert log.items[order].tolist() == [6, 5, 8, 7, 9]


def test_sessions_end_after_half_an_hour_and_belong_to_one_viewer() -> None:
    minute_ms = 60_000
    numbers = kuairand.sessions(ints(1, 2, 1, 1), ints(0, 5, 29, 60) * minute_ms)
    assert numbers[0] == numbers[2]
    assert len({numbers[0], numbers[1], numbers[3]}) == 3


def test_a_clip_is_new_by_what_came_before_it_only() -> None:
    assert kuairand.earlier(ints(2, 2, 0), ints(2, 0, 1, 2)).tolist() == [2, 1, 0, 3]


# Walking in time


class Notary:
    """Writes down what it had learned when it was asked."""

    gives_chances = False

    def __init__(self) -> None:
        self.learned: list[int] = []
        self.known_at: list[list[int]] = []

    def remember(self, past: Past) -> None: ...

    def guess(self, at: int) -> walkers.Guess:
        self.known_at.append(self.learned.copy())
        return 0.0, 0.0, 0.0, 0.0

    def learn(self, at: int) -> None:
        self.learned.append(at)


NO_PAST = Past(*(ints() for _ in range(5)))


def test_an_impression_is_guessed_before_it_is_learned() -> None:
    notary = Notary()
    stream.walk(notary, NO_PAST, ints(0, 10, 10, 30), late_ms=0)
    assert notary.known_at == [[], [0], [0, 1], [0, 1, 2]]


def test_who_learns_late_does_not_know_the_last_hour() -> None:
    hour_ms, notary = recommender.LATE_MS["hour"], Notary()
    stream.walk(notary, NO_PAST, ints(0, 1, hour_ms, 2 * hour_ms), late_ms=hour_ms)
    assert notary.known_at == [[], [], [0], [0, 1, 2]]


# Peers find what was planted


@pytest.mark.parametrize(
    "fit",
    [
        partial(baselines.item_knn, shrink=1.0),
        partial(baselines.als, size=4, weight=5.0, ridge=0.1),
        partial(baselines.bpr, size=8, rounds=200),
        partial(baselines.ease, ridge=1.0),
    ],
    ids=["item-knn", "als", "bpr", "ease"],
)
def test_two_tastes_are_told_apart(fit: Callable[[Positives], Scorer]) -> None:
    log = two_tastes()
    scores = fit(log)(np.arange(log.user_count))
    own = (np.arange(log.item_count) >= log.item_count // 2) == (np.arange(log.user_count) % 2 == 1)[:, None]
    assert metrics.auc(scores.ravel().astype(np.float64), own.ravel()) > 0.98


def test_the_next_of_a_circle_is_what_follows() -> None:
    known, targets = next_clip.split(rounds(), False)
    ranks = next_clip.places(baselines.transitions(known, reach=3, recent=3), known, targets)
    assert (ranks == 0).mean() > 0.9


def test_an_inverse_by_halves_is_the_inverse() -> None:
    random = np.random.default_rng(3)
    square = random.normal(size=(520, 520))
    matrix = (square @ square.T + 520 * np.eye(520)).astype(np.float32)
    assert baselines.inverse(matrix) == pytest.approx(np.linalg.inv(matrix), abs=1e-6)


def a_world(log: Positives | None = None) -> tuple[swipers.World, Bools]:
    """Forty viewers; of two hundred clips, every tenth is good to everybody, and has the second tag."""
    good = np.arange(200) % 10 == 0
    tags = np.stack([~good, good], axis=1).astype(np.float32)
    return swipers.World(np.arange(40), np.arange(200), tags, log), np.tile(good, (40, 1))


@pytest.mark.parametrize("name", ["epsilon-greedy", "linucb", "thompson", "loops"])
def test_who_learns_while_swiping_finds_the_good_clips(name: str) -> None:
    world, truth = a_world()
    rewards = swipes.replay(swipers.peers("b2")[name](world), truth, 20)
    assert rewards.mean() > 2 * swipes.replay(swipers.Chance(world), truth, 20).mean()


def test_a_swiper_that_repeats_itself_is_refused() -> None:
    class Stuck(swipers.Chance):
        def choose(self, viewer: int, unseen: Bools) -> int:
            return 0

    world, truth = a_world()
    with pytest.raises(ValueError, match="before"):
        swipes.replay(Stuck(world), truth, 2)


def test_a_new_clip_s_first_watches_are_counted_and_no_later_ones() -> None:
    watched = new_clips.Watched(swipers.Chance(a_world()[0]))
    for good in (True, False, False, True, False, True, True):
        watched.learn(0, 3, good)
    watched.learn(1, 4, True)
    found = new_clips.figures(watched, np.ones((1, 1), dtype=bool), np.array([3, 4, 5]))
    assert found == {"first": 3 / 6, "tried": 6 / 15, "all": 1.0}


def test_nothing_of_a_new_clip_is_in_the_log() -> None:
    log = data.positives(np.array([0, 0, 1, 1]), np.array([3, 4, 4, 5]))
    assert new_clips.without(log, np.array([4])).items.tolist() == [3, 5]


# A small set of every file, in the form of the real ones


def write(path: Path, **columns: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def a_feed(folder: Path) -> None:
    """Clips of even numbers are watched to their end by everybody, the others left at once."""
    random = np.random.default_rng(5)
    size = 3000
    clips, viewers = random.integers(0, 50, size), random.integers(0, 40, size)
    good = clips % 2 == 0
    at_ms = FIRST_MS + np.sort(random.integers(0, 13 * DAY_MS, size))
    date = np.where(at_ms < FIRST_MS + 6 * DAY_MS, 20220430, 20220501)
    names = {
        "user_id": viewers,
        "video_id": clips,
        "time_ms": at_ms,
        "date": date,
        "tab": np.ones(size, dtype=np.int64),
    }
    flags = {name: good.astype(np.int8) for name in ("is_click", "long_view", "is_like")}
    never = {name: np.zeros(size, dtype=np.int8) for name in ("is_follow", "is_hate")}
    lengths = np.full(size, 10_000)
    write(
        folder / kuairand.FEED,
        **names,
        **flags,
        **never,
        play_time_ms=np.where(good, 12_000, 1000),
        duration_ms=lengths,
    )
    past = {"user_id": [0, 1], "last_time_ms": [FIRST_MS - 9, FIRST_MS - 5], "watch_seq": [[0, 1], [2]]}
    write(folder / kuairand.HISTORY, **past, like_seq=[[], [2]], long_watch_seq=[[0], [2]])
    write(
        folder / kuairand.CLIPS,
        video_id=list(range(50)),
        author_id=[clip // 2 for clip in range(50)],
        tag=["1,2" if clip % 3 else None for clip in range(50)],
        upload_dt=["2022-04-10"] * 50,
        video_duration=[float("nan")] * 50,
    )


def a_folder(folder: Path) -> Path:
    log, truth = two_tastes(), np.tile(np.arange(20) % 2 == 0, (10, 1))
    write(folder / static.LOG, user=log.users, item=log.items)
    write(folder / static.TAGS, item=list(range(60)), tags=[[item % 3] for item in range(60)])
    np.savez(
        folder / static.TRUTH,
        users=np.arange(10),
        items=np.arange(40, 60),
        watched_twice=np.packbits(truth, axis=1),
        n_items=20,
    )
    write(folder / exposed.LOG, user=log.users, item=log.items)
    items = np.tile(np.arange(40), 60)
    users = np.repeat(np.arange(60), 40)
    write(folder / exposed.EXPOSED, user=users, item=items, label=((items >= 20) == (users % 2 == 1)).astype(np.int8))
    circle = rounds()
    write(folder / next_clip.MICROLENS, user=circle.users, pos=circle.steps(), item=circle.items)
    (folder / next_clip.MOVIELENS).parent.mkdir()
    np.savez(folder / next_clip.MOVIELENS, user=circle.users, item=circle.items)
    a_feed(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_folder(tmp_path_factory.mktemp("data"))


def rows_of(name: str, folder: Path, *only: str, **changes: object) -> dict[str, Row]:
    options = replace(Options(folder, only=frozenset(only)), **changes)  # type: ignore[arg-type]
    return {row.name: row for row in recommender.TRIALS[name].rows(options)}


def test_at_random_exposed_is_ranked_by_who_knows_the_tastes(folder: Path) -> None:
    rows = rows_of("c", folder, "random", "item-knn")
    assert rows["item-knn"].figures["GAUC"] > 0.98
    assert rows["random"].figures["GAUC"] == pytest.approx(0.5, abs=0.1)


def test_the_oracle_of_the_static_set_is_perfect_where_all_agree(folder: Path) -> None:
    rows = rows_of("a", folder, "oracle item mean", "random")
    assert rows["oracle item mean"].figures == {"R@20": 1.0, "NDCG@20": 1.0, "GAUC": 1.0}
    assert rows["random"].figures["GAUC"] < 0.9


def test_whoever_walks_the_feed_learns_which_clips_are_good(folder: Path) -> None:
    rows = rows_of("d", folder)
    for name in ("counters-clip", "regression", "regression-clips", "regression-counted", "freehold"):
        assert rows[name].figures["click"] > 0.9, name
    assert rows["regression"].figures["MAE s"] < rows["random"].figures["MAE s"]
    assert rows["random"].figures["GAUC"] == pytest.approx(0.5, abs=0.1)
    assert np.isnan(rows["hot"].figures["MAE s"])


def test_learning_a_day_late_is_worse_in_the_first_days(folder: Path) -> None:
    at_once = rows_of("d", folder, "counters-clip", tuning=True)["counters-clip"].figures["click"]
    late = rows_of("d", folder, "counters-clip", tuning=True, late_ms=DAY_MS)["counters-clip"].figures["click"]
    assert late < at_once


@pytest.mark.parametrize("name", ["a", "b1", "b2", "b3", "c", "d", "e", "f", "g"])
def test_the_engine_has_a_row_in_every_protocol(name: str, folder: Path) -> None:
    (row,) = rows_of(name, folder, "freehold").values()
    assert not np.isnan(next(iter(row.figures.values())))


def test_the_engine_finds_the_next_of_a_circle(folder: Path) -> None:
    rows = rows_of("e", folder, "random", "freehold")
    assert rows["freehold"].figures["NDCG@10"] > rows["random"].figures["NDCG@10"] + 0.2


# The command


def test_absent_data_are_named_and_never_passed_silently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FREEHOLD_DATA", str(tmp_path))
    assert recommender.main(["e", "f"]) == recommender.SKIPPED
    said = capsys.readouterr().err
    assert f"skipped e: {next_clip.MICROLENS} not in {tmp_path}" in said
    assert "skipped f" in said


def test_what_is_there_is_measured_and_only_what_was_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FREEHOLD_DATA", str(folder))
    assert recommender.main(["e", "--only", "transitions,popularity", "--json"]) == 0
    said = capsys.readouterr().out
    assert "transitions" in said
    assert "bpr" not in said
    assert '"protocol": "e"' in said


def test_a_protocol_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SystemExit):
        recommender.main(["z"])


@pytest.mark.parametrize("weight", ["near_gian=0", "near_gain=much", "near_gain"])
def test_a_weight_that_does_not_exist_or_is_no_number_is_refused(
    weight: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        recommender.main(["a", "--weight", weight])
    assert "--weight takes NAME=VALUE" in capsys.readouterr().err


def test_a_weight_that_is_given_is_the_learners() -> None:
    recommender.parsed(["a", "--weight", "near_gain=0", "--weight", "tag_gain=5"])
    log = data.positives(np.array([0, 0, 1]), np.array([0, 1, 0]))
    assert (engine.learned(log, {})[0].weights.near_gain, engine.learned(log, {})[0].weights.tag_gain) == (0, 5)
    recommender.parsed(["a"])
    assert engine.learned(log, {})[0].weights == Weights()


def test_a_figure_that_does_not_exist_is_a_dash() -> None:
    (row,) = measured(Options(Path()), {"x": lambda: {"MAE s": float("nan"), "R@10": 0.25}})
    head, line = lines(row, first=True)
    assert head.split() == ["MAE", "s", "R@10", "cpu", "s"]
    assert line.split()[:3] == ["x", "-", "0.2500"]


def test_a_run_gives_the_same_figures_again(folder: Path) -> None:
    once, again = (rows_of("c", folder, "random", "bpr", "als") for _ in range(2))
    assert {name: row.figures for name, row in once.items()} == {name: row.figures for name, row in again.items()}
