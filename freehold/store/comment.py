"""Comments under clips: threads one level deep, their likes and earlier versions, and authors' filters.

A comment begins a thread or replies in one. One that others replied to leaves its place when it is deleted: a row
without an author and without words, for as long as a reply is there.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.clip import Author
from freehold.domain.ids import AccountId, ClipId, CommentId
from freehold.store.clip import placeholders

NEWEST = 1 << 62
HELD_CLIPS_LIMIT = 200


class Order(StrEnum):
    """In which order threads stand."""

    NEWEST = "newest"
    LIKES = "likes"


@dataclass(frozen=True, slots=True)
class Comment:
    id: CommentId
    clip_id: ClipId
    author: Author
    text: str
    at_us: int
    root_id: CommentId | None = None
    """The comment that begins the thread; None for that one itself."""
    reply_to: str | None = None
    """The handle of whom it answers, where that is not who began the thread."""
    edited_at_us: int | None = None
    is_held: bool = False
    is_pinned: bool = False
    is_liked: bool = False
    like_count: int = 0
    reply_count: int = 0


@dataclass(frozen=True, slots=True)
class Thread:
    id: CommentId
    clip_id: ClipId
    at_us: int
    first: Comment | None
    """None where it is not there for the reader, and its replies are."""
    like_count: int
    reply_count: int
    """Those that the reader may see."""


@dataclass(frozen=True, slots=True)
class Written:
    """A comment as actions need it; `author_id` is None where only its place is left."""

    id: CommentId
    clip_id: ClipId
    author_id: AccountId | None
    root_id: CommentId | None
    text: str
    at_us: int
    edited_at_us: int | None
    is_held: bool
    is_pinned: bool


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the comments of a clip: what is held is for its writer and for the clip's author."""

    account_id: AccountId
    """0 for who is signed out."""
    is_clips_author: bool = False


NOBODY = Reader(AccountId(0))

_SELECT = (
    "SELECT comment.id, comment.clip_id, comment.root_id, comment.text, comment.at_us, comment.edited_at_us,"
    " comment.held_at_us, comment.pinned_at_us, comment.like_count, comment.reply_count, account.id AS author_id,"
    " account.handle, account.display_name, account.avatar_key, account.suspended_at_us, answered.handle AS reply_to,"
    " comment_like.at_us AS liked_at_us FROM comment LEFT JOIN account ON account.id = comment.author_id"
    " LEFT JOIN comment target ON target.id = comment.reply_to_id AND target.root_id IS NOT NULL"
    " LEFT JOIN account answered ON answered.id = target.author_id"
    " LEFT JOIN comment_like ON comment_like.comment_id = comment.id AND comment_like.account_id = $1"
)
_SEEN = (
    "(account.id IS NOT NULL AND account.suspended_at_us IS NULL"
    " AND (comment.held_at_us IS NULL OR comment.author_id = $1 OR $2 = 1))"
)
_ANSWERED = (
    "(comment.reply_count > 0 OR EXISTS (SELECT 1 FROM comment held WHERE held.root_id = comment.id"
    " AND held.held_at_us IS NOT NULL AND (held.author_id = $1 OR $2 = 1)))"
)


def _comment_of(row: Row) -> Comment:
    return Comment(
        row["id"],
        row["clip_id"],
        Author(row["author_id"], row["handle"], row["display_name"], row["avatar_key"], False),
        row["text"],
        row["at_us"],
        row["root_id"],
        row["reply_to"],
        row["edited_at_us"],
        row["held_at_us"] is not None,
        row["pinned_at_us"] is not None,
        row["liked_at_us"] is not None,
        row["like_count"],
        row["reply_count"],
    )


def _thread_of(row: Row, reader: Reader, held_replies: int) -> Thread:
    is_for_reader = row["held_at_us"] is None or reader.is_clips_author or row["author_id"] == reader.account_id
    is_there = row["author_id"] is not None and row["suspended_at_us"] is None and is_for_reader
    return Thread(
        row["id"],
        row["clip_id"],
        row["at_us"],
        _comment_of(row) if is_there else None,
        row["like_count"],
        row["reply_count"] + held_replies,
    )


