"""An author's own clips: upload by a form, look at their states, change, pin, publish, retry, withdraw, delete."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypedDict

import msgspec
import structlog

from freehold.actions import clip as actions
from freehold.actions import cut as cutting
from freehold.actions import pictures as gathering
from freehold.actions import text as texts
from freehold.actions import upload as upload_actions
from freehold.actions.clip import AskedMaking, Change, Cover, Words
from freehold.actions.upload import Announced
from freehold.api import identity
from freehold.api.edge import read_body
from freehold.api.multipart import Event, Field, FileBegin, FileEnd, FormReader
from freehold.api.native.uploads import forget, words_of
from freehold.api.present import ClipShape, clip_json
from freehold.api.routes import BEFORE, BYTES_SCHEMA, ID_SCHEMA, PICTURES, Access, Kind, Routes, path_id, query_id
from freehold.api.server import Call, Server
from freehold.domain.account import NOBODY, Viewer
from freehold.domain.clip import (
    FOR_EVERYBODY,
    Audience,
    Clip,
    ClipKind,
    ClipState,
    ClipView,
    Permissions,
    Rendition,
    RenditionKind,
    Use,
    Version,
    Wish,
)
from freehold.domain.cut import Cut, Overlay, Part
from freehold.domain.errors import Absent, BackendError, BadInput, Conflict, NoRoom, TooLarge
from freehold.domain.ids import ClipId, id_text, parse_id
from freehold.domain.making import OWN_PERCENT, STITCH_MS_LIMIT, Layout, MakingKind
from freehold.domain.post import PICTURE_BYTES_LIMIT, PICTURE_LIMIT, Look
from freehold.domain.transcript import Transcript, TranscriptState
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip
from freehold.governance.rules import source_hidden
from freehold.media.card import WALL_S, draw_card
from freehold.media.cover import MAX_PICTURE_BYTES, fit_picture, kept_picture, make_cover, within
from freehold.media.outputs import MediaFile
from freehold.media.publication import Puts, put_file
from freehold.store import captions
from freehold.store import clip as clips
from freehold.store import rendition as renditions
from freehold.store import transcript as transcripts
from freehold.store import upload as uploads

routes = Routes()
log = structlog.get_logger("freehold.clips")

MINE_LIMIT = 100
COVER_MS_LIMIT = 86_400_000
"""A day: longer than any clip; until a clip was looked at, nobody knows how long it is."""
FORM_SCHEMA = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "caption": {"type": "string"},
        "audience": {"enum": list(Audience)},
        "wish": {"enum": list(Wish)},
        "sound": ID_SCHEMA,
        "alt": {"type": "string"},
        "language": {"type": "string"},
        "ai_made": {"enum": ["0", "1"]},
        "sensitive": {"enum": ["0", "1"]},
        "transcribe": {"enum": ["0", "1"]},
        **{f"may_{use.value}": {"enum": list(Audience)} for use in Use},
        "publish_at": {"type": "string", "format": "date-time"},
        "file": BYTES_SCHEMA,
    },
}
OVERHEAD_BYTES = 128 << 10
"""What a form may have besides its file."""

STATE_TEXTS = {
    ClipState.UPLOADING: "The file is being uploaded.",
    ClipState.UPLOADED: "The file is here and waits to be looked at.",
    ClipState.PROBED: "The file is fine and is being made playable.",
    ClipState.PLAYABLE: "The clip can be watched; higher qualities are being made.",
    ClipState.READY: "The clip is complete.",
    ClipState.REFUSED: "The file was not taken.",
    ClipState.FAILED: "Processing did not work.",
    ClipState.EXPIRED: "The upload was not completed in time.",
    ClipState.WITHDRAWN: "You took this clip back; only you can see it.",
}


TRANSCRIPT_TEXTS = {
    "waiting": "What is said becomes captions once the clip can be watched.",
    TranscriptState.DUE: "What is said is being written down.",
    TranscriptState.MADE: "The machine wrote down what it heard. Read it and mend it: what you save is yours.",
    TranscriptState.SILENT: "Nobody was heard to speak.",
    TranscriptState.UNSAID: "Say which language is spoken, and what is said becomes captions.",
    TranscriptState.UNSUPPORTED: "The machine does not know this language: no captions were made.",
    TranscriptState.OWN: "Your own captions stand; none were made by the machine.",
    TranscriptState.FAILED: "What is said could not be written down.",
    TranscriptState.OFF: "No captions are made by the machine.",
}
SOURCE_HIDDEN_TEXT = (
    "This clip is shown to nobody, or not to everybody: nor is the clip that it was made with, or that is gone."
)


class RefusalShape(TypedDict):
    code: str
    text: str


class OrderShape(TypedDict):
    """The order by which a clip is withheld."""

    authority: str
    reference: str
    since_us: int


class TranscriptShape(TypedDict):
    """What becomes of captions by the machine."""

    is_wanted: bool
    state: str
    """`waiting` until it can be listened to, `due`, `made`, `silent`, `language-unsaid`, `language-unsupported`,
    `own` where its author's captions stand in their place, `failed`, `off`."""
    text: str
    languages: list[str]
    """In which it has captions that nobody wrote."""


