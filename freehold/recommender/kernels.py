"""The inner loops, compiled by numba, and the layout of the arrays they share.

Everything that ranks is integer arithmetic, or single float64 and float32 operations that IEEE 754 rounds correctly,
in an order that is written down: the result is the same on every machine. ONE stands for 1.0.

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
NEAR = 96
RECENT = 16
LAST = 8
"""So many of the recent ones have a say in what comes next."""
REACH = 12
COMPANY = 32
FAVOURITES = 16
MAX_GROUPS = 12
NEVER_AGAIN = (1 << 63) - 1
UNWATCHED, LIKED, HANDED_OUT, SHARED, COMMENTED, FOLLOWED = (1 << bit for bit in range(31, 25, -1))
REACTED = LIKED | SHARED | COMMENTED | FOLLOWED
MINUTES = FOLLOWED - 1
FORGOTTEN_MIN = 400 * 24 * 60
"""A taste that was not touched for so long no longer counts, and who was not met for so long is a newcomer; wishes and
refusals stay."""
AT_ONCE_MIN = 24 * 60
"""One event moves the time by no more than this: a clock that was wrong once must not make everybody a newcomer."""

# what a watch counts as
FIRST_WATCH, FIRST_LIKE, FIRST_REFUSAL, SHOWN, FULL, CHOICE, ACT, GOOD = (np.int64(1 << bit) for bit in range(8))

# meta
M_CLIPS, M_LIVE, M_GROUPS, M_VIEWERS, M_TASTES, M_SEEN, M_UNPROVEN, M_CHAIN, M_APPLIED, M_IGNORED = range(10)
M_WISHES, M_CHOSEN, M_PAIRS, M_TURN, M_CHOICES, M_REPLAYED, M_WATCHED, M_NOW, META = range(10, 19)

# clip columns; groups follow from C_GROUP on: everything, author, length, then C_TAGS tags, then the sound where
# another clip has it, too: it counts as one more tag, but for wishes
C_ID, C_AUTHOR, C_SOUND, C_DURATION_MS, C_PUBLISHED_MIN, C_LIVE, C_SHOWN, C_N, C_CHOSEN = range(9)
C_LEVEL, C_UNPROVEN, C_OUT, C_IN, C_AUTHOR_ID, C_TAGS, C_GROUPS, C_GROUP = range(9, 17)
CLIP_COLUMNS = C_GROUP + MAX_GROUPS
FIRST_TAG = 3
MAX_TAGS = MAX_GROUPS - FIRST_TAG - 1

# group columns
G_KIND, G_SIZE, G_CLASS, GROUP_COLUMNS = range(4)
KIND_ALL, KIND_AUTHOR, KIND_LENGTH, KIND_TAG, KIND_SOUND = range(5)

# viewer columns
V_ID, V_LIVE, V_SEQUENCE, V_RECENT_AT, V_SURPRISE, V_SURPRISES = range(6)
V_RECENT = 6
V_FAVOURITE = V_RECENT + RECENT
V_FAVOURITE_VALUE = V_FAVOURITE + FAVOURITES
V_WISHES = V_FAVOURITE_VALUE + FAVOURITES
V_UNPROFILED, V_LAST_MIN, V_GOOD, V_HELD, V_MET_MIN, VIEWER_COLUMNS = range(V_WISHES + 1, V_WISHES + 7)

# watch columns
(
    W_VIEWER,
    W_CLIP,
    W_AT_US,
    W_WATCHED_MS,
    W_COMPLETIONS,
    W_SKIPPED,
    W_LIKED,
    W_NOT_INTERESTED,
    W_SURFACE,
    WATCH_COLUMNS,
) = range(10)

# heads: what a watch may turn out to be. Those before H_PAST have a worth; the next are of the time watched
H_FINISH, H_LONG, H_SKIP, H_LIKE, H_SHARE, H_COMMENT, H_FOLLOW, H_REFUSE, H_PAST = range(9)
PAST_MS = np.array([2000, 4000, 7000, 40_000], dtype=np.int64)
HEADS = H_PAST + PAST_MS.size
E_GOT, E_OF = range(2)
SIGNS = np.array([1, 1, -1, 1, 1, 1, 1, -1, 1, 1, 1, 1], dtype=np.int64)
"""Which way a head goes with liking a clip more."""
LONG_MS = 18_000

# rows of scratch
(
    X_OUTCOMES,
    X_LIKELY,
    X_HABITS,
    X_AHEAD,
    X_HELD,
    X_PLACED,
    X_STEPS,
    X_OTHERS,
    X_PARTS,
    X_SESSION,
    X_LEVEL,
    X_SUGGESTED,
    X_MOVED,
    X_RENEWED,
    SCRATCHES,
) = range(15)

# where a clip is put before a viewer: each has heads of its own, and one of each class of length
SURFACES, CLASSES, ON_PAGE = 16, 11, 0
BY_SURFACE = 1 + CLASSES

# steps: what moves a viewer's log odds beyond its habits, each by a gain that is learned
S_TAGS, S_AUTHOR, S_LENGTH, S_NEAR, S_ALIKE, STEPS = range(6)
S_CLIP, S_SURFACE, S_HABIT, PARTS = range(STEPS, STEPS + 4)
OF_CHOICES = HEADS
"""The row of the gains by which choices are told from clips drawn at random."""
A_GAIN, A_SQUARES = range(2)

RATE, CHOICE_RATE, SQUARES_PRIOR, MOST_GAIN = 0.05, 0.1, 20.0, 64.0
DOUBT = 2.0
PAGE_WEIGHT = 256
"""So many choices say as much of how pages are watched as one watch of a page."""

# vectors of likeness
LOG2_E = 1.4426950408889634
SIZE = 32
BIAS = SIZE
CHOICES_KEPT = 1 << 20
VECTOR_SPREAD = 0.1
REPLAYED = 16
STEP, RIDGE = np.float32(0.05), np.float32(0.02)
CODE, BIAS_CODE = 64.0, 16.0
"""What 1.0 is in a vector's code, and in its bias's."""

# weights, in the order of weights.Weights
(
    P_QUALITY_PRIOR,
    P_START_PRIOR,
    P_AUTHOR_PRIOR,
    P_TAG_PRIOR,
    P_LENGTH_PRIOR,
    P_CHOICE_GAIN,
    P_CHOICE_PRIOR,
    P_BIAS_GAIN,
    P_COMPANY_GAIN,
    P_COMPANY_PRIOR,
    P_HABIT_PRIOR,
    P_TASTE_DOUBT,
    P_TAG_GAIN,
    P_AUTHOR_GAIN,
    P_LENGTH_GAIN,
    P_NEAR_GAIN,
    P_NEAR_PRIOR,
    P_NEAR_USUAL,
    P_ALIKE_GAIN,
    P_EXPLORE_GAIN,
    P_FOLLOW,
    P_FRESH,
    P_FRESH_MIN,
    P_TASTE_HALF_MIN,
    P_SEEN_CLIPS,
    P_SEEN_MIN,
    P_UNWATCHED_MIN,
    P_UNPROVEN_BELOW,
    P_RANDOM_PER_65536,
    P_WISH,
    P_WORTH,
) = range(31)
WEIGHTS = P_WORTH + H_PAST

# terms of a score
T_QUALITY, T_TRYING, T_TAGS, T_AUTHOR, T_LENGTH, T_NEAR, T_FOLLOW, T_FRESH, T_WISH, T_HABIT, T_ALIKE, TERMS = range(12)

# bits of provenance are 1 << Source
TRANSITION, TAG, AUTHOR, FOLLOW, FRESH, POPULAR, RANDOM, LIKENESS, SOUND = 2, 4, 8, 16, 32, 64, 128, 1024, 2048
RANKED, TRIED, DRAWN = range(3)

STEP_TERMS = np.array([T_TAGS, T_AUTHOR, T_LENGTH, T_NEAR, T_ALIKE], dtype=np.int64)

NONE_AT_ALL = -2
"""The level of a wish that keeps clips away; the others, to 2, count in the score."""

# gathering
NEWEST = 64
SAMPLE = 24
OFFERS = 12 * REACH + NEWEST + 2 * SAMPLE
FOLLOWS_WALKED = 48
WALKS = FAVOURITES + FOLLOWS_WALKED + 2
FIRST_STEPS = 1024
LITTLE = 64
ALIKE = 128
"""So many of those whose vectors are most like the viewer's are found…"""
COMPARED_AT_MOST = 1 << 17
"""…among all clips, up to so many, and else by walking from neighbour to neighbour."""
WALKED, NEIGHBOURS_WALKED = 96, 32

MEMORY = 1 << 34
"""Counts are halved beyond this, 2 ** 14 watches, and so follow what changes."""
HABIT_MEMORY = 1 << 27
COMPANY_ROOT = 5 * 256
MOST_EXPOSED = 8
SESSION_MIN = 30
"""After so many minutes without a watch the next one begins a session."""


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


def _powers() -> np.ndarray[Any, np.dtype[np.int64]]:
    """2 ** (i / 256) for i to 256, in 2 ** 30ths."""
    out = []
    for i in range(256):
        value, root = 1 << 120, 2 << 120
        for bit in range(8):
            root = math.isqrt(root << 120)
            if i >> (7 - bit) & 1:
                value = value * root >> 120
        out.append(value >> 90)
    return np.array([*out, 2 << 30], dtype=np.int64)


def _logs() -> np.ndarray[Any, np.dtype[np.int64]]:
    """log2(1 + i / 256) for i to 256, in 2 ** 30ths: bit by bit, by squaring."""
    out = []
    for i in range(256):
        value, log = (256 + i) << 112, 0
        for _ in range(30):
            value = value * value >> 120
            log <<= 1
            if value >> 121:
                value >>= 1
                log |= 1
        out.append(log)
    return np.array([*out, 1 << 30], dtype=np.int64)


HALVINGS = _halvings()
POWERS = _powers()
LOGS = _logs()
STARTS = np.array([-14, -9, -25, -90, -143, -127, -143, -127, 20, 5, -4, -40], dtype=np.int64) << 16
"""Log2 odds assumed before the first watch of all."""


class State(NamedTuple):
    """Every array of the learner. Rows of clips, groups and viewers are dense;
    those of clips and groups are never reused."""

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
    clip_heads: Any
    """int64[clips, HEADS, 2]: how often each came true, and of how much that would be expected of anything"""
    deviation: Any
    """int32[clips, HEADS]: log2 odds by which its own watches move it from what author, tags and length suggest"""
    company: Any
    """int64[clips, HEADS + 1]: of what goes together with it, cosines times deviations, in 2 ** 40ths, so that adding
    what moved loses nothing; then the sum of the cosines times how well each is known"""
    clip_vector: Any
    """float32[clips, SIZE + 1]: beside what is chosen by the same viewers its like; then its bias"""
    clip_code: Any
    """int8[clips, SIZE + 1]: its vector and bias in steps of 1 / CODE and 1 / BIAS_CODE, to be compared fast"""
    group: Any
    """int64[groups, GROUP_COLUMNS]"""
    group_heads: Any
    """int64[groups, HEADS, 2]: how often each came true, and how often it was expected to"""
    ratio: Any
    """int32[groups, HEADS]: log2 of the ratio of these two"""
    head: Any
    """int32[groups, LEVELS]: first node (plus one) of each level of the posterior"""
    viewer: Any
    viewer_heads: Any
    """int64[viewers, HEADS, 2]: as `group_heads`"""
    habit: Any
    """int32[viewers, HEADS]: the viewer's habits as they were when its session began"""
    viewer_vector: Any
    """float32[viewers, SIZE]"""
    surface_heads: Any
    """int64[SURFACES * BY_SURFACE, HEADS, 2]: as `group_heads`, of a surface, then of it and each class of length"""
    surface_ratio: Any
    """int32[SURFACES * BY_SURFACE, HEADS]: as `ratio`"""
    gain: Any
    """float64[HEADS + 1, PARTS, 2]: by how much each part counts for each head, and OF_CHOICES; the sum of squared
    slopes"""
    choice: Any
    """int32[choices, 2]: the last CHOICES_KEPT of them, viewer and clip; the viewer is NONE where it was forgotten"""
    clip_key: Any
    clip_row: Any
    viewer_key: Any
    viewer_row: Any
    taste_key: Any
    """int64: (viewer row plus one) << 32 | group row"""
    taste: Any
    """int32[:, 3]: sum of surprises (2 ** 10 is 1.0), their weight (2 ** 10 is one watch), minute of the last"""
    seen_key: Any
    """int64: (viewer row plus one) << 32 | clip row; where nothing counts any more it goes before the table grows"""
    seen: Any
    """int64: the viewer's sequence number << 32 | those of REACTED that were told | minute of the watch; without a
    watch UNWATCHED | HANDED_OUT where it was put on a page | of REACTED | minute of that; or NEVER_AGAIN"""
    wish_key: Any
    """int64: (viewer row plus one) << 32 | group row, of a tag or an author"""
    wish: Any
    """int32[:, 1]: the level, -2 to 2"""
    stamp: Any
    place: Any
    scratch: Any
    """int64[SCRATCHES, HEADS + 1]: room to work in, as nothing that is called millions of times may allocate; each
    row is one function's"""
    scratch_gains: Any
    """float64[HEADS, PARTS]"""
    scratch_code: Any
    """int16[SIZE]"""


