"""Captions: what is heard in a clip, in cues, read from WebVTT (https://www.w3.org/TR/webvtt1) and written as it.

A cue is plain text with a time. What WebVTT can say of its looks and place is read past: our player places cues where
nothing else is. SubRip (.srt) is read as well, since it differs by its commas alone.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from freehold.domain.errors import BadInput

CUE_LIMIT = 2_000
TRACK_LIMIT = 20
CUE_TEXT_LIMIT = 500
TIME_LIMIT_MS = 86_400_000
HEADER = re.compile(r"\ufeff?WEBVTT(?:[ \t].*)?")
_STAMP = r"(?:(\d{2,6}):)?(\d{2}):(\d{2})[.,](\d{3})"
TIMING = re.compile(rf"\s*{_STAMP}\s*-->\s*{_STAMP}(?:\s.*)?")
VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
TAG = re.compile(r"</?[a-zA-Z0-9][^>]*>")


@dataclass(frozen=True, slots=True)
class Cue:
    from_ms: int
    to_ms: int
    text: str


def read(text: str) -> tuple[Cue, ...]:
    """The cues of a WebVTT or SubRip file, in the order of time.

    `BadInput` (codes `captions-form`, with the line, and what `checked` raises).
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    is_vtt = bool(HEADER.fullmatch(lines[0]))
    if not is_vtt and not any(TIMING.fullmatch(line) for line in lines[:3]):
        raise BadInput("captions-form", "Line 1: a WebVTT file begins with WEBVTT.")
    cues: list[Cue] = []
    for number, block in _blocks(lines, 1 if is_vtt else 0):
        cue = _cue_in(number, block)
        cues += [cue] if cue else []
    return checked(cues)


def _blocks(lines: Sequence[str], start: int) -> Iterable[tuple[int, list[str]]]:
    """What stands between empty lines, with the number of its first line; a file's header is not among them."""
    number, block = start + 1, list[str]()
    for at, line in enumerate(lines[start:], start + 1):
        if line.strip():
            number = number if block else at
            block.append(line)
        elif block:
            yield number, block
            block = []
    if block:
        yield number, block


def _cue_in(number: int, block: list[str]) -> Cue | None:
    """None for a comment, a style, a region, or what belongs to the header."""
    at = next((at for at, line in enumerate(block[:2]) if "-->" in line), None)
    if at is None:
        return None
    match = TIMING.fullmatch(block[at])
    if match is None:
        raise BadInput("captions-form", f"Line {number + at}: a time is written 00:01.000 --> 00:04.000.")
    text = "\n".join(block[at + 1 :])
    return Cue(_ms(match.groups()[:4]), _ms(match.groups()[4:]), plain(text))


def _ms(parts: Sequence[str | None]) -> int:
    hours, minutes, seconds, rest = (int(part or 0) for part in parts)
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000 + rest


def plain(text: str) -> str:
    """The cue's text without marks; who speaks stands before what is said."""
    return html.unescape(TAG.sub("", VOICE.sub(r"\1: ", text))).strip()


def checked(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """In the order of time, without empty ones. `BadInput` (codes `captions-many`, `captions-time`,
    `captions-text`)."""
    kept = sorted((cue for cue in cues if cue.text.strip()), key=lambda cue: (cue.from_ms, cue.to_ms))
    if len(kept) > CUE_LIMIT:
        raise BadInput("captions-many", f"Captions have at most {CUE_LIMIT:,} cues.")
    for cue in kept:
        if not 0 <= cue.from_ms < cue.to_ms <= TIME_LIMIT_MS:
            raise BadInput("captions-time", f"A cue ends after it begins: “{cue.text[:40]}” does not.")
        if len(cue.text) > CUE_TEXT_LIMIT:
            raise BadInput("captions-text", f"A cue has at most {CUE_TEXT_LIMIT} characters: “{cue.text[:30]}…”.")
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time, and where it comes to stand."""

    from_ms: int
    to_ms: int
    at_ms: int


def moved(said: Iterable[tuple[Sequence[Cue], Stretch]]) -> list[Cue]:
    """What is said in each of the stretches, where it comes to stand; a cue that goes on past an end is cut there, and
    is one again where it goes on in the next."""
    kept: list[Cue] = []
    ends: dict[tuple[int, str], int] = {}
    for cues, one in said:
        for cue in cues:
            from_ms, to_ms = max(cue.from_ms, one.from_ms), min(cue.to_ms, one.to_ms)
            if from_ms >= to_ms:
                continue
            piece = Cue(from_ms - one.from_ms + one.at_ms, to_ms - one.from_ms + one.at_ms, cue.text)
            place = ends.pop((one.at_ms, cue.text), None) if piece.from_ms == one.at_ms else None
            if place is None:
                place = len(kept)
                kept.append(piece)
            else:
                kept[place] = replace(kept[place], to_ms=piece.to_ms)
            ends[piece.to_ms, piece.text] = place
    return kept


def write(cues: Iterable[Cue]) -> str:
    """As WebVTT."""
    blocks = [f"{_stamp(cue.from_ms)} --> {_stamp(cue.to_ms)}\n{_escaped(cue.text)}\n" for cue in cues]
    return "\n".join(["WEBVTT\n", *blocks])


def _stamp(ms: int) -> str:
    seconds, rest = divmod(ms, 1_000)
    return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def _escaped(text: str) -> str:
    """An empty line would end the cue."""
    lines = [line for line in text.split("\n") if line.strip()]
    return "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