class PermissionsShape(TypedDict):
    """For whom each use of a clip is: public, followers or private."""

    comment: str
    duet: str
    stitch: str
    use_sound: str
    download: str


class MineShape(ClipShape):
    """A clip as its author sees it."""

    state_text: str
    progress_percent: int | None
    queue_position: int | None
    refusal: RefusalShape | None
    order: OrderShape | None
    can_retry: bool
    is_published: bool
    wish: str
    audience: str
    permissions: PermissionsShape
    publish_at_us: int | None
    cover_ms: int
    has_cover_picture: bool
    transcript: TranscriptShape | None
    """None on a server that makes no captions."""
    file_name: str
    size_bytes: int
    created_at_us: int


class MineAnswer(TypedDict):
    clips: list[MineShape]


class ClipAnswer(TypedDict):
    clip: MineShape


class PermissionsBody(msgspec.Struct, forbid_unknown_fields=True):
    comment: Audience | None = None
    duet: Audience | None = None
    stitch: Audience | None = None
    use_sound: Audience | None = None
    download: Audience | None = None


class WordsBody(msgspec.Struct, forbid_unknown_fields=True):
    caption: str | None = None
    audience: Audience | None = None
    wish: Wish | None = None
    cover_ms: int | None = None
    alt: str | None = None
    language: str | None = None
    is_ai_made: bool | None = None
    is_sensitive: bool | None = None
    permissions: PermissionsBody | None = None
    publish_at_us: int | msgspec.UnsetType | None = msgspec.UNSET
    """When it is to be published; null for at once."""
    look: str | None = None
    """Of a text post."""
    may_transcribe: bool | None = None
    """Whether the machine may make captions of what it hears. What it made goes without."""
    picture_alts: list[str] | None = None
    """Of a photo post: what there is to see in each picture."""


class VersionShape(TypedDict):
    """What a clip said until it was changed, and what was changed then."""

    until_us: int
    changed: list[str]
    caption: str
    alt: str
    language: str
    is_ai_made: bool
    is_sensitive: bool


class HistoryAnswer(TypedDict):
    clip: ClipShape
    versions: list[VersionShape]


@routes.add("GET", "/api/clips/mine", access=Access.SIGNED_IN, answer=MineAnswer, parameters=(BEFORE,))
async def mine(call: Call) -> MineAnswer:
    """Clips of one's own with their states, 100 a page, newest first."""
    return {"clips": await mine_of(call)}


async def mine_of(call: Call) -> list[MineShape]:
    """The signed-in account's clips in the shape `mine`, newest first, a page of them."""
    before, database = query_id(call, "before"), call.server.backends.database
    own = await clips.of_author_for_system(
        database, call.account.id, MINE_LIMIT, ClipId(before) if before is not None else None
    )
    return await _shapes(call, [clip.id for clip in own])


async def drafts_of(call: Call, limit: int) -> list[MineShape]:
    """The signed-in account's newest drafts."""
    found = await clips.drafts_of_author_for_system(call.server.backends.database, call.account.id, limit)
    return await _shapes(call, found)


@routes.add("GET", "/api/clips/{clip_id}/mine", access=Access.SIGNED_IN, answer=MineShape)
async def one_of_mine(call: Call) -> MineShape:
    """One clip of one's own, with its state."""
    return await shape_of(call, ClipId(path_id(call, "clip_id")))


