"""A server process that may die at any instant, and a plain tus client that notices."""

import base64
import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from freehold.app import clock_us
from freehold.backends.database import Database, Transaction
from freehold.domain.account import Account, Role, Session
from freehold.domain.ids import AccountId, SessionId, new_id
from freehold.store import account as accounts
from freehold.store import session as sessions
from tests.conftest import free_port

ROOT = Path(__file__).parents[2]
BYTES = "application/offset+octet-stream"
DEAD = (ConnectionError, http.client.HTTPException, TimeoutError, OSError)


@dataclass
class Fleet:
    """One server process after the other, at one port: a dead one's connections die with it."""

    data_dir: Path
    database_url: str
    pid: int = 0
    port: int = 0
    _process: Any = None
    _control: Any = None

    def __enter__(self) -> "Fleet":
        self.port = free_port()
        self._control, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "tests.uploads.zygote", str(self.port), str(theirs.fileno()),
                os.fspath(self.data_dir), self.database_url,
            ],
            cwd=ROOT,
            pass_fds=(theirs.fileno(),),
        )  # fmt: skip
        theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._control.close()
        self._process.wait(10)

    def start(self) -> None:
        self._control.send(b"start")
        self.pid = int(self._control.recv(64))
        self.wait()

    def wait(self, timeout_s: float = 20) -> None:
        """Until the server takes connections."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.003)
            else:
                return
        raise AssertionError("the server did not come up")

    def start_traced(self) -> int:
        """The descriptor on which the new server's writing calls are announced."""
        self._control.send(b"start traced")
        listener = 0
        while not (listener and self.pid):
            data, descriptors, _, _ = socket.recv_fds(self._control, 64, 1)
            if descriptors:
                listener = descriptors[0]
                data = data.replace(b"fd", b"")
            if data:
                self.pid = int(data)
        return listener

    def kill(self) -> None:
        if self.pid:
            try:
                os.kill(self.pid, signal.SIGKILL)
                while Path(f"/proc/{self.pid}").exists():
                    time.sleep(0.001)
            except ProcessLookupError:
                pass
            self.pid = 0


@dataclass
class Answer:
    status: int
    headers: Any
    body: bytes


@dataclass
class Tus:
    """Speaks to one port with one token; every request on a connection of its own."""

    port: int
    token: str
    timeout_s: float = 20

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_s)
        try:
            fixed = {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0"}
            connection.request(method, path, body, fixed | (headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def create(self, size_bytes: int, **words: str) -> tuple[str, str]:
        pairs = ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in words.items())
        headers = (
            {"Upload-Length": str(size_bytes), "Upload-Metadata": pairs}
            if pairs
            else {"Upload-Length": str(size_bytes)}
        )
        answer = self.ask("POST", "/uploads", headers)
        assert answer.status == 201, answer
        return answer.headers["Location"], answer.headers["Freehold-Clip"]

    def offset(self, location: str) -> int:
        answer = self.ask("HEAD", location)
        assert answer.status == 200, answer
        return int(answer.headers["Upload-Offset"])

    def patch(self, location: str, offset: int, data: bytes, **headers: str) -> Answer:
        fixed = {"Upload-Offset": str(offset), "Content-Type": BYTES}
        return self.ask("PATCH", location, fixed | {k.replace("_", "-"): v for k, v in headers.items()}, data)


@dataclass
class Sending:
    """One file on its way, with what the server has acknowledged of it."""

    data: bytes
    location: str = ""
    clip_id: str = ""
    acknowledged: int = 0
    sent: int = 0
    log: list[str] = field(default_factory=list)


async def make_creator(database: Database, handle: str) -> str:
    """An account that may upload, straight in the database; its token."""
    at_us, token = clock_us(), f"token-of-{handle}"
    account_id = AccountId(new_id(at_us, Random()))
    account = Account(account_id, handle, handle, "", Role.CREATOR, None, at_us, None, 0, 0)

    async def work(transaction: Transaction) -> None:
        await accounts.insert(transaction, account, "no password")
        session = Session(SessionId(new_id(at_us, Random())), "api", "a test", at_us, at_us, at_us + 10**12)
        await sessions.insert(transaction, session, account_id, hashlib.sha256(token.encode()).digest())

    await database.transact(work)
    return token
