"""Requests that a page of another site makes in somebody's name are refused, at every route that changes anything."""

import pytest

from freehold.api.edge import SAFE_METHODS
from freehold.api.routes import Route
from freehold.api.table import ROUTES
from tests.conftest import Running

UNSAFE = [route for group in ROUTES for route in group.all if route.method not in SAFE_METHODS]
ZERO = "0" * 13


def path_of(route: Route) -> str:
    path = route.path
    for name in ("id", "clip_id", "upload_id", "page_id", "account_id"):
        path = path.replace(f"{{{name}}}", ZERO)
    return path.replace("{handle}", "other").replace("{name}", "x").replace("{position}", "0")


async def test_another_sites_page_is_refused_at_every_unsafe_route(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET role = 'operator'"))
    assert len(UNSAFE) > 30
    for route in UNSAFE:
        for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:1"}):
            answer = await client.request(route.method, path_of(route), data=b"x=1", headers=headers)
            assert (answer.status, "another site" in await answer.text()) == (403, True), (route.method, route.path)
        answer = await client.session.request(
            route.method, client.base + path_of(route), data=b"x=1",
            headers={"sec-fetch-site": "cross-site", "x-csrf-token": client.csrf},
        )  # fmt: skip
        assert answer.status == 403, (route.method, route.path)


async def test_without_the_pages_token_every_unsafe_route_refuses(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET role = 'operator'"))
    other = await idle.new_client()
    await other.load_csrf()
    for given in ("", "nonsense", "0" * 64, "ä" * 64, other.csrf):
        client.csrf = ""
        for route in UNSAFE:
            headers = {"x-csrf-token": given} if given.isascii() and given else {}
            if route.path in ("/forms/avatar", "/forms/upload", "/forms/photos"):
                data = form_with_file(given, "avatar" if route.path == "/forms/avatar" else "file")
                headers = {"content-type": "multipart/form-data; boundary=XX"}
            else:
                data = b""
            answer = await client.request(route.method, path_of(route), data=data, headers=headers)
            text = await answer.text()
            assert (answer.status, "out of date" in text) == (403, True), (route.method, route.path, text[:200])


def form_with_file(csrf: str, name: str) -> bytes:
    parts = [
        f'--XX\r\ncontent-disposition: form-data; name="csrf"\r\n\r\n{csrf}\r\n',
        f'--XX\r\ncontent-disposition: form-data; name="{name}"; filename="a.png"\r\n\r\nx\r\n--XX--\r\n',
    ]
    return "".join(parts).encode()


async def test_a_token_is_drawn_anew_for_each_page_and_bound_to_the_session(idle: Running) -> None:
    client = await idle.new_client()
    await client.load_csrf()
    signed_out = client.csrf
    await client.sign_up("ada")
    first = client.csrf
    await client.load_csrf()
    assert first != client.csrf
    for token in (first, client.csrf):
        answer = await client.request("PATCH", "/api/account", json={}, headers={"x-csrf-token": token})
        assert answer.status == 200
    answer = await client.request("PATCH", "/api/account", json={}, headers={"x-csrf-token": signed_out})
    assert answer.status == 403


@pytest.mark.parametrize("where", ["header", "query", "field"])
async def test_the_token_is_taken_from_a_header_a_query_or_a_form(idle: Running, where: str) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    token, client.csrf = client.csrf, ""
    path = "/forms/profile" + (f"?csrf={token}" if where == "query" else "")
    data = {"bio": "changed"} | ({"csrf": token} if where == "field" else {})
    headers = {"x-csrf-token": token} if where == "header" else {}
    answer = await client.request("POST", path, data=data, headers=headers)
    assert answer.status == 303
    assert (await client.json("GET", "/api/account"))["account"]["bio"] == "changed"


async def test_a_bearer_token_needs_no_page_of_ours(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    body = {"handle": "ada", "password": "correct horse battery", "kind": "api"}
    token = (await client.json("POST", "/api/session", body))["token"]
    program = await idle.new_client()
    answer = await program.session.patch(
        program.base + "/api/account", json={"bio": "x"}, headers={"authorization": f"Bearer {token}"}
    )
    assert answer.status == 200
