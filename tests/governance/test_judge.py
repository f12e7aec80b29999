"""What the judge says of a verdict: it is counted, and a refusal knows which rule refused."""

from pathlib import Path
from random import Random

import pytest
from prometheus_client import REGISTRY

from bench.fill import fill
from freehold.backends import Backends
from freehold.backends.blobs import LocalBlobs
from freehold.backends.bus import EmbeddedBus
from freehold.backends.compute import EmbeddedCompute
from freehold.backends.database import Database
from freehold.domain.account import Viewer
from freehold.domain.clip import Audience
from freehold.domain.errors import Absent, Refusal, Withheld
from freehold.domain.ids import ClipId, ViewerId, new_id
from freehold.domain.verdict import Door
from freehold.governance.judge import shown_clip, shown_clips
from tests.api.made import NOW_US, ORDER, make_clip

STRANGER = Viewer(ViewerId(9))


def counted(door: str, decision: str, rule: str) -> float:
    labels = {"door": door, "decision": decision, "decided_by": rule}
    return REGISTRY.get_sample_value("freehold_verdicts_total", labels) or 0


async def refused(database: Database, clip_id: ClipId) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await shown_clip(database, STRANGER, clip_id, Door.LINK, NOW_US)
    return caught.value


async def test_every_verdict_is_counted_by_its_rule_and_a_refusal_carries_it(
    database: Database, tmp_path: Path
) -> None:
    backends = Backends(database, LocalBlobs(tmp_path / "blobs"), EmbeddedBus(), EmbeddedCompute())
    author_id = (await fill(database, 1, authors=1)).author_ids[0]
    plain = await make_clip(backends, author_id)
    private = await make_clip(backends, author_id, audience=Audience.PRIVATE)
    withheld = await make_clip(backends, author_id, order=ORDER)
    expected = {
        ("tag", "show", "published"): 2,
        ("tag", "absent", "audience"): 1,
        ("tag", "absent", "withheld"): 1,
        ("link", "show", "published"): 1,
        ("link", "absent", "audience"): 1,
        ("link", "withhold", "withheld"): 1,
    }
    before = {labels: counted(*labels) for labels in expected}
    views = await shown_clips(database, STRANGER, [private, plain, withheld, plain], Door.TAG, NOW_US)
    assert [view.clip.id for view in views] == [plain, plain]
    assert (await shown_clip(database, STRANGER, plain, Door.LINK, NOW_US)).clip.id == plain
    told = await refused(database, withheld)
    assert (type(told), told.decided_by) == (Withheld, "withheld")
    told = await refused(database, private)
    assert (type(told), told.decided_by) == (Absent, "audience")
    told = await refused(database, ClipId(new_id(NOW_US, Random(1))))
    assert (type(told), told.decided_by) == (Absent, None), "no rule was asked of a clip that is not there"
    assert {labels: counted(*labels) - before[labels] for labels in expected} == expected
