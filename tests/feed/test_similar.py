"""Similar clips: those that the same viewers watched well, then those that share a tag; judged as a feed is."""

from freehold.domain.ids import ClipId, id_text
from freehold.feed.similar import company_of
from tests.conftest import Client, Running
from tests.feed.catalogue import publish, report, watch_of


async def watch_well(running: Running, clip_ids: list[ClipId], people: int) -> None:
    """Each of so many people sees the clips to their end, one after the other."""
    for number in range(people):
        client = await running.new_client()
        watches = []
        for clip_id in clip_ids:
            served = (await client.json("GET", f"/api/clips/{id_text(clip_id)}"))["served"]
            watches.append(watch_of(served, watched_ms=served["clip"]["duration_ms"], completions=1))
        await report(client, f"together-{number}", watches)


async def similar(client: Client, clip_id: ClipId, count: int = 12) -> list[tuple[str, str]]:
    answer = await client.json("GET", f"/api/clips/{id_text(clip_id)}/similar?count={count}")
    return [(one["clip"]["id"], one["name"]) for one in answer["clips"]]


async def test_what_the_same_viewers_watched_well_is_similar_and_what_one_did_is_not(idle: Running) -> None:
    filled = await publish(idle, 20, authors=10, sounds=0, tags=20)
    a, b, c, once = (filled.clip_ids[n] for n in (0, 3, 6, 9))
    await watch_well(idle, [a, b, c], 4)
    await watch_well(idle, [a, once], 1)
    client = await idle.new_client()
    learner = idle.server.feed.learning.learner
    before = learner.state_hash()
    found = await similar(client, a)
    assert [one for one in found if one[1] == "company"] == [(id_text(b), "company"), (id_text(c), "company")]
    assert id_text(a) not in dict(found)
    assert {id_ for id_, _ in await similar(client, b) if id_ in (id_text(a), id_text(c))} == {id_text(a), id_text(c)}
    assert learner.state_hash() == before, "asking changes nothing"
    assert company_of(learner, ClipId(1)) == []


async def test_what_everybody_watches_stands_behind_what_is_watched_with_this_one(idle: Running) -> None:
    filled = await publish(idle, 30, authors=10, sounds=0, tags=30)
    rare, close, popular = (filled.clip_ids[n] for n in (0, 3, 6))
    await watch_well(idle, [rare, popular, close], 3)
    for other in (9, 12, 15, 18):
        await watch_well(idle, [popular, filled.clip_ids[other]], 6)
    found = company_of(idle.server.feed.learning.learner, rare)
    assert found.index(close) < found.index(popular)


async def test_where_few_watched_it_clips_with_its_tags_follow(idle: Running) -> None:
    filled = await publish(idle, 12, authors=6, sounds=0, tags=3)
    client = await idle.new_client()
    first = filled.clip_ids[0]
    found = await similar(client, first)
    tagged = [id_text(clip_id) for clip_id in reversed(filled.clip_ids[3::3])]
    mood = [id_text(filled.clip_ids[7])]
    assert found == [(id_, "tag") for id_ in (*mood, *tagged)]
    answer = await client.json("GET", f"/api/clips/{id_text(first)}/similar?count=2")
    assert [one["text"] for one in answer["clips"]] == ["Both have the tag #mood0.", "Both have the tag #tag0."]
    assert await client.refusal("GET", f"/api/clips/{id_text(first)}/similar?count=41") == (400, "bad-query")


async def test_what_may_not_be_shown_or_is_muted_or_ones_own_is_not_similar(idle: Running) -> None:
    filled = await publish(idle, 10, authors=5, sounds=0, tags=1)
    client = await idle.new_client()
    await client.sign_up("fay")
    withdrawn, private, muted, own = (id_text(filled.clip_ids[n]) for n in (1, 2, 3, 4))
    for n, change in ((1, "state = 'withdrawn'"), (2, "audience = 'private'"), (3, "caption = 'A spoiler'")):
        sql = f"UPDATE clip SET {change} WHERE id = $1"
        await idle.database.transact(lambda tx, n=n, sql=sql: tx.execute(sql, filled.clip_ids[n]))
    sql = "UPDATE clip SET author_id = (SELECT id FROM account WHERE handle = 'fay') WHERE id = $1"
    await idle.database.transact(lambda tx: tx.execute(sql, filled.clip_ids[4]))
    await client.json("PUT", "/api/feeds/muted-words", {"words": ["spoiler"]})
    found = dict(await similar(client, filled.clip_ids[0]))
    assert len(found) == 5 and not found.keys() & {withdrawn, private, muted, own}
    stranger = dict(await similar(await idle.new_client(), filled.clip_ids[0]))
    assert muted in stranger and own in stranger and not stranger.keys() & {withdrawn, private}


async def test_the_page_has_them_and_one_address(idle: Running) -> None:
    filled = await publish(idle, 6, authors=2, sounds=0, tags=2)
    client = await idle.new_client()
    path = f"/@author1_0/video/{id_text(filled.clip_ids[0])}/similar"
    html = await (await client.request("GET", path)).text()
    assert html.count('class="tile"') == 2 and "Both have the tag #tag0." in html
    wrong = await client.request("GET", path.replace("author1_0", "somebody"))
    assert (wrong.status, wrong.headers["location"]) == (303, path)
    assert (await client.request("GET", "/@author1_0/video/0000000000001/similar")).status == 404
