"""Synthetic rows for benchmarks and tests: authors, sounds, tags, and clips that are published but have no files."""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from freehold.backends.database import Database, Transaction, Value
from freehold.domain.ids import AccountId, ClipId, new_id
from freehold.store.journal import Kind

ROWS_A_TRANSACTION = 5_000
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Filled:
    author_ids: tuple[AccountId, ...]
    clip_ids: tuple[ClipId, ...]
    tags: tuple[str, ...]


def _place(columns: str) -> str:
    return ", ".join(f"${number}" for number in range(1, columns.count(",") + 2))


async def insert_rows(database: Database, table: str, columns: str, rows: Sequence[Sequence[Value]]) -> None:
    for start in range(0, len(rows), ROWS_A_TRANSACTION):
        part = rows[start : start + ROWS_A_TRANSACTION]

        async def work(transaction: Transaction, part: Sequence[Sequence[Value]] = part) -> None:
            await transaction.execute_many(f"INSERT INTO {table} ({columns}) VALUES ({_place(columns)})", part)

        await database.transact(work)


async def fill(
    database: Database,
    clips: int,
    *,
    authors: int | None = None,
    sounds: int | None = None,
    tags: int = 200,
    renditions: int = 4,
    at_us: int | None = None,
    seed: int = 1,
) -> Filled:
    """Clip n is by author n % authors and has tag n % tags, and a second tag; one in two has a shared sound."""
    random = Random(seed)
    at_us = at_us or time.time_ns() // 1000
    authors = authors or max(2, clips // 20)
    sounds = max(2, clips // 10) if sounds is None else sounds
    author_ids = [AccountId(new_id(at_us - 30 * DAY_US + n * 1000, random)) for n in range(authors)]
    await insert_rows(
        database,
        "account",
        "id, handle, display_name, role, password_hash, created_at_us",
        [(id_, f"author{seed}_{n}", f"Author {n}", "creator", "none", at_us) for n, id_ in enumerate(author_ids)],
    )
    sound_ids = [new_id(at_us + n * 1000, random) for n in range(sounds)]
    await insert_rows(
        database,
        "sound",
        "id, author_id, title, created_at_us",
        [(id_, author_ids[n % authors], f"Sound {n}", at_us) for n, id_ in enumerate(sound_ids)],
    )
    published = [at_us - 30 * DAY_US + n * (29 * DAY_US // max(clips, 1)) for n in range(clips)]
    clip_ids = sorted(ClipId(new_id(when + n * 1000, random)) for n, when in enumerate(published))
    await insert_rows(
        database,
        "clip",
        "id, author_id, state, state_since_us, caption, sound_id, duration_ms, width_px, height_px, created_at_us,"
        " published_at_us",
        [
            (
                id_, author_ids[n % authors], "ready", at_us, f"Clip number {n} of a catalogue #tag{n % tags}",
                sound_ids[n % sounds] if sounds and n % 2 else None, 5_000 + n * 37 % 40_000, 720, 1280,
                at_us, published[n],
            )
            for n, id_ in enumerate(clip_ids)
        ],
    )  # fmt: skip
    names = tuple(f"tag{n}" for n in range(tags))
    await insert_rows(
        database,
        "clip_tag",
        "clip_id, tag",
        [(id_, names[n % tags]) for n, id_ in enumerate(clip_ids)]
        + [(id_, f"mood{n % 7}") for n, id_ in enumerate(clip_ids)],
    )
    kinds = [
        ("ladder", f"r{height}-{height:016x}.mp4", width, height, 300_000 * (step + 1))
        for step, (width, height) in enumerate(((360, 640), (540, 960), (720, 1280))[: max(0, renditions - 1)])
    ] + [("poster", "poster-0123456789abcdef.jpg", 540, 960, 0)] * bool(renditions)
    await insert_rows(
        database,
        "rendition",
        "clip_id, name, kind, blob_key, content_type, size_bytes, width_px, height_px, rate_bps, codecs",
        [
            (id_, name, kind, "00/none", "video/mp4", 1_000_000, width, height, rate, "avc1.640028,mp4a.40.2")
            for id_ in clip_ids
            for kind, name, width, height, rate in kinds
        ],
    )
    await insert_rows(
        database,
        "journal",
        "at_us, kind, actor_id, subject_id",
        [(at_us, Kind.CLIP_PUBLISHED.value, author_ids[n % authors], id_) for n, id_ in enumerate(clip_ids)],
    )
    return Filled(tuple(author_ids), tuple(clip_ids), names)


async def _main() -> None:
    from freehold.backends.sqlite import SqliteDatabase
    from freehold.store.migrate import migrate

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--clips", type=int, default=10_000)
    arguments = parser.parse_args()
    database = SqliteDatabase(arguments.data_dir / "freehold.db")
    await migrate(database)
    await fill(database, arguments.clips)
    await database.close()


if __name__ == "__main__":
    asyncio.run(_main())
