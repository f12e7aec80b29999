"""Make a demo clip: draw its kind, lay its sound under it, encode an upload as a phone would."""

import os
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from freehold.demo.canvas import Frame, Scene
from freehold.demo.comments import COMMENTERS, comments_for
from freehold.demo.creators import CREATORS, DemoCreator, avatar_png, png
from freehold.demo.kinds import KIND, KINDS, Kind
from freehold.demo.plan import TAGS, DemoClip, plan
from freehold.demo.posts import DemoPicture
from freehold.demo.sound import RATE_HZ, SOUNDS, Sound, soundtrack

__all__ = [
    "COMMENTERS", "CREATORS", "KINDS", "SOUNDS", "TAGS", "DemoClip", "DemoCreator", "Kind", "Sound",
    "avatar_png", "comments_for", "plan", "render", "still_png",
]  # fmt: skip

FPS = 24
SIDE_STEP_PX = 4
"""Drawn sides are multiples of this: `Bloom` works on quarters."""
STILL_PX = (720, 900)
STILL_FRAME = 24
"""By then what grows has begun to."""


def frames(clip: DemoClip) -> Iterator[Frame]:
    """The pictures as drawn, before they are scaled to the clip's size."""
    kind = KIND[clip.kind]
    width_px, height_px = drawn_size_px(clip)
    scene = Scene(width_px, height_px, FPS, round(clip.duration_s * FPS), np.random.default_rng(clip.seed))
    return kind.draw(scene)


def drawn_size_px(clip: DemoClip) -> tuple[int, int]:
    detail = KIND[clip.kind].detail
    width_px, height_px = (
        round(side * detail / SIDE_STEP_PX) * SIDE_STEP_PX for side in (clip.width_px, clip.height_px)
    )
    return width_px, height_px


def still_png(picture: DemoPicture) -> bytes:
    """A picture of a photo post: its kind as it is after a second, as PNG."""
    scene = Scene(*STILL_PX, FPS, 10 * FPS, np.random.default_rng(picture.seed))
    return png(next(islice(KIND[picture.kind].draw(scene), STILL_FRAME, None)))


def render(clip: DemoClip, out: Path) -> None:
    """Write the clip as MP4 to `out`, which is either absent or whole. Keeps to one core.

    Raises `subprocess.CalledProcessError` with the encoder's own words where the encoder fails.
    """
    part = out.with_name(f".{out.name}.{os.getpid()}.part.mp4")
    sound = part.with_suffix(".pcm")
    try:
        sound.write_bytes((soundtrack(clip.sound, clip.duration_s) * 32767).astype("<i2").tobytes())
        _encode(clip, sound, part)
        part.replace(out)
    finally:
        sound.unlink(missing_ok=True)
        part.unlink(missing_ok=True)


def _encode(clip: DemoClip, sound: Path, out: Path) -> None:
    argv = _argv(clip, sound, out)
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None and encoder.stderr is not None
        try:
            for frame in frames(clip):
                encoder.stdin.write(frame.data)
            encoder.stdin.close()
        except BrokenPipeError:
            pass
        words = encoder.stderr.read()
    if encoder.returncode:
        raise subprocess.CalledProcessError(encoder.returncode, argv, stderr=words)


def _argv(clip: DemoClip, sound: Path, out: Path) -> list[str]:
    width_px, height_px = drawn_size_px(clip)
    return [
        imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width_px}x{height_px}", "-r", str(FPS), "-i", "pipe:0",
        "-f", "s16le", "-ar", str(RATE_HZ), "-ac", "2", "-i", str(sound),
        "-filter_threads", "1", "-vf", f"scale={clip.width_px}:{clip.height_px}:flags=bicubic,format=yuv420p",
        "-c:v", "libx264", "-preset", "ultrafast", "-crf", "21", "-g", "48", "-threads", "1",
        "-c:a", "aac", "-aac_coder", "fast", "-b:a", "128k",
        "-movflags", "+faststart", "-f", "mp4", str(out),
    ]  # fmt: skip
