"""Accounts and who follows whom."""

from collections.abc import Sequence

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.account import Account, Role
from freehold.domain.ids import AccountId
from freehold.store import comment
from freehold.store.clip import placeholders, spans_with

COLUMNS = (
    "account.id, account.handle, account.display_name, account.bio, account.role, account.avatar_key,"
    " account.created_at_us, account.suspended_at_us, account.follower_count, account.following_count"
)


def account_of(row: Row) -> Account:
    return Account(
        AccountId(row["id"]),
        row["handle"],
        row["display_name"],
        row["bio"],
        Role(row["role"]),
        row["avatar_key"],
        row["created_at_us"],
        row["suspended_at_us"],
        row["follower_count"],
        row["following_count"],
    )


async def by_id(source: Database | Transaction, account_id: AccountId) -> Account | None:
    rows = await source.fetch(f"SELECT {COLUMNS} FROM account WHERE id = $1", account_id)
    return account_of(rows[0]) if rows else None


async def by_handle(source: Database | Transaction, handle: str) -> Account | None:
    rows = await source.fetch(f"SELECT {COLUMNS} FROM account WHERE handle = $1", handle)
    return account_of(rows[0]) if rows else None


async def by_ids(database: Database, account_ids: Sequence[AccountId]) -> list[Account]:
    """Those of them that there are, suspended or not, in no order."""
    if not account_ids:
        return []
    rows = await database.fetch(
        f"SELECT {COLUMNS} FROM account WHERE id IN ({placeholders(1, len(account_ids))})",
        *account_ids,
    )
    return [account_of(row) for row in rows]


async def followed_among(
    database: Database, follower_id: AccountId, account_ids: Sequence[AccountId]
) -> set[AccountId]:
    """Those of the accounts that one follows."""
    if not account_ids:
        return set()
    rows = await database.fetch(
        "SELECT followed_id FROM follow WHERE follower_id = $1"
        f" AND followed_id IN ({placeholders(2, len(account_ids))})",
        follower_id,
        *account_ids,
    )
    return {AccountId(row["followed_id"]) for row in rows}


async def by_handles(database: Database, handles: Sequence[str]) -> list[Account]:
    """Those of them that there are, suspended or not, in no order."""
    if not handles:
        return []
    rows = await database.fetch(
        f"SELECT {COLUMNS} FROM account WHERE handle IN ({placeholders(1, len(handles))})", *handles
    )
    return [account_of(row) for row in rows]


async def password_hash_of(source: Database | Transaction, account_id: AccountId) -> str | None:
    """None where the account is gone."""
    rows = await source.fetch("SELECT password_hash FROM account WHERE id = $1", account_id)
    return str(rows[0]["password_hash"]) if rows else None


async def count(database: Database) -> int:
    rows = await database.fetch("SELECT COUNT(*) AS count FROM account")
    return int(rows[0]["count"])


async def everyone(database: Database, after_id: int, limit: int) -> Sequence[Account]:
    rows = await database.fetch(f"SELECT {COLUMNS} FROM account WHERE id > $1 ORDER BY id LIMIT $2", after_id, limit)
    return [account_of(row) for row in rows]


_SEEN = (
    "FROM account WHERE suspended_at_us IS NULL AND EXISTS (SELECT 1 FROM clip WHERE clip.author_id = account.id"
    " AND clip.published_at_us IS NOT NULL AND clip.audience = 'public')"
)


async def seen_between(database: Database, first_id: AccountId, end_id: AccountId, limit: int) -> Sequence[Account]:
    """From an id on up to another, those who published something for everybody."""
    rows = await database.fetch(
        f"SELECT {COLUMNS} {_SEEN} AND id >= $1 AND id < $2 ORDER BY id LIMIT $3", first_id, end_id, limit
    )
    return [account_of(row) for row in rows]


