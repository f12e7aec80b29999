"""Accounts: sign up, sign in, sessions, password, profile, avatar, deletion, roles, suspension."""

import asyncio
import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from freehold.actions import password as passwords
from freehold.actions.clip import delete_blobs
from freehold.backends import Backends
from freehold.backends.database import Database, Transaction
from freehold.domain.account import Account, Role, Session, Viewer
from freehold.domain.errors import Absent, BadInput, Conflict, Forbidden, NotSignedIn, Throttled
from freehold.domain.ids import AccountId, SessionId, new_id
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import journal, rendition
from freehold.store import session as sessions
from freehold.store import sound as sounds

HANDLE = re.compile(r"[a-z0-9_](?:[a-z0-9_.]{0,28}[a-z0-9_])")
_RESERVED = (
    "about abuse account accounts admin administrator all anonymous anybody api app avatar blog clip clips comment"
    " comments contact create deleted everybody everyone feed feeds following for-you forms freehold help here home"
    " legal login logout mail me media moderator mod news nobody null official operator owner page pages postmaster"
    " press privacy profile root security session sessions settings sign-in sign-up signin signup sitemap staff static"
    " status studio support system tag tags team terms undefined upload uploads user users video videos webmaster"
    " why www you"
)
RESERVED = frozenset(_RESERVED.split())
DISPLAY_NAME_LENGTH = 50
BIO_LENGTH = 300
AGENT_LENGTH = 200
DAY_US = 86_400_000_000
BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They would let one name be drawn as another."""


@dataclass(frozen=True, slots=True)
class AccountRules:
    """Settings of `[accounts]`."""

    is_signup_open: bool = True
    """Whether anybody may sign up; otherwise the operator makes accounts."""
    signup_role: Role = Role.CREATOR
    """What a new account may do."""
    session_days: int = 90
    """How long a sign-in lasts."""
    guesses_per_handle: int = 10
    """Wrong passwords for one handle inside the window before further ones are refused unread."""
    guesses_per_address: int = 100
    """Wrong passwords from one address inside the window."""
    guess_window_s: int = 900
    """The window in which guesses and sign-ups are counted."""
    signups_per_address: int = 20
    """New accounts from one address inside `guess_window_s`."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Where a request comes from and when."""

    address: str
    """The client's network address; `""` where there is none, which is not throttled."""
    agent: str
    at_us: int


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a new session is made of."""

    token_sha256: bytes
    kind: str
    """`web` or `api`."""
    ended: SessionId | None = None
    """The session that the request came with: a sign-in never goes on with one that was there before."""


def checked_handle(text: str) -> str:
    """In lower case, or `BadInput` (codes `handle-form`, `handle-reserved`)."""
    handle = text.strip().removeprefix("@").lower()
    if not HANDLE.fullmatch(handle) or ".." in handle:
        raise BadInput(
            "handle-form",
            "A name has 2 to 30 letters a to z, digits, underscores and dots; no dot at its ends or beside another.",
        )
    if handle in RESERVED:
        raise BadInput("handle-reserved", "This name is kept for the network itself. Choose another.")
    return handle


def asked_handle(text: str) -> str:
    """The name as it would be kept; `""`, which nobody has, where nobody could have it."""
    handle = text.strip().removeprefix("@").lower()
    return handle if HANDLE.fullmatch(handle) else ""


def checked_display_name(text: str) -> str:
    """On one line, or `BadInput` (codes `display-name-long`, `display-name-characters`)."""
    name = " ".join(text.split())
    if len(name) > DISPLAY_NAME_LENGTH:
        raise BadInput("display-name-long", f"A display name has at most {DISPLAY_NAME_LENGTH} characters.")
    if not is_plain(name) or BIDI_OVERRIDES & set(name):
        raise BadInput("display-name-characters", "The display name holds characters that cannot be shown.")
    return name


def checked_bio(text: str) -> str:
    """With plain line ends, or `BadInput` (codes `bio-long`, `bio-characters`)."""
    bio = text.replace("\r\n", "\n").strip()
    if len(bio) > BIO_LENGTH:
        raise BadInput("bio-long", f"What you say about yourself has at most {BIO_LENGTH} characters.")
    if not is_plain(bio):
        raise BadInput("bio-characters", "The text holds characters that cannot be shown.")
    return bio


def is_plain(text: str) -> bool:
    """Whether it is free of control characters (but for line ends and tabs) and of halves of characters."""
    return all(character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs") for character in text)


async def sign_up(
    database: Database,
    rules: AccountRules,
    asking: Asking,
    *,
    handle: str,
    password: str,
    display_name: str = "",
    sign_in: SignIn | None = None,
    random: Random,
) -> Account:
    """A new account and, where asked for, its first session.

    Raises `Forbidden` (code `sign-up-closed`), `Throttled` (code `sign-up-throttled`), `Conflict` (code
    `handle-taken`), and what `checked_handle`, `checked_display_name` and `password.check_new` raise.
    """
    if not rules.is_signup_open:
        raise Forbidden("sign-up-closed", "This network takes no new accounts just now.")
    account = _new_account(handle, display_name, rules.signup_role, asking.at_us, random)
    passwords.check_new(password, account.handle)
    subject = _subject("sign-up", asking.address)
    window_us = rules.guess_window_s * 1_000_000

    if asking.address:
        await _check_window(database, subject, rules.signups_per_address, asking.at_us, window_us, _MANY_SIGN_UPS)
    if await accounts.by_handle(database, account.handle):
        raise _taken(account.handle)
    password_hash = await passwords.hash_new(password)

    async def work(transaction: Transaction) -> None:
        if asking.address:
            await sessions.count_guess(transaction, subject, asking.at_us, window_us)
            await _check_window(
                transaction, subject, rules.signups_per_address + 1, asking.at_us, window_us, _MANY_SIGN_UPS
            )
        await _insert_account(transaction, account, password_hash, None)
        if sign_in:
            await _begin_session(transaction, rules, asking, account.id, sign_in, random)

    await database.transact(work)
    return account


async def create(
    database: Database, *, handle: str, password: str, display_name: str, role: Role, at_us: int, random: Random
) -> Account:
    """A new account by the operator's own hand: no throttle, whatever role."""
    account = _new_account(handle, display_name, role, at_us, random)
    passwords.check_new(password, account.handle)
    password_hash = await passwords.hash_new(password)
    await database.transact(lambda transaction: _insert_account(transaction, account, password_hash, None))
    return account


