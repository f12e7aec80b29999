"""Where the files of the sitemap begin: at every so-manieth clip or account, in the order of their ids."""

from collections.abc import Sequence

from freehold.backends.database import Database, Transaction


async def begins_of(database: Database, kind: str) -> list[int]:
    rows = await database.fetch("SELECT first_id FROM sitemap_file WHERE kind = $1 ORDER BY first_id", kind)
    return [int(row["first_id"]) for row in rows]


async def insert(transaction: Transaction, kind: str, first_ids: Sequence[int]) -> None:
    """Another process may have found the same."""
    await transaction.execute_many(
        "INSERT INTO sitemap_file (kind, first_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        [(kind, first_id) for first_id in first_ids],
    )
