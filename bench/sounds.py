"""Whether a sound is known again, coded anew and cut, and no other is taken for it; what that costs.

    python bench/sounds.py [--media ../shared/media/valid] [--known 20000] [--seed 1]

Known are the demo's sixteen tunes, made-up speech, rooms' noise and the tracks of real files, twenty seconds of each
that has so many, among `--known` others of random prints. Each is coded anew in eight ways, cut at a random place to
4 to 15 seconds, and asked for; then as many strangers are, which are tunes, speech and noise of other seeds.
"""

import argparse
import asyncio
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from _load import machine
from numpy.typing import NDArray

from freehold.backends.database import Transaction
from freehold.backends.sqlite import SqliteDatabase
from freehold.demo.sound import LOUDNESS_RMS, RATE_HZ, SOUNDS, soundtrack
from freehold.domain.ids import AccountId, SoundId
from freehold.media.jail import ffmpeg_path
from freehold.media.recognise import recognised
from freehold.media.sound_print import Prints, indexed, is_telling, read_prints
from freehold.store import sound as sounds
from freehold.store.migrate import migrate

Wave = NDArray[np.float32]
SECONDS = 20.0
CUTS_S = (4.0, 5.0, 7.0, 10.0, 15.0)
CODINGS: dict[str, tuple[str, ...]] = {
    "AAC 128k": ("-c:a", "aac", "-b:a", "128k"),
    "AAC 64k": ("-c:a", "aac", "-b:a", "64k"),
    "AAC 32k": ("-c:a", "aac", "-b:a", "32k"),
    "Opus 48k": ("-c:a", "libopus", "-b:a", "48k"),
    "Opus 16k": ("-c:a", "libopus", "-b:a", "16k"),
    "MP3 64k": ("-c:a", "libmp3lame", "-b:a", "64k"),
    "22 kHz, mono": ("-ar", "22050", "-ac", "1", "-c:a", "aac", "-b:a", "32k"),
    "18 dB quieter": ("-af", "volume=-18dB", "-c:a", "aac", "-b:a", "96k"),
}


def tune(number: int, random: np.random.Generator) -> Wave:
    """Of the demo's, or for larger numbers one of notes drawn by chance."""
    if number < len(SOUNDS):
        return soundtrack(SOUNDS[number].id, SECONDS).mean(axis=1)
    wave = np.zeros(int(SECONDS * RATE_HZ), np.float32)
    beat_s, root = random.uniform(0.15, 0.4), random.uniform(110, 220)
    for step in range(int(SECONDS / beat_s)):
        t = np.arange(int(2 * beat_s * RATE_HZ)) / RATE_HZ
        for note in random.choice(24, 2, replace=False):
            tone = np.sin(2 * np.pi * root * 2 ** (note / 12) * t[:, None] * (1, 2, 3)) @ (1, 0.4, 0.2)
            part = wave[int(step * beat_s * RATE_HZ) :][: len(t)]
            part += (tone * np.exp(-2.5 * t / beat_s))[: len(part)].astype(np.float32)
    return wave


def speech(number: int, random: np.random.Generator) -> Wave:
    """Vowels of a voice, and hisses and pauses between."""
    wave, voice_hz, at = np.zeros(int(SECONDS * RATE_HZ), np.float32), random.uniform(90, 220), 0
    while at < len(wave):
        count = int(random.uniform(0.08, 0.28) * RATE_HZ)
        if random.random() > 0.18:
            t = np.arange(count) / RATE_HZ
            turns = np.cumsum(voice_hz * np.exp(random.normal(0, 0.12) + random.normal(0, 0.15) * t / t[-1])) / RATE_HZ
            source = turns % 1 - 0.5 if random.random() < 0.75 else random.normal(0, 0.3, count)
            spectrum, hertz = np.fft.rfft(source), np.fft.rfftfreq(count, 1 / RATE_HZ)
            mouth = np.full_like(hertz, 0.02)
            for low, high, width in ((250, 850, 80), (800, 2500, 120), (2200, 3300, 180)):
                mouth += 1 / (1 + ((hertz - random.uniform(low, high)) / width) ** 2)
            part = np.fft.irfft(spectrum * mouth, n=count) * np.minimum(1, np.minimum(t, t[::-1]) / 0.01)
            wave[at : at + count] += part[: len(wave) - at].astype(np.float32)
        at += count
    return wave


def noise(number: int, random: np.random.Generator) -> Wave:
    """A room: noise that falls with its frequency."""
    count = int(SECONDS * RATE_HZ)
    spectrum, hertz = np.fft.rfft(random.standard_normal(count)), np.fft.rfftfreq(count, 1 / RATE_HZ)
    return np.fft.irfft(spectrum / (1 + hertz / 300) ** random.uniform(0.3, 1.2), n=count).astype(np.float32)


KINDS: dict[str, tuple[Callable[[int, np.random.Generator], Wave], int]] = {
    "tune": (tune, 48), "speech": (speech, 24), "noise": (noise, 12),
}  # fmt: skip


def ffmpeg(*words: str, given: bytes = b"") -> bytes:
    command = [str(ffmpeg_path()), "-v", "error", "-y", *words]
    return subprocess.run(command, input=given, capture_output=True).stdout


def prints_of(path: Path) -> Prints:
    words = ("-vn", "-ac", "2", "-ar", "48000", "-f", "chromaprint", "-fp_format", "raw", "-")
    return read_prints(ffmpeg("-i", str(path), *words))


