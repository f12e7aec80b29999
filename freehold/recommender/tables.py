"""Making, growing and purging the learner's arrays."""

from typing import Any

import numpy as np
import numpy.typing as npt

from freehold.recommender import kernels
from freehold.recommender.kernels import State

CLIPS_AT_FIRST = 1024
GROUPS_AT_FIRST = 256
VIEWERS_AT_FIRST = 256
CHOICES_AT_FIRST = 256
TABLE_AT_FIRST = 4096

BY_CLIP = {
    "clip": 1,
    "after": kernels.MAX_GROUPS,
    "before": kernels.MAX_GROUPS,
    "near": 1,
    "clip_heads": 1,
    "deviation": 1,
    "company": 1,
    "clip_vector": 1,
    "clip_code": 1,
    "unproven": 1,
    "stamp": 1,
    "place": 1,
}
BY_GROUP = {"group": 1, "group_heads": 1, "ratio": 1, "head": 1}
BY_VIEWER = {"viewer": 1, "viewer_heads": 1, "habit": 1, "viewer_vector": 1}
BY_CHOICE = {"choice": 1}
HASHED = {
    "clip_key": "clip_row",
    "viewer_key": "viewer_row",
    "taste_key": "taste",
    "seen_key": "seen",
    "wish_key": "wish",
}
GROWING = {*BY_CLIP, *BY_GROUP, *BY_VIEWER, *BY_CHOICE, *HASHED, *HASHED.values()}
SPENT = {"seen_key": (kernels.drop_seen, kernels.M_SEEN), "taste_key": (kernels.drop_tastes, kernels.M_TASTES)}
OF_VIEWERS = {"taste_key": kernels.M_TASTES, "seen_key": kernels.M_SEEN, "wish_key": kernels.M_WISHES}


def empty(weights: npt.NDArray[np.int64]) -> State:
    clips, surfaces = CLIPS_AT_FIRST, kernels.SURFACES * kernels.BY_SURFACE
    gain = np.zeros((kernels.HEADS + 1, kernels.PARTS, 2))
    gain[:, :, kernels.A_GAIN] = 1
    return State(
        meta=np.zeros(kernels.META, dtype=np.int64),
        weights=weights,
        clip=np.zeros((clips, kernels.CLIP_COLUMNS), dtype=np.int64),
        after=np.zeros(clips * kernels.MAX_GROUPS, dtype=np.int32),
        before=np.zeros(clips * kernels.MAX_GROUPS, dtype=np.int32),
        near=np.zeros((clips, kernels.NEAR, 2), dtype=np.int32),
        unproven=np.zeros(clips, dtype=np.int32),
        clip_heads=np.zeros((clips, kernels.HEADS, 2), dtype=np.int64),
        deviation=np.zeros((clips, kernels.HEADS), dtype=np.int32),
        company=np.zeros((clips, kernels.HEADS + 1), dtype=np.int64),
        clip_vector=np.zeros((clips, kernels.SIZE + 1), dtype=np.float32),
        clip_code=np.zeros((clips, kernels.SIZE + 1), dtype=np.int8),
        group=np.zeros((GROUPS_AT_FIRST, kernels.GROUP_COLUMNS), dtype=np.int64),
        group_heads=np.zeros((GROUPS_AT_FIRST, kernels.HEADS, 2), dtype=np.int64),
        ratio=np.zeros((GROUPS_AT_FIRST, kernels.HEADS), dtype=np.int32),
        head=np.zeros((GROUPS_AT_FIRST, kernels.LEVELS), dtype=np.int32),
        viewer=np.zeros((VIEWERS_AT_FIRST, kernels.VIEWER_COLUMNS), dtype=np.int64),
        viewer_heads=np.zeros((VIEWERS_AT_FIRST, kernels.HEADS, 2), dtype=np.int64),
        habit=np.zeros((VIEWERS_AT_FIRST, kernels.HEADS), dtype=np.int32),
        viewer_vector=np.zeros((VIEWERS_AT_FIRST, kernels.SIZE), dtype=np.float32),
        surface_heads=np.zeros((surfaces, kernels.HEADS, 2), dtype=np.int64),
        surface_ratio=np.zeros((surfaces, kernels.HEADS), dtype=np.int32),
        gain=gain,
        choice=np.zeros((CHOICES_AT_FIRST, 2), dtype=np.int32),
        clip_key=np.zeros(TABLE_AT_FIRST, dtype=np.int64),
        clip_row=np.zeros((TABLE_AT_FIRST, 1), dtype=np.int32),
        viewer_key=np.zeros(TABLE_AT_FIRST, dtype=np.int64),
        viewer_row=np.zeros((TABLE_AT_FIRST, 1), dtype=np.int32),
        taste_key=np.zeros(TABLE_AT_FIRST, dtype=np.int64),
        taste=np.zeros((TABLE_AT_FIRST, 3), dtype=np.int32),
        seen_key=np.zeros(TABLE_AT_FIRST, dtype=np.int64),
        seen=np.zeros((TABLE_AT_FIRST, 1), dtype=np.int64),
        wish_key=np.zeros(TABLE_AT_FIRST, dtype=np.int64),
        wish=np.zeros((TABLE_AT_FIRST, 1), dtype=np.int32),
        **scratch(clips),
    )


