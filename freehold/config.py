"""Settings: the only reader of the environment and of `freehold.toml`.

A setting is `[section] name` in the file, or `FREEHOLD_SECTION_NAME` in the environment, which wins. Unknown
settings are errors, so that a typing mistake cannot pass for a default. What changes what people see is no
setting: that is a journalled action.
"""

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from freehold.actions.account import AccountRules
from freehold.actions.upload import UploadRules
from freehold.domain.errors import SettingError
from freehold.feed.rules import FeedRules
from freehold.media.limits import Limits

OTHER_VARIABLES = frozenset(
    {
        "FREEHOLD_CALLED_FROM", "FREEHOLD_CHROMIUM", "FREEHOLD_CONFIG", "FREEHOLD_DATA", "FREEHOLD_MEDIA",
        "FREEHOLD_TEST_POSTGRESQL", "FREEHOLD_TEST_SEED", "FREEHOLD_TOKEN",
    }
)  # fmt: skip
"""Names that begin like settings and are none: the folder that `start.py` was called from, the file's own path, a
client's token, and what tests and benchmarks read."""


MAY_BE_ZERO = frozenset(
    {
        "server.port", "compute.slots", "accounts.signups_per_address", "uploads.quota_bytes",
        "media.duration_slack_ms", "media.threads", "feed.seen_window_days", "feed.seen_window_clips",
        "feed.replay_days",
    }
)  # fmt: skip
"""Elsewhere nothing would work with it: nobody could sign in, no upload would be taken, no page would hold a clip."""
MOST = {
    "_bytes": 1 << 60,
    "_ms": 86_400_000,
    "_days": 36_500,
    "_h": 876_000,
    "accounts.guess_window_s": 86_400,
    "_s": 3_153_600_000,
}
"""By the end of the name: a thousand petabytes, a day, a century. What is counted for throttling is forgotten after a
day."""
MOST_OF_ANYTHING = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the server listens and keeps its files."""

    name: str = "Freehold"
    """What the network calls itself on its pages."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8000
    """Port to listen on; 0 lets the system choose."""
    origin: str = ""
    """`https://host` as browsers see it; needed when a proxy stands in front. Empty: as the request says."""
    data_dir: str = "freehold-data"
    """Folder of the database, the blobs, uploads under way and the secret, where these are embedded."""
    trusts_proxy: bool = False
    """Take the client's address from `X-Forwarded-For`."""
    log_format: str = "text"
    """`text` for a terminal, `json` for a machine."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    url: str = ""
    """Empty: SQLite in the data folder. Or `postgresql://account:password@host:port/database`."""


@dataclass(frozen=True, slots=True)
class BlobSettings:
    url: str = ""
    """Empty: the data folder. Or `s3+https://key:secret@host:port/bucket?region=...`."""


@dataclass(frozen=True, slots=True)
class ComputeSettings:
    slots: int = 0
    """Pieces of media work at a time; 0 is one for each processor."""
    allows_no_jail: bool = False
    """Decode uploads without a jail where this machine offers none. A crafted upload could then read other files."""


@dataclass(frozen=True, slots=True)
class Settings:
    server: ServerSettings = field(default_factory=ServerSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    blobs: BlobSettings = field(default_factory=BlobSettings)
    compute: ComputeSettings = field(default_factory=ComputeSettings)
    accounts: AccountRules = field(default_factory=AccountRules)
    uploads: UploadRules = field(default_factory=UploadRules)
    media: Limits = field(default_factory=Limits)
    feed: FeedRules = field(default_factory=FeedRules)


def known_settings() -> dict[str, dict[str, "dataclasses.Field[Any]"]]:
    """Every setting, by section and name."""
    return {
        section.name: {setting.name: setting for setting in dataclasses.fields(section.default_factory)}  # type: ignore[arg-type]
        for section in dataclasses.fields(Settings)
    }


def typed_path(text: str, environment: Mapping[str, str] = os.environ) -> Path:
    """A path as whoever typed it means it: `start.py` goes to its own folder, and says where it was called from."""
    return Path(environment.get("FREEHOLD_CALLED_FROM", ""), text)


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings from the file (where there is one) and the environment; `SettingError` says what is wrong."""
    if path is None and "FREEHOLD_CONFIG" in environment:
        path = typed_path(environment["FREEHOLD_CONFIG"], environment)
    raw = _read_file(path) if path else _read_file(Path("freehold.toml"), may_be_absent=True)
    known = known_settings()
    for section, names in raw.items():
        if section not in known:
            raise SettingError(f"unknown section [{section}]; there are {', '.join(known)}")
        if not isinstance(names, dict):
            raise SettingError(f"{section} is a section: write [{section}] and its settings below it")
        for name in names:
            if name not in known[section]:
                raise SettingError(f"unknown setting {name} in [{section}]; there are {', '.join(known[section])}")
    _overlay_environment(raw, known, environment)
    return settings_of(raw)


