"""Captions: read from files that others wrote, kept by language, shown to whoever sees the clip, found by search."""

from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from freehold.actions import captions as actions
from freehold.actions.transcript import settle
from freehold.domain.captions import CUE_LIMIT, Cue, read, write
from freehold.domain.errors import BadInput
from freehold.domain.ids import id_text
from freehold.domain.transcript import TranscriptState
from freehold.media.limits import Limits
from freehold.search.index import take_in
from freehold.store import transcript as transcripts
from tests.api.made import make_clip
from tests.api.test_words import an_author
from tests.conftest import Running, run_server

VTT = """\ufeffWEBVTT - made elsewhere
Kind: captions

NOTE Not shown
nor this

STYLE
::cue { color: papayawhip }

intro
00:01.500 --> 00:02.000 line:0 align:start
<v Ana>Is it <i>still</i> hot?</v>
It is, &amp; very.

00:00:00.250 --> 00:00:01.500
<c.loud>Open</c> the kiln &lt;now&gt;

01:00:00.000 --> 01:00:01.000


"""
CUES = (
    Cue(250, 1_500, "Open the kiln <now>"),
    Cue(1_500, 2_000, "Ana: Is it still hot?\nIt is, & very."),
)


def test_a_file_that_others_wrote_becomes_plain_cues_in_the_order_of_time() -> None:
    assert read(VTT) == CUES
    assert read(VTT.replace("\n", "\r\n")) == CUES and read(VTT.replace("\n", "\r")) == CUES
    assert read("1\n00:00:00,250 --> 00:00:01,500\nOpen the kiln\n\n2\n00:00:02,000 --> 00:00:03,000\nNow\n") == (
        Cue(250, 1_500, "Open the kiln"), Cue(2_000, 3_000, "Now"),
    )  # fmt: skip


def test_what_is_written_is_read_as_it_was() -> None:
    cues = (Cue(0, 40, "a --> b & <i>"), Cue(3_599_999, 86_400_000, "پیاله\n陶器"))
    assert read(write(cues)) == cues
    assert read(write([Cue(0, 1, "one\n\n\ntwo")])) == (Cue(0, 1, "one\ntwo"),), "an empty line would end the cue"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", "captions-form", "Line 1"),
        ("Hello\n\n00:00.000 -> 00:01.000\nHi", "captions-form", "Line 1"),
        ("WEBVTT\n\nname\n0:00 --> 0:01\nHi", "captions-form", "Line 4"),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nbackwards", "captions-time", "backwards"),
        ("WEBVTT\n\n99:00:00.000 --> 99:00:01.000\nlate", "captions-time", "late"),
        (f"WEBVTT\n\n00:00.000 --> 00:01.000\n{'x' * 501}", "captions-text", "500"),
        ("WEBVTT\n" + "\n00:00.000 --> 00:01.000\nHi\n" * (CUE_LIMIT + 1), "captions-many", "2,000"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, code: str, said: str) -> None:
    with pytest.raises(BadInput) as told:
        read(text)
    assert told.value.code == code and said in told.value.text


async def test_captions_are_kept_by_language_shown_with_the_clip_and_found(idle: Running) -> None:
    author, author_id = await an_author(idle)
    clip_id = await make_clip(idle.server.backends, author_id, caption="no such word here")
    path = f"/api/clips/{id_text(clip_id)}"
    answer = await author.request("PUT", f"{path}/captions/en.vtt", data=VTT.encode())
    assert answer.status == 204, await answer.text()
    await author.json(
        "PUT", f"{path}/captions/pt", {"cues": [{"from_ms": 0, "to_ms": 900, "text": "Forno\x00"}]}, status=204
    )
    nobody = await idle.new_client()
    clip = (await nobody.json("GET", path))["served"]["clip"]
    assert clip["captions"] == ["en", "pt"]
    assert (await nobody.json("GET", f"{path}/captions/pt"))["cues"] == [{"from_ms": 0, "to_ms": 900, "text": "Forno"}]
    vtt = await nobody.request("GET", f"{path}/captions/en.vtt")
    assert vtt.content_type == "text/vtt" and read(await vtt.text()) == CUES
    html = await (await nobody.request("GET", clip["url"])).text()
    assert 'data-captions="en pt"' in html and '<track kind="captions" srclang="en"' in html
    assert "<track" in await (await nobody.request("GET", f"/embed/{clip['id']}")).text()

    async def found(text: str) -> int:
        while await take_in(idle.database, idle.server.clock()):
            pass
        answer: Any = await nobody.json("GET", f"/api/search?q={text}")
        return len(answer["clips"])

    assert await found("kiln") == 1 and await found("forno") == 1
    await author.json("DELETE", f"{path}/captions/pt", status=204)
    assert await found("forno") == 0 and await found("kiln") == 1
    assert await author.refusal("DELETE", f"{path}/captions/pt") == (404, "captions-absent")
    await author.json("PATCH", path, {"audience": "private"})
    assert await nobody.refusal("GET", f"{path}/captions/en") == (404, "clip-absent")


