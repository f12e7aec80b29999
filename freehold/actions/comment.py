"""Comment, reply, edit, delete, like a comment, pin one, and keep words from under one's clips.

A comment that holds a word of the filter of the clip's author is held back: it is there for its writer and for the
clip's author alone, until the latter lets it through. The filter looks at what is written while it is in force.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random

from freehold.actions.account import is_plain
from freehold.actions.choices import checked_words
from freehold.actions.clip import tags_in
from freehold.actions.social import Likes, lock_accounts
from freehold.backends import Backends
from freehold.backends.database import Database, Transaction
from freehold.domain.account import Account, Role, Viewer
from freehold.domain.clip import Author, ClipView, Use
from freehold.domain.errors import Absent, BadInput, Conflict, Forbidden, TooLarge
from freehold.domain.ids import AccountId, ClipId, CommentId, new_id
from freehold.domain.muting import Muting
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip
from freehold.governance.permissions import usable_clip
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import comment as comments
from freehold.store import journal
from freehold.store.comment import Comment, Reader, Written

COMMENT_LENGTH = 500
VERSIONS_LIMIT = 50


def checked_comment(text: str) -> str:
    """With plain line ends, or `BadInput` (codes `comment-empty`, `comment-long`, `comment-characters`)."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise BadInput("comment-empty", "A comment says something.")
    if len(text) > COMMENT_LENGTH:
        raise BadInput("comment-long", f"A comment has at most {COMMENT_LENGTH} characters.")
    if not is_plain(text):
        raise BadInput("comment-characters", "The comment holds characters that cannot be shown.")
    return text


async def comment(
    backends: Backends,
    viewer: Viewer,
    account: Account,
    clip_id: ClipId,
    text: str,
    at_us: int,
    random: Random,
    reply_to_id: CommentId | None = None,
) -> Comment:
    """Comment on a clip that the viewer may see, or reply there to a comment that the viewer may see; a reply to a
    reply stands in the same thread. Raises as `checked_comment` and `_answered` do."""
    said = Comment(
        CommentId(new_id(at_us, random)),
        clip_id,
        Author(account.id, account.handle, account.display_name, account.avatar_key, False),
        checked_comment(text),
        at_us,
    )

    async def work(transaction: Transaction) -> Comment:
        await lock_accounts(transaction, account.id)
        view = await _commentable(transaction, viewer, clip_id, at_us)
        answered = await _answered(transaction, view, account, reply_to_id) if reply_to_id is not None else None
        is_held = bool(await kept_back(transaction, view.clip.author_id, account.id, [said.text]))
        made = replace(said, is_held=is_held, root_id=answered.root_id or answered.id if answered else None)
        is_first = not await comments.has_commented(transaction, clip_id, account.id)
        await comments.insert(transaction, made, reply_to_id)
        await journal.append(
            transaction,
            journal.Kind.COMMENT_CREATED,
            at_us=at_us,
            actor_id=account.id,
            subject_id=made.id,
            object_id=clip_id,
            detail={"is_first": int(is_first), "is_held": int(is_held)},
        )
        return made

    made = await backends.database.transact(work)
    backends.bus.ring("journal")
    return made


async def _commentable(transaction: Transaction, viewer: Viewer, clip_id: ClipId, at_us: int) -> ClipView:
    """The clip, where its author lets the viewer comment; every new comment and reply passes here."""
    return await usable_clip(transaction, viewer, clip_id, Use.COMMENT, Door.COMMENTS, at_us)


async def _answered(transaction: Transaction, view: ClipView, account: Account, comment_id: CommentId) -> Written:
    """What is replied to. `Absent` (code `comment-absent`), `Conflict` (code `comment-held`)."""
    found = await _locked(transaction, comment_id)
    if found is None or found.clip_id != view.clip.id or not await _is_for(transaction, found, view, account.id):
        raise _absent()
    if found.is_held:
        raise Conflict("comment-held", "This comment is held back: it has to be let through before it is replied to.")
    return found


async def _locked(transaction: Transaction, comment_id: CommentId) -> Written | None:
    """The comment as it is once nobody else changes it or its thread."""
    found = await comments.one_for_system(transaction, comment_id)
    if found is None:
        return None
    for locked_id in sorted({found.root_id or found.id, found.id}):
        await comments.lock(transaction, locked_id)
    return await comments.one_for_system(transaction, comment_id)


