"""Still posts: words on a ground, or pictures. They stand among the clips, and looking takes the place of playing.

So that a share of a watch, its end and a skip mean of them what they mean of a video, each lasts as long as it takes to
be looked at: `text_ms`, `photo_ms`. The player counts no more than that for one visit.
"""

import unicodedata
from enum import StrEnum

TEXT_LIMIT = 1_000
READ_MS_A_CHARACTER = 60
"""Some 200 words in a minute."""
READ_MS_A_WIDE_CHARACTER = 180
"""Han, kana and hangul: some 330 in a minute."""
TEXT_LEAST_MS, TEXT_MOST_MS = 3_000, 60_000
PICTURE_LIMIT = 35
PICTURE_MS = 3_000
"""How long one picture is looked at; the player turns to the next one then."""
PICTURE_BYTES_LIMIT = 30 << 20
PICTURE_PIXELS_LIMIT = 64_000_000


class Look(StrEnum):
    """The grounds that words stand on, by the names that `client/static/posts.css` draws them under."""

    PEAT = "peat"
    PAPER = "paper"
    MARIGOLD = "marigold"
    HEDGE = "hedge"
    CLAY = "clay"
    DUSK = "dusk"


TINTS = {
    Look.PEAT: "#16211b",
    Look.PAPER: "#f4f1e8",
    Look.MARIGOLD: "#f2b52c",
    Look.HEDGE: "#0f4a35",
    Look.CLAY: "#7d2f1f",
    Look.DUSK: "#2b2a5e",
}
"""The colour of each where nothing but one colour is shown."""


def text_ms(text: str) -> int:
    """How long it takes to read, from three seconds to a minute."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    reading_ms = READ_MS_A_WIDE_CHARACTER * wide + READ_MS_A_CHARACTER * (len(text) - wide)
    return max(TEXT_LEAST_MS, min(TEXT_MOST_MS, reading_ms))


def photo_ms(count: int) -> int:
    """How long so many pictures take."""
    return PICTURE_MS * count
