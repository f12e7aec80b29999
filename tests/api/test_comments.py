"""Comments over HTTP: threads, likes, the pin, versions, what a deleted one leaves, and what a filter holds back."""

import asyncio
import re
from typing import Any

import pytest

from freehold.actions import account as accounts
from freehold.actions import comment as commenting
from freehold.domain.account import Role, Viewer
from freehold.domain.clip import Audience
from freehold.domain.errors import Refusal
from freehold.domain.ids import ClipId, CommentId, ViewerId, id_text, parse_id
from freehold.store import journal, withholding
from tests.api.made import ORDER, make_clip
from tests.conftest import Client, Running

PASSWORD = "correct horse battery"


class Talk:
    """A clip of ana's that ben, cy and ana herself comment on."""

    def __init__(self, running: Running, clip_id: ClipId, people: dict[str, Client]) -> None:
        self.running, self.clip_id, self.clip = running, clip_id, id_text(clip_id)
        self.ana, self.ben, self.cy = (people[handle] for handle in ("ana", "ben", "cy"))

    async def say(self, who: Client, text: str, reply_to: str | None = None) -> dict[str, Any]:
        body = {"text": text} | ({"reply_to": reply_to} if reply_to else {})
        said: dict[str, Any] = await who.json("POST", f"/api/clips/{self.clip}/comments", body, status=201)
        return said["comment"]  # type: ignore[no-any-return]

    async def read(self, who: Client, query: str = "") -> list[dict[str, Any]]:
        answer = await who.json("GET", f"/api/clips/{self.clip}/comments{query}")
        return answer["comments"]  # type: ignore[no-any-return]

    async def replies(self, who: Client, root: str) -> list[dict[str, Any]]:
        return (await who.json("GET", f"/api/comments/{root}/replies"))["comments"]  # type: ignore[no-any-return]

    async def count(self) -> int:
        return int((await self.ana.json("GET", f"/api/clips/{self.clip}"))["served"]["clip"]["comment_count"])

    async def kinds(self) -> list[str]:
        return [
            entry.kind.value
            for entry in await journal.after(self.running.database, 0, 1000)
            if entry.kind.value.startswith("comment.")
        ]


@pytest.fixture
async def talk(idle: Running) -> Talk:
    people = {handle: await idle.new_client() for handle in ("ana", "ben", "cy")}
    ids = {handle: parse_id((await client.sign_up(handle))["id"]) or 0 for handle, client in people.items()}
    return Talk(idle, await make_clip(idle.server.backends, ids["ana"]), people)


def texts(comments: list[dict[str, Any]]) -> list[str]:
    return [comment["text"] for comment in comments]


async def test_replies_stand_in_one_thread_oldest_first_and_say_whom_they_answer(talk: Talk) -> None:
    root = await talk.say(talk.ben, "root")
    first = await talk.say(talk.cy, "first", root["id"])
    second = await talk.say(talk.ana, "second", first["id"])
    await talk.say(talk.ben, "another root")
    threads = await talk.read(talk.ben)
    assert [(one["text"], one["reply_count"]) for one in threads] == [("another root", 0), ("root", 2)]
    replies = await talk.replies(talk.ben, root["id"])
    assert [(one["text"], one["root_id"], one["reply_to"]) for one in replies] == [
        ("first", root["id"], None), ("second", root["id"], "cy"),
    ]  # fmt: skip
    assert [one["is_clips_author"] for one in replies] == [False, True] and await talk.count() == 4
    other = id_text(await make_clip(talk.running.server.backends, int(parse_id(talk.ben.account["id"]) or 0)))
    path, body = f"/api/clips/{other}/comments", {"text": "x", "reply_to": root["id"]}
    assert await talk.cy.refusal("POST", path, body) == (404, "comment-absent"), "under another clip"
    assert await talk.cy.refusal("POST", path, {"text": "x", "reply_to": "nonsense"}) == (404, "comment-absent")
    assert (await talk.ben.json("GET", f"/api/comments/{second['id']}"))["comment"]["text"] == "second"