def settings_of(raw: Mapping[str, Any]) -> Settings:
    try:
        settings = msgspec.convert(raw, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(f"a setting does not fit: {error}") from None
    return _checked(settings)


def _read_file(path: Path, *, may_be_absent: bool = False) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if may_be_absent:
            return {}
        raise SettingError(f"there is no settings file {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not TOML: {error}") from None
    except OSError as error:
        raise SettingError(f"the settings file {path} cannot be read: {error.strerror}") from None


def _overlay_environment(
    raw: dict[str, Any], known: dict[str, dict[str, "dataclasses.Field[Any]"]], environment: Mapping[str, str]
) -> None:
    for variable, text in environment.items():
        if not variable.startswith("FREEHOLD_") or variable in OTHER_VARIABLES:
            continue
        section, _, name = variable.removeprefix("FREEHOLD_").lower().partition("_")
        if name not in known.get(section, {}):
            raise SettingError(f"the environment has {variable}, which is no setting; see `freehold config --list`")
        raw.setdefault(section, {})[name] = text


def _checked(settings: Settings) -> Settings:
    server = settings.server
    if not 0 <= server.port <= 65535:
        raise SettingError("server.port is a number from 0 to 65535")
    if server.origin:
        _check_origin(server.origin)
    if server.log_format not in ("text", "json"):
        raise SettingError("server.log_format is text or json")
    if server.log_level not in ("debug", "info", "warning", "error"):
        raise SettingError("server.log_level is debug, info, warning or error")
    if settings.feed.replay_days > settings.feed.log_days:
        raise SettingError("feed.replay_days is at most feed.log_days: what is not kept cannot be rebuilt")
    for section, names in known_settings().items():
        for name in names:
            value = getattr(getattr(settings, section), name)
            if isinstance(value, int) and not isinstance(value, bool):
                _check_number(f"{section}.{name}", value)
    return settings


def _check_origin(origin: str) -> None:
    """As browsers write it: another spelling is compared with theirs and every form is refused as a stranger's."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        raise SettingError(f"server.origin is no address: {origin!r}") from None
    if parts.scheme not in ("http", "https"):
        raise SettingError("server.origin begins with http:// or https://")
    is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment) and "@" not in parts.netloc
    if not parts.hostname or not is_bare or not origin.isascii():
        raise SettingError("server.origin is http(s)://host or http(s)://host:port and nothing else")
    if port == {"http": 80, "https": 443}[parts.scheme]:
        raise SettingError(f"server.origin is written without :{port}, as browsers write it")


def _check_number(name: str, value: int) -> None:
    if value < 0:
        raise SettingError(f"{name} cannot be negative")
    if value == 0 and name not in MAY_BE_ZERO:
        raise SettingError(f"{name} is at least 1")
    most = next((most for unit, most in MOST.items() if name.endswith(unit)), MOST_OF_ANYTHING)
    if value > most:
        raise SettingError(f"{name} is at most {most}")