async def threads_of_clip(
    database: Database, clip_id: ClipId, reader: Reader, order: Order, before: tuple[int, int] | None, limit: int
) -> list[Thread]:
    """The pinned one first; `before` is the last one's likes (any number in order of time) and its id."""
    like_count, comment_id = before or (NEWEST, NEWEST)
    place, by = ("(comment.like_count, comment.id) < ($4, $5)", "comment.like_count DESC, comment.id DESC")
    if order is Order.NEWEST:
        place, by = "comment.id < $4", "comment.id DESC"
    rows = await database.fetch(
        f"{_SELECT} WHERE comment.clip_id = $3 AND comment.root_id IS NULL AND comment.pinned_at_us IS NULL"
        f" AND {place} AND ({_SEEN} OR {_ANSWERED}) ORDER BY {by} LIMIT {limit:d}",
        reader.account_id,
        int(reader.is_clips_author),
        clip_id,
        *((comment_id,) if order is Order.NEWEST else (like_count, comment_id)),
    )
    pinned = [] if before else await _pinned_on_clip(database, clip_id, reader)
    held = await _held_replies(database, clip_id, reader)
    return [_thread_of(row, reader, held.get(row["id"], 0)) for row in (*pinned, *rows)][:limit]


async def _pinned_on_clip(database: Database, clip_id: ClipId, reader: Reader) -> Sequence[Row]:
    return await database.fetch(
        f"{_SELECT} WHERE comment.clip_id = $3 AND comment.pinned_at_us IS NOT NULL AND ({_SEEN} OR {_ANSWERED})",
        reader.account_id,
        int(reader.is_clips_author),
        clip_id,
    )


async def _held_replies(database: Database, clip_id: ClipId, reader: Reader) -> dict[CommentId, int]:
    """How many replies that are held the reader sees in each thread."""
    if not reader.account_id:
        return {}
    rows = await database.fetch(
        "SELECT root_id, COUNT(*) AS count FROM comment WHERE clip_id = $3 AND held_at_us IS NOT NULL"
        " AND root_id IS NOT NULL AND (author_id = $1 OR $2 = 1) GROUP BY root_id",
        reader.account_id,
        int(reader.is_clips_author),
        clip_id,
    )
    return {row["root_id"]: row["count"] for row in rows}


async def thread_of(database: Database, root_id: CommentId, clip_id: ClipId, reader: Reader) -> Thread | None:
    """The thread that begins with the comment; None where the reader sees nothing of it."""
    rows = await database.fetch(
        f"{_SELECT} WHERE comment.id = $3 AND comment.clip_id = $4 AND comment.root_id IS NULL"
        f" AND ({_SEEN} OR {_ANSWERED})",
        reader.account_id,
        int(reader.is_clips_author),
        root_id,
        clip_id,
    )
    held = await _held_replies(database, clip_id, reader) if rows else {}
    return _thread_of(rows[0], reader, held.get(root_id, 0)) if rows else None


async def replies_in_thread(
    database: Database, root_id: CommentId, reader: Reader, after_id: CommentId | None, limit: int
) -> list[Comment]:
    """Oldest first."""
    rows = await database.fetch(
        f"{_SELECT} WHERE comment.root_id = $3 AND comment.id > $4 AND {_SEEN} ORDER BY comment.id LIMIT {limit:d}",
        reader.account_id,
        int(reader.is_clips_author),
        root_id,
        after_id or 0,
    )
    return [_comment_of(row) for row in rows]


async def one_for_reader(database: Database, comment_id: CommentId, reader: Reader) -> Comment | None:
    rows = await database.fetch(
        f"{_SELECT} WHERE comment.id = $3 AND {_SEEN}", reader.account_id, int(reader.is_clips_author), comment_id
    )
    return _comment_of(rows[0]) if rows else None


