import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.domain.ids import AccountId, ClipId, PageId, SoundId, ViewerId
from freehold.domain.watch import Item, Source, Surface, Watch
from freehold.recommender import Head, Learner, SnapshotError, TermName, Weights, arrange, snapshots, warm_up

START_US = 1_760_000_000_000_000
SECOND_US = 1_000_000
KINDS = ("cats", "chess", "cooking", "cycling", "dance", "drums", "physics", "surfing")
AUTHOR_COUNT = 40


def an_item(n: int, *tags: str, author: int | None = None, sound: int | None = None, duration_ms: int = 10_000) -> Item:
    return Item(
        clip_id=ClipId(n),
        author_id=AccountId(n % AUTHOR_COUNT + 1 if author is None else author),
        sound_id=None if sound is None else SoundId(sound),
        tags=tags or (KINDS[n % len(KINDS)],),
        duration_ms=duration_ms,
        published_at_us=START_US + n,
    )


def a_watch(viewer: int, clip: int, at_s: int = 0, good: bool = True, **changes: bool) -> Watch:
    return Watch(
        viewer_id=ViewerId(viewer),
        clip_id=ClipId(clip),
        page_id=PageId(1),
        position=0,
        at_us=START_US + at_s * SECOND_US,
        watched_ms=10_000 if good else 500,
        completions=int(good),
        skipped=not good,
        liked=changes.get("liked", False),
        not_interested=changes.get("not_interested", False),
    )


def shown(learner: Learner, *watches: Watch) -> None:
    """Learned as what was put on a page first: what was not counts as a choice."""
    for watch in watches:
        learner.note_impressions(watch.viewer_id, [watch.clip_id], watch.at_us)
        learner.learn(watch)


def a_catalogue(count: int = 400) -> Learner:
    learner = Learner()
    learner.add_items(an_item(n) for n in range(1, count + 1))
    return learner


def with_an_audience(learner: Learner, watches: int = 3000, seed: int = 1) -> Learner:
    """A crowd of mixed tastes, so that every clip has been judged by somebody."""
    random = Random(seed)
    clips = learner.clip_count
    for at_s in range(watches):
        shown(learner, a_watch(random.randrange(1000, 1100), random.randint(1, clips), at_s, random.random() < 0.4))
    return learner


def a_page(learner: Learner, viewer: int, at_s: int, seed: int, count: int = 10) -> list[int]:
    at_us = START_US + at_s * SECOND_US
    page = arrange(learner.score(learner.gather(ViewerId(viewer), at_us, seed)), seed, count)
    learner.note_impressions(ViewerId(viewer), [placed.clip_id for placed in page], at_us)
    return [placed.clip_id for placed in page]


def share_of(kind: str, clips: list[int]) -> float:
    return sum(KINDS[clip % len(KINDS)] == kind for clip in clips) / len(clips)


Event = Callable[[Learner], None]


def some_history(seed: int, count: int) -> list[Event]:
    """Events of every kind that a learner is told of."""
    random = Random(seed)
    return [an_event(random, at_s) for at_s in range(count)]


def an_event(random: Random, at_s: int) -> Event:
    viewer, clip = ViewerId(random.randint(1, 12)), ClipId(random.randint(1, 300))
    author, rare, good = AccountId(random.randint(1, AUTHOR_COUNT)), random.random() < 0.1, random.random() < 0.5
    match random.randrange(16):
        case 12:
            return lambda learner: learner.react(viewer, clip, Head.SHARE, START_US + at_s * SECOND_US)
        case 13:
            return lambda learner: learner.set_wish(viewer, "tag", KINDS[clip % 3], at_s % 5 - 2)
        case 14 if rare:
            return lambda learner: learner.set_profiled(viewer, good)
        case 15:
            apart = replace(a_watch(viewer, clip, at_s * 3000, good), surface=Surface.APART)
            return lambda learner: shown(learner, apart)
        case 0:
            return lambda learner: learner.add_item(an_item(clip, sound=clip % 9))
        case 1:
            return lambda learner: learner.update_item(an_item(clip, "other", KINDS[clip % 3]))
        case 2 if rare:
            return lambda learner: learner.remove_item(clip)
        case 3:
            return lambda learner: learner.follow(viewer, author)
        case 4:
            return lambda learner: learner.unfollow(viewer, author)
        case 5:
            return lambda learner: learner.note_impressions(viewer, [clip, ClipId(5000)], START_US + at_s * SECOND_US)
        case 6 if rare:
            return lambda learner: learner.forget_viewer(viewer)
        case 7:
            return lambda learner: learner.learn(a_watch(viewer, clip, at_s, False, not_interested=True))
        case _:
            return lambda learner: learner.learn(a_watch(viewer, clip, at_s * 3000, good, liked=at_s % 9 == 0))


