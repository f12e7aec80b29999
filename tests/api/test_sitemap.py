"""What crawlers are told of, and what not."""

from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest

from freehold.api.web import sitemap
from freehold.backends.database import Database
from freehold.domain.clip import Audience
from freehold.domain.ids import ClipId, id_text, parse_id
from tests.api.made import ORDER, make_clip
from tests.conftest import Client, Running

NAMESPACE = {"s": sitemap.NAMESPACE}


async def listed(client: Client, path: str) -> list[str]:
    """The paths that a file lists."""
    answer = await client.request("GET", path)
    assert answer.status == 200 and answer.content_type == "application/xml", path
    found = ElementTree.fromstring(await answer.read())
    locations = [one.text or "" for one in found.findall("*/s:loc", NAMESPACE)]
    assert locations and all(one.startswith(client.base + "/") for one in locations)
    return [one.removeprefix(client.base) for one in locations]


async def test_the_sitemap_has_whatever_everybody_may_see_and_nothing_else(idle: Running) -> None:
    author, other, hidden = [await idle.new_client() for _ in range(3)]
    author_id, _, hidden_id = [
        parse_id((await client.sign_up(name))["id"]) or 0
        for client, name in ((author, "author"), (other, "other"), (hidden, "hidden"))
    ]
    backends = idle.server.backends
    public = [id_text(await make_clip(backends, author_id)) for _ in range(3)]
    for audience in (Audience.PRIVATE, Audience.FOLLOWERS):
        await make_clip(backends, author_id, audience=audience)
        await make_clip(backends, hidden_id, audience=audience)
    await make_clip(backends, author_id, is_published=False)
    await make_clip(backends, author_id, order=ORDER)
    for client in (author, await idle.new_client()):
        files = await listed(client, "/sitemap.xml")
        assert [file.partition("-")[0] for file in files] == [
            "/sitemap/pages.xml",
            "/sitemap/accounts",
            "/sitemap/clips",
        ]
        topics = [topic["url"] for topic in (await client.json("GET", "/api/topics"))["topics"]]
        assert await listed(client, files[0]) == ["/", "/explore", "/search", "/about", *topics]
        assert await listed(client, files[1]) == ["/@author"]
        assert sorted(await listed(client, files[2])) == sorted(f"/@author/video/{id_}" for id_ in public)
    text = await (await other.request("GET", files[2])).text()
    assert text.count("<lastmod>2025-10-09T08:53:20Z</lastmod>") == 3
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET suspended_at_us = 1"))
    assert await listed(other, "/sitemap.xml") == ["/sitemap/pages.xml"]
    assert await other.refusal("GET", files[2]) == (404, "page-absent")


async def test_a_large_network_has_several_files_without_gaps(idle: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitemap, "ADDRESSES", 3)
    monkeypatch.setattr(sitemap, "AT_ONCE", 2)
    client = await idle.new_client()
    author_id = parse_id((await client.sign_up("author"))["id"]) or 0
    made = {f"/@author/video/{id_text(await make_clip(idle.server.backends, author_id))}" for _ in range(7)}
    files = [file for file in await listed(client, "/sitemap.xml") if "clips" in file]
    found = [await listed(client, file) for file in files]
    assert [len(one) for one in found] == [3, 3, 1]
    assert {path for one in found for path in one} == made
    asked: list[int] = []
    nth_behind = sitemap.clips.nth_behind

    async def noted(database: Database, first_id: int, count: int) -> int | None:
        asked.append(first_id)
        return await nth_behind(database, first_id, count)

    monkeypatch.setattr(sitemap.clips, "nth_behind", noted)
    assert [file for file in await listed(client, "/sitemap.xml") if "clips" in file] == files
    assert [f"/sitemap/clips-{id_text(ClipId(one))}.xml" for one in asked] == files[-1:], "the others are known"


async def test_there_are_no_other_files(idle: Running) -> None:
    client = await idle.new_client()
    names = (
        "clips.xml",
        "clips-x.xml",
        "clips-0000000000000.xml",
        "tags-0000000000000.xml",
        "accounts-0000000000000.xml",
    )
    for name in names:
        assert await client.refusal("GET", f"/sitemap/{name}") == (404, "page-absent"), name
    assert await listed(client, "/sitemap.xml") == ["/sitemap/pages.xml"], "an empty network has its pages"


async def test_crawlers_are_led_to_the_sitemap_and_away_from_what_is_not_for_them(idle: Running) -> None:
    client = await idle.new_client()
    answer = await client.request("GET", "/robots.txt")
    assert answer.content_type == "text/plain"
    robots = RobotFileParser()
    robots.parse((await answer.text()).splitlines())
    assert robots.site_maps() == [f"{idle.base}/sitemap.xml"]
    for path in (
        "/",
        "/@author",
        "/@author/video/0000000000000",
        "/tag/made",
        "/media/x/poster.jpg",
        "/static/x/app.js",
    ):
        assert robots.can_fetch("Bot", idle.base + path), path
    for path in ("/api/clips/x", "/forms/like", "/feed/for-you.html", "/why/x/1", "/admin/feed"):
        assert not robots.can_fetch("Bot", idle.base + path), path
