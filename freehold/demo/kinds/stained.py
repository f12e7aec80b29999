"""A stained glass window, with the sun going round behind it."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Bloom, Darkroom, Floats, Frame, Light, Scene, clouds, sample
from freehold.demo.compiled import compiled
from freehold.demo.palettes import ramp

PALETTES = (
    ("0a2472", "1e6fd9", "48cae4", "f4d35e", "ee964b", "c1121f", "6a040f"),
    ("14213d", "2a6f97", "61a5c2", "a9d6e5", "ffcb69", "d08c60", "7f4f24"),
    ("240046", "7b2cbf", "c77dff", "ffafcc", "ffd60a", "2a9d8f", "014f43"),
    ("132a13", "31572c", "90a955", "ecf39e", "f9844a", "d00000", "370617"),
)


@compiled
def _cells(nearest: Floats, edge: Floats, sites: Floats) -> None:
    """For each pixel its site's number, and its distance in pixels from the border with the next site."""
    height, width = edge.shape
    for y in range(height):
        for x in range(width):
            best, second, first = 1e12, 1e12, 0
            for k in range(sites.shape[0]):
                dx, dy = x - sites[k, 0], y - sites[k, 1]
                away = dx * dx + dy * dy
                if away < best:
                    second, best, first = best, away, k
                elif away < second:
                    second = away
            nearest[y, x] = first
            edge[y, x] = np.sqrt(second) - np.sqrt(best)


@compiled
def _shine(
    light: Light,
    nearest: Floats,
    edge: Floats,
    panes: Floats,
    tile: Floats,
    sun_x: float,
    sun_y: float,
    lead: float,
    t: float,
) -> None:
    height, width, _ = light.shape
    unit = min(width, height)
    for y in range(height):
        for x in range(width):
            pane = int(nearest[y, x])
            dx, dy = (x - sun_x) / unit, (y - sun_y) / unit
            out = dx * dx + dy * dy
            sun = 0.42 + 0.85 / (1.0 + 3.2 * out)
            ray = sample(tile, 40.0 * dx - 24.0 * dy + 3.0 * t, 11.0 + 1.4 * t)
            waves = sample(tile, x * 1.1 + 37.0 * panes[pane, 3], y * 1.1 + 53.0 * panes[pane, 3])
            seeds = sample(tile, x * 3.1, y * 3.1)
            power = sun * (0.72 + 0.55 * ray) * (0.74 + 0.42 * waves + 0.18 * seeds) * panes[pane, 4]
            near = edge[y, x] / lead
            inside = min(max((near - 0.85) * lead * 0.7, 0.0), 1.0)
            dusk = min(0.62 + 0.16 * edge[y, x] / lead, 1.0)
            round_lead = max(0.0, 1.0 - abs(near - 0.30) * 2.4) * (0.07 + 0.05 * waves)
            for c in range(3):
                glass = panes[pane, c] * power * dusk + 0.10 * max(power - 0.9, 0.0)
                metal = 0.018 + round_lead * (1.0 - 0.12 * c)
                light[y, x, c] = metal + (glass - metal) * inside


def draw(scene: Scene) -> Iterator[Frame]:
    hues = ramp(*PALETTES[scene.random.integers(len(PALETTES))])
    sites, tones = _plan_window(scene)
    nearest = np.zeros((scene.height_px, scene.width_px), np.float32)
    edge = np.zeros_like(nearest)
    _cells(nearest, edge, sites)
    extra = np.stack([scene.random.random(len(sites)), scene.random.uniform(0.8, 1.2, len(sites))], axis=1)
    shown = hues[np.clip(tones * 255, 0, 255).astype(np.int64)]
    panes = np.concatenate([shown, extra], axis=1).astype(np.float32)
    tile = clouds(scene.random, 256, 1.5)
    darkroom, bloom, light = Darkroom(scene, vignette=0.5), Bloom(scene, 0.42), scene.dark()
    start = float(scene.random.uniform(0, 6))
    lead = 0.012 * scene.unit_px
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        sun_x = scene.width_px * (0.5 + 0.55 * np.sin(start + 0.5 * t))
        sun_y = scene.height_px * (0.36 + 0.26 * np.cos(1.3 * start + 0.37 * t))
        _shine(light, nearest, edge, panes, tile, sun_x, sun_y, lead, start + t)
        yield darkroom.develop(bloom.over(light))


def _plan_window(scene: Scene) -> tuple[Floats, Floats]:
    """Sites in rings about a rose, and the tone 0..1 of each: neighbours in a ring take turns."""
    random, unit = scene.random, scene.unit_px
    middle = np.array([0.5 * scene.width_px, scene.height_px * (0.40 if scene.height_px > scene.width_px else 0.5)])
    sites, tones = [middle], [0.5]
    petals = int(random.choice([6, 8, 10]))
    out, ring = 0.13, 0
    while out * unit < 0.75 * np.hypot(scene.width_px, scene.height_px):
        count = petals * (1 + (ring + 1) // 2)
        tone = random.random()
        for k in range(count):
            angle = 2 * np.pi * (k + 0.5 * (ring % 2)) / count
            loose = min(0.02 * max(ring - 1, 0), 0.045) * unit
            place = middle + out * unit * np.array([np.cos(angle), np.sin(angle)]) + random.normal(0, loose + 1e-9, 2)
            sites.append(place)
            tones.append((tone + 0.33 * (k % 2) + random.normal(0, 0.07)) % 1.0)
        out += 0.135 if ring < 3 else 0.16
        ring += 1
    return np.array(sites, np.float32), np.array(tones, np.float32)
