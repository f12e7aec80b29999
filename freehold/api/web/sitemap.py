"""What crawlers are told: robots.txt, and the addresses of all that everybody may see (sitemaps.org 0.9)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from xml.sax.saxutils import escape

from starlette.responses import Response

from freehold.api import identity
from freehold.api.routes import Kind, Routes
from freehold.api.server import Call
from freehold.api.web.xml import xml_response
from freehold.backends.database import Database
from freehold.client.pages import iso
from freehold.domain.account import NOBODY
from freehold.domain.clip import ClipView
from freehold.domain.errors import Absent
from freehold.domain.ids import AccountId, ClipId, id_text, parse_id
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clips
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import sitemap as files
from freehold.store import topic as topics

routes = Routes()
ADDRESSES = 200
"""After so many a file begins anew: judging them is as much as one request should cost. The standard has up to 50,000
files."""
MOST = 5 * ADDRESSES
"""In one file: a draft that comes out late stands among those of its own age."""
AT_ONCE = 100
"""Judged before others have their turn."""
LAST_ID = (1 << 63) - 1
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
CLOSED = ("/api/", "/forms/", "/feed/", "/why/", "/admin/")
"""What only programs ask for, or what is one viewer's own."""
PAGES = ("/", "/explore", "/search", "/about")
_FILE = re.compile(r"(clips|accounts)-([0-9a-z]+)(?:-([0-9a-z]+))?\.xml")

Find = Callable[[Database, int, int], Awaitable[int | None]]


async def _spans(database: Database, kind: str, find: Find) -> list[tuple[int, int]]:
    """What each file has. They begin at every so-manieth clip or account that there was when they were first looked
    for: what comes is newer, so they stay where they are, and only what is behind the last is looked at again."""
    known = await files.begins_of(database, kind)
    begins = list(known)
    while (begin := await _next(database, begins, find)) is not None:
        if not begins or begin > begins[-1]:
            begins.append(begin)
        await asyncio.sleep(0)
    if new := begins[len(known) :]:
        await database.transact(lambda transaction: files.insert(transaction, kind, new))
    return list(zip(begins, [*begins, LAST_ID][1:], strict=True))


async def _next(database: Database, begins: Sequence[int], find: Find) -> int | None:
    return await find(database, begins[-1], ADDRESSES) if begins else await find(database, 0, 0)


@routes.add("GET", "/robots.txt", kind=Kind.RAW, gives=("text/plain",))
async def robots(call: Call) -> Response:
    """Where crawlers need not look, and where the addresses are."""
    closed = "\n".join(f"Disallow: {path}" for path in CLOSED)
    origin = identity.own_origin(call.request, call.server)
    text = f"User-agent: *\n{closed}\n\nSitemap: {origin}/sitemap.xml\n"
    return Response(text, headers={"cache-control": "max-age=3600"}, media_type="text/plain")


@routes.add("GET", "/sitemap.xml", kind=Kind.RAW, gives=("application/xml",))
async def index(call: Call) -> Response:
    """The files that the sitemap consists of: each has what lies between two ids."""
    database = call.server.backends.database
    account_spans = await _spans(database, "accounts", accounts.nth_behind)
    clip_spans = await _spans(database, "clips", clips.nth_behind)
    names = [
        "pages.xml",
        *(_name("accounts", span) for span in await accounts.seen_in(database, account_spans)),
        *(_name("clips", span) for span in await clips.public_in(database, clip_spans)),
    ]
    origin = identity.own_origin(call.request, call.server)
    listed = [f"<sitemap><loc>{escape(origin)}/sitemap/{name}</loc></sitemap>" for name in names]
    return xml_response(call, _whole("sitemapindex", listed), "application/xml")


def _name(kind: str, span: tuple[int, int]) -> str:
    """What is newest has no end yet."""
    first, end = span
    return f"{kind}-{id_text(first)}.xml" if end == LAST_ID else f"{kind}-{id_text(first)}-{id_text(end)}.xml"


@routes.add("GET", "/sitemap/{name}", kind=Kind.RAW, gives=("application/xml",))
async def addresses(call: Call) -> Response:
    """One of these files."""
    name = call.request.path_params["name"]
    match = _FILE.fullmatch(name)
    first, end = (parse_id(match[2]), parse_id(match[3]) if match[3] else LAST_ID) if match else (None, None)
    urls: list[str] = []
    if name == "pages.xml":
        found_topics = await topics.all_of_them(call.server.backends.database)
        urls = [_url(call, path) for path in (*PAGES, *(f"/explore/{topic.name}" for topic in found_topics))]
    elif match and first is not None and end is not None and match[1] == "accounts":
        database = call.server.backends.database
        found = await accounts.seen_between(database, AccountId(first), AccountId(end), MOST)
        urls = [_url(call, f"/@{account.handle}") for account in found]
    elif match and first is not None and end is not None:
        urls = await _clip_urls(call, ClipId(first), ClipId(end))
    if not urls:
        raise Absent("page-absent", "There is nothing at this address.")
    return xml_response(call, _whole("urlset", urls), "application/xml")


async def _clip_urls(call: Call, first_id: ClipId, end_id: ClipId) -> list[str]:
    database = call.server.backends.database
    urls: list[str] = []
    for _ in range(0, MOST, AT_ONCE):
        ids = await clips.public_between(database, first_id, end_id, AT_ONCE)
        if not ids:
            break
        views = await shown_clips(database, NOBODY, ids, Door.SITEMAP, call.at_us)
        urls += [_url(call, path_of(view), view.clip.published_at_us) for view in views]
        first_id = ClipId(ids[-1] + 1)
        await asyncio.sleep(0)
    return urls


def path_of(view: ClipView) -> str:
    return f"/@{view.author.handle}/video/{id_text(view.clip.id)}"


def _url(call: Call, path: str, changed_us: int | None = None) -> str:
    """As text: a tree of fifty thousand takes seconds."""
    changed = f"<lastmod>{iso(changed_us)}</lastmod>" if changed_us is not None else ""
    return f"<url><loc>{escape(identity.own_origin(call.request, call.server) + path)}</loc>{changed}</url>"


def _whole(name: str, inside: list[str]) -> bytes:
    start = f'<?xml version="1.0" encoding="utf-8"?>\n<{name} xmlns="{NAMESPACE}">'
    return "\n".join([start, *inside, f"</{name}>\n"]).encode()
