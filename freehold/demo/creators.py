"""Who the demo's creators are and what they look like."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np

from freehold.demo.canvas import Darkroom, Scene, clouds, glow_dot, line, paint
from freehold.demo.palettes import colour, ramp

AVATAR_PX = 256


@dataclass(frozen=True, slots=True)
class DemoCreator:
    """`kinds` are what this creator makes, the favourite first; `inks` colour the avatar."""

    handle: str
    name: str
    bio: str
    kinds: tuple[str, ...]
    inks: tuple[str, str, str]


CREATORS: tuple[DemoCreator, ...] = (
    DemoCreator(
        "ines.tides",
        "Inês",
        "Tide tables, cold hands, one good flask. Coast road, most evenings.",
        ("ocean", "jellyfish", "ink"),
        ("0b3954", "087e8b", "ffb997"),
    ),
    DemoCreator(
        "sol.north", "Sól", "67° N. I wait for things in the dark.", ("aurora", "snow"), ("0b1d3a", "1dd3a0", "d7fff1")
    ),
    DemoCreator(
        "nightbus",
        "Night Bus",
        "Upper deck, front left. Rain preferred.",
        ("rain", "neon", "fireworks"),
        ("14142b", "7a5cff", "ffb347"),
    ),
    DemoCreator(
        "marguerite",
        "Marguerite V.",
        "Glazier, retired twice. Windows and what comes through them.",
        ("glass", "kaleidoscope", "garden"),
        ("3a0ca3", "e63946", "ffd166"),
    ),
    DemoCreator(
        "tickwright",
        "Tom Tickwright",
        "Repairs clocks. Late for everything.",
        ("clockwork", "truchet"),
        ("2b1d0e", "b5835a", "ffe8c2"),
    ),
    DemoCreator(
        "haru.pond",
        "春 Haru",
        "Eleven koi, one heron, ongoing negotiations.",
        ("koi", "ink", "snow"),
        ("0d3b3e", "f77f00", "fff3e6"),
    ),
    DemoCreator(
        "vektor", "VEKTOR", "curves. phosphor. no sleep", ("neon", "lava", "flow"), ("12002e", "ff2079", "00f0ff")
    ),
    DemoCreator(
        "abyssal",
        "Abyssal",
        "Aquarium night shift. They are fine, I am fine.",
        ("jellyfish", "coral", "galaxy"),
        ("01041a", "4361ee", "f0a6ca"),
    ),
    DemoCreator(
        "samir.dune",
        "Samir",
        "Walks a lot. Sand gets everywhere, including here.",
        ("dunes", "ocean", "starlings"),
        ("5f0f40", "fb8b24", "ffe8c9"),
    ),
    DemoCreator(
        "field.notes",
        "Field Notes",
        "A notebook, binoculars, sandwiches. Birds mostly.",
        ("starlings", "garden", "dunes"),
        ("344e41", "a3b18a", "fefae0"),
    ),
    DemoCreator(
        "pyrolily",
        "Lily Pyro",
        "Licensed. Both eyebrows. Summer season only.",
        ("fireworks", "galaxy", "lava"),
        ("160b2e", "ff5d73", "ffd27d"),
    ),
    DemoCreator(
        "tileworks",
        "Tileworks",
        "Two people and a kiln. Every tile is the same tile.",
        ("truchet", "kaleidoscope", "flow"),
        ("264653", "2a9d8f", "f4a261"),
    ),
    DemoCreator(
        "ottoline",
        "Ottoline",
        "Slow films for fast days.",
        ("garden", "glass", "aurora", "rain"),
        ("4a4063", "bfacc8", "fff1d0"),
    ),
    DemoCreator(
        "dr.petri",
        "Dr. Petri",
        "I grow patterns. Ask me about feed rates.",
        ("coral", "lava", "ink"),
        ("10451d", "9ef01a", "fff8e7"),
    ),
    DemoCreator(
        "mira.orbit",
        "Mira Orbit",
        "Amateur astronomer with a professional lack of sleep.",
        ("galaxy", "aurora", "clockwork"),
        ("05051a", "9b5de5", "fee440"),
    ),
    DemoCreator(
        "loomandline",
        "Loom & Line",
        "Weaver. Lines are just cloth that has not met yet.",
        ("flow", "truchet", "koi"),
        ("6d2e46", "d5b9b2", "ece2d0"),
    ),
)


def avatar_png(creator: DemoCreator) -> bytes:
    """A square PNG: clouds in the creator's inks with a ring and a moon, the same at every call."""
    random = np.random.default_rng(zlib.crc32(creator.handle.encode()))
    scene = Scene(AVATAR_PX, AVATAR_PX, 1, 1, random)
    light, tile = scene.dark(), clouds(random, AVATAR_PX, 2.1)
    paint(light, np.ascontiguousarray(1.1 * tile - 0.05), ramp(*creator.inks))
    x, y = random.uniform(0.35, 0.65, 2) * AVATAR_PX
    wide = random.uniform(0.17, 0.27) * AVATAR_PX
    pale, deep = colour(creator.inks[2]), colour(creator.inks[0])
    for turn in np.linspace(0, 2 * np.pi, 160, endpoint=False):
        reach = wide * (1.35 + 0.12 * np.sin(turn * random.integers(3, 4)))
        glow_dot(light, x + reach * np.cos(turn), y + reach * np.sin(turn), 4.5, *(0.25 * pale))
    line(light, x, y, x, y, wide, wide, pale, 0.95)
    shift = random.uniform(0.25, 0.6, 2) * wide
    line(light, x + shift[0], y - shift[1], x + shift[0], y - shift[1], 0.72 * wide, 0.72 * wide, deep, 0.85)
    return png(Darkroom(scene, vignette=0.2).develop(light))


def png(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    """The PNG file of (height, width, 3) bytes (W3C PNG, third edition: filter 0, one IDAT)."""
    height, width, _ = picture.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), picture.reshape(height, width * 3)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
