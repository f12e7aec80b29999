"""A spiral galaxy that turns, seen aslant."""

from collections.abc import Iterator

import numpy as np

from freehold.demo.canvas import Bloom, Darkroom, Frame, Scene, glow_dot, glow_dots, specks
from freehold.demo.palettes import colour, ramp

PALETTES = (
    ("fff3d6", "ffb07c", "c77dff", "4d7cff"),
    ("fff8e7", "ffd27d", "ff7aa2", "5e60ce"),
    ("f1fff7", "9bf6ff", "4ea8de", "7400b8"),
)
STARS = 26_000


def draw(scene: Scene) -> Iterator[Frame]:
    random = scene.random
    hues = ramp(*PALETTES[random.integers(len(PALETTES))])
    arms = int(random.integers(2, 4))
    out = np.minimum(random.exponential(0.26, STARS), 1.25)
    arm = random.integers(0, arms, STARS) * (2 * np.pi / arms)
    spread = random.normal(0, 1, STARS) * (0.14 + 0.24 * np.exp(-3 * out))
    angle = arm + 3.6 * np.log(out + 0.08) * random.choice([-1, 1]) + spread
    lift = random.normal(0, 0.035, STARS) * np.exp(-1.5 * out)
    shown = hues[np.clip(out * 230 + random.normal(0, 22, STARS), 0, 255).astype(np.int64)]
    bright = (0.05 + 0.42 * random.random(STARS) ** 6) * (0.75 + 0.35 * np.exp(-2.5 * out))
    light_of = (1.25 * shown**2.2 * bright[:, None]).astype(np.float32)
    pink = random.random(STARS) < 0.006 * (out > 0.2)
    light_of[pink] = colour("ff4d8d") * 0.9
    darkroom, bloom = Darkroom(scene), Bloom(scene, 0.75)
    sky = _sky(scene)
    tilt0, lean = random.uniform(0.5, 0.85), random.uniform(-0.6, 0.6)
    speed = 0.5 / (0.25 + out)
    for frame in range(scene.frames):
        t = scene.seconds(frame)
        zoom = 0.86 * max(scene.unit_px, 0.72 * scene.height_px) * (1 + 0.018 * t)
        turned = angle + 0.32 * t * speed * 0.4 + 0.1 * t
        flat_x, flat_y = out * np.cos(turned), out * np.sin(turned)
        tilt = tilt0 + 0.12 * np.sin(0.25 * t)
        screen_y = flat_y * np.sin(tilt) + lift * np.cos(tilt)
        x = 0.5 * scene.width_px + zoom * (flat_x * np.cos(lean) - screen_y * np.sin(lean))
        y = 0.5 * scene.height_px + zoom * (flat_x * np.sin(lean) + screen_y * np.cos(lean))
        light = sky.copy()
        core = 0.24 * scene.unit_px
        glow_dot(light, 0.5 * scene.width_px, 0.5 * scene.height_px, 3 * core, *(0.20 * hues[90] ** 1.8))
        glow_dot(light, 0.5 * scene.width_px, 0.5 * scene.height_px, core, *(0.34 * hues[30] ** 1.5))
        specks(light, x.astype(np.float32), y.astype(np.float32), light_of)
        yield darkroom.develop(bloom.over(light))


def _sky(scene: Scene) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    sky = scene.dark() + colour("04050f")
    count = 420
    bright = scene.random.random(count) ** 4
    glow_dots(
        sky,
        scene.random.uniform(0, scene.width_px, count).astype(np.float32),
        scene.random.uniform(0, scene.height_px, count).astype(np.float32),
        (1.0 + 0.9 * bright).astype(np.float32),
        (bright[:, None] * ramp("ffd9b0", "ffffff", "b0ccff")[scene.random.integers(0, 256, count)]).astype(np.float32),
    )
    return sky
