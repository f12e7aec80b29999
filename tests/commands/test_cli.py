"""The command as a person meets it: help, mistakes, a start, a stop."""

import asyncio
import contextlib
import io
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from freehold.cli import COMMANDS, build_parser, main
from tests.conftest import database_at, free_port

Ended = subprocess.CompletedProcess[str]
Run = Callable[..., Ended]


def spawn(*arguments: str) -> Ended:
    """In a process of its own: what sets up logs does so for all that runs behind it."""
    return subprocess.run(
        [sys.executable, "-m", "freehold", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def freehold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """In this process, which has everything imported; a bug's traceback comes through."""

    def run(*arguments: str, typed: str = "", **variables: str) -> Ended:
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdin", io.StringIO(typed))
            for name, value in variables.items():
                patch.setenv(name, value)
            try:
                status = main(arguments)
            except SystemExit as ended:
                status = int(ended.code or 0)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, status, said.out, said.err)

    return run


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        build_parser().parse_args([name, "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert "examples:" in text
    assert f"freehold {name}" in text.partition("examples:")[2]


def test_an_unknown_setting_stops_the_command_and_names_it(freehold: Run) -> None:
    ended = freehold("config", FREEHOLD_SERVER_PROT="1")
    assert ended.returncode == 2
    assert "FREEHOLD_SERVER_PROT" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_command_says_which_there_are() -> None:
    ended = spawn("sevre")
    assert ended.returncode == 2
    assert "serve" in ended.stderr


@pytest.mark.parametrize("options", [("--data", "demo"), ("--data=demo",), ("--data", "serve")])
def test_a_data_folder_may_be_called_like_a_command(freehold: Run, options: tuple[str, ...]) -> None:
    ended = freehold(*options, "config")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_options_of_every_command_may_stand_before_its_name_or_behind_it(freehold: Run, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[server]\nname = "Ours"\n')
    for words in (
        ("--data", "here", "--config", str(tmp_path / "own.toml"), "config"),
        ("config", "--data", "here", "--config", str(tmp_path / "own.toml")),
        ("--config", str(tmp_path / "own.toml"), "config", "--data=here"),
    ):
        ended = freehold(*words)
        assert ended.returncode == 0, ended.stderr
        assert 'name = "Ours"' in ended.stdout and 'data_dir = "here"' in ended.stdout


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("account", "list"), ("readers",)])
def test_a_data_folder_that_is_none_is_said_in_words(freehold: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "file").touch()
    ended = (spawn if command[0] == "serve" else freehold)("--data", str(tmp_path / "file"), *command)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"freehold: {tmp_path / 'file'} cannot be the data folder: ")
    assert len(ended.stderr.splitlines()) == 1


def test_a_new_data_folder_is_for_its_owner_alone_and_one_that_was_there_stays_as_it_is(
    freehold: Run, tmp_path: Path
) -> None:
    (tmp_path / "old").mkdir(mode=0o755)
    for name, mode in (("new", 0o700), ("old", 0o755)):
        assert freehold("--data", str(tmp_path / name), "account", "create", "bob", "--generate").returncode == 0
        assert (tmp_path / name).stat().st_mode & 0o777 == mode


@pytest.mark.parametrize(
    "command",
    [
        ("account", "list"), ("account", "role", "bob", "moderator"), ("account", "delete", "bob", "--yes"),
        ("readers",), ("readers", "reset", "candidates"), ("feed", "weights"), ("replay", "--all"),
    ],
)  # fmt: skip
def test_a_data_folder_without_a_network_is_said_and_none_is_begun_in_it(
    freehold: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "mistyped"):
        ended = freehold("--data", str(tmp_path / name), *command)
        assert ended.returncode == 2
        assert f"{tmp_path / name}" in ended.stderr and "--data" in ended.stderr and ended.stdout == ""
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


async def test_a_database_without_a_network_is_said_and_none_is_begun_in_it(freehold: Run, postgresql: str) -> None:
    name = f"none_{uuid4().hex[:8]}"
    address = database_at(postgresql, name)
    admin = await asyncpg.connect(database_at(postgresql, "postgres"))
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        ended = await asyncio.to_thread(freehold, "account", "list", FREEHOLD_DATABASE_URL=address)
        assert ended.returncode == 2 and "there is no network in the database of database.url" in ended.stderr
        within = await asyncpg.connect(address)
        assert await within.fetch("SELECT * FROM pg_tables WHERE schemaname = 'public'") == []
        await within.close()
    finally:
        await admin.execute(f"DROP DATABASE {name}")
        await admin.close()


def test_a_database_file_that_is_none_is_said_in_words(freehold: Run, tmp_path: Path) -> None:
    (tmp_path / "freehold.db").write_bytes(b"no database at all" * 1000)
    ended = freehold("--data", str(tmp_path), "account", "list")
    assert ended.returncode == 1
    assert "freehold.db cannot be opened: file is not a database" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_secret_that_was_cut_short_is_not_used(tmp_path: Path) -> None:
    """With an empty key anybody could sign a viewer's cookie."""
    (tmp_path / "secret").touch(0o600)
    ended = spawn("--data", str(tmp_path), "serve", "--port", "0")
    assert ended.returncode == 2
    assert "secret is cut short" in ended.stderr


ADDRESSES = [
    {"FREEHOLD_DATABASE_URL": "postgresql://a:hunter2@localhost:many/d"},
    {"FREEHOLD_DATABASE_URL": "postgresql://a:hunter2@localhost/d?sslmode=perhaps"},
    {"FREEHOLD_BLOBS_URL": "s3+http://a:hunter2@localhost:many/bucket"},
    {"FREEHOLD_BLOBS_URL": "s3+http://a:hunter2@localhost"},
]


@pytest.mark.parametrize("variables", ADDRESSES)
def test_an_address_that_is_none_is_said_in_words_and_without_its_password(
    freehold: Run, tmp_path: Path, variables: dict[str, str]
) -> None:
    ended = freehold("--data", str(tmp_path), "account", "create", "bob", "--generate", **variables)
    assert ended.returncode == 2
    assert "url" in ended.stderr and "hunter2" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "variables", [*ADDRESSES, {"FREEHOLD_DATABASE_URL": "mysql://a:hunter2@h/d"}, {"FREEHOLD_BLOBS_URL": "ftp://h"}]
)
def test_the_doctor_says_a_wrong_address_among_all_else_that_it_found(
    freehold: Run, tmp_path: Path, variables: dict[str, str]
) -> None:
    assert freehold("--data", str(tmp_path), "account", "create", "bob", "--generate").returncode == 0
    ended = freehold("--data", str(tmp_path), "doctor", **variables)
    assert ended.returncode == 1
    assert "jail" in ended.stdout and "1 thing(s) to mend" in ended.stdout
    assert ended.stderr == "" and "hunter2" not in ended.stdout


