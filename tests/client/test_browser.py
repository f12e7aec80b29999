"""The web client in Chromium, against a whole server: what a person sees and does."""

import contextlib
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.client.conftest import DESKTOP, PASSWORD, Network, Person, ffmpeg, make_clip, sign_in, swipe
from tests.conftest import ROOT

pytestmark = pytest.mark.slow
AXE = (Path(__file__).parent / "axe-4.14.1.min.js").read_text()
Open = Callable[..., Page]


def until(condition: Callable[[], Any], timeout_s: float = 8) -> Any:
    """The first true answer; playing, scrolling and sending take their time."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def current(page: Page) -> str:
    return str(page.evaluate("document.querySelector('.clip.current')?.dataset.id || ''"))


def playing(page: Page) -> dict[str, Any]:
    """The video of the current clip."""
    told: dict[str, Any] = page.evaluate(
        """() => {
          const v = document.querySelector('.clip.current video');
          if (!v) return {at: 0, paused: true};
          return {at: v.currentTime, paused: v.paused, muted: v.muted, rate: v.playbackRate};
        }"""
    )
    return told


def moves(page: Page) -> bool:
    before = playing(page)["at"]
    page.wait_for_timeout(150)
    return bool(playing(page)["at"] > before)


def tap(page: Page, times: int = 1) -> None:
    for _ in range(times):
        page.touchscreen.tap(180, 330)
        page.wait_for_timeout(70)


def test_a_swipe_brings_the_next_clip_which_was_ready_and_plays(open_page: Open) -> None:
    page = open_page("/")
    until(lambda: moves(page))
    first = current(page)
    prepared = page.locator(".clip.current + .clip video")
    until(lambda: prepared.count() and prepared.evaluate("v => v.readyState >= 3 && v.paused"))
    swipe(page)
    until(lambda: current(page) != first and moves(page))
    until(lambda: re.search(r"/@\w+/video/" + current(page), page.url))
    assert page.evaluate("document.querySelectorAll('video').length") <= 3
    swipe(page, up=False)
    until(lambda: current(page) == first and moves(page))


def test_the_feed_goes_on_until_everything_was_seen_and_says_so(open_page: Open, network: Network) -> None:
    page = open_page("/")
    until(lambda: current(page))
    # The page itself notes each clip it comes to: a look from outside may be late by one on a busy machine.
    page.evaluate(
        """() => {
          window.seen = [document.querySelector('.clip.current').dataset.id];
          new MutationObserver(() => {
            const id = document.querySelector('.clip.current')?.dataset.id;
            if (id && id !== window.seen.at(-1)) window.seen.push(id);
          }).observe(document.querySelector('.clips'), {subtree: true, attributeFilter: ['class']});
        }"""
    )
    at_rest = """() => {
      const scroller = document.querySelector('.scroller');
      const height = document.querySelector('.clip').getBoundingClientRect().height;
      const isWhole = Math.abs(scroller.scrollTop / height - Math.round(scroller.scrollTop / height)) < 0.01;
      return isWhole && document.querySelector('.clips').getAttribute('aria-busy') !== 'true';
    }"""
    for _ in range(len(network.clips) + 5):
        until(lambda: page.evaluate(at_rest))
        is_last = page.evaluate("!document.querySelector('.clip.current ~ .clip')")
        come_to = page.evaluate("window.seen.length")
        swipe(page)
        if not is_last:
            page.wait_for_function("come_to => window.seen.length > come_to", arg=come_to)
    until(lambda: page.locator(".state").get_attribute("data-state") == "end")
    seen = page.evaluate("window.seen")
    assert len(set(seen)) == len(seen) == page.locator(".clip").count(), "no clip twice, and none passed over"
    assert len(seen) > 5, "more than the first page"
    assert page.evaluate("document.querySelectorAll('video').length") <= 3


def test_sound_comes_with_the_first_tap_and_stays(open_page: Open) -> None:
    page = open_page("/")
    until(lambda: moves(page))
    assert playing(page)["muted"]
    tap(page)
    until(lambda: not playing(page)["muted"])
    assert not playing(page)["paused"], "the first tap brings the sound and does not pause"
    first = current(page)
    swipe(page)
    until(lambda: current(page) != first and moves(page))
    assert not playing(page)["muted"]
    page.click(".sound")
    assert playing(page)["muted"]


def test_a_tap_pauses_holding_plays_at_twice_the_speed_and_the_line_seeks(open_page: Open) -> None:
    page = open_page("/")
    until(lambda: moves(page))
    tap(page)
    page.wait_for_timeout(400)
    tap(page)
    until(lambda: playing(page)["paused"])
    page.locator(".clip.current .play").click()
    until(lambda: not playing(page)["paused"])
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": 180, "y": 330}]})
    until(lambda: playing(page)["rate"] == 2)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    until(lambda: playing(page)["rate"] == 1)
    tap(page)
    until(lambda: playing(page)["paused"])
    line = page.locator(".clip.current .scrub")
    line.focus()
    line.press("End")
    assert playing(page)["at"] > 2
    line.press("Home")
    assert playing(page)["at"] < 0.1


def test_a_double_tap_likes_and_never_unlikes(open_page: Open, network: Network, playwright: Playwright) -> None:
    Person(playwright, network.base, "liker")
    page = open_page("/", as_person="liker")
    until(lambda: moves(page))
    tap(page)
    page.wait_for_timeout(400)
    button = page.locator('.clip.current [data-do="like"]')
    before = int(button.locator("b").inner_text())
    for _ in range(2):
        tap(page, 2)
        expect(button).to_have_attribute("aria-pressed", "true")
        page.wait_for_timeout(400)
    assert not playing(page)["paused"]
    assert int(button.locator("b").inner_text()) == before + 1
    page.reload()
    expect(page.locator('.clip.current [data-do="like"]')).to_have_attribute("aria-pressed", "true")
    page.locator('.clip.current [data-do="like"]').click()
    expect(page.locator('.clip.current [data-do="like"]')).to_have_attribute("aria-pressed", "false")


def test_a_swipe_to_the_start_edge_opens_the_profile(open_page: Open) -> None:
    page = open_page("/")
    until(lambda: moves(page))
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": 320, "y": 330}]})
    for x in range(300, 100, -25):
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": 332}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_url(re.compile(r"/@\w+$"))
    expect(page.locator(".grid .tile").first).to_be_visible()


def test_a_feed_can_be_used_with_keys_alone(open_page: Open, network: Network, playwright: Playwright) -> None:
    Person(playwright, network.base, "typist")
    page = open_page("/", as_person="typist", **DESKTOP, has_touch=False, is_mobile=False, device_scale_factor=1)
    until(lambda: moves(page))
    first = current(page)
    page.keyboard.press("j")
    until(lambda: current(page) != first)
    assert page.evaluate("document.activeElement.dataset.id") == current(page)
    page.keyboard.press("ArrowUp")
    until(lambda: current(page) == first and moves(page))
    page.keyboard.press(" ")
    until(lambda: playing(page)["paused"])
    page.keyboard.press(" ")
    page.keyboard.press("l")
    expect(page.locator('.clip.current [data-do="like"]')).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("c")
    expect(page.locator("#panel-title")).to_be_focused()
    page.locator("#say").focus()
    page.keyboard.type("jklm are letters here")
    page.keyboard.press("Enter")
    expect(page.locator(".comment .text").first).to_have_text("jklm are letters here")
    assert current(page) == first
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    page.keyboard.press("w")
    expect(page.locator("#panel-title")).to_have_text("Why am I seeing this?")
    expect(page.locator("#panel .lead")).to_be_visible()
    page.keyboard.press("w")
    share_with_keys(page)
    page.keyboard.press("?")
    expect(page.locator("dialog.keys")).to_be_visible()
    page.keyboard.press(" ")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.wait_for_timeout(300)
    assert current(page) == first, "single letters are switched off"
    page.keyboard.press("ArrowDown")
    until(lambda: current(page) != first)


def share_with_keys(page: Page) -> None:
    """Copies the current clip's link."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    count = page.locator('.clip.current [data-do="share"] b')
    before = int(count.inner_text())
    page.keyboard.press("s")
    expect(page.locator("#share-title")).to_be_focused()
    expect(page.locator("dialog .qr")).to_be_visible()
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("dialog [role=status]")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    expect(count).to_have_text(str(before + 1))
    page.keyboard.press("Escape")
    expect(page.locator("dialog.sheet")).to_have_count(0)
    expect(page.locator('.clip.current [data-do="share"]')).to_be_focused()


