"""Sounds: whose each is, where it was first heard, how it is used, and naming one's own."""

from typing import Annotated, TypedDict

import msgspec

from freehold.actions import sound as actions
from freehold.actions.making import sound_source
from freehold.api.present import ClipShape, SoundShape, clip_json, sound_json
from freehold.api.routes import Access, Routes, path_id
from freehold.api.server import Call
from freehold.domain.clip import LATEST, Sound, Use
from freehold.domain.errors import Absent, Refusal
from freehold.domain.ids import ClipId, SoundId
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clips
from freehold.governance.permissions import usable_clip
from freehold.search.find import shown_sounds
from freehold.search.trends import days_of_sound
from freehold.store import clip as clips
from freehold.store import rendition as renditions
from freehold.store import sound as sounds

routes = Routes()


class SoundDay(TypedDict):
    at_us: int
    """Its beginning, in UTC."""
    account_count: int


class SoundAnswer(TypedDict):
    sound: SoundShape
    author_name: str
    clip_count: int
    """That anybody may see."""
    first_clip: ClipShape | None
    """The clip that it was first heard in, where it is there and for you to see."""
    trend_place: int | None
    """Among the sounds that are trending, from 1."""
    days: list[SoundDay]
    """How many accounts used it on each of the last days, the oldest first."""
    can_use: bool
    """Whether you may make a clip with it."""
    is_own: bool


class SoundName(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(max_length=400)]
    """"" for none."""


@routes.add("GET", "/api/sounds/{id}", answer=SoundAnswer)
async def sound(call: Call) -> SoundAnswer:
    """How a sound is used, for whoever may see a clip with it."""
    return await sound_json_of(call, SoundId(path_id(call, "id")))


@routes.add("PATCH", "/api/sounds/{id}", access=Access.SIGNED_IN, body=SoundName, answer=SoundAnswer)
async def name(call: Call, body: SoundName) -> SoundAnswer:
    """Say what a sound of yours is called."""
    sound_id = SoundId(path_id(call, "id"))
    await name_sound(call, sound_id, body.name)
    return await _told(call, sound_id)


async def name_sound(call: Call, sound_id: SoundId, text: str) -> None:
    await actions.name_sound(call.server.backends, call.account, sound_id, text, call.at_us)


async def sound_json_of(call: Call, sound_id: SoundId) -> SoundAnswer:
    """`Absent` (code `sound-absent`) for whoever may see no clip with it."""
    database = call.server.backends.database
    if not await shown_sounds(database, call.viewer, [sound_id], call.at_us):
        # The index may be behind, and knows only what everybody may see.
        found = await clips.by_sound_for_viewer(database, sound_id, LATEST, 40)
        if not await shown_clips(database, call.viewer, [one.clip_id for one in found], Door.TAG, call.at_us):
            raise Absent("sound-absent", "There is no such sound here, or no clip with it that is for you to see.")
    return await _told(call, sound_id)


async def _told(call: Call, sound_id: SoundId) -> SoundAnswer:
    database, at_us = call.server.backends.database, call.at_us
    row = (await sounds.by_ids(database, [sound_id])).get(sound_id)
    if row is None:
        raise Absent("sound-absent", "There is no such sound.")
    account, days = call.viewer.account, await days_of_sound(database, sound_id, at_us)
    return {
        "sound": sound_json(row.sound, None),
        "author_name": row.author_name,
        "clip_count": (await sounds.count_uses(database, [sound_id])).get(sound_id, 0),
        "first_clip": await _first_clip(call, row.sound),
        "trend_place": await call.server.trends.place_of_sound(sound_id, at_us),
        "days": [{"at_us": day.at_us, "account_count": day.accounts} for day in days],
        "can_use": await _can_use(call, sound_id),
        "is_own": account is not None and account.id == row.author_id,
    }


async def _first_clip(call: Call, sound: Sound) -> ClipShape | None:
    if sound.clip_id is None:
        return None
    database, clip_id = call.server.backends.database, ClipId(sound.clip_id)
    views = await shown_clips(database, call.viewer, [clip_id], Door.TAG, call.at_us)
    files = await renditions.of_clips(database, [view.clip.id for view in views])
    return next((clip_json(view, files.get(clip_id, ()), call.viewer) for view in views), None)


async def _can_use(call: Call, sound_id: SoundId) -> bool:
    database = call.server.backends.database
    try:
        clip_id = await sound_source(database, sound_id)
        await usable_clip(database, call.viewer, clip_id, Use.USE_SOUND, Door.LINK, call.at_us)
    except Refusal:
        return False
    return True
