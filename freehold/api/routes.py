"""Typed routes: each says its method, path, who may ask, what it takes and what it answers; OpenAPI is read off them.

A handler takes the call and, where the route names a body, the parsed body; it returns the answer's value, which
is encoded as JSON, or a Starlette response.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import Response

from freehold.api.server import Call
from freehold.domain.account import Role
from freehold.domain.errors import BadInput
from freehold.domain.ids import parse_id

Handler = Callable[..., Awaitable[Any]]
PATH_PARAMETER = re.compile(r"\{(\w+)\}")
PARAMETER_PATTERNS = {
    "handle": r"[A-Za-z0-9_.]{1,64}",
    "name": r"[^/]+",
    "tag": r"[^/]+",
    "topic": r"[^/]+",
    "path": r".+",
}
ID_SCHEMA = {"type": "string", "pattern": "^[0-9a-z]{13}$"}
BYTES_SCHEMA = {"type": "string", "format": "binary"}
PICTURES = dict.fromkeys(("image/png", "image/jpeg", "image/webp"), BYTES_SCHEMA)


class Access(StrEnum):
    """Who may ask. A role stands for itself and those above it."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed in"
    HOLDER = "holder"
    """Signed in, suspended or not: for what belongs to the account's holder alone."""
    CREATOR = "creator"
    MODERATOR = "moderator"
    OPERATOR = "operator"

    @property
    def role(self) -> Role | None:
        if self is Access.ANYBODY:
            return None
        return Role.VIEWER if self in (Access.SIGNED_IN, Access.HOLDER) else Role(self.value)


class Kind(StrEnum):
    """How a route takes its body and presents its refusals."""

    JSON = "json"
    RAW = "raw"
    """The handler reads the body itself; refusals are JSON."""
    PAGE = "page"
    """For people: refusals are pages."""
    FRAME = "frame"
    """For people on other sites: refusals fit the frame, and no cookie is set."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may be said in the query, or in a header of our own; the schema is JSON Schema."""

    name: str
    schema: Mapping[str, Any]
    text: str = ""
    place: str = "query"
    is_required: bool = False


def numbered(name: str, low: int, high: int, text: str = "") -> Parameter:
    """As `query_int` reads it."""
    return Parameter(name, {"type": "integer", "minimum": low, "maximum": high}, text)


def one_of(name: str, values: Iterable[str], text: str = "") -> Parameter:
    return Parameter(name, {"type": "string", "enum": list(values)}, text)


BEHIND = Parameter(
    "before",
    {"type": "string", "pattern": "^[0-9a-z]{13}([0-9a-z]{13})?$"},
    "What the answer of the page before says, or a clip's id: what follows came out before.",
)
BEFORE = Parameter("before", ID_SCHEMA, "The id of the last that is there: what follows are the ones behind it.")


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    handler: Handler
    access: Access
    kind: Kind
    body: Any
    answer: Any
    status: int
    checks_csrf: bool
    is_hot: bool
    """Logged at debug level only: asked for many times a second."""
    parameters: tuple[Parameter, ...]
    takes: Mapping[str, Any]
    """A body that the handler reads itself: by media type its JSON Schema, or the type that it is read as."""
    gives: tuple[str, ...]
    """Media types of an answer that is no JSON of ours."""
    also: tuple[int, ...]
    """Statuses of answers besides the usual one that are no refusals."""
    pattern: re.Pattern[str]

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or self.handler.__name__.replace("_", " ")).strip().split("\n")[0]


@dataclass(slots=True)
class Routes:
    """The routes of one module, collected by decorating their handlers."""

    all: list[Route] = field(default_factory=list)

    def add(
        self,
        method: str,
        path: str,
        *,
        access: Access = Access.ANYBODY,
        kind: Kind = Kind.JSON,
        body: Any = None,
        answer: Any = None,
        status: int = 200,
        checks_csrf: bool = True,
        is_hot: bool = False,
        parameters: tuple[Parameter, ...] = (),
        takes: Mapping[str, Any] = MappingProxyType({}),
        gives: tuple[str, ...] = (),
        also: tuple[int, ...] = (),
    ) -> Callable[[Handler], Handler]:
        """Register the decorated handler. CSRF is checked on unsafe methods; GET, HEAD and OPTIONS never need it."""

        def register(handler: Handler) -> Handler:
            route = Route(
                method, path, handler, access, kind, body, answer, status, checks_csrf, is_hot, parameters, takes,
                gives, also, _pattern(path),
            )  # fmt: skip
            self.all.append(route)
            return handler

        return register


def _pattern(path: str) -> re.Pattern[str]:
    def group(match: re.Match[str]) -> str:
        name = match.group(1)
        return f"(?P<{name}>{PARAMETER_PATTERNS.get(name, '[^/]+')})"

    literal = "".join(part if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", path))
    return re.compile(PATH_PARAMETER.sub(group, literal))


class Table:
    """All routes, found by method and path."""

    def __init__(self, groups: Iterable[Routes]) -> None:
        self.routes = tuple(route for group in groups for route in group.all)
        self._exact: dict[str, dict[str, Route]] = {}
        self._by_prefix: dict[str, list[Route]] = {}
        for route in self.routes:
            if "{" in route.path:
                self._by_prefix.setdefault(_prefix(route.path), []).append(route)
            else:
                self._exact.setdefault(route.path, {})[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route | None, dict[str, str], tuple[str, ...]]:
        """The route, the path's parameters, and, where only the method fits nothing, the methods that would."""
        exact = self._exact.get(path)
        if exact is not None:
            route = exact.get(method) or (exact.get("GET") if method == "HEAD" else None)
            return route, {}, tuple(exact)
        methods: list[str] = []
        for route in self._by_prefix.get(_prefix(path), ()):
            match = route.pattern.fullmatch(path)
            if match is None:
                continue
            if route.method == method or (method == "HEAD" and route.method == "GET"):
                return route, match.groupdict(), ()
            methods.append(route.method)
        return None, {}, tuple(methods)


def _prefix(path: str) -> str:
    """The path's first part; profiles (`/@handle`) share one."""
    first = path[1:].partition("/")[0]
    return "@" if first.startswith("@") else first


def path_id(call: Call, name: str) -> int:
    """The id in the path; one that is none of ours refers to nothing, so it is 0."""
    return parse_id(call.request.path_params[name]) or 0


def query_id(call: Call, name: str) -> int | None:
    """An optional id in the query; `BadInput` (code `bad-query`) where it is none."""
    text = call.request.query_params.get(name)
    if text is None:
        return None
    id_ = parse_id(text)
    if id_ is None:
        raise BadInput("bad-query", f"{name} is not an id.")
    return id_


def query_int(call: Call, name: str, default: int, low: int, high: int) -> int:
    """An optional number in the query; `BadInput` (code `bad-query`) outside of low..high."""
    text = call.request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise BadInput("bad-query", f"{name} is a whole number from {low} to {high}.")
    return int(text)


def parse_body(data: bytes, type_: Any) -> Any:
    """The JSON body as the type; `BadInput` (code `bad-body`) that says where it is wrong."""
    try:
        return msgspec.json.decode(data, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput("bad-body", f"The request's body does not fit: {error}") from None


def parse_form(data: bytes) -> dict[str, str]:
    """A form's fields, the last of each name; `BadInput` (code `bad-body`)."""
    try:
        return dict(parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=100))
    except ValueError as error:
        raise BadInput("bad-body", f"The form cannot be read: {error}") from None


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, headers, "application/json")
