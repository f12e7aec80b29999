"""Searches and suggestions over HTTP from a large index, and how fast the index is built.

    python bench/search.py [--clips 100000] [--small 1000] [--requests 2000] [--connections 4]

Captions are of made-up words, as common as words are (Zipf: the n-th 1/n as often as the first), so that a search
has much to choose from or little. Each search is one of seven kinds in turn, and answers with the 20 best clips and
the accounts and tags above them, judged, with their files and reasons. Suggestions are asked as people type: for the
first two to six letters of a word. Server (SQLite) and load generator share the machine.
"""

import argparse
import asyncio
import bisect
import itertools
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from _load import Loaded, ServerProcess, load, machine
from fill import Filled, fill, insert_rows

from freehold.backends.database import Transaction
from freehold.backends.sqlite import SqliteDatabase
from freehold.search import index
from freehold.store.migrate import migrate

WORDS, TAGS = 30_000, 5_000
SYLLABLES = [head + vowel for head in (*"bdfgklmnprstvz", "ch", "st", "tr", "pl") for vowel in "aeiou"]
P50_LIMIT_MS, P99_LIMIT_MS = 20, 30
"""With one request at a time."""


class Language:
    """Words and how common they are, the same for a seed."""

    def __init__(self, random: Random) -> None:
        self._random = random
        made: dict[str, None] = {}
        while len(made) < WORDS:
            made["".join(random.choice(SYLLABLES) for _ in range(random.randint(2, 4)))] = None
        self.words = list(made)
        self._sums = list(itertools.accumulate(1 / rank for rank in range(1, WORDS + 1)))

    def word(self, most: int = WORDS) -> str:
        """One of the `most` commonest."""
        return self.words[bisect.bisect(self._sums, self._random.random() * self._sums[most - 1], hi=most - 1)]

    def caption(self) -> tuple[str, list[str]]:
        """With its tags."""
        words = [self.word() for _ in range(self._random.randint(4, 14))]
        tags = list(dict.fromkeys(self.word(TAGS) for _ in range(self._random.randint(0, 3))))
        return " ".join((*words, *(f"#{tag}" for tag in tags))), tags

    def slip(self, word: str) -> str:
        """Two letters swapped."""
        at = self._random.randrange(1, len(word) - 1)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


async def prepare(data_dir: Path, clips: int, language: Language) -> dict[str, float]:
    """A catalogue whose index has come up to the journal's end; how long that took."""
    database = SqliteDatabase(data_dir / "freehold.db")
    await migrate(database)
    await say(database, await fill(database, clips), language)
    at_us, began = time.time_ns() // 1000, time.perf_counter()
    while await index.take_in(database, at_us):
        pass
    took_s = time.perf_counter() - began
    await database.close()
    return {"indexed_per_s": round(clips / took_s)}


async def say(database: SqliteDatabase, filled: Filled, language: Language) -> None:
    """Captions, tags and names of the language in place of those that all begin alike."""
    said = {clip_id: language.caption() for clip_id in filled.clip_ids}
    names = [(f"{language.word()} {language.word()}", account_id) for account_id in filled.author_ids]
    everybody = [(account_id, filled.author_ids[0]) for account_id in filled.author_ids]

    async def work(transaction: Transaction) -> None:
        await transaction.execute("DELETE FROM clip_tag")
        await transaction.execute_many(
            "UPDATE clip SET caption = $1 WHERE id = $2", [(text, clip_id) for clip_id, (text, _) in said.items()]
        )
        await transaction.execute_many("UPDATE account SET display_name = $1 WHERE id = $2", names)
        await transaction.execute_many(
            "INSERT INTO journal (at_us, kind, subject_id, actor_id) VALUES (0, 'account.changed', $1, $2)", everybody
        )

    await database.transact(work)
    rows = [(clip_id, tag) for clip_id, (_, tags) in said.items() for tag in tags]
    await insert_rows(database, "clip_tag", "clip_id, tag", rows)


def searches(language: Language, count: int) -> list[str]:
    """Of seven kinds in turn: a common word, any, two, three, a tag and a word, a slip, a narrowed word."""
    word = language.word
    kinds = (
        lambda: word(20),
        lambda: word(),
        lambda: f"{word()} {word()}",
        lambda: f"{word(500)} {word()} {word()}",
        lambda: f"#{word(TAGS)} {word(500)}",
        lambda: language.slip(word(5_000)),
        lambda: f"{word(2_000)} after:14d length:<30s",
    )
    return [kinds[number % len(kinds)]() for number in range(count)]


def typed(language: Language, count: int) -> list[str]:
    return [(language.word() + "xxxx")[: 2 + number % 5].rstrip("x") for number in range(count)]


def gets(path: str, texts: list[str]) -> list[bytes]:
    return [f"GET {path}?q={quote(text)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode() for text in texts]


def measure(clips: int, count: int, connections: int) -> dict[str, Any]:
    language = Language(Random(5))
    with tempfile.TemporaryDirectory() as name:
        row: dict[str, Any] = {"clips": clips, **asyncio.run(prepare(Path(name), clips, language))}
        with ServerProcess(["-m", "freehold.cli", "serve"], Path(name)) as server:
            for kind, path, make in (
                ("search", "/api/search", searches),
                ("suggest", "/api/search/suggest", typed),
            ):
                load(server.port, gets(path, make(language, 100)), 1)
                asked = gets(path, make(language, count))
                cpu_s = server.cpu_s()
                alone = load(server.port, asked, 1)
                row[f"{kind}_cpu_ms"] = round((server.cpu_s() - cpu_s) / count * 1000, 2)
                row |= told(kind, alone, load(server.port, asked, connections))
            row["server_peak_mib"] = round(server.peak_mib())
    return row


def told(kind: str, alone: Loaded, many: Loaded) -> dict[str, float]:
    assert alone.failures == many.failures == 0, kind
    return {
        f"{kind}_p50_ms": round(alone.p50_ms, 1),
        f"{kind}_p99_ms": round(alone.p99_ms, 1),
        f"{kind}_per_s": round(many.per_s),
        f"{kind}_many_p50_ms": round(many.p50_ms, 1),
        f"{kind}_many_p99_ms": round(many.p99_ms, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--small", type=int, default=1_000, help="the small catalogue; 0 leaves it out")
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--connections", type=int, default=4)
    arguments = parser.parse_args()
    print(f"Searches and suggestions, {machine()}", file=sys.stderr)
    os.environ["FREEHOLD_SERVER_LOG_LEVEL"] = "warning"
    sizes = [clips for clips in (arguments.small, arguments.clips) if clips]
    rows = [measure(clips, arguments.requests, arguments.connections) for clips in sizes]
    for key in rows[0]:
        print(f"{key:22}" + "".join(f"{row[key]:>14,}" for row in rows))
    print(f"limits of one at a time: p50 {P50_LIMIT_MS} ms, p99 {P99_LIMIT_MS} ms")
    print(json.dumps({"bench": "search", "rows": rows}))


if __name__ == "__main__":
    main()
