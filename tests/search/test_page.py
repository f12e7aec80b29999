"""The page of search: a plain form, what the API answers, and nothing that may not be shown."""

import html
import re

from freehold.domain.ids import id_text
from tests.api.made import ORDER
from tests.conftest import Client, Running
from tests.search.made import caught_up, publish, signed_up


async def page(client: Client, status: int = 200, **fields: str) -> str:
    answer = await client.request("GET", "/search", params=fields)
    text = await answer.text()
    assert answer.status == status, text[:500]
    return text


async def test_the_form_finds_what_may_be_shown_and_keeps_what_was_asked(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    shown = await publish(idle, ana, "A red teapot #ceramics")
    await publish(idle, ana, "A teapot that is withheld #ceramics", order=ORDER)
    await caught_up(idle)
    html = await page(client, q="teapot", after="", length="<1m", lang="")
    assert "A red teapot" in html and "withheld" not in html
    assert "“teapot” is in the caption." in html
    assert '<option value="&lt;1m" selected>' in html and 'value="teapot"' in html
    assert "Nothing found" in await page(client, q="teapot", length=">1m")
    assert "#ceramics</a>" in await page(client, q="ceramics", kind="tag")
    assert f'href="/@ana/video/{id_text(shown)}?q=teapot&amp;length=%3C1m&amp;from=1"' in html
    mended = await page(client, q="teapto")
    assert "Nothing is spelled so" in mended and ">teapot</a>" in mended
    assert "Nothing has all of it" in await page(client, q="red zebra")


async def test_more_results_go_on_behind_those_that_are_there(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    for number in range(30):
        await publish(idle, ana, f"Teapot number {number}")
    await caught_up(idle)
    first = await page(client, q="teapot")
    link = re.search(r'data-do="grid" href="([^"]+)"', first)
    assert link is not None
    second = await (await client.request("GET", link[1].replace("&amp;", "&"))).text()
    captions = [re.findall(r"Teapot number (\d+)</p>", html) for html in (first, second)]
    assert [len(some) for some in captions] == [24, 6] and len(set(captions[0] + captions[1])) == 30
    assert 'data-do="grid"' not in second


async def test_what_was_found_is_swiped_through_in_its_order(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    for number in range(9):
        await publish(idle, ana, f"Teapot number {number} #pots")
    await publish(idle, ana, "A teapot that is withheld", order=ORDER)
    await caught_up(idle)

    async def text_of(path: str) -> str:
        answer = await client.request("GET", html.unescape(path))
        assert answer.status == 200, path
        return await answer.text()

    tiles = re.findall(r'class="tile" href="([^"]+)"', await page(client, q="teapot", first="newest"))
    addresses = [tile.partition("?")[0] for tile in tiles]
    seen, more = addresses[:2], re.findall(r'class="scroller"[^>]* data-more="([^"]+)"', await text_of(tiles[1]))
    for count, expected in ((3, 3), (30, 4)):
        articles = await text_of(f"{more[-1]}&count={count}")
        seen += re.findall(r'<article[^>]* data-url="([^"]+)"', articles)
        more = re.findall(r'<article[^>]* data-more="([^"]+)"', articles)
        assert len(more) == expected
    assert seen == addresses and len(seen) == 9
    assert "<article" not in await text_of(more[-1])
    page_id, position = re.findall(r'data-page="(\w+)" data-position="(\d)"', articles)[2]
    why = await client.json("GET", f"/api/why/{page_id}/{position}")
    assert (why["feed"], why["source"]) == ("search", "direct")
    assert 'data-more="/tag/pots/clips.html"' in await text_of(addresses[3] + "?tag=POTS")
    assert 'data-more="/@ana/clips.html"' in await text_of(addresses[3] + "?tag=&sound=&from="), "of no list"
    for wrong in ("q=teapot&from=many", "sound=one"):
        assert (await client.request("GET", f"{addresses[3]}?{wrong}")).status == 400, wrong


async def test_what_cannot_be_read_is_said_above_the_form_that_has_it_still(idle: Running) -> None:
    client = await idle.new_client()
    assert "What are you looking for?" in await page(client)
    html = await page(client, 400, q='cat "black', lang="de")
    assert "At character 5 of the search there is a quotation mark that is not closed." in html
    assert 'value="cat &#34;black"' in html and '<option value="de" selected>' in html
    for fields in ({"q": "x", "kind": "dog"}, {"q": "x", "lang": "xx"}, {"q": "x", "first": "worst"}):
        assert 'class="refusal"' in await page(client, 400, **fields)


async def test_without_a_question_it_says_what_is_trending(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    _, otto = await signed_up(idle, "otto")
    now_us = idle.server.clock()
    for author_id in (ana, otto):
        clip_id = await publish(idle, author_id, "Both of us #kilns")
        await idle.database.transact(
            lambda tx, id_=clip_id: tx.execute("UPDATE clip SET published_at_us = $2 WHERE id = $1", id_, now_us)
        )
    await caught_up(idle)
    html = await page(client)
    assert '<a href="/tag/kilns"><b dir="auto">#kilns</b> <span class="quiet small">2 people' in html
