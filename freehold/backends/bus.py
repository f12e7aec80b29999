"""The bus seam: a doorbell. It carries no facts and may lose a ring; whoever waits also looks by the clock."""

import asyncio
from collections import defaultdict
from typing import Protocol


class Bus(Protocol):
    def ring(self, topic: str) -> None:
        """Wake whoever waits on the topic."""

    async def wait(self, topic: str, timeout_s: float) -> None:
        """Return at the next ring after the last `wait` of this topic began, or after `timeout_s`."""


class EmbeddedBus:
    """Rings inside one process."""

    def __init__(self) -> None:
        self._bells: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def ring(self, topic: str) -> None:
        self._bells[topic].set()

    async def wait(self, topic: str, timeout_s: float) -> None:
        bell = self._bells[topic]
        try:
            async with asyncio.timeout(timeout_s):
                await bell.wait()
        except TimeoutError:
            pass
        bell.clear()
