"""Clips and their renditions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, Self

from freehold.domain.ids import TEXT_LENGTH, AccountId, ClipId, RepostId, SoundId, id_text, parse_id


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


class ClipKind(StrEnum):
    """What a clip is made of; all else holds for each alike. `domain/post.py` says what time is to a still one."""

    VIDEO = "video"
    PHOTO = "photo"
    """One to 35 pictures."""
    TEXT = "text"
    """Its caption, on a ground."""


class Audience(StrEnum):
    PUBLIC = "public"
    FOLLOWERS = "followers"
    PRIVATE = "private"


class Wish(StrEnum):
    """What the author wants done once the clip can be played."""

    DRAFT = "draft"
    PUBLISH = "publish"


class Use(StrEnum):
    """What others may do with a clip that they can see, as far as its author lets them."""

    COMMENT = "comment"
    DUET = "duet"
    STITCH = "stitch"
    USE_SOUND = "use_sound"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True)
class Permissions:
    """For whom each use is; the author may do all. The fields are the uses."""

    comment: Audience = Audience.PUBLIC
    duet: Audience = Audience.PUBLIC
    stitch: Audience = Audience.PUBLIC
    use_sound: Audience = Audience.PUBLIC
    download: Audience = Audience.PUBLIC

    def of(self, use: Use) -> Audience:
        audience: Audience = getattr(self, use.value)
        return audience

    def with_changes(self, said: Mapping[Use, Audience]) -> Self:
        return replace(self, **{use.value: audience for use, audience in said.items()})

    def text(self) -> str:
        """As it is kept: `comment=followers duet=private`, without what is for everybody."""
        named = ((field.name, getattr(self, field.name)) for field in fields(self))
        return " ".join(f"{name}={audience.value}" for name, audience in named if audience is not Audience.PUBLIC)


FOR_EVERYBODY = Permissions()


@lru_cache
def permissions_of(text: str) -> Permissions:
    """From the text that `Permissions.text` makes."""
    return Permissions(**{name: Audience(value) for name, _, value in (word.partition("=") for word in text.split())})


WATCHABLE = frozenset({ClipState.PLAYABLE, ClipState.READY})


@dataclass(frozen=True, slots=True)
class Clip:
    """One short video, or a still post, with its caption, as its author published it."""

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
    alt: str = ""
    """What there is to see, in words."""
    language: str = ""
    """ISO 639-1; "" where the author did not say."""
    is_ai_made: bool = False
    is_sensitive: bool = False
    """Shown behind a cover until it is touched."""
    permissions: Permissions = FOR_EVERYBODY
    cover_key: str | None = None
    """The blob of the picture that its author chose for a cover."""
    publish_at_us: int | None = None
    """When the wish to publish is to be met; None for at once."""
    edited_at_us: int | None = None
    """When what viewers see of it last changed after it was published."""
    pinned_at_us: int | None = None
    save_count: int = 0
    repost_count: int = 0
    caption_languages: str = ""
    """In which it has captions, with spaces between."""
    kind: ClipKind = ClipKind.VIDEO
    look: str = ""
    """Of a text post: one of `domain/post.py`."""
    picture_alts: tuple[str, ...] = ()
    """Of a photo post: what there is to see in each picture, in words."""


class Moment(NamedTuple):
    """When a clip came out, and which it is: what lists by time are in the order of, and are gone on with."""

    at_us: int
    clip_id: ClipId

    @property
    def text(self) -> str:
        """As clients see it: two ids one behind the other."""
        return id_text(self.at_us) + id_text(self.clip_id)


def parse_moment(text: str) -> Moment | None:
    """What `text` stands for, or None where it stands for none."""
    at_us, clip_id = parse_id(text[:TEXT_LENGTH]), parse_id(text[TEXT_LENGTH:])
    return None if at_us is None or clip_id is None else Moment(at_us, ClipId(clip_id))


LATEST = Moment(1 << 62, ClipId(1 << 62))
"""Behind it is everything."""


@dataclass(frozen=True, slots=True)
class Version:
    """What a published clip said until it was changed."""

    clip_id: ClipId
    until_us: int
    changed: tuple[str, ...]
    """What was changed then: caption, alt, language, ai_made, sensitive, cover, look, audience, permissions."""
    caption: str
    alt: str
    language: str
    is_ai_made: bool
    is_sensitive: bool
    audience: Audience
    """Who could see it so; it is shown to nobody else."""


class RenditionKind(StrEnum):
    """What a stored file of a clip is for."""

    LADDER = "ladder"
    POSTER = "poster"
    STRIP = "strip"
    WAVEFORM = "waveform"
    HLS = "hls"
    PICTURE = "picture"
    """One size of one picture of a photo post."""
    SOUND = "sound"
    """What is heard under a photo post."""
    CARD = "card"
    """The words of a text post as a picture, for links elsewhere."""


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
    """What is shown of a sound beside each clip that has it."""

    id: SoundId
    title: str
    """What its author calls it, or ""."""
    author_handle: str
    clip_id: ClipId | None
    """The clip that it was first heard in, which may be gone."""


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
class Repost:
    """That somebody passed a clip on to who follows them, with a word of their own."""

    id: RepostId
    """Made when it was reposted, and sorts among clips' ids by that time."""
    clip_id: ClipId
    by: Author
    text: str


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
    is_saved: bool = False
    made_from: "Origin | None" = None
    """The clip whose picture is in this one, where there is one."""

    @property
    def pictures(self) -> Iterator["ClipView"]:
        """This clip, and those whose pictures are in it as far as they are there."""
        view: ClipView | None = self
        while view is not None:
            yield view
            view = view.made_from.view if view.made_from else None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a part of a clip's picture is from."""

    kind: str
    """`duet` or `stitch`."""
    view: ClipView | None
    """None where that clip is gone."""
