"""Photo posts: pictures are drawn anew, upright, without what they told of their maker, and gathered in an order."""

import asyncio
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from freehold.domain.ids import parse_id
from freehold.domain.post import PICTURE_BYTES_LIMIT, PICTURE_MS
from freehold.media.jail import ffmpeg_path
from freehold.media.picture import look
from freehold.media.refusals import MediaRefusal
from freehold.store import journal, withholding
from freehold.store import rendition as renditions
from tests.api.made import NOW_US, ORDER
from tests.conftest import Client, Running
from tests.life.test_own_clips import until
from tests.search.made import clip_ids, found

WIDE = "color=red:s=64x32,drawbox=x=32:w=32:h=32:c=blue:t=fill,drawbox=w=16:h=16:c=green:t=fill"
"""Red before blue, with a green corner above the red."""
TURNED = {1: "GB/RB", 2: "BG/BR", 3: "BR/BG", 4: "RB/GB", 5: "GR/BB", 6: "RG/BB", 7: "BB/RG", 8: "BB/GR"}
"""The corners as Exif 2.32 has them for each of its orientations."""


def drawn(path: Path, source: str, *more: str) -> bytes:
    command = [ffmpeg_path(), "-v", "error", "-y", "-f", "lavfi", "-i", source, "-frames:v", "1", *more, str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


def filmed(path: Path) -> bytes:
    """Two seconds with a tone."""
    sources = ("-f", "lavfi", "-i", "testsrc2=s=96x160:r=12:d=2", "-f", "lavfi", "-i", "sine=f=500:d=2")
    command = [ffmpeg_path(), "-v", "error", "-y", *sources, "-preset", "ultrafast", "-pix_fmt", "yuv420p", path]
    subprocess.run(command, check=True)
    return path.read_bytes()


def told_of(path: Path) -> str:
    """What is in a file, as ffmpeg says it."""
    command = [ffmpeg_path(), "-i", str(path), "-f", "null", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def exif(orientation: int) -> bytes:
    """An orientation, and a place in Zurich."""
    entries = struct.pack(">HHHIHHHHII", 2, 0x0112, 3, 1, orientation, 0, 0x8825, 4, 1, 38) + struct.pack(">I", 0)
    place = struct.pack(">HHHI4sI", 1, 1, 2, 2, b"N\0\0\0", 0)
    return b"MM\0*" + struct.pack(">I", 8) + entries + place + b"47.37 N"


def jpeg_with(jpeg: bytes, orientation: int) -> bytes:
    body = b"Exif\0\0" + exif(orientation)
    note = b"\xff\xfe" + struct.pack(">H", 2 + 12) + b"taken by Ana"
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + note + jpeg[2:]


def png_with(png: bytes, orientation: int) -> bytes:
    chunk = b"eXIf" + exif(orientation)
    return png[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]


def corners(jpeg: bytes, width_px: int, height_px: int) -> str:
    raw = subprocess.run(
        [ffmpeg_path(), "-v", "error", "-f", "jpeg_pipe", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        input=jpeg, capture_output=True, check=True,
    ).stdout  # fmt: skip

    def at(x: int, y: int) -> str:
        red, green, blue = raw[(y * width_px + x) * 3 :][:3]
        return (
            "W"
            if min(red, green, blue) > 200
            else "R"
            if red > 150
            else "B"
            if blue > 150
            else "G"
            if green > 70
            else "?"
        )

    right, low = width_px - 5, height_px - 5
    return f"{at(4, 4)}{at(right, 4)}/{at(4, low)}{at(right, low)}"


async def upload(running: Running, client: Client, data: bytes, alt: str = "") -> str:
    """A picture by tus, in one request; the id of its clip."""
    import base64

    said = {"kind": "photo", "filename": "a.jpg", "alt": alt}
    metadata = ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in said.items())
    headers = {
        "tus-resumable": "1.0.0", "upload-length": str(len(data)), "upload-metadata": metadata,
        "content-type": "application/offset+octet-stream",
    }  # fmt: skip
    answer = await client.request("POST", "/uploads", headers=headers, data=data)
    assert answer.status == 201, await answer.text()
    return answer.headers["freehold-clip"]


async def ended(client: Client, clip_id: str) -> dict[str, Any]:
    for _ in range(1_200):
        mine: dict[str, Any] = await client.json("GET", f"/api/clips/{clip_id}/mine")
        if mine["state"] in ("ready", "refused", "failed"):
            return mine
        await asyncio.sleep(0.05)
    raise AssertionError(f"the post stays {mine['state']}")


@pytest.fixture
async def author(running: Running) -> Client:
    client = await running.new_client()
    await client.sign_up("author")
    return client


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_pictures_stand_upright_whatever_way_they_were_held_and_tell_nothing_of_their_maker(
    running: Running, author: Client, tmp_path: Path
) -> None:
    jpeg, png = drawn(tmp_path / "a.jpg", WIDE, "-q:v", "1"), drawn(tmp_path / "a.png", WIDE)
    taken = {orientation: jpeg_with(jpeg, orientation) for orientation in TURNED}
    ids = [await upload(running, author, data) for data in taken.values()]
    ids.append(await upload(running, author, png_with(png, 6)))
    for orientation, clip_id in zip([*TURNED, 6], ids, strict=True):
        (picture,) = (await ended(author, clip_id))["pictures"]
        size = (64, 32) if orientation < 5 else (32, 64)
        assert (picture["width_px"], picture["height_px"]) == size
        (only,) = picture["sizes"]
        data = await (await author.request("GET", only["url"])).read()
        assert corners(data, *size) == TURNED[orientation], orientation
        for told in (b"Exif", b"47.37", b"Ana", b"ICC", b"http"):
            assert told not in data
    assert b"47.37" in taken[1] and b"Ana" in taken[1], "it was there"
    for path in (running.settings.data_dir if hasattr(running.settings, "data_dir") else tmp_path).rglob("*"):
        assert not path.is_file() or path.suffix in (".jpg", ".png") or b"taken by Ana" not in path.read_bytes(), path


async def test_pictures_are_gathered_in_an_order_described_posted_and_shown_everywhere(
    running: Running, author: Client, tmp_path: Path
) -> None:
    large = drawn(tmp_path / "l.jpg", "testsrc2=s=1600x1200")
    clear = drawn(tmp_path / "c.png", "color=red@0.0:s=600x800,format=rgba")
    small = drawn(tmp_path / "s.webp", "color=blue:s=200x200")
    first, second, third = [
        await upload(running, author, data, alt) for data, alt in ((small, ""), (large, "A test"), (clear, ""))
    ]
    body = {"pictures": [{"clip": second}, {"clip": third, "alt": "Nothing but light"}, {"clip": first}]}
    mine = (await author.json("POST", "/api/clips/pictures", body, status=201))["clip"]
    assert mine["id"] not in (first, second, third) and mine["kind"] == "photo" and not mine["is_published"]
    path = f"/api/clips/{mine['id']}"
    again = {"pictures": [{"clip": second}]}
    assert (await author.refusal("POST", "/api/clips/pictures", again))[1] in ("picture-taken", "clip-absent")
    said = {"caption": "Three of them #light", "wish": "publish"}
    await author.json("PATCH", path, said)
    mine = await ended(author, mine["id"])
    assert mine["state"] == "ready" and mine["is_published"] and mine["duration_ms"] == 3 * PICTURE_MS
    shown = [(one["alt"], one["width_px"], one["height_px"], len(one["sizes"])) for one in mine["pictures"]]
    assert shown == [("A test", 1600, 1200, 3), ("Nothing but light", 600, 800, 2), ("", 200, 200, 1)]
    assert [max(one["width_px"], one["height_px"]) for one in mine["pictures"][0]["sizes"]] == [540, 1080, 1600]
    for clip_id in (first, second, third):
        assert await author.refusal("GET", f"/api/clips/{clip_id}/mine") == (404, "clip-absent")
    kinds = [one.kind.value for one in await journal.after(running.database, 0, 100)]
    assert kinds.count("clip.gathered") == 1 and kinds.count("clip.deleted") == 3

    viewer = await running.new_client()
    await viewer.sign_up("viewer")
    clip = (await viewer.json("GET", path))["served"]["clip"]
    assert clip["may"] == {"comment": True, "duet": False, "stitch": False, "use_sound": False, "download": True}
    white = clip["pictures"][1]["sizes"][-1]["url"]
    assert corners(await (await viewer.request("GET", white)).read(), 600, 800) == "WW/WW", "what is clear is white"
    html = await (await viewer.request("GET", clip["url"])).text()
    assert html.count("<img src") >= 3 and 'alt="Nothing but light"' in html and 'alt="Picture 3 of 3"' in html
    assert html.count('property="og:image"') == 3 and 'content="summary_large_image"' in html and "<video" not in html
    frame = await (await viewer.request("GET", f"/embed/{clip['id']}")).text()
    assert 'class="pictures"' in frame and "<video" not in frame
    atom = await (await viewer.request("GET", "/@author/feed.atom")).text()
    assert atom.count('rel="enclosure" type="image/jpeg"') == 3 and "Nothing but light" in atom
    told = await viewer.json("GET", f"/oembed?url={viewer.base}{clip['url']}")
    assert told["type"] == "rich" and told["thumbnail_width"] == 1080
    sheet = await (await viewer.request("GET", clip["url"] + "/share")).text()
    assert f"{path}/download?picture=3" in sheet and "?duet=" not in sheet
    answer = await viewer.request("GET", f"{path}/download?picture=2")
    assert answer.content_type == "image/jpeg" and "author-" in answer.headers["content-disposition"]
    assert await viewer.refusal("GET", f"{path}/download?picture=4") == (404, "file-absent")
    assert await viewer.refusal("GET", f"{path}/download?picture=36") == (400, "bad-query")
    assert clip_ids(await found(viewer, running, "light kind:photo")) == [clip["id"]]
    assert "3<span" in await (await viewer.request("GET", "/@author")).text()

    assert await author.refusal("PATCH", path, {"picture_alts": ["one"]}) == (400, "picture-alts")
    await author.json("PATCH", path, {"picture_alts": ["A test card", "", "Blue"]})
    versions = (await viewer.json("GET", f"{path}/history"))["versions"]
    assert [(one["changed"], one["alt"]) for one in versions] == [(["alt"], "A test\nNothing but light")]
    assert await author.refusal("PATCH", path, {"cover_ms": 5}) == (409, "cover-not-video")
    poster = mine["poster_url"]
    answer = await author.request("PUT", f"{path}/cover", data=small)
    assert answer.status == 200 and (await answer.json())["poster_url"] != poster
    await author.json("POST", f"{path}/withdraw")
    await author.json("POST", f"{path}/publish")
    assert (await until(author, clip["id"], "ready"))["is_published"]
    await author.json("DELETE", path, status=204)
    assert (await viewer.request("GET", white)).status == 404
    assert await renditions.all_needed_keys(running.database) == set()
    left = [key async for key in running.server.backends.blobs.keys_put_before(1 << 62)]
    assert left == []


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_is_no_picture_or_too_much_of_one_is_refused_by_name(
    running: Running, author: Client, tmp_path: Path
) -> None:
    jpeg = drawn(tmp_path / "a.jpg", "testsrc2=s=64x64")
    huge = bytearray(drawn(tmp_path / "h.png", "color=red:s=64x64"))
    huge[16:24] = struct.pack(">II", 10_000, 10_000)
    for data, code in (
        (b"\0\0\0\x18ftypheic" + bytes(64), "picture-heic"),
        (b"GIF89a" + bytes(64), "picture-moves"),
        (b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0" + bytes(32), "picture-moves"),
        (bytes(huge), "picture-pixels"),
        (drawn(tmp_path / "one.png", "color=red:s=1x1"), "picture-small"),
        (b"\x89PNG\r\n\x1a\n" + bytes(8), "picture-broken"),
        (b"\xff\xd8\xff\xe0" + bytes(64), "picture-broken"),
        (jpeg[:2] + b"\xff\xe0\0\2" * 2000 + jpeg[2:], "picture-broken"),
        (jpeg[:2] + b"\xff\xe0\0\1" + jpeg[2:], "picture-broken"),
        (b"\xff\xd8" + b"\xff" * (1 << 20), "picture-broken"),
        (b"%PDF-1.7" + bytes(64), "picture-kind"),
    ):
        with pytest.raises(MediaRefusal) as refused:
            look(data)
        assert refused.value.code == code
    for more in (b"", b"\xff" * (1 << 20), b"\xff\xe0\0\2" * 500):
        assert look(jpeg[:2] + more + jpeg[2:]).demuxer == "jpeg_pipe"

    video = await upload(running, author, b"\0\0\0\x18ftypmp42" + bytes(99))
    mine = await ended(author, video)
    assert mine["refusal"]["code"] == "picture-kind" and "JPEG" in mine["refusal"]["text"]
    whole = await upload(running, author, jpeg)
    body = {"pictures": [{"clip": whole}, {"clip": video}]}
    assert await author.refusal("POST", "/api/clips/pictures", body) == (409, "picture-incomplete")
    for pictures, wanted in (
        ([], (400, "pictures-count")),
        ([{"clip": whole}] * 36, (400, "pictures-count")),
        ([{"clip": whole}] * 2, (400, "pictures-twice")),
        ([{"clip": whole, "alt": "x" * 1501}], (400, "alt-too-long")),
        ([{"clip": "0000000000000"}], (404, "clip-absent")),
    ):
        assert await author.refusal("POST", "/api/clips/pictures", {"pictures": pictures}) == wanted, pictures[:2]
    other = await upload(running, author, jpeg)
    await author.json("PATCH", f"/api/clips/{other}", {"is_sensitive": True, "audience": "followers"})
    both = {"pictures": [{"clip": whole}, {"clip": other}]}
    mine = (await author.json("POST", "/api/clips/pictures", both, status=201))["clip"]
    assert mine["is_sensitive"] and mine["audience"] == "followers", "what is said of one holds for all"
    headers = {
        "tus-resumable": "1.0.0",
        "upload-length": str(PICTURE_BYTES_LIMIT + 1),
        "upload-metadata": "kind cGhvdG8=",
    }
    answer = await author.request("POST", "/uploads", headers=headers)
    assert answer.status == 413 and (await answer.json())["error"]["code"] == "picture-big"
    headers = {"tus-resumable": "1.0.0", "upload-length": "9", "upload-metadata": "kind dGV4dA=="}
    assert (await author.request("POST", "/uploads", headers=headers)).status == 400


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_pictures_are_posted_by_a_form_and_withheld_at_every_door(
    running: Running, author: Client, tmp_path: Path
) -> None:
    page = await (await author.request("GET", "/upload/photos")).text()
    assert 'action="/forms/photos"' in page and "multiple" in page
    pictures = [drawn(tmp_path / f"{hue}.jpg", f"color={hue}:s=90x60") for hue in ("red", "blue")]

    def form(files: list[bytes], csrf: str = author.csrf) -> aiohttp.FormData:
        data = aiohttp.FormData()
        data.add_field("csrf", csrf)
        for one in files:
            data.add_field("file", one, filename="a.jpg", content_type="image/jpeg")
        for name, text in (("caption", "secretwords #made"), ("wish", "publish")):
            data.add_field(name, text)
        return data

    assert (
        await author.request("POST", "/forms/photos", data=form(pictures, "no"), headers={"x-csrf-token": ""})
    ).status == 403
    answer = await author.request("POST", "/forms/photos", data=form([pictures[0], b""]))
    assert answer.status == 400 and (await author.json("GET", "/api/clips/mine"))["clips"] == [], (
        "nothing is left of it"
    )
    answer = await author.request("POST", "/forms/photos", data=form(pictures))
    assert answer.status == 303 and answer.headers["location"] == "/studio", await answer.text()
    (mine,) = (await author.json("GET", "/api/clips/mine"))["clips"]
    mine = await ended(author, mine["id"])
    assert mine["is_published"] and mine["caption"] == "secretwords #made" and len(mine["pictures"]) == 2
    edit = await (await author.request("GET", f"/studio/{mine['id']}")).text()
    assert 'name="alt_2"' in edit and "vtt-file" not in edit and 'name="alt"' not in edit
    changed = {"csrf": author.csrf, "clip": mine["id"], "caption": "secretwords", "alt_1": "Red", "alt_2": "Blue"}
    assert (await author.request("POST", "/forms/words", data=changed)).status == 303
    nobody = await running.new_client()
    doors = [mine["url"], f"/embed/{mine['id']}", mine["pictures"][1]["sizes"][0]["url"], mine["poster_url"],
             f"/api/clips/{mine['id']}/download?picture=2"]  # fmt: skip
    for door in doors:
        assert (await nobody.request("GET", door)).status == 200, door
    clip_id = parse_id(mine["id"]) or 0
    await running.database.transact(lambda tx: withholding.insert(tx, NOW_US, clip_id, ORDER))
    for door in doors:
        answer = await nobody.request("GET", door)
        assert answer.status == 451 and b"secretwords" not in await answer.read(), door


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_sound_is_heard_under_pictures_credited_and_stays_when_its_clip_is_taken_back(
    running: Running, author: Client, tmp_path: Path
) -> None:
    film = filmed(tmp_path / "a.mp4")
    other = await running.new_client()
    await other.sign_up("other")
    data = aiohttp.FormData()
    data.add_field("wish", "publish")
    data.add_field("file", film, filename="a.mp4")
    answer = await other.request("POST", "/api/clips", data=data)
    source = await until(other, (await answer.json())["clip"]["id"], "ready")
    sound = source["sound"]["id"]

    jpeg = drawn(tmp_path / "a.jpg", "color=red:s=90x60")
    pictures = {"pictures": [{"clip": await upload(running, author, jpeg)}]}
    for said, wanted in (("0000000000000", (404, "sound-absent")), ("none", (404, "sound-absent"))):
        assert await author.refusal("POST", "/api/clips/pictures", {**pictures, "sound": said}) == wanted
    path = f"/api/clips/{source['id']}"
    await other.json("PATCH", path, {"permissions": {"use_sound": "private"}})
    body = {**pictures, "sound": sound}
    assert await author.refusal("POST", "/api/clips/pictures", body) == (403, "sound-not-allowed")
    assert (await author.request("GET", f"/upload/photos?sound={sound}")).status == 403
    await other.json("PATCH", path, {"permissions": {"use_sound": "public"}})
    page = await (await author.request("GET", f"/upload/photos?sound={sound}")).text()
    assert f'name="sound" value="{sound}"' in page and "@other" in page
    assert (await author.request("GET", f"/upload/photos?duet={source['id']}")).status == 400
    assert f"/upload/photos?sound={sound}" in await (await author.request("GET", f"/sound/{sound}")).text()

    mine = (await author.json("POST", "/api/clips/pictures", body, status=201))["clip"]
    await author.json("PATCH", f"/api/clips/{mine['id']}", {"wish": "publish"})
    mine = await ended(author, mine["id"])
    assert mine["is_published"] and mine["sound"]["id"] == sound and not mine["sound"]["is_original"]
    answer = await author.request("GET", mine["sound_url"])
    assert answer.content_type == "audio/mp4"
    (tmp_path / "sound.m4a").write_bytes(await answer.read())
    heard = told_of(tmp_path / "sound.m4a")
    assert "Audio: aac" in heard and "Video:" not in heard and "00:00:02" in heard
    html = await (await author.request("GET", mine["url"])).text()
    assert f'data-sound="{mine["sound_url"]}"' in html and f'href="/sound/{sound}"' in html and "<audio" in html
    assert "<audio controls" in await (await author.request("GET", f"/embed/{mine['id']}")).text()
    assert await author.refusal("GET", f"/api/clips/{mine['id']}/download?picture=2") == (404, "file-absent")
    about = await author.json("GET", f"/api/sounds/{sound}/clips")
    assert mine["id"] in [one["clip"]["id"] for one in about["clips"]]
    await other.json("POST", f"{path}/withdraw")
    assert (await author.request("GET", mine["sound_url"])).status == 200, "it is heard, not seen"
    gone = {"pictures": [{"clip": await upload(running, author, jpeg)}], "sound": sound}
    assert (await author.refusal("POST", "/api/clips/pictures", gone))[0] in (404, 409)
