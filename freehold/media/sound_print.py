"""What a sound sounds like: alike for the same sound at another rate, loudness or coding, and for a piece of it.

A print is 32 bits for every 0.124 s, which Chromaprint makes of the 2.7 s from there on (Lalinský 2011, after Ke, Hoiem
and Sukthankar 2005): where the twelve notes of the scale grow or fade. Two tracks are laid over each other at the
places where they share prints, and are the same sound where few of all bits differ there.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Prints = NDArray[np.uint32]
"""One for every 0.124 s of a track, but for the last 2.7 s."""

LEAST = 10
"""Fewer prints than this, of 3.8 s of sound, tell too little."""
LONG = 20
SHARE_AT_LEAST = 0.5
"""So much of the newer track must be in the known one."""
DIFFERENT_BITS_SHORT, DIFFERENT_BITS_LONG = 0.14, 0.19
"""At most, of all bits, under LONG prints and from there on: `freehold bench sounds` shows both sides of it."""
DIFFERENT_BY_CHANCE = 0.45
"""At most, of the bits in which two such tracks would differ anyway: two rooms' noises are alike everywhere."""
VARIED = 0.28
"""A hum, a tone and noise are under it: their prints hardly differ from each other. Music and speech are over 0.32."""
INDEXED_EVERY = 2
ASKED = 240
OVERLAYS_TRIED = 24


def read_prints(raw: bytes) -> Prints:
    """As Chromaprint writes them: 32 bit, the lowest byte first."""
    return np.frombuffer(raw[: len(raw) // 4 * 4], "<u4").astype(np.uint32)


def is_telling(prints: Prints) -> bool:
    """Whether others can be known to be this sound."""
    return len(prints) >= LEAST and _differ_by_chance(prints, prints) >= VARIED


def _differ_by_chance(track: Prints, other: Prints) -> float:
    """The share of bits in which they would differ if each bit were set as often as it is, and at any time."""
    often, as_often = (_set_share(prints) for prints in (track, other))
    return float((often * (1 - as_often) + as_often * (1 - often)).mean())


def _set_share(prints: Prints) -> NDArray[np.float64]:
    """Of each of the 32 bits, in how many of the prints it is set."""
    bits = np.unpackbits(prints.view(np.uint8).reshape(-1, 4), axis=1)
    return np.asarray(bits.mean(axis=0, dtype=np.float64))


def indexed(prints: Prints) -> Iterator[tuple[int, int]]:
    """Print and place of those that a sound is found by: every second."""
    for place in range(0, len(prints), INDEXED_EVERY):
        yield int(prints[place]), place


def asked(prints: Prints) -> dict[int, list[int]]:
    """The prints to look for, each with its places: those of the track, at most ASKED in even runs of two, and all that
    differ from one of them by one bit."""
    pairs = np.arange(0, len(prints), 2)
    some = pairs[np.linspace(0, len(pairs) - 1, min(len(pairs), ASKED // 2)).astype(int)]
    places = sorted({int(place) for pair in some for place in (pair, pair + 1) if place < len(prints)})
    flips = np.concatenate(([0], 1 << np.arange(32))).astype(np.uint32)
    wanted: dict[int, list[int]] = {}
    for place in places:
        for near in prints[place] ^ flips:
            wanted.setdefault(int(near), []).append(place)
    return wanted


def overlays(wanted: dict[int, list[int]], found: Iterable[tuple[int, int, int]]) -> Sequence[tuple[int, int]]:
    """Sounds, each with the place in it at which the track would begin, those with most prints in common first; `found`
    has print, sound and place."""
    votes = Counter((sound, place - own) for key, sound, place in found for own in wanted[key])
    return [overlay for overlay, _ in votes.most_common(OVERLAYS_TRIED)]


def is_same(track: Prints, known: Prints, begins_at: int) -> bool:
    """Whether the track, laid over the known one from that place on (which may be before its start), is that sound."""
    start, end = max(0, -begins_at), min(len(track), len(known) - begins_at)
    count = end - start
    if count < max(LEAST, SHARE_AT_LEAST * len(track)):
        return False
    here, there = track[start:end], known[start + begins_at : end + begins_at]
    differ = float(np.bitwise_count(here ^ there).mean()) / 32
    bound = DIFFERENT_BITS_SHORT if count < LONG else DIFFERENT_BITS_LONG
    return differ <= bound and differ < DIFFERENT_BY_CHANCE * _differ_by_chance(here, there)
