"""Truchet tiles: quarter circles that turn in waves, so that ever new loops close."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene
from freehold.demo.compiled import compiled
from freehold.demo.palettes import ramp

PALETTES = (
    (("fdf6e3", "f7e1c3"), ("e63946", "f4a261", "2a9d8f", "264653")),
    (("10002b", "240046"), ("ff9e00", "ff4d6d", "9d4edd", "4cc9f0")),
    (("e9f5db", "cfe1b9"), ("344e41", "588157", "bc6c25", "dda15e")),
    (("001219", "003845"), ("94d2bd", "e9d8a6", "ee9b00", "ae2012")),
)


@compiled
def _tiles(light: Light, cosines: Floats, sines: Floats, ground: Floats, inks: Floats, cell: float, t: float) -> None:
    height, width, _ = light.shape
    last = inks.shape[0] - 1
    for y in range(height):
        v = y / cell
        row = int(v)
        for x in range(width):
            u = x / cell
            column = int(u)
            cosine, sine = cosines[row, column], sines[row, column]
            p, q = u - column - 0.5, v - row - 0.5
            a = p * cosine - q * sine
            b = p * sine + q * cosine
            near = np.sqrt((a + 0.5) * (a + 0.5) + (b + 0.5) * (b + 0.5))
            far = np.sqrt((a - 0.5) * (a - 0.5) + (b - 0.5) * (b - 0.5))
            off = min(abs(near - 0.5), abs(far - 0.5))
            cover = min(max((0.19 - off) * cell + 0.5, 0.0), 1.0)
            shadow = min(max((0.33 - off) * 5.0, 0.0), 1.0) * 0.22
            wave = 0.5 + 0.5 * np.sin(0.55 * (u + v) + 1.5 * np.sin(0.35 * (u - v) + 0.4 * t) - 1.1 * t)
            tone = int(min(max(wave, 0.0), 0.999) * last)
            core = 1.0 - off / 0.19
            sheen = 0.84 + 0.26 * core if core > 0 else 1.0
            deep = int(y / height * (ground.shape[0] - 1))
            for c in range(3):
                below = ground[deep, c] * (1.0 - shadow)
                light[y, x, c] = below + (inks[tone, c] * sheen - below) * cover


def draw(scene: Scene) -> Iterator[Frame]:
    ground, inks = PALETTES[scene.random.integers(len(PALETTES))]
    across = int(scene.random.integers(5, 8)) * max(1, round(scene.width_px / scene.height_px))
    cell = scene.width_px / across
    rows = int(np.ceil(scene.height_px / cell)) + 2
    start = scene.random.integers(0, 4, (rows, across + 1))
    grid_y, grid_x = np.mgrid[0:rows, 0 : across + 1]
    beat = 1.6
    lag = 0.5 + 0.5 * np.sin(0.6 * grid_x + 0.8 * grid_y + scene.random.uniform(0, 6))
    darkroom, light = Darkroom(scene, vignette=0.25), scene.dark()
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        phase = t / beat + 0.75 * lag
        part = np.clip((phase % 1.0) * 2.2, 0, 1)
        eased = part * part * (3 - 2 * part)
        turns = np.pi / 2 * (start + np.floor(phase) + eased)
        cosines, sines = np.cos(turns).astype(np.float32), np.sin(turns).astype(np.float32)
        _tiles(light, cosines, sines, ramp(*ground), ramp(*inks), cell, t)
        yield darkroom.develop(light)
