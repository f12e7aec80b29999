"""Clips in other sites' pages: what the frame allows, and what oEmbed tells."""

import html
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from freehold.client.embed import Box, box_of
from freehold.domain.clip import Audience
from freehold.domain.ids import id_text, parse_id
from tests.api.made import ORDER, make_clip
from tests.conftest import Client, Running

CAPTION = """Fire & "clay"\n<b>cones</b>"""


async def author_and_stranger(running: Running) -> tuple[Client, Client, int]:
    author, stranger = [await running.new_client() for _ in range(2)]
    return author, stranger, parse_id((await author.sign_up("author"))["id"]) or 0


def policy_of(answer: Any) -> dict[str, str]:
    (policy,) = answer.headers.getall("content-security-policy")
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


async def test_a_clip_may_stand_in_any_frame_without_scripts_forms_or_cookies_and_nothing_else_may(
    idle: Running,
) -> None:
    _, stranger, author_id = await author_and_stranger(idle)
    clip = id_text(await make_clip(idle.server.backends, author_id))
    withheld = id_text(await make_clip(idle.server.backends, author_id, order=ORDER))
    for path, status in ((f"/embed/{clip}", 200), (f"/embed/{withheld}", 451), ("/embed/0000000000000", 404)):
        answer = await stranger.request("GET", path)
        text = await answer.text()
        policy = policy_of(answer)
        assert answer.status == status and policy["frame-ancestors"] == "*" and policy["default-src"] == "'none'"
        assert "script-src" not in policy and policy["form-action"] == policy["base-uri"] == "'none'"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "set-cookie" not in answer.headers and "<script" not in text and "<form" not in text
        assert 'target="_blank" rel="noopener"' in text and answer.headers["cache-control"] == "no-store"
    assert "A Court" in await (await stranger.request("GET", f"/embed/{withheld}")).text()
    for path in (f"/@author/video/{clip}", f"/@author/video/{clip}/share", "/oembed", f"/media/{clip}/low.mp4"):
        answer = await stranger.request("GET", path)
        assert policy_of(answer)["frame-ancestors"] == "'none'", path
    poster, film = [await stranger.request("GET", f"/media/{clip}/{name}") for name in ("poster.jpg", "low.mp4")]
    assert poster.headers["cross-origin-resource-policy"] == "cross-origin"
    assert film.headers["cross-origin-resource-policy"] == "same-origin"


async def test_what_stands_in_frames_is_what_everybody_may_see_whoever_looks(idle: Running) -> None:
    author, _, author_id = await author_and_stranger(idle)
    for audience in (Audience.PRIVATE, Audience.FOLLOWERS):
        clip = id_text(await make_clip(idle.server.backends, author_id, audience=audience))
        address = quote(f"{idle.base}/@author/video/{clip}", safe="")
        assert (await author.request("GET", f"/@author/video/{clip}")).status == 200
        assert (await author.request("GET", f"/embed/{clip}")).status == 404
        assert await author.refusal("GET", f"/oembed?url={address}") == (404, "clip-absent")
        sheet = await (await author.request("GET", f"/@author/video/{clip}/share")).text()
        assert "iframe" not in sheet and "Not everybody may see this clip" in sheet
    public = id_text(await make_clip(idle.server.backends, author_id))
    sheet = await (await author.request("GET", f"/@author/video/{public}/share")).text()
    assert f"{idle.base}/embed/{public}" in html.unescape(sheet) and "Not everybody" not in sheet


