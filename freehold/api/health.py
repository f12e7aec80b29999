"""What machines ask about the server itself: its health, its figures, its description."""

from functools import cache
from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.responses import Response

from freehold import __version__
from freehold.api import identity, openapi
from freehold.api.routes import Kind, Routes, json_response
from freehold.api.server import Call
from freehold.domain.account import Role
from freehold.domain.errors import BackendError, Forbidden
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import journal, reader
from freehold.store import upload as uploads

routes = Routes()

CLIPS = Gauge("freehold_clips", "Clips by state", ("state",))
ACCOUNTS = Gauge("freehold_accounts", "Accounts")
JOURNAL_SEQ = Gauge("freehold_journal_seq", "Number of the newest journal entry")
READER_MARK = Gauge("freehold_reader_mark", "How far each reader of the journal has come", ("reader",))
OPEN_UPLOADS = Gauge("freehold_uploads_open", "Uploads under way")
WAITING_CLIPS = Gauge("freehold_clips_due", "Clips that wait for work on them")


class Health(msgspec.Struct):
    status: str
    version: str


@routes.add("GET", "/healthz", kind=Kind.RAW, answer=Health, is_hot=True, also=(503,))
async def health(call: Call) -> Response:
    """Whether the server can do its work: 200, or 503 where its database cannot be read or its workers stopped."""
    try:
        await journal.newest_seq(call.server.backends.database)
    except BackendError:
        return _health("database-unreachable", 503)
    if not call.server.is_working():
        return _health("workers-stopped", 503)
    return _health("ok", 200)


@routes.add("GET", "/metrics", kind=Kind.RAW, is_hot=True, gives=("text/plain",))
async def metrics(call: Call) -> Response:
    """Figures for Prometheus, for clients on this machine and for operators; `Forbidden` (code `metrics-private`)."""
    if not (identity.is_loopback(call.request, call.server) or call.viewer.may(Role.OPERATOR)):
        raise Forbidden("metrics-private", "The server's figures are for operators and for this machine itself.")
    await _measure(call)
    return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"})


@routes.add("GET", "/openapi.json", kind=Kind.RAW, gives=("application/json",))
async def describe(call: Call) -> Response:
    """The description of this API."""
    return Response(_description(call.server.name), media_type="application/json")


def _health(status: str, http_status: int) -> Response:
    return json_response({"status": status, "version": __version__}, http_status, {"cache-control": "no-store"})


async def _measure(call: Call) -> None:
    """Set the gauges that are read from the database: a handful of counts."""
    database = call.server.backends.database
    CLIPS.clear()
    for state, count in (await clips.count_by_state(database)).items():
        CLIPS.labels(state).set(count)
    READER_MARK.clear()
    for mark in await reader.all_marks(database):
        READER_MARK.labels(mark.name).set(mark.seq)
    ACCOUNTS.set(await accounts.count(database))
    JOURNAL_SEQ.set(await journal.newest_seq(database))
    OPEN_UPLOADS.set(await uploads.all_open_count(database, call.at_us))
    WAITING_CLIPS.set(await clips.due_count(database, call.at_us))


@cache
def _description(title: str) -> bytes:
    # Here, because the table is made from this module's routes among others.
    from freehold.api.table import ROUTES

    described: dict[str, Any] = openapi.document((route for group in ROUTES for route in group.all), title)
    return msgspec.json.encode(described)
