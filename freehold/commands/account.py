"""`freehold account`: make and change accounts by hand, straight in the database; the server may be running."""

import argparse
import asyncio
import getpass
import secrets
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from typing import Any

from freehold.actions import account as actions
from freehold.actions.account import SignIn
from freehold.api.identity import new_token, token_sha256
from freehold.app import clock_us, open_backends, open_network
from freehold.backends import Backends
from freehold.commands import command_parser
from freehold.config import Settings
from freehold.domain.account import Account, Role
from freehold.domain.errors import Absent, BadInput
from freehold.domain.ids import SessionId, id_text, parse_id
from freehold.store import account as accounts
from freehold.store import session as sessions

Verb = Callable[[argparse.Namespace, Settings, Backends], Awaitable[None]]
LISTED_AT_ONCE = 500


def add_parser(commands: Any) -> None:
    parser = command_parser(
        commands,
        "account",
        "make, list, change, suspend or delete accounts",
        "freehold account create alice --role operator\n"
        "freehold account list\n"
        "freehold account role bob moderator\n"
        "freehold account password alice",
        "Make and change accounts by hand, straight in the database. Passwords are asked for, or read from the first"
        " line of standard input; they are never on the command line.",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    create = _verb(
        verbs, "create", "make an account", _create,
        "freehold account create alice\nfreehold account create bob --role moderator --generate",
    )  # fmt: skip
    create.add_argument("--name", default="", help="display name")
    create.add_argument("--role", type=Role, choices=list(Role), default=Role.CREATOR, help="default: creator")
    create.add_argument("--generate", action="store_true", help="make up a password and print it")

    listing = command_parser(
        verbs, "list", "list accounts", "freehold account list\nfreehold account list --role operator"
    )
    listing.add_argument("--role", type=Role, choices=list(Role), help="only those of this role")
    listing.set_defaults(run=run, act=_list)

    role = _verb(verbs, "role", "give an account another role", _role, "freehold account role bob moderator")
    role.add_argument("role", type=Role, choices=list(Role))

    password = _verb(
        verbs, "password", "set a password; all sessions end", _password,
        "freehold account password alice\nfreehold account password alice --generate",
    )  # fmt: skip
    password.add_argument("--generate", action="store_true", help="make up a password and print it")

    _verb(verbs, "suspend", "suspend an account: it can look, but not act", _suspend, "freehold account suspend bob")
    _verb(verbs, "restore", "end a suspension", _restore, "freehold account restore bob")

    delete = _verb(
        verbs, "delete", "delete an account and everything that is its own", _delete,
        "freehold account delete bob\nfreehold account delete bob --yes",
    )  # fmt: skip
    delete.add_argument("--yes", action="store_true", help="do not ask")

    listed = _verb(
        verbs, "sessions", "list an account's sessions, or end them", _sessions,
        "freehold account sessions alice\nfreehold account sessions alice --end all",
    )  # fmt: skip
    listed.add_argument("--end", metavar="ID", help="end this session, or `all`")

    _verb(
        verbs, "token", "make a token for programs and print it", _token,
        "export FREEHOLD_TOKEN=$(freehold account token alice)",
    )  # fmt: skip


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(_run(arguments, settings))
    return 0


async def _run(arguments: argparse.Namespace, settings: Settings) -> None:
    act: Verb = arguments.act
    async with open_backends(settings) if act is _create else open_network(settings) as backends:
        await act(arguments, settings, backends)


def _verb(verbs: Any, name: str, help_: str, act: Verb, examples: str) -> argparse.ArgumentParser:
    parser = command_parser(verbs, name, help_, examples)
    parser.add_argument("handle", help="the account's name, with or without @")
    parser.set_defaults(run=run, act=act)
    return parser


async def _create(arguments: argparse.Namespace, settings: Settings, backends: Backends) -> None:
    # Before a password is asked for, twice, for a name that nobody may have.
    handle = actions.checked_handle(arguments.handle)
    password = _new_password(arguments.generate)
    account = await actions.create(
        backends.database,
        handle=handle,
        password=password,
        display_name=arguments.name,
        role=arguments.role,
        at_us=clock_us(),
        random=SystemRandom(),
    )
    print(f"@{account.handle} is there, role {account.role}.")
    _say_generated(arguments, password)


async def _list(arguments: argparse.Namespace, settings: Settings, backends: Backends) -> None:
    after = 0
    while found := await accounts.everyone(backends.database, after, LISTED_AT_ONCE):
        for account in found:
            if arguments.role in (None, account.role):
                suspended = "  suspended" if account.suspended_at_us is not None else ""
                print(f"{'@' + account.handle:32} {account.role:10} {_day(account.created_at_us)}{suspended}")
        after = found[-1].id


async def _role(arguments: argparse.Namespace, settings: Settings, backends: Backends) -> None:
    account = await actions.change_role(backends.database, None, arguments.handle, arguments.role, clock_us())
    print(f"@{account.handle} has the role {account.role}.")


async def _password(arguments: argparse.Namespace, settings: Settings, backends: Backends) -> None:
    account = await _account(arguments, backends)
    password = _new_password(arguments.generate)
    await actions.reset_password(backends.database, account, password, clock_us())
    print(f"@{account.handle} has a new password, and its sessions have ended.")
    _say_generated(arguments, password)


async def _suspend(arguments: argparse.Namespace, settings: Settings, backends: Backends) -> None:
    account = await actions.suspend(backends.database, None, arguments.handle, True, clock_us())
    print(f"@{account.handle} is suspended.")


async def _restore(arguments: argparse.Namespace, settings: Settings, backends: Backends) -> None:
    account = await actions.suspend(backends.database, None, arguments.handle, False, clock_us())
    print(f"@{account.handle} is restored.")


async def _delete(arguments: argparse.Namespace, settings: Settings, backends: Backends) -> None:
    account = await _account(arguments, backends)
    if not arguments.yes:
        said = await asyncio.to_thread(input, f"Delete @{account.handle} and everything of it? Type its name: ")
        if said.strip().removeprefix("@").lower() != account.handle:
            raise BadInput("not-confirmed", "Nothing was deleted.")
    await actions.erase(backends, Path(settings.server.data_dir) / "incoming", account, None, clock_us())
    print(f"@{account.handle} and everything of it are deleted.")


async def _sessions(arguments: argparse.Namespace, settings: Settings, backends: Backends) -> None:
    account = await _account(arguments, backends)
    if arguments.end == "all":
        await actions.revoke_others(backends.database, account, None)
        print(f"All sessions of @{account.handle} have ended.")
        return
    if arguments.end:
        await actions.revoke_session(backends.database, account, SessionId(parse_id(arguments.end) or 0))
        print("Ended.")
        return
    for session in await sessions.of_account(backends.database, account.id, clock_us()):
        seen = _day(session.last_seen_at_us)
        print(f"{id_text(session.id)}  {session.kind:4} last seen {seen}  {session.agent or 'unknown program'}")


async def _token(arguments: argparse.Namespace, settings: Settings, backends: Backends) -> None:
    account = await _account(arguments, backends)
    token = new_token()
    asking = actions.Asking("", "freehold account token", clock_us())
    made = SignIn(token_sha256(token), "api")
    await actions.begin_session(backends.database, settings.accounts, asking, account, made, SystemRandom())
    print(token)


async def _account(arguments: argparse.Namespace, backends: Backends) -> Account:
    account = await accounts.by_handle(backends.database, actions.asked_handle(arguments.handle))
    if account is None:
        raise Absent("account-absent", f"There is no account {arguments.handle}.")
    return account


def _new_password(is_generated: bool) -> str:
    if is_generated:
        return secrets.token_urlsafe(15)
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("New password: ")
    if getpass.getpass("Once more: ") != password:
        raise BadInput("passwords-differ", "The two passwords differ. Nothing was changed.")
    return password


def _say_generated(arguments: argparse.Namespace, password: str) -> None:
    if arguments.generate:
        print(f"Password: {password}")


def _day(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC).strftime("%Y-%m-%d")
