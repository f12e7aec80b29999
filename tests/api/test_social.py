"""Likes, shares, follows and comments over HTTP, and what they leave in the journal."""

import asyncio

from freehold.actions import account as accounts
from freehold.actions import comment as commenting
from freehold.actions import social
from freehold.domain.account import Role, Viewer
from freehold.domain.clip import Audience
from freehold.domain.ids import ClipId, ViewerId, id_text, parse_id
from freehold.store import journal, withholding
from tests.api.made import ORDER, make_clip
from tests.conftest import Client, Running
from tests.feed.catalogue import publish


async def author_and_other(running: Running) -> tuple[Client, Client, int]:
    author, other = [await running.new_client() for _ in range(2)]
    author_id = parse_id((await author.sign_up("author"))["id"]) or 0
    await other.sign_up("other")
    return author, other, author_id


async def social_kinds(running: Running) -> list[str]:
    kinds = [entry.kind.value for entry in await journal.after(running.database, 0, 1000)]
    return [kind for kind in kinds if any(word in kind for word in ("lik", "shared", "follow", "comment"))]


async def test_a_like_counts_once_and_can_be_taken_back(idle: Running) -> None:
    _, other, author_id = await author_and_other(idle)
    path = f"/api/clips/{id_text(await make_clip(idle.server.backends, author_id))}/like"
    for _ in range(2):
        assert await other.json("PUT", path) == {"like_count": 1, "is_liked": True}
    for _ in range(2):
        assert await other.json("DELETE", path) == {"like_count": 0, "is_liked": False}
    assert await social_kinds(idle) == ["clip.liked", "clip.unliked"], "what changes nothing is not written down"


async def test_a_share_counts_once_for_an_account_and_is_shown_with_the_clip(idle: Running) -> None:
    author, other, author_id = await author_and_other(idle)
    clip = id_text(await make_clip(idle.server.backends, author_id))
    for _ in range(2):
        assert await other.json("PUT", f"/api/clips/{clip}/share") == {"share_count": 1}
    assert await author.json("PUT", f"/api/clips/{clip}/share") == {"share_count": 2}
    assert (await other.json("GET", f"/api/clips/{clip}"))["served"]["clip"]["share_count"] == 2
    assert await social_kinds(idle) == ["clip.shared", "clip.shared"], "what changes nothing is not written down"
    hidden = id_text(await make_clip(idle.server.backends, author_id, audience=Audience.PRIVATE))
    assert await other.refusal("PUT", f"/api/clips/{hidden}/share") == (404, "clip-absent")


async def test_shares_comments_and_follows_are_learned_before_they_are_answered(idle: Running) -> None:
    _, other, _ = await author_and_other(idle)
    learning, clip_id = idle.server.feed.learning, (await publish(idle, 3)).clip_ids[0]
    path = f"/api/clips/{id_text(clip_id)}"
    author = (await other.json("GET", path))["served"]["clip"]["author"]["handle"]
    hashes = [learning.learner.hash()]
    for method, deed, body, status in (
        ("PUT", f"{path}/share", None, 200), ("POST", f"{path}/comments", {"text": "Oh"}, 201),
        ("PUT", f"{path}/like", None, 200), ("PUT", f"/api/accounts/{author}/follow", None, 200),
    ):  # fmt: skip
        await other.json(method, deed, body, status=status)
        assert learning.journal_seq == await journal.newest_seq(idle.database)
        hashes.append(learning.learner.hash())
    assert len(set(hashes)) == 5
    rows = await idle.database.fetch("SELECT clip_id, kind FROM told_reaction ORDER BY journal_seq")
    assert [(row["clip_id"], row["kind"]) for row in rows] == [
        (clip_id, "share"), (clip_id, "comment"), (clip_id, "follow"),
    ]  # fmt: skip


async def test_following_counts_once_shows_followers_clips_and_ends(idle: Running) -> None:
    _, other, author_id = await author_and_other(idle)
    path = "/api/accounts/author/follow"
    clip_id = await make_clip(idle.server.backends, author_id, audience=Audience.FOLLOWERS)
    assert (await other.refusal("GET", f"/api/clips/{id_text(clip_id)}"))[0] == 404
    for _ in range(2):
        assert await other.json("PUT", path) == {"is_followed": True, "follower_count": 1}
    await other.json("GET", f"/api/clips/{id_text(clip_id)}")
    assert (await other.json("GET", "/api/accounts/author"))["is_followed"] is True
    assert (await other.json("GET", "/api/accounts/other"))["following_count"] == 1
    assert await other.json("DELETE", path) == {"is_followed": False, "follower_count": 0}
    assert await social_kinds(idle) == ["account.followed", "account.unfollowed"]
    assert await other.refusal("PUT", "/api/accounts/other/follow") == (400, "follow-self")
    assert await other.refusal("PUT", "/api/accounts/nobody_at_all/follow") == (404, "account-absent")


async def test_comments_are_newest_first_in_pages_and_say_which_are_ones_own(idle: Running) -> None:
    author, other, author_id = await author_and_other(idle)
    path = f"/api/clips/{id_text(await make_clip(idle.server.backends, author_id))}/comments"
    for number in range(53):
        await (other if number % 2 else author).json("POST", path, {"text": f"number {number}"}, status=201)
    page = await other.json("GET", path)
    texts = [comment["text"] for comment in page["comments"]]
    assert len(texts) == 50 and page["more"] and texts[0] == "number 52"
    assert [comment["is_own"] for comment in page["comments"][:2]] == [False, True]
    rest = await other.json("GET", f"{path}?before={page['comments'][-1]['id']}")
    assert [comment["text"] for comment in rest["comments"]] == ["number 2", "number 1", "number 0"]
    assert not rest["more"]
    assert await other.refusal("GET", f"{path}?before=nonsense") == (400, "bad-query")


