"""A tag's page: its one spelling, how it is used, and the button by which it is followed."""

from freehold.search.trends import DAY_US, days_of
from tests.conftest import Running
from tests.search.made import caught_up, publish, set_clip, signed_up


async def test_a_tag_is_counted_by_accounts_and_days_and_has_its_place_among_the_trends(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    _, otto = await signed_up(idle, "otto")
    now_us = idle.server.clock()
    for author_id, days, caption in (
        (ana, 0, "One #Größe"), (ana, 0, "Two #größe"), (otto, 0, "Three #GRÖSSE"), (otto, 3, "Four #größe"),
        (ana, 20, "Long ago #größe"), (otto, 0, "Else #other"),
    ):  # fmt: skip
        clip_id = await publish(idle, author_id, caption)
        await set_clip(idle, clip_id, published_at_us=now_us - days * DAY_US)
    await caught_up(idle)
    about = await client.json("GET", "/api/tags/größe")
    assert (about["tag"], about["clip_count"], about["trend_place"]) == ("grösse", 5, 1)
    assert [day["account_count"] for day in about["days"]] == [0] * 10 + [1, 0, 0, 2]
    assert about["days"][-1]["at_us"] == now_us // DAY_US * DAY_US
    other = await client.json("GET", "/api/tags/other")
    assert (other["clip_count"], other["trend_place"]) == (1, None), "what one account alone uses is no trend"
    html = await (await client.request("GET", "/tag/Größe")).text()
    assert html.count('class="tile"') == 5 and "<rect" in html and "No. 1" in html
    nothing = await client.json("GET", "/api/tags/nothing")
    assert (nothing["clip_count"], {day["account_count"] for day in nothing["days"]}) == (0, {0})


async def test_the_last_fourteen_days_are_told_and_not_the_one_before(idle: Running) -> None:
    _, ana = await signed_up(idle, "ana")
    now_us = idle.server.clock()
    first_us = (now_us // DAY_US - 13) * DAY_US
    for at_us in (first_us - 1_000_000, first_us):
        await set_clip(idle, await publish(idle, ana, "Edge #edge"), published_at_us=at_us)
    await caught_up(idle)
    assert [day.accounts for day in await days_of(idle.database, "edge", now_us)] == [1] + [0] * 13


async def test_a_tag_is_followed_by_a_form_and_listed_in_the_settings(idle: Running) -> None:
    client, _ = await signed_up(idle, "ana")

    async def text_of(path: str) -> str:
        return await (await client.request("GET", path)).text()

    async def send(on: str, tag: str = "Kilns") -> int:
        fields = {"csrf": client.csrf, "tag": tag, "on": on, "next": "/tag/kilns"}
        answer = await client.request("POST", "/forms/follow-tag", data=fields)
        assert answer.status != 303 or answer.headers["location"] == "/tag/kilns"
        return answer.status

    assert "You have seen everything" not in await text_of("/following")
    assert await send("1") == 303
    assert 'data-do="follow-tag" aria-pressed="true"' in await text_of("/tag/kilns")
    assert "You have seen everything" in await text_of("/following")
    settings = await text_of("/settings")
    assert "#kilns</bdi>" in settings and 'data-api="DELETE /api/tags/kilns/follow"' in settings
    assert await send("1", "two words") == 400
    assert await send("0") == 303
    assert "#kilns" not in await text_of("/settings")
