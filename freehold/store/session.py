"""Sessions and the throttle of guesses."""

from collections.abc import Sequence

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.account import Account, Session
from freehold.domain.ids import AccountId, SessionId
from freehold.store.account import COLUMNS as ACCOUNT_COLUMNS
from freehold.store.account import account_of


def _session_of(row: Row) -> Session:
    return Session(
        SessionId(row["id"]),
        row["kind"],
        row["agent"],
        row["created_at_us"],
        row["last_seen_at_us"],
        row["expires_at_us"],
    )


async def insert(transaction: Transaction, session: Session, account_id: AccountId, token_sha256: bytes) -> None:
    await transaction.execute(
        "INSERT INTO session (id, account_id, token_sha256, kind, agent, created_at_us, last_seen_at_us, expires_at_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        session.id,
        account_id,
        token_sha256,
        session.kind,
        session.agent,
        session.created_at_us,
        session.last_seen_at_us,
        session.expires_at_us,
    )


async def account_by_token(
    database: Database, token_sha256: bytes, at_us: int
) -> tuple[SessionId, int, Account] | None:
    """The session's id, when it was last seen, and its account; None where the session is unknown or over."""
    rows = await database.fetch(
        f"SELECT session.id AS session_id, session.last_seen_at_us, {ACCOUNT_COLUMNS}"
        " FROM session JOIN account ON account.id = session.account_id"
        " WHERE session.token_sha256 = $1 AND session.expires_at_us > $2",
        token_sha256,
        at_us,
    )
    return (SessionId(rows[0]["session_id"]), rows[0]["last_seen_at_us"], account_of(rows[0])) if rows else None


async def of_account(database: Database, account_id: AccountId, at_us: int) -> Sequence[Session]:
    rows = await database.fetch(
        "SELECT id, kind, agent, created_at_us, last_seen_at_us, expires_at_us FROM session"
        " WHERE account_id = $1 AND expires_at_us > $2 ORDER BY last_seen_at_us DESC",
        account_id,
        at_us,
    )
    return [_session_of(row) for row in rows]


async def touch(transaction: Transaction, session_id: SessionId, at_us: int) -> None:
    await transaction.execute("UPDATE session SET last_seen_at_us = $2 WHERE id = $1", session_id, at_us)


async def delete(transaction: Transaction, account_id: AccountId, session_id: SessionId) -> bool:
    return bool(
        await transaction.execute("DELETE FROM session WHERE id = $2 AND account_id = $1", account_id, session_id)
    )


async def delete_any(transaction: Transaction, session_id: SessionId) -> None:
    """Whosever it is."""
    await transaction.execute("DELETE FROM session WHERE id = $1", session_id)


async def delete_others(transaction: Transaction, account_id: AccountId, kept: SessionId | None) -> None:
    await transaction.execute("DELETE FROM session WHERE account_id = $1 AND id <> $2", account_id, kept or 0)


async def delete_expired(transaction: Transaction, at_us: int) -> None:
    await transaction.execute("DELETE FROM session WHERE expires_at_us <= $1", at_us)


async def delete_expired_of(transaction: Transaction, account_id: AccountId, at_us: int) -> None:
    await transaction.execute("DELETE FROM session WHERE account_id = $1 AND expires_at_us <= $2", account_id, at_us)


async def guesses(source: Database | Transaction, subject: str, window_start_us: int) -> tuple[int, int]:
    """How many guesses the subject has in the window that began at or after `window_start_us`, and when it began."""
    rows = await source.fetch(
        "SELECT count, window_start_us FROM throttle WHERE subject = $1 AND window_start_us >= $2",
        subject,
        window_start_us,
    )
    return (int(rows[0]["count"]), int(rows[0]["window_start_us"])) if rows else (0, window_start_us)


async def count_guess(transaction: Transaction, subject: str, at_us: int, window_us: int) -> None:
    await transaction.execute(
        "INSERT INTO throttle (subject, count, window_start_us) VALUES ($1, 1, $2)"
        " ON CONFLICT (subject) DO UPDATE SET"
        " count = CASE WHEN throttle.window_start_us < $3 THEN 1 ELSE throttle.count + 1 END,"
        " window_start_us = CASE WHEN throttle.window_start_us < $3 THEN $2 ELSE throttle.window_start_us END",
        subject,
        at_us,
        at_us - window_us,
    )


async def uncount_guess(transaction: Transaction, subject: str) -> None:
    """Take one back: it was right."""
    await transaction.execute("UPDATE throttle SET count = count - 1 WHERE subject = $1 AND count > 0", subject)


async def window_of(source: Database | Transaction, subject: str) -> tuple[int, int]:
    """(count, start of the window in µs) of what was counted for the subject; (0, 0) where nothing was."""
    rows = await source.fetch("SELECT count, window_start_us FROM throttle WHERE subject = $1", subject)
    return (int(rows[0]["count"]), int(rows[0]["window_start_us"])) if rows else (0, 0)


async def forget_guesses(transaction: Transaction, subject: str) -> None:
    await transaction.execute("DELETE FROM throttle WHERE subject = $1", subject)


async def forget_old_guesses(
    transaction: Transaction, window_start_us: int, upload_window_start_us: int | None = None
) -> None:
    """Those of windows that began before. Uploads are counted in the same table, over a window of their own; where it
    is not given, it is the same."""
    await transaction.execute(
        "DELETE FROM throttle WHERE window_start_us < $1 AND (subject NOT LIKE 'upload:%' OR window_start_us < $2)",
        window_start_us,
        window_start_us if upload_window_start_us is None else upload_window_start_us,
    )
