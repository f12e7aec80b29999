"""What an author says of a clip: labels, who may do what, when it is published, what it said before, pins."""

import asyncio
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from freehold.actions import clip as actions
from freehold.domain.clip import Audience, ClipState, Use
from freehold.domain.ids import ClipId, id_text, parse_id
from freehold.store import clip as clips
from freehold.store import journal
from tests.api.made import make_clip
from tests.conftest import Client, Running

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000


async def an_author(running: Running, handle: str = "author") -> tuple[Client, int]:
    client = await running.new_client()
    return client, parse_id((await client.sign_up(handle))["id"]) or 0


async def a_clip(running: Running, author_id: int, **more: Any) -> tuple[ClipId, str]:
    clip_id = await make_clip(running.server.backends, author_id, **more)
    return clip_id, f"/api/clips/{id_text(clip_id)}"


async def kinds_about(running: Running, clip_id: ClipId) -> list[str]:
    return [one.kind.value for one in await journal.after(running.database, 0, 1000) if one.subject_id == clip_id]


async def test_what_an_author_says_is_shown_to_whoever_sees_the_clip(idle: Running) -> None:
    author, author_id = await an_author(idle)
    _, path = await a_clip(idle, author_id)
    said = {"alt": "A glow behind a door.\x00", "language": "PT", "is_ai_made": True, "is_sensitive": True}
    assert (await author.json("PATCH", path, said))["alt"] == "A glow behind a door."
    nobody = await idle.new_client()
    clip = (await nobody.json("GET", path))["served"]["clip"]
    assert (clip["alt"], clip["language"], clip["is_ai_made"], clip["is_sensitive"]) == (
        "A glow behind a door.", "pt", True, True,
    )  # fmt: skip
    html = await (await nobody.request("GET", clip["url"])).text()
    assert 'class="veil"' in html and 'lang="pt"' in html and "AI-made" in html
    assert "og:image" not in html and 'property="og:video"' not in html, "a link's preview shows nothing of it"
    assert 'class="veil"' in await (await nobody.request("GET", f"/embed/{clip['id']}")).text()
    told = await nobody.json("GET", f"/oembed?url={nobody.base}{clip['url']}")
    assert "thumbnail_url" not in told
    assert "media:thumbnail" not in await (await nobody.request("GET", "/@author/feed.atom")).text()
    assert 'class="veil"' not in await (await author.request("GET", clip["url"])).text()


async def test_changes_at_the_same_moment_are_all_kept(idle: Running) -> None:
    author, author_id = await an_author(idle)
    for n in range(8):
        _, path = await a_clip(idle, author_id)
        said: list[dict[str, Any]] = [
            {"caption": f"At once {n}"}, {"audience": "private"}, {"alt": "Two at once"},
            {"permissions": {"duet": "private"}}, {"permissions": {"stitch": "private"}},
        ]  # fmt: skip
        await asyncio.gather(*(author.json("PATCH", path, one) for one in said))
        mine = await author.json("GET", f"{path}/mine")
        assert (mine["caption"], mine["audience"], mine["alt"]) == (f"At once {n}", "private", "Two at once")
        assert (mine["permissions"]["duet"], mine["permissions"]["stitch"]) == ("private", "private")


async def test_what_cannot_be_said_of_a_clip_is_refused_by_name(idle: Running) -> None:
    author, author_id = await an_author(idle)
    _, path = await a_clip(idle, author_id, is_published=False)
    now_us = idle.server.clock()
    for body, code in (
        ({"alt": "x" * 1501}, "alt-too-long"),
        ({"language": "xx"}, "language-unknown"),
        ({"caption": "x" * 2201}, "caption-too-long"),
        ({"permissions": {"comment": "friends"}}, "bad-body"),
        ({"permissions": {"like": "public"}}, "bad-body"),
        ({"publish_at_us": now_us - 1}, "publish-at-past"),
        ({"publish_at_us": 0}, "publish-at-past"),
        ({"publish_at_us": 1 << 62}, "publish-at-past"),
        ({"publish_at_us": now_us + 400 * DAY_US}, "publish-at-far"),
        ({"publish_at_us": now_us + DAY_US, "wish": "draft"}, "publish-at-draft"),
    ):
        assert await author.refusal("PATCH", path, body) == (400, code), body
    assert (await author.json("GET", f"{path}/mine"))["caption"] == "A clip #made"


