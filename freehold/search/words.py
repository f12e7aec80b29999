"""The words of a text, as they are kept and looked up: case, accents, width and marks that only decorate do not count.

A script that separates words gives its words; one that does not (Han, kana, Thai …) gives each letter and each pair of
neighbours. A picture (emoji) is a word of its own.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from freehold.domain.muting import UNSEPARATED, folded

TERM_LENGTH = 40
"""Letters of a word that count."""
TEXTS_KEPT = 2048
KATAKANA = range(0x30A1, 0x30F7)
HANGUL = range(0xAC00, 0xD7A4)
KANA_SHIFT = 0x60
ALIKE = str.maketrans(
    {"ـ": None, "ى": "ي", "ة": "ه", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "_": " "}
    | {chr(code): chr(code - KANA_SHIFT) for code in KATAKANA}
)
"""What no decomposition makes alike: the Arabic stroke that only lengthens, letters with a bar, the two kana."""


@lru_cache(TEXTS_KEPT)
def plain(text: str) -> str:
    """Words with one space between them, folded; a run of an unseparated script is one word here."""
    spaced = "".join(f" {c} " if unicodedata.category(c) == "So" else c for c in folded(text).translate(ALIKE))
    return " ".join(spaced.split())


def terms_of(text: str) -> list[str]:
    """What a text is kept under, in order and as often as it stands there."""
    return [term for word in plain(text).split() for term in _kept_under(word)]


def terms_asked(word: str) -> list[str]:
    """What a text that holds the (plain) word is kept under, all of it: pairs alone, where there are any."""
    if UNSEPARATED.fullmatch(word) and len(word) > 1:
        return _pairs(word)
    return [word[:TERM_LENGTH]]


def holds(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text, word by word; both plain."""
    if UNSEPARATED.search(phrase):
        return phrase in text
    return f" {phrase} " in f" {text} "


def tag_term(tag: str) -> str:
    """What clips with the tag are kept under."""
    return "#" + plain(tag).replace(" ", "")[:TERM_LENGTH]


def is_prefixed(word: str, letters: int = 3) -> bool:
    """Whether longer words that begin like this one are looked for too: from so many letters on, two of Hangul."""
    return len(word) >= (2 if ord(word[0]) in HANGUL else letters) and not UNSEPARATED.fullmatch(word)


def counts(terms: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for term in terms:
        found[term] = found.get(term, 0) + 1
    return found


def _kept_under(word: str) -> Sequence[str]:
    if UNSEPARATED.fullmatch(word):
        return [*word, *_pairs(word)]
    return [word[:TERM_LENGTH]]


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]