async def shape_of(call: Call, clip_id: ClipId) -> MineShape:
    """One own clip in the shape `mine`; `Absent` where it is somebody else's."""
    shapes = await _shapes(call, [clip_id])
    if not shapes:
        raise Absent("clip-absent", "There is no such clip of yours.")
    return shapes[0]


@routes.add(
    "POST",
    "/api/clips",
    access=Access.CREATOR,
    kind=Kind.RAW,
    answer=ClipAnswer,
    status=201,
    takes={"multipart/form-data": FORM_SCHEMA},
)
async def create(call: Call) -> ClipAnswer:
    """Upload a clip by a form: file, and optionally caption, audience, wish."""
    return {"clip": await shape_of(call, await receive_form(call))}


class PartBody(msgspec.Struct, forbid_unknown_fields=True):
    """A stretch of a draft of one's own; the frame at its end is not in it."""

    clip: str
    from_ms: int
    to_ms: int


class OverlayBody(msgspec.Struct, forbid_unknown_fields=True):
    """A picture of a text over the cut: where in the clip, in permille of its width and height, and when."""

    picture: bytes
    """PNG in base64."""
    x_permille: int
    y_permille: int
    width_permille: int
    from_ms: int
    to_ms: int
    text: str = ""


class MakingBody(msgspec.Struct, forbid_unknown_fields=True):
    """What the clip is made with: a clip, or somebody's sound, by its id; volumes in percent."""

    kind: MakingKind
    id: str
    layout: Layout = Layout.BESIDE
    stitch_ms: int = STITCH_MS_LIMIT
    own_volume: int | None = None
    other_volume: int = 100

    def asked(self) -> AskedMaking:
        own_percent = OWN_PERCENT[self.kind] if self.own_volume is None else self.own_volume
        id_ = parse_id(self.id) or 0
        return AskedMaking(self.kind, id_, self.layout, self.stitch_ms, own_percent, self.other_volume)


class CutBody(msgspec.Struct, forbid_unknown_fields=True):
    parts: list[PartBody]
    overlays: list[OverlayBody] = []
    making: MakingBody | None = None


@routes.add("POST", "/api/clips/cut", access=Access.CREATOR, body=CutBody, answer=ClipAnswer, status=201)
async def cut(call: Call, body: CutBody) -> ClipAnswer:
    """Make a clip of parts of drafts, in this order, with texts over it, and with another clip or a sound; it takes
    their place."""
    wanted = Cut(
        tuple(Part(ClipId(parse_id(part.clip) or 0), part.from_ms, part.to_ms) for part in body.parts),
        tuple(
            Overlay(one.text, one.picture, one.x_permille, one.y_permille, one.width_permille, one.from_ms, one.to_ms)
            for one in body.overlays
        ),
    )
    server = call.server
    made = await cutting.cut(
        server.backends,
        call.account,
        wanted,
        server.media_limits.max_duration_ms,
        call.at_us,
        server.random,
        body.making.asked() if body.making else None,
    )
    return {"clip": await shape_of(call, made.id)}


class PictureBody(msgspec.Struct, forbid_unknown_fields=True):
    """An upload of a picture, by the id of its clip, and what there is to see."""

    clip: str
    alt: str | None = None


class PicturesBody(msgspec.Struct, forbid_unknown_fields=True):
    pictures: list[PictureBody]
    sound: str | None = None
    """The id of the sound that is heard under them."""


@routes.add("POST", "/api/clips/pictures", access=Access.CREATOR, body=PicturesBody, answer=ClipAnswer, status=201)
async def gather(call: Call, body: PicturesBody) -> ClipAnswer:
    """Make a photo post of pictures that were uploaded, in this order; it takes their place."""
    pictures = [gathering.Picture(ClipId(parse_id(one.clip) or 0), one.alt) for one in body.pictures]
    asked = None if body.sound is None else AskedMaking(MakingKind.SOUND, parse_id(body.sound) or 0)
    clip = await gathering.gather(call.server.intake, call.account, pictures, asked=asked)
    return {"clip": await shape_of(call, clip.id)}


