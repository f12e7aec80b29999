"""From scores to a page: greedy with variety, one place for the unproven, now and then one drawn at random."""

import numpy as np

from freehold.domain.ids import AccountId, ClipId, SoundId
from freehold.domain.watch import Source
from freehold.recommender import kernels
from freehold.recommender.candidates import Draw, Placed, Scores, sources_in

RANDOM_BIT = 1 << Source.RANDOM


def arrange(
    scores: Scores,
    seed: int,
    count: int = 10,
    last_author: AccountId | None = None,
    last_sound: SoundId | None = None,
) -> tuple[Placed, ...]:
    """At most `count` clips, no two in a row by one author or with one sound, the last shown before the page included.

    Where the candidates do not allow that, the page is shorter. `seed` (0 to 2 ** 64 - 1) decides every draw;
    with the same scores and seed the page is the same. The draws and their probabilities: kernels.arrange_page.
    """
    size = scores.total.size
    sources = scores.candidates.sources
    out = np.zeros(count, dtype=np.int64)
    how = np.zeros(count, dtype=np.int64)
    odds = np.zeros(count, dtype=np.float64)
    if size == 0:
        return ()
    length = kernels.arrange_page(
        scores.total,
        scores.authors,
        scores.sounds,
        scores.kinds,
        (sources == RANDOM_BIT).astype(np.uint8),
        scores.unproven,
        (sources & RANDOM_BIT != 0).astype(np.uint8),
        np.uint64(seed),
        count,
        -1 if last_author is None else last_author,
        -1 if last_sound is None else last_sound,
        scores.random_per_65536,
        out,
        how,
        odds,
    )
    return tuple(
        _placed(scores, position, int(out[position]), int(how[position]), float(odds[position]))
        for position in range(length)
    )


def _placed(scores: Scores, position: int, index: int, how: int, propensity: float) -> Placed:
    sound = int(scores.sounds[index])
    return Placed(
        clip_id=ClipId(int(scores.candidates.clip_ids[index])),
        position=position,
        source=_source(int(scores.candidates.sources[index]), how),
        draw=Draw(how),
        propensity=propensity,
        score=int(scores.total[index]),
        index=index,
        author_id=AccountId(int(scores.authors[index])),
        sound_id=None if sound < 0 else SoundId(sound),
    )


def _source(bits: int, how: int) -> Source:
    """Source.RANDOM stands for uniform traffic only: a clip that was ranked is named by what else found it."""
    if how == Draw.DRAWN:
        return Source.RANDOM
    if how == Draw.TRIED:
        return Source.FRESH
    return sources_in(bits & ~RANDOM_BIT or bits)[0]
