"""The journal: one row for each action, written in the transaction that made it true."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from freehold.backends.database import Database, Row, Transaction

JOURNAL_LOCK = 0x4652_4545


class Kind(StrEnum):
    """Every kind of action there is. Entries hold ids and hashes, never text or addresses."""

    ACCOUNT_CREATED = "account.created"
    """Somebody signed up, or the operator made the account."""
    ACCOUNT_CHANGED = "account.changed"
    """What it says of itself changed."""
    ACCOUNT_DELETED = "account.deleted"
    """The account and all that was its own are gone."""
    ACCOUNT_SUSPENDED = "account.suspended"
    """It may look, but not act, and its clips are not shown."""
    ACCOUNT_RESTORED = "account.restored"
    """The suspension ended."""
    ROLE_CHANGED = "account.role-changed"
    """What it may do changed; the detail has the role."""
    PASSWORD_CHANGED = "account.password-changed"
    """Its other sessions ended with it."""
    CLIP_UPLOADED = "clip.uploaded"
    """All bytes of an upload are durable."""
    CLIP_WRITTEN = "clip.written"
    """A post of words was made; nothing of it was uploaded."""
    CLIP_GATHERED = "clip.gathered"
    """A photo post is to be made of pictures that were uploaded, which it takes the place of."""
    CLIP_CUT = "clip.cut"
    """A clip is to be made of parts of other uploads, which it takes the place of."""
    CLIP_REFUSED = "clip.refused"
    """We will not process it; the detail has the code."""
    CLIP_FAILED = "clip.failed"
    """Processing came to its end without success."""
    CLIP_PUBLISHED = "clip.published"
    """The author's wish and a playable rendition first held together."""
    CLIP_CHANGED = "clip.changed"
    """Its words, labels, audience, permissions, cover or time to be published changed."""
    CLIP_CAPTIONED = "clip.captioned"
    """Its captions in some language were set, or taken away."""
    CLIP_PINNED = "clip.pinned"
    """The author put it at the top of the profile."""
    CLIP_UNPINNED = "clip.unpinned"
    """It stands among the others again."""
    CLIP_WITHDRAWN = "clip.withdrawn"
    """The author took it back."""
    CLIP_DELETED = "clip.deleted"
    """The author deleted it with its files."""
    CLIP_WITHHELD = "clip.withheld"
    """An order applies; the object is the withholding."""
    CLIP_RELEASED = "clip.released"
    """No order applies any more."""
    CLIP_LIKED = "clip.liked"
    """An account likes it."""
    CLIP_UNLIKED = "clip.unliked"
    """It does so no longer."""
    CLIP_SHARED = "clip.shared"
    """An account passed it on, for the first time."""
    CLIP_SAVED = "clip.saved"
    """An account keeps it to find it again."""
    CLIP_UNSAVED = "clip.unsaved"
    """It does so no longer."""
    CLIP_REPOSTED = "clip.reposted"
    """An account passes it on to who follows it; the object is the repost."""
    CLIP_REPOST_CHANGED = "clip.repost-changed"
    """It says another word with it; the object is the repost."""
    CLIP_UNREPOSTED = "clip.unreposted"
    """It took the repost back; the object was the repost."""
    LIST_CREATED = "list.created"
    """A collection or a playlist, as the detail says."""
    LIST_CHANGED = "list.changed"
    """Its name, or who may see it."""
    LIST_DELETED = "list.deleted"
    """The clips in it stay what they are."""
    LIST_CLIP_ADDED = "list.clip-added"
    """The object is the clip."""
    LIST_CLIP_REMOVED = "list.clip-removed"
    """The object is the clip."""
    LIST_CLIP_MOVED = "list.clip-moved"
    """A playlist has another order; the object is the clip that was moved."""
    COMMENT_CREATED = "comment.created"
    """The object is the clip; the detail says whether it is the account's first on it, and whether it is held back."""
    COMMENT_DELETED = "comment.deleted"
    """By its author, the clip's author or a moderator."""
    COMMENT_EDITED = "comment.edited"
    """Its author wrote it anew; the object is the clip."""
    COMMENT_LIKED = "comment.liked"
    """An account likes it; the object is the clip."""
    COMMENT_UNLIKED = "comment.unliked"
    """It does so no longer."""
    COMMENT_PINNED = "comment.pinned"
    """The clip's author put it first; the object is the clip."""
    COMMENT_UNPINNED = "comment.unpinned"
    """It stands first no longer."""
    COMMENT_LET_THROUGH = "comment.let-through"
    """The clip's author let through what their filter held back; the object is the clip."""
    COMMENT_FILTER_CHANGED = "comment.filter-changed"
    """An account wants other words kept from under its clips from here on; the detail has how many."""
    ACCOUNT_FOLLOWED = "account.followed"
    """The actor follows the subject; the object is the clip that it came of, where there was one."""
    ACCOUNT_UNFOLLOWED = "account.unfollowed"
    """It does so no longer."""
    SOUND_NAMED = "sound.named"
    """Its author calls it otherwise from here on."""
    TOPIC_SET = "topic.set"
    """An operator put a topic together, or changed its title, place or tags."""
    TOPIC_DELETED = "topic.deleted"
    """An operator took a topic away; its tags stay what they are."""
    TAG_FOLLOWED = "tag.followed"
    """The account follows a tag; the subject is the following."""
    TAG_UNFOLLOWED = "tag.unfollowed"
    """It does so no longer."""
    FEED_RESET = "feed.reset"
    """The account's feed begins anew: what it watched no longer counts there; whom it follows stays."""
    FEED_WISHED = "feed.wished"
    """The account wants more or less of a tag or an author; the subject is the wish."""
    FEED_MUTED = "feed.muted-words-changed"
    """It mutes other words from here on; the detail has how many."""
    FEED_PROFILED = "feed.profiling-changed"
    """Whether what it watches may shape its feed changed; the detail says to what."""
    MODEL_SNAPSHOT = "model.snapshot"
    """The learner's state was saved; the detail has its hash."""
    FEED_WEIGHTS_CHANGED = "feed.weights-changed"
    """For You scores with other weights from here on; the subject is the set of them."""


