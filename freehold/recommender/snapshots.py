"""A learner's state as bytes: a magic, the SHA-256 of all that follows, the length of a JSON header, the header,
then the arrays one after another."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from freehold.domain.errors import FreeholdError
from freehold.recommender import kernels, tables
from freehold.recommender.kernels import State
from freehold.recommender.weights import Weights

MAGIC = b"freehold learner 1\n"
SCRATCH = frozenset(tables.scratch(0))

Groups = dict[tuple[int, int | str], int]
Follows = dict[int, npt.NDArray[np.int64]]


class SnapshotError(FreeholdError):
    """Not a snapshot, a damaged one, or one of another format: fold the log from its beginning instead."""


def pack(state: State, weights: Weights, groups: Groups, follows: Follows) -> bytes:
    arrays = {name: _used(state, name) for name in State._fields if name not in SCRATCH}
    header = {
        "weights": asdict(weights),
        "groups": [list(key) for key in groups],
        "follows": {str(viewer_id): rows.tolist() for viewer_id, rows in sorted(follows.items())},
        "arrays": [
            [name, array.dtype.str, list(array.shape), getattr(state, name).shape[0]] for name, array in arrays.items()
        ],
    }
    text = json.dumps(header).encode()
    body = b"".join([len(text).to_bytes(8, "big"), text, *(array.tobytes() for array in arrays.values())])
    return MAGIC + hashlib.sha256(body).digest() + body


def unpack(data: bytes) -> tuple[State, Weights, Groups, Follows]:
    if not data.startswith(MAGIC):
        raise SnapshotError("This is not a snapshot of the learner, or one of another format.")
    start = len(MAGIC) + hashlib.sha256().digest_size
    if hashlib.sha256(memoryview(data)[start:]).digest() != data[len(MAGIC) : start]:
        raise SnapshotError("This snapshot of the learner is damaged.")
    at = start + 8
    length = int.from_bytes(data[start:at], "big")
    header = json.loads(data[at : at + length])
    at += length
    names = {name for name, *_ in header["arrays"]}
    if set(header["weights"]) != set(Weights.__dataclass_fields__) or names != set(State._fields) - SCRATCH:
        raise SnapshotError("This snapshot is of another version of the learner.")
    first = tables.empty(Weights().array())
    if any(not _is_like(name, shape, getattr(first, name)) for name, _, shape, _ in header["arrays"]):
        raise SnapshotError("This snapshot is of another version of the learner.")
    fields: dict[str, Any] = {}
    for name, kind, shape, capacity in header["arrays"]:
        size = int(np.prod(shape))
        array = np.zeros((capacity, *shape[1:]), dtype=np.dtype(kind))
        array[: shape[0]] = np.frombuffer(data, dtype=np.dtype(kind), count=size, offset=at).reshape(shape)
        fields[name] = array
        at += size * array.itemsize
    clips = fields["clip"].shape[0]
    state = State(**fields, **tables.scratch(clips))
    groups = {(kind, name): row for row, (kind, name) in enumerate(header["groups"])}
    follows = {int(viewer_id): np.array(rows, dtype=np.int64) for viewer_id, rows in header["follows"].items()}
    return state, Weights(**header["weights"]), groups, follows


def _is_like(name: str, shape: list[int], first: npt.NDArray[Any]) -> bool:
    """Whether an array differs from what a learner begins with in the number of its rows at most."""
    return tuple(shape[1:]) == first.shape[1:] and (name in tables.GROWING or shape[0] == first.shape[0])


def _used(state: State, name: str) -> npt.NDArray[Any]:
    """The rows in use: the others are zeros."""
    array: npt.NDArray[Any] = getattr(state, name)
    for fields, count in (
        (tables.BY_CLIP, kernels.M_CLIPS),
        (tables.BY_GROUP, kernels.M_GROUPS),
        (tables.BY_VIEWER, kernels.M_VIEWERS),
        (tables.BY_CHOICE, kernels.M_CHOICES),
    ):
        if name in fields:
            return array[: int(state.meta[count]) * fields[name]]
    return array
