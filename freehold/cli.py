"""The `freehold` command."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module

from freehold import __version__
from freehold.commands import add_common_options
from freehold.config import Settings, load, typed_path
from freehold.domain.errors import BackendError, Refusal, SettingError

COMMANDS = {
    "serve": "freehold.commands.serve",
    "demo": "freehold.demo.command",
    "doctor": "freehold.commands.doctor",
    "config": "freehold.commands.config",
    "account": "freehold.commands.account",
    "clip": "freehold.commands.clip",
    "readers": "freehold.commands.readers",
    "feed": "freehold.commands.feed",
    "replay": "freehold.commands.replay",
    "bench": "freehold.commands.bench",
}
EXIT_REFUSED = 1
EXIT_USAGE = 2


def build_parser(names: Sequence[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """The parser of the named subcommands: a module is imported only where its command is meant."""
    parser = argparse.ArgumentParser(
        prog="freehold",
        description="A short-video network that its operator owns outright.",
        epilog="examples:\n  freehold demo\n  freehold serve --port 8080\n  freehold doctor\n\n"
        "Settings come from freehold.toml and from FREEHOLD_SECTION_NAME in the environment: freehold config --list",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"freehold {__version__}")
    add_common_options(parser, default=None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in names:
        import_module(COMMANDS[name]).add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    parsed = build_parser(_meant(given)).parse_args(given)
    try:
        settings = _with_options(load(parsed.config), parsed)
        return int(parsed.run(parsed, settings))
    except SettingError as error:
        print(f"freehold: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (Refusal, BackendError) as error:
        text = error.text if isinstance(error, Refusal) else str(error)
        print(f"freehold: {text}", file=sys.stderr)
        return EXIT_REFUSED
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except EOFError:
        print("freehold: the input ended before the question was answered. Nothing was changed.", file=sys.stderr)
        return EXIT_REFUSED
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody to tell.
        sys.stderr.close()
        return 141


def _meant(given: Sequence[str]) -> Sequence[str]:
    """The name of the one command that is given, or all where there is none: the first word that is neither an option
    nor the value of one."""
    options = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    options.add_argument("--config")
    options.add_argument("--data")
    options.add_argument("rest", nargs=argparse.REMAINDER)
    try:
        rest = options.parse_known_args(given)[0].rest
    except (argparse.ArgumentError, SystemExit):
        rest = []
    return rest[:1] if rest and rest[0] in COMMANDS else tuple(COMMANDS)


def _with_options(settings: Settings, parsed: argparse.Namespace) -> Settings:
    if parsed.data:
        settings = replace(settings, server=replace(settings.server, data_dir=str(typed_path(parsed.data))))
    return settings


if __name__ == "__main__":
    sys.exit(main())
