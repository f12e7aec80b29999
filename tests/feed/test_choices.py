"""What viewers choose for their feeds, over HTTP: in force on the next page, journalled, erased with the account."""

import json
from typing import Any

from freehold.actions.choices import WISH_LIMIT
from freehold.domain.ids import id_text, parse_id
from freehold.feed.replay import Replay, Selection
from tests.conftest import Client, Running
from tests.feed.catalogue import publish, report, swipe_pages, watch_of

WISHES = "/api/feeds/for-you/wishes"
MUTED = "/api/feeds/muted-words"
PROFILING = "/api/feeds/for-you/profiling"


async def terms_of(client: Client, served: list[dict[str, Any]]) -> list[dict[str, dict[str, Any]]]:
    said = [await client.json("GET", f"/api/why/{one['page_id']}/{one['position']}") for one in served]
    return [{term["name"]: term for term in why["terms"]} for why in said]


def seen_to_its_end(served: dict[str, Any]) -> dict[str, Any]:
    return watch_of(served, watched_ms=served["clip"]["duration_ms"], completions=1)


async def assert_all_replay(server: Running) -> int:
    """How many pages of For You come out to the last bit, as all of them must."""
    replay = Replay(server.database, server.server.backends.blobs)
    found = [one async for one in replay.pages(await Selection().wanted(server.database))]
    assert [one.differences for one in found if one.differences] == []
    assert replay.faults == []
    return len(found)


async def test_none_at_all_of_a_tag_or_an_author_holds_from_the_next_page_on(idle: Running) -> None:
    await publish(idle, 120, authors=12, sounds=0, tags=5)
    client = await idle.new_client()
    assert await client.refusal("GET", WISHES) == (401, "sign-in-needed")
    await client.sign_up("picky")
    first = await swipe_pages(client, 1)
    tag, handle = first[0]["clip"]["tags"][0], first[1]["clip"]["author"]["handle"]
    assert await client.json("PUT", f"{WISHES}/tag/%23{tag.upper()}", {"level": -2}) == {
        "kind": "tag", "name": tag, "level": -2,
    }  # fmt: skip
    await client.json("PUT", f"{WISHES}/author/{handle}", {"level": -2})
    rest = await swipe_pages(client, 12)
    assert len(rest) > 30
    assert not any(tag in one["clip"]["tags"] or one["clip"]["author"]["handle"] == handle for one in rest)
    other = await swipe_pages(await idle.new_client(), 12)
    assert any(tag in one["clip"]["tags"] for one in other)
    assert await client.json("GET", WISHES) == {
        "wishes": [{"kind": "tag", "name": tag, "level": -2}, {"kind": "author", "name": handle, "level": -2}],
        "limit": WISH_LIMIT,
    }
    await client.json("PUT", f"{WISHES}/tag/{tag}", {"level": 0})
    assert any(tag in one["clip"]["tags"] for one in await swipe_pages(client, 3))
    assert await assert_all_replay(idle) > 20


async def test_more_and_fewer_move_the_next_page_and_why_says_so(idle: Running) -> None:
    await publish(idle, 200, authors=21, sounds=0, tags=5)
    client = await idle.new_client()
    await client.sign_up("wisher")
    await client.json("PUT", f"{WISHES}/tag/tag1", {"level": 2})
    await client.json("PUT", f"{WISHES}/tag/tag2", {"level": -1})
    served = await swipe_pages(client, 2)
    assert sum("tag1" in one["clip"]["tags"] for one in served) >= 12
    for one, terms in zip(served, await terms_of(client, served), strict=True):
        tags = one["clip"]["tags"]
        level = sum({"tag1": 2, "tag2": -1}.get(tag, 0) for tag in tags) / len(tags)
        assert terms.get("wish", {}).get("value", 0) == level / 4
        if level:
            assert terms["wish"]["text"] == f"You asked for {'more' if level > 0 else 'fewer'} of this"
    await client.json("POST", "/api/feeds/for-you/reset", status=204)
    assert any("wish" in terms for terms in await terms_of(client, await swipe_pages(client, 1))), "it stays"


