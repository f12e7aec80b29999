"""Following, profiles and single clips: lists by time, whose clips leave impressions as well."""

import itertools
import re
from collections.abc import Sequence

import pytest

from freehold.backends.database import Transaction
from freehold.domain.ids import AccountId, ClipId, SoundId, id_text, parse_id
from freehold.domain.making import Layout, Making, MakingKind
from freehold.feed import feed
from freehold.store import clip as clips
from freehold.store import making as makings
from freehold.store import sound as sounds
from tests.api.made import NOW_US, make_clip
from tests.conftest import Client, Running
from tests.feed.catalogue import publish, report, swipe_pages, watch_of


async def test_following_shows_the_newest_of_those_followed_and_goes_on_where_it_stopped(idle: Running) -> None:
    filled = await publish(idle, 30, authors=5, sounds=0)
    client = await idle.new_client()
    await client.sign_up("fay")
    assert (await client.json("GET", "/api/feeds/following"))["is_end"]
    for number in (1, 2):
        await client.json("PUT", f"/api/accounts/author1_{number}/follow")
    expected = {id_text(clip_id) for n, clip_id in enumerate(filled.clip_ids) if n % 5 in (1, 2)}
    first = await client.json("GET", "/api/feeds/following?count=5")
    second = await client.json("GET", "/api/feeds/following?count=10")
    served = first["clips"] + second["clips"]
    assert not first["is_end"]
    assert second["is_end"]
    assert [one["clip"]["id"] for one in served[:2]] == [id_text(filled.clip_ids[n]) for n in (27, 26)]
    assert {one["clip"]["id"] for one in served} == expected
    assert all(a["clip"]["author"] != b["clip"]["author"] for a, b in itertools.pairwise(served))
    assert {one["source"] for one in served} == {"chronological"}


async def test_following_looks_further_back_where_many_in_a_row_are_by_one_account(idle: Running) -> None:
    filled = await publish(idle, 30, authors=2, sounds=0)
    one, other = filled.author_ids
    for author_id, clip_ids in ((one, filled.clip_ids[-12:]), (other, filled.clip_ids[:-12])):
        rows = [(clip_id, author_id) for clip_id in clip_ids]
        await idle.database.transact(
            lambda tx, rows=rows: tx.execute_many("UPDATE clip SET author_id = $2 WHERE id = $1", rows)
        )
    client = await idle.new_client()
    await client.sign_up("fay")
    for number in (0, 1):
        await client.json("PUT", f"/api/accounts/author1_{number}/follow")
    page = await client.json("GET", "/api/feeds/following?count=5")
    assert [one["clip"]["author"]["handle"][-1] for one in page["clips"]] == list("01010")
    served = page["clips"]
    while not page["is_end"]:
        page = await client.json("GET", "/api/feeds/following")
        served += page["clips"]
    ids = [one["clip"]["id"] for one in served]
    assert len(ids) == len(set(ids)) == 30, "nothing of what was looked at is lost"


async def test_following_asks_for_an_account(idle: Running) -> None:
    assert await (await idle.new_client()).refusal("GET", "/api/feeds/following") == (401, "sign-in-needed")


async def test_a_profile_is_newest_first_and_goes_on_before_its_last(idle: Running) -> None:
    filled = await publish(idle, 30, authors=3)
    client = await idle.new_client()
    first = await client.json("GET", "/api/accounts/author1_0/clips?count=6")
    last = first["clips"][-1]["clip"]["id"]
    second = await client.json("GET", f"/api/accounts/author1_0/clips?count=6&before={last}")
    ids = [one["clip"]["id"] for one in first["clips"] + second["clips"]]
    assert ids == [id_text(clip_id) for clip_id in reversed(filled.clip_ids[::3])]
    assert (first["is_end"], second["is_end"]) == (False, True)


async def set_audience(server: Running, clip_ids: Sequence[ClipId], audience: str) -> None:
    """As if their author had said so when they were published; the learner is told nothing of it."""

    async def work(transaction: Transaction) -> None:
        rows = [(clip_id, audience) for clip_id in clip_ids]
        await transaction.execute_many("UPDATE clip SET audience = $2 WHERE id = $1", rows)

    await server.database.transact(work)


async def test_behind_many_clips_for_followers_a_stranger_still_finds_the_older_public_ones(idle: Running) -> None:
    filled = await publish(idle, 260, authors=1, tags=1)
    await set_audience(idle, filled.clip_ids[10:], "followers")
    client = await idle.new_client()
    path = "/api/accounts/author1_0/clips?count=6"
    first = await client.json("GET", path)
    second = await client.json("GET", f"{path}&before={first['before']}")
    ids = [one["clip"]["id"] for one in first["clips"] + second["clips"]]
    assert ids == [id_text(clip_id) for clip_id in reversed(filled.clip_ids[:10])]
    assert (first["is_end"], second["is_end"], second["before"]) == (False, True, None)
    for page in ("/@author1_0", "/tag/tag0"):
        html = await (await client.request("GET", page)).text()
        assert all(id_text(clip_id) in html for clip_id in filled.clip_ids[:10]), page
        assert "?before=" not in html