async def sign_in(
    database: Database,
    rules: AccountRules,
    asking: Asking,
    *,
    handle: str,
    password: str,
    sign_in: SignIn,
    random: Random,
) -> Account:
    """A new session of the account.

    Raises `NotSignedIn` (code `sign-in-wrong`) alike for a wrong password and a handle that nobody has, after the
    same work; `Throttled` (code `sign-in-throttled`), which never touches a session that is there.
    """
    handle = asked_handle(handle)
    subjects = _sign_in_subjects(rules, handle, asking.address)
    await _reserve_guess(database, rules, subjects, asking.at_us)
    account = await accounts.by_handle(database, handle)
    password_hash = await accounts.password_hash_of(database, account.id) if account else None
    if not await passwords.is_right(password_hash, password) or account is None or password_hash is None:
        raise NotSignedIn("sign-in-wrong", "There is no account with this name and this password.")
    fresh = await passwords.hash_new(password) if passwords.needs_rehash(password_hash) else None

    async def work(transaction: Transaction) -> None:
        if await accounts.password_hash_of(transaction, account.id) != password_hash:
            # The password was changed while this one was being looked at.
            raise NotSignedIn("sign-in-wrong", "There is no account with this name and this password.")
        if fresh:
            await accounts.replace_password_hash(transaction, account.id, password_hash, fresh)
        await sessions.forget_guesses(transaction, subjects[0][0])
        for subject, _ in subjects[1:]:
            await sessions.uncount_guess(transaction, subject)
        await sessions.forget_old_guesses(
            transaction, asking.at_us - rules.guess_window_s * 1_000_000, asking.at_us - DAY_US
        )
        await sessions.delete_expired_of(transaction, account.id, asking.at_us)
        await _begin_session(transaction, rules, asking, account.id, sign_in, random)

    await database.transact(work)
    return account


