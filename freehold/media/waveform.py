"""The shape of a clip's sound, small enough to draw in a player."""

import numpy as np

BARS = 120


def waveform(samples: bytes) -> tuple[int, ...]:
    """`samples`: one channel, signed 16 bit, little endian. Returns up to BARS loudest moments, 0 to 255, where 255 is
    the loudest of this clip; all 0 for silence; empty without samples."""
    wave = np.frombuffer(samples[: len(samples) // 2 * 2], dtype="<i2").astype(np.int32)
    if wave.size == 0:
        return ()
    edges = np.linspace(0, wave.size, min(BARS, wave.size) + 1).astype(np.int64)
    peaks = np.maximum.reduceat(np.abs(wave), edges[:-1])
    loudest = int(peaks.max())
    # Under -50 dBFS there is nothing to see.
    if loudest < 104:
        return (0,) * int(peaks.size)
    return tuple(int(peak) * 255 // loudest for peak in peaks)