async def test_many_replies_come_in_pages(talk: Talk) -> None:
    root = await talk.say(talk.ben, "root")
    for number in range(52):
        await talk.say(talk.cy, f"{number}", root["id"])
    page = await talk.ana.json("GET", f"/api/comments/{root['id']}/replies")
    assert len(page["comments"]) == 50 and page["more"]
    rest = await talk.ana.json("GET", f"/api/comments/{root['id']}/replies?after={page['after']}")
    assert texts(rest["comments"]) == ["50", "51"] and (rest["more"], rest["after"]) == (False, None)
    assert await talk.ana.refusal("GET", f"/api/comments/{root['id']}/replies?after=x") == (400, "bad-query")


async def test_a_like_of_a_comment_counts_once_and_the_most_liked_may_stand_first(talk: Talk) -> None:
    low, high, new = [await talk.say(talk.ben, text) for text in ("low", "high", "new")]
    for who, said in ((talk.ana, low), (talk.ana, high), (talk.cy, high), (talk.cy, high)):
        liked = await who.json("PUT", f"/api/comments/{said['id']}/like")
    assert liked == {"like_count": 2, "is_liked": True}
    assert texts(await talk.read(talk.cy, "?sort=likes")) == ["high", "low", "new"]
    assert [one["is_liked"] for one in await talk.read(talk.cy, "?sort=likes")] == [True, False, False]
    assert texts(await talk.read(talk.cy)) == ["new", "high", "low"]
    for _ in range(2):
        assert await talk.cy.json("DELETE", f"/api/comments/{high['id']}/like") == {"like_count": 1, "is_liked": False}
    assert (await talk.kinds())[3:] == ["comment.liked"] * 3 + ["comment.unliked"]
    assert await talk.cy.refusal("GET", f"/api/clips/{talk.clip}/comments?sort=worst") == (400, "bad-query")
    assert await talk.cy.refusal("PUT", f"/api/comments/{'0' * 13}/like") == (404, "comment-absent")
    assert new["like_count"] == 0


async def test_the_most_liked_come_in_pages_each_once(talk: Talk) -> None:
    for number in range(54):
        said = await talk.say(talk.ben, f"{number}")
        if number % 3 == 0:
            await talk.ana.json("PUT", f"/api/comments/{said['id']}/like")
    page = await talk.ana.json("GET", f"/api/clips/{talk.clip}/comments?sort=likes")
    rest = await talk.ana.json("GET", f"/api/clips/{talk.clip}/comments?sort=likes&before={page['before']}")
    assert [one["like_count"] for one in page["comments"]] == [1] * 18 + [0] * 32 and page["more"]
    assert not rest["more"] and rest["before"] is None
    assert sorted(map(int, texts(page["comments"] + rest["comments"]))) == list(range(54))
    assert await talk.ana.refusal("GET", f"/api/clips/{talk.clip}/comments?before=x.y") == (400, "bad-query")


async def test_one_comment_is_pinned_by_the_clips_author_and_stands_first_once(talk: Talk) -> None:
    old, new = await talk.say(talk.ben, "old"), await talk.say(talk.cy, "new")
    reply = await talk.say(talk.cy, "reply", old["id"])
    pin = f"/api/comments/{old['id']}/pin"
    assert await talk.ben.refusal("PUT", pin) == (403, "comment-not-yours")
    assert await talk.ana.refusal("PUT", f"/api/comments/{reply['id']}/pin") == (409, "pin-reply")
    for _ in range(2):
        await talk.ana.json("PUT", pin, status=204)
    for sort in ("newest", "likes"):
        shown = await talk.read(talk.cy, f"?sort={sort}")
        assert [(one["text"], one["is_pinned"]) for one in shown] == [("old", True), ("new", False)]
    await talk.ana.json("PUT", f"/api/comments/{new['id']}/pin", status=204)
    assert [one["is_pinned"] for one in await talk.read(talk.cy)] == [True, False], "one in the other's place"
    for _ in range(2):
        await talk.ana.json("DELETE", f"/api/comments/{new['id']}/pin", status=204)
    assert not any(one["is_pinned"] for one in await talk.read(talk.cy))
    assert (await talk.kinds())[3:] == ["comment.pinned", "comment.pinned", "comment.unpinned"]