async def begin_session(
    database: Database, rules: AccountRules, asking: Asking, account: Account, sign_in: SignIn, random: Random
) -> None:
    """A session by the operator's own hand, without a password."""
    await database.transact(lambda tx: _begin_session(tx, rules, asking, account.id, sign_in, random))


async def sign_out(database: Database, viewer: Viewer) -> None:
    """End the session that the viewer came with; nothing happens where there is none."""
    if viewer.account and viewer.session_id:
        account_id, session_id = viewer.account.id, viewer.session_id
        await database.transact(lambda transaction: sessions.delete(transaction, account_id, session_id))


async def revoke_session(database: Database, account: Account, session_id: SessionId) -> None:
    """End one session of the account; `Absent` (code `session-absent`)."""
    if not await database.transact(lambda transaction: sessions.delete(transaction, account.id, session_id)):
        raise Absent("session-absent", "This session has ended already, or it is not yours.")


async def revoke_others(database: Database, account: Account, kept: SessionId | None) -> None:
    """End all sessions of the account but the kept one."""
    await database.transact(lambda transaction: sessions.delete_others(transaction, account.id, kept))


async def change_password(
    database: Database,
    rules: AccountRules,
    account: Account,
    kept: SessionId | None,
    *,
    old: str,
    new: str,
    at_us: int,
) -> None:
    """Set a new password; all sessions but the kept one end."""
    passwords.check_new(new, account.handle)
    checked = await _check_password(database, rules, account, old, at_us)
    password_hash = await passwords.hash_new(new)

    async def work(transaction: Transaction) -> None:
        if await accounts.password_hash_of(transaction, account.id) != checked:
            raise _wrong_password()
        await _set_password(transaction, account.id, password_hash, kept, account.id, at_us)

    await database.transact(work)


async def reset_password(database: Database, account: Account, new: str, at_us: int) -> None:
    """Set a password by the operator's own hand; all sessions end."""
    passwords.check_new(new, account.handle)
    password_hash = await passwords.hash_new(new)
    await database.transact(lambda tx: _set_password(tx, account.id, password_hash, None, None, at_us))


async def change_profile(
    database: Database, account: Account, at_us: int, *, display_name: str | None = None, bio: str | None = None
) -> Account:
    """What is given is set, the rest stays."""
    changed = replace(
        account,
        display_name=account.display_name if display_name is None else checked_display_name(display_name),
        bio=account.bio if bio is None else checked_bio(bio),
    )

    async def work(transaction: Transaction) -> None:
        await accounts.set_profile(transaction, account.id, changed.display_name, changed.bio)
        await journal.append(
            transaction,
            journal.Kind.ACCOUNT_CHANGED,
            at_us=at_us,
            actor_id=account.id,
            subject_id=account.id,
        )

    await database.transact(work)
    return changed


async def change_avatar(backends: Backends, account: Account, picture: bytes | None) -> Account:
    """Set the picture (bytes of our own making, see `media.avatar`) or none; the old one's bytes go when nobody
    needs them."""
    key = await backends.blobs.put(picture) if picture is not None else None

    async def work(transaction: Transaction) -> str | None:
        now = await accounts.by_id(transaction, account.id)
        await accounts.set_avatar(transaction, account.id, key)
        return now.avatar_key if now else key

    old = await backends.database.transact(work)
    if old and old != key:
        await delete_blobs(backends, [old])
    return replace(account, avatar_key=key)


async def delete(
    backends: Backends, rules: AccountRules, incoming_dir: Path, account: Account, password: str, at_us: int
) -> None:
    """Delete the account and all that is its own, once its password was given."""
    await _check_password(backends.database, rules, account, password, at_us)
    await erase(backends, incoming_dir, account, account.id, at_us)


