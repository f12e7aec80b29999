"""Pictures of photo posts: looked at by their first bytes, then drawn anew inside the jail, turned upright, in a few
sizes, so that nothing of the file survives: no place, no camera, no thumbnail of what was cut off."""

import asyncio
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from freehold.domain.post import PICTURE_BYTES_LIMIT, PICTURE_PIXELS_LIMIT
from freehold.media.jail import Jail, JailLimits, ffmpeg_path
from freehold.media.outputs import MediaFile, plain_file
from freehold.media.process import MediaFault, run
from freehold.media.refusals import MediaRefusal

SIDES_PX = (540, 1_080, 2_160)
"""Longer sides of what is kept: a small one for a slow line, one for a phone, one for a large screen."""
LEAST_SIDE_PX = 16
LONGEST_SIDE_PX = 30_000
BOUNDS = JailLimits(memory_bytes=4 << 30, cpu_s=60, file_bytes=32 << 20, open_files=32)
WALL_S = 120.0
STILL_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"))
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG (T.81, B.1.1.3) behind which the size stands…"""
FILL = re.compile(rb"\xff+")
SEGMENTS_LIMIT = 1_000
"""…after so many others at most: there are a few, or some hundreds where a large profile is in parts."""


@dataclass(frozen=True, slots=True)
class Kind:
    demuxer: str
    decoder: str
    may_be_clear: bool
    """Whether parts of it may let through what is behind."""


JPEG = Kind("jpeg_pipe", "mjpeg", False)
PNG = Kind("png_pipe", "png", True)
WEBP = Kind("webp_pipe", "webp", True)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as it is kept, the smallest first, and its mean colour as `#rrggbb`."""

    files: tuple[MediaFile, ...]
    tint: str


def look(data: bytes) -> Kind:
    """What kind of picture the whole file is. MediaRefusal (codes `picture-…`) where it is none that is taken."""
    kind, size = _sized(data)
    if size is None:
        raise MediaRefusal("picture-broken", "no size in its head")
    width_px, height_px = size
    if width_px * height_px > PICTURE_PIXELS_LIMIT or max(size) > LONGEST_SIDE_PX:
        raise MediaRefusal("picture-pixels", f"{width_px}x{height_px}")
    if min(size) < LEAST_SIDE_PX:
        raise MediaRefusal("picture-small", f"{width_px}x{height_px}")
    return kind


def _sized(data: bytes) -> tuple[Kind, tuple[int, int] | None]:
    """The kind, and the size where the head has one."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG, struct.unpack(">II", data[16:24]) if data[12:16] == b"IHDR" and len(data) >= 24 else None
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG, _jpeg_size(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP, _webp_size(data)
    if data[4:8] == b"ftyp" and data[8:12] in STILL_BRANDS:
        raise MediaRefusal("picture-heic")
    if data.startswith(b"GIF8"):
        raise MediaRefusal("picture-moves", "GIF")
    raise MediaRefusal("picture-kind")


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(SEGMENTS_LIMIT):
        fill = FILL.match(data, at)
        if fill is None or fill.end() + 8 > len(data):
            return None
        at = fill.end()
        if data[at] in START_OF_FRAME:
            height_px, width_px = struct.unpack(">HH", data[at + 4 : at + 8])
            return width_px, height_px
        length = int.from_bytes(data[at + 1 : at + 3])
        if length < 2:
            return None
        at += 1 + length
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """https://developers.google.com/speed/webp/docs/riff_container; what moves is refused."""
    if len(data) < 30:
        return None
    match data[12:16]:
        case b"VP8X":
            if data[20] & 2:
                raise MediaRefusal("picture-moves", "WebP")
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            width_px, height_px = struct.unpack("<HH", data[26:30])
            return width_px & 0x3FFF, height_px & 0x3FFF
    return None


def picture_argv(ffmpeg: Path, source: Path, kind: Kind, out: Path) -> list[str]:
    """Every size from one decoding: upright, on white where it is clear, without metadata, without a profile."""
    base = "format=rgba,split[c][a];[c]premultiply=inplace=1,format=gbrp[ink];"
    base += "[a]alphaextract,negate,format=gbrp[white];[ink][white]blend=all_mode=addition,"
    head = f"[0:v]{base if kind.may_be_clear else ''}split={len(SIDES_PX) + 1}"
    graph = [head + "".join(f"[s{side}]" for side in SIDES_PX) + "[mean]"]
    graph += [
        f"[s{side}]scale='min({side},iw)':'min({side},ih)':force_original_aspect_ratio=decrease:flags=lanczos,"
        f"setsar=1,format=yuvj420p,sidedata=mode=delete[o{side}]"
        for side in SIDES_PX
    ]
    graph.append("[mean]scale=1:1:flags=area,format=rgb24,sidedata=mode=delete[tint]")
    exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
    files = [
        word
        for side in SIDES_PX
        for word in ("-map", f"[o{side}]", "-frames:v", "1", "-c:v", "mjpeg", "-q:v", "3", *exact,
                     "-f", "image2", "-update", "1", f"file:{out / f'{side}.jpg'}")
    ]  # fmt: skip
    return [
        os.fspath(ffmpeg), "-nostdin", "-hide_banner", "-nostats", "-y", "-loglevel", "error",
        "-protocol_whitelist", "file", "-format_whitelist", kind.demuxer, "-codec_whitelist", kind.decoder,
        "-max_pixels", str(PICTURE_PIXELS_LIMIT), "-threads", "1",
        "-f", kind.demuxer, "-i", f"file:{source}", "-filter_complex", ";".join(graph), *files,
        "-map", "[tint]", "-frames:v", "1", "-f", "rawvideo", f"file:{out / 'tint.rgb'}",
    ]  # fmt: skip


async def draw_picture(source: Path, place: int, out_dir: Path, jail: Jail) -> Drawn:
    """The picture as it is kept, at its place in its post, from 1. Raises MediaRefusal or BackendError."""
    if (await asyncio.to_thread(source.stat)).st_size > PICTURE_BYTES_LIMIT:
        raise MediaRefusal("picture-big")
    kind = await asyncio.to_thread(lambda: look(source.read_bytes()))
    folder, source = out_dir.resolve() / "pictures", source.resolve()
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    argv = picture_argv(ffmpeg_path(), source, kind, folder)
    ended = await run(jail.command(argv, [source], [folder], BOUNDS), WALL_S)
    if ended.was_killed:
        raise MediaFault(f"drawing a picture was killed (status {ended.status}): {ended.stderr[-500:]}")
    tint = folder / "tint.rgb"
    if ended.status != 0 or not tint.exists() or tint.stat().st_size != 3:
        raise MediaRefusal("picture-broken", ended.stderr[-500:])
    files: dict[tuple[int, int], MediaFile] = {}
    for side in SIDES_PX:
        path = folder / f"{side}.jpg"
        size = _jpeg_size(await asyncio.to_thread(path.read_bytes)) or (0, 0)
        # Of what is small already, the larger ones are the same once more.
        if size not in files:
            named = path.rename(folder / picture_name(place, f"{side}.jpg"))
            files[size] = plain_file(named, "picture", "image/jpeg", *size)
    return Drawn(tuple(files.values()), "#" + tint.read_bytes().hex())


def picture_name(place: int, rest: str) -> str:
    """`p03-1080.jpg`: the third picture of a post."""
    return f"p{place:02}-{rest}"


def place_of(name: str) -> int:
    """What `picture_name` was told."""
    return int(name[1:3])


def replaced(name: str, place: int) -> str:
    """The name of the same picture at another place."""
    return picture_name(place, name.partition("-")[2])
