"""Text posts: words on a ground, which need no file and no work."""

from collections.abc import Awaitable, Callable

from freehold.actions import clip as clip_actions
from freehold.actions.clip import Words
from freehold.actions.upload import Intake, count_one
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account
from freehold.domain.clip import Clip, ClipKind, ClipState, Rendition, RenditionKind
from freehold.domain.errors import BadInput
from freehold.domain.ids import ClipId, new_id
from freehold.domain.post import Look
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import journal
from freehold.store import rendition as renditions
from freehold.store.journal import Kind


async def write(intake: Intake, account: Account, words: Words, look: str) -> Clip:
    """A post of the words, published where that is wished: it is ready from the beginning.

    Raises what `checked_words`, `checked_text`, `checked_look`, `parse_tags` and `count_one` raise, and `BadInput`
    (code `text-not-made-with`) where it is to be made with another clip or a sound.
    """
    at_us = intake.clock()
    words = clip_actions.checked_words(words, at_us)
    if words.asked_making is not None:
        raise BadInput("text-not-made-with", "A text post is not made with another clip or a sound.")
    clip_id = ClipId(new_id(at_us, intake.random))
    written = _written(clip_id, account, words, clip_actions.checked_look(look), at_us)
    tags = clip_actions.parse_tags(written.caption)

    async def work(transaction: Transaction) -> Clip:
        await accounts.lock(transaction, account.id)
        await count_one(transaction, intake.rules, account.id, at_us)
        await clips.insert(transaction, written, None)
        await clip_actions.set_read(transaction, written)
        await clips.set_tags(transaction, clip_id, tags)
        await journal.append(transaction, Kind.CLIP_WRITTEN, at_us=at_us, actor_id=account.id, subject_id=clip_id)
        if clip_actions.is_wanted(written, at_us):
            await clip_actions.make_public(transaction, written, at_us)
        return await clip_actions.own_clip(transaction, account, clip_id)

    clip = await intake.backends.database.transact(work)
    intake.backends.bus.ring("journal")
    return clip


async def put_card(backends: Backends, clip: Clip, card: Rendition, put_again: Callable[[], Awaitable[None]]) -> None:
    """Have links show the picture of the clip's words; nothing is left of it where it says something else by now.

    `put_again` puts its bytes where they are no longer there.
    """

    async def work(transaction: Transaction) -> bool:
        await clips.lock(transaction, clip.id)
        current = await clips.one_for_system(transaction, clip.id)
        if current is None or (current.caption, current.look) != (clip.caption, clip.look):
            return False
        await renditions.delete_kind(transaction, clip.id, RenditionKind.CARD)
        await renditions.put(transaction, card)
        return True

    # Equal bytes of another post may be deleted just now, before anything refers to ours.
    async with backends.blobs.need:
        await put_again()
        is_shown = await backends.database.transact(work)
    if is_shown:
        await put_again()
    else:
        await clip_actions.delete_blobs(backends, [card.blob_key])


def _written(clip_id: ClipId, account: Account, words: Words, look: Look, at_us: int) -> Clip:
    return Clip(
        id=clip_id, author_id=account.id, state=ClipState.READY, state_since_us=at_us, attempts=0, progress_permille=0,
        refusal_code=None, refusal_text=None, file_name="", size_bytes=0, incoming_name=None, original_key=None,
        probe=None, caption=clip_actions.checked_text(words.caption), audience=words.audience, wish=words.wish,
        sound_id=None, duration_ms=0, width_px=0, height_px=0, tint="", cover_ms=0, created_at_us=at_us,
        published_at_us=None, withdrawn_at_us=None, like_count=0, comment_count=0, watch_count=0, share_count=0,
        alt=words.alt, language=words.language, is_ai_made=words.is_ai_made, is_sensitive=words.is_sensitive,
        permissions=words.permissions, publish_at_us=words.publish_at_us, kind=ClipKind.TEXT, look=look.value,
    )  # fmt: skip
