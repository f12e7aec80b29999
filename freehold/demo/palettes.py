"""Colours, mixed in OKLab so that a gradient between two of them stays clean in the middle.

OKLab: Björn Ottosson, "A perceptual color space for image processing", 2020.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TO_CONE = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929],
     [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468],
     [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip
_FROM_LAB = np.linalg.inv(_TO_LAB)
_FROM_CONE = np.linalg.inv(_TO_CONE)


def colour(text: str) -> Floats:
    """Display values 0..1 of six hexadecimal digits."""
    return np.array([int(text[at : at + 2], 16) / 255 for at in (0, 2, 4)], dtype=np.float32)


@lru_cache(maxsize=256)
def ramp(*texts: str, size: int = 256) -> Floats:
    """(size, 3): the colours at equal distances with OKLab between them. Shared: do not write to it."""
    stops = np.stack([colour(text) for text in texts]).astype(np.float64)
    linear = np.where(stops <= 0.04045, stops / 12.92, ((stops + 0.055) / 1.055) ** 2.4)
    lab = np.cbrt(linear @ _TO_CONE.T) @ _TO_LAB.T
    at = np.linspace(0, len(texts) - 1, size)
    mixed = np.stack([np.interp(at, np.arange(len(texts)), lab[:, channel]) for channel in range(3)], axis=1)
    back = np.clip((mixed @ _FROM_LAB.T) ** 3 @ _FROM_CONE.T, 0, 1)
    shown = np.where(back <= 0.0031308, back * 12.92, 1.055 * back ** (1 / 2.4) - 0.055)
    return np.asarray(shown, dtype=np.float32)
