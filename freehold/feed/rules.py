"""Settings of `[feed]`."""

from dataclasses import dataclass

from freehold.domain.watch import GATHERED


@dataclass(frozen=True, slots=True)
class FeedRules:
    """Settings of `[feed]`."""

    page_count: int = 8
    """Clips on a page where the client does not say."""
    candidate_count: int = GATHERED
    """Clips gathered for a page before they are scored."""
    seen_window_days: int = 60
    """A clip that was watched comes back after so many days…"""
    seen_window_clips: int = 4096
    """…or after so many others. What was on a page unwatched comes back after a day, or where nothing is left."""
    snapshot_every_s: int = 600
    """How often the learner's state is saved; what came after is learned again from the log at the next start."""
    log_days: int = 30
    """How long pages and watches are kept, a little more or less; what was learned of them stays."""
    replay_days: int = 30
    """How long a page can be rebuilt exactly as it was ranked: older snapshots are kept for that long.
    0: only the last one is. At most `log_days`."""
    replay_span_h: int = 24
    """How far apart these older snapshots are kept: at most so much of the log is folded to rebuild one page."""
