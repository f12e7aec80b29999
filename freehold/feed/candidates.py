"""The reader `candidates`: what the journal says about clips, follows and likes, told to the learner."""

from collections.abc import Collection, Sequence

from freehold.backends.database import Database
from freehold.domain.ids import AccountId, ClipId, PageId, ViewerId
from freehold.domain.watch import Item, Watch
from freehold.recommender import Learner
from freehold.store import candidate
from freehold.store.journal import Entry, Kind

NAME = "candidates"
ADDS = frozenset({Kind.CLIP_PUBLISHED, Kind.CLIP_CHANGED, Kind.CLIP_RELEASED})
REMOVES = frozenset({Kind.CLIP_WITHDRAWN, Kind.CLIP_DELETED, Kind.CLIP_WITHHELD})


async def take_in(learner: Learner, database: Database, entries: Sequence[Entry]) -> None:
    """In order. A clip is read as it is now: what was erased since cannot be learned again."""
    items = await candidate.items_for_system(database, {e.subject_id for e in entries if e.kind in ADDS})
    for entry in entries:
        if entry.kind in ADDS:
            _add(learner, ClipId(entry.subject_id), items, is_changed=entry.kind is Kind.CLIP_CHANGED)
        elif entry.kind in REMOVES:
            learner.remove_item(ClipId(entry.subject_id))
        elif entry.kind in (Kind.ACCOUNT_SUSPENDED, Kind.ACCOUNT_DELETED):
            _take_out(learner, learner.clips_by(AccountId(entry.subject_id)))
            if entry.kind is Kind.ACCOUNT_DELETED:
                learner.forget_viewer(ViewerId(entry.subject_id))
        elif entry.kind is Kind.ACCOUNT_RESTORED:
            await _bring_back(learner, database, AccountId(entry.subject_id))
        elif entry.actor_id is not None:
            _act(learner, entry, ViewerId(entry.actor_id))


def _add(learner: Learner, clip_id: ClipId, items: dict[int, Item], *, is_changed: bool) -> None:
    item = items.get(clip_id)
    if item is None:
        learner.remove_item(clip_id)
    elif is_changed and clip_id in learner:
        learner.update_item(item)
    else:
        learner.add_item(item)


def _take_out(learner: Learner, clip_ids: Collection[ClipId]) -> None:
    for clip_id in clip_ids:
        learner.remove_item(clip_id)


async def _bring_back(learner: Learner, database: Database, author_id: AccountId) -> None:
    clip_ids = await candidate.published_by_for_system(database, author_id)
    items = await candidate.items_for_system(database, clip_ids)
    learner.add_items(items[clip_id] for clip_id in clip_ids if clip_id in items)


def _act(learner: Learner, entry: Entry, viewer_id: ViewerId) -> None:
    if entry.kind is Kind.ACCOUNT_FOLLOWED:
        learner.follow(viewer_id, AccountId(entry.subject_id))
    elif entry.kind is Kind.ACCOUNT_UNFOLLOWED:
        learner.unfollow(viewer_id, AccountId(entry.subject_id))
    elif entry.kind is Kind.CLIP_LIKED:
        learner.learn(_liking(entry, viewer_id))


def _liking(entry: Entry, viewer_id: ViewerId) -> Watch:
    """A like is learned as a watch of no length that was liked."""
    return Watch(
        viewer_id=viewer_id,
        clip_id=ClipId(entry.subject_id),
        page_id=PageId(0),
        position=0,
        at_us=entry.at_us,
        watched_ms=0,
        completions=0,
        skipped=False,
        liked=True,
        not_interested=False,
    )