async def test_oembed_tells_how_to_embed_a_clip_as_json_and_as_xml(idle: Running) -> None:
    _, stranger, author_id = await author_and_stranger(idle)
    clip = id_text(await make_clip(idle.server.backends, author_id, caption=CAPTION))
    page = await (await stranger.request("GET", f"/@author/video/{clip}")).text()
    links = [part.partition('"')[0] for part in page.split('+oembed" href="')[1:]]
    assert len(links) == 2, "a page says where its oEmbed is"
    as_json, as_xml = [await stranger.request("GET", html.unescape(link).removeprefix(idle.base)) for link in links]
    told = await as_json.json()
    assert told == {
        "version": "1.0", "type": "video", "title": 'Fire & "clay" <b>cones</b>', "author_name": "author",
        "author_url": f"{idle.base}/@author", "provider_name": "Freehold", "provider_url": f"{idle.base}/",
        "cache_age": 300, "width": 405, "height": 720,
        "html": f'<iframe src="{idle.base}/embed/{clip}" width="405" height="720" title="Fire &amp; &#34;clay&#34;'
        ' &lt;b&gt;cones&lt;/b&gt;" frameborder="0" loading="lazy" allowfullscreen></iframe>',
        "thumbnail_url": f"{idle.base}/media/{clip}/poster.jpg", "thumbnail_width": 360, "thumbnail_height": 640,
    }  # fmt: skip
    assert as_json.headers["access-control-allow-origin"] == "*"
    root = ElementTree.fromstring(await as_xml.read())
    assert as_xml.content_type == "text/xml" and root.tag == "oembed"
    assert {one.tag: one.text for one in root} == {name: str(value) for name, value in told.items()}


async def test_oembed_keeps_to_the_sizes_that_are_asked_for(idle: Running) -> None:
    _, stranger, author_id = await author_and_stranger(idle)
    clip = id_text(await make_clip(idle.server.backends, author_id))
    address = quote(f"{idle.base}/embed/{clip}", safe="")
    told = await stranger.json("GET", f"/oembed?url={address}&maxwidth=300&maxheight=400")
    assert (told["width"], told["height"]) == (225, 400)
    assert 'width="225" height="400"' in told["html"] and "thumbnail_url" not in told, "the poster is larger"
    told = await stranger.json("GET", f"/oembed?url={address}&maxwidth=359")
    assert (told["width"], told["height"]) == (359, 638) and "thumbnail_url" not in told
    told = await stranger.json("GET", f"/oembed?url={address}&maxwidth=360")
    assert (told["width"], told["height"], told["thumbnail_width"]) == (360, 640, 360)
    for asked in ("maxwidth=0", "maxwidth=-1", "maxheight=x", "maxheight=1e3"):
        assert await stranger.refusal("GET", f"/oembed?url={address}&{asked}") == (400, "bad-query")


ELSEWHERE = {
    "": (400, "bad-query"),
    "http://[": (400, "bad-query"),
    "{base}/@author": (404, "oembed-absent"),
    "{base}/@author/video/0000000000000": (404, "clip-absent"),
    "{base}/@author/video/not-an-id": (404, "oembed-absent"),
    "https://elsewhere.example/@author/video/{clip}": (404, "oembed-absent"),
    "javascript://{host}/@author/video/{clip}": (404, "oembed-absent"),
    "/@author/video/{clip}": (404, "oembed-absent"),
}


async def test_oembed_knows_nothing_of_other_addresses(idle: Running) -> None:
    _, stranger, author_id = await author_and_stranger(idle)
    clip = id_text(await make_clip(idle.server.backends, author_id))
    for address, refusal in ELSEWHERE.items():
        asked = address.format(base=idle.base, clip=clip, host=idle.base.partition("://")[2])
        assert await stranger.refusal("GET", f"/oembed?url={quote(asked, safe='')}") == refusal, address


async def test_oembed_says_what_is_withheld_and_which_forms_there_are(idle: Running) -> None:
    _, stranger, author_id = await author_and_stranger(idle)
    clip = id_text(await make_clip(idle.server.backends, author_id, order=ORDER))
    address = quote(f"{idle.base}/@author/video/{clip}", safe="")
    assert await stranger.refusal("GET", f"/oembed?url={address}") == (451, "withheld")
    assert await stranger.refusal("GET", f"/oembed?url={address}&format=yaml") == (501, "oembed-format")


@pytest.mark.parametrize(
    ("size", "most", "box"),
    [
        ((1080, 1920), (), Box(405, 720)),
        ((1920, 1080), (), Box(640, 360)),
        ((720, 720), (), Box(640, 640)),
        ((0, 0), (), Box(405, 720)),
        ((1080, 1920), (100_000, 100), Box(56, 100)),
        ((3000, 10), (20, 20), Box(20, 1)),
    ],
)
def test_a_frame_has_the_shape_of_its_clip(size: tuple[int, int], most: tuple[int, ...], box: Box) -> None:
    assert box_of({"width_px": size[0], "height_px": size[1]}, *most) == box
