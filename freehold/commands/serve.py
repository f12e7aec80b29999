"""`freehold serve`: run the server until Ctrl-C."""

import argparse
import asyncio
import contextlib
import errno
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import uvicorn

from freehold.api.server import Server
from freehold.app import open_server
from freehold.commands import command_parser
from freehold.config import Settings
from freehold.domain.errors import SettingError
from freehold.logs import set_up_logs

STOP_GRACE_S = 5


def add_parser(commands: Any) -> None:
    parser = command_parser(
        commands,
        "serve",
        "run the server until Ctrl-C",
        "freehold serve\nfreehold serve --port 8080\nFREEHOLD_SERVER_HOST=0.0.0.0 freehold --data /srv/freehold serve",
    )
    add_listening_options(parser)
    parser.set_defaults(run=run)


def add_listening_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (setting server.host)")
    parser.add_argument("--port", type=int, help="port to listen on (setting server.port)")


def with_listening_options(settings: Settings, arguments: argparse.Namespace) -> Settings:
    server = settings.server
    if arguments.port is not None and not 0 <= arguments.port <= 65535:
        raise SettingError("--port is a number from 0 to 65535")
    host = arguments.host or server.host
    port = server.port if arguments.port is None else arguments.port
    return replace(settings, server=replace(server, host=host, port=port))


def bind(settings: Settings) -> socket.socket:
    """The listening socket; `SettingError` in plain words where the address cannot be had."""
    host, port = settings.server.host, settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise SettingError(f"cannot listen on {host}:{port}: {error.strerror}.{_way_out(error, port)}") from None
    listener.setblocking(False)
    return listener


def _way_out(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f" Is another server running? Try --port {port + 1 if port < 65535 else 0}"
    if error.errno == errno.EACCES:
        return " Ports below 1024 are the system's own: put a proxy there, or try --port 8000"
    return " Check --host and the setting server.host"


@contextlib.asynccontextmanager
async def serving(settings: Settings, listener: socket.socket) -> AsyncIterator[tuple[str, Server]]:
    """A running server; yields its address and its parts, and ends it cleanly."""
    async with open_server(settings) as edge:
        config = uvicorn.Config(
            edge,
            loop="none",
            http="httptools",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_GRACE_S,
            proxy_headers=settings.server.trusts_proxy,
            forwarded_allow_ips="*" if settings.server.trusts_proxy else [],
        )
        web = uvicorn.Server(config)
        # Signals are the command's: uvicorn would take Ctrl-C before the journal's readers have stopped.
        web.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        task = asyncio.create_task(web.serve([listener]), name="web")
        while not web.started and not task.done():
            await asyncio.sleep(0.005)
        host, port = listener.getsockname()[:2]
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{port}/", edge.server
        finally:
            web.should_exit = True
            await task


async def until_stopped() -> None:
    """Return at Ctrl-C or SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)


def run_on_fast_loop(work: Any) -> Any:
    """`asyncio.run` on uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    settings = with_listening_options(settings, arguments)
    set_up_logs(settings.server.log_format, settings.server.log_level)
    listener = bind(settings)
    with contextlib.closing(listener):
        run_on_fast_loop(_serve(settings, listener))
    return 0


async def _serve(settings: Settings, listener: socket.socket) -> None:
    async with serving(settings, listener) as (address, _):
        print(f"Freehold is at {address}  (data in {settings.server.data_dir}; Ctrl-C stops it)", flush=True)
        await until_stopped()
        print("Stopping: finishing requests, giving leases back …", file=sys.stderr, flush=True)
