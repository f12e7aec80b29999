"""The four seams: database, blobs, bus, compute. Each is a Protocol and its implementations; there is no fifth."""

from dataclasses import dataclass

from freehold.backends.blobs import Blobs
from freehold.backends.bus import Bus
from freehold.backends.compute import Compute
from freehold.backends.database import Database


@dataclass(frozen=True, slots=True)
class Backends:
    """The four, as `app.py` opened them."""

    database: Database
    blobs: Blobs
    bus: Bus
    compute: Compute
