"""Koi in a pond, under light that the ripples bend."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Brush, Darkroom, Floats, Frame, Light, Scene, backdrop, clouds, sample
from freehold.demo.compiled import compiled
from freehold.demo.palettes import colour, ramp

PONDS = (("0e5a5c", "0b4450", "072f3d"), ("27595a", "1b4048", "0f2a35"), ("1d4e89", "153a68", "0c2547"))
COATS = (
    ("fff6ea", "f26a1b"),
    ("f7751e", "ffd9a8"),
    ("fffaf2", "d62f1f"),
    ("f9c74f", "fff3d1"),
    ("2b2b33", "f4efe6"),
    ("fdf3e7", "22252e"),
)
SPINE = 22


@compiled
def _water(light: Light, base: Light, coarse: Light, tile: Floats, t: float) -> None:
    """The pond's floor and the bright net that ripples throw on it, worked out on every second pixel."""
    height, width, _ = light.shape
    scale = 105.0 / min(width, height)
    for y in range(coarse.shape[0]):
        for x in range(coarse.shape[1]):
            u, v = 2 * x * scale, 2 * y * scale
            one = sample(tile, u + 5.0 * t, v + 3.0 * t)
            two = sample(tile, u - 4.0 * t + 90.0 + 20.0 * one, v + 4.5 * t + 20.0 * one)
            net = max(1.0 - abs(two - 0.5) * 5.0, 0.0)
            coarse[y, x, 0] = 0.82 + 0.36 * one
            coarse[y, x, 1] = net * net * 0.26
    half = np.float32(0.5)
    for y in range(height):
        top = y >> 1
        part_y = half * (y & 1)
        for x in range(width):
            left = x >> 1
            part_x = half * (x & 1)
            for c in range(2):
                upper = coarse[top, left, c] + (coarse[top, left + 1, c] - coarse[top, left, c]) * part_x
                lower = coarse[top + 1, left, c] + (coarse[top + 1, left + 1, c] - coarse[top + 1, left, c]) * part_x
                if c == 0:
                    shade = upper + (lower - upper) * part_y
                else:
                    net = upper + (lower - upper) * part_y
            for c in range(3):
                light[y, x, c] = base[y, x, c] * shade + net * np.float32(0.45 + 0.22 * c)


@compiled
def _glaze(light: Light, rings: Floats, t: float) -> None:
    """Rings that spread from where something touched the water. `rings` is (n, 3): x, y, when."""
    height, width, _ = light.shape
    unit = min(width, height)
    for k in range(rings.shape[0]):
        age = t - rings[k, 2]
        if age < 0.0 or age > 3.0:
            continue
        out = (0.02 + 0.16 * age) * unit
        wide = (0.010 + 0.006 * age) * unit
        power = 0.16 * (1.0 - age / 3.0)
        for j in range(max(int(rings[k, 1] - out - wide), 0), min(int(rings[k, 1] + out + wide) + 1, height)):
            for i in range(max(int(rings[k, 0] - out - wide), 0), min(int(rings[k, 0] + out + wide) + 1, width)):
                dx, dy = i - rings[k, 0], j - rings[k, 1]
                away = (np.sqrt(dx * dx + dy * dy) - out) / wide
                if -1.0 < away < 1.0:
                    lift = np.sin(away * 3.14159) * power * (0.6 - 0.4 * (dx + dy) / (out + 1.0))
                    for c in range(3):
                        light[j, i, c] += lift


