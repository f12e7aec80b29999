"""Fireworks over still water."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Bloom, Darkroom, Floats, Frame, Light, Scene, backdrop, fade, glow_dots, line
from freehold.demo.palettes import colour, ramp

SKIES = (("030414", "0b1030", "2a1a4a", "5a2a55"), ("02060f", "06182c", "0f3347", "1c4a52"))
INKS = ("ffd27d", "ff5d73", "6fffe9", "9b8cff", "ffffff", "a8ff78", "ff9f43", "ff7ae0")
SHORE = 0.80
SPARKS = 170


class _Shell:
    """One rocket: it climbs for `climb_s`, bursts, and its sparks fall and die within about two seconds."""

    def __init__(self, scene: Scene, launched_s: float) -> None:
        random = scene.random
        self.launched_s = launched_s
        self.climb_s = random.uniform(0.7, 1.0)
        self.x = random.uniform(0.18, 0.82) * scene.width_px
        self.top = random.uniform(0.12, 0.45) * scene.height_px
        self.floor = SHORE * scene.height_px
        speed = scene.unit_px * random.uniform(0.65, 1.15)
        angle = random.uniform(0, 2 * np.pi, SPARKS)
        rise = random.uniform(-1, 1, SPARKS)
        ring = random.random() < 0.3
        flat = np.ones(SPARKS) if ring else np.sqrt(1 - rise**2)
        jitter = random.normal(1, 0.03 if ring else 0.08, SPARKS)
        self.vx = speed * flat * np.cos(angle) * jitter
        self.vy = speed * (0.35 * np.sin(angle) if ring else flat * np.sin(angle)) * jitter
        inks = random.choice(len(INKS), 2, replace=False)
        mixed = ramp(INKS[inks[0]], INKS[inks[1]])
        self.colours: Floats = mixed[np.clip(random.normal(128, 90, SPARKS), 0, 255).astype(np.int64)]
        self.gravity = 0.30 * scene.unit_px
        self.radius_px = max(1.6, 0.0068 * scene.unit_px)
        self.flicker = random.uniform(0, 6, SPARKS)

    def light_up(self, light: Light, t: float) -> None:
        age = t - self.launched_s
        if age < 0:
            return
        if age < self.climb_s:
            part = 1 - (1 - age / self.climb_s) ** 2
            y = self.floor + (self.top - self.floor) * part
            _dots(light, np.array([self.x]), np.array([y]), self.radius_px, colour("ffdca0")[None, :] * 0.7)
            return
        age -= self.climb_s
        power = max(0.0, 1 - age / 2.3) ** 1.3
        if power == 0.0:
            return
        slowed = (1 - np.exp(-1.9 * age)) / 1.9
        x = self.x + self.vx * slowed
        y = self.top + self.vy * slowed + 0.5 * self.gravity * age * age * 0.6
        sparkle = 0.75 + 0.5 * np.sin(22 * age + self.flicker) * min(age, 1.0)
        white = 0.7 * np.clip(1 - age * 5, 0, 1)
        shown = self.colours * (1 - white) + white
        _dots(
            light,
            x,
            y,
            self.radius_px * (1 + white),
            shown * (power * sparkle * (0.62 - 0.5 * np.exp(-6 * age)))[:, None],
        )


def _dots(light: Light, x: np.ndarray, y: np.ndarray, radius: float, colours: np.ndarray) -> None:
    radii = np.full(len(x), radius, dtype=np.float32)
    glow_dots(light, x.astype(np.float32), y.astype(np.float32), radii, np.ascontiguousarray(colours, dtype=np.float32))


def draw(scene: Scene) -> Iterator[Frame]:
    sky = backdrop(scene, ramp(*SKIES[scene.random.integers(len(SKIES))]))
    shore = int(SHORE * scene.height_px)
    _build_shore(sky, scene, shore)
    shells, at = [], -0.9
    while at < scene.frames / scene.fps:
        shells.append(_Shell(scene, at))
        at += scene.random.uniform(0.25, 0.65)
    darkroom, trail, bloom = Darkroom(scene), scene.dark(), Bloom(scene, 1.0)
    rows = np.clip(shore - 1 - np.arange(scene.height_px - shore) * 2.2, 0, shore - 1)
    depth = np.arange(scene.height_px - shore)
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        fade(trail, 0.885)
        for shell in shells:
            shell.light_up(trail, t)
        lit = bloom.over(trail) + sky
        wobble = np.round(2.2 * np.sin(depth * 0.55 + 5 * t) + 1.6 * np.sin(depth * 0.21 - 3 * t)).astype(np.int64)
        mirrored = lit[rows.astype(np.int64)]
        columns = (np.arange(scene.width_px)[None, :] + wobble[:, None]) % scene.width_px
        lit[shore:] = np.take_along_axis(mirrored, columns[:, :, None], axis=1) * 0.55 + sky[shore:] * 0.4
        yield darkroom.develop(lit)


def _build_shore(sky: Light, scene: Scene, shore: int) -> None:
    """A dark town on the far bank, with a few lamps."""
    x = 0.0
    while x < scene.width_px:
        wide = scene.random.uniform(0.02, 0.07) * scene.unit_px
        tall = scene.random.uniform(0.01, 0.06) * scene.unit_px
        sky[int(shore - tall) : shore, int(x) : int(x + wide) + 1] = colour("05060f")
        if scene.random.random() < 0.6:
            lamp = colour("ffcf87") * 0.8
            _dots(sky, np.array([x + wide / 2]), np.array([shore - tall / 2]), 0.008 * scene.unit_px, lamp[None, :])
        x += wide
    line(sky, 0, shore, scene.width_px, shore, 1.0, 1.0, colour("04050c"), 1.0)
