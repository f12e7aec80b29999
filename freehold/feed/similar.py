"""What goes together with a clip: what the same viewers watched well, as the learner knows it."""

import numpy as np

from freehold.domain.ids import ClipId
from freehold.recommender import Learner, kernels

ONCE = 320
"""What one viewer adds to a pair by watching both well, one right after the other: by chance, or for reasons of its
own. What no more speaks for is not told to others."""


def company_of(learner: Learner, clip_id: ClipId) -> list[ClipId]:
    """Clips that were watched well by who watched this one well, those that do so most of what they could first.

    By the cosine of their good watches, as the learner weighs a clip's company: what everybody watches goes together
    with everything. Nobody's own taste has a part in it.
    """
    # Read, never written: which clips go together is in the learner's own arrays alone.
    state = learner._state
    row = int(kernels.find_clip(state, clip_id))
    if row == kernels.NONE:
        return []
    others, weights = state.near[row][state.near[row, :, 0] > 0].astype(np.int64).T
    others = others - 1
    back = np.where(state.near[others, :, 0] == row + 1, state.near[others, :, 1], 0).sum(axis=1)
    weights = weights + back
    cosines = weights / np.sqrt(state.clip[others, kernels.C_OUT] + kernels.COMPANY_ROOT)
    kept = (weights > ONCE) & (state.clip[others, kernels.C_LIVE] != 0)
    order = np.lexsort((others[kept], -cosines[kept]))
    return [ClipId(int(one)) for one in state.clip[others[kept][order], kernels.C_ID]]
