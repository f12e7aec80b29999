"""What moves a viewer's chances: vectors, learned gains, sessions. And the surface, which moves everybody's."""

from dataclasses import replace
from random import Random

import numpy as np

from freehold.domain.ids import AccountId, ClipId, PageId, ViewerId
from freehold.domain.watch import GATHERED, Item, Source, Surface, Watch
from freehold.recommender import ONE, Head, Learner, TermName, Weights, kernels

START_US = 1_760_000_000_000_000
MINUTE_US = 60_000_000
STILL = Weights(explore_gain=0, fresh_value=0)


def a_learner(clips: int, weights: Weights = STILL) -> Learner:
    learner = Learner(weights)
    learner.add_items(Item(ClipId(n), AccountId(n), None, (f"t{n % 7}",), 10_000, 0) for n in range(1, clips + 1))
    return learner


def a_watch(viewer: int, clip: int, minute: int = 0, good: bool = True, surface: int = Surface.PAGE) -> Watch:
    watched_ms = 10_000 if good else 500
    at_us = START_US + minute * MINUTE_US
    return Watch(
        ViewerId(viewer), ClipId(clip), PageId(0), 0, at_us, watched_ms, int(good), not good, False, False, surface
    )


def show(learner: Learner, *watches: Watch) -> None:
    for watch in watches:
        learner.note_impressions(watch.viewer_id, [watch.clip_id], watch.at_us)
        learner.learn(watch)


def terms_of(learner: Learner, viewer: int, clips: list[int], term: TermName, minute: int = 0) -> list[int]:
    considered = learner.consider(ViewerId(viewer), [ClipId(n) for n in clips], START_US + minute * MINUTE_US)
    return [int(value) for value in learner.score(considered).terms[:, term]]


def two_crowds(learner: Learner, viewers: int = 200, until_minute: int = 6) -> None:
    """Even viewers choose among the first twenty clips, odd ones among the next twenty."""
    random = Random(5)
    for viewer in range(1, viewers + 1):
        for minute, n in enumerate(random.sample(range(1, 21), until_minute)):
            learner.learn(a_watch(viewer, n + 20 * (viewer % 2), minute))


def test_who_chooses_as_a_crowd_does_is_expected_to_like_the_rest_of_what_it_chose() -> None:
    learner = a_learner(40)
    two_crowds(learner)
    learner.learn_batch([a_watch(998, n) for n in (1, 2, 3, 4)])
    learner.learn_batch([a_watch(999, n) for n in (21, 22, 23, 24)])
    rest = [*range(10, 20), *range(30, 40)]
    of_even, of_odd = (np.array(terms_of(learner, viewer, rest, TermName.ALIKE, 600)) for viewer in (998, 999))
    assert of_even[:10].mean() > of_even[10:].mean()
    assert of_odd[10:].mean() > of_odd[:10].mean()
    assert not any(terms_of(learner, 1000, rest, TermName.ALIKE)), "who has chosen nothing is like nobody"


def many_crowds(learner: Learner, crowds: int = 12, clips: int = 50, viewers: int = 900) -> None:
    """Each viewer chooses ten clips of its crowd's."""
    random = Random(8)
    for viewer in range(1, viewers + 1):
        first = 1 + viewer % crowds * clips
        for minute, n in enumerate(random.sample(range(first, first + clips), 10)):
            learner.learn(a_watch(viewer, n, minute))


