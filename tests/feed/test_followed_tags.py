"""Following a tag: its clips stand in Following, it is journalled, listed, limited, and erased with the account."""

import itertools

import pytest

from freehold.actions import social
from freehold.domain.ids import id_text
from freehold.feed import feed
from freehold.store import journal
from tests.conftest import Client, Running
from tests.feed.catalogue import publish


async def followed_clips(client: Client, count: int = 30) -> list[dict[str, object]]:
    page = await client.json("GET", f"/api/feeds/following?count={count}")
    return [served["clip"] for served in page["clips"]]


async def tagged_ids(client: Client, tag: str) -> set[str]:
    """Leafing through to the end."""
    ids: list[str] = []
    before = ""
    while True:
        page = await client.json("GET", f"/api/tags/{tag}/clips?count=4{before}")
        ids += [served["clip"]["id"] for served in page["clips"]]
        if page["is_end"]:
            assert len(ids) == len(set(ids))
            return set(ids)
        before = f"&before={page['before']}"


async def kinds(running: Running) -> list[str]:
    entries = await journal.after(running.database, 0, 10_000)
    return [entry.kind.value for entry in entries if entry.kind.value.startswith("tag.")]


async def test_clips_with_a_followed_tag_stand_in_following_with_those_of_people_followed(idle: Running) -> None:
    filled = await publish(idle, 30, authors=5, sounds=0, tags=3)
    client = await idle.new_client()
    await client.sign_up("fay")
    assert await client.json("PUT", "/api/tags/%23TAG1/follow") == {
        "tag": "tag1", "is_followed": True, "follower_count": 1,
    }  # fmt: skip
    await client.json("PUT", "/api/accounts/author1_2/follow")
    shown = await followed_clips(client, 8)
    rest = await followed_clips(client)
    ids = [str(clip["id"]) for clip in (*shown, *rest)]
    by_author = {id_text(clip_id) for n, clip_id in enumerate(filled.clip_ids) if n % 5 == 2}
    tagged = await tagged_ids(client, "tag1")
    assert tagged - by_author and by_author - tagged
    assert set(ids) == tagged | by_author and len(ids) == len(set(ids))
    assert all(a["author"] != b["author"] for a, b in itertools.pairwise(shown))
    assert shown[0]["id"] == max(ids)
    await client.json("DELETE", "/api/tags/tag1/follow")
    assert await kinds(idle) == ["tag.followed", "tag.unfollowed"]
    assert (await client.json("GET", "/api/account/tags"))["tags"] == []


async def test_following_goes_on_below_a_clip_with_followed_tags_too(idle: Running) -> None:
    filled = await publish(idle, 12, authors=4, sounds=0, tags=1)
    client = await idle.new_client()
    await client.sign_up("fay")
    await client.json("PUT", "/api/tags/tag0/follow")
    page = await client.json("GET", f"/api/feeds/following?count=30&before={id_text(filled.clip_ids[5])}")
    assert {served["clip"]["id"] for served in page["clips"]} == {id_text(clip_id) for clip_id in filled.clip_ids[:5]}


async def test_following_loses_and_repeats_nothing_however_far_it_looks_back(
    idle: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "FOUND_AT_FIRST", 5)
    monkeypatch.setattr(feed, "FOUND_AT_ONCE", 9)
    monkeypatch.setattr(feed, "LOOKED_BACK_US", (feed.DAY_US, 4 * feed.DAY_US, 11 * feed.DAY_US, 1 << 62))
    filled = await publish(idle, 60, authors=6, sounds=0, tags=4)
    client = await idle.new_client()
    await client.sign_up("fay")
    await client.json("PUT", "/api/tags/tag1/follow")
    for number in (2, 3):
        await client.json("PUT", f"/api/accounts/author1_{number}/follow")
    wanted = [id_text(one) for n, one in enumerate(filled.clip_ids) if n % 6 in (2, 3) or n % 4 == 1]
    shown: list[str] = []
    before = ""
    while before is not None:
        page = await client.json("GET", f"/api/feeds/following?count=4{before and f'&before={before}'}")
        shown += [served["clip"]["id"] for served in page["clips"]]
        before = None if page["is_end"] else page["before"]
    assert sorted(shown) == sorted(wanted)


async def test_following_leaves_out_ones_own_and_those_one_wants_nothing_of(idle: Running) -> None:
    filled = await publish(idle, 20, authors=2, sounds=0, tags=1)
    client = await idle.new_client()
    await client.sign_up("fay")
    own = "UPDATE clip SET author_id = (SELECT id FROM account WHERE handle = 'fay') WHERE id = $1"
    await idle.database.transact(lambda tx: tx.execute(own, filled.clip_ids[-1]))
    await client.json("PUT", "/api/tags/tag0/follow")
    await client.json("PUT", "/api/feeds/for-you/wishes/author/author1_0", {"level": -2})
    ids = {clip["id"] for clip in await followed_clips(client)}
    assert ids == {id_text(clip_id) for clip_id in filled.clip_ids[1:-1:2]}


async def test_the_same_again_changes_nothing_and_what_is_no_tag_is_refused(idle: Running) -> None:
    client, other, nobody = [await idle.new_client() for _ in range(3)]
    await client.sign_up("fay")
    await other.sign_up("gil")
    for _ in range(2):
        assert (await client.json("PUT", "/api/tags/größe/follow"))["follower_count"] == 1
    assert (await other.json("PUT", "/api/tags/GRÖSSE/follow"))["follower_count"] == 2, "one spelling"
    for _ in range(2):
        assert (await other.json("DELETE", "/api/tags/Größe/follow"))["follower_count"] == 1
    assert await kinds(idle) == ["tag.followed", "tag.followed", "tag.unfollowed"]
    assert await client.refusal("PUT", "/api/tags/two%20words/follow") == (400, "follow-tag")
    assert await client.refusal("PUT", f"/api/tags/{'x' * 65}/follow") == (400, "tag-too-long")
    await nobody.load_csrf()
    assert await nobody.refusal("PUT", "/api/tags/größe/follow") == (401, "sign-in-needed")
    about = [await one.json("GET", "/api/tags/grösse") for one in (client, other, nobody)]
    assert [(one["is_followed"], one["follower_count"]) for one in about] == [(True, 1), (False, 1), (False, 1)]


async def test_nobody_follows_more_tags_than_a_page_reads(idle: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(social, "FOLLOWED_TAGS_LIMIT", 2)
    client = await idle.new_client()
    await client.sign_up("fay")
    for tag in ("b", "a"):
        await client.json("PUT", f"/api/tags/{tag}/follow")
    assert await client.refusal("PUT", "/api/tags/c/follow") == (413, "followed-tags-many")
    await client.json("PUT", "/api/tags/a/follow")
    assert await client.json("GET", "/api/account/tags") == {"tags": ["a", "b"], "limit": 2}
    await client.json("DELETE", "/api/tags/b/follow")
    await client.json("PUT", "/api/tags/c/follow")


async def test_as_many_tags_as_may_be_followed_are_read(idle: Running) -> None:
    filled = await publish(idle, 10, authors=2, sounds=0, tags=1)
    client = await idle.new_client()
    await client.sign_up("fay")
    for tag in ("tag0", *(f"other{n}" for n in range(social.FOLLOWED_TAGS_LIMIT - 1))):
        await client.json("PUT", f"/api/tags/{tag}/follow")
    assert {clip["id"] for clip in await followed_clips(client)} == {id_text(clip_id) for clip_id in filled.clip_ids}
