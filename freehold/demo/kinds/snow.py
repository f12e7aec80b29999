"""Snow over pines, a moon or a late sun behind the cloud."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene, backdrop, glow_dot, glow_dots, line
from freehold.demo.palettes import colour, ramp

EVENINGS = (
    (("16224a", "33467a", "6f7fae", "b9bfd8"), "f3f1ff", "0d1530", "dfe6f7"),
    (("4a3b5c", "8a6a86", "d99a92", "f7cfae"), "fff0d2", "2a2238", "f4e4e4"),
    (("0f2a33", "2c5560", "6b9796", "c2d6cc"), "f4fff8", "0a1c20", "e4f0ee"),
)
FLAKES = 420


def draw(scene: Scene) -> Iterator[Frame]:
    sky, disc, tree, snow = EVENINGS[scene.random.integers(len(EVENINGS))]
    ground = backdrop(scene, ramp(*sky))
    x, y = scene.random.uniform(0.25, 0.75) * scene.width_px, scene.random.uniform(0.14, 0.28) * scene.height_px
    glow_dot(ground, x, y, 0.75 * scene.unit_px, *(0.30 * colour(disc)))
    line(ground, x, y, x, y, 0.075 * scene.unit_px, 0.075 * scene.unit_px, colour(disc), 0.92)
    forest = _plant(ground, scene, colour(sky[-1]), colour(tree), colour(snow))
    flakes = _Flakes(scene)
    darkroom = Darkroom(scene, vignette=0.35)
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        light = forest.copy()
        flakes.fall_over(light, t)
        yield darkroom.develop(light)


def _plant(ground: Light, scene: Scene, haze: Floats, tree: Floats, snow: Floats) -> Light:
    """Four rows of pines, each nearer, larger and darker, each with its drift of snow."""
    random = scene.random
    light = ground.copy()
    for row in range(4):
        near = row / 3
        base = scene.height_px * (0.60 + 0.11 * row)
        tall = scene.unit_px * (0.16 + 0.26 * near**1.3)
        ink = haze + (tree - haze) * (0.28 + 0.72 * near)
        count = int((13 - 2.6 * row) * scene.width_px / scene.unit_px)
        for k in range(count):
            x = (k + random.uniform(0.1, 0.9)) / count * scene.width_px
            _pine(
                light,
                scene,
                x,
                base + random.uniform(0, 0.03) * scene.height_px,
                tall * random.uniform(0.6, 1.15),
                ink,
                snow,
                near,
            )
        _drift(light, scene, base + 0.03 * scene.height_px, haze + (snow - haze) * (0.35 + 0.65 * near), near)
    return light


def _pine(
    light: Light, scene: Scene, x: float, base: float, tall: float, ink: Floats, snow: Floats, near: float
) -> None:
    random = scene.random
    line(light, x, base, x, base - tall * 0.9, 0.022 * tall, 0.004 * tall, (ink * 0.8), 1.0)
    tiers = int(7 + 5 * near)
    for k in range(tiers):
        part = k / tiers
        y = base - tall * (0.10 + 0.88 * part)
        wide = 0.27 * tall * (1 - part) ** 0.9 + 0.012 * tall
        for side in (-1, 1):
            reach = wide * random.uniform(0.85, 1.1)
            tip_x, tip_y = x + side * reach, y + 0.34 * reach + 0.02 * tall
            thick = 0.055 * tall * (1 - 0.6 * part)
            line(light, x, y - 0.02 * tall, tip_x, tip_y, thick, 0.2 * thick, ink, 1.0)
            if random.random() < 0.8:
                pale = ink + (snow - ink) * (0.45 + 0.35 * near)
                start = random.uniform(0.2, 0.5)
                line(
                    light, x + start * (tip_x - x), y - 0.5 * thick + start * (tip_y - y), tip_x, tip_y - 0.5 * thick,
                    0.42 * thick, 0.15 * thick, pale, 0.85,
                )  # fmt: skip


def _drift(light: Light, scene: Scene, base: float, snow: Floats, near: float) -> None:
    x = np.arange(scene.width_px)
    turn = scene.random.uniform(0, 6, 2)
    line = base + scene.unit_px * (
        0.02 * np.sin(x / scene.unit_px * 5 + turn[0]) + 0.012 * np.sin(x / scene.unit_px * 11 + turn[1])
    )
    deep = (np.arange(scene.height_px)[:, None] - line[None, :]) / (0.16 * scene.height_px)
    cover = np.clip((np.arange(scene.height_px)[:, None] - line[None, :]) / (1.5 + 10 * (1 - near)) + 0.5, 0, 1)[
        :, :, None
    ]
    shade = (1.0 - 0.30 * np.clip(deep, 0, 1))[:, :, None] * snow
    light += ((shade - light) * cover).astype(np.float32)


class _Flakes:
    def __init__(self, scene: Scene) -> None:
        random = scene.random
        self._scene = scene
        self._near = random.random(FLAKES) ** 2.6
        self._x, self._y, self._phase = random.uniform(0, 1, (3, FLAKES))
        self._radius = ((0.0035 + 0.017 * self._near) * scene.unit_px).astype(np.float32) + np.float32(0.5)
        self._power = np.repeat((0.75 - 0.42 * self._near)[:, None], 3, axis=1).astype(np.float32)
        self._wind = random.uniform(-0.05, 0.05)

    def fall_over(self, light: Light, t: float) -> None:
        scene, near = self._scene, self._near
        gust = self._wind + 0.03 * np.sin(0.7 * t)
        x = self._x + gust * t * (0.5 + near) + 0.018 * np.sin(1.3 * t + 9 * self._phase)
        y = self._y + t * (0.045 + 0.16 * near)
        glow_dots(
            light,
            ((x % 1.1 - 0.05) * scene.width_px).astype(np.float32),
            ((y % 1.06 - 0.03) * scene.height_px).astype(np.float32),
            self._radius,
            self._power,
        )
