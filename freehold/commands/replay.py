"""`freehold replay`: rebuild past pages of For You from what is stored, and say whether they come out the same."""

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from freehold.app import open_copy
from freehold.backends import Backends
from freehold.commands import command_parser
from freehold.config import Settings
from freehold.domain.errors import BadInput
from freehold.domain.ids import PageId, ViewerId, id_text, parse_id
from freehold.feed.replay import Replay, Replayed, Selection, Wanted, wanted_page
from freehold.store.account import by_handle

PAGES_SAID = 10
LINES_A_PAGE = 12
EXIT_DIFFERS = 1


def add_parser(commands: Any) -> None:
    parser = command_parser(
        commands,
        "replay",
        "rebuild past pages of For You from the log, and say what differs",
        "freehold replay 0f3k9x2m4a7bc\n"
        "freehold replay 0f3k9x2m4a7bc:3\n"
        "freehold replay --all\n"
        "freehold replay --since 2026-01-31 --sample 1000\n"
        "freehold --data /mnt/copy replay --viewer @alice --json",
        "Rebuild past pages of For You from the log, and say whether they come out as they were served, to the last"
        " bit: candidates, scores, terms, draws, chances and order. Only reads: a copy of the data will do, on any"
        " machine. Ends with 1 where something differs or cannot be rebuilt.",
    )
    parser.add_argument("impressions", nargs="*", metavar="IMPRESSION", help="PAGE or PAGE:POSITION, as in a why link")
    parser.add_argument("--all", action="store_true", help="every page, and every snapshot")
    parser.add_argument("--viewer", metavar="WHO", help="pages of this account (@handle) or viewer (id)")
    parser.add_argument("--since", metavar="TIME", help="pages since this day or time (UTC), as 2026-01-31T12:00")
    parser.add_argument("--sample", type=int, metavar="N", help="so many of them, drawn evenly and always the same")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each page, and one of sums")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    if not (arguments.impressions or arguments.all or arguments.viewer or arguments.since or arguments.sample):
        raise BadInput("replay-what", "Say which pages: one by its id, or --all, --viewer, --since or --sample.")
    return asyncio.run(_replay(arguments, settings))


async def _replay(arguments: argparse.Namespace, settings: Settings) -> int:
    async with open_copy(settings) as backends:
        wanted, positions = await _wanted(arguments, backends)
        replay = Replay(backends.database, backends.blobs)
        say = _say_json if arguments.json else _say_one if arguments.impressions else _say_many
        return await say(replay, _whole(replay, wanted) if arguments.all else replay.pages(wanted), positions)


async def _whole(replay: Replay, wanted: list[Wanted]) -> AsyncIterator[Replayed]:
    async for one in replay.pages(wanted):
        yield one
    await replay.check_rest()


async def _wanted(arguments: argparse.Namespace, backends: Backends) -> tuple[list[Wanted], dict[int, set[int]]]:
    """Which pages, and of each which positions alone."""
    if not arguments.impressions:
        viewer_id = await _viewer_id(arguments.viewer, backends) if arguments.viewer else None
        since_us = _time_us(arguments.since) if arguments.since else 0
        return await Selection(viewer_id, since_us, arguments.sample).wanted(backends.database), {}
    found: dict[int, Wanted] = {}
    positions: dict[int, set[int]] = {}
    for text in arguments.impressions:
        page, _, position = text.partition(":")
        page_id = parse_id(page)
        if page_id is None or (position and not position.isdigit()):
            raise BadInput("impression-form", f"{text} names no impression: write PAGE or PAGE:POSITION.")
        found[page_id] = await wanted_page(backends.database, PageId(page_id))
        if position:
            positions.setdefault(page_id, set()).add(int(position))
    return list(found.values()), positions


async def _viewer_id(text: str, backends: Backends) -> ViewerId:
    if text.startswith("@"):
        account = await by_handle(backends.database, text[1:].lower())
        if account is None:
            raise BadInput("viewer-absent", f"There is no account {text}.")
        return ViewerId(account.id)
    viewer_id = parse_id(text)
    if viewer_id is None:
        raise BadInput("viewer-form", f"{text} is neither an @account nor a viewer's id.")
    return ViewerId(viewer_id)


