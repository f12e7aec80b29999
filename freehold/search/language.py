"""Which language a short text is in: by its script, and among languages of one script by their commonest words.

A guess for sorting what is found; where nothing speaks for one, it is none.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from freehold.domain.muting import folded

SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", "[\u3040-\u30ff]"),
    ("ko", "[\uac00-\ud7a3\u1100-\u11ff]"),
    ("zh", "[\u3400-\u9fff]"),
    ("ar", "[\u0620-\u06ff]"),
    ("he", "[\u05d0-\u05ea]"),
    ("el", "[\u0370-\u03ff]"),
    ("th", "[\u0e01-\u0e5b]"),
    ("hi", "[\u0900-\u097f]"),
    ("bn", "[\u0980-\u09ff]"),
    ("ta", "[\u0b80-\u0bff]"),
    ("ka", "[\u10a0-\u10ff]"),
    ("hy", "[\u0530-\u058f]"),
)
"""Kana comes before Han: Japanese has both."""
_SCRIPTS = tuple((language, re.compile(letters)) for language, letters in SCRIPTS)
COMMON: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the and of to is in it you that was for on are with this my how what when from your at we have be a",
        "de": "der die das und ist ich nicht ein eine mit fur auf den von zu wie im es wir was dem auch so bei aus",
        "fr": "le la les et est des un une pour pas dans que qui sur avec je vous mon ce du en au plus nous",
        "es": "el la los las y es que en un una por para con no como mi del se lo al mas esta este yo",
        "pt": "o os as e que em um uma para com nao por mais como do da no na meu isso voce eu se ao",
        "it": "il lo gli le e di che un una per con non sono come del della mio questo piu ma si nel anche",
        "nl": "de het een en is van ik niet dat in op te zijn met voor aan er maar mijn wat ook naar we",
        "sv": "och att det som en ett ar jag inte pa med for av till den har vi om man min",
        "pl": "i w nie na to sie z jest do jak ze co moj dla od po czy ale tak jestem",
        "tr": "ve bir bu da de icin ne cok ile ben gibi daha var mi benim nasil degil",
        "id": "dan yang di ini itu untuk dengan tidak ada saya dari ke bisa akan kita aku",
        "vi": "la va cua co khong mot cho toi nay nguoi trong duoc voi cac nhung",
        "ru": "и в не на я что с это как а по он мы все у мой так из за но то",
        "uk": "і в не на я що з це як та по він ми все у мій так із за але її є",
    }.items()
}
LANGUAGES = tuple(sorted({language for language, _ in SCRIPTS} | set(COMMON)))
"""Those that there are words or letters for."""


@lru_cache(1024)
def language_of(text: str) -> str:
    """ISO 639-1, or "" where nothing tells."""
    for language, letters in _SCRIPTS:
        if len(letters.findall(text)) * 4 >= len(text.replace(" ", "")) > 0:
            return language
    words = folded(text).split()
    hits = {language: sum(word in common for word in words) for language, common in COMMON.items()}
    best = max(hits.values())
    leaders = [language for language, count in hits.items() if count == best]
    return leaders[0] if best and len(leaders) == 1 else ""
