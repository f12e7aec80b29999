"""From an accepted upload to renditions: the lowest first, then the others in one pass.

Both functions fill a folder of their own inside `out_dir` and remove it when they fail or are cancelled.
"""

import asyncio
import errno
import os
import re
import shutil
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from freehold.domain.errors import NoRoom
from freehold.media.argv import (
    HASH_SIDE_PX,
    first_argv,
    gain_db,
    hls_argv,
    measure_argv,
    poster_size,
    rest_argv,
    strip_of,
)
from freehold.media.fingerprint import perceptual_hash
from freehold.media.jail import Jail, JailLimits, ffmpeg_path
from freehold.media.ladder import RenditionSpec, ladder
from freehold.media.limits import Limits
from freehold.media.outputs import FirstOutput, MediaFile, RestOutput, check_rendition, plain_file
from freehold.media.probe import Probe
from freehold.media.process import Ended, MediaFault, run
from freehold.media.refusals import MediaRefusal
from freehold.media.sound_print import Prints, read_prints
from freehold.media.waveform import waveform

Report = Callable[[float], None]

HLS_FROM_MS = 60_000

_LOUDNESS = re.compile(r"^\s+I:\s+(-?[\d.]+|-inf|nan) LUFS", re.MULTILINE)
_PROGRESS = re.compile(r"out_time_us=(\d+)")
_MEASURE_SHARE = 0.05


async def encode_first(
    source: Path, probe: Probe, out_dir: Path, limits: Limits, jail: Jail, report: Report
) -> FirstOutput:
    """The lowest rendition with its sound, and everything that is drawn from its frames. `report` is called with
    0 to 1. Raises MediaRefusal or BackendError."""
    spec = ladder(probe)[0]
    source = source.resolve()
    async with _own_folder(out_dir, "first") as out:
        loudness_lufs, wave, prints = await measure(source, probe, out, limits, jail)
        report(_MEASURE_SHARE)
        argv = first_argv(ffmpeg_path(), source, probe, spec, gain_db(loudness_lufs), limits, out)
        await _encode(argv, [source], out, probe, limits, jail, _scaled(report, _MEASURE_SHARE, 1.0))
        rendition = check_rendition(out / f"{spec.name}.mp4", spec, probe)
        strip = strip_of(probe)
        output = FirstOutput(
            rendition=rendition,
            poster=plain_file(out / "poster.jpg", "poster", "image/jpeg", *poster_size(probe)),
            strip=plain_file(
                out / "strip.jpg",
                "strip",
                "image/jpeg",
                strip.columns * strip.tile_width_px,
                strip.rows * strip.tile_height_px,
            ),
            strip_layout=strip,
            tint=_tint(out / "tint.rgb"),
            perceptual_hash=_hash(out / "hash.gray"),
            waveform=wave,
            sound_prints=prints,
            loudness_lufs=loudness_lufs,
            duration_ms=rendition.duration_ms,
        )
        for scrap in ("tint.rgb", "hash.gray"):
            (out / scrap).unlink()
        return output


async def encode_rest(
    source: Path, probe: Probe, out_dir: Path, limits: Limits, jail: Jail, report: Report, *, lowest: Path
) -> RestOutput:
    """The renditions above `lowest` (the file that `encode_first` made, wherever it lies now), and CMAF HLS for a
    clip over a minute. Raises MediaRefusal or BackendError."""
    lowest_spec, *specs = ladder(probe)
    source, lowest = source.resolve(), lowest.resolve()
    async with _own_folder(out_dir, "rest") as out:
        made: tuple[MediaFile, ...] = ()
        if specs:
            argv = rest_argv(ffmpeg_path(), source, lowest, probe, specs, limits, out)
            await _encode(argv, [source, lowest], out, probe, limits, jail, report)
            made = tuple(check_rendition(out / f"{spec.name}.mp4", spec, probe) for spec in specs)
        hls: tuple[MediaFile, ...] = ()
        if probe.duration_ms > HLS_FROM_MS:
            hls = await _package(lowest, lowest_spec, made, probe, out, limits, jail)
        report(1.0)
        return RestOutput(made, hls)


