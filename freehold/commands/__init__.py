"""The bodies of the `freehold` subcommands, one module each.

A module offers `add_parser(commands)`, which adds its parser (with `help` and examples) by `command_parser` and
sets `run`: a function from the parsed arguments and the settings to the exit status.
"""

import argparse
from typing import Any


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
    return parser
