"""Reposts: passing a clip on to who follows one, with a word of one's own."""

from dataclasses import replace
from typing import Annotated

import msgspec

from freehold.actions import repost as actions
from freehold.api.native import accounts, feeds
from freehold.api.native.lists import FROM, ListedAnswer, asked_place
from freehold.api.present import page_json
from freehold.api.routes import Access, Routes, path_id
from freehold.api.server import Call
from freehold.domain.account import Account
from freehold.domain.clip import Repost
from freehold.domain.ids import ClipId
from freehold.store import repost as reposts

routes = Routes()


class Word(msgspec.Struct, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(max_length=10_000)] = ""


class RepostAnswer(msgspec.Struct):
    repost_count: int
    is_reposted: bool
    text: str | None


@routes.add("PUT", "/api/clips/{id}/repost", access=Access.SIGNED_IN, body=Word, answer=RepostAnswer)
async def repost(call: Call, body: Word) -> RepostAnswer:
    """Pass a clip on to who follows you, or say another word with it; again changes nothing."""
    return await repost_clip(call, ClipId(path_id(call, "id")), body.text)


@routes.add("DELETE", "/api/clips/{id}/repost", access=Access.SIGNED_IN, answer=RepostAnswer)
async def take_back(call: Call) -> RepostAnswer:
    """Take a repost back; again changes nothing."""
    return await unrepost_clip(call, ClipId(path_id(call, "id")))


@routes.add("GET", "/api/accounts/{handle}/reposts", answer=ListedAnswer, parameters=(feeds.COUNT, FROM))
async def reposts_of_account(call: Call) -> ListedAnswer:
    """What an account reposted, the newest first."""
    return (await reposts_json(call, await accounts.account_at(call), None))[0]


async def repost_clip(call: Call, clip_id: ClipId, text: str) -> RepostAnswer:
    server = call.server
    now = await actions.repost(server.backends, call.viewer, call.account, clip_id, text, call.at_us, server.random)
    return RepostAnswer(now.count, True, now.text)


async def unrepost_clip(call: Call, clip_id: ClipId) -> RepostAnswer:
    now = await actions.take_back(call.server.backends, call.viewer, call.account, clip_id, call.at_us)
    return RepostAnswer(now.count, False, None)


async def reposts_json(call: Call, account: Account, count: int | None) -> tuple[ListedAnswer, list[int]]:
    """The page, and each clip's place; `count` is taken where the query has none."""
    said: dict[ClipId, Repost] = {}

    async def find(behind: int | None, limit: int) -> list[tuple[int, ClipId]]:
        found = await reposts.by_account(call.server.backends.database, account.id, behind, limit)
        said.update({one.clip_id: one for one in found})
        return [(one.id, one.clip_id) for one in found]

    page, places = await feeds.feed_for(call).listed(
        call.viewer, find, asked_place(call), feeds.asked_count(call) or count, call.at_us
    )
    page = replace(page, clips=tuple(replace(one, repost=said[one.view.clip.id]) for one in page.clips))
    following = str(places[-1]) if places and not page.is_end else None
    return {**page_json(page, call.viewer), "next": following}, places
