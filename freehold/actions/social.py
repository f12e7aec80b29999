"""Like, share, follow (an account or a tag)."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from freehold.actions.account import asked_handle
from freehold.actions.choices import checked_tag
from freehold.actions.clip import folded_tag
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account, Viewer
from freehold.domain.errors import Absent, BadInput, TooLarge
from freehold.domain.ids import AccountId, ClipId, new_id
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import journal
from freehold.store import tag as tags

FOLLOWED_TAGS_LIMIT = 100
"""Following reads the newest clips of each."""


@dataclass(frozen=True, slots=True)
class Likes:
    count: int
    is_liked: bool


@dataclass(frozen=True, slots=True)
class Following:
    follower_count: int
    is_followed: bool


async def like(
    backends: Backends, viewer: Viewer, account: Account, clip_id: ClipId, is_liked: bool, at_us: int
) -> Likes:
    """Like the clip, where the viewer may see it, or take the like back, wherever it stands; the same again changes
    nothing."""

    async def work(transaction: Transaction) -> Likes:
        await lock_accounts(transaction, account.id)
        if is_liked:
            view = await shown_clip(transaction, viewer, clip_id, Door.LINK, at_us)
            changed = await clips.like(transaction, clip_id, account.id, at_us)
            like_count = view.clip.like_count + changed
        else:
            changed = await clips.unlike(transaction, clip_id, account.id)
            like_count = await _likes_left(transaction, viewer, clip_id, changed, at_us)
        if changed:
            kind = journal.Kind.CLIP_LIKED if is_liked else journal.Kind.CLIP_UNLIKED
            await journal.append(transaction, kind, at_us=at_us, actor_id=account.id, subject_id=clip_id)
        return Likes(like_count, is_liked)

    likes = await backends.database.transact(work)
    backends.bus.ring("journal")
    return likes


async def _likes_left(transaction: Transaction, viewer: Viewer, clip_id: ClipId, was_liked: bool, at_us: int) -> int:
    """Who took a like back need not see the clip any more; everybody else is told what they may know."""
    clip = await clips.one_for_system(transaction, clip_id) if was_liked else None
    return (clip or (await shown_clip(transaction, viewer, clip_id, Door.LINK, at_us)).clip).like_count


async def lock_accounts(transaction: Transaction, *account_ids: AccountId) -> None:
    """Taken before anything is counted, and in one order: a deletion at the same time takes back all or nothing.
    `Absent` (code `account-absent`) where one of them is gone."""
    for account_id in sorted(account_ids):
        await accounts.lock(transaction, account_id)
        if await accounts.by_id(transaction, account_id) is None:
            raise Absent("account-absent", "There is no account of this name.")


async def share(backends: Backends, viewer: Viewer, account: Account, clip_id: ClipId, at_us: int) -> int:
    """Note that the account passed on the clip, which it must be able to see; how many have. The same again changes
    nothing."""

    async def work(transaction: Transaction) -> int:
        await lock_accounts(transaction, account.id)
        view = await shown_clip(transaction, viewer, clip_id, Door.LINK, at_us)
        changed = await clips.share(transaction, clip_id, account.id, at_us)
        if changed:
            await journal.append(
                transaction, journal.Kind.CLIP_SHARED, at_us=at_us, actor_id=account.id, subject_id=clip_id
            )
        return view.clip.share_count + changed

    count = await backends.database.transact(work)
    backends.bus.ring("journal")
    return count


async def follow(
    backends: Backends,
    account: Account,
    handle: str,
    is_followed: bool,
    at_us: int,
    shown_lately: Sequence[ClipId] = (),
) -> Following:
    """Follow the account or stop; `Absent` (code `account-absent`), `BadInput` (code `follow-self`).

    `shown_lately`: what was before the account's eyes, the latest first. A follow came of the first that is by whom
    it follows.
    """

    async def work(transaction: Transaction) -> Following:
        followed = await accounts.by_handle(transaction, asked_handle(handle))
        if followed is None or (followed.suspended_at_us is not None and is_followed):
            raise Absent("account-absent", "There is no account of this name.")
        if followed.id == account.id:
            raise BadInput("follow-self", "Nobody follows themselves.")
        await lock_accounts(transaction, account.id, followed.id)
        if is_followed:
            changed = await accounts.follow(transaction, account.id, followed.id, at_us)
        else:
            changed = await accounts.unfollow(transaction, account.id, followed.id)
        if changed:
            kind = journal.Kind.ACCOUNT_FOLLOWED if is_followed else journal.Kind.ACCOUNT_UNFOLLOWED
            await journal.append(
                transaction,
                kind,
                at_us=at_us,
                actor_id=account.id,
                subject_id=followed.id,
                object_id=await _first_by(transaction, followed.id, shown_lately) if is_followed else None,
            )
        return Following(followed.follower_count + (changed if is_followed else -changed), is_followed)

    following = await backends.database.transact(work)
    backends.bus.ring("journal")
    return following


async def _first_by(transaction: Transaction, author_id: AccountId, clip_ids: Sequence[ClipId]) -> ClipId | None:
    theirs = await clips.those_by(transaction, author_id, clip_ids)
    return next((clip_id for clip_id in clip_ids if clip_id in theirs), None)


async def follow_tag(
    backends: Backends, account: Account, tag: str, is_followed: bool, at_us: int, random: Random
) -> Following:
    """Follow the tag or stop; the same again changes nothing. `BadInput` (codes `follow-tag`, `tag-too-long`),
    `TooLarge` (code `followed-tags-many`)."""
    tag = checked_tag(tag, "follow-tag") if is_followed else folded_tag(tag)

    async def work(transaction: Transaction) -> Following:
        await lock_accounts(transaction, account.id)
        kept_id = await tags.follow_id(transaction, account.id, tag)
        if is_followed and kept_id is None:
            await _begin_to_follow(transaction, account.id, tag, at_us, new_id(at_us, random))
        elif not is_followed and kept_id is not None:
            await tags.unfollow(transaction, kept_id)
            await journal.append(
                transaction, journal.Kind.TAG_UNFOLLOWED, at_us=at_us, actor_id=account.id, subject_id=kept_id
            )
        return Following(await tags.count_followers(transaction, tag), is_followed)

    following = await backends.database.transact(work)
    backends.bus.ring("journal")
    return following


async def _begin_to_follow(transaction: Transaction, account_id: AccountId, tag: str, at_us: int, id_: int) -> None:
    if len(await tags.followed_by(transaction, account_id)) >= FOLLOWED_TAGS_LIMIT:
        raise TooLarge(
            "followed-tags-many", f"Nobody follows more than {FOLLOWED_TAGS_LIMIT} tags: stop following one first."
        )
    await tags.follow(transaction, id_, account_id, tag, at_us)
    await journal.append(transaction, journal.Kind.TAG_FOLLOWED, at_us=at_us, actor_id=account_id, subject_id=id_)