async def test_captions_that_cannot_be_taken_are_refused(idle: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    author, author_id = await an_author(idle)
    clip = id_text(await make_clip(idle.server.backends, author_id))
    path = f"/api/clips/{clip}/captions"
    cue = {"from_ms": 0, "to_ms": 900, "text": "Hi"}
    assert await author.refusal("PUT", f"{path}/xx", {"cues": [cue]}) == (400, "language-unknown")
    assert await author.refusal("PUT", f"{path}/en", {"cues": [cue | {"text": " "}]}) == (400, "captions-empty")
    assert await author.refusal("PUT", f"{path}/en", {"cues": [cue | {"to_ms": 0}]}) == (400, "captions-time")
    answer = await author.request("PUT", f"{path}/en.vtt", data=b"WEBVTT\n\n\xff")
    assert (await answer.json())["error"]["code"] == "captions-form"
    monkeypatch.setattr(actions, "TRACK_LIMIT", 1)
    for _ in range(2):
        await author.json("PUT", f"{path}/en", {"cues": [cue]}, status=204)
    assert await author.refusal("PUT", f"{path}/de", {"cues": [cue]}) == (409, "captions-full")
    form = aiohttp.FormData()
    for name, text in (("csrf", author.csrf), ("clip", clip), ("language", "en")):
        form.add_field(name, text)
    form.add_field("captions", b"nothing", filename="a.vtt")
    refused = await author.request("POST", "/forms/captions", data=form)
    assert refused.status == 400 and "begins with WEBVTT" in await refused.text()


async def test_captions_by_the_machine_are_said_to_be_that_and_are_for_the_author_to_choose(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freehold.app.open_transcriber", lambda *_: object())
    async with run_server(settings, works=False) as running:
        author, author_id = await an_author(running)
        backends = running.server.backends
        clip_id = await make_clip(backends, author_id)
        path = f"/api/clips/{id_text(clip_id)}"
        assert (await author.json("GET", f"{path}/mine"))["transcript"]["state"] == "waiting"
        await author.json("PATCH", path, {"may_transcribe": False})
        form = {"csrf": author.csrf, "clip": id_text(clip_id), "caption": "Kiln", "transcribe": "0"}
        assert (await author.request("POST", "/forms/words", data=form)).status == 303
        told = (await author.json("GET", f"{path}/mine"))["transcript"]
        assert (told["state"], told["is_wanted"]) == ("off", False)
        assert 'value="0" selected' in await (await author.request("GET", f"/studio/{id_text(clip_id)}")).text()

        await backends.database.transact(lambda tx: transcripts.put(tx, clip_id, TranscriptState.DUE, 1, 1))
        await settle(backends, clip_id, TranscriptState.MADE, "en", [Cue(0, 900, "Hello")], 2)
        nobody = await running.new_client()
        assert (await nobody.json("GET", f"{path}/captions/en"))["is_by_machine"] is True
        told = (await author.json("GET", f"{path}/mine"))["transcript"]
        assert told["languages"] == ["en"] and "what you save is yours" in told["text"]
        page = await (await author.request("GET", f"/studio/{id_text(clip_id)}")).text()
        assert "made by the machine" in page and told["text"] in page
        cue = {"from_ms": 0, "to_ms": 900, "text": "Hi"}
        await author.json("PUT", f"{path}/captions/en", {"cues": [cue]}, status=204)
        assert (await nobody.json("GET", f"{path}/captions/en"))["is_by_machine"] is False
        assert "Made by the machine" in await (await author.request("GET", "/upload")).text()


async def test_a_server_that_makes_no_captions_offers_none(settings: Any) -> None:
    async with run_server(replace(settings, media=replace(Limits(), transcribes=False)), works=False) as running:
        author, author_id = await an_author(running)
        path = f"/api/clips/{id_text(await make_clip(running.server.backends, author_id))}"
        assert (await author.json("GET", f"{path}/mine"))["transcript"] is None
        assert await author.refusal("PATCH", path, {"may_transcribe": True}) == (409, "transcripts-absent")
        assert (await author.json("PATCH", path, {"may_transcribe": False}))["transcript"] is None
        assert (
            "machine"
            not in (await (await author.request("GET", "/upload")).text()).partition("<main")[2].partition("</main")[0]
        )