class TextBody(msgspec.Struct, forbid_unknown_fields=True):
    """A post of words, and what else is said of it."""

    caption: str
    """The words."""
    look: str = Look.PEAT.value
    audience: Audience = Audience.PUBLIC
    wish: Wish = Wish.DRAFT
    language: str = ""
    is_ai_made: bool = False
    is_sensitive: bool = False
    permissions: PermissionsBody | None = None
    publish_at_us: int | None = None


@routes.add("POST", "/api/clips/text", access=Access.CREATOR, body=TextBody, answer=ClipAnswer, status=201)
async def write(call: Call, body: TextBody) -> ClipAnswer:
    """Post words on a ground, at once or at a time, or keep them as a draft."""
    permissions = FOR_EVERYBODY.with_changes(_said_permissions(body.permissions) if body.permissions else {})
    publish_at_us = None if body.publish_at_us is None else _checked_time(body.publish_at_us)
    words = Words(
        caption=body.caption, audience=body.audience, wish=body.wish, language=body.language,
        is_ai_made=body.is_ai_made, is_sensitive=body.is_sensitive, permissions=permissions,
        publish_at_us=publish_at_us,
    )  # fmt: skip
    clip = await write_words(call, words, body.look)
    return {"clip": await shape_of(call, clip.id)}


@routes.add("PATCH", "/api/clips/{clip_id}", access=Access.SIGNED_IN, body=WordsBody, answer=MineShape)
async def change(call: Call, body: WordsBody) -> MineShape:
    """Change what is said of a clip: caption, description, labels, who may do what, cover, when it is published."""
    clip_id = ClipId(path_id(call, "clip_id"))
    asked = partial(_asked_change, call, clip_id, body)
    await change_as_asked(call, clip_id, asked)
    return await shape_of(call, clip_id)


async def _asked_change(call: Call, clip_id: ClipId, body: WordsBody) -> Change:
    if body.may_transcribe and not call.server.transcribes:
        raise Conflict("transcripts-absent", "This server makes no captions by itself.")
    permissions = cover = publish_at_us = None
    if body.permissions is not None:
        permissions = _said_permissions(body.permissions)
    if body.cover_ms is not None:
        cover = await moment_cover(call, clip_id, body.cover_ms)
    if body.publish_at_us is not msgspec.UNSET:
        publish_at_us = _checked_time(body.publish_at_us) if body.publish_at_us is not None else 0
    return Change(
        body.caption, body.audience, body.wish, body.alt, body.language, body.is_ai_made, body.is_sensitive,
        permissions, publish_at_us, cover, body.look, body.may_transcribe, body.picture_alts,
    )  # fmt: skip


def _said_permissions(body: PermissionsBody) -> dict[Use, Audience]:
    said = {use: getattr(body, use.value) for use in Use}
    return {use: audience for use, audience in said.items() if audience is not None}


def _checked_time(at_us: int) -> int:
    """0 would call it off, and no database takes what is longer than 63 bits."""
    if not 0 < at_us < 1 << 62:
        raise BadInput("publish-at-past", "The time at which the clip is to be published is over already.")
    return at_us


@routes.add(
    "PUT", "/api/clips/{clip_id}/cover", access=Access.SIGNED_IN, kind=Kind.RAW, answer=MineShape, takes=PICTURES
)
async def cover(call: Call) -> MineShape:
    """Show a clip by a picture: PNG, JPEG or WebP of up to 10 MiB, as the request's body."""
    clip_id = ClipId(path_id(call, "clip_id"))
    await show_by_picture(call, clip_id, await read_body(call.request, MAX_PICTURE_BYTES + 1))
    return await shape_of(call, clip_id)


async def show_by_picture(call: Call, clip_id: ClipId, data: bytes) -> None:
    """Raises what `kept_picture` and the change raise."""
    _check_has_cover(await own_clip(call, clip_id))
    picture = await kept_picture(call.server.jail(), data)
    key = await call.server.backends.blobs.put(picture)

    async def asked() -> Change:
        clip = await own_clip(call, clip_id)
        poster = await _poster_of(call, clip, picture) if actions.has_poster(clip) else None
        return Change(cover=Cover(picture_key=key, poster=poster))

    await change_as_asked(call, clip_id, asked)


