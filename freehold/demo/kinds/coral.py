"""Coral by reaction and diffusion: two substances that feed on each other (Gray and Scott, 1984; Pearson, 1993)."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene
from freehold.demo.compiled import compiled
from freehold.demo.palettes import ramp

PALETTES = (
    ("04263a", "0a5a6b", "f28482", "ffd6ba", "fff4e8"),
    ("1a0b2e", "45206b", "e0528d", "ffb36b", "fff0c2"),
    ("06261d", "14614a", "a7c957", "f2e8cf", "fffdf2"),
    ("2b0a12", "7a1c2e", "f26430", "ffd275", "fff9e0"),
)
RATES = ((0.0545, 0.0620), (0.0300, 0.0565), (0.0460, 0.0630), (0.0390, 0.0580))
"""(feed, kill): labyrinth, worms, growing coral, a sheet with holes."""
GRID_SIDE = 140
"""Cells along the shorter side."""


@compiled
def _react(a: Floats, b: Floats, next_a: Floats, next_b: Floats, feed: float, kill: float) -> None:
    height, width = a.shape
    grow = np.float32(feed)
    die = np.float32(feed + kill)
    one = np.float32(1)
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            here_a, here_b = a[y, x], b[y, x]
            near_a = np.float32(0.2) * (a[y - 1, x] + a[y + 1, x] + a[y, x - 1] + a[y, x + 1])
            near_a += np.float32(0.05) * (a[y - 1, x - 1] + a[y - 1, x + 1] + a[y + 1, x - 1] + a[y + 1, x + 1])
            near_b = np.float32(0.2) * (b[y - 1, x] + b[y + 1, x] + b[y, x - 1] + b[y, x + 1])
            near_b += np.float32(0.05) * (b[y - 1, x - 1] + b[y - 1, x + 1] + b[y + 1, x - 1] + b[y + 1, x + 1])
            meet = here_a * here_b * here_b
            next_a[y, x] = here_a + (near_a - here_a) - meet + grow * (one - here_a)
            next_b[y, x] = here_b + np.float32(0.5) * (near_b - here_b) + meet - die * here_b
    for x in range(width):
        next_a[0, x], next_b[0, x] = next_a[1, x], next_b[1, x]
        next_a[height - 1, x], next_b[height - 1, x] = next_a[height - 2, x], next_b[height - 2, x]
    for y in range(height):
        next_a[y, 0], next_b[y, 0] = next_a[y, 1], next_b[y, 1]
        next_a[y, width - 1], next_b[y, width - 1] = next_a[y, width - 2], next_b[y, width - 2]


@compiled
def _run(a: Floats, b: Floats, next_a: Floats, next_b: Floats, feed: float, kill: float, rounds: int) -> None:
    for _ in range(rounds):
        _react(a, b, next_a, next_b, feed, kill)
        _react(next_a, next_b, a, b, feed, kill)


@compiled
def _smooth(b: Floats, row: float, column: float) -> float:
    top, left = int(row), int(column)
    part_y, part_x = row - top, column - left
    part_y = part_y * part_y * (3 - 2 * part_y) * 0.5 + part_y * 0.5
    part_x = part_x * part_x * (3 - 2 * part_x) * 0.5 + part_x * 0.5
    upper = b[top, left] + (b[top, left + 1] - b[top, left]) * part_x
    lower = b[top + 1, left] + (b[top + 1, left + 1] - b[top + 1, left]) * part_x
    return float(upper + (lower - upper) * part_y)


@compiled
def _light_up(light: Light, b: Floats, hues: Floats, turn: float) -> None:
    height, width, _ = light.shape
    rows, columns = b.shape
    last = hues.shape[0] - 1
    sun_x, sun_y = np.cos(turn), np.sin(turn)
    for y in range(height):
        row = 1 + y * (rows - 4) / height
        for x in range(width):
            column = 1 + x * (columns - 4) / width
            here = _smooth(b, row, column)
            slope_x = _smooth(b, row, column + 0.9) - here
            slope_y = _smooth(b, row + 0.9, column) - here
            tall = min(max(here * 2.45 - 0.05, 0.0), 0.999)
            shade = (slope_x * sun_x + slope_y * sun_y) * 5.5
            norm = 1.0 / np.sqrt(1.0 + 60.0 * (slope_x * slope_x + slope_y * slope_y))
            gleam = max(0.0, norm * (0.80 - shade * 0.7))
            gleam = gleam * gleam * gleam * gleam * 0.16 * tall
            at = int(min(max(tall + 0.10 * (x / width - y / height), 0.0), 0.999) * last)
            for c in range(3):
                light[y, x, c] = max(hues[at, c] * (0.92 - shade * 0.62) + gleam, 0.0)


def draw(scene: Scene) -> Iterator[Frame]:
    hues = ramp(*PALETTES[scene.random.integers(len(PALETTES))])
    feed, kill = RATES[scene.random.integers(len(RATES))]
    columns = round(GRID_SIDE * scene.width_px / scene.unit_px)
    rows = round(GRID_SIDE * scene.height_px / scene.unit_px)
    a, b = np.ones((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    for _ in range(int(scene.random.integers(14, 26))):
        y, x = int(scene.random.integers(8, rows - 8)), int(scene.random.integers(8, columns - 8))
        b[y - 3 : y + 3, x - 3 : x + 3] = 0.6
        a[y - 3 : y + 3, x - 3 : x + 3] = 0.4
    next_a, next_b = a.copy(), b.copy()
    _run(a, b, next_a, next_b, feed, kill, 260)
    darkroom, light = Darkroom(scene, vignette=0.4), scene.dark()
    for frame in range(scene.frames):
        _run(a, b, next_a, next_b, feed, kill, 12)
        _light_up(light, b, hues, 0.8 + 0.3 * scene.seconds(frame))
        yield darkroom.develop(light)