def test_a_viewer_who_finishes_one_kind_gets_more_of_it_within_ten_swipes_and_a_new_viewer_does_not() -> None:
    fond, newcomers = [], []
    for audience in range(16):
        learner = with_an_audience(a_catalogue(), seed=audience)
        for n, clip in enumerate(a_page(learner, 1, 4000, audience)):
            learner.learn(a_watch(1, clip, 4000 + n, KINDS[clip % len(KINDS)] == "chess"))
        fond.append(share_of("chess", a_page(learner, 1, 4060, audience)))
        newcomers.append(share_of("chess", a_page(learner, 2, 4060, audience)))
    assert sum(fond) / 16 > 0.35
    assert sum(newcomers) / 16 < 0.25


def test_a_watch_is_seen_by_the_next_gather() -> None:
    learner = with_an_audience(a_catalogue())
    viewer, at_us = ViewerId(1), START_US + 5000 * SECOND_US
    before = learner.score(learner.consider(viewer, [ClipId(16)], at_us))
    assert Source.TAG not in {
        source for index in range(300) for source in learner.gather(viewer, at_us, 1).sources_of(index)
    }
    learner.learn(a_watch(1, 8, 4999))
    after = learner.score(learner.consider(viewer, [ClipId(16)], at_us))
    assert after.terms[0, TermName.TAGS] > before.terms[0, TermName.TAGS] == 0
    gathered = learner.gather(viewer, at_us, 1)
    assert Source.TAG in {source for index in range(len(gathered)) for source in gathered.sources_of(index)}


def test_what_others_watched_next_is_gathered_as_a_transition() -> None:
    learner = a_catalogue(3000)
    for viewer in range(10, 30):
        learner.learn(a_watch(viewer, 3, viewer * 10))
        learner.learn(a_watch(viewer, 1001, viewer * 10 + 1))
    learner.learn(a_watch(1, 3, 1000))
    candidates = learner.gather(ViewerId(1), START_US + 1001 * SECOND_US, 1)
    index = candidates.clip_ids.tolist().index(1001)
    assert Source.TRANSITION in candidates.sources_of(index)
    scores = learner.score(candidates)
    assert scores.terms[index, TermName.NEAR] == max(scores.terms[:, TermName.NEAR]) > 0


def test_a_seen_clip_never_comes_back_inside_the_window_and_comes_back_after_it() -> None:
    learner = Learner(Weights(seen_clips=150))
    learner.add_items(an_item(n) for n in range(1, 201))
    shown: list[int] = []
    for seed in range(60):
        page = a_page(learner, 1, seed, seed)
        assert page
        assert not set(page) & set(shown[-140:])
        learner.learn_batch([a_watch(1, clip, seed) for clip in page])
        shown += page
    assert 150 < len(set(shown)) < len(shown) == 600


def test_a_viewer_who_has_seen_everything_is_given_nothing_and_then_the_one_new_clip() -> None:
    learner = a_catalogue(90)
    shown = [clip for seed in range(40) for clip in a_page(learner, 1, seed, seed)]
    assert sorted(shown) == list(range(1, 91))
    assert len(learner.gather(ViewerId(1), START_US, 5)) == 0
    learner.add_item(an_item(1000))
    assert learner.gather(ViewerId(1), START_US, 5).clip_ids.tolist() == [1000]


def test_a_viewer_who_is_reset_is_a_newcomer_who_follows_the_same() -> None:
    learner = with_an_audience(a_catalogue())
    viewer, newcomer, at_us = ViewerId(1), ViewerId(2), START_US + 5000 * SECOND_US
    learner.follow(viewer, AccountId(7))
    learner.learn_batch([a_watch(1, n, 4000 + n, n % 3 == 0) for n in range(1, 40)])
    learner.learn(a_watch(1, 50, 4100, not_interested=True))
    before = learner.hash()
    learner.reset_viewer(viewer)
    assert learner.hash() != before
    assert learner.has_seen(viewer, [ClipId(1), ClipId(50)], at_us) == [False, False]
    clip_ids = [ClipId(n) for n in range(1, 100)]
    one, other = (learner.score(learner.consider(who, clip_ids, at_us)) for who in (viewer, newcomer))
    own = [TermName.TAGS, TermName.AUTHOR, TermName.LENGTH, TermName.NEAR]
    assert one.terms[:, own].tolist() == other.terms[:, own].tolist()
    assert one.terms[:, TermName.FOLLOW].any()
    assert not other.terms[:, TermName.FOLLOW].any()
    assert Learner.restore(learner.snapshot()).state_hash() == learner.state_hash()


