"""Trending tags are what many people have lately used, not what one account or one hour made of them."""

from freehold.backends.database import Database, Transaction
from freehold.search.trends import HOUR_US, trending
from freehold.store import search as rows
from freehold.store.search import TagUse
from tests.conftest import Running
from tests.search.made import caught_up, publish, set_clip, signed_up

NOW_US = 20_000 * 24 * HOUR_US


async def use(database: Database, uses: list[TagUse]) -> None:
    async def work(transaction: Transaction) -> None:
        await rows.put_uses(transaction, uses)

    await database.transact(work)


def uses_of(tag: str, people: int, first: int, *, hours: int = 48, language: str = "en") -> list[TagUse]:
    """One clip of each of so many people, spread over the hours before now."""
    return [
        TagUse(first + n, tag, first + n, language, NOW_US - (n * hours // people) * HOUR_US - 1) for n in range(people)
    ]


async def tags(database: Database, language: str = "") -> list[str]:
    return [trend.tag for trend in await trending(database, language, 10, NOW_US)]


async def test_a_flood_by_one_account_is_one_use(database: Database) -> None:
    await use(database, uses_of("honest", 3, 1_000))
    await use(database, [TagUse(5_000 + n, "flood", 77, "en", NOW_US - n) for n in range(500)])
    assert await tags(database) == ["honest"], "what one account alone uses is no trend"
    await use(database, [TagUse(9_000, "flood", 78, "en", NOW_US - 1)])
    assert await tags(database) == ["honest", "flood"]


async def test_a_crowd_of_one_hour_does_not_outweigh_what_goes_on_for_days(database: Database) -> None:
    """Five hundred made-up accounts within an hour, against thirty people over two days."""
    await use(database, uses_of("honest", 30, 1_000))
    await use(database, uses_of("crowd", 500, 5_000, hours=1))
    assert await tags(database) == ["honest", "crowd"]


async def test_what_was_used_last_week_gives_way_to_what_is_used_now(database: Database) -> None:
    week = [TagUse(n, "old", n, "en", NOW_US - (7 * 24 + n) * HOUR_US) for n in range(20)]
    await use(database, week + uses_of("new", 6, 1_000))
    assert await tags(database) == ["new", "old"]
    assert [trend.tag for trend in await trending(database, "", 10, NOW_US + 14 * 24 * HOUR_US)] == []


async def test_each_language_has_its_own(database: Database) -> None:
    await use(database, uses_of("kiln", 4, 1_000) + uses_of("ofen", 3, 2_000, language="de"))
    assert (await tags(database, "de"), await tags(database, "en")) == (["ofen"], ["kiln"])
    assert await tags(database) == ["kiln", "ofen"]


async def test_the_network_tells_what_is_trending(idle: Running) -> None:
    for handle in ("ana", "otto"):
        client, account_id = await signed_up(idle, handle)
        clip_id = await publish(idle, account_id, "How I make the teapot #kiln")
        await set_clip(idle, clip_id, published_at_us=idle.server.clock() - HOUR_US)
    await caught_up(idle)
    told = (await client.json("GET", "/api/trends?lang=en"))["tags"]
    assert [(one["tag"], one["account_count"]) for one in told] == [("kiln", 2)]
    assert (await client.json("GET", "/api/trends?lang=ja"))["tags"] == []
    assert await client.refusal("GET", "/api/trends?lang=xx") == (400, "bad-query")
