"""What no longer counts takes no room, and whether it is still there makes no difference."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.domain.ids import ClipId, ViewerId
from freehold.domain.watch import Source
from freehold.recommender import Head, Learner, SnapshotError, TermName, Weights, kernels, snapshots, tables
from tests.recommender.test_learner import (
    KINDS,
    SECOND_US,
    START_US,
    Event,
    a_catalogue,
    a_watch,
    an_item,
    shown,
    with_an_audience,
)

DAY_S = 86_400
YEARS_S = 500 * DAY_S


def a_long_history(seed: int, count: int) -> list[Event]:
    """Events of every kind, on one clock that now and then goes on by weeks or by more than a year."""
    random = Random(seed)
    events, at_s = list[Event](), 0
    for _ in range(count):
        days = random.choice((1, 40, 450) if random.random() < 0.1 else (0,))
        for day in range(days):
            events.append(lambda learner, at_s=at_s + day * DAY_S: a_day(learner, at_s))
        at_s += 60 + days * DAY_S
        viewer, clip, good = ViewerId(random.randint(1, 12)), ClipId(random.randint(1, 60)), random.random() < 0.5
        events.append(_an_act(random.randrange(12), viewer, clip, at_s, good))
    return events


def _an_act(number: int, viewer: ViewerId, clip: ClipId, at_s: int, good: bool) -> Event:
    at_us = START_US + at_s * SECOND_US
    match number:
        case 0:
            return lambda learner: learner.react(viewer, clip, Head.SHARE, at_us)
        case 1:
            return lambda learner: learner.note_impressions(viewer, [clip], at_us)
        case 2:
            return lambda learner: learner.learn(a_watch(viewer, clip, at_s, good))
        case 3:
            return lambda learner: learner.learn(a_watch(viewer, clip, at_s, False, not_interested=good))
        case 4:
            return lambda learner: learner.set_wish(viewer, "tag", KINDS[clip % 3], clip % 5 - 2)
        case 5:
            return lambda learner: learner.set_profiled(viewer, good)
        case 6:
            return lambda learner: (learner.reset_viewer if good else learner.forget_viewer)(viewer)
        case 7:
            return lambda learner: learner.set_weights(Weights(seen_min=(10 + 100 * good) * 24 * 60))
        case 8:
            return lambda learner: learner.add_item(an_item(300 + clip, sound=clip % 5))
        case _:
            return lambda learner: shown(learner, a_watch(viewer, clip, at_s, good, liked=clip % 3 == 0))


def a_day(learner: Learner, at_s: int) -> None:
    """Somebody is shown something: time goes on by a day an event at most."""
    learner.note_impressions(ViewerId(99_999), [ClipId(1)], START_US + at_s * SECOND_US)


def pass_days(learner: Learner, from_s: int, days: int) -> int:
    """Gives the second of the last one."""
    for day in range(1, days + 1):
        a_day(learner, from_s + day * DAY_S)
    return from_s + days * DAY_S


def without_what_is_spent(learner: Learner) -> None:
    learner._state = tables.without_forgotten(learner._state)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), every=st.integers(1, 40))
def test_dropping_what_no_longer_counts_changes_nothing_whenever_it_is_done(seed: int, every: int) -> None:
    kept, dropped = a_catalogue(150), a_catalogue(150)
    for number, event in enumerate(a_long_history(seed, 250)):
        event(kept)
        event(dropped)
        if number % every == 0:
            without_what_is_spent(dropped)
    now_us = int(kept._state.meta[kernels.M_NOW]) * 60 * SECOND_US
    for later_s in (0, 20 * DAY_S, YEARS_S):
        for viewer in range(1, 14):
            one, other = (
                each.score(each.gather(ViewerId(viewer), now_us + later_s * SECOND_US, 5)) for each in (kept, dropped)
            )
            assert one.candidates.clip_ids.tolist() == other.candidates.clip_ids.tolist()
            assert one.terms.tobytes() == other.terms.tobytes()
            assert kept.chances(one.candidates).tobytes() == dropped.chances(other.candidates).tobytes()


def test_rooms_that_new_viewers_need_are_those_of_viewers_that_never_came_back() -> None:
    learner = with_an_audience(a_catalogue(), 500)
    random = Random(2)
    sizes, at_s = [], 10_000
    for year in range(12):
        at_s = pass_days(learner, at_s, 500)
        for viewer in range(year * 150, year * 150 + 150):
            shown(learner, *(a_watch(10_000 + viewer, random.randint(1, 400), at_s + n) for n in range(20)))
        sizes.append((learner._state.viewer.shape[0], learner._state.seen_key.size, learner._state.taste_key.size))
    assert sizes[-1] == sizes[2], sizes
    assert learner.viewer_count < 600


def test_those_who_come_back_every_month_are_never_forgotten_and_their_seen_clips_do_not_pile_up() -> None:
    learner = with_an_audience(a_catalogue(), 500)
    random = Random(3)
    sizes, at_s = [], 10_000
    for _month in range(30):
        at_s = pass_days(learner, at_s, 30)
        for viewer in range(100):
            clips = random.sample(range(1, 401), 40)
            shown(learner, *(a_watch(10_000 + viewer, clip, at_s + n) for n, clip in enumerate(clips)))
        sizes.append(learner._state.seen_key.size)
    assert sizes[-1] == sizes[5], sizes
    assert all(kernels.find_viewer(learner._state, 10_000 + viewer) >= 0 for viewer in range(100))
    assert int(learner._state.meta[kernels.M_SEEN]) < 6 * 100 * 40


def test_who_was_not_here_for_more_than_a_year_is_a_newcomer_but_for_what_was_asked_for() -> None:
    learner = with_an_audience(a_catalogue())
    fond = [clip for clip in range(1, 401) if KINDS[clip % len(KINDS)] == "chess"]
    shown(learner, *(a_watch(1, clip, 4000 + n) for n, clip in enumerate(fond[:20])))
    learner.learn(a_watch(1, 7, 4100, not_interested=True))
    learner.set_wish(ViewerId(1), "tag", "drums", -2)
    learner.react(ViewerId(1), ClipId(9), Head.SHARE, START_US + 4200 * SECOND_US)
    other_kinds = [ClipId(clip) for clip in (9, 16, 24)]

    def terms(at_s: int) -> set[TermName]:
        scores = learner.score(learner.consider(ViewerId(1), other_kinds, START_US + at_s * SECOND_US))
        return {term.name for index in range(3) for term in learner.explain(scores, index)}

    personal = {TermName.TAGS, TermName.AUTHOR, TermName.HABIT, TermName.LENGTH}
    assert terms(4300) & personal
    without_what_is_spent(learner)
    assert terms(4300) & personal, "nothing of it is old yet"
    assert not terms(4300 + YEARS_S) & personal
    back_us = START_US + (4300 + YEARS_S) * SECOND_US
    for is_dropped in (False, True):
        if is_dropped:
            pass_days(learner, 4300, 500)
            without_what_is_spent(learner)
        gathered = set(learner.gather(ViewerId(1), back_us, 3, 400).clip_ids.tolist())
        assert 7 not in gathered, "what was refused never comes back"
        assert not {clip for clip in gathered if KINDS[clip % len(KINDS)] == "drums"}, "nor what was asked to stay away"
        assert set(fond[:20]) & gathered
    assert learner.viewer_count == 2, "the audience is gone"
    shown(learner, a_watch(1, fond[30], 4400 + YEARS_S))
    at_us = START_US + (4500 + YEARS_S) * SECOND_US
    assert learner.has_seen(ViewerId(1), [ClipId(fond[30]), ClipId(fond[0])], at_us) == [True, False]


def test_a_mode_without_profiling_and_refusals_outlive_everything() -> None:
    learner = with_an_audience(a_catalogue())
    learner.set_profiled(ViewerId(5), False)
    learner.learn(a_watch(6, 8, 10, not_interested=True))
    pass_days(learner, 10, 1500)
    without_what_is_spent(learner)
    assert learner.viewer_count == 3
    assert not learner.is_profiled(ViewerId(5))
    later_us = START_US + 4 * YEARS_S * SECOND_US
    assert learner.has_seen(ViewerId(6), [ClipId(8), ClipId(9)], later_us) == [True, False]


def test_a_longer_window_does_not_bring_back_what_was_outside_the_shorter() -> None:
    """Else it would hang on whether it had been dropped yet."""
    kept, dropped = a_catalogue(), a_catalogue()
    for learner in (kept, dropped):
        shown(learner, a_watch(1, 9, 0))
        shown(learner, a_watch(1, 10, pass_days(learner, 0, 70)))
    without_what_is_spent(dropped)
    for learner in (kept, dropped):
        learner.set_weights(Weights(seen_min=100 * 24 * 60))
        now_us = START_US + 71 * DAY_S * SECOND_US
        assert learner.has_seen(ViewerId(1), [ClipId(9), ClipId(10)], now_us) == [False, True]


def test_what_is_forgotten_is_not_remembered_by_who_asks_of_the_past() -> None:
    kept, dropped = a_catalogue(), a_catalogue()
    for learner in (kept, dropped):
        shown(learner, a_watch(1, 9, 0))
        shown(learner, a_watch(2, 10, pass_days(learner, 0, 100)), a_watch(1, 11, 0))
    without_what_is_spent(dropped)
    for learner in (kept, dropped):
        asked = [ClipId(9), ClipId(10), ClipId(11)]
        assert learner.has_seen(ViewerId(1), asked, START_US + DAY_S * SECOND_US) == [False, False, False]
        assert learner.has_seen(ViewerId(2), asked, START_US) == [False, True, False]


def test_a_snapshot_whose_rows_are_of_another_width_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = a_catalogue(20)
    thin = learner._state._replace(viewer=np.ascontiguousarray(learner._state.viewer[:, :-1]))
    short = learner._state._replace(meta=learner._state.meta[:-1])
    for state in (thin, short):
        data = snapshots.pack(state, learner.weights, learner._groups, learner._follows)
        with pytest.raises(SnapshotError, match="another version"):
            Learner.restore(data)


def test_a_clock_that_was_wrong_once_makes_nobody_a_newcomer() -> None:
    learner = with_an_audience(a_catalogue())
    chess = [clip for clip in range(1, 401) if KINDS[clip % len(KINDS)] == "chess"]
    shown(learner, *(a_watch(1, clip, 4000 + n) for n, clip in enumerate(chess[:20])))
    learner.note_impressions(ViewerId(2), [ClipId(5)], START_US + 10 * YEARS_S * SECOND_US)
    at_us = START_US + 4100 * SECOND_US
    scores = learner.score(learner.consider(ViewerId(1), [ClipId(chess[30])], at_us))
    assert scores.terms[0, TermName.TAGS] > 0
    assert learner.has_seen(ViewerId(1), [ClipId(chess[0])], at_us) == [True]
    assert not set(chess[:20]) & set(learner.gather(ViewerId(1), at_us, 1).clip_ids.tolist())


def test_who_was_shown_a_page_and_did_nothing_takes_no_row_once_it_may_come_again() -> None:
    learner = a_catalogue()
    for viewer in range(1, 101):
        learner.note_impressions(ViewerId(viewer), [ClipId(1), ClipId(2)], START_US)
    shown(learner, a_watch(101, 3, 10))
    without_what_is_spent(learner)
    assert learner.viewer_count == 101
    pass_days(learner, 0, 70)
    without_what_is_spent(learner)
    assert learner.viewer_count == 2, "who watched something, and who was just shown something"


def test_a_favourite_whose_taste_is_gone_is_no_reason_to_gather() -> None:
    learner = with_an_audience(a_catalogue())
    chess = [clip for clip in range(1, 401) if KINDS[clip % len(KINDS)] == "chess"]
    shown(learner, *(a_watch(1, clip, 4000 + n) for n, clip in enumerate(chess[:20])))

    def found_by_tag(at_s: int) -> bool:
        sources = learner.gather(ViewerId(1), START_US + at_s * SECOND_US, 1).sources
        return bool((sources & 1 << Source.TAG).any())

    assert found_by_tag(4100)
    at_s = 4100
    for _ in range(5):
        at_s = pass_days(learner, at_s, 100)
        learner.note_impressions(ViewerId(1), [ClipId(2)], START_US + at_s * SECOND_US)
    assert learner._state.viewer[int(kernels.find_viewer(learner._state, 1)), kernels.V_FAVOURITE] > 0
    assert not found_by_tag(at_s)
