"""Every page of the web client as a function from its context to HTML.

The contexts are the JSON shapes of the native API as plain mappings, so a page shows what the API says:

    feed(frame, page)                   /, /following               page
    clip_page(frame, served, …)         /@handle/video/ID           served, comments
    comments(frame, clip, …)            /@handle/video/ID/comments  GET /api/clips/{id}/comments
    thread(frame, clip, first, …)       …/comments/ID               one of them, GET /api/comments/{id}/replies
    versions(frame, clip, …)            …/comments/ID/versions      GET /api/comments/{id}/versions
    held(frame, held)                   /studio/comments            GET /api/comments/held
    similar(frame, clip, found)         /@handle/video/ID/similar   GET /api/clips/{id}/similar
    made_with(frame, clip, clips)       /@handle/video/ID/made-with GET /api/clips/{id}/made-with, next_url
    fragment(frame, page)               /feed/….html and kin        page: only the run of <article class="clip">
    profile(frame, profile, clips)      /@handle                    GET /api/accounts/{handle}, clips, next_url
    reposts(frame, who, clips, …)       /@handle/reposts            GET /api/accounts/{handle}/reposts
    save(frame, clip, lists)            /@handle/video/ID/save      GET /api/lists
    saved(frame, lists, clips, …)       /saved                      GET /api/lists, GET /api/account/saved
    clip_list(frame, about, clips, …)   /list/ID                    GET /api/lists/{list_id}, …/clips
    tag(frame, about, clips)            /tag/NAME                   GET /api/tags/{tag}, clips, next_url
    explore(frame, topics, …)           /explore                    GET /api/topics, GET /api/trends
    topic(frame, about, clips, …)       /explore/NAME               GET /api/topics/{topic}/clips, next_url
    sound(frame, about, clips)          /sound/ID                   GET /api/sounds/{id}, clips, next_url
    search(frame, asked, answer, …)     /search                     GET /api/search, GET /api/trends
    share(frame, path, kind, of)        any of the three, /share    clip
    embedded(frame, clip)               /embed/ID                   in frames of other sites
    embed_refusal(frame, text, order)   any refusal of it
    upload(frame)                       /upload
    write(frame)                        /upload/text
    photos(frame)                       /upload/photos
    studio(frame, clips)                /studio                     GET /api/clips/mine
    sign_in(frame), sign_up(frame)      /sign-in, /sign-up          next_path, fields to fill in again, refusal
    settings(frame, sessions, …)        /settings                   GET /api/sessions, what was chosen for the feeds,
                                                                    GET /api/account/tags, …/account/comment-filter
    why(frame, why, served)             /why/PAGE/POSITION          GET /api/why/…, the clip
    feed_figures(frame, figures)        /admin/feed                 GET /api/admin/feed
    about(frame)                        /about
    error(frame, status, code, text)    any refusal but 451
    withheld(frame, …)                  451

Every function takes a `Frame` first: what all pages share. Forms work without scripts by POST to these addresses,
each with the hidden fields `csrf` and `next` (where a 303 leads):

    /forms/sign-in     handle, password           /forms/profile          display_name, bio
    /forms/sign-up     handle, password,          /forms/avatar           file avatar (multipart)
                       display_name               /forms/password         old, new
    /forms/sign-out                               /forms/sessions/revoke  id, or nothing for all others
    /forms/like        clip, on (1 or 0)          /forms/delete-account   password
    /forms/follow      handle, on (1 or 0)        /forms/comment-filter   words, one a line
    /forms/follow-tag  tag, on (1 or 0)           /forms/sound            sound, name
    /forms/comment     clip, text, reply_to where a comment is answered; or comment, verb (like, unlike, pin, unpin,
                       edit, let-through, delete), text for edit
    /forms/repost      clip, on (1 or 0), text
    /forms/save        clip; on (1 or 0), into or out_of (a list), or name, kind, public for a new one
    /forms/list        list, verb (create, change, delete, add, remove, earlier, later), name, kind, public, clip
    /forms/topic       name, title, place, tags; or name, verb (delete)
    /forms/text        look, what is said of it   /forms/photos         files, what is said of it
    /forms/upload      file, what is said of it   /forms/clip             clip, verb (publish, draft, pin, unpin,
                                                                          retry, withdraw, delete)
    /forms/words       clip, what is said of it   /forms/cover            clip, file picture (multipart)
    /forms/captions    clip, language, file       /forms/captions/delete  clip, language
                       captions (multipart)
    /forms/wish        kind (tag or author),      /forms/muted-words      words, one a line
                       name, level                /forms/profiling        on (1 or 0)
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from freehold.client import embed, qr
from freehold.client.assets import static_url
from freehold.domain.language import NAMES
from freehold.domain.post import PICTURE_BYTES_LIMIT, PICTURE_LIMIT, TEXT_LIMIT, Look

Json = Mapping[str, Any]
"""One JSON shape of the native API."""

TEMPLATES = Path(__file__).parent / "templates"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""What the pages need and nothing more."""
FRAMED_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors *"
    ),
    "cross-origin-resource-policy": "cross-origin",
}
"""Of the one page that other sites may put into theirs: it has no scripts, no forms and nobody who is signed in."""

