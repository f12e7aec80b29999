"""Clips: read for a viewer, or with the words `for_system`; their leases; likes, shares and counts."""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from freehold.backends.database import Database, Row, Transaction, Value
from freehold.domain.account import Viewer
from freehold.domain.clip import (
    Audience,
    Author,
    Clip,
    ClipKind,
    ClipState,
    ClipView,
    Moment,
    Origin,
    Sound,
    Version,
    Wish,
    Withholding,
    permissions_of,
)
from freehold.domain.ids import AccountId, ClipId, SoundId, made_at_us

SPANS_AT_ONCE = 200
_FIELDS = tuple(field.name for field in fields(Clip))
_STATE, _AUDIENCE, _WISH, _PERMISSIONS, _AI_MADE, _SENSITIVE, _KIND, _ALTS = (
    _FIELDS.index(name)
    for name in ("state", "audience", "wish", "permissions", "is_ai_made", "is_sensitive", "kind", "picture_alts")
)
COLUMNS = ", ".join(f"clip.{field}" for field in _FIELDS)

_VIEW = f"""
SELECT {COLUMNS},
       account.handle, account.display_name, account.avatar_key, account.suspended_at_us,
       sound.title AS sound_title, sound.clip_id AS sound_clip_id, sound_author.handle AS sound_handle,
       clip_like.at_us AS liked_at_us, follow.at_us AS followed_at_us, clip_save.place AS saved_place,
       withholding.authority, withholding.reference, withholding.reason,
       withholding.since_us, withholding.until_us,
       clip_making.source_id, clip_making.kind AS making_kind
FROM clip
JOIN account ON account.id = clip.author_id
LEFT JOIN sound ON sound.id = clip.sound_id
LEFT JOIN account sound_author ON sound_author.id = sound.author_id
LEFT JOIN clip_like ON clip_like.clip_id = clip.id AND clip_like.account_id = $1
LEFT JOIN clip_save ON clip_save.clip_id = clip.id AND clip_save.account_id = $1
LEFT JOIN follow ON follow.followed_id = clip.author_id AND follow.follower_id = $1
LEFT JOIN clip_making ON clip_making.clip_id = clip.id AND clip_making.kind <> 'sound'
LEFT JOIN withholding ON withholding.id = (
    SELECT MIN(w.id) FROM withholding w
    WHERE w.clip_id = clip.id AND w.since_us <= $2 AND (w.until_us IS NULL OR w.until_us > $2))
"""


_STATES = {state.value: state for state in ClipState}
_AUDIENCES = {audience.value: audience for audience in Audience}
_WISHES = {wish.value: wish for wish in Wish}
_KINDS = {kind.value: kind for kind in ClipKind}


def clip_of(row: Row) -> Clip:
    """From a row that begins with COLUMNS. By position, not name: a page reads a hundred of these."""
    values: list[Any] = [*row][: len(_FIELDS)]
    values[_STATE] = _STATES[values[_STATE]]
    values[_AUDIENCE] = _AUDIENCES[values[_AUDIENCE]]
    values[_WISH] = _WISHES[values[_WISH]]
    values[_PERMISSIONS] = permissions_of(values[_PERMISSIONS])
    values[_KIND] = _KINDS[values[_KIND]]
    values[_ALTS] = tuple(json.loads(values[_ALTS])) if values[_ALTS] else ()
    values[_AI_MADE], values[_SENSITIVE] = values[_AI_MADE] != 0, values[_SENSITIVE] != 0
    return Clip(*values)


def _view_of(row: Row, tags: tuple[str, ...], sources: Mapping[ClipId, ClipView]) -> ClipView:
    return ClipView(
        clip=clip_of(row),
        author=Author(
            row["author_id"], row["handle"], row["display_name"], row["avatar_key"], row["suspended_at_us"] is not None
        ),
        sound=Sound(row["sound_id"], row["sound_title"], row["sound_handle"], row["sound_clip_id"])
        if row["sound_title"] is not None
        else None,
        tags=tags,
        is_liked=row["liked_at_us"] is not None,
        is_followed=row["followed_at_us"] is not None,
        withholding=Withholding(row["authority"], row["reference"], row["reason"], row["since_us"], row["until_us"])
        if row["authority"] is not None
        else None,
        is_saved=row["saved_place"] is not None,
        made_from=Origin(row["making_kind"], sources.get(row["source_id"])) if row["source_id"] is not None else None,
    )