async def by_ids(
    database: Database, comment_ids: Sequence[CommentId], account_id: AccountId | None = None
) -> list[Comment]:
    """Those that are there for everybody, in no order, with what the account likes. Judge their clips before you show
    them."""
    if not comment_ids:
        return []
    rows = await database.fetch(
        f"{_SELECT} WHERE comment.id IN ({placeholders(2, len(comment_ids))}) AND account.id IS NOT NULL"
        " AND account.suspended_at_us IS NULL AND comment.held_at_us IS NULL",
        account_id or 0,
        *comment_ids,
    )
    return [_comment_of(row) for row in rows]


async def held_under_clips_of(
    database: Database, author_id: AccountId, before_id: CommentId | None, limit: int
) -> list[Comment]:
    """Newest first."""
    rows = await database.fetch(
        f"{_SELECT} JOIN clip ON clip.id = comment.clip_id WHERE clip.author_id = $2 AND comment.held_at_us IS NOT NULL"
        " AND clip.state IN ('playable', 'ready') AND comment.id < $3 AND account.suspended_at_us IS NULL"
        " ORDER BY comment.id DESC LIMIT $4",
        author_id,
        author_id,
        before_id or NEWEST,
        limit,
    )
    return [_comment_of(row) for row in rows]


async def count_held_under_clips_of(database: Database, author_id: AccountId) -> dict[ClipId, int]:
    """By clip, of the newest HELD_CLIPS_LIMIT of them. Judge them before you say how many there are."""
    rows = await database.fetch(
        "SELECT comment.clip_id, COUNT(*) AS count FROM comment JOIN clip ON clip.id = comment.clip_id"
        " JOIN account ON account.id = comment.author_id"
        " WHERE clip.author_id = $1 AND clip.state IN ('playable', 'ready') AND comment.held_at_us IS NOT NULL"
        " AND account.suspended_at_us IS NULL GROUP BY comment.clip_id ORDER BY comment.clip_id DESC LIMIT $2",
        author_id,
        HELD_CLIPS_LIMIT,
    )
    return {ClipId(row["clip_id"]): row["count"] for row in rows}


async def ids_on_clip_for_system(database: Database, clip_id: ClipId, after: int, limit: int) -> list[CommentId]:
    """So many behind an id."""
    rows = await database.fetch(
        "SELECT id FROM comment WHERE clip_id = $1 AND id > $2 ORDER BY id LIMIT $3", clip_id, after, limit
    )
    return [CommentId(row["id"]) for row in rows]


async def ids_by_author_for_system(database: Database, author_id: AccountId) -> list[CommentId]:
    rows = await database.fetch("SELECT id FROM comment WHERE author_id = $1", author_id)
    return [CommentId(row["id"]) for row in rows]


async def one_for_system(source: Database | Transaction, comment_id: CommentId) -> Written | None:
    rows = await source.fetch(
        "SELECT id, clip_id, author_id, root_id, text, at_us, edited_at_us, held_at_us, pinned_at_us FROM comment"
        " WHERE id = $1",
        comment_id,
    )
    if not rows:
        return None
    row = rows[0]
    return Written(
        row["id"],
        row["clip_id"],
        row["author_id"],
        row["root_id"],
        row["text"],
        row["at_us"],
        row["edited_at_us"],
        row["held_at_us"] is not None,
        row["pinned_at_us"] is not None,
    )


async def has_commented(transaction: Transaction, clip_id: ClipId, author_id: AccountId) -> bool:
    """On this clip, with a comment that is still there."""
    rows = await transaction.fetch(
        "SELECT 1 FROM comment WHERE author_id = $1 AND clip_id = $2 LIMIT 1", author_id, clip_id
    )
    return bool(rows)


async def lock(transaction: Transaction, comment_id: CommentId) -> None:
    """Let no other transaction that locks the comment run beside this one: a reply comes wholly before the deletion of
    what it answers, or not at all."""
    if transaction.dialect == "postgresql":
        await transaction.fetch("SELECT 1 FROM comment WHERE id = $1 FOR UPDATE", comment_id)


