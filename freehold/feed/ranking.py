"""Ranking a page: by the running feed, and again by a replay. What it takes, what comes of it, what is kept of that."""

from collections.abc import Container, Sequence
from dataclasses import astuple, dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from struct import Struct

import numpy as np
import numpy.typing as npt

import freehold.recommender
from freehold.domain.ids import AccountId, ClipId, SoundId, ViewerId
from freehold.feed.fold import Place
from freehold.recommender import Learner, Placed, Scores, Weights, arrange
from freehold.store.page import Shown

VERSION = 2
HEADS = {1: Struct("<B4s8sqqqqHHH16sH"), 2: Struct("<B4s8sqqqqHHH16sHB")}
"""By version: version, engine, weights, log place, journal place, last author and sound (-1: none), count asked for,
candidates asked for, candidates ranked, their digest, how many were refused, since 2 whether the viewer was profiled;
then the refused clips, eight bytes each."""
CLIP = np.dtype("<i8")
REFUSED_AT_MOST = 2000
"""Where so many were refused, a page is left short rather than judged for ever."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is ranked from, besides the learner's state."""

    viewer_id: ViewerId
    at_us: int
    seed: int
    count: int
    candidate_count: int
    last_author: AccountId | None
    last_sound: SoundId | None
    refused: frozenset[ClipId] = frozenset()
    """Gathered, and then found not to be for this viewer."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What came of it, from the learner's state at one place."""

    asked: Asked
    place: Place
    model_hash: str
    weights: Weights
    is_profiled: bool
    scores: Scores
    placed: tuple[Placed, ...]

    @property
    def shown(self) -> tuple[Shown, ...]:
        return tuple(_shown(self.scores, one) for one in self.placed)


@dataclass(frozen=True, slots=True)
class Record:
    """What a page's row keeps of how it was ranked, besides what it showed."""

    engine: bytes
    weights: bytes
    place: Place
    last_author: AccountId | None
    last_sound: SoundId | None
    count: int
    candidate_count: int
    ranked_count: int
    digest: bytes
    is_profiled: bool
    refused: frozenset[ClipId]


class _Not(Container[int]):
    def __init__(self, refused: frozenset[ClipId]) -> None:
        self._refused = refused

    def __contains__(self, clip_id: object) -> bool:
        return clip_id not in self._refused


def rank(learner: Learner, place: Place, asked: Asked) -> Ranked:
    """Gathered, scored and arranged from one state: nothing here awaits.

    Where what was refused leaves too little, others are gathered in its stead; where nothing is left to place, what
    was on earlier pages and was never watched is gathered again.
    """
    for again in (False, True):
        scores, placed = _arranged(learner, asked, again)
        if len(placed) < asked.count and 0 < len(asked.refused) <= REFUSED_AT_MOST:
            scores, placed = _arranged(learner, asked, again, exclude=sorted(asked.refused))
        if placed:
            break
    is_profiled = learner.is_profiled(asked.viewer_id)
    return Ranked(asked, place, learner.hash(), learner.weights, is_profiled, scores, placed)


def _arranged(
    learner: Learner, asked: Asked, again: bool, exclude: Sequence[ClipId] = ()
) -> tuple[Scores, tuple[Placed, ...]]:
    candidates = learner.gather(asked.viewer_id, asked.at_us, asked.seed, asked.candidate_count, exclude, again)
    if asked.refused:
        candidates = candidates.keep(_Not(asked.refused))
    scores = learner.score(candidates)
    return scores, arrange(scores, asked.seed, asked.count, asked.last_author, asked.last_sound)


def packed(ranked: Ranked) -> bytes:
    asked = ranked.asked
    head = HEADS[VERSION].pack(
        VERSION,
        engine(),
        weights_digest(ranked.weights),
        *ranked.place,
        -1 if asked.last_author is None else asked.last_author,
        -1 if asked.last_sound is None else asked.last_sound,
        asked.count,
        asked.candidate_count,
        len(ranked.scores.candidates),
        digest(ranked.scores),
        len(asked.refused),
        ranked.is_profiled,
    )
    return head + np.array(sorted(asked.refused), dtype=CLIP).tobytes()


def unpacked(data: bytes | None) -> Record | None:
    """None where it does not say, or says it in a way that is not known here."""
    head = HEADS.get(data[0]) if data else None
    if head is None or data is None or len(data) < head.size:
        return None
    (
        _,
        made_by,
        weights,
        log_seq,
        journal_seq,
        author,
        sound,
        count,
        candidate_count,
        size,
        said,
        refused,
        *profiled,
    ) = head.unpack_from(data)
    if len(data) != head.size + CLIP.itemsize * refused:
        return None
    clip_ids = np.frombuffer(data, dtype=CLIP, offset=head.size).tolist()
    return Record(
        made_by,
        weights,
        (log_seq, journal_seq),
        None if author < 0 else AccountId(author),
        None if sound < 0 else SoundId(sound),
        count,
        candidate_count,
        size,
        said,
        all(profiled),
        frozenset(ClipId(clip_id) for clip_id in clip_ids),
    )


def place_of(data: bytes) -> Place:
    _, _, _, log_seq, journal_seq, *_ = HEADS[data[0]].unpack_from(data)
    return log_seq, journal_seq


def digest(scores: Scores) -> bytes:
    """16 bytes over every candidate: which, in what order, by what way found, and each term of its score."""
    candidates = scores.candidates
    whole = blake2b(digest_size=16)
    for array in (candidates.clip_ids, candidates.sources, candidates.near, scores.total, scores.terms):
        whole.update(_little_endian(array))
    return whole.digest()


def _little_endian(array: npt.NDArray[np.int64]) -> memoryview:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).data


@cache
def weights_digest(weights: Weights) -> bytes:
    return blake2b(repr(astuple(weights)).encode(), digest_size=8).digest()


@cache
def engine() -> bytes:
    """Four bytes that tell one recommender from another: over its source text."""
    whole = blake2b(digest_size=4)
    for path in sorted(Path(freehold.recommender.__file__).parent.glob("*.py")):
        whole.update(path.read_bytes())
    return whole.digest()


def _shown(scores: Scores, placed: Placed) -> Shown:
    return Shown(
        placed.clip_id, placed.source, placed.propensity, placed.score, tuple(scores.terms[placed.index].tolist())
    )