def placeholders(start: int, count: int) -> str:
    """`$3, $4, $5` for (3, 3)."""
    return ", ".join(f"${number}" for number in range(start, start + count))


async def for_viewer(
    database: Database | Transaction, viewer: Viewer, clip_ids: Sequence[ClipId], at_us: int
) -> dict[ClipId, ClipView]:
    """The clips with what the rules need to know of them and this viewer. Judge them before you show them."""
    if not clip_ids:
        return {}
    rows = await database.fetch(
        f"{_VIEW} WHERE clip.id IN ({placeholders(3, len(clip_ids))})",
        viewer.account.id if viewer.account else 0,
        at_us,
        *clip_ids,
    )
    tags = await tags_of(database, clip_ids)
    # Whose picture is in one of them is judged with it.
    source_ids = sorted({ClipId(row["source_id"]) for row in rows if row["source_id"] is not None})
    sources = await for_viewer(database, viewer, source_ids, at_us)
    return {row["id"]: _view_of(row, tags.get(row["id"], ()), sources) for row in rows}


BEHIND = "(published_at_us, id) < ({0}, {1}) ORDER BY published_at_us DESC, id DESC"


def _moments(rows: Sequence[Row]) -> list[Moment]:
    """Of rows of a time and an id. By position: Following looks at hundreds of these."""
    return [Moment._make(row) for row in rows]


async def moment_of(database: Database, clip_id: ClipId) -> Moment:
    """When the clip came out; what is not out, or is no more, was when it was begun."""
    rows = await database.fetch(
        "SELECT published_at_us, id FROM clip WHERE id = $1 AND published_at_us IS NOT NULL", clip_id
    )
    return _moments(rows)[0] if rows else Moment(made_at_us(clip_id), clip_id)


async def by_author_for_viewer(
    database: Database, author_id: AccountId, behind: Moment, limit: int, *, with_pinned: bool = True
) -> list[Moment]:
    """The author's published clips, the last published first, for `for_viewer`. What waited for its time stands where
    it came out, not where it was begun."""
    pinned = "" if with_pinned else "pinned_at_us IS NULL AND "
    rows = await database.fetch(
        f"SELECT published_at_us, id FROM clip WHERE author_id = $1 AND {pinned}{BEHIND.format('$2', '$3')} LIMIT $4",
        author_id,
        *behind,
        limit,
    )
    return _moments(rows)


async def followed_for_viewer(
    database: Database, viewer_account_id: AccountId, from_us: int, behind: Moment, limit: int
) -> list[Moment]:
    """Clips of the accounts that the viewer follows, published from a time on, the last first, for `for_viewer`. Each
    author's are read by the index, so it costs what lies between the two."""
    rows = await database.fetch(
        "SELECT clip.published_at_us, clip.id FROM follow JOIN clip ON clip.author_id = follow.followed_id"
        " WHERE follow.follower_id = $1 AND clip.published_at_us >= $2"
        " AND (clip.published_at_us, clip.id) < ($3, $4) ORDER BY clip.published_at_us DESC, clip.id DESC LIMIT $5",
        viewer_account_id,
        from_us,
        *behind,
        limit,
    )
    return _moments(rows)


async def by_tags_for_viewer(
    database: Database, tags: Sequence[str], from_us: int, behind: Moment, limit: int
) -> list[Moment]:
    """Clips with any of the tags, published from a time on, the last first, for `for_viewer`. Read from the index
    alone: whose they are is asked of those that are looked at."""
    if not tags:
        return []
    rows = await database.fetch(
        "SELECT DISTINCT published_at_us, clip_id AS id FROM clip_tag"
        f" WHERE tag IN ({placeholders(5, len(tags))}) AND published_at_us >= $1"
        " AND (published_at_us, clip_id) < ($2, $3) ORDER BY published_at_us DESC, clip_id DESC LIMIT $4",
        from_us,
        *behind,
        limit,
        *tags,
    )
    return _moments(rows)


