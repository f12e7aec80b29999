"""The blob seam: immutable bytes under a key. Both implementations are obstore's; the choice is made by URL.

A key is `aa/<sha256>` with `aa` its first two digits: content-addressed, so putting the same bytes twice is one
blob, and a put is atomic: a key either holds all its bytes or does not exist.
"""

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from freehold.domain.errors import Absent, BackendError, NoRoom, SettingError

PART_BYTES = 8 << 20


def blob_key(sha256_hex: str) -> str:
    return f"{sha256_hex[:2]}/{sha256_hex}"


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Blobs(Protocol):
    """Raises `Absent` (code `blob-absent`) for a key that holds nothing, `NoRoom`, and `BackendError`."""

    need: asyncio.Lock
    """Held from asking whether a blob is needed to its deletion, and from seeing that a blob is there to the commit
    that refers to it: so neither comes between the other's two halves in this process."""

    async def put(self, data: bytes) -> str:
        """Store the bytes; their key."""

    async def put_file(self, path: Path) -> str:
        """Store a file's bytes, read in parts; their key. The file stays where it is."""

    async def read(self, key: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to and without `end`."""

    async def size_bytes(self, key: str) -> int: ...

    async def fetch_file(self, key: str, path: Path) -> None:
        """Write the blob to a local file, for programs that want one."""

    async def delete(self, key: str) -> None:
        """Forget the key; nothing happens where it holds nothing."""

    def all_keys(self) -> AsyncIterator[str]:
        """Every key, in no order."""

    def keys_put_before(self, at_us: int) -> AsyncIterator[str]:
        """The keys whose bytes were last put before, in no order; a put of bytes that are there counts."""


def _translate(error: Exception) -> Exception:
    if isinstance(error, FileNotFoundError | NotFoundError):
        return Absent("blob-absent", "These bytes are not here.")
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return NoRoom("disk-full", "The server's disk is full. Nothing that was acknowledged is lost; try again later.")
    # obstore adds its whole state for debugging, dozens of lines of it.
    return BackendError(str(error).partition("\n\nDebug source")[0])


def _not_s3() -> SettingError:
    """Without the address itself: a secret is in it, and this ends up in logs and reports."""
    return SettingError("blobs.url is empty (the data folder) or of the form s3+https://key:secret@host:port/bucket")


class ObstoreBlobs:
    """What both kinds of store do alike."""

    def __init__(self, store: S3Store | LocalStore) -> None:
        self._store = store
        self.need = asyncio.Lock()

    async def put(self, data: bytes) -> str:
        key = blob_key(hashlib.sha256(data).hexdigest())
        try:
            await obstore.put_async(self._store, key, data)
        except (BaseError, OSError) as error:
            raise _translate(error) from error
        return key

    async def put_file(self, path: Path) -> str:
        key = blob_key(await asyncio.to_thread(file_sha256, path))
        try:
            await obstore.put_async(self._store, key, path, chunk_size=PART_BYTES)
        except (BaseError, OSError) as error:
            raise _translate(error) from error
        return key

    async def read(self, key: str, start: int, end: int) -> bytes:
        try:
            return bytes(await obstore.get_range_async(self._store, key, start=start, end=end))
        except (BaseError, OSError) as error:
            raise _translate(error) from error

    async def size_bytes(self, key: str) -> int:
        try:
            return int((await obstore.head_async(self._store, key))["size"])
        except (BaseError, OSError) as error:
            raise _translate(error) from error

    async def fetch_file(self, key: str, path: Path) -> None:
        try:
            answer = await obstore.get_async(self._store, key)
            with path.open("wb") as file:
                async for part in answer.stream(min_chunk_size=PART_BYTES):
                    file.write(part)
        except (BaseError, OSError) as error:
            raise _translate(error) from error

    async def delete(self, key: str) -> None:
        try:
            await obstore.delete_async(self._store, key)
        except (FileNotFoundError, NotFoundError):
            return
        except (BaseError, OSError) as error:
            raise _translate(error) from error

    async def all_keys(self) -> AsyncIterator[str]:
        try:
            async for batch in obstore.list(self._store):
                for entry in batch:
                    yield entry["path"]
        except (BaseError, OSError) as error:
            raise _translate(error) from error

    async def keys_put_before(self, at_us: int) -> AsyncIterator[str]:
        try:
            async for batch in obstore.list(self._store):
                for entry in batch:
                    if entry["last_modified"].timestamp() * 1_000_000 < at_us:
                        yield entry["path"]
        except (BaseError, OSError) as error:
            raise _translate(error) from error


class S3Blobs(ObstoreBlobs):
    """Any S3-compatible store."""

    @classmethod
    def open(cls, url: str) -> "S3Blobs":
        """`url` is `s3+http(s)://key:secret@host:port/bucket[/prefix]?region=…`; `SettingError` where it is not."""
        try:
            parts = urlsplit(url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            raise _not_s3() from None
        bucket, _, prefix = parts.path.strip("/").partition("/")
        if parts.scheme not in ("s3+http", "s3+https") or not (parts.hostname and bucket and parts.username):
            raise _not_s3()
        scheme = parts.scheme.removeprefix("s3+")
        return cls(
            S3Store(
                bucket,
                prefix=prefix or None,
                endpoint=f"{scheme}://{parts.hostname}{port}",
                access_key_id=unquote(parts.username),
                secret_access_key=unquote(parts.password or ""),
                region=dict(parse_qsl(parts.query)).get("region", "us-east-1"),
                virtual_hosted_style_request=False,
                client_options={"allow_http": scheme == "http", "timeout": "30s"},
                retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=10)},
            )
        )


class LocalBlobs(ObstoreBlobs):
    """A folder on the local disk, where a range is one `pread` and a put reaches the disk before it returns.

    obstore's local store writes a temporary name and renames it, but asks the kernel for no fsync, so a put here
    syncs the file and its folder itself.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        super().__init__(LocalStore(prefix=root, mkdir=True))
        self.root = root

    async def put(self, data: bytes) -> str:
        key = await super().put(data)
        await asyncio.to_thread(self._sync, key)
        return key

    async def put_file(self, path: Path) -> str:
        key = await super().put_file(path)
        await asyncio.to_thread(self._sync, key)
        return key

    async def fetch_file(self, key: str, path: Path) -> None:
        """A second name of the same bytes where the disk can give one: a blob is never written again."""
        path.unlink(missing_ok=True)
        try:
            os.link(self.root / key, path)
        except FileNotFoundError:
            raise Absent("blob-absent", "These bytes are not here.") from None
        except OSError:
            await super().fetch_file(key, path)

    async def read(self, key: str, start: int, end: int) -> bytes:
        try:
            descriptor = os.open(self.root / key, os.O_RDONLY)
            try:
                return os.pread(descriptor, end - start, start)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _translate(error) from error

    async def size_bytes(self, key: str) -> int:
        try:
            return (self.root / key).stat().st_size
        except OSError as error:
            raise _translate(error) from error

    def _sync(self, key: str) -> None:
        try:
            for path in (self.root / key, (self.root / key).parent, self.root):
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        except OSError as error:
            raise _translate(error) from error