class _Koi:
    def __init__(self, scene: Scene, coat: tuple[str, str], size: float) -> None:
        random = scene.random
        self._scene, self._long = scene, size * scene.unit_px
        self._coat, self._patch = colour(coat[0]), colour(coat[1])
        self._pale = tuple((0.5 * self._coat + 0.45).tolist())
        self._marks = random.uniform(0, 1, SPINE) < 0.42
        self._marks = np.convolve(self._marks, [1, 1, 1], "same") >= 2
        self._middle = random.uniform(0.3, 0.7, 2)
        self._reach = random.uniform(0.22, 0.46, 2)
        self._turn, self._phase = random.uniform(0, 6, 2), random.uniform(0, 6)
        self._speed = random.uniform(0.28, 0.5) * random.choice([-1, 1])

    def _path(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scene = self._scene
        x = self._middle[0] + self._reach[0] * np.sin(s + self._turn[0]) + 0.12 * np.sin(2.3 * s + self._turn[1])
        y = self._middle[1] + self._reach[1] * np.cos(0.8 * s + self._turn[1]) + 0.07 * np.sin(1.9 * s + self._turn[0])
        return x * scene.width_px, y * scene.height_px

    def spine(self, t: float) -> np.ndarray:
        """(SPINE, 2) in pixels, head first: the way it swam, at even distances, with the tail's beat across it."""
        back = self._speed * t + self._phase - np.sign(self._speed) * np.linspace(0, 2.5, 90)
        x, y = self._path(back)
        gone = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        at = np.linspace(0, self._long, SPINE)
        line = np.stack([np.interp(at, gone, x), np.interp(at, gone, y)], axis=1)
        along = np.gradient(line, axis=0)
        along /= np.hypot(along[:, 0], along[:, 1])[:, None] + 1e-9
        s = np.linspace(0, 1, SPINE)
        beat = 0.075 * self._long * s**1.6 * np.sin(6 * s - 5.2 * t + self._phase)
        return np.asarray(line + beat[:, None] * np.stack([-along[:, 1], along[:, 0]], axis=1))

    def paint_over(self, brush: Brush, t: float) -> None:
        spine = self.spine(t)
        s = np.linspace(0, 1, SPINE)
        wide = self._long * 0.105 * np.clip(np.sqrt(s * 6 + 0.25), 0, 1) * (1 - 0.93 * s**1.5) + 0.6
        ends = np.column_stack([spine[:-1], spine[1:], wide[:-1], wide[1:]])
        off = 0.05 * self._scene.unit_px
        brush.rows(ends + np.array([off, off, off, off, 0, 0]), np.array([0.0, 0.05, 0.08, 0.13]))
        self._fins(brush, spine, t)
        skin = np.where(self._marks[:-1, None], self._patch, self._coat)
        body = np.stack([ends, ends * [1, 1, 1, 1, 0.55, 0.55] - [0.3, 0.5, 0.3, 0.5, 0, 0]], axis=1)
        inks = np.stack(
            [np.column_stack([0.86 * skin, np.ones(SPINE - 1)]), np.column_stack([skin, np.full(SPINE - 1, 0.75)])],
            axis=1,
        )
        brush.rows(body[::-1].reshape(-1, 6), inks[::-1].reshape(-1, 4))
        self._eyes(brush, spine, wide)

    def _fins(self, brush: Brush, line: np.ndarray, t: float) -> None:
        pale = self._pale
        for at, size, spread in ((5, 0.20, 0.9), (12, 0.11, 0.8)):
            ahead = line[at - 1] - line[at + 1]
            heading = np.arctan2(ahead[1], ahead[0])
            for side in (-1, 1):
                row = 0.25 * np.sin(2.6 * t + self._phase + at) + spread
                for rib in range(6):
                    angle = heading + side * (np.pi - row + 0.13 * rib * -1)
                    tip = line[at] + size * self._long * np.array([np.cos(angle), np.sin(angle)])
                    brush.stroke(line[at][0], line[at][1], tip[0], tip[1], 0.6, 0.03 * self._long, *pale, 0.30)
        tail = line[-1] - line[-4]
        heading = np.arctan2(tail[1], tail[0])
        for rib in np.linspace(-0.55, 0.55, 9):
            swing = heading + rib + 0.25 * np.sin(-5.2 * t + self._phase + 4.5)
            tip = line[-2] + self._long * (0.18 + 0.10 * abs(rib)) * np.array([np.cos(swing), np.sin(swing)])
            brush.stroke(line[-2][0], line[-2][1], tip[0], tip[1], 0.8, 0.022 * self._long, *pale, 0.38)

    def _eyes(self, brush: Brush, line: np.ndarray, wide: np.ndarray) -> None:
        ahead = line[0] - line[2]
        ahead /= np.hypot(*ahead) + 1e-9
        across = np.array([-ahead[1], ahead[0]])
        for side in (-1, 1):
            eye = line[1] + side * across * wide[1] * 0.62
            brush.stroke(eye[0], eye[1], eye[0], eye[1], 0.012 * self._long, 0.012 * self._long, 0.04, 0.04, 0.05, 0.95)


def draw(scene: Scene) -> Iterator[Frame]:
    base = backdrop(scene, ramp(*PONDS[scene.random.integers(len(PONDS))]))
    tile = clouds(scene.random, 256, 2.2)
    coats = scene.random.permutation(len(COATS))
    shoal = [_Koi(scene, COATS[coats[k % len(COATS)]], scene.random.uniform(0.30, 0.52)) for k in range(6)]
    pads = _Pads(scene)
    seconds = scene.frames / scene.fps
    count = int(seconds * 1.1) + 2
    rings = np.column_stack(
        [scene.random.uniform(0, scene.width_px, count), scene.random.uniform(0, scene.height_px, count),
         scene.random.uniform(-1, seconds, count)]
    ).astype(np.float32)  # fmt: skip
    coarse = np.zeros((scene.height_px // 2 + 2, scene.width_px // 2 + 2, 2), dtype=np.float32)
    darkroom, light, brush = Darkroom(scene, vignette=0.45), scene.dark(), Brush()
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        _water(light, base, coarse, tile, t)
        for koi in shoal:
            koi.paint_over(brush, t)
        brush.cover(light)
        _glaze(light, rings, t)
        pads.float_over(brush, t)
        brush.cover(light)
        yield darkroom.develop(light)


class _Pads:
    """Lily pads in two corners, and a flower."""

    def __init__(self, scene: Scene) -> None:
        random = scene.random
        self._scene = scene
        corner = random.choice([-1, 1])
        self._pads = []
        for k in range(7):
            side = corner if k < 5 else -corner
            x = 0.5 + side * random.uniform(0.26, 0.52)
            y = random.uniform(0.02, 0.26) if k < 5 else random.uniform(0.82, 1.0)
            self._pads.append((x, y, random.uniform(0.07, 0.14), random.uniform(0, 6), random.uniform(-0.05, 0.05)))
        self._drawn = [_leaf(size * scene.unit_px, turn, tint) for _, _, size, turn, tint in self._pads]
        leaf, flower = self._drawn[1], _flower(self._pads[1][2] * scene.unit_px, self._pads[1][3])
        self._drawn[1] = np.concatenate([leaf[0], flower[0]]), np.concatenate([leaf[1], flower[1]])

    def float_over(self, brush: Brush, t: float) -> None:
        unit = self._scene.unit_px
        for (x, y, size, turn, _), (ends, inks) in zip(self._pads, self._drawn, strict=True):
            at_x = x * self._scene.width_px + 0.006 * unit * np.sin(0.8 * t + turn)
            at_y = y * self._scene.height_px + 0.006 * unit * np.cos(0.7 * t + turn)
            shade_x, shade_y = at_x + 0.02 * unit, at_y + 0.03 * unit
            brush.stroke(shade_x, shade_y, shade_x, shade_y, size * unit, size * unit, 0.0, 0.04, 0.06, 0.30)
            brush.rows(ends + np.array([at_x, at_y, at_x, at_y, 0, 0]), inks)


def _leaf(size_px: float, turn: float, tint: float) -> tuple[np.ndarray, np.ndarray]:
    """Ribs about the origin with a notch between the first and the last: (n, 6) ends and (n, 4) inks."""
    angle = turn + np.linspace(0.22, 2 * np.pi - 0.22, 28)
    zero, half = np.zeros(28), np.full(28, 0.11 * size_px)
    ends = np.column_stack(
        [zero, zero, 0.93 * size_px * np.cos(angle), 0.93 * size_px * np.sin(angle), zero + 0.8, half]
    )
    shade = 0.90 + 0.14 * np.cos(angle + 0.8) + 0.05 * np.cos(17 * (angle - turn))
    inks = shade[:, None] * np.array([0.24 + tint, 0.47 + tint, 0.25])
    return ends, np.column_stack([inks, np.ones(28)])


def _flower(size_px: float, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """Three rings of petals about the origin, the outer ones pinker; as `_leaf`."""
    ends, inks = [], []
    for ring, count in ((0.62, 9), (0.42, 7), (0.2, 5)):
        for k in range(count):
            angle = turn + 2 * np.pi * k / count + ring
            far_x, far_y = ring * size_px * np.cos(angle), ring * size_px * np.sin(angle)
            ends.append((0.0, 0.0, far_x, far_y, 1.0, 0.13 * size_px))
            pink = np.array([1.0, 0.97 - 0.45 * ring, 0.98 - 0.25 * ring]) * (0.95 - 0.1 * (k % 2))
            inks.append((*pink, 0.95))
    return np.array(ends), np.array(inks)
