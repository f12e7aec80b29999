"""The index of search: which documents have which words, by blocks of documents, and the words there are.

A block is `BLOCK` documents of one kind that follow each other in number. Postings of a word in a block are packed:
the places of its documents in the block (uint16, ascending), then what the word weighs in each (uint8). What is told
of a block's documents are columns, one number for each place; an id of 0 is nobody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freehold.backends.database import Database, Row, Transaction
from freehold.domain.finding import DocumentKind
from freehold.store.clip import placeholders

BLOCK = 4096
AT_ONCE = 400
Column = NDArray[Any]
"""One number for each place of a block."""
PLACE, WEIGHT = np.dtype("<u2"), np.dtype("u1")
COLUMNS: dict[str, np.dtype[Any]] = {
    "qualities": np.dtype("u1"),
    "times_s": np.dtype("<u4"),
    "durations_ms": np.dtype("<u4"),
    "ids": np.dtype("<i8"),
}
TABLES = ("search_document", "search_block", "search_posting", "search_term", "search_gram", "search_tag", "tag_use",
          "sound_use")  # fmt: skip


@dataclass(frozen=True, slots=True)
class DocumentRow:
    number: int
    subject_id: int
    author_id: int
    clip_id: int
    """Of what hangs on a clip; the subject itself for a clip, 0 for an account."""
    terms: str
    """All that it is kept under, with spaces between."""


@dataclass(frozen=True, slots=True)
class Block:
    kind: DocumentKind
    block: int
    columns: dict[str, Column]


@dataclass(frozen=True, slots=True)
class SoundUse:
    clip_id: int
    sound_id: int
    author_id: int
    language: str
    at_us: int


@dataclass(frozen=True, slots=True)
class TagUse:
    clip_id: int
    tag: str
    author_id: int
    language: str
    at_us: int


def packed(places: NDArray[np.integer], weights: NDArray[np.integer]) -> bytes:
    return places.astype(PLACE).tobytes() + weights.astype(WEIGHT).tobytes()


def unpacked(postings: bytes) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    count = len(postings) // (PLACE.itemsize + WEIGHT.itemsize)
    return np.frombuffer(postings, PLACE, count), np.frombuffer(postings, WEIGHT, count, count * PLACE.itemsize)


# Reading


async def documents_of(database: Database, kind: DocumentKind, subject_ids: Iterable[int]) -> list[DocumentRow]:
    wanted, found = list(subject_ids), list[DocumentRow]()
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        rows = await database.fetch(
            "SELECT number, subject_id, author_id, clip_id, terms FROM search_document"
            f" WHERE kind = $1 AND subject_id IN ({placeholders(2, len(part))})",
            kind,
            *part,
        )
        found += [_document_of(row) for row in rows]
    return found


async def subjects_by_author(database: Database, kind: DocumentKind, author_id: int) -> list[int]:
    rows = await database.fetch(
        "SELECT subject_id FROM search_document WHERE author_id = $1 AND kind = $2", author_id, kind
    )
    return [row["subject_id"] for row in rows]


async def subjects_on_clip(
    database: Database, kind: DocumentKind, clip_id: int, after: int, limit: int
) -> list[tuple[int, int]]:
    """Number and subject of so many documents behind a number."""
    rows = await database.fetch(
        "SELECT number, subject_id FROM search_document WHERE clip_id = $1 AND kind = $2 AND number > $3"
        " ORDER BY number LIMIT $4",
        clip_id,
        kind,
        after,
        limit,
    )
    return [(row["number"], row["subject_id"]) for row in rows]


async def next_number(database: Database, kind: DocumentKind) -> int:
    rows = await database.fetch(
        "SELECT COALESCE(MAX(number), -1) + 1 AS number FROM search_document WHERE kind = $1", kind
    )
    return int(rows[0]["number"])


async def block_count(database: Database, kind: DocumentKind) -> int:
    rows = await database.fetch("SELECT COALESCE(MAX(block), -1) + 1 AS count FROM search_block WHERE kind = $1", kind)
    return int(rows[0]["count"])


async def column(database: Database, kind: DocumentKind, name: str) -> list[Column]:
    """Of all blocks, in order."""
    rows = await database.fetch(f"SELECT {_known(name)} FROM search_block WHERE kind = $1 ORDER BY block", kind)
    return [np.frombuffer(row[0], COLUMNS[name]) for row in rows]


async def column_in(database: Database, kind: DocumentKind, name: str, blocks: Sequence[int]) -> dict[int, Column]:
    rows = await database.fetch(
        f"SELECT block, {_known(name)} FROM search_block WHERE kind = $1 AND block IN ({placeholders(2, len(blocks))})",
        kind,
        *blocks,
    )
    return {row[0]: np.frombuffer(row[1], COLUMNS[name]) for row in rows}


async def blocks_for_change(database: Database, kind: DocumentKind, blocks: Iterable[int]) -> dict[int, Block]:
    """With columns that can be written to; those that there are not yet are empty."""
    wanted = list(blocks)
    rows = await database.fetch(
        f"SELECT block, {', '.join(COLUMNS)} FROM search_block"
        f" WHERE kind = $1 AND block IN ({placeholders(2, len(wanted))})",
        kind,
        *wanted,
    ) if wanted else []  # fmt: skip
    told = {row["block"]: row for row in rows}
    return {
        block: Block(kind, block, {name: _column_of(told.get(block), name) for name in COLUMNS}) for block in wanted
    }


async def postings_of(database: Database, kind: DocumentKind, terms: Sequence[bytes]) -> Sequence[Row]:
    """Rows of term, block, postings."""
    if not terms:
        return []
    return await database.fetch(
        f"SELECT term, block, postings FROM search_posting WHERE kind = $1 AND term IN ({placeholders(2, len(terms))})",
        kind,
        *terms,
    )


async def postings_in(database: Database, kind: DocumentKind, block: int, terms: Sequence[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for start in range(0, len(terms), AT_ONCE):
        part = terms[start : start + AT_ONCE]
        rows = await database.fetch(
            "SELECT term, postings FROM search_posting"
            f" WHERE kind = $1 AND block = $2 AND term IN ({placeholders(3, len(part))})",
            kind,
            block,
            *part,
        )
        found |= {bytes(row["term"]): bytes(row["postings"]) for row in rows}
    return found


async def known_terms(database: Database, kind: DocumentKind, terms: Sequence[bytes]) -> dict[bytes, int]:
    """In how many documents each is; without those in none."""
    found: dict[bytes, int] = {}
    for start in range(0, len(terms), AT_ONCE):
        part = terms[start : start + AT_ONCE]
        rows = await database.fetch(
            f"SELECT term, documents FROM search_term WHERE kind = $1 AND term IN ({placeholders(2, len(part))})",
            kind,
            *part,
        )
        found |= {bytes(row["term"]): row["documents"] for row in rows}
    return found


async def terms_beginning(database: Database, kind: DocumentKind, prefix: bytes, limit: int) -> list[tuple[bytes, int]]:
    """Longer ones than the prefix itself, those in most documents first. No UTF-8 has the byte 255."""
    rows = await database.fetch(
        "SELECT term, documents FROM search_term WHERE kind = $1 AND term > $2 AND term < $3"
        " ORDER BY documents DESC, term LIMIT $4",
        kind,
        prefix,
        prefix + b"\xff",
        limit,
    )
    return [(bytes(row["term"]), row["documents"]) for row in rows]


async def terms_sharing(
    database: Database, kind: DocumentKind, grams: Sequence[bytes], letters: tuple[int, int], shared: int, limit: int
) -> list[str]:
    """Terms of `letters` (from, to) that have at least so many of the grams; those that share most first."""
    rows = await database.fetch(
        "SELECT term, COUNT(*) AS shared FROM search_gram"
        f" WHERE kind = $1 AND letters BETWEEN $2 AND $3 AND gram IN ({placeholders(6, len(grams))})"
        " GROUP BY term HAVING COUNT(*) >= $4 ORDER BY shared DESC, term LIMIT $5",
        kind,
        *letters,
        shared,
        limit,
        *grams,
    )
    return [bytes(row["term"]).decode() for row in rows]


async def tags_spelled(database: Database, folded: Sequence[bytes]) -> list[tuple[str, bytes, int]]:
    """Tags, what each is folded to, and how many clips have it."""
    if not folded:
        return []
    rows = await database.fetch(
        f"SELECT tag, folded, clips FROM search_tag WHERE folded IN ({placeholders(1, len(folded))})"
        " ORDER BY clips DESC, tag",
        *folded,
    )
    return [(row["tag"], bytes(row["folded"]), row["clips"]) for row in rows]


async def clips_with_tags(database: Database, tags: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(tags), AT_ONCE):
        part = tags[start : start + AT_ONCE]
        rows = await database.fetch(
            f"SELECT tag, clips FROM search_tag WHERE tag IN ({placeholders(1, len(part))})", *part
        )
        found |= {row["tag"]: row["clips"] for row in rows}
    return found


async def uses_of(database: Database, clip_ids: Iterable[int]) -> list[TagUse]:
    wanted, found = list(clip_ids), list[TagUse]()
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        rows = await database.fetch(
            "SELECT clip_id, tag, author_id, language, at_us FROM tag_use"
            f" WHERE clip_id IN ({placeholders(1, len(part))})",
            *part,
        )
        found += [TagUse(*row) for row in rows]
    return found


async def last_uses(database: Database, language: str, after_us: int, until_us: int) -> list[tuple[str, int, int]]:
    """Tag, author, and when the author last used it between the two; of one language, or of all for ""."""
    rows = await database.fetch(
        "SELECT tag, author_id, MAX(at_us) AS last_us FROM tag_use"
        " WHERE at_us > $1 AND at_us <= $2 AND ($3 = '' OR language = $3) GROUP BY tag, author_id",
        after_us,
        until_us,
        language,
    )
    return [(row["tag"], row["author_id"], row["last_us"]) for row in rows]


async def sound_uses_of(database: Database, clip_ids: Iterable[int]) -> list[SoundUse]:
    wanted, found = list(clip_ids), list[SoundUse]()
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        rows = await database.fetch(
            "SELECT clip_id, sound_id, author_id, language, at_us FROM sound_use"
            f" WHERE clip_id IN ({placeholders(1, len(part))})",
            *part,
        )
        found += [SoundUse(*row) for row in rows]
    return found


async def last_sound_uses(
    database: Database, language: str, after_us: int, until_us: int
) -> list[tuple[int, int, int]]:
    """Sound, author, and when the author last used it between the two; of one language, or of all for ""."""
    rows = await database.fetch(
        "SELECT sound_id, author_id, MAX(at_us) AS last_us FROM sound_use"
        " WHERE at_us > $1 AND at_us <= $2 AND ($3 = '' OR language = $3) GROUP BY sound_id, author_id",
        after_us,
        until_us,
        language,
    )
    return [(row["sound_id"], row["author_id"], row["last_us"]) for row in rows]


async def orders_that_changed(database: Database, after_us: int, until_us: int) -> list[int]:
    """Clips for which an order came into force, or ended, by the clock."""
    rows = await database.fetch(
        "SELECT DISTINCT clip_id FROM withholding"
        " WHERE (since_us > $1 AND since_us <= $2) OR (until_us > $1 AND until_us <= $2)",
        after_us,
        until_us,
    )
    return [row["clip_id"] for row in rows]


# Writing


async def put_documents(transaction: Transaction, kind: DocumentKind, documents: Sequence[DocumentRow]) -> None:
    await transaction.execute_many(
        "INSERT INTO search_document (kind, number, subject_id, author_id, clip_id, terms)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, number) DO UPDATE SET terms = excluded.terms",
        [(kind, one.number, one.subject_id, one.author_id, one.clip_id, one.terms) for one in documents],
    )


async def delete_documents(transaction: Transaction, kind: DocumentKind, numbers: Sequence[int]) -> None:
    await transaction.execute_many(
        "DELETE FROM search_document WHERE kind = $1 AND number = $2", [(kind, number) for number in numbers]
    )


async def put_blocks(transaction: Transaction, blocks: Iterable[Block]) -> None:
    await transaction.execute_many(
        "INSERT INTO search_block (kind, block, qualities, times_s, durations_ms, ids)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, block) DO UPDATE SET qualities = excluded.qualities,"
        " times_s = excluded.times_s, durations_ms = excluded.durations_ms, ids = excluded.ids",
        [(one.kind, one.block, *(one.columns[name].tobytes() for name in COLUMNS)) for one in blocks],
    )


async def put_postings(
    transaction: Transaction, kind: DocumentKind, block: int, postings: Iterable[tuple[bytes, bytes]]
) -> None:
    await transaction.execute_many(
        "INSERT INTO search_posting (kind, term, block, postings) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (kind, term, block) DO UPDATE SET postings = excluded.postings",
        [(kind, term, block, data) for term, data in postings],
    )


async def delete_postings(transaction: Transaction, kind: DocumentKind, block: int, terms: Iterable[bytes]) -> None:
    await transaction.execute_many(
        "DELETE FROM search_posting WHERE kind = $1 AND term = $2 AND block = $3",
        [(kind, term, block) for term in terms],
    )


async def put_terms(transaction: Transaction, kind: DocumentKind, terms: Iterable[tuple[bytes, int]]) -> None:
    await transaction.execute_many(
        "INSERT INTO search_term (kind, term, documents) VALUES ($1, $2, $3)"
        " ON CONFLICT (kind, term) DO UPDATE SET documents = excluded.documents",
        [(kind, term, documents) for term, documents in terms],
    )


async def delete_terms(transaction: Transaction, kind: DocumentKind, terms: Iterable[bytes]) -> None:
    await transaction.execute_many(
        "DELETE FROM search_term WHERE kind = $1 AND term = $2", [(kind, term) for term in terms]
    )


async def put_grams(transaction: Transaction, kind: DocumentKind, rows: Iterable[tuple[bytes, int, bytes]]) -> None:
    """Rows of gram, letters of the term, term."""
    await transaction.execute_many(
        "INSERT INTO search_gram (kind, gram, letters, term) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        [(kind, *row) for row in rows],
    )


async def delete_grams(transaction: Transaction, kind: DocumentKind, rows: Iterable[tuple[bytes, int, bytes]]) -> None:
    await transaction.execute_many(
        "DELETE FROM search_gram WHERE kind = $1 AND gram = $2 AND letters = $3 AND term = $4",
        [(kind, *row) for row in rows],
    )


async def put_tags(transaction: Transaction, tags: Iterable[tuple[str, bytes, int]]) -> None:
    """Rows of tag, what it is folded to, how many clips have it."""
    await transaction.execute_many(
        "INSERT INTO search_tag (tag, folded, clips) VALUES ($1, $2, $3)"
        " ON CONFLICT (tag) DO UPDATE SET clips = excluded.clips",
        list(tags),
    )


async def delete_tags(transaction: Transaction, tags: Iterable[str]) -> None:
    await transaction.execute_many("DELETE FROM search_tag WHERE tag = $1", [(tag,) for tag in tags])


async def put_uses(transaction: Transaction, uses: Iterable[TagUse]) -> None:
    await transaction.execute_many(
        "INSERT INTO tag_use (clip_id, tag, author_id, language, at_us) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (clip_id, tag) DO UPDATE SET language = excluded.language, at_us = excluded.at_us",
        [(one.clip_id, one.tag, one.author_id, one.language, one.at_us) for one in uses],
    )


async def put_sound_uses(transaction: Transaction, uses: Iterable[SoundUse]) -> None:
    await transaction.execute_many(
        "INSERT INTO sound_use (clip_id, sound_id, author_id, language, at_us) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (clip_id) DO UPDATE SET sound_id = excluded.sound_id, language = excluded.language,"
        " at_us = excluded.at_us",
        [(one.clip_id, one.sound_id, one.author_id, one.language, one.at_us) for one in uses],
    )


async def delete_sound_uses(transaction: Transaction, clip_ids: Iterable[int]) -> None:
    await transaction.execute_many("DELETE FROM sound_use WHERE clip_id = $1", [(clip_id,) for clip_id in clip_ids])


async def delete_uses(transaction: Transaction, uses: Iterable[TagUse]) -> None:
    await transaction.execute_many(
        "DELETE FROM tag_use WHERE clip_id = $1 AND tag = $2", [(one.clip_id, one.tag) for one in uses]
    )


async def forget(transaction: Transaction) -> None:
    """All of it, to be built anew."""
    for table in TABLES:
        await transaction.execute(f"DELETE FROM {table}")


def _document_of(row: Row) -> DocumentRow:
    return DocumentRow(*row)


def _known(name: str) -> str:
    assert name in COLUMNS, name
    return name


def _column_of(row: Row | None, name: str) -> Column:
    kept = np.frombuffer(b"" if row is None else row[name], COLUMNS[name])
    whole: Column = np.zeros(BLOCK, COLUMNS[name])
    whole[: len(kept)] = kept
    return whole
