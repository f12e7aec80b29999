"""The life of clips: leases what is due, does its step, and moves it on along the declared graph.

A step's blobs are put before the transaction that refers to them, and that transaction also moves the state and gives
the lease back. A worker that dies at any instant leaves at most blobs that nothing refers to, a work folder and a
lease; the next start on this machine sees that its owner is dead, elsewhere the lease runs out.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

import structlog

from freehold.actions import clip as clip_actions
from freehold.actions import transcript
from freehold.actions.captions import move_captions
from freehold.actions.upload import expire
from freehold.backends import Backends
from freehold.backends.database import Database, Transaction, Work
from freehold.domain.account import Viewer
from freehold.domain.captions import TIME_LIMIT_MS, Stretch
from freehold.domain.clip import WATCHABLE, Clip, ClipKind, ClipState, Rendition, RenditionKind
from freehold.domain.cut import Part
from freehold.domain.errors import BackendError, NoRoom, Refusal
from freehold.domain.ids import ClipId, SoundId, ViewerId, id_text, new_id
from freehold.domain.making import USES, Making, MakingKind
from freehold.domain.post import photo_ms
from freehold.domain.verdict import Door
from freehold.governance.permissions import usable_clip
from freehold.media.cover import fit_picture, make_cover, within
from freehold.media.cut import Source, make_cut
from freehold.media.cut import within as within_file
from freehold.media.encode import encode_first, encode_rest
from freehold.media.graph import CLIP_GRAPH, Graph, Step
from freehold.media.jail import Jail, open_jail
from freehold.media.ladder import ladder, output_rate
from freehold.media.limits import Limits
from freehold.media.making import Other, make_with
from freehold.media.outputs import FirstOutput, MediaFile
from freehold.media.picture import draw_picture, place_of, replaced
from freehold.media.probe import Probe, probe
from freehold.media.process import MediaFault
from freehold.media.publication import Puts, content_name, put_file, put_hls, put_waveform
from freehold.media.recognise import settle_sound
from freehold.media.refusals import MediaRefusal
from freehold.media.scribe import Scribe
from freehold.media.transcribe import Transcriber
from freehold.media.under import take_sound
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import cut as cuts
from freehold.store import journal, session
from freehold.store import making as makings
from freehold.store import rendition as renditions
from freehold.store import upload as uploads
from freehold.store.clip import Lease
from freehold.store.journal import Kind

log = structlog.get_logger("freehold.life")

LOOK_EVERY_S = 2.0
TIDY_EVERY_S = 20.0
SWEEP_EVERY_US = 3_600_000_000
SWEEP_GRACE_US = 3_600_000_000
"""How long a blob may be there before something refers to it."""
POSTER_SIDE_PX = 1_080
"""Of the picture that a photo post is shown by beforehand."""
STORAGE_WAIT_US = 30_000_000
PARTS_WAIT_US = 500_000
STORAGE_PATIENCE_US = 86_400_000_000
FULL = (errno.ENOSPC, errno.EDQUOT)
FORGET_GUESSES_US = 86_400_000_000
BEAT_S = 1.0
RETURN_S = 2.0
FAILED = ("processing-failed", "Processing this clip did not work. This may be our fault: try again.")
DIED = ("processing-died", "Processing stopped in its middle several times. Try again, or upload another file.")
NO_ROOM = ("disk-full", "The server had no room for this clip for too long. Try again later.")
NO_STORAGE = ("storage-unreachable", "The server could not reach its storage for too long. Try again later.")
INCOMPLETE = ("ladder-incomplete", "This clip plays, but its higher qualities could not be made. You may try again.")


class LeaseLostError(Exception):
    """The clip is gone, or somebody else's: what was done for it is thrown away."""


class OtherCoverError(Exception):
    """The author chose another cover while this one was made."""


class PartsWaitError(Exception):
    """A part of a cut was not looked into yet."""


@dataclass(slots=True)
class Attempt:
    """One try at one step: where it may write, the blobs it put, and how far it is."""

    lease: Lease
    step: Step
    folder: Path
    puts: Puts
    progress: float = 0.0

    def report(self, share: float) -> None:
        self.progress = share


