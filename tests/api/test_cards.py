"""A link to a text post shows its words as a picture, which is drawn in the jail and judged like any file of a clip."""

import re
from io import BytesIO
from typing import Any

import av
import numpy as np
import pytest

from freehold.domain.ids import ClipId, parse_id
from freehold.domain.post import Look
from freehold.media.card import HEIGHT_PX, WIDTH_PX, draw_card, script_of, set_words
from freehold.store import withholding
from tests.api.made import NOW_US, ORDER
from tests.api.test_atom import parsed
from tests.api.test_posts import written
from tests.conftest import Client, Running, missing
from tests.search.made import signed_up

UNWRITTEN = "𓀀"
"""A hieroglyph, which the fonts of few machines have."""


async def card_of(client: Client, path: str) -> str:
    return (await client.json("GET", path))["served"]["clip"]["card_url"] or missing("a font for Latin letters")


async def drawn(client: Client, url: str) -> Any:
    """The picture as rows of red, green and blue."""
    answer = await client.request("GET", url)
    assert (answer.status, answer.content_type) == (200, "image/jpeg")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin", "other sites show it"
    with av.open(BytesIO(await answer.read())) as file:
        picture = next(file.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert picture.shape == (HEIGHT_PX, WIDTH_PX, 3)
    return picture


def inked(picture: Any) -> Any:
    """Where something else stands than the ground."""
    return np.abs(picture - picture[2, 2]).sum(axis=2) > 200


async def test_a_link_to_words_shows_them_on_their_ground_and_follows_what_they_say(idle: Running) -> None:
    author, _ = await signed_up(idle, "author")
    nobody = await idle.new_client()
    mine, path = await written(author, caption="Kilns are slow. #ceramics", look="dusk")
    card = await card_of(nobody, path)
    first = await drawn(nobody, card)
    assert np.abs(first[2, 2] - (0x2B, 0x2A, 0x5E)).max() <= 6, "the ground of its look"
    assert 0.01 < inked(first).mean() < 0.3 and not inked(first)[:60].any() and not inked(first)[:, :60].any()
    html = await (await nobody.request("GET", mine["url"])).text()
    assert re.findall(r'property="og:image" content="([^"]*)"', html) == [nobody.base + card]
    assert 'property="og:image:alt" content="Kilns are slow. #ceramics"' in html
    assert 'name="twitter:card" content="summary_large_image"' in html
    told = await nobody.json("GET", f"/oembed?url={nobody.base}{mine['url']}")
    assert (told["thumbnail_url"], told["thumbnail_width"]) == (nobody.base + card, WIDTH_PX)
    (entry,) = parsed(await (await nobody.request("GET", "/@author/feed.atom")).text()).entries
    assert [one["url"] for one in entry.media_thumbnail] == [nobody.base + card]

    for said in ({"caption": "Kilns are hot."}, {"look": "marigold"}):
        await author.json("PATCH", path, said)
        assert await nobody.refusal("GET", card) == (404, "file-absent"), "it said something else"
        card = await card_of(nobody, path)
    await author.json("PATCH", path, {"audience": "public"})
    assert await card_of(nobody, path) == card, "nothing that it says has changed"
    assert np.abs((await drawn(nobody, card))[2, 2] - (0xF2, 0xB5, 0x2C)).max() <= 6
    said = {"csrf": author.csrf, "clip": mine["id"], "caption": "Kilns are slow. #ceramics", "look": "dusk"}
    assert (await author.request("POST", "/forms/words", data=said)).status == 303
    assert (await drawn(nobody, await card_of(nobody, path)) == first).all(), "a form draws it too"


async def test_a_card_is_judged_like_the_words_and_left_out_of_what_is_covered(idle: Running) -> None:
    author, _ = await signed_up(idle, "author")
    nobody = await idle.new_client()
    mine, path = await written(author)
    card = await card_of(nobody, path)
    await author.json("PATCH", path, {"is_sensitive": True})
    assert "og:image" not in await (await nobody.request("GET", mine["url"])).text()
    assert "thumbnail_url" not in await nobody.json("GET", f"/oembed?url={nobody.base}{mine['url']}")
    await author.json("PATCH", path, {"audience": "private"})
    assert await nobody.refusal("GET", card) == (404, "clip-absent")
    assert (await author.request("GET", card)).status == 200
    await author.json("PATCH", path, {"audience": "public"})
    clip_id = ClipId(parse_id(mine["id"]) or 0)
    await idle.database.transact(lambda tx: withholding.insert(tx, NOW_US, clip_id, ORDER))
    assert (await nobody.request("GET", card)).status == 451


async def test_what_no_font_has_is_left_out_where_it_is_a_sign_and_leaves_no_card_where_it_is_a_letter(
    idle: Running,
) -> None:
    author, _ = await signed_up(idle, "author")
    plain, signed, other = [
        (await written(author, caption=caption))[1] for caption in ("tea  time", "tea 🍵 time", f"tea {UNWRITTEN} time")
    ]
    expected = await drawn(author, await card_of(author, plain))
    assert (inked(await drawn(author, await card_of(author, signed))) == inked(expected)).mean() > 0.98
    clip = (await author.json("GET", other))["served"]["clip"]
    if clip["card_url"] is not None:
        missing("a machine without hieroglyphs")
    html = await (await author.request("GET", clip["url"])).text()
    assert "og:image" not in html and 'name="twitter:card" content="summary"' in html


def test_words_are_set_as_large_as_they_fit_and_are_no_commands() -> None:
    sizes = [set_words("word " * count)[0] for count in (1, 10, 30, 60, 180)]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 5
    size_px, lines = set_words("word " * 200)
    assert lines[-1].endswith("word…") and len("".join(lines)) > 250
    assert set_words("a\n" * 500)[1][-1] == "a…" and len(set_words("a\n" * 500)[1]) * size_px < HEIGHT_PX
    assert max(map(len, set_words("窯" * 300)[1])) * set_words("窯" * 300)[0] <= WIDTH_PX, "broken without spaces"
    assert set_words("\n" * 20 + "hello" + "\n" * 20) == set_words("hello")
    script = script_of("{\\b0}\\N\nDialogue: 0,x,\tend", Look.PAPER)
    (told,) = [line for line in script.splitlines() if line.startswith("Dialogue: ")]
    assert told.endswith(",Words,\\{\\\u2060b0\\}\\\u2060N\\NDialogue: 0,x, end")


async def test_a_post_is_kept_whatever_becomes_of_its_card(idle: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    author, _ = await signed_up(idle, "author")
    _, path = await written(author, caption="\x01" + "\n" * 20 + "hello")
    clip = (await author.json("GET", path))["served"]["clip"]
    assert clip["caption"] == "hello"

    async def fail(*_: object) -> None:
        raise PermissionError("the disk is full")

    monkeypatch.setattr("freehold.api.native.clips.draw_card", fail)
    _, path = await written(author, caption="without a picture")
    clip = (await author.json("GET", path))["served"]["clip"]
    assert (clip["caption"], clip["card_url"]) == ("without a picture", None)


async def test_a_card_that_comes_too_late_leaves_nothing(idle: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    author, _ = await signed_up(idle, "author")
    slow = draw_card

    async def changed_meanwhile(*asked: Any) -> Any:
        drawn = await slow(*asked)
        monkeypatch.setattr("freehold.api.native.clips.draw_card", slow)
        await author.json("PATCH", path, {"caption": "twice"})
        return drawn

    _, path = await written(author, caption="once")
    first = await card_of(author, path)
    monkeypatch.setattr("freehold.api.native.clips.draw_card", changed_meanwhile)
    await author.json("PATCH", path, {"caption": "late"})
    second = await card_of(author, path)
    assert second != first
    keys = await idle.database.fetch("SELECT blob_key FROM rendition WHERE kind = 'card'")
    kept = [key async for key in idle.server.backends.blobs.keys_put_before(1 << 62)]
    assert [row["blob_key"] for row in keys] == kept
