"""The demo's sounds: short loops played by instruments of our own, each reused under several clips.

A loop's tails and echo wrap round to its beginning, so it repeats without a seam under a clip of any length.
Waves are float32 at 48 kHz; a note's pitch is a MIDI number (69 is A4, 440 Hz).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from freehold.demo.compiled import compiled

Wave = NDArray[np.float32]

RATE_HZ = 48_000
LOUDNESS_RMS = 0.13
PEAK = 0.89


class Tape:
    """A stereo loop of fixed length; whatever is laid past its end continues at its start."""

    def __init__(self, seconds: float, random: np.random.Generator) -> None:
        self.random = random
        self.seconds = seconds
        self.samples = int(seconds * 10) * RATE_HZ // 10
        self.dry = np.zeros((self.samples, 2), dtype=np.float32)

    def lay(self, at_s: float, wave: Wave, gain: float, pan: float = 0.0) -> None:
        """`pan` is -1 for left to 1 for right, of constant power."""
        angle = (pan + 1) * np.pi / 4
        stereo = wave[:, None] * np.array([gain * np.cos(angle), gain * np.sin(angle)], dtype=np.float32)
        start, laid = int(at_s * RATE_HZ) % self.samples, 0
        while laid < len(stereo):
            piece = stereo[laid : laid + self.samples - start]
            self.dry[start : start + len(piece)] += piece
            laid, start = laid + len(piece), 0

    def echo(self, amount: float, seconds: float, dark_hz: float = 4500.0) -> None:
        """A hall: noise that dies by 60 dB in `seconds`, convolved round the loop."""
        length = min(int(seconds * RATE_HZ), self.samples)
        t = np.arange(length, dtype=np.float32) / RATE_HZ
        hall = self.random.standard_normal((length, 2)).astype(np.float32)
        hall *= (np.exp(-6.9 * t / seconds) * np.minimum(t / 0.012, 1.0))[:, None]
        hall /= np.sqrt((hall**2).sum(axis=0))
        response = np.fft.rfft(hall, n=self.samples, axis=0)
        response /= (1.0 + (np.fft.rfftfreq(self.samples, 1 / RATE_HZ) / dark_hz) ** 2)[:, None]
        wet = np.fft.irfft(np.fft.rfft(self.dry, axis=0) * response, n=self.samples, axis=0)
        self.dry += amount * wet.astype(np.float32)

    def breath(self, low_hz: float, high_hz: float, gain: float, swell: Wave | float = 1.0) -> None:
        """Noise between two frequencies, with `swell` over the loop as its loudness."""
        frequency = np.fft.rfftfreq(self.samples, 1 / RATE_HZ)
        shape = 1 / np.sqrt((1 + (low_hz / np.maximum(frequency, 1)) ** 4) * (1 + (frequency / high_hz) ** 4))
        for channel in range(2):
            noise = np.fft.irfft(np.fft.rfft(self.random.standard_normal(self.samples)) * shape, n=self.samples)
            self.dry[:, channel] += (gain * swell * noise / noise.std()).astype(np.float32)

    def swell(self, periods: int, depth: float, sharp: float = 1.0, turn: float = 0.0) -> Wave:
        """A slow rise and fall, `periods` times round the loop, between 1 - depth and 1."""
        around = np.linspace(0, 2 * np.pi * periods, self.samples, endpoint=False)
        return (1 - depth + depth * (0.5 + 0.5 * np.sin(around + turn)) ** sharp).astype(np.float32)


def hertz(note: float) -> float:
    return float(440.0 * 2 ** ((note - 69) / 12))


def _seconds(seconds: float) -> Wave:
    return np.asarray(np.arange(int(seconds * RATE_HZ)) / RATE_HZ, dtype=np.float32)


@lru_cache(maxsize=32)
def _table(harmonics: tuple[float, ...]) -> Wave:
    turn = np.linspace(0, 2 * np.pi, 8192, endpoint=False)
    whole = sum((level * np.sin((k + 1) * turn) for k, level in enumerate(harmonics)), np.zeros(8192))
    return np.asarray(whole, dtype=np.float32)


def _spin(table: Wave, note: float, samples: int, turn: float = 0.0) -> Wave:
    steps = (np.arange(samples) * (hertz(note) * len(table) / RATE_HZ) + turn * len(table)).astype(np.int64)
    return np.asarray(table[steps & (len(table) - 1)], dtype=np.float32)


def pad(note: float, seconds: float, harmonics: tuple[float, ...] = (1, 0.4, 0.22, 0.12, 0.06)) -> Wave:
    """Three slightly apart voices that come in and go out slowly."""
    t = _seconds(seconds)
    voices = sum(
        (_spin(_table(harmonics), note + apart, len(t), apart * 5) for apart in (-0.06, 0.0, 0.07)), np.zeros(1)
    )
    shape = np.minimum(t / (0.3 * seconds), 1.0) * np.minimum((seconds - t) / (0.35 * seconds), 1.0)
    return np.asarray(voices * shape**1.5 * 0.33, dtype=np.float32)


@compiled
def _string(line: Wave, out: Wave, keep: float) -> None:
    at = 0
    count = line.shape[0]
    for k in range(out.shape[0]):
        after = at + 1 if at + 1 < count else 0
        value = line[at]
        out[k] = value
        line[at] = np.float32(keep * 0.5) * (value + line[after])
        at = after


def pluck(note: float, seconds: float, random: np.random.Generator, soft: int = 3, keep: float = 0.996) -> Wave:
    """A plucked string (Karplus and Strong, 1983); `soft` smooths the finger's noise."""
    count = max(int(RATE_HZ / hertz(note)), 4)
    line = random.uniform(-1, 1, count)
    for _ in range(soft):
        line = 0.5 * (line + np.roll(line, 1))
    line = (line / np.abs(line).max()).astype(np.float32)
    out = np.empty(int(seconds * RATE_HZ), dtype=np.float32)
    _string(line, out, keep)
    t = _seconds(seconds)
    return np.asarray(out * np.minimum((seconds - t) / 0.05, 1.0), dtype=np.float32)


