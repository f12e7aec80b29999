"""Pictures of accounts: taken in only redrawn, served judged, forgotten when nobody needs them."""

import io
import struct
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import pytest

from freehold.domain.errors import BadInput, WrongMedia
from freehold.media.avatar import square_picture
from freehold.media.jail import Jail, ffmpeg_path, open_jail
from tests.conftest import Running


@pytest.fixture(scope="module")
def jail() -> Jail:
    return open_jail()


def drawn(folder: Path, name: str, source: str, more: Sequence[str] = ()) -> bytes:
    path = folder / name
    subprocess.run(
        [str(ffmpeg_path()), "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", "1", *more, "-y", str(path)],
        check=True,
    )
    return path.read_bytes()


def halves(width_px: int, height_px: int) -> str:
    """Left red, right blue."""
    return f"color=red:s={width_px}x{height_px},drawbox=x=iw/2:w=iw/2:h=ih:color=blue:t=fill"


def pixels(picture: bytes) -> Any:
    with av.open(io.BytesIO(picture)) as file:
        return next(file.decode(video=0)).to_ndarray(format="rgb24")


def with_exif(jpeg: bytes, orientation: int) -> bytes:
    """The JPEG with an Exif segment that names an orientation and a place."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + entry + struct.pack("<I", 0) + b"GPS 47.37 N"
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
async def test_a_picture_becomes_a_square_of_256_pixels_from_its_middle(tmp_path: Path, jail: Jail, name: str) -> None:
    made = await square_picture(jail, drawn(tmp_path, name, halves(640, 320)))
    shown = pixels(made)
    assert shown.shape == (256, 256, 3) and made[8:12] == b"WEBP"
    assert shown[128, 40][0] > 200 > 60 > shown[128, 40][2], "red at the left"
    assert shown[128, 216][2] > 200 > 60 > shown[128, 216][0], "blue at the right"


async def test_a_phone_picture_stands_upright_and_says_nothing_of_where_it_was_made(tmp_path: Path, jail: Jail) -> None:
    turned = with_exif(drawn(tmp_path, "a.jpg", halves(320, 320)), 6)
    made = await square_picture(jail, turned)
    assert b"Exif" in turned and b"GPS 47.37 N" in turned
    assert b"Exif" not in made and b"EXIF" not in made and b"GPS" not in made
    shown = pixels(made)
    assert shown[40, 128][0] > 200 and shown[216, 128][2] > 200, "turned by a quarter: red above, blue below"


def png_bomb(side_px: int) -> bytes:
    """A PNG of a few kilobytes that says it has `side_px` squared pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side_px, side_px, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000))
        + chunk(b"IEND", b"")
    )


async def test_what_is_no_picture_or_too_much_of_one_is_refused(tmp_path: Path, jail: Jail) -> None:
    jpeg = drawn(tmp_path, "a.jpg", halves(64, 64))
    gif = b"GIF89a" + b"\0" * 100
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for data in (gif, svg, b"", b"#EXTM3U\nfile:///etc/passwd"):
        with pytest.raises(WrongMedia):
            await square_picture(jail, data)
    for data in (jpeg[:40], png_bomb(30_000), b"RIFF\x10\0\0\0WEBP" + b"\0" * 16):
        with pytest.raises(BadInput) as refused:
            await square_picture(jail, data)
        assert refused.value.code == "avatar-broken"


async def test_a_new_picture_takes_the_place_of_the_old_one_whose_bytes_go(idle: Running, tmp_path: Path) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    red, blue = (drawn(tmp_path, f"{name}.png", f"color={name}:s=64x64") for name in ("red", "blue"))
    first = (await (await client.request("PUT", "/api/account/avatar", data=red)).json())["account"]["avatar_url"]
    answer = await client.request("GET", first)
    assert answer.status == 200 and answer.headers["content-type"] == "image/webp"
    assert answer.headers["x-content-type-options"] == "nosniff"
    second = (await (await client.request("PUT", "/api/account/avatar", data=blue)).json())["account"]["avatar_url"]
    assert first != second and (await client.request("GET", first)).status == 404
    assert len([key async for key in idle.server.backends.blobs.all_keys()]) == 1
    await client.json("DELETE", "/api/account/avatar", status=204)
    assert [key async for key in idle.server.backends.blobs.all_keys()] == []
    assert (await client.json("GET", "/api/account"))["account"]["avatar_url"] is None


async def test_a_picture_that_two_accounts_have_stays_for_the_other(idle: Running, tmp_path: Path) -> None:
    ada, bob = [await idle.new_client() for _ in range(2)]
    red = drawn(tmp_path, "red.png", "color=red:s=64x64")
    for client, name in ((ada, "ada"), (bob, "bob")):
        await client.sign_up(name)
        answer = await client.request("PUT", "/api/account/avatar", data=red)
    url = (await answer.json())["account"]["avatar_url"]
    await ada.json("DELETE", "/api/account/avatar", status=204)
    assert (await bob.request("GET", url)).status == 200


async def test_a_picture_over_two_mebibytes_is_refused_unread(idle: Running) -> None:
    client = await idle.new_client()
    await client.sign_up("ada")
    answer = await client.request("PUT", "/api/account/avatar", data=b"\x89PNG\r\n\x1a\n" + b"\0" * (2 << 20))
    assert answer.status == 413
