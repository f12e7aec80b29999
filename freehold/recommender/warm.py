"""Loading the compiled loops before the first request: from numba's cache, or by compiling them."""

from freehold.domain.ids import AccountId, ClipId, PageId, SoundId, ViewerId
from freehold.domain.watch import Item, Watch
from freehold.recommender.arrange import arrange
from freehold.recommender.candidates import Head
from freehold.recommender.learner import Learner


def warm_up() -> None:
    """Calls every compiled function once, on a learner that is thrown away."""
    learner = Learner()
    viewer_id = ViewerId(1)
    for n in range(1, 5):
        learner.add_item(Item(ClipId(n), AccountId(n), SoundId(n), ("warm",), 1000, 0))
        learner.learn(Watch(viewer_id, ClipId(n), PageId(1), 0, 0, 1000, 1, False, False, False))
    learner.react(viewer_id, ClipId(1), Head.SHARE, 0)
    learner.remove_item(ClipId(4))
    learner.consider(viewer_id, [ClipId(1)], 0)
    page = arrange(learner.score(learner.gather(ViewerId(2), 0, 1)), 1)
    learner.note_impressions(viewer_id, [placed.clip_id for placed in page], 0)
    learner.has_seen(viewer_id, [ClipId(1)], 0)
    learner.set_wish(viewer_id, "tag", "warm", 1)
    learner.set_profiled(viewer_id, True)
    learner.forget_viewer(viewer_id)
    Learner.restore(learner.snapshot())
