"""Accounts, sessions, profiles."""

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from starlette.responses import Response

from freehold.actions import account as actions
from freehold.api import identity
from freehold.api.edge import read_body
from freehold.api.present import account_json
from freehold.api.routes import PICTURES, Access, Kind, Routes, json_response, path_id
from freehold.api.server import Call
from freehold.domain.account import Account, Role
from freehold.domain.errors import Absent
from freehold.domain.ids import SessionId, id_text
from freehold.media.avatar import MAX_PICTURE_BYTES, square_picture
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import session as sessions

routes = Routes()

Text = Annotated[str, msgspec.Meta(max_length=10_000)]
"""Bounded here against waste; what is too long for its purpose is refused by name further in."""


# The order decides: every browser also says the names of those it wants to be taken for.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


class SignUp(msgspec.Struct, forbid_unknown_fields=True):
    handle: Text
    password: Text
    display_name: Text = ""


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    handle: Text
    password: Text
    kind: Literal["web", "api"] = "web"


class NewPassword(msgspec.Struct, forbid_unknown_fields=True):
    old: Text
    new: Text


class Profile(msgspec.Struct, forbid_unknown_fields=True):
    display_name: Text | None = None
    bio: Text | None = None


class Password(msgspec.Struct, forbid_unknown_fields=True):
    password: Text


class NewRole(msgspec.Struct, forbid_unknown_fields=True):
    role: Role


class AccountShape(msgspec.Struct):
    id: str
    handle: str
    display_name: str
    bio: str
    role: Role
    avatar_url: str | None
    created_at_us: int


class AccountAnswer(msgspec.Struct):
    account: AccountShape


class SignedIn(msgspec.Struct, omit_defaults=True):
    account: AccountShape
    token: str | None = None
    """For `Authorization: Bearer`; only where the kind is api."""


class SessionShape(msgspec.Struct):
    id: str
    kind: str
    agent: str
    created_at_us: int
    last_seen_at_us: int
    is_current: bool


class SessionsAnswer(msgspec.Struct):
    sessions: list[SessionShape]


class ProfileAnswer(msgspec.Struct):
    account: AccountShape
    is_followed: bool
    clip_count: int
    follower_count: int
    following_count: int
    like_count: int


@routes.add("POST", "/api/accounts", body=SignUp, answer=SignedIn, status=201)
async def sign_up(call: Call, body: SignUp) -> Response:
    """Sign up; the answer sets the cookie of the first session."""
    return with_session(call, await sign_up_as(call, body), 201)


@routes.add("POST", "/api/session", body=SignIn, answer=SignedIn)
async def sign_in(call: Call, body: SignIn) -> Response:
    """Sign in, by cookie (kind web) or with a bearer token (kind api)."""
    return with_session(call, await sign_in_as(call, body))


@routes.add("DELETE", "/api/session", access=Access.HOLDER)
async def sign_out(call: Call) -> Response:
    """Sign out: the session ends at the server."""
    await actions.sign_out(call.server.backends.database, call.viewer)
    return without_session(Response(status_code=204))


@routes.add("GET", "/api/sessions", access=Access.HOLDER, answer=SessionsAnswer)
async def list_sessions(call: Call) -> dict[str, Any]:
    """The account's sessions, the latest seen first."""
    return {"sessions": await sessions_json(call)}


@routes.add("DELETE", "/api/sessions/{id}", access=Access.HOLDER)
async def revoke_session(call: Call) -> None:
    """End one session of the account."""
    await actions.revoke_session(call.server.backends.database, call.account, SessionId(path_id(call, "id")))


@routes.add("DELETE", "/api/sessions", access=Access.HOLDER)
async def revoke_others(call: Call) -> None:
    """End all sessions of the account but this one."""
    await actions.revoke_others(call.server.backends.database, call.account, call.viewer.session_id)