async def seen_in(database: Database, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of the spans, each from an id up to another, in which there is such an account."""
    return await spans_with(database, spans, f"SELECT 1 {_SEEN} AND id >= span.first AND id < span.past")


async def nth_behind(database: Database, first_id: int, count: int) -> int | None:
    """The account that so many behind an id are before; None where there are fewer."""
    rows = await database.fetch("SELECT id FROM account WHERE id >= $1 ORDER BY id LIMIT 1 OFFSET $2", first_id, count)
    return int(rows[0]["id"]) if rows else None


async def insert(transaction: Transaction, account: Account, password_hash: str) -> bool:
    """Whether the handle was free."""
    changed = await transaction.execute(
        "INSERT INTO account (id, handle, display_name, bio, role, password_hash, avatar_key, created_at_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (handle) DO NOTHING",
        account.id,
        account.handle,
        account.display_name,
        account.bio,
        account.role.value,
        password_hash,
        account.avatar_key,
        account.created_at_us,
    )
    return bool(changed)


async def lock(transaction: Transaction, account_id: AccountId) -> None:
    """Let no other transaction that locks the account run beside this one, so that what is counted stays counted."""
    if transaction.dialect == "postgresql":
        await transaction.fetch("SELECT 1 FROM account WHERE id = $1 FOR UPDATE", account_id)


async def set_profile(transaction: Transaction, account_id: AccountId, display_name: str, bio: str) -> None:
    await transaction.execute(
        "UPDATE account SET display_name = $2, bio = $3 WHERE id = $1", account_id, display_name, bio
    )


async def set_avatar(transaction: Transaction, account_id: AccountId, avatar_key: str | None) -> None:
    await transaction.execute("UPDATE account SET avatar_key = $2 WHERE id = $1", account_id, avatar_key)


async def set_password_hash(transaction: Transaction, account_id: AccountId, password_hash: str) -> None:
    await transaction.execute("UPDATE account SET password_hash = $2 WHERE id = $1", account_id, password_hash)


async def replace_password_hash(transaction: Transaction, account_id: AccountId, old: str, new: str) -> None:
    """Nothing happens where the hash is not the old one any more."""
    await transaction.execute(
        "UPDATE account SET password_hash = $3 WHERE id = $1 AND password_hash = $2", account_id, old, new
    )


async def set_role(transaction: Transaction, account_id: AccountId, role: Role) -> None:
    await transaction.execute("UPDATE account SET role = $2 WHERE id = $1", account_id, role.value)


async def set_suspended(transaction: Transaction, account_id: AccountId, at_us: int | None) -> None:
    await transaction.execute("UPDATE account SET suspended_at_us = $2 WHERE id = $1", account_id, at_us)


async def delete(transaction: Transaction, account_id: AccountId) -> None:
    """Delete the account and all that is its own; counts of others that it took part in follow."""
    await transaction.execute(
        "UPDATE clip SET like_count = like_count - 1 WHERE id IN (SELECT clip_id FROM clip_like WHERE account_id = $1)",
        account_id,
    )
    await transaction.execute(
        "UPDATE clip SET share_count = share_count - 1"
        " WHERE id IN (SELECT clip_id FROM clip_share WHERE account_id = $1)",
        account_id,
    )
    await transaction.execute(
        "UPDATE clip SET save_count = save_count - 1 WHERE id IN (SELECT clip_id FROM clip_save WHERE account_id = $1)",
        account_id,
    )
    await transaction.execute(
        "UPDATE clip SET repost_count = repost_count - 1"
        " WHERE id IN (SELECT clip_id FROM repost WHERE account_id = $1)",
        account_id,
    )
    await comment.erase_author(transaction, account_id)
    await transaction.execute(
        "UPDATE account SET follower_count = follower_count - 1"
        " WHERE id IN (SELECT followed_id FROM follow WHERE follower_id = $1)",
        account_id,
    )
    await transaction.execute(
        "UPDATE account SET following_count = following_count - 1"
        " WHERE id IN (SELECT follower_id FROM follow WHERE followed_id = $1)",
        account_id,
    )
    await transaction.execute("DELETE FROM feed_wish WHERE kind = 'author' AND author_id = $1", account_id)
    await transaction.execute("DELETE FROM watch_batch WHERE viewer_id = $1", account_id)
    await transaction.execute("DELETE FROM page WHERE viewer_id = $1", account_id)
    await transaction.execute("DELETE FROM tally_viewer WHERE viewer_id = $1", account_id)
    await transaction.execute("DELETE FROM tally_author WHERE author_id = $1", account_id)
    await transaction.execute("DELETE FROM account WHERE id = $1", account_id)


async def is_following(source: Database | Transaction, follower_id: AccountId, followed_id: AccountId) -> bool:
    rows = await source.fetch(
        "SELECT 1 FROM follow WHERE follower_id = $1 AND followed_id = $2", follower_id, followed_id
    )
    return bool(rows)


async def follow(transaction: Transaction, follower_id: AccountId, followed_id: AccountId, at_us: int) -> bool:
    """Whether this made a difference."""
    changed = await transaction.execute(
        "INSERT INTO follow (follower_id, followed_id, at_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        follower_id,
        followed_id,
        at_us,
    )
    if changed:
        await _count_follow(transaction, follower_id, followed_id, 1)
    return bool(changed)


async def unfollow(transaction: Transaction, follower_id: AccountId, followed_id: AccountId) -> bool:
    """Whether this made a difference."""
    changed = await transaction.execute(
        "DELETE FROM follow WHERE follower_id = $1 AND followed_id = $2", follower_id, followed_id
    )
    if changed:
        await _count_follow(transaction, follower_id, followed_id, -1)
    return bool(changed)


async def _count_follow(transaction: Transaction, follower_id: AccountId, followed_id: AccountId, by: int) -> None:
    await transaction.execute(
        "UPDATE account SET following_count = following_count + $2 WHERE id = $1", follower_id, by
    )
    await transaction.execute("UPDATE account SET follower_count = follower_count + $2 WHERE id = $1", followed_id, by)
