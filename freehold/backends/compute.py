"""The compute seam: where heavy work runs. Embedded, it is this machine, so many pieces at a time."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Compute(Protocol):
    @property
    def slots(self) -> int:
        """How many pieces of work run at once."""

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run the work when a slot is free; cancelling the call cancels the work."""


class EmbeddedCompute:
    """Work on this machine. The work itself starts child processes; nothing heavy runs on the event loop."""

    def __init__(self, slots: int | None = None) -> None:
        self.slots = slots or os.cpu_count() or 1
        self._free = asyncio.Semaphore(self.slots)

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        async with self._free:
            return await work()
