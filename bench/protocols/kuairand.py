"""KuaiRand (Gao et al., CIKM 2022, doi 10.1145/3511808.3557624, CC BY-SA 4.0): a standard feed with its signals."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from protocols.data import Floats, Ints

FEED = "kuairand_pure/std_log_0425_0508.parquet"
HISTORY = "kuairand_pure/train_user_sequences.parquet"
CLIPS = "kuairand_pure/video_features_basic.parquet"
SESSION_GAP_MS = 30 * 60_000
PLAYS_COUNTED = 3
"""Play time counts up to so many times the clip's length."""
NEW_BELOW = 5
"""A clip is new until it has been watched so often, in the history and in the walk."""
HISTORY_STEP_MS = 60_000


@dataclass(frozen=True, slots=True)
class Impressions:
    """In the order of time; all arrays have one entry an impression."""

    viewer: Ints
    clip: Ints
    at_ms: Ints
    date: Ints
    tab: Ints
    click: Ints
    long: Ints
    like: Ints
    follow: Ints
    hate: Ints
    play_ms: Ints
    duration_ms: Ints

    @property
    def size(self) -> int:
        return self.viewer.size


@dataclass(frozen=True, slots=True)
class Catalogue:
    """By clip."""

    author: Ints
    tags: list[list[int]]
    published_ms: Ints


@dataclass(frozen=True, slots=True)
class Past:
    """What was watched before the walk. Its times are true to each viewer's order; between viewers they are a guess."""

    viewer: Ints
    clip: Ints
    at_ms: Ints
    long: Ints
    like: Ints

    def columns(self) -> tuple[Ints, ...]:
        return self.viewer, self.clip, self.at_ms, self.long, self.like


class Stream:
    def __init__(self, data: Path) -> None:
        self.catalogue = _catalogue(data)
        self.shown = _impressions(data)
        self.past = _past(data)
        self.capped_s: Floats = np.minimum(self.shown.play_ms, PLAYS_COUNTED * self.shown.duration_ms) / 1000
        self.session = sessions(self.shown.viewer, self.shown.at_ms)
        self.lengths_ms = _lengths(self.shown, self.catalogue)
        self.new = earlier(self.past.clip, self.shown.clip) < NEW_BELOW


NAMES = {
    "viewer": "user_id",
    "clip": "video_id",
    "at_ms": "time_ms",
    "click": "is_click",
    "long": "long_view",
    "like": "is_like",
    "follow": "is_follow",
    "hate": "is_hate",
    "play_ms": "play_time_ms",
}


def _impressions(data: Path) -> Impressions:
    """A length of nothing is taken from the clip's features, and is 10 s where they have none."""
    table = pq.read_table(data / FEED)
    named = {
        field.name: table[NAMES.get(field.name, field.name)].to_numpy().astype(np.int64)
        for field in fields(Impressions)
    }
    lengths = np.nan_to_num(pq.read_table(data / CLIPS)["video_duration"].to_numpy(), nan=10_000.0).astype(np.int64)
    unknown = named["duration_ms"] <= 0
    named["duration_ms"][unknown] = lengths[named["clip"][unknown]]
    order = np.argsort(named["at_ms"], kind="stable")
    return Impressions(**{name: values[order] for name, values in named.items()})


def _catalogue(data: Path) -> Catalogue:
    table = pq.read_table(data / CLIPS, columns=["video_id", "author_id", "tag", "upload_dt"]).sort_by("video_id")
    if table["video_id"].to_pylist() != list(range(table.num_rows)):
        raise ValueError(f"{CLIPS} has gaps in its clips")
    tags = [[int(tag) for tag in (text or "").split(",") if tag] for text in table["tag"].to_pylist()]
    published = np.array(table["upload_dt"].to_pylist(), dtype="datetime64[ms]").astype(np.int64)
    return Catalogue(table["author_id"].to_numpy().astype(np.int64), tags, published)


def _lengths(shown: Impressions, catalogue: Catalogue) -> Ints:
    """int64[clips]: as the walk's impressions have them, 10 s where there is none."""
    lengths = np.full(catalogue.author.size, 10_000, dtype=np.int64)
    lengths[shown.clip] = shown.duration_ms
    return lengths


def _past(data: Path) -> Past:
    """The last that a viewer watched has a time; each one before it is given a minute less."""
    table = pq.read_table(data / HISTORY)
    rows = []
    for viewer, last_ms, watched, liked, long in zip(
        *(table[name].to_pylist() for name in ("user_id", "last_time_ms", "watch_seq", "like_seq", "long_watch_seq")),
        strict=True,
    ):
        begun_ms = last_ms - HISTORY_STEP_MS * len(watched)
        for step, clip in enumerate(watched, 1):
            rows.append((viewer, clip, begun_ms + step * HISTORY_STEP_MS, clip in long, clip in liked))
    columns = np.array(rows, dtype=np.int64)
    return Past(*columns[np.argsort(columns[:, 2], kind="stable")].T)


def sessions(viewers: Ints, at_ms: Ints) -> Ints:
    """A number for each viewer's stretch without a gap of 30 minutes."""
    order = np.lexsort((at_ms, viewers))
    ended = (np.diff(viewers[order]) != 0) | (np.diff(at_ms[order]) > SESSION_GAP_MS)
    numbers = np.empty(viewers.size, dtype=np.int64)
    numbers[order] = np.concatenate([[0], np.cumsum(ended)])
    return numbers


def earlier(past: Ints, clips: Ints) -> Ints:
    """How often each clip had been watched before, the past included."""
    counts = np.bincount(past, minlength=int(clips.max()) + 1)
    out = np.empty(clips.size, dtype=np.int64)
    for at, clip in enumerate(clips.tolist()):
        out[at] = counts[clip]
        counts[clip] += 1
    return out
