"""Jellyfish in deep water: bells of thin light that pulse, arms that trail behind."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Bloom, Darkroom, Floats, Frame, Light, Scene, backdrop, clouds, glow_dots, sample
from freehold.demo.compiled import compiled
from freehold.demo.palettes import colour, ramp

WATERS = (
    (("0a4a7a", "06305c", "031a3d", "010a1f"), (("ff8fc7", "ffd6f0"), ("8fd3ff", "e0f7ff"))),
    (("3a0f5c", "240a45", "12062b", "060314"), (("ff9e6b", "ffe2b8"), ("c99bff", "f3e1ff"))),
    (("0a5c57", "063f45", "03252f", "010f17"), (("a8ffdf", "f0fff9"), ("ffe08a", "fff7dc"))),
)
MERIDIANS = 34
STEPS = 30
ARMS = 16
ARM_STEPS = 44


@compiled
def _rays(light: Light, tile: Floats, t: float) -> None:
    height, width, _ = light.shape
    unit = min(width, height)
    for y in range(height):
        dim = max(0.0, 1.0 - y / (0.85 * height)) * 0.22
        for x in range(width):
            lean = (x - 0.5 * width) / unit / (0.6 + 0.9 * y / height)
            ray = sample(tile, lean * 60.0 + 2.0 * t, 4.0 * t) - 0.42
            power = max(ray, 0.0) * dim * 3.0
            for c in range(3):
                light[y, x, c] += power * (0.45 + 0.25 * c)


class _Jelly:
    def __init__(self, scene: Scene, inks: tuple[str, str], size: float) -> None:
        random = scene.random
        self._size = size * scene.unit_px
        self._x, self._y = random.uniform(0.18, 0.82), random.uniform(0.1, 1.1)
        self._phase, self._rate = random.uniform(0, 6), random.uniform(2.2, 3.0) / (0.6 + 2.2 * size)
        self._climb = random.uniform(0.02, 0.05)
        self._lean0 = random.uniform(-0.5, 0.5)
        self._near = 0.60 + 2.6 * size
        self._skin, self._arm = colour(inks[0]), colour(inks[1])
        self._waves = random.uniform(0, 6, ARMS)
        self._lengths = random.uniform(1.6, 3.6, ARMS)

    def light_up(self, light: Light, scene: Scene, t: float) -> None:
        beat = self._rate * t + self._phase
        squeeze = 0.5 + 0.5 * np.sin(beat)
        y = (self._y - self._climb * t - 0.012 * np.sin(beat - 0.9)) % 1.5 - 0.2
        x = self._x + 0.04 * np.sin(0.4 * t + self._phase)
        lean = self._lean0 + 0.15 * np.sin(0.3 * t + self._phase)
        place = (x * scene.width_px, y * scene.height_px, lean)
        self._bell(light, place, squeeze)
        self._trail(light, place, squeeze, beat)

    def _bell(self, light: Light, place: tuple[float, float, float], squeeze: float) -> None:
        down = np.linspace(0.02, 1.0, STEPS)[None, :]
        around = np.linspace(0, 2 * np.pi, MERIDIANS, endpoint=False)[:, None]
        wide = (1.0 - 0.26 * squeeze * down) * np.sin(np.minimum(down * 1.75, 1.62))
        frill = 1 + 0.05 * np.sin(8 * around) * down**3
        u = wide * frill * np.cos(around)
        v = -0.80 * np.cos(down * 1.62) * (1 + 0.22 * squeeze) + 0.16 * wide * np.sin(around)
        edge = 0.30 + 0.7 * np.abs(np.cos(around)) ** 2
        power = (0.035 + 0.13 * down**6 + 0.02 * np.cos(4 * around) ** 2) * edge
        self._dots(light, place, u, v, np.full_like(u, 0.075), power, self._skin)
        core = np.linspace(-0.32, 0.32, 9)[None, :]
        self._dots(
            light,
            place,
            core,
            -0.36 - 0.3 * (0.1 - core**2),
            np.full_like(core, 0.20),
            np.full_like(core, 0.10),
            self._arm,
        )

    def _trail(self, light: Light, place: tuple[float, float, float], squeeze: float, beat: float) -> None:
        s = np.linspace(0, 1, ARM_STEPS)[None, :]
        k = np.arange(ARMS)[:, None]
        root = np.cos(np.pi * (k + 0.5) / ARMS) * (0.92 - 0.25 * squeeze)
        oral = (k % 4 == 1).astype(float)
        sway = 0.20 * s * np.sin(5 * s + self._waves[:, None] - beat * 0.8) + 0.10 * s * np.sin(13 * s - beat + k)
        u = root * (1 - 0.45 * s - 0.35 * oral) + sway + oral * 0.10 * np.sin(30 * s - 2 * beat)
        v = 0.02 + self._lengths[:, None] * s * (1 - 0.1 * squeeze) * (1 - 0.35 * oral)
        power = (0.15 + 0.16 * oral) * (1 - s) ** 1.2
        self._dots(light, place, u, v, 0.035 + 0.07 * oral * (1 - s) + 0 * s, power, self._arm)

    def _dots(
        self, light: Light, place: tuple[float, float, float],
        u: np.ndarray, v: np.ndarray, radius: np.ndarray, power: np.ndarray, ink: Floats,
    ) -> None:  # fmt: skip
        u, v, radius, power = (part.ravel() for part in np.broadcast_arrays(u, v, radius, power))
        x, y, lean = place
        glow_dots(
            light,
            (x + self._size * (u * np.cos(lean) - v * np.sin(lean))).astype(np.float32),
            (y + self._size * (u * np.sin(lean) + v * np.cos(lean))).astype(np.float32),
            np.maximum(self._size * radius, 1.3).astype(np.float32),
            (self._near * power[:, None] * ink[None, :]).astype(np.float32),
        )


def draw(scene: Scene) -> Iterator[Frame]:
    water, pairs = WATERS[scene.random.integers(len(WATERS))]
    sea, tile = backdrop(scene, ramp(*water)), clouds(scene.random, 256, 1.6)
    sizes = np.sort(np.concatenate([scene.random.uniform(0.05, 0.11, 5), scene.random.uniform(0.18, 0.27, 2)]))
    jellies = [_Jelly(scene, pairs[k % 2], size) for k, size in enumerate(sizes)]
    count = 90
    snow_x, snow_y, snow_r = scene.random.uniform(0, 1, (3, count))
    darkroom, bloom = Darkroom(scene, vignette=0.5), Bloom(scene, 0.45)
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        light = sea.copy()
        _rays(light, tile, t)
        glow_dots(
            light,
            ((snow_x + 0.01 * np.sin(t + 9 * snow_r)) * scene.width_px).astype(np.float32),
            (((snow_y + 0.012 * t * (0.5 + snow_r)) % 1) * scene.height_px).astype(np.float32),
            (0.8 + 1.4 * snow_r).astype(np.float32),
            np.repeat(0.06 + 0.16 * snow_r[:, None], 3, axis=1).astype(np.float32),
        )
        for jelly in jellies:
            jelly.light_up(light, scene, t)
        yield darkroom.develop(bloom.over(light))
