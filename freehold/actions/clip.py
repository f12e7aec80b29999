"""Clips: publish, change their words, pin, withdraw, retry, delete; withhold and release by order."""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from freehold.actions import transcript
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account
from freehold.domain.clip import (
    FOR_EVERYBODY,
    WATCHABLE,
    Audience,
    Clip,
    ClipKind,
    ClipState,
    Permissions,
    Rendition,
    RenditionKind,
    Use,
    Version,
    Wish,
    Withholding,
)
from freehold.domain.errors import Absent, BackendError, BadInput, Conflict
from freehold.domain.ids import AccountId, ClipId, SoundId, new_id
from freehold.domain.language import NAMES
from freehold.domain.making import STITCH_MS_LIMIT, Layout, MakingKind
from freehold.domain.post import TEXT_LIMIT, TINTS, Look, text_ms
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import cut as cuts
from freehold.store import journal, withholding
from freehold.store import rendition as renditions
from freehold.store import sound as sounds
from freehold.store.journal import Kind

CAPTION_LIMIT = 2_200
ALT_LIMIT = 1_500
VERSION_LIMIT = 100
PIN_LIMIT = 3
PUBLISH_AHEAD_US = 366 * 86_400_000_000
DUE_AT_ONCE = 100
TAG_COUNT_LIMIT = 30
SWEEP_DOUBT_COUNT = 100
TAG_LENGTH_LIMIT = 64
DUE_TOPIC = "clip-due"
"""Rung when a clip may have become due for a step."""

_TAG = re.compile(r"(?<![\w&/])#(\w+)")
RETRIED_TO = {ClipState.FAILED: ClipState.UPLOADED, ClipState.READY: ClipState.PLAYABLE}


@dataclass(frozen=True, slots=True)
class AskedMaking:
    """What other clip, or whose sound, it is to be made with."""

    kind: MakingKind
    of_id: int
    """Of the clip; of the sound, where that is asked for."""
    layout: Layout = Layout.BESIDE
    length_ms: int = STITCH_MS_LIMIT
    own_percent: int = 100
    source_percent: int = 100


@dataclass(frozen=True, slots=True)
class Words:
    """What an author says about a clip."""

    caption: str = ""
    audience: Audience = Audience.PUBLIC
    wish: Wish = Wish.DRAFT
    sound_id: SoundId | None = None
    """The sound that its track is known to be already."""
    asked_making: AskedMaking | None = None
    alt: str = ""
    language: str = ""
    is_ai_made: bool = False
    is_sensitive: bool = False
    permissions: Permissions = FOR_EVERYBODY
    publish_at_us: int | None = None
    may_transcribe: bool | None = None
    """Whether the machine may make captions of what it hears; None where it was not said, and it may."""
    kind: ClipKind = ClipKind.VIDEO
    """What its file is: a video, or a picture."""


def photo_not_made_with() -> BadInput:
    return BadInput(
        "photo-not-made-with", "A photo post is not made with another clip; a sound is said where it is gathered."
    )


def with_words(clip: Clip, words: Words) -> Clip:
    """The clip with what is said of it."""
    return replace(
        clip, caption=words.caption, audience=words.audience, wish=words.wish, alt=words.alt, language=words.language,
        is_ai_made=words.is_ai_made, is_sensitive=words.is_sensitive, permissions=words.permissions,
        publish_at_us=words.publish_at_us,
    )  # fmt: skip


def checked_words(words: Words, at_us: int) -> Words:
    """As they are kept. Raises what the check of each raises, and `BadInput` (code `photo-not-made-with`)."""
    if words.kind is not ClipKind.VIDEO and words.asked_making is not None:
        raise photo_not_made_with()
    is_later = words.publish_at_us is not None
    if is_later and words.wish is not Wish.PUBLISH:
        raise BadInput("publish-at-draft", "What is to be published at a time is wished to be published.")
    return replace(
        words,
        caption=checked_caption(words.caption),
        alt=checked_alt(words.alt),
        language=checked_language(words.language),
        publish_at_us=checked_publish_at(words.publish_at_us, at_us),
    )