async def insert(transaction: Transaction, comment: Comment, reply_to_id: CommentId | None) -> None:
    await transaction.execute(
        "INSERT INTO comment (id, clip_id, author_id, root_id, reply_to_id, text, at_us, held_at_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        comment.id,
        comment.clip_id,
        comment.author.id,
        comment.root_id,
        reply_to_id,
        comment.text,
        comment.at_us,
        comment.at_us if comment.is_held else None,
    )
    if not comment.is_held:
        await _count(transaction, comment.clip_id, comment.root_id, 1)


async def _count(transaction: Transaction, clip_id: ClipId, root_id: CommentId | None, by: int) -> None:
    """Comments and replies that are there for everybody."""
    await transaction.execute("UPDATE clip SET comment_count = comment_count + $2 WHERE id = $1", clip_id, by)
    if root_id is not None:
        await transaction.execute("UPDATE comment SET reply_count = reply_count + $2 WHERE id = $1", root_id, by)


async def set_text(transaction: Transaction, written: Written, text: str, at_us: int) -> None:
    """The text that was there becomes an earlier version."""
    await transaction.execute(
        "INSERT INTO comment_version (comment_id, nth, text, at_us) VALUES"
        " ($1, (SELECT COUNT(*) FROM comment_version WHERE comment_id = $1), $2, $3)",
        written.id,
        written.text,
        written.edited_at_us or written.at_us,
    )
    await transaction.execute("UPDATE comment SET text = $2, edited_at_us = $3 WHERE id = $1", written.id, text, at_us)


async def count_versions(transaction: Transaction, comment_id: CommentId) -> int:
    rows = await transaction.fetch("SELECT COUNT(*) AS count FROM comment_version WHERE comment_id = $1", comment_id)
    return int(rows[0]["count"])


async def versions_of(database: Database, comment_id: CommentId) -> list[tuple[str, int]]:
    """What it said before, oldest first, each with when it was written."""
    rows = await database.fetch(
        "SELECT text, at_us FROM comment_version WHERE comment_id = $1 ORDER BY nth", comment_id
    )
    return [(row["text"], row["at_us"]) for row in rows]


async def set_held(transaction: Transaction, written: Written, at_us: int | None) -> None:
    """Hold it back from `at_us` on, or let it through. What is held is not pinned."""
    await transaction.execute(
        "UPDATE comment SET held_at_us = $2, pinned_at_us = CASE WHEN $3 = 1 THEN NULL ELSE pinned_at_us END"
        " WHERE id = $1",
        written.id,
        at_us,
        int(at_us is not None),
    )
    if written.is_held is not (at_us is not None):
        await _count(transaction, written.clip_id, written.root_id, 1 if written.is_held else -1)


async def set_pinned(transaction: Transaction, written: Written, at_us: int | None) -> None:
    """Pin it in the place of any other on the clip, or take the pin away."""
    await transaction.execute(
        "UPDATE comment SET pinned_at_us = NULL WHERE clip_id = $1 AND pinned_at_us IS NOT NULL", written.clip_id
    )
    await transaction.execute("UPDATE comment SET pinned_at_us = $2 WHERE id = $1", written.id, at_us)


async def delete(transaction: Transaction, written: Written) -> bool:
    """Delete it with its likes and versions; where it has replies, its place stays. Where it was the last reply to one
    of which only the place was left, that goes with it. Whether it was there."""
    place = await transaction.execute(
        "UPDATE comment SET author_id = NULL, text = '', edited_at_us = NULL, held_at_us = NULL, pinned_at_us = NULL,"
        " like_count = 0 WHERE id = $1 AND author_id IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM comment reply WHERE reply.root_id = $1)",
        written.id,
    )
    if place:
        await transaction.execute("DELETE FROM comment_like WHERE comment_id = $1", written.id)
        await transaction.execute("DELETE FROM comment_version WHERE comment_id = $1", written.id)
    changed = place or await transaction.execute(
        "DELETE FROM comment WHERE id = $1 AND author_id IS NOT NULL", written.id
    )
    if changed and not written.is_held:
        await _count(transaction, written.clip_id, written.root_id, -1)
    if changed and written.root_id is not None:
        await transaction.execute(
            "DELETE FROM comment WHERE id = $1 AND author_id IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM comment reply WHERE reply.root_id = $1)",
            written.root_id,
        )
    return bool(changed)


