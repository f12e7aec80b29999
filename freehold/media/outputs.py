"""What processing makes, and the check that it is what was meant."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from freehold.media.argv import SILENCE_LUFS, Strip
from freehold.media.isobmff import BrokenBoxesError, read_movie
from freehold.media.ladder import RenditionSpec
from freehold.media.probe import Probe
from freehold.media.process import MediaFault
from freehold.media.refusals import MediaRefusal
from freehold.media.sound_print import Prints

FileKind = Literal[
    "rendition", "picture", "sound", "poster", "card", "strip", "hls-master", "hls-playlist", "hls-media"
]  # fmt: skip

# A container rounds times, an encoder adds priming, a last frame may lack a duration.
_TOLERANCE_MS = 250
_TOLERANCE_SHARE = 0.02
# A damaged file may lose a little and still be worth watching; beyond this it is refused.
_MISSING_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class MediaFile:
    """One file to keep. `name` is unique in its clip and, for HLS, the name by which the playlists call it.
    `rate_bps`, `codecs` (RFC 6381) and `duration_ms` are 0 or empty where they mean nothing."""

    path: Path
    kind: FileKind
    name: str
    media_type: str
    size_bytes: int
    width_px: int = 0
    height_px: int = 0
    rate_bps: int = 0
    codecs: str = ""
    duration_ms: int = 0
    fps: str = ""


@dataclass(frozen=True, slots=True)
class FirstOutput:
    """Enough to watch the clip. `tint` is `#rrggbb`, the mean colour of the poster. `waveform` is empty and
    `loudness_lufs` None for a clip without sound; `loudness_lufs` is the source's."""

    rendition: MediaFile
    poster: MediaFile
    strip: MediaFile
    strip_layout: Strip
    tint: str
    perceptual_hash: str
    waveform: tuple[int, ...]
    sound_prints: Prints
    loudness_lufs: float | None
    duration_ms: int

    @property
    def can_be_heard(self) -> bool:
        """Whether there is more than silence or a room's noise."""
        return self.loudness_lufs is not None and self.loudness_lufs > SILENCE_LUFS

    @property
    def files(self) -> tuple[MediaFile, ...]:
        return (self.rendition, self.poster, self.strip)


@dataclass(frozen=True, slots=True)
class RestOutput:
    """The higher renditions, lowest first (none when the source is small), and the HLS files of a long clip."""

    renditions: tuple[MediaFile, ...]
    hls: tuple[MediaFile, ...]

    @property
    def files(self) -> tuple[MediaFile, ...]:
        return (*self.renditions, *self.hls)


def check_rendition(path: Path, spec: RenditionSpec, probe: Probe) -> MediaFile:
    """Raises MediaRefusal when the source turns out to hold less picture than it said, BackendError when the encoder
    did not make what it was told to."""
    try:
        movie = read_movie(path)
    except (BrokenBoxesError, OSError) as unreadable:
        raise MediaFault(f"{spec.name}: the encoder left no readable file") from unreadable
    video = [track for track in movie.tracks if track.handler == "vide"]
    sound = [track for track in movie.tracks if track.handler == "soun"]
    if len(video) != 1 or len(sound) != int(probe.has_audio):
        raise MediaFault(f"{spec.name}: {len(video)} pictures and {len(sound)} sounds were made")
    if (video[0].width_px, video[0].height_px) != (spec.width_px, spec.height_px):
        raise MediaFault(f"{spec.name}: made {video[0].width_px}x{video[0].height_px}")
    check_duration(video[0].duration_ms, probe)
    size_bytes = path.stat().st_size
    duration_ms = max(1, max(track.duration_ms for track in (*video, *sound)))
    return MediaFile(
        path=path,
        kind="rendition",
        name=path.name,
        media_type="video/mp4",
        size_bytes=size_bytes,
        width_px=spec.width_px,
        height_px=spec.height_px,
        rate_bps=size_bytes * 8_000 // duration_ms,
        codecs=",".join(track.codecs for track in (*video, *sound)),
        duration_ms=duration_ms,
        fps=spec.fps,
    )


def check_duration(made_ms: int, probe: Probe) -> None:
    """Raises MediaRefusal `media-truncated` when much of the picture that the probe saw could not be decoded."""
    missing_ms = probe.video_duration_ms - made_ms
    if missing_ms > max(_TOLERANCE_MS, _TOLERANCE_SHARE * probe.video_duration_ms, _MISSING_SHARE * probe.duration_ms):
        raise MediaRefusal("media-truncated", f"{made_ms} of {probe.video_duration_ms} ms decoded")


def plain_file(path: Path, kind: FileKind, media_type: str, width_px: int = 0, height_px: int = 0) -> MediaFile:
    """Raises BackendError when the file is missing or empty."""
    try:
        size_bytes = path.stat().st_size
    except FileNotFoundError:
        size_bytes = 0
    if size_bytes == 0:
        raise MediaFault(f"{path.name} was not made")
    return MediaFile(path, kind, path.name, media_type, size_bytes, width_px, height_px)
