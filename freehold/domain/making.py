"""Clips that are made with another: a duet, a stitch, or its sound under one's own picture."""

from dataclasses import dataclass
from enum import StrEnum

from freehold.domain.clip import Use
from freehold.domain.ids import ClipId

STITCH_MS_LIMIT = 5_000
STITCH_MS_LEAST = 1_000
LOUDEST_PERCENT = 200


class MakingKind(StrEnum):
    DUET = "duet"
    STITCH = "stitch"
    SOUND = "sound"


class Layout(StrEnum):
    """Where the two pictures of a duet stand."""

    BESIDE = "beside"
    """One's own before the other's."""
    STACKED = "stacked"
    """One's own over the other's."""
    CORNER = "corner"
    """One's own small in a corner of the other's: a reaction."""


USES = {MakingKind.DUET: Use.DUET, MakingKind.STITCH: Use.STITCH, MakingKind.SOUND: Use.USE_SOUND}
"""What the author of the other clip must allow."""
OWN_PERCENT = {MakingKind.DUET: 100, MakingKind.STITCH: 100, MakingKind.SOUND: 50}
"""How loud one's own sound is where nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Making:
    """How a clip is made with another; percents are of an even loudness."""

    kind: MakingKind
    source_id: ClipId
    """The clip, which may be gone by now."""
    layout: Layout
    length_ms: int
    """How much of the other's beginning a stitch takes."""
    own_percent: int
    source_percent: int

    @property
    def shows_source(self) -> bool:
        """Whether the other's picture is in it."""
        return self.kind is not MakingKind.SOUND
