"""A lava lamp: warm blobs that rise, merge and part, lit from below."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene
from freehold.demo.compiled import compiled
from freehold.demo.palettes import ramp

PALETTES = (
    (("1b0b2e", "3a0f4a", "7a1f4f"), ("ff2e63", "ff7a3d", "ffd166")),
    (("04122b", "0a2a4f", "12466b"), ("7b2ff7", "f107a3", "ffb3d9")),
    (("0d1b1e", "123c3a", "1d5c4d"), ("d7f205", "6be675", "f7ffe0")),
    (("240b36", "5a1846", "a02c4a"), ("ffb347", "ffe29a", "fffbe6")),
)


@compiled
def _shade(light: Light, balls: Floats, back: Floats, wax: Floats, unit: float) -> None:
    height, width, _ = light.shape
    last = wax.shape[0] - 1
    for y in range(height):
        rise = y / height
        row = int(rise * (back.shape[0] - 1))
        for x in range(width):
            field = np.float32(0)
            slope_x = np.float32(0)
            slope_y = np.float32(0)
            for k in range(balls.shape[0]):
                dx = np.float32(x) - balls[k, 0]
                dy = np.float32(y) - balls[k, 1]
                inverse = np.float32(1) / (dx * dx + dy * dy + np.float32(4))
                pull = balls[k, 2] * balls[k, 2] * inverse
                field += pull
                slope_x -= dx * pull * inverse
                slope_y -= dy * pull * inverse
            halo = min(field, np.float32(1))
            halo = halo * halo * halo * np.float32(0.5)
            cover = min(max((field - 1.0) * 9.0, 0.0), 1.0)
            steep = np.sqrt(slope_x * slope_x + slope_y * slope_y) * unit
            tilt_x = slope_x * unit
            tilt_y = slope_y * unit
            norm = 1.0 / np.sqrt(tilt_x * tilt_x + tilt_y * tilt_y + 36.0)
            gleam = max(0.0, (0.45 * tilt_x + 0.55 * tilt_y + 4.2) * norm)
            gleam = gleam**12 * 0.55
            rim = min(steep * 0.02, 0.35)
            tone = min(max(0.15 + 0.75 * rise + 0.05 * (min(field, np.float32(2.6)) - 1.0) - rim, 0.0), 0.999) * last
            at = int(tone)
            for c in range(3):
                body = wax[last - at, c] * (0.92 + 0.12 * rise) + gleam
                behind = back[row, c] + halo * wax[last // 2, c]
                light[y, x, c] = behind + (body - behind) * cover


def draw(scene: Scene) -> Iterator[Frame]:
    back_colours, wax_colours = PALETTES[scene.random.integers(len(PALETTES))]
    back, wax = ramp(*back_colours), ramp(*wax_colours)
    count = int(scene.random.integers(8, 12))
    home_x, phase_x, phase_y = scene.random.uniform(0, 1, (3, count))
    speed = scene.random.uniform(0.10, 0.24, count)
    size = scene.random.uniform(0.085, 0.165, count)
    darkroom, light = Darkroom(scene, vignette=0.5), scene.dark()
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        x = 0.5 + 0.34 * np.sin(2 * np.pi * (home_x + 0.06 * t * (0.5 + phase_x)))
        y = 0.5 - 0.52 * np.cos(2 * np.pi * (phase_y + 0.5 * speed * t))
        balls = np.stack([x * scene.width_px, y * scene.height_px, size * scene.unit_px], axis=1)
        _shade(light, balls.astype(np.float32), back, wax, scene.unit_px)
        yield darkroom.develop(light)
