"""Looks at an upload with a demuxer and a decoder. Runs only as a jailed child of `probe.py`: it handles hostile bytes.

Reads its orders as JSON from its first argument, writes one line of JSON to standard output: {"refusal": code} or the
facts. Demuxes the whole file without decoding, because a declared duration may be absent or a lie, and decodes one
frame, because only a decoder knows what it can decode.
"""

import json
import math
import struct
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.error

from freehold.media.isobmff import BrokenBoxesError, Movie, read_movie

_ENCRYPTED = frozenset(("encv", "enca", "drmi", "drms", "encs"))
_STILLS = frozenset(("heic", "heix", "mif1", "avif", "heim", "heis"))
# What a damaged file makes the demuxer, the decoder or our own reading of its numbers raise.
_DAMAGE = (av.error.FFmpegError, BrokenBoxesError, MemoryError, OverflowError, OSError, ValueError)
_FRAMES_TRIED = 60
_RATE_WINDOW_S = 2


class RefusedError(Exception):
    """Carries the stable code of a refusal up to `main`."""


def main() -> None:
    orders = json.loads(sys.argv[1])
    try:
        facts = inspect(orders)
    except RefusedError as refused:
        facts = {"refusal": str(refused)}
    except _DAMAGE as error:
        facts = {"refusal": "media-broken", "detail": f"{type(error).__name__}: {error}"[:500]}
    print(json.dumps(facts))


def inspect(orders: dict[str, Any]) -> dict[str, Any]:
    if orders["demuxer"] == "mov":
        _check_boxes(read_movie(Path(orders["path"])), orders)
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": orders["demuxer_names"],
        "codec_whitelist": orders["decoders"],
        "max_pixels": str(orders["max_pixels"]),
        "max_streams": str(orders["max_streams"] + 1),
        "probesize": "5000000",
        "analyzeduration": "5000000",
        "threads": "1",
    }
    if orders["demuxer"] == "mov":
        options["enable_drefs"] = "0"
    with av.open("file:" + orders["path"], format=orders["demuxer"], options=options) as container:
        return _facts(container, orders)


def _check_boxes(movie: Movie, orders: dict[str, Any]) -> None:
    if movie.brands[:1] and movie.brands[0] in _STILLS:
        raise RefusedError("media-still-image")
    if len(movie.tracks) > orders["max_streams"]:
        raise RefusedError("media-too-many-streams")
    if any(track.entry in _ENCRYPTED for track in movie.tracks):
        raise RefusedError("media-encrypted")
    if any(track.is_external and track.handler in ("vide", "soun") for track in movie.tracks):
        raise RefusedError("media-external")
    for track in movie.tracks:
        _check_size(track.width_px, track.height_px, orders)


def _check_size(width_px: int, height_px: int, orders: dict[str, Any]) -> None:
    if width_px * height_px > orders["max_pixels"] or max(width_px, height_px) > orders["max_side_px"]:
        raise RefusedError("media-too-many-pixels")


def _facts(container: Any, orders: dict[str, Any]) -> dict[str, Any]:
    if len(container.streams) > orders["max_streams"]:
        raise RefusedError("media-too-many-streams")
    for stream in container.streams.video:
        _check_size(stream.codec_context.width or 0, stream.codec_context.height or 0, orders)
    video = _choose_video(container, orders)
    audio = _choose_audio(container, orders)
    declared_ms = (container.duration or 0) // 1000
    if declared_ms > orders["max_duration_ms"]:
        raise RefusedError("media-too-long")
    frame, matrix = _first_frame(container, video)
    _check_size(frame.width, frame.height, orders)
    if min(frame.width, frame.height) < orders["min_side_px"]:
        raise RefusedError("media-too-small")
    timing = _walk(container, video, audio, orders)
    sar = video.sample_aspect_ratio or Fraction(1)
    context = video.codec_context
    component = frame.format.components[0]
    return {
        **timing,
        "declared_ms": declared_ms,
        "video_index": video.index,
        "audio_index": None if audio is None else audio.index,
        "video_codec": context.name,
        "video_codec_id": context.codec.canonical_name,
        "audio_codec": None if audio is None else audio.codec_context.codec.canonical_name,
        "audio_channels": 0 if audio is None else audio.codec_context.channels,
        "coded_width_px": frame.width,
        "coded_height_px": frame.height,
        "sar": [sar.numerator, sar.denominator],
        "matrix": matrix,
        "pixel_format": frame.format.name,
        "bit_depth": component.bits,
        "has_alpha": video.metadata.get("alpha_mode") == "1" or any(c.is_alpha for c in frame.format.components),
        "is_interlaced": bool(frame.interlaced_frame),
        "is_full_range": int(frame.color_range) == 2 or frame.format.name.startswith("yuvj"),
        "colour_matrix": int(frame.colorspace),
        "colour_primaries": int(frame.color_primaries),
        "colour_transfer": int(frame.color_trc),
    }