def parse_tags(caption: str) -> tuple[str, ...]:
    """The caption's tags, folded so that one tag has one spelling, in order of appearance.

    `BadInput` (codes `too-many-tags`, `tag-too-long`).
    """
    tags = tags_in(caption)
    if len(tags) > TAG_COUNT_LIMIT:
        raise BadInput("too-many-tags", f"A caption may have at most {TAG_COUNT_LIMIT} tags.")
    if any(len(tag) > TAG_LENGTH_LIMIT for tag in tags):
        raise BadInput("tag-too-long", f"A tag may have at most {TAG_LENGTH_LIMIT} characters.")
    return tags


def tags_in(text: str) -> tuple[str, ...]:
    """All of them, however many and long."""
    folded = map(folded_tag, _TAG.findall(text))
    return tuple(dict.fromkeys(tag for tag in folded if any(character.isalpha() for character in tag)))


def folded_tag(text: str) -> str:
    """The one spelling of a tag."""
    return unicodedata.normalize("NFKC", text).casefold()


def checked_caption(caption: str) -> str:
    """The caption as it is kept; `BadInput` (code `caption-too-long`)."""
    kept = without_controls(caption, "\n\t").strip()
    if len(kept) > CAPTION_LIMIT:
        raise BadInput("caption-too-long", f"A caption may have at most {CAPTION_LIMIT:,} characters.")
    return kept


def checked_text(text: str) -> str:
    """The words of a text post as they are kept; `BadInput` (codes `text-empty`, `text-too-long`)."""
    kept = without_controls(text, "\n\t").strip()
    if not kept:
        raise BadInput("text-empty", "A text post has words.")
    if len(kept) > TEXT_LIMIT:
        raise BadInput("text-too-long", f"A text post may have at most {TEXT_LIMIT:,} characters.")
    return kept


def checked_look(look: str) -> Look:
    """`BadInput` (code `look-unknown`)."""
    try:
        return Look(look)
    except ValueError:
        raise BadInput("look-unknown", f"A text post stands on one of {', '.join(Look)}.") from None


async def set_read(transaction: Transaction, clip: Clip) -> None:
    """Keep what follows from the words and the look of a text post: how long it takes to read, and its colour."""
    tint, duration_ms = TINTS[Look(clip.look)], text_ms(clip.caption)
    await clips.set_facts(transaction, clip.id, tint=tint, duration_ms=duration_ms)


def checked_alt(alt: str) -> str:
    """The description as it is kept; `BadInput` (code `alt-too-long`)."""
    kept = without_controls(alt, "\n\t").strip()
    if len(kept) > ALT_LIMIT:
        raise BadInput("alt-too-long", f"A description may have at most {ALT_LIMIT:,} characters.")
    return kept


def checked_language(language: str) -> str:
    """In lower case; `BadInput` (code `language-unknown`)."""
    kept = language.strip().lower()
    if kept and kept not in NAMES:
        raise BadInput("language-unknown", "A language is named by two letters, such as en, pt or ja.")
    return kept


def checked_publish_at(publish_at_us: int | None, at_us: int) -> int | None:
    """`BadInput` (codes `publish-at-past`, `publish-at-far`)."""
    if publish_at_us is not None and publish_at_us <= at_us:
        raise BadInput("publish-at-past", "The time at which the clip is to be published is over already.")
    if publish_at_us is not None and publish_at_us > at_us + PUBLISH_AHEAD_US:
        raise BadInput("publish-at-far", "A clip may wait for at most a year.")
    return publish_at_us


def without_controls(text: str, kept: str = "") -> str:
    """The text without control characters, save the kept ones, and without lone surrogates: no database takes those."""
    return "".join(c for c in text if c in kept or unicodedata.category(c) not in ("Cc", "Cs"))


async def own_clip(transaction: Transaction, account: Account, clip_id: ClipId) -> Clip:
    """The clip, for its author alone, as it stays until the transaction ends; `Absent` (code `clip-absent`) for
    everybody else."""
    await clips.lock(transaction, clip_id)
    clip = await clips.one_for_system(transaction, clip_id)
    if clip is None or clip.author_id != account.id:
        raise Absent("clip-absent", "There is no such clip of yours.")
    return clip


