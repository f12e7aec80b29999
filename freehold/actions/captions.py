"""Captions: set, replace, take away."""

from collections.abc import Iterable
from dataclasses import replace

from freehold.actions.clip import checked_language, own_clip, without_controls
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account
from freehold.domain.captions import Cue, checked, write
from freehold.domain.clip import ClipState
from freehold.domain.errors import Absent, BadInput, Conflict
from freehold.domain.ids import ClipId
from freehold.store import captions, journal
from freehold.store.journal import Kind

TRACK_LIMIT = 20


def named_language(text: str) -> str:
    """A track is of one language: `BadInput` (code `language-unknown`)."""
    language = checked_language(text)
    if not language:
        raise BadInput("language-unknown", "A language is named by two letters, such as en, pt or ja.")
    return language


async def set_captions(
    backends: Backends, account: Account, clip_id: ClipId, language: str, cues: Iterable[Cue], at_us: int
) -> None:
    """Have the clip say this in this language. Raises what `checked` raises, `BadInput` (codes `captions-empty`,
    `language-unknown`), `Conflict` (codes `clip-over`, `captions-full`)."""
    language = named_language(language)
    kept = checked(replace(cue, text=without_controls(cue.text, "\n")) for cue in cues)
    if not kept:
        raise BadInput("captions-empty", "These captions say nothing.")

    async def work(transaction: Transaction) -> None:
        clip = await own_clip(transaction, account, clip_id)
        if clip.state in (ClipState.REFUSED, ClipState.EXPIRED):
            raise Conflict("clip-over", "This clip was not taken; there is nothing to change.")
        languages = await captions.languages_of(transaction, clip_id)
        if language not in languages and len(languages) >= TRACK_LIMIT:
            raise Conflict("captions-full", f"A clip has captions in at most {TRACK_LIMIT} languages.")
        await captions.put(transaction, clip_id, language, write(kept), at_us)
        await _note(transaction, account, clip_id, at_us)

    await backends.database.transact(work)
    backends.bus.ring("journal")


async def delete_captions(backends: Backends, account: Account, clip_id: ClipId, language: str, at_us: int) -> None:
    """`Absent` (code `captions-absent`) where there are none in this language."""

    async def work(transaction: Transaction) -> None:
        await own_clip(transaction, account, clip_id)
        if not await captions.delete(transaction, clip_id, language):
            raise Absent("captions-absent", "This clip has no captions in this language.")
        await _note(transaction, account, clip_id, at_us)

    await backends.database.transact(work)
    backends.bus.ring("journal")


async def _note(transaction: Transaction, account: Account, clip_id: ClipId, at_us: int) -> None:
    await captions.note_languages(transaction, clip_id)
    await journal.append(transaction, Kind.CLIP_CAPTIONED, at_us=at_us, actor_id=account.id, subject_id=clip_id)
