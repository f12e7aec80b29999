"""What the learner was told: of clips and of what viewers did with them, by the journal entry that said so, of viewers'
wishes, and the weights with which it scores.

A clip's words change and the learner must be told the same again, ever: so what an entry says is written down before
it is taken in. It hangs on the clip, or on who did or wished it, and is erased with it.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.ids import AccountId, ClipId
from freehold.domain.watch import Item
from freehold.store.clip import placeholders
from freehold.store.seal import Field, fault_in, sealed

IDS_A_STATEMENT = 500
ITEM_COLUMNS = "journal_seq, clip_id, author_id, sound_id, tags, duration_ms, published_at_us, seal"
REACTION_COLUMNS = "journal_seq, account_id, clip_id, kind, at_us, seal"
WISH_COLUMNS = "id, account_id, kind, tag, author_id, level, seal"
WEIGHTS_COLUMNS = "id, at_us, changed, in_force, seal"


@dataclass(frozen=True, slots=True)
class ToldItem:
    """What one entry of the journal said of a clip."""

    journal_seq: int
    clip_id: ClipId
    item: Item | None
    """None: that it is not for everybody."""
    fault: str | None = None
    """What is not as it was written."""


@dataclass(frozen=True, slots=True)
class ToldReaction:
    """What one entry of the journal said that an account did with a clip besides watching it."""

    journal_seq: int
    account_id: AccountId
    clip_id: ClipId
    kind: str
    at_us: int
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ToldWish:
    """A wish as it is from an action on."""

    id: int
    account_id: int
    kind: str
    tag: str
    """Empty for an author."""
    author_id: int
    """0 for a tag."""
    level: int
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ToldWeights:
    """All weights that are in force from an action on."""

    id: int
    at_us: int
    changed: Mapping[str, int]
    """Those that the operator chose; the others are the program's."""
    in_force: Mapping[str, int]
    fault: str | None = None


def _item_fields(told: ToldItem) -> list[Field]:
    item = told.item
    return [
        ("journal_seq", told.journal_seq),
        ("clip_id", told.clip_id),
        ("author_id", item.author_id if item else 0),
        ("sound_id", item.sound_id if item else None),
        ("tags", _text(list(item.tags) if item else [])),
        ("duration_ms", item.duration_ms if item else 0),
        ("published_at_us", item.published_at_us if item else None),
    ]


def _weights_fields(told: ToldWeights) -> list[Field]:
    return [
        ("id", told.id),
        ("at_us", told.at_us),
        ("changed", _text(dict(sorted(told.changed.items())))),
        ("in_force", _text(dict(sorted(told.in_force.items())))),
    ]


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


async def insert_items(transaction: Transaction, items: Sequence[ToldItem]) -> None:
    """What was told of a clip that is gone by now is not kept."""
    there = await _there(transaction, "clip", {told.clip_id for told in items})
    await transaction.execute_many(
        f"INSERT INTO told_item ({ITEM_COLUMNS}) VALUES ({placeholders(1, 8)})",
        [sealed(_item_fields(told)) for told in items if told.clip_id in there],
    )


async def insert_reactions(transaction: Transaction, reactions: Sequence[ToldReaction]) -> None:
    """What was done by an account or with a clip that is gone by now is not kept."""
    there = await _there(transaction, "clip", {told.clip_id for told in reactions})
    here = await _there(transaction, "account", {told.account_id for told in reactions})
    await transaction.execute_many(
        f"INSERT INTO told_reaction ({REACTION_COLUMNS}) VALUES ({placeholders(1, 6)})",
        [sealed(_reaction_fields(told)) for told in reactions if told.clip_id in there and told.account_id in here],
    )


async def _there(transaction: Transaction, table: str, ids: Collection[int]) -> set[int]:
    """Those ids of the table that are not gone."""
    there: set[int] = set()
    wanted = sorted(ids)
    for start in range(0, len(wanted), IDS_A_STATEMENT):
        part = wanted[start : start + IDS_A_STATEMENT]
        rows = await transaction.fetch(f"SELECT id FROM {table} WHERE id IN ({placeholders(1, len(part))})", *part)
        there.update(row["id"] for row in rows)
    return there


async def items_between(database: Database, after_seq: int, last_seq: int) -> dict[int, list[ToldItem]]:
    """By journal entry, the oldest clip first: what the entries behind `after_seq` up to `last_seq` said."""
    found: dict[int, list[ToldItem]] = {}
    for row in await database.fetch(
        f"SELECT {ITEM_COLUMNS} FROM told_item WHERE journal_seq > $1 AND journal_seq <= $2"
        " ORDER BY journal_seq, clip_id",
        after_seq,
        last_seq,
    ):
        found.setdefault(row["journal_seq"], []).append(_told_item(row))
    return found