async def changeable_clip(transaction: Transaction, account: Account, clip_id: ClipId) -> Clip:
    """`own_clip`, where nothing else is being made of it: with that it goes. `Conflict` (code `cut-part-taken`)."""
    clip = await own_clip(transaction, account, clip_id)
    if await cuts.taken_of(transaction, {clip_id}):
        raise Conflict("cut-part-taken", "Another clip is being made of this one: change that one instead.")
    return clip


def has_poster(clip: Clip) -> bool:
    """Whether there is something of it to be watched, were it by its author alone."""
    return clip.state in WATCHABLE or clip.state is ClipState.WITHDRAWN


def is_wanted(clip: Clip, at_us: int) -> bool:
    """Whether its author wishes it to be out by now."""
    return clip.wish is Wish.PUBLISH and (clip.publish_at_us is None or clip.publish_at_us <= at_us)


async def make_public(transaction: Transaction, clip: Clip, at_us: int) -> None:
    """Publish a clip that can be watched, for the wish of its author; nothing happens where it is published."""
    if await clips.set_published(transaction, clip.id, at_us):
        await journal.append(transaction, Kind.CLIP_PUBLISHED, at_us=at_us, actor_id=clip.author_id, subject_id=clip.id)


async def publish_due(backends: Backends, at_us: int) -> int:
    """Publish the clips whose time has come; how many. What cannot be watched by then is published once it can."""
    count = 0
    for clip_id in await clips.due_to_publish(backends.database, at_us, DUE_AT_ONCE):

        async def work(transaction: Transaction, clip_id: ClipId = clip_id) -> bool:
            # Asked again inside: its author may have called it off meanwhile.
            await clips.lock(transaction, clip_id)
            clip = await clips.one_for_system(transaction, clip_id)
            if clip is None or clip.state not in WATCHABLE or not is_wanted(clip, at_us):
                return False
            await make_public(transaction, clip, at_us)
            return True

        count += await backends.database.transact(work)
    if count:
        backends.bus.ring("journal")
    return count


async def publish(backends: Backends, account: Account, clip_id: ClipId, at_us: int) -> Clip:
    """Publish it now where it can be watched, else as soon as it can. `Conflict` (codes `clip-not-publishable`,
    `cut-part-taken`) where it never will.

    A withdrawn clip comes back; one that waits for its time waits no longer.
    """

    async def work(transaction: Transaction) -> Clip:
        clip = await changeable_clip(transaction, account, clip_id)
        if clip.state in (ClipState.REFUSED, ClipState.FAILED, ClipState.EXPIRED):
            raise Conflict("clip-not-publishable", "This clip cannot be watched, so it cannot be published.")
        if clip.state is ClipState.WITHDRAWN:
            await clips.set_state(
                transaction, clip_id, ClipState.PLAYABLE, at_us=at_us, due_at_us=at_us, expected=ClipState.WITHDRAWN
            )
            await clips.set_not_withdrawn(transaction, clip_id)
        if clip.state in WATCHABLE or clip.state is ClipState.WITHDRAWN:
            await make_public(transaction, clip, at_us)
        else:
            await clips.set_words(transaction, replace(clip, wish=Wish.PUBLISH, publish_at_us=None))
        return await own_clip(transaction, account, clip_id)

    clip = await backends.database.transact(work)
    backends.bus.ring(DUE_TOPIC)
    return clip


@dataclass(frozen=True, slots=True)
class Cover:
    """What a clip is to be shown by before it plays: a moment of it, or a picture."""

    cover_ms: int = 0
    picture_key: str | None = None
    poster: Rendition | None = None
    """Made from it, where there is something of the clip to be watched; else it is made with that."""


class LateCover(Conflict):
    """The clip became one that can be watched before a cover without a poster was kept: it needs one now."""

    def __init__(self) -> None:
        super().__init__("cover-late", "This clip was being made just then. Choose its cover again.")


