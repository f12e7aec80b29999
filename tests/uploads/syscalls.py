"""Stops a process at its nth writing system call, by the kernel's seccomp notifications: no tracer, no root.

The filtered process waits in each listed call until the listener says that it may go on (seccomp_unotify(2)).
"""

import ctypes
import fcntl
import os
import platform
import select
import struct
import threading
from collections.abc import Callable
from pathlib import Path

NUMBERS = {
    "x86_64": {
        "write": 1, "pwrite64": 18, "writev": 20, "sendto": 44, "sendmsg": 46, "fsync": 74, "fdatasync": 75,
        "truncate": 76, "ftruncate": 77, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87,
        "openat": 257, "mkdirat": 258, "unlinkat": 263, "renameat": 264, "linkat": 265, "fallocate": 285,
        "pwritev": 296, "renameat2": 316, "copy_file_range": 326, "pwritev2": 328,
    },
    "aarch64": {
        "mkdirat": 34, "unlinkat": 35, "linkat": 37, "renameat": 38, "truncate": 45, "ftruncate": 46, "fallocate": 47,
        "openat": 56, "write": 64, "writev": 66, "pwrite64": 68, "pwritev": 70, "fsync": 82, "fdatasync": 83,
        "sendto": 206, "sendmsg": 211, "renameat2": 276, "copy_file_range": 285, "pwritev2": 287,
    },
}  # fmt: skip
SECCOMP = {"x86_64": 317, "aarch64": 277}
ON_A_DESCRIPTOR = frozenset(
    [
        "write",
        "pwrite64",
        "writev",
        "pwritev",
        "pwritev2",
        "fsync",
        "fdatasync",
        "ftruncate",
        "fallocate",
        "sendto",
        "sendmsg",
    ]
)
MACHINE = platform.machine()

_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_ALLOW, _USER_NOTIF = 0x7FFF0000, 0x7FC00000
_RECV, _SEND, _CONTINUE = 0xC0502100, 0xC0182101, 1
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06


def is_possible() -> bool:
    return (
        MACHINE in NUMBERS
        and Path("/proc/sys/kernel/seccomp/actions_avail").exists()
        and ("user_notif" in Path("/proc/sys/kernel/seccomp/actions_avail").read_text())
    )


def announce() -> int:
    """From here on this process and its threads announce their writing calls on the returned descriptor."""
    numbers = sorted(NUMBERS[MACHINE].values())
    program = [struct.pack("HBBI", _LOAD, 0, 0, 0)]
    for index, number in enumerate(numbers):
        program.append(struct.pack("HBBI", _JUMP_EQUAL, len(numbers) - index, 0, number))
    program.append(struct.pack("HBBI", _RETURN, 0, 0, _ALLOW))
    program.append(struct.pack("HBBI", _RETURN, 0, 0, _USER_NOTIF))
    code = ctypes.create_string_buffer(b"".join(program))
    header = ctypes.create_string_buffer(struct.pack("H6xQ", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    listener = libc.syscall(SECCOMP[MACHINE], _SET_MODE_FILTER, _NEW_LISTENER, header)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return int(listener)


class Stopper(threading.Thread):
    """Lets announced calls happen, counts those that write below `folder` or to a client, and at the nth, before it
    happens, calls `stop` instead."""

    def __init__(self, listener: int, pid: int, folder: Path, nth: int, stop: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.listener = listener
        self.pid = pid
        self.folder = os.fspath(folder)
        self.nth = nth
        self.stop = stop
        self.is_armed = False
        self.counts_sockets = True
        self.count = 0
        self.stopped_at = ""
        self._names = {number: name for name, number in NUMBERS[MACHINE].items()}

    def run(self) -> None:
        poll = select.poll()
        poll.register(self.listener, select.POLLIN)
        try:
            while True:
                ready = poll.poll()
                if not ready[0][1] & select.POLLIN:
                    return
                request = bytearray(80)
                try:
                    fcntl.ioctl(self.listener, _RECV, request)
                except OSError:
                    continue
                if self._is_the_one(request):
                    self.stop()
                    return
                self._let_go(request)
        finally:
            os.close(self.listener)

    def _let_go(self, request: bytearray) -> None:
        (id_,) = struct.unpack_from("Q", request)
        try:
            fcntl.ioctl(self.listener, _SEND, bytearray(struct.pack("QqiI", id_, 0, 0, _CONTINUE)))
        except OSError:
            # The call was interrupted by a signal and is announced again.
            return

    def _is_the_one(self, request: bytearray) -> bool:
        number, *arguments = struct.unpack_from("i12x6Q", request, 16)
        name = self._names[number]
        if not self.is_armed or not self._counts(name, arguments):
            return False
        self.count += 1
        if self.count != self.nth:
            return False
        self.stopped_at = name
        return True

    def _counts(self, name: str, arguments: list[int]) -> bool:
        if name == "openat":
            return bool(arguments[2] & os.O_CREAT)
        if name not in ON_A_DESCRIPTOR:
            return True
        try:
            target = os.fspath(Path(f"/proc/{self.pid}/fd/{arguments[0] & 0xFFFFFFFF}").readlink())
        except OSError:
            return False
        # Event descriptors and pipes only wake other threads.
        return target.startswith(self.folder) or (self.counts_sockets and target.startswith("socket:"))
