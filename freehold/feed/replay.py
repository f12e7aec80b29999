"""Rebuilding past pages of For You from what is stored, and saying whether they come out as they were served.

The log is folded once, in order; where a page was ranked, it is ranked again by the same lines (`ranking.rank`) and
compared to the last bit. Nothing is written. What differs is said: the input that was changed or is gone, the model's
hash, the candidates, and for each position the clip, its source, its chance, its score and the terms of it.
"""

import hashlib
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from freehold.backends.blobs import Blobs
from freehold.backends.database import Database
from freehold.domain.errors import Absent, BackendError
from freehold.domain.ids import PageId, ViewerId, id_text
from freehold.feed.fold import GONE_WITH_ACCOUNT, GONE_WITH_CLIP, GONE_WITH_EITHER, Fold, Logged, Place, logged
from freehold.feed.ranking import Asked, Ranked, Record, digest, engine, place_of, rank, unpacked, weights_digest
from freehold.feed.retention import check_kept
from freehold.recommender import ONE, Learner, SnapshotError, TermName
from freehold.store import journal, retention
from freehold.store import page as pages
from freehold.store import snapshot as snapshots
from freehold.store.journal import Entry, Kind
from freehold.store.page import FOR_YOU, LoggedPage, PageRow, Shown
from freehold.store.retention import Pruned
from freehold.store.snapshot import Snapshot

READ_LIMIT = 500
LOOKED_THROUGH_AT_ONCE = 5000
WORTH_A_JUMP = 5000
"""Rows of the log that cost about as much to fold as a snapshot costs to read."""
CAUSES_SAID = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """One page to rebuild: where it is in the log, and where it was ranked. No place: it does not say."""

    seq: int
    place: Place | None


@dataclass(frozen=True, slots=True)
class Replayed:
    page: PageRow
    base: str
    """What the learner's state was folded from."""
    rows_folded: int
    """Rows of the log from there."""
    candidates: int
    differences: tuple[str, ...]
    """What is not as it was, worst first; nothing where the page came out to the last bit."""
    positions: tuple[tuple[str, ...], ...]
    """The same for each position that was shown."""
    is_pruned: bool = False
    """It cannot be rebuilt, as what it was ranked from is no longer kept."""

    @property
    def is_same(self) -> bool:
        return not self.differences


class Selection:
    """Which pages: those of a viewer, those since a time, or so many of them, drawn evenly."""

    def __init__(self, viewer_id: ViewerId | None = None, since_us: int = 0, sample: int | None = None) -> None:
        self.viewer_id = viewer_id
        self.since_us = since_us
        self.sample = sample

    async def wanted(self, database: Database) -> list[Wanted]:
        found: list[Wanted] = []
        seq = 0
        while rows := await pages.ranked_after(
            database, seq, LOOKED_THROUGH_AT_ONCE, FOR_YOU, self.since_us, self.viewer_id
        ):
            found += (Wanted(row_seq, _place_in(ranked)) for row_seq, ranked in rows)
            seq = rows[-1][0]
        if self.sample is not None and self.sample < len(found):
            found = Random(0).sample(found, self.sample)
        return found


async def wanted_page(database: Database, page_id: PageId) -> Wanted:
    """Raises `Absent` (codes `page-absent`, `page-unranked`) or `Gone` (code `page-pruned`)."""
    row = await pages.logged_for_system(database, page_id)
    if row is None:
        await check_kept(database, page_id)
        raise Absent("page-absent", f"There is no page {id_text(page_id)}: it never was, or it was erased.")
    if row.page.feed != FOR_YOU:
        raise Absent("page-unranked", f"Page {id_text(page_id)} is of {row.page.feed}, where nothing is ranked.")
    return Wanted(row.seq, _place_in(row.page.ranked))


def _place_in(ranked: bytes | None) -> Place | None:
    return place_of(ranked) if unpacked(ranked) is not None and ranked is not None else None


