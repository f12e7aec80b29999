"""Ids: 63-bit integers that sort by the time they were made, shown to clients as 13 characters.

The upper 41 bits are milliseconds since 2025-01-01T00:00:00Z (enough until 2094), the lower 22 bits are
random, so an id says roughly when its thing was made and nothing about how many there are.
"""

from random import Random
from typing import NewType

AccountId = NewType("AccountId", int)
ClipId = NewType("ClipId", int)
CommentId = NewType("CommentId", int)
ListId = NewType("ListId", int)
PageId = NewType("PageId", int)
RepostId = NewType("RepostId", int)
SessionId = NewType("SessionId", int)
SoundId = NewType("SoundId", int)
TopicId = NewType("TopicId", int)
UploadId = NewType("UploadId", int)
ViewerId = NewType("ViewerId", int)
"""Who is being shown something: the account's id when signed in, an id from a signed cookie otherwise."""

EPOCH_US = 1_735_689_600_000_000
RANDOM_BITS = 22
TEXT_LENGTH = 13
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case, in ascending character order, so that texts sort as the ids do."""

_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def new_id(at_us: int, random: Random) -> int:
    """An id for something made at `at_us` (microseconds since 1970)."""
    return first_id_at(at_us) | random.getrandbits(RANDOM_BITS)


def first_id_at(at_us: int) -> int:
    """Below every id that is made from then on, to the millisecond."""
    return max(0, (at_us - EPOCH_US) // 1000) << RANDOM_BITS


def made_at_us(id_: int) -> int:
    """When its thing was made, to the millisecond."""
    return (id_ >> RANDOM_BITS) * 1000 + EPOCH_US


_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)


def id_text(id_: int) -> str:
    """The id as clients see it. Written out: a page shows some sixty of them."""
    pairs = _PAIRS
    return (
        f"{ALPHABET[id_ >> 60 & 31]}{pairs[id_ >> 50 & 1023]}{pairs[id_ >> 40 & 1023]}{pairs[id_ >> 30 & 1023]}"
        f"{pairs[id_ >> 20 & 1023]}{pairs[id_ >> 10 & 1023]}{pairs[id_ & 1023]}"
    )


_DIGITS = {ord(character): "0123456789abcdefghijklmnopqrstuv"[value] for character, value in _VALUES.items()}
_DIGITS |= {code: "!" for code in range(128) if code not in _DIGITS}


def parse_id(text: str) -> int | None:
    """The id that `text` stands for, or None where it stands for none."""
    if len(text) != TEXT_LENGTH or not text.isascii():
        return None
    try:
        id_ = int(text.translate(_DIGITS), 32)
    except ValueError:
        return None
    return id_ if id_ < 1 << 63 else None
