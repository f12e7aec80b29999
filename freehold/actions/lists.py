"""Save a clip, keep collections of what is saved, and put one's own clips into playlists."""

from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from freehold.actions.account import BIDI_OVERRIDES, is_plain
from freehold.actions.social import lock_accounts
from freehold.backends import Backends
from freehold.backends.database import Transaction, Work
from freehold.domain.account import Account, Role, Viewer
from freehold.domain.clip import Author
from freehold.domain.errors import Absent, BadInput, Conflict, Forbidden, TooLarge
from freehold.domain.ids import ClipId, ListId, new_id
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip
from freehold.store import clip as clips
from freehold.store import clip_list as lists
from freehold.store import journal
from freehold.store.clip_list import ClipList, ListKind

T = TypeVar("T")
NAME_LENGTH = 50
LISTS_LIMIT = 200
"""Of each kind, for an account."""
CLIPS_LIMIT = {ListKind.COLLECTION: 5000, ListKind.PLAYLIST: 500}


@dataclass(frozen=True, slots=True)
class Saves:
    count: int
    is_saved: bool


async def save(
    backends: Backends, viewer: Viewer, account: Account, clip_id: ClipId, is_saved: bool, at_us: int, random: Random
) -> Saves:
    """Save the clip, where the viewer may see it, or give it up, wherever it stands, with its places in the account's
    collections; the same again changes nothing."""

    async def work(transaction: Transaction) -> Saves:
        await lock_accounts(transaction, account.id)
        if is_saved:
            view = await shown_clip(transaction, viewer, clip_id, Door.LINK, at_us)
            changed = await _save(transaction, account, clip_id, at_us, random)
            return Saves(view.clip.save_count + changed, True)
        changed = await lists.unsave(transaction, clip_id, account.id)
        if changed:
            await _note(transaction, journal.Kind.CLIP_UNSAVED, account, clip_id, at_us)
        clip = await clips.one_for_system(transaction, clip_id) if changed else None
        clip = clip or (await shown_clip(transaction, viewer, clip_id, Door.LINK, at_us)).clip
        return Saves(clip.save_count, False)

    return await _done(backends, work)


async def _save(transaction: Transaction, account: Account, clip_id: ClipId, at_us: int, random: Random) -> bool:
    changed = await lists.save(transaction, clip_id, account.id, new_id(at_us, random))
    if changed:
        await _note(transaction, journal.Kind.CLIP_SAVED, account, clip_id, at_us)
    return changed


def checked_name(text: str) -> str:
    """On one line, or `BadInput` (codes `list-name-empty`, `list-name-long`, `list-name-characters`)."""
    name = " ".join(text.split())
    if not name:
        raise BadInput("list-name-empty", "A list has a name.")
    if len(name) > NAME_LENGTH:
        raise BadInput("list-name-long", f"The name of a list has at most {NAME_LENGTH} characters.")
    if not is_plain(name) or BIDI_OVERRIDES & set(name):
        raise BadInput("list-name-characters", "The name holds characters that cannot be shown.")
    return name


async def create(
    backends: Backends, account: Account, kind: ListKind, name: str, is_public: bool, at_us: int, random: Random
) -> ClipList:
    """A collection, for everybody to see or for the account alone, or a creator's playlist, which everybody may see.
    `Forbidden` (code `role-needed`), `Conflict` (code `list-name-taken`), `TooLarge` (code `lists-many`), and what
    `checked_name` raises."""
    if kind is ListKind.PLAYLIST and not account.role.includes(Role.CREATOR):
        raise Forbidden("role-needed", "Playlists need the role of a creator.")
    owner = Author(account.id, account.handle, account.display_name, account.avatar_key, False)
    list_id, is_public = ListId(new_id(at_us, random)), is_public or kind is ListKind.PLAYLIST
    made = ClipList(list_id, owner, kind, checked_name(name), is_public, at_us)

    async def work(transaction: Transaction) -> None:
        await lock_accounts(transaction, account.id)
        there = await lists.of_account(transaction, account.id, is_owner=True)
        if sum(one.kind is kind for one in there) >= LISTS_LIMIT:
            raise TooLarge("lists-many", f"Nobody has more than {LISTS_LIMIT} {kind}s: delete another one first.")
        if any((one.kind, one.name) == (kind, made.name) for one in there):
            raise _taken(kind, made.name)
        await lists.insert(transaction, made)
        await _note(transaction, journal.Kind.LIST_CREATED, account, made.id, at_us, detail={"kind": kind.value})

    await _done(backends, work)
    return made


async def change(
    backends: Backends, account: Account, list_id: ListId, name: str | None, is_public: bool | None, at_us: int
) -> ClipList:
    """Another name, or others who may see it; None leaves it. A playlist is for everybody. Raises as `create` does, and
    `Absent` (code `list-absent`)."""
    new_name = None if name is None else checked_name(name)

    async def work(transaction: Transaction) -> ClipList:
        there = await _own(transaction, account, list_id)
        now = replace(
            there,
            name=there.name if new_name is None else new_name,
            is_public=there.is_public if is_public is None or there.kind is ListKind.PLAYLIST else is_public,
        )
        if now == there:
            return there
        if now.name != there.name and await lists.named(transaction, account.id, there.kind, now.name):
            raise _taken(there.kind, now.name)
        await lists.set_words(transaction, list_id, now.name, now.is_public)
        await _note(transaction, journal.Kind.LIST_CHANGED, account, list_id, at_us)
        return now

    return await _done(backends, work)


