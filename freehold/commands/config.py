"""`freehold config`: show the settings in force and what there is to set."""

import argparse
import dataclasses
import enum
import inspect
import re
from typing import Any

from freehold.commands import command_parser
from freehold.config import Settings, known_settings

SECRET = re.compile(r"(://[^:/@]+:)[^@]+(?=@)|([?&]password=)[^&]+")


def add_parser(commands: Any) -> None:
    parser = command_parser(
        commands,
        "config",
        "show the settings in force, or all that can be set",
        "freehold config\nfreehold config --list\nfreehold config --example > freehold.toml\n"
        "FREEHOLD_SERVER_PORT=9000 freehold config",
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--list", action="store_true", help="every setting with its default and its variable")
    choice.add_argument("--example", action="store_true", help="a settings file with every default, commented out")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.list:
        print("\n".join(_listing()))
    elif arguments.example:
        print("\n".join(_example()))
    else:
        print("\n".join(_in_force(settings)))
    return 0


def toml_value(value: Any) -> str:
    """The value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple | list | frozenset):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _in_force(settings: Settings) -> list[str]:
    """Passwords in addresses are not shown: this output is pasted into reports."""
    lines: list[str] = []
    for section, names in known_settings().items():
        lines.append(f"[{section}]")
        for name, setting in names.items():
            value = getattr(getattr(settings, section), name)
            shown = SECRET.sub(r"\1\2•••", value) if isinstance(value, str) else value
            note = "" if value == setting.default else "   # not the default"
            lines.append(f"{name} = {toml_value(shown)}{note}")
        lines.append("")
    return lines


def _listing() -> list[str]:
    lines: list[str] = []
    for section, names in known_settings().items():
        words = descriptions(section)
        for name, setting in names.items():
            variable = f"FREEHOLD_{section}_{name}".upper()
            lines.append(f"{section}.{name} = {toml_value(setting.default)}   ({variable})")
            if name in words:
                lines.append(f"    {words[name]}")
    return lines


def _example() -> list[str]:
    lines = ["# Freehold's settings. Every line shows a default; take the # away to change it."]
    for section, names in known_settings().items():
        words = descriptions(section)
        lines += ["", f"[{section}]"]
        for name, setting in names.items():
            if name in words:
                lines.append(f"# {words[name]}")
            lines.append(f"#{name} = {toml_value(setting.default)}")
    return lines


def descriptions(section: str) -> dict[str, str]:
    """What each setting means: the docstring below its field."""
    import ast

    settings_class = next(f.default_factory for f in dataclasses.fields(Settings) if f.name == section)
    body = ast.parse(inspect.getsource(settings_class)).body[0]  # type: ignore[arg-type]
    assert isinstance(body, ast.ClassDef)
    words: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            words[field.target.id] = " ".join(below.value.value.split())
    return words
