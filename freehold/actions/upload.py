"""Uploads: begin, append, finish, terminate, expire. An offset is acknowledged only once it is durable.

Bytes go to `incoming/<upload id>`; every few MiB they are synced to the disk and then the offset is committed, in
this order, so that the committed offset never promises more than the disk holds. Whatever a crash leaves in the
file beyond the offset is cut off before the next byte is written.
"""

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import os
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Protocol, TypeVar

from freehold.actions import clip as clip_actions
from freehold.actions import transcript
from freehold.actions.clip import Words
from freehold.actions.making import checked_making, sound_asked
from freehold.backends import Backends
from freehold.backends.database import Transaction
from freehold.domain.account import Account, Viewer
from freehold.domain.clip import Clip, ClipKind, ClipState
from freehold.domain.errors import Absent, BadInput, Conflict, Gone, NoRoom, Refusal, Throttled, TooLarge
from freehold.domain.ids import AccountId, ClipId, UploadId, ViewerId, id_text, new_id
from freehold.domain.post import PICTURE_BYTES_LIMIT, PICTURE_LIMIT
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import journal, session
from freehold.store import making as makings
from freehold.store import upload as uploads
from freehold.store.journal import Kind
from freehold.store.upload import Upload

T = TypeVar("T")
WRITE_BYTES = 1 << 20
DURABLE_EVERY_BYTES = 4 << 20
DURABLE_EVERY_S = 1.0
RATE_WINDOW_US = 3_600_000_000
EXPIRE_BATCH = 100
FILE_NAME_LIMIT = 255


@dataclass(frozen=True, slots=True)
class UploadRules:
    """Settings of `[uploads]`. Each has a refusal of its own."""

    max_size_bytes: int = 2 << 30
    """The largest file."""
    quota_bytes: int = 50 << 30
    """All of one account's uploads together."""
    max_open: int = 8
    """Uploads that one account may have under way."""
    max_per_hour: int = 60
    """Uploads that one account may begin in an hour."""
    expire_after_s: int = 86_400
    """How long an upload that nobody goes on with is kept."""


@dataclass(frozen=True, slots=True)
class Intake:
    """Where uploads are taken in, and by which rules."""

    backends: Backends
    directory: Path
    rules: UploadRules
    clock: Callable[[], int]
    random: Random
    writers: dict[UploadId, "asyncio.Task[Any]"] = field(default_factory=dict)
    """Who writes to which upload in this process; the newest request takes over from an older one."""

    def path_of(self, upload_id: UploadId) -> Path:
        return self.directory / id_text(upload_id)


@dataclass(frozen=True, slots=True)
class Announced:
    """What a client says of a file before it sends it."""

    size_bytes: int
    file_name: str
    words: Words
    metadata: str = ""
    overhead_bytes: int = 0
    """At most so many of the announced bytes are not the file's."""


def _too_big(rules: UploadRules) -> TooLarge:
    return TooLarge("upload-too-big", f"A file may have at most {rules.max_size_bytes:,} bytes.")


def picture_too_big() -> TooLarge:
    return TooLarge("picture-big", f"A picture may have at most {PICTURE_BYTES_LIMIT >> 20} MiB.")


def _check_picture(words: Words, size_bytes: int) -> None:
    if words.kind is ClipKind.PHOTO and size_bytes > PICTURE_BYTES_LIMIT:
        raise picture_too_big()


