"""What the demo's people say under its clips and posts."""

from random import Random

from freehold.demo.creators import CREATORS
from freehold.demo.posts import DemoPost, Planned
from freehold.demo.words import ANYWHERE, REMARKS

COMMENTERS: tuple[str, ...] = (
    "anouk", "bento_b", "cass.reads", "dmitri.k", "elif", "farouk.b", "gwen_on_a_bike", "hyun", "ida.m", "juno77",
    "kofi.a", "lumi", "mateo.bread", "nadia", "oskar.p", "priya.s", "quiet_ruth", "rafa", "suki.t", "tobiasz",
)  # fmt: skip


def remarks_on(planned: Planned) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What fits this one, and what fits any of what moves and sounds."""
    return (planned.remarks, ()) if isinstance(planned, DemoPost) else (REMARKS[planned.kind], ANYWHERE)


def comments_for(planned: Planned, seed: int) -> tuple[tuple[str, str], ...]:
    """(handle, text) of none to five comments, no text and no commenter twice, none by the creator."""
    random = Random(f"{seed}/{planned.index}")
    others = [creator.handle for creator in CREATORS if creator.handle != planned.creator]
    fitting, anywhere = remarks_on(planned)
    count = min(random.choice((0, 1, 2, 2, 3, 3, 4, 5)), len(fitting) + len(anywhere))
    own = random.sample(fitting, min(count, random.choice((2, 3, 4)), len(fitting)))
    texts = own + random.sample(anywhere, min(count - len(own), len(anywhere)))
    return tuple(zip(random.sample([*COMMENTERS, *others], len(texts)), texts, strict=True))
