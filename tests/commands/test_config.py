"""Settings: a mistake is said at once, in words that say how to mend it."""

import re
import tomllib
from pathlib import Path

import pytest

from freehold.commands.config import _example, _in_force, _listing
from freehold.config import MAY_BE_ZERO, OTHER_VARIABLES, Settings, known_settings, load, settings_of
from freehold.domain.account import Role
from freehold.domain.errors import SettingError
from tests.conftest import ROOT


def written(path: Path, text: str) -> Path:
    file = path / "freehold.toml"
    file.write_text(text)
    return file


def test_without_a_file_the_defaults_are_in_force() -> None:
    assert settings_of({}) == Settings()


def test_the_file_sets_and_the_environment_wins(tmp_path: Path) -> None:
    file = written(tmp_path, '[server]\nport = 9000\nname = "Here"\n[accounts]\nsignup_role = "viewer"\n')
    settings = load(file, {"FREEHOLD_SERVER_PORT": "9100", "FREEHOLD_ACCOUNTS_IS_SIGNUP_OPEN": "false"})
    assert (settings.server.port, settings.server.name) == (9100, "Here")
    assert settings.accounts.signup_role is Role.VIEWER
    assert settings.accounts.is_signup_open is False


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nprot = 1\n", "unknown setting prot in [server]"),
        ("[sever]\nport = 1\n", "unknown section [sever]"),
        ("server = 1\n", "server is a section"),
        ('[server]\nport = "many"\n', "port"),
        ("[server]\nport = 70000\n", "0 to 65535"),
        ("[uploads]\nmax_open = -1\n", "cannot be negative"),
        ("[accounts]\nsession_days = 0\n", "session_days is at least 1"),
        ("[accounts]\nsession_days = 99999999999\n", "session_days is at most 36500"),
        ("[accounts]\nguesses_per_handle = 0\n", "at least 1"),
        ("[accounts]\nguess_window_s = 90000\n", "guess_window_s is at most 86400"),
        ("[uploads]\nmax_size_bytes = 99999999999999999999\n", "at most"),
        ("[media]\nmax_pixels = 0\n", "at least 1"),
        ('[server]\nlog_format = "xml"\n', "text or json"),
        ('[server]\norigin = "example.org"\n', "http"),
        ('[server]\norigin = "https://"\n', "nothing else"),
        ('[server]\norigin = "https://example.org/clips"\n', "nothing else"),
        ('[server]\norigin = "https://ä.example"\n', "nothing else"),
        ('[server]\norigin = "https://example.org:443"\n', "without :443"),
        ('[server]\norigin = "https://example.org:x"\n', "no address"),
        ('[accounts]\nsignup_role = "king"\n', "signup_role"),
        ("[server\n", "not TOML"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingError, match=words.replace("[", r"\[")):
        load(written(tmp_path, text), {})


def test_what_may_be_nothing_may_be_set_to_nothing(tmp_path: Path) -> None:
    for name in MAY_BE_ZERO:
        section, _, setting = name.partition(".")
        settings = load(written(tmp_path, f"[{section}]\n{setting} = 0\n"), {})
        assert getattr(getattr(settings, section), setting) == 0


@pytest.mark.parametrize("origin", ["https://example.org", "https://example.org/", "http://[::1]:8000"])
def test_an_origin_is_taken_as_browsers_write_it(tmp_path: Path, origin: str) -> None:
    assert load(written(tmp_path, f'[server]\norigin = "{origin}"\n'), {}).server.origin == origin


@pytest.mark.parametrize("variable", ["FREEHOLD_SERVER_PROT", "FREEHOLD_PORT", "FREEHOLD_", "FREEHOLD_SERVER"])
def test_an_unknown_variable_is_refused(variable: str) -> None:
    with pytest.raises(SettingError, match=variable):
        load(None, {variable: "1"})


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no settings file"):
        load(tmp_path / "absent.toml", {})


def test_a_file_that_cannot_be_read_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_the_example_is_a_file_that_changes_nothing(tmp_path: Path) -> None:
    text = "\n".join(_example())
    assert load(written(tmp_path, text), {}) == Settings()
    uncommented = "\n".join(
        line.removeprefix("#") if line.startswith("#") and line[1] != " " else line for line in _example()
    )
    assert load(written(tmp_path, uncommented), {}) == Settings()
    assert set(tomllib.loads(uncommented)) == set(known_settings())


def test_the_listing_names_every_setting_with_its_variable() -> None:
    text = "\n".join(_listing())
    for section, names in known_settings().items():
        for name in names:
            assert f"{section}.{name} = " in text
            assert f"FREEHOLD_{section}_{name}".upper() in text


def test_passwords_in_addresses_are_not_shown() -> None:
    settings = settings_of({"database": {"url": "postgresql://me:hunter2@h/d"}})
    shown = "\n".join(_in_force(settings))
    assert "hunter2" not in shown
    assert "postgresql://me:" in shown
    settings = settings_of({"database": {"url": "postgresql://h/d?user=me&password=hunter2&ssl=on"}})
    shown = "\n".join(_in_force(settings))
    assert "hunter2" not in shown
    assert "user=me" in shown and "ssl=on" in shown


def test_pages_cannot_be_rebuilt_for_longer_than_they_are_kept() -> None:
    with pytest.raises(SettingError, match=r"feed\.replay_days is at most feed\.log_days"):
        settings_of({"feed": {"log_days": 7}})
    assert settings_of({"feed": {"log_days": 7, "replay_days": 7}}).feed.log_days == 7


def test_what_the_tests_themselves_read_from_the_environment_is_no_unknown_setting(tmp_path: Path) -> None:
    assert load(written(tmp_path, ""), dict.fromkeys(OTHER_VARIABLES - {"FREEHOLD_CONFIG"}, "x")) == Settings()
    sources = "".join(file.read_text("utf-8") for file in ROOT.glob("tests/**/*.py"))
    assert set(re.findall(r'environ(?:\.get\(|\[)"(FREEHOLD_[A-Z_]+)"', sources)) <= OTHER_VARIABLES