async def _is_for(transaction: Transaction, found: Written, view: ClipView, account_id: AccountId) -> bool:
    """Whether the account may read it, who may see the clip."""
    if found.author_id is None or (found.is_held and account_id not in (found.author_id, view.clip.author_id)):
        return False
    author = await accounts.by_id(transaction, found.author_id)
    return author is not None and author.suspended_at_us is None


async def kept_back(
    source: Database | Transaction, author_id: AccountId, writer_id: AccountId, texts: Iterable[str]
) -> set[str]:
    """What of it the filter of the clip's author holds back, where somebody else wrote it."""
    words = await comments.filter_of(source, author_id) if author_id != writer_id else ()
    muting = Muting.of(words)
    return {text for text in texts if muting.matches(text, tags_in(text))}


async def edit(
    backends: Backends, viewer: Viewer, account: Account, comment_id: CommentId, text: str, at_us: int
) -> Comment:
    """Write one's own comment anew; what it said before is kept for its readers, and the filter looks at it anew. The
    same again changes nothing. `Absent` (code `comment-absent`), `Forbidden` (code `comment-not-yours`), `TooLarge`
    (code `comment-edits-many`), and as `checked_comment` does."""
    text = checked_comment(text)

    async def work(transaction: Transaction) -> None:
        await lock_accounts(transaction, account.id)
        found, view = await _read(transaction, viewer, account, comment_id, at_us)
        if found.author_id != account.id:
            raise Forbidden("comment-not-yours", "Only its author edits a comment.")
        if found.text == text:
            return
        if await comments.count_versions(transaction, comment_id) >= VERSIONS_LIMIT:
            raise TooLarge("comment-edits-many", f"A comment is edited at most {VERSIONS_LIMIT} times.")
        await comments.set_text(transaction, found, text, at_us)
        is_held = bool(await kept_back(transaction, view.clip.author_id, account.id, [text]))
        if is_held is not found.is_held:
            await comments.set_held(transaction, found, at_us if is_held else None)
        await _note(transaction, journal.Kind.COMMENT_EDITED, account, found, at_us, detail={"is_held": int(is_held)})

    await backends.database.transact(work)
    backends.bus.ring("journal")
    edited = await comments.one_for_reader(backends.database, comment_id, Reader(account.id))
    if edited is None:
        raise _absent()
    return edited


async def _read(
    transaction: Transaction, viewer: Viewer, account: Account, comment_id: CommentId, at_us: int
) -> tuple[Written, ClipView]:
    """A comment that the viewer may read, with its clip; `Absent` (code `comment-absent`), or what `shown_clip`
    raises."""
    found = await _locked(transaction, comment_id)
    if found is None:
        raise _absent()
    view = await shown_clip(transaction, viewer, found.clip_id, Door.COMMENTS, at_us)
    if not await _is_for(transaction, found, view, account.id):
        raise _absent()
    return found, view


async def delete(backends: Backends, account: Account, comment_id: CommentId, at_us: int) -> None:
    """By its author, the clip's author or a moderator; where it has replies, its place is left for them. `Absent` (code
    `comment-absent`), `Forbidden` (code `comment-not-yours`)."""

    async def work(transaction: Transaction) -> None:
        found = await comments.one_for_system(transaction, comment_id)
        if found is None or found.author_id is None:
            raise _absent()
        clip = await clips.one_for_system(transaction, found.clip_id)
        is_own = account.id in (found.author_id, clip.author_id if clip else found.author_id)
        if not is_own and not account.role.includes(Role.MODERATOR):
            raise Forbidden("comment-not-yours", "Only its author, the clip's author and moderators delete a comment.")
        # The author's deletion at the same time takes the comment off the count as well.
        await accounts.lock(transaction, found.author_id)
        found = await _locked(transaction, comment_id)
        if found is None or not await comments.delete(transaction, found):
            raise _absent()
        await _note(transaction, journal.Kind.COMMENT_DELETED, account, found, at_us)

    await backends.database.transact(work)
    backends.bus.ring("journal")


