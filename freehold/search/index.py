"""The reader `search` of the journal: keeps the index of what can be found as the journal says it is.

An entry only says what to look at again: what is written is what anybody may see of it by now, so entries may come
twice and late. Its mark is held by the transaction that writes and moves it, so that of two processes one does.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import structlog

from freehold.backends import Backends
from freehold.backends.database import Database, Transaction
from freehold.domain.clip import Moment
from freehold.domain.errors import BackendError
from freehold.domain.finding import DocumentKind
from freehold.domain.ids import AccountId, ClipId
from freehold.search.documents import (
    READ_AT_ONCE,
    Document,
    account_documents,
    clip_document,
    comment_documents,
    public_views,
    quality_of,
    sound_document,
    spoken_in,
)
from freehold.search.spelling import grams, is_spelled
from freehold.search.words import tag_term
from freehold.store import candidate, journal, making, reader
from freehold.store import comment as comments
from freehold.store import search as rows
from freehold.store import sound as sounds
from freehold.store.journal import Entry, Kind
from freehold.store.search import BLOCK, Block, DocumentRow, SoundUse, TagUse

log = structlog.get_logger("freehold.search")

NAME = "search"
ENTRIES_A_TURN = 1000
FEW, MANY = 8, 1000
"""How many are looked at together at first, and at most where that takes no longer than it should."""
TURN_S = 0.008
"""For so long a request may wait for a few of them, besides the time it takes to write them."""
LOOK_EVERY_S = 2.0
CLIP, ACCOUNT, COMMENT, SOUND = DocumentKind.CLIP, DocumentKind.ACCOUNT, DocumentKind.COMMENT, DocumentKind.SOUND
CORRECTED = (CLIP, ACCOUNT, SOUND)
"""Kinds whose words slips are mended by; comments have slips of their own."""
CLIPS = frozenset({Kind.CLIP_PUBLISHED, Kind.CLIP_CHANGED, Kind.CLIP_CAPTIONED, Kind.CLIP_WITHDRAWN,
                   Kind.CLIP_DELETED, Kind.CLIP_WITHHELD, Kind.CLIP_RELEASED})  # fmt: skip
LIKES = frozenset({Kind.CLIP_LIKED, Kind.CLIP_UNLIKED})
ACCOUNTS = frozenset({Kind.ACCOUNT_CREATED, Kind.ACCOUNT_CHANGED, Kind.ACCOUNT_FOLLOWED, Kind.ACCOUNT_UNFOLLOWED})
WHOLE_ACCOUNTS = frozenset({Kind.ACCOUNT_DELETED, Kind.ACCOUNT_SUSPENDED, Kind.ACCOUNT_RESTORED})
COMMENTS = frozenset({Kind.COMMENT_CREATED, Kind.COMMENT_DELETED, Kind.COMMENT_EDITED, Kind.COMMENT_LET_THROUGH})

Wanted = Mapping[int, Document | None]
"""What is to be kept of each subject; None for nothing."""


async def follow(backends: Backends, clock: Callable[[], int]) -> None:
    """For ever. It may fall behind; it loses nothing."""
    looked_us = 0
    while True:
        try:
            if not await take_in(backends.database, clock()):
                looked_us = await look_at_orders(backends.database, looked_us, clock())
                await asyncio.sleep(LOOK_EVERY_S)
        except BackendError as error:
            log.error("the index of search could not follow the journal", error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)


async def take_in(database: Database, at_us: int) -> int:
    """Look again at what the next entries are about; how many entries there were."""
    stand = await reader.stand_of(database, NAME)
    entries = await journal.after(database, stand[0], ENTRIES_A_TURN)
    if entries:
        pending, is_behind = await _touched(database, entries), len(entries) == ENTRIES_A_TURN
        await _Turn(database, at_us, stand, entries[-1].seq, is_behind).renew(pending)
    return len(entries)


async def look_at_orders(database: Database, after_us: int, at_us: int) -> int:
    """Orders begin and end by the clock, which no entry tells; up to when was looked."""
    clip_ids = await rows.orders_that_changed(database, after_us, at_us)
    if clip_ids:
        stand = await reader.stand_of(database, NAME)
        await _Turn(database, at_us, stand, stand[0], False).renew(Touched(clips=set(clip_ids)))
    return at_us


@dataclass(slots=True)
class Touched:
    """What is to be looked at again."""

    clips: set[int] = field(default_factory=set)
    liked: set[int] = field(default_factory=set)
    """Clips of which only the quality changed."""
    accounts: set[int] = field(default_factory=set)
    comments: set[int] = field(default_factory=set)
    sounds: set[int] = field(default_factory=set)
    more_clips: list[AsyncIterator[list[int]]] = field(default_factory=list)
    more_comments: list[AsyncIterator[list[int]]] = field(default_factory=list)
    """Read when it is their turn, a few at a time: one clip may have any number of comments."""
    turned: dict[int, bool] = field(default_factory=dict)
    """Clips behind what hangs on them, and whether they were taken out."""

    async def part(self, count: int) -> "Touched":
        """So many of them at most, taken out; none once there are none left."""
        part = Touched()
        for names, runs in ((("clips", "liked"), self.more_clips), (("accounts", "comments"), self.more_comments)):
            for name in names:
                count -= self._move(name, part, count)
            while count > 0 and runs:
                ids = await anext(runs[0], None)
                if ids is None:
                    del runs[0]
                    continue
                name = "clips" if runs is self.more_clips else "comments"
                getattr(self, name).update(ids)
                count -= self._move(name, part, count)
        count -= self._move("sounds", part, count)
        if not part.has_any:
            # Those that hang on one stand behind it in turn.
            part.clips.update([clip_id for clip_id, is_taken in reversed(self.turned.items()) if not is_taken][:count])
            self.turned.update(dict.fromkeys(part.clips, True))
        return part

    def _move(self, name: str, part: "Touched", count: int) -> int:
        left, moved = getattr(self, name), getattr(part, name)
        taken = sorted(left)[: max(0, count)]
        left.difference_update(taken)
        moved.update(taken)
        return len(taken)

    @property
    def has_any(self) -> bool:
        return bool(self.clips or self.liked or self.accounts or self.comments or self.sounds)

    @property
    def is_done(self) -> bool:
        has_more = bool(self.more_clips or self.more_comments)
        return not self.has_any and not has_more and all(self.turned.values())


async def _touched(database: Database, entries: Sequence[Entry]) -> Touched:
    touched = Touched()
    for entry in entries:
        if entry.kind in CLIPS:
            touched.clips.add(entry.subject_id)
        elif entry.kind in LIKES:
            touched.liked.add(entry.subject_id)
        elif entry.kind in COMMENTS:
            touched.comments.add(entry.subject_id)
        elif entry.kind is Kind.SOUND_NAMED:
            touched.sounds.add(entry.subject_id)
        elif entry.kind in ACCOUNTS:
            touched.accounts.add(entry.subject_id)
            if entry.kind is Kind.ACCOUNT_CHANGED:
                touched.sounds.update(await sounds.ids_by_author(database, AccountId(entry.subject_id)))
        elif entry.kind in WHOLE_ACCOUNTS:
            await _touch_account(database, AccountId(entry.subject_id), touched)
    touched.liked -= touched.clips
    return touched


async def _touch_account(database: Database, account_id: AccountId, touched: Touched) -> None:
    touched.accounts.add(account_id)
    touched.clips.update(await rows.subjects_by_author(database, CLIP, account_id))
    touched.clips.update(await candidate.published_by_for_system(database, account_id))
    touched.sounds.update(await rows.subjects_by_author(database, SOUND, account_id))
    touched.sounds.update(await sounds.ids_by_author(database, account_id))
    touched.comments.update(await rows.subjects_by_author(database, COMMENT, account_id))
    touched.comments.update(await comments.ids_by_author_for_system(database, account_id))


@dataclass(slots=True)
class _Turn:
    """What one turn looks at again, a few at a time, each few written in a transaction of their own: whoever else asks
    the process for something waits for a few. The mark moves with the last; a turn that ends early is taken again."""

    database: Database
    at_us: int
    stand: tuple[int, int]
    """The mark, and when it moved: each few move that, so that of two processes one goes on."""
    end: int
    is_behind: bool
    """There is more to be done than anybody waits for: no rest in between."""
    count: int = FEW

    async def renew(self, pending: Touched) -> None:
        while True:
            began_s = time.thread_time()
            part = await pending.part(self.count)
            changes = await self._look(part, pending)
            took_s = time.thread_time() - began_s
            if not await self._write(changes, self.end if pending.is_done else self.stand[0]) or pending.is_done:
                return
            self.count = max(1, self.count // 2) if took_s > TURN_S else min(self.count * 2, MANY)
            await asyncio.sleep(0 if self.is_behind else took_s)

    async def _look(self, part: Touched, pending: Touched) -> list["Changes"]:
        """What is to be written of the part; what comes and goes with it is pending from here on."""
        database, at_us = self.database, self.at_us
        views = await public_views(database, sorted(part.clips | part.liked), at_us)
        spoken = await spoken_in(database, [clip_id for clip_id in part.clips if clip_id in views])
        clips = {
            clip_id: clip_document(views[clip_id], spoken.get(clip_id, "")) if clip_id in views else None
            for clip_id in sorted(part.clips)
        }
        for clip_id in await self._turned(clips, pending):
            del clips[clip_id]
        changes = [
            await _changes(database, CLIP, clips),
            await _changes(database, ACCOUNT, await account_documents(database, sorted(part.accounts))),
            await _changes(database, COMMENT, await comment_documents(database, sorted(part.comments), at_us)),
        ]
        heard = await _sound_documents(database, part.sounds, changes[0].sounds)
        changes.append(await _changes(database, SOUND, heard))
        liked = {clip_id: quality_of(views[clip_id].clip) for clip_id in part.liked if clip_id in views}
        await _requalify(database, changes[0], liked)
        return changes

    async def _turned(self, clips: Wanted, pending: Touched) -> list[int]:
        """Those that come or go only now: the comments on each, and what is made of it, come and go with it. It is
        written behind them: were the turn to end in between, the next would not see that it turned."""
        kept = {one.subject_id for one in await rows.documents_of(self.database, CLIP, clips)}
        turned = [
            clip_id
            for clip_id, document in clips.items()
            if (document is None) is (clip_id in kept) and not pending.turned.get(clip_id)
        ]
        for clip_id in turned:
            if clip_id in pending.turned:
                continue
            pending.more_clips.append(_made_of(self.database, clip_id))
            found = _comments_found if clips[clip_id] is None else _comments_on
            pending.more_comments.append(found(self.database, clip_id))
            pending.turned[clip_id] = False
        return turned

    async def _write(self, changes: Sequence["Changes"], mark: int) -> bool:
        """Whether it was still this turn's: not reset meanwhile, nor taken in by another process."""
        moved_at_us = max(self.at_us, self.stand[1] + 1)

        async def work(transaction: Transaction) -> bool:
            if await reader.held_stand_of(transaction, NAME) != self.stand:
                return False
            for change in changes:
                await _write(transaction, change)
            await reader.move(transaction, NAME, mark, moved_at_us)
            return True

        is_ours = await self.database.transact(work)
        self.stand = (mark, moved_at_us)
        return is_ours


