"""The static files, from memory: compressed beforehand, immutable under their current address."""

from starlette.responses import Response

from freehold.api.routes import Kind, Routes
from freehold.api.server import Call
from freehold.client import assets
from freehold.domain.errors import Absent

routes = Routes()
ANY = ("*/*",)
IMMUTABLE = "public, max-age=31536000, immutable"


@routes.add("GET", "/static/{path}", kind=Kind.RAW, is_hot=True, gives=ANY, also=(304,))
async def static(call: Call) -> Response:
    """One static file."""
    return asset_response(call, call.request.path_params["path"])


@routes.add("GET", "/favicon.ico", kind=Kind.RAW, is_hot=True, gives=("image/svg+xml",), also=(304,))
async def favicon(call: Call) -> Response:
    """The mark, for browsers that ask without having read a page."""
    return asset_response(call, f"{assets.version()}/mark.svg")


def asset_response(call: Call, path: str) -> Response:
    """The file for an address below /static/; only names that were read at the start exist."""
    found = assets.find(path)
    if found is None:
        raise Absent("page-absent", "There is nothing at this address.")
    asset, is_current = found
    headers = {
        "cache-control": IMMUTABLE if is_current else "no-cache",
        "etag": asset.etag,
        "vary": "accept-encoding",
    }
    if asset.etag in call.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = asset.content
    if asset.gzipped is not None and accepts_gzip(call):
        content, headers["content-encoding"] = asset.gzipped, "gzip"
    return Response(content, headers=headers, media_type=asset.content_type)


def accepts_gzip(call: Call) -> bool:
    """Whether the client takes gzip; a weight of nought is a no."""
    for offer in call.request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = offer.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
