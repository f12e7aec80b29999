"""Synthetic rows for benchmarks and tests: authors, sounds, tags, and clips that are published but have no files."""

import argparse
import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeVar

from freehold.backends.database import Database, Transaction, Value
from freehold.backends.postgresql import PostgresDatabase
from freehold.backends.sqlite import SqliteDatabase
from freehold.domain.ids import AccountId, ClipId, new_id
from freehold.search import index
from freehold.store.journal import Kind
from freehold.store.migrate import migrate

T = TypeVar("T")

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


async def take_in(database: Database) -> None:
    """The index of search, up to the journal's end. Many at once: nobody waits for an answer meanwhile."""
    index.TURN_S, index.FEW = 5.0, index.MANY
    while await index.take_in(database, time.time_ns() // 1000):
        pass


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
    star_share: int = 0,
) -> Filled:
    """Clip n is by author n % authors and has tag n % tags, and a second tag; one in two has a shared sound.

    With a star's share, every so-manieth clip is by the first author.
    """
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
    by = [author_ids[0 if star_share and n % star_share == 0 else n % authors] for n in range(clips)]
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
                id_, by[n], "ready", at_us, f"Clip number {n} of a catalogue #tag{n % tags}",
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
        "clip_id, tag, published_at_us",
        [(id_, names[n % tags], published[n]) for n, id_ in enumerate(clip_ids)]
        + [(id_, f"mood{n % 7}", published[n]) for n, id_ in enumerate(clip_ids)],
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
        [(at_us, Kind.CLIP_PUBLISHED.value, by[n], id_) for n, id_ in enumerate(clip_ids)],
    )
    return Filled(tuple(author_ids), tuple(clip_ids), names)


STAR_SHARE, VOCABULARY = 20, 4_000
"""In a crowd, one clip in so many is by the first author; of how many words comments are made."""


async def crowd(database: Database, filled: Filled, comments: int, *, at_us: int | None = None, seed: int = 2) -> None:
    """What people did with a filled catalogue: as many comments, half as many likes, 30 follows for each account.

    Clips and accounts are as popular as they are (Zipf: the n-th 1/n as often as the first), so that the first clip
    has one comment in thirteen, the first author one clip in twenty and most of the accounts for followers.
    """
    random = Random(seed)
    at_us = at_us or time.time_ns() // 1000
    accounts, clips = filled.author_ids, filled.clip_ids
    ids = sorted(new_id(at_us - DAY_US + n * (DAY_US // max(comments, 1)), random) for n in range(comments))
    said = list(zip(ids, _zipf(random, clips, comments), random.choices(accounts, k=comments), strict=True))
    words = ["".join(random.choices("abdefgiklmnoprstu", k=random.randint(3, 9))) for _ in range(VOCABULARY)]
    texts = [" ".join(random.choices(words, k=random.randint(2, 12))) for _ in range(50_000)]
    await insert_rows(
        database, "comment", "id, clip_id, author_id, text, at_us",
        [(id_, clip, who, texts[n % len(texts)], at_us) for n, (id_, clip, who) in enumerate(said)],
    )  # fmt: skip
    await insert_rows(
        database, "journal", "at_us, kind, actor_id, subject_id, object_id, detail",
        [(at_us, Kind.COMMENT_CREATED.value, who, id_, clip, '{"is_first":0}') for id_, clip, who in said],
    )  # fmt: skip
    liking = random.choices(accounts, k=comments // 2)
    likes = {*zip(_zipf(random, clips, comments // 2), liking, strict=True)}
    await insert_rows(database, "clip_like", "clip_id, account_id, at_us", [(*one, at_us) for one in sorted(likes)])
    followed = _zipf(random, accounts, 30 * len(accounts))
    follows = {one for one in zip(random.choices(accounts, k=len(followed)), followed, strict=True) if one[0] != one[1]}
    await insert_rows(database, "follow", "follower_id, followed_id, at_us", [(*one, at_us) for one in sorted(follows)])
    await database.transact(_count)
    known = [(at_us, Kind.ACCOUNT_CREATED.value, who, who) for who in accounts]
    await insert_rows(database, "journal", "at_us, kind, actor_id, subject_id", known)


def _zipf(random: Random, among: Sequence[T], count: int) -> list[T]:
    sums = list(itertools.accumulate(1 / rank for rank in range(1, len(among) + 1)))
    return random.choices(among, cum_weights=sums, k=count)


async def _count(transaction: Transaction) -> None:
    for counted, column, of, by in (
        ("clip", "comment_count", "comment", "clip_id"),
        ("clip", "like_count", "clip_like", "clip_id"),
        ("account", "follower_count", "follow", "followed_id"),
        ("account", "following_count", "follow", "follower_id"),
    ):
        await transaction.execute(
            f"UPDATE {counted} SET {column} = (SELECT COUNT(*) FROM {of} WHERE {of}.{by} = {counted}.id)"
        )


async def open_database(url: str, data_dir: Path) -> Database:
    """That of a data folder, or, where a URL is given, on PostgreSQL."""
    return await PostgresDatabase.open(url) if url else SqliteDatabase(data_dir / "freehold.db")


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--database", default="", help="postgresql://… instead of SQLite in the folder")
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--accounts", type=int, help="all of them authors; one for 20 clips unless given")
    parser.add_argument("--comments", type=int, default=0, help="with likes and follows beside them")
    arguments = parser.parse_args()
    arguments.data_dir.mkdir(parents=True, exist_ok=True)
    database = await open_database(arguments.database, arguments.data_dir)
    await migrate(database)
    star_share = STAR_SHARE if arguments.comments else 0
    filled = await fill(database, arguments.clips, authors=arguments.accounts, star_share=star_share)
    if arguments.comments:
        await crowd(database, filled, arguments.comments)
    await database.close()


if __name__ == "__main__":
    asyncio.run(_main())
