"""Comments under clips."""

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.backends.database import Database, Transaction
from freehold.domain.clip import Author
from freehold.domain.ids import AccountId, ClipId, CommentId


@dataclass(frozen=True, slots=True)
class Comment:
    id: CommentId
    clip_id: ClipId
    author: Author
    text: str
    at_us: int


async def of_clip(database: Database, clip_id: ClipId, before_id: CommentId | None, limit: int) -> Sequence[Comment]:
    """Newest first; without those of suspended accounts."""
    rows = await database.fetch(
        "SELECT comment.id, comment.clip_id, comment.text, comment.at_us, account.id AS author_id, account.handle,"
        " account.display_name, account.avatar_key FROM comment JOIN account ON account.id = comment.author_id"
        " WHERE comment.clip_id = $1 AND comment.id < $2 AND account.suspended_at_us IS NULL"
        " ORDER BY comment.id DESC LIMIT $3",
        clip_id,
        before_id or 1 << 62,
        limit,
    )
    return [
        Comment(
            r["id"],
            r["clip_id"],
            Author(r["author_id"], r["handle"], r["display_name"], r["avatar_key"], False),
            r["text"],
            r["at_us"],
        )
        for r in rows
    ]


async def author_and_clip_of(source: Database | Transaction, comment_id: CommentId) -> tuple[AccountId, ClipId] | None:
    rows = await source.fetch("SELECT author_id, clip_id FROM comment WHERE id = $1", comment_id)
    return (rows[0]["author_id"], rows[0]["clip_id"]) if rows else None


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