@dataclass(frozen=True, slots=True)
class Change:
    """What an author changes; None stays."""

    caption: str | None = None
    audience: Audience | None = None
    wish: Wish | None = None
    alt: str | None = None
    language: str | None = None
    is_ai_made: bool | None = None
    is_sensitive: bool | None = None
    permissions: Mapping[Use, Audience] | None = None
    """Those that are said; the others stay."""
    publish_at_us: int | None = None
    """0 calls the time off: what is wished to be published then is so at once."""
    cover: Cover | None = None
    look: str | None = None
    """Of a text post."""
    may_transcribe: bool | None = None
    picture_alts: Sequence[str] | None = None
    """Of a photo post: what there is to see in each picture."""


async def change(backends: Backends, account: Account, clip_id: ClipId, change: Change, at_us: int) -> Clip:
    """Change what is said of a clip. What others saw of it is kept for them to look up, until it is made private.

    `Conflict` (codes `cut-part-taken`, `clip-over`, `already-published`, `clip-withdrawn`, `clip-edited-often`,
    `cover-not-video`, `look-not-text`), `BadInput` (code `picture-alts`), `LateCover`; raises what `checked_words`
    raises, and for a text post what `checked_text` and `checked_look` do.
    """

    async def work(transaction: Transaction) -> tuple[Clip, set[str]]:
        clip = await changeable_clip(transaction, account, clip_id)
        _check_changeable(clip, change)
        changed = _changed(clip, change, at_us)
        if changed.audience is Audience.PRIVATE:
            await clips.delete_versions(transaction, clip_id)
            changed = replace(changed, edited_at_us=None)
        elif _is_for_others(clip):
            changed = await _keep_version(transaction, clip, changed, change.cover is not None, at_us)
        await clips.set_words(transaction, changed)
        if clip.kind is ClipKind.TEXT:
            await set_read(transaction, changed)
        if change.may_transcribe is not None:
            await transcript.choose(
                transaction, clip, change.may_transcribe, at_us, can_be_heard=has_poster(clip) and bool(clip.sound_id)
            )
        await transcript.reconsider(transaction, clip, changed, at_us)
        if changed.caption != clip.caption:
            await clips.set_tags(transaction, clip_id, parse_tags(changed.caption))
        replaced = await _replace_cover(transaction, clip, change.cover) if change.cover else set()
        if (changed.caption, changed.look) != (clip.caption, clip.look):
            replaced |= await renditions.blob_keys_of_kind(transaction, clip.id, RenditionKind.CARD)
            await renditions.delete_kind(transaction, clip.id, RenditionKind.CARD)
        await journal.append(transaction, Kind.CLIP_CHANGED, at_us=at_us, actor_id=account.id, subject_id=clip_id)
        is_asked = change.wish is Wish.PUBLISH or change.publish_at_us is not None
        if is_asked and changed.state in WATCHABLE and is_wanted(changed, at_us):
            await make_public(transaction, changed, at_us)
        return await own_clip(transaction, account, clip_id), replaced

    clip, replaced = await backends.database.transact(work)
    await delete_blobs(backends, replaced)
    backends.bus.ring("journal")
    return clip


async def change_as_asked(
    backends: Backends, account: Account, clip_id: ClipId, asked: Callable[[], Awaitable[Change]], at_us: int
) -> Change:
    """`change` by what is asked; asked again where a cover came just when the clip could be watched."""
    wanted = await asked()
    try:
        await change(backends, account, clip_id, wanted, at_us)
    except LateCover:
        wanted = await asked()
        await change(backends, account, clip_id, wanted, at_us)
    return wanted


def _check_changeable(clip: Clip, change: Change) -> None:
    if clip.state in (ClipState.REFUSED, ClipState.EXPIRED):
        raise Conflict("clip-over", "This clip was not taken; there is nothing to change.")
    if clip.published_at_us is not None and (change.wish is Wish.DRAFT or change.publish_at_us):
        raise Conflict("already-published", "This clip is published. Withdraw it so that nobody else sees it.")
    if clip.state is ClipState.WITHDRAWN and (change.wish is Wish.PUBLISH or change.publish_at_us):
        raise Conflict("clip-withdrawn", "You took this clip back. Publish it again to bring it back.")
    if change.cover is not None and clip.kind is ClipKind.TEXT:
        raise Conflict("cover-not-video", "A text post is shown by its words; it has no cover.")
    if change.look is not None and clip.kind is not ClipKind.TEXT:
        raise Conflict("look-not-text", "Only a text post stands on a ground of its own.")
    if change.cover is not None and change.cover.poster is None and has_poster(clip):
        raise LateCover


