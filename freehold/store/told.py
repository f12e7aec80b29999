"""What the learner was told: of clips, by the journal entry that said so, and the weights with which it scores.

A clip's words change and the learner must be told the same again, ever: so what an entry says is written down before
it is taken in. It hangs on the clip, and is erased with it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.ids import ClipId
from freehold.domain.watch import Item
from freehold.store.clip import placeholders
from freehold.store.seal import Field, fault_in, sealed

IDS_A_STATEMENT = 500
ITEM_COLUMNS = "journal_seq, clip_id, author_id, sound_id, tags, duration_ms, published_at_us, seal"
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
    there: set[int] = set()
    wanted = sorted({told.clip_id for told in items})
    for start in range(0, len(wanted), IDS_A_STATEMENT):
        part = wanted[start : start + IDS_A_STATEMENT]
        rows = await transaction.fetch(f"SELECT id FROM clip WHERE id IN ({placeholders(1, len(part))})", *part)
        there.update(row["id"] for row in rows)
    await transaction.execute_many(
        f"INSERT INTO told_item ({ITEM_COLUMNS}) VALUES ({placeholders(1, 8)})",
        [sealed(_item_fields(told)) for told in items if told.clip_id in there],
    )


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