@pytest.mark.parametrize(("use", "audience"), [("comment", "followers"), ("download", "private")])
async def test_who_may_do_what_is_asked_where_it_is_done(idle: Running, use: str, audience: str) -> None:
    """A follower may what is for followers, nobody but the author what is for nobody else."""
    author, author_id = await an_author(idle)
    _, path = await a_clip(idle, author_id)
    stranger, _ = await an_author(idle, "stranger")
    follower, _ = await an_author(idle, "follower")
    await follower.json("PUT", "/api/accounts/author/follow")

    async def do(client: Client) -> int:
        if use == "comment":
            return (await client.request("POST", f"{path}/comments", json={"text": "hello"})).status
        answer = await client.request("GET", f"{path}/download")
        if answer.status == 200:
            assert answer.headers["content-disposition"].startswith('attachment; filename="author-')
            assert await answer.read()
        return answer.status

    done = 201 if use == "comment" else 200
    everybody = (author, follower, stranger)
    assert [await do(client) for client in everybody] == [done, done, done]
    changed = await author.json("PATCH", path, {"permissions": {use: audience}})
    assert changed["permissions"] == dict.fromkeys(Use, "public") | {use: audience}
    allowed = [done, done if audience == "followers" else 403, 403]
    assert [await do(client) for client in everybody] == allowed
    shown = [(await client.json("GET", path))["served"]["clip"]["may"][use] for client in everybody]
    assert shown == [status == done for status in allowed]


async def test_viewers_can_look_up_what_a_published_clip_said_before(idle: Running) -> None:
    author, author_id = await an_author(idle)
    clip_id, path = await a_clip(idle, author_id, is_published=False, caption="a draft")
    await author.json("PATCH", path, {"caption": "the first words #one"})
    nobody = await idle.new_client()
    assert await nobody.refusal("GET", f"{path}/history") == (404, "clip-absent")
    await author.json("POST", f"{path}/publish")
    assert (await nobody.json("GET", f"{path}/history"))["versions"] == [], "of a draft nothing is kept"
    await author.json("PATCH", path, {"caption": "the first words #one"})
    await author.json("PATCH", path, {"caption": "other words #two", "is_ai_made": True})
    await author.json("PATCH", path, {"permissions": {"duet": "private"}})
    told = await nobody.json("GET", f"{path}/history")
    assert told["clip"]["caption"] == "other words #two" and told["clip"]["tags"] == ["two"]
    assert [version["changed"] for version in told["versions"]] == [["permissions"], ["caption", "ai_made"]]
    assert told["versions"][1]["caption"] == "the first words #one"
    assert told["clip"]["edited_at_us"] == told["versions"][1]["until_us"], "who may what is no edit of what is seen"
    page = await (await nobody.request("GET", f"{told['clip']['url']}/history")).text()
    assert "the first words" in page and "other words" in page
    assert f'href="{told["clip"]["url"]}/history"' in await (await nobody.request("GET", told["clip"]["url"])).text()
    await author.json("PATCH", path, {"audience": "followers"})
    assert await nobody.refusal("GET", f"{path}/history") == (404, "clip-absent")
    assert len(await clips.versions_of(idle.database, clip_id)) == 3
    await author.json("PATCH", path, {"caption": "for followers"})
    await author.json("PATCH", path, {"caption": "between", "audience": "public"})
    await author.json("POST", f"{path}/withdraw")
    await author.json("PATCH", path, {"caption": "taken back"})
    await author.json("PATCH", path, {"caption": "out again"})
    await author.json("POST", f"{path}/publish")
    told = await nobody.json("GET", f"{path}/history")
    assert told["clip"]["caption"] == "out again" and len(told["versions"]) == 3, "what few or none saw is not kept"
    follower = await idle.new_client()
    await follower.sign_up("fay")
    assert len((await follower.json("GET", f"{path}/history"))["versions"]) == 3
    handle = told["clip"]["author"]["handle"]
    await follower.json("PUT", f"/api/accounts/{handle}/follow")
    for who in (follower, author):
        seen = (await who.json("GET", f"{path}/history"))["versions"]
        said = [version["caption"] for version in seen[:2]]
        assert (said, len(seen)) == (["for followers", "other words #two"], 5), "what was for followers is theirs"
    await author.json("PATCH", path, {"audience": "private"})
    await author.json("PATCH", path, {"audience": "public", "caption": "begun anew"})
    told = await follower.json("GET", f"{path}/history")
    assert (told["versions"], told["clip"]["edited_at_us"]) == ([], None), "what was made private stays so"