async def _package(
    lowest: Path,
    lowest_spec: RenditionSpec,
    higher: Sequence[MediaFile],
    probe: Probe,
    out: Path,
    limits: Limits,
    jail: Jail,
) -> tuple[MediaFile, ...]:
    folder = out / "hls"
    folder.mkdir()
    paths = [lowest, *(file.path for file in higher)]
    argv = hls_argv(ffmpeg_path(), paths, probe.has_audio, folder)
    await _encode(argv, paths, folder, probe, limits, jail, lambda _: None)
    files = [plain_file(folder / "master.m3u8", "hls-master", "application/vnd.apple.mpegurl")]
    names = [f"v{n}" for n in range(len(paths))] + (["sound"] if probe.has_audio else [])
    sizes = [(lowest_spec.width_px, lowest_spec.height_px), *((file.width_px, file.height_px) for file in higher)]
    sizes.append((0, 0))
    for name, size in zip(names, sizes, strict=False):
        files.append(plain_file(folder / f"{name}.m3u8", "hls-playlist", "application/vnd.apple.mpegurl", *size))
        media_type = "audio/mp4" if name == "sound" else "video/mp4"
        files.append(plain_file(folder / f"{name}.m4s", "hls-media", media_type, *size))
    return tuple(files)


async def measure(
    source: Path, probe: Probe, out: Path, limits: Limits, jail: Jail
) -> tuple[float | None, tuple[int, ...], Prints]:
    """(integrated loudness in LUFS or None, waveform, prints) of the chosen sound."""
    if not probe.has_audio:
        return None, (), read_prints(b"")
    wave, marks = out / "wave.s16", out / "prints.u32"
    argv = measure_argv(ffmpeg_path(), source, probe, limits, wave, marks)
    ended = await _encode(argv, [source], out, probe, limits, jail, lambda _: None)
    found = _LOUDNESS.findall(ended.stderr)
    shape = waveform(wave.read_bytes())
    # Of a sound that is too short there are none, and no file.
    prints = read_prints(marks.read_bytes() if marks.exists() else b"")
    wave.unlink()
    marks.unlink(missing_ok=True)
    if not found or found[-1] in ("-inf", "nan"):
        return None, shape, prints
    return float(found[-1]), shape, prints


async def _encode(
    argv: Sequence[str],
    readable: Sequence[Path],
    out: Path,
    probe: Probe,
    limits: Limits,
    jail: Jail,
    report: Report,
) -> Ended:
    def on_line(line: str) -> None:
        if found := _PROGRESS.match(line):
            report(min(1.0, int(found[1]) / 1000 / max(1, probe.duration_ms)))

    jail_limits = JailLimits(limits.encode_memory_bytes, limits.encode_cpu_s, limits.max_output_bytes)
    command = jail.command(argv, readable, [out], jail_limits)
    ended = await run(command, limits.encode_wall_s, on_line)
    # The disk's fault, not the clip's: refusing would be for good.
    if ended.status != 0 and os.strerror(errno.ENOSPC) in ended.stderr:
        raise NoRoom("disk-full", "The server's disk is full. The clip waits until there is room.")
    if ended.was_killed:
        raise MediaFault(f"ffmpeg was killed (status {ended.status}): {ended.stderr[-800:]}")
    if ended.status != 0:
        raise MediaRefusal("media-broken", ended.stderr[-800:])
    return ended


@asynccontextmanager
async def _own_folder(out_dir: Path, name: str) -> AsyncIterator[Path]:
    folder = out_dir.resolve() / name
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _scaled(report: Report, start: float, end: float) -> Report:
    return lambda share: report(start + (end - start) * share)


def _tint(path: Path) -> str:
    red, green, blue = struct.unpack("BBB", path.read_bytes()[:3].ljust(3, b"\0"))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _hash(path: Path) -> str:
    raw, frame_bytes = path.read_bytes(), HASH_SIDE_PX * HASH_SIDE_PX
    frames = [raw[at : at + frame_bytes] for at in range(0, len(raw) - frame_bytes + 1, frame_bytes)]
    if not frames:
        raise MediaFault("no frames were made for the perceptual hash")
    return perceptual_hash(frames, HASH_SIDE_PX)
