"""A bounded load generator: a process of its own, a few keep-alive connections, requests encoded beforehand."""

import asyncio
import multiprocessing
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

from freehold.api import identity
from freehold.domain.ids import ViewerId, id_text


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run measured; times are from the request's first byte to the answer's last."""

    requests: int
    failures: int
    wall_s: float
    p50_ms: float
    p99_ms: float
    generator_cpu_s: float
    answer_bytes: int

    @property
    def per_s(self) -> float:
        return self.requests / self.wall_s


class _Connection(asyncio.Protocol):
    """Sends its requests one after another, each once the one before is answered."""

    def __init__(self, requests: Sequence[bytes], done: "asyncio.Future[None]") -> None:
        self.requests = iter(requests)
        self.done = done
        self.times_s: list[float] = []
        self.failures = 0
        self.answer_bytes = 0
        self.buffer = b""

    def connection_made(self, transport: Any) -> None:
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport = transport
        self.send()

    def send(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self.began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self.buffer.find(b"content-length: ", 0, head) + 16
        length = head + 4 + int(self.buffer[at : self.buffer.find(b"\r", at)])
        if len(self.buffer) < length:
            return
        self.times_s.append(time.perf_counter() - self.began)
        self.failures += not self.buffer.startswith(b"HTTP/1.1 200")
        self.answer_bytes += length
        self.buffer = self.buffer[length:]
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))


async def _run(port: int, requests: Sequence[bytes], connections: int) -> Loaded:
    loop = asyncio.get_running_loop()
    began, cpu = time.perf_counter(), time.process_time()
    made = []
    for number in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        connection = _Connection(requests[number::connections], done)
        await loop.create_connection(lambda connection=connection: connection, "127.0.0.1", port)  # type: ignore[misc]
        made.append(connection)
    await asyncio.gather(*(connection.done for connection in made))
    wall_s = time.perf_counter() - began
    times = sorted(one for connection in made for one in connection.times_s)
    return Loaded(
        len(times),
        sum(connection.failures for connection in made),
        wall_s,
        times[len(times) // 2] * 1000,
        times[len(times) * 99 // 100] * 1000,
        time.process_time() - cpu,
        sum(connection.answer_bytes for connection in made) // max(1, len(times)),
    )


def _work(pipe: Any, port: int, requests: Sequence[bytes], connections: int) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        pipe.send(runner.run(_run(port, requests, connections)))


def load(port: int, requests: Sequence[bytes], connections: int) -> Loaded:
    """Send all of them, from a process of its own."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, port, requests, connections))
    process.start()
    theirs.close()
    try:
        return ours.recv()  # type: ignore[no-any-return]
    finally:
        process.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """A server of the benchmark's in a process of its own, ready once entered."""

    def __init__(self, arguments: Sequence[str], data_dir: Path) -> None:
        self.port = free_port()
        self._arguments = [sys.executable, *arguments, "--port", str(self.port)]
        self._environment = {**os.environ, "FREEHOLD_SERVER_DATA_DIR": str(data_dir)}

    def __enter__(self) -> "ServerProcess":
        self.process = subprocess.Popen(
            self._arguments, stdout=subprocess.DEVNULL, env=self._environment, cwd=Path(__file__).parents[1]
        )
        for _ in range(1200):
            if self.process.poll() is not None:
                raise RuntimeError("the server stopped")
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                    return self
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the server does not answer")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def cookie_and_token(secret: bytes, viewer_id: ViewerId) -> tuple[str, str]:
    """The signed cookie of a signed-out viewer, and the token of the pages that were made for them."""
    server: Any = SimpleNamespace(secret=secret)
    proof = identity._signature(server, "csrf", id_text(viewer_id))
    return f"{identity.VIEWER_COOKIE}={identity.viewer_cookie(server, viewer_id)}", "00" * 16 + proof


def machine() -> str:
    busy = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {busy:.1f} at the start, {resource.getpagesize() // 1024} KiB pages"
