"""What somebody asks for: words, "phrases", #tag, @account, and with a colon from, before, after, length, lang, kind.

A minus bars what follows it, save a kind that is none of clips. `docs/search.md` describes the language for people.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from freehold.domain.clip import ClipKind
from freehold.domain.errors import BadInput
from freehold.domain.finding import FoundKind
from freehold.search.language import LANGUAGES
from freehold.search.words import plain, tag_term

LENGTH_LIMIT = 300
CLIP_KINDS = tuple(kind.value for kind in ClipKind)
KINDS = (*(kind.value for kind in FoundKind), *CLIP_KINDS)
"""What `kind:` may say."""
PIECE_LIMIT = 24
ITEM = re.compile(r'(?P<minus>-?)(?:(?P<key>[A-Za-z]+):)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))|(?P<open>-?\w*:?")')
SPANS_US = {"h": 3_600_000_000, "d": 86_400_000_000, "w": 7 * 86_400_000_000, "y": 365 * 86_400_000_000}
UNITS_MS = {"": 1000, "s": 1000, "m": 60_000, "min": 60_000}


@dataclass(slots=True)
class Pieces:
    """What must be there, or must not be."""

    words: list[str] = field(default_factory=list)
    """Plain."""
    phrases: list[str] = field(default_factory=list)
    """Plain; of several words, or in an unseparated script."""
    terms: list[str] = field(default_factory=list)
    """As the index has them: `#tag`, `@handle`, `from:handle`, `lang:xx`, `kind:video`."""

    def __bool__(self) -> bool:
        return bool(self.words or self.phrases or self.terms)


@dataclass(slots=True)
class Query:
    text: str
    wanted: Pieces = field(default_factory=Pieces)
    barred: Pieces = field(default_factory=Pieces)
    kind: FoundKind | None = None
    from_us: int | None = None
    until_us: int | None = None
    """From then on; before then."""
    over_ms: int | None = None
    under_ms: int | None = None
    """Longer than; shorter than."""
    is_newest_first: bool = False
    """Not the best first."""

    @property
    def asked_kind(self) -> str | None:
        """One of KINDS."""
        of_clips = (term.removeprefix("kind:") for term in self.wanted.terms if term.startswith("kind:"))
        return next(of_clips, self.kind.value if self.kind else None)

    @property
    def is_empty(self) -> bool:
        bounds = (self.from_us, self.until_us, self.over_ms, self.under_ms)
        return not self.wanted and not self.barred and bounds == (None,) * 4


def parse(text: str, at_us: int) -> Query:
    """`BadInput` that names the place: codes `search-long`, `search-quote`, `search-kind`, `search-date`,
    `search-length`, `search-language`, `search-many`."""
    if len(text) > LENGTH_LIMIT:
        raise BadInput("search-long", f"A search has at most {LENGTH_LIMIT} characters.")
    query, count = Query(" ".join(text.split())), 0
    for item in ITEM.finditer(text):
        if item["open"]:
            raise _wrong("search-quote", item.start() + len(item["open"]), "a quotation mark that is not closed")
        _add(query, item, at_us)
        count += 1
    if count > PIECE_LIMIT:
        raise BadInput("search-many", f"A search has at most {PIECE_LIMIT} words and conditions.")
    return query


def _add(query: Query, item: re.Match[str], at_us: int) -> None:
    key, value = (item["key"] or "").lower(), item["phrase"] if item["word"] is None else item["word"]
    pieces, start = query.barred if item["minus"] else query.wanted, item.start() + 1
    if key in CONDITIONS:
        CONDITIONS[key](query, pieces, value, start, at_us)
    elif item["word"] is not None and not key and value.startswith(("#", "＃")):
        _add_tag(pieces, value)
    elif item["word"] is not None and not key and value.startswith(("@", "＠")):
        pieces.terms += [f"@{value[1:].lower()}"] if value[1:] else []
    else:
        words = f"{key} {value}" if key else value
        _add_words(pieces, words, is_phrase=item["phrase"] is not None, is_barred=pieces is query.barred)


def _add_words(pieces: Pieces, text: str, *, is_phrase: bool, is_barred: bool) -> None:
    words = plain(text).split()
    # Two words in one stretch ("rock'n'roll") belong together as they do in quotation marks.
    if len(words) > 1 or (words and is_phrase):
        pieces.phrases.append(" ".join(words))
    # A phrase that must not be there bars none of its words.
    if len(words) == 1 or not is_barred:
        pieces.words += words


def _add_tag(pieces: Pieces, text: str) -> None:
    term = tag_term(text[1:])
    pieces.terms += [term] if len(term) > 1 else []


def _from(query: Query, pieces: Pieces, value: str, place: int, at_us: int) -> None:
    pieces.terms.append("from:" + value.removeprefix("@").lower())


def _language(query: Query, pieces: Pieces, value: str, place: int, at_us: int) -> None:
    if value.lower() not in LANGUAGES:
        raise _wrong("search-language", place, f"no language that is told apart; there are {', '.join(LANGUAGES)}")
    pieces.terms.append("lang:" + value.lower())


def _kind(query: Query, pieces: Pieces, value: str, place: int, at_us: int) -> None:
    try:
        ask_kind(query, pieces, value.lower())
    except ValueError:
        raise _wrong("search-kind", place, f"no kind; there are {', '.join(KINDS)}") from None


def ask_kind(query: Query, pieces: Pieces, name: str) -> None:
    """Clips of a kind, or all that there is of another; ValueError where the name is none of KINDS."""
    if name in CLIP_KINDS:
        pieces.terms.append(f"kind:{name}")
        query.kind = FoundKind.CLIP
    else:
        query.kind = FoundKind(name)


def _before(query: Query, pieces: Pieces, value: str, place: int, at_us: int) -> None:
    _bound_time(query, pieces is query.barred, _time_us(value, place, at_us))


def _after(query: Query, pieces: Pieces, value: str, place: int, at_us: int) -> None:
    _bound_time(query, pieces is query.wanted, _time_us(value, place, at_us))


def _bound_time(query: Query, is_from: bool, time_us: int) -> None:
    if is_from:
        query.from_us = max(time_us, query.from_us or 0)
    else:
        query.until_us = time_us if query.until_us is None else min(time_us, query.until_us)


def _time_us(value: str, place: int, at_us: int) -> int:
    """The start of a day in UTC, or so long ago: 2026-01-31, 12h, 7d, 2w, 1y."""
    ago = re.fullmatch(r"(\d{1,3})([hdwy])", value.lower())
    if ago:
        return at_us - int(ago[1]) * SPANS_US[ago[2]]
    try:
        return int(datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) * 1_000_000
    except ValueError:
        raise _wrong("search-date", place, "no date like 2026-01-31, nor a time ago like 12h, 7d, 2w or 1y") from None


def _length(query: Query, pieces: Pieces, value: str, place: int, at_us: int) -> None:
    said = re.fullmatch(r"([<>])=?(\d{1,4})(s|m|min|)", value.lower())
    if said is None:
        raise _wrong("search-length", place, "no length like <30s or >1m")
    is_under, length_ms = (said[1] == "<") is (pieces is query.wanted), int(said[2]) * UNITS_MS[said[3]]
    if is_under:
        query.under_ms = min(length_ms, query.under_ms or length_ms)
    else:
        query.over_ms = max(length_ms, query.over_ms or 0)


def _wrong(code: str, place: int, what: str) -> BadInput:
    return BadInput(code, f"At character {place} of the search there is {what}.")


Condition = Callable[[Query, Pieces, str, int, int], None]
CONDITIONS: dict[str, Condition] = {
    "from": _from,
    "lang": _language,
    "kind": _kind,
    "before": _before,
    "after": _after,
    "length": _length,
}
