"""Cuts: one file from parts of several, with pictures over it, made in the jail to be looked into like any upload.

A part is cut by the times of its frames, so that what its author saw first and last is first and last. The first part
says the shape; a part of another fills it where little is lost, and else stands whole on a blurred copy of itself.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from freehold.domain.cut import Cut, Overlay, Part
from freehold.media.argv import AUDIO_RATE_HZ, CLEAN, TAGS, input_words, upright_chain
from freehold.media.jail import Jail, JailLimits, ffmpeg_path
from freehold.media.ladder import output_rate
from freehold.media.limits import Limits
from freehold.media.probe import Probe
from freehold.media.process import MediaFault, run
from freehold.media.refusals import MediaRefusal

SHORT_PX, LONG_PX = 1_080, 1_920
CROPPED_SHARE = Fraction(15, 100)
"""A part that loses no more than this of a side fills the shape."""
FADE_S = 0.005
"""At both ends of a part's sound, against clicks."""
AUDIO_BPS = 256_000
CRF = 17
BLUR_SHRINK = 8


@dataclass(frozen=True, slots=True)
class Source:
    """A part with its file."""

    part: Part
    path: Path
    probe: Probe


@dataclass(frozen=True, slots=True)
class Canvas:
    width_px: int
    height_px: int
    fps: str


def within(source: Source) -> Source:
    """The part cut off where its file ends; MediaRefusal `media-part-short` where nothing is left."""
    part, end_ms = source.part, max(source.probe.duration_ms, source.probe.video_duration_ms)
    if part.from_ms >= end_ms:
        raise MediaRefusal("media-part-short", f"{part.from_ms} of {end_ms} ms")
    return replace(source, part=replace(part, to_ms=min(part.to_ms, end_ms)))


def canvas_of(probes: Sequence[Probe]) -> Canvas:
    """The first part's shape, at most 1080 by 1920 either way round; the highest frame rate."""
    first = probes[0]
    short, long = sorted((first.width_px, first.height_px))
    scale = min(Fraction(1), Fraction(SHORT_PX, short), Fraction(LONG_PX, long))
    rate = max(output_rate(probe.rate, is_lowest=False) for probe in probes)
    return Canvas(_even(first.width_px * scale), _even(first.height_px * scale), str(rate))