async def _made_of(database: Database, clip_id: int) -> AsyncIterator[list[int]]:
    after = Moment(0, ClipId(0))
    while made := await making.made_with_for_system(database, clip_id, after, FEW):
        yield [one.clip_id for one in made]
        after = made[-1]


async def _comments_on(database: Database, clip_id: int) -> AsyncIterator[list[int]]:
    after = 0
    while found := await comments.ids_on_clip_for_system(database, ClipId(clip_id), after, READ_AT_ONCE):
        yield list(found)
        after = found[-1]


async def _comments_found(database: Database, clip_id: int) -> AsyncIterator[list[int]]:
    """Those that the index has."""
    after = -1
    while found := await rows.subjects_on_clip(database, COMMENT, clip_id, after, READ_AT_ONCE):
        yield [comment_id for _, comment_id in found]
        after = found[-1][0]


@dataclass(slots=True)
class Changes:
    """What is to be written of one kind."""

    kind: DocumentKind
    put: list[DocumentRow] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    blocks: dict[int, Block] = field(default_factory=dict)
    postings: dict[int, dict[bytes, bytes]] = field(default_factory=dict)
    """By block; empty bytes where none is left."""
    terms: dict[bytes, int] = field(default_factory=dict)
    """In how many documents each is from now on."""
    new_terms: set[bytes] = field(default_factory=set)
    tags: dict[str, int] = field(default_factory=dict)
    sounds: Counter[int] = field(default_factory=Counter)
    """In how many clips more each is, or fewer."""
    sound_uses: list[SoundUse] = field(default_factory=list)
    ended_sound_uses: list[int] = field(default_factory=list)
    """The clips."""
    uses: list[TagUse] = field(default_factory=list)
    ended_uses: list[TagUse] = field(default_factory=list)


