"""Clips, accounts and comments to be found, and an index that has come up to the journal's end."""

from typing import Any

from freehold.actions.clip import parse_tags
from freehold.backends.database import Transaction
from freehold.domain.ids import ClipId, id_text, parse_id
from freehold.search import index
from freehold.store import journal
from freehold.store.journal import Kind
from tests.api.made import NOW_US, make_clip
from tests.conftest import Client, Running


async def signed_up(running: Running, handle: str) -> tuple[Client, int]:
    client = await running.new_client()
    return client, parse_id((await client.sign_up(handle))["id"]) or 0


async def said(running: Running, kind: Kind, subject_id: int, actor_id: int | None = None) -> None:
    async def work(transaction: Transaction) -> None:
        await journal.append(transaction, kind, at_us=NOW_US, actor_id=actor_id, subject_id=subject_id)

    await running.database.transact(work)


async def publish(running: Running, author_id: int, caption: str, **more: Any) -> ClipId:
    clip_id = await make_clip(running.server.backends, author_id, caption=caption, tags=parse_tags(caption), **more)
    await said(running, Kind.CLIP_PUBLISHED, clip_id, author_id)
    return clip_id


async def set_clip(running: Running, clip_id: ClipId, **columns: Any) -> None:
    changes = ", ".join(f"{name} = ${n}" for n, name in enumerate(columns, start=2))
    sql = f"UPDATE clip SET {changes} WHERE id = $1"
    await running.database.transact(lambda tx: tx.execute(sql, clip_id, *columns.values()))
    await said(running, Kind.CLIP_CHANGED, clip_id)


async def caught_up(running: Running) -> None:
    while await index.take_in(running.database, running.server.clock()):
        pass


async def found(client: Client, running: Running, q: str, **more: Any) -> dict[str, Any]:
    await caught_up(running)
    return await asked(client, q, **more)


async def asked(client: Client, q: str, **more: Any) -> dict[str, Any]:
    answer = await client.request("GET", "/api/search", params={"q": q, **more})
    assert answer.status == 200, await answer.text()
    return dict(await answer.json())


def clip_ids(answer: dict[str, Any]) -> list[str]:
    return [one["clip"]["id"] for one in answer["clips"]]


def texts(*ids: int) -> list[str]:
    return [id_text(id_) for id_ in ids]