async def erase(
    backends: Backends, incoming_dir: Path, account: Account, actor_id: AccountId | None, at_us: int
) -> None:
    """Delete the account's rows, the files it was uploading, and those of its bytes that nobody else needs."""

    async def work(transaction: Transaction) -> tuple[set[str], list[str]]:
        # What others and the account itself count at the same time comes wholly before this, or not at all.
        await accounts.lock(transaction, account.id)
        keys = await rendition.blob_keys_of_account(transaction, account.id)
        names = await clips.incoming_names_of(transaction, account.id)
        heard = await sounds.ids_in_clips_of(transaction, account.id)
        await accounts.delete(transaction, account.id)
        for sound_id in heard:
            await sounds.delete_unused(transaction, sound_id)
        own = (_subject("handle", account.handle), _subject("account", str(account.id)), f"upload:{account.id}")
        for subject in own:
            await sessions.forget_guesses(transaction, subject)
        await journal.append(
            transaction, journal.Kind.ACCOUNT_DELETED, at_us=at_us, actor_id=actor_id, subject_id=account.id
        )
        return keys, names

    keys, names = await backends.database.transact(work)
    for name in names:
        await asyncio.to_thread((incoming_dir / name).unlink, missing_ok=True)
    await delete_blobs(backends, keys)
    backends.bus.ring("journal")


async def reset_feed(backends: Backends, account: Account, at_us: int) -> None:
    """What the account watched no longer shapes its feed; whom it follows, its likes and its clips stay."""

    async def work(transaction: Transaction) -> None:
        await accounts.lock(transaction, account.id)
        await journal.append(
            transaction, journal.Kind.FEED_RESET, at_us=at_us, actor_id=account.id, subject_id=account.id
        )

    await backends.database.transact(work)
    backends.bus.ring("journal")


async def change_role(database: Database, actor: Account | None, handle: str, role: Role, at_us: int) -> Account:
    """By an operator, or by hand (`actor` None). `Forbidden` (codes `role-needed`, `role-own`), `Absent`."""
    if actor is not None and not actor.role.includes(Role.OPERATOR):
        raise Forbidden("role-needed", "Only operators change roles.")

    async def work(transaction: Transaction) -> Account:
        account = await _present(transaction, handle)
        if actor is not None and account.id == actor.id:
            raise Forbidden("role-own", "Nobody changes their own role: ask another operator.")
        if account.role is not role:
            await accounts.set_role(transaction, account.id, role)
            await journal.append(
                transaction,
                journal.Kind.ROLE_CHANGED,
                at_us=at_us,
                actor_id=actor.id if actor else None,
                subject_id=account.id,
                detail={"from": account.role.value, "to": role.value},
            )
        return replace(account, role=role)

    return await database.transact(work)


async def suspend(database: Database, actor: Account | None, handle: str, is_suspended: bool, at_us: int) -> Account:
    """Suspend or restore, by a moderator above the account's own role, or by hand (`actor` None)."""
    if actor is not None and not actor.role.includes(Role.MODERATOR):
        raise Forbidden("role-needed", "Only moderators and operators suspend accounts.")

    async def work(transaction: Transaction) -> Account:
        account = await _present(transaction, handle)
        if actor is not None and account.role.includes(actor.role):
            raise Forbidden("role-below", "Only an account of a lower role than yours can be suspended or restored.")
        since_us = at_us if is_suspended else None
        if (account.suspended_at_us is not None) is not is_suspended:
            await accounts.set_suspended(transaction, account.id, since_us)
            kind = journal.Kind.ACCOUNT_SUSPENDED if is_suspended else journal.Kind.ACCOUNT_RESTORED
            await journal.append(
                transaction, kind, at_us=at_us, actor_id=actor.id if actor else None, subject_id=account.id
            )
        return replace(account, suspended_at_us=since_us)

    return await database.transact(work)


async def _present(transaction: Transaction, handle: str) -> Account:
    account = await accounts.by_handle(transaction, asked_handle(handle))
    if account is None:
        raise Absent("account-absent", "There is no account of this name.")
    return account


def _new_account(handle: str, display_name: str, role: Role, at_us: int, random: Random) -> Account:
    return Account(
        id=AccountId(new_id(at_us, random)),
        handle=checked_handle(handle),
        display_name=checked_display_name(display_name),
        bio="",
        role=role,
        avatar_key=None,
        created_at_us=at_us,
        suspended_at_us=None,
        follower_count=0,
        following_count=0,
    )


