"""Still posts: they stand among the clips, and all that holds for a clip holds for them."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from freehold.actions.upload import UploadRules
from freehold.domain.ids import ClipId, id_text, parse_id
from freehold.domain.post import TEXT_LEAST_MS, TEXT_MOST_MS, Look, text_ms
from freehold.store import candidate, journal, withholding
from tests.api.made import NOW_US, ORDER, make_clip
from tests.conftest import Client, Running, run_server
from tests.search.made import caught_up, clip_ids, found, signed_up

MINUTE_US = 60_000_000
SAID = {"caption": "Kilns are slow. #ceramics", "look": "dusk", "wish": "publish"}


async def written(client: Client, **said: Any) -> tuple[dict[str, Any], str]:
    mine = (await client.json("POST", "/api/clips/text", {**SAID, **said}, status=201))["clip"]
    return mine, f"/api/clips/{mine['id']}"


async def test_words_are_posted_at_once_and_stand_among_the_clips_everywhere(idle: Running) -> None:
    author, author_id = await signed_up(idle, "author")
    mine, path = await written(author)
    assert (mine["kind"], mine["look"], mine["state"], mine["is_published"]) == ("text", "dusk", "ready", True)
    assert mine["duration_ms"] == text_ms(SAID["caption"]) and mine["tags"] == ["ceramics"] and not mine["renditions"]
    kinds = [
        one.kind.value for one in await journal.after(idle.database, 0, 100) if one.subject_id == parse_id(mine["id"])
    ]
    assert kinds == ["clip.written", "clip.published"]

    viewer, _ = await signed_up(idle, "viewer")
    clip = (await viewer.json("GET", path))["served"]["clip"]
    assert clip["may"] == {"comment": True, "duet": False, "stitch": False, "use_sound": False, "download": False}
    for address in (
        "/@author",
        "/tag/ceramics",
        "/@author/feed.atom",
        "/tag/ceramics/feed.atom",
        "/@author/clips.html",
    ):
        assert "Kilns are slow." in await (await viewer.request("GET", address)).text(), address
    html = await (await viewer.request("GET", clip["url"])).text()
    assert 'data-kind="text"' in html and 'class="ground dusk loud"' in html and 'href="/tag/ceramics"' in html
    assert "<video" not in html and 'property="og:type" content="article"' in html and "made-with" not in html
    frame = await (await viewer.request("GET", f"/embed/{clip['id']}")).text()
    assert "Kilns are slow." in frame and "<video" not in frame and "ground dusk" in frame
    told = await viewer.json("GET", f"/oembed?url={viewer.base}{clip['url']}")
    assert told["type"] == "rich" and f"/embed/{clip['id']}" in told["html"]

    await viewer.json("PUT", f"{path}/like")
    await viewer.json("PUT", f"{path}/save")
    await viewer.json("POST", f"{path}/comments", {"text": "True"}, status=201)
    await viewer.json("PUT", f"{path}/repost", {"text": "Read this"})
    clip = (await viewer.json("GET", path))["served"]["clip"]
    assert (clip["like_count"], clip["save_count"], clip["comment_count"]) == (1, 1, 1)
    item = (await candidate.items_for_system(idle.database, {ClipId(parse_id(mine["id"]) or 0)})).popitem()[1]
    assert (item.duration_ms, item.tags, item.author_id) == (text_ms(SAID["caption"]), ("ceramics",), author_id)


def test_words_last_as_long_as_they_take_to_read() -> None:
    assert text_ms("Hi") == TEXT_LEAST_MS and text_ms("x" * 1000) == TEXT_MOST_MS
    assert text_ms("a" * 100) == 6_000 and text_ms("窯" * 100) == 18_000


async def test_what_cannot_be_posted_as_words_is_refused_by_name(idle: Running) -> None:
    author, author_id = await signed_up(idle, "author")
    _, path = await written(author)
    video = f"/api/clips/{id_text(await make_clip(idle.server.backends, author_id))}"
    for said, code in (
        ({"caption": " \n\x00 "}, "text-empty"),
        ({"caption": "x" * 1_001}, "text-too-long"),
        ({"look": "plaid"}, "look-unknown"),
        ({"caption": " ".join(f"#a{n}" for n in range(31))}, "too-many-tags"),
        ({"language": "xx"}, "language-unknown"),
        ({"wish": "draft", "publish_at_us": idle.server.clock() + MINUTE_US}, "publish-at-draft"),
        ({"publish_at_us": 0}, "publish-at-past"),
        ({"audience": "friends"}, "bad-body"),
    ):
        assert await author.refusal("POST", "/api/clips/text", {**SAID, **said}) == (400, code), said
    for body, where, wanted in (
        ({"caption": ""}, path, (400, "text-empty")),
        ({"look": "plaid"}, path, (400, "look-unknown")),
        ({"look": "dusk"}, video, (409, "look-not-text")),
        ({"cover_ms": 1}, path, (409, "cover-not-video")),
    ):
        assert await author.refusal("PATCH", where, body) == wanted, body
    cues = {"cues": [{"from_ms": 0, "to_ms": 1, "text": "Hi"}]}
    assert await author.refusal("PUT", f"{path}/captions/en", cues) == (409, "captions-not-video")
    draft, _ = await written(author, wish="draft")
    cut = {"parts": [{"clip": draft["id"], "from_ms": 0, "to_ms": 500}]}
    assert await author.refusal("POST", "/api/clips/cut", cut) == (409, "cut-part-still")
    assert await author.refusal("GET", f"{path}/download") == (409, "download-none")
    for kind in ("duet", "stitch"):
        page = await author.request("GET", f"/upload?{kind}={path.rpartition('/')[2]}")
        assert page.status == 409 and "source-still" in await page.text()


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_posts_of_words_count_as_uploads_of_the_hour(settings: Any) -> None:
    most = 3
    said = {**SAID, "wish": "draft"}
    async with run_server(replace(settings, uploads=UploadRules(max_per_hour=most)), works=False) as idle:
        author, _ = await signed_up(idle, "author")
        answers = [await author.request("POST", "/api/clips/text", json=said) for _ in range(most + 1)]
    assert [answer.status for answer in answers] == [201] * most + [429]
    assert (await answers[-1].json())["error"]["code"] == "upload-rate" and answers[-1].headers["retry-after"]


async def test_words_are_kept_as_a_draft_changed_scheduled_taken_back_and_brought_again(running: Running) -> None:
    author, _ = await signed_up(running, "author")
    viewer, _ = await signed_up(running, "viewer")
    mine, path = await written(author, wish="draft", is_sensitive=True, permissions={"comment": "private"})
    assert not mine["is_published"] and mine["is_sensitive"] and mine["permissions"]["comment"] == "private"
    assert (await viewer.refusal("GET", path))[0] == 404
    later = running.server.clock() + 60 * MINUTE_US
    assert (await author.json("PATCH", path, {"publish_at_us": later}))["publish_at_us"] == later
    long = "Kilns are very slow, and that is what they are for. " * 8
    mine = await author.json(
        "PATCH", path, {"caption": long, "look": "paper", "wish": "publish", "publish_at_us": None}
    )
    assert mine["is_published"] and mine["duration_ms"] == text_ms(long.strip()) and mine["tint"] == "#f4f1e8"
    await author.json("PATCH", path, {"look": "clay"})
    versions = (await viewer.json("GET", f"{path}/history"))["versions"]
    assert [one["changed"] for one in versions] == [["look"]]
    assert "background" in await (await viewer.request("GET", f"{mine['url']}/history")).text()
    assert 'class="veil"' in await (await viewer.request("GET", mine["url"])).text()
    assert (await author.json("PUT", f"{path}/pin"))["is_pinned"]
    assert (await author.json("POST", f"{path}/withdraw"))["state"] == "withdrawn"
    assert (await viewer.refusal("GET", path))[0] == 404
    assert (await author.json("POST", f"{path}/publish"))["is_published"]
    for _ in range(200):
        if (await author.json("GET", f"{path}/mine"))["state"] == "ready":
            break
        await asyncio.sleep(0.02)
    else:
        raise AssertionError("it is not ready again")
    await author.json("DELETE", path, status=204)
    assert (await viewer.refusal("GET", path))[0] == 404


async def test_an_order_withholds_words_at_every_door(idle: Running) -> None:
    author, _ = await signed_up(idle, "author")
    mine, path = await written(author, caption="secretwords #made")
    clip_id = ClipId(parse_id(mine["id"]) or 0)
    await idle.database.transact(lambda tx: withholding.insert(tx, NOW_US, clip_id, ORDER))
    nobody = await idle.new_client()
    for door in (
        path,
        mine["url"],
        f"/embed/{mine['id']}",
        f"{path}/history",
        f"/oembed?url={nobody.base}{mine['url']}",
    ):
        answer = await nobody.request("GET", door)
        assert answer.status == 451 and "secretwords" not in await answer.text(), door
    for door in ("/@author", "/tag/made", "/@author/feed.atom", "/"):
        assert "secretwords" not in await (await nobody.request("GET", door)).text(), door


async def test_a_kind_of_clips_is_searched_for_and_barred(idle: Running) -> None:
    author, author_id = await signed_up(idle, "author")
    mine, _ = await written(author, caption="A red teapot")
    video = id_text(await make_clip(idle.server.backends, author_id, caption="A red teapot", tags=()))
    await author.json("PATCH", f"/api/clips/{video}", {"alt": "So that it is looked at"})
    await caught_up(idle)
    assert set(clip_ids(await found(author, idle, "teapot"))) == {mine["id"], video}
    for q, kind, wanted in (
        ("teapot kind:text", "text", [mine["id"]]),
        ("kind:text", "text", [mine["id"]]),
        ("teapot kind:video", "video", [video]),
        ("teapot -kind:text", "clip", [video]),
        ("teapot kettle kind:text", "text", [mine["id"]]),
    ):
        answer = await found(author, idle, q)
        assert (clip_ids(answer), answer["kind"]) == (wanted, kind), q
    assert clip_ids(await found(author, idle, "teapot", kind="text")) == [mine["id"]]
    html = await (await author.request("GET", "/search?q=teapot&kind=text")).text()
    assert 'class="ground dusk"' in html and 'kind=text" aria-current="page"' in html.replace("&amp;", "&")
    refused = await author.request("GET", "/api/search?q=kind:song")
    assert refused.status == 400 and "text" in (await refused.json())["error"]["text"]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_words_are_posted_and_changed_by_forms(idle: Running) -> None:
    author, _ = await signed_up(idle, "author")
    page = await (await author.request("GET", "/upload/text")).text()
    assert all(f'value="{look}"' in page for look in Look) and 'action="/forms/text"' in page
    fields = {"csrf": author.csrf, "caption": "Written <by> hand", "look": "paper", "wish": "publish"}
    answer = await author.request("POST", "/forms/text", data=fields)
    assert answer.status == 303
    html = await (await author.request("GET", answer.headers["location"])).text()
    assert "Written &lt;by&gt; hand" in html and "ground paper" in html
    refused = await author.request("POST", "/forms/text", data={**fields, "caption": "y" * 1001})
    assert refused.status == 400 and "at most 1,000 characters" in (text := await refused.text()) and "y" * 1001 in text
    clip_id = answer.headers["location"].rpartition("/")[2]
    edit = await (await author.request("GET", f"/studio/{clip_id}")).text()
    assert 'name="look" value="paper" checked' in edit and 'id="cover"' not in edit and "vtt-file" not in edit
    changed = {"csrf": author.csrf, "clip": clip_id, "caption": "Typed", "look": "hedge"}
    assert (await author.request("POST", "/forms/words", data=changed)).status == 303
    mine = await author.json("GET", f"/api/clips/{clip_id}/mine")
    assert (mine["caption"], mine["look"]) == ("Typed", "hedge")
    assert "ground hedge" in await (await author.request("GET", "/@author")).text()
