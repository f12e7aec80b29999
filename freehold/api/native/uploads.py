"""Uploads by tus 1.0 (https://tus.io/protocols/resumable-upload): creation, creation with the first bytes,
termination, expiration and checksums."""

import base64
import binascii
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import formatdate

import msgspec
from starlette.responses import Response

from freehold.actions import upload as actions
from freehold.actions.clip import AskedMaking, Words
from freehold.actions.upload import CHECKSUMS, Announced, Checksum
from freehold.api.routes import BYTES_SCHEMA, Access, Kind, Parameter, Routes, path_id
from freehold.api.server import Call
from freehold.domain.clip import Audience, ClipKind, Permissions, Use, Wish
from freehold.domain.errors import Absent, BadInput, Conflict, NoRoom, Refusal, WrongMedia
from freehold.domain.ids import UploadId, id_text, parse_id
from freehold.domain.making import OWN_PERCENT, Layout, MakingKind
from freehold.store.upload import Upload

routes = Routes()

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
BYTES = "application/offset+octet-stream"
METADATA_LIMIT_BYTES = 16_384


def _said(name: str, text: str, *, is_required: bool = False, is_number: bool = False) -> Parameter:
    schema = {"type": "string", "pattern": "^[0-9]{1,18}$"} if is_number else {"type": "string"}
    return Parameter(name, schema, text, "header", is_required)


RESUMABLE = Parameter("tus-resumable", {"type": "string", "const": VERSION}, "", "header", is_required=True)
LENGTH = _said("upload-length", "How many bytes there will be.", is_required=True, is_number=True)
OFFSET = _said("upload-offset", "How many bytes are durable.", is_number=True)
METADATA = _said(
    "upload-metadata", "filename, caption, audience, wish, what to make it with and kin, each with its value in base64."
)
CHECKSUM = _said("upload-checksum", f"One of {', '.join(CHECKSUMS)}, and the sum of these bytes in base64.")
OVERRIDE = _said("x-http-method-override", "PATCH, HEAD or DELETE.", is_required=True)


@routes.add("OPTIONS", "/uploads", kind=Kind.RAW, status=204)
async def capabilities(call: Call) -> Response:
    """What this server's tus can do."""
    return Response(status_code=204, headers=_capabilities(call))


@routes.add("OPTIONS", "/uploads/{upload_id}", kind=Kind.RAW, status=204)
async def capabilities_of_one(call: Call) -> Response:
    """What this server's tus can do."""
    return Response(status_code=204, headers=_capabilities(call))


def _capabilities(call: Call) -> dict[str, str]:
    return {
        "tus-resumable": VERSION,
        "tus-version": VERSION,
        "tus-extension": EXTENSIONS,
        "tus-max-size": str(call.server.upload_rules.max_size_bytes),
        "tus-checksum-algorithm": ",".join(CHECKSUMS),
    }


@routes.add(
    "POST", "/uploads", access=Access.CREATOR, kind=Kind.RAW, status=201,
    parameters=(RESUMABLE, LENGTH, METADATA, CHECKSUM), takes={BYTES: BYTES_SCHEMA},
)  # fmt: skip
async def create(call: Call) -> Response:
    """Begin an upload; its first bytes may come along."""
    if (refused := _unfit_version(call)) is not None:
        return refused
    upload = await actions.begin(call.server.intake, call.account, _announced(call))
    headers = _headers(upload) | {
        "location": f"/uploads/{id_text(upload.id)}",
        "freehold-clip": id_text(upload.clip_id),
    }
    if call.request.headers.get("content-type", "").partition(";")[0] == BYTES:
        try:
            headers |= _headers(await _append(call, upload.id, 0, upload.size_bytes))
        except Refusal:
            # The answer has no Location, so nobody could go on with it.
            await actions.unbroken(forget(call, upload))
            raise
    return Response(status_code=201, headers=headers)


async def forget(call: Call, upload: Upload) -> None:
    """Leave nothing of an upload that was refused; where that fails too, it expires."""
    with contextlib.suppress(Absent, Conflict, NoRoom):
        await actions.terminate(call.server.intake, call.account, upload.id)


@routes.add("HEAD", "/uploads/{upload_id}", access=Access.CREATOR, kind=Kind.RAW, parameters=(RESUMABLE,))
async def look(call: Call) -> Response:
    """How many bytes of an upload are durable."""
    if (refused := _unfit_version(call)) is not None:
        return refused
    upload = await actions.settle(call.server.intake, call.account, _upload_id(call))
    headers = _headers(upload) | {"upload-length": str(upload.size_bytes), "freehold-clip": id_text(upload.clip_id)}
    if upload.metadata:
        headers["upload-metadata"] = upload.metadata
    return Response(status_code=200, headers=headers)


