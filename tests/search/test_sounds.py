"""Sounds are found by their names and whose they are, have a page and a trend, and nobody floods it."""

from freehold.backends.database import Database, Transaction
from freehold.domain.clip import ClipState
from freehold.domain.ids import AccountId, ClipId, SoundId, id_text
from freehold.search.trends import DAY_US, HOUR_US, trending_sounds
from freehold.store import search as rows
from freehold.store import sound as sounds
from freehold.store.journal import Kind
from freehold.store.search import SoundUse
from tests.conftest import Client, Running
from tests.search.made import asked, caught_up, found, publish, said, set_clip, signed_up

NOW_US = 20_000 * 24 * HOUR_US


async def sounding(running: Running, sound_id: int, author_id: int, title: str, *clip_ids: ClipId) -> str:
    """Have the clips refer to a new sound; its id as clients see it."""

    async def work(transaction: Transaction) -> None:
        await sounds.insert(transaction, SoundId(sound_id), AccountId(author_id), title, clip_ids[0], NOW_US)

    await running.database.transact(work)
    for clip_id in clip_ids:
        await set_clip(running, clip_id, sound_id=sound_id)
    return id_text(sound_id)


async def found_sounds(client: Client, running: Running, q: str, **more: str) -> list[str]:
    answer = await found(client, running, q, **more)
    return [one["sound"]["id"] for one in answer["sounds"]]


async def test_a_sound_is_found_by_its_name_and_whose_it_is_while_a_clip_with_it_may_be_seen(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    other, otto = await signed_up(idle, "otto")
    clips = [await publish(idle, ana, "One"), await publish(idle, otto, "Two")]
    rain = await sounding(idle, 7, ana, "Rain on Tin", *clips)
    bell = await sounding(idle, 8, otto, "Deep Bell", await publish(idle, otto, "Three"))
    assert await found_sounds(client, idle, "rain") == [rain]
    assert await found_sounds(client, idle, "rian", kind="sound") == [], "slips are mended from five letters on"
    assert await found_sounds(client, idle, "kind:sound otto") == [bell]
    hit = (await asked(client, "tin", kind="sound"))["sounds"][0]
    assert (hit["clip_count"], hit["sound"]["author_handle"]) == (2, "ana")
    assert abs(hit["score"] - sum(why["value"] for why in hit["why"])) < 1e-9
    html = await (await client.request("GET", "/search?q=rain")).text()
    assert f'href="/sound/{rain}"' in html
    # Named otherwise by its author alone.
    assert await other.refusal("PATCH", f"/api/sounds/{rain}", {"name": "Mine"}) == (404, "sound-absent")
    assert await client.refusal("PATCH", f"/api/sounds/{rain}", {"name": "x" * 81}) == (400, "sound-name-long")
    named = await client.json("PATCH", f"/api/sounds/{rain}", {"name": "  Drops\n on  glass "})
    assert named["sound"]["title"] == "Drops on glass"
    assert await found_sounds(client, idle, "drops") == [rain] and await found_sounds(client, idle, "rain") == []
    fields = {"csrf": client.csrf, "sound": rain, "name": "Rain again", "next": f"/sound/{rain}"}
    assert (await client.request("POST", "/forms/sound", data=fields)).status == 303
    assert await found_sounds(client, idle, "again") == [rain]
    for clip_id in clips:
        await set_clip(idle, clip_id, state=ClipState.WITHDRAWN.value, published_at_us=None)
    assert await found_sounds(client, idle, "again") == []
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET suspended_at_us = 1 WHERE id = $1", otto))
    assert (await asked(client, "bell", kind="sound"))["sounds"] == [], "judged once more"
    await said(idle, Kind.ACCOUNT_SUSPENDED, otto)
    assert await found_sounds(client, idle, "bell") == []


async def test_a_sound_says_where_it_was_first_heard_and_how_it_is_used(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    guest, otto = await signed_up(idle, "otto")
    now_us = idle.server.clock()
    clips = [await publish(idle, who, f"Clip {n}") for n, who in enumerate((ana, otto, otto))]
    sound = await sounding(idle, 7, ana, "", *clips)
    await set_clip(idle, clips[0], published_at_us=now_us - 3 * DAY_US)
    for clip_id in clips[1:]:
        await set_clip(idle, clip_id, published_at_us=now_us)
    await caught_up(idle)
    about = await guest.json("GET", f"/api/sounds/{sound}")
    assert about["sound"]["title"] == "original sound of @ana"
    assert (about["clip_count"], about["first_clip"]["id"], about["trend_place"]) == (3, id_text(clips[0]), 1)
    assert [day["account_count"] for day in about["days"]] == [0] * 10 + [1, 0, 0, 1]
    assert (about["can_use"], about["is_own"]) == (True, False)
    assert (await client.json("GET", f"/api/sounds/{sound}"))["is_own"]
    told = await guest.json("GET", "/api/trends")
    assert [(one["sound"]["id"], one["account_count"]) for one in told["sounds"]] == [(sound, 2)]
    html = await (await guest.request("GET", f"/sound/{sound}")).text()
    assert "original sound of @ana" in html and f"/upload?sound={sound}" in html and "<rect" in html
    assert "Name this sound" not in html and html.count('class="tile"') == 3
    # Taken back, it lends its sound to nobody; those that have it keep it, and say whose it is.
    await set_clip(idle, clips[0], state=ClipState.WITHDRAWN.value, published_at_us=None)
    await caught_up(idle)
    about = await guest.json("GET", f"/api/sounds/{sound}")
    assert (about["clip_count"], about["first_clip"], about["can_use"]) == (2, None, False)
    shown = (await guest.json("GET", f"/api/clips/{id_text(clips[1])}"))["served"]["clip"]
    assert shown["sound"]["title"] == "original sound of @ana" and not shown["sound"]["is_original"]
    for clip_id in clips[1:]:
        await set_clip(idle, clip_id, audience="private")
    assert await (await idle.new_client()).refusal("GET", f"/api/sounds/{sound}") == (404, "sound-absent")


async def test_a_flood_by_one_account_or_in_one_hour_makes_no_trending_sound(database: Database) -> None:
    def uses(sound_id: int, people: int, first: int, hours: int) -> list[SoundUse]:
        return [
            SoundUse(first + n, sound_id, first + n, "en", NOW_US - (n * hours // people) * HOUR_US - 1)
            for n in range(people)
        ]

    honest, crowd, flood = 1, 2, 3
    many = uses(honest, 30, 1_000, 48) + uses(crowd, 500, 5_000, 1)
    many += [SoundUse(9_000 + n, flood, 77, "en", NOW_US - n) for n in range(500)]
    await database.transact(lambda transaction: rows.put_sound_uses(transaction, many))
    trends = await trending_sounds(database, "", 10, NOW_US)
    assert [trend.sound_id for trend in trends] == [honest, crowd]
    assert await trending_sounds(database, "de", 10, NOW_US) == []