def scratch(clips: int) -> dict[str, Any]:
    """The fields that hold nothing between two calls: SCRATCH."""
    return {
        "stamp": np.zeros(clips, dtype=np.int64),
        "place": np.zeros(clips, dtype=np.int32),
        "scratch": np.zeros((kernels.SCRATCHES, kernels.HEADS + 1), dtype=np.int64),
        "scratch_gains": np.zeros((kernels.HEADS, kernels.PARTS), dtype=np.float64),
        "scratch_code": np.zeros(kernels.SIZE, dtype=np.int16),
    }


def with_room(
    state: State,
    clips: int = 0,
    groups: int = 0,
    viewers: int = 0,
    tastes: int = 0,
    seen: int = 0,
    wishes: int = 0,
    choices: int = 0,
) -> State:
    """A state that holds so many more of each. Rows double; hash tables stay under two thirds full.

    What no longer counts goes first: where that makes room enough, nothing grows.
    """
    meta = state.meta
    if clips:
        state = _with_rows(state, BY_CLIP, int(meta[kernels.M_CLIPS]) + clips, state.clip.shape[0])
        state = _with_slots(state, "clip_key", int(meta[kernels.M_CLIPS]) + clips)
    if groups:
        state = _with_rows(state, BY_GROUP, int(meta[kernels.M_GROUPS]) + groups, state.group.shape[0])
    if viewers:
        needed = int(meta[kernels.M_VIEWERS]) + viewers
        if needed > state.viewer.shape[0]:
            state = without_forgotten(state)
            needed = int(meta[kernels.M_VIEWERS]) * 4 // 3 + viewers
        state = _with_rows(state, BY_VIEWER, needed, state.viewer.shape[0])
        state = _with_slots(state, "viewer_key", int(meta[kernels.M_VIEWERS]) + viewers)
    if tastes:
        state = _with_slots(state, "taste_key", int(meta[kernels.M_TASTES]) + tastes)
    if seen:
        state = _with_slots(state, "seen_key", int(meta[kernels.M_SEEN]) + seen)
    if choices:
        kept = min(int(meta[kernels.M_CHOICES]) + choices, kernels.CHOICES_KEPT)
        state = _with_rows(state, BY_CHOICE, kept, state.choice.shape[0])
    if wishes:
        state = _with_slots(state, "wish_key", int(meta[kernels.M_WISHES]) + wishes)
    return state


def without_spent(state: State, keys: str) -> State:
    """Drops what was seen so long ago that it may be shown again, or tastes that have faded: nothing hangs on them."""
    drop, _ = SPENT[keys]
    drop(state)
    table = getattr(state, keys)
    return _rebuilt(state, keys, table, getattr(state, HASHED[keys]), table.size)