def _changed(clip: Clip, change: Change, at_us: int) -> Clip:
    """The clip with what is changed. A time to be published at is itself a wish; a draft has none."""
    wish = change.wish or (Wish.PUBLISH if change.publish_at_us else clip.wish)
    later_us = clip.publish_at_us if change.publish_at_us is None else change.publish_at_us or None
    if change.wish is not None and change.publish_at_us is None:
        later_us = None
    if wish is Wish.DRAFT and change.publish_at_us:
        raise BadInput("publish-at-draft", "What is to be published at a time is wished to be published.")
    checked = checked_text if clip.kind is ClipKind.TEXT else checked_caption
    changed = replace(
        clip,
        caption=clip.caption if change.caption is None else checked(change.caption),
        look=clip.look if change.look is None else checked_look(change.look),
        alt=clip.alt if change.alt is None else checked_alt(change.alt),
        language=clip.language if change.language is None else checked_language(change.language),
        is_ai_made=clip.is_ai_made if change.is_ai_made is None else change.is_ai_made,
        is_sensitive=clip.is_sensitive if change.is_sensitive is None else change.is_sensitive,
        permissions=clip.permissions.with_changes(change.permissions or {}),
        audience=change.audience or clip.audience,
        wish=wish,
        publish_at_us=checked_publish_at(later_us, at_us) if change.publish_at_us else later_us,
    )
    if change.picture_alts is not None:
        changed = replace(changed, picture_alts=_checked_alts(clip, change.picture_alts))
    parse_tags(changed.caption)
    if change.cover is None:
        return changed
    return replace(changed, cover_ms=change.cover.cover_ms, cover_key=change.cover.picture_key)


def _checked_alts(clip: Clip, alts: Sequence[str]) -> tuple[str, ...]:
    if len(alts) != len(clip.picture_alts):
        raise BadInput(
            "picture-alts", f"This post has {len(clip.picture_alts)} pictures; say something of each, or nothing."
        )
    return tuple(map(checked_alt, alts))


SHOWN = ("caption", "alt", "language", "is_ai_made", "is_sensitive")
"""What viewers see of a clip's words; the history has it all."""


def _is_for_others(clip: Clip) -> bool:
    """Whether anybody but its author may see it: the history has nothing else."""
    is_out = clip.published_at_us is not None and clip.state is not ClipState.WITHDRAWN
    return is_out and clip.audience is not Audience.PRIVATE


async def _keep_version(transaction: Transaction, before: Clip, after: Clip, is_cover_new: bool, at_us: int) -> Clip:
    """The changed clip, told when it was edited; what it said before is in the history from here on."""
    names = [
        name for name in (*SHOWN, "look", "audience", "permissions") if getattr(before, name) != getattr(after, name)
    ]
    names += ["cover"] if is_cover_new else []
    names += ["alt"] if before.picture_alts != after.picture_alts else []
    if not names:
        return after
    if await clips.count_versions(transaction, before.id) >= VERSION_LIMIT:
        raise Conflict("clip-edited-often", f"This clip was changed {VERSION_LIMIT} times; it stays as it is.")
    told = tuple(name.removeprefix("is_") for name in names)
    await clips.insert_version(
        transaction,
        Version(
            before.id,
            at_us,
            told,
            before.caption,
            _alt_of(before),
            before.language,
            before.is_ai_made,
            before.is_sensitive,
            before.audience,
        ),
    )
    is_seen = any(name in SHOWN or name in ("cover", "look") for name in names)
    return replace(after, edited_at_us=at_us) if is_seen else after


def _alt_of(clip: Clip) -> str:
    return "\n".join(filter(None, clip.picture_alts)) if clip.picture_alts else clip.alt


