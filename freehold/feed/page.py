"""A page as it is handed to whoever presents it."""

from dataclasses import dataclass

from freehold.domain.clip import ClipView, Moment, Rendition, Repost
from freehold.domain.ids import PageId
from freehold.domain.watch import Source


@dataclass(frozen=True, slots=True)
class Served:
    """One judged clip at its position, with the files it is played from."""

    position: int
    source: Source
    view: ClipView
    renditions: tuple[Rendition, ...]
    repost: Repost | None = None
    """Who passed it on to the viewer, where it stands for that."""


@dataclass(frozen=True, slots=True)
class Page:
    id: PageId
    feed: str
    model_hash: str
    is_end: bool
    """There is nothing more behind this page for now."""
    before: Moment | None
    """What a list by time goes on from: ask for what came out before this. None at its end, and in For You."""
    clips: tuple[Served, ...]
