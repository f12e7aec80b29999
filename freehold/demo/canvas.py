"""Light on a grid: the drawing that all kinds share.

A picture is float32 (height, width, 3) in display values: 0 is black, 1 is white, more than 1 is bright light that
`Darkroom.develop` rolls off as film does. Additive drawing adds light; covering drawing replaces it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from freehold.demo.compiled import compiled

Light = NDArray[np.float32]
Frame = NDArray[np.uint8]
Floats = NDArray[np.float32]

GRAIN_MARGIN_PX = 64


@dataclass(frozen=True, slots=True)
class Scene:
    """What a kind is asked to draw: so many frames of this size, with this randomness."""

    width_px: int
    height_px: int
    fps: int
    frames: int
    random: np.random.Generator

    def seconds(self, frame: int) -> float:
        return frame / self.fps

    @property
    def unit_px(self) -> float:
        """The shorter side: what sizes are measured in, so that a picture is the same at every resolution."""
        return float(min(self.width_px, self.height_px))

    def dark(self) -> Light:
        return np.zeros((self.height_px, self.width_px, 3), dtype=np.float32)


def clouds(random: np.random.Generator, size: int = 256, slope: float = 1.7) -> Floats:
    """A periodic (size, size) field about 0.5, nearly all in 0..1, of power-law noise: higher slopes are smoother.

    `size` is a power of two, which `sample` relies on.
    """
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(random.standard_normal((size, size))) / frequency**slope
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, s=(size, size))
    return np.asarray(0.5 + 0.19 * field / field.std(), dtype=np.float32)


@compiled
def sample(tile: Floats, x: float, y: float) -> float:
    """The periodic tile at (x, y) in its own pixels, bilinear."""
    mask = tile.shape[0] - 1
    floor_x = np.floor(x)
    floor_y = np.floor(y)
    part_x = x - floor_x
    part_y = y - floor_y
    left = int(floor_x) & mask
    top = int(floor_y) & mask
    right = (left + 1) & mask
    bottom = (top + 1) & mask
    upper = tile[top, left] + (tile[top, right] - tile[top, left]) * part_x
    lower = tile[bottom, left] + (tile[bottom, right] - tile[bottom, left]) * part_x
    return float(upper + (lower - upper) * part_y)


def backdrop(scene: Scene, ramp: Floats) -> Light:
    """The ramp laid from the top of the picture to its bottom."""
    rows = np.linspace(0, len(ramp) - 1, scene.height_px)
    below = rows.astype(np.int64)
    above = np.minimum(below + 1, len(ramp) - 1)
    part = (rows - below)[:, None].astype(np.float32)
    column = ramp[below] * (1 - part) + ramp[above] * part
    return np.repeat(column[:, None, :], scene.width_px, axis=1).astype(np.float32)


@compiled
def paint(light: Light, field: Floats, ramp: Floats) -> None:
    """Colour a field of 0..1 by a ramp; values outside take its ends."""
    height, width = field.shape
    last = ramp.shape[0] - 1
    for y in range(height):
        for x in range(width):
            at = min(max(field[y, x], 0.0), 0.9999) * last
            below = int(at)
            part = at - below
            for c in range(3):
                light[y, x, c] = ramp[below, c] + (ramp[below + 1, c] - ramp[below, c]) * part


@compiled
def glow_dot(light: Light, x: float, y: float, radius: float, r: float, g: float, b: float) -> None:
    """Add a soft round light whose brightness falls to nothing at `radius` pixels."""
    height, width, _ = light.shape
    x_from = max(int(np.floor(x - radius)), 0)
    x_to = min(int(np.ceil(x + radius)) + 1, width)
    y_from = max(int(np.floor(y - radius)), 0)
    y_to = min(int(np.ceil(y + radius)) + 1, height)
    inverse = 1.0 / (radius * radius)
    for j in range(y_from, y_to):
        for i in range(x_from, x_to):
            rest = 1.0 - ((i - x) * (i - x) + (j - y) * (j - y)) * inverse
            if rest > 0.0:
                rest *= rest
                light[j, i, 0] += r * rest
                light[j, i, 1] += g * rest
                light[j, i, 2] += b * rest


@compiled
def glow_dots(light: Light, xs: Floats, ys: Floats, radii: Floats, colours: Floats) -> None:
    for k in range(xs.shape[0]):
        glow_dot(light, xs[k], ys[k], radii[k], colours[k, 0], colours[k, 1], colours[k, 2])


@compiled
def specks(light: Light, xs: Floats, ys: Floats, colours: Floats) -> None:
    """Add one pixel's worth of light at each place, shared among the four nearest pixels."""
    height, width, _ = light.shape
    for k in range(xs.shape[0]):
        left = int(np.floor(xs[k]))
        top = int(np.floor(ys[k]))
        if left < 0 or top < 0 or left >= width - 1 or top >= height - 1:
            continue
        part_x = xs[k] - left
        part_y = ys[k] - top
        for c in range(3):
            value = colours[k, c]
            light[top, left, c] += value * (1 - part_x) * (1 - part_y)
            light[top, left + 1, c] += value * part_x * (1 - part_y)
            light[top + 1, left, c] += value * (1 - part_x) * part_y
            light[top + 1, left + 1, c] += value * part_x * part_y


