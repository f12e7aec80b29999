"""What a decoder that has been taken over can do in the jail: nothing. Each escape is tried, in each mechanism."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from freehold.domain.errors import SettingError
from freehold.media import jail as jail_module
from freehold.media.confine import landlock_version
from freehold.media.jail import Jail, JailLimits, open_jail, python_paths

SMALL = JailLimits(memory_bytes=1 << 30, cpu_s=2, file_bytes=1 << 20, open_files=32, processes=64)


@pytest.fixture(params=["namespaces", "landlock"])
def each_jail(request: pytest.FixtureRequest) -> Jail:
    if request.param == "landlock" and landlock_version() == 0:
        pytest.skip("this kernel has no Landlock")
    found = Jail(request.param)
    if request.param == "namespaces" and open_jail(allow_none=True).name != "namespaces":
        pytest.skip("this machine gives no user namespaces")
    return found


def run_inside(jail: Jail, code: str, own: Path, limits: JailLimits = SMALL) -> subprocess.CompletedProcess[str]:
    command = jail.command([sys.executable, "-I", "-S", "-c", code], python_paths(), [own], limits)
    return subprocess.run(command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def test_a_command_in_the_jail_can_write_its_own_folder(each_jail: Jail, own: Path) -> None:
    done = run_inside(each_jail, f"open({str(own / 'made')!r}, 'w').write('hello')", own)
    assert done.returncode == 0, done.stderr
    assert (own / "made").read_text() == "hello"


def test_a_command_in_the_jail_cannot_read_another_file(each_jail: Jail, own: Path, tmp_path: Path) -> None:
    secret = tmp_path / "another account's clip.mp4"
    secret.write_text("secret")
    for path in (str(secret), "/etc/passwd", "/proc/1/environ", str(Path("~/.profile").expanduser()), __file__):
        done = run_inside(each_jail, f"print(open({path!r}).read())", own)
        assert done.returncode != 0, path
        assert "secret" not in done.stdout


def test_a_command_in_the_jail_cannot_list_folders(each_jail: Jail, own: Path, tmp_path: Path) -> None:
    (tmp_path / "another").touch()
    done = run_inside(each_jail, f"import os; print(os.listdir({str(tmp_path)!r}))", own)
    assert "another" not in done.stdout


def test_a_command_in_the_jail_cannot_write_elsewhere(each_jail: Jail, own: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "escaped", Path("/tmp/freehold-escaped"), Path("/dev/shm/freehold-escaped")):
        done = run_inside(each_jail, f"open({str(path)!r}, 'w').write('x')", own)
        assert done.returncode != 0, path
        assert not path.exists()


def test_a_command_in_the_jail_has_no_network(each_jail: Jail, own: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code = f"import _socket; s = _socket.socket(2, 1); s.connect(('127.0.0.1', {port})); print('out')"
        done = run_inside(each_jail, code, own)
    assert "PermissionError" in done.stderr and "out" not in done.stdout


def test_a_command_in_the_jail_cannot_start_a_process(each_jail: Jail, own: Path) -> None:
    done = run_inside(each_jail, "import os\nwhile True: os.fork()", own)
    assert "PermissionError" in done.stderr
    done = run_inside(each_jail, "import posix; posix.posix_spawn('/bin/sh', ['sh'], {})", own)
    assert done.returncode != 0


def test_a_command_in_the_jail_may_start_threads(each_jail: Jail, own: Path) -> None:
    code = "import _thread, time; _thread.start_new_thread(print, ('threaded',)); time.sleep(0.2)"
    assert "threaded" in run_inside(each_jail, code, own).stdout


def test_a_file_written_in_the_jail_cannot_pass_its_limit(each_jail: Jail, own: Path) -> None:
    code = f"f = open({str(own / 'big')!r}, 'wb', 0)\nwhile True: f.write(bytes(65536))"
    assert run_inside(each_jail, code, own).returncode != 0
    assert (own / "big").stat().st_size <= SMALL.file_bytes


def test_memory_in_the_jail_is_limited(each_jail: Jail, own: Path) -> None:
    done = run_inside(each_jail, "x = bytearray(3 << 30); print('had it')", own)
    assert done.returncode != 0 and "had it" not in done.stdout


def test_a_command_in_the_jail_that_spins_is_killed(each_jail: Jail, own: Path) -> None:
    limits = JailLimits(memory_bytes=1 << 30, cpu_s=1)
    assert run_inside(each_jail, "while True: pass", own, limits).returncode not in (0, 1)


def test_the_environment_of_the_server_is_not_seen_in_the_jail(
    each_jail: Jail, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FREEHOLD_SECRET", "hunter2")
    assert "hunter2" not in run_inside(each_jail, "import os; print(os.environ)", own).stdout


def test_without_any_jail_the_server_refuses_unless_the_operator_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jail_module, "_bwrap_path", lambda: Path("/nonexistent/bwrap"))
    monkeypatch.setattr(jail_module, "landlock_version", lambda: 0)
    with pytest.raises(SettingError, match=r"compute\.allows_no_jail"):
        open_jail()
    assert open_jail(allow_none=True).name == "none"


def test_where_namespaces_are_forbidden_landlock_takes_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    if landlock_version() == 0:
        pytest.skip("this kernel has no Landlock")
    monkeypatch.setattr(jail_module, "_bwrap_path", lambda: Path("/nonexistent/bwrap"))
    assert open_jail().name == "landlock"
