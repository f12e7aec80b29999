"""The linter, the formatter and the type checker are part of the suite."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def passes(*command: str) -> None:
    ended = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_linter_finds_nothing() -> None:
    passes("ruff", "check", "--output-format=concise", ".")


def test_the_code_is_formatted() -> None:
    passes("ruff", "format", "--check", ".")


@pytest.mark.slow
def test_the_types_are_right() -> None:
    passes("mypy")