@routes.add("PUT", "/api/clips/{clip_id}/pin", access=Access.SIGNED_IN, answer=MineShape)
async def pin(call: Call) -> MineShape:
    """Put a clip at the top of one's profile, three at most; again changes nothing."""
    return await pin_clip(call, ClipId(path_id(call, "clip_id")), True)


@routes.add("DELETE", "/api/clips/{clip_id}/pin", access=Access.SIGNED_IN, answer=MineShape)
async def unpin(call: Call) -> MineShape:
    """Let a clip stand among the others again; again changes nothing."""
    return await pin_clip(call, ClipId(path_id(call, "clip_id")), False)


async def pin_clip(call: Call, clip_id: ClipId, is_pinned: bool) -> MineShape:
    await actions.pin(call.server.backends, call.account, clip_id, is_pinned, call.at_us)
    return await shape_of(call, clip_id)


@routes.add("GET", "/api/clips/{clip_id}/history", answer=HistoryAnswer)
async def history(call: Call) -> HistoryAnswer:
    """What a clip says, and what it said before, the latest first."""
    return await history_of(call, ClipId(path_id(call, "clip_id")))


async def history_of(call: Call, clip_id: ClipId) -> HistoryAnswer:
    """What was for the viewer when it was said. Raises what `shown_clip` raises."""
    database = call.server.backends.database
    view = await shown_clip(database, call.viewer, clip_id, Door.LINK, call.at_us)
    is_own = call.viewer.account is not None and call.viewer.account.id == view.clip.author_id
    versions = await clips.versions_of(database, clip_id)
    files = (await renditions.of_clips(database, [clip_id])).get(clip_id, [])
    return {
        "clip": clip_json(view, files, call.viewer),
        "versions": [
            _version(version)
            for version in versions
            if version.audience is Audience.PUBLIC or view.is_followed or is_own
        ],
    }


def _version(version: Version) -> VersionShape:
    return {
        "until_us": version.until_us,
        "changed": list(version.changed),
        "caption": version.caption,
        "alt": version.alt,
        "language": version.language,
        "is_ai_made": version.is_ai_made,
        "is_sensitive": version.is_sensitive,
    }


@routes.add("POST", "/api/clips/{clip_id}/publish", access=Access.CREATOR, answer=MineShape)
async def publish(call: Call) -> MineShape:
    """Publish a clip now, or as soon as it can be watched."""
    clip_id = ClipId(path_id(call, "clip_id"))
    await actions.publish(call.server.backends, call.account, clip_id, call.at_us)
    return await shape_of(call, clip_id)


@routes.add("POST", "/api/clips/{clip_id}/retry", access=Access.CREATOR, answer=MineShape)
async def retry(call: Call) -> MineShape:
    """Try again what failed."""
    clip_id = ClipId(path_id(call, "clip_id"))
    await actions.retry(call.server.backends, call.account, clip_id, call.at_us)
    return await shape_of(call, clip_id)


@routes.add("POST", "/api/clips/{clip_id}/withdraw", access=Access.SIGNED_IN, answer=MineShape)
async def withdraw(call: Call) -> MineShape:
    """Take a clip back; publishing brings it again."""
    clip_id = ClipId(path_id(call, "clip_id"))
    await actions.withdraw(call.server.backends, call.account, clip_id, call.at_us)
    return await shape_of(call, clip_id)


@routes.add("DELETE", "/api/clips/{clip_id}", access=Access.SIGNED_IN, status=204)
async def delete(call: Call) -> None:
    """Delete a clip with its files, likes and comments."""
    clip_id = ClipId(path_id(call, "clip_id"))
    await actions.delete(call.server.backends, call.server.incoming_dir, call.account, clip_id, call.at_us)


async def own_clip(call: Call, clip_id: ClipId) -> Clip:
    """The clip, for its author alone; `Absent` (code `clip-absent`) for everybody else."""
    clip = await clips.one_for_system(call.server.backends.database, clip_id)
    if clip is None or clip.author_id != call.account.id:
        raise Absent("clip-absent", "There is no such clip of yours.")
    return clip


def _check_has_cover(clip: Clip) -> None:
    if clip.kind is ClipKind.TEXT:
        raise Conflict("cover-not-video", "A text post is shown by its words; it has no cover.")


