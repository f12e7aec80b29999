"""The order of a list by time is settled by as few clips as it can be."""

from random import Random
from types import SimpleNamespace
from typing import Any

from freehold.feed.alternate import CHOICE, alternating, is_settled


def made(random: Random) -> Any:
    author_id, sound_id = random.choice((0, 0, 0, 0, 1, 2)), random.choice((None, 1, 2))
    return SimpleNamespace(clip=SimpleNamespace(author_id=author_id, sound_id=sound_id))


def test_what_stands_behind_a_settled_page_does_not_change_it() -> None:
    settled = 0
    for seed in range(300):
        random = Random(seed)
        views, count, last = [made(random) for _ in range(40)], 5, (random.randrange(3), random.choice((None, 1, 2)))
        first = next(n for n in range(41) if is_settled(views[:n], count, *last))
        assert first >= count
        if first < CHOICE * count:
            settled += 1
            assert alternating(views[:first], count, *last) == alternating(views, count, *last)
            assert not is_settled(views[: first - 1], count, *last)
    assert 100 < settled < 300, "some are settled early, and some need all that there is to choose from"
