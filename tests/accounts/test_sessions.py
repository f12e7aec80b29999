"""Sessions over HTTP: cookies, tokens, lists, ends."""

from dataclasses import replace
from http.cookies import SimpleCookie
from typing import Any

import pytest
from yarl import URL

from freehold.api.native.accounts import program_name
from freehold.domain.errors import NoRoom
from freehold.store import session as sessions
from tests.conftest import Client, Running, run_server

PASSWORD = "correct horse battery"


def session_of(client: Client) -> str | None:
    jar = client.session.cookie_jar.filter_cookies(URL(client.base))
    return jar["freehold_session"].value if "freehold_session" in jar else None


async def sign_in(client: Client, handle: str, password: str = PASSWORD) -> Any:
    await client.load_csrf()
    answer = await client.json("POST", "/api/session", {"handle": handle, "password": password})
    await client.load_csrf()
    return answer


async def test_a_full_disk_keeps_nobody_from_looking(idle: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    await idle.database.transact(lambda tx: tx.execute("UPDATE session SET last_seen_at_us = 0"))

    async def full(*_: Any) -> Any:
        raise NoRoom("disk-full", "The server's disk is full.")

    monkeypatch.setattr(idle.database, "transact", full)
    assert (await client.request("GET", "/api/account")).status == 200


async def test_signing_up_signs_in_with_a_cookie_that_scripts_and_other_sites_do_not_get(idle: Running) -> None:
    client = await idle.new_client()
    await client.load_csrf()
    answer = await client.request("POST", "/api/accounts", json={"handle": "ada", "password": PASSWORD})
    assert answer.status == 201 and (await answer.json())["account"]["handle"] == "ada"
    cookie = SimpleCookie(answer.headers["set-cookie"])["freehold_session"]
    assert cookie["httponly"] and cookie["samesite"] == "lax" and cookie["path"] == "/" and not cookie["secure"]
    assert int(cookie["max-age"]) == 90 * 86_400
    assert answer.headers["cache-control"] == "no-store"
    assert "token" not in await answer.json()
    assert (await client.json("GET", "/api/account"))["account"]["role"] == "creator"


async def test_behind_https_the_cookies_never_leave_it(settings: Any) -> None:
    origin = "https://clips.example"
    async with run_server(replace(settings, server=replace(settings.server, origin=origin)), works=False) as server:
        client = await server.new_client()
        page = await client.request("GET", "/about")
        token = (await page.text()).partition('name="csrf" content="')[2].partition('"')[0]
        viewer = SimpleCookie(page.headers["set-cookie"])["freehold_viewer"]
        answer = await client.request(
            "POST", "/api/accounts", json={"handle": "ada", "password": PASSWORD},
            headers={"origin": origin, "x-csrf-token": token, "cookie": f"freehold_viewer={viewer.value}"},
        )  # fmt: skip
        assert answer.status == 201, await answer.text()
        assert viewer["secure"] and SimpleCookie(answer.headers["set-cookie"])["freehold_session"]["secure"]


async def test_a_sign_in_never_goes_on_with_a_session_that_was_there_before(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    before = session_of(client)
    await sign_in(client, "ada")
    after = session_of(client)
    assert before and after and before != after
    other = await idle.new_client()
    answer = await other.request("GET", "/api/account", headers={"cookie": f"freehold_session={before}"})
    assert answer.status == 401
    assert len((await client.json("GET", "/api/sessions"))["sessions"]) == 1


async def test_a_session_that_somebody_planted_is_worth_nothing_after_the_sign_in(idle: Running) -> None:
    owner = await idle.new_client()
    await owner.sign_up("ada")
    victim = await idle.new_client()
    victim.session.cookie_jar.update_cookies({"freehold_session": "planted"}, response_url=URL(victim.base))
    await sign_in(victim, "ada")
    assert session_of(victim) != "planted"
    answer = await (await idle.new_client()).request(
        "GET", "/api/account", headers={"cookie": "freehold_session=planted"}
    )
    assert answer.status == 401


async def test_sessions_are_listed_and_ended_one_by_one_or_all_others(idle: Running) -> None:
    first, second, third = [await idle.new_client() for _ in range(3)]
    await first.sign_up("ada")
    await sign_in(second, "ada")
    await sign_in(third, "ada")
    listed = (await first.json("GET", "/api/sessions"))["sessions"]
    assert len(listed) == 3 and [one["is_current"] for one in listed].count(True) == 1
    assert "aiohttp" in listed[0]["agent"]
    its_own = next(one["id"] for one in (await second.json("GET", "/api/sessions"))["sessions"] if one["is_current"])
    await first.json("DELETE", f"/api/sessions/{its_own}", status=204)
    assert await second.refusal("GET", "/api/account") == (401, "sign-in-needed")
    await first.json("DELETE", "/api/sessions", status=204)
    assert (await third.refusal("GET", "/api/account"))[0] == 401
    await first.json("GET", "/api/account")


async def test_nobody_ends_the_session_of_another(idle: Running) -> None:
    ada, bob = [await idle.new_client() for _ in range(2)]
    await ada.sign_up("ada")
    await bob.sign_up("bob")
    (session,) = (await ada.json("GET", "/api/sessions"))["sessions"]
    assert await bob.refusal("DELETE", f"/api/sessions/{session['id']}") == (404, "session-absent")
    await ada.json("GET", "/api/account")


async def test_a_new_password_ends_all_other_sessions_and_the_old_one_opens_nothing(idle: Running) -> None:
    here, there = [await idle.new_client() for _ in range(2)]
    await here.sign_up("ada")
    await sign_in(there, "ada")
    body = {"old": PASSWORD, "new": "another good one"}
    await here.json("PUT", "/api/password", body, status=204)
    await here.json("GET", "/api/account")
    assert (await there.refusal("GET", "/api/account"))[0] == 401
    await there.load_csrf()
    old = {"handle": "ada", "password": PASSWORD}
    assert await there.refusal("POST", "/api/session", old) == (401, "sign-in-wrong")
    await sign_in(there, "ada", "another good one")


async def test_signing_out_ends_the_session_at_the_server_too(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    token = session_of(client)
    await client.json("DELETE", "/api/session", status=204)
    assert session_of(client) is None
    answer = await client.request("GET", "/api/account", headers={"cookie": f"freehold_session={token}"})
    assert answer.status == 401


async def test_a_session_ends_by_itself_after_its_days(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    now_us = idle.server.clock()
    await idle.database.transact(lambda tx: tx.execute("UPDATE session SET expires_at_us = $1", now_us - 1))
    assert await client.refusal("GET", "/api/account") == (401, "sign-in-needed")


async def test_programs_get_a_token_and_no_cookie_and_need_no_page_of_ours(idle: Running) -> None:
    browser = await idle.new_client()
    await browser.sign_up("ada")
    program = await idle.new_client()
    answer = await program.request("POST", "/api/session", json={"handle": "ada", "password": PASSWORD, "kind": "api"})
    token = (await answer.json())["token"]
    assert answer.status == 200 and "freehold_session" not in answer.headers.get("set-cookie", "")
    bearer = {"authorization": f"Bearer {token}"}
    changed = await program.request("PATCH", "/api/account", json={"bio": "by a program"}, headers=bearer)
    assert (changed.status, (await changed.json())["account"]["bio"]) == (200, "by a program")
    wrong = await program.request("GET", "/api/account", headers={"authorization": "Bearer nonsense"})
    assert (wrong.status, (await wrong.json())["error"]["code"]) == (401, "token-unknown")
    kinds = {one["kind"] for one in (await browser.json("GET", "/api/sessions"))["sessions"]}
    assert kinds == {"web", "api"}


async def test_a_token_is_kept_only_as_its_hash(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    token = session_of(client)
    assert token is not None
    (row,) = await idle.database.fetch("SELECT token_sha256 FROM session")
    assert token.encode() not in bytes(row["token_sha256"]) and len(bytes(row["token_sha256"])) == 32
    assert await sessions.account_by_token(idle.database, b"x" * 32, 0) is None


async def test_throttled_sign_ins_are_told_when_to_come_back(settings: Any) -> None:
    async with run_server(
        replace(settings, accounts=replace(settings.accounts, guesses_per_handle=2)), works=False
    ) as server:
        client = await server.new_client()
        await client.sign_up("ada")
        guess = {"handle": "ada", "password": "wrong password"}
        for _ in range(2):
            assert (await client.refusal("POST", "/api/session", guess))[0] == 401
        answer = await client.request("POST", "/api/session", json=guess)
        assert answer.status == 429 and 0 < int(answer.headers["retry-after"]) <= 900
        await client.json("GET", "/api/account")


async def test_a_profile_is_changed_field_by_field(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    await client.json("PATCH", "/api/account", {"display_name": "Ada L"})
    account = (await client.json("PATCH", "/api/account", {"bio": "Counts."}))["account"]
    assert (account["display_name"], account["bio"]) == ("Ada L", "Counts.")
    profile = await (await idle.new_client()).json("GET", "/api/accounts/ADA")
    assert profile["account"]["bio"] == "Counts." and profile["follower_count"] == 0
    assert await client.refusal("PATCH", "/api/account", {"colour": "red"}) == (400, "bad-body")
    assert await client.refusal("PATCH", "/api/account", {"bio": "x" * 301}) == (400, "bio-long")


async def test_a_suspended_account_looks_but_does_not_act_and_may_still_leave(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET suspended_at_us = 1"))
    await client.json("GET", "/api/account")
    assert await client.refusal("PATCH", "/api/account", {"bio": "x"}) == (403, "account-suspended")
    assert (await (await idle.new_client()).refusal("GET", "/api/accounts/ada"))[0] == 404
    await client.json("DELETE", "/api/account", {"password": PASSWORD}, status=204)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0", "Edge on Windows"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0", "Firefox on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0", "A browser"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_session_is_named_as_people_call_their_browser(agent: str, name: str) -> None:
    assert program_name(agent) == name
