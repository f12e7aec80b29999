from collections.abc import Sequence

from freehold.domain.ids import ClipId, ViewerId
from freehold.domain.watch import Source
from freehold.recommender import Learner, TermName, kernels
from tests.recommender.test_learner import (
    SECOND_US,
    START_US,
    a_catalogue,
    a_watch,
    an_item,
    shown,
    with_an_audience,
)

SONG = 7


def with_a_song(clips: Sequence[int]) -> Learner:
    """Each of these clips has the song; the others have sounds of their own."""
    learner = a_catalogue()
    for clip in range(1000, 1030):
        learner.add_item(an_item(clip, "any", author=900 + clip, sound=SONG if clip in clips else clip))
    return with_an_audience(learner)


def groups_of(learner: Learner, clip: int) -> list[tuple[int, int | str]]:
    names = list(learner._groups)
    row = learner._state.clip[learner._row(clip)]
    return [names[group] for group in row[kernels.C_GROUP : kernels.C_GROUP + row[kernels.C_GROUPS]]]


def test_who_likes_a_sound_is_offered_others_with_it_from_everywhere() -> None:
    learner = with_a_song(range(1000, 1020))
    shown(learner, *(a_watch(1, clip, 4000 + clip) for clip in range(1000, 1008)))
    shown(learner, *(a_watch(1, clip, 5100 + n, False) for n, clip in enumerate(range(1020, 1026))))
    candidates = learner.gather(ViewerId(1), START_US + 6000 * SECOND_US, 1)
    found = {
        clip
        for clip, sources in zip(candidates.clip_ids.tolist(), candidates.sources.tolist(), strict=True)
        if sources & 1 << Source.SOUND
    }
    assert found == set(range(1008, 1020))
    both = learner.consider(ViewerId(1), [ClipId(1010), ClipId(1027)], START_US + 6000 * SECOND_US)
    with_it, without = learner.score(both).terms[:, TermName.TAGS].tolist()
    assert with_it > without


def test_a_sound_that_one_clip_has_is_no_group_and_the_first_clip_joins_when_the_second_comes() -> None:
    learner = a_catalogue(5)
    learner.add_item(an_item(50, "a", sound=SONG))
    assert (kernels.KIND_SOUND, SONG) not in groups_of(learner, 50)
    learner.add_item(an_item(51, "b", sound=SONG))
    learner.add_item(an_item(52, "c", sound=SONG))
    for clip in (50, 51, 52):
        assert groups_of(learner, clip)[-1] == (kernels.KIND_SOUND, SONG)
    assert learner._state.group[learner._groups[kernels.KIND_SOUND, SONG], kernels.G_SIZE] == 3
    learner.update_item(an_item(51, "b", sound=SONG + 1))
    assert (kernels.KIND_SOUND, SONG) not in groups_of(learner, 51)
    learner.remove_item(ClipId(50))
    assert learner._state.group[learner._groups[kernels.KIND_SOUND, SONG], kernels.G_SIZE] == 1


def test_a_clip_that_was_removed_or_has_another_sound_by_now_makes_no_group() -> None:
    learner = a_catalogue(5)
    learner.add_item(an_item(50, sound=SONG))
    learner.remove_item(ClipId(50))
    learner.add_item(an_item(51, sound=SONG))
    learner.update_item(an_item(51, sound=SONG + 1))
    learner.add_item(an_item(52, sound=SONG))
    assert (kernels.KIND_SOUND, SONG) not in learner._groups
    for each in (learner, Learner.restore(learner.snapshot())):
        each.add_item(an_item(50, sound=SONG))
        assert groups_of(each, 50)[-1] == groups_of(each, 52)[-1] == (kernels.KIND_SOUND, SONG)


def test_a_sound_does_not_water_down_a_wish_and_leaves_room_for_eight_tags() -> None:
    learner = a_catalogue(5)
    tags = tuple(f"t{n}" for n in range(12))
    learner.add_item(an_item(50, "a", sound=SONG))
    learner.add_item(an_item(51, *tags, sound=SONG))
    learner.add_item(an_item(52, "a"))
    assert len(groups_of(learner, 51)) == kernels.MAX_GROUPS
    assert groups_of(learner, 51)[-1] == (kernels.KIND_SOUND, SONG)
    learner.set_wish(ViewerId(1), "tag", "a", 2)
    scores = learner.score(learner.consider(ViewerId(1), [ClipId(50), ClipId(52)], START_US))
    heard, silent = scores.terms[:, TermName.WISH].tolist()
    assert heard == silent > 0
