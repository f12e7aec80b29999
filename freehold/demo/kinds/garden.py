"""Plants that grow from nothing: branching by a rewriting rule, blossoms at the tips, a low sun behind."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene, backdrop, glow_dot, glow_dots, line
from freehold.demo.palettes import colour, ramp


@dataclass(frozen=True, slots=True)
class Bed:
    sky: tuple[str, ...]
    sun: str
    stem: str
    blossom: tuple[str, ...]


BEDS = (
    Bed(("fde2c4", "f9c6b0", "e8a598", "9c7a97"), "fff4d6", "2d4a3e", ("ff5d73", "ff9770", "fff0f3")),
    Bed(("1d2b53", "3d3a6b", "8e5a8a", "f2a07b"), "ffd9a0", "0f1c2e", ("ffd166", "f4978e", "fbf8cc")),
    Bed(("d9f0e3", "bfe3d0", "98cdb5", "5b9a8b"), "fff1b8", "1f3d36", ("ffffff", "f7d6e0", "b5179e")),
    Bed(("f6f1e4", "efe3c8", "e2c799", "c49a6c"), "ffd79a", "4a3524", ("d62828", "f77f00", "fcbf49")),
)


@dataclass(frozen=True, slots=True)
class Twig:
    """From (x0, y0) to (x1, y1) in pixels; `born` and `grown` are parts of the clip's time."""

    x0: float
    y0: float
    x1: float
    y1: float
    half_px: float
    born: float
    grown: float


def draw(scene: Scene) -> Iterator[Frame]:
    bed = BEDS[scene.random.integers(len(BEDS))]
    twigs, tips = _grow(scene)
    ground = backdrop(scene, ramp(*bed.sky))
    sun = colour(bed.sun)
    sun_x, sun_y = scene.random.uniform(0.25, 0.75) * scene.width_px, scene.random.uniform(0.2, 0.4) * scene.height_px
    glow_dot(ground, sun_x, sun_y, 0.85 * scene.unit_px, *(0.22 * sun))
    line(ground, sun_x, sun_y, sun_x, sun_y, 0.15 * scene.unit_px, 0.15 * scene.unit_px, sun, 0.85)
    _lay_ground(ground, scene, colour(bed.stem))
    darkroom = Darkroom(scene, vignette=0.3)
    pollen = _Pollen(scene, sun)
    stem, petals = colour(bed.stem), [colour(text) for text in bed.blossom]
    for frame in range(scene.frames):
        now = (frame + 1) / (0.9 * scene.frames)
        before = frame / (0.9 * scene.frames)
        for twig in twigs:
            if twig.born <= now and before < twig.grown:
                _extend(ground, twig, now, stem)
        for k, (x, y, born, size) in enumerate(tips):
            if born <= now and before < born + 0.1:
                _open(ground, x, y, size * min((now - born) / 0.1, 1.0), petals, k)
        light = ground.copy()
        pollen.drift_over(light, scene.seconds(frame))
        yield darkroom.develop(light)


def _grow(scene: Scene) -> tuple[list[Twig], list[tuple[float, float, float, float]]]:
    twigs: list[Twig] = []
    tips: list[tuple[float, float, float, float]] = []
    random = scene.random
    plants = int(random.integers(3, 6)) if scene.width_px < scene.height_px else int(random.integers(5, 9))
    for k in range(plants):
        x = (k + 0.5 + random.uniform(-0.25, 0.25)) / plants * scene.width_px
        tall = random.uniform(0.085, 0.135) * scene.height_px
        start = random.uniform(0, 0.15)
        wide = random.uniform(0.006, 0.010) * scene.unit_px
        _branch(scene, twigs, tips, x, 0.93 * scene.height_px, -np.pi / 2, tall, wide, start, 0)
    return sorted(twigs, key=lambda twig: twig.born), tips


