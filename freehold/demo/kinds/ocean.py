"""The sea at sunset: long swell, a path of glitter, a sun that sinks."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene, clouds, sample
from freehold.demo.compiled import compiled
from freehold.demo.palettes import colour, ramp

EVENINGS = (
    (("1b2a5a", "5a4a8a", "d8667a", "ffb26b", "ffe3a3"), "ffe3a8", "0b2545"),
    (("22143f", "6a2c70", "b83b5e", "f08a5d", "f9d976"), "fff4cf", "1a0f35"),
    (("27496d", "5b8fb9", "b6cbd6", "f7d6b4", "ffeccc"), "fff0d0", "123047"),
    (("0d1b2a", "1b3a4b", "4d6a7a", "e08e6d", "ffc69b"), "ffe2bd", "07141f"),
)
HORIZON = 0.46


@compiled
def _sea(
    light: Light,
    sky: Floats,
    tile: Floats,
    sun: Floats,
    deep: Floats,
    sun_x: float,
    sun_y: float,
    t: float,
    horizon: int,
) -> None:
    height, width, _ = light.shape
    last = sky.shape[0] - 1
    unit = min(width, height)
    for y in range(horizon):
        at = int(y / horizon * last)
        rise = (horizon - y) / horizon
        for x in range(width):
            dx, dy = (x - sun_x) / unit, (y - sun_y) / unit
            out = np.sqrt(dx * dx + dy * dy)
            disc = min(max((0.115 - out) * unit * 0.8, 0.0), 1.0)
            halo = 0.055 / (out + 0.075)
            wisps = sample(tile, x / unit * 40 + 1.2 * t, rise * rise * 60 + y / unit * 120)
            cloud = min(max((wisps - 0.50) * 2.4, 0.0), 1.0) * min(rise * 3.0, 1.0)
            for c in range(3):
                behind = sky[at, c] + halo * sun[c] * 0.45
                lit = behind * 0.72 + 0.30 * sun[c] * min(halo * 1.7, 0.8)
                shown = behind + (lit - behind) * cloud
                light[y, x, c] = shown + (sun[c] * (1.14 - 0.10 * c) - shown) * disc * (1.0 - 0.55 * cloud)
    for y in range(horizon, height):
        down = (y - horizon + 0.6) / (height - horizon)
        far = 1.0 / (down + 0.035)
        steep = 0.16 + 0.34 * down
        for x in range(width):
            across = (x - 0.5 * width) / unit * far
            one = sample(tile, across * 40.0 + 3.0 * t, far * 130.0 + 24.0 * t) - 0.5
            two = sample(tile, across * 95.0 - 5.0 * t + 9.0 * one, far * 330.0 + 44.0 * t) - 0.5
            calm = min(0.30 + 3.0 * down, 1.0) * (1.0 - 0.45 * down)
            one *= calm
            two *= calm
            tilt = one * 1.3 + two * 1.0
            mirror = min(max(1.0 - (down * 0.85 + tilt * steep * 1.5) * 0.9, 0.0), 0.999)
            at = int(mirror * last)
            fresnel = min(max(0.82 - 0.62 * down + tilt * 0.80, 0.05), 1.0)
            off = abs(x - sun_x) / unit / (0.05 + 0.16 * down + 0.05)
            path = max(0.0, 1.0 - off * 0.62)
            spark = min(max((two + 0.55 * one + 0.34 * path - 0.20) * 4.2, 0.0), 1.6) * path
            foam = max(0.0, two - 0.24) * 1.2 * down
            for c in range(3):
                water = deep[c] * (1.15 + 1.3 * one + 0.9 * two) + sky[at, c] * fresnel * 0.84
                light[y, x, c] = water + spark * sun[c] * 1.05 + foam * 0.5


def draw(scene: Scene) -> Iterator[Frame]:
    hours, sun, deep = EVENINGS[scene.random.integers(len(EVENINGS))]
    tile = clouds(scene.random, 256, 1.7)
    horizon = int(HORIZON * scene.height_px)
    sun_x = float(scene.random.uniform(0.3, 0.7) * scene.width_px)
    start = float(scene.random.uniform(0, 90))
    darkroom, light = Darkroom(scene, vignette=0.35), scene.dark()
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        sun_y = horizon - 0.10 * scene.unit_px + 0.009 * t * scene.unit_px
        _sea(light, ramp(*hours), tile, colour(sun), colour(deep), sun_x, sun_y, start + t, horizon)
        yield darkroom.develop(light)