def _time_us(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("time-form", f"{text} is no time: write it as 2026-01-31 or 2026-01-31T12:00.") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000_000)


async def _say_one(replay: Replay, done: AsyncIterator[Replayed], positions: dict[int, set[int]]) -> int:
    """All that there is to say of each page."""
    is_same = True
    async for one in done:
        page = one.page
        print(f"page {id_text(page.id)}, served to {id_text(page.viewer_id)} at {_said(page.at_us)} UTC")
        if one.base:
            print(f"   rebuilt from {one.base}; rows behind that: {one.rows_folded:,}; candidates: {one.candidates}")
        for position in sorted(positions.get(page.id, ())):
            print(f"   position {position}: {_standing(one, position)}")
        print("   " + _verdict(one))
        for said in one.differences:
            print(f"   - {said}")
        is_same = is_same and one.is_same
    return _end(replay, is_same)


def _said(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"


def _verdict(one: Replayed) -> str:
    if one.is_pruned:
        return "cannot be rebuilt:"
    return "the same to the last bit" if one.is_same else f"differs, by model {one.page.model_hash}:"


def _standing(one: Replayed, position: int) -> str:
    if one.is_pruned:
        return "cannot be rebuilt"
    if position >= len(one.positions):
        return "nothing was shown there"
    return "; ".join(one.positions[position]) or "the same"


async def _say_many(replay: Replay, done: AsyncIterator[Replayed], _: dict[int, set[int]]) -> int:
    """Sums, and the first pages that differ."""
    started = time.monotonic()
    pages = impressions = same = same_pages = pruned = 0
    async for one in done:
        if one.is_pruned:
            pruned += 1
            continue
        pages += 1
        impressions += len(one.positions)
        same += sum(not some for some in one.positions) if one.is_same else 0
        same_pages += one.is_same
        if not one.is_same and pages - same_pages <= PAGES_SAID:
            print(f"page {id_text(one.page.id)} differs:")
            for said in one.differences[:LINES_A_PAGE]:
                print(f"   - {said}")
            if len(one.differences) > LINES_A_PAGE:
                print(f"   - and {len(one.differences) - LINES_A_PAGE} more")
    print(
        f"{pages:,} pages with {impressions:,} impressions rebuilt in {time.monotonic() - started:.1f} s:"
        f" {same_pages:,} pages with {same:,} impressions are the same to the last bit"
        + (f", {pages - same_pages:,} pages differ" if same_pages < pages else "")
    )
    if pruned:
        print(f"{pruned:,} older pages cannot be rebuilt: what they were ranked from is pruned")
    if replay.pruned.seq:
        print(f"pages up to {_said(replay.pruned.at_us)} UTC are no longer kept")
    return _end(replay, same_pages == pages and not pruned)


async def _say_json(replay: Replay, done: AsyncIterator[Replayed], positions: dict[int, set[int]]) -> int:
    started = time.monotonic()
    pages = same_pages = impressions = pruned = 0
    async for one in done:
        pages, same_pages, impressions = pages + 1, same_pages + one.is_same, impressions + len(one.positions)
        pruned += one.is_pruned
        print(
            json.dumps(
                {
                    "page": id_text(one.page.id),
                    "model_hash": one.page.model_hash,
                    "base": one.base,
                    "rows_folded": one.rows_folded,
                    "candidates": one.candidates,
                    "impressions": len(one.positions),
                    "is_same": one.is_same,
                    "is_pruned": one.is_pruned,
                    "differences": one.differences,
                    "positions": {at: _standing(one, at) for at in sorted(positions.get(one.page.id, ()))},
                }
            )
        )
    sums = {"pages": pages, "same": same_pages, "pruned": pruned, "impressions": impressions, "faults": replay.faults}
    kept = {"kept_after_us": replay.pruned.at_us, "seconds": round(time.monotonic() - started, 3)}
    print(json.dumps(sums | kept))
    return 0 if same_pages == pages and not replay.faults else EXIT_DIFFERS


def _end(replay: Replay, is_same: bool) -> int:
    for said in replay.faults:
        print(f"found on the way: {said}")
    return 0 if is_same and not replay.faults else EXIT_DIFFERS
