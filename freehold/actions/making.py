"""Making a clip with another: whether one may, and how."""

from freehold.actions.clip import AskedMaking
from freehold.backends.database import Database, Transaction
from freehold.domain.account import Viewer
from freehold.domain.clip import ClipState
from freehold.domain.errors import Absent, BadInput, Conflict
from freehold.domain.ids import ClipId, SoundId
from freehold.domain.making import (
    LOUDEST_PERCENT,
    STITCH_MS_LEAST,
    STITCH_MS_LIMIT,
    USES,
    Making,
    MakingKind,
)
from freehold.domain.verdict import Door
from freehold.governance.permissions import usable_clip
from freehold.store import making as makings
from freehold.store import sound as sounds

DEPTH_LIMIT = 4


async def checked_making(transaction: Transaction, viewer: Viewer, asked: AskedMaking, at_us: int) -> Making:
    """How the clip is to be made. Raises what `usable_clip` raises, `Absent` (codes `sound-absent`, `sound-gone`),
    `BadInput` (codes `bad-volume`, `bad-stitch`) and `Conflict` (codes `source-withdrawn`, `source-deep`)."""
    if not (0 <= asked.own_percent <= LOUDEST_PERCENT and 0 <= asked.source_percent <= LOUDEST_PERCENT):
        raise BadInput("bad-volume", f"A volume is from 0 to {LOUDEST_PERCENT} percent.")
    if not STITCH_MS_LEAST <= asked.length_ms <= STITCH_MS_LIMIT:
        raise BadInput("bad-stitch", "A stitch takes the first one to five seconds.")
    source_id = ClipId(asked.of_id)
    if asked.kind is MakingKind.SOUND:
        source_id = await sound_source(transaction, SoundId(asked.of_id))
    view = await usable_clip(transaction, viewer, source_id, USES[asked.kind], Door.LINK, at_us)
    if view.clip.state is ClipState.WITHDRAWN:
        raise Conflict("source-withdrawn", "You took this clip back. Publish it again to make another with it.")
    if asked.kind is not MakingKind.SOUND and await makings.depth_of(transaction, source_id) >= DEPTH_LIMIT:
        raise Conflict("source-deep", f"At most {DEPTH_LIMIT} clips stand one within the other.")
    return Making(asked.kind, source_id, asked.layout, asked.length_ms, asked.own_percent, asked.source_percent)


async def sound_source(source: Database | Transaction, sound_id: SoundId) -> ClipId:
    """The clip that a sound is taken from. `Absent` (codes `sound-absent`, `sound-gone`)."""
    if not await sounds.exists(source, sound_id):
        raise Absent("sound-absent", "There is no such sound.")
    clip_id = await sounds.first_clip_of(source, sound_id)
    if clip_id is None:
        raise Absent("sound-gone", "The clip that this sound was first heard in is no longer there to take it from.")
    return clip_id


def sound_asked(asked: AskedMaking | None) -> SoundId | None:
    """The sound that a clip is to be made with."""
    return SoundId(asked.of_id) if asked and asked.kind is MakingKind.SOUND else None
