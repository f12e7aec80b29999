"""The demo's plan gives a feed something to choose from."""

from collections import Counter
from itertools import pairwise

from freehold.demo.art import COMMENTERS, CREATORS, KINDS, TAGS, comments_for, plan
from freehold.demo.kinds import KIND
from freehold.demo.words import CAPTIONS, REMARKS

COUNT, SEED = 72, 1


def test_the_same_seed_plans_the_same_clips_and_another_seed_others() -> None:
    assert plan(COUNT, SEED) == plan(COUNT, SEED)
    assert plan(COUNT, SEED) != plan(COUNT, SEED + 1)


def test_the_first_clips_are_short_quick_upright_and_all_of_different_kinds() -> None:
    for seed in range(20):
        first = plan(COUNT, seed)[:8]
        assert len({clip.kind for clip in first}) == len(first)
        assert all(KIND[clip.kind].quick for clip in first)
        assert all(5 <= clip.duration_s <= 6 and clip.width_px < clip.height_px for clip in first)


def test_one_clip_lasts_over_a_minute_late_in_the_order_and_is_quick_to_draw() -> None:
    for count in (20, 30, 41, COUNT, 100):
        clips = plan(count, SEED)
        long = [clip for clip in clips if clip.duration_s > 60]
        assert len(long) == 1
        assert long[0].index >= count // 2
        assert KIND[long[0].kind].quick
        assert all(5 <= clip.duration_s <= 14 for clip in clips if clip not in long)
    assert all(clip.duration_s <= 14 for clip in plan(8, SEED))


def test_kinds_creators_sounds_and_tags_are_spread() -> None:
    for seed in range(10):
        clips = plan(COUNT, seed)
        assert [clip.index for clip in clips] == list(range(COUNT))
        assert set(Counter(clip.kind for clip in clips)) == {kind.name for kind in KINDS}
        assert max(Counter(clip.creator for clip in clips).values()) <= COUNT / 5
        assert len({clip.creator for clip in clips}) >= 12
        assert sum(uses > 1 for uses in Counter(clip.sound for clip in clips).values()) >= 10
        assert len({clip.sound for clip in clips}) >= 12
        assert not any(a.kind == b.kind for a, b in pairwise(clips))
        assert len({(clip.width_px, clip.height_px) for clip in clips}) == 3


def test_tags_are_three_to_five_of_the_kind_without_repeats() -> None:
    assert 25 <= len(TAGS) <= 60
    for clip in plan(COUNT, SEED):
        assert 3 <= len(clip.tags) <= 5
        assert len(set(clip.tags)) == len(clip.tags)
        assert set(clip.tags) <= set(KIND[clip.kind].tags)


def test_creators_make_what_they_like_and_every_kind_has_two_makers() -> None:
    kinds_of = {creator.handle: creator.kinds for creator in CREATORS}
    assert len(kinds_of) == len(CREATORS) >= 12
    assert all(clip.kind in kinds_of[clip.creator] for clip in plan(COUNT, SEED))
    makers = Counter(kind for creator in CREATORS for kind in creator.kinds)
    assert set(makers) == set(KIND)
    assert min(makers.values()) >= 2


def test_captions_and_remarks_are_there_for_every_kind_and_do_not_repeat_early() -> None:
    assert set(CAPTIONS) == set(REMARKS) == set(KIND)
    captions = [clip.caption for clip in plan(COUNT, SEED)]
    assert len(set(captions)) == len(captions)


def test_comments_fit_their_clip_and_nobody_comments_twice_or_on_an_own_clip() -> None:
    people = {*COMMENTERS, *(creator.handle for creator in CREATORS)}
    clips = plan(COUNT, SEED)
    total = 0
    for clip in clips:
        comments = comments_for(clip, SEED)
        assert comments == comments_for(clip, SEED)
        handles = [handle for handle, _ in comments]
        texts = [text for _, text in comments]
        assert len(set(handles)) == len(handles)
        assert len(set(texts)) == len(texts)
        assert clip.creator not in handles
        assert set(handles) <= people
        strangers = {text for kind, said in REMARKS.items() if kind != clip.kind for text in said} - set(
            REMARKS[clip.kind]
        )
        assert not strangers & set(texts)
        total += len(comments)
    assert total > COUNT
