"""Which documents answer a query, and in which order.

The score is what the words are worth (of 1 where each is as heavy as it can be), and a little for how well it was
received and how new it is. Each is kept, so that a result says why it stands where it does.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from freehold.backends.database import Database
from freehold.domain.finding import DocumentKind
from freehold.search.documents import HEAVIEST
from freehold.search.query import Query
from freehold.search.spelling import distance, grams, is_spelled, shared_at_least, slips_in
from freehold.search.words import is_prefixed, terms_asked
from freehold.store import search as rows
from freehold.store.search import BLOCK, Column

QUALITY_SHARE, FRESH_SHARE = 0.35, 0.15
FRESH_HALF_LIFE_S = 30 * 86_400
LONGER_WORDS, LONGER_SHARE = 8, 0.6
"""So many longer words that begin alike are looked for too, and count so much."""
PREFIXED_FROM = {DocumentKind.ACCOUNT: 2}
"""Names are looked for by their first letters."""
MENDED_FROM = 40
"""So many words that share most letters are compared letter by letter."""
UNSCORED = ("from:", "lang:", "kind:")
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sought:
    """One word or term of a query, with all that the index has for it."""

    word: str
    terms: Mapping[str, float]
    """What it is looked up under, and how much each counts."""
    is_joint: bool
    """Whether a document needs all of the terms; otherwise one is enough."""
    worth: float
    """How much it tells documents apart: the logarithm of how rare it is."""


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a score; they sum to it."""

    name: str
    """`word`, `quality` or `fresh`."""
    word: str
    value: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """Best first, or newest first."""

    ids: Sequence[int] = ()
    terms: Sequence[tuple[Term, ...]] = ()
    looked_up: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What each word was looked up under."""
    mended: Mapping[str, str] = field(default_factory=dict)
    """Words of the query that there are none of, and those that were looked for instead."""
    is_partial: bool = False
    """Nothing has all of the words: these have some."""
    is_cut: bool = False
    """There are more than were asked for."""


async def rank(database: Database, kind: DocumentKind, query: Query, limit: int, at_us: int) -> Ranked:
    """The first `limit` documents. Phrases are not looked at: the index does not know what follows what."""
    blocks = await rows.block_count(database, kind)
    if not blocks:
        return Ranked()
    words = list(dict.fromkeys((*query.wanted.words, *query.wanted.terms)))
    known = await _known(database, kind, words, query)
    mended = await _mended(database, kind, [word for word in words if not known[word]])
    sought = [_sought(word, known[word] or mended.get(word, {}), blocks * BLOCK) for word in words]
    heard = await _weights(database, kind, sought, blocks)
    matched = await _matched(database, kind, query, heard, blocks)
    spoken, conditions = _split(words, heard)
    is_partial = not matched.any() and len(spoken) > 1
    if is_partial:
        matched = await _matched(database, kind, query, [*conditions, _any_of(spoken)], blocks)
    scored = _Scored(sought, heard, matched, {word: next(iter(near)) for word, near in mended.items()}, is_partial)
    return await _first_of(database, kind, scored, limit, at_us, is_newest_first=query.is_newest_first)


def _split(words: Sequence[str], heard: Sequence[Floats]) -> tuple[list[Floats], list[Floats]]:
    """Of the words, of which a document may have some, and of the conditions, which it meets or does not."""
    spoken = [weights for word, weights in zip(words, heard, strict=True) if not word.startswith(UNSCORED)]
    return spoken, [weights for word, weights in zip(words, heard, strict=True) if word.startswith(UNSCORED)]


async def _known(
    database: Database, kind: DocumentKind, words: Sequence[str], query: Query
) -> dict[str, dict[str, int]]:
    """The terms that there are for each word, with their documents: itself, and longer words that begin like it."""
    terms = {term for word in words for term in _asked(word)}
    found = await rows.known_terms(database, kind, [term.encode() for term in sorted(terms)])
    known: dict[str, dict[str, int]] = {}
    for word in words:
        own = {term: found[term.encode()] for term in _asked(word) if term.encode() in found}
        if len(own) < len(_asked(word)):
            own = {}
        if word in query.wanted.words and is_prefixed(word, PREFIXED_FROM.get(kind, 3)) and len(_asked(word)) == 1:
            longer = await rows.terms_beginning(database, kind, word.encode(), LONGER_WORDS)
            own |= {term.decode(): documents for term, documents in longer}
        known[word] = own
    return known


def _asked(word: str) -> list[str]:
    return [word] if word[0] in "#@" or word.startswith(UNSCORED) else terms_asked(word)


async def _mended(database: Database, kind: DocumentKind, unknown: Sequence[str]) -> dict[str, dict[str, int]]:
    found = {word: await nearest(database, kind, word) for word in unknown}
    return {word: near for word, near in found.items() if near}


async def nearest(database: Database, kind: DocumentKind, word: str) -> dict[str, int]:
    """The one word of this kind that was likeliest meant, with its documents: fewest slips, then most documents."""
    slips = slips_in(word)
    if not slips or not is_spelled(word):
        return {}
    spelled_by = DocumentKind.CLIP if kind is DocumentKind.COMMENT else kind
    letters = (len(word) - slips, len(word) + slips)
    shared = shared_at_least(word, slips)
    keys = [gram.encode() for gram in sorted(grams(word))]
    near = await rows.terms_sharing(database, spelled_by, keys, letters, shared, MENDED_FROM)
    by_slips = [(distance(word, term, slips), term) for term in near]
    close = [(far, term) for far, term in by_slips if far <= slips]
    documents = await rows.known_terms(database, kind, [term.encode() for _, term in close])
    best = min(
        ((far, -documents[term.encode()], term) for far, term in close if term.encode() in documents), default=None
    )
    return {best[2]: -best[1]} if best else {}


def _sought(word: str, known: Mapping[str, int], documents: int) -> Sought:
    is_joint = len(_asked(word)) > 1
    asked = set(_asked(word)) if is_joint else {word}
    terms = {term: 1.0 if term in asked or len(known) == 1 else LONGER_SHARE for term in known}
    count = min(known.values(), default=0) if is_joint else sum(known.values())
    worth = 0.0 if word.startswith(UNSCORED) else math.log(1 + (documents + 1) / (count + 0.5))
    return Sought(word, terms, is_joint, worth)


async def _weights(database: Database, kind: DocumentKind, sought: Sequence[Sought], blocks: int) -> list[Floats]:
    """What each word weighs in each document, 0 to 1."""
    keys = sorted({term.encode() for one in sought for term in one.terms})
    by_term: dict[str, list[tuple[int, bytes]]] = {}
    for row in await rows.postings_of(database, kind, keys):
        by_term.setdefault(bytes(row["term"]).decode(), []).append((row["block"], row["postings"]))
    return [_weight(one, by_term, blocks) for one in sought]


def _weight(sought: Sought, by_term: Mapping[str, Sequence[tuple[int, bytes]]], blocks: int) -> Floats:
    whole = np.zeros(blocks * BLOCK, np.float32)
    for number, (term, share) in enumerate(sought.terms.items()):
        one = np.zeros(blocks * BLOCK, np.float32)
        for block, postings in by_term.get(term, ()):
            places, weights = rows.unpacked(postings)
            one[block * BLOCK : (block + 1) * BLOCK][places] = weights
        one *= share / HEAVIEST
        if number == 0:
            whole = one
        elif sought.is_joint:
            np.minimum(whole, one, out=whole)
        else:
            np.maximum(whole, one, out=whole)
    return whole


def _any_of(heard: Sequence[Floats]) -> Floats:
    whole = heard[0].copy()
    for one in heard[1:]:
        np.maximum(whole, one, out=whole)
    return whole


async def _matched(
    database: Database, kind: DocumentKind, query: Query, heard: Sequence[Floats], blocks: int
) -> NDArray[np.bool_]:
    """Documents that have every word and meet every condition."""
    matched = np.ones(blocks * BLOCK, bool)
    for weights in heard:
        matched &= weights > 0
    for word in (*query.barred.words, *query.barred.terms):
        terms = dict.fromkeys(_asked(word), 1.0)
        (barred,) = await _weights(database, kind, [Sought(word, terms, len(terms) > 1, 0.0)], blocks)
        matched &= barred == 0
    if not heard:
        matched &= await _column(database, kind, "ids", blocks) != 0
    if (query.from_us, query.until_us) != (None, None):
        times_us = (await _column(database, kind, "times_s", blocks)).astype(np.int64) * 1_000_000
        matched &= _between(times_us, query.from_us, query.until_us)
    if (query.over_ms, query.under_ms) != (None, None):
        durations_ms = await _column(database, kind, "durations_ms", blocks)
        over_ms = None if query.over_ms is None else query.over_ms + 1
        matched &= _between(durations_ms, over_ms, query.under_ms)
    return matched


def _between(values: Column, low: int | None, high: int | None) -> NDArray[np.bool_]:
    matched = np.ones(len(values), bool)
    if low is not None:
        matched &= values >= low
    if high is not None:
        matched &= values < high
    return matched


async def _column(database: Database, kind: DocumentKind, name: str, blocks: int) -> Column:
    parts = await rows.column(database, kind, name)
    column = np.concatenate(parts)
    # A block that was begun since the count is not part of this answer.
    return column[: blocks * BLOCK]


@dataclass(frozen=True, slots=True)
class _Scored:
    sought: Sequence[Sought]
    heard: Sequence[Floats]
    matched: NDArray[np.bool_]
    mended: Mapping[str, str]
    is_partial: bool


async def _first_of(
    database: Database, kind: DocumentKind, scored: _Scored, limit: int, at_us: int, *, is_newest_first: bool
) -> Ranked:
    blocks = len(scored.matched) // BLOCK
    numbers = np.flatnonzero(scored.matched)
    if not len(numbers):
        return Ranked(mended=scored.mended)
    full_worth = sum(one.worth for one in scored.sought) or 1.0
    parts = [
        weights[numbers].astype(np.float64) * (one.worth / full_worth)
        for one, weights in zip(scored.sought, scored.heard, strict=True)
    ]
    qualities = (await _column(database, kind, "qualities", blocks))[numbers].astype(np.float64)
    times_s = (await _column(database, kind, "times_s", blocks))[numbers].astype(np.float64)
    ages_s = np.maximum(at_us / 1e6 - times_s, 0.0)
    parts += [qualities * (QUALITY_SHARE / 255), FRESH_SHARE * np.exp2(-ages_s / FRESH_HALF_LIFE_S)]
    top = _first(times_s if is_newest_first else np.sum(parts, axis=0), numbers, limit)
    ids = await _ids(database, kind, numbers[top])
    return Ranked(
        ids,
        [_terms(scored.sought, [float(part[at]) for part in parts]) for at in top],
        {one.word: frozenset(one.terms) for one in scored.sought},
        scored.mended,
        scored.is_partial,
        len(numbers) > limit,
    )


def _first(scores: NDArray[np.float64], numbers: NDArray[np.intp], limit: int) -> list[int]:
    """Places of the highest, the newer first where two are as high."""
    kept = np.argpartition(-scores, limit)[:limit] if len(scores) > limit else np.arange(len(scores))
    order = np.lexsort((-numbers[kept], -scores[kept]))
    return [int(at) for at in kept[order]]


async def _ids(database: Database, kind: DocumentKind, numbers: NDArray[np.intp]) -> list[int]:
    blocks = sorted({int(number) // BLOCK for number in numbers})
    columns = await rows.column_in(database, kind, "ids", blocks)
    return [int(columns[int(number) // BLOCK][int(number) % BLOCK]) for number in numbers]


def _terms(sought: Sequence[Sought], values: Sequence[float]) -> tuple[Term, ...]:
    words = [Term("word", one.word, value) for one, value in zip(sought, values, strict=False) if value]
    quality, fresh = values[-2:]
    return (*words, Term("quality", "", quality), Term("fresh", "", fresh))
