"""For You, as viewers meet it: over HTTP, on both databases."""

import asyncio
import itertools
from http.cookies import SimpleCookie
from typing import Any

import pytest
from yarl import URL

from freehold.domain.account import Role
from freehold.domain.clip import Withholding
from freehold.domain.ids import AccountId, ViewerId, id_text, parse_id
from freehold.domain.watch import Surface
from freehold.feed.fold import watch_rows
from freehold.recommender import kernels
from freehold.store import account as accounts
from freehold.store import page as pages
from freehold.store import watch_log
from freehold.store import withholding as withholdings
from tests.conftest import Client, Running, run_server
from tests.feed.catalogue import publish, report, swipe_pages, watch_of


def cookies_of(client: Client) -> "SimpleCookie":
    return client.session.cookie_jar.filter_cookies(URL(client.base))  # type: ignore[return-value]


async def test_nothing_seen_comes_back_and_no_author_or_sound_stands_twice_in_a_row(idle: Running) -> None:
    await publish(idle, 60, authors=8, sounds=6, tags=5)
    served = await swipe_pages(await idle.new_client(), 28, count=2)
    ids = [one["clip"]["id"] for one in served]
    assert len(ids) == len(set(ids))
    assert len(ids) > 50
    for one, other in itertools.pairwise(served):
        assert one["clip"]["author"]["id"] != other["clip"]["author"]["id"]
        assert one["clip"]["sound"] is None or one["clip"]["sound"] != other["clip"]["sound"]


async def test_what_was_not_watched_comes_again_once_nothing_else_is_left_and_what_was_watched_does_not(
    idle: Running,
) -> None:
    await publish(idle, 24, authors=8, sounds=0)
    client = await idle.new_client()
    first = await swipe_pages(client, 1)
    watched = [one["clip"]["id"] for one in first[:3]]
    await report(client, "the-first-three", [watch_of(one, watched_ms=900) for one in first[:3]])
    shown = [one["clip"]["id"] for one in first]
    again: list[str] = []
    while not set(again) & set(shown):
        shown += again
        again = [one["clip"]["id"] for one in await swipe_pages(client, 1)]
    assert len(set(shown)) == len(shown) >= 20
    assert len(again) == 8
    assert not set(watched) & {*shown[len(first) :], *again}


async def test_a_page_is_short_rather_than_by_one_author_twice(idle: Running) -> None:
    await publish(idle, 10, authors=1, sounds=0)
    client = await idle.new_client()
    page = await client.json("GET", "/api/feeds/for-you?count=8")
    assert len(page["clips"]) == 1
    assert page["is_end"]
    assert (await client.json("GET", "/api/feeds/for-you"))["clips"] == []


async def test_an_empty_network_has_an_end_and_no_clips(idle: Running) -> None:
    page = await (await idle.new_client()).json("GET", "/api/feeds/for-you")
    assert page["clips"] == []
    assert page["is_end"]


async def test_what_was_seen_stays_away_after_a_restart(settings: object) -> None:
    async with run_server(settings, works=False) as server:
        await publish(server, 60, authors=8, sounds=6)
        client = await server.new_client()
        before = await swipe_pages(client, 3)
        cookies = cookies_of(client)
    async with run_server(settings, works=False) as server:
        client = await server.new_client()
        client.session.cookie_jar.update_cookies(cookies)
        after = await swipe_pages(client, 3)
    assert len(before) == len(after) == 24
    assert not {one["clip"]["id"] for one in before} & {one["clip"]["id"] for one in after}
    assert before[-1]["clip"]["author"]["id"] != after[0]["clip"]["author"]["id"]


async def test_each_impression_is_stored_with_its_chance_its_model_and_terms_that_sum_to_its_score(
    idle: Running,
) -> None:
    await publish(idle, 80, authors=10)
    client = await idle.new_client()
    page = await client.json("GET", "/api/feeds/for-you?count=10")
    viewer_id = parse_id(cookies_of(client)["freehold_viewer"].value[:13])
    stored = await pages.by_id(idle.database, ViewerId(viewer_id or 0), parse_id(page["page_id"]))  # type: ignore[arg-type]
    assert stored is not None
    assert stored.model_hash == page["model_hash"] != ""
    assert [id_text(one.clip_id) for one in stored.shown] == [served["clip"]["id"] for served in page["clips"]]
    for one in stored.shown:
        assert 0 < one.propensity <= 1
        assert sum(one.terms) == one.score
    for served, one in zip(page["clips"], stored.shown, strict=True):
        why = await client.json("GET", f"/api/why/{page['page_id']}/{served['position']}")
        assert why["clip_id"] == served["clip"]["id"]
        assert why["model_hash"] == page["model_hash"]
        assert why["propensity"] == one.propensity
        assert why["source"] == served["source"]
        assert sum(term["value"] for term in why["terms"]) == why["score"] == one.score / 2**20
        assert all(term["text"] for term in why["terms"])


async def test_why_is_for_whom_the_clip_was_shown_to_and_for_moderators(idle: Running) -> None:
    await publish(idle, 20, authors=10)
    client, other = await idle.new_client(), await idle.new_client()
    page = await client.json("GET", "/api/feeds/for-you")
    address = f"/api/why/{page['page_id']}/0"
    assert await other.refusal("GET", address) == (404, "impression-absent")
    assert await client.refusal("GET", f"/api/why/{page['page_id']}/99") == (404, "impression-absent")
    assert await client.refusal("GET", "/api/why/nonsense/x") == (404, "impression-absent")
    account = await other.sign_up("marge")
    assert await other.refusal("GET", address) == (404, "impression-absent")
    account_id = AccountId(parse_id(account["id"]) or 0)
    await idle.database.transact(lambda tx: accounts.set_role(tx, account_id, Role.MODERATOR))
    assert (await other.json("GET", address))["clip_id"] == page["clips"][0]["clip"]["id"]