@compiled
def stroke(
    light: Light,
    x0: float, y0: float, x1: float, y1: float,
    half0: float, half1: float,
    r: float, g: float, b: float, alpha: float,
) -> None:  # fmt: skip
    """Cover a tapered round-ended line whose half widths are `half0` and `half1` pixels, smoothed at the edge."""
    height, width, _ = light.shape
    reach = max(half0, half1) + 1.0
    x_from = max(int(np.floor(min(x0, x1) - reach)), 0)
    x_to = min(int(np.ceil(max(x0, x1) + reach)) + 1, width)
    y_from = max(int(np.floor(min(y0, y1) - reach)), 0)
    y_to = min(int(np.ceil(max(y0, y1) + reach)) + 1, height)
    dx = x1 - x0
    dy = y1 - y0
    inverse = 1.0 / (dx * dx + dy * dy + 1e-9)
    for j in range(y_from, y_to):
        for i in range(x_from, x_to):
            along = min(max(((i - x0) * dx + (j - y0) * dy) * inverse, 0.0), 1.0)
            off_x = i - x0 - dx * along
            off_y = j - y0 - dy * along
            inside = half0 + (half1 - half0) * along - np.sqrt(off_x * off_x + off_y * off_y) + 0.5
            if inside > 0.0:
                cover = min(inside, 1.0) * alpha
                light[j, i, 0] += (r - light[j, i, 0]) * cover
                light[j, i, 1] += (g - light[j, i, 1]) * cover
                light[j, i, 2] += (b - light[j, i, 2]) * cover


def line(
    light: Light, x0: float, y0: float, x1: float, y1: float, half0: float, half1: float, ink: Floats, alpha: float
) -> None:
    """`stroke` with its colour in one."""
    stroke(light, x0, y0, x1, y1, half0, half1, ink[0], ink[1], ink[2], alpha)


@compiled
def strokes(light: Light, lines: Floats, colours: Floats) -> None:
    """`lines` is (n, 6): x0, y0, x1, y1, half0, half1; `colours` is (n, 4): red, green, blue, alpha."""
    for k in range(lines.shape[0]):
        a = lines[k]
        c = colours[k]
        stroke(light, a[0], a[1], a[2], a[3], a[4], a[5], c[0], c[1], c[2], c[3])


class Brush:
    """Gathers strokes in order and lays them at once: a call of `stroke` for each costs more than the stroke."""

    def __init__(self) -> None:
        self._rows: list[NDArray[np.float64]] = []

    def stroke(self, *row: float) -> None:
        """The same numbers as `stroke`, less the picture."""
        self._rows.append(np.array([row]))

    def rows(self, ends: NDArray[np.float64], inks: NDArray[np.float64]) -> None:
        """(n, 6) and (n, 4) as `strokes` takes them; a single ink serves all."""
        self._rows.append(np.concatenate([ends, np.broadcast_to(inks, (len(ends), 4))], axis=1))

    def cover(self, light: Light) -> None:
        rows = np.concatenate(self._rows).astype(np.float32)
        strokes(light, rows[:, :6], rows[:, 6:])
        self._rows.clear()


