"""A clip made with another, as one file in the jail, to be looked into like any upload.

One's own picture is as it was uploaded; the other's is a rendition of ours: upright, of a steady rate and an even
loudness. It lasts as long as one's own, with a stitch before it; a picture that ends earlier stays. Nothing is cut off
and nothing is black: a duet is as large as its two pictures side by side, and a stitch stands on a blurred copy.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from freehold.domain.making import Layout, Making, MakingKind
from freehold.media.argv import AUDIO_RATE_HZ, CLEAN, TAGS, gain_db, input_words, own_input, upright_chain
from freehold.media.encode import Report, measure
from freehold.media.jail import Jail, JailLimits, ffmpeg_path
from freehold.media.ladder import output_rate
from freehold.media.limits import Limits
from freehold.media.probe import Probe
from freehold.media.process import MediaFault, run
from freehold.media.refusals import MediaRefusal

SHORT_PX, LONG_PX = 1_080, 1_920
CORNER_SHARE = Fraction(36, 100)
"""Of the width and of the height that a reaction may fill."""
MARGIN_SHARE = Fraction(3, 100)
BLUR_SHRINK = 8
HEADROOM_DB = -3.0
"""For two sounds at once; the whole is brought to an even loudness later."""
FADE_S = 0.005
"""At both ends of a sound, against clicks."""
AUDIO_BPS = 256_000
CRF = 17


@dataclass(frozen=True, slots=True)
class Other:
    """The rendition of the clip that another is made with."""

    path: Path
    width_px: int
    height_px: int
    fps: Fraction
    duration_ms: int
    has_audio: bool


@dataclass(frozen=True, slots=True)
class Places:
    """Sizes of both pictures and of the whole; where one's own stands in it, and the other's."""

    width_px: int
    height_px: int
    own_size: tuple[int, int]
    other_size: tuple[int, int]
    own_at: tuple[int, int] = (0, 0)
    other_at: tuple[int, int] = (0, 0)


def places_of(making: Making, own: tuple[int, int], other: tuple[int, int]) -> Places:
    """For pictures of these sizes (width, height), upright."""
    if making.kind is not MakingKind.DUET:
        size = bounded(own)
        return Places(*size, size, fitted(other, size))
    if making.layout is Layout.BESIDE:
        height_px, own_px, other_px = _together(Fraction(*own), Fraction(*other), max(own[1], other[1]))
        sizes = ((own_px, height_px), (other_px, height_px))
        return Places(own_px + other_px, height_px, *sizes, other_at=(own_px, 0))
    if making.layout is Layout.STACKED:
        width_px, own_px, other_px = _together(1 / Fraction(*own), 1 / Fraction(*other), max(own[0], other[0]))
        sizes = ((width_px, own_px), (width_px, other_px))
        return Places(width_px, own_px + other_px, *sizes, other_at=(0, own_px))
    size = bounded(other)
    corner = fitted(own, (_even(size[0] * CORNER_SHARE), _even(size[1] * CORNER_SHARE)))
    margin_px = _even(min(size) * MARGIN_SHARE)
    return Places(*size, corner, size, own_at=(margin_px, margin_px))


def _together(own: Fraction, other: Fraction, largest_px: int) -> tuple[int, int, int]:
    """The side that both share, and the two that add up, of pictures that are so many times as long as that side: at
    most LONG_PX whole."""
    shared_px = _even(min(Fraction(largest_px), Fraction(LONG_PX), LONG_PX / (own + other)))
    return shared_px, _even(own * shared_px), _even(other * shared_px)


def bounded(size: tuple[int, int]) -> tuple[int, int]:
    """At most 1080 by 1920, either way round."""
    short, long = sorted(size)
    scale = min(Fraction(1), Fraction(SHORT_PX, short), Fraction(LONG_PX, long))
    return _even(size[0] * scale), _even(size[1] * scale)


def fitted(size: tuple[int, int], within: tuple[int, int]) -> tuple[int, int]:
    """As large as it can be there, whole."""
    scale = min(Fraction(within[0], size[0]), Fraction(within[1], size[1]))
    return _even(size[0] * scale), _even(size[1] * scale)


def _even(side: Fraction | int) -> int:
    return max(2, round(side / 2) * 2)


def making_argv(
    ffmpeg: Path, making: Making, own: Path, probe: Probe, other: Other, own_gain_db: float, limits: Limits, out: Path
) -> list[str]:
    places = places_of(making, (probe.width_px, probe.height_px), (other.width_px, other.height_px))
    rate = max(output_rate(probe.rate, is_lowest=False), other.fps if making.shows_source else Fraction(1))
    graph = _pictures(making, probe, places, str(min(Fraction(60), rate)))
    sounds = _sounds(making, probe, other, own_gain_db)
    aac = ["-map", "[sound]", "-c:a", "aac", "-b:a", str(AUDIO_BPS), "-flags:a", "+bitexact"] if sounds else []
    return [
        os.fspath(ffmpeg), "-nostdin", "-hide_banner", "-nostats", "-y", "-progress", "pipe:1", "-loglevel", "error",
        *input_words(own, probe, limits, video=True), *own_input(other.path),
        "-filter_complex", ";".join([*graph, *sounds]), "-map", "[picture]",
        "-c:v", "libx264", "-profile:v", "high", "-preset", "veryfast", "-crf", str(CRF), "-threads",
        str(limits.threads), *aac, *CLEAN,
        "-movflags", "+faststart", "-fs", str(limits.max_output_bytes), "-f", "mp4", f"file:{out}",
    ]  # fmt: skip


def _pictures(making: Making, probe: Probe, places: Places, fps: str) -> list[str]:
    own_s = probe.duration_ms / 1000
    own = f"[0:{probe.video_index}]fps={fps}:start_time=0,{upright_chain(probe, *places.own_size)},{_lasting(own_s)}"
    if making.kind is MakingKind.SOUND:
        return [f"{own},{TAGS}[picture]"]
    width_px, height_px = places.other_size
    rate = f"[1:v:0]fps={fps}:start_time=0"
    scaled = f"scale={width_px}:{height_px}:flags=bicubic,setsar=1,format=yuv420p"
    if making.kind is MakingKind.STITCH:
        return [f"{own}[v0]", *_stitched(making, places, f"{rate},{_lasting(making.length_ms / 1000)},{scaled}"),
                f"[v1][v0]concat=n=2:v=1:a=0,{TAGS}[picture]"]  # fmt: skip
    graph = [f"{own}[v0]", f"{rate},{scaled},{_lasting(own_s)}[v1]"]
    if making.layout is Layout.CORNER:
        x_px, y_px = places.own_at
        return [*graph, f"[v1][v0]overlay={x_px}:{y_px},format=yuv420p,{TAGS}[picture]"]
    return [*graph, f"[v0][v1]{'hstack' if making.layout is Layout.BESIDE else 'vstack'}=inputs=2,{TAGS}[picture]"]


def _stitched(making: Making, places: Places, chain: str) -> list[str]:
    """The other's beginning, whole, as `[v1]` of the size of one's own."""
    if places.other_size == places.own_size:
        return [f"{chain}[v1]"]
    width_px, height_px = places.own_size
    small = f"{_even(Fraction(width_px, BLUR_SHRINK))}:{_even(Fraction(height_px, BLUR_SHRINK))}"
    return [
        f"{chain},split[f][g]",
        f"[g]scale={small}:force_original_aspect_ratio=increase,crop={small},gblur=sigma=5,"
        f"scale={width_px}:{height_px}:flags=bicubic,setsar=1[h]",
        "[h][f]overlay=(W-w)/2:(H-h)/2,format=yuv420p[v1]",
    ]


def _lasting(seconds: float) -> str:
    """Exactly so long: cut off, or with its last picture for the rest."""
    return f"tpad=stop_mode=clone:stop_duration={seconds:.3f},trim=duration={seconds:.3f},setpts=PTS-STARTPTS"


def _sounds(making: Making, probe: Probe, other: Other, own_gain_db: float) -> list[str]:
    """One's own and the other's as `[sound]`; nothing where neither has any."""
    own_s, is_stitch = probe.duration_ms / 1000, making.kind is MakingKind.STITCH
    other_s = making.length_ms / 1000 if is_stitch else own_s
    if not probe.has_audio and not other.has_audio:
        return []
    own = f"[0:{probe.audio_index}]" if probe.has_audio else ""
    level = 0.0 if is_stitch else HEADROOM_DB
    graph = [
        f"{_sound(own, own_gain_db + level, making.own_percent, own_s)}[a0]",
        f"{_sound('[1:a:0]' if other.has_audio else '', level, making.source_percent, other_s)}[a1]",
    ]
    joined = "[a1][a0]concat=n=2:v=0:a=1" if is_stitch else "[a0][a1]amix=inputs=2:normalize=0"
    return [*graph, f"{joined},alimiter=limit=-1dB:level=0[sound]"]


def _sound(label: str, level_db: float, percent: int, seconds: float) -> str:
    if not label:
        return f"anullsrc=r={AUDIO_RATE_HZ}:cl=stereo,atrim=duration={seconds:.3f}"
    return (
        f"{label}aresample={AUDIO_RATE_HZ}:ochl=stereo:async=1000:first_pts=0,volume={level_db:.2f}dB,"
        f"volume={percent / 100:.2f},apad,atrim=duration={seconds:.3f},"
        f"afade=t=in:d={FADE_S},afade=t=out:st={max(0.0, seconds - FADE_S):.3f}:d={FADE_S}"
    )


async def make_with(
    making: Making, own: Path, probe: Probe, other: Other, folder: Path, limits: Limits, jail: Jail, report: Report
) -> Path:
    """The whole as one file in `folder`. Raises MediaRefusal or BackendError."""
    made = folder.resolve() / "made"
    await asyncio.to_thread(made.mkdir, parents=True, exist_ok=True)
    out, own = made / "made.mp4", own.resolve()
    loudness_lufs, _, _ = await measure(own, probe, made, limits, jail)
    argv = making_argv(ffmpeg_path(), making, own, probe, other, gain_db(loudness_lufs), limits, out)
    bounds = JailLimits(limits.encode_memory_bytes, limits.encode_cpu_s, limits.max_output_bytes)
    command = jail.command(argv, [own, other.path.resolve()], [made], bounds)
    ended = await run(command, limits.encode_wall_s, _on_line(report, probe.duration_ms))
    if ended.was_killed:
        raise MediaFault(f"the making was killed (status {ended.status}): {ended.stderr[-800:]}")
    if ended.status != 0 or not out.exists() or not out.stat().st_size:
        raise MediaRefusal("media-making", ended.stderr[-800:])
    return out


def _on_line(report: Report, duration_ms: int) -> Callable[[str], None]:
    def on_line(line: str) -> None:
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.isdigit():
            report(min(1.0, int(value) / 1000 / max(1, duration_ms)))

    return on_line