def _branch(
    scene: Scene, twigs: list[Twig], tips: list[tuple[float, float, float, float]],
    x: float, y: float, heading: float, length: float, half_px: float, born: float, depth: int,
) -> None:  # fmt: skip
    random = scene.random
    pieces = 4
    step = 0.115 / pieces
    curl = random.normal(0, 0.10)
    for k in range(pieces):
        heading += curl + random.normal(0, 0.05)
        x1, y1 = x + length / pieces * np.cos(heading), y + length / pieces * np.sin(heading)
        twigs.append(Twig(x, y, x1, y1, half_px * (1 - 0.06 * k), born, born + step))
        x, y, born = x1, y1, born + step
    if depth == 6 or length < 0.02 * scene.unit_px:
        tips.append((x, y, born, random.uniform(0.008, 0.021) * scene.unit_px))
        return
    if depth >= 3 and random.random() < 0.3:
        tips.append((x, y, born, random.uniform(0.006, 0.013) * scene.unit_px))
    for side in (-1, 1):
        if depth > 1 and random.random() < 0.16:
            continue
        turn = side * random.uniform(0.22, 0.55)
        _branch(
            scene,
            twigs,
            tips,
            x,
            y,
            heading + turn,
            length * random.uniform(0.74, 0.92),
            half_px * 0.72,
            born,
            depth + 1,
        )


def _extend(light: Light, twig: Twig, now: float, stem: Floats) -> None:
    part = min((now - twig.born) / (twig.grown - twig.born), 1.0)
    x1, y1 = twig.x0 + (twig.x1 - twig.x0) * part, twig.y0 + (twig.y1 - twig.y0) * part
    line(light, twig.x0, twig.y0, x1, y1, twig.half_px, twig.half_px * 0.95, stem, 1.0)


def _open(light: Light, x: float, y: float, size: float, petals: list[Floats], k: int) -> None:
    shade = petals[k % len(petals)]
    for petal in range(5):
        angle = 2 * np.pi * petal / 5 + k
        far_x, far_y = x + size * np.cos(angle), y + size * np.sin(angle)
        line(light, x, y, far_x, far_y, 0.2 * size, 0.5 * size, (shade * (0.9 + 0.05 * (petal % 3))), 0.9)
    line(light, x, y, x, y, 0.3 * size, 0.3 * size, petals[(k + 1) % len(petals)], 1.0)


def _lay_ground(light: Light, scene: Scene, stem: Floats) -> None:
    x = np.arange(scene.width_px)
    hill = scene.height_px * (0.925 - 0.012 * np.sin(x / scene.width_px * 4 + scene.random.uniform(0, 6)))
    for blade in range(scene.width_px):
        top = hill[blade] - abs(scene.random.normal(0, 0.012)) * scene.height_px
        lean = scene.random.normal(0, 0.01) * scene.unit_px
        line(light, blade, scene.height_px, blade, hill[blade], 1.0, 1.0, (stem * 0.9), 1.0)
        line(light, blade, hill[blade], blade + lean, top, 0.9, 0.3, (stem * 0.9), 1.0)


class _Pollen:
    def __init__(self, scene: Scene, tint: Floats) -> None:
        count = 46
        self._scene = scene
        self._x, self._y, self._phase = scene.random.uniform(0, 1, (3, count))
        self._radius = (scene.random.uniform(0.004, 0.012, count) * scene.unit_px).astype(np.float32)
        self._tint = tint

    def drift_over(self, light: Light, t: float) -> None:
        x = (self._x + 0.02 * t + 0.02 * np.sin(t + 6 * self._phase)) % 1.0
        y = (self._y - 0.025 * t * (0.4 + self._phase)) % 1.0
        twinkle = 0.18 + 0.16 * np.sin(2 * t + 9 * self._phase)
        glow_dots(
            light,
            (x * self._scene.width_px).astype(np.float32),
            (y * self._scene.height_px).astype(np.float32),
            self._radius,
            (twinkle[:, None] * self._tint).astype(np.float32),
        )
