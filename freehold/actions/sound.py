"""Naming a sound."""

from freehold.actions.clip import without_controls
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account
from freehold.domain.errors import Absent, BadInput
from freehold.domain.ids import SoundId
from freehold.store import journal
from freehold.store import sound as sounds
from freehold.store.journal import Kind

NAME_LIMIT = 80


async def name_sound(backends: Backends, account: Account, sound_id: SoundId, name: str, at_us: int) -> str:
    """What a sound of one's own is called, or "" for nothing but whose it is; as it is kept. `Absent` (code
    `sound-absent`) for everybody else, `BadInput` (code `sound-name-long`)."""
    kept = " ".join(without_controls(name).split())
    if len(kept) > NAME_LIMIT:
        raise BadInput("sound-name-long", f"The name of a sound may have at most {NAME_LIMIT} characters.")

    async def work(transaction: Transaction) -> None:
        row = (await sounds.by_ids(transaction, [sound_id])).get(sound_id)
        if row is None or row.author_id != account.id:
            raise Absent("sound-absent", "There is no such sound of yours.")
        await sounds.set_title(transaction, sound_id, kept)
        await journal.append(transaction, Kind.SOUND_NAMED, at_us=at_us, actor_id=account.id, subject_id=sound_id)

    await backends.database.transact(work)
    backends.bus.ring("journal")
    return kept
