"""Thousands of threads that follow an invisible wind."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene, clouds, sample
from freehold.demo.compiled import compiled
from freehold.demo.palettes import colour, ramp

PALETTES = (
    ("f8f1e5", ("1d3557", "457b9d", "e63946", "f4a261")),
    ("0d0a1a", ("ff6b6b", "feca57", "48dbfb", "ff9ff3")),
    ("071a1f", ("0affa0", "12b5cb", "f7f9c5", "ff9770")),
    ("f3ede0", ("283618", "606c38", "bc6c25", "dda15e")),
)
THREADS = 5200


@compiled
def _comb(light: Light, threads: Floats, tile: Floats, hues: Floats, t: float, pace: float, cover: float) -> None:
    """Each thread moves four small steps and leaves colour there. `threads` is (n, 3): x, y, hue."""
    height, width, _ = light.shape
    scale = 62.0 / min(width, height)
    last = hues.shape[0] - 1
    for k in range(threads.shape[0]):
        x, y = threads[k, 0], threads[k, 1]
        for _ in range(4):
            angle = sample(tile, x * scale + 1.5 * t, y * scale - t) * 14.0
            x += np.cos(angle) * pace
            y += np.sin(angle) * pace
            left, top = int(np.floor(x)), int(np.floor(y))
            if left < 0 or top < 0 or left >= width - 1 or top >= height - 1:
                x = np.random.random() * width
                y = np.random.random() * height
                threads[k, 2] = min(max(0.5 + 0.95 * (y / height - 0.5) + 0.2 * (np.random.random() - 0.5), 0.02), 0.98)
                continue
            part_x, part_y = x - left, y - top
            at = int(min(max(threads[k, 2] + 0.16 * np.sin(angle), 0.0), 0.999) * last)
            for j in range(2):
                for i in range(2):
                    share = cover * (part_x if i else 1 - part_x) * (part_y if j else 1 - part_y)
                    for c in range(3):
                        light[top + j, left + i, c] += (hues[at, c] - light[top + j, left + i, c]) * share
        if np.random.random() < 0.004:
            x = np.random.random() * width
            y = np.random.random() * height
            threads[k, 2] = min(max(0.5 + 0.95 * (y / height - 0.5) + 0.2 * (np.random.random() - 0.5), 0.02), 0.98)
        threads[k, 0], threads[k, 1] = x, y


@compiled
def _seed(seed: int) -> None:
    np.random.seed(seed)


@compiled
def _settle(light: Light, ground: Floats, part: float) -> None:
    height, width, _ = light.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                light[y, x, c] += (ground[c] - light[y, x, c]) * np.float32(part)


def draw(scene: Scene) -> Iterator[Frame]:
    ground_text, names = PALETTES[scene.random.integers(len(PALETTES))]
    ground, hues = colour(ground_text), ramp(*names)
    tile = clouds(scene.random, 256, 2.6)
    x = scene.random.uniform(0, scene.width_px, THREADS)
    y = scene.random.uniform(0, scene.height_px, THREADS)
    hue = np.clip(0.5 + 0.9 * (y / scene.height_px - 0.5) + scene.random.normal(0, 0.10, THREADS), 0.02, 0.98)
    threads = np.stack([x, y, hue], axis=1).astype(np.float32)
    _seed(int(scene.random.integers(2**31)))
    darkroom, light = Darkroom(scene, vignette=0.25), scene.dark() + ground
    start = float(scene.random.uniform(0, 100))
    for frame in range(-12, scene.frames):
        _settle(light, ground, 0.022)
        _comb(light, threads, tile, hues, start + scene.seconds(frame), 0.0024 * scene.unit_px, 0.42)
        if frame >= 0:
            yield darkroom.develop(light)
