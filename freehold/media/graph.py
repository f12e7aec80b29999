"""A graph of states, declared once and checked when it is defined: nothing in it can wait for ever.

A step is work that a leased worker does and that moves a clip on by itself; a move is made by somebody (the author,
or the clock). A state is over where nothing but its author's wish leads out of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from freehold.domain.clip import ClipState


class By(StrEnum):
    """Who makes a move."""

    AUTHOR = "author"
    CLOCK = "clock"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Step:
    """Work from one state to the next, under a lease that is renewed while the worker lives."""

    name: str
    leaves: ClipState
    reaches: ClipState
    refuses: ClipState
    """Where a file that can never be taken ends."""
    fails: ClipState
    """Where the last attempt ends."""
    lease_s: float
    max_attempts: int
    backoff_s: float
    """Before the second attempt; doubled for each further one."""

    def wait_s(self, attempts: int) -> float:
        """How long to wait after so many attempts."""
        return self.backoff_s * float(2 ** (attempts - 1))


@dataclass(frozen=True, slots=True)
class Move:
    """A change of state that is no work: `verb` names the action."""

    verb: str
    leaves: ClipState
    reaches: ClipState
    by: By


class GraphError(ValueError):
    """The declared graph would let something wait for ever, or lead nowhere."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Raises GraphError where a state cannot be reached, has no way out though it is not over, waits on somebody's
    wish alone, or a step could be tried for ever."""

    start: ClipState
    over: frozenset[ClipState]
    steps: tuple[Step, ...]
    moves: tuple[Move, ...]

    def __post_init__(self) -> None:
        self._check_steps()
        reached = self._reached()
        if missing := set(ClipState) - reached:
            raise GraphError(f"nothing leads to {_names(missing)}")
        for state in set(ClipState) - self.over:
            if not self._leads_on(state):
                raise GraphError(f"{state.value} is not over, and neither a step nor the clock leads out of it")
        for step in self.steps:
            if step.fails is ClipState.FAILED and not any(move.leaves is step.fails for move in self.moves):
                raise GraphError(f"{step.name} ends in {step.fails.value}, which cannot be tried again")

    def step_of(self, state: ClipState) -> Step | None:
        return next((step for step in self.steps if step.leaves is state), None)

    def _check_steps(self) -> None:
        left = [step.leaves for step in self.steps]
        if len(set(left)) != len(left):
            raise GraphError("two steps leave one state")
        for step in self.steps:
            if step.lease_s <= 0 or step.max_attempts < 1 or step.backoff_s < 0:
                raise GraphError(f"{step.name} needs a lease, at least one attempt and a backoff")
            for end in (step.refuses, step.fails):
                if end not in self.over:
                    raise GraphError(f"{step.name} would end in {end.value}, which is not over")
            if step.leaves in self.over:
                raise GraphError(f"{step.name} leaves {step.leaves.value}, which is over")

    def _edges(self) -> Iterable[tuple[ClipState, ClipState]]:
        for step in self.steps:
            yield from ((step.leaves, end) for end in (step.reaches, step.refuses, step.fails))
        for move in self.moves:
            yield move.leaves, move.reaches

    def _reached(self) -> set[ClipState]:
        reached, edges = {self.start}, tuple(self._edges())
        while new := {end for begin, end in edges if begin in reached} - reached:
            reached |= new
        return reached

    def _leads_on(self, state: ClipState) -> bool:
        return self.step_of(state) is not None or any(
            move.leaves is state and move.by is By.CLOCK for move in self.moves
        )


def _names(states: Iterable[ClipState]) -> str:
    return ", ".join(sorted(state.value for state in states))


CLIP_GRAPH = Graph(
    start=ClipState.UPLOADING,
    over=frozenset(
        {ClipState.READY, ClipState.REFUSED, ClipState.FAILED, ClipState.EXPIRED, ClipState.WITHDRAWN}
    ),
    steps=(
        Step(
            "probe", ClipState.UPLOADED, ClipState.PROBED, ClipState.REFUSED, ClipState.FAILED,
            lease_s=30, max_attempts=4, backoff_s=2,
        ),
        Step(
            "first", ClipState.PROBED, ClipState.PLAYABLE, ClipState.REFUSED, ClipState.FAILED,
            lease_s=30, max_attempts=3, backoff_s=5,
        ),
        # What can be watched stays so: without its higher renditions a clip is ready with a word to its author.
        Step(
            "rest", ClipState.PLAYABLE, ClipState.READY, ClipState.READY, ClipState.READY,
            lease_s=30, max_attempts=3, backoff_s=10,
        ),
    ),
    moves=(
        Move("finish", ClipState.UPLOADING, ClipState.UPLOADED, By.CLIENT),
        Move("expire", ClipState.UPLOADING, ClipState.EXPIRED, By.CLOCK),
        Move("retry", ClipState.FAILED, ClipState.UPLOADED, By.AUTHOR),
        Move("retry", ClipState.FAILED, ClipState.PROBED, By.AUTHOR),
        Move("retry", ClipState.READY, ClipState.PLAYABLE, By.AUTHOR),
        Move("withdraw", ClipState.PLAYABLE, ClipState.WITHDRAWN, By.AUTHOR),
        Move("withdraw", ClipState.READY, ClipState.WITHDRAWN, By.AUTHOR),
        Move("publish", ClipState.WITHDRAWN, ClipState.PLAYABLE, By.AUTHOR),
    ),
)  # fmt: skip
"""The life of a clip."""