async def like(
    backends: Backends, viewer: Viewer, account: Account, comment_id: CommentId, is_liked: bool, at_us: int
) -> Likes:
    """Like a comment that the viewer may read, or take the like back, wherever it stands; the same again changes
    nothing. `Absent` (code `comment-absent`), or what `shown_clip` raises."""

    async def work(transaction: Transaction) -> Likes:
        await lock_accounts(transaction, account.id)
        if is_liked:
            found, _ = await _read(transaction, viewer, account, comment_id, at_us)
            changed = await comments.like(transaction, comment_id, account.id, at_us)
        else:
            changed = await comments.unlike(transaction, comment_id, account.id)
            found = await _was_liked(transaction, viewer, account, comment_id, changed, at_us)
        if changed:
            kind = journal.Kind.COMMENT_LIKED if is_liked else journal.Kind.COMMENT_UNLIKED
            await _note(transaction, kind, account, found, at_us)
        return Likes(await comments.count_likes(transaction, comment_id), is_liked)

    likes = await backends.database.transact(work)
    backends.bus.ring("journal")
    return likes


async def _was_liked(
    transaction: Transaction, viewer: Viewer, account: Account, comment_id: CommentId, was_liked: bool, at_us: int
) -> Written:
    """Who took a like back need not be able to read the comment any more."""
    found = await comments.one_for_system(transaction, comment_id) if was_liked else None
    return found or (await _read(transaction, viewer, account, comment_id, at_us))[0]


async def pin(backends: Backends, account: Account, comment_id: CommentId, is_pinned: bool, at_us: int) -> None:
    """Put a comment first under one's own clip, in the place of another, or no longer; the same again changes nothing.
    `Absent` (code `comment-absent`), `Forbidden` (code `comment-not-yours`), `Conflict` (codes `comment-held`,
    `pin-reply`)."""

    async def work(transaction: Transaction) -> None:
        found = await _under_own_clip(transaction, account, comment_id, "Only the clip's author pins a comment.")
        if found.is_pinned is is_pinned:
            return
        if found.root_id is not None:
            raise Conflict("pin-reply", "A reply cannot be pinned: only a comment that begins a thread.")
        if found.is_held:
            raise Conflict("comment-held", "This comment is held back: let it through before you pin it.")
        await comments.set_pinned(transaction, found, at_us if is_pinned else None)
        kind = journal.Kind.COMMENT_PINNED if is_pinned else journal.Kind.COMMENT_UNPINNED
        await _note(transaction, kind, account, found, at_us)

    await backends.database.transact(work)
    backends.bus.ring("journal")


async def let_through(backends: Backends, account: Account, comment_id: CommentId, at_us: int) -> None:
    """Show everybody a comment under one's own clip that one's filter held back; again changes nothing. `Absent` (code
    `comment-absent`), `Forbidden` (code `comment-not-yours`)."""

    async def work(transaction: Transaction) -> None:
        found = await _under_own_clip(transaction, account, comment_id, "Only the clip's author lets it through.")
        if not found.is_held:
            return
        await comments.set_held(transaction, found, None)
        await _note(transaction, journal.Kind.COMMENT_LET_THROUGH, account, found, at_us)

    await backends.database.transact(work)
    backends.bus.ring("journal")


async def _under_own_clip(transaction: Transaction, account: Account, comment_id: CommentId, refusal: str) -> Written:
    await lock_accounts(transaction, account.id)
    found = await _locked(transaction, comment_id)
    if found is None or found.author_id is None:
        raise _absent()
    clip = await clips.one_for_system(transaction, found.clip_id)
    if clip is None or clip.author_id != account.id:
        raise Forbidden("comment-not-yours", refusal)
    return found


async def set_filter(backends: Backends, account: Account, words: Sequence[str], at_us: int) -> tuple[str, ...]:
    """All words that the account does not want under its clips from now on. Raises as `checked_words` does, with
    codes that begin with `filtered-`."""
    kept = checked_words(words, "filtered")

    async def work(transaction: Transaction) -> None:
        await lock_accounts(transaction, account.id)
        if await comments.filter_of(transaction, account.id) == kept:
            return
        await comments.set_filter(transaction, account.id, kept)
        await journal.append(
            transaction,
            journal.Kind.COMMENT_FILTER_CHANGED,
            at_us=at_us,
            actor_id=account.id,
            subject_id=account.id,
            detail={"count": len(kept)},
        )

    await backends.database.transact(work)
    backends.bus.ring("journal")
    return kept


async def _note(
    transaction: Transaction,
    kind: journal.Kind,
    account: Account,
    found: Written,
    at_us: int,
    detail: dict[str, int | str | None] | None = None,
) -> None:
    await journal.append(
        transaction,
        kind,
        at_us=at_us,
        actor_id=account.id,
        subject_id=found.id,
        object_id=found.clip_id,
        detail=detail,
    )


def _absent() -> Absent:
    return Absent("comment-absent", "There is no such comment.")
