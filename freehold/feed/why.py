"""Why a clip stood where it stood: read from what was stored when it was served, not worked out again."""

from dataclasses import dataclass

from freehold.domain.ids import ClipId
from freehold.domain.watch import Source
from freehold.feed.ranking import unpacked
from freehold.recommender import ONE, TermName
from freehold.recommender.learner import text_of
from freehold.store.page import FOR_YOU, PageRow

SOURCE_TEXTS = {
    Source.TRANSITION: "It goes together with clips that you watched to the end.",
    Source.TAG: "It has a tag that you like to watch.",
    Source.AUTHOR: "You like to watch this author.",
    Source.FOLLOW: "You follow its author.",
    Source.SOUND: "You like to watch clips with this sound.",
    Source.LIKENESS: "It is chosen by those who choose what you choose.",
    Source.FRESH: "It is new, and is being shown to some viewers to find out for whom it is.",
    Source.POPULAR: "Those who were shown it watched it well.",
    Source.RANDOM: "It was drawn at random from all clips, so that everything has a chance.",
    Source.CHRONOLOGICAL: "This list is in the order of time. Nothing was chosen for you.",
    Source.DIRECT: "You asked for this clip.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    name: str
    text: str
    value: float
    """1.0 is the value of one clip seen to its end. A whole number of 2 ** 20ths, so sums are exact."""


@dataclass(frozen=True, slots=True)
class Why:
    clip_id: ClipId
    feed: str
    model_hash: str
    source: Source
    source_text: str
    propensity: float
    score: float
    is_profiled: bool
    """Whether what the viewer watched could have a part in it."""
    reasons: tuple[Reason, ...]
    """Weightiest first; they sum to the score."""


def why_of(page: PageRow, position: int) -> Why:
    one, record = page.shown[position], unpacked(page.ranked)
    reasons = [
        Reason(name.name.lower(), text_of(name, value), value / ONE)
        for name, value in zip(TermName, one.terms, strict=False)
        if value
    ]
    reasons.sort(key=lambda reason: -abs(reason.value))
    return Why(
        one.clip_id,
        page.feed,
        page.model_hash,
        one.source,
        SOURCE_TEXTS[one.source],
        one.propensity,
        one.score / ONE,
        page.feed == FOR_YOU and (record is None or record.is_profiled),
        tuple(reasons),
    )
