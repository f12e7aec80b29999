"""The figures of the feed are for operators, and say what went on."""

import pytest

from freehold.domain.account import Role
from freehold.feed import tally
from tests.conftest import Client, Running
from tests.feed.catalogue import publish, report, swipe_pages, watch_of


async def signed_up(idle: Running, role: Role) -> Client:
    client = await idle.new_client()
    await client.sign_up(f"some.{role.value}")
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET role = $1", role.value))
    return client


async def test_nobody_sees_the_figures_without_signing_in(idle: Running) -> None:
    client = await idle.new_client()
    assert await client.refusal("GET", "/api/admin/feed") == (401, "sign-in-needed")
    answer = await client.request("GET", "/admin/feed")
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in?next=%2Fadmin%2Ffeed")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CREATOR, Role.MODERATOR])
async def test_no_other_role_sees_the_figures(idle: Running, role: Role) -> None:
    client = await signed_up(idle, role)
    assert await client.refusal("GET", "/api/admin/feed") == (403, "role-needed")
    assert (await client.request("GET", "/admin/feed")).status == 403


async def test_an_operator_sees_what_was_shown_and_watched(idle: Running) -> None:
    await publish(idle, 40, authors=5, tags=4)
    watching = await idle.new_client()
    served = await swipe_pages(watching, 2)
    await report(watching, "batch-0001", [watch_of(one, watched_ms=60_000, completions=1) for one in served[:6]])
    while await tally.take_in(idle.database, idle.server.clock()):
        pass
    await tally.settle(idle.database, idle.server.clock())
    client = await signed_up(idle, Role.OPERATOR)
    for span, hours in (("24h", 24), ("7d", 168), ("30d", 720)):
        figures = await client.json("GET", f"/api/admin/feed?span={span}")
        assert (figures["hours"], len(figures["by_hour"])) == (hours, hours + 1)
        assert sum(one["impressions"] for one in figures["traffic"]) == len(served) == 16
        assert sum(figures["exploration"][draw] for draw in ("ranked", "tried", "drawn")) == 16
        assert {one["watched_share"] for one in figures["traffic"] if one["watches"]} == {1.0}
        assert figures["reach"]["clips"] == 40
        assert figures["reach"]["coverage"] == len({one["clip"]["id"] for one in served}) / 40
        assert figures["calibration"][-1]["watches"] == 6 and figures["calibration"][-1]["value"] == 1.0
        assert figures["lag"]["log_behind"] == figures["lag"]["tally_behind"] == 0
        page = await (await client.request("GET", f"/admin/feed?span={span}")).text()
        assert 'id="figures"' in page and f'?span={span}" aria-current="true"' in page


async def test_a_span_that_there_is_not_is_refused(idle: Running) -> None:
    client = await signed_up(idle, Role.OPERATOR)
    assert await client.refusal("GET", "/api/admin/feed?span=1y") == (400, "bad-query")
    assert (await client.request("GET", "/admin/feed?span=1y")).status == 400


async def test_the_description_of_the_api_has_the_figures(idle: Running) -> None:
    described = await (await idle.new_client()).json("GET", "/openapi.json")
    operation = described["paths"]["/api/admin/feed"]["get"]
    assert operation["description"] == "For: operator."
    assert "reach" in described["components"]["schemas"]["FiguresShape"]["properties"]