async def moment_cover(call: Call, clip_id: ClipId, cover_ms: int) -> Cover:
    """The cover from a moment of the clip; where it is not made yet, it will be taken from there."""
    if not 0 <= cover_ms <= COVER_MS_LIMIT:
        raise BadInput("bad-cover", "The cover is a moment of the clip, in milliseconds from its start.")
    clip = await own_clip(call, clip_id)
    _check_has_cover(clip)
    if clip.kind is ClipKind.PHOTO:
        raise Conflict("cover-not-video", "A photo post is shown by its first picture, or by one that you send.")
    if not actions.has_poster(clip):
        return Cover(cover_ms)
    cover_ms = within(cover_ms, clip.duration_ms)
    known = await _files_of(call, clip)
    lowest = next(one for one in known if one.kind is RenditionKind.LADDER)
    size, server = _poster_size(known), call.server

    async def make(folder: Path) -> MediaFile:
        source = folder / "lowest.mp4"
        await server.backends.blobs.fetch_file(lowest.blob_key, source)
        return await make_cover(source, cover_ms, size, folder, server.media_limits, server.jail())

    return Cover(cover_ms, poster=await _put_poster(call, clip, make))


async def _poster_of(call: Call, clip: Clip, picture: bytes) -> Rendition:
    """The kept picture in the size of the clip's poster, put but not yet referred to."""
    size, server = _poster_size(await _files_of(call, clip)), call.server

    async def make(folder: Path) -> MediaFile:
        source = folder / "picture.jpg"
        source.write_bytes(picture)
        return await fit_picture(source, size, folder, server.media_limits, server.jail())

    return await _put_poster(call, clip, make)


async def write_words(call: Call, words: Words, look: str) -> Clip:
    """A text post, with a picture of it for links elsewhere; raises what `texts.write` raises."""
    clip = await texts.write(call.server.intake, call.account, words, look)
    await show_words(call.server, clip)
    return clip


async def change_as_asked(call: Call, clip_id: ClipId, asked: Callable[[], Awaitable[Change]]) -> Change:
    """As `actions.change_as_asked`; where a text post says something else now, its picture does too."""
    before = await clips.one_for_system(call.server.backends.database, clip_id)
    wanted = await actions.change_as_asked(call.server.backends, call.account, clip_id, asked, call.at_us)
    clip = await clips.one_for_system(call.server.backends.database, clip_id)
    if before is not None and clip is not None and (before.caption, before.look) != (clip.caption, clip.look):
        await show_words(call.server, clip)
    return wanted


async def show_words(server: Server, clip: Clip) -> None:
    """Draw what links to a text post show. Without it they show none: the post, which is kept by now, does not fail."""
    if clip.kind is not ClipKind.TEXT:
        return
    try:
        async with asyncio.timeout(WALL_S), server.drawing:
            with tempfile.TemporaryDirectory(dir=_covers_dir(server)) as folder:
                drawn = await draw_card(clip.caption, Look(clip.look), Path(folder), server.jail())
                if drawn is not None:
                    puts = Puts(server.backends.blobs)
                    card = await put_file(puts, clip.id, drawn)
                    await texts.put_card(server.backends, clip, card, puts.put_again)
    except (BackendError, NoRoom, OSError) as error:  # A timeout is an OSError.
        log.error("no picture for links", clip=id_text(clip.id), error=repr(error))


async def _files_of(call: Call, clip: Clip) -> list[Rendition]:
    return (await renditions.of_clips(call.server.backends.database, [clip.id])).get(clip.id, [])


def _poster_size(known: Sequence[Rendition]) -> MediaFile:
    """A poster of the size that there is; `Conflict` where there is none."""
    poster = next((rendition for rendition in known if rendition.kind is RenditionKind.POSTER), None)
    if poster is None:
        raise Conflict("clip-not-watchable", "This clip cannot be watched yet.")
    return MediaFile(Path("poster.jpg"), "poster", "poster.jpg", "image/jpeg", 0, poster.width_px, poster.height_px)


def _covers_dir(server: Server) -> Path:
    work_dir = server.incoming_dir.parent / "covers"
    work_dir.mkdir(parents=True, exist_ok=True)
    return work_dir


