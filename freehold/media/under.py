"""The sound under a photo post: taken out of a rendition of the clip that it is heard in, as it is."""

import asyncio
import os
from pathlib import Path

from freehold.media.argv import own_input
from freehold.media.jail import Jail, JailLimits, ffmpeg_path
from freehold.media.limits import Limits
from freehold.media.outputs import MediaFile, plain_file
from freehold.media.process import MediaFault, run

WALL_S = 60.0


def sound_argv(ffmpeg: Path, rendition: Path, out: Path) -> list[str]:
    """What is heard in one of our own renditions, which has an even loudness already."""
    return [
        os.fspath(ffmpeg), "-nostdin", "-hide_banner", "-nostats", "-y", "-loglevel", "error", *own_input(rendition),
        "-map", "0:a:0", "-c:a", "copy", "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact",
        "-movflags", "+faststart", "-f", "ipod", f"file:{out}",
    ]  # fmt: skip


async def take_sound(rendition: Path, out_dir: Path, limits: Limits, jail: Jail) -> MediaFile:
    """The sound of a rendition as a file of its own. Raises BackendError."""
    folder = out_dir.resolve() / "under"
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    path = folder / "sound.m4a"
    bounds = JailLimits(limits.encode_memory_bytes, 60, limits.max_output_bytes)
    argv = sound_argv(ffmpeg_path(), rendition.resolve(), path)
    ended = await run(jail.command(argv, [rendition.resolve()], [folder], bounds), WALL_S)
    if ended.status != 0:
        raise MediaFault(f"no sound was taken (status {ended.status}): {ended.stderr[-500:]}")
    return plain_file(path, "sound", "audio/mp4")