async def test_a_clip_is_changed_a_hundred_times_and_then_stays(idle: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "VERSION_LIMIT", 2)
    author, author_id = await an_author(idle)
    _, path = await a_clip(idle, author_id)
    for words in ("one", "two"):
        await author.json("PATCH", path, {"caption": words})
    assert await author.refusal("PATCH", path, {"caption": "three"}) == (409, "clip-edited-often")
    assert (await author.json("PATCH", path, {"caption": "two"}))["caption"] == "two"


async def test_three_clips_are_pinned_stand_first_and_come_once(idle: Running) -> None:
    author, author_id = await an_author(idle)
    made = [await a_clip(idle, author_id) for _ in range(5)]
    made.sort(reverse=True)
    oldest = [path for _, path in made[-3:]]
    for path in (*oldest, oldest[0]):
        assert (await author.json("PUT", f"{path}/pin"))["is_pinned"]
    assert await author.refusal("PUT", f"{made[0][1]}/pin") == (409, "pins-full")
    nobody = await idle.new_client()
    listed = (await nobody.json("GET", "/api/accounts/author/clips"))["clips"]
    wanted = [*reversed([clip_id for clip_id, _ in made[-3:]]), *(clip_id for clip_id, _ in made[:2])]
    assert [one["clip"]["id"] for one in listed] == [id_text(clip_id) for clip_id in wanted]
    page = await (await nobody.request("GET", "/@author")).text()
    assert page.count("badge pinned") == 3
    atom = await (await nobody.request("GET", "/@author/feed.atom")).text()
    places = [atom.index(id_text(clip_id)) for clip_id, _ in made]
    assert places == sorted(places), "a feed reader gets them by time"
    await author.json("POST", f"{oldest[0]}/withdraw")
    await author.json("PUT", f"{made[0][1]}/pin")
    await author.json("DELETE", f"{made[0][1]}/pin")
    assert (await kinds_about(idle, made[0][0]))[-2:] == ["clip.pinned", "clip.unpinned"]
    _, draft = await a_clip(idle, author_id, is_published=False)
    assert await author.refusal("PUT", f"{draft}/pin") == (409, "clip-not-published")


async def test_a_clip_is_published_at_its_time_even_when_nobody_worked_then(idle: Running) -> None:
    author, author_id = await an_author(idle)
    clip_id, path = await a_clip(idle, author_id, is_published=False)
    _, off = await a_clip(idle, author_id, is_published=False)
    late_id, late = await a_clip(idle, author_id, is_published=False, state=ClipState.PROBED)
    at_us = idle.server.clock() + 5 * MINUTE_US
    for one in (path, off, late):
        mine = await author.json("PATCH", one, {"publish_at_us": at_us})
        assert (mine["publish_at_us"], mine["wish"], mine["is_published"]) == (at_us, "publish", False)
    assert "Scheduled" in await (await author.request("GET", "/studio")).text()
    assert (await author.json("PATCH", off, {"wish": "draft"}))["publish_at_us"] is None
    assert await actions.publish_due(idle.server.backends, at_us - 1) == 0
    assert await actions.publish_due(idle.server.backends, at_us + DAY_US) == 1
    assert (await author.json("GET", f"{path}/mine"))["is_published"]
    assert not (await author.json("GET", f"{off}/mine"))["is_published"]
    assert await kinds_about(idle, clip_id) == ["clip.changed", "clip.published"]
    assert await author.refusal("PATCH", path, {"publish_at_us": at_us}) == (409, "already-published")
    between_id, between = await a_clip(idle, author_id, is_published=False)
    await author.json("POST", f"{between}/publish")
    nobody = await idle.new_client()
    listed: list[str] = []
    for _ in range(3):
        before = f"&before={listed[-1]}" if listed else ""
        page = await nobody.json("GET", f"/api/accounts/author/clips?count=1{before}")
        listed += [one["clip"]["id"] for one in page["clips"]]
    assert listed == [id_text(clip_id), id_text(between_id)], "the profile has them by when they came out"
    clip = await clips.one_for_system(idle.database, late_id)
    assert clip and actions.is_wanted(clip, at_us) and not actions.is_wanted(clip, at_us - 1), "once it can be watched"
    await author.json("PATCH", off, {"publish_at_us": at_us})
    assert (await author.json("PATCH", off, {"publish_at_us": None}))["is_published"], "called off: at once"