def bell(note: float, seconds: float, ratio: float = 3.5, index: float = 2.0) -> Wave:
    """Frequency modulation (Chowning, 1973): an inharmonic ratio rings, a whole one sings."""
    t = _seconds(seconds)
    turn = 2 * np.pi * hertz(note) * t.astype(np.float64)
    shape = np.exp(-4.5 * t / seconds) * np.minimum(t / 0.002, 1.0)
    return np.asarray(np.sin(turn + index * np.exp(-7 * t / seconds) * np.sin(ratio * turn)) * shape, dtype=np.float32)


def keys(note: float, seconds: float) -> Wave:
    """An electric piano: a round body and a short glassy strike."""
    return bell(note, seconds, 1.0, 0.9) * np.float32(0.8) + np.pad(
        bell(note + 24, 0.25, 2.0, 0.5) * np.float32(0.12), (0, int(seconds * RATE_HZ) - int(0.25 * RATE_HZ))
    )


def kalimba(note: float) -> Wave:
    body = bell(note, 1.3, 1.0, 0.15)
    body[: int(0.18 * RATE_HZ)] += np.float32(0.35) * bell(note + 31, 0.18, 1.0, 0.0)
    return body


def wood(note: float) -> Wave:
    """A marimba's bar: the second partial is two octaves up."""
    bar = bell(note, 0.8, 1.0, 0.0)
    bar[: int(0.2 * RATE_HZ)] += np.float32(0.3) * bell(note + 24, 0.2, 1.0, 0.0)
    return bar


def flute(note: float, seconds: float, random: np.random.Generator) -> Wave:
    t = _seconds(seconds)
    sway = 0.0035 * np.sin(2 * np.pi * 5.1 * t) * np.minimum(t, 1.0)
    turn = 2 * np.pi * hertz(note) * np.cumsum(1 + sway) / RATE_HZ
    air = random.standard_normal(len(t)) * 0.02
    shape = np.minimum(t / 0.09, 1.0) * np.minimum((seconds - t) / 0.15, 1.0)
    return np.asarray(
        (np.sin(turn) + 0.22 * np.sin(2 * turn) + 0.06 * np.sin(3 * turn) + air) * shape, dtype=np.float32
    )


