"""Captions that the machine makes of what it hears: whether a clip is to have them, and words put into cues."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from freehold.domain.captions import CUE_LIMIT, CUE_TEXT_LIMIT, Cue
from freehold.domain.clip import Clip
from freehold.domain.ids import ClipId

CUE_WIDTH = 64
"""Two lines of a phone; a wide letter counts twice."""
CUE_MS = 5_000
PAUSE_MS = 700
"""A silence as long as this begins another cue."""
LEAST_MS = 300
ENDINGS = (".", "?", "!", "…", "。", "？", "！", "।", "؟")


class TranscriptState(StrEnum):
    OFF = "off"
    """Its author wants none."""
    DUE = "due"
    MADE = "made"
    SILENT = "silent"
    """Nobody was heard to speak."""
    UNSAID = "language-unsaid"
    """Nobody said which language is spoken, and it cannot be told."""
    UNSUPPORTED = "language-unsupported"
    OWN = "own"
    """The author's captions are there, or there is no room for more."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Transcript:
    clip_id: ClipId
    state: TranscriptState
    attempts: int


@dataclass(frozen=True, slots=True)
class Word:
    """As it was heard; `text` has the space that stands before it in its language."""

    from_ms: int
    to_ms: int
    text: str


def told_of(clip: Clip) -> str:
    """What its author said that tells the language: the language itself, else the caption that it is guessed from."""
    return clip.language or clip.caption


def cues_of(words: Iterable[Word]) -> tuple[Cue, ...]:
    """The words in cues that can be read: none is wider or longer than can be taken in, and what belongs together
    stands together."""
    return tuple(_cue(line) for line in _lines(words))[:CUE_LIMIT]


def _lines(words: Iterable[Word]) -> Iterator[list[Word]]:
    line: list[Word] = []
    for word in words:
        if line and _begins_anew(line, word):
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _begins_anew(line: Sequence[Word], word: Word) -> bool:
    said = "".join(each.text for each in line).strip()
    return (
        word.from_ms - line[-1].to_ms >= PAUSE_MS
        or word.to_ms - line[0].from_ms > CUE_MS
        or _width(said + word.text) > CUE_WIDTH
        or (said.endswith(ENDINGS) and _width(said) * 3 >= CUE_WIDTH)
    )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _cue(line: Sequence[Word]) -> Cue:
    """A single word may be longer than a cue can be: it is cut."""
    from_ms, said = max(0, line[0].from_ms), "".join(word.text for word in line).strip()
    return Cue(from_ms, max(line[-1].to_ms, from_ms + LEAST_MS), said[:CUE_TEXT_LIMIT])
