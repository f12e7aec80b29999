"""Captions of clips: read by whoever sees the clip, written by its author, as cues or as WebVTT."""

from typing import TypedDict

import msgspec
from starlette.responses import Response

from freehold.actions import captions as actions
from freehold.api.edge import BODY_LIMIT_BYTES, read_body
from freehold.api.routes import Access, Kind, Routes, path_id
from freehold.api.server import Call
from freehold.domain.captions import Cue, read
from freehold.domain.errors import Absent, BadInput
from freehold.domain.ids import ClipId
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip
from freehold.store import captions

routes = Routes()
VTT = "text/vtt; charset=utf-8"
FILES = {"text/vtt": {"type": "string"}, "application/x-subrip": {"type": "string"}}


class CueBody(msgspec.Struct, forbid_unknown_fields=True):
    from_ms: int
    to_ms: int
    text: str


class CaptionsBody(msgspec.Struct, forbid_unknown_fields=True):
    cues: list[CueBody]


class CueShape(TypedDict):
    from_ms: int
    to_ms: int
    text: str


class CaptionsAnswer(TypedDict):
    language: str
    is_by_machine: bool
    """Nobody wrote them: they are what a model heard."""
    cues: list[CueShape]


@routes.add("GET", "/api/clips/{clip_id}/captions/{language}.vtt", kind=Kind.RAW, gives=("text/vtt",))
async def as_vtt(call: Call) -> Response:
    """A clip's captions in a language, as WebVTT."""
    return Response(await text_for(call), 200, {"cache-control": "private, no-cache"}, VTT)


@routes.add("GET", "/api/clips/{clip_id}/captions/{language}", answer=CaptionsAnswer)
async def as_cues(call: Call) -> CaptionsAnswer:
    """A clip's captions in a language, cue by cue."""
    cues, language = read(await text_for(call)), call.request.path_params["language"]
    clip_id = path_id(call, "clip_id")
    by_machine = await captions.by_machine_of(call.server.backends.database, [clip_id])
    return {
        "language": language,
        "is_by_machine": language in by_machine.get(clip_id, ()),
        "cues": [{"from_ms": cue.from_ms, "to_ms": cue.to_ms, "text": cue.text} for cue in cues],
    }


async def text_for(call: Call) -> str:
    """Judged as the clip's other bytes are; `Absent` (code `captions-absent`)."""
    database, clip_id = call.server.backends.database, ClipId(path_id(call, "clip_id"))
    await shown_clip(database, call.viewer, clip_id, Door.MEDIA, call.at_us)
    text = await captions.text_of(database, clip_id, call.request.path_params["language"])
    if text is None:
        raise Absent("captions-absent", "This clip has no captions in this language.")
    return text


@routes.add(
    "PUT",
    "/api/clips/{clip_id}/captions/{language}.vtt",
    access=Access.SIGNED_IN,
    kind=Kind.RAW,
    status=204,
    takes=FILES,
)
async def put_vtt(call: Call) -> Response:
    """Set one's clip's captions in a language: WebVTT or SubRip in UTF-8, as the request's body."""
    data = await read_body(call.request, BODY_LIMIT_BYTES)
    await set_from_file(call, ClipId(path_id(call, "clip_id")), call.request.path_params["language"], data)
    return Response(status_code=204)


async def set_from_file(call: Call, clip_id: ClipId, language: str, data: bytes) -> None:
    """Raises what reading and setting them raise."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput("captions-form", "The file is to be text in UTF-8.") from None
    await actions.set_captions(call.server.backends, call.account, clip_id, language, read(text), call.at_us)


@routes.add("PUT", "/api/clips/{clip_id}/captions/{language}", access=Access.SIGNED_IN, body=CaptionsBody)
async def put_cues(call: Call, body: CaptionsBody) -> None:
    """Set one's clip's captions in a language, cue by cue."""
    cues = [Cue(cue.from_ms, cue.to_ms, cue.text) for cue in body.cues]
    clip_id, language = ClipId(path_id(call, "clip_id")), call.request.path_params["language"]
    await actions.set_captions(call.server.backends, call.account, clip_id, language, cues, call.at_us)


@routes.add("DELETE", "/api/clips/{clip_id}/captions/{language}", access=Access.SIGNED_IN)
async def delete(call: Call) -> None:
    """Take one's clip's captions in a language away."""
    clip_id, language = ClipId(path_id(call, "clip_id")), call.request.path_params["language"]
    await actions.delete_captions(call.server.backends, call.account, clip_id, language, call.at_us)