async def test_an_edited_comment_says_so_and_what_it_said_before_stays_readable(talk: Talk) -> None:
    said = await talk.say(talk.ben, "tpyo")
    path = f"/api/comments/{said['id']}"
    assert await talk.ana.refusal("PATCH", path, {"text": "x"}) == (403, "comment-not-yours")
    assert await talk.ben.refusal("PATCH", path, {"text": " "}) == (400, "comment-empty")
    for text in ("typo", "typo", "no typo"):
        edited = (await talk.ben.json("PATCH", path, {"text": text}))["comment"]
    assert edited["edited_at_us"] is not None and edited["at_us"] == said["at_us"]
    versions = (await talk.cy.json("GET", f"{path}/versions"))["versions"]
    assert texts(versions) == ["tpyo", "typo", "no typo"]
    assert [one["at_us"] for one in versions] == sorted({one["at_us"] for one in versions})
    assert (await talk.kinds())[1:] == ["comment.edited", "comment.edited"], "the same again changes nothing"
    for number in range(commenting.VERSIONS_LIMIT - 2):
        await talk.ben.json("PATCH", path, {"text": f"{number}"})
    assert await talk.ben.refusal("PATCH", path, {"text": "once more"}) == (413, "comment-edits-many")


async def test_a_deleted_comment_leaves_a_place_without_name_or_words_while_a_reply_is_there(talk: Talk) -> None:
    root = await talk.say(talk.ben, "root")
    reply = await talk.say(talk.cy, "reply", root["id"])
    await talk.ana.json("PUT", f"/api/comments/{root['id']}/like")
    await talk.ben.json("PATCH", f"/api/comments/{root['id']}", {"text": "roots"})
    await talk.ben.json("DELETE", f"/api/comments/{root['id']}", status=204)
    (place,) = await talk.read(talk.ana)
    assert (place["author"], place["text"], place["reply_count"], place["like_count"]) == (None, "", 1, 0)
    assert await talk.count() == 1 and texts(await talk.replies(talk.ana, root["id"])) == ["reply"]
    for table in ("comment_like", "comment_version"):
        assert not await talk.running.database.fetch(f"SELECT 1 FROM {table}")
    for method, path in (("DELETE", ""), ("PUT", "/like"), ("GET", "/versions"), ("GET", "")):
        assert await talk.ben.refusal(method, f"/api/comments/{root['id']}{path}") == (404, "comment-absent")
    body = {"text": "x", "reply_to": root["id"]}
    assert await talk.ben.refusal("POST", f"/api/clips/{talk.clip}/comments", body) == (404, "comment-absent")
    assert (await talk.say(talk.ben, "on", reply["id"]))["root_id"] == root["id"], "the thread goes on by its replies"
    for comment in await talk.replies(talk.ana, root["id"]):
        await talk.ana.json("DELETE", f"/api/comments/{comment['id']}", status=204)
    assert await talk.read(talk.ana) == [] and await talk.count() == 0
    assert not await talk.running.database.fetch("SELECT 1 FROM comment")


async def test_a_deleted_account_leaves_places_and_right_counts(talk: Talk) -> None:
    answered, alone = await talk.say(talk.ben, "answered"), await talk.say(talk.ben, "alone")
    other = await talk.say(talk.cy, "other")
    await talk.say(talk.cy, "reply", answered["id"])
    await talk.say(talk.ben, "his", other["id"])
    gone = await talk.say(talk.cy, "to be deleted")
    await talk.say(talk.ben, "only reply", gone["id"])
    await talk.cy.json("DELETE", f"/api/comments/{gone['id']}", status=204)
    await talk.ben.json("PUT", f"/api/comments/{other['id']}/like")
    await talk.ben.json("DELETE", "/api/account", {"password": PASSWORD}, status=204)
    shown = {one["id"]: one for one in await talk.read(talk.ana)}
    assert set(shown) == {answered["id"], other["id"]} and alone["id"] not in shown
    assert shown[answered["id"]]["author"] is None
    assert (shown[other["id"]]["like_count"], shown[other["id"]]["reply_count"]) == (0, 0)
    assert await talk.count() == 2


