"""Dunes, ridge behind ridge, combed by the wind, with the light going round."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene, clouds, sample
from freehold.demo.compiled import compiled
from freehold.demo.palettes import colour, ramp

HOURS = (
    (("2b4c7e", "7da0c4", "f5d9b8", "ffd08a"), "f4a259", "5b2a3c"),
    (("2d1e4a", "8a4a7a", "f2856d", "ffd08a"), "e8743b", "2e1436"),
    (("6fb1d6", "b5dbe8", "f4ead8", "fff2dc"), "e9b872", "8a4f3d"),
    (("0d1333", "26305e", "5b5f8f", "a79bb0"), "8d8bb8", "141534"),
)
RIDGES = 6


@compiled
def _sand(
    light: Light,
    sky: Floats,
    sand: Floats,
    shade: Floats,
    tile: Floats,
    turns: Floats,
    t: float,
    sun_x: float,
    sun_y: float,
) -> None:
    height, width, _ = light.shape
    unit = min(width, height)
    last = sky.shape[0] - 1
    horizon = 0.36 * height
    for x in range(width):
        seen_to = height
        for y in range(int(horizon * 1.25)):
            at = int(min(y / (horizon * 1.25), 0.999) * last)
            dx, dy = (x - sun_x) / unit, (y - sun_y) / unit
            out = np.sqrt(dx * dx + dy * dy)
            halo = 0.035 / (out + 0.06) + min(max((0.062 - out) * unit * 0.5, 0.0), 1.0) * 0.7
            for c in range(3):
                light[y, x, c] = sky[at, c] + halo * (1.0 - 0.22 * c)
        for back in range(turns.shape[0]):
            k = turns.shape[0] - 1 - back
            near = (k + 1.0) / turns.shape[0]
            pace = t * 0.05 * near * near
            u = (x - 0.5 * width) / unit * (1.35 - 0.75 * near) + turns[k, 0] + pace
            bend = 0.62 * np.sin(u * 2.1 + turns[k, 1]) + 0.30 * np.sin(u * 4.7 + turns[k, 2])
            tall = 0.055 + 0.20 * near
            crest = horizon + height * (0.02 + 0.50 * near * near) - tall * 0.60 * height * (0.5 + 0.6 * bend)
            slope = 0.62 * 2.1 * np.cos(u * 2.1 + turns[k, 1]) + 0.30 * 4.7 * np.cos(u * 4.7 + turns[k, 2])
            air = (1.0 - near) * 0.62
            bottom, seen_to = seen_to, min(seen_to, max(int(crest), 0) + 1)
            for y in range(max(int(crest), 0), bottom):
                deep = (y - crest) / (height * (0.10 + 0.34 * near))
                cover = min(max(y - crest + 0.5, 0.0), 1.0)
                lee = 0.055 + 0.16 * np.sin(u * 3.3 + turns[k, 3]) + 0.5 * deep
                face = min(max((slope * 0.42 + 0.25 - lee * 1.6) * 2.6 + 0.5, 0.0), 1.0)
                warp = sample(tile, u * 40.0, deep * 60.0 + 50.0 * k)
                comb = np.sin((deep * (26.0 + 10.0 * near) + 9.0 * u + 5.0 * warp) * 3.0 - 0.5 * t)
                fine = sample(tile, x * 2.7 + 31.0 * k, y * 2.7)
                power = (
                    0.84
                    + 0.055 * comb * min(deep * 6.0, 1.0) * (1.0 - air)
                    + 0.10 * (fine - 0.5)
                    + 0.16 * (1.0 - min(deep, 1.0))
                )
                drift = sample(tile, u * 60.0 - 22.0 * t, deep * 30.0 + 9.0 * k)
                veil = max(0.0, 1.0 - (y - crest) / (0.02 * unit)) * max(drift - 0.45, 0.0) * 1.2
                for c in range(3):
                    dark = shade[c] + (sand[c] - shade[c]) * (0.10 + 0.10 * warp)
                    body = (dark + (sand[c] * 1.12 - dark) * face) * power + veil * 0.5
                    far = body + (sky[last, c] - body) * air
                    light[y, x, c] += (far - light[y, x, c]) * cover


def draw(scene: Scene) -> Iterator[Frame]:
    sky, sand, shade = HOURS[scene.random.integers(len(HOURS))]
    tile = clouds(scene.random, 256, 1.5)
    turns = scene.random.uniform(0, 6, (RIDGES, 4)).astype(np.float32)
    sun = scene.random.uniform(0.2, 0.8) * scene.width_px
    darkroom, light = Darkroom(scene, vignette=0.3), scene.dark()
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        sun_y = scene.height_px * (0.20 + 0.006 * t)
        _sand(light, ramp(*sky), colour(sand), colour(shade), tile, turns, t, sun, sun_y)
        yield darkroom.develop(light)
