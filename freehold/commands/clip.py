"""`freehold clip`: upload a clip from the command line, and look at one's own."""

import argparse
import base64
import getpass
import json
import os
import sys
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import Request, urlopen

from freehold.commands import command_parser
from freehold.config import Settings, typed_path
from freehold.domain.errors import BackendError, Refusal, SettingError

CHUNK_BYTES = 8 << 20
RETRY_WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
TIMEOUT_S = 60.0
LOOK_EVERY_S = 0.5
BAR_WIDTH = 32
OVER = frozenset({"ready", "refused", "failed", "expired", "withdrawn"})
BAD = frozenset({"refused", "failed", "expired"})


def add_parser(commands: Any) -> None:
    parser = command_parser(
        commands,
        "clip",
        "upload a clip, or list one's own",
        'freehold clip upload dance.mp4 --as alice --caption "First try #dance" --publish\n'
        "freehold clip list --as alice\n"
        "FREEHOLD_TOKEN=... freehold clip upload dance.mp4 --server https://clips.example",
        "Upload clips to a running server and look at one's own. Sign in by --as HANDLE (the password is asked for, or"
        " read from the first line of standard input), or by a token in FREEHOLD_TOKEN.",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    upload = command_parser(
        verbs,
        "upload",
        "upload a clip with a progress bar; a cut connection is taken up where it broke",
        'freehold clip upload dance.mp4 --as alice --caption "First try #dance" --publish\n'
        "freehold clip upload dance.mp4 --as alice --audience followers --no-wait",
    )
    upload.add_argument("file", type=typed_path, help="the file")
    upload.add_argument("--caption", default="", help="caption; its #tags are the clip's tags")
    upload.add_argument("--audience", choices=("public", "followers", "private"), default="public")
    upload.add_argument("--publish", action="store_true", help="publish it as soon as it can be watched")
    upload.add_argument("--no-wait", action="store_true", help="do not wait until it is processed")
    listing = command_parser(verbs, "list", "list one's own clips with their states", "freehold clip list --as alice")
    for verb, act in ((upload, _upload), (listing, _list)):
        verb.add_argument("--as", dest="handle", metavar="HANDLE", help="whose clips they are")
        verb.add_argument("--server", metavar="ADDRESS", help="the server (default: the one of the settings)")
        verb.set_defaults(run=run, act=act)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    host = f"[{settings.server.host}]" if ":" in settings.server.host else settings.server.host
    base = arguments.server or settings.server.origin or f"http://{host}:{settings.server.port}"
    return int(arguments.act(arguments, Remote(_checked_base(base), arguments.handle)))


def _checked_base(base: str) -> str:
    """`SettingError` where it is no address of a server."""
    try:
        parts = urlsplit(base)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_address = False
    if not is_address:
        raise SettingError(f"--server is an address like https://clips.example, not {base!r}")
    return base


class Remote:
    """A running server, spoken to over HTTP as one account."""

    def __init__(self, base: str, handle: str | None) -> None:
        self.base = base.rstrip("/") + "/"
        self.token = os.environ.get("FREEHOLD_TOKEN", "")
        if handle is not None:
            password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
            wanted = {"handle": handle, "password": password, "kind": "api"}
            self.token = self.json("POST", "api/session", wanted)["token"]
        if not self.token:
            raise SettingError("say who uploads: --as HANDLE, or a token in FREEHOLD_TOKEN")

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Any:
        """The answer, its status below 400. Raises `Refusal` with the server's words, or `BackendError` where the
        server cannot be reached or says that a retry may help."""
        if self.token:
            headers = headers | {"Authorization": f"Bearer {self.token}"}
        request = Request(urljoin(self.base, path), body, headers, method=method)
        try:
            return urlopen(request, timeout=TIMEOUT_S)
        except HTTPError as error:
            raise _refusal(error) from None
        except (URLError, OSError, HTTPException) as error:
            raise self._lost(error) from error

    def json(self, method: str, path: str, value: Any = None) -> Any:
        body = None if value is None else json.dumps(value).encode()
        with self.ask(method, path, {"Content-Type": "application/json"} if body else {}, body) as answer:
            try:
                said = answer.read()
            except (OSError, HTTPException) as error:
                raise self._lost(error) from error
        try:
            return json.loads(said)
        except ValueError:
            raise self.stranger() from None

    def _lost(self, error: Exception) -> BackendError:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        return BackendError(f"{self.base} cannot be reached: {reason}")

    def stranger(self) -> SettingError:
        return SettingError(f"{self.base} answers, but not like a Freehold server. Is --server right?")


def _refusal(error: HTTPError) -> Exception:
    try:
        said = json.loads(error.read())["error"]
        code, text = str(said["code"]), str(said["text"])
    except (ValueError, KeyError, TypeError, OSError, HTTPException):
        code, text = "unknown", f"The server answered {error.code}."
    refusal = Refusal(code, text)
    refusal.http_status = error.code
    # A full disk may have room again; another writer and a passed offset are mended by asking where to go on.
    return BackendError(text) if error.code in (409, 423, 500, 502, 503, 504, 507) else refusal


def _upload(arguments: argparse.Namespace, remote: Remote) -> int:
    path: Path = arguments.file
    try:
        file = path.open("rb")
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}") from None
    with file:
        size_bytes = os.fstat(file.fileno()).st_size
        location, clip_id = _begin(arguments, remote, size_bytes)
        try:
            _send(file, size_bytes, remote, location)
        except KeyboardInterrupt:
            _forget(remote, location)
            raise
    print(f"\nuploaded: clip {clip_id}")
    return 0 if arguments.no_wait else _follow(remote, clip_id)


