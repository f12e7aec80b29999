"""Clockwork: brass and steel wheels that really mesh."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene, clouds, paint
from freehold.demo.compiled import compiled
from freehold.demo.palettes import colour, ramp

CASES = (
    (("17110c", "2a1f16", "3d2c1e"), ("e0b15c", "c98b4a", "d9d4c7")),
    (("0a1418", "12242b", "1c3640"), ("d99a6c", "b8c4c8", "e8c97a")),
    (("1a0d12", "2e141d", "40202a"), ("e6c27a", "d9857a", "d5d0d8")),
)
TOOTH = 0.032
"""The pitch radius of a wheel is this times half its number of teeth, in parts of the shorter side."""


@dataclass(frozen=True, slots=True)
class Wheel:
    x_px: float
    y_px: float
    teeth: int
    radius_px: float
    metal: Floats
    turn: float
    speed: float
    spokes: int


@compiled
def _face(
    light: Light, x: float, y: float, radius: float, tooth: float, teeth: int, spokes: int, turn: float, metal: Floats
) -> None:
    height, width, _ = light.shape
    reach = radius + tooth
    hub = 0.16 * radius + 2.0
    rim = radius - 1.5 * tooth
    for j in range(max(int(y - reach) - 1, 0), min(int(y + reach) + 2, height)):
        for i in range(max(int(x - reach) - 1, 0), min(int(x + reach) + 2, width)):
            dx, dy = i - x, j - y
            out = np.sqrt(dx * dx + dy * dy)
            if out > reach + 1.0:
                continue
            around = np.arctan2(dy, dx) - turn if out > hub else 0.0
            tooth_at = around * teeth * (0.5 / np.pi)
            wave = 1.0 - 4.0 * abs(tooth_at - np.floor(tooth_at + 0.5))
            edge = radius + 0.55 * tooth * min(max(1.7 * wave, -1.0), 1.0)
            inside = min(max(edge - out + 0.5, 0.0), 1.0)
            hole = 0.0
            if spokes > 0 and hub < out < rim:
                arm_at = around * spokes * (0.5 / np.pi)
                off = abs(arm_at - np.floor(arm_at + 0.5)) * (2.0 * np.pi / spokes)
                wide = (0.30 + 0.9 * (1.0 - out / radius)) * radius * 0.33
                gap = off * out - wide * 0.5
                hole = min(max(min(min(gap, rim - out), out - hub) + 0.5, 0.0), 1.0)
            cover = inside * (1.0 - hole)
            if cover <= 0.0:
                continue
            brushed = 0.5 + 0.5 * (-0.227 * (dx * dx - dy * dy) - 0.974 * 2.0 * dx * dy) / (out * out + 1e-6)
            brushed = brushed * brushed
            groove = 0.09 * abs(out * 0.41 - np.floor(out * 0.41) - 0.5)
            bevel = max(0.0, 1.0 - (edge - out) / 3.0) * (0.35 if -dx - dy > 0 else -0.28)
            ring = 0.16 if abs(out - rim) < 1.3 or abs(out - hub) < 1.3 else 0.0
            power = 0.42 + 0.62 * brushed + groove + bevel - ring
            if out < 0.075 * radius + 1.6:
                power = 0.75 - 0.3 * (dx + dy) / (0.075 * radius + 1.6)
            for c in range(3):
                lit = metal[c] * power + 0.20 * brushed * brushed
                light[j, i, c] += (lit - light[j, i, c]) * cover


@compiled
def _shadow(light: Light, x: float, y: float, radius: float, depth: float) -> None:
    height, width, _ = light.shape
    soft = 0.14 * radius + 3.0
    for j in range(max(int(y - radius - soft), 0), min(int(y + radius + soft) + 2, height)):
        for i in range(max(int(x - radius - soft), 0), min(int(x + radius + soft) + 2, width)):
            out = np.sqrt((i - x) * (i - x) + (j - y) * (j - y))
            dark = min(max((radius + soft - out) / (2 * soft), 0.0), 1.0) * depth
            for c in range(3):
                light[j, i, c] *= 1.0 - dark


def draw(scene: Scene) -> Iterator[Frame]:
    case, metals = CASES[scene.random.integers(len(CASES))]
    ground = scene.dark()
    plate = clouds(scene.random, 256, 1.2)
    rows = np.linspace(0, 255, scene.height_px).astype(np.int64)
    field = np.tile(plate[rows][:, :1], (1, scene.width_px)) * 0.5 + 0.25
    paint(
        ground,
        np.ascontiguousarray(field + 0.3 * np.linspace(-0.5, 0.5, scene.width_px)[None, :], np.float32),
        ramp(*case),
    )
    wheels = _train(scene, tuple(colour(metal) for metal in metals))
    tooth = TOOTH * scene.unit_px
    darkroom = Darkroom(scene, vignette=0.5)
    for frame in range(scene.frames):
        tick = _ticked(scene.seconds(frame))
        light = ground.copy()
        for layer in (wheels[1::2], wheels[0::2]):
            for wheel in layer:
                _shadow(
                    light, wheel.x_px + 0.02 * scene.unit_px, wheel.y_px + 0.03 * scene.unit_px, wheel.radius_px, 0.55
                )
            for wheel in layer:
                turn = wheel.turn + wheel.speed * tick
                _face(
                    light, wheel.x_px, wheel.y_px, wheel.radius_px, tooth, wheel.teeth, wheel.spokes, turn, wheel.metal
                )
        yield darkroom.develop(light)


def _ticked(t: float) -> float:
    """Time that goes forward in four eased steps a second, as an escapement lets it."""
    whole, part = divmod(t * 4, 1.0)
    part = min(part * 1.8, 1.0)
    return float((whole + part * part * (3 - 2 * part)) / 4)


def _train(scene: Scene, metals: tuple[Floats, ...]) -> list[Wheel]:
    """Wheels that mesh with the one before: pitch circles touch, turns are opposite and in the ratio of the teeth."""
    random, unit = scene.random, scene.unit_px
    teeth = int(random.integers(22, 30))
    first = Wheel(
        0.42 * scene.width_px, 0.34 * scene.height_px, teeth, TOOTH * teeth / 2 * unit, metals[0], 0.0, 0.45, 5
    )
    wheels = [first]
    for _ in range(400):
        parent = wheels[int(random.integers(max(0, len(wheels) - 4), len(wheels)))]
        teeth = int(random.choice([9, 11, 13, 17, 21, 26, 31]))
        radius, angle = TOOTH * teeth / 2 * unit, random.uniform(0, 2 * np.pi)
        away = parent.radius_px + radius
        x, y = parent.x_px + away * np.cos(angle), parent.y_px + away * np.sin(angle)
        if not (-0.12 * unit < x < scene.width_px + 0.12 * unit and -0.12 * unit < y < scene.height_px + 0.12 * unit):
            continue
        clear = TOOTH * 1.6 * unit
        if any(np.hypot(x - o.x_px, y - o.y_px) < o.radius_px + radius + clear for o in wheels if o is not parent):
            continue
        turn = angle + np.pi - (np.pi / teeth) + (angle - parent.turn) * parent.teeth / teeth
        speed = -parent.speed * parent.teeth / teeth
        metal = metals[int(random.integers(len(metals)))]
        wheels.append(Wheel(x, y, teeth, radius, metal, turn, speed, 0 if teeth < 14 else int(random.integers(4, 7))))
        if len(wheels) > 13:
            break
    return wheels
