"""The ffmpeg command lines. Pure: a probe and a ladder in, words out; held by golden files.

Every input is opened with the demuxer that its magic named, only the decoders it needs, only the `file` protocol.
Timestamps start at the file's start, frames come at a steady rate (a clip of varying rate repeats or drops frames,
which keeps picture and sound in step and the key frames of all renditions together).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from freehold.media.ladder import RenditionSpec
from freehold.media.limits import Limits
from freehold.media.probe import AUDIO_CODECS, DEMUXER_NAMES, VIDEO_CODECS, Probe

TARGET_LUFS = -14.0
# Quieter than this is silence or room noise: left as it is.
SILENCE_LUFS = -50.0
MAX_GAIN_DB = 30.0
# Sample peak: true peaks and the AAC coding stand up to 1 dB above it.
CEILING_DB = -2.0

POSTER_SHORT_PX = 720
POSTER_WITHIN_MS = 6_000
STRIP_COLUMNS = 10
STRIP_TILE_SHORT_PX = 96
HASH_SIDE_PX = 32
AUDIO_RATE_HZ = 48_000
AUDIO_BPS = 128_000
SPEECH_RATE_HZ = 16_000
WAVE_RATE_HZ = 8_000

_BARE = ("-nostdin", "-hide_banner", "-nostats", "-y", "-progress", "pipe:1")
# No metadata of the source survives (places, names of devices), and the same input gives the same bytes.
CLEAN = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact")
TAGS = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"


@dataclass(frozen=True, slots=True)
class Strip:
    """A picture of small pictures, in rows of `columns`; the nth shows the middle of the nth `interval_ms`."""

    columns: int
    rows: int
    count: int
    interval_ms: int
    tile_width_px: int
    tile_height_px: int


def strip_of(probe: Probe) -> Strip:
    count = min(60, max(8, round(probe.video_duration_ms / 1000)))
    scale = STRIP_TILE_SHORT_PX / min(probe.width_px, probe.height_px)
    width_px, height_px = (min(480, max(2, int(side * scale) // 2 * 2)) for side in (probe.width_px, probe.height_px))
    rows = -(-count // STRIP_COLUMNS)
    return Strip(STRIP_COLUMNS, rows, count, max(1, probe.video_duration_ms // count), width_px, height_px)


def poster_size(probe: Probe) -> tuple[int, int]:
    scale = min(1.0, POSTER_SHORT_PX / min(probe.width_px, probe.height_px))
    return max(2, int(probe.width_px * scale) // 2 * 2), max(2, int(probe.height_px * scale) // 2 * 2)


def measure_argv(ffmpeg: Path, source: Path, probe: Probe, limits: Limits, wave: Path, prints: Path) -> list[str]:
    """Decodes the sound once: its loudness goes to standard error, its shape (8 kHz, one channel) to `wave`, and what
    it is known again by to `prints`."""
    chain = f"[0:{probe.audio_index}]aresample={AUDIO_RATE_HZ}:ochl=stereo,asplit=3[l][w][p]"
    shape = f"[w]aresample={WAVE_RATE_HZ}:ochl=mono:out_sample_fmt=s16[wave]"
    return [
        os.fspath(ffmpeg), *_BARE, "-loglevel", "info", *input_words(source, probe, limits, video=False),
        "-filter_complex", f"{chain};[l]ebur128=framelog=quiet[m];{shape}",
        "-map", "[m]", "-f", "null", "-",
        "-map", "[wave]", "-c:a", "pcm_s16le", "-f", "s16le", f"file:{wave}",
        "-map", "[p]", "-c:a", "pcm_s16le", "-f", "chromaprint", "-fp_format", "raw", f"file:{prints}",
    ]  # fmt: skip


def speech_argv(ffmpeg: Path, rendition: Path, out: Path) -> list[str]:
    """The sound of a rendition of ours, as what is said in it is written down from: 16 kHz, one channel, no header."""
    return [
        os.fspath(ffmpeg), *_BARE, *own_input(rendition), "-vn", "-ac", "1", "-ar", str(SPEECH_RATE_HZ),
        "-c:a", "pcm_s16le", "-f", "s16le", f"file:{out}",
    ]  # fmt: skip


def first_argv(
    ffmpeg: Path, source: Path, probe: Probe, spec: RenditionSpec, gain_db: float, limits: Limits, out: Path
) -> list[str]:
    """The lowest rendition, and from the same decoded frames the poster, tint, strip and the frames for the hash."""
    strip = strip_of(probe)
    video = f"0:{probe.video_index}"
    graph = [
        f"[{video}]split=3[main][still][row]",
        f"[main]{_rendition_chain(probe, spec)}[low]",
        f"[still]{_poster_chain(probe)},split=2[poster][tinted]",
        "[tinted]scale=1:1:flags=area,format=rgb24[tint]",
        f"[row]{_strip_chain(probe, strip)},split=2[tiles][hashed]",
        f"[tiles]tile={strip.columns}x{strip.rows}[strip]",
        f"[hashed]scale={HASH_SIDE_PX}:{HASH_SIDE_PX}:flags=area,format=gray[hash]",
    ]
    sound: list[str] = []
    if probe.has_audio:
        graph.append(f"[0:{probe.audio_index}]{_sound_chain(probe, gain_db)}[sound]")
        sound = ["-map", "[sound]", *_aac()]
    return [
        os.fspath(ffmpeg), *_BARE, "-loglevel", "error",
        *input_words(source, probe, limits, video=True, hasty=_is_shrunk(probe, spec)),
        "-filter_complex", ";".join(graph),
        "-map", "[low]", *_x264(spec, limits), *sound, *CLEAN, *_mp4(out / f"{spec.name}.mp4", limits),
        "-map", "[poster]", *_jpeg(5, out / "poster.jpg"),
        "-map", "[tint]", "-frames:v", "1", "-f", "rawvideo", f"file:{out / 'tint.rgb'}",
        "-map", "[strip]", *_jpeg(6, out / "strip.jpg"),
        "-map", "[hash]", "-f", "rawvideo", f"file:{out / 'hash.gray'}",
    ]  # fmt: skip


def rest_argv(
    ffmpeg: Path,
    source: Path,
    lowest: Path,
    probe: Probe,
    specs: Sequence[RenditionSpec],
    limits: Limits,
    out: Path,
) -> list[str]:
    """The higher renditions (lowest first) in one pass; the sound is copied from the finished lowest one."""
    top = specs[-1]
    graph = [f"[0:{probe.video_index}]{_rendition_chain(probe, top)},split={len(specs)}"]
    graph[0] += "".join(f"[s{n}]" for n in range(len(specs)))
    labels = [f"s{len(specs) - 1}"]
    for n, spec in enumerate(specs[:-1]):
        graph.append(f"[s{n}]scale={spec.width_px}:{spec.height_px}:flags=bicubic,setsar=1[v{n}]")
        labels.insert(n, f"v{n}")
    words = [os.fspath(ffmpeg), *_BARE, "-loglevel", "error", *input_words(source, probe, limits, video=True)]
    if probe.has_audio:
        words += [*own_input(lowest)]
    words += ["-filter_complex", ";".join(graph)]
    for label, spec in zip(labels, specs, strict=True):
        sound = ["-map", "1:a:0", "-c:a", "copy"] if probe.has_audio else []
        words += ["-map", f"[{label}]", *_x264(spec, limits), *sound, *CLEAN]
        words += _mp4(out / f"{spec.name}.mp4", limits)
    return words


def hls_argv(ffmpeg: Path, renditions: Sequence[Path], has_audio: bool, out: Path) -> list[str]:
    """CMAF HLS by copying packets: one fragmented file and one playlist a rendition, and a master playlist."""
    words = [os.fspath(ffmpeg), *_BARE, "-loglevel", "error"]
    for path in renditions:
        words += own_input(path)
    streams = []
    for n in range(len(renditions)):
        words += ["-map", f"{n}:v:0"]
        streams.append(f"v:{n},agroup:sound,name:v{n}" if has_audio else f"v:{n},name:v{n}")
    if has_audio:
        words += ["-map", "0:a:0"]
        streams.append("a:0,agroup:sound,default:yes,name:sound")
    return [
        *words, "-c", "copy", "-map_metadata", "-1", "-fflags", "+bitexact",
        "-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4",
        "-hls_flags", "single_file+independent_segments", "-var_stream_map", " ".join(streams),
        "-master_pl_name", "master.m3u8",
        "-hls_segment_filename", f"{out}/%v.m4s", f"file:{out}/%v.m3u8",
    ]  # fmt: skip


def gain_db(loudness_lufs: float | None) -> float:
    """The gain that brings a sound to -14 LUFS; none for silence."""
    if loudness_lufs is None or loudness_lufs <= SILENCE_LUFS:
        return 0.0
    return min(MAX_GAIN_DB, TARGET_LUFS - loudness_lufs)


def input_words(source: Path, probe: Probe, limits: Limits, video: bool, hasty: bool = False) -> list[str]:
    """An upload as an input, opened with no more than it needs."""
    audio = AUDIO_CODECS.get(probe.audio_codec or "", ())
    picture = _decoders(probe)
    names = DEMUXER_NAMES[probe.container]
    seconds = (limits.max_duration_ms + limits.duration_slack_ms) / 1000
    words = ["-protocol_whitelist", "file", "-format_whitelist", names]
    words += ["-codec_whitelist", ",".join((*VIDEO_CODECS[probe.video_codec], *audio))]
    words += ["-max_streams", str(limits.max_streams), "-max_pixels", str(limits.max_pixels)]
    words += ["-threads", str(limits.threads)]
    if probe.container == "mov":
        words += ["-enable_drefs", "0"]
    if video:
        # The turn is ours (`upright_chain`): ffmpeg must neither make it nor hand its matrix on to the output.
        words += ["-noautorotate", f"-display_rotation:{probe.video_index}", "0", f"-c:{probe.video_index}", picture]
        if hasty:
            # Seen at a third of its size nobody misses the deblocking: SSIM 0.995 to the same picture with it, far
            # above what the encoder then costs, for a sixth of the decoder's time.
            words += ["-skip_loop_filter", "all"]
    else:
        words += ["-vn"]
    return [*words, "-sn", "-dn", "-t", f"{seconds:g}", "-f", probe.container, "-i", f"file:{source}"]


def _is_shrunk(probe: Probe, spec: RenditionSpec) -> bool:
    return probe.video_codec in ("h264", "hevc") and 2 * probe.width_px >= 5 * spec.width_px


def _decoders(probe: Probe) -> str:
    """The decoder that shows everything: only libvpx decodes the transparency of VP8 and VP9."""
    if probe.has_alpha and probe.video_codec in ("vp8", "vp9"):
        return "libvpx-vp9" if probe.video_codec == "vp9" else "libvpx"
    return VIDEO_CODECS[probe.video_codec][0]


def own_input(path: Path) -> list[str]:
    """A rendition of ours as an input."""
    return ["-protocol_whitelist", "file", "-format_whitelist", DEMUXER_NAMES["mov"], "-f", "mov", "-i", f"file:{path}"]


def _rendition_chain(probe: Probe, spec: RenditionSpec) -> str:
    steady = f"fps={spec.fps}:start_time=0"
    late_ms = probe.duration_ms - probe.video_duration_ms
    if late_ms > 500:
        # The sound goes on: so does the last picture.
        steady += f",tpad=stop_mode=clone:stop_duration={late_ms}ms"
    return f"{steady},{upright_chain(probe, spec.width_px, spec.height_px)},{TAGS}"


def _poster_chain(probe: Probe) -> str:
    """The most typical of a dozen frames of the first seconds, which passes over a fade from black."""
    width_px, height_px = poster_size(probe)
    within_ms = min(POSTER_WITHIN_MS, probe.video_duration_ms)
    rate = f"{min(12, max(1, probe.frames)) * 1000}/{max(1, within_ms)}"
    pick = f"trim=end={within_ms / 1000:g},fps={rate}:start_time=0"
    return f"{pick},{upright_chain(probe, width_px, height_px)},thumbnail=n=12"


def _strip_chain(probe: Probe, strip: Strip) -> str:
    rate = f"{strip.count * 1000}/{max(1, probe.video_duration_ms)}"
    return f"fps={rate}:start_time=0,{upright_chain(probe, strip.tile_width_px, strip.tile_height_px)}"


def upright_chain(probe: Probe, width_px: int, height_px: int) -> str:
    """From decoded frames to upright ones of this size in 8 bit BT.709; the size is the upright one. Scales first:
    what follows is then done on fewer pixels."""
    turned = probe.rotation_deg in (90, 270)
    # Averaging is cheaper than bicubic and as sharp where every pixel is made of four or more.
    flags = "area" if probe.width_px >= 2 * width_px else "bicubic"
    across, down = (height_px, width_px) if turned else (width_px, height_px)
    steps = []
    if probe.is_interlaced:
        steps.append("bwdif=mode=send_frame:deint=interlaced")
    if probe.has_alpha:
        # What shows through is black.
        steps += ["format=yuva420p", "premultiply=inplace=1"]
    steps += _to_sdr(probe, across, down, flags)
    steps.append("format=yuv420p")
    if probe.is_mirrored:
        steps.append("hflip")
    steps += {0: [], 90: ["transpose=clock"], 180: ["hflip", "vflip"], 270: ["transpose=cclock"]}[probe.rotation_deg]
    return ",".join([*steps, "setsar=1"])


def _to_sdr(probe: Probe, across: int, down: int, flags: str) -> list[str]:
    if probe.transfer == "sdr":
        matrix = "bt2020nc" if probe.colour_matrix == "bt2020" else probe.colour_matrix
        if probe.pixel_format.startswith(("rgb", "gbr", "bgr")):
            return [f"scale={across}:{down}:flags={flags}:out_color_matrix=bt709:out_range=tv"]
        source = f"in_color_matrix={matrix}:in_range={'pc' if probe.is_full_range else 'tv'}"
        return [f"scale={across}:{down}:flags={flags}:{source}:out_color_matrix=bt709:out_range=tv"]
    # BT.2408: diffuse white is 203 nits, 58 % of the PQ and 75 % of the HLG signal. It comes out at 216 of 255, a
    # mid grey at 108, and what is brighter keeps its detail up to 1000 nits.
    curve = "smpte2084" if probe.transfer == "pq" else "arib-std-b67"
    return [
        f"scale={across}:{down}:flags={flags}",
        f"setparams=color_primaries=bt2020:color_trc={curve}:colorspace=bt2020nc",
        "zscale=t=linear:npl=203",
        "format=gbrpf32le",
        "zscale=p=bt709",
        "tonemap=mobius:param=0.3:desat=0:peak=5",
        "zscale=t=bt709:m=bt709:r=tv",
    ]


def _sound_chain(probe: Probe, gain: float) -> str:
    chain = f"aresample={AUDIO_RATE_HZ}:ochl=stereo:async=1000:first_pts=0"
    if gain:
        chain += f",volume={gain:.2f}dB"
    return f"{chain},alimiter=limit={CEILING_DB:g}dB:level=0:attack=5:release=80"


def _x264(spec: RenditionSpec, limits: Limits) -> list[str]:
    interval = spec.key_interval_frames
    return [
        "-c:v", "libx264", "-profile:v", "high", "-pix_fmt", "yuv420p", "-preset", spec.preset, "-crf", str(spec.crf),
        "-maxrate", str(spec.max_rate_bps), "-bufsize", str(2 * spec.max_rate_bps),
        "-x264-params", f"keyint={interval}:min-keyint={interval}:scenecut=0:open-gop=0",
        "-threads", str(limits.threads),
    ]  # fmt: skip


def _aac() -> list[str]:
    return ["-c:a", "aac", "-b:a", str(AUDIO_BPS), "-ar", str(AUDIO_RATE_HZ), "-ac", "2", "-flags:a", "+bitexact"]


def _mp4(path: Path, limits: Limits) -> list[str]:
    return ["-movflags", "+faststart", "-fs", str(limits.max_output_bytes), "-f", "mp4", f"file:{path}"]


def _jpeg(quality: int, path: Path) -> list[str]:
    return [
        "-frames:v", "1", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", str(quality),
        "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "image2", "-update", "1", f"file:{path}",
    ]  # fmt: skip