NEWCOMER_WAYS = ("ranked", "popular", "random")
ENOUGH_WATCHES = 10
DAY_US = 86_400_000_000

LANGUAGES = {
    "ar": "العربية", "bn": "বাংলা", "de": "Deutsch", "el": "Ελληνικά", "en": "English", "es": "Español",
    "fr": "Français", "he": "עברית", "hi": "हिन्दी", "hy": "Հայերեն", "id": "Bahasa Indonesia", "it": "Italiano",
    "ja": "日本語", "ka": "ქართული", "ko": "한국어", "nl": "Nederlands", "pl": "Polski", "pt": "Português",
    "ru": "Русский", "sv": "Svenska", "ta": "தமிழ்", "th": "ไทย", "tr": "Türkçe", "uk": "Українська",
    "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip
"""Those that search tells apart, as their speakers call them."""

NEW_CLIP: Json = {
    "id": "", "caption": "", "tags": (), "audience": "public", "alt": "", "language": "", "is_ai_made": False,
    "is_sensitive": False, "publish_at_us": None, "made_from": None, "kind": "video", "look": "",
    "transcript": None,
    "permissions": dict.fromkeys(("comment", "duet", "stitch", "use_sound", "download"), "public"),
}  # fmt: skip
"""What is said of a clip before anything was said."""

FINAL_STATES = frozenset({"ready", "refused", "failed", "expired", "withdrawn"})
"""Clip states that nothing but a person changes; a page that shows any other state asks again."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page shares. `now_us` is the time that "2h" is counted from."""

    path: str
    """Path and query that were asked for: marks the place in the navigation; sign-in returns to it."""
    now_us: int
    csrf: str
    account: Json | None = None
    """Who is signed in."""
    origin: str = ""
    """Scheme and host without a slash at the end, for the absolute addresses that link previews need."""
    network: str = "Freehold"
    """The name of this network."""
    reference: str = ""
    """The request's reference, shown on error pages."""
    notice: str = ""
    """Plain words about what a form just did."""


def feed(frame: Frame, page: Json, *, name: str = "for-you", is_caught_up: bool = False) -> str:
    """The swipe feed; `name` is for-you or following. Where `page` is empty, `is_caught_up` says that there are clips
    and the viewer has had them all, and not that there are none yet."""
    return render(
        "feed.html",
        frame=frame,
        page=page,
        feed_name=name,
        more_url=f"/feed/{name}.html",
        is_caught_up=is_caught_up,
    )


def clip_page(frame: Frame, served: Json, *, comments: Json | None = None, more_url: str = "") -> str:
    """One clip with its link preview and first comments; swiping on shows what `more_url` has, or else its author's
    older clips."""
    handle = quote(served["clip"]["author"]["handle"])
    return render(
        "clip_page.html",
        frame=frame,
        served=served,
        box=embed.box_of(served["clip"]),
        embed_url=embed.embed_url(frame.origin, served["clip"]),
        page={"clips": [served], "is_end": False, "before": None},
        comments=comments or {"comments": [], "more": False, "before": None},
        feed_name="",
        is_caught_up=False,
        more_url=more_url or f"/@{handle}/clips.html",
    )


def comments(frame: Frame, clip: Json, comments: Json, *, order: str) -> str:
    """The comments under a clip; `order` is newest or likes."""
    return render("comments_page.html", frame=frame, clip=clip, comments=comments, order=order)


def thread(frame: Frame, clip: Json, first: Json, replies: Json, *, answered: Json, is_part: bool) -> str:
    """A comment and its replies; `answered` is the one that the form answers, and `is_part` says that earlier replies
    were left out."""
    return render(
        "thread.html", frame=frame, clip=clip, first=first, replies=replies, answered=answered, is_part=is_part
    )


def versions(frame: Frame, clip: Json, comment: Json, versions: Sequence[Json]) -> str:
    """What a comment said, oldest first; the last is what it says now."""
    return render("versions.html", frame=frame, clip=clip, comment=comment, versions=versions)


def held(frame: Frame, held: Json) -> str:
    """Comments under one's clips that one's filter holds back."""
    return render("held.html", frame=frame, held=held)


def made_with(frame: Frame, clip: Json, clips: Sequence[Json], *, next_url: str | None = None) -> str:
    """Duets and stitches (served shapes) of a clip."""
    return render("made_with.html", frame=frame, clip=clip, clips=clips, next_url=next_url)


def similar(frame: Frame, clip: Json, found: Sequence[Json]) -> str:
    """What goes together with a clip."""
    return render("similar.html", frame=frame, clip=clip, found=found)


def fragment(frame: Frame, page: Json, *, more_urls: Sequence[str] = ()) -> str:
    """The clips of one page as articles, to be put behind those that are there; `more_urls` has for each what is behind
    it, where that is not told by its id."""
    return render("fragment.html", frame=frame, page=page, more_urls=more_urls)


def profile(
    frame: Frame,
    profile: Json,
    clips: Sequence[Json],
    *,
    lists: Sequence[Json] = (),
    has_reposts: bool = False,
    next_url: str | None = None,
) -> str:
    """An account, its collections and playlists, and its clips (served shapes), newest first; `next_url` leads to the
    page of older ones."""
    return render(
        "profile.html",
        frame=frame,
        profile=profile,
        clips=clips,
        lists=lists,
        has_reposts=has_reposts,
        next_url=next_url,
    )


def reposts(frame: Frame, who: Json, clips: Sequence[Json], places: Sequence[int], *, next_url: str = "") -> str:
    """What an account passed on (served shapes with their reposts), each with its place."""
    return render("reposts.html", frame=frame, who=who, clips=clips, places=places, next_url=next_url)


def save(frame: Frame, clip: Json, lists: Sequence[Json]) -> str:
    """Where a clip is saved to: one's own collections, or playlists where the clip is one's own."""
    return render("save.html", frame=frame, clip=clip, lists=lists)


def saved(frame: Frame, lists: Sequence[Json], clips: Sequence[Json], places: Sequence[int], *, next_url: str) -> str:
    """One's own lists, and all clips (served shapes) that one saved, each with its place."""
    return render("saved.html", frame=frame, lists=lists, clips=clips, places=places, next_url=next_url)


def clip_list(
    frame: Frame,
    about: Json,
    clips: Sequence[Json],
    places: Sequence[int],
    *,
    next_url: str = "",
    is_later: bool = False,
    others: Sequence[Json] = (),
    refusal: str = "",
) -> str:
    """A collection or a playlist with its clips (served shapes), each with its place; `others` are clips (mine shapes)
    that may be added, and `is_later` says that clips stand before these."""
    return render(
        "list.html",
        frame=frame,
        about=about,
        clips=clips,
        places=places,
        next_url=next_url,
        is_later=is_later,
        others=others,
        refusal=refusal,
    )


def tag(frame: Frame, about: Json, clips: Sequence[Json], *, next_url: str | None = None) -> str:
    """Clips (served shapes) that carry a tag."""
    return render("tag.html", frame=frame, about=about, bars=_bars(about["days"]), clips=clips, next_url=next_url)


def explore(frame: Frame, topics: Sequence[Json], trends: Sequence[Json], sounds: Sequence[Json]) -> str:
    """Topics, with a form to change each where an operator looks, and what is trending."""
    return render("explore.html", frame=frame, topics=topics, trends=trends, sounds=sounds)


def topic(
    frame: Frame, about: Json, clips: Sequence[Json], topics: Sequence[Json], *, next_url: str | None = None
) -> str:
    """Clips (served shapes) of a topic; `topics` are all there are."""
    return render("topic.html", frame=frame, about=about, clips=clips, topics=topics, next_url=next_url)


def sound(frame: Frame, about: Json, clips: Sequence[Json], *, next_url: str | None = None) -> str:
    """Clips (served shapes) with a sound."""
    return render("sound.html", frame=frame, about=about, bars=_bars(about["days"]), clips=clips, next_url=next_url)


def _bars(days: Sequence[Json]) -> list[tuple[int, int]]:
    """Left edge and height of each day's bar, in a picture 12 wide a day and 40 high; 1 where there was nothing."""
    highest = max((day["account_count"] for day in days), default=0) or 1
    return [(12 * at, max(1, round(40 * day["account_count"] / highest))) for at, day in enumerate(days)]


def search(
    frame: Frame,
    asked: Json,
    answer: Json | None,
    *,
    trends: Sequence[Json] = (),
    sounds: Sequence[Json] = (),
    refusal: str = "",
) -> str:
    """`asked` has q, kind, after, before, length, lang and first as they were written; `answer` is None where they
    could not be read, and `refusal` says why."""
    return render(
        "search.html",
        frame=frame,
        asked=asked,
        answer=answer,
        is_asked=any(asked[name] for name in asked if name not in ("kind", "first")),
        languages=LANGUAGES,
        trends=trends,
        sounds=sounds,
        refusal=refusal,
    )


def search_url(asked: Json, *, page: str = "/search", kind: str | None = None, q: str = "", place: int = 0) -> str:
    """The address of this search, or of a page that goes on with it from a place; `kind` and `q` are others."""
    kind = asked.get("kind", "") if kind is None else kind
    fields = {**asked, "q": q or asked.get("q", ""), "kind": kind, "from": place}
    text = urlencode({name: value for name, value in fields.items() if value})
    return f"{page}?{text}" if text else page


def share(
    frame: Frame,
    path: str,
    kind: str,
    of: str,
    *,
    clip: Json | None = None,
    is_public: bool = True,
    word: str | None = None,
    repost_count: int = 0,
) -> str:
    """The address of what is at `path` (`kind`: clip, profile or tag), to be passed on as text, by an app or from
    screen to camera; `of` is a handle or the tag. Who is signed in and passes on the clip is counted; where anybody may
    see it, it may be embedded and reposted. `word` is what the viewer says with their repost, None where there is
    none."""
    embed_code = embed.embed_code(frame.origin, clip, embed.box_of(clip)) if clip and is_public else ""
    return render(
        "share.html",
        frame=frame,
        path=path,
        kind=kind,
        of=of,
        clip=clip,
        is_public=is_public,
        embed_code=embed_code,
        word=word,
        repost_count=repost_count,
    )


def embedded(frame: Frame, clip: Json) -> str:
    """A clip in a frame of another site. The browser takes the first file whose least height the frame has."""
    ladder = clip["renditions"]
    least = [0, *(lower["height_px"] + 1 for lower in ladder)]
    files = [*zip(ladder, least, strict=False)][::-1]
    return render("embed.html", frame=frame, clip=clip, title=embed.title_of(clip), files=files)


def embed_refusal(frame: Frame, text: str, order: Json | None) -> str:
    """In the same frame; `order` has authority, reference_number and since_us where it is withheld."""
    return render("embed.html", frame=frame, clip=None, text=text, order=order)


def upload(
    frame: Frame,
    *,
    transcribes: bool = False,
    limits: Json | None = None,
    clip: Json | None = None,
    drafts: Sequence[Json] = (),
    made: Json | None = None,
) -> str:
    """The composer; `limits` has size_bytes and duration_ms, both optional, to be said beforehand. `clip` is the draft
    (the shape mine) that is gone on with; `drafts` are others. `made` says what a new one is made with: kind (duet,
    stitch or sound), the id of that, the clip, its sound, layout and own_percent. `transcribes` offers captions by the
    machine."""
    new = {**NEW_CLIP, "transcript": {"is_wanted": True} if transcribes else None}
    return render("upload.html", frame=frame, limits=limits or {}, c=clip or new, drafts=drafts, made=made)


def write(frame: Frame, *, said: Json | None = None, refusal: str = "") -> str:
    """Where a text post is written; `said` is what was written before (caption and look) where it was refused."""
    new = {**NEW_CLIP, "kind": "text", "look": Look.PEAT.value, **(said or {})}
    return render("write.html", frame=frame, c=new, refusal=refusal)


def photos(frame: Frame, *, made: Json | None = None) -> str:
    """Where a photo post is made; `made` says which sound is to be heard under it, as for `upload`."""
    return render("photos.html", frame=frame, c={**NEW_CLIP, "kind": "photo"}, made=made)


def studio(frame: Frame, clips: Sequence[Json], *, held_count: int = 0) -> str:
    """The viewer's own clips (mine shapes) with their states, and how many comments under them are held back."""
    return render("studio.html", frame=frame, clips=clips, held_count=held_count)


def edit(frame: Frame, clip: Json, *, refusal: str = "") -> str:
    """The form on which one of the viewer's own clips (the shape mine) is changed."""
    return render("edit.html", frame=frame, c=clip, refusal=refusal)


def history(frame: Frame, clip: Json, versions: Sequence[Json]) -> str:
    """What a clip says, and what it said before."""
    return render("history.html", frame=frame, clip=clip, versions=versions)


def sign_in(frame: Frame, *, next_path: str = "/", handle: str = "", refusal: str = "") -> str:
    """`refusal` is the text of what went wrong at the last try."""
    return render("sign_in.html", frame=frame, next_path=next_path, handle=handle, refusal=refusal)


def sign_up(frame: Frame, *, next_path: str = "/", handle: str = "", display_name: str = "", refusal: str = "") -> str:
    return render(
        "sign_up.html", frame=frame, next_path=next_path, handle=handle, display_name=display_name, refusal=refusal
    )


def settings(
    frame: Frame,
    sessions: Sequence[Json],
    chosen: Json,
    followed_tags: Sequence[str],
    comment_filter: Json,
    *,
    refusal: str = "",
) -> str:
    """`frame.account` must be there; `refusal` is the text of what went wrong at the last form.

    `chosen` has wishes (the shapes of GET /api/feeds/for-you/wishes, with tags of level 0 that are offered),
    muted_words, muted_limit and is_profiled.
    """
    return render(
        "settings.html",
        frame=frame,
        sessions=sessions,
        chosen=chosen,
        followed_tags=followed_tags,
        comment_filter=comment_filter,
        refusal=refusal,
    )


def why(frame: Frame, why: Json, served: Json | None = None) -> str:
    """What the scorer used for one impression; `served` is the clip where it may still be shown."""
    return render("why.html", frame=frame, why=why, served=served)


def feed_figures(frame: Frame, figures: Json) -> str:
    """How the feed does. `chart_data` has a list of columns for each chart, the first for its x."""
    by_hour, newcomers = figures["by_hour"], running(figures["newcomers"])
    chart_data = {
        "busy": _columns(by_hour, "at_us", "pages", "watches"),
        "calibration": _columns(figures["calibration"], "at_us", "predicted", "value"),
        "newcomers": _columns(newcomers, "middle", *NEWCOMER_WAYS),
    }
    return render(
        "feed_figures.html",
        frame=frame,
        figures=figures,
        busy=by_hour if figures["hours"] <= 24 else by_day(by_hour),
        newcomers=newcomers,
        ways=NEWCOMER_WAYS,
        chart_data=chart_data,
    )


def _columns(rows: Sequence[Json], *names: str) -> list[list[Any]]:
    return [[row[name] for row in rows] for name in names]


def by_day(hours: Sequence[Json]) -> list[Json]:
    """Pages and watches of each day, in UTC."""
    days: dict[int, dict[str, int]] = {}
    for hour in hours:
        at_us = hour["at_us"] - hour["at_us"] % DAY_US
        day = days.setdefault(at_us, {"at_us": at_us, "pages": 0, "watches": 0})
        day["pages"] += hour["pages"]
        day["watches"] += hour["watches"]
    return list(days.values())


def running(newcomers: Json) -> list[Json]:
    """The mean share of watches 1 to 10, 6 to 15, …, by way: as long as a page, as its best clips come first."""
    last = max((one["nth"] for way in NEWCOMER_WAYS for one in newcomers[way]), default=0)
    return [
        {"first": first, "last": first + 9, "middle": first + 4.5}
        | {way: _mean_share(newcomers[way], first, first + 9) for way in NEWCOMER_WAYS}
        for first in range(1, max(last - 8, 2 if last else 1), 5)
    ]


def _mean_share(watches: Sequence[Json], first: int, last: int) -> float | None:
    within = [one for one in watches if first <= one["nth"] <= last]
    count = sum(one["watches"] for one in within)
    return sum(one["watches"] * one["watched_share"] for one in within) / count if count >= ENOUGH_WATCHES else None


def about(frame: Frame, *, log_days: int, clip_count: int | None = None, account_count: int | None = None) -> str:
    return render("about.html", frame=frame, log_days=log_days, clip_count=clip_count, account_count=account_count)


def error(frame: Frame, status: int, code: str, text: str) -> str:
    """A refusal or a fault in plain words with its reference."""
    return render("error.html", frame=frame, status=status, code=code, text=text)


def withheld(frame: Frame, *, text: str, authority: str, reference_number: str, since_us: int) -> str:
    """451: withheld by order, and by whose."""
    return render(
        "withheld.html",
        frame=frame,
        text=text,
        authority=authority,
        reference_number=reference_number,
        since_us=since_us,
    )


def render(name: str, **context: object) -> str:
    """The template `name` with its context; a name that the template uses and the context lacks is an error."""
    return environment().get_template(name).render(**context)


@cache
def environment() -> Environment:
    """The one Jinja environment: autoescape on, filters, gettext."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    environment.install_gettext_translations(NullTranslations(), newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(
        clip_languages=NAMES,
        looks=tuple(Look),
        text_limit=TEXT_LIMIT,
        picture_limit=PICTURE_LIMIT,
        picture_bytes_limit=PICTURE_BYTES_LIMIT,
        static_url=static_url,
        search_url=search_url,
        final_states=FINAL_STATES,
        lang="en",
        direction="ltr",
    )
    environment.filters.update(
        count=count,
        ago=ago,
        duration=duration,
        size=size,
        date=date,
        iso=iso,
        day=day,
        hour=hour,
        percent=percent,
        initial=initial,
        hue=hue,
        shape=shape,
        loudness=loudness,
        sources=sources,
        srcset=srcset,
        tagged=tagged,
        qr=code,
    )
    return environment


def count(number: int) -> str:
    """999, 1.2K, 12K, 3.4M: rounded down, so that nothing is claimed that is not there."""
    for limit, letter in ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")):
        if number >= limit:
            tenths = number * 10 // limit
            return f"{tenths // 10}{letter}" if tenths >= 100 or tenths % 10 == 0 else f"{tenths / 10}{letter}"
    return str(number)


def ago(at_us: int, now_us: int) -> str:
    """How long ago, in one unit: now, 5m, 2h, 3d, 6w, 2y."""
    seconds = max(0, now_us - at_us) // 1_000_000
    for limit_s, letter in ((31_536_000, "y"), (604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= limit_s:
            return f"{seconds // limit_s}{letter}"
    return "now"


def duration(duration_ms: int) -> str:
    """0:14, 1:02:03; what is there at all lasts a second."""
    seconds = max(round(duration_ms / 1000), 1) if duration_ms else 0
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def size(size_bytes: int) -> str:
    """512 B, 3.4 MB, in powers of ten."""
    number = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def date(at_us: int) -> str:
    """14 November 2026, in UTC."""
    at = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    return f"{at.day} {at:%B %Y}"


def day(at_us: int) -> str:
    """14 Nov; in UTC."""
    at = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    return f"{at.day} {at:%b}"


def hour(at_us: int) -> str:
    """14 Nov, 09:00; in UTC."""
    return f"{day(at_us)}, {datetime.fromtimestamp(at_us / 1_000_000, UTC):%H:%M}"


def percent(share: float | None) -> str:
    """12.3 %, or a dash for what is not known."""
    return "–" if share is None else f"{share * 100:.1f} %"


def iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def initial(account: Json) -> str:
    """The letter that stands for an account without a picture."""
    name: str = account["display_name"] or account["handle"]
    return name[:1].upper()


def hue(account: Json) -> int:
    """Which of eight colours stands for an account without a picture: the same on every page and every machine."""
    handle: str = account["handle"]
    return sum(handle.encode()) % 8


def shape(clip: Json) -> str:
    """tall fills a phone and is cut a little at its sides; square and wide are shown whole, on their tint."""
    ratio = (clip["width_px"] or 9) / (clip["height_px"] or 16)
    return "tall" if ratio < 0.7 else "square" if ratio < 1.2 else "wide"


def loudness(text: str) -> str:
    """How large the words of a text post stand: the fewer the larger."""
    lines = text.count("\n") + len(text) / 24
    return "loud" if lines <= 3 else "clear" if lines <= 9 else "even" if lines <= 16 else "fine"


def sources(clip: Json) -> str:
    """What the player chooses from, as JSON: [[url, width_px, height_px, rate_bps], …], lowest first."""
    return json.dumps(
        [[r["url"], r["width_px"], r["height_px"], r["rate_bps"]] for r in clip["renditions"]], separators=(",", ":")
    )


def srcset(picture: Json) -> str:
    """What the browser chooses a picture from, by its width."""
    return ", ".join(f"{size['url']} {size['width_px']}w" for size in picture["sizes"])


def code(url: str, label: str) -> Markup:
    """The QR code of an address, nothing where it is too long for one."""
    return qr.picture(url, label) if len(url) <= qr.MOST_BYTES else Markup("")


def tagged(caption: str) -> Markup:
    """The caption with its #tags as links, everything else escaped."""
    parts: list[Markup] = []
    end = 0
    for match in re.finditer(r"#(\w+)", caption):
        parts.append(escape(caption[end : match.start()]))
        parts.append(Markup('<a href="/tag/{}">{}</a>').format(quote(match[1].lower()), match[0]))
        end = match.end()
    return Markup("").join([*parts, escape(caption[end:])])