def test_who_passes_a_clip_on_by_an_app_is_counted_once_and_only_signed_in(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    Person(playwright, network.base, "passer")
    clip = network.clips[3]
    for handle, counted in (("", 0), ("passer", 1)):
        page = open_page("/about", as_person=handle)
        page.add_init_script("navigator.share = (told) => { window.passed = told; return Promise.resolve(); }")
        page.goto(clip["url"])
        button = page.locator('.clip.current [data-do="share"]')
        before = int(button.locator("b").inner_text())
        for _ in range(2):
            button.tap()
            page.get_by_role("button", name="Send with an app").tap()
            page.wait_for_function("url => window.passed?.url === url", arg=network.base + clip["url"])
            page.get_by_role("dialog").get_by_role("button", name="Close").tap()
            expect(page.locator("dialog.sheet")).to_have_count(0)
        expect(button.locator("b")).to_have_text(str(before + counted))
        page.reload()
        expect(button.locator("b")).to_have_text(str(before + counted))
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    for is_done, told in (("true", "Copied."), ("false", "Selected: press Ctrl and C to copy it.")):
        button.tap()
        page.evaluate(f"document.execCommand = () => {is_done}")
        page.get_by_role("button", name="Copy link").tap()
        expect(page.locator("dialog [role=status]")).to_have_text(told)
        assert page.evaluate("getSelection().toString()") == network.base + clip["url"]
        page.get_by_role("dialog").get_by_role("button", name="Close").tap()


def test_a_clip_plays_in_the_frame_of_another_site(open_page: Open, network: Network) -> None:
    page = open_page(network.clips[4]["url"] + "/share")
    page.locator("summary").click()
    page.get_by_role("button", name="Copy the HTML").click()
    expect(page.locator("main [role=status]")).to_have_text("Copied.")
    code = page.locator("textarea").input_value()
    with another_site(f"<!doctype html>{code}") as address:
        page.goto(address)
        frame = page.frame_locator("iframe")
        film = frame.locator("video")
        film.evaluate("(video) => { video.muted = true; return video.play(); }")
        until(lambda: film.evaluate("(video) => video.currentTime > 0.2 && video.videoWidth > 0"))
        assert frame.get_by_role("link").get_attribute("href") == network.base + network.clips[4]["url"]


@contextlib.contextmanager
def another_site(html: str) -> Iterator[str]:
    """The address of a page on a host of its own."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_focus_returns_to_what_opened_a_panel(open_page: Open) -> None:
    page = open_page("/")
    until(lambda: current(page))
    opener = page.locator('.clip.current [data-do="comments"]')
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_be_focused()
    page.locator('#panel [data-do="close"]').click()
    expect(opener).to_be_focused()


@pytest.mark.parametrize("width_px", [960, 1024, 1180, 1440])
def test_the_panel_pushes_the_clip_and_its_buttons_and_covers_neither(open_page: Open, width_px: int) -> None:
    page = open_page("/", **{**DESKTOP, "is_mobile": False, "viewport": {"width": width_px, "height": 700}})
    page.locator(".clip.current [data-do=why]").click()
    panel = page.locator("#panel").bounding_box()
    rail = page.locator(".clip.current .rail").bounding_box()
    stage = page.locator(".clip.current .stage").bounding_box()
    steps = page.locator(".steps").bounding_box()
    chip = page.locator(".clip.current .chip[data-do=why]").bounding_box()
    assert panel and rail and stage and chip
    assert chip["x"] + chip["width"] <= stage["x"] + stage["width"]
    assert rail["x"] + rail["width"] <= panel["x"] and stage["x"] + stage["width"] <= rail["x"]
    assert steps is None or steps["x"] >= stage["x"] + stage["width"]


def test_watches_reach_the_server_while_one_swipes_and_when_the_page_is_closed(
    open_page: Open, network: Network
) -> None:
    page = open_page("/")
    until(lambda: moves(page))
    first = current(page)
    shown = page.locator(".clip.current").get_attribute("data-page")
    page.wait_for_timeout(3600)
    swipe(page)
    until(lambda: current(page) != first and moves(page))
    second = current(page)
    page.wait_for_timeout(600)
    page.close(run_before_unload=True)
    held = until(
        lambda: (rows := [one for one in network.watches() if one["page"] == shown]) and len(rows) == 2 and rows
    )
    by_clip = {watch["clip"]: watch for watch in held}
    assert by_clip[first]["completions"] >= 1 and not by_clip[first]["skipped"]
    assert 3000 < by_clip[first]["watched_ms"] < 7000
    assert by_clip[second]["completions"] == 0 and not by_clip[second]["skipped"]
    assert 300 < by_clip[second]["watched_ms"] < 3000


def test_without_a_connection_a_like_and_watches_are_kept_and_sent_later(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    Person(playwright, network.base, "traveller")
    page = open_page("/", as_person="traveller")
    until(lambda: moves(page))
    first = current(page)
    until(lambda: page.evaluate("document.querySelector('.clip.current + .clip video')?.readyState") == 4)
    shown = page.locator(".clip.current").get_attribute("data-page")
    page.context.set_offline(True)
    page.locator('.clip.current [data-do="like"]').click()
    expect(page.locator(".toast")).to_contain_text("offline")
    swipe(page)
    until(lambda: current(page) != first)
    page.wait_for_timeout(2500)
    assert not any(watch["page"] == shown for watch in network.watches())
    page.context.set_offline(False)
    expect(page.locator(".toast")).to_contain_text("Back online")
    until(lambda: any(watch["page"] == shown for watch in network.watches()), 15)
    page.goto(next(clip["url"] for clip in network.clips if clip["id"] == first))
    expect(page.locator('.clip.current [data-do="like"]')).to_have_attribute("aria-pressed", "true")


def test_while_the_server_is_away_it_is_said_and_everything_goes_on_by_itself_when_it_is_back(
    open_page: Open, network: Network
) -> None:
    page = open_page("/")
    until(lambda: moves(page))
    page.route("**/*", lambda route: route.abort("connectionrefused"))
    broken = page.locator(".clip.current.broken")
    for _ in range(4):
        swipe(page)
        page.wait_for_timeout(600)
        if broken.count():
            break
    expect(broken.locator(".play")).to_contain_text("The server cannot be reached.")
    told = (broken.get_attribute("data-page"), current(page))
    page.locator('.clip.current [data-do="share"]').click()
    expect(page.locator(".toast")).to_have_text("The server cannot be reached.")
    broken.locator('[data-do="comments"]').click()
    expect(page.locator("#panel-body")).to_have_text("The server cannot be reached.")
    page.keyboard.press("Escape")
    swipe(page)
    until(lambda: current(page) != told[1])
    page.unroute("**/*")
    until(lambda: moves(page), 15)
    expect(broken).to_have_count(0)
    page.close(run_before_unload=True)
    page_of = until(lambda: [one for one in network.watches() if one["page"] == told[0]])
    assert told[1] not in [one["clip"] for one in page_of], "a clip that never came was not turned down"


def test_watches_outlast_signing_in_anew_in_another_tab(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    Person(playwright, network.base, "twotabs")
    page = open_page("/", as_person="twotabs")
    until(lambda: moves(page))
    first = current(page)
    shown = page.locator(".clip.current").get_attribute("data-page")
    other_tab = page.context.request
    token = other_tab.get("/about").text().partition('name="csrf" content="')[2].partition('"')[0]
    signed_in = other_tab.post(
        "/api/session",
        headers={"origin": network.base, "x-csrf-token": token},
        data={"handle": "twotabs", "password": PASSWORD, "kind": "web"},
    )
    assert signed_in.ok, signed_in.text()
    swipe(page)
    until(lambda: current(page) != first)
    until(lambda: any(watch["page"] == shown for watch in network.watches()))


def test_less_like_this_is_told_at_once_and_the_feed_moves_on(open_page: Open, network: Network) -> None:
    page = open_page("/")
    until(lambda: moves(page))
    first, shown = current(page), page.locator(".clip.current").get_attribute("data-page")
    page.locator('.clip.current [data-do="less"]').click()
    until(lambda: current(page) != first)
    held = until(lambda: [watch for watch in network.watches() if watch["page"] == shown])
    assert [watch["clip"] for watch in held if watch["not_interested"]] == [first]


def test_fewer_of_a_tag_or_an_author_is_asked_for_beside_the_reasons(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    person = Person(playwright, network.base, "chooser")
    page = open_page("/", as_person="chooser")
    until(lambda: moves(page))
    page.locator(".clip.current [data-do=why]").click()
    tag = page.locator("#panel-body button", has_text="Fewer of #kind")
    kind = tag.inner_text().removeprefix("Fewer of #")
    tag.click()
    expect(page.locator(".toast")).to_contain_text(f"fewer of #{kind} from the next page on")
    none = page.locator("#panel-body button", has_text=f"None of #{kind}")
    none.click()
    expect(none).to_be_disabled()
    by = page.locator("#panel-body button", has_text="Fewer by @")
    handle = by.inner_text().removeprefix("Fewer by @")
    by.click()
    expect(page.locator("#panel-body button", has_text=f"None of @{handle}")).to_be_visible()
    held = person.call("GET", "/api/feeds/for-you/wishes")["wishes"]
    assert held == [
        {"kind": "tag", "name": kind, "level": -2},
        {"kind": "author", "name": handle, "level": -1},
    ]


def test_signed_out_fewer_of_a_tag_asks_to_sign_in(open_page: Open) -> None:
    page = open_page("/")
    until(lambda: moves(page))
    page.locator(".clip.current [data-do=why]").click()
    page.locator("#panel-body button", has_text="Fewer of #").click()
    expect(page.locator(".toast")).to_contain_text("Sign in")


def test_topics_muted_words_and_profiling_are_chosen_in_the_settings(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    person = Person(playwright, network.base, "settler")
    page = open_page("/settings", as_person="settler")
    slider = page.get_by_label("#kind0")
    assert slider.get_attribute("aria-valuetext") == "as it comes"
    with page.expect_response("**/wishes/tag/kind0") as answered:
        slider.press("ArrowRight")
    assert answered.value.ok
    assert slider.get_attribute("aria-valuetext") == "more"
    expect(page.locator("form.wish", has_text="#kind0").locator("output")).to_have_text("more")
    page.fill("#wish-name", "two words")
    page.click(".newwish button")
    expect(page.locator(".newwish .refusal")).to_contain_text("A tag is one word")
    page.fill("#wish-name", "#Kilns")
    page.select_option("#wish-level", "-2")
    page.click(".newwish button")
    expect(page.get_by_label("#kilns")).to_have_attribute("aria-valuetext", "none at all")
    page.fill("#muted-words", "spoiler\n\nthe end\nSpoiler")
    expect(page.locator("#muted-count")).to_have_text("3 of at most 500")
    page.click("#muted button")
    expect(page.locator(".toast")).to_contain_text("Saved")
    expect(page.locator("#muted-words")).to_have_value("spoiler\nthe end")
    with page.expect_response("**/profiling"):
        page.uncheck("#profiling")
    page.reload()
    expect(page.locator("#profiling")).not_to_be_checked()
    expect(page.get_by_label("#kind0")).to_have_value("1")
    assert person.call("GET", "/api/feeds/for-you/wishes")["wishes"] == [
        {"kind": "tag", "name": "kilns", "level": -2},
        {"kind": "tag", "name": "kind0", "level": 1},
    ]
    assert person.call("GET", "/api/feeds/for-you/profiling") == {"is_on": False}


def test_what_is_chosen_can_be_chosen_without_scripts(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    person = Person(playwright, network.base, "plainer")
    page = open_page("/settings", as_person="plainer", java_script_enabled=False)
    form = page.locator("form.wish", has_text="#kind1")
    form.get_by_label("#kind1").press("ArrowLeft")
    form.get_by_role("button").click()
    expect(page.locator(".notice")).to_contain_text("Saved")
    assert person.call("GET", "/api/feeds/for-you/wishes")["wishes"] == [{"kind": "tag", "name": "kind1", "level": -1}]
    page.uncheck("#profiling")
    page.click("form.profiling button")
    expect(page.locator("#profiling")).not_to_be_checked()
    served = person.call("GET", "/api/feeds/for-you?count=1")["clips"][0]
    page.goto(f"/why/{served['page_id']}/0")
    expect(page.locator("main")).to_contain_text("Not profiled")
    page.get_by_role("button", name="Fewer by @").click()
    page.wait_for_url("**/settings?done=choice#topics")
    assert len(person.call("GET", "/api/feeds/for-you/wishes")["wishes"]) == 2


def test_what_is_typed_becomes_suggestions_that_keys_and_fingers_choose(open_page: Open, network: Network) -> None:
    page = open_page("/about", **DESKTOP, has_touch=False, is_mobile=False, device_scale_factor=1)
    until(lambda: page.request.get("/api/search?q=kind0").json()["clips"], 30)
    page.keyboard.press("/")
    page.wait_for_url("**/search#q")
    box = page.locator("#q")
    expect(box).to_be_focused()
    expect(page.locator(".nav a[aria-current]")).to_have_text("Search")
    expect(page.locator(".nav").get_by_text("Following")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/suggest" in request.url else None)
    box.press_sequentially("#kin", delay=20)
    options = page.locator("#suggestions [role=option]")
    expect(options).to_have_count(2)
    assert len(asked) == 1, "asked once the typing has paused"
    expect(page.locator("#suggestions-said")).to_have_text("2 suggestions")
    assert box.get_attribute("aria-expanded") == "true" and not box.get_attribute("aria-activedescendant")
    box.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    box.press("ArrowUp")
    assert not box.get_attribute("aria-activedescendant"), "back to what was typed"
    box.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    box.press("Escape")
    expect(page.locator("#suggestions")).to_be_hidden()
    expect(box).to_have_value("#kin")
    box.press("ArrowDown")
    expect(options.first).to_be_visible()
    wanted = options.first.locator("b").inner_text()
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url(re.compile(r"/search\?q=%23kind\d$"))
    expect(page.locator("#q")).to_have_value(wanted)
    expect(page.locator(".hits .tile")).to_have_count(5)
    page.locator(".because summary").first.click()
    expect(page.locator(".because li").first).to_contain_text(f"It has the tag {wanted}")
    found = [str(tile.get_attribute("href")).partition("?")[0] for tile in page.locator(".hits .tile").all()]
    page.locator(".hits .tile").nth(1).click()
    until(lambda: current(page) and page.url.endswith(found[1]))
    page.reload()
    for url in found[2:4]:
        until(lambda: moves(page) and page.locator(".clip.current + .clip").count())
        page.keyboard.press("ArrowDown")
        until(lambda url=url: page.url.endswith(url))  # type: ignore[misc]
    page.goto("/search")
    page.locator("#q").fill("@mei")
    page.locator("#suggestions").get_by_text("@mei").click()
    page.wait_for_url("**/@mei")


def test_a_tag_is_followed_on_its_page_and_given_up_in_the_settings(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    person = Person(playwright, network.base, "tagger")
    page = open_page("/tag/kind0", as_person="tagger")
    button = page.locator('[data-do="follow-tag"]')
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-followers]")).to_have_text("1")
    assert person.call("GET", "/api/account/tags")["tags"] == ["kind0"]
    page.goto("/following")
    expect(page.locator(".clip .caption").first).to_contain_text("#kind0")
    page.goto("/search?q=mei")
    page.get_by_role("button", name="Follow @mei").click()
    expect(page.get_by_role("button", name="Following @mei")).to_have_attribute("aria-pressed", "true")
    until(lambda: person.call("GET", "/api/accounts/mei")["is_followed"])
    page.goto("/settings")
    page.locator("#tags").get_by_role("button", name="Stop following").click()
    expect(page.locator("#tags li")).to_have_count(0)
    assert person.call("GET", "/api/account/tags")["tags"] == []


def newest_of(page: Page, network: Network) -> re.Pattern[str]:
    """The caption of the clip that was published last, which need not be the one that was uploaded last; search tells
    times by the second."""
    served = [page.request.get(f"/api/clips/{clip['id']}").json()["served"]["clip"] for clip in network.clips]
    seconds = [clip["published_at_us"] // 1_000_000 for clip in served]
    newest = [clip["caption"] for clip, second in zip(served, seconds, strict=True) if second == max(seconds)]
    return re.compile("|".join(re.escape(caption) for caption in newest))


def test_searching_works_without_scripts_on_a_phone(open_page: Open, network: Network) -> None:
    page = open_page("/", java_script_enabled=False)
    page.locator(".nav").get_by_text("Search").click()
    page.fill("#q", "clip")
    page.get_by_text("Narrow down").click()
    page.select_option("#search-first", "newest")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**first=newest**")
    expect(page.locator(".hits .name").first).to_have_text(newest_of(page, network))
    page.get_by_role("link", name="Tags", exact=True).click()
    page.fill("#q", "kind")
    page.locator(".box button").click()
    page.locator(".tags.links a").first.click()
    page.wait_for_url("**/tag/kind*")
    expect(page.locator(".grid .tile").first).to_be_visible()


def test_who_wants_less_motion_starts_clips_by_hand(open_page: Open) -> None:
    page = open_page("/", reduced_motion="reduce")
    until(lambda: current(page))
    page.wait_for_timeout(700)
    assert playing(page)["paused"]
    page.locator(".clip.current .play").click()
    until(lambda: moves(page))


def test_where_the_browser_refuses_to_play_there_is_a_button(open_page: Open) -> None:
    page = open_page("/about")
    page.add_init_script("""
        const play = HTMLMediaElement.prototype.play;
        HTMLMediaElement.prototype.play = function () {
          if (navigator.userActivation.hasBeenActive) return play.call(this);
          return Promise.reject(new DOMException("", "NotAllowedError"));
        };
    """)
    page.goto("/")
    expect(page.locator(".clip.current .play")).to_be_visible()
    page.locator(".clip.current .play").click()
    until(lambda: moves(page))
    expect(page.locator(".clip.current .play")).to_have_count(0)


def test_signed_out_a_like_asks_to_sign_in_and_leads_back(open_page: Open) -> None:
    page = open_page("/")
    until(lambda: current(page))
    page.locator('.clip.current [data-do="like"]').click()
    page.locator(".toast a").click()
    page.wait_for_url(re.compile(r"/sign-in\?next="))
    page.fill("#handle", "ana")
    page.fill("#password", "wrong password")
    page.click("form.card button")
    expect(page.locator(".refusal")).to_be_visible()
    page.fill("#password", PASSWORD)
    page.click("form.card button")
    page.wait_for_url(re.compile(r"/@\w+/video/"))


def test_a_clip_is_uploaded_interrupted_resumed_after_a_reload_captioned_and_posted(
    open_page: Open, network: Network, playwright: Playwright, tmp_path: Path
) -> None:
    author = Person(playwright, network.base, "author")
    noise = ("-vf", "noise=alls=60:allf=t", "-b:v", "24M", "-minrate", "24M", "-bufsize", "24M")
    path = make_clip(tmp_path / "kiln.mp4", hue=10, seconds=4, size="360x640", extra=noise)
    assert path.stat().st_size > 9_000_000, "more than two chunks"
    page = open_page("/upload", as_person="author")
    session = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": 4_000_000}
    session.send("Network.emulateNetworkConditions", slow)
    page.set_input_files("#file", path)
    page.fill("#caption", "The kiln is open #ceramics")
    expect(page.locator("#tags li")).to_have_text(["#ceramics"])
    until(lambda: page.evaluate("document.getElementById('upload-progress').value") > 500, 30)
    session.send("Network.emulateNetworkConditions", {**slow, "offline": True})
    expect(page.locator("#upload-state")).to_contain_text("No connection")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
    )
    page.fill("#caption", "The kiln is open #cera")
    expect(page.locator("#saved")).to_contain_text("Kept on this device")
    session.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1, "offline": False})
    starts = []
    page.on(
        "request",
        lambda request: starts.append(request.headers.get("upload-offset")) if request.method == "PATCH" else None,
    )
    page.reload()
    expect(page.locator("#file-name")).to_have_text("kiln.mp4")
    expect(page.locator("#caption")).to_have_value("The kiln is open #cera")
    page.locator("#caption").press("End")
    page.locator("#caption").press_sequentially("mics", delay=10)
    expect(page.locator("#taken")).to_have_attribute("data-state", "uploaded", timeout=30_000)
    assert int(next(filter(None, starts))) > 0, "it went on where it stopped, and nobody chose the file again"
    expect(page.locator("#saved")).to_have_text("Saved as a draft.")
    page.reload()
    expect(page.locator("#caption")).to_have_value("The kiln is open #ceramics")
    other = open_page("/upload", as_person="author", **DESKTOP)
    expect(other.locator("#drafts a")).to_contain_text("The kiln is open #ceramics")
    other.goto(page.url)
    expect(other.locator("#caption")).to_have_value("The kiln is open #ceramics")
    expect(other.locator("#cover")).to_be_visible(timeout=60_000)
    until(lambda: other.evaluate("document.getElementById('preview').readyState >= 1"))
    expect(page.locator("#cover")).to_be_visible(timeout=60_000)
    page.locator("#cover-at").fill("2000")
    page.click("#post")
    expect(page.locator("#posted")).to_be_visible()
    page.goto("/studio")
    card = page.locator("#mine .card").first
    expect(card.locator(".mark")).to_have_text("Published", timeout=60_000)
    expect(card.locator(".name")).to_have_text("The kiln is open #ceramics")
    clips = author.call("GET", "/api/clips/mine")["clips"]
    assert [clip["tags"] for clip in clips] == [["ceramics"]], "one clip, not two"
    card.locator('[value="delete"]').click()
    page.locator("#sure [value=yes]").click()
    expect(page.locator("#mine .card")).to_have_count(0)


def test_a_duet_is_made_from_the_share_sheet_and_says_whom_it_is_with(
    open_page: Open, network: Network, tmp_path: Path
) -> None:
    """By touch; how the two stand is still chosen after the file."""
    source = network.clips[0]
    page = open_page(source["url"], as_person="otto")
    page.goto(source["url"])
    page.locator('[data-do="share"]').first.tap()
    page.locator("dialog").get_by_role("link", name="Duet").tap()
    expect(page.locator("#making-title")).to_have_text("Duet with @ana")
    page.set_input_files("#file", make_clip(tmp_path / "mine.mp4", hue=200, seconds=2, size="240x240"))
    page.locator('[name="layout"][value="stacked"]').tap()
    page.locator("#other_volume").fill("60")
    expect(page.locator("#other_volume + output")).to_have_text("60 %")
    page.fill("#caption", "Together #pair")
    expect(page.locator("#taken")).to_have_attribute("data-state", "uploaded", timeout=30_000)
    page.tap("#post")
    expect(page.locator("#posted")).to_be_visible(timeout=60_000)

    def newest() -> dict[str, Any]:
        return dict(page.request.get("/api/clips/mine").json()["clips"][0])

    until(lambda: newest()["is_published"], 60)
    made = newest()
    # 270 x 480 under 240 x 240, each as wide as the other.
    assert (made["width_px"], made["height_px"]) == (270, 750)
    page.goto(made["url"])
    page.get_by_role("link", name="duet with @ana").tap()
    expect(page).to_have_url(network.base + source["url"])
    page.goto(f"{source['url']}/made-with")
    expect(page.locator("#grid a")).to_have_attribute("href", f"{made['url']}?made_with={source['id']}")
    page.goto("/studio")
    page.locator("#mine .card").first.locator('[value="delete"]').tap()
    page.locator("#sure [value=yes]").tap()
    until(lambda: newest()["id"] != made["id"], 10)


def posted_with(page: Page, kind: str, post: Callable[[], None]) -> dict[str, Any]:
    """The newest clip of whoever is signed in, once it was posted and is made with another."""
    post()
    expect(page.locator("#posted")).to_be_visible(timeout=30_000)
    made: dict[str, Any] = page.request.get("/api/clips/mine").json()["clips"][0]
    if kind != "sound":
        assert made["made_from"]["kind"] == kind
    return made


def check_made(maker: Person, source: dict[str, Any], stitch: dict[str, Any], sounding: dict[str, Any]) -> None:
    """Two seconds and more of the source before one's own second; the source's sound under one's own."""
    stitched, with_sound = maker.wait_ready(stitch["id"]), maker.wait_ready(sounding["id"])
    assert stitched["is_published"] and 2_500 < stitched["duration_ms"] < 4_100
    assert with_sound["sound"]["id"] == source["sound"]["id"] and abs(with_sound["duration_ms"] - 1_000) < 150
    for made in maker.call("GET", "/api/clips/mine")["clips"]:
        maker.call("DELETE", f"/api/clips/{made['id']}")


def test_a_duet_a_stitch_and_a_clip_with_anothers_sound_are_made_with_keys_alone(
    open_page: Open, network: Network, playwright: Playwright, tmp_path: Path
) -> None:
    maker, source = Person(playwright, network.base, "keyer"), network.clips[1]
    mine = make_clip(tmp_path / "mine.mp4", hue=300, seconds=1, size="160x160")
    page = open_page("/about", as_person="keyer", **DESKTOP, has_touch=False, is_mobile=False)
    made = {}
    for kind in ("duet", "stitch", "sound"):
        page.goto(source["url"])
        expect(page.locator(".clip.current")).to_have_attribute("data-id", source["id"])
        page.keyboard.press("s")
        expect(page.locator("#share-title")).to_be_focused()
        tab_to(page, f'dialog a[href*="?{kind}="]')
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/upload?{kind}=*")
        tab_to(page, "#file")
        page.set_input_files("#file", mine)
        if kind == "duet":
            tab_to(page, '[name="layout"]:checked')
            page.keyboard.press("ArrowRight")
            expect(page.locator('[value="stacked"]')).to_be_checked()
        if kind == "stitch":
            tab_to(page, "#stitch-s")
            page.keyboard.press("Home")
            for _ in range(10):
                page.keyboard.press("ArrowRight")
            expect(page.locator("#stitch-s + output")).to_have_text("2 s")
        tab_to(page, "#other_volume")
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#other_volume + output")).to_have_text("95 %")
        tab_to(page, "#caption")
        page.keyboard.type(f"Typed {kind}")
        tab_to(page, "#post")
        made[kind] = posted_with(page, kind, lambda: page.keyboard.press("Enter"))
    duet = maker.wait_ready(made["duet"]["id"])
    # As wide as each other, one over the other.
    assert (duet["width_px"], duet["height_px"]) == (270, 750)
    check_made(maker, source, made["stitch"], made["sound"])


def test_a_stitch_and_a_clip_with_anothers_sound_are_made_by_touch(
    open_page: Open, network: Network, playwright: Playwright, tmp_path: Path
) -> None:
    maker, source = Person(playwright, network.base, "toucher"), network.clips[4]
    mine = make_clip(tmp_path / "mine.mp4", hue=330, seconds=1, size="160x160")
    page = open_page(source["url"], as_person="toucher", reduced_motion="reduce")
    made = {}
    page.goto(source["url"])
    page.locator('.clip.current [data-do="share"]').tap()
    page.get_by_role("dialog").get_by_role("link", name="Stitch").tap()
    expect(page.locator("#making-title")).to_have_text(f"Stitch of @{source['author']['handle']}")
    page.set_input_files("#file", mine)
    page.locator("#stitch-s").tap()
    expect(page.locator("#stitch-s + output")).to_have_text("3 s")
    made["stitch"] = posted_with(page, "stitch", page.locator("#post").tap)
    page.goto(f"/sound/{source['sound']['id']}")
    page.get_by_role("link", name="Use this sound").tap()
    expect(page.locator("#making-title")).to_have_text("With this sound")
    page.set_input_files("#file", mine)
    made["sound"] = posted_with(page, "sound", page.locator("#post").tap)
    check_made(maker, source, made["stitch"], made["sound"])


def test_a_file_that_is_not_taken_says_why_beside_it_and_another_can_be_chosen(
    open_page: Open, network: Network, playwright: Playwright, tmp_path: Path
) -> None:
    Person(playwright, network.base, "singer")
    page = open_page("/upload", as_person="singer")
    until(lambda: page.request.get("/api/search?q=kind0").json()["clips"], 30)
    caption = page.locator("#caption")
    caption.press_sequentially("By @me", delay=10)
    page.locator("#offers").get_by_text("@mei").click()
    caption.press_sequentially("in #kin", delay=10)
    offers = page.locator("#offers [role=option]")
    expect(offers).to_have_count(2)
    caption.press("ArrowDown")
    assert caption.get_attribute("aria-activedescendant") == offers.first.get_attribute("id")
    wanted = offers.first.locator("b").inner_text()
    caption.press("Enter")
    expect(caption).to_have_value(f"By @mei in {wanted} ")
    page.fill("#caption", "A song #voice")
    page.set_input_files("#file", {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"la la"})
    expect(page.locator("#file-refusal")).to_have_text("This does not look like a video.")
    page.set_input_files("#file", {"name": "song.mp4", "mimeType": "video/mp4", "buffer": make_song(tmp_path)})
    expect(page.locator("#taken")).to_have_attribute("data-state", "refused", timeout=30_000)
    expect(page.locator("#file-refusal")).to_contain_text("no moving picture")
    expect(page.locator("#post")).to_be_disabled()
    expect(page.locator("#pause")).to_be_hidden()
    page.click("#discard")
    expect(page.locator("#drop")).to_be_visible()
    expect(page.locator("#file-refusal")).to_be_hidden()
    assert page.input_value("#caption") == "A song #voice", "what was written stays"
    page.set_input_files("#file", make_clip(tmp_path / "sung.mp4", hue=20))
    expect(page.locator("#cover")).to_be_visible(timeout=60_000)
    page.click("#post")
    expect(page.locator("#posted")).to_be_visible()
    expect(page.locator("#discard")).to_be_hidden()


def tab_to(page: Page, place: str) -> None:
    """By the key alone; so far down there is nothing any more."""
    for _ in range(120):
        if page.evaluate("(place) => document.activeElement?.matches(place)", place):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no key leads to {place}")


def test_a_clip_is_written_about_and_timed_with_keys_alone_and_called_off(
    open_page: Open, network: Network, playwright: Playwright, tmp_path: Path
) -> None:
    author = Person(playwright, network.base, "planner")
    desktop = {**DESKTOP, "has_touch": False, "is_mobile": False, "device_scale_factor": 1}
    page = open_page("/upload", as_person="planner", timezone_id="America/New_York", locale="en-US", **desktop)
    tab_to(page, "#file")
    page.set_input_files("#file", make_clip(tmp_path / "plan.mp4", hue=90, seconds=1))
    tab_to(page, "#caption")
    page.keyboard.type("Later #kilns")
    tab_to(page, "details:has(#may_comment) > summary")
    page.keyboard.press("Enter")
    tab_to(page, "#may_comment")
    page.keyboard.type("F")
    tab_to(page, "details:has(#publish_at) > summary")
    page.keyboard.press("Enter")
    tab_to(page, "#publish_at")
    wanted = (datetime.now(ZoneInfo("America/New_York")) + timedelta(days=40)).replace(hour=21, minute=5, second=0)
    for part in (f"{wanted:%m}", f"{wanted:%d}", f"{wanted:%Y}", "Tab", "09", "05", "PM"):
        page.keyboard.press("Tab") if part == "Tab" else page.keyboard.type(part)
    expect(page.locator("#publish_at-said")).to_contain_text("9:05:00")
    tab_to(page, "#post")
    page.keyboard.press("Enter")
    expect(page.locator("#posted")).to_contain_text("at the time that you chose")
    (mine,) = author.call("GET", "/api/clips/mine")["clips"]
    assert mine["publish_at_us"] == int(wanted.replace(microsecond=0).timestamp()) * 1_000_000
    assert (mine["permissions"]["comment"], mine["is_published"]) == ("followers", False)
    author.wait_ready(mine["id"])
    page.goto("/studio")
    expect(page.locator("[data-local]")).to_contain_text("9:05")
    tab_to(page, '[value="draft"]')
    page.keyboard.press("Enter")
    expect(page.locator("#mine .mark").first).to_have_text("Draft")
    assert author.call("GET", f"/api/clips/{mine['id']}/mine")["publish_at_us"] is None


def test_parts_are_recorded_chosen_arranged_trimmed_written_over_and_become_one_clip(
    open_page: Open, network: Network, playwright: Playwright, tmp_path: Path
) -> None:
    author = Person(playwright, network.base, "cutter")
    page = open_page("/about", as_person="cutter", permissions=["camera", "microphone"])
    page.add_init_script("""
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        window.asked = [];
        navigator.mediaDevices.getUserMedia = (wished) => {
          window.asked.push(wished.video.facingMode);
          return open(wished);
        };
    """)
    page.goto("/upload")
    page.get_by_role("button", name="Record").first.tap()
    record = page.locator("#camera-record")
    expect(record).to_be_enabled()
    page.get_by_role("button", name="Turn the camera").tap()
    until(lambda: page.evaluate("window.asked") == ["user", "environment"])
    expect(page.locator("#camera-view.mirrored")).to_have_count(0)
    expect(record).to_be_enabled()
    record.dispatch_event("pointerdown")
    page.wait_for_timeout(900)
    record.dispatch_event("pointerup")
    expect(page.locator("#camera-said")).to_contain_text("1 segments", timeout=10_000)
    page.select_option("#camera-wait", "3")
    record.press("Enter")
    expect(page.locator("#camera-count")).to_have_text("3")
    expect(record).to_have_attribute("aria-pressed", "true", timeout=10_000)
    page.wait_for_timeout(700)
    record.press("Enter")
    expect(page.locator("#camera-said")).to_contain_text("2 segments")
    page.locator("#camera-undo").tap()
    expect(page.locator("#camera-said")).to_contain_text("1 segments")
    page.locator("#camera-done").tap()
    page.locator("#cutting summary").click()
    page.set_input_files("#more-files", make_clip(tmp_path / "pot.mp4", hue=200, seconds=2))
    parts = page.locator("#parts li")
    expect(parts).to_have_count(2)
    expect(parts.nth(1)).to_contain_text("2. pot.mp4")
    expect(page.locator("#taken")).to_have_attribute("data-state", "uploaded", timeout=30_000)
    first = parts.nth(0)
    first.get_by_role("button", name="Later").focus()
    page.keyboard.press("Enter")
    expect(parts.nth(0)).to_contain_text("1. pot.mp4")
    expect(parts.nth(1).get_by_role("button", name="Earlier")).to_be_focused()
    begin = parts.nth(0).locator("[data-edge=from_ms]")
    begin.fill("1010")
    # The frame that is seen begins at 24 a second.
    expect(begin).to_have_value("1000")
    page.fill("#caption", "A pot, twice #cut")
    page.get_by_text("Texts over the clip").click()
    page.get_by_role("button", name="Add a text").tap()
    page.locator("#texts textarea").fill("Hello\nپیاله")
    expect(page.locator("canvas.over")).to_have_count(1)
    expect(page.locator("#saved")).to_have_text("Saved as a draft.")
    page.reload()
    expect(parts.nth(0)).to_contain_text("1. pot.mp4", timeout=10_000)
    expect(page.locator("#parts [data-edge=from_ms]").first).to_have_value("1000")
    expect(page.locator("canvas.over")).to_have_count(1)
    page.evaluate(AXE)
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    faults = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in faults] == []
    page.click("#post")
    expect(page.locator("#posted")).to_be_visible(timeout=30_000)
    held = author.call("GET", "/api/clips/mine")["clips"]
    assert [one["caption"] for one in held] == ["A pot, twice #cut"], [(one["state"], one["file_name"]) for one in held]
    (clip,) = held
    clip = author.wait_ready(clip["id"])
    assert clip["is_published"] and clip["caption"] == "A pot, twice #cut"
    assert 1_500 <= clip["duration_ms"] <= 3_500
    assert clip["width_px"] * 16 == clip["height_px"] * 9, "the first part says the shape"
    author.call("DELETE", f"/api/clips/{clip['id']}")