def kick(low_hz: float = 48.0, seconds: float = 0.35) -> Wave:
    t = _seconds(seconds)
    turn = 2 * np.pi * (low_hz * t + 4.5 * (1 - np.exp(-t * 30)) * low_hz / 48)
    return np.asarray(
        np.sin(turn) * np.exp(-t * 3.4 / seconds * 2) * np.minimum((seconds - t) / 0.02, 1.0), dtype=np.float32
    )


def hiss(random: np.random.Generator, seconds: float, bright: bool = True) -> Wave:
    """A brushed cymbal, or duller, a brushed drum."""
    t = _seconds(seconds)
    noise = random.standard_normal(len(t))
    noise = np.diff(noise, prepend=0.0) if bright else np.convolve(noise, np.ones(6) / 3, "same")
    return np.asarray(noise * np.exp(-6 * t / seconds) * 0.4, dtype=np.float32)


def _chords(
    tape: Tape, chords: Sequence[Sequence[int]], gain: float, harmonics: tuple[float, ...] = (1, 0.4, 0.22, 0.1)
) -> None:
    each = tape.seconds / len(chords)
    for k, chord in enumerate(chords):
        for voice, note in enumerate(chord):
            spread = (voice / max(len(chord) - 1, 1) - 0.5) * 1.2
            tape.lay(k * each - 0.15 * each, pad(note, each * 1.45, harmonics), gain, spread)


def _melody(
    tape: Tape, scale: Sequence[int], step_s: float, density: float, play: Callable[[int], Wave], gain: float
) -> None:
    """A walk along the scale that prefers small steps and comes home, one chance for a note each `step_s`."""
    at = len(scale) // 2
    for k in range(int(tape.seconds / step_s)):
        if k % 8 and tape.random.random() > density:
            continue
        at = int(np.clip(at + tape.random.choice([-2, -1, -1, 0, 1, 1, 2, 3]), 0, len(scale) - 1))
        loud = gain * (1.0 if k % 4 == 0 else tape.random.uniform(0.55, 0.85))
        tape.lay(k * step_s + tape.random.uniform(0, 0.012), play(scale[at]), loud, tape.random.uniform(-0.6, 0.6))


def _scale(root: int, steps: Sequence[int], octaves: int) -> list[int]:
    return [root + 12 * octave + step for octave in range(octaves) for step in steps]


PENTATONIC = (0, 3, 5, 7, 10)
BRIGHT = (0, 2, 4, 7, 9)
LYDIAN = (0, 2, 4, 6, 7, 9, 11)
HIJAZ = (0, 1, 4, 5, 7, 8, 10)


def _slow_lagoon(tape: Tape) -> None:
    _chords(tape, ((50, 57, 60, 65), (48, 55, 64, 67), (46, 53, 62, 65), (48, 55, 60, 64)), 0.30)
    _melody(tape, _scale(62, PENTATONIC, 2), 0.4, 0.45, kalimba, 0.5)
    tape.echo(0.55, 2.6)


def _rain_on_tin(tape: Tape) -> None:
    tape.breath(900, 7000, 0.055, tape.swell(2, 0.35))
    for _ in range(420):
        drop = bell(tape.random.uniform(88, 112), 0.05, 2.7, 0.6)
        tape.lay(
            tape.random.uniform(0, tape.seconds), drop, 0.10 * tape.random.random() ** 2, tape.random.uniform(-1, 1)
        )
    for k, chord in enumerate(((57, 60, 64, 67), (53, 57, 60, 64), (50, 57, 60, 65), (52, 56, 59, 62))):
        for voice, note in enumerate(chord):
            tape.lay(k * tape.seconds / 4 + 0.05 * voice, keys(note, 3.8), 0.30, voice * 0.3 - 0.45)
    tape.echo(0.35, 1.8)


def _paper_lanterns(tape: Tape) -> None:
    koto = _scale(57, (0, 1, 5, 7, 8), 3)
    _melody(tape, koto, 0.3, 0.6, lambda note: pluck(note, 2.2, tape.random, 1, 0.997), 0.6)
    _chords(tape, ((45, 52), (41, 52), (45, 57), (40, 52)), 0.16)
    tape.echo(0.4, 2.2)


