"""Verdicts: what may be shown, and which rule decided it."""

from dataclasses import dataclass
from enum import StrEnum


class Door(StrEnum):
    """Where a clip leaves the system. Every one is judged."""

    FEED = "feed"
    PROFILE = "profile"
    LINK = "link"
    TAG = "tag"
    SEARCH = "search"
    MEDIA = "media"
    COMMENTS = "comments"
    WHY = "why"
    EMBED = "embed"
    SITEMAP = "sitemap"


class Decision(StrEnum):
    SHOW = "show"
    ABSENT = "absent"
    WITHHOLD = "withhold"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision about one clip, one viewer and one door, with the name of the rule that made it."""

    decision: Decision
    decided_by: str

    @property
    def is_shown(self) -> bool:
        return self.decision is Decision.SHOW