async def _put_poster(call: Call, clip: Clip, make: Callable[[Path], Awaitable[MediaFile]]) -> Rendition:
    server = call.server

    async def work() -> Rendition:
        with tempfile.TemporaryDirectory(dir=_covers_dir(server)) as folder:
            return await put_file(server.backends.blobs, clip.id, await make(Path(folder)))

    return await server.backends.compute.run(work)


async def receive_form(call: Call, *, checks_csrf: bool = False) -> ClipId:
    """Take in a form with a file as it arrives; the clip that it begins. What is not complete leaves nothing.

    With `checks_csrf` the field `csrf` must stand before the file: for pages that work without scripts.
    """
    intake, events, fields = call.server.intake, _form_events(call), dict[str, str]()
    begin = await _first_file(call, events, fields, checks_csrf=checks_csrf)
    announced = Announced(_form_bytes(call), begin.file_name, words_of(fields), "", OVERHEAD_BYTES)
    upload = await upload_actions.begin(intake, call.account, announced)
    try:
        known = await upload_actions.append(intake, call.account, upload.id, 0, _file_bytes(events))
        if await _next_file(events, fields) is not None:
            raise BadInput("file-second", "One form takes one file. Send the other in a form of its own.")
        await upload_actions.complete(intake, known, begin.file_name, words_of(fields))
    except BaseException:
        await upload_actions.unbroken(forget(call, upload))
        raise
    return upload.clip_id


async def receive_photos(call: Call) -> ClipId:
    """Take in a form with pictures as they arrive, the field `csrf` before them; the post that they become. What is not
    complete leaves nothing."""
    server, events, fields = call.server, _form_events(call), dict[str, str]()
    begin: FileBegin | None = await _first_file(call, events, fields, checks_csrf=True)
    taken: list[ClipId] = []
    try:
        while begin is not None:
            if len(taken) == PICTURE_LIMIT:
                raise BadInput("pictures-count", f"A photo post has 1 to {PICTURE_LIMIT} pictures.")
            taken.append(await _receive_picture(call, begin.file_name, events))
            begin = await _next_file(events, fields)
        pictures = [gathering.Picture(clip_id) for clip_id in taken]
        words = words_of(fields)
        return (await gathering.gather(server.intake, call.account, pictures, words, words.asked_making)).id
    except BaseException:
        for clip_id in taken:
            await upload_actions.unbroken(
                actions.delete(server.backends, server.incoming_dir, call.account, clip_id, call.at_us)
            )
        raise


async def _receive_picture(call: Call, file_name: str, events: AsyncIterator[Event]) -> ClipId:
    intake, words = call.server.intake, Words(kind=ClipKind.PHOTO)
    announced = Announced(PICTURE_BYTES_LIMIT + OVERHEAD_BYTES, file_name, words, "", OVERHEAD_BYTES)
    upload = await upload_actions.begin(intake, call.account, announced)
    try:
        known = await upload_actions.append(intake, call.account, upload.id, 0, _file_bytes(events))
        await upload_actions.complete(intake, known, file_name, words)
    except TooLarge as refusal:
        await upload_actions.unbroken(forget(call, upload))
        raise upload_actions.picture_too_big() if refusal.code == "upload-overflow" else refusal from None
    except BaseException:
        await upload_actions.unbroken(forget(call, upload))
        raise
    return upload.clip_id


def _form_bytes(call: Call) -> int:
    length = call.request.headers.get("content-length", "")
    if not length.isdigit():
        refusal = BadInput("length-needed", "Say how long the form is (Content-Length), or upload by tus.")
        refusal.http_status = 411
        raise refusal
    return int(length)


def _form_events(call: Call) -> AsyncIterator[Event]:
    return FormReader(call.request.headers.get("content-type", "")).events(call.request.stream())


async def _first_file(
    call: Call, events: AsyncIterator[Event], fields: dict[str, str], *, checks_csrf: bool
) -> FileBegin:
    begin = await _next_file(events, fields)
    if begin is None:
        raise BadInput("file-missing", "The form has no file.")
    if checks_csrf and identity.bearer_token(call.request) is None:
        identity.check_csrf(call.request, call.server, call.viewer, fields.get("csrf", ""))
    return begin