class Replay:
    """One pass over the log."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs
        self._saved: list[Snapshot] = []
        self.pruned = Pruned()
        """What is gone from the log's beginning, as it was when this pass began."""
        self.faults: list[str] = []
        """What was found wrong with what is stored, whether or not a page depends on it."""
        self._start_from(Fold(database), "the log's beginning")

    async def pages(self, wanted: Sequence[Wanted]) -> AsyncIterator[Replayed]:
        """Each rebuilt page, in the order in which they were ranked."""
        self.pruned = await retention.pruned_of(self._database)
        saved = await snapshots.newest_first(self._database)
        self._saved = [one for one in reversed(saved) if one.log_seq >= self.pruned.seq]
        in_order = sorted((one for one in wanted if one.place is not None), key=lambda one: (one.place, one.seq))
        in_order += (one for one in wanted if one.place is None)
        for start in range(0, len(in_order), READ_LIMIT):
            part = in_order[start : start + READ_LIMIT]
            rows = await pages.at_seqs(self._database, [one.seq for one in part])
            for one in part:
                if one.seq in rows:
                    yield await self._replayed(rows[one.seq])

    async def check_rest(self) -> None:
        """The snapshots behind the last page: no page was rebuilt from them, but the next start would be."""
        while ahead := [one for one in self._saved if self._fold.place < _place_at(one)]:
            await self._check(ahead[0])

    async def _replayed(self, row: LoggedPage) -> Replayed:
        page, record, fault = row.page, unpacked(row.page.ranked), row.fault()
        differences = [] if fault is None else [f"the page's own row was changed: {fault}"]
        try:
            stored = page.shown
        except (ValueError, struct.error):
            stored = ()
            differences.append("its impressions cannot be read")
        if record is None:
            differences.append("it does not say what it was ranked from")
            return Replayed(page, "", 0, 0, tuple(differences), tuple(() for _ in stored))
        if not await self._go_to(record.place):
            differences.append(
                f"what it was ranked from is pruned: the log up to place {self.pruned.seq} is gone, and no snapshot"
                f" stands for it at {_place(record.place)}"
            )
            if record.engine != engine():
                differences.append(_engines(record))
            return Replayed(page, "", 0, 0, tuple(differences), tuple(() for _ in stored), is_pruned=True)
        ranked = rank(self._fold.learner, self._fold.place, _asked(page, record))
        is_model_same = ranked.model_hash == page.model_hash
        positions = _position_differences(stored, ranked.shown)
        if not is_model_same:
            differences += await self._model_differences(page, record, ranked)
        elif fault is None:
            differences += self._unsealed_differences(record, ranked, any(positions))
        if weights_digest(ranked.weights) != record.weights:
            differences.append("weights: those in force by the journal are not those that it was ranked with")
        if ranked.is_profiled is not record.is_profiled:
            differences.append("profiling: by the journal it was the other way round for this viewer")
        differences += _candidate_differences(record, ranked)
        differences += (f"position {number}: {said}" for number, some in enumerate(positions) for said in some)
        self._is_off = not is_model_same or (bool(differences) and fault is None)
        if not self._is_off:
            self._last_same = self._fold.place
        return Replayed(
            page, self._base, self._rows_folded, len(ranked.scores.candidates), tuple(differences), positions
        )

    # Getting there

    def _start_from(self, fold: Fold, name: str) -> None:
        self._fold, self._base, self._base_place = fold, name, fold.place
        self._fold.on_told = self._note_told
        self._last_same = fold.place
        self._counted_seq = fold.log_seq
        self._rows_folded = self._rows_gone = 0
        self._is_off = False
        self._causes: list[str] = []
        self._erased: list[str] | None = None
        self._rows: AsyncIterator[Logged] | None = None
        self._next: Logged | None = None

    @property
    def _is_at_beginning(self) -> bool:
        return self._fold.place == (0, 0)

    async def _go_to(self, place: Place) -> bool:
        """Fold to the place; from a snapshot where that is nearer, or where the fold has left what was served. False
        where there is nothing to fold from: the log's beginning is pruned, and no snapshot stands for it."""
        while True:
            ahead = [one for one in self._saved if self._fold.place < _place_at(one) <= place]
            if not ahead:
                break
            is_far = _place_at(ahead[-1])[0] - self._fold.log_seq > WORTH_A_JUMP
            if is_far or self._is_off or self._is_at_beginning:
                if not await self._jump(ahead):
                    break
            else:
                await self._check(ahead[0])
        if self._is_at_beginning and self.pruned.seq:
            return False
        await self._advance(place)
        return True

    async def _jump(self, ahead: Sequence[Snapshot]) -> bool:
        """To the newest that can be used."""
        for saved in reversed(ahead):
            learner = await self._read(saved)
            if learner is not None:
                self._start_from(Fold(self._database, learner, _place_at(saved)), _name_of(saved))
                return True
            self._saved.remove(saved)
        return False

    async def _read(self, saved: Snapshot) -> Learner | None:
        """None where it is damaged or gone, or of a form that only another recommender reads."""
        try:
            data = await self._blobs.read(saved.blob_key, 0, await self._blobs.size_bytes(saved.blob_key))
            if hashlib.sha256(data).hexdigest() != saved.blob_key.rpartition("/")[2]:
                self._fault(f"{_name_of(saved)} was changed: its bytes are not those that were saved")
                return None
            learner = Learner.restore(data)
        except (Absent, BackendError, SnapshotError) as fault:
            if isinstance(fault, SnapshotError) and _is_foreign(saved):
                return None
            self._fault(f"{_name_of(saved)} cannot be used: {getattr(fault, 'text', fault)}")
            return None
        if learner.hash() != saved.model_hash:
            self._fault(f"{_name_of(saved)} was changed: it holds model {learner.hash()}, not {saved.model_hash}")
            return None
        return learner

    async def _check(self, saved: Snapshot) -> None:
        """A snapshot that is passed holds what the fold holds; where it does not, the fold goes on from it.

        Another recommender's may hold anything: what was served behind it went on from it all the same.
        """
        self._saved.remove(saved)
        await self._advance(_place_at(saved))
        learner = await self._read(saved)
        if learner is None:
            return
        if _is_foreign(saved):
            if learner.state_hash() != self._fold.learner.state_hash():
                self._start_from(Fold(self._database, learner, _place_at(saved)), _name_of(saved))
        elif learner.hash() != self._fold.learner.hash():
            if not self._rows_gone and not self._causes:
                self._fault(f"what is stored makes another model of {self._base} than {_name_of(saved)} holds")
            self._start_from(Fold(self._database, learner, _place_at(saved)), _name_of(saved))
        elif learner.state_hash() != self._fold.learner.state_hash():
            self._fault(f"{_name_of(saved)} is not what the log makes of {self._base}: one of the two was changed")

    async def _advance(self, place: Place) -> None:
        if self._rows is None:
            self._rows = logged(self._database, self._fold.log_seq)
            self._next = await anext(self._rows, None)
        while self._next is not None and self._next.seq <= place[0]:
            row, self._next = self._next, await anext(self._rows, None)
            self._count_gone(row.seq - 1)
            await self._take_in(row)
            self._rows_folded += 1
            self._counted_seq = row.seq
        self._count_gone(place[0])
        await self._fold.follow(place[1])

    def _count_gone(self, seq: int) -> None:
        """Up to there nothing was found."""
        self._rows_gone += max(0, seq - self._counted_seq)
        self._counted_seq = max(self._counted_seq, seq)

    async def _take_in(self, row: Logged) -> None:
        fault = row.fault()
        kind = "page" if isinstance(row, LoggedPage) else "watch batch"
        if fault is not None:
            self._cause(f"the {kind} at place {row.seq} of the log was changed: {fault}")
        try:
            await self._fold.take_in(row)
        except (ValueError, struct.error):
            self._fold.log_seq = row.seq  # Said already, by its seal.

    def _note_told(self, entry: Entry, fault: str) -> None:
        said = f"entry {entry.seq} of the journal ({entry.kind.value}): {fault}"
        if fault in (GONE_WITH_CLIP, GONE_WITH_ACCOUNT, GONE_WITH_EITHER):
            self._causes.append(said)  # Erased, not wrong.
        else:
            self._cause(said)

    def _cause(self, said: str) -> None:
        self._causes.append(said)
        self._fault(said)

    def _fault(self, said: str) -> None:
        if said not in self.faults:
            self.faults.append(said)

    # Comparing

    async def _model_differences(self, page: PageRow, record: Record, ranked: Ranked) -> list[str]:
        found = [
            f"model: it was ranked by {page.model_hash}, and what is stored makes {ranked.model_hash}"
            f" at {_place(record.place)}"
        ]
        reasons = self._causes[:CAUSES_SAID]
        if len(self._causes) > CAUSES_SAID:
            reasons.append(f"and {len(self._causes) - CAUSES_SAID} more inputs that are gone or changed")
        pruned = await retention.pruned_of(self._database)
        if pruned.seq > self._base_place[0]:
            reasons.append(f"the log was pruned up to place {pruned.seq} while it was folded")
        if self._rows_gone:
            reasons.append(f"{self._rows_gone} rows of the log are gone since {self._base}")
            reasons += await self._erasures()
        if record.engine != engine():
            reasons.append(_engines(record))
        if not reasons:
            reasons.append(
                f"something was changed between {_place(self._last_same)}, where the hash was the same, and"
                f" {_place(record.place)}: a page, a watch or an entry there, or {self._base}"
            )
        return found + reasons

    async def _erasures(self) -> list[str]:
        if self._erased is None:
            entries = await journal.of_kind_after(self._database, Kind.ACCOUNT_DELETED, self._base_place[1])
            self._erased = [
                f"account {id_text(entry.subject_id)} was erased (entry {entry.seq} of the journal), and with it its"
                " pages and watches"
                for entry in entries
            ]
        return self._erased

    def _unsealed_differences(self, record: Record, ranked: Ranked, shows_others: bool) -> list[str]:
        """The model's hash is the same, and the page's row is as it was sealed: what else there is to doubt."""
        if record.engine != engine():
            return [_engines(record)] if shows_others or _candidate_differences(record, ranked) else []
        if _candidate_differences(record, ranked):
            return [
                f"model {ranked.model_hash} by its hash, but not the state that ranked this page: what it was folded"
                f" from ({self._base}) was changed, or what the page's row says that it was ranked from"
            ]
        return ["the page's own row was changed: its candidates and scores come out"] if shows_others else []


