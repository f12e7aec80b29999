"""Harmonographs in neon: slow Lissajous curves that leave a trail of light."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Bloom, Darkroom, Frame, Scene, fade, glow_dots
from freehold.demo.palettes import colour, ramp

PALETTES = (
    ("ff2079", "00f0ff", "7a5cff"),
    ("ff9f1c", "ff3f8e", "5f27ff"),
    ("39ff88", "00c2ff", "f6ff5e"),
    ("ffffff", "ff5d5d", "ffc46b"),
)
RATIOS = ((2, 3), (3, 4), (3, 5), (4, 5), (1, 2), (5, 6))
POINTS = 1500


def draw(scene: Scene) -> Iterator[Frame]:
    inks = PALETTES[scene.random.integers(len(PALETTES))]
    across, down = RATIOS[scene.random.integers(len(RATIOS))]
    turn = scene.random.uniform(0, 2 * np.pi, 4)
    drift = scene.random.uniform(0.12, 0.3, 4) * scene.random.choice([-1, 1], 4)
    darkroom, trail, bloom = Darkroom(scene), scene.dark(), Bloom(scene, 0.9)
    floor = ramp("05030f", "0b0720", "140a2b")[:: 256 // 8]
    ground = np.interp(np.linspace(0, 1, scene.height_px), np.linspace(0, 1, len(floor)), floor[:, 2])
    tint = ground[:, None, None].astype(np.float32) * np.array([0.5, 0.35, 1.0], dtype=np.float32)
    s = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    reach_x, reach_y = 0.40 * scene.width_px, 0.40 * scene.height_px
    radius = np.full(POINTS, max(1.6, 0.0045 * scene.unit_px), dtype=np.float32)
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        fade(trail, 0.86)
        for k, ink in enumerate(inks):
            swing = 0.92 + 0.2 * np.sin(0.5 * t + turn[k]) + 0.14 * k
            x = np.sin(across * s + turn[0] + drift[0] * t + 0.5 * k) + 0.28 * np.sin(across * 3 * s + drift[2] * 3 * t)
            y = np.sin(down * s + turn[1] + drift[1] * t + 0.3 * k) + 0.28 * np.cos(down * 2 * s + drift[3] * 2 * t)
            pulse = 0.075 + 0.14 * (0.5 + 0.5 * np.sin(s * (3 + k) - 2.4 * t)) ** 4
            glow_dots(
                trail,
                (0.5 * scene.width_px + 0.8 * swing * reach_x * x).astype(np.float32),
                (0.5 * scene.height_px + 0.8 * swing * reach_y * y).astype(np.float32),
                radius,
                (pulse[:, None] * colour(ink)[None, :]).astype(np.float32),
            )
        yield darkroom.develop(bloom.over(trail) + tint)