async def _replace_cover(transaction: Transaction, clip: Clip, cover: Cover) -> set[str]:
    """The keys of what nothing may need any more."""
    replaced = {clip.cover_key} if clip.cover_key else set()
    if cover.poster is not None:
        replaced |= await renditions.blob_keys_of_kind(transaction, clip.id, RenditionKind.POSTER)
        await renditions.delete_kind(transaction, clip.id, RenditionKind.POSTER)
        await renditions.put(transaction, cover.poster)
    return replaced


async def pin(backends: Backends, account: Account, clip_id: ClipId, is_pinned: bool, at_us: int) -> Clip:
    """Put a published clip at the top of its author's profile, or back among the others; the same again changes
    nothing. `Conflict` (codes `clip-not-published`, `pins-full`)."""

    async def work(transaction: Transaction) -> Clip:
        await accounts.lock(transaction, account.id)
        clip = await own_clip(transaction, account, clip_id)
        if (clip.pinned_at_us is not None) == is_pinned:
            return clip
        if is_pinned and clip.published_at_us is None:
            raise Conflict("clip-not-published", "A clip that is not published cannot be pinned.")
        if is_pinned and len(await clips.pinned_by(transaction, account.id)) >= PIN_LIMIT:
            raise Conflict("pins-full", f"{PIN_LIMIT} clips are pinned already. Unpin one of them first.")
        await clips.set_pinned(transaction, clip_id, at_us if is_pinned else None)
        kind = Kind.CLIP_PINNED if is_pinned else Kind.CLIP_UNPINNED
        await journal.append(transaction, kind, at_us=at_us, actor_id=account.id, subject_id=clip_id)
        return await own_clip(transaction, account, clip_id)

    return await backends.database.transact(work)


async def withdraw(backends: Backends, account: Account, clip_id: ClipId, at_us: int) -> Clip:
    """Take a clip back: nobody but its author sees it. `Conflict` (codes `clip-not-watchable`, `cut-part-taken`)."""

    async def work(transaction: Transaction) -> Clip:
        clip = await changeable_clip(transaction, account, clip_id)
        if clip.state is ClipState.WITHDRAWN:
            return clip
        if clip.state not in WATCHABLE:
            raise Conflict("clip-not-watchable", "This clip cannot be watched yet; delete it if you do not want it.")
        await clips.set_state(
            transaction, clip_id, ClipState.WITHDRAWN, at_us=at_us, due_at_us=None, expected=clip.state
        )
        await clips.set_withdrawn(transaction, clip_id, at_us)
        await journal.append(transaction, Kind.CLIP_WITHDRAWN, at_us=at_us, actor_id=account.id, subject_id=clip_id)
        return await own_clip(transaction, account, clip_id)

    return await backends.database.transact(work)


def can_retry(clip: Clip) -> bool:
    """Whether trying again can help: what failed may, what was refused never does."""
    return clip.state is ClipState.FAILED or (clip.state is ClipState.READY and clip.refusal_code is not None)


async def retry(backends: Backends, account: Account, clip_id: ClipId, at_us: int) -> Clip:
    """Try a failed clip again, from the step that failed. `Conflict` where a retry cannot help."""

    async def work(transaction: Transaction) -> Clip:
        clip = await own_clip(transaction, account, clip_id)
        if not can_retry(clip):
            raise Conflict("clip-not-retryable", "There is nothing to try again with this clip.")
        target = RETRIED_TO[clip.state]
        if target is ClipState.UPLOADED and clip.original_key is not None:
            target = ClipState.PROBED
        await clips.set_state(transaction, clip_id, target, at_us=at_us, due_at_us=at_us, expected=clip.state)
        return await own_clip(transaction, account, clip_id)

    clip = await backends.database.transact(work)
    backends.bus.ring(DUE_TOPIC)
    return clip


async def delete(backends: Backends, incoming_dir: Path, account: Account, clip_id: ClipId, at_us: int) -> None:
    """Delete a clip with everything that hangs on it: its files, and the parts that it was still to be made of."""

    async def work(transaction: Transaction) -> tuple[list[str], set[str]]:
        clip = await own_clip(transaction, account, clip_id)
        names, keys = await delete_parts(transaction, clip, at_us)
        keys |= await renditions.blob_keys_of_clip(transaction, clip_id)
        await delete_row(transaction, clip)
        await journal.append(transaction, Kind.CLIP_DELETED, at_us=at_us, actor_id=account.id, subject_id=clip_id)
        return [*names, *([clip.incoming_name] if clip.incoming_name else [])], keys

    names, keys = await backends.database.transact(work)
    for name in names:
        (incoming_dir / name).unlink(missing_ok=True)
    await delete_blobs(backends, keys)


