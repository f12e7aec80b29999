"""Saving clips, collections of them, and playlists over HTTP."""

from typing import Any

from freehold.actions import lists as actions
from freehold.domain.clip import Audience
from freehold.domain.ids import ClipId, id_text, parse_id
from freehold.store import journal, withholding
from tests.api.made import ORDER, make_clip
from tests.conftest import Client, Running

PASSWORD = "correct horse battery"


async def people(running: Running) -> tuple[Client, Client, list[ClipId]]:
    """Ana with four clips, and Ben."""
    ana, ben = [await running.new_client() for _ in range(2)]
    ana_id = parse_id((await ana.sign_up("ana"))["id"]) or 0
    await ben.sign_up("ben")
    return ana, ben, [await make_clip(running.server.backends, ana_id, caption=f"clip {n}") for n in range(4)]


async def begin(who: Client, name: str, **more: Any) -> str:
    made = await who.json("POST", "/api/lists", {"name": name, **more}, status=201)
    return str(made["list"]["id"])


def ids(page: dict[str, Any]) -> list[str]:
    return [served["clip"]["id"] for served in page["clips"]]


async def test_a_save_counts_once_and_what_is_saved_stands_newest_first(idle: Running) -> None:
    ana, ben, clips = await people(idle)
    one, two, three, _ = (id_text(clip_id) for clip_id in clips)
    for clip in (two, three, one, one):
        answer = await ben.json("PUT", f"/api/clips/{clip}/save")
    assert answer == {"save_count": 1, "is_saved": True}
    shown = (await ben.json("GET", f"/api/clips/{one}"))["served"]["clip"]
    assert (shown["save_count"], shown["is_saved"]) == (1, True)
    assert not (await ana.json("GET", f"/api/clips/{one}"))["served"]["clip"]["is_saved"]
    page = await ben.json("GET", "/api/account/saved?count=2")
    assert ids(page) == [one, three] and not page["is_end"]
    rest = await ben.json("GET", f"/api/account/saved?count=2&from={page['next']}")
    assert ids(rest) == [two] and rest["is_end"] and rest["next"] is None
    assert await ben.refusal("GET", "/api/account/saved?from=x") == (400, "bad-query")
    assert ids(await ana.json("GET", "/api/account/saved")) == []
    for _ in range(2):
        assert await ben.json("DELETE", f"/api/clips/{one}/save") == {"save_count": 0, "is_saved": False}
    kinds = [entry.kind.value for entry in await journal.after(idle.database, 0, 100)]
    assert kinds[-4:] == ["clip.saved"] * 3 + ["clip.unsaved"], "what changes nothing is not written down"


