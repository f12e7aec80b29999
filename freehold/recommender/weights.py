"""What the operator can turn: how much each part of a score counts, and how far memory reaches."""

from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt

from freehold.recommender.kernels import ONE


@dataclass(frozen=True, slots=True)
class Weights:
    """Integers only: `_prior` in watches, `_gain` in 1024ths, values in 2 ** 20ths (ONE is one clip seen to its end).

    The order of the fields is the order of the P_ constants of `kernels`.
    """

    quality_prior: int = 8
    """How many watches the expectation from author, length and tags is worth against a clip's own."""
    author_prior: int = 8
    tag_prior: int = 24
    length_prior: int = 64
    start_value: int = ONE * 3 // 8
    """The mean value assumed before the first watch; worth 16 watches."""
    taste_doubt: int = 1024
    """How far chance alone carries a viewer's surprises: 1024ths of squared value a watch (kernels.taste_of)."""
    tag_gain: int = 768
    author_gain: int = 512
    length_gain: int = 64
    near_gain: int = 8 * 1024
    near_prior: int = 64 * 1024
    """Added to the pair weights (256 is one neighbouring watch) under the root, so that rare pairs count little."""
    explore_gain: int = 256
    follow_value: int = ONE // 4
    fresh_value: int = ONE // 16
    fresh_min: int = 2 * 24 * 60
    """Minutes over which the bonus of a new clip runs out."""
    taste_half_min: int = 14 * 24 * 60
    seen_clips: int = 4096
    """A clip may come back after this many others…"""
    seen_min: int = 60 * 24 * 60
    """…or after this many minutes."""
    unwatched_min: int = 24 * 60
    """A clip that was put on a page and never watched may come back after this many minutes."""
    unproven_below: int = 30
    """A clip is unproven until it has been shown this often."""
    quick_skip_value: int = -ONE // 4
    not_interested_value: int = -ONE // 2
    like_value: int = ONE // 2
    rewatch_value: int = ONE // 4
    random_per_65536: int = 10923
    """Chance of a page to hold one clip drawn uniformly from the catalogue: at ten a page 1.3 % of what is shown."""

    def array(self) -> npt.NDArray[np.int64]:
        return np.array(astuple(self), dtype=np.int64)