async def test_where_very_many_in_a_row_are_not_for_you_the_page_says_what_to_go_on_from(
    idle: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "JUDGED_AT_MOST", 100)
    filled = await publish(idle, 260, authors=1)
    await set_audience(idle, filled.clip_ids[10:], "private")
    client = await idle.new_client()
    ids, before, pages = [], "", 0
    while before is not None:
        page = await client.json("GET", f"/api/accounts/author1_0/clips?count=30{before and f'&before={before}'}")
        ids += [one["clip"]["id"] for one in page["clips"]]
        before, pages = page["before"], pages + 1
    assert ids == [id_text(clip_id) for clip_id in reversed(filled.clip_ids[:10])]
    assert pages > 1


async def test_what_following_showed_comes_back_neither_there_nor_in_for_you(idle: Running) -> None:
    filled = await publish(idle, 40, authors=2, sounds=0)
    await set_audience(idle, filled.clip_ids[1::4], "followers")
    client = await idle.new_client()
    await client.sign_up("fen")
    for number in (0, 1):
        await client.json("PUT", f"/api/accounts/author1_{number}/follow")
    shown = []
    for _ in range(4):
        page = await client.json("GET", "/api/feeds/following?count=5")
        shown += [one["clip"]["id"] for one in page["clips"]]
        await report(client, f"page-{page['page_id']}", [watch_of(one, watched_ms=900) for one in page["clips"]])
    assert len(set(shown)) == 20
    drawn = {one["clip"]["id"] for one in await swipe_pages(client, 10)}
    assert drawn, "there is more than Following showed"
    assert not drawn & set(shown)


async def test_following_goes_on_behind_hundreds_that_were_seen_until_nothing_is_left(
    idle: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "FOUND_AT_ONCE", 20)
    monkeypatch.setattr(feed, "PAGES_BACK", 1)
    filled = await publish(idle, 100, authors=1, sounds=0)
    await set_audience(idle, filled.clip_ids[50:], "followers")
    client = await idle.new_client()
    await client.sign_up("fox")
    await client.json("PUT", "/api/accounts/author1_0/follow")
    shown = []
    for number in range(10):
        page = await client.json("GET", "/api/feeds/following?count=10")
        shown += [one["clip"]["id"] for one in page["clips"]]
        assert page["is_end"] == (number == 9)
        watched = page["clips"][: 10 if number < 5 else 8]
        await report(client, f"page-{number:03}", [watch_of(one, watched_ms=900) for one in watched])
    assert shown == [id_text(clip_id) for clip_id in reversed(filled.clip_ids)]
    again = await client.json("GET", "/api/feeds/following?count=30")
    assert [one["clip"]["id"] for one in again["clips"]] == [
        shown[ten + at] for ten in range(50, 100, 10) for at in (8, 9)
    ]
    await report(client, "the-others", [watch_of(one, watched_ms=900) for one in again["clips"]])
    last = await client.json("GET", "/api/feeds/following?count=10")
    assert (last["clips"], last["is_end"], last["before"]) == ([], True, None)


async def test_a_watch_of_a_clip_that_was_opened_by_its_link_counts(idle: Running) -> None:
    filled = await publish(idle, 4, authors=2)
    client = await idle.new_client()
    answer = await client.json("GET", f"/api/clips/{id_text(filled.clip_ids[0])}")
    assert answer["served"]["source"] == "direct"
    assert await report(client, "by-link-1", [watch_of(answer["served"], watched_ms=900)]) == {
        "accepted": 1,
        "repeated": False,
    }
    assert idle.server.feed.learning.learner.learned_count == 1


async def test_a_clip_that_is_not_there_is_absent(idle: Running) -> None:
    client = await idle.new_client()
    assert await client.refusal("GET", "/api/clips/0000000000000") == (404, "clip-absent")
    assert await client.refusal("GET", "/api/accounts/nobody/clips") == (404, "account-absent")


async def test_a_page_asked_for_with_head_was_shown_to_nobody(idle: Running) -> None:
    filled = await publish(idle, 10, authors=1, tags=1)
    client = await idle.new_client()
    link = f"/@author1_0/video/{id_text(filled.clip_ids[0])}"
    for path in ("/", "/feed/for-you.html", "/@author1_0", "/tag/tag0", link, "/api/feeds/for-you"):
        assert (await client.request("HEAD", path)).status == 200, path
    assert (await idle.database.fetch("SELECT COUNT(*) AS count FROM page"))[0]["count"] == 0
    await client.request("GET", "/")
    assert (await idle.database.fetch("SELECT COUNT(*) AS count FROM page"))[0]["count"] == 1