@routes.add(
    "PATCH", "/uploads/{upload_id}", access=Access.CREATOR, kind=Kind.RAW, status=204,
    parameters=(RESUMABLE, OFFSET, CHECKSUM), takes={BYTES: BYTES_SCHEMA},
)  # fmt: skip
async def append(call: Call) -> Response:
    """Append bytes at the offset that is durable."""
    if (refused := _unfit_version(call)) is not None:
        return refused
    if call.request.headers.get("content-type", "").partition(";")[0] != BYTES:
        raise WrongMedia("upload-content-type", f"The bytes of an upload are sent as {BYTES}.")
    offset_bytes = _number(call, "upload-offset")
    known = await actions.find(call.server.intake, call.account, _upload_id(call))
    upload = await _append(call, known.id, offset_bytes, known.size_bytes - offset_bytes)
    return Response(status_code=204, headers=_headers(upload))


@routes.add("DELETE", "/uploads/{upload_id}", access=Access.CREATOR, kind=Kind.RAW, status=204, parameters=(RESUMABLE,))
async def terminate(call: Call) -> Response:
    """Forget an upload that is not complete, with its clip."""
    if (refused := _unfit_version(call)) is not None:
        return refused
    await actions.terminate(call.server.intake, call.account, _upload_id(call))
    return Response(status_code=204, headers={"tus-resumable": VERSION})


@routes.add(
    "POST", "/uploads/{upload_id}", access=Access.CREATOR, kind=Kind.RAW,
    parameters=(RESUMABLE, OVERRIDE, OFFSET, CHECKSUM), takes={BYTES: BYTES_SCHEMA}, also=(204,),
)  # fmt: skip
async def override(call: Call) -> Response:
    """PATCH, HEAD or DELETE for clients that can only POST, named by X-HTTP-Method-Override."""
    handlers: dict[str, Callable[[Call], Awaitable[Response]]] = {"PATCH": append, "DELETE": terminate, "HEAD": look}
    handler = handlers.get(call.request.headers.get("x-http-method-override", "").upper())
    if handler is None:
        raise BadInput("method-override", "X-HTTP-Method-Override names PATCH, HEAD or DELETE.")
    return await handler(call)


def _unfit_version(call: Call) -> Response | None:
    if call.request.headers.get("tus-resumable") == VERSION:
        return None
    error = {"code": "tus-version", "text": f"This server speaks tus {VERSION}.", "reference": call.reference}
    headers = {"tus-resumable": VERSION, "tus-version": VERSION, "cache-control": "no-store"}
    return Response(msgspec.json.encode({"error": error}), 412, headers, "application/json")


def _upload_id(call: Call) -> UploadId:
    return UploadId(path_id(call, "upload_id"))


def _headers(upload: Upload) -> dict[str, str]:
    headers = {"tus-resumable": VERSION, "upload-offset": str(upload.offset_bytes), "cache-control": "no-store"}
    if upload.finished_at_us is None:
        headers["upload-expires"] = formatdate(upload.expires_at_us / 1_000_000, usegmt=True)
    return headers


def _number(call: Call, name: str) -> int:
    text = call.request.headers.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise BadInput("upload-header", f"The header {name} is a whole number.")
    return int(text)


def _announced(call: Call) -> Announced:
    if "upload-defer-length" in call.request.headers:
        raise BadInput("upload-defer-length", "The length of an upload must be known when it begins.")
    size_bytes = _number(call, "upload-length")
    header = call.request.headers.get("upload-metadata", "")
    metadata = parse_metadata(header)
    return Announced(size_bytes, metadata.get("filename", ""), words_of(metadata), header)


