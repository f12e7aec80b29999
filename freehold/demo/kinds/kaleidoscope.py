"""A kaleidoscope: coloured glass mirrored round the middle."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene, clouds, sample
from freehold.demo.compiled import compiled
from freehold.demo.palettes import ramp

PALETTES = (
    ("0b132b", "1c7293", "f9dc5c", "ed254e", "0b132b", "c2eabd", "ff9f1c"),
    ("2b061e", "875053", "ffe1a8", "e26d5c", "472d30", "c9cba3", "723d46"),
    ("03071e", "7209b7", "f72585", "ffd6ff", "3a0ca3", "4cc9f0", "03071e"),
    ("042a2b", "5eb1bf", "cdedf6", "ef7b45", "d84727", "f4d35e", "042a2b"),
)


@compiled
def _mirror(light: Light, fold: Floats, tile: Floats, hues: Floats, turn: float, t: float) -> None:
    height, width, _ = light.shape
    last = hues.shape[0] - 1
    cosine, sine = np.cos(turn), np.sin(turn)
    for y in range(height):
        for x in range(width):
            a, b, out = fold[y, x, 0], fold[y, x, 1], fold[y, x, 2]
            u = (a * cosine - b * sine) * 58.0 + 7.0 * t
            v = (a * sine + b * cosine) * 58.0 - 4.0 * t
            bend = sample(tile, u * 0.5, v * 0.5)
            field = sample(tile, u + 46.0 * bend, v - 46.0 * bend + 31.0)
            bands = field * 2.2 + 0.35 * bend + 0.10 * out - 0.05 * t
            tone = (bands - np.floor(bands)) * last
            at = int(tone)
            part = tone - at
            edge = bands * 7.0
            edge = abs(edge - np.floor(edge) - 0.5) * 2.0
            shine = 0.78 + 0.30 * edge * edge + 0.18 * (0.5 - bend)
            after = min(at + 1, last)
            for c in range(3):
                light[y, x, c] = (hues[at, c] + (hues[after, c] - hues[at, c]) * part) * shine


def draw(scene: Scene) -> Iterator[Frame]:
    names = PALETTES[scene.random.integers(len(PALETTES))]
    hues = ramp(*names, names[0], size=512)
    sectors = int(scene.random.choice([6, 8, 10, 12]))
    y, x = np.mgrid[0 : scene.height_px, 0 : scene.width_px].astype(np.float64)
    x = (x - (scene.width_px - 1) / 2) / scene.unit_px
    y = (y - (scene.height_px - 1) / 2) / scene.unit_px
    out, angle = np.hypot(x, y), np.arctan2(y, x)
    wedge = 2 * np.pi / sectors
    mirrored = np.abs((angle % wedge) - wedge / 2)
    fold = np.stack([out * np.cos(mirrored), out * np.sin(mirrored), out * 4], axis=2).astype(np.float32)
    tile = clouds(scene.random, 256, 1.9)
    darkroom, light = Darkroom(scene, vignette=0.55), scene.dark()
    start = float(scene.random.uniform(0, 6))
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        _mirror(light, fold, tile, hues, start + 0.22 * t, start * 9 + t)
        yield darkroom.develop(light)