@dataclass(slots=True)
class Life:
    """The workers of one process."""

    backends: Backends
    incoming_dir: Path
    limits: Limits
    jail: Jail
    clock: Callable[[], int]
    random: Random
    graph: Graph = CLIP_GRAPH
    transcriber: Transcriber | None = None
    owner: str = ""
    _resting: int = 0

    @classmethod
    def open(
        cls,
        backends: Backends,
        incoming_dir: Path,
        limits: Limits,
        allows_no_jail: bool,
        clock: Callable[[], int],
        random: Random,
        graph: Graph = CLIP_GRAPH,
        transcriber: Transcriber | None = None,
    ) -> "Life":
        """Raises `SettingError` where this machine offers no jail and the operator did not allow going without."""
        jail = open_jail(allows_no_jail)
        return cls(backends, incoming_dir, limits, jail, clock, random, graph, transcriber)

    async def run(self) -> None:
        """Work until cancelled; leases are then given back at once, their attempts not counted."""
        work_dir = self.incoming_dir.parent / "work"
        with _own_name(work_dir, self.random) as self.owner:
            await self._clear_up_after_the_dead(work_dir)
            async with asyncio.TaskGroup() as tasks:
                for _ in range(self.backends.compute.slots):
                    tasks.create_task(self._work())
                tasks.create_task(self._tidy())
                tasks.create_task(self._publish())
                if self.transcriber is not None:
                    scribe = Scribe(self.backends, self.transcriber, self.limits, self.jail, self.clock)
                    tasks.create_task(scribe.run(self._work_dir))

    async def run_step(self) -> bool:
        """Do the one step that is due before all others; whether there was one."""
        work_dir = self.incoming_dir.parent / "work"
        with _own_name(work_dir, self.random) as self.owner:
            attempt = await self._lease()
            if attempt is not None:
                await self._attempt(attempt)
        return attempt is not None

    async def _work(self) -> None:
        while True:
            try:
                attempt = await self._lease()
                if attempt is None:
                    await self._wait()
                else:
                    await self._attempt(attempt)
            except (BackendError, NoRoom) as error:
                # The lease, if there is one, runs out by itself.
                log.error("life waits for its storage", error=str(error))
                await asyncio.sleep(LOOK_EVERY_S)

    async def _wait(self) -> None:
        due_at_us = await clips.next_due_at_us(self.backends.database, [step.leaves for step in self.graph.steps])
        wait_s = LOOK_EVERY_S if due_at_us is None else (due_at_us - self.clock()) / 1_000_000
        await self.backends.bus.wait(clip_actions.DUE_TOPIC, min(LOOK_EVERY_S, max(0.05, wait_s)))

    async def _lease(self) -> Attempt | None:
        """The first step of any clip goes before the last of an earlier one; some slot is kept free for first steps."""
        for step in self.graph.steps:
            is_rest = step is self.graph.steps[-1]
            if is_rest and self._resting >= max(1, self.backends.compute.slots - 1):
                continue
            at_us = self.clock()
            due_at_us = await clips.next_due_at_us(self.backends.database, [step.leaves])
            if due_at_us is None or due_at_us > at_us:
                continue
            until_us = at_us + round(step.lease_s * 1_000_000)

            async def work(transaction: Transaction, step: Step = step, until_us: int = until_us) -> Lease | None:
                return await clips.lease_due(transaction, [step.leaves], self.owner, self.clock(), until_us)

            lease = await self.backends.database.transact(work)
            if lease is not None:
                # A folder for each step: the next one of a clip may begin while this one's is being removed.
                folder = self._work_dir / f"{id_text(lease.clip.id)}-{step.name}"
                return Attempt(lease, step, folder, Puts(self.backends.blobs))
        return None

    @property
    def _work_dir(self) -> Path:
        return self.incoming_dir.parent / "work" / self.owner

    async def _attempt(self, attempt: Attempt) -> None:
        """One try at a step. Whatever goes wrong is counted, and after the last attempt the clip is at an end."""
        lease, step, clip = attempt.lease, attempt.step, attempt.lease.clip
        is_rest = step is self.graph.steps[-1]
        self._resting += is_rest
        try:
            if clip.attempts > step.max_attempts:
                await self._end(attempt, step.fails, DIED)
                return
            attempt.folder.mkdir(parents=True, exist_ok=True)
            await self._while_held(attempt)
        except LeaseLostError:
            log.info("lease lost", clip=id_text(clip.id), step=step.name)
            if await clips.one_for_system(self.backends.database, clip.id) is None:
                await clip_actions.delete_blobs(self.backends, attempt.puts.sources)
        except asyncio.CancelledError:
            # Where the storage is away the lease runs out by itself: stopping does not wait for it.
            with contextlib.suppress(BackendError, NoRoom):
                await asyncio.shield(self._give_back(lease))
            raise
        except PartsWaitError:
            await self._put_off(lease, self.clock() + PARTS_WAIT_US)
        except MediaRefusal as refusal:
            log.info("clip refused", clip=id_text(clip.id), step=step.name, code=refusal.code, detail=refusal.detail)
            await self._end(attempt, step.refuses, (refusal.code, refusal.text))
        except (NoRoom, BackendError, OSError) as error:
            if isinstance(error, MediaFault) or (isinstance(error, OSError) and error.errno not in FULL):
                log.exception("step failed", clip=id_text(clip.id), step=step.name, attempt=clip.attempts)
                await self._fail(attempt)
            else:
                await self._wait_for_storage(attempt, error)
        except Exception:
            log.exception("step failed", clip=id_text(clip.id), step=step.name, attempt=clip.attempts)
            await self._fail(attempt)
        finally:
            self._resting -= is_rest
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, attempt.folder, True))

    async def _while_held(self, attempt: Attempt) -> None:
        """Do the step and say now and then that we live; `LeaseLostError` once the lease is not ours."""
        work = asyncio.ensure_future(self.backends.compute.run(lambda: self._step(attempt)))
        beat_s = min(BEAT_S, attempt.step.lease_s / 4)
        shown, renewed_s = 0, asyncio.get_running_loop().time()
        try:
            while not (await asyncio.wait([work], timeout=beat_s))[0]:
                permille = max(0, min(1000, int(attempt.progress * 1000)))
                now_s = asyncio.get_running_loop().time()
                if permille == shown and now_s - renewed_s < attempt.step.lease_s / 4:
                    continue
                with contextlib.suppress(BackendError, NoRoom):
                    is_held = await self._renew(attempt, permille)
                    shown, renewed_s = permille, now_s
                    # A step gives the lease back itself when it moves the clip on: then it is about to return.
                    if not is_held and not (await asyncio.wait([work], timeout=RETURN_S))[0]:
                        raise LeaseLostError
            work.result()
        finally:
            if not work.done():
                work.cancel()
                await asyncio.wait([work])

    async def _renew(self, attempt: Attempt, permille: int) -> bool:
        until_us = self.clock() + round(attempt.step.lease_s * 1_000_000)
        clip_id, owner = attempt.lease.clip.id, attempt.lease.owner
        return await self.backends.database.transact(
            lambda tx: clips.renew_lease(tx, clip_id, owner, until_us, permille)
        )

    async def _step(self, attempt: Attempt) -> None:
        steps = {"probe": self._probe, "first": self._first, "rest": self._rest}
        if attempt.lease.clip.kind is ClipKind.PHOTO:
            steps = {"probe": self._draw, "first": self._show_pictures, "rest": self._rest}
        await steps[attempt.step.name](attempt)

    async def _move_on(self, attempt: Attempt, change: Work[None]) -> None:
        """The change and the new state, in one transaction, where the lease is still ours."""
        step, lease, at_us = attempt.step, attempt.lease, self.clock()
        is_over = step.reaches in self.graph.over

        async def work(transaction: Transaction) -> bool:
            # What its author changes at the same time comes wholly before this or after it.
            await clips.lock(transaction, lease.clip.id)
            if not await clips.holds_lease(transaction, lease.clip.id, lease.owner):
                return False
            await change(transaction)
            return await clips.set_state(
                transaction,
                lease.clip.id,
                step.reaches,
                at_us=at_us,
                due_at_us=None if is_over else at_us,
                expected=step.leaves,
            )

        # Equal bytes of another clip may be deleted just now, before anything refers to ours.
        async with self.backends.blobs.need:
            await attempt.puts.put_again()
            is_ours = await self.backends.database.transact(work)
        if not is_ours:
            raise LeaseLostError
        # Another process may have asked before our commit and deleted after it.
        await attempt.puts.put_again()
        self.backends.bus.ring(clip_actions.DUE_TOPIC)

    async def _probe(self, attempt: Attempt) -> None:
        clip = attempt.lease.clip
        moves: list[list[Stretch]] = []
        if clip.incoming_name:
            source = self.incoming_dir / clip.incoming_name
        else:
            source, shortened = await self._cut(attempt)
            moves += [shortened] if shortened else []
        uploaded, found = source, await probe(source, self.limits, self.jail)
        made = await makings.of_clip(self.backends.database, clip.id)
        if made is not None:
            source, begins_at_ms = await self._made_with(attempt, made, source, found)
            moves += [[Stretch(0, TIME_LIMIT_MS - begins_at_ms, begins_at_ms)]] if begins_at_ms else []
            found = await probe(source, self.limits, self.jail)
        attempt.report(0.9)
        key = await attempt.puts.put_file(source)
        size_bytes, at_us = (await asyncio.to_thread(source.stat)).st_size, self.clock()
        parts_keys: set[str] = set()

        async def change(transaction: Transaction) -> None:
            _, keys = await clip_actions.delete_parts(transaction, clip, at_us)
            parts_keys.update(keys)
            for stretches in moves:
                await move_captions(transaction, clip.id, stretches, at_us)
            await clips.set_facts(
                transaction,
                clip.id,
                original_key=key,
                incoming_name=None,
                size_bytes=size_bytes,
                probe=found.to_json(),
                duration_ms=found.duration_ms,
                width_px=found.width_px,
                height_px=found.height_px,
            )

        await self._move_on(attempt, change)
        uploaded.unlink(missing_ok=True)
        await clip_actions.delete_blobs(self.backends, parts_keys)

    async def _draw(self, attempt: Attempt) -> None:
        """The pictures of a photo post: of the one that was uploaded, or those that it is gathered of."""
        clip = attempt.lease.clip
        if clip.incoming_name is None:
            await self._gather(attempt)
            return
        uploaded = self.incoming_dir / clip.incoming_name
        drawn = await draw_picture(uploaded, 1, attempt.folder, self.jail)
        made = [await put_file(attempt.puts, clip.id, file) for file in drawn.files]

        async def change(transaction: Transaction) -> None:
            await renditions.delete_all(transaction, clip.id)
            await _put_all(transaction, made)
            await self._set_pictures(transaction, clip, made, drawn.tint)

        await self._move_on(attempt, change)
        uploaded.unlink(missing_ok=True)

    async def _gather(self, attempt: Attempt) -> None:
        """The pictures of others, which the post takes the place of; `PartsWaitError` until all are drawn."""
        clip, database, at_us = attempt.lease.clip, self.backends.database, self.clock()
        cut = await cuts.of_clip(database, clip.id)
        assert cut is not None
        part_ids = [part.clip_id for part in cut.parts]
        for part_id in part_ids:
            await self._picture(database, part_id)
        sound = await self._sound_under(attempt)
        keys: set[str] = set()

        async def change(transaction: Transaction) -> None:
            of = [await self._picture(transaction, part_id) for part_id in part_ids]
            known = await renditions.of_clips(transaction, part_ids)
            made = [
                replace(one, clip_id=clip.id, name=replaced(one.name, place))
                for place, part_id in enumerate(part_ids, start=1)
                for one in known[part_id]
                if one.kind is RenditionKind.PICTURE
            ]
            await renditions.delete_all(transaction, clip.id)
            await _put_all(transaction, [*made, *sound])
            await self._set_pictures(transaction, clip, made, of[0].tint)
            keys.update((await clip_actions.delete_parts(transaction, clip, at_us))[1])

        await self._move_on(attempt, change)
        await clip_actions.delete_blobs(self.backends, keys)

    async def _sound_under(self, attempt: Attempt) -> list[Rendition]:
        """What is heard under the pictures; nothing where no sound was asked for."""
        clip = attempt.lease.clip
        made = await makings.of_clip(self.backends.database, clip.id)
        if made is None:
            return []
        _, rungs = await self._usable_source(clip, made)
        path = attempt.folder / "other.mp4"
        await self.backends.blobs.fetch_file(rungs[-1].blob_key, path)
        taken = await take_sound(path, attempt.folder, self.limits, self.jail)
        return [await put_file(attempt.puts, clip.id, taken)]

    async def _picture(self, source: Database | Transaction, clip_id: ClipId) -> Clip:
        clip = await clips.one_for_system(source, clip_id)
        if clip is None or clip.state is ClipState.WITHDRAWN:
            raise MediaRefusal("media-part-gone")
        if clip.state in (ClipState.REFUSED, ClipState.FAILED):
            raise MediaRefusal("media-part-refused", clip.refusal_code or "")
        if clip.original_key is None:
            raise PartsWaitError
        return clip

    async def _set_pictures(self, transaction: Transaction, clip: Clip, made: Sequence[Rendition], tint: str) -> None:
        first = max((one for one in made if place_of(one.name) == 1), key=lambda one: one.width_px)
        await clips.set_facts(
            transaction,
            clip.id,
            original_key=first.blob_key,
            incoming_name=None,
            size_bytes=sum(one.size_bytes for one in made),
            duration_ms=photo_ms(len(clip.picture_alts)),
            width_px=first.width_px,
            height_px=first.height_px,
            tint=tint,
        )

    async def _show_pictures(self, attempt: Attempt) -> None:
        """Let the post be seen, with its first picture, or what its author chose, for a cover."""
        clip, database = attempt.lease.clip, self.backends.database
        known = (await renditions.of_clips(database, [clip.id])).get(clip.id, [])
        sizes = [one for one in known if one.kind is RenditionKind.PICTURE and place_of(one.name) == 1]
        source = next((one for one in sizes if max(one.width_px, one.height_px) >= POSTER_SIDE_PX), sizes[-1])
        while not await self._show_with(attempt, source):
            pass

    async def _show_with(self, attempt: Attempt, first: Rendition) -> bool:
        """False where its author chose another cover meanwhile."""
        clip, at_us = attempt.lease.clip, self.clock()
        chosen = await clips.one_for_system(self.backends.database, clip.id) or clip
        poster = replace(first, name=content_name("poster.jpg", first.blob_key), kind=RenditionKind.POSTER)
        if chosen.cover_key is not None:
            picture = attempt.folder / "picture.jpg"
            await self.backends.blobs.fetch_file(chosen.cover_key, picture)
            size = MediaFile(picture, "poster", "poster.jpg", first.content_type, 0, first.width_px, first.height_px)
            fitted = await fit_picture(picture, size, attempt.folder, self.limits, self.jail)
            poster = await put_file(attempt.puts, clip.id, fitted)

        async def change(transaction: Transaction) -> None:
            current = await clips.one_for_system(transaction, clip.id)
            assert current is not None, "its lease is held"
            if current.cover_key != chosen.cover_key:
                raise OtherCoverError
            await renditions.delete_kind(transaction, clip.id, RenditionKind.POSTER)
            await renditions.put(transaction, poster)
            if clip_actions.is_wanted(current, at_us):
                await clip_actions.make_public(transaction, current, at_us)

        try:
            await self._move_on(attempt, change)
        except OtherCoverError:
            return False
        return True

    async def _cut(self, attempt: Attempt) -> tuple[Path, list[Stretch]]:
        """The file of a clip that is made of parts of others, which it takes the place of; where what was to be of
        each comes to stand, since a part ends with its file."""
        clip, database = attempt.lease.clip, self.backends.database
        cut = await cuts.of_clip(database, clip.id)
        assert cut is not None
        of: dict[ClipId, Source] = {}
        for part in cut.parts:
            if part.clip_id not in of:
                of[part.clip_id] = await self._part(attempt, part)
        sources = [within_file(replace(of[part.clip_id], part=part)) for part in cut.parts]
        path = await make_cut(cut, sources, attempt.folder, self.limits, self.jail, attempt.report)
        return path, cut.shortened([source.part for source in sources])

    async def _part(self, attempt: Attempt, part: Part) -> Source:
        """A part's file; `PartsWaitError` where it was not looked into yet."""
        clip = await clips.one_for_system(self.backends.database, part.clip_id)
        if clip is None or clip.state is ClipState.WITHDRAWN:
            raise MediaRefusal("media-part-gone")
        if clip.state is ClipState.REFUSED or (clip.state is ClipState.FAILED and clip.original_key is None):
            raise MediaRefusal("media-part-refused", clip.refusal_code or "")
        if clip.original_key is None or clip.probe is None:
            raise PartsWaitError
        path = attempt.folder / f"part-{id_text(clip.id)}"
        await self.backends.blobs.fetch_file(clip.original_key, path)
        return Source(part, path, Probe.from_json(clip.probe))

    async def _made_with(self, attempt: Attempt, made: Making, own: Path, found: Probe) -> tuple[Path, int]:
        """The upload put together with the clip that it is made with, which it takes the place of, and when its own
        picture begins in it. Raises what `_usable_source` raises."""
        source, rungs = await self._usable_source(attempt.lease.clip, made)
        assert source.probe is not None
        path = attempt.folder / "other.mp4"
        await self.backends.blobs.fetch_file(rungs[-1].blob_key, path)
        fps = output_rate(Probe.from_json(source.probe).rate, is_lowest=len(rungs) == 1)
        other = Other(
            path, rungs[-1].width_px, rungs[-1].height_px, fps, source.duration_ms, "mp4a" in rungs[-1].codecs
        )
        made = replace(made, length_ms=min(made.length_ms, source.duration_ms))
        path = await make_with(made, own, found, other, attempt.folder, self.limits, self.jail, attempt.report)
        return path, made.length_ms if made.kind is MakingKind.STITCH else 0

    async def _usable_source(self, clip: Clip, made: Making) -> tuple[Clip, list[Rendition]]:
        """The clip that another is made with, and its ladder. MediaRefusal `media-source-gone` where the author of that
        one may not use it any more."""
        database = self.backends.database
        account = await accounts.by_id(database, clip.author_id)
        viewer = Viewer(ViewerId(clip.author_id), account)
        try:
            view = await usable_clip(database, viewer, made.source_id, USES[made.kind], Door.LINK, self.clock())
        except Refusal as refusal:
            raise MediaRefusal("media-source-gone", refusal.code) from refusal
        known = (await renditions.of_clips(database, [made.source_id])).get(made.source_id, [])
        rungs = [rendition for rendition in known if rendition.kind is RenditionKind.LADDER]
        if view.clip.state not in WATCHABLE or not rungs or view.clip.probe is None:
            raise MediaRefusal("media-source-gone", "not watchable")
        return view.clip, rungs

    async def _source(self, attempt: Attempt) -> tuple[Path, Probe]:
        clip = attempt.lease.clip
        assert clip.original_key is not None and clip.probe is not None
        path = attempt.folder / "original"
        await self.backends.blobs.fetch_file(clip.original_key, path)
        return path, Probe.from_json(clip.probe)

    async def _first(self, attempt: Attempt) -> None:
        clip = attempt.lease.clip
        source, found = await self._source(attempt)
        output = await encode_first(source, found, attempt.folder, self.limits, self.jail, attempt.report)
        made = [await put_file(attempt.puts, clip.id, file) for file in (output.rendition, output.strip)]
        if output.waveform:
            made.append(await put_waveform(attempt.puts, clip.id, output.waveform))
        while not await self._show_first(attempt, output, made):
            pass

    async def _show_first(self, attempt: Attempt, output: FirstOutput, made: Sequence[Rendition]) -> bool:
        """Let the clip be watched, with its cover; False where its author chose another one meanwhile."""
        clip, at_us = attempt.lease.clip, self.clock()
        sound_id = SoundId(new_id(at_us, self.random))
        chosen = await clips.one_for_system(self.backends.database, clip.id) or clip
        poster = await put_file(attempt.puts, clip.id, await self._cover(attempt, chosen, output))

        async def change(transaction: Transaction) -> None:
            current = await clips.one_for_system(transaction, clip.id)
            assert current is not None, "its lease is held"
            if (current.cover_ms, current.cover_key) != (chosen.cover_ms, chosen.cover_key):
                raise OtherCoverError
            await renditions.delete_all(transaction, clip.id)
            await _put_all(transaction, [*made, poster])
            await clips.set_facts(
                transaction,
                clip.id,
                duration_ms=output.duration_ms,
                tint=output.tint,
                perceptual_hash=output.perceptual_hash,
            )
            if output.can_be_heard:
                await settle_sound(transaction, current, output.sound_prints, sound_id, at_us)
                if self.transcriber is not None:
                    await transcript.ask(transaction, clip.id, at_us)
            if clip_actions.is_wanted(current, at_us):
                await clip_actions.make_public(transaction, current, at_us)

        try:
            await self._move_on(attempt, change)
        except OtherCoverError:
            return False
        return True

    async def _cover(self, attempt: Attempt, clip: Clip, output: FirstOutput) -> MediaFile:
        """As the author chose it while the clip was still on its way, else the one that was found."""
        folder = attempt.folder
        if clip.cover_key is not None:
            picture = folder / "picture.jpg"
            await self.backends.blobs.fetch_file(clip.cover_key, picture)
            return await fit_picture(picture, output.poster, folder, self.limits, self.jail)
        if clip.cover_ms:
            moment_ms = within(clip.cover_ms, output.duration_ms)
            return await make_cover(output.rendition.path, moment_ms, output.poster, folder, self.limits, self.jail)
        return output.poster

    async def _rest(self, attempt: Attempt) -> None:
        clip = attempt.lease.clip
        if clip.kind is not ClipKind.VIDEO:
            await self._move_on(attempt, _nothing)
            return
        assert clip.probe is not None
        known = (await renditions.of_clips(self.backends.database, [clip.id])).get(clip.id, [])
        rungs = [rendition for rendition in known if rendition.kind is RenditionKind.LADDER]
        if len(rungs) == len(ladder(Probe.from_json(clip.probe))) > 1:
            # A withdrawn clip that came back: everything is there.
            await self._move_on(attempt, _nothing)
            return
        source, found = await self._source(attempt)
        lowest = attempt.folder / "lowest.mp4"
        await self.backends.blobs.fetch_file(rungs[0].blob_key, lowest)
        output = await encode_rest(source, found, attempt.folder, self.limits, self.jail, attempt.report, lowest=lowest)
        made = [await put_file(attempt.puts, clip.id, file) for file in output.renditions]
        made += await put_hls(attempt.puts, clip.id, output.hls)

        async def change(transaction: Transaction) -> None:
            await renditions.delete_kind(transaction, clip.id, RenditionKind.HLS)
            await _put_all(transaction, made)

        await self._move_on(attempt, change)

    async def _give_back(self, lease: Lease) -> None:
        """We were stopped: the clip is due again at once and the attempt does not count."""
        await self._put_off(lease, self.clock())

    async def _put_off(self, lease: Lease, due_at_us: int) -> None:
        """Due again by then, the attempt uncounted."""

        async def work(transaction: Transaction) -> None:
            await clips.uncount_attempt(transaction, lease.clip.id, lease.owner)
            await clips.give_back_lease(transaction, lease.clip.id, lease.owner, due_at_us)

        await self.backends.database.transact(work)

    async def _wait_for_storage(self, attempt: Attempt, error: Exception) -> None:
        """Try again a little later without counting, for as long as a day: it is no fault of the clip's."""
        lease = attempt.lease
        log.error("a clip waits for storage", clip=id_text(lease.clip.id), step=attempt.step.name, error=str(error))
        if self.clock() - lease.clip.state_since_us > STORAGE_PATIENCE_US:
            await self._end(attempt, attempt.step.fails, NO_STORAGE if isinstance(error, BackendError) else NO_ROOM)
            return
        await self._put_off(lease, self.clock() + STORAGE_WAIT_US)

    async def _fail(self, attempt: Attempt) -> None:
        """Try again later, or end where this was the last attempt."""
        lease, step = attempt.lease, attempt.step
        if lease.clip.attempts >= step.max_attempts:
            await self._end(attempt, step.fails, FAILED)
            return
        due_at_us = self.clock() + round(step.wait_s(lease.clip.attempts) * 1_000_000)
        await self.backends.database.transact(
            lambda tx: clips.give_back_lease(tx, lease.clip.id, lease.owner, due_at_us)
        )

    async def _end(self, attempt: Attempt, state: ClipState, words: tuple[str, str]) -> None:
        """The step is over for good; what was refused is not kept."""
        clip, lease, at_us = attempt.lease.clip, attempt.lease, self.clock()
        if state is ClipState.READY:
            words = INCOMPLETE

        async def work(transaction: Transaction) -> bool:
            await clips.lock(transaction, clip.id)
            if not await clips.holds_lease(transaction, clip.id, lease.owner):
                return False
            if state is ClipState.REFUSED:
                await clips.set_facts(transaction, clip.id, incoming_name=None, original_key=None)
                await clip_actions.let_sound_go(transaction, clip)
                await cuts.release(transaction, clip.id)
            kind = Kind.CLIP_REFUSED if state is ClipState.REFUSED else Kind.CLIP_FAILED
            await journal.append(
                transaction, kind, at_us=at_us, actor_id=None, subject_id=clip.id, detail={"code": words[0]}
            )
            return await clips.set_state(
                transaction, clip.id, state, at_us=at_us, due_at_us=None, expected=attempt.step.leaves, refusal=words
            )

        if await self.backends.database.transact(work) and state is ClipState.REFUSED:
            if clip.incoming_name is not None:
                (self.incoming_dir / clip.incoming_name).unlink(missing_ok=True)
            original = {clip.original_key} if clip.original_key else set()
            await clip_actions.delete_blobs(self.backends, set(attempt.puts.sources) | original)

    async def _publish(self) -> None:
        """Publish at the time that their authors chose, those first whose time came while nobody worked."""
        while True:
            try:
                await clip_actions.publish_due(self.backends, self.clock())
            except (BackendError, NoRoom) as error:
                log.error("clips wait to be published", error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def _tidy(self) -> None:
        swept_at_us: int | None = None
        while True:
            try:
                await expire(self.backends, self.incoming_dir, self.clock())
                await self._remove_leftovers()
                if swept_at_us is None or self.clock() - swept_at_us >= SWEEP_EVERY_US:
                    swept_at_us = self.clock()
                    await self.sweep()
            except (BackendError, NoRoom, OSError) as error:
                log.error("what is left over could not be cleared up", error=str(error))
            await asyncio.sleep(TIDY_EVERY_S)

    async def sweep(self) -> None:
        """Forget what nobody needs any more: sessions that are over, old guesses, blobs that nothing refers to."""
        at_us = self.clock()

        async def work(transaction: Transaction) -> None:
            await session.delete_expired(transaction, at_us)
            await session.forget_old_guesses(transaction, at_us - FORGET_GUESSES_US)

        await self.backends.database.transact(work)
        count = await clip_actions.sweep_blobs(self.backends, at_us - SWEEP_GRACE_US)
        if count:
            log.info("blobs swept", count=count)

    async def _clear_up_after_the_dead(self, work_dir: Path) -> None:
        """Owners of this machine whose process is gone: their leases are free at once, their folders are removed."""
        for lock in work_dir.glob("*.lock"):
            owner = lock.stem
            with lock.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                await self.backends.database.transact(partial(clips.release_leases, owner=owner))
                await asyncio.to_thread(shutil.rmtree, work_dir / owner, True)
                lock.unlink(missing_ok=True)

    async def _remove_leftovers(self) -> None:
        """Files under `incoming/` that no clip needs. Listed first: a file never comes before its clip."""
        self.incoming_dir.mkdir(parents=True, exist_ok=True)
        # Folders, such as lost+found, are not ours.
        names = {path.name for path in self.incoming_dir.iterdir() if not path.is_dir()}
        for name in names - await uploads.needed_incoming_names(self.backends.database):
            (self.incoming_dir / name).unlink(missing_ok=True)


async def _nothing(_: Transaction) -> None:
    return


async def _put_all(transaction: Transaction, made: Iterable[Rendition]) -> None:
    for rendition in made:
        await renditions.put(transaction, rendition)


@contextlib.contextmanager
def _own_name(work_dir: Path, random: Random) -> Iterator[str]:
    """A name for this process's leases and work folder, with a locked file that says as long as we live."""
    work_dir.mkdir(parents=True, exist_ok=True)
    while True:
        owner = f"w{random.getrandbits(64):016x}"
        lock = work_dir / f"{owner}.lock"
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            os.close(descriptor)
    try:
        yield owner
    finally:
        shutil.rmtree(work_dir / owner, ignore_errors=True)
        lock.unlink(missing_ok=True)
        os.close(descriptor)
