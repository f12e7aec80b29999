"""Clips: publish, change their words, withdraw, retry, delete; withhold and release by order."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account
from freehold.domain.clip import WATCHABLE, Audience, Clip, ClipState, Rendition, RenditionKind, Wish, Withholding
from freehold.domain.errors import Absent, BackendError, BadInput, Conflict
from freehold.domain.ids import AccountId, ClipId, SoundId, new_id
from freehold.store import clip as clips
from freehold.store import journal, withholding
from freehold.store import rendition as renditions
from freehold.store.journal import Kind

CAPTION_LIMIT = 2_200
TAG_COUNT_LIMIT = 30
SWEEP_DOUBT_COUNT = 100
TAG_LENGTH_LIMIT = 64
DUE_TOPIC = "clip-due"
"""Rung when a clip may have become due for a step."""

_TAG = re.compile(r"(?<![\w&/])#(\w+)")
RETRIED_TO = {ClipState.FAILED: ClipState.UPLOADED, ClipState.READY: ClipState.PLAYABLE}


@dataclass(frozen=True, slots=True)
class Words:
    """What an author says about a clip."""

    caption: str = ""
    audience: Audience = Audience.PUBLIC
    wish: Wish = Wish.DRAFT
    sound_id: SoundId | None = None
    """Somebody's sound that the clip uses; None where its sound is its own."""


def parse_tags(caption: str) -> tuple[str, ...]:
    """The caption's tags, folded so that one tag has one spelling, in order of appearance.

    `BadInput` (codes `too-many-tags`, `tag-too-long`).
    """
    folded = map(folded_tag, _TAG.findall(caption))
    tags = tuple(dict.fromkeys(tag for tag in folded if any(character.isalpha() for character in tag)))
    if len(tags) > TAG_COUNT_LIMIT:
        raise BadInput("too-many-tags", f"A caption may have at most {TAG_COUNT_LIMIT} tags.")
    if any(len(tag) > TAG_LENGTH_LIMIT for tag in tags):
        raise BadInput("tag-too-long", f"A tag may have at most {TAG_LENGTH_LIMIT} characters.")
    return tags


def folded_tag(text: str) -> str:
    """The one spelling of a tag."""
    return unicodedata.normalize("NFKC", text).casefold()


def checked_caption(caption: str) -> str:
    """The caption as it is kept; `BadInput` (code `caption-too-long`)."""
    kept = without_controls(caption.strip(), "\n\t")
    if len(kept) > CAPTION_LIMIT:
        raise BadInput("caption-too-long", f"A caption may have at most {CAPTION_LIMIT:,} characters.")
    return kept


def without_controls(text: str, kept: str = "") -> str:
    """The text without control characters, save the kept ones, and without lone surrogates: no database takes those."""
    return "".join(c for c in text if c in kept or unicodedata.category(c) not in ("Cc", "Cs"))


async def own_clip(transaction: Transaction, account: Account, clip_id: ClipId) -> Clip:
    """The clip, for its author alone; `Absent` (code `clip-absent`) for everybody else."""
    clip = await clips.one_for_system(transaction, clip_id)
    if clip is None or clip.author_id != account.id:
        raise Absent("clip-absent", "There is no such clip of yours.")
    return clip


async def make_public(transaction: Transaction, clip: Clip, at_us: int) -> None:
    """Publish a clip that can be watched, for the wish of its author; nothing happens where it is published."""
    if await clips.set_published(transaction, clip.id, at_us):
        await journal.append(transaction, Kind.CLIP_PUBLISHED, at_us=at_us, actor_id=clip.author_id, subject_id=clip.id)


async def publish(backends: Backends, account: Account, clip_id: ClipId, at_us: int) -> Clip:
    """Publish it now where it can be watched, else as soon as it can. `Conflict` where it never will.

    A withdrawn clip comes back.
    """

    async def work(transaction: Transaction) -> Clip:
        clip = await own_clip(transaction, account, clip_id)
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
            await clips.set_words(transaction, clip_id, clip.caption, clip.audience, Wish.PUBLISH, clip.cover_ms)
        return await own_clip(transaction, account, clip_id)

    clip = await backends.database.transact(work)
    backends.bus.ring(DUE_TOPIC)
    return clip


@dataclass(frozen=True, slots=True)
class Change:
    """What an author changes; None stays."""

    caption: str | None = None
    audience: Audience | None = None
    wish: Wish | None = None
    cover_ms: int | None = None


async def change(
    backends: Backends, account: Account, clip_id: ClipId, change: Change, cover: Rendition | None, at_us: int
) -> Clip:
    """Change a clip's words. `cover` is the new poster where one was made. `Conflict` once it is over."""
    caption = None if change.caption is None else checked_caption(change.caption)
    tags = None if caption is None else parse_tags(caption)

    async def work(transaction: Transaction) -> tuple[Clip, set[str]]:
        clip, replaced = await own_clip(transaction, account, clip_id), set[str]()
        if clip.state in (ClipState.REFUSED, ClipState.EXPIRED):
            raise Conflict("clip-over", "This clip was not taken; there is nothing to change.")
        if change.wish is Wish.DRAFT and clip.published_at_us is not None:
            raise Conflict("already-published", "This clip is published. Withdraw it so that nobody else sees it.")
        if change.wish is Wish.PUBLISH and clip.state is ClipState.WITHDRAWN:
            raise Conflict("clip-withdrawn", "You took this clip back. Publish it again to bring it back.")
        await clips.set_words(
            transaction,
            clip_id,
            clip.caption if caption is None else caption,
            change.audience or clip.audience,
            change.wish or clip.wish,
            clip.cover_ms if change.cover_ms is None else change.cover_ms,
        )
        if tags is not None:
            await clips.set_tags(transaction, clip_id, tags)
        if cover is not None:
            replaced = await renditions.blob_keys_of_kind(transaction, clip_id, RenditionKind.POSTER)
            await renditions.delete_kind(transaction, clip_id, RenditionKind.POSTER)
            await renditions.put(transaction, cover)
        await journal.append(transaction, Kind.CLIP_CHANGED, at_us=at_us, actor_id=account.id, subject_id=clip_id)
        if change.wish is Wish.PUBLISH and clip.state in WATCHABLE:
            await make_public(transaction, clip, at_us)
        return await own_clip(transaction, account, clip_id), replaced

    clip, replaced = await backends.database.transact(work)
    await delete_blobs(backends, replaced)
    return clip


async def withdraw(backends: Backends, account: Account, clip_id: ClipId, at_us: int) -> Clip:
    """Take a clip back: nobody but its author sees it. `Conflict` where it was not to be watched yet."""

    async def work(transaction: Transaction) -> Clip:
        clip = await own_clip(transaction, account, clip_id)
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
    """Delete a clip with everything that hangs on it, its files included."""

    async def work(transaction: Transaction) -> tuple[Clip, set[str]]:
        clip = await own_clip(transaction, account, clip_id)
        keys = await renditions.blob_keys_of_clip(transaction, clip_id)
        await clips.delete(transaction, clip_id)
        await journal.append(transaction, Kind.CLIP_DELETED, at_us=at_us, actor_id=account.id, subject_id=clip_id)
        return clip, keys

    clip, keys = await backends.database.transact(work)
    if clip.incoming_name is not None:
        (incoming_dir / clip.incoming_name).unlink(missing_ok=True)
    await delete_blobs(backends, keys)


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