def _choose_video(container: Any, orders: dict[str, Any]) -> Any:
    """The default, else the first, moving picture; cover art and thumbnails are none."""
    art = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    art |= av.stream.Disposition.still_image
    moving = [stream for stream in container.streams.video if not stream.disposition & art]
    if not moving:
        raise RefusedError("media-no-video")
    known = [stream for stream in moving if _codec_of(stream) in orders["video_codecs"]]
    if not known:
        raise RefusedError("media-codec")
    defaults = [stream for stream in known if stream.disposition & av.stream.Disposition.default]
    return (defaults or known)[0]


def _choose_audio(container: Any, orders: dict[str, Any]) -> Any | None:
    streams = list(container.streams.audio)
    known = [s for s in streams if _codec_of(s) in orders["audio_codecs"] and s.codec_context.sample_rate]
    if streams and not known:
        raise RefusedError("media-audio-codec")
    defaults = [stream for stream in known if stream.disposition & av.stream.Disposition.default]
    return (defaults or known or [None])[0]


def _codec_of(stream: Any) -> str:
    return "" if stream.codec_context is None else str(stream.codec_context.codec.canonical_name)


def _first_frame(container: Any, video: Any) -> tuple[Any, list[int] | None]:
    """The first frame that decodes, and its display matrix. A broken packet or two before it is forgiven."""
    failure: Exception | None = None
    for tried, packet in enumerate(container.demux(video)):
        try:
            for frame in packet.decode():
                return frame, _matrix(frame)
        except av.error.FFmpegError as error:
            failure = error
        if tried > _FRAMES_TRIED:
            break
    raise RefusedError("media-broken") from failure


def _matrix(frame: Any) -> list[int] | None:
    """The nine numbers of the display matrix (16.16 and 2.30 fixed point) as the container gives it."""
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            raw = bytes(data)
            if len(raw) >= 36:
                return list(struct.unpack("=9i", raw[:36]))
    return None


def _walk(container: Any, video: Any, audio: Any | None, orders: dict[str, Any]) -> dict[str, Any]:
    """Demux everything without decoding: where sound and picture begin and end, and the frame times."""
    container.seek(0, backward=True, any_frame=False)
    limit_s = orders["max_duration_ms"] / 1000
    zero_s = (container.start_time or 0) / av.time_base
    chosen = {video.index: video}
    if audio is not None:
        chosen[audio.index] = audio
    times_s: list[float] = []
    spans = {index: [math.inf, -math.inf] for index in chosen}
    packets = 0
    for packet in container.demux():
        packets += 1
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None or packet.stream_index not in spans or packet.is_discard:
            if packets > orders["max_packets"]:
                raise RefusedError("media-too-many-frames")
            continue
        start_s = float(stamp * packet.time_base) - zero_s
        end_s = start_s + float((packet.duration or 0) * packet.time_base)
        span = spans[packet.stream_index]
        span[0], span[1] = min(span[0], start_s), max(span[1], end_s)
        if span[1] > limit_s:
            raise RefusedError("media-too-long")
        if packet.stream_index == video.index:
            times_s.append(start_s)
        if packets > (max(0.0, span[1]) + _RATE_WINDOW_S) * orders["max_packets_per_s"]:
            raise RefusedError("media-too-many-frames")
    if not times_s:
        raise RefusedError("media-broken")
    return _timing(times_s, spans[video.index], None if audio is None else spans[audio.index], orders)


def _timing(
    times_s: list[float], video: list[float], audio: list[float] | None, orders: dict[str, Any]
) -> dict[str, Any]:
    times_s.sort()
    gaps_s = sorted(later - sooner for sooner, later in pairwise(times_s))
    if gaps_s and len(gaps_s) / max(times_s[-1] - times_s[0], 1e-9) > orders["max_fps"] * 1.05:
        raise RefusedError("media-too-many-frames")
    median_s = gaps_s[len(gaps_s) // 2] if gaps_s else max(video[1] - video[0], 0.04)
    # Matroska rounds times to a millisecond, so an even 60 fps has gaps of 16 and 17 ms.
    odd = sum(1 for gap in gaps_s if abs(gap - median_s) > max(0.15 * median_s, 0.0011))
    short_s = gaps_s[len(gaps_s) // 5] if gaps_s else median_s  # hidden frames of VP9 make a few tiny gaps
    even_s = (times_s[-1] - times_s[0]) / len(gaps_s) if gaps_s else median_s
    # A last frame without a duration lasts as long as the others.
    end_s = max(video[1], times_s[-1] + min(even_s, 1.0)) if video[1] <= times_s[-1] else video[1]
    has_sound = audio is not None and audio[1] > audio[0]
    return {
        "frames": len(times_s),
        "is_vfr": odd > max(1, len(gaps_s) // 50),
        "even_gap_s": even_s,
        "short_gap_s": short_s,
        "video_start_ms": round(video[0] * 1000),
        "video_end_ms": round(end_s * 1000),
        "audio_start_ms": round(audio[0] * 1000) if audio is not None and has_sound else None,
        "audio_end_ms": round(audio[1] * 1000) if audio is not None and has_sound else None,
    }
