"""Clips and their renditions."""

from dataclasses import dataclass
from enum import StrEnum

from freehold.domain.ids import AccountId, ClipId, SoundId


class ClipState(StrEnum):
    """Where a clip is in its life; exactly one at any time. `media/life.py` declares how it moves between them.

    Whether it is published is a fact of its own (`published_at_us`): it needs the author's wish and a state in
    which it can be played, and the two come in either order.
    """

    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    PROBED = "probed"
    PLAYABLE = "playable"
    READY = "ready"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Audience(StrEnum):
    PUBLIC = "public"
    FOLLOWERS = "followers"
    PRIVATE = "private"


class Wish(StrEnum):
    """What the author wants done once the clip can be played."""

    DRAFT = "draft"
    PUBLISH = "publish"


WATCHABLE = frozenset({ClipState.PLAYABLE, ClipState.READY})


@dataclass(frozen=True, slots=True)
class Clip:
    """One short video with its caption, as its author published it."""

    id: ClipId
    author_id: AccountId
    state: ClipState
    state_since_us: int
    attempts: int
    progress_permille: int
    refusal_code: str | None
    refusal_text: str | None
    file_name: str
    size_bytes: int
    incoming_name: str | None
    original_key: str | None
    probe: str | None
    caption: str
    audience: Audience
    wish: Wish
    sound_id: SoundId | None
    duration_ms: int
    width_px: int
    height_px: int
    tint: str
    cover_ms: int
    created_at_us: int
    published_at_us: int | None
    withdrawn_at_us: int | None
    like_count: int
    comment_count: int
    watch_count: int
    share_count: int


class RenditionKind(StrEnum):
    """What a stored file of a clip is for."""

    LADDER = "ladder"
    POSTER = "poster"
    STRIP = "strip"
    WAVEFORM = "waveform"
    HLS = "hls"


@dataclass(frozen=True, slots=True)
class Rendition:
    """One stored file of a clip: a rung of its ladder, or what goes with it."""

    clip_id: ClipId
    name: str
    kind: RenditionKind
    blob_key: str
    content_type: str
    size_bytes: int
    width_px: int
    height_px: int
    rate_bps: int
    codecs: str


@dataclass(frozen=True, slots=True)
class Sound:
    id: SoundId
    title: str


@dataclass(frozen=True, slots=True)
class Withholding:
    """A demand with legal force that this clip not be shown, while it lasts."""

    authority: str
    reference: str
    reason: str
    since_us: int
    until_us: int | None


@dataclass(frozen=True, slots=True)
class Author:
    """What is shown of a clip's author beside the clip."""

    id: AccountId
    handle: str
    display_name: str
    avatar_key: str | None
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class ClipView:
    """A clip with all that the rules and the presentation need to know about it and this viewer. Not yet judged."""

    clip: Clip
    author: Author
    sound: Sound | None
    tags: tuple[str, ...]
    is_liked: bool
    is_followed: bool
    withholding: Withholding | None
