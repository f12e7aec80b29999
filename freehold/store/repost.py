"""Reposts: clips that accounts pass on to who follows them, each with a word of their own."""

from collections.abc import Sequence

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.clip import Author, Repost
from freehold.domain.ids import AccountId, ClipId, RepostId
from freehold.store.clip import placeholders

LAST = 1 << 62

_SELECT = (
    "SELECT repost.id, repost.clip_id, repost.text, account.id AS account_id, account.handle, account.display_name,"
    " account.avatar_key FROM repost JOIN account ON account.id = repost.account_id"
)


def _repost_of(row: Row) -> Repost:
    author = Author(row["account_id"], row["handle"], row["display_name"], row["avatar_key"], False)
    return Repost(row["id"], row["clip_id"], author, row["text"])


async def one_by(source: Database | Transaction, clip_id: ClipId, account_id: AccountId) -> Repost | None:
    rows = await source.fetch(f"{_SELECT} WHERE repost.clip_id = $1 AND repost.account_id = $2", clip_id, account_id)
    return _repost_of(rows[0]) if rows else None


async def by_account(database: Database, account_id: AccountId, before_id: int | None, limit: int) -> Sequence[Repost]:
    """Newest first. Judge the clips before you show them."""
    rows = await database.fetch(
        f"{_SELECT} WHERE repost.account_id = $1 AND repost.id < $2 ORDER BY repost.id DESC LIMIT $3",
        account_id,
        LAST if before_id is None else before_id,
        limit,
    )
    return [_repost_of(row) for row in rows]


async def has_reposted(database: Database, account_id: AccountId) -> bool:
    rows = await database.fetch("SELECT 1 FROM repost WHERE account_id = $1 LIMIT 1", account_id)
    return bool(rows)


async def by_followed(database: Database, follower_id: AccountId, from_id: int, limit: int) -> Sequence[Repost]:
    """Of others' clips, by the accounts that the account follows, newest first, from an id on; none of authors that it
    wants nothing of. Judge the clips before you show them."""
    rows = await database.fetch(
        f"{_SELECT} JOIN follow ON follow.followed_id = repost.account_id JOIN clip ON clip.id = repost.clip_id"
        " WHERE follow.follower_id = $1 AND repost.id >= $2 AND account.suspended_at_us IS NULL"
        " AND clip.author_id <> $1 AND NOT EXISTS (SELECT 1 FROM feed_wish WHERE feed_wish.account_id = $1"
        " AND feed_wish.kind = 'author' AND feed_wish.author_id = clip.author_id AND feed_wish.level = -2)"
        " ORDER BY repost.id DESC LIMIT $3",
        follower_id,
        from_id,
        limit,
    )
    return [_repost_of(row) for row in rows]


async def of_clips_by_followed(
    database: Database, follower_id: AccountId, clip_ids: Sequence[ClipId]
) -> dict[ClipId, Repost]:
    """The newest of each clip by an account that the account follows."""
    if not clip_ids:
        return {}
    rows = await database.fetch(
        f"{_SELECT} JOIN follow ON follow.followed_id = repost.account_id"
        f" WHERE follow.follower_id = $1 AND repost.clip_id IN ({placeholders(2, len(clip_ids))})"
        " AND account.suspended_at_us IS NULL ORDER BY repost.id",
        follower_id,
        *clip_ids,
    )
    return {row["clip_id"]: _repost_of(row) for row in rows}


async def count_of_clip(source: Database | Transaction, clip_id: ClipId) -> int:
    rows = await source.fetch("SELECT COUNT(*) AS count FROM repost WHERE clip_id = $1", clip_id)
    return int(rows[0]["count"])


async def insert(
    transaction: Transaction, repost_id: RepostId, clip_id: ClipId, account_id: AccountId, text: str
) -> None:
    await transaction.execute(
        "INSERT INTO repost (id, clip_id, account_id, text) VALUES ($1, $2, $3, $4)",
        repost_id,
        clip_id,
        account_id,
        text,
    )
    await transaction.execute("UPDATE clip SET repost_count = repost_count + 1 WHERE id = $1", clip_id)


async def set_text(transaction: Transaction, repost_id: RepostId, text: str) -> None:
    await transaction.execute("UPDATE repost SET text = $2 WHERE id = $1", repost_id, text)


async def delete(transaction: Transaction, repost_id: RepostId) -> None:
    await transaction.execute(
        "UPDATE clip SET repost_count = repost_count - 1 WHERE id = (SELECT clip_id FROM repost WHERE id = $1)",
        repost_id,
    )
    await transaction.execute("DELETE FROM repost WHERE id = $1", repost_id)
