"""The reader `candidates`: what the journal says about clips, follows, likes and weights, told to the learner.

In two steps, so that the learner can be told the same again, ever: `write_down` keeps what an entry says of a clip as
it is now, and `take_in` tells the learner what was kept.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace

from freehold.backends.database import Database, Transaction
from freehold.domain.ids import AccountId, ClipId, PageId, ViewerId
from freehold.domain.watch import Watch
from freehold.recommender import Learner, Weights
from freehold.store import candidate, journal, reader, told
from freehold.store.journal import Entry, Kind
from freehold.store.told import ToldItem, ToldWeights

NAME = "candidates"
WRITTEN_DOWN = "told"
"""The mark up to which is kept what the learner is told; it never goes back."""
ADDS = frozenset({Kind.CLIP_PUBLISHED, Kind.CLIP_CHANGED, Kind.CLIP_RELEASED})
REMOVES = frozenset({Kind.CLIP_WITHDRAWN, Kind.CLIP_DELETED, Kind.CLIP_WITHHELD})
READ_LIMIT = 500

Items = Mapping[int, Sequence[ToldItem]]
"""What entries of the journal said of clips, by entry."""


async def write_down(database: Database, at_us: int) -> int:
    """Keep what the entries behind the mark say, to the journal's end; how far that has come."""
    while True:
        mark = await reader.mark_of(database, WRITTEN_DOWN)
        entries = await journal.after(database, mark, READ_LIMIT)
        if not entries:
            return mark
        items = await _said(database, entries)
        end = entries[-1].seq

        async def work(
            transaction: Transaction, mark: int = mark, end: int = end, items: Sequence[ToldItem] = items
        ) -> None:
            if await reader.mark_of(transaction, WRITTEN_DOWN) == mark:
                await told.insert_items(transaction, items)
                await reader.move(transaction, WRITTEN_DOWN, end, at_us)

        await database.transact(work)


async def _said(database: Database, entries: Sequence[Entry]) -> list[ToldItem]:
    """What the entries say of clips, as these are now."""
    clip_ids: dict[int, Sequence[ClipId]] = {}
    for entry in entries:
        if entry.kind in ADDS:
            clip_ids[entry.seq] = [ClipId(entry.subject_id)]
        elif entry.kind is Kind.ACCOUNT_RESTORED:
            clip_ids[entry.seq] = await candidate.published_by_for_system(database, AccountId(entry.subject_id))
    items = await candidate.items_for_system(database, {one for some in clip_ids.values() for one in some})
    return [ToldItem(seq, clip_id, items.get(clip_id)) for seq, some in clip_ids.items() for clip_id in some]


def take_in(learner: Learner, entries: Sequence[Entry], items: Items, weights: Mapping[int, ToldWeights]) -> None:
    """In order. What was erased since it was told cannot be told again: the clip is then left out."""
    for entry in entries:
        if entry.kind in ADDS:
            _add(learner, ClipId(entry.subject_id), items.get(entry.seq, ()), entry.kind is Kind.CLIP_CHANGED)
        elif entry.kind in REMOVES:
            learner.remove_item(ClipId(entry.subject_id))
        elif entry.kind in (Kind.ACCOUNT_SUSPENDED, Kind.ACCOUNT_DELETED):
            _take_out(learner, learner.clips_by(AccountId(entry.subject_id)))
            if entry.kind is Kind.ACCOUNT_DELETED:
                learner.forget_viewer(ViewerId(entry.subject_id))
        elif entry.kind is Kind.ACCOUNT_RESTORED:
            learner.add_items(one.item for one in items.get(entry.seq, ()) if one.item is not None)
        elif entry.kind is Kind.FEED_RESET:
            learner.reset_viewer(ViewerId(entry.subject_id))
        elif entry.kind is Kind.FEED_WEIGHTS_CHANGED:
            if entry.subject_id in weights:
                learner.set_weights(weights_of(weights[entry.subject_id].in_force))
        elif entry.actor_id is not None:
            _act(learner, entry, ViewerId(entry.actor_id))


def weights_of(values: Mapping[str, int]) -> Weights:
    """The program's own where `values` has none; what the program does not know is left out."""
    known = {field.name for field in fields(Weights)}
    return replace(Weights(), **{name: value for name, value in values.items() if name in known})


def _add(learner: Learner, clip_id: ClipId, said: Sequence[ToldItem], is_change: bool) -> None:
    item = said[0].item if said else None
    if item is None:
        learner.remove_item(clip_id)
    elif is_change and clip_id in learner:
        learner.update_item(item)
    else:
        learner.add_item(item)


def _take_out(learner: Learner, clip_ids: Collection[ClipId]) -> None:
    for clip_id in clip_ids:
        learner.remove_item(clip_id)


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
