"""The inner loops, compiled by numba, and the layout of the arrays they share.

Everything that ranks is integer arithmetic, or single float64 operations that IEEE 754 rounds correctly
(square root, division): the result is the same on every machine. ONE stands for 1.0.

One file on purpose: numba's cache knows a function by the file it stands in, so a constant or a callee in
another file could change without the cached code noticing.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit, types

ONE = 1 << 20
NONE = -1
LEVELS = 64
NEAR = 48
RECENT = 16
FAVOURITES = 16
MAX_GROUPS = 12
NEVER_AGAIN = (1 << 63) - 1
UNWATCHED, LIKED = 1 << 31, 1 << 30
MINUTES = LIKED - 1

# meta
M_CLIPS, M_LIVE, M_GROUPS, M_VIEWERS, M_TASTES, M_SEEN, M_UNPROVEN, M_CHAIN, M_APPLIED, M_IGNORED, META = range(11)

# clip columns; groups follow from C_GROUP on: everything, author, length, then tags
C_ID, C_AUTHOR, C_SOUND, C_DURATION_MS, C_PUBLISHED_MIN, C_LIVE, C_SHOWN, C_N, C_VALUE = range(9)
C_LEVEL, C_UNPROVEN, C_OUT, C_IN, C_AUTHOR_ID, C_GROUPS, C_GROUP = range(9, 16)
CLIP_COLUMNS = C_GROUP + MAX_GROUPS
FIRST_TAG = 3

# group columns
G_N, G_VALUE, G_KIND, G_SIZE, GROUP_COLUMNS = range(5)
KIND_ALL, KIND_AUTHOR, KIND_LENGTH, KIND_TAG = range(4)

# viewer columns
V_ID, V_LIVE, V_N, V_BIAS, V_SEQUENCE, V_RECENT_AT = range(6)
V_RECENT = 6
V_FAVOURITE = V_RECENT + RECENT
V_FAVOURITE_VALUE = V_FAVOURITE + FAVOURITES
VIEWER_COLUMNS = V_FAVOURITE_VALUE + FAVOURITES

# watch columns
W_VIEWER, W_CLIP, W_AT_US, W_WATCHED_MS, W_COMPLETIONS, W_SKIPPED, W_LIKED, W_NOT_INTERESTED, WATCH_COLUMNS = range(9)

# weights, in the order of weights.Weights
(
    P_QUALITY_PRIOR,
    P_AUTHOR_PRIOR,
    P_TAG_PRIOR,
    P_LENGTH_PRIOR,
    P_START,
    P_TASTE_DOUBT,
    P_TAG_GAIN,
    P_AUTHOR_GAIN,
    P_LENGTH_GAIN,
    P_NEAR_GAIN,
    P_NEAR_PRIOR,
    P_EXPLORE_GAIN,
    P_FOLLOW,
    P_FRESH,
    P_FRESH_MIN,
    P_TASTE_HALF_MIN,
    P_SEEN_CLIPS,
    P_SEEN_MIN,
    P_UNWATCHED_MIN,
    P_UNPROVEN_BELOW,
    P_QUICK_SKIP,
    P_NOT_INTERESTED,
    P_LIKE,
    P_REWATCH,
    P_RANDOM_PER_65536,
    WEIGHTS,
) = range(26)

# terms of a score
T_QUALITY, T_TRYING, T_TAGS, T_AUTHOR, T_LENGTH, T_NEAR, T_FOLLOW, T_FRESH, TERMS = range(9)

# bits of provenance are 1 << Source
TRANSITION, TAG, AUTHOR, FOLLOW, FRESH, POPULAR, RANDOM = 2, 4, 8, 16, 32, 64, 128
RANKED, TRIED, DRAWN = range(3)

# gathering
NEWEST = 64
SAMPLE = 24
OFFERS = 12 * RECENT + NEWEST + 2 * SAMPLE
FOLLOWS_WALKED = 48
WALKS = FAVOURITES + FOLLOWS_WALKED + 2
FIRST_STEPS = 512
LITTLE = 64


def _halvings() -> np.ndarray[Any, np.dtype[np.int64]]:
    """2 ** (-i / 64) in 2 ** 30ths, by integer square roots only, so that no libm is trusted."""
    roots = []
    root = 1 << 119
    for _ in range(6):
        root = math.isqrt(root << 120)
        roots.append(root)
    out = []
    for i in range(64):
        value = 1 << 120
        for bit in range(6):
            if i >> (5 - bit) & 1:
                value = value * roots[bit] >> 120
        out.append(value >> 90)
    return np.array(out, dtype=np.int64)


HALVINGS = _halvings()


class State(NamedTuple):
    """Every array of the learner. Rows of clips, groups and viewers are dense and never reused."""

    meta: Any
    weights: Any
    clip: Any
    """int64[clips, CLIP_COLUMNS]"""
    after: Any
    """int32[clips * MAX_GROUPS]: the next node (plus one) of a group's level; a node is row * MAX_GROUPS + slot"""
    before: Any
    near: Any
    """int32[clips, NEAR, 2]: (row plus one, weight) of the clips that follow, heaviest first"""
    unproven: Any
    """int32[clips]: rows of the clips that few have been shown, in no order"""
    group: Any
    """int64[groups, GROUP_COLUMNS]"""
    head: Any
    """int32[groups, LEVELS]: first node (plus one) of each level of the posterior"""
    viewer: Any
    clip_key: Any
    clip_row: Any
    viewer_key: Any
    viewer_row: Any
    taste_key: Any
    """int64: (viewer row plus one) << 32 | group row"""
    taste: Any
    """int32[:, 3]: sum of surprises (2 ** 10 is 1.0), their weight (2 ** 10 is one watch), minute of the last"""
    seen_key: Any
    """int64: (viewer row plus one) << 32 | clip row"""
    seen: Any
    """int64: the viewer's sequence number << 32 | LIKED where a like was told | minute of the watch; without a watch
    UNWATCHED | LIKED | minute at which it was handed out; or NEVER_AGAIN"""
    stamp: Any
    place: Any