async def by_tag_for_viewer(database: Database, tag: str, behind: Moment, limit: int) -> list[Moment]:
    """Published clips with the tag, the last published first, for `for_viewer`."""
    rows = await database.fetch(
        "SELECT published_at_us, clip_id AS id FROM clip_tag WHERE tag = $1 AND (published_at_us, clip_id) < ($2, $3)"
        " ORDER BY published_at_us DESC, clip_id DESC LIMIT $4",
        tag,
        *behind,
        limit,
    )
    return _moments(rows)


async def by_any_tag_for_viewer(database: Database, tags: Sequence[str], behind: Moment, limit: int) -> list[Moment]:
    """Published clips with any of the tags, each once, the last published first, for `for_viewer`. The newest of each
    tag are read by the index, and of those the newest are kept."""
    each = " UNION ".join(
        "SELECT * FROM (SELECT published_at_us, clip_id AS id FROM clip_tag"
        f" WHERE tag = ${number} AND (published_at_us, clip_id) < ($1, $2)"
        f" ORDER BY published_at_us DESC, clip_id DESC LIMIT $3) AS t{number}"
        for number in range(4, 4 + len(tags))
    )
    rows = await database.fetch(
        f"SELECT published_at_us, id FROM ({each}) AS found ORDER BY published_at_us DESC, id DESC LIMIT $3",
        *behind,
        limit,
        *tags,
    )
    return _moments(rows)


async def by_sound_for_viewer(database: Database, sound_id: SoundId, behind: Moment, limit: int) -> list[Moment]:
    """Published clips with the sound, the last published first, for `for_viewer`."""
    rows = await database.fetch(
        f"SELECT published_at_us, id FROM clip WHERE sound_id = $1 AND {BEHIND.format('$2', '$3')} LIMIT $4",
        sound_id,
        *behind,
        limit,
    )
    return _moments(rows)


_PUBLIC = (
    "FROM clip JOIN account ON account.id = clip.author_id WHERE clip.published_at_us IS NOT NULL"
    " AND clip.audience = 'public' AND clip.state IN ('playable', 'ready') AND account.suspended_at_us IS NULL"
)


async def public_between(database: Database, first_id: ClipId, end_id: ClipId, limit: int) -> Sequence[ClipId]:
    """From an id on up to another, oldest first, what everybody may see if no order is against it, as ids for
    `for_viewer`."""
    rows = await database.fetch(
        f"SELECT clip.id {_PUBLIC} AND clip.id >= $1 AND clip.id < $2 ORDER BY clip.id LIMIT $3",
        first_id,
        end_id,
        limit,
    )
    return [ClipId(row["id"]) for row in rows]


