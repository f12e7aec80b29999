"""QR codes, held against those of a foreign encoder; a foreign reader has read each of them as well."""

import hashlib

import pytest

from freehold.client import qr

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789/.:-_@"
DIGESTS = (
    "e5ab04df8f81", "2d2f757beea7", "f7532a3862ba", "a1d01de197be", "f1c344d6639c", "9da72c048072", "5783a633198b",
    "134de5e07896", "adbeb6ae0284", "9804b0460dcf", "3e2a8fe296e3", "43f512de3653", "5c7f7d4c9b5f", "231d208a3eb3",
    "d3966a6a2a98", "5600d42f3ba8", "55b7a51d0fa4", "c0ea6575c706", "fdb838debcac", "8c0bd1598e4a",
)  # fmt: skip
"""Of the cells that python-qrcode 8.2 draws for level M of versions 1 to 20, under the mask that is chosen here; read
back by zxing-cpp 3.1.1."""
FULL_BYTES = (14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666)
"""What each version holds at level M (table 7)."""
SMALL = """
#######.##.#..#######
#.....#....##.#.....#
#.###.#..##...#.###.#
#.###.#.#.###.#.###.#
#.###.#.##..#.#.###.#
#.....#.#..#..#.....#
#######.#.#.#.#######
........#####........
#...#.###.##.#####..#
####...##.#.###.###..
.###..###.##.#..##.#.
#####...###.#........
....#####.#.##.###.#.
........###.....####.
#######.##....####.#.
#.....#...##.#.....#.
#.###.#.###.##.###...
#.###.#..##.###.#.###
#.###.#..##...####...
#.....#..##.#..#.#...
#######.####.#..##..#
"""


def some_text(length: int) -> str:
    return "".join(LETTERS[(length * 7 + at * at + at // 3) % len(LETTERS)] for at in range(length))


@pytest.mark.parametrize("version", range(1, 21))
def test_a_symbol_of_every_version_is_the_one_that_others_draw(version: int) -> None:
    cells = qr.symbol(some_text(FULL_BYTES[version - 1] - version % 3).encode())
    assert len(cells) == 17 + 4 * version
    assert hashlib.sha256(b"".join(cells)).hexdigest()[:12] == DIGESTS[version - 1]


@pytest.mark.parametrize("version", range(1, 21))
def test_the_smallest_symbol_that_holds_the_text_is_taken(version: int) -> None:
    full = FULL_BYTES[version - 1]
    assert len(qr.symbol(b"x" * full)) == 17 + 4 * version
    if version < 20:
        assert len(qr.symbol(b"x" * (full + 1))) == 21 + 4 * version


def test_an_address_is_drawn_with_light_about_it() -> None:
    assert "\n".join("".join(".#"[cell] for cell in row) for row in qr.symbol(b"http://a.b/@c")) == SMALL.strip()
    drawn = qr.picture("http://a.b/@c", 'To "them"')
    assert 'viewBox="0 0 29 29"' in drawn and 'aria-label="To &#34;them&#34;"' in drawn
    assert 'd="M4 4h7v1h-7zM12 4h2v1h-2zM15 4h1v1h-1zM18 4h7v1h-7z' in drawn


def test_what_no_camera_would_read_from_a_screen_is_not_drawn() -> None:
    with pytest.raises(ValueError, match="667 bytes"):
        qr.symbol(b"x" * (qr.MOST_BYTES + 1))
