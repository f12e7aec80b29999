"""A simulated audience with tastes: who would watch what, for how long, and how they would say so.

The model is a plain one. A viewer's interest in a clip is a logistic function of the sum of the viewer's weights for
its kind, its tags, its creator and its length. With little interest the thumb moves within a second or two, with much
the clip is watched to its end and perhaps again; likes come seldom and with interest, so do shares, comments and
follows, and "not interested" more seldom and without.
"""

from dataclasses import dataclass
from math import exp
from random import Random

from freehold.demo.creators import CREATORS
from freehold.demo.kinds import KINDS
from freehold.demo.plan import TAGS

LOVED_KINDS = (2, 4)
DISLIKED_KINDS = (3, 6)
SHARES, COMMENTS, FOLLOWS = 0.16, 0.10, 0.14
"""How probable each is for somebody of warmth 1 whom the clip holds entirely."""


@dataclass(frozen=True, slots=True)
class ClipFeatures:
    """What an audience can tell of a clip."""

    kind: str
    tags: tuple[str, ...]
    creator: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Taste:
    """Weights in logits: 2 is loved, -2 is disliked, 0 leaves cold."""

    kinds: dict[str, float]
    tags: dict[str, float]
    creators: dict[str, float]
    patience_ms: float
    """Beyond this length, interest falls by one logit each time the length doubles."""
    warmth: float
    """How readily this viewer presses like, shares, comments and follows, about 1."""

    def interest(self, clip: ClipFeatures) -> float:
        """The probability, 0 to 1, that the first seconds hold this viewer."""
        tags = sum(self.tags.get(tag, 0.0) for tag in clip.tags) / max(len(clip.tags), 1)
        logit = self.kinds.get(clip.kind, 0.0) + tags + self.creators.get(clip.creator, 0.0) - 0.3
        long = clip.duration_ms / self.patience_ms
        if long > 1:
            logit -= 1.44 * (long - 1) / (1 + 0.5 * (long - 1))
        return 1 / (1 + exp(-logit))


@dataclass(frozen=True, slots=True)
class Reaction:
    """What one viewer did with one shown clip, in the words of `freehold.domain.watch.Watch`, and what else came of it
    for those who have an account."""

    watched_ms: int
    completions: int
    skipped: bool
    liked: bool
    not_interested: bool
    shared: bool = False
    commented: bool = False
    followed: bool = False

    @property
    def is_told(self) -> bool:
        """Whether others learn of it."""
        return self.liked or self.shared or self.commented or self.followed


class Audience:
    """`size` viewers, numbered from 0, the same for the same seed."""

    def __init__(self, seed: int, size: int = 200) -> None:
        self.size = size
        self._tastes = tuple(_taste(Random(f"{seed}/{viewer}")) for viewer in range(size))

    def taste_of(self, viewer: int) -> Taste:
        return self._tastes[viewer]

    def watch(self, viewer: int, clip: ClipFeatures, random: Random) -> Reaction:
        taste = self._tastes[viewer]
        interest = taste.interest(clip)
        if random.random() > 0.08 + 0.90 * interest:
            return _skip(clip, interest, random)
        return _stay(clip, interest, taste.warmth, random)


def _taste(random: Random) -> Taste:
    """A few kinds are loved, some disliked; tags lean the same way as the kinds that carry them."""
    names = [kind.name for kind in KINDS]
    loved = set(random.sample(names, random.randint(*LOVED_KINDS)))
    disliked = set(random.sample(sorted(set(names) - loved), random.randint(*DISLIKED_KINDS)))
    kinds = {name: random.gauss(2.0 if name in loved else -1.8 if name in disliked else -0.3, 0.35) for name in names}
    tags = {}
    for tag in TAGS:
        carriers = [kinds[kind.name] for kind in KINDS if tag in kind.tags]
        tags[tag] = 0.4 * sum(carriers) / len(carriers) + random.gauss(0, 0.5)
    known = random.sample(CREATORS, 3)
    return Taste(
        kinds=kinds,
        tags=tags,
        creators={creator.handle: random.gauss(0.5, 0.5) for creator in known},
        patience_ms=random.lognormvariate(9.6, 0.4),
        warmth=random.lognormvariate(0.0, 0.5),
    )


def _skip(clip: ClipFeatures, interest: float, random: Random) -> Reaction:
    """The thumb moves: mostly within two seconds, always before the end."""
    watched_ms = min(int(random.lognormvariate(7.1, 0.6) * (0.6 + interest)), int(0.95 * clip.duration_ms))
    annoyed = random.random() < 0.06 * (1 - interest) ** 2
    return Reaction(watched_ms, 0, True, False, annoyed)


def _stay(clip: ClipFeatures, interest: float, warmth: float, random: Random) -> Reaction:
    """Watched to the end unless something comes up, and looped now and then by those who love it."""
    heat = warmth * interest**2
    liked = random.random() < min(0.22 * heat, 0.8)
    if random.random() > 0.55 + 0.40 * interest:
        return Reaction(int(random.uniform(0.35, 0.95) * clip.duration_ms), 0, True, liked, False)
    completions = 1
    while completions < 6 and random.random() < 0.45 * interest:
        completions += 1
    extra_ms = int(random.uniform(0, 0.4) * clip.duration_ms)
    shared, commented, followed = (random.random() < chance * heat for chance in (SHARES, COMMENTS, FOLLOWS))
    watched_ms = completions * clip.duration_ms + extra_ms
    return Reaction(watched_ms, completions, False, liked, False, shared, commented, followed)