def scored(learner: Learner, viewer: int, clip_ids: list[int], term: TermName) -> list[int]:
    scores = learner.score(learner.consider(ViewerId(viewer), [ClipId(n) for n in clip_ids], START_US))
    return [int(value) for value in scores.terms[:, term]]


def test_a_wish_is_worth_its_level_over_the_clips_tags_and_for_its_author_and_is_said_in_plain_words() -> None:
    learner = Learner()
    learner.add_items(
        [an_item(1, "cats", "chess", author=1), an_item(2, "cats", author=2), an_item(3, "drums", author=3)]
    )
    learner.set_wish(ViewerId(1), "tag", "cats", 2)
    learner.set_wish(ViewerId(1), "author", 3, -1)
    learner.set_wish(ViewerId(1), "tag", "not-yet", 1)
    level = learner.weights.wish_value
    assert scored(learner, 1, [1, 2, 3], TermName.WISH) == [level, 2 * level, -level]
    assert scored(learner, 2, [1, 2, 3], TermName.WISH) == [0, 0, 0]
    scores = learner.score(learner.consider(ViewerId(1), [ClipId(2), ClipId(3)], START_US))
    texts = [{term.name: term.text for term in learner.explain(scores, n)}[TermName.WISH] for n in range(2)]
    assert texts == ["You asked for more of this", "You asked for fewer of this"]
    learner.set_wish(ViewerId(1), "tag", "cats", 0)
    assert scored(learner, 1, [1, 2, 3], TermName.WISH) == [0, 0, -level]
    learner.add_item(an_item(4, "not-yet"))
    assert scored(learner, 1, [4], TermName.WISH) == [level], "a tag may be wished for before there is one"


@pytest.mark.parametrize(("kind", "name"), [("tag", "chess"), ("author", 5)])
def test_none_at_all_keeps_a_kind_or_an_author_from_every_page_of_that_viewer_alone(kind: str, name: str | int) -> None:
    learner = with_an_audience(a_catalogue(300))
    viewer, other = ViewerId(1), ViewerId(2)
    unwanted = {n for n in range(1, 301) if (n % 8 == 1 if kind == "tag" else n % AUTHOR_COUNT + 1 == 5)}
    learner.set_wish(viewer, kind, name, -2)
    assert not unwanted & {clip for seed in range(40) for clip in a_page(learner, viewer, seed, 5000 + seed)}
    assert unwanted & {clip for seed in range(40) for clip in a_page(learner, other, seed, 5000 + seed)}
    assert not unwanted & set(learner.gather(viewer, START_US, 7, count=1000, again=True).clip_ids.tolist())
    learner.set_wish(viewer, kind, name, -1)
    assert unwanted <= set(learner.gather(viewer, START_US, 7, count=1000, again=True).clip_ids.tolist())


def test_unprofiled_a_viewers_pages_are_a_newcomers_but_for_what_it_saw_and_its_tastes_come_back_with_the_profile() -> (
    None
):
    learner = with_an_audience(a_catalogue())
    viewer, newcomer, clip_ids = 1, 2, list(range(100, 200))
    own = (TermName.TAGS, TermName.AUTHOR, TermName.LENGTH, TermName.NEAR)
    learner.learn_batch([a_watch(viewer, n, 4000 + n, n % 3 == 0) for n in range(1, 40)])
    fond = [scored(learner, viewer, clip_ids, term) for term in own]
    assert all(any(values) for values in fond)
    learner.set_profiled(ViewerId(viewer), False)
    assert not learner.is_profiled(ViewerId(viewer))
    assert all(scored(learner, viewer, clip_ids, term) == scored(learner, newcomer, clip_ids, term) for term in own)
    page = learner.gather(ViewerId(viewer), START_US, 3)
    assert not {Source.TRANSITION, Source.TAG, Source.AUTHOR} & {
        s for n in range(len(page)) for s in page.sources_of(n)
    }
    assert not set(range(1, 40)) & set(page.clip_ids.tolist())
    learner.set_profiled(ViewerId(viewer), True)
    assert [scored(learner, viewer, clip_ids, term) for term in own] == fond