async def delete_row(transaction: Transaction, clip: Clip) -> None:
    """Delete the clip, and its sound where it was the last to have it."""
    await clips.delete(transaction, clip.id)
    if clip.sound_id is not None:
        await sounds.delete_unused(transaction, clip.sound_id)


async def let_sound_go(transaction: Transaction, clip: Clip) -> None:
    """Have no sound in a clip that will never be heard."""
    if clip.sound_id is not None:
        await clips.set_facts(transaction, clip.id, sound_id=None)
        await sounds.delete_unused(transaction, clip.sound_id)


async def delete_parts(transaction: Transaction, clip: Clip, at_us: int) -> tuple[list[str], set[str]]:
    """Delete the clips that the clip is made of; the names of their files under `incoming/`, and the keys of their
    blobs."""
    names, keys = list[str](), set[str]()
    for part_id in await cuts.parts_of(transaction, clip.id):
        await clips.lock(transaction, part_id)
        part = await clips.one_for_system(transaction, part_id)
        if part is None:
            continue
        names += [part.incoming_name] if part.incoming_name else []
        keys |= await renditions.blob_keys_of_clip(transaction, part_id)
        await delete_row(transaction, part)
        await journal.append(transaction, Kind.CLIP_DELETED, at_us=at_us, actor_id=clip.author_id, subject_id=part_id)
    await cuts.delete(transaction, clip.id)
    return names, keys


async def delete_blobs(backends: Backends, keys: Iterable[str]) -> None:
    """Delete those of the blobs that nothing refers to any more."""
    for key in keys:
        async with backends.blobs.need:
            if not await renditions.is_blob_needed(backends.database, key):
                await backends.blobs.delete(key)


async def sweep_blobs(backends: Backends, put_before_us: int) -> int:
    """Delete what nothing refers to and was put before; how many blobs. What a crash left behind is among them.

    Where that would be most of many blobs, the database is likelier the wrong one (an old copy, an empty one) than
    the blobs: then `BackendError`, and nothing is deleted.
    """
    old = {key async for key in backends.blobs.keys_put_before(put_before_us)}
    surplus = old - await renditions.all_needed_keys(backends.database)
    if len(surplus) > max(SWEEP_DOUBT_COUNT, len(old) // 2):
        raise BackendError(
            f"the database knows nothing of {len(surplus)} of {len(old)} stored files: none of them was deleted"
        )
    await delete_blobs(backends, sorted(surplus))
    return len(surplus)


async def withhold(
    backends: Backends, actor_id: AccountId | None, clip_id: ClipId, order: Withholding, random: Random, at_us: int
) -> None:
    """Withhold a clip by order; `Absent` where there is no such clip."""
    withholding_id = new_id(at_us, random)

    async def work(transaction: Transaction) -> None:
        if await clips.one_for_system(transaction, clip_id) is None:
            raise Absent("clip-absent", "There is no such clip.")
        await withholding.insert(transaction, withholding_id, clip_id, order)
        await journal.append(
            transaction,
            Kind.CLIP_WITHHELD,
            at_us=at_us,
            actor_id=actor_id,
            subject_id=clip_id,
            object_id=withholding_id,
        )

    await backends.database.transact(work)


async def release(backends: Backends, actor_id: AccountId | None, clip_id: ClipId, at_us: int) -> None:
    """End the orders in force for a clip; `Conflict` where there is none."""

    async def work(transaction: Transaction) -> None:
        if not await withholding.end(transaction, clip_id, at_us):
            raise Conflict("clip-not-withheld", "No order is in force for this clip.")
        await journal.append(transaction, Kind.CLIP_RELEASED, at_us=at_us, actor_id=actor_id, subject_id=clip_id)

    await backends.database.transact(work)
