"""The reader `candidates`: what the journal says about clips, follows, likes, shares, comments, choices and weights,
told to the learner.

In two steps, so that the learner can be told the same again, ever: `write_down` keeps what an entry says of a clip as
it is now, or that somebody did with it, and `take_in` tells the learner what was kept.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from freehold.backends.database import Database, Transaction
from freehold.domain.choices import WishKind
from freehold.domain.ids import AccountId, ClipId, PageId, ViewerId
from freehold.domain.watch import Watch
from freehold.recommender import Head, Learner, Weights
from freehold.store import candidate, journal, reader, told
from freehold.store.journal import Entry, Kind
from freehold.store.told import ToldItem, ToldReaction, ToldWeights, ToldWish

NAME = "candidates"
WRITTEN_DOWN = "told"
"""The mark up to which is kept what the learner is told; it never goes back."""
ADDS = frozenset({Kind.CLIP_PUBLISHED, Kind.CLIP_CHANGED, Kind.CLIP_RELEASED})
REMOVES = frozenset({Kind.CLIP_WITHDRAWN, Kind.CLIP_DELETED, Kind.CLIP_WITHHELD})
READ_LIMIT = 500
HEADS = {"share": Head.SHARE, "comment": Head.COMMENT, "follow": Head.FOLLOW}
"""By what `told.ToldReaction.kind` says."""

Items = Mapping[int, Sequence[ToldItem]]
"""What entries of the journal said of clips, by entry."""


@dataclass(frozen=True, slots=True)
class Said:
    """What some entries of the journal said, as it is kept: clips and reactions by entry, the others by id."""

    items: Items
    reactions: Mapping[int, ToldReaction]
    weights: Mapping[int, ToldWeights]
    wishes: Mapping[int, ToldWish]


async def write_down(database: Database, at_us: int) -> int:
    """Keep what the entries behind the mark say, to the journal's end; how far that has come."""
    while True:
        mark = await reader.mark_of(database, WRITTEN_DOWN)
        entries = await journal.after(database, mark, READ_LIMIT)
        if not entries:
            return mark
        items = await _items_in(database, entries)
        reactions = [said for entry in entries if (said := reaction_in(entry))]
        end = entries[-1].seq

        async def work(
            transaction: Transaction,
            mark: int = mark,
            end: int = end,
            items: Sequence[ToldItem] = items,
            reactions: Sequence[ToldReaction] = reactions,
        ) -> None:
            if await reader.mark_of(transaction, WRITTEN_DOWN) == mark:
                await told.insert_items(transaction, items)
                await told.insert_reactions(transaction, reactions)
                await reader.move(transaction, WRITTEN_DOWN, end, at_us)

        await database.transact(work)


async def _items_in(database: Database, entries: Sequence[Entry]) -> list[ToldItem]:
    """What the entries say of clips, as these are now."""
    clip_ids: dict[int, Sequence[ClipId]] = {}
    for entry in entries:
        if entry.kind in ADDS:
            clip_ids[entry.seq] = [ClipId(entry.subject_id)]
        elif entry.kind is Kind.ACCOUNT_RESTORED:
            clip_ids[entry.seq] = await candidate.published_by_for_system(database, AccountId(entry.subject_id))
    items = await candidate.items_for_system(database, {one for some in clip_ids.values() for one in some})
    return [ToldItem(seq, clip_id, items.get(clip_id)) for seq, some in clip_ids.items() for clip_id in some]


def reaction_in(entry: Entry) -> ToldReaction | None:
    """A share, the account's first comment on a clip, or a follow that came of one."""
    clip_id: int | None
    match entry.kind:
        case Kind.CLIP_SHARED:
            clip_id, kind = entry.subject_id, "share"
        case Kind.COMMENT_CREATED if entry.detail.get("is_first"):
            clip_id, kind = entry.object_id, "comment"
        case Kind.ACCOUNT_FOLLOWED:
            clip_id, kind = entry.object_id, "follow"
        case _:
            return None
    if clip_id is None or entry.actor_id is None:
        return None
    return ToldReaction(entry.seq, AccountId(entry.actor_id), ClipId(clip_id), kind, entry.at_us)


def take_in(learner: Learner, entries: Sequence[Entry], said: Said) -> None:
    """In order. What was erased since it was told cannot be told again: the clip or the reaction is then left out."""
    items = said.items
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
        elif entry.kind is Kind.FEED_PROFILED:
            learner.set_profiled(ViewerId(entry.subject_id), bool(entry.detail.get("is_on")))
        elif entry.kind is Kind.FEED_WISHED:
            if entry.subject_id in said.wishes:
                _wish(learner, said.wishes[entry.subject_id])
        elif entry.kind is Kind.FEED_WEIGHTS_CHANGED:
            if entry.subject_id in said.weights:
                learner.set_weights(weights_of(said.weights[entry.subject_id].in_force))
        elif entry.actor_id is not None:
            _act(learner, entry, ViewerId(entry.actor_id))
        if entry.seq in said.reactions:
            _react(learner, said.reactions[entry.seq])


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


def _wish(learner: Learner, said: ToldWish) -> None:
    """One of a kind that is not known here, as its seal says, is left out."""
    if said.kind == WishKind.TAG:
        learner.set_wish(ViewerId(said.account_id), said.kind, said.tag, said.level)
    elif said.kind == WishKind.AUTHOR:
        learner.set_wish(ViewerId(said.account_id), said.kind, said.author_id, said.level)


def _react(learner: Learner, said: ToldReaction) -> None:
    """One of a kind that is not known here, as its seal says, is left out."""
    if said.kind in HEADS:
        learner.react(ViewerId(said.account_id), said.clip_id, HEADS[said.kind], said.at_us)


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
