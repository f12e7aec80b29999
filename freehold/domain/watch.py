"""Watches: what a viewer did with what was shown, and why it had been gathered."""

from dataclasses import dataclass
from enum import IntEnum

from freehold.domain.ids import AccountId, ClipId, PageId, SoundId, ViewerId

GATHERED = 600
"""Clips gathered for a page before they are scored, where nothing else is said."""


class Source(IntEnum):
    """Why a clip was gathered for a page. The numbers are stored: never renumber."""

    TRANSITION = 1
    TAG = 2
    AUTHOR = 3
    FOLLOW = 4
    FRESH = 5
    POPULAR = 6
    RANDOM = 7
    CHRONOLOGICAL = 8
    DIRECT = 9
    LIKENESS = 10
    SOUND = 11


class Surface(IntEnum):
    """Where a clip was put before its viewer."""

    PAGE = 0
    """On a page of For You or Following."""
    APART = 1
    """On a profile, behind a tag, a sound or a link, or found: it was looked for."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What one viewer did with one shown clip, as the learner is given it."""

    viewer_id: ViewerId
    clip_id: ClipId
    page_id: PageId
    position: int
    at_us: int
    """When the server accepted the report."""
    watched_ms: int
    """Time the clip played, over all loops."""
    completions: int
    """How often the clip reached its end."""
    skipped: bool
    """The viewer moved on before the end."""
    liked: bool
    not_interested: bool
    surface: int = Surface.PAGE


@dataclass(frozen=True, slots=True)
class Item:
    """What the recommender knows of a clip from its content: nothing here depends on who watched it."""

    clip_id: ClipId
    author_id: AccountId
    sound_id: SoundId | None
    tags: tuple[str, ...]
    duration_ms: int
    published_at_us: int
