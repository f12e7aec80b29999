"""The simulated audience does what its tastes say."""

from random import Random

from freehold.demo.art import plan
from freehold.demo.audience import Audience, ClipFeatures, Reaction
from freehold.demo.kinds import KINDS

CLIPS = tuple(ClipFeatures(clip.kind, clip.tags, clip.creator, int(clip.duration_s * 1000)) for clip in plan(72, 1))


def everything_watched(audience: Audience, seed: int = 5) -> list[tuple[float, ClipFeatures, Reaction]]:
    random = Random(seed)
    return [
        (audience.taste_of(viewer).interest(clip), clip, audience.watch(viewer, clip, random))
        for viewer in range(audience.size)
        for clip in CLIPS
    ]


def test_the_same_seed_gives_the_same_people_who_do_the_same() -> None:
    assert everything_watched(Audience(3, 20)) == everything_watched(Audience(3, 20))
    assert Audience(3).taste_of(0) != Audience(4).taste_of(0)
    assert Audience(3).taste_of(0) != Audience(3).taste_of(1)


def test_who_likes_a_clip_better_finishes_it_more_often_and_skips_it_less() -> None:
    seen = everything_watched(Audience(1, 60))
    low = [did for interest, _, did in seen if interest < 0.25]
    high = [did for interest, _, did in seen if interest > 0.75]
    assert len(low) > 300
    assert len(high) > 300
    assert share(high, "completions") > 2.5 * share(low, "completions")
    assert share(low, "skipped") > 2.5 * share(high, "skipped")
    assert share(high, "liked") > 5 * share(low, "liked")
    assert share(low, "not_interested") > share(high, "not_interested")


def share(did: list[Reaction], what: str) -> float:
    return sum(bool(getattr(one, what)) for one in did) / len(did)


def test_likes_are_rarer_than_finishes_and_complaints_rarer_than_likes() -> None:
    did = [one for _, _, one in everything_watched(Audience(1, 60))]
    assert 0.15 < share(did, "completions") < 0.75
    assert 0.01 < share(did, "liked") < 0.5 * share(did, "completions")
    assert 0.0 < share(did, "not_interested") < share(did, "liked")


def test_who_likes_a_clip_better_shares_it_comments_on_it_and_follows_its_creator_more_often() -> None:
    seen = everything_watched(Audience(1, 60))
    low = [did for interest, _, did in seen if interest < 0.25]
    high = [did for interest, _, did in seen if interest > 0.75]
    for what in ("shared", "commented", "followed"):
        assert 0.02 < share(high, what) < share(high, "liked")
        assert share(high, what) > 5 * share(low, what)


def test_what_is_reported_is_possible() -> None:
    for _, clip, did in everything_watched(Audience(2, 40)):
        assert did.watched_ms >= did.completions * clip.duration_ms
        assert did.watched_ms < (did.completions + 1) * clip.duration_ms
        assert not (did.skipped and did.completions)
        assert not (did.liked and did.not_interested)


def test_people_differ_every_kind_has_its_lovers_and_a_love_is_found_in_what_they_watch() -> None:
    audience = Audience(1)
    favourites = {max(taste.kinds, key=lambda kind: taste.kinds[kind]) for taste in map(audience.taste_of, range(200))}
    assert favourites == {kind.name for kind in KINDS}
    random, found = Random(9), 0
    for viewer in range(100):
        finished = dict.fromkeys((kind.name for kind in KINDS), 0.0)
        for clip in CLIPS:
            watched = [audience.watch(viewer, clip, random) for _ in range(3)]
            finished[clip.kind] += sum(did.completions > 0 for did in watched)
        best = sorted(finished, key=lambda kind: finished[kind])[-5:]
        loved = audience.taste_of(viewer).kinds
        found += max(loved, key=lambda kind: loved[kind]) in best
    assert found > 75


def test_a_long_clip_is_finished_by_fewer() -> None:
    audience = Audience(1)
    short, long = (ClipFeatures("garden", ("calm", "plants", "spring"), "ottoline", ms) for ms in (6_000, 65_000))
    random = Random(2)
    finished = [
        sum(audience.watch(viewer, clip, random).completions > 0 for viewer in range(200)) for clip in (short, long)
    ]
    assert finished[1] < 0.7 * finished[0]
