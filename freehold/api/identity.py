"""Who is asking: the session cookie or bearer token, the viewer cookie, and the proof that a page of ours asks."""

import contextlib
import hashlib
import hmac
import ipaddress
import re
import secrets
from urllib.parse import urlsplit

from starlette.requests import Request

from freehold.api.server import Server
from freehold.domain.account import Viewer
from freehold.domain.errors import BackendError, Forbidden, NoRoom, NotSignedIn
from freehold.domain.ids import ViewerId, id_text, new_id, parse_id
from freehold.store import session as sessions

SESSION_COOKIE = "freehold_session"
VIEWER_COOKIE = "freehold_viewer"
VIEWER_COOKIE_AGE_S = 400 * 86400
TOUCH_EVERY_US = 300_000_000


def token_sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """256 bits from the operating system: not from the server's seeded generator, which is for ids."""
    return secrets.token_urlsafe(32)


def bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def _signature(server: Server, purpose: str, text: str) -> str:
    return hmac.new(server.secret, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()[:32]


def viewer_cookie(server: Server, viewer_id: ViewerId) -> str:
    text = id_text(viewer_id)
    return f"{text}.{_signature(server, 'viewer', text)}"


def _viewer_id(server: Server, cookie: str | None) -> ViewerId | None:
    text, _, signature = (cookie or "").partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(server, "viewer", text).encode()):
        return None
    id_ = parse_id(text)
    return None if id_ is None else ViewerId(id_)


async def find_viewer(request: Request, server: Server, at_us: int) -> tuple[Viewer, bool]:
    """The viewer, and whether it is new, so that it is to be given its cookie.

    A bearer token that is unknown or over raises `NotSignedIn`; a cookie of a session that is over is as none.
    """
    bearer = bearer_token(request)
    token = bearer or request.cookies.get(SESSION_COOKIE)
    if token:
        found = await sessions.account_by_token(server.backends.database, token_sha256(token), at_us)
        if found is not None:
            session_id, last_seen_at_us, account = found
            if at_us - last_seen_at_us > TOUCH_EVERY_US:
                # A full disk keeps nobody from looking.
                with contextlib.suppress(NoRoom, BackendError):
                    await server.backends.database.transact(lambda tx: sessions.touch(tx, session_id, at_us))
            return Viewer(ViewerId(account.id), account, session_id), False
        if bearer:
            raise NotSignedIn("token-unknown", "This token is unknown or no longer valid. Sign in again.")
    viewer_id = _viewer_id(server, request.cookies.get(VIEWER_COOKIE))
    if viewer_id is not None:
        return Viewer(viewer_id), False
    return Viewer(ViewerId(new_id(at_us, server.random))), True


def brings_cookie(request: Request) -> bool:
    """Whether the browser vouches for somebody. Where it does not, there is nobody whose name could be misused."""
    return SESSION_COOKIE in request.cookies or VIEWER_COOKIE in request.cookies


def _csrf_secret(request: Request, server: Server, viewer: Viewer) -> bytes:
    """Bound to the session, or to the viewer's cookie while signed out."""
    session = request.cookies.get(SESSION_COOKIE) if viewer.account else None
    return bytes.fromhex(_signature(server, "csrf", session or id_text(viewer.id)))


def _masked(secret: bytes, pad: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(secret, pad, strict=True))


def csrf_token(request: Request, server: Server, viewer: Viewer) -> str:
    """Drawn anew for each page, so that the lengths of compressed pages tell nothing about it."""
    pad = secrets.token_bytes(16)
    return (pad + _masked(_csrf_secret(request, server, viewer), pad)).hex()


def _said_address(request: Request, server: Server) -> str:
    """Behind a trusted proxy it is the last entry of X-Forwarded-For, the one that the proxy wrote itself."""
    forwarded = request.headers.get("x-forwarded-for")
    if server.trusts_proxy and forwarded:
        return forwarded.rpartition(",")[2].strip()
    return request.client.host if request.client else ""


def client_address(request: Request, server: Server) -> str:
    """Where the request comes from, as counted by the throttle: an IPv4 address, or the /64 that an IPv6 one is in."""
    text = _said_address(request, server)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text[:64]
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


def is_loopback(request: Request, server: Server) -> bool:
    """Whether the client is this machine itself, and no proxy on it that speaks for somebody else."""
    if not server.trusts_proxy and "x-forwarded-for" in request.headers:
        return False
    try:
        return ipaddress.ip_address(_said_address(request, server)).is_loopback
    except ValueError:
        return False


def is_secure(request: Request, server: Server) -> bool:
    """Whether browsers reach this server by https, so that cookies are kept from plain http."""
    return own_origin(request, server).startswith("https:")


def check_host(request: Request, server: Server) -> None:
    """`Forbidden` (code `unknown-host`) where no origin is set and the request is for a name other than localhost.

    Anybody can let a name of theirs lead here; to the browser, their page is then one of this server's own.
    """
    if server.origin:
        return
    try:
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        if name != "localhost":
            ipaddress.ip_address(name)
    except ValueError:
        raise Forbidden(
            "unknown-host",
            "This server does not know the name that you ask it under. Its operator makes it known by the setting"
            " server.origin.",
        ) from None


def own_origin(request: Request, server: Server) -> str:
    return server.origin or f"{request.url.scheme}://{request.headers.get('host', '')}"


def _host_of(origin: str) -> str:
    """Host and port as written: a malformed origin is simply not ours."""
    return origin.partition("://")[2].lower()


def check_same_origin(request: Request, server: Server) -> None:
    """`Forbidden` (code `cross-origin`) where the browser says that another site's page is asking."""
    origin = request.headers.get("origin")
    if origin is not None:
        if _host_of(origin) != _host_of(own_origin(request, server)):
            raise Forbidden("cross-origin", "This request comes from a page of another site.")
    elif request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("cross-origin", "This request comes from a page of another site.")


def check_csrf(request: Request, server: Server, viewer: Viewer, given: str) -> None:
    """`Forbidden` (code `csrf`) where the token is not that of this session's pages."""
    token = bytes.fromhex(given) if re.fullmatch(r"[0-9a-f]{64}", given) else bytes(32)
    if not hmac.compare_digest(_masked(token[:16], token[16:]), _csrf_secret(request, server, viewer)):
        raise Forbidden("csrf", "This page is out of date. Reload it and try again.")
