"""Northern lights over mountains, mirrored in a lake."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene, backdrop, clouds, glow_dots, sample
from freehold.demo.compiled import compiled
from freehold.demo.palettes import ramp

PALETTES = (
    ("0b3d2e", "1dd3a0", "7bf1a8", "b388eb"),
    ("1a1464", "4361ee", "4cc9f0", "f72585"),
    ("10451d", "52ffb8", "e4ff1a", "ff6ad5"),
)
SHORE = 0.70
"""Where the water begins, as a part of the height."""


@compiled
def _curtains(light: Light, sky: Light, tile: Floats, glow: Floats, t: float, shore_px: int) -> None:
    _, width, _ = light.shape
    last = glow.shape[0] - 1
    tall = shore_px * 0.9
    for x in range(width):
        across = x / tall
        for y in range(shore_px):
            for c in range(3):
                light[y, x, c] = sky[y, x, c]
        for k in range(3):
            bend = sample(tile, across * 26 + 61 * k + t * (2.2 + k), 40.0 * k + t * 1.3)
            foot = (0.60 + 0.12 * k + 0.75 * (bend - 0.5)) * shore_px
            foot = min(max(foot, 0.48 * shore_px), 0.86 * shore_px)
            rays = sample(tile, across * 190 + 17 * k + bend * 60 - t * 5, 9.0 * k + t * 4.0)
            veil = sample(tile, across * 18 - t * 1.7 + 90 * k, 130.0 + t * 1.5 + 20 * k)
            power = min(max((veil - 0.26) * 2.6, 0.0), 1.2) * (0.35 + 0.95 * rays) * (0.95 - 0.18 * k)
            reach = tall * (0.30 + 0.34 * rays)
            for y in range(shore_px):
                up = (foot - y) / reach
                if up < -0.09 or up > 3.0:
                    continue
                strength = power * (1.0 + up / 0.09 if up < 0.0 else np.exp(-1.7 * up))
                at = int(min(max(0.22 + 0.42 * up, 0.0), 0.999) * last)
                for c in range(3):
                    light[y, x, c] += strength * glow[at, c]


@compiled
def _mirror(light: Light, tile: Floats, ridge: Floats, t: float, shore_px: int) -> None:
    height, width, _ = light.shape
    for x in range(width):
        for y in range(int(ridge[x]), shore_px):
            deep = (y - ridge[x]) / (shore_px - ridge[x] + 1.0)
            snow = sample(tile, x * 0.9, y * 0.9) * (1.0 - deep)
            shade = 0.25 if deep * 3.0 + snow > 0.75 else 1.0
            cover = min(max(y + 1 - ridge[x], 0.0), 1.0)
            for c in range(3):
                stone = (0.03 + 0.02 * c + 0.30 * shade * snow * (0.8 + 0.12 * c)) * (1.0 - 0.5 * deep)
                light[y, x, c] += (stone - light[y, x, c]) * cover
    for y in range(shore_px, height):
        down = y - shore_px
        row = shore_px - 1 - down * 2.1
        wave = 1.0 + down * 0.06
        dim = 0.75 - 0.30 * down / (height - shore_px)
        for x in range(width):
            ripple = sample(tile, x * 0.5 + 3 * t, 900.0 * down / (down + 90.0) + 9 * t) - 0.5
            from_y = min(max(int(row + ripple * wave * 6), 0), shore_px - 1)
            from_x = min(max(int(x + ripple * wave * 2), 0), width - 1)
            for c in range(3):
                light[y, x, c] = light[from_y, from_x, c] * dim + (0.012 + 0.01 * c)


def draw(scene: Scene) -> Iterator[Frame]:
    glow = ramp(*PALETTES[scene.random.integers(len(PALETTES))])
    tile = clouds(scene.random, 256, 1.6)
    sky = backdrop(scene, ramp("02030d", "060c26", "0d2340", "1f4a5c", "2e6668"))
    shore_px = int(SHORE * scene.height_px)
    _add_stars(sky, scene, shore_px)
    ridge = _ridge(scene, shore_px)
    darkroom, light = Darkroom(scene), scene.dark()
    start = float(scene.random.uniform(0, 200))
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        _curtains(light, sky, tile, glow, start + t, shore_px)
        _mirror(light, tile, ridge, t, shore_px)
        yield darkroom.develop(light)


def _add_stars(sky: Light, scene: Scene, shore_px: int) -> None:
    count = 240
    bright = scene.random.uniform(0.15, 0.9, count) ** 2
    glow_dots(
        sky,
        scene.random.uniform(0, scene.width_px, count).astype(np.float32),
        scene.random.uniform(0, shore_px, count).astype(np.float32),
        scene.random.uniform(0.9, 1.7, count).astype(np.float32),
        (bright[:, None] * np.array([0.9, 0.95, 1.0])).astype(np.float32),
    )


def _ridge(scene: Scene, shore_px: int) -> Floats:
    """The height of the skyline in pixels from the top, one value a column: broken lines with finer breaks."""
    x = np.arange(scene.width_px)
    line = np.zeros(scene.width_px)
    for octave in range(6):
        peaks = 3 * 2**octave
        knots = scene.random.uniform(-1, 1, peaks + 1)
        line += np.interp(x, np.linspace(0, scene.width_px, peaks + 1), knots) * 0.52**octave
    line = (line - line.min()) / (line.max() - line.min())
    return np.asarray(shore_px * (0.97 - 0.30 * line), dtype=np.float32)