async def _insert_account(
    transaction: Transaction, account: Account, password_hash: str, actor_id: AccountId | None
) -> None:
    if not await accounts.insert(transaction, account, password_hash):
        raise _taken(account.handle)
    await journal.append(
        transaction,
        journal.Kind.ACCOUNT_CREATED,
        at_us=account.created_at_us,
        actor_id=actor_id or account.id,
        subject_id=account.id,
        detail={"role": account.role.value},
    )


async def _begin_session(
    transaction: Transaction,
    rules: AccountRules,
    asking: Asking,
    account_id: AccountId,
    sign_in: SignIn,
    random: Random,
) -> None:
    if sign_in.ended is not None:
        await sessions.delete_any(transaction, sign_in.ended)
    session = Session(
        id=SessionId(new_id(asking.at_us, random)),
        kind=sign_in.kind,
        agent="".join(character for character in asking.agent if character.isprintable())[:AGENT_LENGTH],
        created_at_us=asking.at_us,
        last_seen_at_us=asking.at_us,
        expires_at_us=asking.at_us + rules.session_days * DAY_US,
    )
    await sessions.insert(transaction, session, account_id, sign_in.token_sha256)


async def _set_password(
    transaction: Transaction,
    account_id: AccountId,
    password_hash: str,
    kept: SessionId | None,
    actor_id: AccountId | None,
    at_us: int,
) -> None:
    await accounts.set_password_hash(transaction, account_id, password_hash)
    await sessions.delete_others(transaction, account_id, kept)
    await journal.append(
        transaction, journal.Kind.PASSWORD_CHANGED, at_us=at_us, actor_id=actor_id, subject_id=account_id
    )


def _taken(handle: str) -> Conflict:
    return Conflict("handle-taken", f"The name {handle} is taken. Choose another.")


def _wrong_password() -> Forbidden:
    return Forbidden("password-wrong", "This is not the account's current password.")


_MANY_SIGN_UPS = ("sign-up-throttled", "Many accounts were made from your address just now. Try again later.")
_MANY_GUESSES = ("sign-in-throttled", "Too many wrong passwords. Wait a little and try again.")


def _subject(what: str, of: str) -> str:
    """Names and addresses are kept as hashes only, and for one window."""
    return f"{what}:{hashlib.sha256(of.encode()).hexdigest()[:24]}"


def _sign_in_subjects(rules: AccountRules, handle: str, address: str) -> list[tuple[str, int]]:
    """What nobody can be called, such as an e-mail address, is nobody's to guess at: there the address alone counts."""
    subjects = [(_subject("handle", handle), rules.guesses_per_handle)] if handle else []
    return [*subjects, (_subject("address", address), rules.guesses_per_address)] if address else subjects


async def _check_password(database: Database, rules: AccountRules, account: Account, password: str, at_us: int) -> str:
    """The hash that the password fits. Guesses from inside a session are counted apart from those at the door, so
    that nobody outside can keep the owner from changing the password."""
    subjects = [(_subject("account", str(account.id)), rules.guesses_per_handle)]
    await _reserve_guess(database, rules, subjects, at_us)
    password_hash = await accounts.password_hash_of(database, account.id)
    if not await passwords.is_right(password_hash, password) or password_hash is None:
        raise _wrong_password()
    await database.transact(lambda transaction: sessions.forget_guesses(transaction, subjects[0][0]))
    return password_hash


async def _reserve_guess(database: Database, rules: AccountRules, subjects: list[tuple[str, int]], at_us: int) -> None:
    """Count the guess before it is looked at, so that guesses at the same time cannot pass the limit together."""
    window_us = rules.guess_window_s * 1_000_000

    async def work(transaction: Transaction) -> None:
        for subject, limit in subjects:
            await sessions.count_guess(transaction, subject, at_us, window_us)
            await _check_window(transaction, subject, limit + 1, at_us, window_us, _MANY_GUESSES)

    await database.transact(work)


async def _check_window(
    source: Database | Transaction, subject: str, limit: int, at_us: int, window_us: int, refusal: tuple[str, str]
) -> None:
    """`Throttled` where the subject has reached the limit."""
    count, began_us = await sessions.guesses(source, subject, at_us - window_us)
    if count >= limit:
        left_us = began_us + window_us - at_us
        raise Throttled(*refusal, retry_after_s=max(1, -(-left_us // 1_000_000)))