def test_an_unprofiled_viewers_watches_count_for_everybody_and_leave_no_trace_in_its_tastes() -> None:
    learner, twin = with_an_audience(a_catalogue()), with_an_audience(a_catalogue())
    for one in (learner, twin):
        one.set_profiled(ViewerId(1), False)
    before = scored(learner, 3, [50, 60], TermName.QUALITY)
    watches = [a_watch(1, 50, 5000), a_watch(1, 60, 5001, good=False), a_watch(1, 61, 5002, liked=True)]
    shown(learner, *watches)
    after = scored(learner, 3, [50, 60], TermName.QUALITY)
    assert after[0] > before[0] and after[1] < before[1]
    assert learner.learned_count == twin.learned_count + 3
    for one in (learner, twin):
        one.set_profiled(ViewerId(1), True)
    for term in (TermName.TAGS, TermName.AUTHOR, TermName.LENGTH, TermName.NEAR):
        assert scored(learner, 1, list(range(1, 400)), term) == scored(twin, 1, list(range(1, 400)), term)
    assert learner.has_seen(ViewerId(1), [ClipId(50), ClipId(70)], START_US + 5003 * SECOND_US) == [True, False]


def test_wishes_and_the_choice_against_profiling_outlast_a_reset_and_a_snapshot_but_not_the_account() -> None:
    learner = with_an_audience(a_catalogue())
    viewer = ViewerId(1)
    learner.learn_batch([a_watch(1, n, 4000 + n) for n in range(1, 20)])
    learner.set_wish(viewer, "tag", "cats", 2)
    learner.set_wish(viewer, "author", 7, -2)
    learner.set_profiled(viewer, False)
    clip_ids = list(range(1, 200))
    wished = scored(learner, 1, clip_ids, TermName.WISH)
    learner.reset_viewer(viewer)
    again = Learner.restore(learner.snapshot())
    for one in (learner, again):
        assert scored(one, 1, clip_ids, TermName.WISH) == wished
        assert not one.is_profiled(viewer)
    assert again.state_hash() == learner.state_hash()
    learner.forget_viewer(viewer)
    assert not any(scored(learner, 1, clip_ids, TermName.WISH))
    assert learner.is_profiled(viewer)


def test_the_largest_tags_are_those_that_most_clips_carry() -> None:
    learner = Learner()
    learner.add_items([an_item(n, *tags) for n, tags in enumerate((("a", "b"), ("b",), ("b", "c"), ("c",)), 1)])
    learner.set_wish(ViewerId(1), "tag", "unused", 1)
    assert learner.largest_tags(2) == ["b", "c"]
    learner.remove_item(ClipId(1))
    assert learner.largest_tags(9) == ["b", "c"]


def test_what_was_put_on_a_page_and_not_watched_comes_back_after_a_day_or_when_asked_for_again() -> None:
    learner = a_catalogue(40)
    viewer, day_us = ViewerId(1), 24 * 3600 * SECOND_US
    learner.note_impressions(viewer, [ClipId(n) for n in range(1, 31)], START_US)
    learner.learn_batch([a_watch(1, n, good=n % 2 == 0) for n in range(1, 11)])
    watched, unwatched, new = set(range(1, 11)), set(range(11, 31)), set(range(31, 41))
    assert set(learner.gather(viewer, START_US, 1).clip_ids.tolist()) == new
    assert set(learner.gather(viewer, START_US, 1, again=True).clip_ids.tolist()) == new | unwatched
    assert set(learner.gather(viewer, START_US + day_us, 1).clip_ids.tolist()) == new | unwatched
    assert set(learner.gather(viewer, START_US + 60 * day_us, 1).clip_ids.tolist()) == new | unwatched | watched
    assert learner.has_seen(viewer, [ClipId(1), ClipId(30), ClipId(31), ClipId(99)], START_US) == [
        True,
        True,
        False,
        None,
    ]
    assert learner.has_seen(viewer, [ClipId(1), ClipId(30)], START_US, again=True) == [True, False]


