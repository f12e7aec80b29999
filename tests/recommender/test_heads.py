"""What is likely of a watch, and what it is worth: answers known by construction."""

import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from freehold.domain.ids import AccountId, ClipId, PageId, ViewerId
from freehold.domain.watch import Item, Watch
from freehold.recommender import ONE, Head, Learner, TermName, Weights, kernels

START_US = 1_760_000_000_000_000
STILL = Weights(explore_gain=0, fresh_value=0)
COUNTED = replace(STILL, bias_gain=0)
"""Of choices, only how often they were made."""


def an_item(n: int, tag: str = "any", duration_ms: int = 20_000) -> Item:
    return Item(ClipId(n), AccountId(n), None, (tag,), duration_ms, 0)


def a_watch(viewer: int, clip: int, watched_ms: int, liked: bool = False) -> Watch:
    end = watched_ms >= 20_000
    return Watch(
        ViewerId(viewer),
        ClipId(clip),
        PageId(0),
        0,
        START_US,
        watched_ms,
        int(end),
        not end,
        liked,
        not_interested=False,
    )


def shown(learner: Learner, viewer: int, clip: int, watched_ms: int, liked: bool = False) -> None:
    learner.note_impressions(ViewerId(viewer), [ClipId(clip)], START_US)
    learner.learn(a_watch(viewer, clip, watched_ms, liked))


def chance(learner: Learner, clip: int, head: Head, viewer: int = 9999) -> float:
    considered = learner.consider(ViewerId(viewer), [ClipId(clip)], START_US)
    return float(learner.chances(considered)[0, head]) / ONE


def quality(learner: Learner, clip: int) -> int:
    scores = learner.score(learner.consider(ViewerId(9999), [ClipId(clip)], START_US))
    return int(scores.terms[0, TermName.QUALITY])


