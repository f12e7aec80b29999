"""Clips made with another: its picture beside, over, under or before one's own, its sound under it."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from freehold.actions import clip as actions
from freehold.actions import cut as cutting
from freehold.actions import upload as upload_actions
from freehold.actions.captions import set_captions
from freehold.actions.clip import AskedMaking, Words
from freehold.actions.upload import Announced
from freehold.app import clock_us
from freehold.domain.captions import Cue, read
from freehold.domain.clip import Clip, ClipState, RenditionKind, Wish
from freehold.domain.cut import Cut, Part
from freehold.domain.errors import Absent, BadInput, Conflict, Refusal
from freehold.domain.ids import ClipId
from freehold.domain.making import Layout, MakingKind
from freehold.store import captions
from tests.life.conftest import Workshop, run_all
from tests.media.clips import FAST_H264, ffmpeg

BEEP_HZ = {"own": 1000, "other": 2500}


@pytest.fixture(scope="module")
def flashes(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A film of one colour that is white, and beeps, from `at_s` for 0.4 s."""
    folder = tmp_path_factory.mktemp("flashes")

    def make(
        name: str, size: str, at_s: float, seconds: float, colour: str, rate: int = 30, *, beeps: bool = True
    ) -> Path:
        path, until_s = folder / f"{name}-{at_s}-{beeps}.mp4", at_s + 0.4
        if not path.exists():
            flash = f"drawbox=c=white:t=fill:enable='gte(t,{at_s})*lt(t,{until_s})'"
            tone = f"0.5*sin(2*PI*{BEEP_HZ[name]}*t)*gte(t,{at_s})*lt(t,{until_s})"
            sound = ["-f", "lavfi", "-i", f"aevalsrc='{tone}':s=48000:d={seconds}"] if beeps else []
            ffmpeg(
                "-f", "lavfi", "-i", f"color={colour}:s={size}:r={rate}:d={seconds},{flash}", *sound, *FAST_H264, path
            )
        return path

    return make


async def make(workshop: Workshop, path: Path, asked: AskedMaking | None = None, *said: Cue) -> Clip:
    words = Words("made for #tests", wish=Wish.PUBLISH, asked_making=asked)
    announced = Announced(path.stat().st_size, path.name, words)
    upload = await upload_actions.take_file(workshop.intake, workshop.account, path, announced)
    if said:
        await set_captions(workshop.backends, workshop.account, upload.clip_id, "en", said, clock_us())
    await run_all(workshop.life())
    return await workshop.clip(upload.clip_id)


async def film_of(workshop: Workshop, clip: Clip, folder: Path) -> Path:
    """The clip's largest rendition."""
    assert clip.state is ClipState.READY, (clip.state, clip.refusal_code)
    rungs = [file for file in await workshop.files(clip.id) if file.kind is RenditionKind.LADDER]
    path = folder / f"{clip.id}.mp4"
    await workshop.backends.blobs.fetch_file(rungs[-1].blob_key, path)
    return path


def flashes_at(path: Path, x: float, y: float) -> float:
    """When it becomes white at a place of the picture, in seconds."""
    crop = f"fps=60,crop=8:8:(iw-8)*{x}:(ih-8)*{y},scale=1:1,format=gray"
    bright = np.frombuffer(ffmpeg("-i", path, "-an", "-vf", crop, "-f", "rawvideo", "-"), np.uint8)
    assert bright.max() > 180
    return float(np.argmax(bright > 150)) / 60


def beeps_at(path: Path, hertz: int) -> float:
    """When the tone begins, in seconds; infinity where it never does."""
    raw = ffmpeg("-i", path, "-vn", "-ac", "1", "-ar", "16000", "-f", "s16le", "-")
    wave = np.frombuffer(raw, "<i2").astype(float)
    turns = np.exp(-2j * np.pi * hertz * np.arange(len(wave)) / 16_000)
    loud = np.abs(np.convolve(wave * turns, np.ones(80) / 80, "same")) > 400
    return float(np.argmax(loud)) / 16_000 if loud.any() else float("inf")


