"""`start.py` where the installation does not come to its end."""

import subprocess
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

import start


def breaking(error: BaseException) -> Callable[..., None]:
    """Makes an environment without pip, as far as it comes."""

    def create(folder: Path, **_: object) -> None:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").touch()
        raise error

    return create


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (subprocess.CalledProcessError(1, "ensurepip", b"No module named ensurepip"), 1, "No module named ensurepip"),
        (KeyboardInterrupt(), 130, "Stopped"),
    ],
)
def test_half_an_environment_is_removed_and_why_is_said(
    error: BaseException,
    status: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(start, "ENVIRONMENT", tmp_path / "venv")
    monkeypatch.setattr(start, "PYTHON", tmp_path / "venv" / "bin" / "python")
    monkeypatch.setattr(venv, "create", breaking(error))
    assert start.main(["doctor"]) == status
    assert words in capsys.readouterr().err
    assert not (tmp_path / "venv").exists()
