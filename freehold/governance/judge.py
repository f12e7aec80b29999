"""The one judged read path: whatever shows a clip, or its bytes, reads it here.

Every verdict is counted under the rule that made it, and a refusal carries that rule's name as `decided_by`.
"""

from collections import Counter
from collections.abc import Sequence

import prometheus_client

from freehold.backends.database import Database, Transaction
from freehold.domain.account import Viewer
from freehold.domain.clip import ClipView, Withholding
from freehold.domain.errors import Absent, Refusal, Withheld
from freehold.domain.ids import ClipId
from freehold.domain.verdict import Decision, Door
from freehold.governance.rules import decide
from freehold.store import clip as clips

VERDICTS = prometheus_client.Counter(
    "freehold_verdicts_total", "Verdicts on clips, by the rule that made them", ("door", "decision", "decided_by")
)


async def shown_clips(
    database: Database | Transaction, viewer: Viewer, clip_ids: Sequence[ClipId], door: Door, at_us: int
) -> list[ClipView]:
    """Those of the clips that may be shown, in the order asked for."""
    views = await clips.for_viewer(database, viewer, clip_ids, at_us)
    judged = [(view, decide(view, viewer, door)) for clip_id in clip_ids if (view := views.get(clip_id)) is not None]
    # A counter's labels are looked up under a lock: once for each rule that decided, not for each clip.
    for (decision, rule), count in Counter((verdict.decision, verdict.decided_by) for _, verdict in judged).items():
        VERDICTS.labels(door.value, decision.value, rule).inc(count)
    return [view for view, verdict in judged if verdict.is_shown]


async def shown_clip(
    database: Database | Transaction, viewer: Viewer, clip_id: ClipId, door: Door, at_us: int
) -> ClipView:
    """The clip, or `Absent` (code `clip-absent`), or `Withheld` with who demanded it."""
    view = (await clips.for_viewer(database, viewer, [clip_id], at_us)).get(clip_id)
    verdict = decide(view, viewer, door) if view else None
    refusal: Refusal = Absent("clip-absent", "There is no such clip here, or it is not for you to see.")
    if view is not None and verdict is not None:
        VERDICTS.labels(door.value, verdict.decision.value, verdict.decided_by).inc()
        if verdict.is_shown:
            return view
        order = _order_against(view) if verdict.decision is Decision.WITHHOLD else None
        if order is not None:
            refusal = Withheld(order.reason, order.authority, order.reference, order.since_us)
        refusal.decided_by = verdict.decided_by
    raise refusal


def _order_against(view: ClipView) -> Withholding | None:
    """That by which it is withheld: against itself, or against a clip in its picture."""
    if view.withholding is not None or view.made_from is None or view.made_from.view is None:
        return view.withholding
    return _order_against(view.made_from.view)
