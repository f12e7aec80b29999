"""A small network for the feed's tests, and viewers who swipe through it."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from bench.fill import Filled, fill
from tests.conftest import Client, Running


async def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for something that happens soon after, but not in, what caused it."""
    for _ in range(300):
        if is_so():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"never happened: {what}")


async def publish(server: Running, clips: int, **shape: Any) -> Filled:
    """So many clips, known to the learner when this returns."""
    learning = server.server.feed.learning
    before = learning.learner.clip_count
    filled = await fill(server.database, clips, **shape)
    server.server.backends.bus.ring("journal")
    await until(lambda: learning.learner.clip_count == before + clips, "the learner knows the clips")
    return filled


async def swipe_pages(client: Client, pages: int, count: int = 8) -> list[dict[str, Any]]:
    """What further pages serve, one after another, until the end."""
    served: list[dict[str, Any]] = []
    for _ in range(pages):
        page = await client.json("GET", f"/api/feeds/for-you?count={count}")
        served += page["clips"]
        if page["is_end"]:
            break
    return served


def watch_of(served: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {
        "page_id": served["page_id"],
        "position": served["position"],
        "clip_id": served["clip"]["id"],
        "watched_ms": 0,
        "completions": 0,
        "skipped": False,
        **said,
    }


async def report(client: Client, batch: str, watches: Iterable[dict[str, Any]]) -> Any:
    if not client.csrf:
        await client.load_csrf()
    return await client.json("POST", "/api/watches", {"batch": batch, "watches": list(watches)})