async def test_a_wish_that_is_none_is_refused_by_name(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    for path, body, refusal in (
        ("tag/cats", {"level": 3}, (400, "wish-level")),
        ("tag/cats", {"level": "1"}, (400, "bad-body")),
        ("tag/cats", {}, (400, "bad-body")),
        ("tag/two%20words", {"level": 1}, (400, "wish-tag")),
        ("tag/" + "x" * 65, {"level": 1}, (400, "tag-too-long")),
        ("author/nobody.here", {"level": 1}, (404, "account-absent")),
        ("author/nobody.here", {"level": 0}, (404, "account-absent")),
    ):
        assert await client.refusal("PUT", f"{WISHES}/{path}", body) == refusal, path
    assert (await client.request("PUT", f"{WISHES}/sound/x", json={"level": 1})).status == 404
    account_id = (await idle.database.fetch("SELECT id FROM account WHERE handle = 'ada'"))[0]["id"]
    rows = [(account_id, f"t{n}") for n in range(WISH_LIMIT - 1)]
    await idle.database.transact(
        lambda tx: tx.execute_many(
            "INSERT INTO feed_wish (account_id, kind, tag, author_id, level) VALUES ($1, 'tag', $2, 0, 1)", rows
        )
    )
    await client.json("PUT", f"{WISHES}/tag/the.last".replace(".", "_"), {"level": 1})
    assert await client.refusal("PUT", f"{WISHES}/tag/one_more", {"level": 1}) == (413, "wishes-many")
    assert (await client.json("PUT", f"{WISHES}/tag/t5", {"level": -1}))["level"] == -1, "changing one is no more"


async def test_the_journal_has_each_choice_once_and_none_of_its_words(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    await (await idle.new_client()).sign_up("otto")
    for _ in range(2):
        await client.json("PUT", f"{WISHES}/tag/secretive", {"level": 1})
        await client.json("PUT", f"{WISHES}/author/otto", {"level": -1})
        await client.json("PUT", MUTED, {"words": ["secretive words"]})
        await client.json("PUT", PROFILING, {"is_on": False}, status=204)
    rows = await idle.database.fetch("SELECT * FROM journal WHERE kind LIKE 'feed.%' ORDER BY seq")
    kinds = [row["kind"] for row in rows if row["kind"] != "feed.weights-changed"]
    assert kinds == ["feed.wished", "feed.wished", "feed.muted-words-changed", "feed.profiling-changed"]
    said = " ".join(row["detail"] for row in rows)
    assert "secretive" not in said and "otto" not in said
    assert json.loads(rows[-1]["detail"]) == {"is_on": 0}


async def test_muted_words_are_left_out_of_for_you_and_following_and_open_at_their_link_and_profile(
    idle: Running,
) -> None:
    await publish(idle, 60, authors=6, sounds=0, tags=5)
    client = await idle.new_client()
    await client.sign_up("quiet")
    await swipe_pages(client, 1, count=1)
    assert await client.json("GET", MUTED) == {"words": [], "limit": 500}
    words = {"words": ["TAG1", "#tag2", "tag1"]}
    assert await client.json("PUT", MUTED, words) == {"words": ["TAG1", "#tag2"], "limit": 500}
    assert (await client.json("GET", MUTED))["words"] == ["TAG1", "#tag2"]
    served = await swipe_pages(client, 12)
    assert len(served) > 15
    assert not any({"tag1", "tag2"} & set(one["clip"]["tags"]) for one in served)
    handle = served[0]["clip"]["author"]["handle"]
    await client.json("PUT", f"/api/accounts/{handle}/follow")
    followed = (await client.json("GET", "/api/feeds/following"))["clips"]
    profile = (await client.json("GET", f"/api/accounts/{handle}/clips?count=30"))["clips"]
    assert not any({"tag1", "tag2"} & set(one["clip"]["tags"]) for one in followed)
    assert any({"tag1", "tag2"} & set(one["clip"]["tags"]) for one in profile)
    muted = next(one["clip"]["id"] for one in profile if "tag1" in one["clip"]["tags"])
    assert (await client.json("GET", f"/api/clips/{muted}"))["served"]["clip"]["id"] == muted
    assert await assert_all_replay(idle) > 2
    await client.json("DELETE", MUTED, status=204)
    assert await client.json("GET", MUTED) == {"words": [], "limit": 500}
    assert any({"tag1", "tag2"} & set(one["clip"]["tags"]) for one in await swipe_pages(client, 2))


async def test_who_mutes_nearly_everything_is_still_shown_all_of_the_rest(idle: Running) -> None:
    """More clips are muted than are gathered for a page, and the muted ones are those that are watched best."""
    await publish(idle, 500, authors=51, sounds=0, tags=10)
    crowd = [await idle.new_client() for _ in range(3)]
    for fan in crowd:
        for number in range(4):
            served = [one for one in await swipe_pages(fan, 1, count=20) if "tag0" not in one["clip"]["tags"]]
            await report(fan, f"page-of-it-{number}", [seen_to_its_end(one) for one in served])
    client = await idle.new_client()
    await client.sign_up("hermit")
    await client.json("PUT", MUTED, {"words": [f"#tag{n}" for n in range(1, 10)]})
    rows = await idle.database.fetch("SELECT clip_id FROM clip_tag WHERE tag = 'tag0'")
    left = {id_text(row["clip_id"]) for row in rows}
    assert len(left) > 20
    served = await swipe_pages(client, 30, count=4)
    assert {one["clip"]["id"] for one in served} == left
    assert await assert_all_replay(idle) > 15


async def test_a_feed_that_is_not_profiled_uses_nothing_of_the_viewer_and_says_so(idle: Running) -> None:
    await publish(idle, 160, authors=16, sounds=0, tags=5)
    client = await idle.new_client()
    assert await client.refusal("PUT", PROFILING, {"is_on": False}) == (401, "sign-in-needed")
    await client.sign_up("private")
    await client.json("PUT", "/api/accounts/author1_3/follow")
    assert await client.json("GET", PROFILING) == {"is_on": True}
    first = await swipe_pages(client, 1)
    await report(client, "the-first-page", [seen_to_its_end(one) for one in first])
    fond = await swipe_pages(client, 1)
    assert any({"tags", "author", "near"} & set(terms) for terms in await terms_of(client, fond))
    await client.json("PUT", PROFILING, {"is_on": False}, status=204)
    assert await client.json("GET", PROFILING) == {"is_on": False}
    plain = await swipe_pages(client, 6)
    assert not {one["clip"]["id"] for one in first} & {one["clip"]["id"] for one in plain}
    assert all(set(terms) <= {"quality", "trying", "fresh", "follow"} for terms in await terms_of(client, plain))
    assert not {"tag", "author", "transition"} & {one["source"] for one in plain}
    assert any("follow" in terms for terms in await terms_of(client, plain))
    for one, is_profiled in ((fond[0], True), (plain[0], False)):
        why = await client.json("GET", f"/api/why/{one['page_id']}/{one['position']}")
        page = await (await client.request("GET", f"/why/{one['page_id']}/{one['position']}")).text()
        assert why["is_profiled"] is is_profiled
        assert ("Not profiled" in page) is not is_profiled
    await client.json("POST", "/api/feeds/for-you/reset", status=204)
    one = (await swipe_pages(client, 1))[0]
    assert not (await client.json("GET", f"/api/why/{one['page_id']}/0"))["is_profiled"], "beginning anew keeps to it"
    await client.json("PUT", PROFILING, {"is_on": True}, status=204)
    await report(client, "later-page", [seen_to_its_end(one)])
    assert any({"tags", "author"} & set(terms) for terms in await terms_of(client, await swipe_pages(client, 2)))
    assert await assert_all_replay(idle) > 8


async def test_the_settings_work_by_forms_and_show_what_was_chosen(idle: Running) -> None:
    await publish(idle, 30, authors=5, sounds=0, tags=3)
    client = await idle.new_client()
    await client.sign_up("formal")

    async def send(form: str, **fields: str) -> tuple[int, str]:
        answer = await client.request(
            "POST", f"/forms/{form}", data={"csrf": client.csrf, **fields}, allow_redirects=False
        )
        return answer.status, answer.headers.get("location") or await answer.text()

    after = "/settings?done=choice"
    assert await send("wish", kind="tag", name="#Kilns", level="2") == (303, after)
    assert await send("wish", kind="author", name="author1_1", level="-2") == (303, after)
    assert await send("muted-words", words="spoiler\r\n\r\n the end \r\n") == (303, after)
    assert await send("profiling") == (303, after)
    assert (await client.json("GET", WISHES))["wishes"] == [
        {"kind": "tag", "name": "kilns", "level": 2},
        {"kind": "author", "name": "author1_1", "level": -2},
    ]
    assert (await client.json("GET", MUTED))["words"] == ["spoiler", "the end"]
    assert await client.json("GET", PROFILING) == {"is_on": False}
    text = await (await client.request("GET", after)).text()
    assert "Saved. It holds from the next page on." in text
    assert "#kilns" in text and "@author1_1" in text and "#tag0" in text, "the largest tags are offered too"
    assert ">\nspoiler\nthe end</textarea>" in text
    for form, fields, said in (
        ("wish", {"kind": "tag", "name": "two words", "level": "1"}, "A tag is one word"),
        ("wish", {"kind": "tag", "name": "x", "level": "lots"}, "says no level"),
        ("muted-words", {"words": "!!!"}, "that could be matched"),
    ):
        status, text = await send(form, **fields)
        assert status == 400 and said in text
    assert await send("profiling", on="1") == (303, after)
    assert await client.json("GET", PROFILING) == {"is_on": True}


async def test_what_was_chosen_is_erased_with_the_account_and_with_the_author(idle: Running) -> None:
    client, otto = await idle.new_client(), await idle.new_client()
    account_id = parse_id((await client.sign_up("ada"))["id"])
    await otto.sign_up("otto")
    await otto.json("PUT", f"{WISHES}/tag/x1", {"level": 1})
    await client.json("PUT", f"{WISHES}/tag/x1", {"level": 1})
    await client.json("PUT", f"{WISHES}/author/otto", {"level": 1})
    await client.json("PUT", MUTED, {"words": ["x"]})
    await otto.json("DELETE", "/api/account", {"password": "correct horse battery"}, status=204)
    assert [one["name"] for one in (await client.json("GET", WISHES))["wishes"]] == ["x1"]
    assert len(await idle.database.fetch("SELECT 1 FROM feed_wish")) == 1
    await client.json("DELETE", "/api/account", {"password": "correct horse battery"}, status=204)
    for table in ("feed_wish", "feed_choice", "told_wish"):
        assert await idle.database.fetch(f"SELECT 1 FROM {table} WHERE account_id = $1", account_id or 0) == [], table