def _asked(page: PageRow, record: Record) -> Asked:
    return Asked(
        page.viewer_id,
        page.at_us,
        page.seed,
        record.count,
        record.candidate_count,
        record.last_author,
        record.last_sound,
        record.refused,
    )


def _candidate_differences(record: Record, ranked: Ranked) -> list[str]:
    size = len(ranked.scores.candidates)
    found = []
    if size != record.ranked_count:
        found.append(f"candidates: there were {record.ranked_count}, and {size} come out")
    elif digest(ranked.scores) != record.digest:
        found.append(f"candidates: of these {size}, or of their sources, scores or terms, some differ")
    return found


def _engines(record: Record) -> str:
    return f"it was ranked by recommender {record.engine.hex()}, and this is {engine().hex()}"


def _position_differences(stored: Sequence[Shown], rebuilt: Sequence[Shown]) -> tuple[tuple[str, ...], ...]:
    """For each position that was shown, or that comes out."""
    found: list[tuple[str, ...]] = []
    for position in range(max(len(stored), len(rebuilt))):
        if position >= len(rebuilt):
            found.append((f"clip {id_text(stored[position].clip_id)} was shown, and none comes out",))
        elif position >= len(stored):
            found.append((f"none was shown, and clip {id_text(rebuilt[position].clip_id)} comes out",))
        else:
            found.append(tuple(_shown_differences(stored[position], rebuilt[position])))
    return tuple(found)