@routes.add("PUT", "/api/password", access=Access.HOLDER, body=NewPassword)
async def change_password(call: Call, body: NewPassword) -> None:
    """Change the password; all other sessions end."""
    await actions.change_password(
        call.server.backends.database,
        call.server.account_rules,
        call.account,
        call.viewer.session_id,
        old=body.old,
        new=body.new,
        at_us=call.at_us,
    )


@routes.add("GET", "/api/account", access=Access.HOLDER, answer=AccountAnswer)
async def own_account(call: Call) -> dict[str, Any]:
    """The signed-in account."""
    return {"account": account_json(call.account)}


@routes.add("PATCH", "/api/account", access=Access.SIGNED_IN, body=Profile, answer=AccountAnswer)
async def change_profile(call: Call, body: Profile) -> dict[str, Any]:
    """Change display name or bio; what is left out stays."""
    account = await actions.change_profile(
        call.server.backends.database, call.account, call.at_us, display_name=body.display_name, bio=body.bio
    )
    return {"account": account_json(account)}


@routes.add("PUT", "/api/account/avatar", access=Access.SIGNED_IN, kind=Kind.RAW, answer=AccountAnswer, takes=PICTURES)
async def set_avatar(call: Call) -> dict[str, Any]:
    """Set the picture from the body: PNG, JPEG or WebP. It is cut square and drawn anew, without its metadata."""
    return {"account": account_json(await avatar_from(call, await read_body(call.request, MAX_PICTURE_BYTES)))}


@routes.add("DELETE", "/api/account/avatar", access=Access.HOLDER)
async def remove_avatar(call: Call) -> None:
    """Remove the picture."""
    await actions.change_avatar(call.server.backends, call.account, None)


@routes.add("DELETE", "/api/account", access=Access.HOLDER, body=Password)
async def delete_account(call: Call, body: Password) -> Response:
    """Delete the account and everything that is its own."""
    await delete_account_of(call, body.password)
    return without_session(Response(status_code=204))


@routes.add("GET", "/api/accounts/{handle}", answer=ProfileAnswer)
async def profile(call: Call) -> dict[str, Any]:
    """An account as others see it."""
    return await profile_json(call, await account_at(call))


@routes.add("PUT", "/api/accounts/{handle}/role", access=Access.OPERATOR, body=NewRole, answer=AccountAnswer)
async def change_role(call: Call, body: NewRole) -> dict[str, Any]:
    """Give an account another role."""
    account = await actions.change_role(
        call.server.backends.database, call.account, call.request.path_params["handle"], body.role, call.at_us
    )
    return {"account": account_json(account)}


@routes.add("PUT", "/api/accounts/{handle}/suspension", access=Access.MODERATOR, answer=AccountAnswer)
async def suspend(call: Call) -> dict[str, Any]:
    """Suspend an account of a lower role: it can look, but not act, and its clips are shown to nobody."""
    return await _set_suspended(call, True)


@routes.add("DELETE", "/api/accounts/{handle}/suspension", access=Access.MODERATOR, answer=AccountAnswer)
async def restore(call: Call) -> dict[str, Any]:
    """End an account's suspension."""
    return await _set_suspended(call, False)


async def sign_up_as(call: Call, body: SignUp) -> tuple[Account, str, str]:
    """The account, its session's token and the session's kind."""
    token = identity.new_token()
    account = await actions.sign_up(
        call.server.backends.database,
        call.server.account_rules,
        _asking(call),
        handle=body.handle,
        password=body.password,
        display_name=body.display_name,
        sign_in=actions.SignIn(identity.token_sha256(token), "web", call.viewer.session_id),
        random=call.server.random,
    )
    return account, token, "web"


async def sign_in_as(call: Call, body: SignIn) -> tuple[Account, str, str]:
    """The account, its new session's token and the session's kind."""
    token = identity.new_token()
    ended = call.viewer.session_id if body.kind == "web" else None
    account = await actions.sign_in(
        call.server.backends.database,
        call.server.account_rules,
        _asking(call),
        handle=body.handle,
        password=body.password,
        sign_in=actions.SignIn(identity.token_sha256(token), body.kind, ended),
        random=call.server.random,
    )
    return account, token, body.kind


