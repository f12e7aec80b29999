"""Avatars: a client's picture, cut square and drawn anew inside the jail, so that nothing of its file survives."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from freehold.domain.errors import BadInput, TooLarge, WrongMedia
from freehold.media.jail import Jail, JailLimits, ffmpeg_path
from freehold.media.process import run

MAX_PICTURE_BYTES = 2 << 20
SIDE_PX = 256
MAX_PIXELS = 40_000_000
CONTENT_TYPE = "image/webp"
WALL_S = 20
LIMITS = JailLimits(memory_bytes=3 << 30, cpu_s=10, file_bytes=4 << 20, open_files=32)


def sniff_picture(data: bytes, code: str = "avatar-kind") -> tuple[str, str]:
    """The demuxer and the decoder for the bytes; `WrongMedia` (with this code) for any but PNG, JPEG, WebP."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png_pipe", "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg_pipe", "mjpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp_pipe", "webp"
    raise WrongMedia(code, "The picture is to be PNG, JPEG or WebP.")


def picture_argv(ffmpeg: Path, source: Path, kind: tuple[str, str], out: Path) -> list[str]:
    """Turned upright, cut square from the middle, 256 pixels a side; transparency stays, metadata does not."""
    demuxer, decoder = kind
    chain = f"crop='min(iw,ih)':'min(iw,ih)',scale={SIDE_PX}:{SIDE_PX}:flags=lanczos"
    return [
        os.fspath(ffmpeg), "-nostdin", "-hide_banner", "-nostats", "-y", "-loglevel", "error",
        "-protocol_whitelist", "file", "-format_whitelist", demuxer, "-codec_whitelist", decoder,
        "-max_pixels", str(MAX_PIXELS), "-threads", "1",
        "-f", demuxer, "-i", f"file:{source}", "-frames:v", "1", "-vf", chain, "-map_metadata", "-1",
        "-c:v", "libwebp", "-quality", "84", "-fflags", "+bitexact", "-f", "webp", f"file:{out}",
    ]  # fmt: skip


async def square_picture(jail: Jail, data: bytes) -> bytes:
    """The picture as WebP of 256 by 256 pixels.

    Raises `TooLarge` (code `avatar-large`), `WrongMedia` (code `avatar-kind`), `BadInput` (code `avatar-broken`).
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise TooLarge("avatar-large", f"A picture may have at most {MAX_PICTURE_BYTES >> 20} MiB.")
    kind = sniff_picture(data)
    with tempfile.TemporaryDirectory(prefix="freehold-avatar-") as name:
        return await _draw(jail, Path(name), data, kind)


async def _draw(jail: Jail, folder: Path, data: bytes, kind: tuple[str, str]) -> bytes:
    source, made = folder / "source", folder / "made"
    source.write_bytes(data)
    made.mkdir()
    out = made / "avatar.webp"
    command: Sequence[str] = jail.command(picture_argv(ffmpeg_path(), source, kind, out), [source], [made], LIMITS)
    ended = await run(command, WALL_S)
    if ended.status != 0 or not out.exists() or not out.stat().st_size:
        raise BadInput("avatar-broken", "This picture cannot be read: it is damaged, or larger than 40 megapixels.")
    return out.read_bytes()
