"""The ASGI edge: every request passes here. It finds the route and the viewer, and turns refusals into answers."""

import errno
import secrets
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from freehold.api import identity
from freehold.api.routes import Access, Kind, Route, Table, json_response, parse_body, parse_form
from freehold.api.server import Call, Server
from freehold.api.web.frame import frame_of
from freehold.client import pages
from freehold.domain.account import Viewer
from freehold.domain.errors import (
    Absent,
    BackendError,
    BadInput,
    Forbidden,
    NoRoom,
    NotSignedIn,
    Refusal,
    Throttled,
    TooLarge,
    Withheld,
)
from freehold.domain.ids import ViewerId

log = structlog.get_logger("freehold.http")

REQUESTS = Counter("freehold_http_requests_total", "Requests answered", ("method", "route", "status"))
SECONDS = Histogram(
    "freehold_http_request_seconds",
    "Time from a request's head to the end of its answer",
    ("route",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
CUT_OFF = Counter("freehold_http_cut_off_total", "Answers that failed after they had begun", ("route",))
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_LIMIT_BYTES = 1 << 20
FULL = (errno.ENOSPC, errno.EDQUOT)
HEADERS = {
    "content-security-policy": pages.CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(self), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
ENCODED_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class Edge:
    """An ASGI application over a table of routes."""

    def __init__(self, server: Server, table: Table) -> None:
        self.server = server
        self.table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        reference = f"r-{secrets.token_hex(6)}"
        request = Request(scope, receive)
        response, route, fault = await self._respond(request, reference)
        own = {name for name, _ in response.raw_headers}
        response.raw_headers.extend(header for header in ENCODED_HEADERS if header[0] not in own)
        response.headers["x-request-id"] = reference
        if identity.is_secure(request, self.server):
            response.headers["strict-transport-security"] = "max-age=31536000"
        try:
            await response(scope, receive, send)
        except OSError:
            fault = fault or "client-left"
        except (BackendError, Absent) as error:
            # The head is out: the server below closes a connection whose answer ends too early.
            fault = "cut-off"
            CUT_OFF.labels(route.path if route else "none").inc()
            log.error("answer cut off", path=scope["path"], reference=reference, error=str(error))
        elapsed_s = time.perf_counter() - started
        label = route.path if route else "none"
        REQUESTS.labels(scope["method"], label, response.status_code).inc()
        SECONDS.labels(label).observe(elapsed_s)
        if fault or not (route and route.is_hot):
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=response.status_code,
                ms=round(elapsed_s * 1000, 1),
                reference=reference,
                **({"fault": fault} if fault else {}),
                **({"decided_by": scope["decided_by"]} if scope.get("decided_by") else {}),
            )

    async def _respond(self, request: Request, reference: str) -> tuple[Response, Route | None, str | None]:
        route, parameters, methods = self.table.find(request.method, request.url.path)
        request.scope["path_params"] = parameters
        try:
            if route is None or "\0" in request.url.path:
                # PostgreSQL has no text with a NUL in it.
                raise _no_route(request, methods)
            return await self._run(request, route, reference), route, None
        except Refusal as refusal:
            request.scope["decided_by"] = refusal.decided_by
            response = await self._refuse(request, route, refusal, reference)
            if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                response.headers["allow"] = ", ".join(_allowed(methods))
            return response, route, refusal.code
        except BackendError as error:
            log.error("backend failed", reference=reference, error=str(error))
            said = Refusal("backend", "The server cannot reach its storage just now. Nothing is lost; try again.")
            return await self._refuse(request, route, said, reference, status=503), route, "backend"
        except ClientDisconnect:
            return Response(status_code=499), route, "client-left"
        except Exception as error:
            log.exception("fault", reference=reference)
            if isinstance(error, OSError) and error.errno in FULL:
                full = NoRoom("disk-full", "The server's disk is full. Nothing is lost; try again later.")
                return await self._refuse(request, route, full, reference), route, full.code
            said = Refusal("fault", f"Something went wrong on our side. Mention {reference} when you report it.")
            return await self._refuse(request, route, said, reference, status=500), route, "fault"

    async def _run(self, request: Request, route: Route, reference: str) -> Response:
        server, at_us = self.server, self.server.clock()
        identity.check_host(request, server)
        viewer, is_new = await identity.find_viewer(request, server, at_us)
        _check_access(route, viewer)
        call = Call(request, server, viewer, at_us, reference)
        if request.method not in SAFE_METHODS and identity.bearer_token(request) is None:
            identity.check_same_origin(request, server)
            if route.checks_csrf and identity.brings_cookie(request):
                identity.check_csrf(request, server, viewer, await _given_csrf(request, route))
        if route.body is not None:
            answer = await route.handler(call, parse_body(await read_body(request, BODY_LIMIT_BYTES), route.body))
        else:
            answer = await route.handler(call)
        response = answer if isinstance(answer, Response) else _present(answer, route)
        if is_new and route.kind not in (Kind.RAW, Kind.FRAME):
            response.set_cookie(
                identity.VIEWER_COOKIE,
                identity.viewer_cookie(server, viewer.id),
                max_age=identity.VIEWER_COOKIE_AGE_S,
                httponly=True,
                samesite="lax",
                secure=identity.is_secure(request, server),
            )
        return response

    async def _refuse(
        self, request: Request, route: Route | None, refusal: Refusal, reference: str, status: int | None = None
    ) -> Response:
        status = status or refusal.http_status
        wants_page = route.kind is Kind.PAGE if route else "text/html" in request.headers.get("accept", "")
        if wants_page and isinstance(refusal, NotSignedIn) and request.method == "GET":
            asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/sign-in?next={quote(asked, safe='')}", 303, {"cache-control": "no-store"})
        if route is not None and route.kind is Kind.FRAME:
            html = pages.embed_refusal(await self._frame(request, reference), refusal.text, _withheld_facts(refusal))
            response = Response(html, status, dict(pages.FRAMED_HEADERS), "text/html")
        elif wants_page:
            frame = await self._frame(request, reference)
            facts = _withheld_facts(refusal)
            html = (
                pages.withheld(frame, text=refusal.text, **facts)
                if facts
                else pages.error(frame, status, refusal.code, refusal.text)
            )
            response = Response(html, status, media_type="text/html")
        else:
            response = json_response({"error": _error_body(refusal, reference)}, status)
        if isinstance(refusal, Throttled):
            response.headers["retry-after"] = str(refusal.retry_after_s)
        if isinstance(refusal, Withheld):
            response.headers["link"] = f'<{identity.own_origin(request, self.server)}/about>; rel="blocked-by"'
        if route is not None and route.path.startswith("/uploads"):
            response.headers["tus-resumable"] = "1.0.0"
        response.headers["cache-control"] = "no-store"
        return response

    async def _frame(self, request: Request, reference: str) -> pages.Frame:
        """An error page's frame; the viewer may be what could not be found out."""
        at_us = self.server.clock()
        try:
            viewer, _ = await identity.find_viewer(request, self.server, at_us)
        except (Refusal, BackendError):
            viewer = Viewer(ViewerId(0))
        return frame_of(Call(request, self.server, viewer, at_us, reference))


def _check_access(route: Route, viewer: Viewer) -> None:
    role = route.access.role
    if role is None:
        return
    if viewer.account is None:
        raise NotSignedIn("sign-in-needed", "Sign in first.")
    is_acting = route.method not in SAFE_METHODS and route.access is not Access.HOLDER
    if viewer.account.suspended_at_us is not None and is_acting:
        raise Forbidden("account-suspended", "This account is suspended: it can look, but not act.")
    if not viewer.account.role.includes(role):
        raise Forbidden("role-needed", f"This needs the role {role.value}; yours is {viewer.account.role.value}.")


def _present(answer: Any, route: Route) -> Response:
    if answer is None:
        return Response(status_code=204)
    return Response(msgspec.json.encode(answer), route.status, media_type="application/json")


def _allowed(methods: tuple[str, ...]) -> list[str]:
    """Where GET is answered, HEAD is too."""
    return sorted({*methods, *(("HEAD",) if "GET" in methods else ())})


def _no_route(request: Request, methods: tuple[str, ...]) -> Refusal:
    if methods:
        refusal = BadInput("method-not-allowed", f"This address takes {', '.join(_allowed(methods))}.")
        refusal.http_status = HTTPStatus.METHOD_NOT_ALLOWED
        return refusal
    return Absent("page-absent", "There is nothing at this address.")


def _error_body(refusal: Refusal, reference: str) -> dict[str, Any]:
    facts = _withheld_facts(refusal) or {}
    return {"code": refusal.code, "text": refusal.text, "reference": reference, **facts}


def _withheld_facts(refusal: Refusal) -> dict[str, Any] | None:
    if not isinstance(refusal, Withheld):
        return None
    return {"authority": refusal.authority, "reference_number": refusal.reference, "since_us": refusal.since_us}


async def _given_csrf(request: Request, route: Route) -> str:
    given = request.headers.get("x-csrf-token") or request.query_params.get("csrf")
    if given is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        given = parse_form(await read_body(request, BODY_LIMIT_BYTES)).get("csrf")
    return given or ""


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body, kept on the request for whoever asks again; `TooLarge` (code `body-too-large`) as soon as it
    passes the limit."""
    if hasattr(request, "_body"):
        return request._body
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise TooLarge("body-too-large", f"The request's body may have at most {limit_bytes} bytes.")
    parts, size_bytes = [], 0
    async for part in request.stream():
        size_bytes += len(part)
        if size_bytes > limit_bytes:
            raise TooLarge("body-too-large", f"The request's body may have at most {limit_bytes} bytes.")
        parts.append(part)
    body = b"".join(parts)
    request._body = body
    return body