async def test_a_suspended_accounts_comment_is_a_place_where_it_has_replies(talk: Talk) -> None:
    root = await talk.say(talk.ben, "root")
    await talk.say(talk.ben, "no reply")
    await talk.say(talk.cy, "reply", root["id"])
    await talk.running.database.transact(
        lambda tx: tx.execute("UPDATE account SET suspended_at_us = 1 WHERE handle = 'ben'")
    )
    assert [(one["author"], one["text"]) for one in await talk.read(talk.ana)] == [(None, "")]
    assert await talk.ana.refusal("PUT", f"/api/comments/{root['id']}/like") == (404, "comment-absent")


async def test_a_filtered_word_holds_a_comment_back_until_the_clips_author_lets_it_through(talk: Talk) -> None:
    path = "/api/account/comment-filter"
    words = {"words": ["Spám", "buy now", "", "#ad"]}
    assert await talk.ana.json("PUT", path, words) == {"words": ["Spám", "buy now", "#ad"], "limit": 500}
    assert (await talk.ana.json("GET", path))["words"] == ["Spám", "buy now", "#ad"]
    root = await talk.say(talk.cy, "fine")
    held = [await talk.say(talk.ben, text) for text in ("SPAM!", "Buy, now", "my #AD")]
    reply = await talk.say(talk.ben, "spam too", root["id"])
    assert all(one["is_held"] for one in (*held, reply)) and not root["is_held"]
    assert not (await talk.say(talk.ana, "spam is her own word"))["is_held"]
    nobody = await talk.running.new_client()
    for who, count, replies in ((talk.cy, 2, 0), (nobody, 2, 0), (talk.ben, 5, 1), (talk.ana, 5, 1)):
        shown = await talk.read(who)
        assert len(shown) == count and next(one for one in shown if one["text"] == "fine")["reply_count"] == replies
        assert len(await talk.replies(who, root["id"])) == replies
    assert await talk.count() == 2
    for method, below in (("GET", ""), ("GET", "/versions"), ("PUT", "/like")):
        assert await talk.cy.refusal(method, f"/api/comments/{held[0]['id']}{below}") == (404, "comment-absent")
    body = {"text": "x", "reply_to": held[0]["id"]}
    assert await talk.ana.refusal("POST", f"/api/clips/{talk.clip}/comments", body) == (409, "comment-held")
    assert await talk.ana.refusal("PUT", f"/api/comments/{held[0]['id']}/pin") == (409, "comment-held")
    waiting = (await talk.ana.json("GET", "/api/comments/held"))["comments"]
    assert [one["comment"]["text"] for one in waiting] == ["spam too", "my #AD", "Buy, now", "SPAM!"]
    assert (await talk.ben.json("GET", "/api/comments/held"))["comments"] == []
    let = f"/api/comments/{held[0]['id']}/let-through"
    assert await talk.ben.refusal("POST", let) == (403, "comment-not-yours")
    for _ in range(2):
        await talk.ana.json("POST", let, status=204)
    await talk.ana.json("POST", f"/api/comments/{reply['id']}/let-through", status=204)
    assert "SPAM!" in texts(await talk.read(nobody)) and await talk.count() == 4
    assert texts(await talk.replies(talk.cy, root["id"])) == ["spam too"]
    assert (await talk.kinds())[-2:] == ["comment.let-through"] * 2
    await talk.ana.json("PUT", path, {"words": []})
    assert len(await talk.read(nobody)) == 3, "what was held back waits on"
    for bad, code in (["..."], "filtered-word-empty"), (["x" * 101], "filtered-word-long"):
        assert await talk.ana.refusal("PUT", path, {"words": bad}) == (400, code)


