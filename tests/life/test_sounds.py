"""Which sound a clip has: one that was heard before, whatever its coding and however it is cut, or its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from freehold.actions import clip as actions
from freehold.domain.clip import ClipState, Wish
from freehold.domain.ids import ClipId, SoundId
from freehold.media.sound_print import LEAST, Prints, is_same, is_telling, read_prints
from freehold.store import account as accounts
from tests.life.conftest import Workshop, run_all
from tests.media.clips import FAST_H264, ffmpeg, melody
from tests.uploads.harness import make_creator

TUNE, OTHER = 7, 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sounds")


def toned(path: Path, sound: str) -> Path:
    """A clip of six seconds with a sound of ffmpeg's."""
    ffmpeg("-f", "lavfi", "-i", "color=teal:s=64x64:r=5:d=6", "-f", "lavfi", "-i", sound, "-t", "6", *FAST_H264, path)
    return path


async def heard(workshop: Workshop, *paths: Path) -> list[SoundId | None]:
    """The sounds of the clips that the files become, one after the other."""
    clip_ids: list[ClipId] = []
    for path in paths:
        clip_ids.append(await workshop.upload(path))
        await run_all(workshop.life())
    clips = [await workshop.clip(clip_id) for clip_id in clip_ids]
    assert {clip.state for clip in clips} == {ClipState.READY}
    return [clip.sound_id for clip in clips]


async def test_a_sound_is_known_again_coded_anew_quieter_or_cut_and_another_is_not(
    workshop: Workshop, folder: Path
) -> None:
    """And it goes with the last clip that has it."""
    first = melody(folder / "first.mp4", TUNE, 14, "-c:a", "aac", "-b:a", "128k")
    coded = melody(folder / "coded.mkv", TUNE, 13, "-c:a", "libopus", "-b:a", "20k", "-af", "volume=-12dB")
    cut = folder / "cut.mp4"
    ffmpeg("-ss", "4.317", "-t", "6", "-i", first, *FAST_H264, "-c:a", "aac", "-b:a", "48k", cut)
    other = melody(folder / "other.mp4", OTHER, 14)
    sounds = await heard(workshop, first, coded, cut, other)
    assert sounds[0] is not None and sounds[:3] == [sounds[0]] * 3
    assert sounds[3] not in (None, sounds[0])
    rows = await workshop.backends.database.fetch("SELECT id, clip_id FROM sound ORDER BY id")
    assert [row["id"] for row in rows] == [sounds[0], sounds[3]]
    (brought,) = await workshop.backends.database.fetch("SELECT MIN(id) AS id FROM clip")
    assert rows[0]["clip_id"] == brought["id"], "its first use is the clip that brought it"
    left = [await sounds_left(workshop, clip_id) for clip_id in await clips_of(workshop)]
    assert left == [2, 2, 1, 0]
    assert not await workshop.backends.database.fetch("SELECT 1 FROM sound_print")


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_somebody_keeps_to_themselves_is_not_found_out_by_its_sound(
    workshop: Workshop, folder: Path
) -> None:
    path = melody(folder / "kept.mp4", TUNE, 8)
    kept = await workshop.upload(path, Wish.DRAFT)
    await run_all(workshop.life())
    await make_creator(workshop.backends.database, "bob")
    bob = await accounts.by_handle(workshop.backends.database, "bob")
    assert bob is not None
    (of_bob,) = await heard(replace(workshop, account=bob), path)
    (again,) = await heard(workshop, path)
    assert (await workshop.clip(kept)).sound_id not in (None, of_bob)
    assert again == (await workshop.clip(kept)).sound_id, "one's own is known, and was there first"


async def clips_of(workshop: Workshop) -> list[ClipId]:
    """Oldest first."""
    return [ClipId(row["id"]) for row in await workshop.backends.database.fetch("SELECT id FROM clip ORDER BY id")]


async def sounds_left(workshop: Workshop, clip_id: ClipId) -> int:
    """How many there are once the clip is deleted."""
    await actions.delete(workshop.backends, workshop.folder / "incoming", workshop.account, clip_id, 0)
    return len(await workshop.backends.database.fetch("SELECT 1 FROM sound"))


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_silence_is_no_sound_and_a_hum_is_known_to_nobody(workshop: Workshop, folder: Path) -> None:
    silence = toned(folder / "silence.mp4", "anullsrc")
    one, other = toned(folder / "one.mp4", "sine=f=440"), toned(folder / "other-hum.mp4", "sine=f=441")
    sounds = await heard(workshop, silence, one, other)
    assert sounds[0] is None
    assert None not in sounds[1:] and len(set(sounds[1:])) == 2


def prints_of(path: Path) -> Prints:
    return read_prints(ffmpeg("-i", path, "-vn", "-ac", "2", "-f", "chromaprint", "-fp_format", "raw", "-"))


def test_a_piece_lies_in_the_whole_where_it_was_cut_and_too_little_of_it_does_not_count(folder: Path) -> None:
    whole, other = prints_of(melody(folder / "whole.mp4", TUNE, 20)), prints_of(melody(folder / "o.mp4", OTHER, 20))
    piece = whole[40 : 40 + LEAST]
    assert is_same(piece, whole, 40) and not is_same(piece[1:], whole, 41) and not is_same(piece, whole, 43)
    assert is_same(whole, whole[:80], 0), "more than half of it"
    assert not is_same(whole, whole[:60], 0), "less than half of it"
    assert is_same(whole[20:], whole[60:], -40) and not any(is_same(other, whole, at) for at in range(-60, 60))
    assert is_telling(piece) and not is_telling(piece[1:]) and not is_telling(piece[:1].repeat(80))