async def test_a_comment_is_deleted_by_its_author_the_clips_author_or_a_moderator_alone(idle: Running) -> None:
    author, other, author_id = await author_and_other(idle)
    third = await idle.new_client()
    await third.sign_up("third")
    path = f"/api/clips/{id_text(await make_clip(idle.server.backends, author_id))}/comments"
    ids = [(await other.json("POST", path, {"text": "x"}, status=201))["comment"]["id"] for _ in range(3)]
    assert await third.refusal("DELETE", f"/api/comments/{ids[0]}") == (403, "comment-not-yours")
    await other.json("DELETE", f"/api/comments/{ids[0]}", status=204)
    await author.json("DELETE", f"/api/comments/{ids[1]}", status=204)
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET role = 'moderator' WHERE handle = 'third'"))
    await third.json("DELETE", f"/api/comments/{ids[2]}", status=204)
    assert await other.refusal("DELETE", f"/api/comments/{ids[0]}") == (404, "comment-absent")
    assert (await other.json("GET", path))["comments"] == []
    assert (await other.json("GET", path.removesuffix("/comments")))["served"]["clip"]["comment_count"] == 0


async def test_a_comment_that_is_empty_too_long_or_of_strange_characters_is_refused_by_name(idle: Running) -> None:
    _, other, author_id = await author_and_other(idle)
    path = f"/api/clips/{id_text(await make_clip(idle.server.backends, author_id))}/comments"
    for text, code in ((" \n ", "empty"), ("x" * 501, "long"), ("a\x00b", "characters")):
        assert await other.refusal("POST", path, {"text": text}) == (400, f"comment-{code}")
    made = await other.json("POST", path, {"text": "  <b>x</b>\r\ny " + "ö" * 480}, status=201)
    assert made["comment"]["text"].startswith("<b>x</b>\ny ööö")


async def test_an_entry_that_cannot_be_written_takes_its_action_back(idle: Running) -> None:
    """A like that finds no journal leaves no like: they are one transaction."""
    _, other, author_id = await author_and_other(idle)
    clip_id: ClipId = await make_clip(idle.server.backends, author_id)
    await idle.database.transact(lambda tx: tx.execute("ALTER TABLE journal RENAME TO journal_away"))
    answer = await other.request("PUT", f"/api/clips/{id_text(clip_id)}/like")
    assert answer.status >= 500
    await idle.database.transact(lambda tx: tx.execute("ALTER TABLE journal_away RENAME TO journal"))
    assert not await idle.database.fetch("SELECT 1 FROM clip_like")


async def test_signed_out_nobody_likes_shares_follows_or_comments(idle: Running) -> None:
    _, _, author_id = await author_and_other(idle)
    clip = id_text(await make_clip(idle.server.backends, author_id))
    nobody = await idle.new_client()
    await nobody.load_csrf()
    for method, path in (
        ("PUT", f"/api/clips/{clip}/like"), ("PUT", "/api/accounts/author/follow"), ("PUT", f"/api/clips/{clip}/share"),
        ("POST", f"/api/clips/{clip}/comments"),
    ):  # fmt: skip
        assert await nobody.refusal(method, path, {"text": "x"}) == (401, "sign-in-needed")


async def test_a_like_can_be_taken_back_from_a_clip_that_one_may_not_see_any_more(idle: Running) -> None:
    author, other, author_id = await author_and_other(idle)
    backends = idle.server.backends
    hidden, ordered = [await make_clip(backends, author_id) for _ in range(2)]
    for clip_id in (hidden, ordered):
        await other.json("PUT", f"/api/clips/{id_text(clip_id)}/like")
    await author.json("PATCH", f"/api/clips/{id_text(hidden)}", {"audience": "private"})
    await idle.database.transact(lambda tx: withholding.insert(tx, 5, ordered, ORDER))
    for clip_id, refusal in ((hidden, (404, "clip-absent")), (ordered, (451, "withheld"))):
        path = f"/api/clips/{id_text(clip_id)}/like"
        assert await other.refusal("PUT", path) == refusal
        assert await other.json("DELETE", path) == {"like_count": 0, "is_liked": False}
        assert await other.refusal("DELETE", path) == refusal, "there is nothing left to take back"


async def test_who_acts_while_their_account_is_deleted_leaves_every_count_right(idle: Running) -> None:
    author, _, author_id = await author_and_other(idle)
    server = idle.server
    clip_id = await make_clip(server.backends, author_id)
    for number in range(12):
        account = await accounts.create(
            idle.database, handle=f"leaver{number}", password="correct horse battery", display_name="",
            role=Role.CREATOR, at_us=1, random=server.random,
        )  # fmt: skip
        viewer = Viewer(ViewerId(account.id), account)
        now = server.clock()
        await asyncio.gather(
            social.like(server.backends, viewer, account, clip_id, True, now),
            social.share(server.backends, viewer, account, clip_id, now),
            commenting.comment(server.backends, viewer, account, clip_id, "x", now, server.random),
            social.follow(server.backends, account, "author", True, now),
            accounts.erase(server.backends, server.incoming_dir, account, None, now),
            return_exceptions=True,
        )
    clip = (await author.json("GET", f"/api/clips/{id_text(clip_id)}"))["served"]["clip"]
    assert (clip["like_count"], clip["share_count"], clip["comment_count"]) == (0, 0, 0)
    assert (await author.json("GET", "/api/accounts/author"))["follower_count"] == 0