def _night_bus(tape: Tape) -> None:
    beat = tape.seconds / 24
    for k in range(24):
        if k % 2 == 0 or k in (7, 15, 19):
            tape.lay(k * beat, kick(), 0.85)
        if k % 4 == 2:
            tape.lay(k * beat, hiss(tape.random, 0.22, bright=False), 0.55)
        for half in (0.0, 0.56):
            tape.lay((k + half) * beat, hiss(tape.random, 0.07), 0.22, 0.4)
    for k, chord in enumerate(((48, 55, 58, 62, 67), (53, 57, 63, 67), (46, 53, 57, 62), (51, 55, 58, 65)) * 2):
        at = k * 3 * beat
        tape.lay(at, pluck(chord[0] - 12, 1.6, tape.random, 12, 0.992), 0.8)
        for voice, note in enumerate(chord[1:]):
            tape.lay(at + 0.02 * voice, keys(note, 2.2), 0.24, voice * 0.3 - 0.4)
    tape.breath(200, 5000, 0.006)
    tape.echo(0.18, 1.2)


def _tide_clock(tape: Tape) -> None:
    tape.breath(120, 1400, 0.16, tape.swell(2, 0.9, 2.0))
    tape.breath(1500, 8000, 0.045, tape.swell(2, 0.97, 4.0, -0.5))
    _chords(tape, ((43, 50, 59, 62), (40, 55, 59, 64), (48, 55, 60, 64), (50, 57, 60, 66)), 0.22)
    tape.echo(0.4, 3.0)


