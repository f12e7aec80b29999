"""What an upload is: sniffed here, looked into by a jailed child, judged here against the limits."""

import importlib.util
import json
import os
import sys
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from freehold.media.jail import Jail, JailLimits, python_paths
from freehold.media.limits import Limits
from freehold.media.process import MediaFault, run
from freehold.media.refusals import MediaRefusal
from freehold.media.sniff import SNIFF_BYTES, Container, sniff

Transfer = Literal["sdr", "pq", "hlg"]

# The name of a codec, and the decoders that may decode it (libavcodec's names).
VIDEO_CODECS = {
    "h264": ("h264",),
    "hevc": ("hevc",),
    "av1": ("libdav1d", "av1"),
    "vp8": ("vp8", "libvpx"),
    "vp9": ("vp9", "libvpx-vp9"),
    "mpeg4": ("mpeg4",),
    "h263": ("h263",),
}
AUDIO_CODECS = {
    "aac": ("aac",),
    "opus": ("opus", "libopus"),
    "mp3": ("mp3float", "mp3"),
    "ac3": ("ac3",),
    "eac3": ("eac3",),
    "amr_nb": ("amrnb", "libopencore_amrnb"),
    "amr_wb": ("amrwb", "libopencore_amrwb"),
    "vorbis": ("vorbis",),
    "flac": ("flac",),
    "alac": ("alac",),
    "pcm_s16le": ("pcm_s16le",),
    "pcm_s16be": ("pcm_s16be",),
    "pcm_s24le": ("pcm_s24le",),
    "pcm_f32le": ("pcm_f32le",),
}
DEMUXER_NAMES = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm", "mpegts": "mpegts"}

# Imports packages by their place: the folders that hold them are closed to the jail, so no search would find them.
_START = """
import importlib.util, json, sys
for name, folder in json.loads(sys.argv[2]).items():
    place = folder + "/__init__.py"
    spec = importlib.util.spec_from_file_location(name, place, submodule_search_locations=[folder])
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
from freehold.media.inspection import main
main()
"""

_STANDARD_RATES = tuple(
    Fraction(*rate)
    for rate in (
        (5, 1), (10, 1), (12, 1), (15, 1), (20, 1), (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1),
        (48, 1), (50, 1), (60000, 1001), (60, 1), (90, 1), (100, 1), (120, 1), (240, 1),
    )
)  # fmt: skip
_MATRIX_BT709, _MATRIX_UNKNOWN, _MATRIX_RGB, _MATRIX_2020 = 1, 2, 0, (9, 10)
_TRANSFERS: dict[int, Transfer] = {16: "pq", 18: "hlg"}


@dataclass(frozen=True, slots=True)
class Probe:
    """What a file holds. `width_px` and `height_px` are as displayed: upright, with square pixels; `coded_*` as
    decoded. Upright is reached by mirroring left to right if `is_mirrored`, then turning clockwise by
    `rotation_deg` (0, 90, 180, 270). `fps` is a fraction as text: the steady rate that shows every frame."""

    container: Container
    size_bytes: int
    duration_ms: int
    video_duration_ms: int
    width_px: int
    height_px: int
    coded_width_px: int
    coded_height_px: int
    rotation_deg: int
    is_mirrored: bool
    fps: str
    frames: int
    is_vfr: bool
    is_interlaced: bool
    video_index: int
    video_codec: str
    audio_index: int | None
    audio_codec: str | None
    transfer: Transfer
    bit_depth: int
    pixel_format: str
    has_alpha: bool
    is_full_range: bool
    colour_matrix: str
    colour_primaries: int

    @property
    def has_audio(self) -> bool:
        return self.audio_index is not None

    @property
    def rate(self) -> Fraction:
        return Fraction(self.fps)

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Probe":
        return cls(**json.loads(text))


async def probe(path: Path, limits: Limits, jail: Jail) -> Probe:
    """Raises MediaRefusal when the file cannot become a clip, BackendError when the machine could not tell."""
    path = path.resolve()
    size_bytes = path.stat().st_size
    if size_bytes > limits.max_size_bytes:
        raise MediaRefusal("media-too-big", limits=limits)
    with path.open("rb") as file:
        container = sniff(file.read(SNIFF_BYTES))
    facts = await _inspect(path, container, size_bytes, limits, jail)
    return _conclude(facts, container, size_bytes)


async def _inspect(path: Path, container: Container, size_bytes: int, limits: Limits, jail: Jail) -> dict[str, Any]:
    decoders = [name for names in (*VIDEO_CODECS.values(), *AUDIO_CODECS.values()) for name in names]
    max_ms = limits.max_duration_ms + limits.duration_slack_ms
    orders = {
        "path": os.fspath(path),
        "demuxer": container,
        "demuxer_names": DEMUXER_NAMES[container],
        "decoders": ",".join(decoders),
        "video_codecs": list(VIDEO_CODECS),
        "audio_codecs": list(AUDIO_CODECS),
        "max_pixels": limits.max_pixels,
        "max_side_px": limits.max_side_px,
        "min_side_px": limits.min_side_px,
        "max_streams": limits.max_streams,
        "max_duration_ms": max_ms,
        "max_fps": limits.max_fps,
        "max_packets_per_s": (limits.max_fps + 400) * 2,
        "max_packets": max_ms * (limits.max_fps + 400) * limits.max_streams // 1000,
    }
    package = Path(__file__).parent
    spec = importlib.util.find_spec("av")
    assert spec is not None and spec.origin is not None
    packages = {
        "freehold": os.fspath(package.parent),
        "freehold.media": os.fspath(package),
        "av": os.fspath(Path(spec.origin).parent),
    }
    command = jail.command(
        [sys.executable, "-I", "-S", "-c", _START, json.dumps(orders), json.dumps(packages)],
        [path, package, package.parent / "__init__.py", *python_paths()],
        [],
        JailLimits(
            memory_bytes=limits.probe_memory_bytes,
            cpu_s=limits.probe_cpu_s + size_bytes // (100 << 20),
            file_bytes=65_536,
        ),
    )
    ended = await run(command, limits.probe_wall_s)
    if ended.was_killed:
        raise MediaRefusal("media-too-slow", ended.stderr[-500:])
    try:
        facts = json.loads(ended.stdout.strip().rpartition("\n")[2])
    except ValueError as unreadable:
        raise MediaFault(f"the probe said nothing (status {ended.status}): {ended.stderr[-500:]}") from unreadable
    if "refusal" in facts:
        raise MediaRefusal(facts["refusal"], facts.get("detail", ""), limits)
    return dict(facts)