def _field_types() -> tuple[Any, ...]:
    long, short = types.int64[::1], types.int32[::1]
    long2, short2, short3 = types.int64[:, ::1], types.int32[:, ::1], types.int32[:, :, ::1]
    long3 = types.int64[:, :, ::1]
    wide = {"clip": long2, "near": short3, "group": long2, "head": short2, "viewer": long2, "clip_row": short2}
    wide |= {"viewer_row": short2, "taste": short2, "seen": long2, "wish": short2}
    wide |= {"company": long2, "clip_heads": long3, "group_heads": long3, "viewer_heads": long3}
    wide |= {"deviation": short2, "ratio": short2, "habit": short2, "surface_heads": long3, "surface_ratio": short2}
    wide |= {"clip_vector": types.float32[:, ::1], "viewer_vector": types.float32[:, ::1]}
    wide |= {"clip_code": types.int8[:, ::1]}
    wide |= {"gain": types.float64[:, :, ::1], "choice": short2}
    wide |= {"scratch": long2, "scratch_gains": types.float64[:, ::1], "scratch_code": types.int16[::1]}
    thin = dict.fromkeys(("after", "before", "unproven", "place"), short)
    return tuple((wide | thin).get(name, long) for name in State._fields)


NAMES = {"S": types.NamedTuple(_field_types(), State), "void": types.void}  # type: ignore[no-untyped-call]
NAMES |= {
    "b1": types.boolean,
    "u1": types.uint8,
    "i1": types.int8,
    "u8": types.uint64,
    "i2": types.int16,
    "i4": types.int32,
    "i8": types.int64,
    "f4": types.float32,
    "f8": types.float64,
}


