"""Clips in other sites' pages: the frame itself, and oEmbed 1.0, which tells sites how to put one in.

Both are judged for nobody in particular, so what anybody sees of a clip there is what everybody may see.
"""

import re
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from starlette.responses import Response

from freehold.api import identity
from freehold.api.present import ClipShape, clip_json
from freehold.api.routes import Kind, Parameter, Routes, json_response, numbered, one_of, path_id, query_int
from freehold.api.server import Call
from freehold.api.web.answer import page_response
from freehold.api.web.frame import frame_of
from freehold.api.web.xml import add, document
from freehold.client import embed, pages
from freehold.domain.account import NOBODY
from freehold.domain.clip import ClipKind, Rendition, RenditionKind
from freehold.domain.errors import Absent, BadInput, NotOffered
from freehold.domain.ids import ClipId, parse_id
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip
from freehold.store import rendition as renditions

routes = Routes()
CACHE_AGE_S = 300
"""How long a site may go on with what it was told; what is withheld shows in the frame at once."""
MOST_PX = 100_000
ASKED = (
    Parameter("url", {"type": "string", "format": "uri"}, "The address of a clip's page or frame.", is_required=True),
    one_of("format", ("json", "xml")),
    numbered("maxwidth", 1, MOST_PX),
    numbered("maxheight", 1, MOST_PX),
)
_CLIP_PATH = re.compile(r"/(?:@[A-Za-z0-9_.]+/video|embed)/([0-9a-z]+)")


@routes.add("GET", "/embed/{id}", kind=Kind.FRAME, gives=("text/html",))
async def frame(call: Call) -> Response:
    """A clip to be put into a frame of another site's page."""
    clip, _ = await _shown(call, ClipId(path_id(call, "id")))
    response = page_response(call, pages.embedded(frame_of(call), clip))
    response.headers.update(pages.FRAMED_HEADERS)
    return response


@routes.add("GET", "/oembed", kind=Kind.RAW, parameters=ASKED, gives=("application/json", "text/xml"))
async def oembed(call: Call) -> Response:
    """How to embed the clip at an address."""
    form = call.request.query_params.get("format", "json")
    if form not in ("json", "xml"):
        raise NotOffered("oembed-format", "There is json and xml.")
    max_width_px = query_int(call, "maxwidth", MOST_PX, 1, MOST_PX)
    max_height_px = query_int(call, "maxheight", MOST_PX, 1, MOST_PX)
    clip, poster = await _shown(call, _clip_at(call))
    told = _told(call, clip, poster, max_width_px, max_height_px)
    headers = {
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
        "cache-control": "no-cache",
    }
    return Response(_xml(told), 200, headers, "text/xml") if form == "xml" else json_response(told, 200, headers)


async def _shown(call: Call, clip_id: ClipId) -> tuple[ClipShape, Rendition | None]:
    """The clip as nobody in particular sees it, and the picture of it; raises what `shown_clip` raises."""
    database = call.server.backends.database
    view = await shown_clip(database, NOBODY, clip_id, Door.EMBED, call.at_us)
    files = (await renditions.of_clips(database, [clip_id])).get(clip_id, [])
    poster = next((file for file in files if file.kind in (RenditionKind.POSTER, RenditionKind.CARD)), None)
    return clip_json(view, files, NOBODY), poster


def _clip_at(call: Call) -> ClipId:
    """The clip whose page, or frame, the query's `url` is; `BadInput` without one, `Absent` for any other address."""
    url = call.request.query_params.get("url")
    if not url:
        raise BadInput("bad-query", "url is the address of a clip's page.")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise BadInput("bad-query", "url is no address.") from None
    ours = identity.own_origin(call.request, call.server).partition("://")[2]
    match = _CLIP_PATH.fullmatch(parts.path) if parts.scheme in ("http", "https") else None
    clip_id = parse_id(match[1]) if match and parts.netloc.lower() == ours.lower() else None
    if clip_id is None:
        raise Absent("oembed-absent", "At this address there is no clip of this network.")
    return ClipId(clip_id)


def _told(
    call: Call, clip: ClipShape, poster: Rendition | None, max_width_px: int, max_height_px: int
) -> dict[str, str | int]:
    """What oEmbed 1.0 (2.3.4) says of a video, or of a still post, which is `rich`."""
    origin = identity.own_origin(call.request, call.server)
    box = embed.box_of(clip, max_width_px, max_height_px)
    told: dict[str, str | int] = {
        "version": "1.0",
        "type": "video" if clip["kind"] == ClipKind.VIDEO else "rich",
        "title": embed.title_of(clip),
        "author_name": clip["author"]["display_name"] or clip["author"]["handle"],
        "author_url": f"{origin}/@{clip['author']['handle']}",
        "provider_name": call.server.name,
        "provider_url": f"{origin}/",
        "cache_age": CACHE_AGE_S,
        "html": embed.embed_code(origin, clip, box),
        "width": box.width_px,
        "height": box.height_px,
    }
    fits = poster is not None and poster.width_px <= max_width_px and poster.height_px <= max_height_px
    if poster is not None and fits and not clip["is_sensitive"]:
        told |= {
            "thumbnail_url": f"{origin}{clip['poster_url'] or clip['card_url']}",
            "thumbnail_width": poster.width_px,
            "thumbnail_height": poster.height_px,
        }
    return told


def _xml(told: dict[str, str | int]) -> bytes:
    root = Element("oembed")
    for name, value in told.items():
        add(root, name, str(value))
    return document(root)
