"""Tags that accounts follow, and by how many a tag is used. Which clips carry it is in `clip.py`."""

from collections.abc import Sequence

from freehold.backends.database import Database, Transaction
from freehold.domain.ids import AccountId


async def follow(transaction: Transaction, id_: int, account_id: AccountId, tag: str, at_us: int) -> None:
    await transaction.execute(
        "INSERT INTO tag_follow (id, account_id, tag, at_us) VALUES ($1, $2, $3, $4)",
        id_,
        account_id,
        tag,
        at_us,
    )


async def unfollow(transaction: Transaction, id_: int) -> None:
    await transaction.execute("DELETE FROM tag_follow WHERE id = $1", id_)


async def follow_id(source: Database | Transaction, account_id: AccountId, tag: str) -> int | None:
    """None where the account does not follow the tag."""
    rows = await source.fetch("SELECT id FROM tag_follow WHERE account_id = $1 AND tag = $2", account_id, tag)
    return int(rows[0]["id"]) if rows else None


async def followed_by(source: Database | Transaction, account_id: AccountId) -> Sequence[str]:
    """By name."""
    rows = await source.fetch("SELECT tag FROM tag_follow WHERE account_id = $1 ORDER BY tag", account_id)
    return [str(row["tag"]) for row in rows]


async def count_followers(source: Database | Transaction, tag: str) -> int:
    rows = await source.fetch("SELECT COUNT(*) AS count FROM tag_follow WHERE tag = $1", tag)
    return int(rows[0]["count"])


async def accounts_by_day(database: Database, tag: str, after_us: int, day_us: int) -> dict[int, int]:
    """How many accounts used the tag on each day, counted since 1970; days without any are left out."""
    rows = await database.fetch(
        "SELECT at_us / $3 AS day, COUNT(DISTINCT author_id) AS accounts FROM tag_use"
        " WHERE tag = $1 AND at_us > $2 GROUP BY at_us / $3",
        tag,
        after_us,
        day_us,
    )
    return {int(row["day"]): int(row["accounts"]) for row in rows}
