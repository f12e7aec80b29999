"""Media files into the blob store, under names that say what they hold: a name's bytes never change."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Protocol

from freehold.backends.blobs import Blobs
from freehold.domain.clip import Rendition, RenditionKind
from freehold.domain.errors import Absent
from freehold.domain.ids import ClipId
from freehold.media.outputs import MediaFile

KINDS = {
    "rendition": RenditionKind.LADDER,
    "picture": RenditionKind.PICTURE,
    "sound": RenditionKind.SOUND,
    "poster": RenditionKind.POSTER,
    "card": RenditionKind.CARD,
    "strip": RenditionKind.STRIP,
    "hls-master": RenditionKind.HLS,
    "hls-playlist": RenditionKind.HLS,
    "hls-media": RenditionKind.HLS,
}
PLAYLIST_TYPE = "application/vnd.apple.mpegurl"


class Taker(Protocol):
    """Takes bytes in and says under which key."""

    async def put(self, data: bytes) -> str: ...

    async def put_file(self, path: Path) -> str: ...


@dataclass(slots=True)
class Puts:
    """What one attempt put, by key, with where its bytes are: nothing refers to them yet, so somebody who deletes the
    same bytes elsewhere may delete these."""

    blobs: Blobs
    sources: dict[str, bytes | Path] = field(default_factory=dict)

    async def put(self, data: bytes) -> str:
        key = await self.blobs.put(data)
        self.sources[key] = data
        return key

    async def put_file(self, path: Path) -> str:
        key = await self.blobs.put_file(path)
        self.sources[key] = path
        return key

    async def put_again(self) -> None:
        """Put what was deleted meanwhile."""
        for key, source in self.sources.items():
            try:
                await self.blobs.size_bytes(key)
            except Absent:
                await (self.blobs.put(source) if isinstance(source, bytes) else self.blobs.put_file(source))


def content_name(name: str, blob_key: str) -> str:
    """`r360.mp4` with the beginning of its bytes' SHA-256: `r360-0123456789abcdef.mp4`."""
    path = PurePath(name)
    return f"{path.stem}-{blob_key.rpartition('/')[2][:16]}{path.suffix}"


async def put_file(blobs: Taker, clip_id: ClipId, file: MediaFile) -> Rendition:
    key = await blobs.put_file(file.path)
    return Rendition(
        clip_id,
        content_name(file.name, key),
        KINDS[file.kind],
        key,
        file.media_type,
        file.size_bytes,
        file.width_px,
        file.height_px,
        file.rate_bps,
        file.codecs,
    )


async def put_waveform(blobs: Taker, clip_id: ClipId, waveform: Sequence[int]) -> Rendition:
    """A JSON array of up to 120 loudnesses from 0 to 255."""
    data = json.dumps(list(waveform), separators=(",", ":")).encode()
    key = await blobs.put(data)
    name = content_name("waveform.json", key)
    return Rendition(clip_id, name, RenditionKind.WAVEFORM, key, "application/json", len(data), 0, 0, 0, "")


async def put_hls(blobs: Taker, clip_id: ClipId, files: Iterable[MediaFile]) -> list[Rendition]:
    """Segments, then the playlists that name them, then the master (`master-….m3u8`) that names the playlists."""
    made: list[Rendition] = []
    names: dict[str, str] = {}
    for file in sorted(files, key=lambda file: ("hls-media", "hls-playlist", "hls-master").index(file.kind)):
        if file.kind == "hls-media":
            rendition = await put_file(blobs, clip_id, file)
        else:
            data = renamed(file.path.read_text(), names).encode()
            key = await blobs.put(data)
            name = content_name(file.name, key)
            rendition = Rendition(clip_id, name, RenditionKind.HLS, key, PLAYLIST_TYPE, len(data), 0, 0, 0, "")
        names[file.name] = rendition.name
        made.append(rendition)
    return made


def renamed(playlist: str, names: Mapping[str, str]) -> str:
    """The playlist (RFC 8216) with its URIs, on lines of their own and in URI="…", by their new names."""
    lines = []
    for line in playlist.splitlines():
        if line and not line.startswith("#"):
            line = names[line]
        else:
            before, mark, rest = line.partition('URI="')
            uri, quote, after = rest.partition('"')
            line = before + mark + (names[uri] if mark else "") + quote + after
        lines.append(line)
    return "\n".join(lines) + "\n"