def test_a_question_that_is_not_answered_changes_nothing(freehold: Run, tmp_path: Path) -> None:
    assert freehold("--data", str(tmp_path), "account", "create", "bob", "--generate").returncode == 0
    ended = freehold("--data", str(tmp_path), "account", "delete", "bob")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr and "Nothing was changed" in ended.stderr
    assert "@bob" in freehold("--data", str(tmp_path), "account", "list").stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--host", "192.0.2.1"), "Check --host"), (("--host", "no.such.host.invalid"), "Check --host")],
)
def test_an_address_that_is_not_of_this_machine_is_not_blamed_on_another_server(
    tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    ended = spawn("--data", str(tmp_path), "serve", "--port", "8000", *options)
    assert ended.returncode == 2
    assert words in ended.stderr and "another server" not in ended.stderr


@contextlib.contextmanager
def served(data_dir: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "freehold", "--data", str(data_dir), "serve", "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert process.poll() is None, process.communicate()[0]
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read()
                break
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_the_server_starts_stops_at_ctrl_c_and_starts_again(tmp_path: Path) -> None:
    for _ in range(2):
        port = free_port()
        with served(tmp_path / "data", port) as process:
            page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).read().decode()
            assert "<title>" in page
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=20)
            assert process.returncode == 0, output
            assert "Traceback" not in output
            assert f"http://127.0.0.1:{port}/" in output


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a server that runs."""
    number = free_port()
    with served(tmp_path_factory.mktemp("served"), number):
        yield number


@pytest.mark.slow
def test_what_a_client_says_about_a_proxy_is_not_believed_unless_there_is_one(port: int) -> None:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/about", headers={"X-Forwarded-Proto": "https"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert "Secure" not in answer.headers["Set-Cookie"]
        assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.slow
def test_a_port_that_is_taken_is_said_with_a_way_out(port: int, tmp_path: Path) -> None:
    ended = spawn("--data", str(tmp_path / "other"), "serve", "--port", str(port))
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_demo_that_others_can_reach_needs_a_password_of_its_own(tmp_path: Path) -> None:
    ended = spawn("--data", str(tmp_path), "demo", "--host", "0.0.0.0", "--port", "0")
    assert ended.returncode == 2
    assert "--password" in ended.stderr


def test_the_doctor_finds_nothing_wrong_here_and_says_what_it_looked_at(freehold: Run, tmp_path: Path) -> None:
    ended = freehold("--data", str(tmp_path / "data"), "doctor", FREEHOLD_SERVER_PORT=str(free_port()))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    for subject in ("Python", "SQLite", "ffmpeg", "jail", "disk", "database"):
        assert subject in ended.stdout


def test_the_doctor_says_how_to_mend_what_is_wrong(freehold: Run, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "secret").write_bytes(b"x" * 32)
    (data / "secret").chmod(0o644)
    ended = freehold("--data", str(data), "doctor", FREEHOLD_DATABASE_URL=f"postgresql://a:b@127.0.0.1:{free_port()}/d")
    assert ended.returncode == 1
    assert "chmod 600" in ended.stdout
    assert "database.url" in ended.stdout


def test_benchmarks_are_listed_and_an_unknown_one_is_refused(freehold: Run) -> None:
    listed = freehold("bench")
    assert listed.returncode == 0
    assert "watches" in listed.stdout
    assert freehold("bench", "nonsense").returncode == 2
