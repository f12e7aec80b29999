"""Reposts over HTTP: made, changed, taken back, shown to who follows, and judged like the clip itself."""

from typing import Any

from freehold.domain.clip import Audience
from freehold.domain.ids import ClipId, id_text, parse_id
from freehold.store import journal, withholding
from tests.api.made import ORDER, make_clip
from tests.conftest import Client, Running

PASSWORD = "correct horse battery"


class Circle:
    """Ana makes clips, Ben reposts them, Cy follows Ben."""

    def __init__(self, running: Running, people: dict[str, Client], ids: dict[str, int]) -> None:
        self.running, self.ids = running, ids
        self.ana, self.ben, self.cy = (people[handle] for handle in ("ana", "ben", "cy"))

    async def clip(self, by: str = "ana", **more: Any) -> ClipId:
        return await make_clip(self.running.server.backends, self.ids[by], **more)

    async def repost(self, who: Client, clip_id: ClipId, text: str = "") -> Any:
        return await who.json("PUT", f"/api/clips/{id_text(clip_id)}/repost", {"text": text})

    async def followed(self) -> list[tuple[str, tuple[str, str] | None]]:
        """The next page of Following for Cy: each clip, with who reposted it and the word."""
        page = await self.cy.json("GET", "/api/feeds/following?count=10")
        return [
            (one["clip"]["id"], (one["repost"]["by"]["handle"], one["repost"]["text"]) if one["repost"] else None)
            for one in page["clips"]
        ]


async def circle(running: Running) -> Circle:
    people = {handle: await running.new_client() for handle in ("ana", "ben", "cy")}
    ids = {handle: parse_id((await client.sign_up(handle))["id"]) or 0 for handle, client in people.items()}
    made = Circle(running, people, ids)
    await made.cy.json("PUT", "/api/accounts/ben/follow")
    return made


async def test_a_repost_is_made_once_changed_and_taken_back(idle: Running) -> None:
    here = await circle(idle)
    clip_id = await here.clip()
    path = f"/api/clips/{id_text(clip_id)}/repost"
    for text in ("  Look\nhere ", "Look here", "Or there"):
        answer = await here.repost(here.ben, clip_id, text)
    assert answer == {"repost_count": 1, "is_reposted": True, "text": "Or there"}
    assert (await here.repost(here.cy, clip_id))["repost_count"] == 2
    for _ in range(2):
        assert await here.ben.json("DELETE", path) == {"repost_count": 1, "is_reposted": False, "text": None}
    assert (await here.ben.json("GET", path.removesuffix("/repost")))["served"]["clip"]["repost_count"] == 1
    await here.cy.json("DELETE", "/api/account", {"password": PASSWORD}, status=204)
    assert (await here.ben.json("GET", path.removesuffix("/repost")))["served"]["clip"]["repost_count"] == 0
    kinds = [entry.kind.value for entry in await journal.after(idle.database, 0, 100) if "repost" in entry.kind.value]
    assert kinds == ["clip.reposted", "clip.repost-changed", "clip.reposted", "clip.unreposted"]
    for text, code in ("x" * 151, "repost-long"), ("a\x00", "repost-characters"), ("\u202e", "repost-characters"):
        assert await here.ben.refusal("PUT", path, {"text": text}) == (400, code)
    assert await here.ana.refusal("PUT", path, {}) == (400, "repost-own")
    await here.ben.json("PUT", "/api/accounts/ana/follow")
    close = f"/api/clips/{id_text(await here.clip(audience=Audience.FOLLOWERS))}/repost"
    assert await here.ben.refusal("PUT", close, {}) == (403, "repost-not-public")
    private = f"/api/clips/{id_text(await here.clip(audience=Audience.PRIVATE))}/repost"
    assert await here.ben.refusal("PUT", private, {}) == (404, "clip-absent")


async def test_a_repost_stands_in_following_with_its_word_at_the_time_it_was_made(idle: Running) -> None:
    here = await circle(idle)
    old, own = await here.clip(), await here.clip("ben")
    await here.repost(here.ben, old, "Still good")
    page = await here.followed()
    assert page == [(id_text(old), ("ben", "Still good")), (id_text(own), None)], "the repost is newer than the clips"
    await here.ben.json("PUT", f"/api/clips/{id_text(await here.clip())}/repost", {})
    assert len(await here.followed()) == 1, "what was shown does not come again"


async def test_what_is_left_of_reposts_comes_when_following_is_asked_for_from_the_top(idle: Running) -> None:
    here = await circle(idle)
    reposted = [await here.clip() for _ in range(5)]
    for clip_id in reposted:
        await here.repost(here.ben, clip_id, f"{clip_id}")
    seen: list[str] = []
    page = await here.cy.json("GET", "/api/feeds/following?count=2")
    while page["clips"]:
        seen += [one["clip"]["id"] for one in page["clips"]]
        if page["is_end"]:
            break
        page = await here.cy.json("GET", f"/api/feeds/following?count=2&before={page['before']}")
    assert sorted(seen) == sorted(map(id_text, reposted)), "each once"


