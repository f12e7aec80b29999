"""The description of the native API, read off the route table: OpenAPI 3.1."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from freehold import __version__
from freehold.api.routes import ID_SCHEMA, PARAMETER_PATTERNS, PATH_PARAMETER, Access, Kind, Parameter, Route

REFUSED = ("4XX", "501", "503", "507")
SESSION: list[dict[str, list[str]]] = [{"session": []}, {"bearer": []}]
ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Every refusal: a stable code, a text for people, the request's reference for reports.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "text", "reference"],
            "properties": {
                "code": {"type": "string", "examples": ["handle-taken"]},
                "text": {"type": "string"},
                "reference": {"type": "string", "examples": ["r-1f2e3d4c5b6a"]},
                "authority": {"type": "string", "description": "451 only: who demanded it."},
                "reference_number": {"type": "string", "description": "451 only: the authority's own reference."},
                "since_us": {"type": "integer", "description": "451 only: in force since, microseconds since 1970."},
            },
        }
    },
}
SECURITY_SCHEMES = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "freehold_session",
        "description": "Set by signing in. Unsafe methods then need the page's token in the header x-csrf-token.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "From POST /api/session with kind api."},
}


def document(routes: Iterable[Route], title: str) -> dict[str, Any]:
    """The whole document; pages and forms for people are left out."""
    described = [route for route in routes if route.kind is not Kind.PAGE]
    types = {t for route in described for t in (route.body, route.answer, *route.takes.values()) if _is_described(t)}
    _, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for route in described:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": __version__,
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {"Error": ERROR_SCHEMA, **components},
            "securitySchemes": SECURITY_SCHEMES,
            "responses": {
                "Refusal": _json("A refusal.", {"$ref": "#/components/schemas/Error"}),
                "FramedRefusal": {"description": "A refusal, as a page.", "content": {"text/html": {}}},
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{re.sub(r'[^a-z0-9]+', '_', route.path.lower()).strip('_')}",
        "summary": route.summary,
        "responses": _responses(route),
    }
    parameters = [*_in_path(route), *(_beside(parameter) for parameter in route.parameters)]
    if parameters:
        operation["parameters"] = parameters
    if _is_described(route.body):
        content = {"application/json": {"schema": _schema(route.body)}}
        operation["requestBody"] = {"required": True, "content": content}
    elif route.takes:
        content = {type_: {"schema": _schema(of)} for type_, of in route.takes.items()}
        operation["requestBody"] = {"required": True, "content": content}
    if route.access is not Access.ANYBODY:
        operation["security"] = SESSION
        operation["description"] = f"For: {route.access.value}."
    return operation


def _in_path(route: Route) -> Iterator[dict[str, Any]]:
    for name in PATH_PARAMETER.findall(route.path):
        is_id = name == "id" or name.endswith("_id")
        pattern = {"pattern": f"^{PARAMETER_PATTERNS[name]}$"} if name in PARAMETER_PATTERNS else {}
        schema = ID_SCHEMA if is_id else {"type": "string", "minLength": 1, **pattern}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _beside(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required,
        "schema": parameter.schema,
    }
    return described | ({"description": parameter.text} if parameter.text else {})


def _responses(route: Route) -> dict[str, Any]:
    """Every status that there is: one that is missing here is a fault of ours."""
    name = "FramedRefusal" if route.kind is Kind.FRAME else "Refusal"
    refusals = {status: {"$ref": f"#/components/responses/{name}"} for status in REFUSED}
    answers = {str(status): _success(route) for status in (_status(route), *route.also)}
    return dict(sorted((refusals | answers).items()))


def _status(route: Route) -> int:
    is_answered = route.answer is not None or bool(route.gives) or route.kind is Kind.RAW or route.status != 200
    return route.status if is_answered else 204


def _success(route: Route) -> dict[str, Any]:
    if route.gives:
        return {"description": "The bytes.", "content": {type_: {} for type_ in route.gives}}
    if not _is_described(route.answer):
        return {"description": "Done." if route.method not in ("GET", "HEAD") else "The bytes."}
    return _json("The answer.", _schema(route.answer))


def _is_described(type_: Any) -> bool:
    return type_ is not None and not isinstance(type_, dict)


def _schema(type_: Any) -> dict[str, Any]:
    if isinstance(type_, dict):
        return type_
    (schema,), _ = msgspec.json.schema_components([type_], ref_template="#/components/schemas/{name}")
    return dict(schema)


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
