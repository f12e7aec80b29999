"""Every real file of the media folder becomes a right clip, or is refused for a stated reason; none leaves a file."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from freehold.domain.errors import Refusal
from freehold.media.encode import encode_first, encode_rest
from freehold.media.isobmff import read_movie
from freehold.media.jail import Jail
from freehold.media.ladder import ladder
from freehold.media.limits import Limits
from freehold.media.probe import probe
from freehold.media.refusals import TEXTS, MediaRefusal
from tests.media.clips import ffmpeg
from tests.media.conftest import media_folder

MANIFEST = media_folder() / "manifest.json"
ENTRIES: list[dict[str, Any]] = json.loads(MANIFEST.read_text()) if MANIFEST.exists() else []
# One of each container and turn, with few pixels. tests/client/test_real_clips.py has each of them made by a server,
# and looks into every rendition.
LIGHT = frozenset(f"valid/{name}" for name in (
    "androidx__bbb_960x540_60fps_vp8.webm", "androidx__bear-vp9-odd-dimensions.webm",
    "androidx__roadtrip-vp92-10bit.webm", "androidx__sample_h265.ts", "androidx__sample_partially_fragmented.mp4",
    "androidx__sample_rotate_and_reflect.mp4", "androidx__sample_with_htc_rotation.mkv",
    "mp4parse__video_rotation_90.mp4",
))  # fmt: skip
# Its track header is nonsense and its pictures are sound: it is played.
PLAYED = "broken/mp4parse__no_timescale.mp4"
# The header declares the frames that its edit list cuts away as well.
DECLARES_WRONG = {"valid/androidx__sample_edit_list_no_sync_frame_before_edit.mp4": 2.259}
UPRIGHT = {
    "valid/androidx__portrait_4k60.mp4": (2_160, 3_840),
    "valid/androidx__sample_edit_list_no_sync_frame_before_edit.mp4": (1_080, 1_920),
    "valid/androidx__sample_rotate_and_reflect.mp4": (720, 1_080),
    "valid/mediabunny__rotate-buck-bunny.mp4": (1_080, 1_920),
    "valid/mp4parse__video_rotation_90.mp4": (60, 100),
}
BROKEN = {
    "broken/androidx__encrypted_clearkey.mp4": "media-encrypted",
    "broken/androidx__invalid-bitstream.webm": "media-broken",
    "broken/androidx__sample_with_fake_auxiliary_tracks.mp4": "media-too-small",
    "broken/mp4parse__chunk_out_of_range.mp4": "media-broken",
    "broken/mp4parse__invalid_userdata.mp4": "media-broken",
    "broken/mp4parse__short-cenc.mp4": "media-encrypted",
    "broken/mp4parse__video_colr_nclx_two_colr.mp4": "media-too-small",
}


def files(folder: str) -> list[Any]:
    found = [entry for entry in ENTRIES if entry["file"].startswith(folder)]
    return [pytest.param(entry, id=Path(entry["file"]).name) for entry in found]


def has_picture(entry: dict[str, Any]) -> bool:
    return any(stream["codec_type"] == "video" for stream in entry["streams"])


def test_the_real_clips_are_here() -> None:
    if not ENTRIES:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no manifest at {MANIFEST}")
        pytest.skip(f"no real clips at {MANIFEST.parent}; set FREEHOLD_MEDIA")
    assert len(files("valid/")) >= 30 and len(files("broken/")) == len(BROKEN) + 1


@pytest.mark.parametrize("entry", files("valid/"))
async def test_a_valid_file_is_probed_or_refused_as_sound_only(
    entry: dict[str, Any], limits: Limits, jail: Jail
) -> None:
    path = media_folder() / entry["file"]
    if not has_picture(entry):
        with pytest.raises(MediaRefusal) as caught:
            await probe(path, limits, jail)
        assert caught.value.code == "media-no-video"
        return
    found = await probe(path, limits, jail)
    expected_s = DECLARES_WRONG.get(entry["file"], float(entry["duration"]))
    assert found.duration_ms / 1000 == pytest.approx(expected_s, abs=0.05)
    picture = next(stream for stream in entry["streams"] if stream["codec_type"] == "video")
    size = UPRIGHT.get(entry["file"], (picture["width"], picture["height"]))
    assert (found.width_px, found.height_px) == pytest.approx(size, abs=2)
    assert found.video_codec == picture["codec_name"]
    transfers = {"smpte2084": "pq", "arib-std-b67": "hlg"}
    assert found.transfer == transfers.get(picture.get("color_transfer", ""), "sdr")
    assert found.has_audio == any(stream["codec_type"] == "audio" for stream in entry["streams"])


@pytest.mark.slow
@pytest.mark.parametrize("entry", [each for each in files("") if each.values[0]["file"] in {PLAYED, *LIGHT}])
async def test_a_valid_file_becomes_a_clip(entry: dict[str, Any], tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = media_folder() / entry["file"]
    found, out = await probe(source, limits, jail), tmp_path / "out"
    first = await encode_first(source, found, out, limits, jail, lambda share: None)
    rest = await encode_rest(source, found, out, limits, jail, lambda share: None, lowest=first.rendition.path)
    made, kept = [first.rendition, *rest.renditions], [*first.files, *rest.files]
    assert [(file.width_px, file.height_px) for file in made] == [(s.width_px, s.height_px) for s in ladder(found)]
    late_ms = found.duration_ms - found.video_duration_ms
    picture_ms = found.duration_ms if late_ms > 500 else found.video_duration_ms
    for file in made:
        tracks = {track.handler: track for track in read_movie(file.path).tracks}
        assert abs(tracks["vide"].duration_ms - picture_ms) <= max(60, picture_ms // 50)
        if found.has_audio:
            assert abs(tracks["soun"].duration_ms - tracks["vide"].duration_ms) <= 600
        ffmpeg("-xerror", "-i", file.path, "-f", "null", "-")
    assert {path for path in out.rglob("*") if path.is_file()} == {file.path for file in kept}


@pytest.mark.parametrize("entry", [each for each in files("broken/") if each.values[0]["file"] != PLAYED])
async def test_a_broken_file_is_refused_with_a_reason(
    entry: dict[str, Any], tmp_path: Path, limits: Limits, jail: Jail
) -> None:
    path = media_folder() / entry["file"]
    with pytest.raises(Refusal) as caught:
        found = await probe(path, limits, jail)
        await encode_first(path, found, tmp_path / "out", limits, jail, lambda share: None)
    assert caught.value.code == BROKEN[entry["file"]] and caught.value.text == TEXTS[caught.value.code]
    assert list(tmp_path.rglob("*.*")) == []
