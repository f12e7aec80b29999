"""What accounts chose for their feeds: wishes for tags and authors, muted words, whether to be profiled.

As it is now; what the learner was told of it, and is told again by a replay, is in `told.py`.
"""

import json
from collections.abc import Sequence

from freehold.backends.database import Database, Transaction
from freehold.domain.choices import FeedWish, WishKind
from freehold.domain.ids import AccountId


async def wishes_of(source: Database | Transaction, account_id: AccountId) -> list[FeedWish]:
    """Tags first, each kind by name; authors by their handles."""
    rows = await source.fetch(
        "SELECT feed_wish.kind, COALESCE(account.handle, feed_wish.tag) AS name, feed_wish.level FROM feed_wish"
        " LEFT JOIN account ON account.id = feed_wish.author_id"
        " WHERE feed_wish.account_id = $1 AND (account.id IS NOT NULL OR feed_wish.kind = 'tag')"
        " ORDER BY feed_wish.kind DESC, name",
        account_id,
    )
    return [FeedWish(WishKind(row["kind"]), row["name"], row["level"]) for row in rows]


async def level_wished(
    transaction: Transaction, account_id: AccountId, kind: WishKind, tag: str, author_id: int
) -> int:
    """0 where there is no wish."""
    rows = await transaction.fetch(
        "SELECT level FROM feed_wish WHERE account_id = $1 AND kind = $2 AND tag = $3 AND author_id = $4",
        account_id,
        kind.value,
        tag,
        author_id,
    )
    return int(rows[0]["level"]) if rows else 0


async def unwanted_authors_of(source: Database | Transaction, account_id: AccountId) -> list[AccountId]:
    """Of whom it wants nothing at all."""
    rows = await source.fetch(
        "SELECT author_id FROM feed_wish WHERE account_id = $1 AND kind = 'author' AND level = -2", account_id
    )
    return [AccountId(row["author_id"]) for row in rows]


async def count_wishes(transaction: Transaction, account_id: AccountId) -> int:
    rows = await transaction.fetch("SELECT COUNT(*) AS count FROM feed_wish WHERE account_id = $1", account_id)
    return int(rows[0]["count"])


async def set_wish(
    transaction: Transaction, account_id: AccountId, kind: WishKind, tag: str, author_id: int, level: int
) -> None:
    await transaction.execute(
        "INSERT INTO feed_wish (account_id, kind, tag, author_id, level) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (account_id, kind, tag, author_id) DO UPDATE SET level = excluded.level",
        account_id,
        kind.value,
        tag,
        author_id,
        level,
    )


async def delete_wish(
    transaction: Transaction, account_id: AccountId, kind: WishKind, tag: str, author_id: int
) -> None:
    await transaction.execute(
        "DELETE FROM feed_wish WHERE account_id = $1 AND kind = $2 AND tag = $3 AND author_id = $4",
        account_id,
        kind.value,
        tag,
        author_id,
    )


async def muted_words_of(source: Database | Transaction, account_id: AccountId) -> tuple[str, ...]:
    """As they were written, in that order."""
    rows = await source.fetch("SELECT muted_words FROM feed_choice WHERE account_id = $1", account_id)
    return tuple(str(word) for word in json.loads(rows[0]["muted_words"])) if rows else ()


async def set_muted_words(transaction: Transaction, account_id: AccountId, words: Sequence[str]) -> None:
    await transaction.execute(
        "INSERT INTO feed_choice (account_id, muted_words) VALUES ($1, $2)"
        " ON CONFLICT (account_id) DO UPDATE SET muted_words = excluded.muted_words",
        account_id,
        json.dumps(list(words), separators=(",", ":"), ensure_ascii=False),
    )


async def is_profiled(source: Database | Transaction, account_id: AccountId) -> bool:
    rows = await source.fetch("SELECT is_profiled FROM feed_choice WHERE account_id = $1", account_id)
    return bool(rows[0]["is_profiled"]) if rows else True


async def set_profiled(transaction: Transaction, account_id: AccountId, is_profiled: bool) -> None:
    await transaction.execute(
        "INSERT INTO feed_choice (account_id, is_profiled) VALUES ($1, $2)"
        " ON CONFLICT (account_id) DO UPDATE SET is_profiled = excluded.is_profiled",
        account_id,
        int(is_profiled),
    )