def test_what_is_sensitive_waits_to_be_touched_and_what_is_said_is_changed_afterwards(
    open_page: Open, network: Network
) -> None:
    clip = next(clip for clip in network.clips[::-1] if clip["author"]["handle"] == "ana")
    author = open_page(f"/studio/{clip['id']}", as_person="ana")

    def save(is_sensitive: bool, caption: str) -> None:
        author.locator("summary").first.click()
        author.get_by_label("Sensitive", exact=True).set_checked(is_sensitive)
        author.fill("#caption", caption)
        author.get_by_role("button", name="Save", exact=True).click()
        expect(author.locator(".notice")).to_have_text("Saved.")

    save(True, "Changed #kind0")
    page = open_page(clip["url"])
    veil = page.locator(".clip.current .veil")
    expect(veil).to_be_visible()
    page.wait_for_timeout(500)
    assert playing(page)["paused"], "it does not play unseen"
    page.locator(".clip.current .edited").click()
    expect(page.locator(".versions .caption")).to_have_text(["Changed #kind0", clip["caption"]])
    page.go_back()
    page.locator(".clip.current .veil .button").tap()
    expect(veil).to_be_hidden()
    until(lambda: moves(page))
    author.goto("/settings")
    author.get_by_label("Show sensitive clips without a cover").check()
    page.evaluate("text => localStorage.setItem('fh.unveiled', text)", author.evaluate("localStorage['fh.unveiled']"))
    page.reload()
    expect(veil).to_be_hidden()
    until(lambda: moves(page))
    author.goto(f"/studio/{clip['id']}")
    save(False, clip["caption"])
    page.goto("/@ana")
    expect(page.locator(".tile.veiled")).to_have_count(0)


