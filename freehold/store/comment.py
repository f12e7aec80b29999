"""Comments under clips."""

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.clip import Author
from freehold.domain.ids import AccountId, ClipId, CommentId
from freehold.store.clip import placeholders


@dataclass(frozen=True, slots=True)
class Comment:
    id: CommentId
    clip_id: ClipId
    author: Author
    text: str
    at_us: int


_SELECT = (
    "SELECT comment.id, comment.clip_id, comment.text, comment.at_us, account.id AS author_id, account.handle,"
    " account.display_name, account.avatar_key FROM comment JOIN account ON account.id = comment.author_id"
)


def _comment_of(row: Row) -> Comment:
    author = Author(row["author_id"], row["handle"], row["display_name"], row["avatar_key"], False)
    return Comment(row["id"], row["clip_id"], author, row["text"], row["at_us"])


async def of_clip(database: Database, clip_id: ClipId, before_id: CommentId | None, limit: int) -> Sequence[Comment]:
    """Newest first; without those of suspended accounts."""
    rows = await database.fetch(
        f"{_SELECT} WHERE comment.clip_id = $1 AND comment.id < $2 AND account.suspended_at_us IS NULL"
        " ORDER BY comment.id DESC LIMIT $3",
        clip_id,
        before_id or 1 << 62,
        limit,
    )
    return [_comment_of(row) for row in rows]


async def by_ids(database: Database, comment_ids: Sequence[CommentId]) -> list[Comment]:
    """In no order; without those of suspended accounts. Judge their clips before you show them."""
    if not comment_ids:
        return []
    rows = await database.fetch(
        f"{_SELECT} WHERE comment.id IN ({placeholders(1, len(comment_ids))}) AND account.suspended_at_us IS NULL",
        *comment_ids,
    )
    return [_comment_of(row) for row in rows]


async def ids_on_clip_for_system(database: Database, clip_id: ClipId) -> list[CommentId]:
    rows = await database.fetch("SELECT id FROM comment WHERE clip_id = $1", clip_id)
    return [CommentId(row["id"]) for row in rows]


async def ids_by_author_for_system(database: Database, author_id: AccountId) -> list[CommentId]:
    rows = await database.fetch("SELECT id FROM comment WHERE author_id = $1", author_id)
    return [CommentId(row["id"]) for row in rows]


async def author_and_clip_of(source: Database | Transaction, comment_id: CommentId) -> tuple[AccountId, ClipId] | None:
    rows = await source.fetch("SELECT author_id, clip_id FROM comment WHERE id = $1", comment_id)
    return (rows[0]["author_id"], rows[0]["clip_id"]) if rows else None


async def has_commented(transaction: Transaction, clip_id: ClipId, author_id: AccountId) -> bool:
    """On this clip, with a comment that is still there."""
    rows = await transaction.fetch(
        "SELECT 1 FROM comment WHERE author_id = $1 AND clip_id = $2 LIMIT 1", author_id, clip_id
    )
    return bool(rows)


async def insert(
    transaction: Transaction, comment_id: CommentId, clip_id: ClipId, author_id: AccountId, text: str, at_us: int
) -> None:
    await transaction.execute(
        "INSERT INTO comment (id, clip_id, author_id, text, at_us) VALUES ($1, $2, $3, $4, $5)",
        comment_id,
        clip_id,
        author_id,
        text,
        at_us,
    )
    await transaction.execute("UPDATE clip SET comment_count = comment_count + 1 WHERE id = $1", clip_id)


async def delete(transaction: Transaction, comment_id: CommentId, clip_id: ClipId) -> bool:
    changed = await transaction.execute("DELETE FROM comment WHERE id = $1", comment_id)
    if changed:
        await transaction.execute("UPDATE clip SET comment_count = comment_count - 1 WHERE id = $1", clip_id)
    return bool(changed)