def _even(side: Fraction) -> int:
    return max(2, int(side) // 2 * 2)


def cut_argv(
    ffmpeg: Path, sources: Sequence[Source], overlays: Sequence[tuple[Overlay, Path]], limits: Limits, out: Path
) -> list[str]:
    canvas = canvas_of([source.probe for source in sources])
    has_sound = any(source.probe.has_audio for source in sources)
    words = [os.fspath(ffmpeg), "-nostdin", "-hide_banner", "-nostats", "-y", "-progress", "pipe:1"]
    words += ["-loglevel", "error"]
    graph: list[str] = []
    joined = ""
    for n, source in enumerate(sources):
        words += input_words(source.path, source.probe, limits, video=True)
        graph += _picture(n, source, canvas)
        joined += f"[v{n}]"
        if has_sound:
            graph.append(_sound(n, source))
            joined += f"[a{n}]"
    for _, path in overlays:
        words += ["-protocol_whitelist", "file", "-format_whitelist", "png_pipe", "-codec_whitelist", "png"]
        words += ["-max_pixels", str(limits.max_pixels), "-f", "png_pipe", "-i", f"file:{path}"]
    graph.append(f"{joined}concat=n={len(sources)}:v=1:a={int(has_sound)}[w0]{'[sound]' if has_sound else ''}")
    graph += _over(len(sources), [overlay for overlay, _ in overlays], canvas)
    graph.append(f"[w{len(overlays)}]format=yuv420p,{TAGS}[picture]")
    sound = ["-map", "[sound]", "-c:a", "aac", "-b:a", str(AUDIO_BPS), "-flags:a", "+bitexact"] if has_sound else []
    return [
        *words, "-filter_complex", ";".join(graph), "-map", "[picture]",
        "-c:v", "libx264", "-profile:v", "high", "-preset", "veryfast", "-crf", str(CRF), "-threads",
        str(limits.threads), *sound, *CLEAN,
        "-movflags", "+faststart", "-fs", str(limits.max_output_bytes), "-f", "mp4", f"file:{out}",
    ]  # fmt: skip


def _picture(n: int, source: Source, canvas: Canvas) -> list[str]:
    """From the part's frames to `[v<n>]`, as long as the part and of the canvas's size."""
    part, probe, width_px, height_px = source.part, source.probe, canvas.width_px, canvas.height_px
    start, end, length = (f"{ms / 1000:.3f}" for ms in (part.from_ms, part.to_ms, part.duration_ms))
    steady = f"[{n}:{probe.video_index}]trim=start={start}:end={end},setpts=PTS-STARTPTS,fps={canvas.fps}:start_time=0"
    exact = f"setsar=1,format=yuv420p,tpad=stop_mode=clone:stop_duration={length},trim=duration={length}"
    exact += f",setpts=PTS-STARTPTS[v{n}]"
    wide, tall = Fraction(width_px, probe.width_px), Fraction(height_px, probe.height_px)
    if 1 - min(wide, tall) / max(wide, tall) <= CROPPED_SHARE:
        filled = max(wide, tall)
        size = (max(width_px, _up(probe.width_px * filled)), max(height_px, _up(probe.height_px * filled)))
        return [f"{steady},{upright_chain(probe, *size)},crop={width_px}:{height_px},{exact}"]
    fitted = min(wide, tall)
    size = (_even(probe.width_px * fitted), _even(probe.height_px * fitted))
    small = f"{_even(Fraction(width_px, BLUR_SHRINK))}:{_even(Fraction(height_px, BLUR_SHRINK))}"
    return [
        f"{steady},{upright_chain(probe, *size)},split[f{n}][g{n}]",
        f"[g{n}]scale={small}:force_original_aspect_ratio=increase,crop={small},gblur=sigma=5,"
        f"scale={width_px}:{height_px}:flags=bicubic[h{n}]",
        f"[h{n}][f{n}]overlay=(W-w)/2:(H-h)/2,{exact}",
    ]


def _up(side: Fraction) -> int:
    """The next even number."""
    return -(-int(-(-side // 1)) // 2) * 2


def _sound(n: int, source: Source) -> str:
    """The part's sound as `[a<n>]`, exactly as long as the part; silence where it has none."""
    part, probe = source.part, source.probe
    length_s = part.duration_ms / 1000
    if not probe.has_audio:
        return f"anullsrc=r={AUDIO_RATE_HZ}:cl=stereo,atrim=duration={length_s:.3f}[a{n}]"
    start, end = part.from_ms / 1000, part.to_ms / 1000
    return (
        f"[{n}:{probe.audio_index}]aresample={AUDIO_RATE_HZ}:ochl=stereo:async=1000:first_pts=0,"
        f"atrim=start={start:.3f}:end={end:.3f},asetpts=PTS-STARTPTS,apad,atrim=duration={length_s:.3f},"
        f"afade=t=in:d={FADE_S},afade=t=out:st={max(0.0, length_s - FADE_S):.3f}:d={FADE_S}[a{n}]"
    )


def _over(first: int, overlays: Sequence[Overlay], canvas: Canvas) -> list[str]:
    """Each picture over what is below it; the inputs of the pictures begin at `first`."""
    graph = []
    for n, overlay in enumerate(overlays):
        width_px = max(2, canvas.width_px * overlay.width_permille // 1000)
        x_px, y_px = (
            canvas.width_px * overlay.x_permille // 1000,
            canvas.height_px * overlay.y_permille // 1000,
        )
        when = f"gte(t,{overlay.from_ms / 1000:.3f})*lt(t,{overlay.to_ms / 1000:.3f})"
        graph.append(f"[{first + n}:v]format=rgba,scale={width_px}:-1:flags=bicubic[t{n}]")
        graph.append(f"[w{n}][t{n}]overlay={x_px}:{y_px}:enable='{when}'[w{n + 1}]")
    return graph


async def make_cut(
    cut: Cut,
    sources: Sequence[Source],
    folder: Path,
    limits: Limits,
    jail: Jail,
    report: Callable[[float], None],
) -> Path:
    """The whole, of parts that lie within their files, as one file in `folder`. Raises MediaRefusal or BackendError."""
    made = folder.resolve() / "cut"
    await asyncio.to_thread(made.mkdir, parents=True, exist_ok=True)
    pictures = [(one, made.parent / f"overlay{n}.png") for n, one in enumerate(cut.overlays)]
    for overlay, path in pictures:
        await asyncio.to_thread(path.write_bytes, overlay.picture)
    out = made / "cut.mp4"

    def on_line(line: str) -> None:
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.isdigit():
            report(min(1.0, int(value) / 1000 / cut.duration_ms))

    readable = [*(source.path.resolve() for source in sources), *(path for _, path in pictures)]
    bounds = JailLimits(limits.encode_memory_bytes, limits.encode_cpu_s, limits.max_output_bytes)
    argv = cut_argv(ffmpeg_path(), sources, pictures, limits, out)
    ended = await run(jail.command(argv, readable, [made], bounds), limits.encode_wall_s, on_line)
    if ended.was_killed:
        raise MediaFault(f"the cut was killed (status {ended.status}): {ended.stderr[-800:]}")
    if ended.status != 0 or not out.exists() or not out.stat().st_size:
        raise MediaRefusal("media-cut", ended.stderr[-800:])
    return out
