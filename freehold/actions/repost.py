"""Repost a clip with a word of one's own, change the word, take the repost back."""

from dataclasses import dataclass
from random import Random

from freehold.actions.account import BIDI_OVERRIDES, is_plain
from freehold.actions.social import lock_accounts
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account, Viewer
from freehold.domain.clip import Audience
from freehold.domain.errors import BadInput, Forbidden
from freehold.domain.ids import ClipId, RepostId, new_id
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip
from freehold.store import journal
from freehold.store import repost as reposts

WORD_LENGTH = 150


@dataclass(frozen=True, slots=True)
class Reposts:
    count: int
    text: str | None
    """What the account says with its own; None where it has none."""


def checked_word(text: str) -> str:
    """On one line, perhaps empty; or `BadInput` (codes `repost-long`, `repost-characters`)."""
    word = " ".join(text.split())
    if len(word) > WORD_LENGTH:
        raise BadInput("repost-long", f"What you say with a repost has at most {WORD_LENGTH} characters.")
    if not is_plain(word) or BIDI_OVERRIDES & set(word):
        raise BadInput("repost-characters", "The text holds characters that cannot be shown.")
    return word


async def repost(
    backends: Backends, viewer: Viewer, account: Account, clip_id: ClipId, text: str, at_us: int, random: Random
) -> Reposts:
    """Pass on a clip of somebody else that everybody may see, or say another word with it; the same again changes
    nothing. `BadInput` (code `repost-own`), `Forbidden` (code `repost-not-public`), and what `shown_clip` and
    `checked_word` raise."""
    word = checked_word(text)

    async def work(transaction: Transaction) -> Reposts:
        await lock_accounts(transaction, account.id)
        view = await shown_clip(transaction, viewer, clip_id, Door.LINK, at_us)
        if view.clip.author_id == account.id:
            raise BadInput("repost-own", "Nobody reposts their own clip.")
        if view.clip.audience is not Audience.PUBLIC:
            raise Forbidden("repost-not-public", "Only a clip that everybody may see can be reposted.")
        there = await reposts.one_by(transaction, clip_id, account.id)
        if there is None:
            repost_id = RepostId(new_id(at_us, random))
            await reposts.insert(transaction, repost_id, clip_id, account.id, word)
            await _note(transaction, journal.Kind.CLIP_REPOSTED, account, clip_id, repost_id, at_us)
        elif there.text != word:
            await reposts.set_text(transaction, there.id, word)
            await _note(transaction, journal.Kind.CLIP_REPOST_CHANGED, account, clip_id, there.id, at_us)
        return Reposts(await reposts.count_of_clip(transaction, clip_id), word)

    done = await backends.database.transact(work)
    backends.bus.ring("journal")
    return done


async def take_back(backends: Backends, viewer: Viewer, account: Account, clip_id: ClipId, at_us: int) -> Reposts:
    """Wherever the clip stands; again changes nothing. Where there is nothing to take back, what `shown_clip`
    raises."""

    async def work(transaction: Transaction) -> Reposts:
        await lock_accounts(transaction, account.id)
        there = await reposts.one_by(transaction, clip_id, account.id)
        if there is None:
            await shown_clip(transaction, viewer, clip_id, Door.LINK, at_us)
        else:
            await reposts.delete(transaction, there.id)
            await _note(transaction, journal.Kind.CLIP_UNREPOSTED, account, clip_id, there.id, at_us)
        return Reposts(await reposts.count_of_clip(transaction, clip_id), None)

    done = await backends.database.transact(work)
    backends.bus.ring("journal")
    return done


async def _note(
    transaction: Transaction, kind: journal.Kind, account: Account, clip_id: ClipId, repost_id: RepostId, at_us: int
) -> None:
    await journal.append(transaction, kind, at_us=at_us, actor_id=account.id, subject_id=clip_id, object_id=repost_id)
