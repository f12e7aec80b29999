"""The bodies of the `freehold` subcommands, one module each.

A module offers `add_parser(commands)`, which adds its parser (with `help` and examples) by `command_parser` and
sets `run`: a function from the parsed arguments and the settings to the exit status.
"""

import argparse
from typing import Any

from freehold.config import typed_path


def add_common_options(parser: argparse.ArgumentParser, default: str | None) -> None:
    """What every command takes, before its name as well as behind it."""
    parser.add_argument(
        "--config",
        type=typed_path,
        metavar="FILE",
        default=default,
        help="settings file (default: freehold.toml, if there is one)",
    )
    parser.add_argument("--data", metavar="DIR", default=default, help="data folder, for this run")


def command_parser(
    commands: Any, name: str, help_: str, examples: str, description: str = ""
) -> argparse.ArgumentParser:
    """A subcommand's parser with its examples below the options."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=description or help_,
        epilog="examples:\n" + "\n".join(f"  {line}" for line in examples.strip().splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    # What is not said here leaves alone what was said before the command's name.
    add_common_options(parser, default=argparse.SUPPRESS)
    return parser
