"""Puts limits on the process it runs in, then becomes the command it was given.

Run as `python -I -S confine.py SPEC` by `jail.py`; imports nothing but the standard library. SPEC is JSON:

    mode       "namespaces" (bubblewrap), "landlock" or "none"
    rlimits    {"AS": bytes, "CPU": seconds, "FSIZE": bytes, "NOFILE": n, "CORE": 0, "NPROC": n}
    bwrap      the bubblewrap command with its options (mode "namespaces")
    readable   paths that may be read and executed (mode "landlock")
    writable   folders that may be written (mode "landlock")
    argv       what to become

In every mode a seccomp filter forbids new processes (threads are allowed), sockets and the system calls that a decoder
has no use for. Exit status 125 means that the limits could not be put up; the command has then not run.
"""

import ctypes
import json
import os
import resource
import struct
import sys
from pathlib import Path
from typing import Any

CANNOT_CONFINE = 125

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SIGKILL = 9
_CLONE_THREAD = 0x00010000
_ENOSYS, _EPERM = 38, 1

# Linux system call numbers: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
_X86_64: dict[str, Any] = {
    "audit_arch": 0xC000003E,
    "clone": 56,
    "no_such": (435,),  # clone3: answered ENOSYS, so that the C library falls back to clone
    "forbidden": (
        41, 42, 43, 49, 50, 53, 288,  # socket connect accept bind listen socketpair accept4
        57, 58,  # fork vfork
        101, 310, 311,  # ptrace process_vm_readv process_vm_writev
        155, 161, 165, 166, 169, 246,  # pivot_root chroot mount umount2 reboot kexec_load
        167, 168, 175, 176, 313,  # swapon swapoff init_module delete_module finit_module
        248, 249, 250, 272, 308,  # add_key request_key keyctl unshare setns
        298, 321, 323, 425, 426, 427,  # perf_event_open bpf userfaultfd io_uring_*
        304, 428, 429, 430, 432, 442,  # open_by_handle_at open_tree move_mount fsopen fsmount mount_setattr
        62, 424,  # kill pidfd_send_signal (tkill and tgkill, which abort() needs, stay)
    ),
}  # fmt: skip
_AARCH64: dict[str, Any] = {
    "audit_arch": 0xC00000B7,
    "clone": 220,
    "no_such": (435,),
    "forbidden": (
        198, 199, 200, 201, 202, 203, 242,
        117, 270, 271,
        41, 51, 40, 39, 142, 104,
        224, 225, 105, 106, 273,
        217, 218, 219, 97, 268,
        241, 280, 282, 425, 426, 427,
        265, 428, 429, 430, 432, 442,
        129, 424,
    ),
}  # fmt: skip
_TABLES = {"x86_64": _X86_64, "aarch64": _AARCH64}


def seccomp_program(machine: str) -> bytes:
    """The classic BPF filter for one machine as `struct sock_filter[]`. Raises KeyError for an unknown machine."""
    table = _TABLES[machine]
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, kill, errno = 0x7FFF0000, 0x80000000, 0x00050000
    code: list[tuple[int, int, int, int]] = [
        (load, 0, 0, 4),
        (equal, 1, 0, table["audit_arch"]),
        (give, 0, 0, kill),
        (load, 0, 0, 0),
    ]
    if machine == "x86_64":
        code += [(at_least, 0, 1, 0x40000000), (give, 0, 0, errno | _EPERM)]  # the x32 system calls
    for number in table["no_such"]:
        code += [(equal, 0, 1, number), (give, 0, 0, errno | _ENOSYS)]
    for number in table["forbidden"]:
        code += [(equal, 0, 1, number), (give, 0, 0, errno | _EPERM)]
    code += [
        (equal, 0, 3, table["clone"]),
        (load, 0, 0, 16),
        (any_bit, 1, 0, _CLONE_THREAD),
        (give, 0, 0, errno | _EPERM),
        (give, 0, 0, allow),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in code)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int, pointer: object = None) -> None:
    if _libc().prctl(option, ctypes.c_ulong(value), pointer, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def install_seccomp(machine: str) -> None:
    program = seccomp_program(machine)
    lines = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(lines))
    holder = ctypes.create_string_buffer(fprog, len(fprog))
    _prctl(_PR_SET_SECCOMP, 2, ctypes.byref(holder))


_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
# include/uapi/linux/landlock.h
_FS_EXECUTE, _FS_WRITE_FILE, _FS_READ_FILE, _FS_READ_DIR = 1, 2, 4, 8
_FS_UP_TO = {1: 1 << 13, 2: 1 << 14, 3: 1 << 15, 4: 1 << 15}
_FS_OF_A_FILE = _FS_EXECUTE | _FS_WRITE_FILE | _FS_READ_FILE | 1 << 14


def landlock_version() -> int:
    """The kernel's Landlock ABI, 0 where there is none."""
    return max(0, int(_libc().syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)))


def restrict_files(readable: list[str], writable: list[str]) -> None:
    """Allow this process only the paths named, for ever. Raises OSError."""
    version = landlock_version()
    if version == 0:
        raise OSError(_ENOSYS, "no Landlock in this kernel")
    everything = _FS_UP_TO.get(version, 1 << 16) - 1
    fields = struct.pack("=QQQ", everything, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    attributes = fields[: 8 if version < 4 else 16 if version < 6 else 24]
    libc = _libc()
    ruleset = libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "landlock_create_ruleset")
    for paths, access in (
        (readable, _FS_EXECUTE | _FS_READ_FILE | _FS_READ_DIR),
        (writable, everything & ~_FS_EXECUTE),
    ):
        for path in paths:
            if not Path(path).exists():
                continue
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            granted = access if Path(path).is_dir() else access & _FS_OF_A_FILE & everything
            if libc.syscall(_LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", granted, fd), 0) != 0:
                raise OSError(ctypes.get_errno(), f"landlock_add_rule {path}")
            os.close(fd)
    if libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "landlock_restrict_self")
    os.close(ruleset)


def main(spec: dict[str, Any]) -> None:
    argv = [str(word) for word in spec["argv"]]
    for name, value in spec["rlimits"].items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        amount = int(value) if hard == resource.RLIM_INFINITY else min(int(value), hard)
        resource.setrlimit(kind, (amount, amount))
    machine = os.uname().machine
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if spec["mode"] == "namespaces":
        program = os.memfd_create("seccomp", 0)
        os.write(program, seccomp_program(machine))
        os.lseek(program, 0, os.SEEK_SET)
        bwrap = [str(word) for word in spec["bwrap"]]
        os.execve(bwrap[0], [*bwrap, "--seccomp", str(program), "--", *argv], {})
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if spec["mode"] == "landlock":
        restrict_files(spec["readable"], spec["writable"])
    install_seccomp(machine)
    os.execve(argv[0], argv, {"LC_ALL": "C.UTF-8"})


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except (OSError, KeyError, ValueError) as failure:
        print(f"confine: {failure!r}", file=sys.stderr)
        sys.exit(CANNOT_CONFINE)
