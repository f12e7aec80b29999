"""The bytes of clips and avatars. Every request is judged; a name's bytes never change."""

import asyncio
import re
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from freehold.api.routes import Kind, Routes, numbered, path_id, query_int
from freehold.api.server import Call
from freehold.backends.blobs import Blobs
from freehold.domain.clip import ClipKind, RenditionKind, Use
from freehold.domain.errors import Absent
from freehold.domain.ids import AccountId, ClipId, id_text
from freehold.domain.post import PICTURE_LIMIT
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip
from freehold.governance.permissions import usable_clip
from freehold.media.picture import place_of
from freehold.store import account as accounts
from freehold.store import rendition as renditions

routes = Routes()

CACHE = "private, max-age=31536000, immutable"
"""Private: what is withheld tomorrow must not live on in caches that serve others."""
ANSWER_BYTES = 1 << 20
"""An open-ended range is answered with at most so much; players ask for the next."""
ANY, PARTS = ("*/*",), (206, 304)
PART_BYTES = 256 << 10
SHOWN_ELSEWHERE = (RenditionKind.POSTER, RenditionKind.CARD)
"""By sites that embed the clip, or show a link to it."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@routes.add("GET", "/media/{clip_id}/{name}", kind=Kind.RAW, is_hot=True, gives=ANY, also=PARTS)
async def clip_bytes(call: Call) -> Response:
    """A file of a clip that may be shown to whoever asks."""
    database = call.server.backends.database
    clip_id = ClipId(path_id(call, "clip_id"))
    await shown_clip(database, call.viewer, clip_id, Door.MEDIA, call.at_us)
    rendition = await renditions.by_name(database, clip_id, call.request.path_params["name"])
    if rendition is None:
        raise Absent("file-absent", "This clip has no such file.")
    more = {"cross-origin-resource-policy": "cross-origin"} if rendition.kind in SHOWN_ELSEWHERE else {}
    return await _answer(call, rendition.blob_key, rendition.size_bytes, rendition.content_type, more)


FILES = ("video/mp4", "image/jpeg")
NUMBER = numbered("picture", 1, PICTURE_LIMIT, "Which picture of a photo post; the first, where nothing is said.")


@routes.add("GET", "/api/clips/{clip_id}/download", kind=Kind.RAW, gives=FILES, also=PARTS, parameters=(NUMBER,))
async def download(call: Call) -> Response:
    """A clip, or one picture of a photo post, as a file to keep, in its highest quality, where its author lets whoever
    asks."""
    database = call.server.backends.database
    clip_id = ClipId(path_id(call, "clip_id"))
    view = await usable_clip(database, call.viewer, clip_id, Use.DOWNLOAD, Door.MEDIA, call.at_us)
    known = (await renditions.of_clips(database, [clip_id])).get(clip_id, [])
    name, files = f"{view.author.handle}-{id_text(clip_id)}", [one for one in known if one.kind is RenditionKind.LADDER]
    if view.clip.kind is ClipKind.PHOTO:
        place = query_int(call, "picture", 1, 1, PICTURE_LIMIT)
        name = f"{name}-{place}"
        files = [one for one in known if one.kind is RenditionKind.PICTURE and place_of(one.name) == place]
    if not files:
        raise Absent("file-absent", "This clip has no such file.")
    file = files[-1]
    name += ".jpg" if file.kind is RenditionKind.PICTURE else ".mp4"
    more = {"content-disposition": f'attachment; filename="{name}"'}
    return await _answer(call, file.blob_key, file.size_bytes, file.content_type, more)


@routes.add("GET", "/media/avatar/{account_id}/{name}", kind=Kind.RAW, is_hot=True, gives=("image/*",), also=PARTS)
async def avatar_bytes(call: Call) -> Response:
    """An account's picture."""
    backends = call.server.backends
    account = await accounts.by_id(backends.database, AccountId(path_id(call, "account_id")))
    key = account.avatar_key if account and account.suspended_at_us is None else None
    if key is None or key.rpartition("/")[2] != call.request.path_params["name"]:
        raise Absent("file-absent", "There is no such picture.")
    size_bytes = await backends.blobs.size_bytes(key)
    head = await backends.blobs.read(key, 0, min(16, size_bytes))
    return await _answer(call, key, size_bytes, picture_type(head), {})


def picture_type(head: bytes) -> str:
    """The media type of a picture from its first bytes."""
    if head.startswith(b"\x89PNG"):
        return "image/png"
    return "image/webp" if head[8:12] == b"WEBP" else "image/jpeg"


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` up to and without `end`."""

    start: int
    end: int


def span_of(header: str | None, size_bytes: int) -> Span | None:
    """The single range asked for, cut to the file (RFC 9110, 14.1.2); None where there is none to be heeded, and an
    empty one where it lies behind the end."""
    match = _RANGE.fullmatch(header.replace(" ", "")) if header else None
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        if not last:
            return None
        return Span(max(0, size_bytes - int(last)), size_bytes) if int(last) else Span(0, 0)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size_bytes:
        return Span(0, 0)
    return Span(start, min(size_bytes, int(last) + 1) if last else min(size_bytes, start + ANSWER_BYTES))


async def _answer(call: Call, key: str, size_bytes: int, content_type: str, more: dict[str, str]) -> Response:
    request, blobs = call.request, call.server.backends.blobs
    tag = f'"{key.rpartition("/")[2]}"'
    headers = {"etag": tag, "cache-control": CACHE, "accept-ranges": "bytes", "vary": "cookie, authorization", **more}
    known = [text.strip().removeprefix("W/") for text in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    span = span_of(request.headers.get("range"), size_bytes) if request.method == "GET" else None
    if request.headers.get("if-range", tag) != tag:
        span = None
    if span is not None and span.start == span.end:
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{size_bytes}"})
    if span is not None:
        headers["content-range"] = f"bytes {span.start}-{span.end - 1}/{size_bytes}"
    asked = span or Span(0, size_bytes)
    status = 206 if span else 200
    headers |= {"content-length": str(asked.end - asked.start), "content-type": content_type}
    if request.method == "HEAD":
        return Response(status_code=200, headers=headers)
    if asked.end - asked.start <= ANSWER_BYTES:
        return Response(await blobs.read(key, asked.start, asked.end), status, headers)
    return BlobResponse(blobs, key, asked, status, headers)


class BlobResponse(Response):
    """A long run of a blob's bytes, read part by part as the client takes them; stops when the client leaves."""

    def __init__(self, blobs: Blobs, key: str, span: Span, status: int, headers: dict[str, str]) -> None:
        super().__init__(None, status, headers)
        self.blobs = blobs
        self.key = key
        self.span = span

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        leaving = asyncio.ensure_future(_until_left(receive))
        sending = asyncio.ensure_future(self._send(send))
        try:
            await asyncio.wait([leaving, sending], return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (leaving, sending):
                task.cancel()
            await asyncio.gather(leaving, sending, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for start in range(self.span.start, self.span.end, PART_BYTES):
            end = min(self.span.end, start + PART_BYTES)
            data = await self.blobs.read(self.key, start, end)
            await send({"type": "http.response.body", "body": data, "more_body": end < self.span.end})


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
