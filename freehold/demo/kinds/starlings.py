"""A murmuration: starlings that each mind a few neighbours (Reynolds, 1987; Ballerini and others, 2008)."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Darkroom, Floats, Frame, Light, Scene, backdrop, clouds, line, sample, strokes
from freehold.demo.compiled import compiled
from freehold.demo.palettes import colour, ramp

DUSKS = (
    (("29335c", "6d5a8c", "d98c8c", "f9c784", "fde8b5"), "fff3cf"),
    (("1f4068", "4a7ba6", "a8c3c9", "f3d9b1", "ffc27a"), "fff0d0"),
    (("3b1c4a", "8c3a63", "e0685c", "f9a65a", "ffdf9e"), "ffeec2"),
)
BIRDS = 1500
WATCHED = 6


@compiled
def _fly(place: Floats, pace: Floats, mates: Floats, lures: Floats, dt: float) -> None:
    """One step for all; `place` and `pace` are (n, 3), `mates` (n, WATCHED) the numbers of those each one minds."""
    count = place.shape[0]
    for k in range(count):
        push_x, push_y, push_z = 0.0, 0.0, 0.0
        for m in range(mates.shape[1]):
            other = int(mates[k, m])
            dx, dy, dz = place[other, 0] - place[k, 0], place[other, 1] - place[k, 1], place[other, 2] - place[k, 2]
            away = np.sqrt(dx * dx + dy * dy + dz * dz) + 1e-6
            pull = (away - 0.038) * 5.0 / (away + 0.03)
            push_x += dx / away * pull * 0.5 + (pace[other, 0] - pace[k, 0]) * 1.9
            push_y += dy / away * pull * 0.5 + (pace[other, 1] - pace[k, 1]) * 1.9
            push_z += dz / away * pull * 0.5 + (pace[other, 2] - pace[k, 2]) * 1.9
        lure = lures[k % lures.shape[0]]
        to_x, to_y, to_z = lure[0] - place[k, 0], lure[1] - place[k, 1], lure[2] - place[k, 2]
        pace[k, 0] += (push_x / mates.shape[1] * 2.0 + to_x * 1.5) * dt
        pace[k, 1] += (push_y / mates.shape[1] * 2.0 + to_y * 1.9) * dt
        pace[k, 2] += (push_z / mates.shape[1] * 2.0 + to_z * 1.5) * dt
        speed = np.sqrt(pace[k, 0] ** 2 + pace[k, 1] ** 2 + pace[k, 2] ** 2) + 1e-6
        want = min(max(speed, 0.30), 0.62) / speed
        for c in range(3):
            pace[k, c] *= want
            place[k, c] += pace[k, c] * dt


@compiled
def _nearest(place: Floats, mates: Floats) -> None:
    count, watched = mates.shape
    best = np.empty(watched, np.float32)
    for k in range(count):
        best[:] = 1e9
        for other in range(count):
            if other == k:
                continue
            dx, dy, dz = place[other, 0] - place[k, 0], place[other, 1] - place[k, 1], place[other, 2] - place[k, 2]
            away = dx * dx + dy * dy + dz * dz
            if away < best[watched - 1]:
                at = watched - 1
                while at > 0 and best[at - 1] > away:
                    best[at] = best[at - 1]
                    mates[k, at] = mates[k, at - 1]
                    at -= 1
                best[at] = away
                mates[k, at] = other


@compiled
def _haze(light: Light, tile: Floats, sun: Floats, sun_x: float, sun_y: float, t: float) -> None:
    height, width, _ = light.shape
    unit = min(width, height)
    for y in range(height):
        low = y / height
        for x in range(width):
            dx, dy = (x - sun_x) / unit, (y - sun_y) / unit
            out = np.sqrt(dx * dx + dy * dy)
            halo = 0.05 / (out + 0.12) + min(max((0.075 - out) * unit * 0.6, 0.0), 1.0) * 0.55
            streak = sample(tile, x / unit * 22 + t, low * low * 210.0 + 3.0)
            cloud = max(streak - 0.52, 0.0) * 1.5 * min(low * 1.6, 1.0)
            for c in range(3):
                light[y, x, c] += halo * sun[c] * 0.7 + cloud * (sun[c] - 0.35) * 0.8


def draw(scene: Scene) -> Iterator[Frame]:
    dusk, sun_text = DUSKS[scene.random.integers(len(DUSKS))]
    random, unit = scene.random, scene.unit_px
    sky = backdrop(scene, ramp(*dusk))
    sun_x = random.uniform(0.25, 0.75) * scene.width_px
    _haze(sky, clouds(random, 256, 1.7), colour(sun_text), sun_x, 0.80 * scene.height_px, 0.0)
    _lay_shore(sky, scene)
    place = random.normal(0, [0.22, 0.16, 0.2], (BIRDS, 3)).astype(np.float32)
    pace = random.normal([0.35, 0.0, 0.0], 0.12, (BIRDS, 3)).astype(np.float32)
    mates = np.zeros((BIRDS, WATCHED), np.float32)
    phase = random.uniform(0, 6, BIRDS)
    turn = random.uniform(0, 6, 3)
    ink = np.tile(np.append(colour(dusk[0]) * 0.35, 0.88), (2 * BIRDS, 1)).astype(np.float32)
    darkroom = Darkroom(scene, vignette=0.3)
    for frame in range(-60, scene.frames):
        t = scene.seconds(frame)
        if frame % 3 == 0:
            _nearest(place, mates)
        late = t + np.array([0.0, 0.55, 1.1, 1.6, 2.2])
        lures = np.stack(
            [
                0.25 * np.sin(0.9 * late + turn[0]),
                0.33 * np.sin(1.17 * late + turn[1]),
                0.3 * np.sin(0.7 * late + turn[2]),
            ],
            axis=1,
        )
        _fly(place, pace, mates, lures.astype(np.float32), 1 / scene.fps)
        if frame < 0:
            continue
        light = sky.copy()
        strokes(light, _wings(scene, place, pace, phase, t, unit), ink)
        yield darkroom.develop(light)


def _wings(scene: Scene, place: Floats, pace: Floats, phase: np.ndarray, t: float, unit: float) -> Floats:
    """Two strokes a bird: wings that beat across the way it flies, larger when near."""
    near = 1 / (1.25 - 0.55 * np.clip(place[:, 2], -0.9, 0.9))
    x = 0.5 * scene.width_px + place[:, 0] * unit * near * 1.15
    y = 0.40 * scene.height_px + place[:, 1] * unit * near * 1.35
    heading = np.arctan2(pace[:, 1], pace[:, 0])
    span = 0.0092 * unit * near
    beat = 0.55 + 0.45 * np.sin(19 * t + phase)
    lines = []
    for side in (-1, 1):
        angle = heading + side * (1.75 + 0.35 * beat)
        tip_x, tip_y = x + span * np.cos(angle), y + span * np.sin(angle) * (0.4 + 0.6 * beat)
        lines.append(np.column_stack([x, y, tip_x, tip_y, 0.0019 * unit * near, 0.0007 * unit * near]))
    return np.concatenate(lines).astype(np.float32)


def _lay_shore(light: Light, scene: Scene) -> None:
    """A low bank with reeds, and the old pier."""
    random, unit, dark = scene.random, scene.unit_px, np.array([0.07, 0.05, 0.09])
    base = 0.90 * scene.height_px
    deck = base - 0.045 * unit
    left, right = sorted(random.choice([[0.0, 0.62], [0.38, 1.0]]))
    line(light, left * scene.width_px, deck, right * scene.width_px, deck, 0.006 * unit, 0.006 * unit, dark, 1.0)
    for post in np.arange(left, right, 0.05):
        x = post * scene.width_px
        line(light, x, deck - 0.02 * unit, x, base + 0.1 * unit, 0.004 * unit, 0.004 * unit, dark, 1.0)
    light[int(base) :] *= np.array([0.30, 0.26, 0.34], dtype=np.float32)
    for _ in range(150):
        x, tall = random.uniform(0, scene.width_px), random.uniform(0.03, 0.14) * unit
        line(light, x, scene.height_px, x + random.normal(0, 0.02) * unit, scene.height_px - tall, 1.2, 0.4, dark, 1.0)
