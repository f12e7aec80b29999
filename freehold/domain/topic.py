"""Topics: what clips are about in the large, as named groups of tags that operators put together."""

from dataclasses import dataclass

from freehold.domain.ids import TopicId

NAME_LIMIT = 32
TITLE_LIMIT = 40
TOPIC_LIMIT = 40
TAGS_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Topic:
    id: TopicId
    name: str
    """As it stands in addresses: small letters, digits and hyphens."""
    title: str
    place: int
    """They are shown by it, the lowest first."""
    tags: tuple[str, ...]
    """Folded, at least one."""
