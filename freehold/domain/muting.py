"""Muted words: whether a clip's caption and tags hold what a viewer does not want to read of.

Both sides are folded alike: case, accents and width do not count, nor does punctuation. A word or phrase matches whole
words, but for scripts that do not separate words, where it matches wherever it stands.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

UNSEPARATED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff]+"
)
"""Thai, Lao, Burmese, Khmer, kana and Han."""
TEXTS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Muting:
    """What one viewer muted, ready to be matched."""

    tags: frozenset[str]
    words: frozenset[str]
    phrases: tuple[str, ...]
    """With a space at either end: whole words, in this order."""
    parts: tuple[str, ...]

    @classmethod
    def of(cls, entries: Iterable[str]) -> "Muting":
        """Words, phrases and #tags as `fits` takes them."""
        tags, words, phrases, parts = set(), set(), set(), set()
        for entry in entries:
            text = folded(entry)
            if entry.strip().startswith(("#", "＃")):
                tags.add(text.replace(" ", ""))
            elif UNSEPARATED.search(text) or _has_symbol(text):
                parts.add(text)
            elif " " in text:
                phrases.add(f" {text} ")
            else:
                words.add(text)
        return cls(frozenset(tags), frozenset(words), tuple(sorted(phrases)), tuple(sorted(parts)))

    def matches(self, caption: str, tags: Collection[str]) -> bool:
        if self.tags and any(folded(tag).replace(" ", "") in self.tags for tag in tags):
            return True
        text = folded(caption if not tags else f"{caption}\n{' '.join(tags)}")
        if not self.words.isdisjoint(text.split()):
            return True
        spaced = f" {text} "
        return any(phrase in spaced for phrase in self.phrases) or any(part in text for part in self.parts)


@lru_cache(TEXTS_KEPT)
def folded(text: str) -> str:
    """Lower case without accents, in words with one space between them; "" where nothing is left to match.

    Letters, digits, their marks and pictures (emoji) are left. A run of a script that does not separate words stands
    by itself.
    """
    if text.isascii():
        return " ".join(re.findall(r"\w+", text.lower()))
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = unicodedata.normalize("NFC", "".join(filter(None, map(_kept, decomposed))))
    return " ".join(UNSEPARATED.sub(r" \g<0> ", plain).split())


@lru_cache(TEXTS_KEPT)
def _kept(character: str) -> str:
    """The character, nothing for an accent, a space for what separates."""
    category = unicodedata.category(character)
    if category.startswith("M"):
        return "" if _is_accent(character) else character
    if category == "Cf":
        return ""
    return character if character.isalnum() or character == "_" or category == "So" else " "


def _is_accent(mark: str) -> bool:
    """Of Latin, Greek, Cyrillic, Hebrew and Arabic letters, and what only chooses the look of a picture; the marks of
    other scripts are letters."""
    return "\u0300" <= mark <= "\u036f" or "\u0591" <= mark <= "\u0670" or "\ufe00" <= mark <= "\ufe0f"


def _has_symbol(text: str) -> bool:
    return any(unicodedata.category(character) == "So" for character in text)
