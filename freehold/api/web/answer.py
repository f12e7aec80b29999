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
    content = html.encode()
    if len(content) >= GZIP_FROM_BYTES and accepts_gzip(call):
        content, headers["content-encoding"] = gzip.compress(content, GZIP_LEVEL), "gzip"
    return Response(content, status, headers, "text/html; charset=utf-8")


def see_other(path: str) -> Response:
    """303, as the answer to a form that did what it says."""
    return RedirectResponse(path, 303, {"cache-control": "no-store"})


def safe_next(text: str, otherwise: str = "/") -> str:
    """A path of this site that a form may lead to, or `otherwise`.

    Browsers read `//host` and `/\\host` as another site, and drop tabs and line ends before they look.
    """
    is_ours = text.startswith("/") and not text.startswith(("//", "/\\", "/forms/")) and text.isprintable()
    return text if is_ours and "\\" not in text and len(text) <= 2_000 else otherwise
