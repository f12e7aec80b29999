"""A poster from the moment that the author chose."""

from dataclasses import replace
from pathlib import Path

from freehold.media.jail import Jail, JailLimits, ffmpeg_path
from freehold.media.limits import Limits
from freehold.media.outputs import MediaFile
from freehold.media.process import MediaFault, run

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
