"""How a clip stands in another site's page: the size of its frame, and the HTML that puts it there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

WIDEST_PX, TALLEST_PX = 640, 720
"""What a frame measures at most where nobody says more or less."""


@dataclass(frozen=True, slots=True)
class Box:
    width_px: int
    height_px: int


def box_of(clip: Mapping[str, Any], max_width_px: int = WIDEST_PX, max_height_px: int = TALLEST_PX) -> Box:
    """The largest frame of the clip's shape within those sizes, and within the usual ones."""
    width_px, height_px = clip["width_px"] or 9, clip["height_px"] or 16
    scale = min(min(max_width_px, WIDEST_PX) / width_px, min(max_height_px, TALLEST_PX) / height_px)
    return Box(max(1, int(width_px * scale)), max(1, int(height_px * scale)))


def embed_url(origin: str, clip: Mapping[str, Any]) -> str:
    return f"{origin}/embed/{clip['id']}"


def embed_code(origin: str, clip: Mapping[str, Any], box: Box) -> str:
    """HTML for other sites. `frameborder` is old, but no style is needed beside it, which some sites take out."""
    frame = Markup(
        '<iframe src="{}" width="{}" height="{}" title="{}" frameborder="0" loading="lazy" allowfullscreen></iframe>'
    )
    return str(frame.format(embed_url(origin, clip), box.width_px, box.height_px, title_of(clip)))


def title_of(clip: Mapping[str, Any]) -> str:
    """The beginning of the caption on one line, or else who it is by."""
    caption = " ".join(clip["caption"].split())
    if len(caption) > 120:
        caption = caption[:119].rstrip() + "…"
    return caption or f"@{clip['author']['handle']}"
