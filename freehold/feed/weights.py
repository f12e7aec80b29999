"""The weights with which For You scores: an action of the operator's, or of a start that finds a setting changed."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from random import Random

from freehold.backends.database import Database, Transaction
from freehold.domain.errors import BadInput
from freehold.domain.ids import AccountId, new_id
from freehold.feed.candidates import weights_of
from freehold.feed.rules import FeedRules
from freehold.recommender import Weights
from freehold.store import journal, told
from freehold.store.journal import Kind
from freehold.store.told import ToldWeights

DAY_MIN = 24 * 60
BY_SETTING = {"seen_clips": "seen_window_clips", "seen_min": "seen_window_days"}
LIMIT = 1 << 40


def wished(rules: FeedRules, changed: Mapping[str, int]) -> Weights:
    """The program's weights, with what the operator chose and what the settings say."""
    chosen = weights_of({name: value for name, value in changed.items() if name not in BY_SETTING})
    return replace(chosen, seen_clips=rules.seen_window_clips, seen_min=rules.seen_window_days * DAY_MIN)


async def in_force(database: Database) -> ToldWeights | None:
    """The newest action's; None on an instance that has never been started."""
    return await told.newest_weights(database)


async def agree(database: Database, rules: FeedRules, at_us: int, random: Random) -> bool:
    """At a start: an action where the program's own weights or a setting are others than those in force."""

    async def work(transaction: Transaction) -> bool:
        newest = await told.newest_weights(transaction)
        changed = newest.changed if newest else {}
        wanted = wished(rules, changed)
        if newest is not None and dict(newest.in_force) == asdict(wanted):
            return False
        await _append(transaction, changed, wanted, at_us, random, None)
        return True

    return await database.transact(work)


async def change(
    database: Database,
    rules: FeedRules,
    values: Mapping[str, int],
    defaults: frozenset[str],
    at_us: int,
    random: Random,
    actor_id: AccountId | None = None,
) -> Weights:
    """Those in force from the next page on; `defaults` go back to the program's own. Raises `BadInput` (codes
    `weight-unknown`, `weight-setting`, `weight-range`)."""
    for name in (*values, *defaults):
        _check(name, values.get(name))

    async def work(transaction: Transaction) -> Weights:
        newest = await told.newest_weights(transaction)
        changed = {**(newest.changed if newest else {}), **values}
        changed = {name: value for name, value in changed.items() if name not in defaults}
        wanted = wished(rules, changed)
        if newest is None or dict(newest.in_force) != asdict(wanted) or dict(newest.changed) != changed:
            await _append(transaction, changed, wanted, at_us, random, actor_id)
        return wanted

    return await database.transact(work)


def _check(name: str, value: int | None) -> None:
    known = [field.name for field in fields(Weights) if field.name not in BY_SETTING]
    if name in BY_SETTING:
        raise BadInput("weight-setting", f"{name} follows the setting feed.{BY_SETTING[name]}: change it there.")
    if name not in known:
        raise BadInput("weight-unknown", f"There is no weight {name}; there are {', '.join(known)}.")
    least = -LIMIT
    if name.endswith(("_prior", "_usual", "_min")):
        least = 1
    elif name.endswith(("_gain", "_doubt", "_below", "_65536")):
        least = 0
    most = 65536 if name.endswith("_65536") else LIMIT
    if value is not None and not least <= value <= most:
        raise BadInput("weight-range", f"{name} is a whole number from {least} to {most}.")


async def _append(
    transaction: Transaction, changed: Mapping[str, int], wanted: Weights, at_us: int, random: Random,
    actor_id: AccountId | None,
) -> None:  # fmt: skip
    weights_id = new_id(at_us, random)
    await told.insert_weights(transaction, ToldWeights(weights_id, at_us, changed, asdict(wanted)))
    await journal.append(transaction, Kind.FEED_WEIGHTS_CHANGED, at_us=at_us, actor_id=actor_id, subject_id=weights_id)
