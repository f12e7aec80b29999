"""A small scene for asking a route by each role: an author with a clip, a comment under it, a session, an upload."""

import struct
import time
import zlib
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from freehold.api.identity import token_sha256
from freehold.api.routes import Route
from freehold.backends.database import Transaction
from freehold.client.assets import static_url
from freehold.domain.account import Account, Role, Session
from freehold.domain.clip import Author
from freehold.domain.ids import AccountId, CommentId, SessionId, SoundId, id_text, new_id
from freehold.store import account as accounts
from freehold.store import captions
from freehold.store import comment as comments
from freehold.store import session as sessions
from freehold.store import sound as sounds
from freehold.store.comment import Comment
from tests.api.made import NOW_US, RANDOM, make_clip
from tests.conftest import Client, Running

PASSWORD = "correct horse battery"
SEATS: dict[str, Role | None] = {
    "nobody": None,
    "viewer": Role.VIEWER,
    "creator": Role.CREATOR,
    "moderator": Role.MODERATOR,
    "operator": Role.OPERATOR,
    "author": Role.CREATOR,
}
"""Who asks, in the order of the table's columns: a creator is another one than the author."""
NUMBERS = count(1)
DAY_US = 86_400_000_000


def _picture() -> bytes:
    """A grey PNG, 8 x 8."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0), b"IDAT" + zlib.compress(bytes(9 * 8)), b"IEND")
    framed = (struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


PICTURE = _picture()


@dataclass(frozen=True, slots=True)
class Person:
    account: Account
    token: str
    session_id: SessionId


@dataclass
class Scene:
    """What the placeholders of a path lead to. All of it belongs to `author` but the comment, which is `guest`'s."""

    running: Running
    client: Client
    people: dict[str, Person]
    author: Person
    guest: Person
    clip: str
    comment: str
    sound: str
    made: dict[str, str] = field(default_factory=dict)
    """What only some routes need, made when one first does."""

    async def path_of(self, route: Route) -> str:
        path = route.path.replace("{handle}", self.author.account.handle)
        path = path.replace("{tag}", "made").replace("{topic}", "music")
        path = path.replace("{clip_id}/{name}", f"{self.clip}/low.mp4").replace("{clip_id}", self.clip)
        if "{account_id}/{name}" in path:
            path = await self.avatar()
        path = path.replace("/sitemap/{name}", "/sitemap/clips-0000000000000.xml")
        path = path.replace("/static/{path}", static_url("app.js"))
        path = path.replace("{position}", "0").replace("{comment_id}", self.comment).replace("{language}", "en")
        if "{upload_id}" in path:
            path = path.replace("{upload_id}", await self.upload())
        if "{list_id}" in path:
            path = path.replace("{list_id}", await self.playlist())
        if "{page_id}" in path:
            path = path.replace("{page_id}", await self.page())
        own = {
            "/comments/": self.comment,
            "/sessions/": id_text(self.author.session_id),
            "/sounds/": self.sound,
            "/sound/": self.sound,
        }
        subject = next((id_ for part, id_ in own.items() if f"{part}{{id}}" in path), self.clip)
        return path.replace("{id}", subject)

    async def upload(self) -> str:
        """Begun by the author; nothing of it has arrived."""
        if "upload" not in self.made:
            headers = {"tus-resumable": "1.0.0", "upload-length": "5"}
            answer = await self.ask("author", "POST", "/uploads", headers=headers)
            self.made["upload"] = answer.headers["location"].rpartition("/")[2]
        return self.made["upload"]

    async def playlist(self) -> str:
        """The author's, with the clip in it."""
        if "playlist" not in self.made:
            made = await self.ask("author", "POST", "/api/lists", json={"name": "A list", "kind": "playlist"})
            self.made["playlist"] = (await made.json())["list"]["id"]
            await self.ask("author", "PUT", f"/api/lists/{self.made['playlist']}/clips/{self.clip}")
        return self.made["playlist"]

    async def avatar(self) -> str:
        """The author's picture."""
        if "avatar" not in self.made:
            answer = await self.ask("author", "PUT", "/api/account/avatar", data=PICTURE)
            self.made["avatar"] = (await answer.json())["account"]["avatar_url"]
        return self.made["avatar"]

    async def page(self) -> str:
        """Shown to the author."""
        if "page" not in self.made:
            answer = await self.ask("author", "GET", f"/api/clips/{self.clip}")
            self.made["page"] = (await answer.json())["served"]["page_id"]
        return self.made["page"]

    async def ask(self, seat: str, method: str, path: str, **options: Any) -> Any:
        headers = dict(options.pop("headers", {}))
        if seat in self.people:
            headers["authorization"] = f"Bearer {self.people[seat].token}"
        self.client.session.cookie_jar.clear()
        return await self.client.request(method, path, headers=headers, **options)


async def set_scene(running: Running, client: Client, password_hash: str) -> Scene:
    author, guest = [_person(Role.CREATOR) for _ in range(2)]
    people = {seat: author if seat == "author" else _person(role) for seat, role in SEATS.items() if role}
    seen_at_us = time.time_ns() // 1000
    sound_id, comment_id = SoundId(new_id(NOW_US, RANDOM)), CommentId(new_id(NOW_US, RANDOM))

    async def enter(transaction: Transaction) -> None:
        for person in (*people.values(), guest):
            await accounts.insert(transaction, person.account, password_hash)
            session = Session(person.session_id, "api", "scene", NOW_US, seen_at_us, seen_at_us + DAY_US)
            await sessions.insert(transaction, session, person.account.id, token_sha256(person.token))
        await sounds.insert(transaction, sound_id, author.account.id, "A sound", None, NOW_US)

    await running.database.transact(enter)
    clip_id = await make_clip(running.server.backends, author.account.id)

    async def speak(transaction: Transaction) -> None:
        by = Author(guest.account.id, guest.account.handle, "", None, False)
        await comments.insert(transaction, Comment(comment_id, clip_id, by, "Hello", NOW_US), None)
        await transaction.execute("UPDATE clip SET sound_id = $1 WHERE id = $2", sound_id, clip_id)
        await captions.put(transaction, clip_id, "en", "WEBVTT\n", NOW_US)

    await running.database.transact(speak)
    return Scene(running, client, people, author, guest, id_text(clip_id), id_text(comment_id), id_text(sound_id))


def _person(role: Role) -> Person:
    number = next(NUMBERS)
    # Each in a millisecond of its own: of some thousand random ids in one, two would be alike.
    at_us = NOW_US + 1_000 * number
    account_id = AccountId(new_id(at_us, RANDOM))
    account = Account(account_id, f"person{number}", f"Person {number}", "", role, None, NOW_US, None, 0, 0)
    return Person(account, f"token-of-{number}", SessionId(new_id(at_us, RANDOM)))
