"""Captions: set, replace, take away; move with what they are said in."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from freehold.actions.clip import changeable_clip, checked_language, without_controls
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account
from freehold.domain.captions import TRACK_LIMIT, Cue, Stretch, checked, moved, read, write
from freehold.domain.clip import ClipKind, ClipState
from freehold.domain.cut import Part
from freehold.domain.errors import Absent, BadInput, Conflict
from freehold.domain.ids import ClipId
from freehold.store import captions, journal
from freehold.store.journal import Kind


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
    `language-unknown`), `Conflict` (codes `clip-over`, `captions-full`, `captions-not-video`, `cut-part-taken`)."""
    language = named_language(language)
    kept = checked(replace(cue, text=without_controls(cue.text, "\n")) for cue in cues)
    if not kept:
        raise BadInput("captions-empty", "These captions say nothing.")

    async def work(transaction: Transaction) -> None:
        clip = await changeable_clip(transaction, account, clip_id)
        if clip.state in (ClipState.REFUSED, ClipState.EXPIRED):
            raise Conflict("clip-over", "This clip was not taken; there is nothing to change.")
        if clip.kind is not ClipKind.VIDEO:
            raise Conflict("captions-not-video", "Captions go with what plays; a still post has none.")
        languages = await captions.languages_of(transaction, clip_id)
        if language not in languages and len(languages) >= TRACK_LIMIT:
            raise _full()
        await captions.put(transaction, clip_id, language, write(kept), at_us)
        await _note(transaction, account, clip_id, at_us)

    await backends.database.transact(work)
    backends.bus.ring("journal")


async def delete_captions(backends: Backends, account: Account, clip_id: ClipId, language: str, at_us: int) -> None:
    """`Absent` (code `captions-absent`) where there are none in this language; `Conflict` (code `cut-part-taken`)."""

    async def work(transaction: Transaction) -> None:
        await changeable_clip(transaction, account, clip_id)
        if not await captions.delete(transaction, clip_id, language):
            raise Absent("captions-absent", "This clip has no captions in this language.")
        await _note(transaction, account, clip_id, at_us)

    await backends.database.transact(work)
    backends.bus.ring("journal")


async def take_captions(transaction: Transaction, clip_id: ClipId, parts: Sequence[Part], at_us: int) -> None:
    """Have the clip that is to be made of the parts say what they say, each in its time. `Conflict` (code
    `captions-full`), `BadInput` (code `captions-many`)."""
    tracks = {part_id: await _cues_of(transaction, part_id) for part_id in {part.clip_id for part in parts}}
    languages = sorted({language for said in tracks.values() for language in said})
    if len(languages) > TRACK_LIMIT:
        raise _full()
    stretches, at_ms = list[Stretch](), 0
    for part in parts:
        stretches.append(Stretch(part.from_ms, part.to_ms, at_ms))
        at_ms += part.duration_ms
    for language in languages:
        said = [tracks[part.clip_id].get(language, ()) for part in parts]
        await _keep(transaction, clip_id, language, moved(zip(said, stretches, strict=True)), at_us)
    await captions.note_languages(transaction, clip_id)


async def move_captions(transaction: Transaction, clip_id: ClipId, stretches: Sequence[Stretch], at_us: int) -> None:
    """Have the clip say everything where it comes to stand."""
    for language, cues in (await _cues_of(transaction, clip_id)).items():
        await _keep(transaction, clip_id, language, moved((cues, one) for one in stretches), at_us)
    await captions.note_languages(transaction, clip_id)


async def _cues_of(transaction: Transaction, clip_id: ClipId) -> dict[str, tuple[Cue, ...]]:
    return {language: read(text) for language, text in (await captions.tracks_of(transaction, clip_id)).items()}


async def _keep(transaction: Transaction, clip_id: ClipId, language: str, cues: Sequence[Cue], at_us: int) -> None:
    """The cues as the only ones of this language; none at all leave no track."""
    if cues:
        await captions.put(transaction, clip_id, language, write(checked(cues)), at_us)
    else:
        await captions.delete(transaction, clip_id, language)


def _full() -> Conflict:
    return Conflict("captions-full", f"A clip has captions in at most {TRACK_LIMIT} languages.")


async def _note(transaction: Transaction, account: Account, clip_id: ClipId, at_us: int) -> None:
    await captions.note_languages(transaction, clip_id)
    await journal.append(transaction, Kind.CLIP_CAPTIONED, at_us=at_us, actor_id=account.id, subject_id=clip_id)
