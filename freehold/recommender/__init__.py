"""What to show whom: an online learner that takes in each watch at once, and the arranging of a page.

The door is `Learner` (tell it items, watches, impressions and follows; ask it to gather, score and explain),
`arrange` and `warm_up`. It knows nothing of the server, the database or the clock.
"""

from freehold.recommender.arrange import arrange
from freehold.recommender.candidates import Candidates, Draw, Head, Placed, Scores, Term, TermName, WatchTimes
from freehold.recommender.kernels import ONE
from freehold.recommender.learner import Learner, watch_rows
from freehold.recommender.snapshots import SnapshotError
from freehold.recommender.warm import warm_up
from freehold.recommender.weights import Weights

__all__ = [
    "ONE",
    "Candidates",
    "Draw",
    "Head",
    "Learner",
    "Placed",
    "Scores",
    "SnapshotError",
    "Term",
    "TermName",
    "WatchTimes",
    "Weights",
    "arrange",
    "warm_up",
    "watch_rows",
]
