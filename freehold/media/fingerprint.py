"""A perceptual hash of a clip: alike for the same picture at another size, rate or coding."""

from collections.abc import Sequence

import numpy as np

FRAMES_HASHED = 8
_LOW = 8


def perceptual_hash(frames: Sequence[bytes], side_px: int) -> str:
    """`frames`: grey pictures of side_px x side_px, one byte a pixel, evenly spaced over the clip. Returns 128 hex
    digits: for each of eight moments 64 bits, the signs of the lowest 8 x 8 cosine coefficients against their median
    (Zauner 2010, "pHash"). Compare with `distance`. Raises ValueError without frames."""
    if not frames:
        raise ValueError("no frames to hash")
    picked = [frames[(2 * n + 1) * len(frames) // (2 * FRAMES_HASHED)] for n in range(FRAMES_HASHED)]
    return "".join(f"{_frame_hash(frame, side_px):016x}" for frame in picked)


def distance(one: str, other: str) -> int:
    """How many of the 512 bits differ: under about 50 the same film, about 256 for strangers."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _frame_hash(frame: bytes, side_px: int) -> int:
    grey = np.frombuffer(frame, dtype=np.uint8).reshape(side_px, side_px).astype(np.float64)
    position = (2 * np.arange(side_px) + 1) * np.pi / (2 * side_px)
    basis = np.cos(np.arange(_LOW)[:, None] * position[None, :])
    low = np.round(basis @ grey @ basis.T, 3).ravel()
    bits = low > np.median(low[1:])
    return int("".join("1" if bit else "0" for bit in bits), 2)