async def test_a_collection_is_for_its_owner_alone_until_it_is_made_public(idle: Running) -> None:
    ana, ben, clips = await people(idle)
    list_id = await begin(ben, "  My   kilns ")
    clip = id_text(clips[0])
    for _ in range(2):
        now = (await ben.json("PUT", f"/api/lists/{list_id}/clips/{clip}"))["list"]
    assert (now["name"], now["clip_count"], now["is_public"], now["kind"]) == ("My kilns", 1, False, "collection")
    assert ids(await ben.json("GET", "/api/account/saved")) == [clip], "what is put into a collection is saved"
    asked = (await ben.json("GET", f"/api/lists?clip={clip}"))["lists"]
    assert [(one["name"], one["has_clip"]) for one in asked] == [("My kilns", True)]
    for path in (f"/api/lists/{list_id}", f"/api/lists/{list_id}/clips"):
        assert await ana.refusal("GET", path) == (404, "list-absent")
    assert (await ana.request("GET", f"/list/{list_id}")).status == 404
    assert (await ana.request("GET", f"/list/{list_id}/clips.html")).status == 404
    for method, path, body in (
        ("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("PUT", f"/clips/{clip}", None),
        ("DELETE", f"/clips/{clip}", None), ("PUT", f"/clips/{clip}/place", {"place": 1}),
    ):  # fmt: skip
        assert await ana.refusal(method, f"/api/lists/{list_id}{path}", body) == (404, "list-absent")
    assert (await ana.json("GET", "/api/accounts/ben/lists"))["lists"] == []
    await ben.json("PATCH", f"/api/lists/{list_id}", {"is_public": True})
    assert ids(await ana.json("GET", f"/api/lists/{list_id}/clips")) == [clip]
    (shown,) = (await ana.json("GET", "/api/accounts/ben/lists"))["lists"]
    assert (shown["name"], shown["is_own"]) == ("My kilns", False)
    assert "My kilns" in await (await ana.request("GET", "/@ben")).text()
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET suspended_at_us = 1 WHERE handle = 'ben'"))
    assert await ana.refusal("GET", f"/api/lists/{list_id}") == (404, "list-absent")


async def test_lists_are_renamed_emptied_and_deleted_and_what_was_in_them_stays_saved(idle: Running) -> None:
    _, ben, clips = await people(idle)
    one, two = await begin(ben, "One"), await begin(ben, "Two")
    assert await ben.refusal("POST", "/api/lists", {"name": "One"}) == (409, "list-name-taken")
    assert await ben.refusal("PATCH", f"/api/lists/{two}", {"name": "One"}) == (409, "list-name-taken")
    for name, code in (" ", "empty"), ("x" * 51, "long"), ("a\x00", "characters"), ("a\u202eb", "characters"):
        assert await ben.refusal("POST", "/api/lists", {"name": name}) == (400, f"list-name-{code}")
    assert (await ben.json("PATCH", f"/api/lists/{two}", {"name": "Three"}))["list"]["name"] == "Three"
    clip = id_text(clips[0])
    for list_id in (one, two):
        await ben.json("PUT", f"/api/lists/{list_id}/clips/{clip}")
    for _ in range(2):
        assert (await ben.json("DELETE", f"/api/lists/{one}/clips/{clip}"))["list"]["clip_count"] == 0
    await ben.json("DELETE", f"/api/lists/{one}", status=204)
    assert await ben.refusal("GET", f"/api/lists/{one}") == (404, "list-absent")
    assert ids(await ben.json("GET", "/api/account/saved")) == [clip]
    await ben.json("DELETE", f"/api/clips/{clip}/save")
    assert (await ben.json("GET", f"/api/lists/{two}"))["list"]["clip_count"] == 0, "given up in every collection"
    assert await ben.refusal("POST", "/api/lists", {"name": "x", "kind": "heap"}) == (400, "bad-body")


async def test_nobody_has_lists_without_end(idle: Running, monkeypatch: Any) -> None:
    ana, _, clips = await people(idle)
    monkeypatch.setattr(actions, "LISTS_LIMIT", 1)
    monkeypatch.setitem(actions.CLIPS_LIMIT, actions.ListKind.PLAYLIST, 1)
    list_id = await begin(ana, "One", kind="playlist")
    assert await ana.refusal("POST", "/api/lists", {"name": "Two", "kind": "playlist"}) == (413, "lists-many")
    await begin(ana, "Of another kind")
    for _ in range(2):
        await ana.json("PUT", f"/api/lists/{list_id}/clips/{id_text(clips[0])}")
    path = f"/api/lists/{list_id}/clips/{id_text(clips[1])}"
    assert await ana.refusal("PUT", path) == (413, "list-full")


async def test_a_playlist_holds_clips_of_ones_own_in_an_order_that_one_sets(idle: Running) -> None:
    ana, ben, clips = await people(idle)
    list_id = await begin(ana, "Course", kind="playlist")
    one, two, three, four = (id_text(clip_id) for clip_id in clips)
    for clip in (three, one, two):
        await ana.json("PUT", f"/api/lists/{list_id}/clips/{clip}")
    path = f"/api/lists/{list_id}/clips"
    assert ids(await ben.json("GET", path)) == [three, one, two], "as they were added"
    assert ids(await ana.json("GET", "/api/account/saved")) == [], "which saves none of them"
    for clip, place, now in (
        (two, 1, [two, three, one]), (two, 99, [three, one, two]), (one, 2, [three, one, two]),
    ):  # fmt: skip
        await ana.json("PUT", f"{path}/{clip}/place", {"place": place}, status=204)
        assert ids(await ben.json("GET", path)) == now
    assert await ana.refusal("PUT", f"{path}/{four}/place", {"place": 1}) == (404, "clip-absent")
    assert await ana.refusal("PUT", f"{path}/{one}/place", {"place": 0}) == (400, "bad-body")
    await ana.json("DELETE", f"/api/clips/{one}", status=204)
    await ana.json("PUT", f"{path}/{four}")
    page = await ben.json("GET", f"{path}?count=2")
    assert ids(page) == [three, two]
    assert ids(await ben.json("GET", f"{path}?count=2&from={page['next']}")) == [four]
    others = await begin(ben, "Theirs", kind="playlist")
    assert await ben.refusal("PUT", f"/api/lists/{others}/clips/{two}") == (403, "clip-not-yours")
    kept = await begin(ben, "Kept")
    await ben.json("PUT", f"/api/lists/{kept}/clips/{two}")
    assert await ben.refusal("PUT", f"/api/lists/{kept}/clips/{two}/place", {"place": 1}) == (409, "list-by-time")
    await idle.database.transact(lambda tx: tx.execute("UPDATE account SET role = 'viewer' WHERE handle = 'ben'"))
    assert await ben.refusal("POST", "/api/lists", {"name": "x", "kind": "playlist"}) == (403, "role-needed")
    made = [entry.kind.value for entry in await journal.after(idle.database, 0, 100) if "list." in entry.kind.value]
    assert made[:6] == ["list.created", *["list.clip-added"] * 3, "list.clip-moved", "list.clip-moved"]


async def test_lists_leave_out_what_may_not_be_shown(idle: Running) -> None:
    ana, ben, clips = await people(idle)
    playlist, kept = await begin(ana, "All", kind="playlist"), await begin(ben, "Kept", is_public=True)
    for clip_id in clips:
        await ana.json("PUT", f"/api/lists/{playlist}/clips/{id_text(clip_id)}")
        await ben.json("PUT", f"/api/lists/{kept}/clips/{id_text(clip_id)}")
    hidden, held, open_, also = clips
    await ana.json("PATCH", f"/api/clips/{id_text(hidden)}", {"audience": Audience.PRIVATE.value})
    await idle.database.transact(lambda tx: withholding.insert(tx, 5, held, ORDER))
    nobody = await idle.new_client()
    shown = {id_text(open_), id_text(also)}
    for who, handle, first in ((nobody, "ana", open_), (ben, "ana", open_), (nobody, "ben", also)):
        (listed,) = (await who.json("GET", f"/api/accounts/{handle}/lists"))["lists"]
        assert listed["cover_url"] == f"/media/{id_text(first)}/poster.jpg"
        assert f'src="{listed["cover_url"]}"' in await (await who.request("GET", f"/@{handle}")).text()
    await ana.json("PATCH", f"/api/clips/{id_text(also)}", {"is_sensitive": True})
    (listed,) = (await nobody.json("GET", "/api/accounts/ben/lists"))["lists"]
    assert listed["cover_url"] == f"/media/{id_text(open_)}/poster.jpg", "what is sensitive is no cover"
    for who in (nobody, ben):
        for list_id in (playlist, kept):
            assert set(ids(await who.json("GET", f"/api/lists/{list_id}/clips"))) == shown
            for page in (f"/list/{list_id}", f"/list/{list_id}/clips.html"):
                text = await (await who.request("GET", page)).text()
                assert "clip 2" in text and "clip 0" not in text and "clip 1" not in text
    for path in ("/saved", "/saved/clips.html"):
        text = await (await ben.request("GET", path)).text()
        assert "clip 3" in text and "clip 0" not in text and "clip 1" not in text
    assert set(ids(await ben.json("GET", "/api/account/saved"))) == shown
    for clip_id, refusal in (hidden, (404, "clip-absent")), (held, (451, "withheld")):
        assert await ben.refusal("PUT", f"/api/lists/{kept}/clips/{id_text(clip_id)}") == refusal
        assert await ben.refusal("PUT", f"/api/clips/{id_text(clip_id)}/save") == refusal
        given_up = await ben.json("DELETE", f"/api/clips/{id_text(clip_id)}/save")
        assert given_up == {"save_count": 0, "is_saved": False}, "wherever it stands"


async def test_a_deleted_account_leaves_no_saves_and_no_lists(idle: Running) -> None:
    ana, ben, clips = await people(idle)
    list_id, clip = await begin(ben, "Kept", is_public=True), id_text(clips[0])
    await ben.json("PUT", f"/api/lists/{list_id}/clips/{clip}")
    await ben.json("DELETE", "/api/account", {"password": PASSWORD}, status=204)
    assert (await ana.json("GET", f"/api/clips/{clip}"))["served"]["clip"]["save_count"] == 0
    assert await ana.refusal("GET", f"/api/lists/{list_id}") == (404, "list-absent")
    for table in ("clip_save", "clip_list", "clip_list_entry"):
        assert not await idle.database.fetch(f"SELECT 1 FROM {table}")


async def test_saving_and_lists_work_by_forms_and_lead_on_clip_by_clip(idle: Running) -> None:
    ana, ben, clips = await people(idle)
    one, two, three, _ = (id_text(clip_id) for clip_id in clips)

    async def send(who: Client, form: str, **fields: str) -> tuple[int, str]:
        answer = await who.request("POST", f"/forms/{form}", data={"csrf": who.csrf, "next": "/saved", **fields})
        return answer.status, answer.headers.get("location") or await answer.text()

    async def text(who: Client, path: str) -> str:
        answer = await who.request("GET", path)
        assert answer.status == 200, path
        return await answer.text()

    assert await send(ben, "save", clip=one, on="1") == (303, "/saved")
    assert await send(ben, "save", clip=one, name="Kilns") == (303, "/saved")
    (kilns,) = (await ben.json("GET", "/api/lists"))["lists"]
    assert await send(ben, "save", clip=two, into=kilns["id"]) == (303, "/saved")
    assert 'aria-pressed="true" data-name="Kilns"' in await text(ben, f"/@ana/video/{two}/save")
    assert "Kilns" in await text(ben, "/saved")
    assert await send(ben, "save", clip=one, out_of=kilns["id"]) == (303, "/saved")
    assert await send(ben, "list", list=kilns["id"], verb="change", name="Ovens", public="1") == (303, "/saved")
    status, shown = await send(ben, "list", list=kilns["id"], verb="change", name=" ")
    assert status == 400 and "A list has a name." in shown
    assert "Ovens" in await text(ana, kilns["url"])
    assert await send(ben, "list", list=kilns["id"], verb="change", name="Ovens") == (303, "/saved")
    status, shown = await send(ana, "list", list=kilns["id"], verb="change", name=" ")
    assert status == 400 and "Ovens" not in shown, "it is ben's own"
    assert await send(ben, "list", list=kilns["id"], verb="change", name="Ovens", public="1") == (303, "/saved")
    assert (await send(ben, "list", list=kilns["id"], verb="burn"))[0] == 400
    assert await send(ben, "save", clip=one, on="0") == (303, "/saved")
    nobody = await idle.new_client()
    asked = await nobody.request("GET", f"/@ana/video/{two}/save")
    assert asked.status == 303 and asked.headers["location"].startswith("/sign-in")

    status, url = await send(ana, "list", verb="create", kind="playlist", name="Course")
    list_id = url.rpartition("/")[2]
    for clip in (one, two, three):
        assert await send(ana, "list", list=list_id, verb="add", clip=clip) == (303, "/saved")
    for clip, verb in (three, "earlier"), (one, "later"), (two, "later"):
        assert await send(ana, "list", list=list_id, verb=verb, clip=clip) == (303, "/saved")
    page = await text(ben, url)
    order = [page.index(f"/video/{clip}?") for clip in (three, one, two)]
    assert order == sorted(order), "three, one, two"
    opened = await text(ben, f"/@ana/video/{three}?list={list_id}&from=1")
    assert f'data-more="/list/{list_id}/clips.html?from=1&amp;through=1"' in opened
    articles = (await text(ben, f"/list/{list_id}/clips.html?from=1&through=1")).split("<article")[1:]
    assert [one in articles[0], two in articles[1], len(articles)] == [True, True, 2]
    assert f'data-more="/list/{list_id}/clips.html?from=2&amp;through=1"' in articles[0]
    assert await send(ana, "list", list=list_id, verb="remove", clip=one) == (303, "/saved")
    assert await send(ana, "list", list=list_id, verb="delete") == (303, "/saved")
