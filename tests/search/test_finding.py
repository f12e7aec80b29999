"""What people look for is found, whatever their spelling and script; what may not be shown is not."""

from typing import Any

import pytest

from freehold.actions import clip as clip_actions
from freehold.backends.database import Database
from freehold.domain.clip import Audience
from freehold.domain.finding import DocumentKind
from freehold.domain.ids import ClipId, id_text
from freehold.domain.making import Layout, Making, MakingKind
from freehold.search import index
from freehold.store import making as makings
from freehold.store import search as rows
from freehold.store.journal import Kind
from tests.api.made import NOW_US, ORDER
from tests.conftest import Running
from tests.search.made import asked, caught_up, clip_ids, found, publish, said, set_clip, signed_up, texts

DAY_US = 86_400_000_000


async def test_words_are_found_whatever_their_case_and_accents(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    cafe = await publish(idle, ana, "Un CAFÉ crème à Łódź, Straße")
    await publish(idle, ana, "Something else")
    for q in ("cafe", "Café", "CREME", "lodz", "łódź", "strasse", "crème café", "ＣＡＦＥ"):
        assert clip_ids(await found(client, idle, q)) == texts(cafe), q


@pytest.mark.parametrize(
    ("caption", "asked_for", "not_there"),
    [
        ("私の猫はかわいい #ねこ", ("猫", "かわいい", "カワイイ", "#ネコ"), ("犬", "いいわ")),
        ("我喜欢做陶器", ("陶器", "喜欢", "陶"), ("器陶", "狗")),
        ("고양이가 좋아요", ("고양이", "좋아요"), ("강아지",)),
        ("الكــتاب الجديد لأحمد", ("الكتاب", "لاحمد", "لأحمد"), ("قلم",)),
        ("שָׁלוֹם לכולם", ("שלום",), ("כלב",)),
        ("แมวของฉัน", ("แมว",), ("หมา",)),
        ("Привет, мир", ("привет", "МИР"), ("пока",)),
        ("Fun 😀🐱times", ("😀", "🐱", "times"), ("🐶",)),
    ],
)
async def test_every_script_is_found_by_its_words(
    idle: Running, caption: str, asked_for: tuple[str, ...], not_there: tuple[str, ...]
) -> None:
    client, ana = await signed_up(idle, "ana")
    clip_id = await publish(idle, ana, caption)
    for q in asked_for:
        assert clip_ids(await found(client, idle, q)) == texts(clip_id), q
    for q in not_there:
        assert clip_ids(await asked(client, q)) == [], q


async def test_a_slip_of_the_fingers_is_looked_past_and_said(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    clip_id = await publish(idle, ana, "Ceramics in a kiln #pottery")
    for q, meant in (
        ("ceramcis", "ceramics"), ("cermaics", "ceramics"), ("keramics", "ceramics"), ("kilm", "kiln"),
        ("ikln", "kiln"), ("potery", "pottery"), ("#potery", "#pottery"), ("a ceramcs kiln", "a ceramics kiln"),
    ):  # fmt: skip
        answer = await found(client, idle, q)
        assert answer["mended"] == meant, q
        assert clip_ids(answer) == texts(clip_id), q
    assert clip_ids(await asked(client, "cerxyzcs")) == [], "more slips than a word of this length may have"
    assert (await asked(client, "kiln"))["mended"] is None


async def test_a_word_that_there_is_is_never_taken_for_another(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    cream = await publish(idle, ana, "Cream")
    await publish(idle, ana, "Dream")
    answer = await found(client, idle, "cream")
    assert (clip_ids(answer), answer["mended"]) == (texts(cream), None)


async def test_the_beginning_of_a_word_finds_it_behind_the_word_itself(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    longer, exact = await publish(idle, ana, "Catsofinstagram"), await publish(idle, ana, "Cats")
    assert clip_ids(await found(client, idle, "cats")) == texts(exact, longer)


async def test_all_words_must_be_there_and_else_some_are_said_to_be(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    both = await publish(idle, ana, "A red teapot")
    red = await publish(idle, ana, "A red door")
    answer = await found(client, idle, "red teapot")
    assert (clip_ids(answer), answer["is_partial"]) == (texts(both), False)
    answer = await asked(client, "red zebra")
    assert (set(clip_ids(answer)), answer["is_partial"]) == (set(texts(both, red)), True)


async def test_phrases_tags_authors_and_what_must_not_be_there(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    _, otto = await signed_up(idle, "otto")
    one = await publish(idle, ana, "The black cat sleeps #pets")
    two = await publish(idle, otto, "A cat on black stone by @ana #stone")
    for q, there in (
        ('"black cat"', [one]), ('cat -"black cat"', [two]), ("cat -stone", [one]), ("cat -#stone", [one]),
        ("#pets", [one]), ("cat #stone", [two]), ("from:otto", [two]), ("from:@ana cat", [one]),
        ("@ana cat", [one, two]), ("cat -from:ana", [two]), ("#nothing cat", []),
    ):  # fmt: skip
        answer = await found(client, idle, q)
        assert answer["is_partial"] or set(clip_ids(answer)) == set(texts(*there)), (q, answer["clips"])
        assert answer["is_partial"] is (q == "#nothing cat"), q


async def test_date_length_and_language_narrow_what_is_found(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    old = await publish(idle, ana, "How I make the teapot")
    new = await publish(idle, ana, "Wie ich die Teapot mache und brenne")
    await set_clip(idle, old, published_at_us=1_700_000_000_000_000, duration_ms=70_000)
    await set_clip(idle, new, published_at_us=idle.server.clock() - DAY_US, duration_ms=9_000)
    for q, there in (
        ("teapot before:2024-01-01", [old]), ("teapot after:7d", [new]), ("teapot after:2023-11-14", [old, new]),
        ("teapot after:2023-11-15 before:2024-01-01", []), ("teapot length:<30s", [new]),
        ("teapot length:>1m", [old]), ("teapot lang:de", [new]), ("teapot lang:en", [old]), ("length:<30s", [new]),
        ("teapot -lang:de", [old]), ("teapot -after:7d", [old]),
    ):  # fmt: skip
        answer = await found(client, idle, q)
        assert answer["is_partial"] or set(clip_ids(answer)) == set(texts(*there)), q
    beside = await asked(client, "teapot", after="7d", length="<30s", lang="de", kind="clip")
    assert clip_ids(beside) == texts(new)


async def test_a_search_that_cannot_be_read_says_where(idle: Running) -> None:
    client = await idle.new_client()
    for q, code, place in (
        ('cat "black', "search-quote", "character 5"), ("a kind:dog", "search-kind", "character 3"),
        ("before:soon", "search-date", "character 1"), ("x length:long", "search-length", "character 3"),
        ("lang:xx", "search-language", "character 1"), ("x" * 301, "search-long", "300"),
        ("x " * 30, "search-many", "24"),
    ):  # fmt: skip
        answer = await client.request("GET", "/api/search", params={"q": q})
        error = (await answer.json())["error"]
        assert (answer.status, error["code"]) == (400, code) and place in error["text"], (q, error)
    for bad in ("kind=dog", "first=worst", "from=-1", "count=0", "count=51"):
        assert await client.refusal("GET", f"/api/search?q=x&{bad}") == (400, "bad-query"), bad


async def test_what_is_better_received_stands_before_what_says_the_same(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    plain, liked = await publish(idle, ana, "Teapot"), await publish(idle, ana, "Teapot")
    await set_clip(idle, liked, watch_count=400, like_count=90)
    await set_clip(idle, plain, watch_count=400, like_count=2)
    assert clip_ids(await found(client, idle, "teapot")) == texts(liked, plain)
    await idle.database.transact(
        lambda tx: tx.execute("UPDATE clip SET like_count = 92 - like_count WHERE author_id = $1", ana)
    )
    for clip_id in (plain, liked):
        await said(idle, Kind.CLIP_LIKED, clip_id)
    assert clip_ids(await found(client, idle, "teapot")) == texts(plain, liked), "a like is enough to look again"


async def test_the_newest_may_stand_first(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    middle, old, new = [await publish(idle, ana, "Teapot") for _ in range(3)]
    now_us = idle.server.clock()
    for clip_id, days, likes in ((middle, 5, 0), (old, 90, 300), (new, 1, 0)):
        await set_clip(idle, clip_id, published_at_us=now_us - days * DAY_US, watch_count=400, like_count=likes)
    assert clip_ids(await found(client, idle, "teapot"))[0] == id_text(old)
    for first, there in (("best", [old]), ("newest", [new, middle, old])):
        assert clip_ids(await asked(client, "teapot", first=first))[: len(there)] == texts(*there), first
    page = await asked(client, "teapot", first="newest", count=1, **{"from": 1})
    assert (clip_ids(page), page["next"]) == (texts(middle), 2)


async def test_a_result_says_why_in_terms_that_sum_to_its_score(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    clip_id = await publish(idle, ana, "Cats in a teapot #cats")
    await set_clip(idle, clip_id, watch_count=340, like_count=12)
    (one,) = (await found(client, idle, "teapot cats"))["clips"]
    assert sum(term["value"] for term in one["why"]) == pytest.approx(one["score"], abs=1e-12)
    told = {term["text"] for term in one["why"]}
    assert {"“cats” is a tag.", "“teapot” is in the caption.", "12 likes in 340 watches"} <= told


async def test_accounts_tags_and_comments_are_found_too(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    await client.json("PATCH", "/api/account", {"display_name": "Ana Duarte", "bio": "Clay and kilns."})
    clip_id = await publish(idle, ana, "Opening it #kilnlove #kilns")
    await client.json(
        "POST", f"/api/clips/{id_text(clip_id)}/comments", {"text": "How hot does the kiln get?"}, status=201
    )
    answer = await found(client, idle, "kiln")
    assert [one["account"]["handle"] for one in answer["accounts"]] == ["ana"]
    assert {one["tag"]: one["clip_count"] for one in answer["tags"]} == {"kilnlove": 1, "kilns": 1}
    assert clip_ids(answer) == texts(clip_id) and answer["comments"] == []
    for q in ("an", "duarte", "@ana", "clay", "durate"):
        people = await asked(client, q, kind="account")
        assert [one["account"]["handle"] for one in people["accounts"]] == ["ana"], q
    comments = (await asked(client, "kiln kind:comment"))["comments"]
    assert [one["comment"]["text"] for one in comments] == ["How hot does the kiln get?"]
    assert comments[0]["clip_url"] == f"/@ana/video/{id_text(clip_id)}"
    assert [one["tag"] for one in (await asked(client, "#kiln", kind="tag"))["tags"]] == ["kilnlove", "kilns"]


async def test_an_account_that_is_found_says_whether_one_follows_it(idle: Running) -> None:
    ana, otto = [(await signed_up(idle, name))[0] for name in ("ana", "otto")]
    await otto.json("PUT", "/api/accounts/ana/follow")
    for client, expected in ((otto, True), (ana, False), (await idle.new_client(), False)):
        assert [one["is_followed"] for one in (await found(client, idle, "ana"))["accounts"]] == [expected]


async def test_a_name_that_was_changed_is_found_and_the_old_one_is_not(idle: Running) -> None:
    client, _ = await signed_up(idle, "ana")
    for name, other in (("Zoe", "Mila"), ("Mila", "Zoe")):
        await client.json("PATCH", "/api/account", {"display_name": name})
        assert len((await found(client, idle, name, kind="account"))["accounts"]) == 1
        assert (await asked(client, other, kind="account"))["accounts"] == []


async def test_pages_follow_each_other_without_a_gap_or_a_repeat(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    all_ids = [await publish(idle, ana, f"Teapot number {n}") for n in range(23)]
    await caught_up(idle)
    seen: list[str] = []
    place: int | None = 0
    while place is not None:
        answer = await asked(client, "teapot", count=5, **{"from": place})
        seen += clip_ids(answer)
        place = answer["next"]
    assert sorted(seen) == sorted(texts(*all_ids)) and len(seen) == 23


HIDDEN: dict[str, dict[str, Any]] = {
    "withheld": {"order": ORDER},
    "private": {"audience": Audience.PRIVATE},
    "for followers": {"audience": Audience.FOLLOWERS},
}


@pytest.mark.parametrize("name", HIDDEN)
async def test_what_may_not_be_shown_is_neither_found_nor_counted_nor_suggested(idle: Running, name: str) -> None:
    client, ana = await signed_up(idle, "ana")
    await publish(idle, ana, "Secretwords #secrettag", **HIDDEN[name])
    for q in ("secretwords", "#secrettag", "from:ana", "secretwrods"):
        answer = await found(client, idle, q)
        assert (clip_ids(answer), answer["tags"], answer["mended"]) == ([], [], None), q
    for q in ("secretw", "#secr", "secretwrods"):
        assert (await client.json("GET", f"/api/search/suggest?q={q.replace('#', '%23')}"))["suggestions"] == []


async def test_what_is_hidden_after_it_was_indexed_is_judged_at_once_and_forgotten_with_the_journal(
    idle: Running,
) -> None:
    author, ana = await signed_up(idle, "ana")
    client, _ = await signed_up(idle, "otto")
    clip_id = await publish(idle, ana, "Secretwords #secrettag")
    await author.json("POST", f"/api/clips/{id_text(clip_id)}/comments", {"text": "Whispered"}, status=201)
    assert clip_ids(await found(client, idle, "secretwords")) == texts(clip_id)
    assert len((await asked(client, "whispered kind:comment"))["comments"]) == 1
    await idle.database.transact(lambda tx: tx.execute("UPDATE clip SET audience = 'private'"))
    assert clip_ids(await asked(client, "secretwords")) == []
    assert (await asked(client, "whispered kind:comment"))["comments"] == []
    await said(idle, Kind.CLIP_CHANGED, clip_id)
    assert (await found(client, idle, "#secrettag", kind="tag"))["tags"] == []
    await set_clip(idle, clip_id, audience="public")
    assert clip_ids(await found(client, idle, "secretwords")) == texts(clip_id)
    assert len((await asked(client, "whispered kind:comment"))["comments"]) == 1


async def kept(running: Running) -> dict[str, list[tuple[Any, ...]]]:
    tables = {table: await running.database.fetch(f"SELECT * FROM {table}") for table in rows.TABLES}
    return {
        table: sorted(tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in some)
        for table, some in tables.items()
    }


async def test_nothing_is_left_of_what_was_deleted(idle: Running) -> None:
    client, ana = await signed_up(idle, "ana")
    other, _ = await signed_up(idle, "otto")
    clip_id = await publish(idle, ana, "Ephemeral words #gone")
    await other.json("POST", f"/api/clips/{id_text(clip_id)}/comments", {"text": "Unique remark"}, status=201)
    assert clip_ids(await found(client, idle, "ephemeral")) == texts(clip_id)
    await client.json("DELETE", f"/api/clips/{id_text(clip_id)}", status=204)
    await caught_up(idle)
    left = await kept(idle)
    assert not any(b"ephemeral" in row or b"unique" in row or "gone" in row for some in left.values() for row in some)
    assert left["search_tag"] == left["tag_use"] == []
    await publish(idle, ana, "Second words")
    await client.json("DELETE", "/api/account", {"password": "correct horse battery"}, status=204)
    await caught_up(idle)
    assert {row[3] for row in (await kept(idle))["search_document"]} == {other_id(other)}


def other_id(client: Any) -> int:
    from freehold.domain.ids import parse_id

    return parse_id(client.account["id"]) or 0


async def test_the_clips_and_words_of_a_suspended_account_are_not_found_until_it_is_restored(idle: Running) -> None:
    _, ana = await signed_up(idle, "ana")
    client, _ = await signed_up(idle, "otto")
    clip_id = await publish(idle, ana, "Teapot")
    assert clip_ids(await found(client, idle, "teapot")) == texts(clip_id)
    for at_us, kind, there in ((1, Kind.ACCOUNT_SUSPENDED, []), (None, Kind.ACCOUNT_RESTORED, texts(clip_id))):
        sql = "UPDATE account SET suspended_at_us = $2 WHERE id = $1"
        await idle.database.transact(lambda tx, at_us=at_us, sql=sql: tx.execute(sql, ana, at_us))
        await said(idle, kind, ana)
        assert clip_ids(await found(client, idle, "teapot")) == there
        assert len((await asked(client, "ana", kind="account"))["accounts"]) == bool(there)


async def test_an_order_that_ends_by_the_clock_brings_the_clip_back(idle: Running) -> None:
    from dataclasses import replace

    client, ana = await signed_up(idle, "ana")
    clip_id = await publish(idle, ana, "Teapot", order=replace(ORDER, until_us=NOW_US))
    clock = idle.server.clock()
    await caught_up(idle)
    sql = "UPDATE withholding SET until_us = $1"
    await idle.database.transact(lambda tx: tx.execute(sql, clock + 3_600_000_000))
    await said(idle, Kind.CLIP_CHANGED, clip_id)
    assert clip_ids(await found(client, idle, "teapot")) == []
    await index.look_at_orders(idle.database, clock, clock + 2 * 3_600_000_000)
    assert (await kept(idle))["tag_use"] == [] and len((await kept(idle))["search_document"]) == 2


async def test_the_index_built_anew_finds_the_same(idle: Running) -> None:
    from freehold.feed import readers

    client, ana = await signed_up(idle, "ana")
    ids: list[ClipId] = []
    for n in range(30):
        ids.append(await publish(idle, ana, f"Word{n % 7} and word{n % 5} café #tag{n % 3}"))
        await caught_up(idle)
    for n in range(0, 30, 4):
        await set_clip(idle, ids[n], caption=f"Changed {n}")
        await caught_up(idle)
    await clip_actions.withdraw(idle.server.backends, await account_of(idle, ana), ids[1], NOW_US)
    before = await found(client, idle, "word3 cafe", count=50)
    vocabulary = {table: some for table, some in (await kept(idle)).items() if table in SAME}
    await readers.reset(idle.server.backends, index.NAME, NOW_US)
    await caught_up(idle)
    assert {table: some for table, some in (await kept(idle)).items() if table in SAME} == vocabulary
    after = await asked(client, "word3 cafe", count=50)
    assert set(clip_ids(after)) == set(clip_ids(before)) and len(after["clips"]) > 3


SAME = ("search_term", "search_gram", "search_tag", "tag_use")
"""Numbers of documents are others when they are given anew, words are not."""


async def account_of(running: Running, account_id: int) -> Any:
    from freehold.store import account as accounts

    return await accounts.by_id(running.database, account_id)  # type: ignore[arg-type]


async def test_suggestions_complete_the_last_word_and_keep_the_rest(idle: Running) -> None:
    client, ana = await signed_up(idle, "cerise")
    for n in range(3):
        await publish(idle, ana, f"Ceramics {n} #cermaniac")
    await publish(idle, ana, "Cereal")
    await caught_up(idle)

    async def suggested(q: str) -> list[tuple[str, str]]:
        answer = await client.request("GET", "/api/search/suggest", params={"q": q})
        return [(one["kind"], one["query"]) for one in (await answer.json())["suggestions"]]

    assert await suggested("red cer") == [
        ("word", "red ceramics"), ("word", "red cermaniac"), ("word", "red cereal"),
        ("tag", "red #cermaniac"), ("account", "red @cerise"),
    ]  # fmt: skip
    assert await suggested("#cer") == [("tag", "#cermaniac")]
    assert await suggested("x -@CE") == [("account", "x -@cerise")]
    assert await suggested("ceramcis") == [("word", "ceramics")]
    assert await suggested("ceramics ") == await suggested("") == await suggested('"') == []


async def test_what_comes_and_goes_with_a_clip_is_looked_at_a_few_at_a_time(
    idle: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, ana = await signed_up(idle, "ana")
    account = await account_of(idle, ana)
    source = await publish(idle, ana, "Source")
    making = Making(MakingKind.DUET, source, Layout.BESIDE, 5_000, 100, 100)
    for _ in range(5):
        duet = await publish(idle, ana, "Duet")
        await idle.database.transact(lambda tx, duet=duet: makings.insert(tx, duet, making))
    for n in range(7):
        await client.json("POST", f"/api/clips/{id_text(source)}/comments", {"text": f"Said {n}"}, status=201)
    await caught_up(idle)

    async def count() -> int:
        await caught_up(idle)
        return len((await kept(idle))["search_document"])

    before, looked_at = await count(), list[int]()
    looking, made_with = index._changes, makings.made_with_for_system

    async def watched(database: Database, kind: DocumentKind, wanted: index.Wanted) -> index.Changes:
        looked_at.append(len(wanted))
        return await looking(database, kind, wanted)

    async def unwanted(*_: object) -> Any:
        raise AssertionError("other words change nothing of what is made with a clip")

    for name, value in (("FEW", 2), ("MANY", 2), ("READ_AT_ONCE", 3), ("_changes", watched)):
        monkeypatch.setattr(index, name, value)
    monkeypatch.setattr(index._Turn.__init__, "__defaults__", (2,))
    monkeypatch.setattr(makings, "made_with_for_system", unwanted)
    await set_clip(idle, source, caption="Source anew")
    assert clip_ids(await found(client, idle, "anew")) == texts(source)
    monkeypatch.setattr(makings, "made_with_for_system", made_with)
    await clip_actions.withdraw(idle.server.backends, account, source, NOW_US)
    assert await count() == before - 13, "the clip, its comments and its duets"
    await clip_actions.publish(idle.server.backends, account, source, NOW_US)
    assert await count() == before
    assert max(looked_at) == 2 and sum(looked_at) >= 27
