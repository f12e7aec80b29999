"""Cut: a new clip of parts of one's own drafts, which it takes the place of."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from freehold.actions import clip as clip_actions
from freehold.actions import transcript
from freehold.actions.captions import take_captions
from freehold.actions.clip import AskedMaking
from freehold.actions.making import checked_making, sound_asked
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account, Viewer
from freehold.domain.clip import Clip, ClipKind, ClipState, Wish
from freehold.domain.cut import Cut, Overlay
from freehold.domain.errors import BadInput, Conflict, TooLarge
from freehold.domain.ids import ClipId, ViewerId, new_id
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import cut as cuts
from freehold.store import journal
from freehold.store import making as makings
from freehold.store.journal import Kind

PART_LIMIT = 35
OVERLAY_LIMIT = 20
OVERLAY_TEXT_LIMIT = 300
LEAST_PART_MS = 100
DAY_MS = 86_400_000
WHOLE = (ClipState.UPLOADED, ClipState.PROBED, ClipState.PLAYABLE, ClipState.READY)
"""All of its bytes are here."""
PNG = b"\x89PNG\r\n\x1a\n"


def check(cut: Cut, max_duration_ms: int) -> None:
    """`BadInput` (codes `cut-parts`, `cut-part`, `cut-overlays`, `cut-overlay`), `TooLarge` (code `cut-long`)."""
    if not 1 <= len(cut.parts) <= PART_LIMIT:
        raise BadInput("cut-parts", f"A clip is made of 1 to {PART_LIMIT} parts.")
    if any(part.from_ms < 0 or part.duration_ms < LEAST_PART_MS for part in cut.parts):
        raise BadInput("cut-part", f"A part goes from a moment of its clip to one at least {LEAST_PART_MS} ms later.")
    if cut.duration_ms > max_duration_ms:
        raise TooLarge("cut-long", f"The parts take more than {max_duration_ms // 1000:,} seconds together.")
    if len(cut.overlays) > OVERLAY_LIMIT:
        raise BadInput("cut-overlays", f"A clip may have at most {OVERLAY_LIMIT} texts over it.")
    for overlay in cut.overlays:
        _check_overlay(overlay)


def _check_overlay(overlay: Overlay) -> None:
    if not overlay.picture.startswith(PNG):
        raise BadInput("cut-overlay", "The picture of a text is PNG.")
    if len(overlay.text) > OVERLAY_TEXT_LIMIT:
        raise BadInput("cut-overlay", f"A text over a clip has at most {OVERLAY_TEXT_LIMIT} characters.")
    inside = (range(1001), range(1001), range(1, 1001))
    places = (overlay.x_permille, overlay.y_permille, overlay.width_permille)
    is_inside = all(place in within for place, within in zip(places, inside, strict=True))
    if not is_inside or not 0 <= overlay.from_ms < overlay.to_ms <= DAY_MS:
        raise BadInput("cut-overlay", "A text has a place inside the clip, in permille, and ends after it begins.")


async def cut(
    backends: Backends,
    account: Account,
    cut: Cut,
    max_duration_ms: int,
    at_us: int,
    random: Random,
    asked: AskedMaking | None = None,
) -> Clip:
    """A draft that is to be made of the parts, and then as `asked` with another clip, with what was said of the first
    and the captions of all; the clips that they are of go with it.

    Raises what `check`, `checked_making` and `take_captions` raise, `Absent` (code `clip-absent`), `Conflict` (codes
    `cut-part-published`, `cut-part-made-with`, `cut-part-taken`, `cut-part-incomplete`, `cut-part-still`).
    """
    check(cut, max_duration_ms)
    clip_id = ClipId(new_id(at_us, random))
    overlays = tuple(replace(one, text=clip_actions.without_controls(one.text)) for one in cut.overlays)

    async def work(transaction: Transaction) -> Clip:
        await accounts.lock(transaction, account.id)
        of = [await clip_actions.own_clip(transaction, account, part.clip_id) for part in cut.parts]
        await _check_parts(transaction, of)
        viewer = Viewer(ViewerId(account.id), account)
        making = await checked_making(transaction, viewer, asked, at_us) if asked else None
        made = replace(_begun(of[0], clip_id, at_us), sound_id=sound_asked(asked))
        await clips.insert(transaction, made, at_us)
        await clips.set_tags(transaction, clip_id, clip_actions.parse_tags(made.caption))
        await cuts.insert(transaction, clip_id, replace(cut, overlays=overlays))
        await take_captions(transaction, clip_id, cut.parts, at_us)
        if making is not None:
            await makings.insert(transaction, clip_id, making)
        if await transcript.is_off(transaction, of[0].id):
            await transcript.choose(transaction, made, False, at_us, can_be_heard=False)
        await journal.append(transaction, Kind.CLIP_CUT, at_us=at_us, actor_id=account.id, subject_id=clip_id)
        return await clip_actions.own_clip(transaction, account, clip_id)

    clip = await backends.database.transact(work)
    backends.bus.ring(clip_actions.DUE_TOPIC)
    return clip


async def _check_parts(transaction: Transaction, of: Sequence[Clip]) -> None:
    if any(clip.wish is not Wish.DRAFT or clip.published_at_us is not None for clip in of):
        raise Conflict("cut-part-published", "A clip is cut before it is posted: its parts are drafts.")
    if any(clip.kind is not ClipKind.VIDEO for clip in of):
        raise Conflict("cut-part-still", "A still post is no part of a clip that plays.")
    if any(clip.state not in WHOLE for clip in of):
        raise Conflict("cut-part-incomplete", "A part is not uploaded yet, or its file was not taken.")
    if any([await makings.of_clip(transaction, clip.id) for clip in of]):
        raise Conflict("cut-part-made-with", "What was made with another's clip is not cut: cut your own first.")
    if await cuts.taken_of(transaction, {clip.id for clip in of}):
        raise Conflict("cut-part-taken", "Another clip is made of one of these already.")


def _begun(first: Clip, clip_id: ClipId, at_us: int) -> Clip:
    """With the words of the first part's clip; what it is, is not known yet."""
    return replace(
        first, id=clip_id, state=ClipState.UPLOADED, state_since_us=at_us, size_bytes=0, incoming_name=None,
        original_key=None, probe=None, duration_ms=0, width_px=0, height_px=0, cover_ms=0, cover_key=None,
        created_at_us=at_us, sound_id=None,
    )  # fmt: skip
