"""Which sound a clip has: one that is known, or its own."""

from freehold.backends.database import Transaction
from freehold.domain.clip import Clip
from freehold.domain.ids import AccountId, SoundId
from freehold.media.sound_print import LEAST, Prints, asked, indexed, is_same, is_telling, overlays, read_prints
from freehold.store import clip as clips
from freehold.store import sound as sounds


async def settle_sound(transaction: Transaction, clip: Clip, prints: Prints, new_id: SoundId, at_us: int) -> None:
    """Have the clip, whose track can be heard, refer to its one sound: the one it was made with, one that it is known
    to be, or its own from here on, with the id `new_id`."""
    await sounds.lock_recognising(transaction)
    sound_id = clip.sound_id or await recognised(transaction, prints, clip.author_id)
    if sound_id is None:
        sound_id = new_id
        await sounds.insert(transaction, sound_id, clip.author_id, "", clip.id, at_us)
    if sound_id != clip.sound_id:
        await clips.set_facts(transaction, clip.id, sound_id=sound_id)
    if await sounds.hear_first(transaction, sound_id, clip.id) and is_telling(prints):
        await sounds.set_prints(transaction, sound_id, prints.astype("<u4").tobytes(), indexed(prints))


async def recognised(transaction: Transaction, prints: Prints, author_id: AccountId) -> SoundId | None:
    """The known sound that the author's track is, or is a piece of; the one known longest of several."""
    if len(prints) < LEAST:
        return None
    wanted = asked(prints)
    tried = overlays(wanted, await sounds.with_prints(transaction, list(wanted)))
    known = await sounds.prints_of(transaction, sorted({sound_id for sound_id, _ in tried}), author_id)
    known_prints = {sound_id: read_prints(raw) for sound_id, raw in known.items()}
    same = [one for one, begins_at in tried if one in known_prints and is_same(prints, known_prints[one], begins_at)]
    return SoundId(min(same)) if same else None