async def test_words_and_covers_are_changed_by_forms_as_well(idle: Running) -> None:
    author, author_id = await an_author(idle)
    clip_id, path = await a_clip(idle, author_id, is_published=False)
    fields = {
        "csrf": author.csrf, "clip": id_text(clip_id), "caption": "by form", "audience": "followers",
        "may_comment": "private", "sensitive": "1", "publish_at": "2031-12-24T18:30+01:00", "wish": "draft",
    }  # fmt: skip
    answer = await author.request("POST", "/forms/words", data=fields)
    assert (answer.status, answer.headers["location"]) == (303, "/studio")
    mine = await author.json("GET", f"{path}/mine")
    assert (mine["caption"], mine["audience"], mine["is_sensitive"]) == ("by form", Audience.FOLLOWERS, True)
    assert mine["permissions"]["comment"] == "private" and mine["publish_at_us"] is None
    page = await (await author.request("GET", f"/studio/{id_text(clip_id)}")).text()
    assert ">\nby form</textarea>" in page
    refused = await author.request("POST", "/forms/words", data=fields | {"alt": "x" * 1501})
    assert refused.status == 400 and "at most 1,500" in await refused.text()
    refused = await author.request("POST", "/forms/words", data=fields | {"wish": "publish"})
    assert refused.status == 400 and "at most a year" in await refused.text()
    at_us = idle.server.clock() // MINUTE_US * MINUTE_US + 90 * MINUTE_US
    local = datetime.fromtimestamp(at_us / 1_000_000, timezone(timedelta(hours=-8)))
    await author.request("POST", "/forms/words", data=fields | {"wish": "publish", "publish_at": local.isoformat()})
    assert (await author.json("GET", f"{path}/mine"))["publish_at_us"] == at_us, "wherever it is said"
    for verb, wanted in (("draft", None), ("publish", None)):
        data = {"csrf": author.csrf, "clip": id_text(clip_id), "verb": verb}
        assert (await author.request("POST", "/forms/clip", data=data)).status == 303
        assert (await author.json("GET", f"{path}/mine"))["publish_at_us"] is wanted
    for verb in ("pin", "unpin"):
        await author.request("POST", "/forms/clip", data={"csrf": author.csrf, "clip": id_text(clip_id), "verb": verb})
        assert (await author.json("GET", f"{path}/mine"))["is_pinned"] is (verb == "pin")


async def test_pictures_that_are_none_are_refused_as_covers(idle: Running) -> None:
    author, author_id = await an_author(idle)
    clip_id, path = await a_clip(idle, author_id)
    for data, wanted in ((b"GIF89a", (415, "cover-kind")), (b"\xff\xd8\xff broken", (400, "cover-broken"))):
        answer = await author.request("PUT", f"{path}/cover", data=data)
        assert (answer.status, (await answer.json())["error"]["code"]) == wanted
    answer = await author.request("PUT", f"{path}/cover", data=b"\xff\xd8\xff" + bytes(10 << 20))
    assert answer.status == 413
    page = await author.request("POST", "/forms/cover", data={"csrf": author.csrf, "clip": id_text(clip_id)})
    assert page.status == 400
