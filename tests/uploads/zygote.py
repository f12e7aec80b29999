"""Forks servers that have everything imported, so that one can be killed and be back in a tenth of a second.

    python -m tests.uploads.zygote PORT CONTROL_FD DATA_DIR DATABASE_URL

On the control socket each `start` or `start traced` is answered with the process id of a new server; a traced one
sends the descriptor on which its writing system calls are announced before they happen.
"""

import asyncio
import gc
import os
import queue
import signal
import socket
import sys
import threading
from dataclasses import replace

import uvicorn

from freehold.actions.upload import UploadRules
from freehold.app import open_server
from freehold.config import DatabaseSettings, ServerSettings, Settings
from tests.uploads import syscalls


def main() -> None:
    port, control_fd, data_dir, database_url = sys.argv[1:]
    control = socket.socket(fileno=int(control_fd))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    settings = replace(
        Settings(),
        server=ServerSettings(data_dir=data_dir, log_level="error"),
        database=DatabaseSettings(database_url),
        uploads=UploadRules(max_open=10_000, max_per_hour=10_000),
    )
    # What is imported stays shared with the servers, instead of being copied for each by its first collection.
    gc.freeze()
    while order := control.recv(64).decode():
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if order == "start traced":
                announce(control)
            control.close()
            asyncio.run(serve(settings, int(port)))
            os._exit(0)
        control.send(str(pid).encode())


def announce(control: socket.socket) -> None:
    """Sent by a thread from before the filter: under it, sending would already wait for a listener."""
    listener: queue.SimpleQueue[int] = queue.SimpleQueue()
    sender = threading.Thread(target=lambda: socket.send_fds(control, [b"fd"], [listener.get()]))
    sender.start()
    listener.put(syscalls.announce())
    sender.join()


async def serve(settings: Settings, port: int) -> None:
    async with open_server(settings, works=False) as edge:
        config = uvicorn.Config(edge, port=port, log_config=None, access_log=False, lifespan="off")
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    main()