def write(path: Path, wave: Wave) -> Path:
    even = np.clip(wave * LOUDNESS_RMS / np.sqrt((wave**2).mean()), -1, 1)
    ffmpeg(
        "-f",
        "s16le",
        "-ar",
        str(RATE_HZ),
        "-ac",
        "1",
        "-i",
        "-",
        str(path),
        given=(even * 32_000).astype("<i2").tobytes(),
    )
    return path


def made(folder: Path, seed: int, first: int, share: float) -> dict[str, Path]:
    """By name: some of each kind, from a number on."""
    found: dict[str, Path] = {}
    for kind, (make, count) in KINDS.items():
        for number in range(first, first + round(share * count)):
            name = f"{kind} {number}"
            found[name] = write(folder / f"{name}.wav", make(number, np.random.default_rng((seed, number, len(kind)))))
    return found


class Library:
    """The known sounds in a database."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.database = database
        self.names: dict[int, str] = {}

    async def put(self, transaction: Transaction, name: str, prints: Prints) -> None:
        sound_id = SoundId(len(self.names) + 1)
        self.names[sound_id] = name
        await sounds.insert(transaction, sound_id, AccountId(1), name, None, 0)
        await sounds.set_prints(transaction, sound_id, prints.astype("<u4").tobytes(), indexed(prints))

    async def ask(self, prints: Prints) -> tuple[str | None, float]:
        """What it is taken for, and how many milliseconds that took."""
        began = time.perf_counter()
        sound_id = await self.database.transact(lambda transaction: recognised(transaction, prints, AccountId(1)))
        return self.names[sound_id] if sound_id is not None else None, (time.perf_counter() - began) * 1000


async def fill(library: Library, count: int, pool: Prints, random: np.random.Generator) -> None:
    """Others: runs of real prints in another order, so that each print is as common as it is in sounds."""
    await library.database.transact(_account)
    for _ in range(0, count, 500):
        await library.database.transact(partial(_add_some, library, 500, pool, random))


async def _add_some(
    library: Library, count: int, pool: Prints, random: np.random.Generator, transaction: Transaction
) -> None:
    for _ in range(count):
        await library.put(transaction, f"other {len(library.names)}", random.choice(pool, random.integers(40, 160)))


async def _account(transaction: Transaction) -> None:
    await transaction.execute(
        "INSERT INTO account (id, handle, role, password_hash, created_at_us) VALUES (1, 'a', 'creator', '', 0)"
    )


async def measure(asked: argparse.Namespace) -> dict[str, object]:
    random = np.random.default_rng(asked.seed)
    with tempfile.TemporaryDirectory(prefix="freehold-bench-") as place:
        folder = Path(place)
        known = made(folder, asked.seed, 0, 1.0)
        known |= {path.stem: path for path in sorted(asked.media.glob("*"))} if asked.media.is_dir() else {}
        strangers = made(folder, asked.seed, 1_000, 2.0)
        prints = {name: found for name, path in known.items() if is_telling(found := prints_of(path))}
        database = SqliteDatabase(folder / "freehold.db")
        await migrate(database)
        library = Library(database)
        await fill(library, asked.known, np.concatenate(list(prints.values())), random)
        doubles = await _learn(library, prints)
        result = await _ask(folder, library, {name: known[name] for name in prints}, strangers, doubles, random)
        await database.close()
    return {"known": len(library.names), "of them heard": len(prints), **result, "machine": machine()}


async def _learn(library: Library, prints: dict[str, Prints]) -> dict[str, str]:
    """Real files share tracks: what each is the same as, itself otherwise."""
    same: dict[str, str] = {}
    for name, track in prints.items():
        found, _ = await library.ask(track)
        same[name] = found or name
        if found is None:
            await library.database.transact(partial(library.put, name=name, prints=track))
    return same


async def _ask(
    folder: Path,
    library: Library,
    known: dict[str, Path],
    strangers: dict[str, Path],
    same: dict[str, str],
    random: np.random.Generator,
) -> dict[str, object]:
    missed: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    wrong: list[str] = []
    stranger_hits: list[str] = []
    took_ms: list[float] = []
    piece = folder / "piece.mka"
    for name, path in known.items():
        whole_s = len(prints_of(path)) * 0.1238 + 2.6
        for coding, words in CODINGS.items():
            cut_s = float(random.choice([cut for cut in CUTS_S if cut <= max(whole_s, CUTS_S[0])]))
            at_s = random.uniform(0, max(0.0, whole_s - cut_s))
            ffmpeg("-ss", f"{at_s:.4f}", "-t", f"{cut_s}", "-i", str(path), "-vn", *words, str(piece))
            found, ms = await library.ask(prints_of(piece))
            took_ms.append(ms)
            for key in (coding, f"{cut_s:g} s"):
                asked[key] += 1
                missed[key] += found is None
            if found not in (None, same[name]):
                wrong.append(f"{name}, {coding}, {cut_s:g} s = {found}")
    for name, path in strangers.items():
        found, ms = await library.ask(prints_of(path))
        took_ms.append(ms)
        if found is not None:
            stranger_hits.append(f"{name} = {found}")
    whole = sum(asked[coding] for coding in CODINGS)
    return {
        "asked": whole,
        "missed": sum(missed[coding] for coding in CODINGS),
        "wrong": wrong,
        "missed_by": {key: f"{missed[key]} of {count}" for key, count in asked.items()},
        "strangers": len(strangers),
        "strangers_taken": stranger_hits,
        "ms_p50": round(float(np.percentile(took_ms, 50)), 1),
        "ms_p99": round(float(np.percentile(took_ms, 99)), 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--media", type=Path, default=Path(__file__).parents[2] / "shared" / "media" / "valid")
    parser.add_argument("--known", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    print(json.dumps(asyncio.run(measure(parser.parse_args())), indent=2))
