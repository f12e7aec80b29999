"""How pages are sent: compressed, and kept by nobody, since they say who is signed in."""

import gzip

from starlette.responses import RedirectResponse, Response

from freehold.api.server import Call
from freehold.api.web.static import accepts_gzip

GZIP_FROM_BYTES = 1_000
GZIP_LEVEL = 6


def page_response(call: Call, html: str, status: int = 200) -> Response:
    """A page. Its CSRF token is masked anew each time, so compressing it gives nothing away."""
    headers = {"cache-control": "no-store", "vary": "accept-encoding, cookie"}
    return packed(call, html.encode(), headers, "text/html; charset=utf-8", status)


def packed(call: Call, content: bytes, headers: dict[str, str], media_type: str, status: int = 200) -> Response:
    """The content, compressed where that is taken and brings something."""
    headers = {"vary": "accept-encoding"} | headers
    if len(content) >= GZIP_FROM_BYTES and accepts_gzip(call):
        content, headers["content-encoding"] = gzip.compress(content, GZIP_LEVEL), "gzip"
    return Response(content, status, headers, media_type)


def see_other(path: str) -> Response:
    """303, as the answer to a form that did what it says."""
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


def safe_next(text: str, otherwise: str = "/") -> str:
    """A path of this site that a form may lead to, or `otherwise`.

    Browsers read `//host` and `/\\host` as another site, and drop tabs and line ends before they look.
    """
    is_ours = text.startswith("/") and not text.startswith(("//", "/\\", "/forms/")) and text.isprintable()
    return text if is_ours and "\\" not in text and len(text) <= 2_000 else otherwise