def corners(path: Path, width: int, height: int) -> list[int]:
    """How bright the edges are at least, left, right, top and bottom: 16 is black."""
    raw = ffmpeg("-ss", "0.2", "-i", path, "-frames:v", "1", "-vf", "format=gray", "-f", "rawvideo", "-")
    picture = np.frombuffer(raw, np.uint8).reshape(height, width)
    return [int(edge.min()) for edge in (picture[:, 0], picture[:, -1], picture[0], picture[-1])]


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("layout", "size", "own", "other"),
    [
        (Layout.BESIDE, (456, 240), (0.15, 0.5), (0.7, 0.5)),
        (Layout.STACKED, (320, 804), (0.5, 0.3), (0.5, 0.95)),
        (Layout.CORNER, (320, 240), (0.06, 0.08), (0.8, 0.8)),
    ],
)
async def test_a_duet_shows_both_in_time_and_no_black(
    workshop: Workshop,
    flashes: Callable[..., Path],
    tmp_path: Path,
    layout: Layout,
    size: tuple[int, int],
    own: Any,
    other: Any,
) -> None:
    """One's own is tall, the other wide and longer at another rate."""
    source = await make(workshop, flashes("other", "320x240", 1.5, 3.0, "teal", 25))
    mine = flashes("own", "136x240", 1.0, 2.5, "brown")
    duet = await make(workshop, mine, AskedMaking(MakingKind.DUET, source.id, layout))
    film = await film_of(workshop, duet, tmp_path)
    assert (duet.width_px, duet.height_px) == pytest.approx(size, abs=2)
    assert duet.duration_ms == pytest.approx(2_500, abs=60), "as long as one's own"
    assert (flashes_at(film, *own), flashes_at(film, *other)) == pytest.approx((1.0, 1.5), abs=0.04)
    assert (beeps_at(film, 1000), beeps_at(film, 2500)) == pytest.approx((1.0, 1.5), abs=0.04)
    assert min(corners(film, duet.width_px, duet.height_px)) > 40


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_stitch_begins_with_the_other_and_goes_on_with_ones_own(
    workshop: Workshop, flashes: Callable[..., Path], tmp_path: Path
) -> None:
    source = await make(workshop, flashes("other", "320x240", 0.5, 3.0, "teal", 25))
    mine = flashes("own", "136x240", 1.0, 2.5, "brown")
    asked = AskedMaking(MakingKind.STITCH, source.id, length_ms=1_200)
    stitch = await make(workshop, mine, asked, Cue(1_000, 1_400, "white"))
    assert stitch.caption_languages == "en"
    text = await captions.text_of(workshop.backends.database, stitch.id, "en")
    assert text and read(text) == (Cue(2_200, 2_600, "white"),), "captions go along with what they are said in"
    film = await film_of(workshop, stitch, tmp_path)
    assert (stitch.width_px, stitch.height_px) == (136, 240)
    assert stitch.duration_ms == pytest.approx(3_700, abs=80)
    assert flashes_at(film, 0.5, 0.5) == pytest.approx(0.5, abs=0.04)
    assert (beeps_at(film, 2500), beeps_at(film, 1000)) == pytest.approx((0.5, 2.2), abs=0.04)
    assert min(corners(film, 136, 240)) > 40
    ffmpeg("-ss", "1.2", "-i", film, *FAST_H264, tmp_path / "rest.mp4")
    assert flashes_at(tmp_path / "rest.mp4", 0.5, 0.5) == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_was_cut_of_parts_is_made_with_another_clip(
    workshop: Workshop, flashes: Callable[..., Path], tmp_path: Path
) -> None:
    source = await make(workshop, flashes("other", "320x240", 0.5, 3.0, "teal", 25))
    mine = await workshop.upload(flashes("own", "136x240", 1.0, 2.5, "brown"), Wish.DRAFT)
    parts = Cut((Part(mine, 900, 1_500), Part(mine, 0, 500)))
    asked = AskedMaking(MakingKind.STITCH, source.id, length_ms=1_000)
    made = await cutting.cut(workshop.backends, workshop.account, parts, 60_000, clock_us(), Random(), asked)
    await run_all(workshop.life())
    clip = await workshop.clip(made.id)
    film = await film_of(workshop, clip, tmp_path)
    assert clip.duration_ms == pytest.approx(2_100, abs=80)
    assert (beeps_at(film, 2500), beeps_at(film, 1000)) == pytest.approx((0.5, 1.1), abs=0.04)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_sound_is_laid_under_ones_own_picture_as_loud_as_asked_and_credited(
    workshop: Workshop, flashes: Callable[..., Path], tmp_path: Path
) -> None:
    source = await make(workshop, flashes("other", "320x240", 0.5, 3.0, "teal", 25))
    assert source.sound_id is not None
    mine = flashes("own", "136x240", 1.0, 2.5, "brown", beeps=False)
    asked = AskedMaking(MakingKind.SOUND, source.sound_id, own_percent=0)
    clip = await make(workshop, mine, asked)
    film = await film_of(workshop, clip, tmp_path)
    assert clip.sound_id == source.sound_id
    assert (clip.width_px, clip.height_px) == (136, 240) and clip.duration_ms == pytest.approx(2_500, abs=60)
    assert (beeps_at(film, 2500), beeps_at(film, 1000)) == pytest.approx((0.5, float("inf")), abs=0.04)
    (sound,) = await workshop.backends.database.fetch("SELECT clip_id FROM sound")
    assert sound["clip_id"] == source.id


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_a_clip_may_not_be_made_with_is_refused_before_it_is_sent(
    workshop: Workshop, flashes: Callable[..., Path]
) -> None:
    path = flashes("own", "136x240", 1.0, 2.5, "brown", beeps=False)
    source = await make(workshop, path)

    async def refusal(asked: AskedMaking) -> tuple[type[Refusal], str]:
        with pytest.raises(Refusal) as refused:
            await make(workshop, path, asked)
        return type(refused.value), refused.value.code

    duet = MakingKind.DUET
    assert await refusal(AskedMaking(duet, 1)) == (Absent, "clip-absent")
    assert await refusal(AskedMaking(MakingKind.SOUND, 1)) == (Absent, "sound-absent")
    assert await refusal(AskedMaking(duet, source.id, own_percent=201)) == (BadInput, "bad-volume")
    assert await refusal(AskedMaking(MakingKind.STITCH, source.id, length_ms=5_001)) == (BadInput, "bad-stitch")
    await actions.withdraw(workshop.backends, workshop.account, source.id, 0)
    assert await refusal(AskedMaking(duet, source.id)) == (Conflict, "source-withdrawn")


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_clip_whose_source_goes_before_it_is_made_is_refused_with_the_reason(
    workshop: Workshop, flashes: Callable[..., Path]
) -> None:
    path = flashes("own", "136x240", 1.0, 2.5, "brown")
    source = await make(workshop, path)
    words = Words(asked_making=AskedMaking(MakingKind.SOUND, source.sound_id or 0))
    announced = Announced(path.stat().st_size, path.name, words)
    upload = await upload_actions.take_file(workshop.intake, workshop.account, path, announced)
    late = await upload_actions.begin(workshop.intake, workshop.account, announced)
    await actions.delete(workshop.backends, workshop.folder / "incoming", workshop.account, source.id, 0)
    await run_all(workshop.life())
    clip = await workshop.clip(ClipId(upload.clip_id))
    assert (clip.state, clip.refusal_code) == (ClipState.REFUSED, "media-source-gone")
    assert await workshop.backends.database.fetch("SELECT 1 FROM sound"), "another may yet be heard with it"
    assert await upload_actions.expire(workshop.backends, workshop.folder / "incoming", late.expires_at_us + 1) == 1
    assert not await workshop.backends.database.fetch("SELECT 1 FROM sound"), "no clip will be heard with it any more"
    assert not workshop.leftovers()
