"""A clip made of parts of others: cut at the very frames, in order, with pictures over it, and nothing left behind."""

import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from freehold.actions import clip as clip_actions
from freehold.actions import cut as actions
from freehold.actions.captions import delete_captions, set_captions
from freehold.app import clock_us
from freehold.backends.blobs import LocalBlobs
from freehold.domain.captions import Cue, read
from freehold.domain.clip import ClipState, Rendition, RenditionKind, Wish
from freehold.domain.cut import Cut, Overlay, Part
from freehold.domain.errors import BadInput, Conflict, Refusal, TooLarge
from freehold.domain.ids import ClipId, parse_id
from freehold.media.cover import kept_picture
from freehold.media.jail import ffmpeg_path, open_jail
from freehold.store import captions
from freehold.store import clip as clips
from tests.conftest import Client, Running
from tests.life.conftest import Workshop, run_all
from tests.uploads.test_form import form

LONGEST_MS = 60_000
STEP = 8
"""Between the greys of two frames."""


def ffmpeg(*words: str, data: bytes = b"") -> bytes:
    command = [str(ffmpeg_path()), "-v", "error", "-y", *words]
    return subprocess.run(command, check=True, capture_output=True, input=data).stdout


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-five frames in a second, the nth of the grey `16 + STEP * n`; with a tone."""
    path = tmp_path_factory.mktemp("cut") / "counted.mp4"
    grey = f"color=black:s=96x128:r=25:d=1,format=yuv420p,geq=lum='16+{STEP}*N':cb=128:cr=128"
    ffmpeg(
        "-f", "lavfi", "-i", grey, "-f", "lavfi", "-i", "sine=f=440:d=1", "-c:v", "libx264", "-qp", "4", "-g", "50",
        "-c:a", "aac", str(path),
    )  # fmt: skip
    return path


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red, silent, and of another shape and rate."""
    path = tmp_path_factory.mktemp("cut") / "wide.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=160x90:r=50:d=1", "-c:v", "libx264", "-pix_fmt", "yuv420p", str(path))
    return path


def white_picture() -> bytes:
    return ffmpeg("-f", "lavfi", "-i", "color=white:s=8x8", "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-")


