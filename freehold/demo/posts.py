"""What stands still in a demo: words on a ground, and pictures, which are moments of what the clips are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from freehold.demo.plan import DemoClip
from freehold.domain.post import Look


@dataclass(frozen=True, slots=True)
class DemoPicture:
    """`kind` is a kind of clip, whose picture at a moment this is; `alt` says what there is to see."""

    kind: str
    seed: int
    alt: str


@dataclass(frozen=True, slots=True)
class DemoPost:
    """Words on the ground of a look, or pictures. `creator` is a handle, tags have no hash."""

    index: int
    """Behind those of the clips, of which there are 500 at most."""
    creator: str
    kind: str
    """Of what kind are the clips that who likes this likes."""
    caption: str
    tags: tuple[str, ...]
    remarks: tuple[str, ...]
    """What people say of it."""
    look: Look | None = None
    pictures: tuple[DemoPicture, ...] = ()


Planned = DemoClip | DemoPost

POSTS: tuple[DemoPost, ...] = (
    DemoPost(
        1000, "field.notes", "starlings",
        "Things that I have seen a heron do today:\n\nnothing.\nnothing.\na step.\nnothing.",
        ("birds", "animals"),
        ("the step must have been something", "he is thinking about it", "my kind of Saturday", "nothing. perfect."),
        look=Look.HEDGE,
    ),
    DemoPost(
        1001, "samir.dune", "dunes", "two evenings, one pair of shoes", ("desert", "sunset", "travel"),
        ("the second one!!", "are the shoes all right", "which one was colder?", "swiped back and forth five times"),
        pictures=(
            DemoPicture("dunes", 1, "Orange dunes under a low white sun, their long shadows falling to the right."),
            DemoPicture("ocean", 1, "The sun half in the sea, its light lying on violet waves."),
        ),
    ),
    DemoPost(
        1002, "tickwright", "clockwork",
        "A clock that is right twice a day has at least made up its mind.",
        ("machines", "handmade"),
        ("mine is right once, it runs backwards", "printing this for the shop", "tell that to my train"),
        look=Look.MARIGOLD,
    ),
    DemoPost(
        1003, "marguerite", "glass", "three windows, none of them straight", ("glass", "light", "handmade"),
        ("the first one, always the first one", "who needs straight", "can you feel the lead with a finger?"),
        pictures=(
            DemoPicture("glass", 1, "A round window of blue, yellow and white panes that fan out from its middle."),
            DemoPicture("glass", 4, "A window of coloured panes in dark lead, lit from behind."),
            DemoPicture("glass", 6, "Another window of coloured panes, the sun behind one of them."),
        ),
    ),
    DemoPost(
        1004, "haru.pond", "koi",
        "eleven koi, one of me.\n\nthey count every morning\nand are never wrong.",
        ("water", "garden"),
        ("how many of you are there?", "Admiral counts twice", "and the heron?"),
        look=Look.DUSK,
    ),
)  # fmt: skip


def with_posts(clips: Sequence[DemoClip]) -> tuple[Planned, ...]:
    """The clips in their order, with a post behind every other; those that are left stand behind the last."""
    planned: list[Planned] = []
    posts = list(POSTS)
    for number, clip in enumerate(clips):
        planned.append(clip)
        if number % 2 and posts:
            planned.append(posts.pop(0))
    return (*planned, *posts)
