"""What the demo's people say under its clips."""

from random import Random

from freehold.demo.creators import CREATORS
from freehold.demo.plan import DemoClip
from freehold.demo.words import ANYWHERE, REMARKS

COMMENTERS: tuple[str, ...] = (
    "anouk", "bento_b", "cass.reads", "dmitri.k", "elif", "farouk.b", "gwen_on_a_bike", "hyun", "ida.m", "juno77",
    "kofi.a", "lumi", "mateo.bread", "nadia", "oskar.p", "priya.s", "quiet_ruth", "rafa", "suki.t", "tobiasz",
)  # fmt: skip


def comments_for(clip: DemoClip, seed: int) -> tuple[tuple[str, str], ...]:
    """(handle, text) of none to five comments, no text and no commenter twice, none by the clip's creator."""
    random = Random(f"{seed}/{clip.index}")
    others = [creator.handle for creator in CREATORS if creator.handle != clip.creator]
    count = random.choice((0, 1, 2, 2, 3, 3, 4, 5))
    own = random.sample(REMARKS[clip.kind], min(count, random.choice((2, 3, 4)), len(REMARKS[clip.kind])))
    texts = own + random.sample(ANYWHERE, count - len(own))
    return tuple(zip(random.sample([*COMMENTERS, *others], count), texts, strict=True))
