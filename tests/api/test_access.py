"""Who may ask for what: every route of the table, asked by nobody and by each role."""

from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from freehold.api.edge import SAFE_METHODS
from freehold.api.routes import Access, Kind
from freehold.api.table import ROUTES
from freehold.domain.account import Role
from freehold.domain.ids import id_text, parse_id
from tests.api.made import make_clip
from tests.api.test_forgery import path_of
from tests.conftest import Client, Running

GUARDED = [route for group in ROUTES for route in group.all if route.access is not Access.ANYBODY]


async def asked(client: Client, method: str, path: str) -> tuple[int, str]:
    answer = await client.request(method, path, data=b"", headers={"x-csrf-token": client.csrf})
    return answer.status, await answer.text()


async def test_nobody_gets_past_a_route_that_asks_who_one_is(idle: Running) -> None:
    client = await idle.new_client()
    await client.load_csrf()
    assert len(GUARDED) > 30
    for route in GUARDED:
        status, text = await asked(client, route.method, path_of(route))
        if route.kind is Kind.PAGE and route.method == "GET":
            assert status == 303, route.path
        else:
            assert status == 401, (route.method, route.path, text[:200])


@pytest.mark.parametrize(
    ("role", "dialect"),
    [*((role, "sqlite") for role in Role), (Role.OPERATOR, "postgresql")],
    ids=[*(f"{role}-sqlite" for role in Role), "operator-postgresql"],
)
async def test_a_role_gets_past_its_own_routes_and_no_higher_ones(idle: Running, role: Role) -> None:
    """Getting past shows in whatever other refusal or success follows: only the wall itself says role-needed."""
    client = await idle.new_client()
    await client.sign_up("somebody")
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET role = $1", role.value))
    for route in GUARDED:
        if route.path in ("/api/session", "/api/account", "/forms/sign-out") and route.method != "GET":
            continue
        needed = route.access.role
        assert needed is not None
        status, text = await asked(client, route.method, path_of(route))
        is_refused = status == 403 and ("This needs the role" in text or route.method == "HEAD")
        assert is_refused is not role.includes(needed), (role, route.method, route.path, status, text[:200])


async def test_a_suspended_account_passes_only_what_is_its_holders_own(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("somebody")
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET role = 'operator', suspended_at_us = 1"))
    for route in GUARDED:
        if route.method in SAFE_METHODS or route.path in ("/api/session", "/forms/sign-out"):
            continue
        status, text = await asked(client, route.method, path_of(route))
        is_refused = status == 403 and "suspended" in text
        assert is_refused is (route.access is not Access.HOLDER), (route.method, route.path, status, text[:200])


async def test_without_an_origin_of_its_own_the_server_answers_to_addresses_and_localhost_alone(idle: Running) -> None:
    client = await idle.new_client()
    port = client.base.rpartition(":")[2]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}", "[::1]", "192.0.2.7:80"):
        assert (await client.request("GET", "/metrics", headers={"host": host})).status == 200, host
    for host in (f"evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "[::1", "a@b"):
        answer = await client.request("GET", "/metrics", headers={"host": host})
        said = (await answer.json())["error"]
        assert (answer.status, said["code"], "server.origin" in said["text"]) == (403, "unknown-host", True), host
    idle.edge.server = replace(idle.server, origin="https://clips.example")
    assert (await client.request("GET", "/about", headers={"host": "clips.example"})).status == 200


async def test_browsers_are_told_to_stay_on_https_where_the_server_is_reached_so(idle: Running) -> None:
    client = await idle.new_client()
    assert "strict-transport-security" not in (await client.request("GET", "/about")).headers
    idle.edge.server = replace(idle.server, origin="https://clips.example")
    answer = await client.request("GET", "/about")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_an_answer_that_fails_after_it_began_is_cut_off_and_counted(idle: Running) -> None:
    client = await idle.new_client()
    author_id = parse_id((await client.sign_up("ada"))["id"]) or 0
    clip_id = await make_clip(idle.server.backends, author_id, bytes_=bytes(3 << 20))
    (file,) = [file for file in Path(idle.settings.server.data_dir, "blobs").rglob("*") if file.is_file()]
    file.unlink()
    answer = await client.request("GET", f"/media/{id_text(clip_id)}/low.mp4")
    with pytest.raises(aiohttp.ClientPayloadError):
        await answer.read()
    figures = await (await client.request("GET", "/metrics")).text()
    assert 'freehold_http_cut_off_total{route="/media/{clip_id}/{name}"}' in figures