def _shown_differences(stored: Shown, rebuilt: Shown) -> Iterator[str]:
    if stored.clip_id != rebuilt.clip_id:
        yield f"clip {id_text(stored.clip_id)} was shown, and {id_text(rebuilt.clip_id)} comes out"
    if stored.source != rebuilt.source:
        yield f"source was {stored.source.name.lower()}, and {rebuilt.source.name.lower()} comes out"
    if stored.propensity != rebuilt.propensity:
        yield f"propensity was {stored.propensity!r}, and {rebuilt.propensity!r} comes out"
    if stored.score != rebuilt.score:
        yield f"score was {_value(stored.score)}, and {_value(rebuilt.score)} comes out"
    if len(stored.terms) != len(rebuilt.terms):
        yield f"{len(stored.terms)} terms were stored, and {len(rebuilt.terms)} come out"
        return
    for number, (was, comes) in enumerate(zip(stored.terms, rebuilt.terms, strict=True)):
        if was != comes:
            yield f"term {TermName(number).name.lower()} was {_value(was)}, and {_value(comes)} comes out"


def _value(value: int) -> str:
    """A whole number of 2 ** 20ths, so that two that differ by one are told apart."""
    return f"{value / ONE:.4f} ({value})"


def _is_foreign(saved: Snapshot) -> bool:
    return saved.engine not in ("", engine().hex())


def _place_at(saved: Snapshot) -> Place:
    return saved.log_seq, saved.journal_seq


def _place(place: Place) -> str:
    return f"place {place[0]} of the log and {place[1]} of the journal"


def _name_of(saved: Snapshot) -> str:
    at = datetime.fromtimestamp(saved.at_us // 1_000_000, UTC)
    return f"snapshot {id_text(saved.id)} of {at:%Y-%m-%d %H:%M:%S}"
