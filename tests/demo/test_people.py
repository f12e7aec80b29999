"""The demo's people on a server of their own, with clips that were made by construction."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freehold.demo import people
from freehold.demo.audience import ClipFeatures, Reaction
from freehold.demo.creators import png
from freehold.demo.people import Cast
from freehold.demo.plan import plan
from freehold.demo.posts import POSTS, DemoPost, with_posts
from freehold.domain.account import Role
from freehold.domain.clip import ClipKind
from tests.conftest import Running
from tests.feed.catalogue import publish

MEMBERS = ("anouk", "hyun", "lumi")


class Keen:
    """An audience that does everything there is to do."""

    def watch(self, viewer: int, clip: ClipFeatures, random: object) -> Reaction:
        return Reaction(5000, 1, False, True, False, shared=True, commented=True, followed=True)


@pytest.fixture
async def cast(idle: Running, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Three clips of the plan by two creators, whom three members and three without an account watch."""
    monkeypatch.setattr(people, "REGULARS", MEMBERS)
    monkeypatch.setattr(people, "AUDIENCE_SIZE", 6)
    monkeypatch.setattr(people, "ROUND_VIEWERS", 6)
    cast = Cast(idle.server, plan(3, 1), 1, "a password of the demo")
    cast._audience = Keen()  # type: ignore[assignment]
    filled = await publish(idle, 3, authors=3)
    for clip, clip_id in zip(plan(3, 1), filled.clip_ids, strict=True):
        handle = people._author_of(clip)
        author = await cast._join(handle, handle, "", Role.CREATOR)
        await give(idle, clip_id, author.id, people._name_of(clip))
    return cast


async def give(running: Running, clip_id: int, author_id: int, file_name: str) -> None:
    await running.database.transact(
        lambda tx: tx.execute(
            "UPDATE clip SET author_id = $1, file_name = $2, like_count = 0, comment_count = 0 WHERE id = $3",
            author_id,
            file_name,
            clip_id,
        )
    )


async def reactions(running: Running) -> list[dict[str, Any]]:
    rows = await running.database.fetch("SELECT clip_id, kind FROM told_reaction")
    return [{"clip_id": row["clip_id"], "kind": row["kind"]} for row in rows]


async def test_members_share_comment_and_follow_for_what_they_watched_and_the_learner_is_told(
    idle: Running, cast: Cast
) -> None:
    await cast.watch_round()
    told = await reactions(idle)
    found = await cast.clips()
    assert [clip.share_count for clip in found] == [clip.like_count for clip in found] == [len(MEMBERS)] * 3
    assert [clip.comment_count for clip in found] == [len(MEMBERS)] * 3
    assert {kind: sum(one["kind"] == kind for one in told) for kind in ("share", "comment")} == {
        "share": 9,
        "comment": 9,
    }
    authors = len({clip.author_id for clip in found})
    assert sum(one["kind"] == "follow" for one in told) == len(MEMBERS) * authors
    texts = await idle.database.fetch("SELECT clip_id, text FROM comment")
    assert len({(row["clip_id"], row["text"]) for row in texts}) == len(texts) == 9, "nobody says what was said"


async def test_whoever_has_no_account_only_watches(idle: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "REGULARS", ())
    await cast.watch_round()
    assert cast.watch_count == 18 and await reactions(idle) == []


async def test_a_clip_that_a_visitor_takes_away_meanwhile_stops_nobody(
    idle: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = (await cast.clips())[0].id
    take_watches = idle.server.feed.take_watches

    async def then_gone(*arguments: Any) -> Any:
        taken = await take_watches(*arguments)
        await idle.database.transact(lambda tx: tx.execute("UPDATE clip SET audience = 'private' WHERE id = $1", gone))
        return taken

    monkeypatch.setattr(idle.server.feed, "take_watches", then_gone)
    await cast.watch_round()
    assert gone not in {one["clip_id"] for one in await reactions(idle)}
    assert len(await reactions(idle)) >= 2 * len(MEMBERS)


async def test_a_creator_does_not_applaud_itself(idle: Running, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = people._author_of(plan(3, 1)[0])
    author = await cast._member(handle)
    monkeypatch.setattr(people, "REGULARS", (handle,))
    await cast.watch_round()
    own = {clip.id for clip in await cast.clips() if clip.author_id == author.id}
    assert own and not own & {one["clip_id"] for one in await reactions(idle)}


async def test_some_creators_answer_the_first_comment_and_pin_it(idle: Running, cast: Cast) -> None:
    await cast.talk()
    rows = await idle.database.fetch("SELECT root_id, author_id, pinned_at_us, like_count FROM comment ORDER BY id")
    authors = {clip.author_id for clip in await cast.clips()}
    answers = [row for row in rows if row["root_id"] is not None]
    assert answers and all(row["author_id"] in authors for row in answers)
    assert {row["like_count"] for row in rows if row["root_id"] is None} <= {0, 1}
    assert sum(row["like_count"] for row in rows) == len(answers), "who answers likes what is answered"
    assert any(row["pinned_at_us"] for row in rows)


async def test_posts_stand_among_the_clips_and_a_second_start_knows_them(idle: Running, tmp_path: Path) -> None:
    planned = with_posts(plan(3, 1))
    assert [isinstance(one, DemoPost) for one in planned[:3]] == [False, False, True], "the first comes early"
    assert [one for one in planned if isinstance(one, DemoPost)] == list(POSTS)
    cast = Cast(idle.server, planned, 1, "a password of the demo")
    for post in POSTS:
        paths = [tmp_path / f"{post.index}-{number}.png" for number, _ in enumerate(post.pictures)]
        for path in paths:
            path.write_bytes(png(np.zeros((24, 24, 3), np.uint8)))
        await cast.publish(post, paths)
    made = await cast.clips()
    assert sorted(len(clip.picture_alts) for clip in made) == sorted(len(post.pictures) for post in POSTS)
    assert {clip.kind for clip in made} == {ClipKind.PHOTO, ClipKind.TEXT}
    assert [one.index for one in await Cast(idle.server, planned, 1, "").missing()] == [0, 1, 2]
    await cast.talk()
    said = await idle.database.fetch("SELECT text FROM comment WHERE root_id IS NULL")
    remarks = {remark for post in POSTS for remark in post.remarks}
    assert said and {row["text"] for row in said} <= remarks, "nobody speaks of a sound that is not there"
