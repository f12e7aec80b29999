"""`freehold account`, as an operator types it."""

import io
from pathlib import Path

import pytest

from freehold.cli import build_parser, main

VERBS = ("create", "list", "role", "password", "suspend", "restore", "delete", "sessions", "token")


@pytest.fixture
def freehold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)

    def run(*words: str, typed: str = "") -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        status = main(["--data", str(tmp_path / "data"), "account", *words])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return run


def test_accounts_are_made_changed_and_deleted_by_hand(freehold) -> None:  # type: ignore[no-untyped-def]
    assert freehold("create", "ada", "--role", "operator", typed="correct horse battery\n")[0] == 0
    assert "Password: " in freehold("create", "bob", "--generate")[1]
    assert freehold("create", "Ada", "--generate") == (1, "freehold: The name ada is taken. Choose another.\n")
    assert freehold("create", "cleo", typed="short\n")[0] == 1
    listed = freehold("list")[1]
    assert "@ada" in listed and "operator" in listed and "@bob" in listed and "@cleo" not in listed
    assert "moderator" in freehold("role", "@bob", "moderator")[1]
    assert "suspended" in freehold("suspend", "bob")[1] and "suspended" in freehold("list")[1]
    assert freehold("restore", "bob")[0] == 0 and "suspended" not in freehold("list")[1]
    token = freehold("token", "bob")[1].strip()
    assert len(token) == 43
    session = freehold("sessions", "bob")[1].split()[0]
    assert freehold("sessions", "bob", "--end", session)[0] == 0 and freehold("sessions", "bob")[1] == ""
    freehold("token", "bob")
    assert freehold("password", "bob", typed="a new good one\n")[0] == 0
    assert freehold("sessions", "bob")[1] == "", "a new password ends the sessions"
    assert freehold("delete", "bob", typed="no\n")[0] == 1
    assert freehold("delete", "bob", typed="bob\n")[0] == 0
    assert freehold("suspend", "bob") == (1, "freehold: There is no account of this name.\n")


def test_no_password_is_asked_for_a_name_that_nobody_may_have(freehold, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    typed = io.StringIO("correct horse battery\n")
    monkeypatch.setattr("io.StringIO", lambda _: typed)
    assert "kept for the network" in freehold("create", "admin")[1]
    assert typed.tell() == 0


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser(["account"]).parse_args(["account", verb, "--help"])
    help_ = capsys.readouterr().out
    assert ended.value.code == 0 and f"freehold account {verb}" in help_.partition("examples:")[2]