@pytest.mark.parametrize("x", [1, 3, 1000, ONE // 3, ONE, ONE * 5 // 3, ONE << 20, (ONE << 30) + 12345])
def test_a_logarithm_is_that_of_the_real_numbers_to_five_digits(x: int) -> None:
    assert int(kernels.log_of.py_func(np.int64(x))) / ONE == pytest.approx(math.log2(x / ONE), abs=1e-5)


@pytest.mark.parametrize("x", [-18.7, -3.3, -0.01, 0.0, 0.4, 7.25, 18.9])
def test_a_power_is_that_of_the_real_numbers_to_five_digits(x: float) -> None:
    assert int(kernels.power_of.py_func(np.int64(x * ONE))) / ONE == pytest.approx(2.0**x, rel=1e-5, abs=2e-6)


def test_chances_go_to_the_shares_that_come_true() -> None:
    learner, random = Learner(STILL), Random(4)
    learner.add_items(an_item(n) for n in range(1, 4))
    for viewer in range(1500):
        watched_ms = 20_000 if random.random() < 0.7 else 500
        shown(learner, viewer, 1, watched_ms, liked=random.random() < 0.1)
        shown(learner, viewer, 2, 20_000 if random.random() < 0.2 else 500)
    assert chance(learner, 1, Head.FINISH) == pytest.approx(0.7, abs=0.05)
    assert chance(learner, 1, Head.SKIP) == pytest.approx(0.3, abs=0.05)
    assert chance(learner, 1, Head.LIKE) == pytest.approx(0.1, abs=0.03)
    assert chance(learner, 2, Head.FINISH) == pytest.approx(0.2, abs=0.05)
    assert chance(learner, 2, Head.LIKE) < 0.02


def test_the_score_of_a_newcomer_is_the_sum_of_worths_times_chances() -> None:
    learner = Learner(STILL)
    learner.add_items(an_item(n) for n in range(1, 9))
    for viewer in range(60):
        shown(learner, viewer, viewer % 8 + 1, 20_000 if viewer % 3 else 500, liked=viewer % 5 == 0)
    considered = learner.consider(ViewerId(9999), [ClipId(3)], START_US)
    worths = np.array([getattr(STILL, f"{head.name.lower()}_worth") for head in Head if head < kernels.H_PAST])
    expected = float((worths * learner.chances(considered)[0, : kernels.H_PAST]).sum()) / ONE
    assert int(learner.score(considered).total[0]) == pytest.approx(expected, abs=8)


def test_a_clip_that_goes_with_good_ones_is_expected_to_be_good_before_anybody_was_shown_it() -> None:
    learner = Learner(STILL)
    learner.add_items(an_item(n) for n in range(1, 31))
    for viewer in range(200):
        kind = viewer % 2
        for clip in range(1, 6):
            learner.learn(a_watch(viewer, clip * 2 + kind, 20_000))
    for viewer in range(1000, 1200):
        for clip in range(1, 5):
            shown(learner, viewer, clip * 2, 20_000)
            shown(learner, viewer, clip * 2 + 1, 500)
    assert chance(learner, 10, Head.FINISH) > chance(learner, 11, Head.FINISH) + 0.2


def test_what_was_chosen_oftener_is_expected_to_be_better_and_counts_in_no_share() -> None:
    learner = Learner(COUNTED)
    learner.add_items(an_item(n) for n in range(1, 11))
    for viewer in range(50):
        learner.learn(a_watch(viewer, 1, 20_000))
        learner.learn(a_watch(viewer, 2, 500))
    assert quality(learner, 1) > quality(learner, 2) == quality(learner, 3)
    assert chance(learner, 1, Head.FINISH) < 0.95


def test_a_few_clips_that_everybody_watches_do_not_speak_for_all() -> None:
    learner = Learner(STILL)
    learner.add_items(an_item(n) for n in range(1, 400))
    for viewer in range(300):
        shown(learner, viewer, 1, 20_000)
        shown(learner, viewer, 2 + viewer, 500)
    assert chance(learner, 399, Head.FINISH) < 0.1


def test_who_finishes_more_than_others_is_expected_to_finish_more() -> None:
    learner = Learner(STILL)
    learner.add_items(an_item(n) for n in range(1, 60))
    for clip in range(1, 50):
        shown(learner, 1, clip, 20_000)
        shown(learner, 2, clip, 500)
        shown(learner, 100 + clip, clip, 20_000 if clip % 2 else 500)
    assert chance(learner, 55, Head.FINISH, viewer=1) > 0.6 > 0.4 > chance(learner, 55, Head.FINISH, viewer=2)


def test_the_time_watched_is_told_by_the_chances_to_pass_some_times() -> None:
    learner, random = Learner(STILL), Random(9)
    learner.add_items([an_item(1), an_item(2, duration_ms=18_000)])
    for viewer in range(4000):
        shown(learner, viewer, 1, random.randint(0, 16_000))
    considered = learner.consider(ViewerId(9999), [ClipId(1)], START_US)
    times = learner.watch_times(considered)
    for past_ms, share in ((2000, 0.875), (7000, 0.5625), (12_000, 0.25)):
        assert float(times.chance_past(past_ms)[0]) == pytest.approx(share, abs=0.1)
    assert float(times.median_ms()[0]) == pytest.approx(8000, abs=1500)
    assert float(times.chance_past(4000)[0]) == pytest.approx(0.75, abs=0.1)
    assert float(times.chance_past(0)[0]) == 1.0


def test_a_log_of_choices_alone_is_ranked_by_how_often_they_were_made_however_long_it_is() -> None:
    """What neighbours tell each other adds up to nothing where nobody was shown anything."""
    learner, random = Learner(COUNTED), Random(6)
    learner.add_items(an_item(n) for n in range(1, 41))
    for viewer in range(3000):
        learner.learn_batch([a_watch(viewer, min(int(random.expovariate(0.1)) + 1, 40), 20_000) for _ in range(8)])
    chosen = learner._state.clip[:40, kernels.C_CHOSEN]
    assert [quality(learner, int(row) + 1) for row in np.argsort(-chosen)] == sorted(
        (quality(learner, n) for n in range(1, 41)), reverse=True
    )
    assert learner._state.near[:40, 0, 1].min() > 0, "every clip has somebody to be told by"
    assert abs(told_by_company(learner)).max() < ONE // 1000
    for viewer in range(200):
        shown(learner, 5000 + viewer, 20, 20_000)
    assert abs(told_by_company(learner)).max() > ONE // 10, "and is told as soon as one of them was shown"


def told_by_company(learner: Learner) -> NDArray[np.int64]:
    """What each of the 40 clips' neighbours add to the log odds that it is finished."""
    company = learner._state.company[:40]
    whole = (company[:, kernels.HEADS] >> 20) + (COUNTED.company_prior << 10)
    told: NDArray[np.int64] = company[:, Head.FINISH] // whole
    return told


REACTIONS = (Head.SHARE, Head.COMMENT, Head.FOLLOW)


def react(learner: Learner, viewer: int, clip: int, head: Head) -> None:
    learner.react(ViewerId(viewer), ClipId(clip), head, START_US)


@pytest.mark.parametrize("head", REACTIONS)
def test_a_share_comment_or_follow_makes_more_of_them_likely_and_the_clip_worth_more(head: Head) -> None:
    learner, random = Learner(STILL), Random(4)
    learner.add_items(an_item(n) for n in range(1, 3))
    for viewer in range(1500):
        for clip in (1, 2):
            shown(learner, viewer, clip, 20_000)
        if random.random() < 0.1:
            react(learner, viewer, 1, head)
    assert chance(learner, 1, head) == pytest.approx(0.1, abs=0.03)
    assert chance(learner, 2, head) < 0.02
    assert [chance(learner, 1, other) < 0.01 for other in REACTIONS if other is not head] == [True, True]
    assert quality(learner, 1) > quality(learner, 2)


@pytest.mark.parametrize("head", REACTIONS)
def test_a_reaction_counts_once_for_a_viewer_and_a_clip_whatever_comes_between(head: Head) -> None:
    once, often = Learner(STILL), Learner(STILL)
    for learner in (once, often):
        learner.add_items(an_item(n) for n in range(1, 4))
        react(learner, 5, 1, head)
    for learner in (once, often):
        for other in REACTIONS:
            if learner is often:
                react(learner, 5, 1, head)
            if other is not head:
                react(learner, 5, 1, other)
        if learner is often:
            react(learner, 5, 1, head)
        learner.note_impressions(ViewerId(5), [ClipId(1)], START_US)
        if learner is often:
            react(learner, 5, 1, head)
        learner.learn(a_watch(5, 1, 20_000, liked=True))
        if learner is often:
            react(learner, 5, 1, head)
    assert once.hash() != often.hash(), "each that is told is in the hash"
    once._state.meta[kernels.M_CHAIN] = often._state.meta[kernels.M_CHAIN]
    assert once.state_hash() == often.state_hash()
    react(once, 6, 1, head)
    assert once.state_hash() != often.state_hash(), "another viewer's does count"


@pytest.mark.parametrize("head", REACTIONS)
def test_what_authors_do_with_their_own_clips_or_with_unknown_or_refused_ones_counts_nothing(head: Head) -> None:
    learner = Learner(STILL)
    learner.add_items(an_item(n) for n in range(1, 4))
    learner.learn(replace(a_watch(6, 2, 500), not_interested=True))
    before = learner._state.clip_heads.copy(), learner._state.group_heads.copy(), learner._state.taste.copy()
    react(learner, 1, 1, head)
    react(learner, 6, 2, head)
    react(learner, 6, 999, head)
    after = learner._state.clip_heads, learner._state.group_heads, learner._state.taste
    assert all(np.array_equal(was, now) for was, now in zip(before, after, strict=True))


def test_who_shares_a_kind_is_expected_to_like_it_more_unless_it_is_not_profiled() -> None:
    def taste(learner: Learner, viewer: int) -> int:
        scores = learner.score(learner.consider(ViewerId(viewer), [ClipId(9)], START_US))
        return int(scores.terms[0, TermName.TAGS])

    learner = Learner(STILL)
    learner.add_items(an_item(n, "cats" if n < 10 else "dogs") for n in range(1, 20))
    learner.set_profiled(ViewerId(6), False)
    for viewer in (5, 6):
        for clip in (1, 2, 3, 4):
            react(learner, viewer, clip, Head.SHARE)
    assert taste(learner, 5) > 0 == taste(learner, 6) == taste(learner, 7)


def test_a_learner_that_was_told_reactions_goes_on_from_a_snapshot_as_if_it_had_never_stopped() -> None:
    random = Random(3)
    told = [(random.randrange(9), random.randrange(1, 30), random.choice(REACTIONS)) for _ in range(300)]
    whole, first = Learner(), Learner()
    for learner in (whole, first):
        learner.add_items(an_item(n) for n in range(1, 30))
    for one in told:
        react(whole, *one)
    for one in told[:150]:
        react(first, *one)
    rest = Learner.restore(first.snapshot())
    for one in told[150:]:
        react(rest, *one)
    assert rest.state_hash() == whole.state_hash()