def test_however_often_one_viewer_tells_of_a_clip_it_counts_once_for_everybody() -> None:
    def quality(learner: Learner) -> int:
        return int(learner.score(learner.consider(ViewerId(2), [ClipId(8)], START_US)).terms[0, TermName.QUALITY])

    once, often = a_catalogue(40), a_catalogue(40)
    for learner, times in ((once, 1), (often, 50)):
        for _ in range(times):
            learner.learn(a_watch(1, 8))
    assert quality(once) == quality(often) > quality(a_catalogue(40))
    for learner, times in ((once, 1), (often, 50)):
        for _ in range(times):
            learner.learn(replace(a_watch(1, 8, liked=True), watched_ms=0, completions=0))
    assert quality(once) == quality(often)
    liked = quality(once)
    for learner, times in ((once, 1), (often, 50)):
        for _ in range(times):
            learner.learn(a_watch(1, 8, good=False, not_interested=True))
    assert quality(once) == quality(often) < liked
    once.learn(a_watch(3, 8))
    assert quality(once) > quality(often), "another viewer's does count"


def test_a_like_alone_does_not_stand_for_the_watch_that_follows_it() -> None:
    learner, before = a_catalogue(40), a_catalogue(40)
    like = replace(a_watch(1, 8, liked=True), watched_ms=0, completions=0)
    learner.learn_batch([like, a_watch(1, 8)])
    before.learn_batch([a_watch(1, 8), like])
    considered = [each.score(each.consider(ViewerId(2), [ClipId(8)], START_US)) for each in (learner, before)]
    assert considered[0].terms[0, TermName.QUALITY] == considered[1].terms[0, TermName.QUALITY]


def test_the_one_clip_not_yet_seen_is_found_among_thousands() -> None:
    learner = a_catalogue(3000)
    learner.note_impressions(ViewerId(1), [ClipId(n) for n in range(1, 3001) if n != 777], START_US)
    assert learner.gather(ViewerId(1), START_US + 1, 3).clip_ids.tolist() == [777]


def test_not_interested_holds_from_the_next_page_on() -> None:
    learner = Learner(Weights(seen_clips=1))
    learner.add_items(an_item(n) for n in range(1, 401))
    with_an_audience(learner)
    viewer, at_us = ViewerId(1), START_US + 5000 * SECOND_US
    near = [ClipId(8), ClipId(48)]
    before = learner.score(learner.consider(viewer, near, at_us)).total.tolist()
    learner.learn(a_watch(1, 88, 4999, False, not_interested=True))
    after = learner.score(learner.consider(viewer, near, at_us)).total.tolist()
    assert all(later < earlier - 50_000 for earlier, later in zip(before, after, strict=True))
    learner.note_impressions(viewer, [ClipId(n) for n in range(100, 200)], at_us)
    assert 88 not in learner.gather(viewer, at_us, 1, count=4000).clip_ids


def test_a_withdrawn_clip_is_never_gathered_whatever_points_to_it() -> None:
    learner = with_an_audience(a_catalogue())
    for n in range(1, 400):
        learner.remove_item(ClipId(n))
        learner.remove_item(ClipId(n))
    assert learner.clip_count == 1
    assert ClipId(399) not in learner
    learner.learn(a_watch(1, 399, 9000))
    assert learner.gather(ViewerId(1), START_US + 9001 * SECOND_US, 1).clip_ids.tolist() == [400]
    learner.add_item(an_item(399))
    assert sorted(learner.gather(ViewerId(7), START_US, 1).clip_ids.tolist()) == [399, 400]


def test_excluded_clips_are_not_gathered() -> None:
    learner = a_catalogue(20)
    exclude = [ClipId(n) for n in range(1, 20)]
    assert learner.gather(ViewerId(1), START_US, 1, exclude=exclude).clip_ids.tolist() == [20]


def test_followed_authors_are_gathered_and_count_until_unfollowed() -> None:
    learner = with_an_audience(a_catalogue(4000), 500)
    viewer, author = ViewerId(1), AccountId(5)
    learner.follow(viewer, author)
    candidates = learner.gather(viewer, START_US, 1)
    scores = learner.score(candidates)
    followed = [i for i in range(len(candidates)) if Source.FOLLOW in candidates.sources_of(i)]
    assert followed
    assert all(scores.authors[i] == author and scores.terms[i, TermName.FOLLOW] > 0 for i in followed)
    learner.unfollow(viewer, author)
    assert not learner.score(learner.gather(viewer, START_US, 1)).terms[:, TermName.FOLLOW].any()