async def begin(intake: Intake, account: Account, announced: Announced) -> Upload:
    """Make room for an upload and its clip. Every limit refuses with its own code:

    `upload-empty`, `upload-too-big`, `quota-full`, `too-many-uploads` (open ones), `upload-rate`. Where it is to be
    made with another clip, raises what `checked_making` raises.
    """
    if announced.size_bytes <= 0:
        raise BadInput("upload-empty", "This file is empty.")
    if announced.size_bytes - announced.overhead_bytes > intake.rules.max_size_bytes:
        raise _too_big(intake.rules)
    _check_picture(announced.words, announced.size_bytes - announced.overhead_bytes)
    at_us = intake.clock()
    words = clip_actions.checked_words(announced.words, at_us)
    tags = clip_actions.parse_tags(words.caption)
    upload = Upload(
        UploadId(new_id(at_us, intake.random)),
        account.id,
        ClipId(new_id(at_us, intake.random)),
        announced.size_bytes,
        0,
        announced.metadata,
        at_us,
        at_us + intake.rules.expire_after_s * 1_000_000,
        None,
    )

    async def work(transaction: Transaction) -> None:
        await accounts.lock(transaction, account.id)
        await _check_limits(transaction, intake.rules, account.id, announced.size_bytes, at_us)
        await count_one(transaction, intake.rules, account.id, at_us, words.kind)
        asked, clip = words.asked_making, _new_clip(upload, announced, words)
        viewer = Viewer(ViewerId(account.id), account)
        made = await checked_making(transaction, viewer, asked, at_us) if asked else None
        await clips.insert(transaction, clip, None)
        if made is not None:
            await makings.insert(transaction, upload.clip_id, made)
        if words.may_transcribe is False:
            await transcript.choose(transaction, clip, False, at_us, can_be_heard=False)
        await clips.set_tags(transaction, upload.clip_id, tags)
        await uploads.insert(transaction, upload)

    await intake.backends.database.transact(work)
    return upload


async def _check_limits(
    transaction: Transaction, rules: UploadRules, account_id: AccountId, size_bytes: int, at_us: int
) -> None:
    stored_bytes = await clips.stored_bytes_of(transaction, account_id)
    if stored_bytes + size_bytes > rules.quota_bytes:
        free_bytes = max(0, rules.quota_bytes - stored_bytes)
        raise TooLarge(
            "quota-full",
            f"Your clips may take {rules.quota_bytes:,} bytes together and {free_bytes:,} are left. Delete some first.",
        )
    if await uploads.open_count(transaction, account_id, at_us) >= rules.max_open:
        raise TooLarge(
            "too-many-uploads",
            f"You have {rules.max_open} uploads under way already. Finish or delete one of them first.",
        )


