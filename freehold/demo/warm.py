"""Compiling what draws and composes once, at installation, so that the first clip does not wait for it."""

from freehold.demo.art import KINDS, SOUNDS, DemoClip, frames
from freehold.demo.sound import soundtrack


def warm_up() -> None:
    """Draw one frame of every kind and play every sound; the compiled loops stay in numba's cache."""
    for kind in KINDS:
        clip = DemoClip(0, "", kind.name, 1, SOUNDS[0].id, "", (), 0.2, 96, 160)
        next(iter(frames(clip)))
    for sound in SOUNDS:
        soundtrack(sound.id, 0.1)
