from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.domain.ids import AccountId, SoundId, ViewerId
from freehold.domain.watch import Source
from freehold.recommender import ONE, Candidates, Draw, Placed, Scores, arrange


def some_scores(
    totals: list[int],
    authors: list[int],
    sounds: list[int] | None = None,
    kinds: list[int] | None = None,
    unproven: list[int] | None = None,
    sources: list[int] | None = None,
    random_per_65536: int = 10923,
) -> Scores:
    size = len(totals)
    popular = 1 << Source.POPULAR
    return Scores(
        candidates=Candidates(
            viewer_id=ViewerId(1),
            at_us=0,
            clip_ids=np.arange(100, 100 + size),
            rows=np.arange(size),
            sources=np.array(sources or [popular] * size, dtype=np.int64),
            near=np.zeros(size, dtype=np.int64),
        ),
        total=np.array(totals, dtype=np.int64),
        terms=np.zeros((size, 8), dtype=np.int64),
        authors=np.array(authors, dtype=np.int64),
        sounds=np.array(sounds or [-1] * size, dtype=np.int64),
        kinds=np.array(kinds or [-1] * size, dtype=np.int64),
        unproven=np.array(unproven or [0] * size, dtype=np.uint8),
        random_per_65536=random_per_65536,
    )


def ranked_only(scores: Scores, **more: int) -> list[int]:
    return [placed.index for placed in arrange(scores, 1, **more)]  # type: ignore[arg-type]


def test_the_best_come_first_where_nothing_stands_against_it() -> None:
    scores = some_scores([1, 5, 3, 4, 2], [1, 2, 3, 4, 5], random_per_65536=0)
    assert ranked_only(scores) == [1, 3, 2, 4, 0]


def test_no_two_in_a_row_by_one_author_even_where_the_page_gets_shorter() -> None:
    scores = some_scores([9, 8, 7, 6], [1, 1, 1, 2], random_per_65536=0)
    assert ranked_only(scores) == [0, 3, 1]


def test_the_last_clip_before_the_page_counts() -> None:
    scores = some_scores([9, 8, 7], [1, 2, 3], [5, 6, -1], random_per_65536=0)
    assert ranked_only(scores, last_author=AccountId(1)) == [1, 0, 2]
    assert ranked_only(scores, last_sound=SoundId(5)) == [1, 0, 2]


def test_an_author_or_a_kind_shown_already_is_worth_less_further_down() -> None:
    scores = some_scores([100, 99, 98, 60], [1, 2, 1, 3], random_per_65536=0)
    assert ranked_only(scores) == [0, 1, 3, 2]
    scores = some_scores([100, 99, 98, 97], [1, 2, 3, 4], kinds=[7, 7, 7, 8], random_per_65536=0)
    assert ranked_only(scores) == [0, 3, 1, 2]


def test_the_random_sample_is_ranked_only_where_nothing_else_is_left() -> None:
    random_only = 1 << Source.RANDOM
    scores = some_scores([9, 1], [1, 2], sources=[random_only, 1 << Source.TAG], random_per_65536=0)
    assert ranked_only(scores) == [1, 0]


small = st.integers(0, 4)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), size=st.integers(1, 40), seed=st.integers(0, 2**64 - 1))
def test_every_page_keeps_the_rules(data: st.DataObject, size: int, seed: int) -> None:
    def column(values: st.SearchStrategy[int]) -> list[int]:
        return data.draw(st.lists(values, min_size=size, max_size=size))

    popular = 1 << Source.POPULAR
    scores = some_scores(
        totals=column(st.integers(-ONE, ONE)),
        authors=column(small),
        sounds=column(st.integers(-1, 3)),
        unproven=column(st.integers(0, 1)),
        sources=column(st.sampled_from([popular, 1 << Source.RANDOM, popular | 1 << Source.RANDOM])),
        random_per_65536=65536,
    )
    page = arrange(scores, seed, 10, AccountId(2), SoundId(2))
    assert page == arrange(scores, seed, 10, AccountId(2), SoundId(2))
    assert len({placed.clip_id for placed in page}) == len(page) <= 10
    author: AccountId = AccountId(2)
    sound: SoundId | None = SoundId(2)
    for position, placed in enumerate(page):
        assert placed.position == position
        assert placed.author_id != author
        assert placed.sound_id is None or placed.sound_id != sound
        assert 0 < placed.propensity <= 1
        author, sound = placed.author_id, placed.sound_id


@pytest.mark.slow
def test_the_logged_probability_is_the_frequency() -> None:
    popular, both = 1 << Source.POPULAR, 1 << Source.POPULAR | 1 << Source.RANDOM
    size = 18
    scores = some_scores(
        totals=[ONE - n for n in range(size)],
        authors=[n % 7 for n in range(size)],
        sounds=[n % 5 - 1 for n in range(size)],
        unproven=[int(n % 3 == 0) for n in range(size)],
        sources=[both if n % 2 else popular for n in range(size)],
        random_per_65536=45_000,
    )
    draws = 40_000
    stood: Counter[tuple[int, int]] = Counter()
    said: dict[tuple[int, int], float] = {}
    for seed in range(draws):
        for placed in arrange(scores, seed, 6):
            stood[placed.position, placed.index] += 1
            assert said.setdefault((placed.position, placed.index), placed.propensity) == placed.propensity
    assert len(said) > 20
    for place, probability in said.items():
        error = (probability * (1 - probability) / draws) ** 0.5
        assert abs(stood[place] / draws - probability) < 5 * error + 1e-9
    for position in range(6):
        assert abs(sum(odds for (at, _), odds in said.items() if at == position) - 1) < 1e-9


def pages_of(scores: Scores, draws: int) -> list[tuple[Placed, ...]]:
    return [arrange(scores, seed) for seed in range(draws)]


def test_every_page_tries_one_unproven_clip_and_about_one_clip_in_eighty_is_drawn_at_random() -> None:
    size = 200
    both = 1 << Source.POPULAR | 1 << Source.RANDOM
    scores = some_scores(
        totals=[ONE - n for n in range(size)],
        authors=list(range(size)),
        unproven=[0] * 150 + [1] * 50,
        sources=[1 << Source.POPULAR] * 100 + [both] * 100,
    )
    pages = pages_of(scores, 4000)
    ways = Counter(placed.draw for page in pages for placed in page)
    assert all(sum(placed.draw == Draw.TRIED for placed in page) == 1 for page in pages)
    assert 0.01 < ways[Draw.DRAWN] / sum(ways.values()) < 0.02
    assert all((placed.source == Source.RANDOM) == (placed.draw == Draw.DRAWN) for page in pages for placed in page)


def test_what_was_ranked_is_named_by_what_found_it_not_by_the_draw() -> None:
    for bits, source in (
        (1 << Source.RANDOM | 1 << Source.LIKENESS, Source.LIKENESS),
        (1 << Source.RANDOM | 1 << Source.POPULAR, Source.POPULAR),
        (1 << Source.LIKENESS | 1 << Source.TRANSITION, Source.TRANSITION),
    ):
        page = arrange(some_scores([ONE], [1], sources=[bits]), seed=1, count=1)
        assert [placed.source for placed in page] == [source]
