"""A poster from the moment, or the picture, that the author chose."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from freehold.domain.errors import BadInput, TooLarge
from freehold.media.avatar import MAX_PIXELS, sniff_picture
from freehold.media.jail import Jail, JailLimits, ffmpeg_path
from freehold.media.limits import Limits
from freehold.media.outputs import MediaFile
from freehold.media.process import MediaFault, run

MAX_PICTURE_BYTES = 10 << 20
PICTURE_SIDE_PX = 1_920
"""The longer side of a picture that is kept, at most."""
PICTURE_LIMITS = JailLimits(memory_bytes=3 << 30, cpu_s=20, file_bytes=16 << 20, open_files=32)
_WALL_S = 60.0
_END_MARGIN_MS = 200


def cover_argv(ffmpeg: Path, rendition: Path, cover_ms: int, width_px: int, height_px: int, out: Path) -> list[str]:
    return [
        str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "error", "-y",
        "-protocol_whitelist", "file", "-format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2", "-f", "mov",
        "-ss", f"{cover_ms / 1000:.3f}", "-i", f"file:{rendition}",
        "-frames:v", "1", "-vf", f"scale={width_px}:{height_px}:flags=bicubic,setsar=1",
        "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "5", "-fflags", "+bitexact", "-flags:v", "+bitexact",
        "-f", "image2", "-update", "1", f"file:{out}",
    ]  # fmt: skip


async def make_cover(
    rendition: Path, cover_ms: int, poster: MediaFile, out_dir: Path, limits: Limits, jail: Jail
) -> MediaFile:
    """The frame at `cover_ms` of one of our own renditions, in the size of `poster`. Raises BackendError."""
    folder = out_dir.resolve() / "cover"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "poster.jpg"
    argv = cover_argv(ffmpeg_path(), rendition.resolve(), cover_ms, poster.width_px, poster.height_px, path)
    bounds = JailLimits(limits.encode_memory_bytes, 60, limits.max_output_bytes)
    ended = await run(jail.command(argv, [rendition.resolve()], [folder], bounds), _WALL_S)
    if ended.status != 0 or not path.exists():
        raise MediaFault(f"no cover was made (status {ended.status}): {ended.stderr[-500:]}")
    return replace(poster, path=path, size_bytes=path.stat().st_size)


def within(cover_ms: int, duration_ms: int) -> int:
    """The moment inside the clip that is nearest to the one asked for: behind the last frame there is none."""
    return max(0, min(cover_ms, duration_ms - _END_MARGIN_MS))


def picture_argv(ffmpeg: Path, source: Path, kind: tuple[str, str], out: Path) -> list[str]:
    """Turned upright, no side longer than `PICTURE_SIDE_PX`, on black, without metadata."""
    demuxer, decoder = kind
    side = PICTURE_SIDE_PX
    chain = f"format=rgba,premultiply=inplace=1,scale='min({side},iw)':'min({side},ih)'"
    chain += ":force_original_aspect_ratio=decrease:force_divisible_by=2:flags=lanczos,format=yuvj420p"
    return [
        os.fspath(ffmpeg), "-nostdin", "-hide_banner", "-nostats", "-y", "-loglevel", "error",
        "-protocol_whitelist", "file", "-format_whitelist", demuxer, "-codec_whitelist", decoder,
        "-max_pixels", str(MAX_PIXELS), "-threads", "1",
        "-f", demuxer, "-i", f"file:{source}", "-frames:v", "1", "-vf", chain, "-map_metadata", "-1",
        "-c:v", "mjpeg", "-q:v", "3", "-fflags", "+bitexact", "-flags:v", "+bitexact",
        "-f", "image2", "-update", "1", f"file:{out}",
    ]  # fmt: skip


async def kept_picture(jail: Jail, data: bytes) -> bytes:
    """A client's picture as JPEG of our own drawing: nothing of its file survives.

    Raises `TooLarge` (code `cover-large`), `WrongMedia` (code `cover-kind`), `BadInput` (code `cover-broken`).
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise TooLarge("cover-large", f"A picture may have at most {MAX_PICTURE_BYTES >> 20} MiB.")
    kind = sniff_picture(data, "cover-kind")
    with tempfile.TemporaryDirectory(prefix="freehold-cover-") as name:
        source, made = Path(name) / "source", Path(name) / "made"
        source.write_bytes(data)
        made.mkdir()
        out = made / "picture.jpg"
        argv = picture_argv(ffmpeg_path(), source, kind, out)
        ended = await run(jail.command(argv, [source], [made], PICTURE_LIMITS), _WALL_S)
        if ended.status != 0 or not out.exists() or not out.stat().st_size:
            raise BadInput("cover-broken", "This picture cannot be read: it is damaged, or larger than 40 megapixels.")
        return out.read_bytes()


def fit_argv(ffmpeg: Path, picture: Path, width_px: int, height_px: int, out: Path) -> list[str]:
    """Fills the size from the picture's middle."""
    size = f"{width_px}:{height_px}"
    chain = f"scale={size}:force_original_aspect_ratio=increase:flags=lanczos,crop={size},setsar=1,format=yuvj420p"
    return [
        str(ffmpeg), "-nostdin", "-hide_banner", "-loglevel", "error", "-y",
        "-protocol_whitelist", "file", "-format_whitelist", "jpeg_pipe", "-codec_whitelist", "mjpeg",
        "-f", "jpeg_pipe", "-i", f"file:{picture}", "-frames:v", "1", "-vf", chain,
        "-c:v", "mjpeg", "-q:v", "4", "-fflags", "+bitexact", "-flags:v", "+bitexact",
        "-f", "image2", "-update", "1", f"file:{out}",
    ]  # fmt: skip


async def fit_picture(picture: Path, poster: MediaFile, out_dir: Path, limits: Limits, jail: Jail) -> MediaFile:
    """A kept picture in the size of `poster`. Raises BackendError."""
    folder = out_dir.resolve() / "fitted"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "poster.jpg"
    argv = fit_argv(ffmpeg_path(), picture.resolve(), poster.width_px, poster.height_px, path)
    bounds = JailLimits(limits.encode_memory_bytes, 60, limits.max_output_bytes)
    ended = await run(jail.command(argv, [picture.resolve()], [folder], bounds), _WALL_S)
    if ended.status != 0 or not path.exists():
        raise MediaFault(f"no cover was made of a picture (status {ended.status}): {ended.stderr[-500:]}")
    return replace(poster, path=path, size_bytes=path.stat().st_size)
