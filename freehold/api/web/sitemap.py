"""What crawlers are told: robots.txt, and the addresses of all that everybody may see (sitemaps.org 0.9)."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from starlette.responses import Response

from freehold.api import identity
from freehold.api.routes import Kind, Routes
from freehold.api.server import Call
from freehold.api.web.xml import add, xml_response
from freehold.client.pages import iso
from freehold.domain.account import NOBODY
from freehold.domain.clip import ClipView
from freehold.domain.errors import Absent
from freehold.domain.ids import AccountId, ClipId, id_text, parse_id
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clips
from freehold.store import account as accounts
from freehold.store import clip as clips

routes = Routes()
ADDRESSES = 50_000
"""In one file, at most: the standard has no more."""
AT_ONCE = 500
NAMESPACE = {"xmlns": "http://www.sitemaps.org/schemas/sitemap/0.9"}
CLOSED = ("/api/", "/forms/", "/feed/", "/why/", "/admin/", "/oembed")
"""What only programs ask for, or what is one viewer's own."""
PAGES = ("/", "/search", "/about")
_FILE = re.compile(r"(clips|accounts)-([0-9a-z]+)\.xml")


@routes.add("GET", "/robots.txt", kind=Kind.RAW)
async def robots(call: Call) -> Response:
    """Where crawlers need not look, and where the addresses are."""
    closed = "\n".join(f"Disallow: {path}" for path in CLOSED)
    origin = identity.own_origin(call.request, call.server)
    text = f"User-agent: *\n{closed}\n\nSitemap: {origin}/sitemap.xml\n"
    return Response(text, headers={"cache-control": "max-age=3600"}, media_type="text/plain")


@routes.add("GET", "/sitemap.xml", kind=Kind.RAW)
async def index(call: Call) -> Response:
    """The files that the sitemap consists of: each begins with an id and has 50,000 addresses at most."""
    database = call.server.backends.database
    names = [
        "pages.xml",
        *(f"accounts-{id_text(first)}.xml" for first in await accounts.every_nth_seen(database, ADDRESSES)),
        *(f"clips-{id_text(first)}.xml" for first in await clips.every_nth_public(database, ADDRESSES)),
    ]
    origin = identity.own_origin(call.request, call.server)
    root = Element("sitemapindex", NAMESPACE)
    for name in names:
        add(add(root, "sitemap"), "loc", f"{origin}/sitemap/{name}")
    return xml_response(call, root, "application/xml")


@routes.add("GET", "/sitemap/{name}", kind=Kind.RAW)
async def addresses(call: Call) -> Response:
    """One of these files."""
    name = call.request.path_params["name"]
    match = _FILE.fullmatch(name)
    first = parse_id(match[2]) if match else None
    root = Element("urlset", NAMESPACE)
    if name == "pages.xml":
        _add(call, root, ((path, None) for path in PAGES))
    elif match and first is not None and match[1] == "accounts":
        found = await accounts.seen_from(call.server.backends.database, AccountId(first), ADDRESSES)
        _add(call, root, ((f"/@{account.handle}", None) for account in found))
    elif match and first is not None:
        await _add_clips(call, root, ClipId(first))
    if len(root) == 0:
        raise Absent("page-absent", "There is nothing at this address.")
    return xml_response(call, root, "application/xml")


async def _add_clips(call: Call, root: Element, first_id: ClipId) -> None:
    database = call.server.backends.database
    ids = await clips.public_from(database, first_id, ADDRESSES)
    for start in range(0, len(ids), AT_ONCE):
        views = await shown_clips(database, NOBODY, ids[start : start + AT_ONCE], Door.SITEMAP, call.at_us)
        _add(call, root, map(_address_of, views))


def _address_of(view: ClipView) -> tuple[str, int | None]:
    return f"/@{view.author.handle}/video/{id_text(view.clip.id)}", view.clip.published_at_us


def _add(call: Call, root: Element, pages: Iterator[tuple[str, int | None]]) -> None:
    """Paths, each with when what is there was last changed, where that is known."""
    origin = identity.own_origin(call.request, call.server)
    for path, changed_us in pages:
        url = add(root, "url")
        add(url, "loc", origin + path)
        if changed_us is not None:
            add(url, "lastmod", iso(changed_us))
