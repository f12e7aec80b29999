"""Makes source clips whose right answer is known by construction, with the same ffmpeg that the product uses."""

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from freehold.media.jail import ffmpeg_path

Picture = npt.NDArray[np.uint8]

RED, GREEN, BLUE, WHITE = (200, 20, 20), (20, 180, 20), (20, 20, 200), (235, 235, 235)
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"edts")
FAST_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def ffmpeg(*words: str | Path) -> bytes:
    done = subprocess.run(
        [str(ffmpeg_path()), "-nostdin", "-v", "error", "-y", *map(str, words)], capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout


def colour_clip(path: Path, colour: str = "red", size: str = "64x64", seconds: float = 1.0, rate: int = 10) -> Path:
    ffmpeg("-f", "lavfi", "-i", f"color={colour}:s={size}:r={rate}:d={seconds}", *FAST_H264, path)
    return path


def melody(path: Path, seed: int, seconds: float, *words: str) -> Path:
    """A tune that nothing else sounds like, the same for a seed whatever its length. `words` go before the path."""
    random, rate = np.random.default_rng(seed), 22_050
    wave = np.zeros(int(seconds * rate), np.float32)
    for step in range(int(4 * seconds)):
        at, t = int(step * 0.25 * rate), np.arange(int(0.5 * rate)) / rate
        for note in random.choice(24, 2, replace=False):
            tone = np.sin(2 * np.pi * 220 * 2 ** (note / 12) * t[:, None] * (1, 2, 3)) @ (1, 0.4, 0.2)
            part = wave[at : at + len(t)]
            part += (tone * np.exp(-5 * t))[: len(part)].astype(np.float32)
    raw = path.with_suffix(".s16")
    raw.write_bytes((wave * 6_000).astype("<i2").tobytes())
    picture = ("-f", "lavfi", "-i", f"color=navy:s=64x64:r=5:d={seconds}")
    sound = ("-f", "s16le", "-ar", str(rate), "-ac", "1", "-i", raw)
    ffmpeg(*picture, *sound, *FAST_H264, *words, path)
    return path


def corners_clip(path: Path, width_px: int = 96, height_px: int = 64) -> Path:
    """Red top left, green top right, blue bottom left, white bottom right."""
    half = f"{width_px // 2}x{height_px // 2}"
    inputs: list[str] = []
    for colour in (RED, GREEN, BLUE, WHITE):
        inputs += ["-f", "lavfi", "-i", "color=#{:02x}{:02x}{:02x}:s={}:r=10:d=0.5".format(*colour, half)]
    graph = "[0][1]hstack[t];[2][3]hstack[b];[t][b]vstack,scale=out_color_matrix=bt709,setparams=colorspace=bt709"
    ffmpeg(*inputs, "-filter_complex", graph, *FAST_H264, "-crf", "4", path)
    return path


def frame_at(path: Path, width_px: int, height_px: int, at_s: float = 0.0) -> Picture:
    raw = ffmpeg("-ss", str(at_s), "-i", path, "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    return np.frombuffer(raw, np.uint8).reshape(height_px, width_px, 3)


def corner_colours(picture: Picture) -> list[str]:
    """Names of the colours at top left, top right, bottom left, bottom right."""
    names = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
    height, width = picture.shape[:2]
    found = []
    for y, x in ((1, 1), (1, 3), (3, 1), (3, 3)):
        pixel = picture[height * y // 4, width * x // 4].astype(int)
        found.append(min(names, key=lambda name: int(np.abs(pixel - np.array(names[name])).sum())))
    return found


def edit_boxes(data: bytes, edit: Callable[[bytes, bytes], bytes]) -> bytes:
    """The MP4 with the body of every leaf box passed through `edit(kind, body)`; sizes are mended. Offsets of media
    data stay right when `moov` lies at the end."""
    out = bytearray()
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        length = length or len(data) - at
        body = data[at + 8 : at + length]
        body = edit_boxes(body, edit) if kind in _CONTAINERS else edit(kind, body)
        out += struct.pack(">I4s", len(body) + 8, kind) + body
        at += length
    return bytes(out)


def with_matrix(source: Path, path: Path, a: int, b: int, c: int, d: int) -> Path:
    """The clip with this display matrix in its track header."""

    def edit(kind: bytes, body: bytes) -> bytes:
        if kind != b"tkhd":
            return body
        matrix = [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30]
        return body[:40] + struct.pack(">9i", *matrix) + body[76:]

    path.write_bytes(edit_boxes(source.read_bytes(), edit))
    return path
