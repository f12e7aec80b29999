"""Deleting an account leaves nothing of it, and everything of everybody else."""

import hashlib
from pathlib import Path
from typing import Any

from freehold.backends.blobs import blob_key
from freehold.domain.clip import ClipState
from freehold.domain.ids import id_text, parse_id
from freehold.store import clip as clips
from freehold.store import journal
from freehold.store import session as sessions
from freehold.store import sound as sounds
from freehold.store.schema import metadata
from tests.api.made import make_clip
from tests.conftest import Running

PASSWORD = "correct horse battery"
KEPT_BY_DESIGN = {"journal"}
"""Numbered actions: ids only, which point to nothing once the rows are gone."""


def key_of(data: bytes) -> str:
    return blob_key(hashlib.sha256(data).hexdigest())


async def rows_of(running: Running, table: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await running.database.fetch(f"SELECT * FROM {table}")]


async def traces(running: Running, account_id: int, words: list[str]) -> list[str]:
    """Where the id or any of the words still stands, over every table of the schema."""
    found = []
    for table in metadata.tables:
        for row in await rows_of(running, table):
            for value in row:
                is_word = isinstance(value, str) and any(word in value for word in words)
                if is_word or (value == account_id and table not in KEPT_BY_DESIGN):
                    found.append(f"{table}: {value!r}")
    return found


async def test_nothing_of_a_deleted_account_is_left_in_any_table_or_blob(idle: Running) -> None:
    ada, bob = [await idle.new_client() for _ in range(2)]
    account_id = parse_id((await ada.sign_up("ada_lovelace"))["id"]) or 0
    bob_id = parse_id((await bob.sign_up("bob"))["id"]) or 0
    backends = idle.server.backends
    own = await make_clip(backends, account_id, bytes_=b"only hers", caption="her caption")
    shared = await make_clip(backends, account_id, bytes_=b"both have it")
    draft = await make_clip(backends, account_id, is_published=False, state=ClipState.UPLOADING)
    of_bob = await make_clip(backends, bob_id, bytes_=b"both have it")
    for sound_id, clip_ids in ((7, (own, of_bob)), (8, (shared,))):
        await idle.database.transact(
            lambda tx, sound_id=sound_id: sounds.insert(tx, sound_id, bob_id, "of bob's", None, 1)
        )
        for clip_id in clip_ids:
            await idle.database.transact(
                lambda tx, clip_id=clip_id, sound_id=sound_id: clips.set_facts(tx, clip_id, sound_id=sound_id)
            )
    keys = {key async for key in backends.blobs.all_keys()}
    assert {key_of(b"only hers"), key_of(b"both have it")} < keys
    incoming = Path(idle.server.incoming_dir) / "halved"
    incoming.parent.mkdir(exist_ok=True)
    incoming.write_bytes(b"half an upload")
    await idle.database.transact(lambda tx: tx.execute("UPDATE clip SET incoming_name = 'halved' WHERE id = $1", draft))
    await ada.json("PATCH", "/api/account", {"display_name": "Countess", "bio": "her bio"})
    await ada.json("PUT", f"/api/clips/{id_text(of_bob)}/like")
    await ada.json("PUT", f"/api/clips/{id_text(of_bob)}/share")
    await ada.json("PUT", "/api/accounts/bob/follow")
    await ada.json("PUT", "/api/tags/herown/follow")
    await ada.json("POST", f"/api/clips/{id_text(of_bob)}/comments", {"text": "her comment"}, status=201)
    await bob.json("PUT", "/api/accounts/ada_lovelace/follow")
    await bob.json("POST", f"/api/clips/{id_text(own)}/comments", {"text": "his comment"}, status=201)
    served = (await ada.json("GET", f"/api/clips/{id_text(of_bob)}"))["served"]
    watch = {"page_id": served["page_id"], "position": 0, "clip_id": id_text(of_bob), "watched_ms": 900}
    batch = {"batch": "hers-1234", "watches": [watch | {"completions": 0, "skipped": True}]}
    assert (await ada.json("POST", "/api/watches", batch))["accepted"] == 1
    await idle.database.transact(lambda tx: sessions.count_guess(tx, f"upload:{account_id}", 0, 1))
    for table in ("page", "watch_batch"):
        assert await idle.database.fetch(f"SELECT 1 FROM {table} WHERE viewer_id = $1", account_id)
    assert (await ada.refusal("DELETE", "/api/account", {"password": "wrong password"})) == (403, "password-wrong")

    await ada.json("DELETE", "/api/account", {"password": PASSWORD}, status=204)

    words = ["ada_lovelace", "Countess", "her bio", "her caption", "her comment", "herown", "halved", str(account_id)]
    assert await traces(idle, account_id, words) == []
    assert [row[0] for row in await rows_of(idle, "sound")] == [7], "of the sounds of others what nobody has any more"
    left = {key async for key in backends.blobs.all_keys()}
    assert left & keys == {key_of(b"both have it")}, "bob's bytes stay, hers go"
    assert not incoming.exists()
    assert (await ada.refusal("GET", "/api/account"))[0] == 401
    for path in ("/@ada_lovelace", f"/@ada_lovelace/video/{id_text(own)}", f"/media/{id_text(shared)}/low.mp4"):
        assert (await bob.request("GET", path)).status == 404, path
    bob_now = await bob.json("GET", "/api/accounts/bob")
    assert (bob_now["follower_count"], bob_now["following_count"], bob_now["like_count"]) == (0, 0, 0)
    served = (await bob.json("GET", f"/api/clips/{id_text(of_bob)}"))["served"]["clip"]
    assert (served["like_count"], served["share_count"], served["comment_count"]) == (0, 0, 0)
    (entry,) = [one for one in await journal.after(idle.database, 0, 1000) if one.kind == "account.deleted"]
    assert (entry.subject_id, entry.actor_id, dict(entry.detail)) == (account_id, account_id, {})


async def test_the_wrong_password_deletes_nothing(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    assert (await client.refusal("DELETE", "/api/account", {"password": "wrong password"}))[0] == 403
    await client.json("GET", "/api/account")