def alike_to(learner: Learner, viewer: int, compared: int) -> list[int]:
    """Rows, best first."""
    found = np.empty((kernels.ALIKE, 3), dtype=np.int64)
    row = kernels.find_viewer(learner._state, viewer)
    size = kernels.find_alike(learner._state, row, START_US // MINUTE_US, False, np.uint64(9), compared, found)
    assert list(found[:size, 1]) == sorted(found[:size, 1], reverse=True)
    return [int(row) for row in found[:size, 0]]


def test_what_a_viewers_crowd_chooses_is_found_among_all_clips_by_its_vector() -> None:
    learner = a_learner(600)
    many_crowds(learner)
    theirs, watched = range(301, 351), [301, 302, 303, 304, 305, 306]
    learner.learn_batch([a_watch(5000, n) for n in watched])
    gathered = learner.gather(ViewerId(5000), START_US + 30 * MINUTE_US, 3)
    found = [
        clip_id
        for clip_id, sources in zip(gathered.clip_ids.tolist(), gathered.sources.tolist(), strict=True)
        if sources >> Source.LIKENESS & 1
    ]
    assert GATHERED // 6 <= len(found) <= kernels.ALIKE, "a share of the candidates; some had been found before"
    assert sum(clip_id in found for clip_id in theirs) > 0.65 * (len(theirs) - len(watched))
    assert not set(found) & set(watched), "what was watched stays away"
    newcomer = learner.gather(ViewerId(5001), START_US, 3)
    assert not (newcomer.sources >> Source.LIKENESS & 1).any(), "who has chosen nothing is like nobody"


def test_beyond_what_is_compared_one_by_one_a_walk_among_neighbours_finds_nearly_the_same() -> None:
    learner = a_learner(600)
    many_crowds(learner)
    shares = []
    for viewer in range(1, 41):
        exact, walked = alike_to(learner, viewer, 600), alike_to(learner, viewer, 599)
        best = set(exact[:32])
        assert len(walked) == len(set(walked)) > kernels.ALIKE // 2
        shares.append(len(best & set(walked)) / len(best))
    assert sum(shares) / len(shares) > 0.85, shares


def test_codes_follow_their_vectors() -> None:
    learner = a_learner(40)
    two_crowds(learner)
    learner.add_items([Item(ClipId(41), AccountId(41), None, (), 10_000, 0)])
    codes, vectors = learner._state.clip_code[:41], learner._state.clip_vector[:41]
    steps = np.array([kernels.CODE] * kernels.SIZE + [kernels.BIAS_CODE])
    assert (codes == np.trunc(np.clip(vectors.astype(np.float64) * steps, -127, 127))).all()
    assert np.abs(codes[40]).max() > 0, "a new clip is somewhere too"


def test_a_forgotten_viewer_leaves_neither_a_vector_nor_a_choice() -> None:
    learner = a_learner(40)
    two_crowds(learner)
    row = int(kernels.find_viewer(learner._state, 7))
    mine = learner._state.choice[:, 0] == row
    assert learner._state.viewer_vector[row].any() and mine.sum() == 6
    learner.forget_viewer(ViewerId(7))
    assert not learner._state.viewer_vector[row].any()
    assert (learner._state.choice[mine] == kernels.NONE).all()
    other = Learner.restore(learner.snapshot())
    for one in (learner, other):
        two_crowds(one, 20)
    assert other.state_hash() == learner.state_hash()


def test_whose_profile_is_switched_off_is_likened_no_more() -> None:
    learner = a_learner(40)
    two_crowds(learner)
    row = int(kernels.find_viewer(learner._state, 7))
    before = learner._state.viewer_vector[row].copy()
    learner.set_profiled(ViewerId(7), False)
    for viewer in range(500, 700):
        learner.learn(a_watch(viewer, viewer % 20 + 1))
    assert before.any() and (learner._state.viewer_vector[row] == before).all()
    learner.set_profiled(ViewerId(7), True)
    for viewer in range(700, 900):
        learner.learn(a_watch(viewer, viewer % 20 + 1))
    assert (learner._state.viewer_vector[row] != before).any()


def test_an_unprofiled_viewers_choices_are_not_kept() -> None:
    learner = a_learner(40)
    learner.set_profiled(ViewerId(1), False)
    learner.learn_batch([a_watch(1, n) for n in range(1, 9)])
    assert learner._state.meta[kernels.M_CHOICES] == 0
    learner.learn_batch([a_watch(2, n) for n in range(1, 9)])
    assert learner._state.meta[kernels.M_CHOICES] == 8


def test_the_ring_of_choices_goes_round_at_its_end() -> None:
    learner = a_learner(40)
    learner._state.meta[kernels.M_CHOICES] = kernels.CHOICES_KEPT - 1
    learner.learn_batch([a_watch(1, n) for n in range(1, 4)])
    assert learner._state.choice.shape[0] == kernels.CHOICES_KEPT
    assert [int(learner._state.choice[at, 1]) for at in (-1, 0, 1)] == [0, 1, 2]
    assert Learner.restore(learner.snapshot()).state_hash() == learner.state_hash()


def gains_after(fans: bool) -> float:
    """The gain of tags for the end of a clip, where each viewer finishes one kind, or any by chance."""
    learner, random = a_learner(400, Weights(explore_gain=0, fresh_value=0, length_gain=0, author_gain=0)), Random(3)
    for turn in range(3000):
        viewer, clip = random.randint(1, 40), random.randint(1, 400)
        good = clip % 7 == viewer % 7 if fans else random.random() < 1 / 7
        show(learner, a_watch(viewer, clip, turn, good))
    return float(learner._state.gain[Head.FINISH, kernels.S_TAGS, kernels.A_GAIN])


def test_a_taste_counts_for_less_where_it_tells_nothing() -> None:
    assert gains_after(fans=False) < 0.9 < gains_after(fans=True)


def test_what_follows_counts_for_more_where_choices_follow_each_other() -> None:
    ordered, mixed = a_learner(200), a_learner(200)
    random = Random(1)
    for viewer in range(1, 300):
        first = random.randint(1, 190)
        shuffled = random.sample(range(1, 201), 8)
        for minute in range(8):
            ordered.learn(a_watch(viewer, first + minute, minute))
            mixed.learn(a_watch(viewer, shuffled[minute], minute))
    gains = [float(one._state.gain[kernels.OF_CHOICES, kernels.S_NEAR, kernels.A_GAIN]) for one in (ordered, mixed)]
    assert gains[0] > 2 > 1 > gains[1]


def test_only_the_good_ones_of_the_session_say_what_is_near() -> None:
    learner = a_learner(60)
    for viewer in range(10, 60):
        learner.learn_batch([a_watch(viewer, 3), a_watch(viewer, 4, 1)])
    learner.learn(a_watch(1, 3, 100))
    assert terms_of(learner, 1, [4], TermName.NEAR, 101)[0] > 0
    assert terms_of(learner, 1, [4], TermName.NEAR, 101 + kernels.SESSION_MIN) == [0]
    learner.learn(a_watch(1, 50, 200))
    assert terms_of(learner, 1, [4], TermName.NEAR, 201) == [0], "that was another session"


def test_habits_are_those_of_the_sessions_beginning_but_in_the_first() -> None:
    learner = a_learner(60)
    for clip in range(1, 11):
        show(learner, a_watch(1, clip, clip), a_watch(100 + clip, clip, clip, good=clip % 2 == 0))
    first = terms_of(learner, 1, [50], TermName.HABIT, 11)[0]
    assert first > 0
    begun = terms_of(learner, 1, [50], TermName.HABIT, 500)[0]
    learner.add_items([Item(ClipId(99), AccountId(99), None, (), 10_000, 0)])
    show(learner, a_watch(1, 99, 500, good=False))
    held = learner._state.habit[int(kernels.find_viewer(learner._state, 1)), Head.FINISH]
    for clip in range(11, 21):
        show(learner, a_watch(1, clip, 500 + clip, good=False))
        assert learner._state.habit[int(kernels.find_viewer(learner._state, 1)), Head.FINISH] == held > 0
    assert begun > 0 > terms_of(learner, 1, [50], TermName.HABIT, 5000)[0], "the next session has the new ones"


def test_where_a_clip_is_put_is_not_put_down_to_the_clip() -> None:
    """One in five is watched to its end on pages, four in five apart from them, whatever clip it is."""
    learner, random = a_learner(42), Random(2)

    def put(turn: int, clip: int, surface: int) -> None:
        show(learner, a_watch(turn, clip, turn, random.random() < (0.8 if surface else 0.2), surface))

    for turn in range(4000):
        put(turn, random.randint(1, 40), random.choice((Surface.PAGE, Surface.APART)))
    for turn in range(5000, 5400):
        put(turn, 41, Surface.APART)
        put(turn, 42, Surface.PAGE)

    def chance(clip: int, surface: int) -> float:
        considered = learner.consider(ViewerId(99_999), [ClipId(clip)], START_US, surface)
        return float(learner.chances(considered)[0, Head.FINISH]) / ONE

    assert chance(41, Surface.PAGE) < 0.4 < 0.6 < chance(41, Surface.APART)
    assert chance(42, Surface.PAGE) < 0.4 < 0.6 < chance(42, Surface.APART)


def habit_gain(learner: Learner, head: Head) -> float:
    return float(learner._state.gain[head, kernels.S_HABIT, kernels.A_GAIN])


def likers(is_told_first: bool, viewers: int = 300) -> Learner:
    """A tenth of the viewers like four clips in five, the others none. A like is told before its watch, or after."""
    learner, random = a_learner(200, Weights(explore_gain=0, fresh_value=0)), Random(7)
    for turn in range(12):
        for viewer in range(1, viewers + 1):
            watch = replace(a_watch(viewer, random.randint(1, 200), turn * 40), page_id=PageId(turn + 1))
            like = replace(watch, watched_ms=0, completions=0, liked=True)
            is_liked = viewer % 10 == 0 and random.random() < 0.8
            learner.note_impressions(watch.viewer_id, [watch.clip_id], watch.at_us)
            told = [like, watch] if is_told_first else [watch, like]
            learner.learn_batch(told if is_liked else [watch])
    return learner


def test_by_how_much_a_viewers_habits_count_is_learned_from_acts_as_well() -> None:
    for is_told_first in (True, False):
        learner = likers(is_told_first)
        assert habit_gain(learner, Head.LIKE) > 1.15
        chances = [
            int(learner.chances(learner.consider(ViewerId(viewer), [ClipId(9)], START_US + 10**9))[0, Head.LIKE]) / ONE
            for viewer in (10, 11)
        ]
        assert chances[0] > max(0.25, 5 * chances[1]), chances


def test_a_like_that_is_told_late_undoes_that_the_watch_said_there_was_none() -> None:
    gains = [habit_gain(likers(is_told_first), Head.LIKE) for is_told_first in (True, False)]
    assert abs(gains[0] - gains[1]) < 0.2, gains
    assert gains[1] > 1.15


def test_what_is_thought_of_a_clip_counts_less_where_it_tells_little() -> None:
    """Who finishes what hangs on the viewer alone, though some clips were lucky at first."""
    learner, random = a_learner(60, Weights(explore_gain=0, fresh_value=0, quality_prior=1)), Random(8)
    lucky = [random.random() for _ in range(61)]
    for viewer in range(60):
        show(learner, *(a_watch(viewer, clip, clip, lucky[clip] < 0.5) for clip in range(1, 61)))
    for viewer in range(100, 400):
        for clip in random.sample(range(1, 61), 12):
            show(learner, a_watch(viewer, clip, 9000 + clip, random.random() < 0.5))
    gain = learner._state.gain[Head.FINISH, kernels.S_CLIP, kernels.A_GAIN]
    assert gain < 0.9, gain


def test_a_like_that_comes_with_a_later_report_of_its_watch_is_an_act_too() -> None:
    learners = []
    for is_apart in (True, False):
        learner, random = a_learner(200, Weights(explore_gain=0, fresh_value=0)), Random(7)
        for turn in range(12):
            for viewer in range(1, 101):
                watch = a_watch(viewer, random.randint(1, 200), turn * 40)
                show(learner, watch)
                if viewer % 10 == 0:
                    apart = replace(watch, liked=True, completions=0, watched_ms=0 if is_apart else 900)
                    learner.learn(apart)
        learners.append(learner)
    apart, within = (
        int(each.chances(each.consider(ViewerId(10), [ClipId(9)], START_US + 10**9))[0, Head.LIKE]) / ONE
        for each in learners
    )
    assert within > 0.3
    assert abs(apart - within) < 0.05