def _field_types() -> tuple[Any, ...]:
    long, short = types.int64[::1], types.int32[::1]
    long2, short2, short3 = types.int64[:, ::1], types.int32[:, ::1], types.int32[:, :, ::1]
    wide = {"clip": long2, "near": short3, "group": long2, "head": short2, "viewer": long2, "clip_row": short2}
    wide |= {"viewer_row": short2, "taste": short2, "seen": long2}
    thin = dict.fromkeys(("after", "before", "unproven", "place"), short)
    return tuple((wide | thin).get(name, long) for name in State._fields)


NAMES = {"S": types.NamedTuple(_field_types(), State), "void": types.void}  # type: ignore[no-untyped-call]
NAMES |= {
    "b1": types.boolean,
    "u1": types.uint8,
    "u8": types.uint64,
    "i4": types.int32,
    "i8": types.int64,
    "f8": types.float64,
}


def compiled(*signatures: str, inner: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """njit for these signatures only, cached on disk where there is somewhere to put it.

    `inner` functions are called by others only: without the way in from Python they compile in a quarter of the time.
    """
    resolved = [eval(signature, {"__builtins__": {}}, NAMES) for signature in signatures]
    options: Any = {"error_model": "numpy", "no_cpython_wrapper": inner, "no_cfunc_wrapper": inner}

    def compile_now(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return njit(resolved, cache=True, **options)(function)
        except RuntimeError:  # numba: "cannot cache function: no locator available"
            return njit(resolved, **options)(function)

    return compile_now


@compiled("u8(u8)", inner=True)
def mix(x):  # type: ignore[no-untyped-def]
    """splitmix64's finaliser (Steele, Lea, Flood 2014): uint64 to uint64."""
    x = np.uint64(x) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@compiled("i8(u8,i8,i8)", inner=True)
def draw_below(seed, counter, n):  # type: ignore[no-untyped-def]
    """The counter-th draw of a seed, uniform in [0, n) up to one part in 2 ** 32 / n."""
    x = mix(mix(np.uint64(seed)) ^ np.uint64(counter))
    return np.int64(((x >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@compiled("void(S,i8,i8,i8,i8,i8)")
def chain(state, kind, a, b, c, d):  # type: ignore[no-untyped-def]
    """Extends the running hash by one applied event."""
    x = np.uint64(state.meta[M_CHAIN])
    x = mix(x ^ np.uint64(kind))
    x = mix(x ^ np.uint64(a))
    x = mix(x ^ np.uint64(b))
    x = mix(x ^ np.uint64(c))
    x = mix(x ^ np.uint64(d))
    state.meta[M_CHAIN] = np.int64(x)


@compiled("i8(i8[::1],i8)", inner=True)
def slot_of(keys, key):  # type: ignore[no-untyped-def]
    """Where `key` stands, or the empty slot (0) where it would. The size is a power of two and never full."""
    mask = keys.size - 1
    i = np.int64(mix(np.uint64(key)) & np.uint64(mask))
    while keys[i] != 0 and keys[i] != key:
        i = (i + 1) & mask
    return i


@compiled("void(i8[::1],i4[:,::1],i8[::1],i4[:,::1])", "void(i8[::1],i8[:,::1],i8[::1],i8[:,::1])")
def rehash(keys, values, new_keys, new_values):  # type: ignore[no-untyped-def]
    """Moves every entry; values are rows of a 2-dimensional array."""
    for i in range(keys.size):
        if keys[i] != 0:
            j = slot_of(new_keys, keys[i])
            new_keys[j] = keys[i]
            for k in range(values.shape[1]):
                new_values[j, k] = values[i, k]


@compiled("void(S,i8,i8,i8)", inner=True)
def link(state, row, slot, level):  # type: ignore[no-untyped-def]
    node = row * MAX_GROUPS + slot
    group = state.clip[row, C_GROUP + slot]
    first = state.head[group, level]
    state.after[node] = first
    state.before[node] = 0
    if first:
        state.before[first - 1] = node + 1
    state.head[group, level] = node + 1


@compiled("void(S,i8,i8,i8)", inner=True)
def unlink(state, row, slot, level):  # type: ignore[no-untyped-def]
    node = row * MAX_GROUPS + slot
    following, preceding = state.after[node], state.before[node]
    if following:
        state.before[following - 1] = preceding
    if preceding:
        state.after[preceding - 1] = following
    else:
        state.head[state.clip[row, C_GROUP + slot], level] = following
    state.after[node] = 0
    state.before[node] = 0


@compiled("b1(i8)", inner=True)
def is_levelled(slot):  # type: ignore[no-untyped-def]
    """Authors' and lengths' lists are newest first; the others are by level."""
    return slot == 0 or slot >= FIRST_TAG


@compiled("i8(S,i8)", inner=True)
def prior(state, row):  # type: ignore[no-untyped-def]
    """Expected value before anybody has watched: everything's mean, moved by what author, length and tags add to it."""
    weights, group, clip = state.weights, state.group, state.clip
    mean = (group[0, G_VALUE] + weights[P_START] * 16) // (group[0, G_N] + 16)
    author, length = clip[row, C_GROUP + 1], clip[row, C_GROUP + 2]
    total = mean
    total += (group[author, G_VALUE] - mean * group[author, G_N]) // (group[author, G_N] + weights[P_AUTHOR_PRIOR])
    total += (group[length, G_VALUE] - mean * group[length, G_N]) // (group[length, G_N] + weights[P_LENGTH_PRIOR])
    tags = clip[row, C_GROUPS] - FIRST_TAG
    if tags > 0:
        added = 0
        for slot in range(FIRST_TAG, clip[row, C_GROUPS]):
            tag = clip[row, C_GROUP + slot]
            added += (group[tag, G_VALUE] - mean * group[tag, G_N]) // (group[tag, G_N] + weights[P_TAG_PRIOR])
        total += added // tags
    return min(max(total, -ONE // 2), ONE * 5 // 4)


@compiled("i8(S,i8)", inner=True)
def posterior(state, row):  # type: ignore[no-untyped-def]
    strength = state.weights[P_QUALITY_PRIOR]
    return (state.clip[row, C_VALUE] + strength * prior(state, row)) // (state.clip[row, C_N] + strength)


@compiled("i8(i8)", inner=True)
def level_of(quality):  # type: ignore[no-untyped-def]
    """Levels cover values from -0.25 to 1.25."""
    return min(max((quality + ONE // 4) * LEVELS * 2 // (3 * ONE), 0), LEVELS - 1)


@compiled("void(S,i8)", inner=True)
def relevel(state, row):  # type: ignore[no-untyped-def]
    level = level_of(posterior(state, row))
    old = state.clip[row, C_LEVEL]
    if level == old:
        return
    for slot in range(state.clip[row, C_GROUPS]):
        if is_levelled(slot):
            unlink(state, row, slot, old)
            link(state, row, slot, level)
    state.clip[row, C_LEVEL] = level


@compiled("void(S,i8)", inner=True)
def enlist(state, row):  # type: ignore[no-untyped-def]
    """Puts a clip into the lists of its groups and, while few have been shown it, among the unproven."""
    level = level_of(posterior(state, row))
    state.clip[row, C_LEVEL] = level
    for slot in range(state.clip[row, C_GROUPS]):
        link(state, row, slot, level if is_levelled(slot) else 0)
        state.group[state.clip[row, C_GROUP + slot], G_SIZE] += 1
    if max(state.clip[row, C_SHOWN], state.clip[row, C_N]) < state.weights[P_UNPROVEN_BELOW]:
        state.unproven[state.meta[M_UNPROVEN]] = row
        state.meta[M_UNPROVEN] += 1
        state.clip[row, C_UNPROVEN] = state.meta[M_UNPROVEN]
    state.clip[row, C_LIVE] = 1
    state.meta[M_LIVE] += 1


@compiled("void(S,i8)", inner=True)
def prove(state, row):  # type: ignore[no-untyped-def]
    """Takes a clip from among the unproven; the last of them takes its place."""
    at = state.clip[row, C_UNPROVEN] - 1
    if at < 0:
        return
    state.meta[M_UNPROVEN] -= 1
    last = state.unproven[state.meta[M_UNPROVEN]]
    state.unproven[at] = last
    state.clip[last, C_UNPROVEN] = at + 1
    state.clip[row, C_UNPROVEN] = 0


@compiled("void(S,i8)")
def delist(state, row):  # type: ignore[no-untyped-def]
    for slot in range(state.clip[row, C_GROUPS]):
        unlink(state, row, slot, state.clip[row, C_LEVEL] if is_levelled(slot) else 0)
        state.group[state.clip[row, C_GROUP + slot], G_SIZE] -= 1
    prove(state, row)
    state.clip[row, C_LIVE] = 0
    state.meta[M_LIVE] -= 1


@compiled("void(S,i8,i8[::1])")
def put_row(state, row, item):  # type: ignore[no-untyped-def]
    """Writes a clip's row (the columns as in `clip`) and enlists it."""
    for column in range(CLIP_COLUMNS):
        state.clip[row, column] = item[column]
    slot = slot_of(state.clip_key, item[C_ID] + 1)
    state.clip_key[slot] = item[C_ID] + 1
    state.clip_row[slot, 0] = row
    enlist(state, row)


@compiled("i8(S,i8)")
def find_viewer(state, viewer_id):  # type: ignore[no-untyped-def]
    slot = slot_of(state.viewer_key, viewer_id + 1)
    return np.int64(state.viewer_row[slot, 0]) if state.viewer_key[slot] != 0 else np.int64(NONE)


@compiled("i8(S,i8)")
def find_clip(state, clip_id):  # type: ignore[no-untyped-def]
    slot = slot_of(state.clip_key, clip_id + 1)
    return np.int64(state.clip_row[slot, 0]) if state.clip_key[slot] != 0 else np.int64(NONE)


@compiled("i8(S,i8)", inner=True)
def meet_viewer(state, viewer_id):  # type: ignore[no-untyped-def]
    slot = slot_of(state.viewer_key, viewer_id + 1)
    if state.viewer_key[slot] != 0:
        return np.int64(state.viewer_row[slot, 0])
    row = state.meta[M_VIEWERS]
    state.meta[M_VIEWERS] += 1
    state.viewer_key[slot] = viewer_id + 1
    state.viewer_row[slot, 0] = row
    state.viewer[row, V_ID] = viewer_id
    state.viewer[row, V_LIVE] = 1
    return row


@compiled("b1(S,i8,i8,i8,b1)", inner=True)
def is_recently_seen(state, viewer, value, minute, again):  # type: ignore[no-untyped-def]
    """`again`: what was only handed out counts as not seen."""
    if value == NEVER_AGAIN:
        return True
    age_min = minute - (value & MINUTES)
    if value & UNWATCHED:
        return not again and age_min < state.weights[P_UNWATCHED_MIN]
    if state.viewer[viewer, V_SEQUENCE] - (value >> 32) >= state.weights[P_SEEN_CLIPS]:
        return False
    return age_min < state.weights[P_SEEN_MIN]


@compiled("b1(S,i8,i8,i8,b1)", inner=True)
def is_barred(state, viewer, row, minute, again):  # type: ignore[no-untyped-def]
    """Seen inside the window, or not wanted."""
    if viewer < 0:
        return False
    key = (viewer + 1) << 32 | row
    slot = slot_of(state.seen_key, key)
    return state.seen_key[slot] != 0 and is_recently_seen(state, viewer, state.seen[slot, 0], minute, again)


@compiled("void(S,i8,i8[::1],i8,b1,i8[::1])")
def mark_barred(state, viewer_id, clip_ids, minute, again, marks):  # type: ignore[no-untyped-def]
    """Marks of the clips for this viewer: 1 barred, 0 not, -1 for one that is unknown here."""
    viewer = find_viewer(state, viewer_id)
    for i in range(clip_ids.size):
        row = find_clip(state, clip_ids[i])
        marks[i] = -1 if row < 0 else np.int64(is_barred(state, viewer, row, minute, again))


@compiled("void(S,i8,i8,i8)", inner=True)
def note_handed_out(state, viewer, row, minute):  # type: ignore[no-untyped-def]
    """A clip was put on a page: not seen yet, and not to be put on the next one."""
    key = (viewer + 1) << 32 | row
    slot = slot_of(state.seen_key, key)
    if state.seen_key[slot] == 0:
        state.seen_key[slot] = key
        state.meta[M_SEEN] += 1
    elif is_recently_seen(state, viewer, state.seen[slot, 0], minute, True):
        return
    state.seen[slot, 0] = UNWATCHED | state.seen[slot, 0] & LIKED | minute


@compiled("b1(S,i8,i8,i8,i8[::1])", inner=True)
def note_watched(state, viewer, row, minute, watch):  # type: ignore[no-untyped-def]
    """Whether it counts for everybody: a viewer's first watch of a clip inside the window, first like and refusal.

    However often one viewer tells of one clip, the clip gains no more by it.
    """
    key = (viewer + 1) << 32 | row
    slot = slot_of(state.seen_key, key)
    value = state.seen[slot, 0]
    if state.seen_key[slot] == 0:
        state.seen_key[slot] = key
        state.meta[M_SEEN] += 1
        value = np.int64(UNWATCHED | minute)
    if value == NEVER_AGAIN:
        return False
    if watch[W_NOT_INTERESTED]:
        state.seen[slot, 0] = NEVER_AGAIN
        return True
    is_first_like = watch[W_LIKED] != 0 and value & LIKED == 0
    if is_first_like:
        value |= LIKED
    is_watch = watch[W_WATCHED_MS] > 0 or watch[W_COMPLETIONS] > 0 or watch[W_SKIPPED] != 0
    is_first_watch = is_watch and not is_recently_seen(state, viewer, value, minute, True)
    if is_first_watch:
        state.viewer[viewer, V_SEQUENCE] += 1
        value = state.viewer[viewer, V_SEQUENCE] << 32 | value & LIKED | minute
    state.seen[slot, 0] = value
    return is_first_like or is_first_watch


@compiled("i8(i8[::1],i8,i8,i8,i8,i8,i8)", inner=True)
def grade(weights, duration_ms, watched_ms, completions, skipped, liked, not_interested):  # type: ignore[no-untyped-def]
    """What a watch was worth: 1.0 for a clip seen to its end, up to 0.5 for a part of it."""
    if not_interested:
        return weights[P_NOT_INTERESTED]
    value = ONE // 2 * min(watched_ms, duration_ms) // max(duration_ms, 1)
    if completions > 0:
        value = ONE
    elif skipped and watched_ms < 3000 and watched_ms * 4 < duration_ms:
        value = weights[P_QUICK_SKIP]
    if completions > 1:
        value += weights[P_REWATCH]
    if liked:
        value += weights[P_LIKE]
    return value


@compiled("i8(i8,i8)", inner=True)
def fading(minutes, half_min):  # type: ignore[no-untyped-def]
    """2 ** (-minutes / half_min) in 2 ** 30ths."""
    steps = max(minutes, 0) * 64 // half_min
    return HALVINGS[steps & 63] >> min(steps >> 6, 62)


@compiled("i8(S,i8,i8,i8)", inner=True)
def taste_of(state, viewer, group, minute):  # type: ignore[no-untyped-def]
    """How much more this group's clips are worth to a viewer than expected.

    The mean surprise r / (w + 1), believed as far as the sum of surprises exceeds chance: r^2 / (r^2 + w * doubt),
    a shrinkage after James and Stein (1961). r: sum of surprises, w: watches, both fading.
    """
    key = (viewer + 1) << 32 | group
    slot = slot_of(state.taste_key, key)
    if state.taste_key[slot] == 0:
        return np.int64(0)
    fade = fading(minute - state.taste[slot, 2], state.weights[P_TASTE_HALF_MIN])
    surprise = (np.int64(state.taste[slot, 0]) * fade) >> 30
    weight = (np.int64(state.taste[slot, 1]) * fade) >> 30
    surprise = min(max(surprise, -ONE), ONE)
    square = surprise * surprise >> 10
    doubt = weight * state.weights[P_TASTE_DOUBT] >> 10
    return (surprise << 20) // (weight + 1024) * square // (square + doubt + 1)


@compiled("void(S,i8,i8,i8,i8,i8)", inner=True)
def add_taste(state, viewer, group, surprise, weight, minute):  # type: ignore[no-untyped-def]
    """surprise and weight in 2 ** 10ths."""
    key = (viewer + 1) << 32 | group
    slot = slot_of(state.taste_key, key)
    if state.taste_key[slot] == 0:
        state.taste_key[slot] = key
        state.taste[slot, 2] = minute
        state.meta[M_TASTES] += 1
    fade = fading(minute - state.taste[slot, 2], state.weights[P_TASTE_HALF_MIN])
    state.taste[slot, 0] = ((np.int64(state.taste[slot, 0]) * fade) >> 30) + surprise
    state.taste[slot, 1] = ((np.int64(state.taste[slot, 1]) * fade) >> 30) + weight
    state.taste[slot, 2] = minute


@compiled("void(S,i8,i8,i8)", inner=True)
def note_favourite(state, viewer, group, value):  # type: ignore[no-untyped-def]
    """Keeps the groups that a viewer is fondest of, with their value when last learned."""
    row = state.viewer[viewer]
    least = 0
    for i in range(FAVOURITES):
        if row[V_FAVOURITE + i] == group + 1:
            if value > 0:
                row[V_FAVOURITE_VALUE + i] = value
            else:
                row[V_FAVOURITE + i] = 0
                row[V_FAVOURITE_VALUE + i] = 0
            return
        if row[V_FAVOURITE_VALUE + i] < row[V_FAVOURITE_VALUE + least]:
            least = i
    if value > row[V_FAVOURITE_VALUE + least]:
        row[V_FAVOURITE + least] = group + 1
        row[V_FAVOURITE_VALUE + least] = value


@compiled("void(S,i8,i8,i8)", inner=True)
def add_near(state, a, b, weight):  # type: ignore[no-untyped-def]
    """b followed a. Neighbours stay sorted, heaviest first; a newcomer wears the lightest down first."""
    near = state.near[a]
    state.clip[a, C_OUT] += weight
    state.clip[b, C_IN] += weight
    i = 0
    while i < NEAR and near[i, 0] != b + 1 and near[i, 0] != 0:
        i += 1
    if i == NEAR:
        i -= 1
        if near[i, 1] > weight:
            near[i, 1] -= weight
            return
        near[i, 0] = b + 1
        near[i, 1] = weight
    else:
        near[i, 0] = b + 1
        near[i, 1] += weight
    while i > 0 and near[i - 1, 1] < near[i, 1]:
        for k in range(2):
            near[i - 1, k], near[i, k] = near[i, k], near[i - 1, k]
        i -= 1


@compiled("void(S,i8,i8)", inner=True)
def note_good(state, viewer, row):  # type: ignore[no-untyped-def]
    """A good watch follows each of the last good ones: 1/g to the pair with the g-th previous, both ways round."""
    record = state.viewer[viewer]
    at = record[V_RECENT_AT]
    for g in range(1, RECENT + 1):
        a = record[V_RECENT + (at - g) % RECENT] - 1
        if a < 0:
            break
        if a == row:
            continue
        add_near(state, a, row, 256 // g)
        add_near(state, row, a, 256 // g)
    record[V_RECENT + at % RECENT] = row + 1
    record[V_RECENT_AT] = (at + 1) % RECENT


@compiled("void(S,i8,i8)", inner=True)
def count_watch(state, row, value):  # type: ignore[no-untyped-def]
    """Adds a watch to what is known of the clip and its groups."""
    clip = state.clip[row]
    for slot in range(clip[C_GROUPS]):
        state.group[clip[C_GROUP + slot], G_N] += 1
        state.group[clip[C_GROUP + slot], G_VALUE] += value
    clip[C_N] += 1
    clip[C_VALUE] += value
    if clip[C_LIVE]:
        if clip[C_UNPROVEN] and clip[C_N] >= state.weights[P_UNPROVEN_BELOW]:
            prove(state, row)
        relevel(state, row)


@compiled("void(S,i8[:,::1])")
def learn_watches(state, watches):  # type: ignore[no-untyped-def]
    """Applies watches in order; those of unknown clips are counted and left. The caller has made room."""
    weights, meta = state.weights, state.meta
    for w in range(watches.shape[0]):
        watch = watches[w]
        row = find_clip(state, watch[W_CLIP])
        if row < 0:
            meta[M_IGNORED] += 1
            continue
        viewer = meet_viewer(state, watch[W_VIEWER])
        clip, record = state.clip[row], state.viewer[viewer]
        minute = watch[W_AT_US] // 60_000_000
        value = grade(
            weights,
            clip[C_DURATION_MS],
            watch[W_WATCHED_MS],
            watch[W_COMPLETIONS],
            watch[W_SKIPPED],
            watch[W_LIKED],
            watch[W_NOT_INTERESTED],
        )
        refused = watch[W_NOT_INTERESTED] != 0
        surprise = (value - posterior(state, row)) >> 10
        bias = record[V_BIAS] * 1024 // (record[V_N] + 5 * 1024)
        weight = 2048 if refused else 1024
        felt = (surprise - bias) * weight >> 10
        for slot in range(1, clip[C_GROUPS]):
            group = clip[C_GROUP + slot]
            add_taste(state, viewer, group, felt, weight, minute)
            if slot != 2:
                note_favourite(state, viewer, group, taste_of(state, viewer, group, minute))
        record[V_BIAS] += surprise
        record[V_N] += 1024
        if record[V_N] >= 256 * 1024:
            record[V_BIAS] >>= 1
            record[V_N] >>= 1
        if note_watched(state, viewer, row, minute, watch):
            count_watch(state, row, value)
            if not refused and (
                watch[W_COMPLETIONS] > 0 or watch[W_LIKED] or watch[W_WATCHED_MS] * 5 >= clip[C_DURATION_MS] * 4
            ):
                note_good(state, viewer, row)
        meta[M_APPLIED] += 1
        flags = watch[W_COMPLETIONS] << 3 | watch[W_SKIPPED] << 2 | watch[W_LIKED] << 1 | watch[W_NOT_INTERESTED]
        chain(state, watch[W_VIEWER], watch[W_CLIP], watch[W_AT_US], watch[W_WATCHED_MS], flags)


@compiled("void(S,i8,i8[::1],i8)")
def note_shown(state, viewer_id, clip_ids, minute):  # type: ignore[no-untyped-def]
    viewer = meet_viewer(state, viewer_id)
    for i in range(clip_ids.size):
        row = find_clip(state, clip_ids[i])
        if row < 0:
            state.meta[M_IGNORED] += 1
            continue
        state.clip[row, C_SHOWN] += 1
        if state.clip[row, C_UNPROVEN] and state.clip[row, C_SHOWN] >= state.weights[P_UNPROVEN_BELOW]:
            prove(state, row)
        note_handed_out(state, viewer, row, minute)
        chain(state, 2, viewer_id, clip_ids[i], minute, 0)


@compiled("i8(S,i8,i8,i8,b1,i8,i8,i8,i8,i8[::1],i8[::1])", inner=True)
def add_candidate(state, viewer, row, minute, again, source, page, limit, n, rows, sources):  # type: ignore[no-untyped-def]
    """Adds a row, or one more source to a row that is in already. Gives the new count."""
    if state.stamp[row] == page:
        if state.place[row] >= 0:
            sources[state.place[row]] |= source
        return n
    if n >= limit or state.clip[row, C_LIVE] == 0 or is_barred(state, viewer, row, minute, again):
        return n
    state.stamp[row] = page
    state.place[row] = n
    rows[n] = row
    sources[n] = source
    return n + 1


@compiled("i8(S,i8,i8,i8,b1,i8,i8,i8,i8,i8,i8[::1],i8[::1])", inner=True)
def walk_group(state, viewer, group, minute, again, source, page, limit, steps, n, rows, sources):  # type: ignore[no-untyped-def]
    """Adds a group's clips, best level first, until `limit` candidates or `steps` looked at."""
    for level in range(LEVELS - 1, -1, -1):
        node = state.head[group, level]
        while node:
            if n >= limit or steps <= 0:
                return n
            steps -= 1
            row = (node - 1) // MAX_GROUPS
            n = add_candidate(state, viewer, row, minute, again, source, page, limit, n, rows, sources)
            node = state.after[node - 1]
    return n


@compiled("i8(S,i8,u8,i8,i8[:,::1])", inner=True)
def plan_offers(state, viewer, seed, count, offers):  # type: ignore[no-untyped-def]
    """Single rows to offer, as (row, source, limit): what goes with the last good clips, the newest, samples."""
    meta = state.meta
    n = 0
    if viewer >= 0:
        record = state.viewer[viewer]
        for k in range(12):
            for g in range(1, RECENT + 1):
                a = record[V_RECENT + (record[V_RECENT_AT] - g) % RECENT] - 1
                b = np.int64(state.near[a, k, 0]) - 1 if a >= 0 else NONE
                if b >= 0:
                    offers[n, 0], offers[n, 1], offers[n, 2] = b, TRANSITION, count * 2 // 5
                    n += 1
    for i in range(min(meta[M_CLIPS], NEWEST)):
        offers[n, 0], offers[n, 1], offers[n, 2] = meta[M_CLIPS] - 1 - i, FRESH, count // 2
        n += 1
    for i in range(SAMPLE if meta[M_UNPROVEN] else 0):
        row = np.int64(state.unproven[draw_below(seed, 100 + i, meta[M_UNPROVEN])])
        offers[n, 0], offers[n, 1], offers[n, 2] = row, FRESH, count
        n += 1
    for i in range(SAMPLE if meta[M_CLIPS] else 0):
        offers[n, 0], offers[n, 1], offers[n, 2] = draw_below(seed, 200 + i, meta[M_CLIPS]), RANDOM, count
        n += 1
    return n


@compiled("i8(S,i8,u8,i8,i8[::1],i8[:,::1])", inner=True)
def plan_walks(state, viewer, seed, count, follows, walks):  # type: ignore[no-untyped-def]
    """Groups to walk, as (group, source, quota, steps): favourites, followed authors, everything."""
    n = 0
    for i in range(FAVOURITES if viewer >= 0 else 0):
        group = state.viewer[viewer, V_FAVOURITE + i] - 1
        if group >= 0:
            walks[n, 0], walks[n, 2], walks[n, 3] = group, max(count // 24, 4), 96
            walks[n, 1] = TAG if state.group[group, G_KIND] == KIND_TAG else AUTHOR
            n += 1
    start = draw_below(seed, 1, follows.size) if follows.size else 0
    for i in range(min(follows.size, FOLLOWS_WALKED)):
        walks[n, 0], walks[n, 1], walks[n, 2], walks[n, 3] = follows[(start + i) % follows.size], FOLLOW, 3, 16
        n += 1
    walks[n, 0], walks[n, 1], walks[n, 2], walks[n, 3] = 0, POPULAR, count, FIRST_STEPS
    n += 1
    walks[n, 0], walks[n, 1], walks[n, 2] = 0, POPULAR, count
    walks[n, 3] = 2 * (state.weights[P_SEEN_CLIPS] + count)
    return n + 1


@compiled("void(S,i8,i8,i8,i8[::1])", inner=True)
def fill_near(state, viewer, page, n, near):  # type: ignore[no-untyped-def]
    """near[candidate]: how often it goes with the viewer's last good clips, as a cosine, the latest weighing most."""
    for i in range(n):
        near[i] = 0
    if viewer < 0:
        return
    record = state.viewer[viewer]
    shrink = state.weights[P_NEAR_PRIOR]
    for g in range(RECENT):
        a = record[V_RECENT + (record[V_RECENT_AT] - 1 - g) % RECENT] - 1
        if a < 0:
            return
        out = math.sqrt(np.float64(state.clip[a, C_OUT] + shrink))
        for k in range(NEAR):
            b = np.int64(state.near[a, k, 0]) - 1
            if b < 0:
                break
            if state.stamp[b] == page and state.place[b] >= 0:
                into = math.sqrt(np.float64(state.clip[b, C_IN] + shrink))
                share = np.int64(np.float64(state.near[a, k, 1]) * ONE / (out * into))
                near[state.place[b]] += share * 4 // (4 + g)


@compiled("void(S,i8,i8,i8[::1],i8[::1])")
def consider_rows(state, viewer_id, page, rows, near):  # type: ignore[no-untyped-def]
    """As gather_rows for rows that are given."""
    for i in range(rows.size):
        state.stamp[rows[i]] = page
        state.place[rows[i]] = i
    fill_near(state, find_viewer(state, viewer_id), page, rows.size, near)


@compiled("i8(S,i8,i8,b1,u8,i8,i8[::1],i8[::1],i8,i8[::1],i8[::1],i8[::1])")
def gather_rows(state, viewer_id, minute, again, seed, count, follows, barred, page, rows, sources, near):  # type: ignore[no-untyped-def]
    """Fills rows, sources (bits 1 << Source) and near (ONE is 1.0); gives their number, at most `count`.

    First single rows are offered, then whole groups are walked, each with a share of `count`. The walk over
    everything comes last and goes further where little was found, so that a clip that may be shown is found
    whatever the viewer has seen inside the window.
    """
    viewer = find_viewer(state, viewer_id)
    for i in range(barred.size):
        row = find_clip(state, barred[i])
        if row >= 0:
            state.stamp[row] = page
            state.place[row] = NONE
    offers = np.empty((OFFERS, 3), dtype=np.int64)
    n = 0
    for i in range(plan_offers(state, viewer, seed, count, offers)):
        limit = offers[i, 2]
        n = add_candidate(state, viewer, offers[i, 0], minute, again, offers[i, 1], page, limit, n, rows, sources)
    walks = np.empty((WALKS, 4), dtype=np.int64)
    share = n
    for i in range(plan_walks(state, viewer, seed, count, follows, walks)):
        group, source, quota, steps = walks[i]
        if source == POPULAR:
            limit = count if steps <= FIRST_STEPS or n < LITTLE else n
        else:
            limit = min(n + quota, share + count // 3, count)
        n = walk_group(state, viewer, group, minute, again, source, page, limit, steps, n, rows, sources)
    fill_near(state, viewer, page, n, near)
    return n


@compiled("i8(i8,i8)", inner=True)
def normal_draw(viewer_id, clip_id):  # type: ignore[no-untyped-def]
    """About N(0, 1), ONE is 1.0: the sum of four 16-bit uniforms (Irwin-Hall), fixed for this viewer and clip."""
    x = mix(mix(np.uint64(viewer_id)) ^ np.uint64(clip_id))
    total = np.int64(0)
    for shift in (0, 16, 32, 48):
        total += np.int64((x >> np.uint64(shift)) & np.uint64(0xFFFF))
    return (total - 131_070) * ONE // 37_837


@compiled("b1(i8[::1],i8)", inner=True)
def holds(ordered, value):  # type: ignore[no-untyped-def]
    low, high = 0, ordered.size
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low < ordered.size and ordered[low] == value


@compiled("void(S,i8,i8,i8[::1],i8[::1],i8[::1],i8[:,::1],i8[::1])")
def score_rows(state, viewer_id, minute, follows, rows, near, terms, total):  # type: ignore[no-untyped-def]
    """Fills terms[candidates, TERMS] and their sums. `follows` is sorted."""
    viewer = find_viewer(state, viewer_id)
    weights = state.weights
    for i in range(rows.size):
        row = rows[i]
        clip = state.clip[row]
        quality = posterior(state, row)
        terms[i, T_QUALITY] = quality
        p = min(max(quality, ONE // 50), ONE - ONE // 50)
        spread = np.int64(math.sqrt(np.float64(p * (ONE - p) // (clip[C_N] + weights[P_QUALITY_PRIOR]))))
        draw = normal_draw(viewer_id, clip[C_ID])
        terms[i, T_TRYING] = ((draw * spread >> 20) * weights[P_EXPLORE_GAIN]) >> 10
        tags = clip[C_GROUPS] - FIRST_TAG
        liked = np.int64(0)
        if viewer >= 0:
            for slot in range(FIRST_TAG, clip[C_GROUPS]):
                liked += taste_of(state, viewer, clip[C_GROUP + slot], minute)
            terms[i, T_AUTHOR] = taste_of(state, viewer, clip[C_GROUP + 1], minute) * weights[P_AUTHOR_GAIN] >> 10
            terms[i, T_LENGTH] = taste_of(state, viewer, clip[C_GROUP + 2], minute) * weights[P_LENGTH_GAIN] >> 10
        terms[i, T_TAGS] = (liked * weights[P_TAG_GAIN] >> 10) // max(tags, 1)
        terms[i, T_NEAR] = near[i] * weights[P_NEAR_GAIN] >> 10
        if holds(follows, clip[C_GROUP + 1]):
            terms[i, T_FOLLOW] = weights[P_FOLLOW]
        age = max(minute - clip[C_PUBLISHED_MIN], 0)
        terms[i, T_FRESH] = weights[P_FRESH] * max(weights[P_FRESH_MIN] - age, 0) // weights[P_FRESH_MIN]
        total[i] = 0
        for term in range(TERMS):
            total[i] += terms[i, term]


@compiled("b1(i8[::1],i8[::1],i8,i8,i8,i8,i8)", inner=True)
def fits(author, sound, i, before_author, before_sound, after_author, after_sound):  # type: ignore[no-untyped-def]
    if author[i] == before_author or author[i] == after_author:
        return False
    return sound[i] < 0 or (sound[i] != before_sound and sound[i] != after_sound)


@compiled("b1(i8[::1],i8[::1],u1[::1],u1[::1],i8,i8,i8,i8[::1],i8,i8)", inner=True)
def in_pool(author, sound, flags, used, i, at, n, chosen, last_author, last_sound):  # type: ignore[no-untyped-def]
    """May candidate i take the place of the ranked clip at `at`, beside the ranked neighbours?"""
    if not flags[i] or used[i]:
        return False
    before_author = author[chosen[at - 1]] if at else last_author
    before_sound = sound[chosen[at - 1]] if at else last_sound
    after_author = author[chosen[at + 1]] if at + 1 < n else NONE
    after_sound = sound[chosen[at + 1]] if at + 1 < n else NONE
    return fits(author, sound, i, before_author, before_sound, after_author, after_sound)


@compiled("i8(i8[::1],i8[::1],i8[::1],i8[::1],u1[::1],i8,i8,i8,i8[::1],u1[::1])", inner=True)
def rank_greedily(total, author, sound, kind, spare, count, last_author, last_sound, chosen, used):  # type: ignore[no-untyped-def]
    """The ranked page: best first, worth less for each clip by the same author, sound or kind above it."""
    m = total.size
    close = np.zeros(m, dtype=np.int64)
    alike = np.zeros(m, dtype=np.int64)
    n = 0
    while n < count:
        best = NONE
        best_worth = np.int64(0)
        best_spare = True
        for i in range(m):
            if used[i] or not fits(author, sound, i, last_author, last_sound, NONE, NONE):
                continue
            worth = total[i]
            if worth > 0:
                worth = worth >> min(close[i], 2)
                worth -= worth * min(alike[i], 8) // 32
            if best < 0 or (best_spare and not spare[i]) or (best_spare == (spare[i] != 0) and worth > best_worth):
                best, best_worth, best_spare = i, worth, spare[i] != 0
        if best < 0:
            break
        chosen[n] = best
        used[best] = 1
        last_author, last_sound = author[best], sound[best]
        for i in range(m):
            close[i] += (author[i] == last_author) + (sound[i] == last_sound and sound[i] >= 0)
            alike[i] += kind[i] == kind[best] and kind[i] >= 0
        n += 1
    return n


@compiled("i8(u1[::1],i8)", inner=True)
def pick(pool, k):  # type: ignore[no-untyped-def]
    """The k-th candidate of a pool, counted from 0."""
    for i in range(pool.size):
        if pool[i]:
            if k == 0:
                return i
            k -= 1
    return NONE


@compiled("f8(i8,b1,i8,i8,u1[:,::1],u1[:,::1],i8[::1],i8[::1],i8)", inner=True)
def chance(i, ranked, at, n, tried_in, drawn_in, tried_size, drawn_size, random_per_65536):  # type: ignore[no-untyped-def]
    """Probability over the draws of arrange_page that candidate i stands at `at`, summed over the draws."""
    places = max(n - 2, 0)
    tried = np.float64(1) / places if places and at >= 2 and tried_size[at] else np.float64(0)
    each_place = random_per_65536 / np.float64(65536) / n
    drawn = np.float64(0)
    for e in range(2, n) if places else range(-9, -8):
        if abs(e - at) < 2 or drawn_size[at] == 0:
            continue
        share = each_place / max(places, 1)
        clash = np.float64(0)
        if e >= 0 and tried_size[e]:
            if ranked:
                both = 0
                for j in range(tried_in.shape[1]):
                    both += tried_in[e, j] & drawn_in[at, j]
                clash = np.float64(both) / (drawn_size[at] * tried_size[e])
            elif tried_in[e, i]:
                clash = np.float64(1) / tried_size[e]
        drawn += share * (1 - clash)
    if ranked:
        return 1 - tried - drawn
    chance = np.float64(0)
    if tried_in[at, i]:
        chance += tried / tried_size[at]
    if drawn_in[at, i]:
        chance += drawn / drawn_size[at]
    return chance


@compiled("i8(i8[::1],i8[::1],i8[::1],i8[::1],u1[::1],u1[::1],u1[::1],u8,i8,i8,i8,i8,i8[::1],i8[::1],f8[::1])")
def arrange_page(  # type: ignore[no-untyped-def]
    total,
    author,
    sound,
    kind,
    spare,
    unproven,
    drawn,
    seed,
    count,
    last_author,
    last_sound,
    random_per_65536,
    out,
    how,
    odds,
):
    """Fills out (candidate), how (RANKED, TRIED, DRAWN) and odds for each position; gives the length of the page.

    The draws: a position e in [2, n) for an unproven clip and, with probability random_per_65536 / 65536, a
    position r in [0, n) for a drawn one, void where r is within one of e. The clip at each is uniform over its
    pool: those off the ranked page that may stand beside the ranked neighbours. An empty pool, or the clip
    already tried at e, leaves the ranked clip standing.
    """
    m = total.size
    used = np.zeros(m, dtype=np.uint8)
    chosen = np.zeros(count, dtype=np.int64)
    n = rank_greedily(total, author, sound, kind, spare, count, last_author, last_sound, chosen, used)
    places = max(n - 2, 0)
    tried_in = np.zeros((n, m), dtype=np.uint8)
    drawn_in = np.zeros((n, m), dtype=np.uint8)
    tried_size = np.zeros(n, dtype=np.int64)
    drawn_size = np.zeros(n, dtype=np.int64)
    for at in range(n):
        for i in range(m):
            if unproven[i] and at >= 2:
                tried_in[at, i] = in_pool(author, sound, unproven, used, i, at, n, chosen, last_author, last_sound)
            if drawn[i]:
                drawn_in[at, i] = in_pool(author, sound, drawn, used, i, at, n, chosen, last_author, last_sound)
            tried_size[at] += tried_in[at, i]
            drawn_size[at] += drawn_in[at, i]
        out[at] = chosen[at]
        how[at] = RANKED
    e = r = -9
    if places:
        e = 2 + draw_below(seed, 1, places)
        if tried_size[e]:
            out[e] = pick(tried_in[e], draw_below(seed, 2, tried_size[e]))
            how[e] = TRIED
    if n and draw_below(seed, 3, 65536) < random_per_65536:
        r = draw_below(seed, 4, n)
        if abs(r - e) > 1 and drawn_size[r]:
            i = pick(drawn_in[r], draw_below(seed, 5, drawn_size[r]))
            if e < 0 or how[e] != TRIED or out[e] != i:
                out[r] = i
                how[r] = DRAWN
    for at in range(n):
        odds[at] = chance(
            out[at], how[at] == RANKED, at, n, tried_in, drawn_in, tried_size, drawn_size, random_per_65536
        )
    return n
