"""Watches: what players report, checked against the impressions that were really served to this viewer."""

from typing import Annotated

import msgspec

from freehold.backends.database import Database
from freehold.domain.errors import BadInput, TooLarge
from freehold.domain.ids import ViewerId, parse_id
from freehold.store import page as pages
from freehold.store import watch_log
from freehold.store.watch_log import WatchBatch

WATCHES_A_BATCH = 100
DAY_MS = 86_400_000
IdText = Annotated[str, msgspec.Meta(min_length=13, max_length=13)]


class WatchReport(msgspec.Struct, frozen=True, gc=False):
    """One shown clip, as its viewer left it."""

    page_id: IdText
    position: Annotated[int, msgspec.Meta(ge=0, le=255)]
    clip_id: IdText
    watched_ms: Annotated[int, msgspec.Meta(ge=0, le=DAY_MS)]
    completions: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    skipped: bool = False
    liked: bool = False
    not_interested: bool = False
    started_at_ms: int | None = None


class BatchReport(msgspec.Struct, frozen=True, gc=False):
    batch: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:-]{8,64}$")]
    """The client's name for the batch: sent again under it, it counts once."""
    watches: list[WatchReport]


_decoder = msgspec.json.Decoder(BatchReport)


def parse_batch(body: bytes) -> BatchReport:
    """`BadInput` (code `watches-malformed`) that says where; `TooLarge` (code `watches-too-many`)."""
    try:
        report = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput("watches-malformed", f"These watches do not fit: {error}") from None
    if not report.watches:
        raise BadInput("watches-malformed", "There is no watch in this batch.")
    if len(report.watches) > WATCHES_A_BATCH:
        raise TooLarge("watches-too-many", f"A batch holds at most {WATCHES_A_BATCH} watches.")
    return report


async def checked(database: Database, viewer_id: ViewerId, report: BatchReport, at_us: int) -> WatchBatch:
    """The batch as the log keeps it; `BadInput` (code `watch-unknown-impression`) where one was not shown to them."""
    page_ids = {text: parse_id(text) or 0 for text in {watch.page_id for watch in report.watches}}
    served = await pages.impressions_of(database, viewer_id, tuple(page_ids.values()))
    values: list[int] = []
    for index, watch in enumerate(report.watches):
        page_id = page_ids[watch.page_id]
        feed, impressions = served.get(page_id, ("", None))
        clip_id = pages.clip_id_at(impressions, watch.position) if impressions is not None else None
        if clip_id is None or clip_id != parse_id(watch.clip_id):
            raise BadInput("watch-unknown-impression", f"Watch {index}: this clip was not shown to you there.")
        flags = (
            watch.skipped * watch_log.SKIPPED
            | watch.liked * watch_log.LIKED
            | watch.not_interested * watch_log.NOT_INTERESTED
            | (feed not in pages.TOLD) * watch_log.APART
        )
        values += (page_id, clip_id, watch.position, watch.watched_ms, watch.completions, flags)
    packed = watch_log.record_of(len(report.watches)).pack(*values)
    return WatchBatch(viewer_id, report.batch, at_us, packed)