async def delete(backends: Backends, account: Account, list_id: ListId, at_us: int) -> None:
    """What is in it stays saved. `Absent` (code `list-absent`)."""

    async def work(transaction: Transaction) -> None:
        await _own(transaction, account, list_id)
        await lists.delete(transaction, list_id)
        await _note(transaction, journal.Kind.LIST_DELETED, account, list_id, at_us)

    await _done(backends, work)


async def add(
    backends: Backends, viewer: Viewer, account: Account, list_id: ListId, clip_id: ClipId, at_us: int, random: Random
) -> ClipList:
    """Put a clip that the viewer may see into a collection, which saves it, or one of its own behind a playlist's last;
    again changes nothing. `Absent` (code `list-absent`), `Forbidden` (code `clip-not-yours`), `TooLarge` (code
    `list-full`), and what `shown_clip` raises."""

    async def work(transaction: Transaction) -> ClipList:
        there = await _own(transaction, account, list_id)
        view = await shown_clip(transaction, viewer, clip_id, Door.LINK, at_us)
        is_playlist = there.kind is ListKind.PLAYLIST
        if is_playlist and view.clip.author_id != account.id:
            raise Forbidden("clip-not-yours", "A playlist is made of clips of one's own.")
        ids = await lists.clip_ids_in(transaction, list_id)
        if clip_id not in ids and len(ids) >= CLIPS_LIMIT[there.kind]:
            raise TooLarge("list-full", f"A {there.kind} holds at most {CLIPS_LIMIT[there.kind]} clips.")
        if not is_playlist:
            await _save(transaction, account, clip_id, at_us, random)
        elif clip_id not in ids:
            # Numbered anew: what was deleted with its clip leaves no gap to run into.
            await lists.set_order(transaction, list_id, ids)
        place = len(ids) + 1 if is_playlist else new_id(at_us, random)
        if await lists.add(transaction, list_id, clip_id, place):
            await _note(transaction, journal.Kind.LIST_CLIP_ADDED, account, list_id, at_us, object_id=clip_id)
        return await _own(transaction, account, list_id)

    return await _done(backends, work)


async def remove(backends: Backends, account: Account, list_id: ListId, clip_id: ClipId, at_us: int) -> ClipList:
    """Take a clip out; it stays saved. Again changes nothing. `Absent` (code `list-absent`)."""

    async def work(transaction: Transaction) -> ClipList:
        await _own(transaction, account, list_id)
        if await lists.remove(transaction, list_id, clip_id):
            await _note(transaction, journal.Kind.LIST_CLIP_REMOVED, account, list_id, at_us, object_id=clip_id)
        return await _own(transaction, account, list_id)

    return await _done(backends, work)


async def move(backends: Backends, account: Account, list_id: ListId, clip_id: ClipId, place: int, at_us: int) -> None:
    """Put a clip of a playlist at another place, from 1; beyond the last is the last. `Absent` (codes `list-absent`,
    `clip-absent`), `Conflict` (code `list-by-time`)."""

    async def work(transaction: Transaction) -> None:
        there = await _own(transaction, account, list_id)
        if there.kind is not ListKind.PLAYLIST:
            raise Conflict("list-by-time", "A collection stands in the order in which it was saved.")
        ids = await lists.clip_ids_in(transaction, list_id)
        if clip_id not in ids:
            raise Absent("clip-absent", "There is no such clip in this playlist.")
        now = [one for one in ids if one != clip_id]
        now.insert(place - 1, clip_id)
        if now == ids:
            return
        await lists.set_order(transaction, list_id, now)
        await _note(transaction, journal.Kind.LIST_CLIP_MOVED, account, list_id, at_us, object_id=clip_id)

    await _done(backends, work)


async def _own(transaction: Transaction, account: Account, list_id: ListId) -> ClipList:
    """One of the account's own lists, which nobody else changes meanwhile; `Absent` (code `list-absent`)."""
    await lock_accounts(transaction, account.id)
    there = await lists.one(transaction, list_id)
    if there is None or there.owner.id != account.id:
        raise Absent("list-absent", "There is no such list of yours.")
    return there


async def _done(backends: Backends, work: Work[T]) -> T:
    done = await backends.database.transact(work)
    backends.bus.ring("journal")
    return done


async def _note(
    transaction: Transaction,
    kind: journal.Kind,
    account: Account,
    subject_id: int,
    at_us: int,
    *,
    object_id: int | None = None,
    detail: dict[str, int | str | None] | None = None,
) -> None:
    await journal.append(
        transaction, kind, at_us=at_us, actor_id=account.id, subject_id=subject_id, object_id=object_id, detail=detail
    )


def _taken(kind: ListKind, name: str) -> Conflict:
    return Conflict("list-name-taken", f"There is a {kind} of yours called “{name}” already.")