async def erase_author(transaction: Transaction, author_id: AccountId) -> None:
    """Take all that the account said and liked off the counts, and leave the places that others replied to; what is
    left of its comments goes with its row."""
    await transaction.execute(
        "UPDATE comment SET like_count = like_count - 1"
        " WHERE id IN (SELECT comment_id FROM comment_like WHERE account_id = $1)",
        author_id,
    )
    await transaction.execute(
        "UPDATE clip SET comment_count = comment_count - (SELECT COUNT(*) FROM comment WHERE comment.clip_id = clip.id"
        " AND comment.author_id = $1 AND comment.held_at_us IS NULL)"
        " WHERE id IN (SELECT clip_id FROM comment WHERE author_id = $1)",
        author_id,
    )
    await transaction.execute(
        "UPDATE comment SET reply_count = reply_count - (SELECT COUNT(*) FROM comment reply"
        " WHERE reply.root_id = comment.id AND reply.author_id = $1 AND reply.held_at_us IS NULL)"
        " WHERE id IN (SELECT root_id FROM comment WHERE author_id = $1 AND root_id IS NOT NULL)",
        author_id,
    )
    await transaction.execute(
        "DELETE FROM comment WHERE author_id IS NULL"
        " AND id IN (SELECT root_id FROM comment WHERE author_id = $1 AND root_id IS NOT NULL)"
        " AND NOT EXISTS (SELECT 1 FROM comment reply WHERE reply.root_id = comment.id AND reply.author_id <> $1)",
        author_id,
    )
    for table in ("comment_like", "comment_version"):
        await transaction.execute(
            f"DELETE FROM {table} WHERE comment_id IN (SELECT id FROM comment WHERE author_id = $1)", author_id
        )
    await transaction.execute(
        "UPDATE comment SET author_id = NULL, text = '', edited_at_us = NULL, held_at_us = NULL, pinned_at_us = NULL,"
        " like_count = 0 WHERE author_id = $1"
        " AND EXISTS (SELECT 1 FROM comment reply WHERE reply.root_id = comment.id AND reply.author_id <> $1)",
        author_id,
    )


async def like(transaction: Transaction, comment_id: CommentId, account_id: AccountId, at_us: int) -> bool:
    """Whether this made a difference."""
    changed = await transaction.execute(
        "INSERT INTO comment_like (comment_id, account_id, at_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        comment_id,
        account_id,
        at_us,
    )
    if changed:
        await transaction.execute("UPDATE comment SET like_count = like_count + 1 WHERE id = $1", comment_id)
    return bool(changed)


async def unlike(transaction: Transaction, comment_id: CommentId, account_id: AccountId) -> bool:
    """Whether this made a difference."""
    changed = await transaction.execute(
        "DELETE FROM comment_like WHERE comment_id = $1 AND account_id = $2", comment_id, account_id
    )
    if changed:
        await transaction.execute("UPDATE comment SET like_count = like_count - 1 WHERE id = $1", comment_id)
    return bool(changed)


async def count_likes(transaction: Transaction, comment_id: CommentId) -> int:
    rows = await transaction.fetch("SELECT like_count FROM comment WHERE id = $1", comment_id)
    return int(rows[0]["like_count"]) if rows else 0


async def filter_of(source: Database | Transaction, account_id: AccountId) -> tuple[str, ...]:
    """The words that the account does not want under its clips, as they were written."""
    rows = await source.fetch("SELECT words FROM comment_filter WHERE account_id = $1", account_id)
    return tuple(str(word) for word in json.loads(rows[0]["words"])) if rows else ()


async def set_filter(transaction: Transaction, account_id: AccountId, words: Sequence[str]) -> None:
    await transaction.execute(
        "INSERT INTO comment_filter (account_id, words) VALUES ($1, $2)"
        " ON CONFLICT (account_id) DO UPDATE SET words = excluded.words",
        account_id,
        json.dumps(list(words), separators=(",", ":"), ensure_ascii=False),
    )