def _begin(arguments: argparse.Namespace, remote: Remote, size_bytes: int) -> tuple[str, str]:
    words = {
        "filename": arguments.file.name,
        "caption": arguments.caption,
        "audience": arguments.audience,
        "wish": "publish" if arguments.publish else "draft",
    }
    metadata = ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in words.items() if text)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size_bytes), "Upload-Metadata": metadata}
    with remote.ask("POST", "uploads", headers, b"") as answer:
        location, clip_id = answer.headers["Location"], answer.headers["Freehold-Clip"]
    if location is None or clip_id is None:
        raise remote.stranger()
    return location, clip_id


def _send(file: BinaryIO, size_bytes: int, remote: Remote, location: str) -> None:
    """Chunk by chunk; after a failure from where the server says. Raises `BackendError` after the last wait."""
    started_s, offset_bytes, failures = time.monotonic(), 0, 0
    while offset_bytes < size_bytes:
        file.seek(offset_bytes)
        if not (chunk := file.read(CHUNK_BYTES)):
            raise SettingError("the file became shorter while it was being sent. Begin again once it is complete")
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset_bytes),
            "Content-Type": "application/offset+octet-stream",
        }
        try:
            with remote.ask("PATCH", location, headers, chunk) as answer:
                offset_bytes = int(answer.headers["Upload-Offset"])
            failures = 0
        except BackendError:
            if failures == len(RETRY_WAITS_S):
                raise
            time.sleep(RETRY_WAITS_S[failures])
            failures += 1
            offset_bytes = _durable_bytes(remote, location, offset_bytes)
        _draw(offset_bytes, size_bytes, time.monotonic() - started_s)


def _forget(remote: Remote, location: str) -> None:
    """Nobody goes on with it from here: it would count against its author until it expires."""
    try:
        remote.ask("DELETE", location, {"Tus-Resumable": "1.0.0"}, None).close()
    except (Refusal, BackendError) as error:
        print(f"\nStopped. What was sent expires by itself: {error}", file=sys.stderr)
    else:
        print("\nStopped. Nothing of it was kept.", file=sys.stderr)


def _durable_bytes(remote: Remote, location: str, known_bytes: int) -> int:
    try:
        with remote.ask("HEAD", location, {"Tus-Resumable": "1.0.0"}, None) as answer:
            return int(answer.headers["Upload-Offset"])
    except BackendError:
        return known_bytes


def _draw(done_bytes: int, size_bytes: int, elapsed_s: float) -> None:
    share = done_bytes / size_bytes
    filled = int(share * BAR_WIDTH)
    rate = done_bytes / 1e6 / max(elapsed_s, 1e-3)
    bar = "█" * filled + "░" * (BAR_WIDTH - filled)
    end = "\r" if sys.stderr.isatty() else "\n"
    print(f"{bar} {share:4.0%}  {done_bytes / 1e6:.1f} MB  {rate:.1f} MB/s ", end=end, file=sys.stderr, flush=True)


def _follow(remote: Remote, clip_id: str) -> int:
    """Say each new state until the last; the exit status says whether the clip was taken."""
    shown, shown_percent = "", None
    while True:
        clip = _look(remote, clip_id)
        words, percent = _words(clip), clip["progress_percent"]
        if words != shown:
            print(words, flush=True)
        elif percent is not None and percent != shown_percent:
            print(f"{percent:3d}% ", end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)
        shown, shown_percent = words, percent
        if clip["state"] in OVER:
            break
        time.sleep(LOOK_EVERY_S)
    if clip["is_published"]:
        print(urljoin(remote.base, clip["url"]))
    return 1 if clip["state"] in BAD else 0


def _look(remote: Remote, clip_id: str) -> Any:
    """The clip; a lost connection is tried again, until `BackendError` after the last wait."""
    for wait_s in RETRY_WAITS_S:
        try:
            return remote.json("GET", f"api/clips/{clip_id}/mine")
        except BackendError:
            time.sleep(wait_s)
    return remote.json("GET", f"api/clips/{clip_id}/mine")


def _words(clip: dict[str, Any]) -> str:
    words = f"{clip['state']}: {clip['state_text']}"
    if clip["refusal"]:
        words += f" {clip['refusal']['text']}"
    if clip["queue_position"]:
        words += f" (place {clip['queue_position']} in the queue)"
    return words


def _list(arguments: argparse.Namespace, remote: Remote) -> int:
    for clip in remote.json("GET", "api/clips/mine")["clips"]:
        words = clip["caption"] or clip["file_name"]
        print(f"{clip['id']}  {clip['state']:10} {clip['duration_ms'] / 1000:7.1f} s  {words}")
    return 0
