"""Saved clips, and lists of clips: collections, into which an account saves, and playlists of a creator's own.

A place orders a list. In collections, and among what is saved, it is an id, the newest first; in playlists it is a
number, the lowest first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.clip import Author
from freehold.domain.ids import AccountId, ClipId, ListId

LAST = 1 << 62
Place = tuple[int, ClipId]


class ListKind(StrEnum):
    COLLECTION = "collection"
    PLAYLIST = "playlist"


@dataclass(frozen=True, slots=True)
class ClipList:
    id: ListId
    owner: Author
    kind: ListKind
    name: str
    is_public: bool
    created_at_us: int
    clip_count: int = 0
    has_clip: bool = False
    """Whether the clip that was asked about is in it."""


_SELECT = (
    "SELECT clip_list.id, clip_list.account_id, clip_list.kind, clip_list.name, clip_list.is_public,"
    " clip_list.created_at_us, account.handle, account.display_name, account.avatar_key, account.suspended_at_us,"
    " (SELECT COUNT(*) FROM clip_list_entry WHERE clip_list_entry.list_id = clip_list.id) AS clip_count,"
    " EXISTS (SELECT 1 FROM clip_list_entry WHERE clip_list_entry.list_id = clip_list.id"
    " AND clip_list_entry.clip_id = $1) AS has_clip"
    " FROM clip_list JOIN account ON account.id = clip_list.account_id"
)


def _list_of(row: Row) -> ClipList:
    is_suspended = row["suspended_at_us"] is not None
    return ClipList(
        row["id"],
        Author(row["account_id"], row["handle"], row["display_name"], row["avatar_key"], is_suspended),
        ListKind(row["kind"]),
        row["name"],
        bool(row["is_public"]),
        row["created_at_us"],
        row["clip_count"],
        bool(row["has_clip"]),
    )


async def one(source: Database | Transaction, list_id: ListId, clip_id: ClipId | None = None) -> ClipList | None:
    rows = await source.fetch(f"{_SELECT} WHERE clip_list.id = $2", clip_id or 0, list_id)
    return _list_of(rows[0]) if rows else None


async def of_account(
    source: Database | Transaction, account_id: AccountId, *, is_owner: bool, clip_id: ClipId | None = None
) -> list[ClipList]:
    """Those that everybody may see, and for the owner the others too; collections first, each kind by name."""
    rows = await source.fetch(
        f"{_SELECT} WHERE clip_list.account_id = $2 AND (clip_list.is_public = 1 OR $3 = 1)"
        " ORDER BY clip_list.kind, clip_list.name",
        clip_id or 0,
        account_id,
        int(is_owner),
    )
    return [_list_of(row) for row in rows]


async def named(transaction: Transaction, account_id: AccountId, kind: ListKind, name: str) -> ListId | None:
    rows = await transaction.fetch(
        "SELECT id FROM clip_list WHERE account_id = $1 AND kind = $2 AND name = $3", account_id, kind.value, name
    )
    return rows[0]["id"] if rows else None


async def insert(transaction: Transaction, made: ClipList) -> None:
    await transaction.execute(
        "INSERT INTO clip_list (id, account_id, kind, name, is_public, created_at_us) VALUES ($1, $2, $3, $4, $5, $6)",
        made.id,
        made.owner.id,
        made.kind.value,
        made.name,
        int(made.is_public),
        made.created_at_us,
    )


async def set_words(transaction: Transaction, list_id: ListId, name: str, is_public: bool) -> None:
    await transaction.execute(
        "UPDATE clip_list SET name = $2, is_public = $3 WHERE id = $1", list_id, name, int(is_public)
    )


async def delete(transaction: Transaction, list_id: ListId) -> None:
    await transaction.execute("DELETE FROM clip_list WHERE id = $1", list_id)


async def add(transaction: Transaction, list_id: ListId, clip_id: ClipId, place: int) -> bool:
    """Whether it was not in it."""
    changed = await transaction.execute(
        "INSERT INTO clip_list_entry (list_id, clip_id, place) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        list_id,
        clip_id,
        place,
    )
    return bool(changed)


async def remove(transaction: Transaction, list_id: ListId, clip_id: ClipId) -> bool:
    """Whether it was in it."""
    return bool(
        await transaction.execute("DELETE FROM clip_list_entry WHERE list_id = $1 AND clip_id = $2", list_id, clip_id)
    )


async def clip_ids_in(source: Database | Transaction, list_id: ListId) -> list[ClipId]:
    """In the order of a playlist."""
    rows = await source.fetch("SELECT clip_id FROM clip_list_entry WHERE list_id = $1 ORDER BY place", list_id)
    return [row["clip_id"] for row in rows]


async def set_order(transaction: Transaction, list_id: ListId, clip_ids: Sequence[ClipId]) -> None:
    await transaction.execute_many(
        "UPDATE clip_list_entry SET place = $3 WHERE list_id = $1 AND clip_id = $2",
        [(list_id, clip_id, place) for place, clip_id in enumerate(clip_ids, start=1)],
    )


async def places_for_viewer(
    database: Database, list_id: ListId, kind: ListKind, behind: int | None, limit: int
) -> Sequence[Place]:
    """So many behind a place, in the list's order, as ids for `for_viewer`."""
    side, by, start = ("<", "DESC", LAST) if kind is ListKind.COLLECTION else (">", "ASC", 0)
    rows = await database.fetch(
        f"SELECT place, clip_id FROM clip_list_entry WHERE list_id = $1 AND place {side} $2"
        f" ORDER BY place {by} LIMIT $3",
        list_id,
        start if behind is None else behind,
        limit,
    )
    return [(row["place"], row["clip_id"]) for row in rows]


