"""Duets, stitches and sounds of others over the API: shown both ways, and only as long as what is in them may be."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from freehold.actions import clip as actions
from freehold.domain.clip import Audience, ClipState, Permissions
from freehold.domain.ids import AccountId, ClipId, SoundId, id_text, parse_id
from freehold.domain.making import Layout, Making, MakingKind
from freehold.store import making as makings
from freehold.store import sound as sounds
from freehold.store.journal import Kind
from tests.api.made import NOW_US, ORDER, make_clip
from tests.conftest import Client, Running
from tests.search.made import clip_ids, found, said


async def duet_of(running: Running, author_id: int, source_id: ClipId, kind: MakingKind = MakingKind.DUET) -> ClipId:
    clip_id = await make_clip(running.server.backends, author_id, caption="Together #duets", tags=("duets",))
    making = Making(kind, source_id, Layout.BESIDE, 5000, 100, 100)
    await running.database.transact(lambda tx: makings.insert(tx, clip_id, making))
    await said(running, Kind.CLIP_PUBLISHED, clip_id, author_id)
    return clip_id


async def set_clip(running: Running, clip_id: ClipId, column: str, value: Any) -> None:
    await running.database.transact(
        lambda tx: tx.execute(f"UPDATE clip SET {column} = $2 WHERE id = $1", clip_id, value)
    )
    await said(running, Kind.CLIP_CHANGED, clip_id)


async def people(running: Running) -> tuple[Client, int, int]:
    """A viewer, and the ids of two authors."""
    viewer, ana, otto = [await running.new_client() for _ in range(3)]
    await viewer.sign_up("viewer")
    ids = [parse_id((await one.sign_up(name))["id"]) or 0 for one, name in ((ana, "ana"), (otto, "otto"))]
    return viewer, ids[0], ids[1]


async def test_a_duet_says_whom_it_is_with_and_its_source_lists_it(idle: Running) -> None:
    client, ana, otto = await people(idle)
    source = await make_clip(idle.server.backends, ana)
    duet, stitch = await duet_of(idle, otto, source), await duet_of(idle, otto, source, MakingKind.STITCH)
    await duet_of(idle, otto, source, MakingKind.SOUND)
    shown = (await client.json("GET", f"/api/clips/{id_text(duet)}"))["served"]["clip"]
    assert shown["made_from"] == {
        "kind": "duet", "clip_id": id_text(source), "author_handle": "ana", "url": f"/@ana/video/{id_text(source)}",
    }  # fmt: skip
    listed = await client.json("GET", f"/api/clips/{id_text(source)}/made-with")
    assert {one["clip"]["id"] for one in listed["clips"]} == {id_text(duet), id_text(stitch)}
    path = f"/@ana/video/{id_text(source)}/made-with"
    html = await (await client.request("GET", path)).text()
    assert html.count('class="tile"') == 2 and f"/upload?duet={id_text(source)}" in html
    opened = await (await client.request("GET", f"/@otto/video/{id_text(duet)}?made_with={id_text(source)}")).text()
    assert "duet with @ana" in opened and "made-with.html" in opened
    assert await (await client.request("GET", f"{path}.html?before={id_text(max(duet, stitch))}")).text()
    assert await client.refusal("GET", "/api/clips/0000000000001/made-with") == (404, "clip-absent")


async def test_what_holds_for_a_clip_holds_for_what_shows_it(idle: Running) -> None:
    """Its labels, and whether others may make more with it."""
    client, ana, otto = await people(idle)
    source = await make_clip(idle.server.backends, ana)
    duet = await duet_of(idle, otto, source)
    before = (await client.json("GET", f"/api/clips/{id_text(duet)}"))["served"]["clip"]
    assert (before["is_sensitive"], before["is_ai_made"], before["may"]["duet"]) == (False, False, True)
    forbidding = replace(Permissions(), duet=Audience.PRIVATE)
    await set_clip(idle, source, "permissions", forbidding.text())
    await set_clip(idle, source, "is_sensitive", True)
    await set_clip(idle, source, "is_ai_made", True)
    after = (await client.json("GET", f"/api/clips/{id_text(duet)}"))["served"]["clip"]
    assert (after["is_sensitive"], after["is_ai_made"], after["may"]["duet"]) == (True, True, False)
    assert after["may"]["stitch"] is True


@pytest.mark.parametrize("what", ["withheld", "withdrawn", "private", "deleted"])
async def test_who_may_not_see_the_source_sees_nothing_of_what_is_made_with_it(idle: Running, what: str) -> None:
    """Nor is it found; the source's author taking it back, or an order, holds from the next request on."""
    client, ana, otto = await people(idle)
    source = await make_clip(idle.server.backends, ana)
    duet = await duet_of(idle, otto, source)
    again = await duet_of(idle, ana, duet)
    assert set(clip_ids(await found(client, idle, "together"))) == {id_text(duet), id_text(again)}
    if what == "withheld":
        await actions.withhold(idle.server.backends, None, source, ORDER, idle.server.random, NOW_US)
    elif what == "withdrawn":
        await set_clip(idle, source, "published_at_us", None)
        await set_clip(idle, source, "state", ClipState.WITHDRAWN.value)
    elif what == "private":
        await set_clip(idle, source, "audience", Audience.PRIVATE.value)
    else:
        await idle.database.transact(lambda tx: tx.execute("DELETE FROM clip WHERE id = $1", source))
        await said(idle, Kind.CLIP_DELETED, source)
    refused = (451, "withheld") if what == "withheld" else (404, "clip-absent")
    for clip_id in (duet, again):
        assert await client.refusal("GET", f"/api/clips/{id_text(clip_id)}") == refused
        assert (await client.request("GET", f"/media/{id_text(clip_id)}/low.mp4")).status == refused[0]
    assert clip_ids(await found(client, idle, "together")) == []
    assert (await client.json("GET", "/api/tags/duets/clips"))["clips"] == []