async def _next_file(events: AsyncIterator[Event], fields: dict[str, str]) -> FileBegin | None:
    """Read fields up to the next file, which is returned, or to the form's end."""
    async for event in events:
        if isinstance(event, Field):
            fields[event.name] = event.text
        elif isinstance(event, FileBegin):
            return event
    return None


async def _file_bytes(events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    async for event in events:
        if isinstance(event, FileEnd):
            return
        if isinstance(event, bytes):
            yield event


async def _shapes(call: Call, clip_ids: Sequence[ClipId]) -> list[MineShape]:
    database = call.server.backends.database
    viewer = Viewer(call.viewer.id, call.account)
    views = await clips.for_viewer(database, viewer, clip_ids, call.at_us)
    known = [views[clip_id] for clip_id in clip_ids if clip_id in views]
    own = [view for view in known if view.clip.author_id == call.account.id]
    own_ids = [view.clip.id for view in own]
    files = await renditions.of_clips(database, own_ids)
    told = await _transcripts(call, [view.clip.id for view in own if view.clip.kind is ClipKind.VIDEO])
    return [await _shape(call, view, files.get(view.clip.id, []), told.get(view.clip.id)) for view in own]


async def _transcripts(call: Call, clip_ids: Sequence[ClipId]) -> dict[ClipId, TranscriptShape]:
    if not call.server.transcribes:
        return {}
    database = call.server.backends.database
    known = await transcripts.of_clips(database, clip_ids)
    by_machine = await captions.by_machine_of(database, clip_ids)
    return {clip_id: _transcript(known.get(clip_id), by_machine.get(clip_id, [])) for clip_id in clip_ids}


def _transcript(known: Transcript | None, languages: list[str]) -> TranscriptShape:
    state = known.state.value if known else "waiting"
    return {
        "is_wanted": state != TranscriptState.OFF,
        "state": state,
        "text": TRANSCRIPT_TEXTS[state],
        "languages": languages,
    }


def _state_text(view: ClipView) -> str:
    order = view.withholding
    if order is None and view.clip.published_at_us and source_hidden(view, NOBODY, Door.LINK) is not None:
        return SOURCE_HIDDEN_TEXT
    if order is None:
        return STATE_TEXTS[view.clip.state]
    since = datetime.fromtimestamp(order.since_us / 1_000_000, UTC).date().isoformat()
    return (
        f"This clip is withheld by order of {order.authority} since {since} (reference {order.reference}):"
        " it is shown to nobody while the order is in force."
    )


async def _shape(
    call: Call, view: ClipView, files: Sequence[Rendition], transcript: TranscriptShape | None
) -> MineShape:
    clip, order, database = view.clip, view.withholding, call.server.backends.database
    position, percent = None, None
    if clip.state is ClipState.UPLOADING:
        upload = await uploads.of_clip(database, clip.id)
        percent = upload.offset_bytes * 100 // max(1, upload.size_bytes) if upload else 0
    elif clip.state in (ClipState.UPLOADED, ClipState.PROBED, ClipState.PLAYABLE):
        if clip.state is not ClipState.PLAYABLE:
            position = await clips.queue_position(database, clip.id)
        percent = None if position is not None else clip.progress_permille // 10
    return {
        **clip_json(view, files, call.viewer),
        "state_text": _state_text(view),
        "progress_percent": percent,
        "queue_position": position,
        "refusal": {"code": clip.refusal_code, "text": clip.refusal_text or ""} if clip.refusal_code else None,
        "order": {"authority": order.authority, "reference": order.reference, "since_us": order.since_us}
        if order
        else None,
        "can_retry": actions.can_retry(clip),
        "is_published": clip.published_at_us is not None,
        "wish": clip.wish.value,
        "audience": clip.audience.value,
        "permissions": _permissions(clip.permissions),
        "publish_at_us": clip.publish_at_us,
        "has_cover_picture": clip.cover_key is not None,
        "cover_ms": clip.cover_ms,
        "transcript": transcript,
        "file_name": clip.file_name,
        "size_bytes": clip.size_bytes,
        "created_at_us": clip.created_at_us,
    }


def _permissions(permissions: Permissions) -> PermissionsShape:
    return {
        "comment": permissions.comment.value,
        "duet": permissions.duet.value,
        "stitch": permissions.stitch.value,
        "use_sound": permissions.use_sound.value,
        "download": permissions.download.value,
    }