def _conclude(facts: dict[str, Any], container: Container, size_bytes: int) -> Probe:
    rotation_deg, is_mirrored = orientation(facts["matrix"])
    coded_width_px, coded_height_px = facts["coded_width_px"], facts["coded_height_px"]
    width_px, height_px = square_size(coded_width_px, coded_height_px, Fraction(*facts["sar"]))
    if rotation_deg in (90, 270):
        width_px, height_px = height_px, width_px
    video_end_ms = facts["video_end_ms"]
    end_ms = max(video_end_ms, facts["audio_end_ms"] or 0)
    has_audio = facts["audio_end_ms"] is not None
    return Probe(
        container=container,
        size_bytes=size_bytes,
        duration_ms=end_ms,
        video_duration_ms=video_end_ms,
        width_px=width_px,
        height_px=height_px,
        coded_width_px=coded_width_px,
        coded_height_px=coded_height_px,
        rotation_deg=rotation_deg,
        is_mirrored=is_mirrored,
        fps=str(steady_rate(facts["is_vfr"], facts["even_gap_s"], facts["short_gap_s"])),
        frames=facts["frames"],
        is_vfr=facts["is_vfr"],
        is_interlaced=facts["is_interlaced"],
        video_index=facts["video_index"],
        video_codec=facts["video_codec_id"],
        audio_index=facts["audio_index"] if has_audio else None,
        audio_codec=facts["audio_codec"] if has_audio else None,
        transfer=_TRANSFERS.get(facts["colour_transfer"], "sdr"),
        bit_depth=facts["bit_depth"],
        pixel_format=facts["pixel_format"],
        has_alpha=facts["has_alpha"],
        is_full_range=facts["is_full_range"],
        colour_matrix=colour_matrix(facts["colour_matrix"], facts["colour_transfer"], min(width_px, height_px)),
        colour_primaries=facts["colour_primaries"],
    )


def orientation(matrix: list[int] | None) -> tuple[int, bool]:
    """(clockwise degrees, mirrored first) of a display matrix; (0, False) for one that is no quarter turn. The matrix
    is a b u c d v x y w with the point (x, y) going to (ax + cy, bx + dy), y downwards (ISO/IEC 14496-12, 6.2.2)."""
    if matrix is None:
        return 0, False
    a, b, c, d = (_sign(matrix[n]) for n in (0, 1, 3, 4))
    if a * d - b * c < 0:
        a, b = -a, -b
        mirrored = True
    else:
        mirrored = False
    turns = {(1, 0, 0, 1): 0, (0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}
    found = turns.get((a, b, c, d))
    return (0, False) if found is None else (found, mirrored)


def _sign(value: int) -> int:
    return 0 if abs(value) < 1 << 14 else (1 if value > 0 else -1)


def square_size(width_px: int, height_px: int, sar: Fraction) -> tuple[int, int]:
    """The size with square pixels, by stretching the side that is too short. An absurd shape counts as square."""
    if not Fraction(1, 4) <= sar <= 4:
        return width_px, height_px
    if sar >= 1:
        return round(width_px * sar), height_px
    return width_px, round(height_px / sar)


def steady_rate(is_vfr: bool, even_gap_s: float, short_gap_s: float) -> Fraction:
    """Frames a second: the standard rate that an even clip is within 1 % of, or the first that is fast enough for a
    clip of varying rate (its short gaps, so that it keeps its frames). At most 240."""
    rate = 1 / max(short_gap_s if is_vfr else even_gap_s, 1 / 240)
    near = min(_STANDARD_RATES, key=lambda standard: abs(float(standard) - rate))
    if abs(float(near) - rate) <= 0.01 * rate:
        # 30 for 29.97 drifts; where both fit, the nearer was taken.
        return near
    if is_vfr:
        return next((standard for standard in _STANDARD_RATES if standard >= rate), Fraction(240))
    return max(Fraction(1), Fraction(rate).limit_denominator(1001))


def colour_matrix(code: int, transfer: int, short_side_px: int) -> str:
    """Name of the YCbCr matrix (ITU-T H.273 code); what says nothing is BT.709 from 720 lines on, BT.601 below."""
    if code in _MATRIX_2020 or (code == _MATRIX_UNKNOWN and transfer in _TRANSFERS):
        return "bt2020"
    if code in (_MATRIX_BT709, _MATRIX_RGB):
        return "bt709"
    if code == _MATRIX_UNKNOWN:
        return "bt709" if short_side_px >= 720 else "bt601"
    return "bt601"
