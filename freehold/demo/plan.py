"""Which clips a demo network has: pure, so that a second start knows what the first one made."""

from dataclasses import dataclass
from random import Random

from freehold.demo.creators import CREATORS
from freehold.demo.kinds import KIND, KINDS, Kind
from freehold.demo.words import CAPTIONS

QUICK_FIRST = 8
LONG_FROM_COUNT = 20
LONG_S = 65.0
LONG_KIND = "garden"
SHAPES = ((540, 960),) * 7 + ((960, 540), (720, 720))
TAGS: tuple[str, ...] = tuple(sorted({tag for kind in KINDS for tag in kind.tags}))


@dataclass(frozen=True, slots=True)
class DemoClip:
    """One clip to be made. `creator` is a handle, `kind` and `sound` are ids, tags have no hash."""

    index: int
    creator: str
    kind: str
    seed: int
    sound: str
    caption: str
    tags: tuple[str, ...]
    duration_s: float
    width_px: int
    height_px: int


def plan(count: int, seed: int) -> tuple[DemoClip, ...]:
    """The first `count` clips of the demo, in the order in which they are made.

    The first are short, quick to draw and all of different kinds; from 20 clips on one lasts 65 s, late in the order.
    """
    random = Random(seed)
    captions = {kind.name: _Deck(random, CAPTIONS[kind.name]) for kind in KINDS}
    order = _order(count, random)
    long_index = _place_long(order) if count >= LONG_FROM_COUNT else None
    clips = []
    for index, kind in enumerate(order):
        long = index == long_index
        early = index < QUICK_FIRST
        width_px, height_px = SHAPES[0] if early or long else random.choice(SHAPES)
        clips.append(
            DemoClip(
                index=index,
                creator=_creator(kind, random),
                kind=kind.name,
                seed=random.getrandbits(32),
                sound=random.choices(kind.sounds, (4, 2, 2))[0],
                caption=captions[kind.name].draw(),
                tags=tuple(random.sample(kind.tags, random.randint(3, len(kind.tags)))),
                duration_s=LONG_S if long else _duration_s(random, early),
                width_px=width_px,
                height_px=height_px,
            )
        )
    return tuple(clips)


class _Deck:
    """Draws every text once in a shuffled order, then shuffles again."""

    def __init__(self, random: Random, texts: tuple[str, ...]) -> None:
        self._random, self._texts = random, texts
        self._left: list[str] = []

    def draw(self) -> str:
        if not self._left:
            self._left = self._random.sample(self._texts, len(self._texts))
        return self._left.pop()


def _order(count: int, random: Random) -> list[Kind]:
    """Round after round of all kinds, each round shuffled, the quick ones in front of the first."""
    quick = [kind for kind in KINDS if kind.quick]
    random.shuffle(quick)
    quick = quick[:QUICK_FIRST]
    order = quick + random.sample(rest := [kind for kind in KINDS if kind not in quick], len(rest))
    while len(order) < count:
        following = random.sample(KINDS, len(KINDS))
        if following[0] is order[-1]:
            following.reverse()
        order += following
    return order[:count]


def _place_long(order: list[Kind]) -> int:
    """The index of the long clip: in the last fifth, else in the last half; where need be, the last is changed."""
    count = len(order)
    late = [index for index, kind in enumerate(order) if kind.name == LONG_KIND and index >= count // 2]
    if not late:
        order[-1] = KIND[LONG_KIND]
        return count - 1
    return next((index for index in late if index >= count * 4 // 5), late[-1])


def _creator(kind: Kind, random: Random) -> str:
    """Who makes it: those of that kind, the ones whose favourite it is more often."""
    makers = [creator for creator in CREATORS if kind.name in creator.kinds]
    return random.choices(makers, [3 if creator.kinds[0] == kind.name else 2 for creator in makers])[0].handle


def _duration_s(random: Random, early: bool) -> float:
    return random.choice((5.0, 5.5, 6.0)) if early else round(2 * random.triangular(5, 14, 5)) / 2