def without_forgotten(state: State) -> State:
    """Drops the rows of viewers of whom nothing counts any more, moves the others together, and drops what is spent.
    Where nobody is to be dropped, nothing is done."""
    count = int(state.meta[kernels.M_VIEWERS])
    is_kept = ~_is_forgettable(state, count)
    if is_kept.all():
        return state
    for keys in SPENT:
        state = without_spent(state, keys)
    for keys in OF_VIEWERS:
        table = getattr(state, keys)
        is_kept[(table[table != 0] >> 32) - 1] = True
    is_kept &= state.viewer[:count, kernels.V_LIVE] != 0
    rows = np.flatnonzero(is_kept)
    moved = np.zeros(count + 1, dtype=np.int64)
    """By row plus one, as it is in keys; 0 is none."""
    moved[rows + 1] = np.arange(rows.size) + 1
    for name in BY_VIEWER:
        array = getattr(state, name)
        array[: rows.size] = array[rows]
        array[rows.size : count] = 0
    state.meta[kernels.M_VIEWERS] = rows.size
    is_met = state.viewer_key != 0
    state.viewer_row[is_met] = moved[state.viewer_row[is_met] + 1] - 1
    table = np.where(state.viewer_row[:, 0] == kernels.NONE, 0, state.viewer_key)
    state = _rebuilt(state, "viewer_key", table, state.viewer_row, table.size)
    for keys in OF_VIEWERS:
        table = getattr(state, keys)
        table = moved[table >> 32] << 32 | table & (1 << 32) - 1
        state = _rebuilt(state, keys, table, getattr(state, HASHED[keys]), table.size)
    chosen = state.choice[: int(state.meta[kernels.M_CHOICES])]
    chosen[:, 0] = moved[chosen[:, 0] + 1] - 1
    return state


def _is_forgettable(state: State, count: int) -> npt.NDArray[np.bool_]:
    """bool[count]: not met for long, or never seen to do anything; as far as the row itself tells."""
    viewer = state.viewer[:count]
    is_gone = state.meta[kernels.M_NOW] - viewer[:, kernels.V_MET_MIN] > kernels.FORGOTTEN_MIN
    has_told = viewer[:, kernels.V_SEQUENCE : kernels.V_MET_MIN].any(axis=1)
    has_told |= state.viewer_heads[:count].any(axis=(1, 2)) | state.viewer_vector[:count].any(axis=1)
    is_forgettable: npt.NDArray[np.bool_] = (is_gone | ~has_told) & (viewer[:, kernels.V_UNPROFILED] == 0)
    return is_forgettable


def wishes_of(state: State, row: int) -> list[tuple[int, int]]:
    """Group and level of what a viewer asked for, by group."""
    mine = state.wish_key >> 32 == row + 1
    groups = state.wish_key[mine] & (1 << 32) - 1
    return sorted(zip(groups.tolist(), state.wish[mine, 0].tolist(), strict=True))


def without_viewer(state: State, row: int) -> State:
    """Drops a viewer's row, tastes, seen clips and wishes."""
    for keys, count in OF_VIEWERS.items():
        table = getattr(state, keys)
        values = getattr(state, HASHED[keys])
        mine = table >> 32 == row + 1
        if mine.any():
            state.meta[count] -= int(mine.sum())
            state = _rebuilt(state, keys, np.where(mine, 0, table), values, table.size)
    mine = (state.viewer_row[:, 0] == row) & (state.viewer_key != 0)
    state = _rebuilt(state, "viewer_key", np.where(mine, 0, state.viewer_key), state.viewer_row, state.viewer_key.size)
    for name in BY_VIEWER:
        getattr(state, name)[row] = 0
    kept = state.choice[: int(state.meta[kernels.M_CHOICES])]
    kept[kept[:, 0] == row] = kernels.NONE
    return state


def _with_rows(state: State, fields: dict[str, int], needed: int, capacity: int) -> State:
    if needed <= capacity:
        return state
    while capacity < needed:
        capacity *= 2
    grown = {}
    for name, per_row in fields.items():
        old = getattr(state, name)
        grown[name] = np.zeros((capacity * per_row, *old.shape[1:]), dtype=old.dtype)
        grown[name][: old.shape[0]] = old
    return state._replace(**grown)


def _with_slots(state: State, keys: str, needed: int) -> State:
    table = getattr(state, keys)
    size = table.size
    if needed * 3 <= size * 2:
        return state
    if keys in SPENT:
        _, count = SPENT[keys]
        dropped = int(state.meta[count])
        state = without_spent(state, keys)
        dropped -= int(state.meta[count])
        if (needed - dropped) * 2 <= size:
            return state
        table = getattr(state, keys)
    while needed * 3 > size * 2:
        size *= 2
    return _rebuilt(state, keys, table, getattr(state, HASHED[keys]), size)


def _rebuilt(state: State, keys: str, table: npt.NDArray[np.int64], values: npt.NDArray[np.int64], size: int) -> State:
    new_table = np.zeros(size, dtype=np.int64)
    new_values = np.zeros((size, values.shape[1]), dtype=values.dtype)
    kernels.rehash(table, values, new_table, new_values)
    return state._replace(**{keys: new_table, HASHED[keys]: new_values})
