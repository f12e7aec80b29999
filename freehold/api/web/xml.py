"""Documents for machines: XML, the same for whoever asks, and asked for again before it is used again."""

import hashlib
import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from starlette.responses import Response

from freehold.api.server import Call
from freehold.api.web.answer import packed

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def add(parent: Element, name: str, text: str | None = None, attributes: Mapping[str, str] | None = None) -> Element:
    """A new element below another."""
    made = SubElement(parent, name, dict(attributes or {}))
    made.text = text
    return made


def document(root: Element) -> bytes:
    """In UTF-8, without the few characters that XML has no place for."""
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + _NOT_XML.sub("\ufffd", tostring(root, "unicode")).encode()


def xml_response(call: Call, content: bytes, media_type: str) -> Response:
    """What is withheld tomorrow must not live on in caches, so each asks again, and is told where nothing changed."""
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "no-cache", "access-control-allow-origin": "*"}
    known = [text.strip() for text in call.request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return packed(call, content, headers, media_type)
