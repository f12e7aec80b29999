"""Seals: eight bytes that a row carries over its own columns, so that a change made to it later is found and named.

A seal is no secret. It finds what a disk, a copy or a careless hand changed, in which column and to which bit; who
rewrites the seal as well is found by the models' hashes and the scores that every later page was written with.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b

from freehold.backends.database import Value

Field = tuple[str, int | str | bytes | None]
"""A column's name, and its value."""
SIZE = 8


def seal_of(fields: Sequence[Field]) -> bytes:
    return _digest(b"".join(_bytes_of(value) for _, value in fields))


def sealed(fields: Sequence[Field]) -> list[Value]:
    """A row's values with their seal behind them, as its columns stand."""
    return [*(value for _, value in fields), seal_of(fields)]


def fault_in(fields: Sequence[Field], seal: bytes | None) -> str | None:
    """What is not as it was sealed, in words; None where all is. A row without a seal is older than seals are."""
    if seal is None or seal_of(fields) == seal:
        return None
    name = next(_columns_one_bit_off(fields, seal), None)
    return f"its {name} has one bit that was not written so" if name else "it is not as it was written"


def _columns_one_bit_off(fields: Sequence[Field], seal: bytes) -> Iterator[str]:
    """Tries every bit: a single one that was flipped is found out, and which column it is in."""
    whole = bytearray(b"".join(_bytes_of(value) for _, value in fields))
    start = 0
    for name, value in fields:
        end = start + len(_bytes_of(value))
        for place in range(start, end):
            for bit in range(8):
                whole[place] ^= 1 << bit
                if _digest(whole) == seal:
                    yield name
                whole[place] ^= 1 << bit
        start = end


def _bytes_of(value: int | str | bytes | None) -> bytes:
    """Each with its length, so that nothing moves from one column to the next unseen."""
    if isinstance(value, int):
        data = value.to_bytes(8, "little", signed=True)
    elif value is None:
        return b"\xff\xff\xff\xff"
    else:
        data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(4, "little") + data


def _digest(data: bytes | bytearray) -> bytes:
    return blake2b(data, digest_size=SIZE).digest()