async def test_an_edit_is_looked_at_anew_by_the_filter(talk: Talk) -> None:
    await talk.ana.json("PUT", "/api/account/comment-filter", {"words": ["spam"]})
    said = await talk.say(talk.ben, "ham")
    path = f"/api/comments/{said['id']}"
    await talk.ana.json("PUT", f"{path}/pin", status=204)
    await talk.say(talk.cy, "reply", said["id"])
    assert (await talk.ben.json("PATCH", path, {"text": "spam"}))["comment"]["is_held"]
    (place,) = await talk.read(talk.cy)
    assert place["author"] is None and place["reply_count"] == 1 and await talk.count() == 1
    assert (await talk.ben.json("PATCH", path, {"text": "ham again"}))["comment"]["is_held"] is False
    (back,) = await talk.read(talk.cy)
    assert (back["text"], back["is_pinned"]) == ("ham again", False) and await talk.count() == 2
    for who, said_before in ((talk.cy, ["ham"]), (talk.ben, ["ham", "spam"]), (talk.ana, ["ham", "spam"])):
        assert texts((await who.json("GET", f"{path}/versions"))["versions"]) == [*said_before, "ham again"]
    page = await talk.cy.request("GET", f"/@ana/video/{talk.clip}/comments/{said['id']}/versions")
    assert page.status == 200 and "spam" not in await page.text()


async def test_comments_of_a_clip_that_may_not_be_seen_are_shut_at_every_door(talk: Talk) -> None:
    said = await talk.say(talk.ben, "secretwords")
    await talk.say(talk.cy, "secretwords too", said["id"])
    await talk.ben.json("PUT", f"/api/comments/{said['id']}/like")
    doors = [
        ("GET", ""), ("PATCH", ""), ("GET", "/replies"), ("GET", "/versions"), ("PUT", "/like"),
    ]  # fmt: skip
    pages = ["", f"/{said['id']}", f"/{said['id']}/versions"]

    async def is_shut(status: int) -> None:
        for method, below in doors:
            answer = await talk.ben.request(method, f"/api/comments/{said['id']}{below}", json={"text": "x"})
            assert (answer.status, "secretwords" in await answer.text()) == (status, False), (method, below)
        for page in pages:
            answer = await talk.cy.request("GET", f"/@ana/video/{talk.clip}/comments{page}")
            assert (answer.status, "secretwords" in await answer.text()) == (status, False), page

    await talk.running.database.transact(
        lambda tx: tx.execute("UPDATE clip SET audience = $1 WHERE id = $2", Audience.PRIVATE.value, talk.clip_id)
    )
    await is_shut(404)
    await talk.running.database.transact(lambda tx: tx.execute("UPDATE clip SET audience = 'public'"))
    await talk.running.database.transact(lambda tx: withholding.insert(tx, 5, talk.clip_id, ORDER))
    await is_shut(451)
    liked = await talk.ben.json("DELETE", f"/api/comments/{said['id']}/like")
    assert liked["is_liked"] is False, "a like can be taken back wherever it stands"
    await talk.ben.json("DELETE", f"/api/comments/{said['id']}", status=204)


async def test_replies_and_deletions_at_the_same_time_leave_right_counts(talk: Talk) -> None:
    server = talk.running.server
    now = server.clock()
    account = await accounts.create(
        talk.running.database, handle="dan", password=PASSWORD, display_name="", role=Role.CREATOR, at_us=now,
        random=server.random,
    )  # fmt: skip
    viewer = Viewer(ViewerId(account.id), account)

    async def reply(root_id: CommentId) -> None:
        await commenting.comment(
            server.backends, viewer, account, talk.clip_id, "reply", server.clock(), server.random, root_id
        )

    for _ in range(10):
        root = CommentId(parse_id((await talk.say(talk.ben, "root"))["id"]) or 0)
        done = await asyncio.gather(
            reply(root), talk.ben.json("DELETE", f"/api/comments/{id_text(root)}", status=204), reply(root),
            return_exceptions=True,
        )  # fmt: skip
        assert not [one for one in done if isinstance(one, BaseException) and not isinstance(one, Refusal)]
    rows = await talk.running.database.fetch("SELECT id, root_id, reply_count FROM comment")
    for row in rows:
        if row["root_id"] is None:
            assert row["reply_count"] == sum(other["root_id"] == row["id"] for other in rows) > 0
        else:
            assert row["root_id"] in [other["id"] for other in rows]
    assert await talk.count() == sum(row["root_id"] is not None for row in rows)