def compiled(
    *signatures: str, inner: bool = False, allocates: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """njit for these signatures only, cached on disk where there is somewhere to put it.

    `inner` functions are called by others only: without the way in from Python they compile in a quarter of the time.
    What does not allocate counts no references: to count those of every array of a state took a third of all time.
    """
    resolved = [eval(signature, {"__builtins__": {}}, NAMES) for signature in signatures]
    options: Any = {"error_model": "numpy", "no_cpython_wrapper": inner, "no_cfunc_wrapper": inner}
    options["_nrt"] = allocates

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


@compiled("i8(i8)", inner=True)
def log_of(x):  # type: ignore[no-untyped-def]
    """log2 of x, both in 2 ** 20ths, for x from 1 to 2 ** 52: a table, linear between its places, within 3e-6."""
    share, exponent = math.frexp(np.float64(x))
    at = np.int64(share * 8589934592.0) - 4294967296
    i, rest = at >> 24, at & 0xFFFFFF
    return ((np.int64(exponent) - 21) << 20) + ((LOGS[i] + ((LOGS[i + 1] - LOGS[i]) * rest >> 24)) >> 10)


@compiled("i8(i8)", inner=True)
def power_of(x):  # type: ignore[no-untyped-def]
    """2 ** x, both in 2 ** 20ths; x is taken from -19 to 19."""
    x = min(max(x, -19 * ONE), 19 * ONE)
    i, rest = (x & ONE - 1) >> 12, x & 0xFFF
    value = POWERS[i] + ((POWERS[i + 1] - POWERS[i]) * rest >> 12)
    whole = x >> 20
    return value << whole >> 10 if whole >= 0 else value >> 10 - whole


@compiled("i8(i8)", inner=True)
def chance_of(log_odds):  # type: ignore[no-untyped-def]
    odds = power_of(log_odds)
    return ONE * odds // (ONE + odds)


@compiled("i8(i8)", inner=True)
def log_odds_of(chance):  # type: ignore[no-untyped-def]
    chance = min(max(chance, 32), ONE - 32)
    return log_of(chance) - log_of(ONE - chance)


@compiled("void(i8[::1],i8[::1],i8[::1],f4,i4[:,::1],i8[::1])", inner=True)
def fill_suggested(weights, meta, clip, bias, ratio, log_odds):  # type: ignore[no-untyped-def]
    """log_odds[HEADS] before anybody has watched: how often the clip was chosen against the mean of the clips, moved by
    everything's mean and by length, author and tags."""
    chosen = np.int64(0)
    if meta[M_CHOSEN]:
        prior = weights[P_CHOICE_PRIOR]
        mean = log_of(meta[M_CHOSEN] * ONE // meta[M_CLIPS] + prior * ONE)
        chosen = (log_of((clip[C_CHOSEN] + prior) * ONE) - mean) * weights[P_CHOICE_GAIN] >> 10
        chosen += np.int64(np.float64(bias) * LOG2_E * ONE) * weights[P_BIAS_GAIN] >> 10
    author, length = clip[C_GROUP + 1], clip[C_GROUP + 2]
    tags = max(clip[C_GROUPS] - FIRST_TAG, 1)
    for head in range(HEADS):
        tagged = np.int64(0)
        for slot in range(FIRST_TAG, clip[C_GROUPS]):
            tagged += ratio[clip[C_GROUP + slot], head]
        log_odds[head] = STARTS[head] + SIGNS[head] * chosen + tagged // tags
        log_odds[head] += np.int64(ratio[0, head]) + ratio[author, head] + ratio[length, head]


@compiled("i8(i8,i8,i8,i8)", inner=True)
def blend(prior, got, of, log_odds):  # type: ignore[no-untyped-def]
    """The chance that is expected, moved by the clip's own watches. The expectation is worth `prior` of them, or where
    it seldom comes true so many that every other time one does, but 16 times `prior` at most."""
    expected = chance_of(log_odds)
    strength = min(max(prior << 20, (np.int64(1) << 39) // max(expected, 1)), prior << 24)
    return min((got + (strength * expected >> 20)) * 1024 // ((of + strength) >> 10), ONE - 1)


@compiled("void(i8[::1],i8[:,::1],i8[::1],i8[::1],i8)", inner=True)
def fill_chances(weights, heads, company, log_odds, count):  # type: ignore[no-untyped-def]
    """From what is suggested, and what its company adds, to what is likely for anybody, of the first `count` heads:
    log_odds[HEADS] in place."""
    whole = max((company[HEADS] >> 20) + (weights[P_COMPANY_PRIOR] << 10), 1)
    for head in range(count):
        added = min(max(company[head] // whole, -4 * ONE), 4 * ONE) * weights[P_COMPANY_GAIN] >> 10
        chance = blend(weights[P_QUALITY_PRIOR], heads[head, E_GOT], heads[head, E_OF], log_odds[head] + added)
        log_odds[head] = log_odds_of(chance)


@compiled("void(i8[::1],i8[:,::1],i8[::1],i4[::1])", inner=True)
def fill_deviation(weights, heads, log_odds, deviation):  # type: ignore[no-untyped-def]
    for head in range(HEADS):
        chance = blend(weights[P_QUALITY_PRIOR], heads[head, E_GOT], heads[head, E_OF], log_odds[head])
        deviation[head] = log_odds_of(chance) - log_odds[head]


@compiled("i8(i8[:,::1],i4[:,:,::1],i8,i8,i8)", inner=True)
def cosine_of(clip, near, row, k, other):  # type: ignore[no-untyped-def]
    """How often a clip and its k-th neighbour go together, of how often they could."""
    root = math.sqrt(np.float64(clip[row, C_OUT] + COMPANY_ROOT)) * math.sqrt(
        np.float64(clip[other, C_OUT] + COMPANY_ROOT)
    )
    return np.int64(np.float64(near[row, k, 1]) * ONE / root)


@compiled("i8(i8[::1],i8)", inner=True)
def share_known(weights, of):  # type: ignore[no-untyped-def]
    """How much a clip's own watches weigh against what is expected of it."""
    return (of << 10) // ((of + (weights[P_QUALITY_PRIOR] << 20)) >> 10)


@compiled("void(i8[::1],i8[:,::1],i8[:,:,::1],i4[:,::1],i4[:,:,::1],i8,i8[::1])", inner=True)
def fill_company(weights, clip, heads, deviation, near, row, company):  # type: ignore[no-untyped-def]
    """The mean deviation of the clips that go together with it, each weighing as their cosine and as what it has shown.

    A nearest-neighbour regression over the clips: those that are watched by the same viewers are watched alike.
    """
    company[:] = 0
    left = COMPANY
    for k in range(NEAR):
        other = np.int64(near[row, k, 0]) - 1
        if other < 0 or left == 0:
            break
        if clip[other, C_LIVE] == 0:
            continue
        left -= 1
        of = heads[other, H_FINISH, E_OF]
        if of:
            cosine = cosine_of(clip, near, row, k, other)
            company[HEADS] += cosine * share_known(weights, of)
            for head in range(HEADS):
                company[head] += cosine * deviation[other, head]


@compiled("void(i8[:,::1],i4[:,:,::1],i8,i8[::1],i8[:,::1])", inner=True)
def tell_company(clip, near, row, moved, company):  # type: ignore[no-untyped-def]
    """Adds what moved[HEADS + 1] in a clip's deviation, and in its share known, to those that go together with it."""
    left = COMPANY
    for k in range(NEAR):
        other = np.int64(near[row, k, 0]) - 1
        if other < 0 or left == 0:
            break
        if clip[other, C_LIVE] == 0:
            continue
        left -= 1
        cosine = cosine_of(clip, near, row, k, other)
        for i in range(HEADS + 1):
            company[other, i] += cosine * moved[i]


@compiled("i8(i8[::1],i8[::1])", inner=True)
def worth_of(weights, log_odds):  # type: ignore[no-untyped-def]
    """The sum of worths times chances."""
    total = np.int64(0)
    for head in range(H_PAST):
        worth = weights[P_WORTH + head]
        if worth:
            total += worth * chance_of(log_odds[head]) >> 20
    return total


@compiled("i8(S,i8,i8[::1])", inner=True)
def quality_of(state, row, log_odds):  # type: ignore[no-untyped-def]
    """What the clip is worth to anybody; fills the log_odds[HEADS] that have a worth."""
    fill_suggested(state.weights, state.meta, state.clip[row], state.clip_vector[row, BIAS], state.ratio, log_odds)
    fill_chances(state.weights, state.clip_heads[row], state.company[row], log_odds, H_PAST)
    return worth_of(state.weights, log_odds)


@compiled("void(i8,i8[:,::1],i8[::1])", inner=True)
def fill_habits(prior, heads, habits):  # type: ignore[no-untyped-def]
    """log2 of how much more often each comes true for this viewer than for anybody, from 1/8 to 8 times."""
    for head in range(HEADS):
        habit = log_of(heads[head, E_GOT] + (prior << 20)) - log_of(heads[head, E_OF] + (prior << 20))
        habits[head] = min(max(habit, -3 * ONE), 3 * ONE)


@compiled("void(S,i8,i8,i8[::1])", inner=True)
def fill_habits_at(state, viewer, minute, habits):  # type: ignore[no-untyped-def]
    """Those of its session's beginning, since what is put before a viewer is compared within one; of the first session
    those of the moment."""
    if state.viewer[viewer, V_HELD] == 0 or minute - state.viewer[viewer, V_LAST_MIN] > SESSION_MIN:
        fill_habits(state.weights[P_HABIT_PRIOR], state.viewer_heads[viewer], habits)
    else:
        for head in range(HEADS):
            habits[head] = state.habit[viewer, head]


@compiled("void(S,i8,i8)", inner=True)
def note_session(state, viewer, minute):  # type: ignore[no-untyped-def]
    """Holds the habits where a session begins that isn't the first."""
    last_min = state.viewer[viewer, V_LAST_MIN]
    if last_min and minute - last_min > SESSION_MIN:
        habits = state.scratch[X_SESSION]
        fill_habits(state.weights[P_HABIT_PRIOR], state.viewer_heads[viewer], habits)
        for head in range(HEADS):
            state.habit[viewer, head] = habits[head]
        state.viewer[viewer, V_HELD] = 1
        state.viewer[viewer, V_GOOD] = 0
    state.viewer[viewer, V_LAST_MIN] = minute


@compiled("i8(i8)", inner=True)
def surface_of(number):  # type: ignore[no-untyped-def]
    return min(max(number, 0), SURFACES - 1)


@compiled("void(S,i8,i8,i8[::1])", inner=True)
def add_surface(state, surface, row, log_odds):  # type: ignore[no-untyped-def]
    """Moves log_odds[HEADS] by how much oftener each comes true where the clip is put before viewers."""
    first = surface_of(surface) * BY_SURFACE
    of_length = first + 1 + state.group[state.clip[row, C_GROUP + 2], G_CLASS]
    for head in range(HEADS):
        log_odds[head] += np.int64(state.surface_ratio[first, head]) + state.surface_ratio[of_length, head]


@compiled("i8(i8)", inner=True)
def level_of(quality):  # type: ignore[no-untyped-def]
    """Levels cover values from -0.25 to 1.25."""
    return min(max((quality + ONE // 4) * LEVELS * 2 // (3 * ONE), 0), LEVELS - 1)


@compiled("void(S,i8)", inner=True)
def relevel(state, row):  # type: ignore[no-untyped-def]
    if state.clip[row, C_LIVE] == 0:
        return
    level = level_of(quality_of(state, row, state.scratch[X_LEVEL]))
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
    level = level_of(quality_of(state, row, state.scratch[X_LEVEL]))
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


@compiled("void(S,i8,i8)")
def join_group(state, row, group):  # type: ignore[no-untyped-def]
    """Puts a clip that is there into one more group, behind its tags."""
    slot = state.clip[row, C_GROUPS]
    state.clip[row, C_GROUP + slot] = group
    state.clip[row, C_GROUPS] += 1
    link(state, row, slot, state.clip[row, C_LEVEL])
    state.group[group, G_SIZE] += 1


@compiled("void(S,i8)")
def delist(state, row):  # type: ignore[no-untyped-def]
    for slot in range(state.clip[row, C_GROUPS]):
        unlink(state, row, slot, state.clip[row, C_LEVEL] if is_levelled(slot) else 0)
        state.group[state.clip[row, C_GROUP + slot], G_SIZE] -= 1
    prove(state, row)
    state.clip[row, C_LIVE] = 0
    state.meta[M_LIVE] -= 1


@compiled("i8(i8,i8)", inner=True)
def normal_draw(viewer_id, clip_id):  # type: ignore[no-untyped-def]
    """About N(0, 1), ONE is 1.0: the sum of four 16-bit uniforms (Irwin-Hall), fixed for this viewer and clip."""
    x = mix(mix(np.uint64(viewer_id)) ^ np.uint64(clip_id))
    total = np.int64(0)
    for shift in (0, 16, 32, 48):
        total += np.int64((x >> np.uint64(shift)) & np.uint64(0xFFFF))
    return (total - 131_070) * ONE // 37_837


@compiled("void(f4[::1],i1[::1])", inner=True)
def encode(vector, code):  # type: ignore[no-untyped-def]
    for i in range(SIZE):
        code[i] = np.int8(min(max(np.float64(vector[i]) * CODE, np.float64(-127)), np.float64(127)))
    code[BIAS] = np.int8(min(max(np.float64(vector[BIAS]) * BIAS_CODE, np.float64(-127)), np.float64(127)))


@compiled("void(S,i8,i8[::1])")
def put_row(state, row, item):  # type: ignore[no-untyped-def]
    """Writes a clip's row (the columns as in `clip`) and enlists it."""
    for column in range(CLIP_COLUMNS):
        state.clip[row, column] = item[column]
    slot = slot_of(state.clip_key, item[C_ID] + 1)
    state.clip_key[slot] = item[C_ID] + 1
    state.clip_row[slot, 0] = row
    if state.clip_vector[row, 0] == 0:
        for i in range(SIZE):
            state.clip_vector[row, i] = np.float32(np.float64(normal_draw(i + 1, item[C_ID])) / ONE * VECTOR_SPREAD)
        encode(state.clip_vector[row], state.clip_code[row])
    enlist(state, row)


@compiled("i8(S,i8)")
def find_viewer(state, viewer_id):  # type: ignore[no-untyped-def]
    slot = slot_of(state.viewer_key, viewer_id + 1)
    return np.int64(state.viewer_row[slot, 0]) if state.viewer_key[slot] != 0 else np.int64(NONE)


@compiled("i8(S,i8)")
def find_clip(state, clip_id):  # type: ignore[no-untyped-def]
    slot = slot_of(state.clip_key, clip_id + 1)
    return np.int64(state.clip_row[slot, 0]) if state.clip_key[slot] != 0 else np.int64(NONE)


@compiled("i8(i8[::1],i8)", inner=True)
def now_of(meta, minute):  # type: ignore[no-untyped-def]
    """The minute, or that of the newest event where that is later: what is forgotten stays so, whenever it's asked."""
    return max(minute, meta[M_NOW])


@compiled("i8(i8[::1],i8)", inner=True)
def pass_time(meta, minute):  # type: ignore[no-untyped-def]
    now = now_of(meta, minute)
    meta[M_NOW] = min(now, meta[M_NOW] + AT_ONCE_MIN) if meta[M_NOW] else now
    return meta[M_NOW]


@compiled("b1(i8[:,::1],i8,i8)", inner=True)
def is_forgotten(viewers, viewer, now):  # type: ignore[no-untyped-def]
    return now - viewers[viewer, V_MET_MIN] > FORGOTTEN_MIN


@compiled("void(S,i8)", inner=True)
def start_anew(state, viewer):  # type: ignore[no-untyped-def]
    """As when first met, but for what was chosen. Of what was seen and liked, nothing counts by now."""
    record = state.viewer[viewer]
    for column in range(V_RECENT_AT, VIEWER_COLUMNS):
        if column != V_WISHES and column != V_UNPROFILED:
            record[column] = 0
    for head in range(HEADS):
        state.viewer_heads[viewer, head, E_GOT] = state.viewer_heads[viewer, head, E_OF] = 0
        state.habit[viewer, head] = 0
    state.viewer_vector[viewer, :] = 0
    for i in range(min(state.meta[M_CHOICES], CHOICES_KEPT)):
        if state.choice[i, 0] == viewer:
            state.choice[i, 0] = NONE


@compiled("i8(S,i8,i8)", inner=True)
def meet_viewer(state, viewer_id, now):  # type: ignore[no-untyped-def]
    slot = slot_of(state.viewer_key, viewer_id + 1)
    row = np.int64(state.viewer_row[slot, 0])
    if state.viewer_key[slot] == 0:
        row = state.meta[M_VIEWERS]
        state.meta[M_VIEWERS] += 1
        state.viewer_key[slot] = viewer_id + 1
        state.viewer_row[slot, 0] = row
        state.viewer[row, V_ID] = viewer_id
        state.viewer[row, V_LIVE] = 1
    elif is_forgotten(state.viewer, row, now):
        start_anew(state, row)
    state.viewer[row, V_MET_MIN] = now
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


@compiled("b1(S,i8,i8,i8)", inner=True)
def is_spent(state, viewer, value, minute):  # type: ignore[no-untyped-def]
    """Nothing hangs on it any more, now or later: as well as if it weren't there."""
    if value == NEVER_AGAIN:
        return False
    age_min = minute - (value & MINUTES)
    window_min = max(state.weights[P_SEEN_MIN], state.weights[P_UNWATCHED_MIN])
    if value & REACTED:
        return age_min > max(window_min, FORGOTTEN_MIN)
    is_watched = value & UNWATCHED == 0
    is_far = is_watched and state.viewer[viewer, V_SEQUENCE] - (value >> 32) >= state.weights[P_SEEN_CLIPS]
    return is_far or age_min >= window_min


@compiled("i8(S,i8,i8,i8)", inner=True)
def seen_of(state, viewer, row, minute):  # type: ignore[no-untyped-def]
    """What is kept of a viewer and a clip; 0 where nothing is that counts, however far back is asked."""
    key = (viewer + 1) << 32 | row
    slot = slot_of(state.seen_key, key)
    if state.seen_key[slot] == 0 or is_spent(state, viewer, state.seen[slot, 0], now_of(state.meta, minute)):
        return np.int64(0)
    return state.seen[slot, 0]


@compiled("void(S,i8,i8,i8)", inner=True)
def put_seen(state, viewer, row, value):  # type: ignore[no-untyped-def]
    key = (viewer + 1) << 32 | row
    slot = slot_of(state.seen_key, key)
    if state.seen_key[slot] == 0:
        state.seen_key[slot] = key
        state.meta[M_SEEN] += 1
    state.seen[slot, 0] = value


@compiled("void(S)")
def drop_seen(state):  # type: ignore[no-untyped-def]
    """Takes out what is spent; the table is to be rebuilt at once, as its entries no longer stand where they belong."""
    for slot in range(state.seen_key.size):
        viewer = (state.seen_key[slot] >> 32) - 1
        if viewer >= 0 and is_spent(state, viewer, state.seen[slot, 0], state.meta[M_NOW]):
            state.seen_key[slot] = 0
            state.meta[M_SEEN] -= 1


@compiled("void(S)")
def drop_tastes(state):  # type: ignore[no-untyped-def]
    """As `drop_seen`."""
    for slot in range(state.taste_key.size):
        if state.taste_key[slot] != 0 and state.meta[M_NOW] - state.taste[slot, 2] > FORGOTTEN_MIN:
            state.taste_key[slot] = 0
            state.meta[M_TASTES] -= 1


@compiled("b1(S,i8,i8,i8,b1)", inner=True)
def is_barred(state, viewer, row, minute, again):  # type: ignore[no-untyped-def]
    """Seen inside the window, or not wanted."""
    if viewer < 0:
        return False
    value = seen_of(state, viewer, row, minute)
    return value != 0 and is_recently_seen(state, viewer, value, minute, again)


@compiled("i8(i8[::1],i4[:,::1],i8,i8)", inner=True)
def level_wished(keys, levels, viewer, group):  # type: ignore[no-untyped-def]
    slot = slot_of(keys, (viewer + 1) << 32 | group)
    return np.int64(levels[slot, 0]) if keys[slot] != 0 else np.int64(0)


@compiled("b1(i8[:,::1],i8[::1],i4[:,::1],i8,i8)", inner=True)
def is_unwanted(clip, keys, levels, viewer, row):  # type: ignore[no-untyped-def]
    """The viewer, who has wishes, wants none at all by the clip's author, or with one of its tags.

    Takes its arrays apart: a call with the whole state is so dear that its caller would no longer be inlined.
    """
    for slot in range(1, clip[row, C_GROUPS]):
        if level_wished(keys, levels, viewer, clip[row, C_GROUP + slot]) == NONE_AT_ALL:
            return True
    return False


@compiled("i8(S,i8,i8)", inner=True)
def wish_of(state, viewer, row):  # type: ignore[no-untyped-def]
    """What the viewer asked for: the mean level of the clip's tags plus the author's, times the weight."""
    clip, weight = state.clip[row], state.weights[P_WISH]
    of_tags = np.int64(0)
    for slot in range(FIRST_TAG, FIRST_TAG + clip[C_TAGS]):
        of_tags += level_wished(state.wish_key, state.wish, viewer, clip[C_GROUP + slot])
    of_author = level_wished(state.wish_key, state.wish, viewer, clip[C_GROUP + 1])
    return weight * of_tags // max(clip[C_TAGS], 1) + weight * of_author


@compiled("void(S,i8,i8,i8)")
def put_wish(state, viewer_id, group, level):  # type: ignore[no-untyped-def]
    viewer = meet_viewer(state, viewer_id, state.meta[M_NOW])
    key = (viewer + 1) << 32 | group
    slot = slot_of(state.wish_key, key)
    if state.wish_key[slot] == 0:
        state.wish_key[slot] = key
        state.viewer[viewer, V_WISHES] += 1
        state.meta[M_WISHES] += 1
    state.wish[slot, 0] = level


@compiled("void(S,i8,b1)")
def put_profiled(state, viewer_id, is_profiled):  # type: ignore[no-untyped-def]
    state.viewer[meet_viewer(state, viewer_id, state.meta[M_NOW]), V_UNPROFILED] = not is_profiled


@compiled("i8(i8[:,::1],i8,i8)", inner=True)
def profile_of(viewers, viewer, now):  # type: ignore[no-untyped-def]
    """The viewer's row where what it watched may have a part in its pages, else as for a newcomer."""
    if viewer < 0 or viewers[viewer, V_UNPROFILED] or is_forgotten(viewers, viewer, now):
        return np.int64(NONE)
    return viewer


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
    value = seen_of(state, viewer, row, minute)
    if value == 0 or not is_recently_seen(state, viewer, value, minute, True):
        put_seen(state, viewer, row, UNWATCHED | HANDED_OUT | value & REACTED | minute)


@compiled("i8(S,i8,i8,i8,i8[::1])", inner=True)
def note_watched(state, viewer, row, minute, watch):  # type: ignore[no-untyped-def]
    """What of it counts for everybody: bits FIRST_WATCH inside the window, FIRST_LIKE, FIRST_REFUSAL; and SHOWN for
    what had been put on a page.

    However often one viewer tells of one clip, the clip gains no more by it.
    """
    value = seen_of(state, viewer, row, minute)
    if value == NEVER_AGAIN:
        return np.int64(0)
    counts = SHOWN if value & HANDED_OUT else np.int64(0)
    if value == 0:
        value = np.int64(UNWATCHED | minute)
    if watch[W_NOT_INTERESTED]:
        put_seen(state, viewer, row, NEVER_AGAIN)
        return counts | FIRST_REFUSAL
    is_first_like = watch[W_LIKED] != 0 and value & LIKED == 0
    if is_first_like:
        value |= LIKED
    is_watch = watch[W_WATCHED_MS] > 0 or watch[W_COMPLETIONS] > 0 or watch[W_SKIPPED] != 0
    is_first_watch = is_watch and not is_recently_seen(state, viewer, value, minute, True)
    if is_first_watch:
        state.viewer[viewer, V_SEQUENCE] += 1
        value = state.viewer[viewer, V_SEQUENCE] << 32 | value & REACTED | minute
    put_seen(state, viewer, row, value)
    return counts | FIRST_LIKE * is_first_like | FIRST_WATCH * is_first_watch


@compiled("void(i8,i8[::1],i8[::1])", inner=True)
def fill_outcomes(duration_ms, watch, outcomes):  # type: ignore[no-untyped-def]
    """outcomes[HEADS]: 1 for what a watch turned out to be."""
    watched_ms = watch[W_WATCHED_MS]
    is_end = watch[W_COMPLETIONS] > 0
    outcomes[:] = 0
    outcomes[H_FINISH] = is_end
    outcomes[H_LONG] = is_end or watched_ms >= min(duration_ms, LONG_MS)
    outcomes[H_SKIP] = not is_end and watch[W_SKIPPED] and watched_ms < 3000 and watched_ms * 4 < duration_ms
    outcomes[H_LIKE] = watch[W_LIKED]
    outcomes[H_REFUSE] = watch[W_NOT_INTERESTED]
    for k in range(PAST_MS.size):
        outcomes[H_PAST + k] = watched_ms > PAST_MS[k]


@compiled("i8(i8[::1],i8,i8,i8,i8,i8,i8)")
def grade(weights, duration_ms, watched_ms, completions, skipped, liked, refused):  # type: ignore[no-untyped-def]
    """What a watch was worth: the sum of the worths of what it turned out to be."""
    is_end = completions > 0
    value = weights[P_WORTH + H_FINISH] * is_end
    value += weights[P_WORTH + H_LONG] * (is_end or watched_ms >= min(duration_ms, LONG_MS))
    value += weights[P_WORTH + H_LIKE] * (liked != 0) + weights[P_WORTH + H_REFUSE] * (refused != 0)
    if not is_end and skipped and watched_ms < 3000 and watched_ms * 4 < duration_ms:
        value += weights[P_WORTH + H_SKIP]
    return value


@compiled("i8(i8,i8)", inner=True)
def fading(minutes, half_min):  # type: ignore[no-untyped-def]
    """2 ** (-minutes / half_min) in 2 ** 30ths."""
    steps = max(minutes, 0) * 64 // half_min
    return HALVINGS[steps & 63] >> min(steps >> 6, 62)


@compiled("i8(i8[::1],i8[::1],i4[:,::1],i8[::1],i8,i8,i8)", inner=True)
def taste_of(meta, keys, tastes, weights, viewer, group, minute):  # type: ignore[no-untyped-def]
    """How much more this group's clips are worth to a viewer than expected.

    The mean surprise r / (w + 1), believed as far as the sum of surprises exceeds chance: r^2 / (r^2 + w * doubt),
    a shrinkage after James and Stein (1961). r: sum of surprises, w: watches, both fading.
    """
    key = (viewer + 1) << 32 | group
    slot = slot_of(keys, key)
    if keys[slot] == 0 or now_of(meta, minute) - tastes[slot, 2] > FORGOTTEN_MIN:
        return np.int64(0)
    fade = fading(minute - tastes[slot, 2], weights[P_TASTE_HALF_MIN])
    surprise = (np.int64(tastes[slot, 0]) * fade) >> 30
    weight = (np.int64(tastes[slot, 1]) * fade) >> 30
    surprise = min(max(surprise, -ONE), ONE)
    square = surprise * surprise >> 10
    doubt = weight * weights[P_TASTE_DOUBT] >> 10
    return (surprise << 20) // (weight + 1024) * square // (square + doubt + 1)


@compiled("void(S,i8,i8,i8,i8,i8)", inner=True)
def add_taste(state, viewer, group, surprise, weight, minute):  # type: ignore[no-untyped-def]
    """surprise and weight in 2 ** 10ths."""
    key = (viewer + 1) << 32 | group
    slot = slot_of(state.taste_key, key)
    if state.taste_key[slot] == 0:
        state.taste_key[slot] = key
        state.meta[M_TASTES] += 1
        state.taste[slot, 2] = minute
    if state.meta[M_NOW] - state.taste[slot, 2] > FORGOTTEN_MIN:
        state.taste[slot, 0] = state.taste[slot, 1] = 0
    fade = fading(minute - state.taste[slot, 2], state.weights[P_TASTE_HALF_MIN])
    state.taste[slot, 0] = ((np.int64(state.taste[slot, 0]) * fade) >> 30) + surprise
    state.taste[slot, 1] = ((np.int64(state.taste[slot, 1]) * fade) >> 30) + weight
    state.taste[slot, 2] = minute


@compiled("void(i8[::1],i8,i8)", inner=True)
def note_favourite(row, group, value):  # type: ignore[no-untyped-def]
    """Keeps the groups that a viewer is fondest of, with their value when last learned."""
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
    state.meta[M_PAIRS] += weight
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


@compiled("i8(i8[::1],i8)", inner=True)
def last_good(record, g):  # type: ignore[no-untyped-def]
    """The row of the g-th last clip that the viewer watched well, from 0."""
    return record[V_RECENT + (record[V_RECENT_AT] - 1 - g) % RECENT] - 1


@compiled("i8(i8[::1],i8)", inner=True)
def good_of_session(record, minute):  # type: ignore[no-untyped-def]
    """How many of the last have a say: those of the session."""
    return min(record[V_GOOD], LAST) if minute - record[V_LAST_MIN] <= SESSION_MIN else np.int64(0)


@compiled("i8(i8,i8,i8)", inner=True)
def share_of(weight, whole, g):  # type: ignore[no-untyped-def]
    return (np.int64(weight) << 28) // whole // ((1 + g) * (1 + g))


@compiled("i8(i8[::1],i8[::1],i8,i8)", inner=True)
def lift_of(meta, weights, led_here, share):  # type: ignore[no-untyped-def]
    """log2 of one and how many times oftener it follows these than it follows any."""
    usual = ((led_here + weights[P_NEAR_USUAL]) << 28) // (meta[M_PAIRS] + weights[P_NEAR_USUAL])
    return log_of(ONE + min((share << 20) // usual, np.int64(1) << 40))


@compiled("i8(S,i8,i8,i8)", inner=True)
def near_of(state, viewer, row, minute):  # type: ignore[no-untyped-def]
    """By how much oftener a clip follows the viewer's last good ones than it follows any.

    Of what followed each of them, the latest weighing most, the candidate's share; over its share of all that followed
    anything (the lift of association rules; Brin, Motwani, Ullman, Tsur 1997).
    """
    share = np.int64(0)
    for g in range(good_of_session(state.viewer[viewer], minute)):
        a = last_good(state.viewer[viewer], g)
        whole = state.clip[a, C_OUT] + state.weights[P_NEAR_PRIOR]
        for k in range(NEAR):
            b = np.int64(state.near[a, k, 0]) - 1
            if b == row:
                share += share_of(state.near[a, k, 1], whole, g)
            if b == row or b < 0:
                break
    return lift_of(state.meta, state.weights, state.clip[row, C_IN], share) if share else np.int64(0)


@compiled("void(S,i8,i8)", inner=True)
def note_good(state, viewer, row):  # type: ignore[no-untyped-def]
    """A good watch follows each of the last good ones: 1/g to the pair with the g-th previous, both ways round."""
    record = state.viewer[viewer]
    at = record[V_RECENT_AT]
    for g in range(1, REACH + 1):
        a = record[V_RECENT + (at - g) % RECENT] - 1
        if a < 0:
            break
        if a == row:
            continue
        add_near(state, a, row, 256 // g)
        add_near(state, row, a, 64 // g)
    record[V_RECENT + at % RECENT] = row + 1
    record[V_RECENT_AT] = (at + 1) % RECENT
    record[V_GOOD] += 1


@compiled("void(i8[:,:,::1],i4[:,::1],i8,i8,i8,i8,i8)", inner=True)
def add_to_group(heads, ratio, group, head, got, of, prior):  # type: ignore[no-untyped-def]
    """Keeps the ratio at what was counted; `prior`: how many that come true its beginning is worth."""
    heads[group, head, E_GOT] += got
    heads[group, head, E_OF] += of
    if heads[group, head, E_OF] > MEMORY:
        heads[group, head, E_GOT] >>= 1
        heads[group, head, E_OF] >>= 1
    ratio[group, head] = log_of(heads[group, head, E_GOT] + (prior << 20)) - log_of(
        heads[group, head, E_OF] + (prior << 20)
    )


@compiled("void(i8[::1],i8[::1],i8[:,:,::1],i4[:,::1],i8,i8,i8,i8)", inner=True)
def count_in_groups(weights, clip, heads, ratio, head, got, exposure, log_odds):  # type: ignore[no-untyped-def]
    """Adds what came true, and how often what stands before it expected that: to everything, length, tags, author.

    `log_odds`: the start, before the mean.
    """
    author, length = clip[C_GROUP + 1], clip[C_GROUP + 2]
    expected = exposure * chance_of(log_odds) >> 20
    log_odds += ratio[0, head]
    add_to_group(heads, ratio, 0, head, got, expected, weights[P_START_PRIOR])
    expected = exposure * chance_of(log_odds) >> 20
    log_odds += ratio[length, head]
    add_to_group(heads, ratio, length, head, got, expected, weights[P_LENGTH_PRIOR])
    expected = exposure * chance_of(log_odds) >> 20
    tagged = np.int64(0)
    for slot in range(FIRST_TAG, clip[C_GROUPS]):
        tagged += ratio[clip[C_GROUP + slot], head]
        add_to_group(heads, ratio, clip[C_GROUP + slot], head, got, expected, weights[P_TAG_PRIOR])
    log_odds += tagged // max(clip[C_GROUPS] - FIRST_TAG, 1)
    expected = exposure * chance_of(log_odds) >> 20
    add_to_group(heads, ratio, author, head, got, expected, weights[P_AUTHOR_PRIOR])


@compiled("void(i8[::1],i8,i8,i8)", inner=True)
def add_heads(heads, got, of, memory):  # type: ignore[no-untyped-def]
    heads[E_GOT] += got
    heads[E_OF] += of
    if heads[E_OF] > memory:
        heads[E_GOT] >>= 1
        heads[E_OF] >>= 1


@compiled("i8(i8,i8)", inner=True)
def exposure_of(likely, ahead):  # type: ignore[no-untyped-def]
    """How many exposures to anybody one is worth: how many times as likely it comes true for this viewer here."""
    return min(max((chance_of(ahead) << 20) // max(chance_of(likely), 1), ONE // MOST_EXPOSED), MOST_EXPOSED * ONE)


@compiled("void(S,i8,i8,i8,i8[::1],i8[::1],i8[::1])", inner=True)
def count_viewing(state, profile, surface, row, outcomes, likely, habits):  # type: ignore[no-untyped-def]
    """Adds what came true to the viewer's habits and to the surface, each against what the rest expected."""
    first = surface * BY_SURFACE
    of_length = first + 1 + state.group[state.clip[row, C_GROUP + 2], G_CLASS]
    prior = state.weights[P_LENGTH_PRIOR]
    for head in range(HEADS):
        got = outcomes[head] << 20
        on_surface = np.int64(state.surface_ratio[first, head])
        on_length = np.int64(state.surface_ratio[of_length, head])
        ahead = likely[head] + habits[head]
        if profile >= 0:
            of = chance_of(likely[head] + on_surface + on_length)
            add_heads(state.viewer_heads[profile, head], got, of, HABIT_MEMORY)
        add_to_group(state.surface_heads, state.surface_ratio, first, head, got, chance_of(ahead), prior)
        of = chance_of(ahead + on_surface)
        add_to_group(state.surface_heads, state.surface_ratio, of_length, head, got, of, prior)


@compiled("void(S,i8,i8,i8)", inner=True)
def count_act(state, profile, row, head):  # type: ignore[no-untyped-def]
    """Adds what came true apart from a watch. It is put down to pages, where nearly all chances for it are counted."""
    first = ON_PAGE * BY_SURFACE
    of_length = first + 1 + state.group[state.clip[row, C_GROUP + 2], G_CLASS]
    if profile >= 0:
        add_heads(state.viewer_heads[profile, head], ONE, 0, HABIT_MEMORY)
    for at in (first, of_length):
        add_to_group(state.surface_heads, state.surface_ratio, at, head, ONE, 0, state.weights[P_LENGTH_PRIOR])


@compiled("void(S,i8,i8[::1],i8[::1],i8[::1],b1)", inner=True)
def count_watch(state, row, outcomes, likely, ahead, is_act):  # type: ignore[no-untyped-def]
    """Adds a watch to what is known of the clip and its groups; of an act only what came true.

    Of its groups it says the less the better the clip itself is known, so that a few clips that everybody watches do
    not speak for all.
    """
    weights, clip = state.weights, state.clip[row]
    log_odds, moved = state.scratch[X_SUGGESTED], state.scratch[X_MOVED]
    fill_suggested(weights, state.meta, clip, state.clip_vector[row, BIAS], state.ratio, log_odds)
    was_known = share_known(weights, state.clip_heads[row, H_FINISH, E_OF])
    tags = max(clip[C_GROUPS] - FIRST_TAG, 1)
    for head in range(HEADS):
        if is_act and not outcomes[head]:
            continue
        got = outcomes[head] << 20
        exposure = np.int64(0) if is_act else exposure_of(likely[head], ahead[head])
        tagged = np.int64(0)
        for slot in range(FIRST_TAG, clip[C_GROUPS]):
            tagged += state.ratio[clip[C_GROUP + slot], head]
        known = np.int64(state.ratio[0, head]) + state.ratio[clip[C_GROUP + 1], head]
        start = log_odds[head] - known - state.ratio[clip[C_GROUP + 2], head] - tagged // tags
        told = ONE - was_known
        count_in_groups(
            weights, clip, state.group_heads, state.ratio, head, got * told >> 20, exposure * told >> 20, start
        )
        add_heads(state.clip_heads[row, head], got, exposure, MEMORY)
    for head in range(HEADS):
        moved[head] = -state.deviation[row, head]
    moved[HEADS] = -was_known
    fill_suggested(weights, state.meta, clip, state.clip_vector[row, BIAS], state.ratio, log_odds)
    fill_deviation(weights, state.clip_heads[row], log_odds, state.deviation[row])
    for head in range(HEADS):
        moved[head] += state.deviation[row, head]
    moved[HEADS] += share_known(weights, state.clip_heads[row, H_FINISH, E_OF])
    tell_company(state.clip, state.near, row, moved, state.company)


@compiled("void(S,i8)", inner=True)
def ask_company(state, row):  # type: ignore[no-untyped-def]
    fill_company(
        state.weights,
        state.clip,
        state.clip_heads,
        state.deviation,
        state.near,
        row,
        state.company[row],
    )
    relevel(state, row)


@compiled("void(S)", inner=True)
def renew_next(state):  # type: ignore[no-untyped-def]
    """The next of all clips in turn: what is suggested of it may have moved since its last watch."""
    row = state.meta[M_TURN]
    state.meta[M_TURN] = (row + 1) % state.meta[M_CLIPS]
    if state.clip[row, C_LIVE] == 0:
        return
    log_odds = state.scratch[X_RENEWED]
    fill_suggested(state.weights, state.meta, state.clip[row], state.clip_vector[row, BIAS], state.ratio, log_odds)
    fill_deviation(state.weights, state.clip_heads[row], log_odds, state.deviation[row])
    ask_company(state, row)


@compiled("void(S,i8)", inner=True)
def relevel_neighbour(state, row):  # type: ignore[no-untyped-def]
    """The level of one that goes together with the clip, in turns."""
    other = np.int64(state.near[row, (state.clip[row, C_N] >> 1) % COMPANY, 0]) - 1
    if other >= 0:
        relevel(state, other)


@compiled("void(S)", inner=True)
def relevel_next(state):  # type: ignore[no-untyped-def]
    """The level of the next of all clips in turn: others' choices moved its bias."""
    row = state.meta[M_TURN]
    state.meta[M_TURN] = (row + 1) % state.meta[M_CLIPS]
    relevel(state, row)


@compiled("void(S,i8)", inner=True)
def renew(state, row):  # type: ignore[no-untyped-def]
    """After a watch: the clip, and in turns a neighbour or the next of all."""
    ask_company(state, row)
    if state.meta[M_APPLIED] & 1:
        relevel_neighbour(state, row)
    else:
        renew_next(state)


@compiled("void(S,i8,i8,i8,i8,i8)", inner=True)
def feel(state, viewer, row, felt, weight, minute):  # type: ignore[no-untyped-def]
    """Adds a surprise to the viewer's tastes for the clip's author, length and tags; in 2 ** 10ths."""
    for slot in range(1, state.clip[row, C_GROUPS]):
        group = state.clip[row, C_GROUP + slot]
        add_taste(state, viewer, group, felt, weight, minute)
        if slot != 2:
            taste = taste_of(state.meta, state.taste_key, state.taste, state.weights, viewer, group, minute)
            note_favourite(state.viewer[viewer], group, taste)


@compiled("i8(i8[::1],i8[::1],i8[::1],b1)", inner=True)
def surprise_of(weights, outcomes, ahead, is_act):  # type: ignore[no-untyped-def]
    """How much more a watch was worth than was likely for this viewer; of an act only what came true."""
    surprise = np.int64(0)
    for head in range(H_PAST):
        worth = weights[P_WORTH + head]
        if worth and (outcomes[head] or not is_act):
            surprise += worth * ((outcomes[head] << 20) - chance_of(ahead[head])) >> 20
    return surprise


@compiled("i8(i8[::1],i8)", inner=True)
def usual_surprise(viewer, surprise):  # type: ignore[no-untyped-def]
    """The viewer's mean surprise before this one, shrunk by five that are none; in 2 ** 10ths.

    Who tells of good ones alone has no taste by that.
    """
    usual = viewer[V_SURPRISE] // (viewer[V_SURPRISES] + 5)
    viewer[V_SURPRISE] += surprise
    viewer[V_SURPRISES] += 1
    if viewer[V_SURPRISES] >= 256:
        viewer[V_SURPRISE] >>= 1
        viewer[V_SURPRISES] >>= 1
    return usual


@compiled("void(i8[::1])", inner=True)
def leave_acts(outcomes):  # type: ignore[no-untyped-def]
    """What was done besides watching."""
    for head in (H_FINISH, H_LONG, H_SKIP):
        outcomes[head] = 0
    outcomes[H_PAST:] = 0


@compiled("i8(i8[::1],i8[::1],i4[:,::1],i8[::1],i8[::1],i8,i8)", inner=True)
def taste_in_tags(meta, keys, tastes, weights, clip, viewer, minute):  # type: ignore[no-untyped-def]
    liked = np.int64(0)
    for slot in range(FIRST_TAG, clip[C_GROUPS]):
        liked += taste_of(meta, keys, tastes, weights, viewer, clip[C_GROUP + slot], minute)
    return liked // max(clip[C_GROUPS] - FIRST_TAG, 1)


@compiled("i8(f4[:,::1],f4[:,::1],i8,i8)", inner=True)
def likeness_of(viewers, clips, viewer, row):  # type: ignore[no-untyped-def]
    """The product of two vectors, as log2 odds."""
    product = np.float64(0)
    for i in range(SIZE):
        product += np.float64(viewers[viewer, i]) * np.float64(clips[row, i])
    return np.int64(product * LOG2_E * ONE)


@compiled("void(S,i8,i8,i8,i8,i8[::1])", inner=True)
def fill_steps(state, viewer, row, minute, near, steps):  # type: ignore[no-untyped-def]
    """steps[STEPS]: log2 odds, before their gains are learned."""
    weights, clip = state.weights, state.clip[row]
    meta, keys, tastes = state.meta, state.taste_key, state.taste
    of_tags = taste_in_tags(meta, keys, tastes, weights, clip, viewer, minute)
    of_author = taste_of(meta, keys, tastes, weights, viewer, clip[C_GROUP + 1], minute)
    of_length = taste_of(meta, keys, tastes, weights, viewer, clip[C_GROUP + 2], minute)
    steps[S_TAGS] = of_tags * weights[P_TAG_GAIN] >> 10
    steps[S_AUTHOR] = of_author * weights[P_AUTHOR_GAIN] >> 10
    steps[S_LENGTH] = of_length * weights[P_LENGTH_GAIN] >> 10
    steps[S_NEAR] = near * weights[P_NEAR_GAIN] >> 10
    steps[S_ALIKE] = 0
    if state.viewer_vector[viewer, 0] != 0:
        likeness = likeness_of(state.viewer_vector, state.clip_vector, viewer, row)
        steps[S_ALIKE] = likeness * weights[P_ALIKE_GAIN] >> 10


@compiled("void(i8[::1],f8[:,:,::1],f8[:,::1])", inner=True)
def fill_gains(meta, learned, gains):  # type: ignore[no-untyped-def]
    """gains[HEADS, PARTS]: those learned from what was put on pages. As far as clips are chosen instead, no more of
    the steps than it takes to tell choices from chance, and in addition what that takes beyond DOUBT."""
    share = np.float64(meta[M_CHOSEN]) / np.float64(max(meta[M_CHOSEN] + PAGE_WEIGHT * meta[M_WATCHED], 1))
    for part in range(PARTS):
        kept, added = np.float64(1), np.float64(0)
        if part < STEPS:
            chosen = learned[OF_CHOICES, part, A_GAIN]
            kept = 1 - share * (1 - min(chosen, np.float64(1)))
            added = share * max(chosen - DOUBT, np.float64(0))
        for head in range(HEADS):
            gains[head, part] = learned[head, part, A_GAIN] * kept + added


@compiled("void(i8,i8,i8,i8,i8[::1],i8[::1])", inner=True)
def fill_parts(head, likely, placed, habit, steps, parts):  # type: ignore[no-untyped-def]
    """parts[PARTS]: the log2 odds that a head's chance is made of."""
    for step in range(STEPS):
        parts[step] = SIGNS[head] * steps[step]
    parts[S_CLIP], parts[S_SURFACE], parts[S_HABIT] = likely, placed, habit


@compiled("i8(f8[::1],i8[::1],i8,i8)", inner=True)
def sum_by(gains, parts, first, end):  # type: ignore[no-untyped-def]
    """The log2 odds of the parts from `first` to `end`, each by its gain."""
    log_odds = np.float64(0)
    for part in range(first, end):
        log_odds += gains[part] * np.float64(parts[part])
    return np.int64(log_odds)


@compiled("void(f8[:,::1],f8,f8,i8[::1],i8,i8)", inner=True)
def move_gains(learned, rate, error, parts, first, end):  # type: ignore[no-untyped-def]
    """One step of AdaGrad (Duchi, Hazan, Singer 2011) on the logistic loss, of the parts from `first` to `end`:
    learned[PARTS, 2]."""
    for part in range(first, end):
        if parts[part] == 0:
            continue
        slope = error * (np.float64(parts[part]) / ONE)
        learned[part, A_SQUARES] += slope * slope
        moved = learned[part, A_GAIN] + rate * slope / math.sqrt(SQUARES_PRIOR + learned[part, A_SQUARES])
        learned[part, A_GAIN] = min(max(moved, np.float64(0)), np.float64(MOST_GAIN))


@compiled("i8(i8)", inner=True)
def told_bit(head):  # type: ignore[no-untyped-def]
    """The bit in `seen` of what may be told apart from a watch; 0 of anything else."""
    if head == H_LIKE:
        return LIKED
    if head == H_SHARE:
        return SHARED
    if head == H_COMMENT:
        return COMMENTED
    return FOLLOWED if head == H_FOLLOW else 0


@compiled("void(S,i8,i8,i8,i8,i8,b1,i8,i8,i8[::1],i8[::1])", inner=True)
def weigh_bases(state, viewer, surface, row, minute, told, is_late, first, end, outcomes, likely):  # type: ignore[no-untyped-def]
    """Learns by how much clip, surface and habit count for the heads from `first` to `end`, from what became of a clip.

    The steps have no part in it: a viewer tells of a clip as often as it likes, which moves its tastes each time and
    must move nobody else's chances. Of what may be told apart from a watch only the habit is weighed, so that it does
    not matter which comes first; what was `told` before the watch was weighed then, and `is_late` undoes that the
    watch had said the opposite.
    """
    placed, held, parts = state.scratch[X_PLACED], state.scratch[X_HELD], state.scratch[X_PARTS]
    fill_habits_at(state, viewer, minute, held)
    placed[:] = 0
    add_surface(state, surface, row, placed)
    for head in range(first, end):
        bit, learned, gains = told_bit(head), state.gain[head], state.scratch_gains[head]
        if told & bit:
            continue
        parts[S_CLIP], parts[S_SURFACE], parts[S_HABIT] = likely[head], placed[head], held[head]
        for part in range(S_CLIP, PARTS):
            gains[part] = learned[part, A_GAIN]
        chance = np.float64(chance_of(sum_by(gains, parts, S_CLIP, PARTS))) / ONE
        error = np.float64(outcomes[head]) - (0 if is_late else chance)
        move_gains(learned, RATE, error, parts, S_HABIT if bit else S_CLIP, PARTS)


@compiled("void(S,i8,i8,i8,i8,i8[::1],i8[::1])", inner=True)
def weigh_act(state, viewer, row, minute, head, outcomes, likely):  # type: ignore[no-untyped-def]
    """As `weigh_bases`, of one head that came true apart from the watch."""
    value = seen_of(state, viewer, row, minute)
    is_late = value != 0 and value & UNWATCHED == 0
    weigh_bases(state, viewer, ON_PAGE, row, minute, 0, is_late, head, head + 1, outcomes, likely)


@compiled("b1(i8[::1])", inner=True)
def is_nothing(steps):  # type: ignore[no-untyped-def]
    bits = np.int64(0)
    for step in range(STEPS):
        bits |= steps[step]
    return bits == 0


@compiled("void(S,i8,i8,i8,i8,i8[::1],i8[::1])", inner=True)
def weigh_steps(state, viewer, surface, row, minute, outcomes, likely):  # type: ignore[no-untyped-def]
    """Learns by how much each step counts from what became of a clip that was put on a page. What may be told apart
    from a watch has no such gains: here it would only ever fail."""
    steps, placed, held = state.scratch[X_STEPS], state.scratch[X_PLACED], state.scratch[X_HELD]
    gains, parts = state.scratch_gains, state.scratch[X_PARTS]
    fill_steps(state, viewer, row, minute, near_of(state, viewer, row, minute), steps)
    if is_nothing(steps):
        return
    fill_habits_at(state, viewer, minute, held)
    placed[:] = 0
    add_surface(state, surface, row, placed)
    fill_gains(state.meta, state.gain, gains)
    for head in range(HEADS):
        if told_bit(head) == 0:
            fill_parts(head, likely[head], placed[head], held[head], steps, parts)
            chance = np.float64(chance_of(sum_by(gains[head], parts, 0, PARTS))) / ONE
            move_gains(state.gain[head], RATE, np.float64(outcomes[head]) - chance, parts, 0, STEPS)


@compiled("void(S,i8,i8,i8)", inner=True)
def weigh_choice(state, viewer, row, minute):  # type: ignore[no-untyped-def]
    """Learns which steps tell a clip that was chosen from one drawn at random."""
    other = draw_below(np.uint64(state.meta[M_CHAIN]), 7, state.meta[M_CLIPS])
    if other == row or state.clip[other, C_LIVE] == 0:
        return
    steps, others = state.scratch[X_STEPS], state.scratch[X_OTHERS]
    fill_steps(state, viewer, row, minute, near_of(state, viewer, row, minute), steps)
    fill_steps(state, viewer, other, minute, near_of(state, viewer, other, minute), others)
    learned, gains = state.gain[OF_CHOICES], state.scratch_gains[0]
    for step in range(STEPS):
        steps[step] -= others[step]
        gains[step] = learned[step, A_GAIN]
    chance = np.float64(chance_of(sum_by(gains, steps, 0, STEPS))) / ONE
    move_gains(learned, CHOICE_RATE, 1 - chance, steps, 0, STEPS)


@compiled("void(S,i8,i8)", inner=True)
def keep_choice(state, viewer, row):  # type: ignore[no-untyped-def]
    at = state.meta[M_CHOICES] % CHOICES_KEPT
    state.choice[at, 0], state.choice[at, 1] = viewer, row
    state.meta[M_CHOICES] += 1


@compiled("void(f4[::1],f4[::1],f4[::1])", inner=True)
def liken(viewer, chosen, other):  # type: ignore[no-untyped-def]
    """One step towards the viewer preferring what it chose (BPR; Rendle et al. 2009)."""
    ahead = np.float64(chosen[BIAS]) - np.float64(other[BIAS])
    for i in range(SIZE):
        ahead += np.float64(viewer[i]) * (np.float64(chosen[i]) - np.float64(other[i]))
    ahead = min(max(ahead, np.float64(-12)), np.float64(12))
    wrong = np.float32(1 - np.float64(chance_of(np.int64(ahead * LOG2_E * ONE))) / ONE)
    for i in range(SIZE):
        mine, its, others = viewer[i], chosen[i], other[i]
        viewer[i] += STEP * (wrong * (its - others) - RIDGE * mine)
        chosen[i] += STEP * (wrong * mine - RIDGE * its)
        other[i] -= STEP * (wrong * mine + RIDGE * others)
    chosen[BIAS] += STEP * (wrong - RIDGE * chosen[BIAS])
    other[BIAS] -= STEP * (wrong + RIDGE * other[BIAS])


@compiled("void(S)", inner=True)
def replay_choices(state):  # type: ignore[no-untyped-def]
    """Likens some of the choices so far, drawn at random, and the last one."""
    kept = min(state.meta[M_CHOICES], CHOICES_KEPT)
    for k in range(REPLAYED):
        state.meta[M_REPLAYED] += 1
        at = draw_below(np.uint64(state.meta[M_REPLAYED]), 1, kept)
        if k == 0:
            at = (state.meta[M_CHOICES] - 1) % CHOICES_KEPT
        other = draw_below(np.uint64(state.meta[M_REPLAYED]), 2, state.meta[M_CLIPS])
        viewer, row = np.int64(state.choice[at, 0]), np.int64(state.choice[at, 1])
        if profile_of(state.viewer, viewer, state.meta[M_NOW]) < 0 or other == row:
            continue
        if state.clip[row, C_LIVE] == 0 or state.clip[other, C_LIVE] == 0:
            continue
        if seen_of(state, viewer, other, state.meta[M_NOW]) == 0:
            liken(state.viewer_vector[viewer], state.clip_vector[row], state.clip_vector[other])
            encode(state.clip_vector[row], state.clip_code[row])
            encode(state.clip_vector[other], state.clip_code[other])


@compiled("i8(i8,i8[::1],i8[::1],i8)", inner=True)
def kind_of(duration_ms, watch, outcomes, counts):  # type: ignore[no-untyped-def]
    """What `note_watched` says, and which of these it is: FULL, to be learned from whole; CHOICE, of a clip that had
    not been put on a page; ACT, a like or a refusal without a watch; and whether it is GOOD."""
    is_act = watch[W_WATCHED_MS] == 0 and watch[W_COMPLETIONS] == 0 and watch[W_SKIPPED] == 0
    is_good = outcomes[H_FINISH] or watch[W_LIKED] or watch[W_WATCHED_MS] * 5 >= duration_ms * 4
    kind = counts | ACT * is_act
    if is_good and not watch[W_NOT_INTERESTED]:
        kind |= GOOD
    if counts & FIRST_WATCH and not counts & SHOWN and not watch[W_NOT_INTERESTED]:
        return kind | CHOICE
    return kind | FULL if counts & (FIRST_WATCH | FIRST_REFUSAL) else kind


@compiled("void(S,i8,i8,i8,i8[::1],i8[::1],i8[::1])", inner=True)
def fill_expected(state, profile, surface, row, likely, habits, ahead):  # type: ignore[no-untyped-def]
    """What is likely for anybody, the viewer's habits, and both together with the surface, each [HEADS]."""
    weights = state.weights
    fill_suggested(weights, state.meta, state.clip[row], state.clip_vector[row, BIAS], state.ratio, likely)
    fill_chances(weights, state.clip_heads[row], state.company[row], likely, HEADS)
    habits[:] = 0
    if profile >= 0:
        fill_habits(weights[P_HABIT_PRIOR], state.viewer_heads[profile], habits)
    for head in range(HEADS):
        ahead[head] = likely[head] + habits[head]
    add_surface(state, surface, row, ahead)


@compiled("void(S,i8,i8,i8,i8,i8,i8,i8[::1],i8[::1])", inner=True)
def weigh(state, viewer, surface, row, minute, kind, told, outcomes, likely):  # type: ignore[no-untyped-def]
    """Learns the gains from a watch that counts. `told`: those of REACTED that were told before."""
    if kind & FULL:
        weigh_steps(state, viewer, surface, row, minute, outcomes, likely)
    if kind & (FULL | CHOICE):
        first, end = (0, HEADS) if kind & FULL else (H_LIKE, H_FOLLOW + 1)
        weigh_bases(state, viewer, surface, row, minute, told, False, first, end, outcomes, likely)
    elif kind & FIRST_LIKE:
        weigh_act(state, viewer, row, minute, H_LIKE, outcomes, likely)
    if kind & CHOICE and kind & GOOD:
        weigh_choice(state, viewer, row, minute)


@compiled("void(S,i8,i8,i8[::1],i8[::1],b1,i8,i8)", inner=True)
def feel_outcome(state, viewer, row, outcomes, ahead, is_act, weight, minute):  # type: ignore[no-untyped-def]
    """Adds to the viewer's tastes how much more a watch was worth than was likely; `weight` in 2 ** 10ths."""
    surprise = surprise_of(state.weights, outcomes, ahead, is_act) >> 10
    felt = (surprise - usual_surprise(state.viewer[viewer], surprise)) * weight >> 10
    feel(state, viewer, row, felt, weight, minute)


@compiled("void(S,i8,i8)", inner=True)
def learn_choice(state, profile, row):  # type: ignore[no-untyped-def]
    state.clip[row, C_CHOSEN] += 1
    state.meta[M_CHOSEN] += 1
    if profile >= 0:
        keep_choice(state, profile, row)
        replay_choices(state)


@compiled("void(S,i8,i8,i8,i8,i8[::1],i8[::1],i8[::1],i8[::1])", inner=True)
def learn_for_all(state, profile, surface, row, kind, outcomes, likely, habits, ahead):  # type: ignore[no-untyped-def]
    """Adds a watch that counts to what is known of the clip, its groups, the surface and the viewer's habits."""
    clip, is_full = state.clip[row], kind & FULL != 0
    if not kind & FIRST_LIKE:
        outcomes[H_LIKE] = 0
    if not is_full:
        leave_acts(outcomes)
        if outcomes[H_LIKE]:
            count_act(state, profile, row, H_LIKE)
    if is_full or kind & FIRST_LIKE:
        count_watch(state, row, outcomes, likely, ahead, not is_full)
    if is_full:
        count_viewing(state, profile, surface, row, outcomes, likely, habits)
        clip[C_N] += 1
        state.meta[M_WATCHED] += 1
        if clip[C_UNPROVEN] and clip[C_N] >= state.weights[P_UNPROVEN_BELOW]:
            prove(state, row)


@compiled("void(S,i8,i8,i8[::1],i8)", inner=True)
def learn_one(state, viewer, row, watch, minute):  # type: ignore[no-untyped-def]
    outcomes, likely, habits = state.scratch[X_OUTCOMES], state.scratch[X_LIKELY], state.scratch[X_HABITS]
    ahead = state.scratch[X_AHEAD]
    profile = profile_of(state.viewer, viewer, state.meta[M_NOW])
    surface = surface_of(watch[W_SURFACE])
    told = seen_of(state, viewer, row, minute) & REACTED
    counts = note_watched(state, viewer, row, minute, watch)
    fill_outcomes(state.clip[row, C_DURATION_MS], watch, outcomes)
    kind = kind_of(state.clip[row, C_DURATION_MS], watch, outcomes, counts)
    fill_expected(state, profile, surface, row, likely, habits, ahead)
    if profile >= 0:
        weigh(state, profile, surface, row, minute, kind, told, outcomes, likely)
        note_session(state, profile, minute)
        weight = 2048 if watch[W_NOT_INTERESTED] else 1024
        feel_outcome(state, profile, row, outcomes, ahead, kind & ACT != 0, weight, minute)
    if kind & CHOICE and kind & GOOD:
        learn_choice(state, profile, row)
    learn_for_all(state, profile, surface, row, kind, outcomes, likely, habits, ahead)
    if profile >= 0 and kind & (FIRST_WATCH | FIRST_LIKE) and kind & GOOD:
        note_good(state, profile, row)
    if kind & CHOICE:
        relevel(state, row)
        relevel_next(state)
    elif counts:
        renew(state, row)


@compiled("void(S,i8[:,::1])")
def learn_watches(state, watches):  # type: ignore[no-untyped-def]
    """Applies watches in order; those of unknown clips are counted and left. The caller has made room."""
    for w in range(watches.shape[0]):
        watch = watches[w]
        row = find_clip(state, watch[W_CLIP])
        if row < 0:
            state.meta[M_IGNORED] += 1
            continue
        minute = watch[W_AT_US] // 60_000_000
        learn_one(state, meet_viewer(state, watch[W_VIEWER], pass_time(state.meta, minute)), row, watch, minute)
        state.meta[M_APPLIED] += 1
        flags = watch[W_SKIPPED] << 2 | watch[W_LIKED] << 1 | watch[W_NOT_INTERESTED]
        flags |= watch[W_COMPLETIONS] << 8 | surface_of(watch[W_SURFACE]) << 3
        chain(state, watch[W_VIEWER], watch[W_CLIP], watch[W_AT_US], watch[W_WATCHED_MS], flags)


@compiled("b1(S,i8,i8,i8,i8)", inner=True)
def note_reaction(state, viewer, row, minute, head):  # type: ignore[no-untyped-def]
    """Whether this viewer reacts to this clip in this way for the first time; of what was refused it is never told."""
    bit = SHARED if head == H_SHARE else COMMENTED if head == H_COMMENT else FOLLOWED
    value = seen_of(state, viewer, row, minute)
    if value & bit:
        return False
    put_seen(state, viewer, row, (value or UNWATCHED | minute) | bit)
    return True


@compiled("void(S,i8,i8,i8,i8)")
def learn_reaction(state, viewer_id, row, head, minute):  # type: ignore[no-untyped-def]
    """What came true besides watching, as a like that is told by itself. The caller has made room."""
    viewer = meet_viewer(state, viewer_id, pass_time(state.meta, minute))
    if not note_reaction(state, viewer, row, minute, head):
        return
    outcomes, likely, habits = state.scratch[X_OUTCOMES], state.scratch[X_LIKELY], state.scratch[X_HABITS]
    ahead = state.scratch[X_AHEAD]
    outcomes[:] = 0
    outcomes[head] = 1
    profile = profile_of(state.viewer, viewer, state.meta[M_NOW])
    fill_expected(state, profile, ON_PAGE, row, likely, habits, ahead)
    if profile >= 0:
        weigh_act(state, profile, row, minute, head, outcomes, likely)
        feel_outcome(state, profile, row, outcomes, ahead, True, 1024, minute)
    count_act(state, profile, row, head)
    count_watch(state, row, outcomes, likely, likely, True)
    renew(state, row)


@compiled("void(S,i8,i8[::1],i8)")
def note_shown(state, viewer_id, clip_ids, minute):  # type: ignore[no-untyped-def]
    viewer = meet_viewer(state, viewer_id, pass_time(state.meta, minute))
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
    has_wishes = viewer >= 0 and state.viewer[viewer, V_WISHES] > 0
    if has_wishes and is_unwanted(state.clip, state.wish_key, state.wish, viewer, row):
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
            for g in range(1, REACH + 1):
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


@compiled("i8(S,i8,i8,u8,i8,i8[::1],i8[:,::1])", inner=True)
def plan_walks(state, viewer, minute, seed, count, follows, walks):  # type: ignore[no-untyped-def]
    """Groups to walk, as (group, source, quota, steps): favourites, followed authors, everything."""
    n = 0
    for i in range(FAVOURITES if viewer >= 0 else 0):
        group = state.viewer[viewer, V_FAVOURITE + i] - 1
        taste = np.int64(0)
        if group >= 0:
            taste = taste_of(state.meta, state.taste_key, state.taste, state.weights, viewer, group, minute)
        if taste > 0:
            walks[n, 0], walks[n, 2], walks[n, 3] = group, max(count // 24, 4), 96
            kind = state.group[group, G_KIND]
            walks[n, 1] = TAG if kind == KIND_TAG else SOUND if kind == KIND_SOUND else AUTHOR
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


@compiled("i8(i1[:,::1],i8,i2[::1])", inner=True)
def code_likeness(codes, row, code):  # type: ignore[no-untyped-def]
    """As `likeness_of` with the clip's bias, of codes: 4096 is 1.0. Integers, so that it may be added in any order.

    Written so that the compiler adds many at once: it does where it isn't told how many there are.
    """
    theirs, product = codes[row], np.int32(0)
    for i in range(code.size):
        product = np.int32(product + np.int32(np.int32(theirs[i]) * np.int32(code[i])))
    return np.int64(product) + np.int64(theirs[BIAS]) * 256


@compiled("i8(i8[:,::1],i8,i8,i8)", inner=True)
def keep_best(found, n, row, likeness):  # type: ignore[no-untyped-def]
    """Puts a row into its place among the ALIKE best so far, best first, once; gives their number. The third column, of
    those that were walked from, is 0."""
    if n == ALIKE and likeness <= found[n - 1, 1]:
        return n
    for i in range(n):
        if found[i, 0] == row:
            return n
    i = min(n, ALIKE - 1)
    while i > 0 and found[i - 1, 1] < likeness:
        for k in range(3):
            found[i, k] = found[i - 1, k]
        i -= 1
    found[i, 0], found[i, 1], found[i, 2] = row, likeness, 0
    return min(n + 1, ALIKE)


@compiled("b1(S,i8,i8,i8,b1)", inner=True)
def may_gather(state, viewer, row, minute, again):  # type: ignore[no-untyped-def]
    return state.clip[row, C_LIVE] != 0 and not is_barred(state, viewer, row, minute, again)


@compiled("i8(S,i8,i8,b1,i2[::1],i8[:,::1])", inner=True)
def compare_all(state, viewer, minute, again, code, found):  # type: ignore[no-untyped-def]
    n = np.int64(0)
    for row in range(state.meta[M_CLIPS]):
        likeness = code_likeness(state.clip_code, row, code)
        if (n < ALIKE or likeness > found[n - 1, 1]) and may_gather(state, viewer, row, minute, again):
            n = keep_best(found, n, row, likeness)
    return n


@compiled("i8(S,i8,u8,i2[::1],i8[:,::1])", inner=True)
def walk_alike(state, viewer, seed, code, found):  # type: ignore[no-untyped-def]
    """From the last good ones and a few drawn at random always on from the best that nobody went on from yet, to those
    that go together with it: a best-first search of a graph of neighbours (Malkov, Yashunin 2018), which here is that
    of `near`."""
    n = np.int64(0)
    for g in range(RECENT):
        row = last_good(state.viewer[viewer], g)
        if row >= 0:
            n = keep_best(found, n, row, code_likeness(state.clip_code, row, code))
    for i in range(SAMPLE):
        row = draw_below(seed, 300 + i, state.meta[M_CLIPS])
        n = keep_best(found, n, row, code_likeness(state.clip_code, row, code))
    for _ in range(WALKED):
        at = np.int64(0)
        while at < n and found[at, 2]:
            at += 1
        if at == n:
            break
        found[at, 2] = 1
        a = found[at, 0]
        for k in range(NEIGHBOURS_WALKED):
            b = np.int64(state.near[a, k, 0]) - 1
            if b < 0:
                break
            n = keep_best(found, n, b, code_likeness(state.clip_code, b, code))
    return n


@compiled("i8(S,i8,i8,b1,u8,i8,i8[:,::1])")
def find_alike(state, viewer, minute, again, seed, compared, found):  # type: ignore[no-untyped-def]
    """Fills found[ALIKE, 3] with rows and their likeness, best first, and gives their number. All clips are looked at
    where there are at most `compared`, and what may not be gathered is left out; else it may be among them."""
    if viewer < 0 or state.viewer_vector[viewer, 0] == 0:
        return np.int64(0)
    code = state.scratch_code
    for i in range(SIZE):
        value = np.float64(state.viewer_vector[viewer, i]) * CODE
        code[i] = np.int16(min(max(value, np.float64(-127)), np.float64(127)))
    if state.meta[M_CLIPS] <= compared:
        return compare_all(state, viewer, minute, again, code, found)
    return walk_alike(state, viewer, seed, code, found)


@compiled("void(S,i8,i8,i8,i8,i8[::1],i8[::1])", inner=True)
def fill_near(state, viewer, minute, page, n, rows, near):  # type: ignore[no-untyped-def]
    """near[candidate]: as near_of, for all of them at once."""
    for i in range(n):
        near[i] = 0
    if viewer < 0:
        return
    for g in range(good_of_session(state.viewer[viewer], minute)):
        a = last_good(state.viewer[viewer], g)
        whole = state.clip[a, C_OUT] + state.weights[P_NEAR_PRIOR]
        for k in range(NEAR):
            b = np.int64(state.near[a, k, 0]) - 1
            if b < 0:
                break
            if state.stamp[b] == page and state.place[b] >= 0:
                near[state.place[b]] += share_of(state.near[a, k, 1], whole, g)
    for i in range(n):
        if near[i]:
            near[i] = lift_of(state.meta, state.weights, state.clip[rows[i], C_IN], near[i])


@compiled("void(S,i8,i8,i8,i8[::1],i8[::1])")
def consider_rows(state, viewer_id, minute, page, rows, near):  # type: ignore[no-untyped-def]
    """As gather_rows for rows that are given."""
    for i in range(rows.size):
        state.stamp[rows[i]] = page
        state.place[rows[i]] = i
    profile = profile_of(state.viewer, find_viewer(state, viewer_id), now_of(state.meta, minute))
    fill_near(state, profile, minute, page, rows.size, rows, near)


@compiled("i8(S,i8,i8,b1,u8,i8,i8[::1],i8[::1],i8,i8[::1],i8[::1],i8[::1])", allocates=True)
def gather_rows(state, viewer_id, minute, again, seed, count, follows, barred, page, rows, sources, near):  # type: ignore[no-untyped-def]
    """Fills rows, sources (bits 1 << Source) and near (ONE is 1.0); gives their number, at most `count`.

    First single rows are offered, then those most like the viewer, then whole groups are walked, each with a share of
    `count`. The walk over everything comes last and goes further where little was found, so that a clip that may be
    shown is found whatever the viewer has seen inside the window.
    """
    viewer = find_viewer(state, viewer_id)
    profile = profile_of(state.viewer, viewer, now_of(state.meta, minute))
    for i in range(barred.size):
        row = find_clip(state, barred[i])
        if row >= 0:
            state.stamp[row] = page
            state.place[row] = NONE
    offers = np.empty((OFFERS, 3), dtype=np.int64)
    n = 0
    for i in range(plan_offers(state, profile, seed, count, offers)):
        limit = offers[i, 2]
        n = add_candidate(state, viewer, offers[i, 0], minute, again, offers[i, 1], page, limit, n, rows, sources)
    found = np.empty((ALIKE, 3), dtype=np.int64)
    limit = min(n + count // 6, count)
    for i in range(find_alike(state, profile, minute, again, seed, COMPARED_AT_MOST, found)):
        n = add_candidate(state, viewer, found[i, 0], minute, again, LIKENESS, page, limit, n, rows, sources)
    walks = np.empty((WALKS, 4), dtype=np.int64)
    share = n
    for i in range(plan_walks(state, profile, minute, seed, count, follows, walks)):
        group, source, quota, steps = walks[i]
        if source == POPULAR:
            limit = count if steps <= FIRST_STEPS or n < LITTLE else n
        else:
            limit = min(n + quota, share + count // 3, count)
        n = walk_group(state, viewer, group, minute, again, source, page, limit, steps, n, rows, sources)
    fill_near(state, profile, minute, page, n, rows, near)
    return n


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


@compiled("void(i8[::1],f8[:,::1],i8[::1],i8[::1],i8[::1],i8[::1])", inner=True)
def add_viewer(weights, gains, steps, habits, log_odds, terms):  # type: ignore[no-untyped-def]
    """What the viewer's own watches add, one after the other: each moves every chance, and its term is the difference.

    `log_odds` come as anybody's and go as the viewer's, of the heads that have a worth.
    """
    before = terms[T_QUALITY]
    for head in range(H_PAST):
        log_odds[head] += np.int64(gains[head, S_HABIT] * np.float64(habits[head]))
    after = worth_of(weights, log_odds)
    terms[T_HABIT] = after - before
    for step in range(STEPS):
        if steps[step]:
            before = after
            for head in range(H_PAST):
                log_odds[head] += SIGNS[head] * np.int64(gains[head, step] * np.float64(steps[step]))
            after = worth_of(weights, log_odds)
            terms[STEP_TERMS[step]] = after - before


@compiled("void(S,i8,i8,i8,i8[::1],i8[::1],i8[::1],i8[:,::1],i8[::1])", allocates=True)
def score_rows(state, viewer_id, minute, surface, follows, rows, near, terms, total):  # type: ignore[no-untyped-def]
    """Fills terms[candidates, TERMS] and their sums. `follows` is sorted."""
    wisher = find_viewer(state, viewer_id)
    viewer = profile_of(state.viewer, wisher, now_of(state.meta, minute))
    weights = state.weights
    log_odds, habits = np.zeros(HEADS, dtype=np.int64), np.zeros(HEADS, dtype=np.int64)
    steps, gains = np.empty(STEPS, dtype=np.int64), np.empty((HEADS, PARTS), dtype=np.float64)
    placed = np.empty(HEADS, dtype=np.int64)
    fill_gains(state.meta, state.gain, gains)
    if viewer >= 0:
        fill_habits_at(state, viewer, minute, habits)
    for i in range(rows.size):
        row = rows[i]
        clip = state.clip[row]
        fill_suggested(weights, state.meta, clip, state.clip_vector[row, BIAS], state.ratio, log_odds)
        fill_chances(weights, state.clip_heads[row], state.company[row], log_odds, H_PAST)
        placed[:] = 0
        add_surface(state, surface, row, placed)
        for head in range(H_PAST):
            likely = gains[head, S_CLIP] * np.float64(log_odds[head])
            log_odds[head] = np.int64(likely + gains[head, S_SURFACE] * np.float64(placed[head]))
        terms[i, T_QUALITY] = worth_of(weights, log_odds)
        p = min(max(chance_of(log_odds[H_FINISH]), ONE // 50), ONE - ONE // 50)
        n = (state.clip_heads[row, H_FINISH, E_OF] >> 20) + weights[P_QUALITY_PRIOR]
        spread = np.int64(math.sqrt(np.float64(p * (ONE - p) // n))) * weights[P_WORTH + H_FINISH] >> 20
        terms[i, T_TRYING] = (normal_draw(viewer_id, clip[C_ID]) * spread >> 20) * weights[P_EXPLORE_GAIN] >> 10
        if viewer >= 0:
            fill_steps(state, viewer, row, minute, near[i], steps)
            add_viewer(weights, gains, steps, habits, log_odds, terms[i])
        if holds(follows, clip[C_GROUP + 1]):
            terms[i, T_FOLLOW] = weights[P_FOLLOW]
        age = max(minute - clip[C_PUBLISHED_MIN], 0)
        terms[i, T_FRESH] = weights[P_FRESH] * max(weights[P_FRESH_MIN] - age, 0) // weights[P_FRESH_MIN]
        if wisher >= 0 and state.viewer[wisher, V_WISHES]:
            terms[i, T_WISH] = wish_of(state, wisher, row)
        total[i] = 0
        for term in range(TERMS):
            total[i] += terms[i, term]


@compiled("void(S,i8,i8,i8,i8[::1],i8[::1],i8[:,::1])", allocates=True)
def chance_rows(state, viewer_id, minute, surface, rows, near, chances):  # type: ignore[no-untyped-def]
    """Fills chances[candidates, HEADS]: how likely each head comes true for this viewer."""
    viewer = profile_of(state.viewer, find_viewer(state, viewer_id), now_of(state.meta, minute))
    log_odds, habits = np.zeros(HEADS, dtype=np.int64), np.zeros(HEADS, dtype=np.int64)
    steps, gains = np.zeros(STEPS, dtype=np.int64), np.empty((HEADS, PARTS), dtype=np.float64)
    placed, parts = np.empty(HEADS, dtype=np.int64), np.empty(PARTS, dtype=np.int64)
    fill_gains(state.meta, state.gain, gains)
    if viewer >= 0:
        fill_habits_at(state, viewer, minute, habits)
    for i in range(rows.size):
        row = rows[i]
        fill_suggested(state.weights, state.meta, state.clip[row], state.clip_vector[row, BIAS], state.ratio, log_odds)
        fill_chances(state.weights, state.clip_heads[row], state.company[row], log_odds, HEADS)
        placed[:] = 0
        add_surface(state, surface, row, placed)
        if viewer >= 0:
            fill_steps(state, viewer, row, minute, near[i], steps)
        for head in range(HEADS):
            fill_parts(head, log_odds[head], placed[head], habits[head], steps, parts)
            chances[i, head] = chance_of(sum_by(gains[head], parts, 0, PARTS))


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


@compiled("i8(i8[::1],i8[::1],i8[::1],i8[::1],u1[::1],i8,i8,i8,i8[::1],u1[::1],i8[::1],i8[::1])", inner=True)
def rank_greedily(total, author, sound, kind, spare, count, last_author, last_sound, chosen, used, close, alike):  # type: ignore[no-untyped-def]
    """The ranked page: best first, worth less for each clip by the same author, sound or kind above it."""
    m = total.size
    close[:] = 0
    alike[:] = 0
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


@compiled(
    "i8(i8[::1],i8[::1],i8[::1],i8[::1],u1[::1],u1[::1],u1[::1],u8,i8,i8,i8,i8,i8[::1],i8[::1],f8[::1])",
    allocates=True,
)
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
    close, alike = np.empty(m, dtype=np.int64), np.empty(m, dtype=np.int64)
    n = rank_greedily(total, author, sound, kind, spare, count, last_author, last_sound, chosen, used, close, alike)
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
