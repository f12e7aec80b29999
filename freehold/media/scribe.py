"""Listens to the clips that are due for it, one after the other, beside the steps of their lives: a clip is published
and plays whatever becomes of its captions."""

import asyncio
import contextlib
import errno
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from freehold.actions import transcript as actions
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.clip import Clip, RenditionKind
from freehold.domain.errors import BackendError, NoRoom
from freehold.domain.ids import id_text
from freehold.domain.transcript import Transcript, TranscriptState, told_of
from freehold.media.jail import Jail
from freehold.media.limits import Limits
from freehold.media.process import MediaFault
from freehold.media.transcribe import Heard, Transcriber
from freehold.store import clip as clips
from freehold.store import rendition as renditions
from freehold.store import transcript as transcripts

log = structlog.get_logger("freehold.scribe")

LOOK_EVERY_S = 2.0
ATTEMPTS = 3
BACKOFF_US = 60_000_000
STORAGE_WAIT_US = 30_000_000
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Scribe:
    """The listener of one process. A process that dies in the middle leaves the clip to be listened to again."""

    backends: Backends
    transcriber: Transcriber
    limits: Limits
    jail: Jail
    clock: Callable[[], int]

    async def run(self, work_dir: Path) -> None:
        """Listen until cancelled."""
        while True:
            try:
                if not await self.listen_once(work_dir):
                    await asyncio.sleep(LOOK_EVERY_S)
            except (BackendError, NoRoom) as error:
                log.error("captions wait for storage", error=str(error))
                await asyncio.sleep(LOOK_EVERY_S)

    async def listen_once(self, work_dir: Path) -> bool:
        """Listen to the clip that has been due longest; whether there was one. Whatever goes wrong is counted, and
        after the last attempt the clip is left without captions."""
        at_us = self.clock()
        # Nobody else is to begin with it while it may still be under way.
        until_us = at_us + 2 * self.limits.encode_wall_s * 1_000_000
        due = await self.backends.database.transact(lambda tx: transcripts.lease_due(tx, at_us, until_us))
        if due is None:
            return False
        try:
            clip = await clips.one_for_system(self.backends.database, due.clip_id)
            heard = await self.backends.compute.run(lambda: self._listen(clip, work_dir))
            await self._settle(due, heard, clip)
        except asyncio.CancelledError:
            with contextlib.suppress(BackendError, NoRoom):
                await asyncio.shield(self._put_off(due, 0, due.attempts - 1))
            raise
        except (BackendError, NoRoom, OSError) as error:
            if isinstance(error, MediaFault) or (isinstance(error, OSError) and error.errno not in FULL):
                log.exception("captions failed", clip=id_text(due.clip_id), attempt=due.attempts)
                await self._fail(due)
            else:
                log.error("captions wait for storage", clip=id_text(due.clip_id), error=str(error))
                await self._put_off(due, STORAGE_WAIT_US, due.attempts - 1)
        except Exception:
            log.exception("captions failed", clip=id_text(due.clip_id), attempt=due.attempts)
            await self._fail(due)
        return True

    async def _listen(self, clip: Clip | None, work_dir: Path) -> Heard:
        key = await self._sound_of(clip) if clip is not None else None
        if clip is None or key is None:
            return Heard(TranscriptState.SILENT)
        folder = work_dir / f"{id_text(clip.id)}-transcript"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            source = folder / "rendition.mp4"
            await self.backends.blobs.fetch_file(key, source)
            return await self.transcriber.listen(clip, source, folder, self.limits, self.jail)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, True))

    async def _sound_of(self, clip: Clip) -> str | None:
        """The blob of its lowest rendition, where that has sound."""
        known = (await renditions.of_clips(self.backends.database, [clip.id])).get(clip.id, [])
        rungs = [one for one in known if one.kind is RenditionKind.LADDER]
        return rungs[0].blob_key if rungs and "mp4a" in rungs[0].codecs else None

    async def _settle(self, due: Transcript, heard: Heard, clip: Clip | None = None) -> None:
        told = told_of(clip) if clip is not None else None
        await actions.settle(
            self.backends, due.clip_id, heard.state, heard.language, heard.cues, self.clock(), due=due, told=told
        )

    async def _fail(self, due: Transcript) -> None:
        """Try again later, or leave the clip without captions where this was the last attempt."""
        if due.attempts >= ATTEMPTS:
            await self._settle(due, Heard(TranscriptState.FAILED))
        else:
            await self._put_off(due, BACKOFF_US * due.attempts, due.attempts)

    async def _put_off(self, due: Transcript, wait_us: int, attempts: int) -> None:
        """Due again by then, unless it was asked for anew meanwhile."""
        due_at_us = self.clock() + wait_us

        async def work(transaction: Transaction) -> None:
            await clips.lock(transaction, due.clip_id)
            if await transcripts.of_clip(transaction, due.clip_id) == due:
                await transcripts.put_off(transaction, due.clip_id, due_at_us, attempts)

        await self.backends.database.transact(work)