async def count_one(
    transaction: Transaction, rules: UploadRules, account_id: AccountId, at_us: int, kind: ClipKind = ClipKind.VIDEO
) -> None:
    """One more upload, or post of words, in this hour; `Throttled` (code `upload-rate`) where that is too many. A post
    may have many pictures, so of these there may be as many times more."""
    is_picture = kind is ClipKind.PHOTO
    subject = f"picture:{account_id}" if is_picture else f"upload:{account_id}"
    most = rules.max_per_hour * (PICTURE_LIMIT if is_picture else 1)
    count, start_us = await session.window_of(transaction, subject)
    if start_us > at_us - RATE_WINDOW_US and count >= most:
        wait_s = max(1, (start_us + RATE_WINDOW_US - at_us) // 1_000_000)
        raise Throttled("upload-rate", f"At most {most:,} uploads an hour are taken.", wait_s)
    await session.count_guess(transaction, subject, at_us, RATE_WINDOW_US)


def _new_clip(upload: Upload, announced: Announced, words: Words) -> Clip:
    return Clip(
        id=upload.clip_id,
        author_id=upload.account_id,
        state=ClipState.UPLOADING,
        state_since_us=upload.created_at_us,
        attempts=0,
        progress_permille=0,
        refusal_code=None,
        refusal_text=None,
        file_name=_kept_name(announced.file_name),
        size_bytes=announced.size_bytes,
        incoming_name=id_text(upload.id),
        original_key=None,
        probe=None,
        caption=words.caption,
        audience=words.audience,
        wish=words.wish,
        sound_id=sound_asked(words.asked_making) or words.sound_id,
        duration_ms=0,
        width_px=0,
        height_px=0,
        tint="",
        cover_ms=0,
        created_at_us=upload.created_at_us,
        published_at_us=None,
        withdrawn_at_us=None,
        like_count=0,
        comment_count=0,
        watch_count=0,
        share_count=0,
        alt="" if words.kind is ClipKind.PHOTO else words.alt,
        language=words.language,
        is_ai_made=words.is_ai_made,
        is_sensitive=words.is_sensitive,
        permissions=words.permissions,
        publish_at_us=words.publish_at_us,
        kind=words.kind,
        picture_alts=(words.alt,) if words.kind is ClipKind.PHOTO else (),
    )


def _kept_name(file_name: str) -> str:
    return clip_actions.without_controls(file_name)[:FILE_NAME_LIMIT]


async def find(intake: Intake, account: Account, upload_id: UploadId) -> Upload:
    """The account's upload; `Absent` (code `upload-absent`), or `Gone` (code `upload-expired`) where it ran out."""
    upload = await uploads.by_id(intake.backends.database, upload_id)
    if upload is None or upload.account_id != account.id:
        raise Absent("upload-absent", "There is no such upload of yours.")
    if upload.finished_at_us is None and upload.expires_at_us <= intake.clock():
        raise Gone("upload-expired", "Nobody went on with this upload, so it is no longer kept. Begin again.")
    return upload


class Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class Crc32:
    """CRC-32 (IEEE 802.3) with the interface of `hashlib`; four bytes, the highest first."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


CHECKSUMS: dict[str, Callable[[], Digest]] = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "md5": hashlib.md5,
    "crc32": Crc32,
}


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request must sum to."""

    algorithm: str
    expected: bytes


def checksum_mismatch() -> Refusal:
    refusal = BadInput("checksum-mismatch", "The bytes do not match their checksum; they were not kept. Send again.")
    refusal.http_status = 460
    return refusal


def overflow() -> Refusal:
    return TooLarge("upload-overflow", "These are more bytes than the upload was announced with.")


def taken_over() -> Refusal:
    refusal = Conflict("upload-taken-over", "Another request goes on with this upload.")
    refusal.http_status = 423
    return refusal


async def append(
    intake: Intake,
    account: Account,
    upload_id: UploadId,
    offset_bytes: int,
    parts: AsyncIterator[bytes],
    checksum: Checksum | None = None,
) -> Upload:
    """Append the parts at the offset; the upload as it then is, durable.

    What arrived is kept where the client goes away, save under a checksum, which can then not be verified. A newer
    request for the same upload takes over from an older one. Raises `Conflict` (`upload-offset` where the offset is
    not the durable one, `upload-finished`; with status 423 `upload-taken-over`), `BadInput` with status 460
    (`checksum-mismatch`), `TooLarge` (`upload-overflow`) and `NoRoom`.
    """

    async def receive() -> Upload:
        upload = await find(intake, account, upload_id)
        if upload.offset_bytes != offset_bytes:
            raise Conflict("upload-offset", f"This upload goes on at byte {upload.offset_bytes}.")
        if upload.finished_at_us is not None:
            return upload
        # A list, so that what a thread opens while we are cancelled is closed too: it holds the file's lock.
        writers: list[_Writer] = []

        def open_writer() -> None:
            writers.append(_Writer.open(intake.path_of(upload.id), upload.offset_bytes))

        try:
            await unbroken(asyncio.to_thread(open_writer))
            await _receive(intake, upload, writers[0], parts, checksum)
        finally:
            for writer in writers:
                await unbroken(asyncio.to_thread(writer.close))
        return await find(intake, account, upload_id)

    return await as_sole_writer(intake, upload_id, receive)


async def as_sole_writer(
    intake: Intake, upload_id: UploadId, work: Callable[[], Coroutine[Any, Any, Upload]]
) -> Upload:
    """Run the work after whoever writes to the upload in this process has stopped and made durable what it had."""
    while older := intake.writers.get(upload_id):
        older.cancel()
        await asyncio.wait([older])
    task = asyncio.ensure_future(work())
    intake.writers[upload_id] = task
    try:
        return await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        raise taken_over() from None
    finally:
        if intake.writers.get(upload_id) is task:
            del intake.writers[upload_id]


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end what must not be left half done; a cancellation comes through afterwards."""
    task = asyncio.ensure_future(work)
    is_cancelled = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled and task.exception() is None:
        raise asyncio.CancelledError
    return task.result()


async def settle(intake: Intake, account: Account, upload_id: UploadId) -> Upload:
    """The upload after a writer of a dead connection, if there is one, made durable what it had."""
    if upload_id in intake.writers:
        await find(intake, account, upload_id)
        return await as_sole_writer(intake, upload_id, lambda: find(intake, account, upload_id))
    return await find(intake, account, upload_id)


@dataclass(slots=True)
class _Writer:
    """One upload's open file. `written_bytes` counts from the file's start and is ahead of what is durable."""

    path: Path
    descriptor: int
    written_bytes: int

    @classmethod
    def open(cls, path: Path, offset_bytes: int) -> "_Writer":
        """The file, cut to what is durable. 423 where another process writes to it."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _no_room_or(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_size < offset_bytes:
                raise Gone("upload-lost", "The bytes of this upload are gone from the server. Begin again.")
            os.ftruncate(descriptor, offset_bytes)
            if offset_bytes == 0:
                sync_directory(path.parent)
        except Refusal:
            os.close(descriptor)
            raise
        except BlockingIOError:
            os.close(descriptor)
            raise taken_over() from None
        except OSError as error:
            os.close(descriptor)
            raise _no_room_or(error) from error
        return cls(path, descriptor, offset_bytes)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                count = os.pwrite(self.descriptor, view, self.written_bytes)
                self.written_bytes += count
                view = view[count:]
        except OSError as error:
            raise _no_room_or(error) from error

    def sync(self) -> None:
        try:
            os.fsync(self.descriptor)
        except OSError as error:
            raise _no_room_or(error) from error

    def cut(self, size_bytes: int) -> None:
        """Give back the room of what is not durable."""
        os.ftruncate(self.descriptor, size_bytes)
        self.written_bytes = size_bytes

    def close(self) -> None:
        os.close(self.descriptor)


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_room_or(error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return NoRoom("disk-full", "The server's disk is full. Nothing that was acknowledged is lost; try again later.")
    return error


async def _receive(
    intake: Intake, upload: Upload, writer: _Writer, parts: AsyncIterator[bytes], checksum: Checksum | None
) -> None:
    durable_bytes = upload.offset_bytes
    digest = CHECKSUMS[checksum.algorithm]() if checksum else None
    loop = asyncio.get_running_loop()
    synced_s = loop.time()
    held: list[bytes] = []
    held_bytes = 0
    try:
        async for part in parts:
            held.append(part)
            held_bytes += len(part)
            if writer.written_bytes + held_bytes > upload.size_bytes:
                raise overflow()
            if digest is not None:
                digest.update(part)
            if held_bytes >= WRITE_BYTES or loop.time() - synced_s > DURABLE_EVERY_S:
                data, held, held_bytes = b"".join(held), [], 0
                await unbroken(asyncio.to_thread(writer.write, data))
            is_due = (
                writer.written_bytes - durable_bytes >= DURABLE_EVERY_BYTES or loop.time() - synced_s > DURABLE_EVERY_S
            )
            # The last byte is made durable with the end of the upload, below.
            if digest is None and is_due and writer.written_bytes < upload.size_bytes:
                durable_bytes = await unbroken(_make_durable(intake, upload, writer))
                synced_s = loop.time()
        if digest is not None and checksum is not None and digest.digest() != checksum.expected:
            raise checksum_mismatch()
    except (Refusal, OSError):
        with contextlib.suppress(OSError):
            await unbroken(asyncio.to_thread(writer.cut, durable_bytes))
        raise
    except BaseException:
        # The client went away, or a newer request takes over: what arrived is kept.
        if digest is None:
            await unbroken(_write_out(intake, upload, writer, held))
        raise
    await unbroken(_write_out(intake, upload, writer, held))


async def _write_out(intake: Intake, upload: Upload, writer: _Writer, held: list[bytes]) -> None:
    if held:
        await asyncio.to_thread(writer.write, b"".join(held))
    await _make_durable(intake, upload, writer)


async def _make_durable(intake: Intake, upload: Upload, writer: _Writer) -> int:
    """First the disk, then the committed offset; with the last byte the upload is finished in the same transaction."""
    await asyncio.to_thread(writer.sync)
    at_us, offset_bytes = intake.clock(), writer.written_bytes

    async def work(transaction: Transaction) -> bool:
        await uploads.move_offset(transaction, upload.id, offset_bytes, at_us + intake.rules.expire_after_s * 1_000_000)
        return offset_bytes == upload.size_bytes and await finish(transaction, upload, at_us)

    if await intake.backends.database.transact(work):
        intake.backends.bus.ring(clip_actions.DUE_TOPIC)
    return offset_bytes


async def finish(transaction: Transaction, upload: Upload, at_us: int) -> bool:
    """Every way of uploading ends here: the file is whole and durable, and its clip is due for its first step."""
    if not await uploads.finish(transaction, upload.id, at_us):
        return False
    await clips.set_state(
        transaction, upload.clip_id, ClipState.UPLOADED, at_us=at_us, due_at_us=at_us, expected=ClipState.UPLOADING
    )
    await journal.append(
        transaction,
        Kind.CLIP_UPLOADED,
        at_us=at_us,
        actor_id=upload.account_id,
        subject_id=upload.clip_id,
        detail={"size_bytes": upload.size_bytes},
    )
    return True


async def complete(intake: Intake, upload: Upload, file_name: str, words: Words) -> None:
    """Finish an upload whose size and words were only known at the end of its form. Refuses as `begin` does."""
    size_bytes, at_us = upload.offset_bytes, intake.clock()
    words = clip_actions.checked_words(words, at_us)
    tags = clip_actions.parse_tags(words.caption)
    if size_bytes == 0:
        raise BadInput("upload-empty", "This file is empty.")
    if size_bytes > intake.rules.max_size_bytes:
        raise _too_big(intake.rules)
    _check_picture(words, size_bytes)

    async def work(transaction: Transaction) -> None:
        await clips.lock(transaction, upload.clip_id)
        await uploads.set_size(transaction, upload.id, size_bytes)
        clip = await clips.one_for_system(transaction, upload.clip_id)
        if clip is None:
            raise Absent("clip-absent", "This clip was deleted while it was uploaded.")
        said = clip_actions.with_words(clip, words)
        if clip.kind is ClipKind.PHOTO:
            said = replace(said, alt="", picture_alts=(words.alt,))
        await clips.set_words(transaction, said)
        await clips.set_file(transaction, upload.clip_id, _kept_name(file_name), size_bytes)
        await clips.set_tags(transaction, upload.clip_id, tags)
        if words.may_transcribe is False:
            await transcript.choose(transaction, clip, False, at_us, can_be_heard=False)
        if not await finish(transaction, replace(upload, size_bytes=size_bytes), at_us):
            raise Conflict("upload-finished", "This upload is complete already.")

    await intake.backends.database.transact(work)
    intake.backends.bus.ring(clip_actions.DUE_TOPIC)


async def terminate(intake: Intake, account: Account, upload_id: UploadId) -> None:
    """Forget an upload that is not finished, with its clip and its bytes. `Conflict` once it is finished."""

    async def remove() -> Upload:
        upload = await find(intake, account, upload_id)
        at_us = intake.clock()

        async def work(transaction: Transaction) -> None:
            await clips.lock(transaction, upload.clip_id)
            clip = await clips.one_for_system(transaction, upload.clip_id)
            if clip is not None and clip.state is not ClipState.UPLOADING:
                raise Conflict("upload-finished", "This upload is complete. Delete its clip instead.")
            if clip is not None:
                await clip_actions.delete_row(transaction, clip)
            await journal.append(
                transaction, Kind.CLIP_DELETED, at_us=at_us, actor_id=account.id, subject_id=upload.clip_id
            )

        await intake.backends.database.transact(work)
        await asyncio.to_thread(intake.path_of(upload_id).unlink, missing_ok=True)
        return upload

    await as_sole_writer(intake, upload_id, remove)


async def expire(backends: Backends, directory: Path, at_us: int) -> int:
    """End the uploads that nobody went on with, and remove their bytes; how many there were."""
    count = 0
    for upload in await uploads.expired(backends.database, at_us, EXPIRE_BATCH):

        async def work(transaction: Transaction, upload: Upload = upload) -> bool:
            # Asked again inside: a late request may have gone on with it.
            if not await uploads.delete_expired(transaction, upload.id, at_us):
                return False
            clip = await clips.one_for_system(transaction, upload.clip_id)
            if clip is not None:
                await clip_actions.let_sound_go(transaction, clip)
            return await clips.set_state(
                transaction,
                upload.clip_id,
                ClipState.EXPIRED,
                at_us=at_us,
                due_at_us=None,
                expected=ClipState.UPLOADING,
                refusal=("upload-expired", "The upload was never completed, so it is no longer kept. Upload it again."),
            )

        if await backends.database.transact(work):
            count += 1
            (directory / id_text(upload.id)).unlink(missing_ok=True)
    return count


async def take_file(intake: Intake, account: Account, path: Path, announced: Announced) -> Upload:
    """Upload a file of this machine, by the same way as a client's."""
    upload = await begin(intake, account, announced)

    async def parts() -> AsyncIterator[bytes]:
        with path.open("rb") as file:
            while part := await asyncio.to_thread(file.read, WRITE_BYTES):
                yield part

    return await append(intake, account, upload.id, 0, parts())