def test_captions_are_written_on_the_timeline_shown_over_the_clip_and_switched_off(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    clip = next(clip for clip in network.clips[::-1] if clip["author"]["handle"] == "otto")
    desktop = {**DESKTOP, "has_touch": False, "is_mobile": False, "device_scale_factor": 1}
    author = open_page("/studio", as_person="otto", **desktop)
    # What is in a language comes late: nothing can be written that it would then take the place of.
    waiting: list[Any] = []
    author.route("**/captions/en", lambda route: waiting.append(route))
    author.goto(f"/studio/{clip['id']}")
    add = author.locator("#cue-add")
    expect(author.locator("#cue-language")).to_have_value("en")
    until(lambda: author.wait_for_timeout(50) or waiting)
    expect(add).to_be_disabled()
    author.select_option("#cue-language", "pt")
    expect(add).to_be_enabled()
    until(lambda: author.evaluate("document.getElementById('cue-video').readyState >= 2"))
    add.focus()
    author.keyboard.press("Enter")
    author.keyboard.type("Bom dia <b>")
    for late in waiting:
        late.continue_()
    author.unroute("**/captions/en")
    author.select_option("#cue-language", "en")
    expect(add).to_be_enabled()
    expect(author.locator("#cue-list li")).to_have_count(0)
    author.select_option("#cue-language", "pt")
    expect(author.locator("#cue-list textarea")).to_have_value("Bom dia <b>")
    author.locator("#cue-list textarea").focus()
    author.keyboard.press("Tab")
    author.keyboard.press("Tab")
    author.keyboard.press("Tab")
    author.get_by_label("Until, in seconds (1)").fill("1.50")
    author.keyboard.press("Tab")
    expect(author.locator("#cue-shown")).to_have_text("Bom dia <b>")
    block, track = author.locator("#cue-track .block").bounding_box(), author.locator("#cue-track").bounding_box()
    assert block and track and abs(block["width"] / track["width"] - 0.5) < 0.02
    author.mouse.move(block["x"] + block["width"] - 4, block["y"] + 10)
    author.mouse.down()
    author.mouse.move(track["x"] + track["width"] + 40, block["y"] + 10, steps=4)
    author.mouse.up()
    assert abs(float(author.get_by_label("Until, in seconds (1)").input_value()) - clip["duration_ms"] / 1000) < 0.02
    author.evaluate(AXE)
    faults = author.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in faults] == []
    author.get_by_role("button", name="Save captions").click()
    expect(author.locator(".toast")).to_have_text("Captions saved.")

    page = open_page(clip["url"], **desktop)
    until(lambda: moves(page))
    expect(page.locator(".clip.current .cue")).to_have_text("Bom dia <b>")
    assert page.locator(".clip.current .cue").get_attribute("lang") == "pt"
    page.keyboard.press("t")
    expect(page.locator(".clip.current .cue")).to_have_count(0)
    button = page.locator('.clip.current [data-do="captions"]')
    expect(button).to_have_attribute("aria-pressed", "false")
    page.reload()
    until(lambda: moves(page))
    expect(page.locator(".clip.current .cue")).to_have_count(0)
    button.click()
    expect(page.locator(".clip.current .cue")).to_have_text("Bom dia <b>")
    with sqlite3.connect(network.data_dir / "freehold.db") as connection:
        connection.execute("UPDATE clip_captions SET is_by_machine = 1")
    page.reload()
    expect(page.locator(".clip.current .cue small")).to_have_text("Captions made by the machine")
    expect(button).to_have_attribute("aria-label", "Captions made by the machine")
    author.on("dialog", lambda dialog: dialog.accept())
    author.goto(f"/studio/{clip['id']}")
    author.get_by_role("button", name="Delete the captions in Português").click()
    expect(author.locator(".tracks")).to_have_count(0)