async def _changes(database: Database, kind: DocumentKind, wanted: Wanted) -> Changes:
    changes = Changes(kind)
    if not wanted:
        return changes
    kept = {row.subject_id: row for row in await rows.documents_of(database, kind, wanted)}
    numbers = await _numbers(database, kind, wanted, kept)
    edits: dict[int, dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    deltas: Counter[str] = Counter()
    for subject_id, number in numbers.items():
        document = wanted[subject_id]
        before = set(kept[subject_id].terms.split(" ")) if subject_id in kept else set[str]()
        after = document.weights if document else {}
        block, place = divmod(number, BLOCK)
        for term in before.union(after):
            edits[block][term][place] = after.get(term, 0)
        deltas.update(dict.fromkeys(after.keys() - before, 1))
        deltas.subtract(dict.fromkeys(before - after.keys(), 1))
        if document is None:
            changes.deleted.append(number)
        else:
            terms = " ".join(sorted(after))
            changes.put.append(DocumentRow(number, subject_id, document.author_id, document.clip_id, terms))
    changes.blocks = await _told(database, kind, wanted, numbers)
    for block, by_term in edits.items():
        changes.postings[block] = await _edited(database, kind, block, by_term)
    await _count_terms(database, changes, deltas)
    if kind is CLIP:
        await _count_tags(database, changes, list(numbers), wanted)
        await _count_sounds(database, changes, list(numbers), wanted)
    return changes


async def _numbers(
    database: Database, kind: DocumentKind, wanted: Wanted, kept: Mapping[int, DocumentRow]
) -> dict[int, int]:
    """Of those that are kept or will be; new ones go on from the last."""
    numbers = {subject_id: row.number for subject_id, row in kept.items()}
    number = await rows.next_number(database, kind)
    for subject_id in sorted(wanted):
        if subject_id not in numbers and wanted[subject_id] is not None:
            numbers[subject_id] = number
            number += 1
    return numbers


async def _told(database: Database, kind: DocumentKind, wanted: Wanted, numbers: Mapping[int, int]) -> dict[int, Block]:
    blocks = await rows.blocks_for_change(database, kind, {number // BLOCK for number in numbers.values()})
    for subject_id, number in numbers.items():
        columns, place, document = blocks[number // BLOCK].columns, number % BLOCK, wanted[subject_id]
        columns["ids"][place] = document.subject_id if document else 0
        columns["times_s"][place] = document.time_s if document else 0
        columns["durations_ms"][place] = document.duration_ms if document else 0
        columns["qualities"][place] = document.quality if document else 0
    return blocks


async def _edited(
    database: Database, kind: DocumentKind, block: int, by_term: Mapping[str, Mapping[int, int]]
) -> dict[bytes, bytes]:
    """Postings of a block's terms with the weights at these places set; a weight of 0 takes the place out."""
    keys = {term: term.encode() for term in by_term}
    before = await rows.postings_in(database, kind, block, list(keys.values()))
    return {key: _with(before.get(key, b""), by_term[term]) for term, key in keys.items()}


def _with(postings: bytes, edits: Mapping[int, int]) -> bytes:
    places, weights = rows.unpacked(postings)
    by_place = np.zeros(BLOCK, dtype=np.int64)
    by_place[places] = weights
    by_place[list(edits)] = list(edits.values())
    kept = np.flatnonzero(by_place)
    return rows.packed(kept, by_place[kept])


async def _count_terms(database: Database, changes: Changes, deltas: Mapping[str, int]) -> None:
    by = {term.encode(): delta for term, delta in deltas.items() if delta}
    known = await rows.known_terms(database, changes.kind, list(by))
    changes.terms = {term: known.get(term, 0) + delta for term, delta in by.items()}
    changes.new_terms = by.keys() - known.keys()


async def _count_tags(database: Database, changes: Changes, clip_ids: Sequence[int], wanted: Wanted) -> None:
    before = {(use.clip_id, use.tag): use for use in await rows.uses_of(database, clip_ids)}
    after = {
        (one.subject_id, tag): TagUse(one.subject_id, tag, one.author_id, one.language, one.time_s * 1_000_000)
        for clip_id in clip_ids
        if (one := wanted[clip_id]) is not None
        for tag in one.tags
    }
    changes.uses = list(after.values())
    changes.ended_uses = [use for key, use in before.items() if key not in after]
    by = Counter(tag for _, tag in after.keys() - before.keys())
    by.subtract(Counter(tag for _, tag in before.keys() - after.keys()))
    known = await rows.clips_with_tags(database, list(by))
    changes.tags = {tag: known.get(tag, 0) + delta for tag, delta in by.items() if delta}


async def _count_sounds(database: Database, changes: Changes, clip_ids: Sequence[int], wanted: Wanted) -> None:
    before = {use.clip_id: use for use in await rows.sound_uses_of(database, clip_ids)}
    after = {
        clip_id: SoundUse(clip_id, one.sound_id, one.author_id, one.language, one.time_s * 1_000_000)
        for clip_id in clip_ids
        if (one := wanted[clip_id]) is not None and one.sound_id is not None
    }
    changes.sound_uses = list(after.values())
    changes.ended_sound_uses = [clip_id for clip_id in before if clip_id not in after]
    changes.sounds.update(use.sound_id for use in after.values())
    changes.sounds.subtract(use.sound_id for use in before.values())


async def _sound_documents(
    database: Database, touched: Iterable[int], deltas: Mapping[int, int]
) -> dict[int, Document | None]:
    """Of sounds that are in a clip that anybody may see, and whose author is in good standing."""
    sound_ids = sorted({*touched, *deltas})
    told, uses = await sounds.by_ids(database, sound_ids), await sounds.count_uses(database, sound_ids)
    counts = {sound_id: uses.get(sound_id, 0) + deltas.get(sound_id, 0) for sound_id in sound_ids}
    return {
        sound_id: sound_document(row, counts[sound_id])
        if (row := told.get(sound_id)) and counts[sound_id] > 0 and not row.is_author_suspended
        else None
        for sound_id in sound_ids
    }


async def _requalify(database: Database, changes: Changes, qualities: Mapping[int, int]) -> None:
    """Set how good clips are thought to be, beside what else changes."""
    kept = await rows.documents_of(database, CLIP, qualities)
    missing = {row.number // BLOCK for row in kept} - changes.blocks.keys()
    changes.blocks |= await rows.blocks_for_change(database, CLIP, missing)
    for row in kept:
        changes.blocks[row.number // BLOCK].columns["qualities"][row.number % BLOCK] = qualities[row.subject_id]


async def _write(transaction: Transaction, changes: Changes) -> None:
    kind = changes.kind
    await rows.put_documents(transaction, kind, changes.put)
    await rows.delete_documents(transaction, kind, changes.deleted)
    await rows.put_blocks(transaction, changes.blocks.values())
    for block, postings in changes.postings.items():
        await rows.put_postings(transaction, kind, block, [(key, data) for key, data in postings.items() if data])
        await rows.delete_postings(transaction, kind, block, [key for key, data in postings.items() if not data])
    await rows.put_terms(transaction, kind, [(key, count) for key, count in changes.terms.items() if count > 0])
    gone = [key for key, count in changes.terms.items() if count <= 0]
    await rows.delete_terms(transaction, kind, gone)
    if kind in CORRECTED:
        await rows.put_grams(transaction, kind, _gram_rows(changes.new_terms - set(gone)))
        await rows.delete_grams(transaction, kind, _gram_rows(gone))
    await rows.put_tags(
        transaction, [(tag, tag_term(tag).encode(), count) for tag, count in changes.tags.items() if count > 0]
    )
    await rows.delete_tags(transaction, [tag for tag, count in changes.tags.items() if count <= 0])
    await rows.put_sound_uses(transaction, changes.sound_uses)
    await rows.delete_sound_uses(transaction, changes.ended_sound_uses)
    await rows.put_uses(transaction, changes.uses)
    await rows.delete_uses(transaction, changes.ended_uses)


def _gram_rows(terms: Iterable[bytes]) -> list[tuple[bytes, int, bytes]]:
    spelled = [(key, term) for key in terms if is_spelled(term := key.decode())]
    return [(gram.encode(), len(term), key) for key, term in spelled for gram in sorted(grams(term))]