@dataclass(frozen=True, slots=True)
class Entry:
    seq: int
    at_us: int
    kind: Kind
    actor_id: int | None
    subject_id: int
    object_id: int | None
    detail: Mapping[str, Any]


async def append(
    transaction: Transaction,
    kind: Kind,
    *,
    at_us: int,
    actor_id: int | None,
    subject_id: int,
    object_id: int | None = None,
    detail: Mapping[str, int | str | None] | None = None,
) -> None:
    """Write the entry of the action that the open transaction makes true."""
    if transaction.dialect == "postgresql":
        # Identity values are given out before commit: without the lock a reader that has passed seq 8 would never
        # see a seq 7 whose transaction was slower.
        await transaction.fetch("SELECT pg_advisory_xact_lock($1)", JOURNAL_LOCK)
    await transaction.execute(
        "INSERT INTO journal (at_us, kind, actor_id, subject_id, object_id, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        at_us,
        kind.value,
        actor_id,
        subject_id,
        object_id,
        json.dumps(detail or {}, separators=(",", ":"), sort_keys=True),
    )


def _entry_of(row: Row) -> Entry:
    return Entry(
        row["seq"],
        row["at_us"],
        Kind(row["kind"]),
        row["actor_id"],
        row["subject_id"],
        row["object_id"],
        json.loads(row["detail"]),
    )


async def after(database: Database, mark: int, limit: int) -> Sequence[Entry]:
    """The next entries behind the mark, in order."""
    rows = await database.fetch(
        "SELECT seq, at_us, kind, actor_id, subject_id, object_id, detail FROM journal"
        " WHERE seq > $1 ORDER BY seq LIMIT $2",
        mark,
        limit,
    )
    return [_entry_of(row) for row in rows]


async def of_kind_after(database: Database, kind: Kind, mark: int) -> Sequence[Entry]:
    """All entries of one kind behind the mark. Reads everything behind it."""
    rows = await database.fetch(
        "SELECT seq, at_us, kind, actor_id, subject_id, object_id, detail FROM journal"
        " WHERE seq > $1 AND kind = $2 ORDER BY seq",
        mark,
        kind.value,
    )
    return [_entry_of(row) for row in rows]


async def newest_seq(database: Database) -> int:
    rows = await database.fetch("SELECT COALESCE(MAX(seq), 0) AS seq FROM journal")
    return int(rows[0]["seq"])
