"""Which renditions are made from a probe. Pure."""

from dataclasses import dataclass
from fractions import Fraction

from freehold.media.probe import Probe

_RUNGS_PX = (1_080, 720, 360)
# A rung is left out when the one above is less than this many times its size: it would save nobody anything.
_LEAST_STEP = Fraction(4, 3)
# Longer than any phone's screen is wide; bounds a panorama's long side to this many times its short side's rung.
_LONGEST_SHAPE = Fraction(12, 5)
_MAX_FPS = 60
_LOWEST_MAX_FPS = 31
_SMALLEST_PX = 2


@dataclass(frozen=True, slots=True)
class RenditionSpec:
    """One encoding to make. `fps` is a fraction as text; key frames stand every two seconds in every rendition, at
    the same times, so that a player may change between them there."""

    name: str
    width_px: int
    height_px: int
    fps: str
    key_interval_frames: int
    crf: int
    max_rate_bps: int
    preset: str


def ladder(probe: Probe) -> tuple[RenditionSpec, ...]:
    """Up to three renditions, the lowest first, never larger than the source."""
    shape = Fraction(max(probe.width_px, probe.height_px), min(probe.width_px, probe.height_px))
    short_px = min(probe.width_px, probe.height_px)
    if shape > _LONGEST_SHAPE:
        short_px = min(short_px, int(_RUNGS_PX[0] * _LONGEST_SHAPE / shape))
    shorts = [min(short_px, _RUNGS_PX[0])]
    for rung in _RUNGS_PX:
        if shorts[-1] >= rung * _LEAST_STEP:
            shorts.append(rung)
    shorts.reverse()
    return tuple(_spec(probe, short, is_lowest=short == shorts[0]) for short in shorts)


def _spec(probe: Probe, short_px: int, is_lowest: bool) -> RenditionSpec:
    scale = Fraction(short_px, min(probe.width_px, probe.height_px))
    width_px, height_px = (_even(side * scale) for side in (probe.width_px, probe.height_px))
    rate = output_rate(probe.rate, is_lowest)
    return RenditionSpec(
        name=f"r{short_px}",
        width_px=width_px,
        height_px=height_px,
        fps=str(rate),
        key_interval_frames=max(1, round(2 * rate)),
        crf=24 if is_lowest else 23,
        max_rate_bps=_max_rate_bps(width_px * height_px, rate),
        preset="veryfast",
    )


def output_rate(rate: Fraction, is_lowest: bool) -> Fraction:
    """At most 60 frames a second, and the lowest rendition at most 31, each by dropping every nth frame so that the
    frames of one rendition are frames of the others."""
    while rate > _MAX_FPS:
        rate /= 2
    return rate / 2 if is_lowest and rate > _LOWEST_MAX_FPS else rate


def _max_rate_bps(pixels: int, rate: Fraction) -> int:
    """About 0.75 Mbit/s at 360p30, 2.4 at 720p30 and 4.8 at 1080p30, to the power 0.85 of the pixels between;
    half as much again at 60."""
    motion = 1.0 if rate <= 31 else 1.5
    share = float(pow(pixels / (1_920 * 1_080), 0.85))
    return max(150_000, round(4_800_000 * share * motion / 50_000) * 50_000)


def _even(side: Fraction) -> int:
    return max(_SMALLEST_PX, int(side) // 2 * 2)
