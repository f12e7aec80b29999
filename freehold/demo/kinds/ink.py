"""Ink in water: drops that sink, curl and meet, on paper white or in the dark."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene, clouds, sample
from freehold.demo.compiled import compiled
from freehold.demo.palettes import colour

BATHS = (
    ("faf5ea", ("1d3f8f", "c2185b", "0b7a75")),
    ("f4efe6", ("111827", "b23a48", "1f6f8b")),
    ("fff7ec", ("5a189a", "e76f51", "2a9d8f")),
    ("eef3f2", ("0f4c5c", "e36414", "5f0f40")),
)
GRID_SCALE = 2
"""Pixels of the picture for one cell of the water, along a side."""


@compiled
def _carry(dye: Light, moved: Light, tile: Floats, t: float, dt: float) -> None:
    """Move the dye backwards along a curl field (divergence-free), which itself changes slowly."""
    height, width, _ = dye.shape
    scale = 256.0 / width * 0.5
    for y in range(height):
        for x in range(width):
            u, v = x * scale, y * scale
            here = sample(tile, u + 5.0 * t, v - 3.0 * t)
            right = sample(tile, u + 1.2 + 5.0 * t, v - 3.0 * t)
            below = sample(tile, u + 5.0 * t, v + 1.2 - 3.0 * t)
            fine = sample(tile, 2.7 * u - 6.0 * t, 2.7 * v + 4.0 * t)
            fine_x = sample(tile, 2.7 * u + 1.5 - 6.0 * t, 2.7 * v + 4.0 * t)
            fine_y = sample(tile, 2.7 * u - 6.0 * t, 2.7 * v + 1.5 + 4.0 * t)
            weight = dye[y, x, 0] + dye[y, x, 1] + dye[y, x, 2]
            speed_x = ((below - here) * 8.0 + (fine_y - fine) * 3.6) * width
            speed_y = (-(right - here) * 8.0 - (fine_x - fine) * 3.6) * width + 0.035 * height * min(weight, 1.0)
            from_x = min(max(x - speed_x * dt, 0.0), width - 1.001)
            from_y = min(max(y - speed_y * dt, 0.0), height - 1.001)
            left, top = int(from_x), int(from_y)
            part_x, part_y = np.float32(from_x - left), np.float32(from_y - top)
            for c in range(3):
                upper = dye[top, left, c] + (dye[top, left + 1, c] - dye[top, left, c]) * part_x
                lower = dye[top + 1, left, c] + (dye[top + 1, left + 1, c] - dye[top + 1, left, c]) * part_x
                moved[y, x, c] = (upper + (lower - upper) * part_y) * np.float32(0.9985)


@compiled
def _drip(dye: Light, x: float, y: float, radius: float, ink: int, amount: float) -> None:
    height, width, _ = dye.shape
    for j in range(max(int(y - radius), 0), min(int(y + radius) + 2, height)):
        for i in range(max(int(x - radius), 0), min(int(x + radius) + 2, width)):
            rest = 1.0 - ((i - x) * (i - x) + (j - y) * (j - y)) / (radius * radius)
            if rest > 0:
                dye[j, i, ink] += amount * rest


@compiled
def _see(light: Light, dye: Light, paper: Floats, drunk: Floats) -> None:
    """Light through the dye: each ink drinks its share of each colour (Beer and Lambert)."""
    height, width, _ = light.shape
    dye_height, dye_width, _ = dye.shape
    for y in range(height):
        row = min(y * (dye_height - 1) / (height - 1), dye_height - 1.001)
        top = int(row)
        part_y = np.float32(row - top)
        for x in range(width):
            column = min(x * (dye_width - 1) / (width - 1), dye_width - 1.001)
            left = int(column)
            part_x = np.float32(column - left)
            red, green, blue = np.float32(0), np.float32(0), np.float32(0)
            for ink in range(3):
                upper = dye[top, left, ink] + (dye[top, left + 1, ink] - dye[top, left, ink]) * part_x
                lower = dye[top + 1, left, ink] + (dye[top + 1, left + 1, ink] - dye[top + 1, left, ink]) * part_x
                amount = upper + (lower - upper) * part_y
                red += amount * drunk[ink, 0]
                green += amount * drunk[ink, 1]
                blue += amount * drunk[ink, 2]
            dim = np.float32(1.0 - 0.10 * y / height)
            light[y, x, 0] = paper[0] * np.exp(-red) * dim
            light[y, x, 1] = paper[1] * np.exp(-green) * dim
            light[y, x, 2] = paper[2] * np.exp(-blue) * dim


def draw(scene: Scene) -> Iterator[Frame]:
    paper, inks = BATHS[scene.random.integers(len(BATHS))]
    drunk = np.stack([-np.log(np.clip(colour(ink), 0.02, 0.98)) for ink in inks]).astype(np.float32)
    tile = clouds(scene.random, 256, 2.3)
    height, width = scene.height_px // GRID_SCALE, scene.width_px // GRID_SCALE
    dye, moved = np.zeros((height, width, 3), np.float32), np.zeros((height, width, 3), np.float32)
    drops = _drops(scene)
    darkroom, light = Darkroom(scene, vignette=0.18), scene.dark()
    start = float(scene.random.uniform(0, 50))
    for frame in range(-56, scene.frames):
        t = scene.seconds(frame)
        for at, x, y, ink, size in drops:
            if at <= t < at + 1.1:
                _drip(dye, x * width, y * height + (t - at) * 0.1 * height, size * width, ink, 0.16)
        _carry(dye, moved, tile, start + t, 1 / scene.fps)
        dye, moved = moved, dye
        if frame >= 0:
            _see(light, dye, colour(paper), drunk)
            yield darkroom.develop(light)


def _drops(scene: Scene) -> list[tuple[float, float, float, int, float]]:
    """(when in s, x, y, ink, size); x and size are parts of the width, y of the height."""
    random, drops, at, ink = scene.random, [], -2.4, 0
    while at < scene.frames / scene.fps:
        drops.append((at, random.uniform(0.2, 0.8), random.uniform(0.05, 0.75), ink % 3, random.uniform(0.05, 0.11)))
        at += random.uniform(0.15, 0.55)
        ink += int(random.integers(0, 3))
    return drops
