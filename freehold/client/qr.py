"""QR codes of addresses (ISO/IEC 18004): bytes, level M (a seventh of it may be covered or torn), versions 1 to 20:
beyond, a screen shows more cells than a phone can tell apart.

A symbol is rows of cells, 0 light and 1 dark. It is laid out in the standard's order: the patterns that a camera looks
for, then the bits with their Reed-Solomon checks along a zigzag, then the one of eight masks that leaves the fewest
shapes a camera could stumble over.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise

from markupsafe import Markup

Grid = list[bytearray]
FREE = 2
"""A cell that no pattern takes: room for a bit."""
QUIET = 4
"""Light cells around a symbol."""

MOST_BYTES = 666
CHECKS_OF_BLOCK = (10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26)
BLOCKS = (1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16)
"""Level M of each version, from 1 (table 9)."""

MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, x: y % 2 == 0,
    lambda y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)
_RUN = re.compile(r"0{5,}|1{5,}")
_LIKE_A_FINDER = re.compile(r"(?=00001011101|10111010000)")


@lru_cache(256)
def picture(text: str, label: str) -> Markup:
    """The text as SVG in black on white, whatever the page's colours: cameras want it so. `ValueError` above
    `MOST_BYTES`."""
    grid = symbol(text.encode())
    side = len(grid) + 2 * QUIET
    runs = "".join(
        f"M{run.start() + QUIET} {y + QUIET}h{len(run[0])}v1h-{len(run[0])}z"
        for y, row in enumerate(grid)
        for run in re.finditer(b"\1+", row)
    )
    return Markup(
        '<svg class="qr" viewBox="0 0 {side} {side}" role="img" aria-label="{label}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{runs}"/></svg>'
    ).format(side=side, label=label, runs=runs)


def symbol(data: bytes) -> Grid:
    """The smallest symbol that holds the bytes; `ValueError` above `MOST_BYTES` of them."""
    version = next((version for version in range(1, 21) if len(data) <= _room_bytes(version)), None)
    if version is None:
        raise ValueError(f"{len(data)} bytes are too many for a QR code")
    plain = [bytearray(row) for row in _patterns(version)]
    bits = "".join(f"{word:08b}" for word in _with_checks(_words(data, version), version))
    for (y, x), bit in zip(_zigzag(version), bits.ljust(len(_zigzag(version)), "0"), strict=True):
        plain[y][x] = int(bit)
    return min((_masked(plain, version, mask) for mask in range(8)), key=_penalty)


def _room_bytes(version: int) -> int:
    bits = 8 * (_capacity(version) - CHECKS_OF_BLOCK[version - 1] * BLOCKS[version - 1])
    return (bits - 4 - _count_bits(version)) // 8


def _capacity(version: int) -> int:
    """Words of eight bits, checks and all."""
    return len(_zigzag(version)) // 8


def _count_bits(version: int) -> int:
    return 8 if version < 10 else 16


@cache
def _patterns(version: int) -> Grid:
    """What is the same in all symbols of a version; the places of the format are light."""
    size = 17 + 4 * version
    grid = [bytearray([FREE]) * size for _ in range(size)]
    for at in range(size):
        grid[6][at] = grid[at][6] = 1 - at % 2
    _draw_corners(grid)
    places = _alignment(version)
    for y in places:
        for x in places:
            if (y, x) not in ((6, 6), (6, size - 7), (size - 7, 6)):
                _draw_rings(grid, y, x, 2, (1,))
    if version >= 7:
        told = version << 12 | _remainder(version << 12, 0x1F25)
        for at in range(18):
            y, x = at // 3, size - 11 + at % 3
            grid[y][x] = grid[x][y] = told >> at & 1
    return grid


def _draw_corners(grid: Grid) -> None:
    """The three finders with the places of the format about them, and the one cell that is always dark."""
    size = len(grid)
    for at in [*range(9), *range(size - 8, size)]:
        if at != 6:
            grid[8][at] = grid[at][8] = 0
    for y, x in ((3, 3), (3, size - 4), (size - 4, 3)):
        _draw_rings(grid, y, x, 4, (2, 4))
    grid[size - 8][8] = 1


def _draw_rings(grid: Grid, y: int, x: int, reach: int, light: Sequence[int]) -> None:
    """Squares about a middle, dark but for the `light` ones, as far as they lie in the grid."""
    size = len(grid)
    for row in range(max(y - reach, 0), min(y + reach + 1, size)):
        for column in range(max(x - reach, 0), min(x + reach + 1, size)):
            grid[row][column] = max(abs(row - y), abs(column - x)) not in light


def _alignment(version: int) -> list[int]:
    """Rows, and columns, of the middles of the alignment patterns (annex E)."""
    if version == 1:
        return []
    count, last = version // 7 + 2, 10 + 4 * version
    step = (version * 4 + count * 2 + 1) // (count * 2 - 2) * 2
    return [6, *(last - step * back for back in reversed(range(count - 1)))]


@cache
def _zigzag(version: int) -> list[tuple[int, int]]:
    """The free cells in the order of the bits: in columns of two from the right, up and down by turns."""
    grid = _patterns(version)
    size = len(grid)
    rights = [*range(size - 1, 6, -2), 5, 3, 1]
    return [
        (y, x)
        for turn, right in enumerate(rights)
        for y in (range(size) if turn % 2 else reversed(range(size)))
        for x in (right, right - 1)
        if grid[y][x] == FREE
    ]


def _words(data: bytes, version: int) -> bytes:
    """Mode, count, the bytes, and what fills the symbol."""
    room = _capacity(version) - CHECKS_OF_BLOCK[version - 1] * BLOCKS[version - 1]
    bits = f"0100{len(data):0{_count_bits(version)}b}" + "".join(f"{byte:08b}" for byte in data) + "0000"
    words = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    return words + bytes((0xEC, 0x11)[at % 2] for at in range(room - len(words)))


def _with_checks(words: bytes, version: int) -> bytes:
    """Blocks, each with its checks, dealt out word by word; the later blocks may be one word longer."""
    count, checks = BLOCKS[version - 1], CHECKS_OF_BLOCK[version - 1]
    short, longer = divmod(len(words), count)
    starts = [short * at + max(0, at - (count - longer)) for at in range(count + 1)]
    blocks = [words[start:end] for start, end in pairwise(starts)]
    return bytes([*_dealt(blocks), *_dealt([_checks(block, checks) for block in blocks])])


def _dealt(blocks: Sequence[bytes]) -> Iterator[int]:
    for at in range(max(map(len, blocks))):
        yield from (block[at] for block in blocks if at < len(block))


def _checks(block: bytes, count: int) -> bytes:
    """The remainder of the block by the generator of `count` roots, over GF(256)."""
    divisor = _generator(count)
    rest = bytearray(count)
    for word in block:
        factor = word ^ rest[0]
        shifted = zip([*rest[1:], 0], divisor, strict=True)
        rest = bytearray(left ^ _times(coefficient, factor) for left, coefficient in shifted)
    return bytes(rest)


@cache
def _generator(count: int) -> bytes:
    """(x - 1)(x - 2)(x - 4)…, without its highest coefficient, which is 1."""
    product, root = [1], 1
    for _ in range(count):
        product = [a ^ _times(b, root) for a, b in zip([*product, 0], [0, *product], strict=True)]
        root = _times(root, 2)
    return bytes(product[1:])


@cache
def _times(a: int, b: int) -> int:
    """In GF(256) modulo x⁸ + x⁴ + x³ + x² + 1."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = a << 1 ^ (0x11D if a & 0x80 else 0)
        b >>= 1
    return product


