"""A graph in which something could wait for ever cannot be defined."""

from dataclasses import replace

import pytest

from freehold.domain.clip import ClipState
from freehold.media.graph import CLIP_GRAPH, By, GraphError, Move


def without_step(name: str) -> None:
    replace(CLIP_GRAPH, steps=tuple(step for step in CLIP_GRAPH.steps if step.name != name))


def with_step(name: str, **changes: object) -> None:
    replace(
        CLIP_GRAPH,
        steps=tuple(replace(step, **changes) if step.name == name else step for step in CLIP_GRAPH.steps),  # type: ignore[arg-type]
    )


def test_every_state_of_a_clip_is_reached_and_every_unfinished_one_goes_on() -> None:
    replace(CLIP_GRAPH)


def test_a_state_that_nothing_leads_to_is_refused() -> None:
    moves = tuple(move for move in CLIP_GRAPH.moves if move.verb != "expire")
    with pytest.raises(GraphError, match="nothing leads to expired"):
        replace(CLIP_GRAPH, moves=moves)


@pytest.mark.parametrize(("name", "state"), [("probe", "probed"), ("first", "playable"), ("rest", "ready")])
def test_a_state_that_is_not_over_and_has_no_step_is_refused(name: str, state: str) -> None:
    with pytest.raises(GraphError):
        without_step(name)


def test_a_state_that_only_its_author_can_end_is_refused() -> None:
    moves = tuple(replace(move, by=By.AUTHOR) if move.verb == "expire" else move for move in CLIP_GRAPH.moves)
    with pytest.raises(GraphError, match="uploading is not over"):
        replace(CLIP_GRAPH, moves=moves)


@pytest.mark.parametrize("changes", [{"lease_s": 0}, {"max_attempts": 0}, {"backoff_s": -1}])
def test_a_step_without_lease_or_attempts_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(GraphError, match="probe needs"):
        with_step("probe", **changes)


def test_a_step_whose_failure_is_not_an_end_is_refused() -> None:
    with pytest.raises(GraphError, match="not over"):
        with_step("first", fails=ClipState.PROBED)


def test_two_steps_from_one_state_are_refused() -> None:
    with pytest.raises(GraphError, match="two steps"):
        with_step("rest", leaves=ClipState.PROBED)


def test_a_failure_that_cannot_be_tried_again_is_refused() -> None:
    moves = tuple(move for move in CLIP_GRAPH.moves if move.leaves is not ClipState.FAILED)
    with pytest.raises(GraphError, match="cannot be tried again"):
        replace(CLIP_GRAPH, moves=moves)


def test_waiting_grows_with_each_attempt() -> None:
    step = CLIP_GRAPH.step_of(ClipState.PROBED)
    assert step is not None
    assert [step.wait_s(attempts) for attempts in (1, 2, 3)] == [step.backoff_s, 2 * step.backoff_s, 4 * step.backoff_s]


def test_a_move_says_who_makes_it() -> None:
    assert Move("expire", ClipState.UPLOADING, ClipState.EXPIRED, By.CLOCK) in CLIP_GRAPH.moves
