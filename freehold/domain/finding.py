"""What can be found by its words."""

from enum import IntEnum, StrEnum


class DocumentKind(IntEnum):
    """What the index keeps. The numbers are stored: never renumber."""

    CLIP = 1
    ACCOUNT = 2
    COMMENT = 3
    SOUND = 4


class FoundKind(StrEnum):
    """What a search may be for; without one it is for clips, and what fits best of the others stands above."""

    CLIP = "clip"
    ACCOUNT = "account"
    TAG = "tag"
    COMMENT = "comment"
    SOUND = "sound"
