"""Watches over HTTP, on both databases: checked, durable, counted once."""

import json
from typing import Any

import pytest

from freehold.domain.ids import ClipId, parse_id
from freehold.feed import readers, watch_counts
from freehold.store import clip as clips
from tests.conftest import Client, Running
from tests.feed.catalogue import publish, report, watch_of


async def shown(server: Running, count: int = 6) -> tuple[Client, list[dict[str, Any]]]:
    await publish(server, 40, authors=10)
    client = await server.new_client()
    page = await client.json("GET", f"/api/feeds/for-you?count={count}")
    await client.load_csrf()
    return client, page["clips"]


async def log_count(server: Running) -> int:
    return int((await server.database.fetch("SELECT COUNT(*) AS count FROM watch_batch"))[0]["count"])


async def test_a_batch_is_in_the_log_and_learned_when_it_is_answered(idle: Running) -> None:
    client, served = await shown(idle)
    learner = idle.server.feed.learning.learner
    before = learner.hash()
    watches = [watch_of(one, watched_ms=1000 + one["position"], completions=1) for one in served]
    assert await report(client, "batch-0001", watches) == {"accepted": 6, "repeated": False}
    assert await log_count(idle) == 1
    assert learner.learned_count == 6
    assert learner.hash() != before


async def test_the_page_after_a_watch_is_made_with_the_model_that_learned_from_it(idle: Running) -> None:
    client, served = await shown(idle)
    await report(client, "batch-0001", [watch_of(one, completions=1) for one in served])
    learned = idle.server.feed.learning.learner.hash()
    assert (await client.json("GET", "/api/feeds/for-you"))["model_hash"] == learned


async def test_a_batch_that_is_sent_again_counts_once(idle: Running) -> None:
    client, served = await shown(idle)
    watches = [watch_of(one, watched_ms=500) for one in served]
    assert (await report(client, "batch-0001", watches))["repeated"] is False
    learned = idle.server.feed.learning.learner.hash()
    assert await report(client, "batch-0001", watches) == {"accepted": 6, "repeated": True}
    assert idle.server.feed.learning.learner.hash() == learned
    assert await log_count(idle) == 1


async def test_two_viewers_may_give_their_batches_the_same_name(idle: Running) -> None:
    client, served = await shown(idle)
    other = await idle.new_client()
    others = (await other.json("GET", "/api/feeds/for-you"))["clips"]
    assert (await report(client, "batch-0001", [watch_of(served[0])]))["repeated"] is False
    assert (await report(other, "batch-0001", [watch_of(others[0])]))["repeated"] is False


async def test_a_page_that_closes_sends_plain_text_with_the_token_in_the_address(idle: Running) -> None:
    client, served = await shown(idle)
    body = json.dumps({"batch": "last-words", "watches": [watch_of(served[0], watched_ms=10)]})
    token, client.csrf = client.csrf, ""
    refused = await client.request("POST", "/api/watches", data=body, headers={"content-type": "text/plain"})
    assert refused.status == 403
    answer = await client.request(
        "POST", f"/api/watches?csrf={token}", data=body, headers={"content-type": "text/plain;charset=UTF-8"}
    )
    assert (answer.status, await answer.json()) == (200, {"accepted": 1, "repeated": False})


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"position": -1}, (400, "watches-malformed")),
        ({"watched_ms": "long"}, (400, "watches-malformed")),
        ({"watched_ms": -5}, (400, "watches-malformed")),
        ({"watched_ms": 10**12}, (400, "watches-malformed")),
        ({"completions": 1.5}, (400, "watches-malformed")),
        ({"skipped": "yes"}, (400, "watches-malformed")),
        ({"page_id": "short"}, (400, "watches-malformed")),
        ({"page_id": "0000000000000"}, (400, "watch-unknown-impression")),
        ({"page_id": "IIIIIIIIIIIII"}, (400, "watch-unknown-impression")),
        ({"clip_id": "0000000000000"}, (400, "watch-unknown-impression")),
        ({"position": 3}, (400, "watch-unknown-impression")),
        ({"position": 200}, (400, "watch-unknown-impression")),
    ],
)
async def test_a_batch_with_one_bad_watch_is_refused_whole(
    idle: Running, said: dict[str, Any], expected: tuple[int, str]
) -> None:
    client, served = await shown(idle)
    watches = [watch_of(served[0]), {**watch_of(served[1]), **said}]
    assert await client.refusal("POST", "/api/watches", {"batch": "batch-0001", "watches": watches}) == expected
    assert await log_count(idle) == 0
    assert idle.server.feed.learning.learner.learned_count == 0


async def test_batches_have_a_name_and_from_1_to_100_watches(idle: Running) -> None:
    client, served = await shown(idle)
    watch = watch_of(served[0])
    for body in (
        {"batch": "batch-0001", "watches": []},
        {"batch": "short", "watches": [watch]},
        {"batch": "x" * 65, "watches": [watch]},
        {"batch": "has a space", "watches": [watch]},
        {"watches": [watch]},
        [],
    ):
        assert await client.refusal("POST", "/api/watches", body) == (400, "watches-malformed")
    body = {"batch": "batch-0001", "watches": [watch] * 101}
    assert await client.refusal("POST", "/api/watches", body) == (413, "watches-too-many")
    assert (await report(client, "batch-0001", [watch] * 100))["accepted"] == 100


async def test_a_refusal_says_which_watch_was_never_shown(idle: Running) -> None:
    client, served = await shown(idle)
    watches = [watch_of(one) for one in served]
    watches[4]["clip_id"] = served[0]["clip"]["id"]
    response = await client.request("POST", "/api/watches", json={"batch": "batch-0001", "watches": watches})
    assert (await response.json())["error"]["text"].startswith("Watch 4:")


async def test_nobody_reports_what_was_shown_to_another(idle: Running) -> None:
    _, served = await shown(idle)
    other = await idle.new_client()
    await other.json("GET", "/api/feeds/for-you")
    await other.load_csrf()
    body = {"batch": "batch-0001", "watches": [watch_of(served[0])]}
    assert await other.refusal("POST", "/api/watches", body) == (400, "watch-unknown-impression")


async def test_each_watch_is_counted_once_on_its_clip_even_when_the_count_is_made_anew(idle: Running) -> None:
    client, served = await shown(idle)
    for number in range(3):
        await report(client, f"batch-000{number}", [watch_of(one) for one in served[:2]])
    clip_ids = [ClipId(parse_id(one["clip"]["id"]) or 0) for one in served[:3]]

    async def counts() -> list[int]:
        found = [await clips.one_for_system(idle.database, clip_id) for clip_id in clip_ids]
        return [clip.watch_count for clip in found if clip]

    while await watch_counts.take_in(idle.database, 1):
        pass
    assert await counts() == [3, 3, 0]
    await readers.reset(idle.server.backends, watch_counts.NAME, 2)
    assert await counts() == [0, 0, 0]
    while await watch_counts.take_in(idle.database, 3):
        pass
    assert await counts() == [3, 3, 0]