def make_song(folder: Path) -> bytes:
    """A file with sound and no picture."""
    path = folder / "song.mp4"
    tone = ("-f", "lavfi", "-i", "sine=f=330:d=1", "-c:a", "aac")
    subprocess.run([ffmpeg(), "-v", "error", "-y", *tone, str(path)], check=True)
    return path.read_bytes()


def test_a_comment_appears_at_once_can_be_deleted_and_counts(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    talker = Person(playwright, network.base, "talker")
    clip = network.clips[0]
    # Two came with the network; the test of the keyboard comments on the clip that its feed begins with.
    there = len(talker.call("GET", f"/api/clips/{clip['id']}/comments")["comments"])
    assert there >= 2
    # From another page: where the feed happens to begin with this clip, its address is this one, and opening it again
    # goes on with the feed, whose panel is closed.
    page = open_page("/settings", as_person="talker", **DESKTOP, has_touch=False, is_mobile=False)
    page.goto(clip["url"])
    expect(page.locator(".comment")).to_have_count(there)
    expect(page.locator("#panel .company .tile")).to_have_count(4)
    page.fill("#say", "<b>Bold</b>")
    page.keyboard.press("Enter")
    expect(page.locator(".comment .text").first).to_have_text("<b>Bold</b>")
    expect(page.locator('.clip.current [data-do="comments"] b')).to_have_text(str(there + 1))
    bold = page.locator(".comment").first
    like = bold.locator(".like")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(like.locator("b")).to_have_text("1")
    bold.locator("summary").click()
    bold.locator("textarea").fill("<b>Bolder</b>")
    bold.get_by_role("button", name="Save the change").click()
    expect(bold.locator(".text")).to_have_text("<b>Bolder</b>")
    bold.get_by_role("link", name="edited").click()
    expect(bold.locator(".versions .text")).to_have_text(["<b>Bold</b>", "<b>Bolder</b>"])
    answer_with_keys(page)
    bold.locator(".one summary").first.click()
    bold.get_by_role("button", name="Delete").first.click()
    expect(bold.locator(".one").first).to_have_text("This comment is not here any more.")
    bold.locator(".replies summary").click()
    bold.locator(".replies").get_by_role("button", name="Delete").click()
    page.get_by_role("link", name="Newest").click()
    expect(page.locator(".sorts [aria-current]")).to_have_text("Newest")
    expect(page.locator(".comment")).to_have_count(there)


def answer_with_keys(page: Page) -> None:
    """Replies to the first comment; the reply is there at once, hidden and shown again."""
    first = page.locator("#comments-list > .comment").first
    first.get_by_role("link", name="Reply").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#say")).to_be_focused()
    expect(page.locator(".answering")).to_contain_text("Reply to @talker")
    page.keyboard.press("Escape")
    expect(page.locator(".answering")).to_have_count(0)
    first.get_by_role("link", name="Reply").press("Enter")
    page.keyboard.type("and a word more")
    page.keyboard.press("Enter")
    expect(first.locator(".replies .text")).to_have_text("and a word more")
    expect(page.locator(".answering")).to_have_count(0)
    page.reload()
    unfold = first.locator(".unfold")
    expect(unfold).to_have_text("Show 1 reply")
    for shown in (1, 0, 1):
        unfold.focus()
        page.keyboard.press("Enter")
        expect(first.locator(".replies .text")).to_have_count(shown)


def test_a_comment_that_a_filter_holds_back_is_let_through_and_pinned_on_a_phone(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    heckler = Person(playwright, network.base, "heckler")
    clip = next(clip for clip in network.clips if clip["author"]["handle"] == "mei")
    page = open_page("/settings", as_person="mei")
    page.fill("#filtered-words", "tripe")
    page.locator("#comment-filter button").tap()
    expect(page.locator(".toast")).to_contain_text("Saved")
    said = heckler.call("POST", f"/api/clips/{clip['id']}/comments", {"text": "Tripe!"})["comment"]
    assert said["is_held"]
    page.goto("/studio")
    page.get_by_role("link", name="held back").tap()
    row = page.locator(f"#comment-{said['id']}")
    expect(row).to_contain_text("only who wrote it and @mei see it")
    row.get_by_role("button", name="Let it through").tap()
    expect(row).to_have_count(0)
    page.goto(clip["url"] + "#comments")
    row.locator("summary").tap()
    row.get_by_role("button", name="Pin").tap()
    expect(page.locator("#comments-list > .comment").first).to_contain_text("Pinned by @mei")
    bare = open_page(clip["url"] + "/comments", as_person="heckler", java_script_enabled=False)
    expect(bare.locator("#comments-list > .comment").first).to_contain_text("Tripe!")
    bare.goto(clip["url"] + "/comments")
    bare.get_by_role("link", name="Reply").first.tap()
    bare.fill("#say", "But well cooked")
    bare.get_by_role("button", name="Send").tap()
    expect(bare.locator(".replies .text")).to_have_text("But well cooked")


def test_a_clip_is_saved_to_a_collection_in_two_touches(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    keeper = Person(playwright, network.base, "keeper")
    page = open_page(network.clips[2]["url"], as_person="keeper", reduced_motion="reduce")
    button = page.locator('.clip.current [data-do="save"]')
    button.tap()
    sheet = page.get_by_role("dialog")
    expect(sheet.locator("h1")).to_be_focused()
    expect(button.locator("b")).to_have_text("1")
    sheet.get_by_label("Name of a new collection").fill("Colours")
    sheet.get_by_role("button", name="Add").tap()
    expect(page.locator(".toast")).to_have_text("Saved to Colours")
    expect(sheet).to_have_count(0)
    page.goto(network.clips[3]["url"])
    button.tap()
    sheet.get_by_role("button", name="Colours").tap()
    expect(page.locator(".toast")).to_have_text("Saved to Colours")
    assert keeper.call("GET", "/api/lists")["lists"][0]["clip_count"] == 2
    button.tap()
    expect(sheet.get_by_role("button", name="Colours")).to_have_attribute("aria-pressed", "true")
    page.evaluate(AXE)
    assert page.evaluate("axe.run({resultTypes: ['violations']}).then((found) => found.violations)") == []
    sheet.get_by_role("button", name="No longer save it").tap()
    expect(page.locator(".toast")).to_have_text("No longer saved")
    expect(button.locator("b")).to_have_text("0")
    page.goto("/saved")
    expect(page.locator("#grid .tile")).to_have_count(1)
    link = page.get_by_role("link", name="Colours")
    expect(link.locator("img")).to_have_js_property("complete", True)
    assert link.locator("img").get_attribute("src") == network.clips[2]["poster_url"]
    assert link.locator("img").evaluate("image => image.naturalWidth") > 0
    link.tap()
    page.get_by_text("Change it").tap()
    page.get_by_label("Name").fill("Hues")
    page.get_by_role("button", name="Save", exact=True).tap()
    expect(page.locator("h1")).to_have_text("Hues")
    page.evaluate(AXE)
    assert page.evaluate("axe.run({resultTypes: ['violations']}).then((found) => found.violations)") == []
    page.locator("#grid .tile").tap()
    page.wait_for_url("**" + network.clips[2]["url"] + "*")
    until(lambda: current(page) == network.clips[2]["id"])


def test_a_playlist_plays_through_in_its_order(open_page: Open, network: Network, playwright: Playwright) -> None:
    page = open_page("/saved", as_person="mei", **DESKTOP, has_touch=False, is_mobile=False, device_scale_factor=1)
    clips = [clip for clip in network.clips if clip["author"]["handle"] == "mei"][:2]
    page.goto(clips[1]["url"])
    until(lambda: current(page))
    page.keyboard.press("b")
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("Name of a new playlist").press_sequentially("In turn")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_have_text("Saved to In turn")
    page.goto("/@mei")
    page.get_by_role("link", name="In turn").click()
    page.get_by_text("Change it").click()
    page.get_by_label("Add a clip of yours").select_option(clips[0]["id"])
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".ordered li")).to_have_count(2)
    page.evaluate(AXE)
    assert page.evaluate("axe.run({resultTypes: ['violations']}).then((found) => found.violations)") == []
    page.get_by_role("link", name="Play it through").click()
    page.wait_for_url("**" + clips[1]["url"] + "*")
    until(lambda: current(page) == clips[1]["id"] and moves(page))
    until(lambda: current(page) == clips[0]["id"] and moves(page), 15)


def test_a_clip_is_reposted_with_a_word_from_the_share_sheet(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    Person(playwright, network.base, "herald")
    fan = Person(playwright, network.base, "fan")
    fan.call("PUT", "/api/accounts/herald/follow")
    clip = network.clips[0]
    page = open_page(clip["url"], as_person="herald", reduced_motion="reduce")
    page.locator('.clip.current [data-do="share"]').tap()
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("A word of your own").fill("See")
    sheet.get_by_role("button", name="Repost").tap()
    expect(sheet.locator("[role=status]")).to_have_text("Reposted.")
    expect(sheet.get_by_role("button", name="Change the word")).to_be_focused()
    expect(page.locator(".clip.current [data-reposts]")).to_have_text("1 reposts")
    sheet.get_by_label("A word of your own").fill("See how it turns")
    sheet.get_by_role("button", name="Change the word").tap()
    expect(sheet.get_by_role("button", name="Take the repost back")).to_be_visible()
    page.evaluate(AXE)
    assert page.evaluate("axe.run({resultTypes: ['violations']}).then((found) => found.violations)") == []
    page.goto("/@herald")
    page.get_by_role("link", name="Reposts").tap()
    expect(page.locator(".hits .name")).to_have_text("“See how it turns”")
    followed = open_page("/following", as_person="fan", java_script_enabled=False)
    followed.goto("/following")
    expect(followed.locator(".clip .reposted").first).to_contain_text("@herald reposted: See how it turns")
    bare = open_page(clip["url"] + "/share", as_person="herald", java_script_enabled=False)
    bare.goto(clip["url"] + "/share")
    bare.get_by_role("button", name="Take the repost back").tap()
    expect(bare.get_by_role("button", name="Repost")).to_be_visible()
    bare.goto(clip["url"])
    expect(bare.locator(".clip [data-reposts]").first).to_be_hidden()


def axe_faults(page: Page) -> list[Any]:
    """In the light, and in the dark from right to left: what a direction changes has no colour."""
    page.evaluate(AXE)
    found = []
    for theme, direction in (("light", "ltr"), ("dark", "rtl")):
        page.evaluate(
            "([theme, direction]) => Object.assign(document.documentElement, {dir: direction}).dataset.theme = theme",
            [theme, direction],
        )
        faults = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        found += [(theme, direction, one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in faults]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append((theme, direction, "wider than the screen", []))
    page.evaluate("delete document.documentElement.dataset.theme, document.documentElement.dir = 'ltr'")
    return found


def test_words_are_written_by_touch_read_with_keys_and_reading_them_is_a_watch(
    open_page: Open, network: Network
) -> None:
    author = open_page("/upload", as_person="mei")
    author.goto("/upload")
    author.get_by_role("navigation", name="What to post").get_by_role("link", name="Text").tap()
    author.wait_for_url("**/upload/text")
    author.fill("#caption", "Kilns are slow")
    author.get_by_label("Dusk").tap()
    shown = author.locator("#written .ground")
    expect(shown).to_have_class("ground dusk loud")
    author.reload()
    expect(author.locator("#caption")).to_have_value("Kilns are slow")
    expect(shown.locator(".words")).to_have_text("Kilns are slow")
    assert axe_faults(author) == []
    author.get_by_role("button", name="Post", exact=True).tap()
    author.wait_for_url("**/video/*")
    url = author.url
    expect(author.locator(".clip.current .words")).to_have_text("Kilns are slow")
    author.goto("/upload/text")
    expect(author.locator("#caption")).to_have_value("")

    page = open_page("/@mei", **{**DESKTOP, "has_touch": False, "is_mobile": False})
    page.locator(".tile").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/video/*")
    clip = current(page)
    assert url.endswith(clip)
    expect(page.locator(".clip.current.waiting")).to_have_count(0)
    assert axe_faults(page) == []
    page.reload()
    expect(page.locator(".clip.current.live")).to_be_visible()
    page.wait_for_timeout(6000)
    page.keyboard.press(" ")
    page.keyboard.press("ArrowDown")
    until(lambda: current(page) != clip and moves(page))
    page.keyboard.press("ArrowUp")
    until(lambda: current(page) == clip)
    page.wait_for_timeout(500)
    page.keyboard.press("j")
    until(lambda: current(page) != clip)
    page.close(run_before_unload=True)
    # What was looked at for long may be told in parts.
    rows = until(
        lambda: (
            (mine := [one for one in network.watches() if one["clip"] == clip])
            and mine[-1]["skipped"]
            and [one for one in mine if one["page"] == mine[-1]["page"]]
        )
    )
    end = [one["completions"] for one in rows].index(1) + 1
    assert sum(one["completions"] for one in rows) == 1 and not any(one["skipped"] for one in rows[:end])
    assert 2900 < sum(one["watched_ms"] for one in rows[:end]) < 4000
    assert 300 < sum(one["watched_ms"] for one in rows[end:]) < 2500
    author.goto("/studio")
    author.locator(f'[data-id="{clip}"] [value="delete"]').tap()
    author.get_by_role("dialog").get_by_role("button", name="Delete").tap()
    expect(author.locator(f'[data-id="{clip}"]')).to_have_count(0)


def test_pictures_are_chosen_put_in_order_described_posted_swiped_and_stepped_through(
    open_page: Open, network: Network, tmp_path: Path
) -> None:
    for hue in ("red", "blue", "green"):
        source = ("-f", "lavfi", "-i", f"color={hue}:s=600x800")
        subprocess.run([ffmpeg(), "-v", "error", *source, "-frames:v", "1", str(tmp_path / f"{hue}.jpg")], check=True)
    (tmp_path / "none.jpg").write_bytes(b"GIF89a" + bytes(64))
    sound = network.clips[0]["sound"]["id"]
    author = open_page("/upload/photos", as_person="mei")
    author.goto(f"/sound/{sound}")
    author.get_by_role("link", name="With photos").tap()
    author.set_input_files("#file", [tmp_path / f"{name}.jpg" for name in ("red", "blue", "green", "none")])
    cards = author.locator("#chosen > li")
    moving = "This picture moves. Post it as a video, or send one that stands still."
    expect(cards.locator(".state")).to_have_text([*["Uploaded"] * 3, moving])
    author.get_by_role("button", name="Remove picture 4").tap()
    author.fill("#caption", "Three colours")
    cards.nth(0).get_by_role("textbox", name="Description of picture 1").fill("Nothing but red")
    author.get_by_role("button", name="Put picture 1 later").tap()
    expect(author.locator("#moved")).to_have_text("It is picture 2 of 3 now.")
    expect(cards.nth(1).locator("textarea")).to_have_value("Nothing but red")
    author.get_by_role("button", name="Remove picture 3").tap()
    author.reload()
    expect(cards).to_have_count(2)
    expect(cards.nth(1).locator("textarea")).to_have_value("Nothing but red")
    expect(author.locator("#caption")).to_have_value("Three colours")
    assert axe_faults(author) == []
    author.fill("#caption", " ".join(f"#a{n}" for n in range(31)))
    author.get_by_role("button", name="Post", exact=True).tap()
    expect(author.locator("#refusal")).to_have_text("A caption may have at most 30 tags.")
    author.fill("#caption", "Three colours")
    author.get_by_role("button", name="Post", exact=True).tap()
    author.wait_for_url("**/studio")
    mine = author.locator("#mine li").first
    expect(mine).to_have_attribute("data-state", "ready", timeout=20_000)
    clip = str(mine.get_attribute("data-id"))

    author.goto(f"/@mei/video/{clip}")
    turned, strip = author.locator(".clip.current .turns b"), author.locator(".clip.current .pictures")
    expect(turned).to_have_text("1")
    expect(strip.locator("img").nth(1)).to_have_attribute("alt", "Nothing but red")
    drag(author, 300, 60)
    expect(turned).to_have_text("2")
    swipe(author)
    until(lambda: current(author) not in ("", clip))

    page = open_page("/about", **{**DESKTOP, "has_touch": False, "is_mobile": False})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/@mei/video/{clip}")
    turned = page.locator(".clip.current .turns b")
    page.keyboard.press("ArrowRight")
    expect(turned).to_have_text("2")
    expect(page.get_by_role("button", name="Next picture")).to_be_disabled()
    until(lambda: any(".m4a" in url for url in asked))
    page.get_by_role("button", name="Previous picture").click()
    expect(turned).to_have_text("1")
    assert axe_faults(page) == []
    page.emulate_media(reduced_motion="no-preference")
    page.reload()
    expect(turned).to_have_text("2", timeout=5000)
    before = len(network.watches())
    page.keyboard.press("ArrowDown")
    page.close(run_before_unload=True)
    watched = until(
        lambda: [one for one in network.watches()[before:] if one["clip"] == clip and one["watched_ms"] > 2900]
    )[-1]
    assert watched["skipped"] and not watched["completions"] and watched["watched_ms"] < 6000
    author.goto("/studio")
    author.locator(f'[data-id="{clip}"] [value="delete"]').tap()
    author.get_by_role("dialog").get_by_role("button", name="Delete").tap()
    expect(author.locator(f'[data-id="{clip}"]')).to_have_count(0)


def drag(page: Page, from_px: int, to_px: int) -> None:
    """One finger across the middle of the screen."""
    session = page.context.new_cdp_session(page)
    points = [{"x": from_px + (to_px - from_px) * step / 8, "y": 330} for step in range(9)]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    for point in points[1:]:
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        time.sleep(0.015)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def test_a_topic_is_explored_by_touch_and_with_keys(open_page: Open, network: Network) -> None:
    def role(name: str) -> None:
        command = ("-m", "freehold", "--data", str(network.data_dir), "account", "role", "otto", name)
        subprocess.run([sys.executable, *command], check=True, cwd=ROOT)

    role("operator")
    operator = open_page("/about", as_person="otto", reduced_motion="reduce")
    operator.goto("/explore")
    operator.locator("summary").filter(has_text="Making").tap()
    operator.locator("details[open] textarea").fill("#kind0 kind1")
    assert axe_faults(operator) == []
    operator.locator("details[open]").get_by_role("button", name="Save").tap()
    expect(operator.locator(".notice")).to_have_text("Saved.")
    role("creator")
    page = open_page("/search")
    page.get_by_role("link", name="Explore topics").tap()
    page.wait_for_url("**/explore")
    page.get_by_role("link", name="Making").tap()
    page.wait_for_url("**/explore/making")
    expect(page.locator("#grid > li").nth(len(network.clips) - 1)).to_be_visible()
    page.locator(".tile").first.tap()
    page.wait_for_url("**/video/*")
    until(lambda: moves(page))
    first = current(page)
    swipe(page)
    until(lambda: current(page) not in ("", first))
    page = open_page("/explore", **{**DESKTOP, "has_touch": False, "is_mobile": False})
    page.get_by_role("link", name="Making").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/explore/making")
    assert axe_faults(page) == []


def test_settings_change_the_profile_and_the_password(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    Person(playwright, network.base, "mover")
    page = open_page("/settings", as_person="mover")
    end = page.locator(".sessions .button").bounding_box()
    assert end is not None and end["width"] > end["height"], "its word is on one line"
    page.fill("#display_name", "Moved Person")
    page.locator('[data-api="PATCH /api/account"] button').click()
    expect(page.locator(".toast")).to_have_text("Saved")
    page.fill("#old", "not this one")
    page.fill("#new", "another long password")
    page.locator('[data-api="PUT /api/password"] button').click()
    expect(page.locator('[data-api="PUT /api/password"] .refusal')).to_be_visible()
    page.fill("#old", PASSWORD)
    page.locator('[data-api="PUT /api/password"] button').click()
    expect(page.locator(".toast")).to_contain_text("Password changed")
    page.goto("/@mover")
    expect(page.locator("h1")).to_have_text("Moved Person")


def test_reading_works_without_scripts(open_page: Open, network: Network) -> None:
    page = open_page("/", java_script_enabled=False)
    video = page.locator(".clip video[controls]").first
    expect(video).to_be_visible()
    played, said = video.bounding_box(), page.locator(".clip .said").first.bounding_box()
    assert played and said and played["y"] + played["height"] <= said["y"], "its controls are not written over"
    assert page.locator(".clip").count() == 5
    page.goto(network.clips[0]["url"])
    expect(page.locator(".comment .text").first).to_be_visible()
    page.locator('[data-do="share"]').first.click()
    expect(page.locator("#share-link")).to_have_value(network.base + network.clips[0]["url"])
    page.goto("/@ana")
    expect(page.locator(".grid img").first).to_be_visible()
    page.goto("/sign-in")
    page.fill("#handle", "ana")
    page.fill("#password", PASSWORD)
    page.click("form.card button")
    page.wait_for_url("**/")
    page.goto(network.clips[1]["url"])
    page.locator('[data-do="like"]').first.click()
    expect(page.locator('[data-do="like"]').first).to_have_attribute("aria-pressed", "true")


PLACES = (
    "/", "/following", "/@ana", "/tag/kind1", "/upload", "/studio", "/settings", "/about", "/nowhere", "{clip}",
    "{sound}", "/search", "/search?q=clip&after=1y", "/search?q=again&kind=comment", "/@ana/share", "{embed}",
    "{clip}/comments", "/studio/comments", "/saved", "/@ana/reposts",
    "{history}", "{edit}", "{duet}", "{clip}/made-with", "/search?q=ana&kind=sound",
)  # fmt: skip
OUTSIDE = ("/", "/sign-in", "/sign-up", "/upload", "{clip}")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_axe_finds_nothing(open_page: Open, network: Network, theme: str, device: str) -> None:
    """In the dark it is colours that are looked at: a theme changes nothing else. Right to left it is all but those."""
    rules = {"light": {"ltr": {}, "rtl": {"rules": {"color-contrast": {"enabled": False}}}}}
    rules["dark"] = {"ltr": {"runOnly": ["cat.color"]}}
    options = {} if device == "phone" else {**DESKTOP, "has_touch": False, "is_mobile": False}
    page = open_page("/about", color_scheme=theme, reduced_motion="reduce", **options)
    found: list[Any] = []
    clip = network.clips[0]
    addresses = {
        "{clip}": clip["url"], "{embed}": f"/embed/{clip['id']}", "{sound}": f"/sound/{clip['sound']['id']}",
        "{history}": f"{clip['url']}/history", "{edit}": f"/studio/{clip['id']}",
        "{duet}": f"/upload?duet={clip['id']}",
    }  # fmt: skip

    def look(places: tuple[str, ...], keys: tuple[str, ...]) -> None:
        for place in places:
            page.goto(re.sub(r"\{\w+\}", lambda one: addresses.get(one[0], one[0]), place))
            for key in ("", *keys) if place == "/" else ("",):
                if key:
                    page.keyboard.press(key)
                    page.wait_for_timeout(400)
                page.evaluate(AXE)
                for direction, asked in rules[theme].items():
                    page.evaluate("(direction) => { document.documentElement.dir = direction }", direction)
                    faults = page.evaluate("(asked) => axe.run({resultTypes: ['violations'], ...asked})", asked)
                    found.extend(
                        (place, key, direction, one["id"], [node["html"][:160] for node in one["nodes"]][:3])
                        for one in faults["violations"]
                    )
                    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                        found.append((place, key, direction, "wider than the screen", []))
                    page.evaluate("document.documentElement.dir = 'ltr'")

    look(OUTSIDE, ("c", "Escape", "w", "s"))
    served = page.evaluate("fetch('/api/feeds/for-you?count=1').then((answer) => answer.json())")
    assert served["clips"]
    look((f"/why/{served['page_id']}/0",), ())
    sign_in(page, "ana")
    look(PLACES, ("c", "?"))
    assert found == []


def drawn(page: Page) -> list[int]:
    """How many points of each chart's canvas have colour."""
    counts: list[int] = page.evaluate(
        """() => [...document.querySelectorAll('[data-chart] canvas')].map((canvas) => {
          const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          return data.reduce((count, value, at) => count + (at % 4 === 3 && value > 200), 0);
        })"""
    )
    return counts


def test_an_operator_sees_the_figures_of_the_feed_drawn_and_as_tables(
    open_page: Open, network: Network, playwright: Playwright
) -> None:
    operator = Person(playwright, network.base, "olu")
    command = ("-m", "freehold", "--data", str(network.data_dir), "account", "role", "olu", "operator")
    subprocess.run([sys.executable, *command], check=True, cwd=ROOT)
    watcher = Person(playwright, network.base, "watcher")
    served = watcher.call("GET", "/api/feeds/for-you?count=8")["clips"]
    watches = [
        {"page_id": one["page_id"], "position": place, "clip_id": one["clip"]["id"], "watched_ms": 3000,
         "completions": 1, "skipped": False}
        for place, one in enumerate(served)
    ]  # fmt: skip
    for number in range(3):
        watcher.call("POST", "/api/watches", {"batch": f"figures-{number}", "watches": watches})
    until(lambda: operator.call("GET", "/api/admin/feed")["newcomers"]["ranked"], 15)
    page = open_page("/about", as_person="olu", reduced_motion="reduce")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.goto("/admin/feed?span=7d")
        until(lambda: len(drawn(page)) == 3 and min(drawn(page)) > 100)
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        page.evaluate(AXE)
        assert page.evaluate("axe.run({resultTypes: ['violations']}).then((found) => found.violations)") == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".scroll table").count() == 4
    page.locator("[data-chart=busy]").hover()
    until(lambda: re.search(r"Pages an hour \d", page.locator("[data-chart=busy] + .readout").inner_text()))
    bare = open_page("/about", as_person="olu", java_script_enabled=False)
    bare.goto("/admin/feed")
    assert bare.locator("[data-chart]:visible").count() == 0
    bare.locator("summary").first.click()
    expect(bare.locator("details td").first).to_be_visible()