async def test_a_repost_is_left_out_where_the_viewer_asked_for_that(idle: Running) -> None:
    here = await circle(idle)
    muted, unwanted, ones_own = await here.clip(), await here.clip("ana"), await here.clip("cy")
    await here.repost(here.ben, muted, "A spoiler!")
    await here.repost(here.ben, ones_own, "Yours")
    await here.cy.json("PUT", "/api/feeds/muted-words", {"words": ["spoiler"]})
    assert await here.followed() == []
    await here.cy.json("PUT", "/api/feeds/for-you/wishes/author/ana", {"level": -2})
    await here.repost(here.ben, unwanted, "Fine words")
    assert await here.followed() == []
    await here.cy.json("PUT", "/api/feeds/for-you/wishes/author/ana", {"level": 0})
    assert await here.followed() == [(id_text(unwanted), ("ben", "Fine words"))]
    await here.ben.json("PUT", "/api/accounts/cy/follow")
    assert (await here.cy.json("GET", "/api/accounts/ben/reposts"))["clips"][0]["repost"]["text"] == "Fine words"


async def test_what_was_reposted_is_listed_newest_first_with_its_words(idle: Running) -> None:
    here = await circle(idle)
    clips = [await here.clip() for _ in range(3)]
    for number in (2, 0, 1):
        await here.repost(here.ben, clips[number], f"word {number}")
    page = await here.cy.json("GET", "/api/accounts/ben/reposts?count=2")
    assert [one["repost"]["text"] for one in page["clips"]] == ["word 1", "word 0"]
    rest = await here.cy.json("GET", f"/api/accounts/ben/reposts?count=2&from={page['next']}")
    assert [one["repost"]["text"] for one in rest["clips"]] == ["word 2"] and rest["next"] is None
    text = await (await here.cy.request("GET", "/@ben/reposts")).text()
    assert "word 1" in text and "/@ben/reposts" in await (await here.cy.request("GET", "/@ben")).text()
    assert "/reposts" not in await (await here.cy.request("GET", "/@ana")).text()
    articles = await (await here.cy.request("GET", f"/@ben/reposts.html?from={page['next']}")).text()
    assert "word 2" in articles and "word 1" not in articles
    opened = await here.cy.request("GET", f"/@ana/video/{id_text(clips[1])}?reposts=ben&from=7")
    assert 'data-more="/@ben/reposts.html?from=7"' in await opened.text()


async def test_a_repost_follows_what_becomes_of_the_clip(idle: Running) -> None:
    here = await circle(idle)
    hidden, held, open_ = [await here.clip(caption=f"clip {number}") for number in range(3)]
    for clip_id in (hidden, held, open_):
        await here.repost(here.ben, clip_id, f"secret of {clip_id}")
    await here.ana.json("PATCH", f"/api/clips/{id_text(hidden)}", {"audience": Audience.PRIVATE.value})
    await idle.database.transact(lambda tx: withholding.insert(tx, 5, held, ORDER))
    nobody = await idle.new_client()
    for who in (nobody, here.cy):
        for path in ("/api/accounts/ben/reposts", "/@ben/reposts", "/@ben/reposts.html"):
            text = await (await who.request("GET", path)).text()
            assert f"secret of {open_}" in text, path
            assert f"secret of {hidden}" not in text and f"secret of {held}" not in text, path
    assert [clip for clip, _ in await here.followed()] == [id_text(open_)]
    for clip_id, refusal in (hidden, (404, "clip-absent")), (held, (451, "withheld")):
        path = f"/api/clips/{id_text(clip_id)}/repost"
        assert await here.cy.refusal("PUT", path, {}) == refusal
        assert (await here.ben.json("DELETE", path))["is_reposted"] is False, "taken back wherever it stands"
        assert await here.ben.refusal("DELETE", path) == refusal
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET suspended_at_us = 1 WHERE handle = 'ben'"))
    later = await idle.new_client()
    await later.sign_up("dora")
    await later.request("PUT", "/api/accounts/ben/follow")
    assert (await later.json("GET", "/api/feeds/following"))["clips"] == []


async def test_reposts_work_by_forms_and_go_with_the_account(idle: Running) -> None:
    here = await circle(idle)
    clip_id = await here.clip()
    path = f"/@ana/video/{id_text(clip_id)}/share"

    async def send(**fields: str) -> tuple[int, str]:
        data = {"csrf": here.ben.csrf, "clip": id_text(clip_id), "next": path, **fields}
        answer = await here.ben.request("POST", "/forms/repost", data=data)
        return answer.status, answer.headers.get("location") or ""

    assert await send(on="1", text="Look & see") == (303, path)
    shown = await (await here.ben.request("GET", path)).text()
    assert 'value="Look &amp; see"' in shown and "Reposted by 1 person." in shown and "Change the word" in shown
    assert await send(on="0") == (303, path)
    assert "Change the word" not in await (await here.ben.request("GET", path)).text()
    assert "Who follows you sees it" not in await (await here.ana.request("GET", path)).text(), (
        "nobody reposts their own"
    )
    await send(on="1")
    await here.ben.json("DELETE", "/api/account", {"password": PASSWORD}, status=204)
    assert not await idle.database.fetch("SELECT 1 FROM repost")