def _remainder(value: int, divisor: int) -> int:
    """Of polynomials over GF(2)."""
    while value.bit_length() >= divisor.bit_length():
        value ^= divisor << value.bit_length() - divisor.bit_length()
    return value


def _masked(plain: Grid, version: int, mask: int) -> Grid:
    """Under one mask, which its format tells, twice."""
    grid = [bytearray(row) for row in plain]
    is_flipped = MASKS[mask]
    for y, x in _zigzag(version):
        grid[y][x] ^= is_flipped(y, x)
    # Level M is 00.
    told = (mask << 10 | _remainder(mask << 10, 0x537)) ^ 0x5412
    last = len(grid) - 1
    about_the_first = [*((y, 8) for y in (0, 1, 2, 3, 4, 5, 7, 8)), *((8, x) for x in (7, 5, 4, 3, 2, 1, 0))]
    about_the_others = [*((8, last - x) for x in range(8)), *((last - y, 8) for y in range(6, -1, -1))]
    for places in (about_the_first, about_the_others):
        for at, (y, x) in enumerate(places):
            grid[y][x] = told >> at & 1
    return grid


def _penalty(grid: Grid) -> int:
    """Runs, blocks, what looks like a finder, and how far from half of it is dark (7.8.3)."""
    rows = ["".join(map(str, row)) for row in grid]
    lines = [*rows, *map("".join, zip(*rows, strict=True))]
    runs = sum(len(run[0]) - 2 for line in lines for run in _RUN.finditer(line))
    blocks = sum(
        above[x] == above[x + 1] == below[x] == below[x + 1]
        for above, below in pairwise(rows)
        for x in range(len(rows) - 1)
    )
    finders = sum(1 for line in lines for _ in _LIKE_A_FINDER.finditer(line))
    dark, cells = sum(map(sum, grid)), len(grid) ** 2
    return runs + 3 * blocks + 40 * finders + 10 * (abs(20 * dark - 10 * cells) // cells)