def metadata(**fields: str) -> str:
    return ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in fields.items())


async def begun(client: Client, **fields: str) -> tuple[int, str]:
    headers = {"tus-resumable": "1.0.0", "upload-length": "10", "upload-metadata": metadata(**fields)}
    answer = await client.request("POST", "/uploads", headers=headers)
    return answer.status, "" if answer.status == 201 else (await answer.json())["error"]["code"]


async def test_how_a_clip_is_made_is_said_with_its_upload_and_refused_with_a_reason(idle: Running) -> None:
    _, ana, _ = await people(idle)
    other = await idle.new_client()
    await other.sign_up("other")
    source = await make_clip(idle.server.backends, ana)
    id_ = id_text(source)
    await idle.database.transact(lambda tx: sounds.insert(tx, SoundId(7), AccountId(ana), "", source, NOW_US))
    assert await begun(other, duet=id_, layout="stacked", own_volume="80", other_volume="0") == (201, "")
    assert await begun(other, stitch=id_, stitch_ms="2500") == (201, "")
    assert await begun(other, sound=id_text(7)) == (201, "")
    rows = await idle.database.fetch("SELECT * FROM clip_making ORDER BY clip_id")
    assert [tuple(row)[1:7] for row in rows] == [
        (source, "duet", "stacked", 5000, 80, 0), (source, "stitch", "beside", 2500, 100, 100),
        (source, "sound", "beside", 5000, 50, 100),
    ]  # fmt: skip
    (sounding,) = await idle.database.fetch("SELECT COUNT(*) AS count FROM clip WHERE sound_id = 7")
    assert sounding["count"] == 1
    for wrong in ({"duet": "x"}, {"duet": id_, "sound": id_}, {"duet": id_, "layout": "odd"},
                  {"stitch": id_, "stitch_ms": "-1"}):  # fmt: skip
        assert await begun(other, **wrong) == (400, "bad-words")
    assert await begun(other, duet=id_, own_volume="999") == (400, "bad-volume")
    assert await begun(other, stitch=id_, stitch_ms="9000") == (400, "bad-stitch")
    assert await begun(other, sound=id_text(8)) == (404, "sound-absent")
    await set_clip(idle, source, "permissions", "duet=private use_sound=followers")
    assert await begun(other, duet=id_) == (403, "duet-not-allowed")
    assert await begun(other, sound=id_text(7)) == (403, "sound-not-allowed")
    assert (await other.request("GET", f"/upload?duet={id_}")).status == 403
    html = await (await other.request("GET", f"/upload?stitch={id_}")).text()
    assert f'name="stitch" value="{id_}"' in html and "Stitch of @ana" in html
    await idle.database.transact(lambda tx: tx.execute("DELETE FROM clip WHERE id = $1", source))
    assert await begun(other, sound=id_text(7)) == (404, "sound-gone")


async def test_clips_stand_four_deep_within_each_other_and_no_deeper(idle: Running) -> None:
    _, ana, _ = await people(idle)
    other = await idle.new_client()
    await other.sign_up("other")
    clip_id = await make_clip(idle.server.backends, ana)
    for _ in range(4):
        assert await begun(other, duet=id_text(clip_id)) == (201, "")
        clip_id = await duet_of(idle, ana, clip_id)
    assert await begun(other, duet=id_text(clip_id)) == (409, "source-deep")
