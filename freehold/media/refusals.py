"""Why a clip's file is not taken, in words for its author, by stable code."""

from freehold.domain.errors import Refusal, TooLarge, WrongMedia

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
    "media-too-many-streams": "This file has too many tracks.",
}

TOO_LARGE = frozenset(
    ("media-too-big", "media-too-long", "media-too-many-pixels", "media-too-many-frames", "media-too-many-streams")
)


class MediaRefusal(WrongMedia):
    """The file is not taken, and trying again cannot change that. `code` is a key of TEXTS. `detail` is what the
    demuxer or decoder said: for the log, never for the author."""

    def __init__(self, code: str, detail: str = "") -> None:
        Refusal.__init__(self, code, TEXTS[code])
        self.detail = detail
        self.http_status = TooLarge.http_status if code in TOO_LARGE else WrongMedia.http_status