async def test_a_viewer_who_finishes_one_kind_gets_more_of_it_within_ten_swipes_and_a_new_viewer_does_not(
    idle: Running,
) -> None:
    """Five kinds of clips with a fan each: the kinds' shares of any one page have the mean 0.2 by construction."""
    filled = await publish(idle, 400, authors=40, sounds=0, tags=5)

    def share(served: list[dict[str, Any]], kind: int) -> float:
        return sum(f"tag{kind}" in one["clip"]["tags"] for one in served) / len(served)

    fans = [await idle.new_client() for _ in range(5)]
    for swipe in range(10):
        for kind, fan in enumerate(fans):
            is_its_kind = swipe % 2 == 0
            number = 5 * (11 * swipe + kind) + (kind if is_its_kind else (kind + 1 + swipe % 4) % 5)
            one = (await fan.json("GET", f"/api/clips/{id_text(filled.clip_ids[number % 400])}"))["served"]
            assert (share([one], kind) == 1) == is_its_kind
            watched = {"watched_ms": one["clip"]["duration_ms"], "completions": 1}
            watch = watch_of(one, **(watched if is_its_kind else {"watched_ms": 700, "skipped": True}))
            await report(fan, f"swipe-{swipe:03}", [watch])
    shares = [share(await swipe_pages(fan, 1, count=10), kind) for kind, fan in enumerate(fans)]
    new = await swipe_pages(await idle.new_client(), 1, count=10)
    assert min(shares) >= 0.3, shares
    assert sum(shares) / 5 >= 0.5, shares
    assert sum(share(new, kind) for kind in range(5)) / 5 == pytest.approx(0.2)


async def test_a_feed_that_is_begun_anew_is_a_newcomers_on_the_next_page_and_the_follows_stay(idle: Running) -> None:
    await publish(idle, 60, authors=12, sounds=0, tags=5)
    client = await idle.new_client()
    assert await client.refusal("POST", "/api/feeds/for-you/reset") == (401, "sign-in-needed")
    await client.sign_up("begin.anew")
    await client.json("PUT", "/api/accounts/author1_3/follow")
    path = "/api/feeds/for-you?count=8"
    first = (await client.json("GET", path))["clips"]
    learned = [watch_of(one, watched_ms=one["clip"]["duration_ms"], completions=1) for one in first[:6]]
    await report(client, "the-first-page", [*learned, watch_of(first[6], not_interested=True)])

    async def terms_of(served: list[dict[str, Any]]) -> set[str]:
        said = [await client.json("GET", f"/api/why/{one['page_id']}/{one['position']}") for one in served]
        return {term["name"] for why in said for term in why["terms"]}

    fond = (await client.json("GET", path))["clips"]
    assert {"tags", "author"} & await terms_of(fond)
    assert not {one["clip"]["id"] for one in fond} & {one["clip"]["id"] for one in first}
    for address in ("/api/feeds/for-you/reset", "/forms/reset-feed"):
        if address.startswith("/api"):
            await client.json("POST", address, status=204)
        else:
            answer = await client.request("POST", address, data={"csrf": client.csrf}, allow_redirects=False)
            assert (answer.status, answer.headers["location"]) == (303, "/settings?done=feed")
        anew = await swipe_pages(client, 8)
        assert len({one["clip"]["id"] for one in first} & {one["clip"]["id"] for one in anew}) > 4
        assert await terms_of(anew[:8]) <= {"quality", "trying", "fresh", "follow"}
        assert "follow" in await terms_of(anew)


async def test_a_withheld_clip_is_in_no_feed_from_the_moment_that_the_order_is_in_force(idle: Running) -> None:
    filled = await publish(idle, 12, authors=6, sounds=0)
    withheld = filled.clip_ids[:6]
    order = Withholding("A court", "1/26", "By order.", 1, None)

    async def withhold(transaction: object) -> None:
        for number, clip_id in enumerate(withheld):
            await withholdings.insert(transaction, number + 1, clip_id, order)  # type: ignore[arg-type]

    await idle.database.transact(withhold)
    served = await swipe_pages(await idle.new_client(), 5)
    assert served
    assert not {one["clip"]["id"] for one in served} & {id_text(clip_id) for clip_id in withheld}


async def test_two_pages_asked_for_at_once_share_no_clip(idle: Running) -> None:
    await publish(idle, 100, authors=20)
    client = await idle.new_client()
    await client.json("GET", "/api/feeds/for-you?count=1")
    got = await asyncio.gather(*(client.json("GET", "/api/feeds/for-you?count=6") for _ in range(6)))
    ids = [one["clip"]["id"] for page in got for one in page["clips"]]
    assert len(ids) == 36 == len(set(ids))


async def test_a_watch_says_whether_its_clip_was_put_before_the_viewer_or_looked_for(idle: Running) -> None:
    await publish(idle, 8, authors=4)
    client = await idle.new_client()
    put = (await client.json("GET", "/api/feeds/for-you"))["clips"][0]
    sought = (await client.json("GET", f"/api/clips/{put['clip']['id']}"))["served"]
    await report(client, "both-surfaces", [watch_of(put, watched_ms=900), watch_of(sought, watched_ms=5000)])
    (batch,) = await watch_log.after(idle.database, 0, 10)
    rows = watch_rows(batch.batch)
    assert rows[:, kernels.W_WATCHED_MS].tolist() == [900, 5000]
    assert rows[:, kernels.W_SURFACE].tolist() == [Surface.PAGE, Surface.APART]
