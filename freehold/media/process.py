"""Runs one jailed command: with progress, a time limit, and nothing left behind when it is cancelled."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from freehold.domain.errors import BackendError
from freehold.media.confine import CANNOT_CONFINE

_KEPT_BYTES = 1 << 18


class MediaFault(BackendError):
    """A media program went wrong: killed, or without a result. Unlike a storage that fails, it may do so each time."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. `stdout` and `stderr` are their last 256 KiB."""

    status: int
    stdout: str
    stderr: str

    @property
    def was_killed(self) -> bool:
        """By a limit on CPU time, output size or memory, or by the kernel. A signal inside bubblewrap is reported as
        128 + its number."""
        return self.status < 0 or self.status > 128


async def run(command: Sequence[str], wall_s: float, on_line: Callable[[str], None] | None = None) -> Ended:
    """Runs to the end, or kills the whole process group on cancellation or after `wall_s` (then BackendError, since a
    quieter machine may manage). `on_line` sees each line of standard output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None and process.stderr is not None
    try:
        async with asyncio.timeout(wall_s):
            out, err, status = await asyncio.gather(
                _drain(process.stdout, on_line), _drain(process.stderr, None), process.wait()
            )
    except TimeoutError as late:
        raise MediaFault(f"media command ran past {wall_s:.0f} s") from late
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.shield(process.wait())
    if status == CANNOT_CONFINE:
        raise MediaFault(f"the jail could not be put up: {err[-500:]}")
    return Ended(status, out, err)


async def _drain(stream: asyncio.StreamReader, on_line: Callable[[str], None] | None) -> str:
    kept = bytearray()
    partial = b""
    while chunk := await stream.read(65_536):
        kept += chunk
        if len(kept) > 2 * _KEPT_BYTES:
            del kept[:-_KEPT_BYTES]
        if on_line is not None:
            *lines, partial = (partial + chunk).split(b"\n")
            partial = partial[-_KEPT_BYTES:]
            for line in lines:
                on_line(line.decode("utf-8", "replace"))
    return bytes(kept[-_KEPT_BYTES:]).decode("utf-8", "replace")
