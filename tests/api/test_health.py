"""What machines ask: health, figures, the API's description; and whom the throttle counts behind a proxy."""

from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from freehold.api import identity
from freehold.api.routes import PATH_PARAMETER, Kind
from freehold.api.table import ROUTES
from freehold.domain.errors import BackendError
from freehold.domain.ids import parse_id
from tests.api.made import make_clip
from tests.conftest import Running

ALL = [route for group in ROUTES for route in group.all]


async def test_health_is_ok_with_a_version_and_503_once_the_database_cannot_be_read(
    idle: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await idle.new_client()
    assert await client.json("GET", "/healthz") == {"status": "ok", "version": "0.1.0"}

    async def fails(*_: Any) -> Any:
        raise BackendError("gone")

    monkeypatch.setattr(idle.database, "fetch", fails, raising=False)
    answer = await client.request("GET", "/healthz")
    assert (answer.status, (await answer.json())["status"]) == (503, "database-unreachable")
    page = await client.request("GET", "/about")
    assert page.status == 503 and "Nothing is lost" in await page.text()


async def test_figures_say_how_many_requests_clips_and_entries_there_are(idle: Running) -> None:
    client = await idle.new_client()
    account_id = parse_id((await client.sign_up("ada"))["id"]) or 0
    for _ in range(3):
        await make_clip(idle.server.backends, account_id)
    text = await (await client.request("GET", "/metrics")).text()
    assert 'freehold_clips{state="ready"} 3.0' in text and "freehold_accounts 1.0" in text
    assert 'freehold_http_requests_total{method="POST",route="/api/accounts",status="201"}' in text
    assert "freehold_http_request_seconds_bucket" in text and "freehold_journal_seq" in text
    assert "freehold_uploads_open 0.0" in text and "freehold_clips_due 0.0" in text


async def test_figures_are_for_this_machine_and_for_operators(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    proxied = {"x-forwarded-for": "203.0.113.5"}
    refused = await client.request("GET", "/metrics", headers=proxied)
    assert (refused.status, (await refused.json())["error"]["code"]) == (403, "metrics-private")
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET role = 'operator'"))
    assert (await client.request("GET", "/metrics", headers=proxied)).status == 200


async def test_the_description_names_every_route_of_the_api(idle: Running) -> None:
    document = await (await idle.new_client()).json("GET", "/openapi.json")
    assert document["openapi"] == "3.1.0"
    operations = {(method.upper(), path) for path, one in document["paths"].items() for method in one}
    assert operations == {(route.method, route.path) for route in ALL if route.kind is not Kind.PAGE}
    ids = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids))
    for path, methods in document["paths"].items():
        for one in methods.values():
            named = [p["name"] for p in one.get("parameters", ()) if p["in"] == "path"]
            assert named == PATH_PARAMETER.findall(path) and one["summary"]


async def test_every_reference_in_the_description_leads_somewhere(idle: Running) -> None:
    document = await (await idle.new_client()).json("GET", "/openapi.json")

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    found = references(document)
    assert len(found) > 20
    for reference in found:
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    sign_up = document["components"]["schemas"]["SignUp"]
    assert sign_up["additionalProperties"] is False and sign_up["required"] == ["handle", "password"]
    assert document["paths"]["/api/sessions"]["get"]["security"]


def test_every_route_says_what_it_is() -> None:
    for route in ALL:
        assert route.handler.__doc__, route.path
        is_described = route.kind is not Kind.PAGE
        assert not (is_described and "query parameter" in route.handler.__doc__.lower()), (
            f"{route.path}: declare them as parameters"
        )
        is_bytes = route.kind in (Kind.RAW, Kind.FRAME) and route.method == "GET" and route.answer is None
        assert bool(route.gives) is is_bytes, f"{route.path}: declare what it gives"
        reads_itself = route.kind is Kind.RAW and route.method in ("POST", "PUT", "PATCH")
        assert bool(route.takes) is reads_itself, f"{route.path}: declare what it takes"


@pytest.mark.parametrize(
    ("client", "forwarded", "trusts", "address", "is_loopback"),
    [
        ("192.0.2.1", None, False, "192.0.2.1", False),
        ("127.0.0.1", None, False, "127.0.0.1", True),
        ("::1", None, False, "::", True),
        ("::ffff:192.0.2.1", None, False, "192.0.2.1", False),
        ("2001:db8:1:2:3:4:5:6", None, False, "2001:db8:1:2::", False),
        ("127.0.0.1", "203.0.113.5", False, "127.0.0.1", False),
        ("127.0.0.1", "203.0.113.5", True, "203.0.113.5", False),
        ("127.0.0.1", "127.0.0.1, 203.0.113.5", True, "203.0.113.5", False),
        ("127.0.0.1", "made up", True, "made up", False),
    ],
)
def test_the_throttle_counts_the_clients_own_address(
    client: str, forwarded: str | None, trusts: bool, address: str, is_loopback: bool
) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    request = Request({"type": "http", "headers": headers, "client": (client, 1)})
    server: Any = SimpleNamespace(trusts_proxy=trusts)
    assert identity.client_address(request, server) == address
    assert identity.is_loopback(request, server) is is_loopback


def test_forged_cookies_are_no_viewers() -> None:
    server: Any = SimpleNamespace(secret=b"s" * 32)
    other: Any = replace_secret(server)
    viewer_id: Any = Random(1).getrandbits(60)
    good = identity.viewer_cookie(server, viewer_id)
    assert identity._viewer_id(server, good) == viewer_id
    for forged in (identity.viewer_cookie(other, viewer_id), good[:-1] + "x", good.replace(".", ""), "", "ä.ä", None):
        assert identity._viewer_id(server, forged) is None


def replace_secret(server: Any) -> Any:
    return SimpleNamespace(**(vars(server) | {"secret": b"t" * 32}))


async def test_a_setting_that_is_off_closes_sign_up_with_plain_words(settings: Any) -> None:
    from tests.conftest import run_server

    closed = replace(settings, accounts=replace(settings.accounts, is_signup_open=False))
    async with run_server(closed, works=False) as server:
        client = await server.new_client()
        await client.load_csrf()
        body = {"handle": "ada", "password": "correct horse battery"}
        assert await client.refusal("POST", "/api/accounts", body) == (403, "sign-up-closed")