async def test_comments_are_read_answered_edited_and_let_through_by_forms(talk: Talk) -> None:
    await talk.ana.json("PUT", "/api/account/comment-filter", {"words": ["spam"]})
    root = await talk.say(talk.ben, "<b>root</b>")
    held = await talk.say(talk.ben, "spam")
    page = f"/@ana/video/{talk.clip}/comments"

    async def text(who: Client, path: str) -> str:
        answer = await who.request("GET", path)
        assert answer.status == 200, path
        return await answer.text()

    async def send(who: Client, form: str = "comment", **fields: str) -> tuple[int, str]:
        answer = await who.request("POST", f"/forms/{form}", data={"csrf": who.csrf, "next": page, **fields})
        return answer.status, answer.headers.get("location") or await answer.text()

    assert await send(talk.cy, clip=talk.clip, text="an answer", reply_to=root["id"]) == (303, page)
    assert "&lt;b&gt;root&lt;/b&gt;" in await text(talk.cy, page) and "Show 1 reply" in await text(talk.cy, page)
    thread = await text(talk.cy, f"{page}/{root['id']}")
    assert "an answer" in thread and f'name="reply_to" value="{root["id"]}"' in thread
    (reply,) = await talk.replies(talk.cy, root["id"])
    assert "an answer" in await text(talk.cy, f"{page}/{reply['id']}")
    for verb, who in (("like", talk.cy), ("pin", talk.ana), ("unpin", talk.ana), ("unlike", talk.cy)):
        assert await send(who, comment=root["id"], verb=verb) == (303, page)
    assert await send(talk.ben, comment=root["id"], verb="edit", text="roots") == (303, page)
    assert "&lt;b&gt;root&lt;/b&gt;" in await text(talk.cy, f"{page}/{root['id']}/versions")
    assert "1 comment is held back" in await text(talk.ana, "/studio")
    for verb, does_wait in (("withdraw", False), ("publish", True)):
        await talk.ana.json("POST", f"/api/clips/{talk.clip}/{verb}")
        assert ("held back" in await text(talk.ana, "/studio")) is does_wait, "where nobody comments nobody waits"
        assert bool((await talk.ana.json("GET", "/api/comments/held"))["comments"]) is does_wait
    assert "Let it through" in await text(talk.ana, "/studio/comments")
    assert await send(talk.ana, comment=held["id"], verb="let-through") == (303, page)
    assert "Nothing is held back" in await text(talk.ana, "/studio/comments")
    assert await send(talk.ana, comment=held["id"], verb="delete") == (303, page)
    gone = await talk.cy.request("GET", f"{page}/{held['id']}")
    assert (gone.status, gone.headers["location"]) == (303, page), "the others are there"
    assert (await send(talk.ana, comment=root["id"], verb="burn"))[0] == 400
    assert await send(talk.ana, "comment-filter", words="one\r\ntwo") == (303, "/settings?done=comments#comment-filter")
    assert "one\ntwo" in await text(talk.ana, "/settings")
    status, shown = await send(talk.ana, "comment-filter", words="x" * 101)
    assert status == 400 and "at most 100 characters" in shown


async def test_pages_of_comments_lead_on_to_the_rest(talk: Talk) -> None:
    root = await talk.say(talk.ben, "root")
    for number in range(22):
        await talk.say(talk.cy, f"reply {number}.", root["id"])
        await talk.say(talk.cy, f"thread {number}.")
    page = f"/@ana/video/{talk.clip}/comments"
    seen: list[str] = []
    for what, path in (("thread", f"{page}?sort=newest"), ("reply", f"{page}/{root['id']}")):
        for _ in range(2):
            text = await (await talk.ben.request("GET", path)).text()
            seen += re.findall(rf'class="text">({what} \d+\.)', text)
            more = re.search(r'data-do="more-[a-z]+" href="([^"]+)"', text)
            path = more[1].replace("&amp;", "&") if more else ""
        assert not path
    assert len(seen) == len(set(seen)) == 44
