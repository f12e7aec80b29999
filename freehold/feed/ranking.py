"""Ranking a page: by the running feed, and again by a replay. What it takes, what comes of it, what is kept of that."""

from collections.abc import Container
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

VERSION = 1
HEAD = Struct("<B4s8sqqqqHHH16sH")
"""Version, engine, weights, log place, journal place, last author and sound (-1: none), count asked for, candidates
asked for, candidates ranked, their digest, how many were refused; then the refused clips, eight bytes each."""
CLIP = np.dtype("<i8")


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
    refused: frozenset[ClipId]


class _Not(Container[int]):
    def __init__(self, refused: frozenset[ClipId]) -> None:
        self._refused = refused

    def __contains__(self, clip_id: object) -> bool:
        return clip_id not in self._refused


def rank(learner: Learner, place: Place, asked: Asked) -> Ranked:
    """Gathered, scored and arranged from one state: nothing here awaits.

    Where nothing is left to place, what was on earlier pages and was never watched is gathered again.
    """
    for again in (False, True):
        candidates = learner.gather(asked.viewer_id, asked.at_us, asked.seed, asked.candidate_count, again=again)
        if asked.refused:
            candidates = candidates.keep(_Not(asked.refused))
        scores = learner.score(candidates)
        placed = arrange(scores, asked.seed, asked.count, asked.last_author, asked.last_sound)
        if placed:
            break
    return Ranked(asked, place, learner.hash(), learner.weights, scores, placed)


def packed(ranked: Ranked) -> bytes:
    asked = ranked.asked
    head = HEAD.pack(
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
    )
    return head + np.array(sorted(asked.refused), dtype=CLIP).tobytes()


def unpacked(data: bytes | None) -> Record | None:
    """None where it does not say, or says it in a way that is not known here."""
    if data is None or len(data) < HEAD.size or data[0] != VERSION:
        return None
    (_, made_by, weights, log_seq, journal_seq, author, sound, count, candidate_count, size, said, refused) = (
        HEAD.unpack_from(data)
    )
    if len(data) != HEAD.size + CLIP.itemsize * refused:
        return None
    clip_ids = np.frombuffer(data, dtype=CLIP, offset=HEAD.size).tolist()
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
        frozenset(ClipId(clip_id) for clip_id in clip_ids),
    )


def place_of(data: bytes) -> Place:
    _, _, _, log_seq, journal_seq, *_ = HEAD.unpack_from(data)
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
