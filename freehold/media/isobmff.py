"""Reads the boxes of an MP4 or MOV file (ISO/IEC 14496-12) without decoding anything.

Used on uploads inside the jail, for what a demuxer does not tell (encryption, media data in another file, how many
tracks there are before one is opened), and on our own outputs, to check what was made.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"mvex", b"edts"))
_READ_AT_MOST = 1 << 20
_MOST_BOXES = 20_000


class BrokenBoxesError(ValueError):
    """The boxes contradict each other, or there are absurdly many of them."""


@dataclass(frozen=True, slots=True)
class Track:
    handler: str
    entry: str
    duration_ms: int
    width_px: int
    height_px: int
    codecs: str
    is_external: bool


@dataclass(frozen=True, slots=True)
class Movie:
    """`duration_ms` is what the header declares (0 when it leaves it to the fragments)."""

    brands: tuple[str, ...]
    duration_ms: int
    tracks: tuple[Track, ...]
    is_faststart: bool
    is_fragmented: bool


@dataclass(slots=True)
class _Draft:
    handler: str = ""
    entry: str = ""
    timescale: int = 1
    duration: int = 0
    width_px: int = 0
    height_px: int = 0
    codecs: str = ""
    is_external: bool = False

    def finish(self) -> Track:
        duration_ms = self.duration * 1000 // max(1, self.timescale)
        return Track(
            self.handler, self.entry, duration_ms, self.width_px, self.height_px, self.codecs, self.is_external
        )


def read_movie(path: Path) -> Movie:
    """Raises BrokenBoxesError when there is no `moov`, OSError when the file cannot be read."""
    brands: tuple[str, ...] = ()
    duration_ms = 0
    drafts: list[_Draft] = []
    moov_at = mdat_at = -1
    is_fragmented = False
    with path.open("rb") as file:
        for kind, at, body in _boxes(file, path.stat().st_size):
            if kind == b"ftyp":
                brands = tuple(body[n : n + 4].decode("latin-1") for n in range(0, len(body), 4) if n != 4)
            elif kind == b"moov":
                moov_at = at
            elif kind == b"mdat" and mdat_at < 0:
                mdat_at = at
            elif kind == b"mvex":
                is_fragmented = True
            elif kind == b"mvhd":
                timescale, duration = _times(body)
                duration_ms = duration * 1000 // max(1, timescale)
            elif kind == b"trak":
                drafts.append(_Draft())
            elif drafts:
                _note(drafts[-1], kind, body)
    if moov_at < 0:
        raise BrokenBoxesError("no moov")
    tracks = tuple(draft.finish() for draft in drafts)
    return Movie(brands, duration_ms, tracks, mdat_at < 0 or moov_at < mdat_at, is_fragmented)


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, bytes]]:
    """Every box in file order, containers before their children; (kind, position, body). The body of a container
    and of media data is empty."""
    position = seen = 0
    while position + 8 <= size:
        seen += 1
        if seen > _MOST_BOXES:
            raise BrokenBoxesError("too many boxes")
        file.seek(position)
        head = file.read(16)
        length, kind = struct.unpack(">I4s", head[:8])
        header = 8
        if length == 1 and len(head) == 16:
            length, header = struct.unpack(">Q", head[8:])[0], 16
        elif length == 0:
            length = size - position
        if length < header:
            if position == 0:
                raise BrokenBoxesError("a box is shorter than its header")
            return
        if kind in _CONTAINERS:
            if position + length > size:
                raise BrokenBoxesError("a box is cut off")
            yield kind, position, b""
            position += header
            continue
        body = b""
        if kind in _READ:
            file.seek(position + header)
            body = file.read(min(length - header, _READ_AT_MOST))
        yield kind, position, body
        position += length


_READ = frozenset((b"ftyp", b"mvhd", b"mdhd", b"hdlr", b"stsd", b"dref"))


def _times(body: bytes) -> tuple[int, int]:
    """(timescale, duration) of an mvhd or mdhd; a duration of all ones means unknown and gives 0."""
    if len(body) >= 32 and body[0] == 1:
        timescale, duration = struct.unpack(">IQ", body[20:32])
        return timescale, 0 if duration == 0xFFFFFFFFFFFFFFFF else duration
    if len(body) < 20:
        raise BrokenBoxesError("a header box is cut short")
    timescale, duration = struct.unpack(">II", body[12:20])
    return timescale, 0 if duration == 0xFFFFFFFF else duration


def _note(draft: _Draft, kind: bytes, body: bytes) -> None:
    if kind == b"mdhd":
        draft.timescale, draft.duration = _times(body)
    elif kind == b"hdlr" and not draft.handler:
        draft.handler = body[8:12].decode("latin-1")
    elif kind == b"dref":
        draft.is_external = _names_another_file(body)
    elif kind == b"stsd" and len(body) >= 16:
        draft.entry = body[12:16].decode("latin-1")
        if draft.handler == "vide" and len(body) >= 44:
            draft.width_px, draft.height_px = struct.unpack(">HH", body[40:44])
        draft.codecs = _codecs(draft.entry, body)


def _names_another_file(body: bytes) -> bool:
    """True when a data reference lacks the flag that says "in this same file"."""
    at = 8
    while at + 12 <= len(body):
        length = struct.unpack(">I", body[at : at + 4])[0]
        if body[at + 11] & 1 == 0:
            return True
        if length < 12:
            return False
        at += length
    return False


def _codecs(entry: str, body: bytes) -> str:
    """The RFC 6381 string of a sample entry that our own encoder writes, else the entry's four letters."""
    if entry in ("avc1", "avc3"):
        at = body.find(b"avcC")
        if at >= 0 and len(body) >= at + 8:
            return f"{entry}.{body[at + 5]:02x}{body[at + 6]:02x}{body[at + 7]:02x}"
    if entry == "mp4a":
        return "mp4a.40.2"
    return entry
