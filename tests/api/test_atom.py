"""Atom feeds, read by somebody else's parser."""

from typing import Any
from urllib.parse import quote

from freehold.domain.clip import Audience
from freehold.domain.ids import id_text, parse_id
from tests.api.made import ORDER, make_clip
from tests.conftest import Client, Running, missing

CAPTION = """Fire & "clay" <b>cones</b>\nAgain ￿ ]]> #kiln"""


def parsed(text: str) -> Any:
    try:
        import feedparser
    except ImportError:
        missing("the package feedparser")
    found = feedparser.parse(text, sanitize_html=False)
    assert found.bozo == 0, found.get("bozo_exception")
    return found


async def author_and_reader(running: Running) -> tuple[Client, Client, int]:
    author, reader = [await running.new_client() for _ in range(2)]
    author_id = parse_id((await author.sign_up("author"))["id"]) or 0
    await author.json("PATCH", "/api/account", {"display_name": "An <Author>", "bio": "Clay & kilns."})
    return author, reader, author_id


async def test_an_account_and_a_tag_have_feeds_that_another_parser_reads(idle: Running) -> None:
    _, reader, author_id = await author_and_reader(idle)
    clip = id_text(await make_clip(idle.server.backends, author_id, caption=CAPTION, tags=("kiln", "schön")))
    for path, title, page in (
        ("/@author/feed.atom", "@author", "/@author"),
        ("/tag/sch%C3%B6n/feed.atom", "#schön", "/tag/sch%C3%B6n"),
    ):
        answer = await reader.request("GET", path)
        assert answer.status == 200 and answer.content_type == "application/atom+xml"
        found = parsed(await answer.text())
        assert found.version == "atom10" and found.feed.title == f"{title} · Freehold"
        links = {link.rel: link.href for link in found.feed.links}
        assert links == {"self": idle.base + path, "alternate": idle.base + page} and found.feed.id == idle.base + path
        (entry,) = found.entries
        assert entry.id == entry.link == f"{idle.base}/@author/video/{clip}"
        assert entry.title == 'Fire & "clay" <b>cones</b> Again \ufffd ]]> #kiln'
        assert entry.author == "An <Author>" and entry.authors[0].href == f"{idle.base}/@author"
        assert entry.published == entry.updated == "2025-10-09T08:53:20Z" <= found.feed.updated
        assert [tag.term for tag in entry.tags] == ["kiln", "schön"]
        (film,) = entry.enclosures
        assert (film.href, film.type) == (f"{idle.base}/media/{clip}/low.mp4", "video/mp4") and int(film.length) > 0
        assert entry.media_thumbnail == [{"url": f"{idle.base}/media/{clip}/poster.jpg"}]
        (content,) = entry.content
        assert content.type == "text/html" and "&lt;b&gt;cones&lt;/b&gt;<br />Again" in content.value
        assert f'<a href="{entry.link}"><img alt="" src="{idle.base}/media/{clip}/poster.jpg" /></a>' in content.value
    assert found.feed.get("subtitle") is None
    assert parsed(await (await reader.request("GET", "/@author/feed.atom")).text()).feed.subtitle == "Clay & kilns."


async def test_a_feed_has_what_everybody_may_see_whoever_asks(idle: Running) -> None:
    author, reader, author_id = await author_and_reader(idle)
    backends = idle.server.backends
    for audience in (Audience.PRIVATE, Audience.FOLLOWERS):
        await make_clip(backends, author_id, audience=audience)
    await make_clip(backends, author_id, order=ORDER)
    await make_clip(backends, author_id, is_published=False)
    shown = id_text(await make_clip(backends, author_id))
    for client in (author, reader):
        for path in ("/@author/feed.atom", "/tag/made/feed.atom"):
            found = parsed(await (await client.request("GET", path)).text())
            assert [entry.id for entry in found.entries] == [f"{idle.base}/@author/video/{shown}"], path
    rows = await idle.database.fetch("SELECT COUNT(*) AS count FROM page")
    assert rows[0]["count"] == 0, "who reads a feed is shown nothing that a feed would have to know"
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET suspended_at_us = 1"))
    assert await author.refusal("GET", "/@author/feed.atom") == (404, "account-absent")
    assert parsed(await (await reader.request("GET", "/tag/made/feed.atom")).text()).entries == []


async def test_a_feed_goes_on_page_by_page_and_says_when_nothing_has_changed(idle: Running) -> None:
    _, reader, author_id = await author_and_reader(idle)
    made = {id_text(await make_clip(idle.server.backends, author_id)) for _ in range(31)}
    path, seen = "/@author/feed.atom", []
    while path:
        found = parsed(await (await reader.request("GET", path)).text())
        seen += [entry.id.rpartition("/")[2] for entry in found.entries]
        path = next((link.href for link in found.feed.links if link.rel == "next"), "").removeprefix(idle.base)
    assert sorted(seen) == sorted(made)
    first = await reader.request("GET", "/@author/feed.atom")
    assert first.headers["cache-control"] == "no-cache"
    known = {"if-none-match": first.headers["etag"]}
    assert (await reader.request("GET", "/@author/feed.atom", headers=known)).status == 304
    newest = parse_id(max(made))
    await idle.database.transact(lambda tx: tx.execute("UPDATE clip SET caption = 'Other' WHERE id = $1", newest))
    assert (await reader.request("GET", "/@author/feed.atom", headers=known)).status == 200
    assert (await reader.refusal("GET", "/@author/feed.atom?before=x"))[1] == "bad-query"


async def test_pages_say_where_their_feeds_are_and_an_empty_one_is_one(idle: Running) -> None:
    _, reader, _ = await author_and_reader(idle)
    for path in ("/@author", "/tag/" + quote("leer")):
        page = await (await reader.request("GET", path)).text()
        address = page.partition('type="application/atom+xml" href="')[2].partition('"')[0]
        assert address == f"{idle.base}{path}/feed.atom"
        found = parsed(await (await reader.request("GET", path + "/feed.atom")).text())
        assert found.entries == [] and found.feed.updated
    assert await reader.refusal("GET", "/@nobody/feed.atom") == (404, "account-absent")