def frames_of(path: Path, crop: str) -> list[tuple[int, int, int]]:
    """The mean colour of a region of each frame."""
    mean = f"crop={crop},scale=1:1:flags=area"
    raw = ffmpeg("-i", str(path), "-vf", mean, "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    return [(raw[at], raw[at + 1], raw[at + 2]) for at in range(0, len(raw), 3)]


async def lowest(workshop: Workshop, clip_id: ClipId, folder: Path) -> Path:
    ladder = [one for one in await workshop.files(clip_id) if one.kind is RenditionKind.LADDER]
    path = folder / "lowest.mp4"
    await workshop.backends.blobs.fetch_file(ladder[0].blob_key, path)
    return path


async def make(workshop: Workshop, cut: Cut) -> ClipId:
    made = await actions.cut(workshop.backends, workshop.account, cut, LONGEST_MS, clock_us(), Random())
    return made.id


async def say(workshop: Workshop, clip_id: ClipId, *cues: Cue) -> None:
    await set_captions(workshop.backends, workshop.account, clip_id, "en", cues, clock_us())


async def said_in(workshop: Workshop, clip_id: ClipId) -> list[Cue]:
    assert (await workshop.clip(clip_id)).caption_languages == "en"
    return list(read((await captions.tracks_of(workshop.backends.database, clip_id))["en"]))


async def test_parts_are_cut_at_their_frames_and_take_the_place_of_what_they_are_of(
    workshop: Workshop, counted: Path, wide: Path, tmp_path: Path
) -> None:
    """Frames 20 to 22, the wide one for 200 ms, frames 5 to 9; a picture over the last of it."""
    first, second = await workshop.upload(counted, Wish.DRAFT), await workshop.upload(wide, Wish.DRAFT)
    await say(workshop, first, Cue(100, 250, "early"), Cue(350, 840, "one more"), Cue(840, 990, "one"))
    await say(workshop, second, Cue(0, 1_000, "wide"))
    parts = (Part(first, 800, 920), Part(second, 0, 200), Part(first, 200, 400))
    clip_id = await make(workshop, Cut(parts, (Overlay("hi", white_picture(), 750, 0, 250, 320, 520),)))
    listed = await clips.of_author_for_system(workshop.backends.database, workshop.account.id, 10)
    assert [clip.id for clip in listed] == [clip_id], "what it is made of is not for its author to see any more"
    with pytest.raises(Conflict, match="cut-part-taken"):
        await say(workshop, first, Cue(0, 100, "too late"))
    by_author = (workshop.backends, workshop.account, first)
    for late in (
        clip_actions.publish(*by_author, clock_us()),
        clip_actions.change(*by_author, clip_actions.Change(wish=Wish.PUBLISH), clock_us()),
        clip_actions.withdraw(*by_author, clock_us()),
        delete_captions(*by_author, "en", clock_us()),
    ):
        with pytest.raises(Conflict, match="cut-part-taken"):
            await late
    assert await run_all(workshop.life()) >= 4
    clip = await workshop.clip(clip_id)
    assert (clip.state, clip.caption, clip.wish) == (ClipState.READY, "made for #tests", Wish.DRAFT)
    assert abs(clip.duration_ms - 520) <= 40
    assert await said_in(workshop, clip_id) == [
        Cue(0, 40, "one more"), Cue(40, 120, "one"), Cue(120, 320, "wide"), Cue(320, 370, "early"),
        Cue(470, 520, "one more"),
    ]  # fmt: skip
    assert (clip.width_px, clip.height_px) == (96, 128)
    for part in (first, second):
        assert await clips.one_for_system(workshop.backends.database, part) is None
    kept = {one.blob_key for one in await workshop.files(clip_id)} | {clip.original_key}
    assert await workshop.blobs() == kept and workshop.leftovers() == []

    film = tmp_path / "original.mp4"
    assert clip.original_key
    await workshop.backends.blobs.fetch_file(clip.original_key, film)
    middle = frames_of(film, "16:16:8:56")
    assert len(middle) == 26, "at the highest rate of its parts: 50 a second"
    greys = [round(colour[0] * 219 / 255 / STEP) for colour in middle]
    assert greys[:6] == [20, 20, 21, 21, 22, 22]
    assert greys[-10:] == [5, 5, 6, 6, 7, 7, 8, 8, 9, 9]
    assert all(colour[0] > 200 and colour[1] < 60 for colour in middle[6:16])
    top = frames_of(film, "16:16:8:4")
    assert all(colour[0] > 150 and colour[1] < 60 for colour in top[6:16]), "no black edge around another shape"
    corner = [sum(colour) > 720 for colour in frames_of(film, "16:16:76:4")]
    assert corner == [False] * 16 + [True] * 10, "the picture is there in its time alone"
    assert len(frames_of(await lowest(workshop, clip_id, tmp_path), "16:16:8:56")) >= 13


async def test_a_part_that_cannot_be_taken_is_said_and_what_makes_no_sense_is_refused(
    workshop: Workshop, counted: Path, tmp_path: Path
) -> None:
    first = await workshop.upload(counted, Wish.DRAFT)
    whole = Part(first, 0, 1_000)
    picture = Overlay("x", white_picture(), 0, 0, 100, 0, 100)
    refused: list[tuple[Cut, type[Refusal], str]] = [
        (Cut(()), BadInput, "cut-parts"),
        (Cut((whole,) * 36), BadInput, "cut-parts"),
        (Cut((Part(first, 500, 599),)), BadInput, "cut-part"),
        (Cut((Part(first, -1, 599),)), BadInput, "cut-part"),
        (Cut((Part(first, 0, LONGEST_MS + 1),)), TooLarge, "cut-long"),
        (Cut((whole,), (picture,) * 21), BadInput, "cut-overlays"),
        (Cut((whole,), (Overlay("x", b"GIF89a", 0, 0, 100, 0, 100),)), BadInput, "cut-overlay"),
        (Cut((whole,), (Overlay("x", picture.picture, 0, 1001, 100, 0, 100),)), BadInput, "cut-overlay"),
        (Cut((whole,), (Overlay("x", picture.picture, 0, 0, 100, 100, 100),)), BadInput, "cut-overlay"),
        (Cut((whole,), (Overlay("x" * 301, picture.picture, 0, 0, 100, 0, 100),)), BadInput, "cut-overlay"),
    ]
    for cut, kind, code in refused:
        with pytest.raises(kind) as told:
            await make(workshop, cut)
        assert told.value.code == code
    notes = tmp_path / "notes.mp4"
    notes.write_bytes(b"no film at all")
    broken = await workshop.upload(notes, Wish.DRAFT)
    clip_id = await make(workshop, Cut((whole, Part(broken, 0, 1_000))))
    with pytest.raises(Conflict, match="cut-part-taken"):
        await make(workshop, Cut((whole,)))
    await run_all(workshop.life())
    assert (await workshop.clip(clip_id)).refusal_code == "media-part-refused"
    listed = await clips.of_author_for_system(workshop.backends.database, workshop.account.id, 10)
    assert [clip.id for clip in listed] == [clip_id, broken, first], "its parts are drafts again"
    for one in (clip_id, broken, first):
        await clip_actions.delete(workshop.backends, workshop.intake.directory, workshop.account, one, clock_us())
    assert await clips.of_author_for_system(workshop.backends.database, workshop.account.id, 10) == []
    assert await workshop.blobs() == set() and workshop.leftovers() == []
    published = await workshop.upload(counted, Wish.PUBLISH)
    with pytest.raises(Conflict, match="cut-part-published"):
        await make(workshop, Cut((Part(published, 0, 1_000),)))


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_part_behind_the_end_of_its_file_is_refused_and_one_past_it_is_cut_there(
    workshop: Workshop, counted: Path
) -> None:
    behind = await make(workshop, Cut((Part(await workshop.upload(counted, Wish.DRAFT), 5_000, 6_000),)))
    long = await workshop.upload(counted, Wish.DRAFT)
    await say(workshop, long, Cue(0, 700, "here"), Cue(700, 6_000, "until the end"))
    past = await make(workshop, Cut((Part(long, 600, 6_000), Part(long, 0, 400))))
    await run_all(workshop.life())
    assert (await workshop.clip(behind)).refusal_code == "media-part-short"
    clip = await workshop.clip(past)
    assert clip.state is ClipState.READY and 780 <= clip.duration_ms <= 880
    begin, until, again = await said_in(workshop, past)
    assert (begin, until.text, again.text) == (Cue(0, 100, "here"), "until the end", "here")
    assert 380 <= until.to_ms == again.from_ms == again.to_ms - 400 <= 480, "said where the shorter part ends"


async def coloured_cover(workshop: Workshop, colour: str) -> clip_actions.Cover:
    words = ("-f", "lavfi", "-i", f"color={colour}:s=64x64", "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "-")
    return clip_actions.Cover(
        picture_key=await workshop.backends.blobs.put(await kept_picture(open_jail(False), ffmpeg(*words)))
    )


async def poster_of(workshop: Workshop, clip_id: ClipId) -> tuple[Rendition, bytes]:
    """With its mean colour."""
    (poster,) = [one for one in await workshop.files(clip_id) if one.kind is RenditionKind.POSTER]
    raw = await workshop.backends.blobs.read(poster.blob_key, 0, poster.size_bytes)
    words = ("-i", "-", "-vf", "scale=1:1:flags=area", "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    return poster, ffmpeg(*words, data=raw)


class Interrupted(LocalBlobs):
    """Has something happen while the first poster is put."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def put_file(self, path: Path) -> str:
        if self.meanwhile is not None and path.name == "poster.jpg":
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        return await super().put_file(path)


async def test_a_cover_and_a_wish_said_before_and_while_a_clip_is_made_are_kept(
    workshop: Workshop, counted: Path
) -> None:
    clip_id = await workshop.upload(counted, Wish.DRAFT)
    workshop.backends = replace(workshop.backends, blobs=(blobs := Interrupted(workshop.folder / "blobs")))
    by_author = (workshop.backends, workshop.account, clip_id)
    before, meant = [clip_actions.Change(cover=await coloured_cover(workshop, one)) for one in ("blue", "red")]
    await clip_actions.change(*by_author, before, clock_us())

    async def meanwhile() -> None:
        await clip_actions.change(*by_author, meant, clock_us())
        await clip_actions.publish(*by_author, clock_us())

    blobs.meanwhile = meanwhile
    await run_all(workshop.life())
    assert blobs.meanwhile is None
    poster, drawn = await poster_of(workshop, clip_id)
    assert drawn[0] > 200 and max(drawn[1:3]) < 40, "the one that was chosen last"
    assert (poster.width_px, poster.height_px) == (96, 128)
    clip = await workshop.clip(clip_id)
    assert (clip.cover_key, clip.published_at_us is not None) == (meant.cover and meant.cover.picture_key, True)


async def test_a_cover_chosen_just_before_a_clip_can_be_watched_is_asked_for_again(
    workshop: Workshop, counted: Path
) -> None:
    clip_id = await workshop.upload(counted)
    cover, asked_in = await coloured_cover(workshop, "red"), list[ClipState]()

    async def asked() -> clip_actions.Change:
        """The clip is made while the first answer is on its way."""
        asked_in.append((await workshop.clip(clip_id)).state)
        if not await run_all(workshop.life()):
            poster, _ = await poster_of(workshop, clip_id)
            return clip_actions.Change(cover=replace(cover, poster=replace(poster, name="chosen.jpg")))
        return clip_actions.Change(cover=cover)

    await clip_actions.change_as_asked(workshop.backends, workshop.account, clip_id, asked, clock_us())
    assert asked_in == [ClipState.UPLOADED, ClipState.READY]
    poster, _ = await poster_of(workshop, clip_id)
    assert poster.name == "chosen.jpg"
    with pytest.raises(Conflict, match="cover-late"):
        late = clip_actions.Change(cover=cover)
        await clip_actions.change(workshop.backends, workshop.account, clip_id, late, clock_us())


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_nobody_cuts_what_is_not_theirs_or_not_there_yet(idle: Running) -> None:
    client, other = await idle.new_client(), await idle.new_client()
    await client.sign_up("alice")
    await other.sign_up("mallory")
    headers = {"tus-resumable": "1.0.0", "upload-length": "10"}
    begun = (await client.request("POST", "/uploads", headers=headers)).headers["Freehold-Clip"]

    async def refusal(by: Client, clip: str, **more: object) -> tuple[int, str]:
        part = {"clip": clip, "from_ms": 0, "to_ms": 500}
        return await by.refusal("POST", "/api/clips/cut", {"parts": [part], **more})

    assert await refusal(client, begun) == (409, "cut-part-incomplete")
    assert await refusal(other, begun) == (404, "clip-absent")
    assert await refusal(client, "no-id") == (404, "clip-absent")
    assert await refusal(client, begun, overlays=[{"picture": "%"}]) == (400, "bad-body")
    answer = await client.request("POST", "/api/clips", data=form())
    clip = (await answer.json())["clip"]["id"]
    row = (parse_id(clip), parse_id(clip))
    made_with = "INSERT INTO clip_making VALUES ($1, $2, 'duet', 'beside', 5000, 100, 100, NULL)"
    await idle.database.transact(lambda tx: tx.execute(made_with, *row))
    assert await refusal(client, clip) == (409, "cut-part-made-with")
    await idle.database.transact(lambda tx: tx.execute("DELETE FROM clip_making"))
    part = {"clip": clip, "from_ms": 0, "to_ms": 500}
    made = await client.json("POST", "/api/clips/cut", {"parts": [part]}, status=201)
    assert made["clip"]["state"] == "uploaded" and made["clip"]["caption"] == "by form #form"
    await client.json("DELETE", f"/api/clips/{made['clip']['id']}", status=204)
    assert [one["id"] for one in (await client.json("GET", "/api/clips/mine"))["clips"]] == [begun]
    assert await client.refusal("GET", f"/api/clips/{clip}/mine") == (404, "clip-absent"), "its part went with it"
    assert [path for path in (Path(idle.settings.server.data_dir) / "incoming").iterdir() if path.is_file()] == []
