"""`freehold clip` against servers that are wrong, broken, or away for a moment."""

import hashlib
import json
import os
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from freehold.cli import main
from tests.conftest import ROOT

CLIP = {
    "state": "ready", "state_text": "It can be watched.", "refusal": None, "queue_position": None,
    "progress_percent": None, "is_published": False, "url": "/",
}  # fmt: skip


def answer(value: object) -> bytes:
    body = json.dumps(value).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body


BEGUN = b"HTTP/1.1 201 Created\r\nLocation: /uploads/1\r\nFreehold-Clip: 1\r\nContent-Length: 0\r\n\r\n"
TAKEN = b"HTTP/1.1 204 No Content\r\nUpload-Offset: 3\r\n\r\n"


@contextmanager
def scripted(*answers: bytes, asked: list[bytes] | None = None) -> Iterator[str]:
    """A server that gives these bytes to one connection after the other, and notes what each asked for."""
    left = list(answers)
    noted = [] if asked is None else asked

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = 0
            noted.append(self.rfile.readline().rpartition(b" ")[0])
            while (line := self.rfile.readline().strip().lower()) != b"":
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            self.rfile.read(length)
            self.wfile.write(left.pop(0))

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FREEHOLD_TOKEN", "a token")


@pytest.mark.parametrize("address", ["clips.example", "ftp://clips.example", "http://", "http://[::1", "http://a:x"])
def test_what_is_no_address_is_said_in_words(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clip", "list", "--server", address]) == 2
    assert "--server is an address like https://clips.example" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        (b"garbage\r\n\r\n", 1, "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", 1, "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", 2, "not like a Freehold server"),
    ],
)
def test_a_server_that_speaks_otherwise_is_said_in_words(
    said: bytes, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(said) as address:
        assert main(["clip", "list", "--server", address]) == status
    assert words in capsys.readouterr().err


def test_lost_looks_at_a_clip_are_tried_again_and_its_progress_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(b"abc")
    busy = CLIP | {"state": "processing", "state_text": "It is being made."}
    looks = (answer(busy | {"progress_percent": 7}), b"", answer(busy | {"progress_percent": 42}), answer(CLIP))
    with scripted(BEGUN, TAKEN, *looks) as address:
        assert main(["clip", "upload", str(file), "--server", address]) == 0
    said = capsys.readouterr()
    assert "42%" in said.err
    assert "ready: It can be watched." in said.out


@pytest.mark.parametrize(
    ("said", "words"),
    [(b"HTTP/1.1 204 No Content\r\n\r\n", "Nothing of it was kept"), (b"", "expires by itself")],
)
def test_an_upload_that_is_stopped_is_forgotten_by_the_server(
    said: bytes, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ctrl_c(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("freehold.commands.clip._draw", ctrl_c)
    file = tmp_path / "a.mp4"
    file.write_bytes(b"abcdef")
    asked: list[bytes] = []
    with scripted(BEGUN, TAKEN, said, asked=asked) as address:
        assert main(["clip", "upload", str(file), "--server", address]) == 130
    assert asked == [b"POST /uploads", b"PATCH /uploads/1", b"DELETE /uploads/1"]
    assert words in capsys.readouterr().err


def test_a_file_that_becomes_shorter_while_it_is_sent_ends_the_upload(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server would be asked to append nothing, for ever."""
    monkeypatch.setattr("freehold.commands.clip.CHUNK_BYTES", 3)
    file = tmp_path / "a.mp4"
    file.write_bytes(b"abcdef")
    monkeypatch.setattr("freehold.commands.clip._draw", lambda *_: file.write_bytes(b"abc"))
    with scripted(BEGUN, TAKEN, *[TAKEN] * 20) as address:
        assert main(["clip", "upload", str(file), "--server", address]) == 2
    assert "became shorter" in capsys.readouterr().err


def test_a_file_is_meant_from_the_folder_in_which_start_py_was_called(tmp_path: Path) -> None:
    """With an installation beside `start.py` that is no more than this Python and a mark that it is whole."""
    home, away = tmp_path / "freehold", tmp_path / "clips"
    (home / ".venv" / "bin").mkdir(parents=True)
    (home / "requirements").mkdir()
    away.mkdir()
    for name in ("start.py", "pyproject.toml", "requirements/run.txt"):
        shutil.copy(ROOT / name, home / name)
    python = home / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    pinned = (home / "requirements" / "run.txt").read_bytes() + (home / "pyproject.toml").read_bytes()
    (home / ".venv" / "installed-run.txt").write_text(hashlib.sha256(pinned).hexdigest())
    (away / "a.mp4").write_bytes(b"abc")
    (away / "own.toml").write_text('[server]\nname = "Ours"\n')

    def start(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, str(home / "start.py"), *words], cwd=away, capture_output=True, text=True, check=False,
            timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    with scripted(BEGUN, TAKEN, answer(CLIP)) as address:
        ended = start("clip", "upload", "a.mp4", "--server", address)
    assert ended.returncode == 0, ended.stderr
    assert "uploaded: clip 1" in ended.stdout
    shown = start("config", "--config", "own.toml", "--data", "data").stdout
    assert 'name = "Ours"' in shown and f'data_dir = "{away / "data"}"' in shown
    assert 'data_dir = "freehold-data"' in start("config").stdout, "beside start.py, wherever it is called"


def test_a_file_that_cannot_be_read_is_said_before_anything_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clip", "upload", str(tmp_path), "--server", "http://127.0.0.1:9"]) == 2
    assert "cannot be read: Is a directory" in capsys.readouterr().err
