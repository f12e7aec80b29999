"""Exploring by topic: groups of tags that operators put together, and the clips that have any of them."""

from typing import Any

import pytest

from freehold.domain.account import Role
from freehold.domain.ids import AccountId, id_text, parse_id
from freehold.store import account as accounts
from freehold.store import journal
from tests.api.made import ORDER, make_clip
from tests.conftest import Client, Running
from tests.search.made import signed_up

CLAY = {"title": "Clay", "tags": ["#Ceramics", "pottery", "ceramics"], "place": 3}


async def an_operator(running: Running) -> Client:
    client, account_id = await signed_up(running, "olga")
    await running.database.transact(lambda tx: accounts.set_role(tx, AccountId(account_id), Role.OPERATOR))
    return client


async def test_a_topic_has_the_clips_with_any_of_its_tags_once_and_none_that_may_not_be_seen(idle: Running) -> None:
    operator = await an_operator(idle)
    _, author_id = await signed_up(idle, "author")
    told = await operator.json("PUT", "/api/topics/clay", CLAY)
    assert told == {
        "name": "clay",
        "title": "Clay",
        "place": 3,
        "tags": ["ceramics", "pottery"],
        "url": "/explore/clay",
    }

    async def make(*tags: str, **more: Any) -> str:
        caption = " ".join(f"#{tag}" for tag in tags)
        return id_text(await make_clip(idle.server.backends, author_id, caption=caption, tags=tags, **more))

    shown = {await make("ceramics"), await make("pottery"), await make("ceramics", "pottery")}
    hidden = {await make("ceramics", order=ORDER), await make("pottery", is_published=False), await make("kilns")}
    nobody = await idle.new_client()
    page = await nobody.json("GET", "/api/topics/clay/clips")
    found = [served["clip"]["id"] for served in page["clips"]]
    assert set(found) == shown and len(found) == 3
    first = await nobody.json("GET", "/api/topics/clay/clips?count=2")
    assert [served["clip"]["id"] for served in first["clips"]] == found[:2]
    behind = await nobody.json("GET", f"/api/topics/clay/clips?before={first['before']}")
    assert [served["clip"]["id"] for served in behind["clips"]] == found[2:]
    html = await (await nobody.request("GET", "/explore/clay")).text()
    assert all(one in html for one in shown) and not any(one in html for one in hidden) and "#pottery" in html
    assert f"{page['clips'][0]['clip']['url']}?topic=clay" in html
    opened = await (await nobody.request("GET", f"{page['clips'][0]['clip']['url']}?topic=clay")).text()
    assert 'data-more="/explore/clay/clips.html"' in opened
    fragment = await (await nobody.request("GET", "/explore/clay/clips.html")).text()
    assert fragment.count("<article") == 3 and not any(one in fragment for one in hidden)
    explore = await (await nobody.request("GET", "/explore")).text()
    assert 'href="/explore/clay"' in explore and "/forms/topic" not in explore
    assert "/explore/clay" in await (await nobody.request("GET", "/sitemap/pages.xml")).text()


async def test_operators_put_topics_together_change_and_delete_them_and_nobody_else_does(idle: Running) -> None:
    operator = await an_operator(idle)
    for name, change, code in (
        ("Clay", {}, "topic-name"),
        ("x" * 33, {}, "topic-name"),
        ("clay", {"title": " "}, "topic-title"),
        ("clay", {"title": "x" * 41}, "topic-title"),
        ("clay", {"tags": []}, "topic-tags"),
        ("clay", {"tags": ["two words"]}, "topic-tags"),
        ("clay", {"tags": [f"t{n}" for n in range(51)]}, "topic-tags"),
        ("clay", {"place": -1}, "topic-place"),
    ):
        assert await operator.refusal("PUT", f"/api/topics/{name}", {**CLAY, **change}) == (400, code), (name, change)
    await operator.json("PUT", "/api/topics/clay", CLAY)
    await operator.json("PUT", "/api/topics/clay", CLAY)
    await operator.json("PUT", "/api/topics/clay", {**CLAY, "title": "Clay and fire"})
    fields = {"csrf": operator.csrf, "name": "fire", "title": "Fire", "tags": "#kiln raku", "place": "0"}
    assert (await operator.request("POST", "/forms/topic", data=fields)).status == 303
    page = await (await operator.request("GET", "/explore")).text()
    assert "Clay and fire" in page and 'action="/forms/topic"' in page
    told = (await operator.json("GET", "/api/topics"))["topics"]
    assert told[0]["name"] == "fire" and told[0]["tags"] == ["kiln", "raku"]
    assert (await operator.request("POST", "/forms/topic", data={**fields, "place": "first"})).status == 400
    other, _ = await signed_up(idle, "other")
    assert await other.refusal("PUT", "/api/topics/clay", CLAY) == (403, "role-needed")
    assert await other.refusal("DELETE", "/api/topics/clay") == (403, "role-needed")
    assert (await operator.request("POST", "/forms/topic", data={**fields, "verb": "delete"})).status == 303
    await operator.json("DELETE", "/api/topics/clay", status=204)
    assert await operator.refusal("DELETE", "/api/topics/clay") == (404, "topic-absent")
    assert await operator.refusal("GET", "/api/topics/clay/clips") == (404, "topic-absent")
    assert (await operator.request("GET", "/explore/clay")).status == 404
    kinds = [one.kind.value for one in await journal.after(idle.database, 0, 100) if "topic" in one.kind.value]
    assert kinds == ["topic.set"] * 3 + ["topic.deleted"] * 2, "what changes nothing is no action"
    assert parse_id("clay") is None
    room = 40 - len((await operator.json("GET", "/api/topics"))["topics"])
    for n in range(room):
        await operator.json("PUT", f"/api/topics/t{n}", CLAY)
    assert await operator.refusal("PUT", "/api/topics/more", CLAY) == (409, "topics-full")


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_network_begins_with_topics_of_its_own(idle: Running) -> None:
    nobody = await idle.new_client()
    topics = (await nobody.json("GET", "/api/topics"))["topics"]
    assert [topic["name"] for topic in topics][:2] == ["music", "dance"] and len(topics) == 15
    assert all(topic["tags"] and topic["title"] for topic in topics)
