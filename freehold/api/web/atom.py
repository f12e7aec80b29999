"""Atom feeds (RFC 4287) of an account's and a tag's clips, as everybody sees them, a page at a time (RFC 5005)."""

from dataclasses import replace
from urllib.parse import quote
from xml.etree.ElementTree import Element

from markupsafe import Markup
from starlette.responses import Response

from freehold.api import identity
from freehold.api.native import accounts, feeds, tags
from freehold.api.present import ClipShape, avatar_url, page_json
from freehold.api.routes import BEHIND, Kind, Routes
from freehold.api.server import Call
from freehold.api.web.xml import add, document, xml_response
from freehold.client import embed
from freehold.client.pages import iso
from freehold.domain.account import NOBODY
from freehold.feed.page import Page

routes = Routes()
ATOM = "application/atom+xml"
ENTRIES = 30
NAMESPACES = {"xmlns": "http://www.w3.org/2005/Atom", "xmlns:media": "http://search.yahoo.com/mrss/"}


@routes.add("GET", "/@{handle}/feed.atom", kind=Kind.RAW, parameters=(BEHIND,), gives=(ATOM,), also=(304,))
async def of_account(call: Call) -> Response:
    """An account's clips as an Atom feed."""
    call = replace(call, viewer=NOBODY)
    account = await accounts.account_at(call)
    before = await feeds.asked_before(call)
    feed = call.server.feed.untraced()
    page = await feed.profile(NOBODY, account.id, before, ENTRIES, call.at_us, is_pinned_first=False)
    root = _feed(call, page, f"/@{account.handle}", f"@{account.handle}", account.created_at_us)
    if account.bio:
        add(root, "subtitle", account.bio)
    _add_author(call, root, account.handle, account.display_name)
    icon = avatar_url(account.id, account.avatar_key)
    if icon:
        add(root, "icon", identity.own_origin(call.request, call.server) + icon)
    _add_entries(call, root, page)
    return xml_response(call, document(root), ATOM)


@routes.add("GET", "/tag/{tag}/feed.atom", kind=Kind.RAW, parameters=(BEHIND,), gives=(ATOM,), also=(304,))
async def of_tag(call: Call) -> Response:
    """Clips that carry a tag as an Atom feed."""
    call = replace(call, viewer=NOBODY)
    name = tags.asked_tag(call)
    before = await feeds.asked_before(call)
    page = await call.server.feed.untraced().tagged(NOBODY, name, before, ENTRIES, call.at_us)
    root = _feed(call, page, f"/tag/{quote(name)}", f"#{name}", 0)
    _add_entries(call, root, page)
    return xml_response(call, document(root), ATOM)


def _feed(call: Call, page: Page, path: str, title: str, since_us: int) -> Element:
    """A feed of the clips at `path`; `since_us` is when there was none yet."""
    origin = identity.own_origin(call.request, call.server)
    address = f"{origin}{path}/feed.atom"
    updated_us = max((one.view.clip.published_at_us or 0 for one in page.clips), default=0)
    root = Element("feed", NAMESPACES)
    add(root, "id", address)
    add(root, "title", f"{title} · {call.server.name}")
    add(root, "updated", iso(max(updated_us, since_us)))
    add(root, "generator", "Freehold")
    asked = call.request.url.query
    add(root, "link", None, {"rel": "self", "type": ATOM, "href": address + (f"?{asked}" if asked else "")})
    add(root, "link", None, {"rel": "alternate", "type": "text/html", "href": origin + path})
    if page.before is not None:
        add(root, "link", None, {"rel": "next", "type": ATOM, "href": f"{address}?before={page.before.text}"})
    return root


def _add_author(call: Call, parent: Element, handle: str, display_name: str) -> None:
    author = add(parent, "author")
    add(author, "name", display_name or handle)
    add(author, "uri", f"{identity.own_origin(call.request, call.server)}/@{handle}")


def _add_entries(call: Call, root: Element, page: Page) -> None:
    origin = identity.own_origin(call.request, call.server)
    for served in page_json(page, NOBODY)["clips"]:
        clip = served["clip"]
        entry = add(root, "entry")
        address = origin + clip["url"]
        add(entry, "id", address)
        add(entry, "title", embed.title_of(clip))
        add(entry, "published", iso(clip["published_at_us"] or 0))
        add(entry, "updated", iso(clip["edited_at_us"] or clip["published_at_us"] or 0))
        _add_author(call, entry, clip["author"]["handle"], clip["author"]["display_name"])
        add(entry, "link", None, {"rel": "alternate", "type": "text/html", "href": address})
        for tag in clip["tags"]:
            add(entry, "category", None, {"term": tag, "scheme": f"{origin}/tag/"})
        _add_media(origin, entry, clip)
        add(entry, "content", _content(origin, clip), {"type": "html"})


def _add_media(origin: str, entry: Element, clip: ClipShape) -> None:
    if clip["renditions"]:
        film = clip["renditions"][-1]
        told = {"type": "video/mp4", "length": str(film["size_bytes"]), "href": origin + film["url"]}
        add(entry, "link", None, {"rel": "enclosure", **told})
    for picture in () if clip["is_sensitive"] else clip["pictures"]:
        size = picture["sizes"][-1]
        told = {"type": "image/jpeg", "length": str(size["size_bytes"]), "href": origin + size["url"]}
        add(entry, "link", None, {"rel": "enclosure", **told})
    picture_url = clip["poster_url"] or clip["card_url"]
    if picture_url and not clip["is_sensitive"]:
        add(entry, "media:thumbnail", None, {"url": origin + picture_url})


def _content(origin: str, clip: ClipShape) -> str:
    """The poster, or every picture, which leads to the clip, where it is not to be covered, and the whole caption."""
    shown = [(picture["sizes"][-1]["url"], picture["alt"]) for picture in clip["pictures"]]
    shown = shown or ([(clip["poster_url"], clip["alt"])] if clip["poster_url"] else [])
    image = Markup('<p><a href="{}"><img src="{}" alt="{}"></a></p>')
    images = (
        [] if clip["is_sensitive"] else [image.format(origin + clip["url"], origin + url, alt) for url, alt in shown]
    )
    caption = Markup("<br>").join(clip["caption"].split("\n"))
    return str(Markup("").join([*images, Markup("<p>{}</p>").format(caption)]))
