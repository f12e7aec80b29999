"""`freehold feed`: the weights with which For You scores; a running server takes a change up for its next page."""

import argparse
import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from random import SystemRandom
from typing import Any

from freehold.app import clock_us, open_network
from freehold.commands import command_parser
from freehold.config import Settings
from freehold.domain.errors import BadInput
from freehold.domain.ids import id_text
from freehold.feed import weights
from freehold.recommender import Weights
from freehold.store import told


def add_parser(commands: Any) -> None:
    parser = command_parser(
        commands,
        "feed",
        "show or change the weights with which For You scores",
        "freehold feed weights\nfreehold feed weights --set tag_gain=900 --set follow_value=0\n"
        "freehold feed weights --default tag_gain\nfreehold feed weights --history",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    verb = command_parser(
        verbs,
        "weights",
        "show the weights in force, or change some: an action in the journal, in force from the next page on",
        "freehold feed weights\nfreehold feed weights --set tag_gain=900 --set follow_value=0\n"
        "freehold feed weights --default tag_gain\nfreehold feed weights --history",
    )
    verb.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="from now on; may be repeated")
    verb.add_argument("--default", metavar="NAME", action="append", default=[], help="back to the program's own")
    verb.add_argument("--history", action="store_true", help="every change there has been")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    values = dict(_assigned(text) for text in arguments.set)
    asyncio.run(_weights(settings, values, frozenset(arguments.default), arguments.history))
    return 0


def _assigned(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    try:
        return name.strip(), int(value)
    except ValueError:
        raise BadInput("weight-form", f"{text}: write NAME=VALUE with a whole number.") from None


async def _weights(settings: Settings, values: Mapping[str, int], defaults: frozenset[str], history: bool) -> None:
    async with open_network(settings) as backends:
        database = backends.database
        if values or defaults:
            await weights.change(database, settings.feed, values, defaults, clock_us(), SystemRandom())
            backends.bus.ring("journal")
        if history:
            for said in _history(await told.all_weights(database)):
                print(said)
            return
        newest = await weights.in_force(database)
        in_force = newest.in_force if newest else asdict(weights.wished(settings.feed, {}))
        for name, own in asdict(Weights()).items():
            value = in_force.get(name, own)
            note = "" if value == own else f"   # {own} is the program's own"
            print(f"{name} = {value}{note}")


def _history(all_weights: list[told.ToldWeights]) -> list[str]:
    lines = []
    before: Mapping[str, int] = {}
    for one in all_weights:
        at = datetime.fromtimestamp(one.at_us // 1_000_000, UTC)
        changes = [f"{name}={value}" for name, value in one.in_force.items() if before.get(name) != value]
        lines.append(f"{at:%Y-%m-%d %H:%M:%S}  {id_text(one.id)}  {' '.join(changes) if before else 'the first'}")
        before = one.in_force
    return lines
