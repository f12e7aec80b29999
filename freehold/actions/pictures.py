"""Photo posts: several uploaded pictures become one post, in an order, each with what there is to see in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from freehold.actions import clip as clip_actions
from freehold.actions.clip import AskedMaking, Words
from freehold.actions.making import checked_making, sound_asked
from freehold.actions.upload import Intake
from freehold.backends.database import Transaction
from freehold.domain.account import Account, Viewer
from freehold.domain.clip import Audience, Clip, ClipKind, ClipState, Wish
from freehold.domain.cut import Cut, Part
from freehold.domain.errors import BadInput, Conflict
from freehold.domain.ids import ClipId, ViewerId, new_id
from freehold.domain.making import MakingKind
from freehold.domain.post import PICTURE_LIMIT
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import cut as cuts
from freehold.store import journal
from freehold.store import making as makings
from freehold.store.journal import Kind

WHOLE = (ClipState.UPLOADED, ClipState.PROBED, ClipState.PLAYABLE, ClipState.READY)
"""All of its bytes are here."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An uploaded picture, which is a draft of its own until it is gathered."""

    clip_id: ClipId
    alt: str | None = None
    """None for what was said of it already."""


async def gather(
    intake: Intake,
    account: Account,
    pictures: Sequence[Picture],
    words: Words | None = None,
    asked: AskedMaking | None = None,
) -> Clip:
    """A post of the pictures, which it takes the place of: a draft with what was said of them, or with `words`;
    the sound that is `asked` for is heard under them.

    Raises `BadInput` (codes `pictures-count`, `pictures-twice`, `alt-too-long`, `photo-not-made-with`), what
    `checked_words` and `checked_making` raise, `Absent` (code `clip-absent`), `Conflict` (codes `picture-published`,
    `picture-not-photo`, `picture-incomplete`, `picture-taken`).
    """
    if asked is not None and asked.kind is not MakingKind.SOUND:
        raise clip_actions.photo_not_made_with()
    if not 1 <= len(pictures) <= PICTURE_LIMIT:
        raise BadInput("pictures-count", f"A photo post has 1 to {PICTURE_LIMIT} pictures.")
    if len({picture.clip_id for picture in pictures}) < len(pictures):
        raise BadInput("pictures-twice", "Each picture is in a post once.")
    at_us = intake.clock()
    clip_id = ClipId(new_id(at_us, intake.random))
    said = clip_actions.checked_words(words, at_us) if words else None
    alts = [None if one.alt is None else clip_actions.checked_alt(one.alt) for one in pictures]

    async def work(transaction: Transaction) -> Clip:
        await accounts.lock(transaction, account.id)
        of = [await clip_actions.own_clip(transaction, account, picture.clip_id) for picture in pictures]
        await _check(transaction, of)
        viewer = Viewer(ViewerId(account.id), account)
        making = await checked_making(transaction, viewer, asked, at_us) if asked else None
        told = tuple(one.picture_alts[0] if alt is None else alt for one, alt in zip(of, alts, strict=True))
        clip = replace(_begun(of, clip_id, at_us), picture_alts=told, sound_id=sound_asked(asked))
        clip = clip_actions.with_words(clip, said) if said else clip
        await clips.insert(transaction, clip, at_us)
        await clips.set_tags(transaction, clip_id, clip_actions.parse_tags(clip.caption))
        await cuts.insert(transaction, clip_id, Cut(tuple(Part(picture.clip_id, 0, 0) for picture in pictures)))
        if making is not None:
            await makings.insert(transaction, clip_id, making)
        await journal.append(transaction, Kind.CLIP_GATHERED, at_us=at_us, actor_id=account.id, subject_id=clip_id)
        return await clip_actions.own_clip(transaction, account, clip_id)

    clip = await intake.backends.database.transact(work)
    intake.backends.bus.ring(clip_actions.DUE_TOPIC)
    return clip


async def _check(transaction: Transaction, of: Sequence[Clip]) -> None:
    if any(clip.kind is not ClipKind.PHOTO or len(clip.picture_alts) != 1 for clip in of):
        raise Conflict("picture-not-photo", "A photo post is gathered of single pictures that were uploaded as such.")
    if any(clip.wish is not Wish.DRAFT or clip.published_at_us is not None for clip in of):
        raise Conflict("picture-published", "Pictures are gathered before they are posted: each is a draft.")
    if any(clip.state not in WHOLE for clip in of):
        raise Conflict("picture-incomplete", "A picture is not uploaded yet, or its file was not taken.")
    if await cuts.taken_of(transaction, {clip.id for clip in of}):
        raise Conflict("picture-taken", "Another post is made of one of these already.")


def _begun(of: Sequence[Clip], clip_id: ClipId, at_us: int) -> Clip:
    """With the words of the first picture's clip, the labels of any, and for the fewest that one of them is for; how
    large it is, is not known yet."""
    audience = max((clip.audience for clip in of), key=list(Audience).index)
    return replace(
        of[0], id=clip_id, audience=audience, is_sensitive=any(clip.is_sensitive for clip in of),
        is_ai_made=any(clip.is_ai_made for clip in of), state=ClipState.UPLOADED, state_since_us=at_us, size_bytes=0,
        incoming_name=None, original_key=None, duration_ms=0, width_px=0, height_px=0, cover_key=None,
        created_at_us=at_us,
    )  # fmt: skip