async def test_a_sound_has_its_clips_newest_first_and_is_nobodys_who_may_see_none(idle: Running) -> None:
    filled = await publish(idle, 12, authors=4, sounds=2, tags=1)
    client = await idle.new_client()
    (sound,) = await idle.database.fetch("SELECT sound_id FROM clip WHERE id = $1", filled.clip_ids[1])
    rows = await idle.database.fetch("SELECT id FROM clip WHERE sound_id = $1 ORDER BY id DESC", sound["sound_id"])
    ids, sound_id = [id_text(row["id"]) for row in rows], id_text(sound["sound_id"])
    assert len(ids) > 2
    first = await client.json("GET", f"/api/sounds/{sound_id}/clips?count=2")
    rest = await client.json("GET", f"/api/sounds/{sound_id}/clips?before={first['before']}")
    assert [one["clip"]["id"] for one in first["clips"] + rest["clips"]] == ids
    past = await client.json("GET", f"/api/sounds/{sound_id}/clips?before={ids[-1]}")
    assert (past["clips"], past["is_end"]) == ([], True)
    html = await (await client.request("GET", f"/sound/{sound_id}")).text()
    assert re.findall(r'href="/@[^/]+/video/(\w+)\?sound=', html) == ids
    opened = await (await client.request("GET", f"{first['clips'][0]['clip']['url']}?sound={sound_id}")).text()
    assert f'data-more="/sound/{sound_id}/clips.html"' in opened and f'class="chip" href="/sound/{sound_id}"' in opened
    more = await (await client.request("GET", f"/sound/{sound_id}/clips.html?before={ids[0]}")).text()
    assert re.findall(r'<article[^>]* data-id="(\w+)"', more) == ids[1:]
    assert (await client.request("GET", f"/sound/{sound_id}?before={ids[-1]}")).headers[
        "location"
    ] == f"/sound/{sound_id}"
    await set_audience(idle, [row["id"] for row in rows], "private")
    assert await client.refusal("GET", f"/api/sounds/{sound_id}/clips") == (404, "sound-absent")
    for path in (f"/sound/{sound_id}", "/sound/0000000000001", "/sound/nothing"):
        assert (await client.request("GET", path)).status == 404, path


async def test_lists_by_time_have_a_clip_where_it_came_out_and_go_on_behind_one_that_is_gone(idle: Running) -> None:
    """What was begun first came out last; two at the same moment."""
    ana, fen, tia = [await idle.new_client() for _ in range(3)]
    author = parse_id((await ana.sign_up("ana"))["id"]) or 0
    other = parse_id((await fen.sign_up("fen"))["id"]) or 0
    await tia.sign_up("tia")
    backends = idle.server.backends
    source = await make_clip(backends, other)
    clips_ = sorted([await make_clip(backends, author, is_published=False, tags=("out",)) for _ in range(4)])
    making = Making(MakingKind.DUET, source, Layout.BESIDE, 5_000, 100, 100)

    async def work(transaction: Transaction) -> None:
        await sounds.insert(transaction, SoundId(7), AccountId(author), "", clips_[0], 0)
        for clip_id, hours in zip(clips_, (9, 1, 2, 2), strict=True):
            await clips.set_facts(transaction, clip_id, sound_id=SoundId(7))
            await makings.insert(transaction, clip_id, making)
            await clips.set_published(transaction, clip_id, NOW_US + hours * 3_600_000_000)

    await idle.database.transact(work)
    await fen.json("PUT", "/api/accounts/ana/follow")
    await tia.json("PUT", "/api/tags/out/follow")
    expected = [id_text(clips_[n]) for n in (0, 3, 2, 1)]

    async def read(client: Client, path: str, behind: str | None = None) -> list[str]:
        page = await client.json("GET", f"{path}?count=1{(behind and f'&before={behind}') or ''}")
        ids = [one["clip"]["id"] for one in page["clips"]]
        return ids + (await read(client, path, page["before"]) if page["before"] else [])

    lists = ("accounts/ana/clips", "tags/out/clips", f"sounds/{id_text(7)}/clips", f"clips/{id_text(source)}/made-with")
    for name in lists:
        assert await read(ana, f"/api/{name}") == expected, name
        assert await read(ana, f"/api/{name}", expected[1]) == expected[2:], name
    for reader in (fen, tia):
        assert await read(reader, "/api/feeds/following") == expected
    first = [await ana.json("GET", f"/api/{name}?count=1") for name in lists]
    html = await (await ana.request("GET", "/tag/out/clips.html?count=1")).text()
    assert f'data-before="{first[1]["before"]}"' in html
    await ana.json("POST", f"/api/clips/{expected[0]}/withdraw")
    for name, page in zip(lists, first, strict=True):
        assert await read(ana, f"/api/{name}", page["before"]) == expected[1:], name
        assert await read(ana, f"/api/{name}") == expected[1:], name
    await ana.json("POST", f"/api/clips/{expected[2]}/publish")
    await ana.json("PATCH", f"/api/clips/{expected[3]}", {"caption": "Only #this"})
    assert await read(ana, "/api/tags/out/clips") == expected[1:3]
    assert await read(ana, "/api/tags/this/clips") == expected[3:]
    for bad in ("x", expected[0] + "x", expected[0] * 3):
        assert (await ana.refusal("GET", f"/api/tags/out/clips?before={bad}"))[1] == "bad-query"