@compiled
def fade(light: Light, keep: float) -> None:
    height, width, _ = light.shape
    kept = np.float32(keep)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                light[y, x, c] *= kept


@compiled
def bloom(light: Light, small: Light, scratch: Light, amount: float) -> None:
    """Add a wide blur of the light to itself. `small` and `scratch` are a quarter of its size a side."""
    height, width, _ = small.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                total = np.float32(0)
                for j in range(4):
                    for i in range(4):
                        total += light[4 * y + j, 4 * x + i, c]
                small[y, x, c] = total * np.float32(1 / 16)
    for _ in range(2):
        for y in range(height):
            for x in range(width):
                for c in range(3):
                    total = np.float32(0)
                    for i in range(-3, 4):
                        total += small[y, min(max(x + i, 0), width - 1), c] * np.float32(4 - abs(i))
                    scratch[y, x, c] = total * np.float32(1 / 16)
        for y in range(height):
            for x in range(width):
                for c in range(3):
                    total = np.float32(0)
                    for i in range(-3, 4):
                        total += scratch[min(max(y + i, 0), height - 1), x, c] * np.float32(4 - abs(i))
                    small[y, x, c] = total * np.float32(1 / 16)
    for y in range(light.shape[0]):
        row = min(max((y - 1.5) * 0.25, 0.0), height - 1.001)
        top = int(row)
        part_y = np.float32(row - top)
        for x in range(light.shape[1]):
            column = min(max((x - 1.5) * 0.25, 0.0), width - 1.001)
            left = int(column)
            part_x = np.float32(column - left)
            for c in range(3):
                upper = small[top, left, c] + (small[top, left + 1, c] - small[top, left, c]) * part_x
                lower = small[top + 1, left, c] + (small[top + 1, left + 1, c] - small[top + 1, left, c]) * part_x
                light[y, x, c] += (upper + (lower - upper) * part_y) * np.float32(amount)


class Bloom:
    """`bloom` with its buffers; the picture is left as it was and a brighter copy comes back."""

    def __init__(self, scene: Scene, amount: float) -> None:
        self._amount = amount
        self._small = np.zeros((scene.height_px // 4, scene.width_px // 4, 3), dtype=np.float32)
        self._scratch = np.zeros_like(self._small)

    def over(self, light: Light) -> Light:
        lit = light.copy()
        bloom(lit, self._small, self._scratch, self._amount)
        return lit


@compiled
def _develop(light: Floats, vignette: Floats, grain: Floats, row: int, column: int, out: Frame) -> None:
    height, width = light.shape
    knee = np.float32(0.84)
    room = np.float32(1 / 0.16)
    one = np.float32(1)
    for y in range(height):
        for x in range(width):
            value = max(light[y, x] * vignette[y, x], np.float32(0))
            over = max(value - knee, np.float32(0))
            value = min(value, knee) + over / (one + over * room)
            out[y, x] = np.uint8(
                min(max(value * np.float32(255) + grain[y + row, x + column], np.float32(0)), np.float32(255))
            )


class Darkroom:
    """The last step of every picture: vignette, a film's shoulder, a breath of grain, 8 bits."""

    def __init__(self, scene: Scene, vignette: float = 0.35, grain: float = 1.6) -> None:
        y = np.linspace(-1, 1, scene.height_px)[:, None]
        x = np.linspace(-1, 1, scene.width_px)[None, :]
        fall = 1.0 - vignette * np.clip((x * x * 0.8 + y * y * 0.8) / 1.6, 0, 1) ** 1.5
        self._vignette = np.repeat(fall, 3, axis=1).astype(np.float32)
        mono = scene.random.normal(0.5, grain, (scene.height_px + GRAIN_MARGIN_PX, scene.width_px + GRAIN_MARGIN_PX))
        self._grain = np.repeat(mono, 3, axis=1).astype(np.float32)
        self._random = scene.random

    def develop(self, light: Light) -> Frame:
        height, width, _ = light.shape
        out = np.empty((height, width, 3), dtype=np.uint8)
        row, column = self._random.integers(0, GRAIN_MARGIN_PX, 2)
        flat = light.reshape(height, width * 3)
        _develop(flat, self._vignette, self._grain, int(row), 3 * int(column), out.reshape(height, width * 3))
        return out