def parse_metadata(header: str) -> dict[str, str]:
    """`key base64, key base64, key`; `BadInput` (code `upload-metadata`) where it is not so."""
    if len(header) > METADATA_LIMIT_BYTES:
        raise BadInput("upload-metadata", f"Upload-Metadata may have at most {METADATA_LIMIT_BYTES} characters.")
    metadata: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, value = pair.strip().partition(" ")
        if not key or key in metadata:
            raise BadInput("upload-metadata", "Each key of Upload-Metadata is there once and is not empty.")
        try:
            metadata[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            raise BadInput("upload-metadata", f"The value of {key} in Upload-Metadata is not text in base64.") from None
    return metadata


def words_of(fields: Mapping[str, str]) -> Words:
    """What a client says of a clip, by name; `BadInput` (code `bad-words`) where a value is none of those there are.

    caption, audience, wish, alt, language, ai_made, sensitive, may_comment, may_duet, may_stitch,
    may_use_sound, may_download, kind (video or photo), transcribe (1 or 0), publish_at (ISO 8601 with its offset from
    UTC); one of duet and stitch (a clip's id) and sound (a sound's) with layout (beside, stacked, corner), stitch_ms,
    own_volume and other_volume (percent).
    """
    try:
        audience = Audience(fields.get("audience") or Audience.PUBLIC)
        wish = Wish(fields.get("wish") or Wish.DRAFT)
        permissions = Permissions(
            **{use.value: Audience(fields.get(f"may_{use.value}") or Audience.PUBLIC) for use in Use}
        )
    except ValueError:
        raise BadInput(
            "bad-words", "audience and may_… are public, followers or private; wish is draft or publish."
        ) from None
    if fields.get("kind") not in (None, "", ClipKind.VIDEO, ClipKind.PHOTO):
        raise BadInput("bad-words", "kind is video or photo; words alone need no upload.")
    return Words(
        kind=ClipKind(fields.get("kind") or ClipKind.VIDEO),
        caption=fields.get("caption", ""),
        audience=audience,
        wish=wish,
        asked_making=_asked_making(fields),
        alt=fields.get("alt", ""),
        language=fields.get("language", ""),
        is_ai_made=_is_ticked(fields, "ai_made"),
        is_sensitive=_is_ticked(fields, "sensitive"),
        permissions=permissions,
        publish_at_us=_publish_at_us(fields),
        may_transcribe=_is_ticked(fields, "transcribe") if fields.get("transcribe") else None,
    )


def _asked_making(fields: Mapping[str, str]) -> AskedMaking | None:
    named = [kind for kind in MakingKind if fields.get(kind.value)]
    if not named:
        return None
    kind = named[0]
    of_id = parse_id(fields[kind.value])
    if len(named) > 1 or of_id is None:
        raise BadInput("bad-words", "One of duet, stitch and sound is the id of a clip, or of a sound.")
    try:
        layout = Layout(fields.get("layout") or Layout.BESIDE)
    except ValueError:
        raise BadInput("bad-words", f"layout is one of {', '.join(Layout)}.") from None
    asked = AskedMaking(kind, of_id, layout)
    return replace(
        asked,
        length_ms=_whole(fields, "stitch_ms", asked.length_ms),
        own_percent=_whole(fields, "own_volume", OWN_PERCENT[kind]),
        source_percent=_whole(fields, "other_volume", asked.source_percent),
    )


def _whole(fields: Mapping[str, str], name: str, usual: int) -> int:
    text = fields.get(name) or str(usual)
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise BadInput("bad-words", f"{name} is a whole number.")
    return int(text)


def _is_ticked(fields: Mapping[str, str], name: str) -> bool:
    text = fields.get(name) or "0"
    if text not in ("0", "1"):
        raise BadInput("bad-words", f"{name} is 0 or 1.")
    return text == "1"


def _publish_at_us(fields: Mapping[str, str]) -> int | None:
    """`publish_at_utc` is what browsers make of their own field, without an offset."""
    if fields.get("publish_at"):
        return moment_us(fields["publish_at"])
    return moment_us(fields["publish_at_utc"] + "Z") if fields.get("publish_at_utc") else None


def moment_us(text: str) -> int:
    """A moment in ISO 8601 with its offset from UTC, in microseconds since 1970; `BadInput` (code `bad-words`)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput("bad-words", "A time is written as 2031-12-24T18:30+01:00, or with Z for UTC.")
    return round(moment.timestamp()) * 1_000_000


def _checksum(call: Call) -> Checksum | None:
    header = call.request.headers.get("upload-checksum")
    if header is None:
        return None
    algorithm, _, text = header.strip().partition(" ")
    if algorithm not in CHECKSUMS:
        raise BadInput("checksum-algorithm", f"Checksums are taken in {', '.join(CHECKSUMS)}.")
    try:
        return Checksum(algorithm, base64.b64decode(text, validate=True))
    except ValueError:
        raise BadInput("checksum-malformed", "The checksum is not in base64.") from None


async def _append(call: Call, upload_id: UploadId, offset_bytes: int, room_bytes: int) -> Upload:
    announced = call.request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > room_bytes >= 0:
        raise actions.overflow()
    parts: AsyncIterator[bytes] = call.request.stream()
    return await actions.append(call.server.intake, call.account, upload_id, offset_bytes, parts, _checksum(call))