def test_unknown_clips_and_viewers_do_no_harm() -> None:
    learner = a_catalogue(20)
    learner.learn(a_watch(1, 999_999))
    learner.note_impressions(ViewerId(1), [ClipId(999_999)], START_US)
    learner.forget_viewer(ViewerId(77))
    learner.unfollow(ViewerId(77), AccountId(3))
    learner.remove_item(ClipId(999_999))
    assert learner.ignored_count == 2
    assert learner.learned_count == 0
    assert len(learner.gather(ViewerId(77), START_US, 1)) == 20
    assert len(Learner().gather(ViewerId(1), START_US, 1)) == 0
    assert arrange(Learner().score(Learner().gather(ViewerId(1), START_US, 1)), 1) == ()


def test_adding_a_clip_again_changes_nothing() -> None:
    learner = with_an_audience(a_catalogue(50), 100)
    before = learner.state_hash()
    learner.add_item(an_item(7, "something else"))
    assert learner.state_hash() == before


def test_new_tags_keep_what_was_learned_of_a_clip() -> None:
    learner = a_catalogue(50)
    for viewer in range(20):
        learner.learn(a_watch(100 + viewer, 7))
    learner.update_item(an_item(7, "brand-new"))
    scores = learner.score(learner.consider(ViewerId(1), [ClipId(7), ClipId(8)], START_US))
    assert scores.terms[0, TermName.QUALITY] > scores.terms[1, TermName.QUALITY]
    shown(learner, a_watch(1, 7, good=False))
    learner.add_item(an_item(60, "brand-new"))
    scores = learner.score(learner.consider(ViewerId(1), [ClipId(60)], START_US))
    assert scores.terms[0, TermName.TAGS] < 0


def test_a_forgotten_viewer_is_a_new_viewer_and_nobody_else_is_touched() -> None:
    learner = with_an_audience(a_catalogue())
    for clip in range(8, 200, 8):
        for viewer in (1, 2):
            learner.learn(a_watch(viewer, clip, 4000 + clip))
    learner.follow(ViewerId(1), AccountId(3))
    at_us = START_US + 6000 * SECOND_US
    other = learner.score(learner.gather(ViewerId(2), at_us, 1)).terms.tolist()
    learner.forget_viewer(ViewerId(1))
    assert learner.score(learner.gather(ViewerId(2), at_us, 1)).terms.tolist() == other
    terms = learner.score(learner.gather(ViewerId(1), at_us, 1)).terms
    for own in (TermName.TAGS, TermName.AUTHOR, TermName.LENGTH, TermName.NEAR, TermName.FOLLOW):
        assert not terms[:, own].any()
    assert len(learner.gather(ViewerId(1), at_us, 1, count=4000)) == 400
    assert (1).to_bytes(8, "little") not in learner._state.viewer[:, 0].tobytes()


def test_the_terms_sum_to_the_score() -> None:
    learner = with_an_audience(a_catalogue())
    learner.follow(ViewerId(1000), AccountId(3))
    learner.set_wish(ViewerId(1000), "tag", "chess", 1)
    learner.learn_batch([a_watch(1000, n, 4990 + n) for n in range(1, 9)])
    scores = learner.score(learner.gather(ViewerId(1000), START_US + 5000 * SECOND_US, 3))
    assert len({term.name for index in range(300) for term in learner.explain(scores, index)}) == len(TermName)
    for index in range(300):
        assert sum(term.value for term in learner.explain(scores, index)) == scores.total[index]


def test_a_liked_clip_counts_for_more_than_a_finished_one_and_a_skipped_one_for_less() -> None:
    learner = Learner()
    learner.add_items(an_item(n, author=n) for n in range(1, 4))
    for viewer in range(30):
        shown(learner, a_watch(viewer, 1, liked=True), a_watch(viewer, 2), a_watch(viewer, 3, good=False))
    quality = learner.score(learner.consider(ViewerId(99), [ClipId(1), ClipId(2), ClipId(3)], START_US)).terms[:, 0]
    assert quality[0] > quality[1] > quality[2]


