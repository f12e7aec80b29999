"""A duet and a stitch of each pair of ten real files, and all there are of ten generated ones that flash and beep.

    python bench/duets.py [--media ../shared/media/valid] [--marked] [--real]

Of each pair one is uploaded, and the other is what the ladder made of it. Real files: whether both pictures stand in
the duet and in the stitch as they stand alone (by the correlation of their frames, which a turn or a mirror breaks),
and whether an edge is black that is not black alone. Generated ones: how far each flash and beep is from its place.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from _load import machine
from numpy.typing import NDArray

from freehold.domain.ids import ClipId
from freehold.domain.making import Layout, Making, MakingKind
from freehold.media.encode import encode_first, encode_rest
from freehold.media.jail import Jail, ffmpeg_path, open_jail
from freehold.media.ladder import output_rate
from freehold.media.limits import Limits
from freehold.media.making import Other, Places, make_with, places_of
from freehold.media.probe import Probe, probe

Picture = NDArray[np.float64]
REAL = (
    "androidx__portrait_4k60.mp4", "androidx__hdr10-av1.mp4", "androidx__hlg10-color-test.mp4",
    "mediabunny__rotate-buck-bunny.mp4", "mediabunny__cursed-vfr.mp4", "androidx__sample_rotate_and_reflect.mp4",
    "androidx__bbb_642x642_768kbps_30fps_vp9.webm", "gradio__muted_b.mp4", "androidx__bear-vp9-odd-dimensions.webm",
    "mediabunny__edts.mp4",
)  # fmt: skip
STITCH_MS = 1_000
ALIKE = 0.8
"""A picture that is turned or mirrored is under it; one that is a frame late may be a little over it."""
BLACK, LIT = 22, 34
"""A line of the picture whose brightest pixel is under the one is black; one whose mean is over the other is not."""
FLASH_S = {"own": 1.0, "other": 1.5}
BEEP_HZ = {"own": 1_000, "other": 2_500}
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
PQ = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le",
      "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")  # fmt: skip
SHAPES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "landscape": ("640x360", "30", H264),
    "portrait": ("360x640", "30", H264),
    "square, 60 a second": ("480x480", "60", H264),
    "wide, 24 a second": ("840x360", "24", H264),
    "turned": ("640x360", "30", H264),
    "HDR": ("360x640", "30", PQ),
    "VP9 and Opus": ("640x360", "25", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")),
    "varying rate": ("360x640", "30", (*H264, "-fps_mode", "vfr")),
    "no sound": ("640x360", "30", H264),
    "odd": ("322x438", "30000/1001", H264),
}


@dataclass
class Ready:
    """A file, and what the ladder made of it."""

    path: Path
    probe: Probe
    other: Other


def ffmpeg(*words: str | Path) -> bytes:
    done = subprocess.run([str(ffmpeg_path()), "-v", "error", "-y", *map(str, words)], capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-600:])
    return done.stdout


def marked(folder: Path, name: str, who: str) -> Path:
    """Three seconds, white and beeping for 0.4 s from the time that is its own."""
    size, rate, codec = SHAPES[name]
    at_s, path = FLASH_S[who], folder / f"{who}-{name}.{'webm' if 'VP9' in name else 'mp4'}"
    picture = f"color=0x404040:s={size}:r={rate}:d=3,drawbox=c=white:t=fill:enable='gte(t,{at_s})*lt(t,{at_s + 0.4})'"
    if name == "varying rate":
        picture += ",select='lt(mod(n,7),3)+between(n,20,60)'"
    tone = f"aevalsrc='0.5*sin(2*PI*{BEEP_HZ[who]}*t)*gte(t,{at_s})*lt(t,{at_s + 0.4})':s=48000:d=3"
    sound = () if name == "no sound" else ("-f", "lavfi", "-i", tone)
    ffmpeg("-f", "lavfi", "-i", picture, *sound, *codec, path)
    if name == "turned":
        turned = path.with_name(f"turned-{path.name}")
        ffmpeg("-display_rotation:v:0", "90", "-i", path, "-c", "copy", turned)
        return turned
    return path


async def ready(path: Path, folder: Path, limits: Limits, jail: Jail) -> Ready:
    found = await probe(path, limits, jail)
    out = folder / f"ladder-{path.stem}"
    out.mkdir()
    first = await encode_first(path, found, out, limits, jail, lambda _: None)
    rest = await encode_rest(path, found, out, limits, jail, lambda _: None, lowest=first.rendition.path)
    top = rest.renditions[-1] if rest.renditions else first.rendition
    rate = output_rate(found.rate, is_lowest=not rest.renditions)
    other = Other(top.path, top.width_px, top.height_px, rate, first.duration_ms, found.has_audio)
    return Ready(path, found, other)


def makings() -> Iterator[Making]:
    for kind, layout in (*((MakingKind.DUET, layout) for layout in Layout), (MakingKind.STITCH, Layout.BESIDE)):
        yield Making(kind, ClipId(0), layout, STITCH_MS, 100, 100)


def some(pair: int, other: Ready) -> tuple[Making, Making]:
    """A duet, in another layout for each pair, and a stitch."""
    *duets, stitch = makings()
    return duets[pair % 3], replace(stitch, length_ms=min(STITCH_MS, other.other.duration_ms))


def frame(path: Path, at_s: float, size: tuple[int, int]) -> Picture:
    words = ("-ss", f"{at_s:.3f}", "-i", path, "-frames:v", "1", "-vf", f"scale={size[0]}:{size[1]},format=gray")
    return np.frombuffer(ffmpeg(*words, "-f", "rawvideo", "-"), np.uint8).reshape(size[1], size[0]).astype(float)


def alike(one: Picture, other: Picture) -> float:
    """Correlation, over 60 to 120 pixels each way; 1 for two of one colour. The best of those where one is moved by a
    pixel, as a picture of thin lines is no longer like itself half a pixel beside."""
    shifted = (np.roll(one, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1))
    return max(_correlation(each, other) for each in shifted)


def _correlation(one: Picture, other: Picture) -> float:
    a, b = (picture[:: max(1, picture.shape[0] // 60), :: max(1, picture.shape[1] // 60)] for picture in (one, other))
    if a.std() < 3 and b.std() < 3:
        return 1.0
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def black_edges(picture: Picture, alone: Picture) -> int:
    """Edges that are black here and not there."""
    lines = zip(_edges(picture), _edges(alone), strict=True)
    return sum(here.max() < BLACK and there.mean() > LIT for here, there in lines)


def _edges(picture: Picture) -> tuple[Picture, ...]:
    return picture[0], picture[-1], picture[:, 0], picture[:, -1]


def looked_at(making: Making, places: Places, made: Path, own: Ready, other: Ready) -> tuple[float, int]:
    """How alike each picture is to what it is alone (the less of both), and how many edges are black."""
    at_s = min(0.4, own.probe.duration_ms / 2_000, other.other.duration_ms / 2_000)
    stitch_s = making.length_ms / 1_000
    size, is_stitch = (places.width_px, places.height_px), making.kind is MakingKind.STITCH
    own_alone, other_alone = (
        frame(own.other.path, at_s, places.own_size),
        frame(other.other.path, at_s, places.other_size),
    )
    whole = frame(made, at_s, size)
    if is_stitch:
        mine, theirs = frame(made, stitch_s + at_s, size), _middle(whole, places.other_size)
        return min(alike(mine, own_alone), alike(theirs, other_alone)), black_edges(mine, own_alone)
    theirs = _part(whole, places.other_at, places.other_size)
    mine = _part(whole, places.own_at, places.own_size)
    edges = black_edges(mine, own_alone)
    if making.layout is Layout.CORNER:
        theirs, other_alone = (picture[picture.shape[0] // 2 :] for picture in (theirs, other_alone))
    return min(alike(mine, own_alone), alike(theirs, other_alone)), edges + black_edges(theirs, other_alone)


def _part(whole: Picture, at: tuple[int, int], size: tuple[int, int]) -> Picture:
    return whole[at[1] : at[1] + size[1], at[0] : at[0] + size[0]]


def _middle(whole: Picture, size: tuple[int, int]) -> Picture:
    return _part(whole, ((whole.shape[1] - size[0]) // 2, (whole.shape[0] - size[1]) // 2), size)


def off_ms(making: Making, places: Places, made: Path, own: Ready, other: Ready) -> float:
    """How far the flash or beep that is furthest from its place is."""
    if making.kind is MakingKind.STITCH:
        wanted = {"own": FLASH_S["own"] + STITCH_MS / 1_000}
        spots = {"own": (0.5, 0.5)}
    else:
        wanted = dict(FLASH_S)
        spots = {
            "own": _spot(places, places.own_at, places.own_size),
            "other": _spot(places, places.other_at, places.other_size),
        }
    if making.kind is MakingKind.DUET and making.layout is Layout.CORNER:
        spots["other"] = (0.95, 0.95)
    found = [abs(flash_s(made, *spots[who]) - at_s) for who, at_s in wanted.items()]
    audible = {"own": own.probe.has_audio, "other": other.other.has_audio}
    found += [abs(beep_s(made, BEEP_HZ[who]) - at_s) for who, at_s in wanted.items() if audible[who]]
    return 1_000 * max(found)


def _spot(places: Places, at: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    return (at[0] + size[0] / 2) / places.width_px, (at[1] + size[1] / 2) / places.height_px


def flash_s(path: Path, x: float, y: float) -> float:
    crop = f"fps=120,crop=8:8:(iw-8)*{x}:(ih-8)*{y},scale=1:1,format=gray"
    bright = np.frombuffer(ffmpeg("-i", path, "-an", "-vf", crop, "-f", "rawvideo", "-"), np.uint8)
    return float(np.argmax(bright > 150)) / 120 if bright.max() > 150 else float("inf")


def beep_s(path: Path, hertz: int) -> float:
    wave = np.frombuffer(ffmpeg("-i", path, "-vn", "-ac", "1", "-ar", "16000", "-f", "s16le", "-"), "<i2").astype(float)
    turns = np.exp(-2j * np.pi * hertz * np.arange(len(wave)) / 16_000)
    loud = np.abs(np.convolve(wave * turns, np.ones(80) / 80, "same")) > 400
    return float(np.argmax(loud)) / 16_000 if loud.any() else float("inf")


async def of_real(media: Path, folder: Path, limits: Limits, jail: Jail) -> dict[str, object]:
    files = [await ready(media / name, folder, limits, jail) for name in REAL]
    likenesses, edges, wrong, took_s = list[float](), 0, list[str](), 0.0
    for own in files:
        for other in files:
            for making in some(len(likenesses) // 2, other):
                began = time.perf_counter()
                likeness, black = await _look(making, own, other, folder, limits, jail)
                took_s += time.perf_counter() - began
                likenesses.append(likeness)
                edges += int(black)
                if likeness < ALIKE or black:
                    wrong.append(
                        f"{making.kind} {making.layout}: {own.path.stem} and {other.path.stem}: {likeness:.2f}, {black}"
                    )
            pair = f"{own.path.stem} and {other.path.stem}"
            print(pair, round(min(likenesses[-2:]), 3), f"{edges} black so far", file=sys.stderr, flush=True)
    return {"made": len(likenesses), "least_likeness": round(min(likenesses), 3), "black_edges": edges, "wrong": wrong,
            "s_each": round(took_s / len(likenesses), 1)}  # fmt: skip


async def _look(
    making: Making, own: Ready, other: Ready, folder: Path, limits: Limits, jail: Jail
) -> tuple[float, int]:
    made, places = await _make(making, own, other, folder, limits, jail)
    return looked_at(making, places, made, own, other)


async def _make(
    making: Making, own: Ready, other: Ready, folder: Path, limits: Limits, jail: Jail
) -> tuple[Path, Places]:
    made = await make_with(making, own.path, own.probe, other.other, folder, limits, jail, lambda _: None)
    whole = await probe(made, limits, jail)
    sizes = ((own.probe.width_px, own.probe.height_px), (other.other.width_px, other.other.height_px))
    places = places_of(making, *sizes)
    assert (whole.width_px, whole.height_px, whole.rotation_deg) == (places.width_px, places.height_px, 0)
    return made, places


async def of_marked(folder: Path, limits: Limits, jail: Jail) -> dict[str, object]:
    own = {name: await ready(marked(folder, name, "own"), folder, limits, jail) for name in SHAPES}
    other = {name: await ready(marked(folder, name, "other"), folder, limits, jail) for name in SHAPES}
    found: dict[str, float] = {}
    for mine in SHAPES:
        for theirs in SHAPES:
            for making in makings():
                made, places = await _make(making, own[mine], other[theirs], folder, limits, jail)
                name = f"{making.kind} {making.layout}: {mine} and {theirs}"
                found[name] = off_ms(making, places, made, own[mine], other[theirs])
    worst = sorted(found, key=lambda name: -found[name])[:8]
    values = list(found.values())
    return {"made": len(values), "off_ms_p50": round(float(np.median(values)), 1), "off_ms_most": round(max(values), 1),
            "worst": {name: round(found[name], 1) for name in worst}}  # fmt: skip


async def measure(asked: argparse.Namespace) -> dict[str, object]:
    limits, jail, result = Limits(), open_jail(), dict[str, object]()
    if not asked.real:
        with tempfile.TemporaryDirectory(prefix="freehold-bench-") as place:
            result["marked"] = await of_marked(Path(place), limits, jail)
    if not asked.marked:
        with tempfile.TemporaryDirectory(prefix="freehold-bench-") as place:
            result["real"] = await of_real(asked.media, Path(place), limits, jail)
    return {**result, "machine": machine()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--media", type=Path, default=Path(__file__).parents[2] / "shared" / "media" / "valid")
    parser.add_argument("--marked", action="store_true", help="the generated ones alone")
    parser.add_argument("--real", action="store_true", help="the real ones alone")
    print(json.dumps(asyncio.run(measure(parser.parse_args())), indent=2))