async def first_places(database: Database, lists: Sequence[ClipList], limit: int) -> dict[ListId, list[ClipId]]:
    """So many of each list, in its order, as ids for `for_viewer`."""
    if not lists:
        return {}
    each = [
        f"SELECT * FROM (SELECT list_id, place, clip_id FROM clip_list_entry WHERE list_id = ${number}"
        f" ORDER BY place {'DESC' if one.kind is ListKind.COLLECTION else 'ASC'} LIMIT {limit}) AS first_{number}"
        for number, one in enumerate(lists, start=1)
    ]
    rows = await database.fetch(" UNION ALL ".join(each), *(one.id for one in lists))
    places: dict[ListId, list[Place]] = {}
    for row in rows:
        places.setdefault(row["list_id"], []).append((row["place"], row["clip_id"]))
    return {
        one.id: [clip_id for _, clip_id in sorted(places.get(one.id, []), reverse=one.kind is ListKind.COLLECTION)]
        for one in lists
    }


async def save(transaction: Transaction, clip_id: ClipId, account_id: AccountId, place: int) -> bool:
    """Whether this made a difference."""
    changed = await transaction.execute(
        "INSERT INTO clip_save (clip_id, account_id, place) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        clip_id,
        account_id,
        place,
    )
    if changed:
        await transaction.execute("UPDATE clip SET save_count = save_count + 1 WHERE id = $1", clip_id)
    return bool(changed)


async def unsave(transaction: Transaction, clip_id: ClipId, account_id: AccountId) -> bool:
    """Take it out of the account's collections too; whether this made a difference."""
    changed = await transaction.execute(
        "DELETE FROM clip_save WHERE clip_id = $1 AND account_id = $2", clip_id, account_id
    )
    if changed:
        await transaction.execute("UPDATE clip SET save_count = save_count - 1 WHERE id = $1", clip_id)
    await transaction.execute(
        "DELETE FROM clip_list_entry WHERE clip_id = $1 AND list_id IN"
        " (SELECT id FROM clip_list WHERE account_id = $2 AND kind = 'collection')",
        clip_id,
        account_id,
    )
    return bool(changed)


async def saved_places_for_viewer(
    database: Database, account_id: AccountId, behind: int | None, limit: int
) -> Sequence[Place]:
    """So many behind a place, the newest first, as ids for `for_viewer`."""
    rows = await database.fetch(
        "SELECT place, clip_id FROM clip_save WHERE account_id = $1 AND place < $2 ORDER BY place DESC LIMIT $3",
        account_id,
        LAST if behind is None else behind,
        limit,
    )
    return [(row["place"], row["clip_id"]) for row in rows]