def test_tastes_fade() -> None:
    learner = with_an_audience(a_catalogue())
    learner.learn(a_watch(1, 8, 4000))
    now, later = ((START_US + s * SECOND_US) for s in (4001, 4001 + 90 * 86_400))
    fresh = learner.score(learner.consider(ViewerId(1), [ClipId(16)], now)).terms[0, TermName.TAGS]
    faded = learner.score(learner.consider(ViewerId(1), [ClipId(16)], later)).terms[0, TermName.TAGS]
    assert 0 <= faded < fresh // 8


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), stop=st.integers(0, 600))
def test_stopping_and_starting_again_anywhere_is_as_if_it_had_never_stopped(seed: int, stop: int) -> None:
    learner, history = a_catalogue(150), some_history(seed, 600)
    for event in history[:stop]:
        event(learner)
    restarted = Learner.restore(learner.snapshot())
    for event in history[stop:]:
        event(learner)
        event(restarted)
    assert restarted.hash() == learner.hash()
    assert restarted.snapshot() == learner.snapshot()
    at_us = START_US + 10**13
    for viewer in range(1, 14):
        one, other = (each.score(each.gather(ViewerId(viewer), at_us, 5)) for each in (learner, restarted))
        assert one.terms.tobytes() == other.terms.tobytes()
        assert arrange(one, 9) == arrange(other, 9)


def test_replaying_everything_from_the_beginning_comes_to_the_same_bytes() -> None:
    history = some_history(5, 3000)
    one, other = a_catalogue(150), a_catalogue(150)
    for number, event in enumerate(history):
        event(one)
        one.gather(ViewerId(number % 5), START_US, number)
    for event in history:
        event(other)
    assert one.state_hash() == other.state_hash()


def test_one_at_a_time_and_in_batches_come_to_the_same() -> None:
    watches = [a_watch(n % 7, n % 300 + 1, n, n % 3 == 0) for n in range(1000)]
    one, other = a_catalogue(300), a_catalogue(300)
    for watch in watches:
        one.learn(watch)
    other.learn_batch(watches)
    assert one.hash() == other.hash()
    scored = [each.score(each.gather(ViewerId(3), START_US, 1)).terms.tobytes() for each in (one, other)]
    assert scored[0] == scored[1]


def test_the_hash_tells_apart_one_changed_watch_one_changed_weight_and_one_changed_clip() -> None:
    base = a_catalogue(20)
    base.learn(a_watch(1, 2))
    watched = a_catalogue(20)
    watched.learn(a_watch(1, 2, liked=True))
    weighted = a_catalogue(20)
    weighted.learn(a_watch(1, 2))
    weighted.set_weights(Weights(tag_gain=1025))
    relabelled = a_catalogue(19)
    relabelled.add_item(an_item(20, "other"))
    relabelled.learn(a_watch(1, 2))
    assert len({learner.hash() for learner in (base, watched, weighted, relabelled)}) == 4


def test_a_snapshot_that_is_cut_off_or_something_else_is_refused() -> None:
    data = a_catalogue(20).snapshot()
    for broken in (b"", data[:100], data[:-1], data + b"x", b"{}" + data, data[:999] + b"?" + data[1000:]):
        with pytest.raises(SnapshotError):
            Learner.restore(broken)


def test_a_snapshot_of_another_version_of_the_learner_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "asdict", lambda weights: {**asdict(weights), "given_up": 1})
    data = a_catalogue(20).snapshot()
    with pytest.raises(SnapshotError, match="another version"):
        Learner.restore(data)


def test_thirty_tags_and_a_hundred_favourites_are_no_trouble() -> None:
    learner = Learner()
    learner.add_items(an_item(n, *(f"tag{(n * 7 + k) % 200}" for k in range(30))) for n in range(1, 301))
    for n in range(1, 200):
        learner.learn(a_watch(1, n, n))
    assert len(a_page(learner, 1, 300, 1)) == 10


SCRIPT = """
from tests.recommender.test_learner import *
learner = with_an_audience(a_catalogue(), 2000)
pages = [a_page(learner, viewer, 3000, viewer) for viewer in range(1000, 1050)]
print(learner.state_hash(), pages)
"""


@pytest.mark.slow
def test_the_number_of_threads_and_the_kernel_make_no_difference() -> None:
    settings_tried = (
        {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Prescott"},
        {"NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "OPENBLAS_CORETYPE": "Haswell", "PYTHONHASHSEED": "5"},
    )
    root = Path(__file__).parents[2]
    said = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | tried | {"PYTHONPATH": str(root)},
            cwd=root,
            capture_output=True,
            check=True,
        ).stdout
        for tried in settings_tried
    }
    assert len(said) == 1


def test_warming_up_leaves_nothing_to_compile() -> None:
    warm_up()