async def public_in(database: Database, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of the spans, each from an id up to another, in which there is something that everybody may see."""
    return await spans_with(database, spans, f"SELECT 1 {_PUBLIC} AND clip.id >= span.first AND clip.id < span.past")


async def spans_with(database: Database, spans: Sequence[tuple[int, int]], sql: str) -> list[tuple[int, int]]:
    """Those of the spans for which `sql` has a row; there they are `span.first` and `span.past`."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(spans), SPANS_AT_ONCE):
        part = spans[start : start + SPANS_AT_ONCE]
        told = ", ".join(f"(CAST(${2 * n + 1} AS BIGINT), CAST(${2 * n + 2} AS BIGINT))" for n in range(len(part)))
        rows = await database.fetch(
            f"WITH span (first, past) AS (VALUES {told}) SELECT first, past FROM span WHERE EXISTS ({sql})"
            " ORDER BY first",
            *itertools.chain.from_iterable(part),
        )
        found += [(row["first"], row["past"]) for row in rows]
    return found


async def nth_behind(database: Database, first_id: int, count: int) -> int | None:
    """The clip that so many behind an id are before, whoever may see them; None where there are fewer."""
    rows = await database.fetch("SELECT id FROM clip WHERE id >= $1 ORDER BY id LIMIT 1 OFFSET $2", first_id, count)
    return int(rows[0]["id"]) if rows else None


async def those_by(transaction: Transaction, author_id: AccountId, clip_ids: Sequence[ClipId]) -> set[ClipId]:
    """Those of the clips that are the author's."""
    if not clip_ids:
        return set()
    rows = await transaction.fetch(
        f"SELECT id FROM clip WHERE author_id = $1 AND id IN ({placeholders(2, len(clip_ids))})", author_id, *clip_ids
    )
    return {ClipId(row["id"]) for row in rows}


async def one_for_system(source: Database | Transaction, clip_id: ClipId) -> Clip | None:
    rows = await source.fetch(f"SELECT {COLUMNS} FROM clip WHERE clip.id = $1", clip_id)
    return clip_of(rows[0]) if rows else None


async def of_author_for_system(
    source: Database | Transaction, author_id: AccountId, limit: int, before_id: ClipId | None = None
) -> Sequence[Clip]:
    """All of the author's own clips in whatever state, newest first, but for those that another is being made of."""
    rows = await source.fetch(
        f"SELECT {COLUMNS} FROM clip WHERE clip.author_id = $1 AND clip.id < $3"
        " AND NOT EXISTS (SELECT 1 FROM clip_part WHERE clip_part.part_id = clip.id) ORDER BY clip.id DESC LIMIT $2",
        author_id,
        limit,
        before_id or 1 << 62,
    )
    return [clip_of(row) for row in rows]


async def drafts_of_author_for_system(source: Database | Transaction, author_id: AccountId, limit: int) -> list[ClipId]:
    """The author's clips that are not wished to be published yet, newest first."""
    rows = await source.fetch(
        "SELECT id FROM clip WHERE author_id = $1 AND wish = 'draft' AND published_at_us IS NULL"
        " AND state NOT IN ('refused', 'expired', 'withdrawn')"
        " AND NOT EXISTS (SELECT 1 FROM clip_part WHERE clip_part.part_id = clip.id) ORDER BY id DESC LIMIT $2",
        author_id,
        limit,
    )
    return [ClipId(row["id"]) for row in rows]


async def items_for_system(database: Database, clip_ids: Sequence[ClipId]) -> Sequence[tuple[Clip, tuple[str, ...]]]:
    """Published, watchable, public clips among the ids, with their tags: what the recommender may know of."""
    rows = await database.fetch(
        f"SELECT {COLUMNS} FROM clip JOIN account ON account.id = clip.author_id"
        f" WHERE clip.id IN ({placeholders(1, len(clip_ids))}) AND clip.published_at_us IS NOT NULL"
        " AND clip.audience = 'public' AND clip.state IN ('playable', 'ready') AND account.suspended_at_us IS NULL",
        *clip_ids,
    )
    tags = await tags_of(database, clip_ids)
    return [(clip_of(row), tags.get(row["id"], ())) for row in rows]


async def tags_of(source: Database | Transaction, clip_ids: Sequence[ClipId]) -> dict[ClipId, tuple[str, ...]]:
    if not clip_ids:
        return {}
    rows = await source.fetch(
        f"SELECT clip_id, tag FROM clip_tag WHERE clip_id IN ({placeholders(1, len(clip_ids))}) ORDER BY clip_id, tag",
        *clip_ids,
    )
    tags: dict[ClipId, tuple[str, ...]] = {}
    for row in rows:
        tags[row["clip_id"]] = (*tags.get(row["clip_id"], ()), row["tag"])
    return tags


async def insert(transaction: Transaction, clip: Clip, due_at_us: int | None) -> None:
    await transaction.execute(
        "INSERT INTO clip (id, author_id, state, state_since_us, due_at_us, file_name, size_bytes, incoming_name,"
        " caption, audience, wish, sound_id, created_at_us, alt, language, is_ai_made, is_sensitive, permissions,"
        " publish_at_us, kind, look, picture_alts)"
        f" VALUES ({placeholders(1, 22)})",
        clip.id,
        clip.author_id,
        clip.state.value,
        clip.state_since_us,
        due_at_us,
        clip.file_name,
        clip.size_bytes,
        clip.incoming_name,
        clip.caption,
        clip.audience.value,
        clip.wish.value,
        clip.sound_id,
        clip.created_at_us,
        clip.alt,
        clip.language,
        int(clip.is_ai_made),
        int(clip.is_sensitive),
        clip.permissions.text(),
        clip.publish_at_us,
        clip.kind.value,
        clip.look,
        _alts_text(clip),
    )


def _alts_text(clip: Clip) -> str:
    return json.dumps(clip.picture_alts, ensure_ascii=False) if clip.picture_alts else ""


async def set_tags(transaction: Transaction, clip_id: ClipId, tags: Iterable[str]) -> None:
    await transaction.execute("DELETE FROM clip_tag WHERE clip_id = $1", clip_id)
    await transaction.execute_many(
        "INSERT INTO clip_tag (clip_id, tag, published_at_us) VALUES ($1, $2,"
        " (SELECT published_at_us FROM clip WHERE id = $1))",
        [(clip_id, tag) for tag in tags],
    )


async def lock(transaction: Transaction, clip_id: ClipId) -> None:
    """Let no other transaction that locks the clip run beside this one: what is read of it is still so when it is
    written back."""
    if transaction.dialect == "postgresql":
        await transaction.fetch("SELECT 1 FROM clip WHERE id = $1 FOR UPDATE", clip_id)


async def set_words(transaction: Transaction, clip: Clip) -> None:
    """Keep what the author says of the clip, as it stands in it."""
    await transaction.execute(
        "UPDATE clip SET caption = $2, audience = $3, wish = $4, cover_ms = $5, alt = $6, language = $7,"
        " is_ai_made = $8, is_sensitive = $9, permissions = $10, publish_at_us = $11, cover_key = $12,"
        " edited_at_us = $13, look = $14, picture_alts = $15 WHERE id = $1",
        clip.id,
        clip.caption,
        clip.audience.value,
        clip.wish.value,
        clip.cover_ms,
        clip.alt,
        clip.language,
        int(clip.is_ai_made),
        int(clip.is_sensitive),
        clip.permissions.text(),
        clip.publish_at_us,
        clip.cover_key,
        clip.edited_at_us,
        clip.look,
        _alts_text(clip),
    )


async def insert_version(transaction: Transaction, version: Version) -> None:
    await transaction.execute(
        "INSERT INTO clip_version (clip_id, until_us, changed, caption, alt, language, is_ai_made, is_sensitive,"
        f" audience) VALUES ({placeholders(1, 9)})",
        version.clip_id,
        version.until_us,
        " ".join(version.changed),
        version.caption,
        version.alt,
        version.language,
        int(version.is_ai_made),
        int(version.is_sensitive),
        version.audience.value,
    )


async def delete_versions(transaction: Transaction, clip_id: ClipId) -> None:
    await transaction.execute("DELETE FROM clip_version WHERE clip_id = $1", clip_id)


async def versions_of(source: Database | Transaction, clip_id: ClipId) -> list[Version]:
    """What the clip said before, the latest first, and to whom."""
    rows = await source.fetch(
        "SELECT clip_id, until_us, changed, caption, alt, language, is_ai_made, is_sensitive, audience"
        " FROM clip_version WHERE clip_id = $1 ORDER BY until_us DESC",
        clip_id,
    )
    return [
        Version(
            row["clip_id"], row["until_us"], tuple(row["changed"].split()), row["caption"], row["alt"], row["language"],
            row["is_ai_made"] != 0, row["is_sensitive"] != 0, _AUDIENCES[row["audience"]],
        )
        for row in rows
    ]  # fmt: skip


async def count_versions(transaction: Transaction, clip_id: ClipId) -> int:
    rows = await transaction.fetch("SELECT COUNT(*) AS count FROM clip_version WHERE clip_id = $1", clip_id)
    return int(rows[0]["count"])


async def set_pinned(transaction: Transaction, clip_id: ClipId, at_us: int | None) -> None:
    await transaction.execute("UPDATE clip SET pinned_at_us = $2 WHERE id = $1", clip_id, at_us)


async def pinned_by(source: Database | Transaction, author_id: AccountId) -> Sequence[ClipId]:
    """The author's pinned clips, the last pinned first, as ids for `for_viewer`."""
    rows = await source.fetch(
        "SELECT id FROM clip WHERE author_id = $1 AND pinned_at_us IS NOT NULL ORDER BY pinned_at_us DESC, id",
        author_id,
    )
    return [ClipId(row["id"]) for row in rows]


async def due_to_publish(database: Database, at_us: int, limit: int) -> Sequence[ClipId]:
    """Clips whose time to be published has come and that can be watched, the longest due first."""
    rows = await database.fetch(
        "SELECT id FROM clip WHERE publish_at_us <= $1 AND wish = 'publish' AND published_at_us IS NULL"
        " AND state IN ('playable', 'ready') ORDER BY publish_at_us, id LIMIT $2",
        at_us,
        limit,
    )
    return [ClipId(row["id"]) for row in rows]


async def set_file(transaction: Transaction, clip_id: ClipId, file_name: str, size_bytes: int) -> None:
    await transaction.execute(
        "UPDATE clip SET file_name = $2, size_bytes = $3 WHERE id = $1", clip_id, file_name, size_bytes
    )


async def set_state(
    transaction: Transaction,
    clip_id: ClipId,
    state: ClipState,
    *,
    at_us: int,
    due_at_us: int | None,
    expected: ClipState,
    refusal: tuple[str, str] | None = None,
) -> bool:
    """Move the clip on and give its lease back; whether it was in the expected state."""
    changed = await transaction.execute(
        "UPDATE clip SET state = $2, state_since_us = $3, due_at_us = $4, lease_owner = NULL, lease_until_us = NULL,"
        " attempts = 0, progress_permille = 0, refusal_code = $5, refusal_text = $6 WHERE id = $1 AND state = $7",
        clip_id,
        state.value,
        at_us,
        due_at_us,
        refusal[0] if refusal else None,
        refusal[1] if refusal else None,
        expected.value,
    )
    return bool(changed)


async def set_facts(transaction: Transaction, clip_id: ClipId, **facts: Value) -> None:
    """Set what the media steps found out, by the names of the columns."""
    assert set(facts) <= {
        "original_key", "incoming_name", "probe", "duration_ms", "width_px", "height_px", "tint", "perceptual_hash",
        "sound_id", "size_bytes", "cover_ms",
    }, facts  # fmt: skip
    changes = ", ".join(f"{name} = ${number}" for number, name in enumerate(facts, start=2))
    await transaction.execute(f"UPDATE clip SET {changes} WHERE id = $1", clip_id, *facts.values())


async def set_published(transaction: Transaction, clip_id: ClipId, at_us: int) -> bool:
    changed = await transaction.execute(
        "UPDATE clip SET published_at_us = $2, wish = 'publish', publish_at_us = NULL"
        " WHERE id = $1 AND published_at_us IS NULL",
        clip_id,
        at_us,
    )
    if changed:
        await _tell_lists(transaction, clip_id)
    return bool(changed)


async def _tell_lists(transaction: Transaction, clip_id: ClipId) -> None:
    """Have the clip stand among those with its tags, and among those made with the same, where it came out."""
    for table in ("clip_tag", "clip_making"):
        await transaction.execute(
            f"UPDATE {table} SET published_at_us = (SELECT published_at_us FROM clip WHERE id = $1) WHERE clip_id = $1",
            clip_id,
        )


async def set_withdrawn(transaction: Transaction, clip_id: ClipId, at_us: int) -> None:
    await transaction.execute(
        "UPDATE clip SET withdrawn_at_us = $2, published_at_us = NULL, publish_at_us = NULL, pinned_at_us = NULL"
        " WHERE id = $1",
        clip_id,
        at_us,
    )
    await _tell_lists(transaction, clip_id)


async def set_not_withdrawn(transaction: Transaction, clip_id: ClipId) -> None:
    await transaction.execute("UPDATE clip SET withdrawn_at_us = NULL WHERE id = $1", clip_id)


async def delete(transaction: Transaction, clip_id: ClipId) -> None:
    await transaction.execute("DELETE FROM clip WHERE id = $1", clip_id)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one worker to move one clip on, until it runs out."""

    clip: Clip
    owner: str
    until_us: int


async def lease_due(
    transaction: Transaction, states: Sequence[ClipState], owner: str, at_us: int, until_us: int
) -> Lease | None:
    """Lease the clip that has been due for longest; None where nothing is due. Counts the attempt."""
    lock = " FOR UPDATE SKIP LOCKED" if transaction.dialect == "postgresql" else ""
    rows = await transaction.fetch(
        f"SELECT id FROM clip WHERE due_at_us <= $1 AND (lease_until_us IS NULL OR lease_until_us <= $1)"
        f" AND state IN ({placeholders(2, len(states))}) ORDER BY due_at_us, id LIMIT 1{lock}",
        at_us,
        *(state.value for state in states),
    )
    if not rows:
        return None
    clip_id = ClipId(rows[0]["id"])
    await transaction.execute(
        "UPDATE clip SET lease_owner = $2, lease_until_us = $3, attempts = attempts + 1, progress_permille = 0"
        " WHERE id = $1",
        clip_id,
        owner,
        until_us,
    )
    clip = await one_for_system(transaction, clip_id)
    assert clip is not None
    return Lease(clip, owner, until_us)


async def renew_lease(
    transaction: Transaction, clip_id: ClipId, owner: str, until_us: int, progress_permille: int
) -> bool:
    """Hold the lease for longer and say how far the work is; False where it is not ours any more."""
    changed = await transaction.execute(
        "UPDATE clip SET lease_until_us = $3, progress_permille = $4 WHERE id = $1 AND lease_owner = $2",
        clip_id,
        owner,
        until_us,
        progress_permille,
    )
    return bool(changed)


async def holds_lease(transaction: Transaction, clip_id: ClipId, owner: str) -> bool:
    rows = await transaction.fetch("SELECT 1 FROM clip WHERE id = $1 AND lease_owner = $2", clip_id, owner)
    return bool(rows)


async def give_back_lease(transaction: Transaction, clip_id: ClipId, owner: str, due_at_us: int) -> None:
    """Let the work be tried again from `due_at_us` on."""
    await transaction.execute(
        "UPDATE clip SET lease_owner = NULL, lease_until_us = NULL, due_at_us = $3 WHERE id = $1 AND lease_owner = $2",
        clip_id,
        owner,
        due_at_us,
    )


async def uncount_attempt(transaction: Transaction, clip_id: ClipId, owner: str) -> None:
    """Take the attempt back: the work was stopped by us, not by the clip."""
    await transaction.execute(
        "UPDATE clip SET attempts = attempts - 1 WHERE id = $1 AND lease_owner = $2 AND attempts > 0", clip_id, owner
    )


async def release_leases(transaction: Transaction, owner: str) -> int:
    """Give back all leases of an owner that is known to be dead; how many. Its attempts stay counted."""
    return await transaction.execute(
        "UPDATE clip SET lease_owner = NULL, lease_until_us = NULL WHERE lease_owner = $1", owner
    )


async def next_due_at_us(database: Database, states: Sequence[ClipState]) -> int | None:
    rows = await database.fetch(
        "SELECT MIN(CASE WHEN lease_until_us > due_at_us THEN lease_until_us ELSE due_at_us END) AS due"
        f" FROM clip WHERE due_at_us IS NOT NULL AND state IN ({placeholders(1, len(states))})",
        *(state.value for state in states),
    )
    return rows[0]["due"]  # type: ignore[no-any-return]


async def queue_position(source: Database | Transaction, clip_id: ClipId) -> int | None:
    """The clip's place among those that wait for a first step, from 1; None while it does not wait."""
    rows = await source.fetch(
        "SELECT (SELECT COUNT(*) FROM clip other WHERE other.due_at_us IS NOT NULL AND other.lease_owner IS NULL"
        " AND other.state IN ('uploaded', 'probed')"
        " AND (other.due_at_us < clip.due_at_us"
        " OR (other.due_at_us = clip.due_at_us AND other.id <= clip.id))) AS place"
        " FROM clip WHERE clip.id = $1 AND clip.due_at_us IS NOT NULL AND clip.lease_owner IS NULL",
        clip_id,
    )
    return int(rows[0]["place"]) if rows else None


async def stored_bytes_of(source: Database | Transaction, author_id: AccountId) -> int:
    """What counts towards the author's quota: the sizes of the files as they were uploaded or announced."""
    rows = await source.fetch(
        "SELECT COALESCE(SUM(size_bytes), 0) AS size FROM clip"
        " WHERE author_id = $1 AND state NOT IN ('refused', 'expired')",
        author_id,
    )
    return int(rows[0]["size"])


async def incoming_names_of(source: Database | Transaction, author_id: AccountId) -> list[str]:
    """Names of the author's files under `incoming/`."""
    rows = await source.fetch(
        "SELECT incoming_name FROM clip WHERE author_id = $1 AND incoming_name IS NOT NULL", author_id
    )
    return [row["incoming_name"] for row in rows]


async def due_count(database: Database, at_us: int) -> int:
    """How many clips are due for work that nobody has leased."""
    rows = await database.fetch(
        "SELECT COUNT(*) AS count FROM clip WHERE due_at_us <= $1 AND (lease_until_us IS NULL OR lease_until_us <= $1)",
        at_us,
    )
    return int(rows[0]["count"])


async def count_by_state(database: Database) -> dict[str, int]:
    rows = await database.fetch("SELECT state, COUNT(*) AS count FROM clip GROUP BY state")
    return {row["state"]: row["count"] for row in rows}


async def count_published_by(database: Database, author_id: AccountId) -> tuple[int, int]:
    """How many clips the author has published for everybody, and how many likes they have."""
    rows = await database.fetch(
        "SELECT COUNT(*) AS count, COALESCE(SUM(like_count), 0) AS likes FROM clip"
        " WHERE author_id = $1 AND published_at_us IS NOT NULL AND audience = 'public'"
        " AND state IN ('playable', 'ready')",
        author_id,
    )
    return int(rows[0]["count"]), int(rows[0]["likes"])


async def like(transaction: Transaction, clip_id: ClipId, account_id: AccountId, at_us: int) -> bool:
    """Whether this made a difference."""
    changed = await transaction.execute(
        "INSERT INTO clip_like (clip_id, account_id, at_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        clip_id,
        account_id,
        at_us,
    )
    if changed:
        await transaction.execute("UPDATE clip SET like_count = like_count + 1 WHERE id = $1", clip_id)
    return bool(changed)


async def unlike(transaction: Transaction, clip_id: ClipId, account_id: AccountId) -> bool:
    """Whether this made a difference."""
    changed = await transaction.execute(
        "DELETE FROM clip_like WHERE clip_id = $1 AND account_id = $2", clip_id, account_id
    )
    if changed:
        await transaction.execute("UPDATE clip SET like_count = like_count - 1 WHERE id = $1", clip_id)
    return bool(changed)


async def share(transaction: Transaction, clip_id: ClipId, account_id: AccountId, at_us: int) -> bool:
    """Whether this made a difference."""
    changed = await transaction.execute(
        "INSERT INTO clip_share (clip_id, account_id, at_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        clip_id,
        account_id,
        at_us,
    )
    if changed:
        await transaction.execute("UPDATE clip SET share_count = share_count + 1 WHERE id = $1", clip_id)
    return bool(changed)


async def add_watches(transaction: Transaction, counts: Sequence[tuple[ClipId, int]]) -> None:
    await transaction.execute_many("UPDATE clip SET watch_count = watch_count + $2 WHERE id = $1", counts)


async def keep_watch_counts(transaction: Transaction, counts: Sequence[tuple[ClipId, int]]) -> None:
    """Of watches that were counted and are no longer in the log."""
    await transaction.execute_many("UPDATE clip SET pruned_watch_count = pruned_watch_count + $2 WHERE id = $1", counts)


async def forget_watch_counts(transaction: Transaction) -> None:
    """Set them all to what is no longer in the log; the rest is to be added up anew."""
    await transaction.execute(
        "UPDATE clip SET watch_count = pruned_watch_count WHERE watch_count <> pruned_watch_count"
    )
