"""`freehold readers`: who follows the journal and the watch log, how far they have come, and building one anew."""

import argparse
import asyncio
from typing import Any

from freehold.app import clock_us, open_network
from freehold.commands import command_parser
from freehold.config import Settings
from freehold.feed import readers


def add_parser(commands: Any) -> None:
    parser = command_parser(
        commands,
        "readers",
        "list the readers of the journal and the watch log, or build anew what one keeps",
        "freehold readers list\nfreehold readers reset candidates",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    command_parser(verbs, "list", "each reader, how far it has come, and what it keeps", "freehold readers list")
    reset = command_parser(
        verbs,
        "reset",
        "build anew what a reader keeps, from the first entry on that is kept",
        "freehold readers reset candidates",
    )
    reset.add_argument("name", help="the reader's name")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(_reset(settings, arguments.name) if arguments.verb == "reset" else _list(settings))
    return 0


async def _list(settings: Settings) -> None:
    async with open_network(settings) as backends:
        for one in await readers.standings(backends.database):
            print(f"{one.name:14} at {one.mark:>10,} of {one.end:>10,}   {one.keeps}")


async def _reset(settings: Settings, name: str) -> None:
    async with open_network(settings) as backends:
        await readers.reset(backends, name, clock_us())
    print(f"{name} starts from the beginning: at once where a server is running, else at its next start.")
