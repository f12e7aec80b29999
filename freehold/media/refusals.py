"""Why a clip's file is not taken, in words for its author, by stable code."""

from collections.abc import Callable

from freehold.domain.errors import Refusal, TooLarge, WrongMedia
from freehold.domain.post import PICTURE_BYTES_LIMIT, PICTURE_PIXELS_LIMIT
from freehold.media.limits import Limits

TEXTS = {
    "media-empty": "The file is empty.",
    "media-container": "This is not a kind of video file that can be taken. Send MP4, MOV, 3GP, WebM, MKV or TS.",
    "media-playlist": "This file is a playlist that points at other files, not a video.",
    "media-still-image": "This is a still picture, not a video.",
    "media-no-video": "This file has sound but no moving picture.",
    "media-codec": "The picture is coded in a way that cannot be read here. Send H.264, HEVC, AV1, VP8 or VP9.",
    "media-audio-codec": "The sound is coded in a way that cannot be read here. Send AAC, Opus, MP3, AC-3 or AMR.",
    "media-encrypted": "This file is encrypted (DRM) and cannot be played without its key.",
    "media-external": "This file keeps its picture or sound in another file. Save it as one self-contained file.",
    "media-broken": "This file is damaged: its picture cannot be decoded.",
    "media-truncated": "This file ends early: much of its picture is missing. Upload the whole file.",
    "media-too-slow": "Reading this file takes far more work than its size allows for.",
    "media-too-big": "This file has too many bytes.",
    "media-too-long": "This clip is too long.",
    "media-too-small": "The picture is too small to be shown.",
    "media-too-many-pixels": "The picture is larger than can be taken.",
    "media-too-many-frames": "This file has more frames a second than can be taken.",
    "media-cut": "The parts of this clip could not be put together: one of them is damaged.",
    "media-part-gone": "A part of this clip is no longer there.",
    "media-part-refused": "The file of a part of this clip was not taken.",
    "media-part-short": "A part of this clip begins behind the end of its file.",
    "media-making": "This clip could not be put together with the other: one of them is damaged.",
    "media-source-gone": "The clip that this one was to be made with is no longer there, or not for this.",
    "picture-kind": "This is not a kind of picture that can be taken. Send JPEG, PNG or WebP.",
    "picture-heic": "HEIC and AVIF pictures cannot be read here. Save it as JPEG, PNG or WebP.",
    "picture-moves": "This picture moves. Post it as a video, or send one that stands still.",
    "picture-broken": "This picture cannot be read: it is damaged, or not what its first bytes say.",
    "picture-big": f"This picture has too many bytes: at most {PICTURE_BYTES_LIMIT >> 20} MiB are taken.",
    "picture-pixels": f"This picture is too large: at most {PICTURE_PIXELS_LIMIT // 1_000_000} megapixels are taken.",
    "picture-small": "This picture is too small to be shown: a side has at least 16 pixels.",
    "media-too-many-streams": "This file has too many tracks.",
}

BOUNDS: dict[str, Callable[[Limits], str]] = {
    "media-too-big": lambda limits: f"At most {limits.max_size_bytes:,} are taken.",
    "media-too-long": lambda limits: f"At most {_duration(limits.max_duration_ms)} are taken.",
    "media-too-many-pixels": lambda limits: (
        f"A side has at most {limits.max_side_px:,} pixels, and the whole picture {limits.max_pixels:,}."
    ),
    "media-too-many-frames": lambda limits: f"At most {limits.max_fps} a second are taken.",
    "media-too-many-streams": lambda limits: f"At most {limits.max_streams} are taken.",
}
"""What would be taken, by the code of what is over it."""


def _duration(duration_ms: int) -> str:
    minutes, rest_ms = divmod(duration_ms, 60_000)
    return f"{minutes} minutes" if minutes > 1 and not rest_ms else f"{duration_ms / 1000:g} seconds"


class MediaRefusal(WrongMedia):
    """The file is not taken, and trying again cannot change that. `code` is a key of TEXTS. `detail` is what the
    demuxer or decoder said: for the log, never for the author. What is over a limit says how much is taken."""

    def __init__(self, code: str, detail: str = "", limits: Limits | None = None) -> None:
        bound = BOUNDS.get(code)
        Refusal.__init__(self, code, f"{TEXTS[code]} {bound(limits)}" if bound and limits else TEXTS[code])
        self.detail = detail
        self.http_status = TooLarge.http_status if bound else WrongMedia.http_status