def _glass_garden(tape: Tape) -> None:
    scale = _scale(64, LYDIAN, 2)
    each = tape.seconds / 48
    for k in range(48):
        note = scale[(k * 3 + (k // 8) * 2) % len(scale)]
        tape.lay(k * each, bell(note, 1.8, 3.0, 1.1), 0.32 if k % 3 else 0.45, np.sin(k * 1.3) * 0.7)
    _chords(tape, ((52, 59, 66), (54, 57, 61), (49, 56, 64), (47, 54, 63)), 0.22)
    tape.echo(0.5, 2.8)


def _copper_wheels(tape: Tape) -> None:
    each = tape.seconds / 96
    pattern = (60, 67, 72, 67, 63, 70, 75, 70, 58, 65, 74, 65)
    for k in range(96):
        tape.lay(k * each, wood(pattern[(k + (k // 24) * 3) % 12]), 0.5 if k % 6 == 0 else 0.32, np.sin(k) * 0.5)
        if k % 2 == 0:
            tick = bell(98 if k % 4 else 93, 0.05, 1.41, 3.0)
            tape.lay(k * each, tick, 0.16, 0.7 if k % 4 else -0.7)
        if k % 12 == 0:
            tape.lay(k * each, kick(60, 0.25), 0.5)
    tape.echo(0.2, 1.1)


def _polar_choir(tape: Tape) -> None:
    voice = (1, 0.7, 0.25, 0.5, 0.3, 0.08)
    _chords(tape, ((45, 57, 64, 69), (41, 57, 65, 72), (48, 55, 64, 71), (43, 55, 62, 71)), 0.22, voice)
    _chords(tape, ((81, 88), (84, 89), (83, 91), (86, 91)), 0.045, (1, 0.1))
    tape.breath(2500, 9000, 0.012, tape.swell(3, 0.8))
    tape.echo(0.8, 4.0)


def _small_hours(tape: Tape) -> None:
    for k, chord in enumerate(((45, 60, 64, 71), (41, 60, 64, 69), (48, 59, 64, 67), (40, 59, 62, 67))):
        for voice, note in enumerate(chord):
            for again in range(2):
                at = k * tape.seconds / 4 + (voice + 4 * again) * tape.seconds / 32
                tape.lay(at, pluck(note, 2.8, tape.random, 7, 0.9975), 0.55, voice * 0.3 - 0.45)
    _melody(
        tape, _scale(69, (0, 2, 3, 7, 8), 1), tape.seconds / 32, 0.22, lambda n: pluck(n, 2.4, tape.random, 5), 0.45
    )
    tape.echo(0.5, 2.4, 3000)


def _arcade_moon(tape: Tape) -> None:
    square = _table((1, 0, 0.33, 0, 0.2, 0, 0.14))
    each = tape.seconds / 128
    roots = (45, 41, 48, 43)
    for k in range(128):
        root = roots[k // 32]
        note = root + 24 + (0, 7, 12, 15 if root == 45 else 16)[(k * 3) % 4]
        t = _seconds(0.16)
        tape.lay(k * each, _spin(square, note, len(t)) * np.exp(-16 * t), 0.20, np.sin(k * 0.7) * 0.6)
        if k % 8 == 0:
            tape.lay(k * each, kick(52, 0.22), 0.75)
        if k % 8 == 4:
            tape.lay(k * each, hiss(tape.random, 0.16, bright=False), 0.5)
        if k % 4 == 2:
            tape.lay(k * each, hiss(tape.random, 0.05), 0.25, 0.3)
            tape.lay(k * each, pluck(root - 12, 0.4, tape.random, 6, 0.99), 0.6)
    tape.echo(0.22, 1.4)


def _deep_bell(tape: Tape) -> None:
    for k, note in enumerate((38, 45, 41, 36)):
        tape.lay(k * tape.seconds / 4, bell(note + 24, 7.0, 1.41, 2.4), 0.6, (-0.3, 0.3)[k % 2])
        tape.lay(k * tape.seconds / 4 + 1.7, bell(note + 36, 5.0, 2.76, 1.4), 0.22, (0.5, -0.5)[k % 2])
    _chords(tape, ((38, 50), (41, 53)), 0.2, (1, 0.5, 0.2))
    tape.echo(0.7, 4.5, 2500)


def _desert_radio(tape: Tape) -> None:
    each = tape.seconds / 64
    _melody(tape, _scale(50, HIJAZ, 2), each * 2, 0.75, lambda n: pluck(n, 1.4, tape.random, 1, 0.994), 0.55)
    for k in range(64):
        if k % 8 in (0, 6):
            tape.lay(k * each, kick(75, 0.28), 0.7)
        if k % 8 in (2, 3, 5):
            tape.lay(k * each, bell(74, 0.09, 1.6, 1.5), 0.22, 0.3)
    tape.breath(200, 900, 0.05, tape.swell(1, 0.8))
    _chords(tape, ((38, 45), (38, 45)), 0.18)
    tape.echo(0.28, 1.8)


def _sparks(tape: Tape) -> None:
    _chords(tape, ((48, 55, 64, 71), (45, 57, 60, 67), (41, 57, 60, 65), (43, 55, 62, 69)), 0.24)
    for _ in range(15):
        at, side = tape.random.uniform(0, tape.seconds), tape.random.uniform(-0.7, 0.7)
        tape.lay(at, kick(38, 0.9), tape.random.uniform(0.35, 0.75), side)
        tape.lay(at, hiss(tape.random, 0.5, bright=False), 0.20, side)
        for _ in range(40):
            late = 0.5 + tape.random.exponential(0.45)
            tape.lay(at + late, hiss(tape.random, 0.012), 0.35 * tape.random.random(), side)
    tape.echo(0.55, 2.6, 3500)


def _starlings(tape: Tape) -> None:
    _chords(tape, ((50, 57, 66), (47, 54, 62), (43, 55, 62), (45, 57, 64)), 0.18)
    _melody(tape, _scale(69, BRIGHT, 1), 0.8, 0.5, lambda n: flute(n, 1.3, tape.random), 0.28)
    for _ in range(46):
        t = _seconds(0.09)
        base = tape.random.uniform(2600, 4600)
        chirp = np.sin(2 * np.pi * (base * t + tape.random.uniform(-9000, 9000) * t * t)) * np.sin(np.pi * t / 0.09)
        tape.lay(tape.random.uniform(0, tape.seconds), chirp.astype(np.float32), 0.05, tape.random.uniform(-1, 1))
    tape.breath(250, 1100, 0.035, tape.swell(2, 0.7))
    tape.echo(0.5, 2.4)


def _loom(tape: Tape) -> None:
    each = tape.seconds / 120
    for period, note, side in ((3, 55, -0.6), (4, 62, 0.6), (5, 67, -0.2), (10, 71, 0.3), (15, 76, 0.0)):
        for k in range(0, 120, period):
            shift = (0, 0, -2, 3)[k // 30]
            tape.lay(k * each, pluck(note + shift, 0.7, tape.random, 4, 0.985), 0.5, side)
    for k in range(0, 120, 10):
        tape.lay(k * each, kick(55, 0.2), 0.4)
    tape.echo(0.3, 1.5)


def _first_snow(tape: Tape) -> None:
    tape.breath(300, 2200, 0.028, tape.swell(1, 0.6))
    _melody(tape, _scale(76, (0, 2, 4, 7, 11), 2), tape.seconds / 48, 0.5, lambda n: bell(n, 1.5, 2.0, 0.5), 0.26)
    _chords(tape, ((53, 60, 64, 69), (52, 59, 64, 67), (50, 57, 65, 69), (48, 55, 64, 67)), 0.22)
    tape.echo(0.6, 3.2)


@dataclass(frozen=True, slots=True)
class Sound:
    """`by` is the handle of the creator whose sound it is."""

    id: str
    title: str
    by: str
    loop_s: float
    compose: Callable[[Tape], None]


SOUNDS: tuple[Sound, ...] = (
    Sound("slow-lagoon", "Slow Lagoon", "ines.tides", 16.0, _slow_lagoon),
    Sound("rain-on-tin", "Rain on Tin", "nightbus", 16.0, _rain_on_tin),
    Sound("paper-lanterns", "Paper Lanterns", "haru.pond", 14.4, _paper_lanterns),
    Sound("night-bus", "Night Bus, Upper Deck", "nightbus", 16.8, _night_bus),
    Sound("tide-clock", "Tide Clock", "ines.tides", 18.0, _tide_clock),
    Sound("glass-garden", "Glass Garden", "marguerite", 16.8, _glass_garden),
    Sound("copper-wheels", "Copper Wheels", "tickwright", 14.4, _copper_wheels),
    Sound("polar-choir", "Polar Choir", "sol.north", 20.0, _polar_choir),
    Sound("small-hours", "Small Hours", "ottoline", 19.2, _small_hours),
    Sound("arcade-moon", "Arcade Moon", "vektor", 17.6, _arcade_moon),
    Sound("deep-bell", "Deep Bell", "abyssal", 20.0, _deep_bell),
    Sound("desert-radio", "Desert Radio", "samir.dune", 16.0, _desert_radio),
    Sound("sparks", "Sparks over the Weir", "pyrolily", 16.0, _sparks),
    Sound("starlings", "Starlings", "field.notes", 16.0, _starlings),
    Sound("loom", "Loom", "tileworks", 15.0, _loom),
    Sound("first-snow", "First Snow", "sol.north", 16.8, _first_snow),
)

_BY_ID = {sound.id: sound for sound in SOUNDS}


@lru_cache(maxsize=len(SOUNDS))
def loop(sound_id: str) -> Wave:
    """(samples, 2): the sound once round, at an even loudness. Shared: do not write to it."""
    sound = _BY_ID[sound_id]
    tape = Tape(sound.loop_s, np.random.default_rng(crc32(sound_id.encode())))
    sound.compose(tape)
    level = tape.dry - tape.dry.mean(axis=0)
    level *= LOUDNESS_RMS / np.sqrt((level**2).mean())
    return np.asarray(PEAK * np.tanh(level / PEAK), dtype=np.float32)


def soundtrack(sound_id: str, duration_s: float) -> Wave:
    """(samples, 2) under a clip of that length, eased in and out."""
    once = loop(sound_id)
    samples = int(duration_s * RATE_HZ)
    track = np.tile(once, (samples // len(once) + 1, 1))[:samples]
    t = np.arange(samples) / RATE_HZ
    ease = np.minimum(t / 0.06, 1.0) * np.minimum((duration_s - t) / 0.5, 1.0)
    return np.asarray(track * ease[:, None], dtype=np.float32)