async def delete_account_of(call: Call, password: str) -> None:
    server = call.server
    await actions.delete(server.backends, server.account_rules, server.incoming_dir, call.account, password, call.at_us)


async def avatar_from(call: Call, picture: bytes) -> Account:
    """Set the picture from a client's bytes, once they were drawn anew in the jail."""
    drawn = await square_picture(await asyncio.to_thread(call.server.jail), picture)
    return await actions.change_avatar(call.server.backends, call.account, drawn)


def program_name(agent: str) -> str:
    """A browser's own words about itself as people call it, `Firefox on Android`; other programs' words as they are."""
    if not agent.startswith("Mozilla/"):
        return agent
    browser = next((name for sign, name in BROWSERS if sign in agent), "A browser")
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    return f"{browser} on {system}" if system else browser


async def account_at(call: Call) -> Account:
    """The account that the path names, where this viewer may see it; `Absent` (code `account-absent`)."""
    account = await accounts.by_handle(call.server.backends.database, call.request.path_params["handle"].lower())
    if account is not None:
        is_own = call.viewer.account is not None and call.viewer.account.id == account.id
        if account.suspended_at_us is None or is_own or call.viewer.may(Role.MODERATOR):
            return account
    raise Absent("account-absent", "There is no account of this name.")


async def profile_json(call: Call, account: Account) -> dict[str, Any]:
    """`ProfileAnswer`."""
    database = call.server.backends.database
    clip_count, like_count = await clips.count_published_by(database, account.id)
    viewer = call.viewer.account
    return {
        "account": account_json(account),
        "is_followed": viewer is not None and await accounts.is_following(database, viewer.id, account.id),
        "clip_count": clip_count,
        "follower_count": account.follower_count,
        "following_count": account.following_count,
        "like_count": like_count,
    }


async def sessions_json(call: Call) -> list[dict[str, Any]]:
    """`SessionShape` of each."""
    return [
        {
            "id": id_text(session.id),
            "kind": session.kind,
            "agent": program_name(session.agent),
            "created_at_us": session.created_at_us,
            "last_seen_at_us": session.last_seen_at_us,
            "is_current": session.id == call.viewer.session_id,
        }
        for session in await sessions.of_account(call.server.backends.database, call.account.id, call.at_us)
    ]


def with_session(call: Call, signed_in: tuple[Account, str, str], status: int = 200) -> Response:
    """The account, with its session as a cookie or as a token."""
    account, token, kind = signed_in
    if kind == "api":
        return json_response({"account": account_json(account), "token": token}, status, {"cache-control": "no-store"})
    response = json_response({"account": account_json(account)}, status, {"cache-control": "no-store"})
    set_session_cookie(call, response, token)
    return response


def set_session_cookie(call: Call, response: Response, token: str) -> None:
    response.set_cookie(
        identity.SESSION_COOKIE,
        token,
        max_age=call.server.account_rules.session_days * 86_400,
        httponly=True,
        samesite="lax",
        secure=identity.is_secure(call.request, call.server),
    )


def without_session(response: Response) -> Response:
    response.delete_cookie(identity.SESSION_COOKIE, httponly=True, samesite="lax")
    return response


def _asking(call: Call) -> actions.Asking:
    address = identity.client_address(call.request, call.server)
    return actions.Asking(address, call.request.headers.get("user-agent", ""), call.at_us)


async def _set_suspended(call: Call, is_suspended: bool) -> dict[str, Any]:
    account = await actions.suspend(
        call.server.backends.database,
        call.account,
        call.request.path_params["handle"],
        is_suspended,
        call.at_us,
    )
    return {"account": account_json(account)}
