"""One module for each kind of moving picture; each has `draw`, which yields the frames of a scene."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from freehold.demo.canvas import Frame, Scene
from freehold.demo.kinds import (
    aurora,
    clockwork,
    coral,
    dunes,
    fireworks,
    flow,
    galaxy,
    garden,
    ink,
    jellyfish,
    kaleidoscope,
    koi,
    lava,
    neon,
    ocean,
    rain,
    snow,
    stained,
    starlings,
    truchet,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """`detail` is how many pixels are drawn for one that is shown, along a side; the encoder scales the rest.

    `quick` marks what draws fast enough to come first, and to be drawn for a minute.
    """

    name: str
    draw: Callable[[Scene], Iterator[Frame]]
    tags: tuple[str, ...]
    sounds: tuple[str, ...]
    detail: float = 2 / 3
    quick: bool = False


KINDS: tuple[Kind, ...] = (
    Kind(
        "garden",
        garden.draw,
        ("plants", "growing", "calm", "spring", "loops"),
        ("small-hours", "slow-lagoon", "paper-lanterns"),
        quick=True,
    ),
    Kind(
        "fireworks",
        fireworks.draw,
        ("fireworks", "night", "city", "bright", "celebration"),
        ("sparks", "arcade-moon", "night-bus"),
        quick=True,
    ),
    Kind(
        "aurora",
        aurora.draw,
        ("sky", "night", "winter", "mountains", "calm"),
        ("polar-choir", "first-snow", "deep-bell"),
        quick=True,
    ),
    Kind(
        "neon",
        neon.draw,
        ("neon", "maths", "lines", "hypnotic", "night"),
        ("arcade-moon", "night-bus", "glass-garden"),
        quick=True,
    ),
    Kind(
        "galaxy",
        galaxy.draw,
        ("space", "night", "sky", "hypnotic", "science"),
        ("deep-bell", "polar-choir", "glass-garden"),
        quick=True,
    ),
    Kind(
        "lava",
        lava.draw,
        ("hypnotic", "retro", "bright", "calm", "home"),
        ("slow-lagoon", "night-bus", "arcade-moon"),
        0.5,
        quick=True,
    ),
    Kind(
        "kaleidoscope",
        kaleidoscope.draw,
        ("pattern", "hypnotic", "glass", "bright", "retro"),
        ("glass-garden", "paper-lanterns", "loom"),
        0.6,
    ),
    Kind(
        "truchet",
        truchet.draw,
        ("pattern", "maths", "loops", "satisfying", "lines"),
        ("loom", "copper-wheels", "arcade-moon"),
        0.6,
    ),
    Kind(
        "snow",
        snow.draw,
        ("winter", "weather", "calm", "forest", "cosy"),
        ("first-snow", "small-hours", "polar-choir"),
        quick=True,
    ),
    Kind(
        "rain",
        rain.draw,
        ("weather", "city", "night", "cosy", "lights"),
        ("rain-on-tin", "night-bus", "small-hours"),
        quick=True,
    ),
    Kind("ocean", ocean.draw, ("water", "sunset", "travel", "calm", "sky"), ("tide-clock", "slow-lagoon", "starlings")),
    Kind(
        "ink", ink.draw, ("water", "slow", "hypnotic", "abstract", "home"), ("deep-bell", "slow-lagoon", "small-hours")
    ),
    Kind("flow", flow.draw, ("lines", "abstract", "maths", "wind", "satisfying"), ("loom", "starlings", "small-hours")),
    Kind(
        "coral",
        coral.draw,
        ("science", "growing", "pattern", "hypnotic", "water"),
        ("glass-garden", "deep-bell", "copper-wheels"),
        0.5,
    ),
    Kind(
        "glass",
        stained.draw,
        ("glass", "light", "handmade", "slow", "pattern"),
        ("deep-bell", "glass-garden", "polar-choir"),
        0.6,
    ),
    Kind(
        "dunes",
        dunes.draw,
        ("desert", "travel", "wind", "sunset", "slow"),
        ("desert-radio", "tide-clock", "deep-bell"),
        0.5,
    ),
    Kind(
        "jellyfish",
        jellyfish.draw,
        ("animals", "water", "sea", "hypnotic", "calm"),
        ("slow-lagoon", "deep-bell", "polar-choir"),
        0.6,
    ),
    Kind(
        "clockwork",
        clockwork.draw,
        ("machines", "handmade", "satisfying", "retro", "loops"),
        ("copper-wheels", "loom", "paper-lanterns"),
        0.6,
    ),
    Kind(
        "koi",
        koi.draw,
        ("animals", "water", "garden", "calm", "home"),
        ("paper-lanterns", "slow-lagoon", "rain-on-tin"),
        0.6,
    ),
    Kind(
        "starlings",
        starlings.draw,
        ("animals", "birds", "sunset", "sky", "science"),
        ("starlings", "tide-clock", "desert-radio"),
    ),
)

KIND: dict[str, Kind] = {kind.name: kind for kind in KINDS}
