"""What a viewer chose for its feeds."""

from dataclasses import dataclass
from enum import StrEnum


class WishKind(StrEnum):
    """What a wish is about."""

    TAG = "tag"
    AUTHOR = "author"


@dataclass(frozen=True, slots=True)
class FeedWish:
    kind: WishKind
    name: str
    """The tag, folded, or the author's handle."""
    level: int
    """-2 none at all, -1 fewer, 0 as it comes, 1 more, 2 many more."""