def _told_item(row: Row) -> ToldItem:
    fields: list[Field] = [(name, row[name]) for name in ITEM_COLUMNS.split(", ")[:-1]]
    item = None
    if row["published_at_us"] is not None:
        item = Item(
            row["clip_id"],
            row["author_id"],
            row["sound_id"],
            _tags_in(row["tags"]),
            row["duration_ms"],
            row["published_at_us"],
        )
    return ToldItem(row["journal_seq"], row["clip_id"], item, fault_in(fields, row["seal"]))


def _tags_in(text: str) -> tuple[str, ...]:
    try:
        return tuple(str(tag) for tag in json.loads(text))
    except ValueError:
        return ()  # Damaged: the seal says so.


async def reactions_between(database: Database, after_seq: int, last_seq: int) -> dict[int, ToldReaction]:
    """By journal entry: what the entries behind `after_seq` up to `last_seq` said."""
    rows = await database.fetch(
        f"SELECT {REACTION_COLUMNS} FROM told_reaction WHERE journal_seq > $1 AND journal_seq <= $2",
        after_seq,
        last_seq,
    )
    return {row["journal_seq"]: _told_reaction(row) for row in rows}


def _told_reaction(row: Row) -> ToldReaction:
    told = ToldReaction(row["journal_seq"], row["account_id"], row["clip_id"], row["kind"], row["at_us"])
    return replace(told, fault=fault_in(_reaction_fields(told), row["seal"]))


def _reaction_fields(told: ToldReaction) -> list[Field]:
    return [
        ("journal_seq", told.journal_seq),
        ("account_id", told.account_id),
        ("clip_id", told.clip_id),
        ("kind", told.kind),
        ("at_us", told.at_us),
    ]


def _wish_fields(told: ToldWish) -> list[Field]:
    return [
        ("id", told.id),
        ("account_id", told.account_id),
        ("kind", told.kind),
        ("tag", told.tag),
        ("author_id", told.author_id),
        ("level", told.level),
    ]


async def insert_wish(transaction: Transaction, told: ToldWish) -> None:
    await transaction.execute(
        f"INSERT INTO told_wish ({WISH_COLUMNS}) VALUES ({placeholders(1, 7)})", *sealed(_wish_fields(told))
    )


async def wishes_by_id(database: Database, wish_ids: Sequence[int]) -> dict[int, ToldWish]:
    """At most `IDS_A_STATEMENT` of them; those that are still there."""
    if not wish_ids:
        return {}
    rows = await database.fetch(
        f"SELECT {WISH_COLUMNS} FROM told_wish WHERE id IN ({placeholders(1, len(wish_ids))})", *wish_ids
    )
    return {row["id"]: _told_wish(row) for row in rows}


def _told_wish(row: Row) -> ToldWish:
    fields: list[Field] = [(name, row[name]) for name in WISH_COLUMNS.split(", ")[:-1]]
    told = ToldWish(row["id"], row["account_id"], row["kind"], row["tag"], row["author_id"], row["level"])
    return replace(told, fault=fault_in(fields, row["seal"]))


async def insert_weights(transaction: Transaction, told: ToldWeights) -> None:
    await transaction.execute(
        f"INSERT INTO told_weights ({WEIGHTS_COLUMNS}) VALUES ($1, $2, $3, $4, $5)", *sealed(_weights_fields(told))
    )


async def weights_by_id(database: Database, weights_id: int) -> ToldWeights | None:
    rows = await database.fetch(f"SELECT {WEIGHTS_COLUMNS} FROM told_weights WHERE id = $1", weights_id)
    return _told_weights(rows[0]) if rows else None


async def newest_weights(source: Database | Transaction) -> ToldWeights | None:
    rows = await source.fetch(f"SELECT {WEIGHTS_COLUMNS} FROM told_weights ORDER BY id DESC LIMIT 1")
    return _told_weights(rows[0]) if rows else None


async def all_weights(database: Database) -> list[ToldWeights]:
    """Oldest first."""
    return [
        _told_weights(row) for row in await database.fetch(f"SELECT {WEIGHTS_COLUMNS} FROM told_weights ORDER BY id")
    ]


def _told_weights(row: Row) -> ToldWeights:
    fields: list[Field] = [(name, row[name]) for name in WEIGHTS_COLUMNS.split(", ")[:-1]]
    return ToldWeights(
        row["id"],
        row["at_us"],
        _numbers_in(row["changed"]),
        _numbers_in(row["in_force"]),
        fault_in(fields, row["seal"]),
    )


def _numbers_in(text: str) -> dict[str, int]:
    try:
        return {str(name): int(value) for name, value in json.loads(text).items()}
    except (ValueError, AttributeError, TypeError):
        return {}  # Damaged: the seal says so.
