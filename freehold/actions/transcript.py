"""Captions by the machine: asked for, called off, put beside what the author wrote and never in its place."""

from collections.abc import Sequence

from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.captions import TRACK_LIMIT, Cue, checked, write
from freehold.domain.clip import Clip
from freehold.domain.ids import AccountId, ClipId
from freehold.domain.transcript import Transcript, TranscriptState, told_of
from freehold.store import captions, journal
from freehold.store import clip as clips
from freehold.store import cut as cuts
from freehold.store import transcript as transcripts
from freehold.store.journal import Kind

WAITS_FOR_A_LANGUAGE = (TranscriptState.UNSAID, TranscriptState.UNSUPPORTED)
OF_A_LANGUAGE = (TranscriptState.MADE, TranscriptState.SILENT, TranscriptState.FAILED)


async def ask(transaction: Transaction, clip_id: ClipId, at_us: int) -> None:
    """Have the clip listened to, unless its author wants no captions by the machine."""
    if not await is_off(transaction, clip_id):
        await transcripts.put(transaction, clip_id, TranscriptState.DUE, at_us, at_us)


async def is_off(transaction: Transaction, clip_id: ClipId) -> bool:
    """Whether its author wants no captions by the machine."""
    known = await transcripts.of_clip(transaction, clip_id)
    return known is not None and known.state is TranscriptState.OFF


async def reconsider(transaction: Transaction, before: Clip, after: Clip, at_us: int) -> None:
    """Have it listened to where it was not for want of a language, and something else is said of it now; and again
    where it was, or just is, listened to in another language."""
    if (before.language, before.caption) == (after.language, after.caption):
        return
    known = await transcripts.of_clip(transaction, after.id)
    if known is None:
        return
    is_due = known.state in WAITS_FOR_A_LANGUAGE
    if known.state is TranscriptState.DUE:
        # Who listens just now finds another row than theirs.
        is_due = told_of(before) != told_of(after)
    elif known.state in OF_A_LANGUAGE and before.language != after.language:
        by_machine = (await captions.by_machine_of(transaction, [after.id])).get(after.id, [])
        is_due = not after.language or after.language not in by_machine
    if is_due:
        await transcripts.put(transaction, after.id, TranscriptState.DUE, at_us, at_us)


async def choose(transaction: Transaction, clip: Clip, is_wanted: bool, at_us: int, *, can_be_heard: bool) -> None:
    """As its author wishes; `can_be_heard` once there is something of the clip to listen to.

    Without the wish, what the machine made goes; with it, what was called off or failed is done again, and what was
    there before anything could be heard is listened to. Again changes nothing.
    """
    known = await transcripts.of_clip(transaction, clip.id)
    state = known.state if known else None
    if not is_wanted and state is not TranscriptState.OFF:
        await transcripts.put(transaction, clip.id, TranscriptState.OFF, at_us)
        if await captions.delete_by_machine(transaction, clip.id):
            await _note(transaction, clip.id, clip.author_id, at_us)
    elif is_wanted and state in (None, TranscriptState.OFF, TranscriptState.FAILED):
        if can_be_heard:
            await transcripts.put(transaction, clip.id, TranscriptState.DUE, at_us, at_us)
        else:
            # Its first step asks for it.
            await transcripts.delete(transaction, clip.id)


async def settle(
    backends: Backends,
    clip_id: ClipId,
    state: TranscriptState,
    language: str,
    cues: Sequence[Cue],
    at_us: int,
    *,
    due: Transcript | None = None,
    told: str | None = None,
) -> None:
    """What became of it: with cues, they are the clip's captions in that language from here on, where its author has
    none. What the machine made before goes. Nothing happens where it is not due any more, is not `due` as it was
    leased, or something else than `told` tells the language by now."""

    async def work(transaction: Transaction) -> None:
        await clips.lock(transaction, clip_id)
        known = await transcripts.of_clip(transaction, clip_id)
        if known is None or known.state is not TranscriptState.DUE:
            return
        if due is not None and known != due:
            return
        clip = await clips.one_for_system(transaction, clip_id)
        if told is not None and clip is not None and told_of(clip) != told:
            return
        if await cuts.taken_of(transaction, {clip_id}):
            # What is made of it is listened to as a whole.
            await transcripts.delete(transaction, clip_id)
            return
        kept = checked(cues)
        is_made = bool(kept) and await _has_room(transaction, clip_id, language)
        is_other = await captions.delete_by_machine(transaction, clip_id)
        if is_made:
            await captions.put(transaction, clip_id, language, write(kept), at_us, is_by_machine=True)
        if is_made or is_other:
            await _note(transaction, clip_id, None, at_us)
        reached = state if is_made or not kept else TranscriptState.OWN
        await transcripts.put(transaction, clip_id, reached, at_us)

    await backends.database.transact(work)
    backends.bus.ring("journal")


async def _has_room(transaction: Transaction, clip_id: ClipId, language: str) -> bool:
    own = set(await captions.tracks_of(transaction, clip_id))
    return language not in own and len(own) < TRACK_LIMIT


async def _note(transaction: Transaction, clip_id: ClipId, actor_id: AccountId | None, at_us: int) -> None:
    await captions.note_languages(transaction, clip_id)
    await journal.append(transaction, Kind.CLIP_CAPTIONED, at_us=at_us, actor_id=actor_id, subject_id=clip_id)
