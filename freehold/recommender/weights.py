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

    quality_prior: int = 12
    """How many watches the expectation from author, length, tags and company is worth against a clip's own; at least
    so many that two of what is expected would have come true."""
    start_prior: int = 5
    """How many that came true the chances assumed before the first watch are worth."""
    author_prior: int = 8
    tag_prior: int = 20
    length_prior: int = 20
    choice_gain: int = 307
    """Log odds for each doubling of how often a clip was chosen without having been put on a page."""
    choice_prior: int = 4
    bias_gain: int = 800
    """The same as its bias among the vectors says it."""
    company_gain: int = 1024
    company_prior: int = 51
    """Added to the neighbours' cosines (1024 is 1.0), so that few and far ones count little."""
    habit_prior: int = 3
    taste_doubt: int = 1024
    """How far chance alone carries a viewer's surprises: 1024ths of squared value a watch (kernels.taste_of)."""
    tag_gain: int = 3072
    author_gain: int = 2048
    length_gain: int = 512
    near_gain: int = 256
    near_prior: int = 32 * 256
    """Added to what followed a clip (256 is one neighbouring watch), so that few pairs count little…"""
    near_usual: int = 64 * 256
    """…and to what a clip followed, so that what is rare is not taken for what belongs together."""
    alike_gain: int = 1024
    explore_gain: int = 410
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
    random_per_65536: int = 10923
    """Chance of a page to hold one clip drawn uniformly from the catalogue: at ten a page 1.3 % of what is shown."""
    wish_value: int = ONE // 4
    """What one level of a viewer's wish for a tag or an author is worth."""
    finish_worth: int = ONE * 3 // 4
    long_worth: int = ONE // 4
    skip_worth: int = -ONE // 2
    like_worth: int = ONE // 2
    share_worth: int = ONE // 2
    comment_worth: int = ONE // 4
    follow_worth: int = ONE // 2
    refuse_worth: int = -ONE // 2

    def array(self) -> npt.NDArray[np.int64]:
        return np.array(astuple(self), dtype=np.int64)
