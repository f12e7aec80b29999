"""Rain on the window of a night bus, the city's lights out of focus behind it."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene, backdrop, glow_dot, line
from freehold.demo.compiled import compiled
from freehold.demo.palettes import colour, ramp

STREETS = (
    (("060a1c", "101a3a", "2a2348", "3a2030"), ("ffb347", "ff6b4a", "fff1c9", "5bc0ff", "ff4f8b")),
    (("03120f", "0b2a2a", "123a44", "1c2f3f"), ("ffd27d", "3ddc97", "e8fff5", "ff7f50", "46c2cb")),
    (("12081f", "2a1140", "4a1a4f", "331a33"), ("ff5db1", "8a7dff", "ffd6f5", "ffa94d", "42e2f5")),
)
BEADS = 430
RUNNERS = 16


@compiled
def _bead(light: Light, behind: Light, x: float, y: float, wide: float, tall: float) -> None:
    """One drop: a small lens that shows the street upside down, dark at its upper rim and bright at its lower."""
    height, width, _ = light.shape
    for j in range(max(int(y - tall), 0), min(int(y + tall) + 2, height)):
        for i in range(max(int(x - wide), 0), min(int(x + wide) + 2, width)):
            u, v = (i - x) / wide, (j - y) / tall
            out = u * u + v * v
            if out >= 1.0:
                continue
            bend = 0.35 + 0.65 * out
            from_x = min(max(int(x - u * bend * width * 0.22), 0), width - 1)
            from_y = min(max(int(y - v * bend * height * 0.16), 0), height - 1)
            cover = min((1.0 - out) * wide * 0.55, 1.0)
            rim = out * out * 0.45 * (0.4 - v * 0.8)
            gleam = max(0.0, 1.0 - ((u + 0.35) * (u + 0.35) + (v + 0.4) * (v + 0.4)) * 14.0) * 0.5
            for c in range(3):
                seen = behind[from_y, from_x, c] * (1.25 - max(rim, 0.0) * 1.6) + max(-rim, 0.0) * 0.5 + gleam + 0.02
                light[j, i, c] += (seen - light[j, i, c]) * cover


@compiled
def _beads(light: Light, behind: Light, beads: Floats) -> None:
    for k in range(beads.shape[0]):
        if beads[k, 2] > 0.4:
            _bead(light, behind, beads[k, 0], beads[k, 1], beads[k, 2], beads[k, 2] * beads[k, 3])


@compiled
def _lamps(light: Light, lamps: Floats) -> None:
    """Lights out of focus: even discs, a little brighter at the rim. `lamps` is (n, 6): x, y, radius, colour."""
    height, width, _ = light.shape
    for k in range(lamps.shape[0]):
        x, y, radius = lamps[k, 0], lamps[k, 1], lamps[k, 2]
        for j in range(max(int(y - radius), 0), min(int(y + radius) + 2, height)):
            for i in range(max(int(x - radius), 0), min(int(x + radius) + 2, width)):
                out = np.sqrt((i - x) * (i - x) + (j - y) * (j - y)) / radius
                if out < 1.0:
                    power = min((1.0 - out) * radius * 0.35, 1.0) * (0.72 + 0.38 * out * out)
                    for c in range(3):
                        light[j, i, c] += lamps[k, 3 + c] * power


def draw(scene: Scene) -> Iterator[Frame]:
    night, inks = STREETS[scene.random.integers(len(STREETS))]
    street = backdrop(scene, ramp(*night))
    _light_windows(street, scene, inks)
    cars = _Cars(scene, inks)
    pane = _Pane(scene)
    darkroom = Darkroom(scene, vignette=0.5)
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        behind = street.copy()
        _lamps(behind, cars.at(t))
        light = behind.copy()
        pane.step(1 / scene.fps)
        _beads(light, behind, pane.beads)
        yield darkroom.develop(light)


def _light_windows(street: Light, scene: Scene, inks: tuple[str, ...]) -> None:
    random, lamps = scene.random, []
    for _ in range(85):
        ink = colour(inks[random.integers(len(inks))])
        y = random.beta(2.2, 1.8)
        size = random.uniform(0.022, 0.075) * scene.unit_px
        lamps.append(
            [
                random.uniform(0, 1) * scene.width_px,
                y * 0.95 * scene.height_px,
                size,
                *(ink * random.uniform(0.08, 0.34)),
            ]
        )
    _lamps(street, np.array(lamps, np.float32))
    for _ in range(5):
        ink = colour(inks[random.integers(len(inks))])
        glow_dot(
            street,
            random.uniform(0, scene.width_px),
            random.uniform(0.3, 0.8) * scene.height_px,
            0.6 * scene.unit_px,
            *(0.13 * ink),
        )
    floor = int(0.80 * scene.height_px)
    for row in range(floor, scene.height_px):
        line(
            street,
            0,
            row,
            scene.width_px,
            row,
            0.6,
            0.6,
            colour("05060c"),
            0.35 * (row - floor) / (scene.height_px - floor),
        )


class _Cars:
    def __init__(self, scene: Scene, inks: tuple[str, ...]) -> None:
        random, count = scene.random, 14
        self._scene = scene
        self._x = random.uniform(0, 1.4, count)
        self._speed = random.uniform(0.07, 0.20, count) * random.choice([-1, 1], count)
        self._y = random.uniform(0.55, 0.78, count)
        self._size = random.uniform(0.035, 0.085, count)
        reds = np.where(self._speed[:, None] > 0, colour("ff3b30")[None, :], colour("fff3d0")[None, :])
        self._ink = reds * random.uniform(0.35, 0.75, (count, 1))

    def at(self, t: float) -> Floats:
        x = (self._x + self._speed * t) % 1.4 - 0.2
        size = self._size * self._scene.unit_px
        shaken = self._y * self._scene.height_px + 0.8 * np.sin(9 * t)
        return np.column_stack([x * self._scene.width_px, shaken, size, self._ink]).astype(np.float32)


class _Pane:
    """The drops on the glass: beads that swell, and runners that slide and drink the beads they meet."""

    def __init__(self, scene: Scene) -> None:
        random = scene.random
        self._scene = scene
        size = (0.004 + 0.022 * random.random(BEADS) ** 3.2) * scene.unit_px
        x, y = random.uniform(0, scene.width_px, BEADS), random.uniform(0, scene.height_px, BEADS)
        self.beads = np.column_stack([x, y, size, random.uniform(1.0, 1.35, BEADS)]).astype(np.float32)
        self.beads[:RUNNERS, 2] = random.uniform(0.017, 0.028, RUNNERS) * scene.unit_px
        self.beads[:RUNNERS, 3] = 1.5
        self._pace = random.uniform(0.05, 0.3, RUNNERS)

    def step(self, dt: float) -> None:
        random, beads = self._scene.random, self.beads
        stuck = random.random(RUNNERS)
        self._pace = np.where(stuck < 0.05, random.uniform(0.0, 0.5, RUNNERS), self._pace)
        runners, rest = beads[:RUNNERS], beads[RUNNERS:]
        runners[:, 1] += self._pace * dt * self._scene.height_px
        runners[:, 0] += random.normal(0, 0.25, RUNNERS) * (self._pace > 0.1)
        gone = runners[:, 1] > self._scene.height_px * 1.03
        runners[gone, 1] = -0.03 * self._scene.height_px
        runners[gone, 0] = random.uniform(0, self._scene.width_px, gone.sum())
        away = np.abs(rest[:, None, 0] - runners[None, :, 0]) + np.abs(rest[:, None, 1] - runners[None, :, 1])
        met = (away < runners[None, :, 2] * 1.6).any(axis=1)
        count = int(met.sum())
        leader = random.integers(0, RUNNERS, count)
        trail = random.random(count) < 0.6
        rest[met, 2] = random.uniform(0.003, 0.006, count) * self._scene.unit_px
        rest[met, 0] = np.where(trail, runners[leader, 0], random.uniform(0, self._scene.width_px, count))
        up = random.uniform(0.03, 0.12, count) * self._scene.height_px
        rest[met, 1] = np.where(trail, runners[leader, 1] - up, random.uniform(0, self._scene.height_px, count))
        rest[:, 2] += 0.0006 * dt * self._scene.unit_px
