"""From source clips whose right answer is known by construction to finished renditions, with the real encoder."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from freehold.domain.errors import BackendError, NoRoom
from freehold.media.encode import encode_first, encode_rest
from freehold.media.fingerprint import distance
from freehold.media.isobmff import read_movie
from freehold.media.jail import Jail, ffmpeg_path
from freehold.media.limits import Limits
from freehold.media.outputs import FirstOutput, RestOutput
from freehold.media.probe import Probe, probe
from freehold.media.refusals import MediaRefusal
from tests.media.clips import (
    FAST_H264,
    colour_clip,
    corner_colours,
    corners_clip,
    ffmpeg,
    frame_at,
    with_matrix,
)

pytestmark = pytest.mark.slow

SINE = "sine=f=440:r=48000"


def silent(share: float) -> None:
    pass


async def finish(source: Path, out: Path, limits: Limits, jail: Jail) -> tuple[Probe, FirstOutput, RestOutput]:
    found = await probe(source, limits, jail)
    first = await encode_first(source, found, out, limits, jail, silent)
    rest = await encode_rest(source, found, out, limits, jail, silent, lowest=first.rendition.path)
    return found, first, rest


async def lowest_of(source: Path, out: Path, limits: Limits, jail: Jail) -> FirstOutput:
    return await encode_first(source, await probe(source, limits, jail), out, limits, jail, silent)


def loudness(path: Path) -> tuple[float, float]:
    """(integrated LUFS, true peak in dBTP), by the reference meter."""
    words = [str(ffmpeg_path()), "-nostdin", "-hide_banner", "-nostats", "-i", str(path)]
    words += ["-af", "ebur128=peak=true:framelog=quiet", "-vn", "-f", "null", "-"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stderr
    lufs, peak = re.findall(r"I:\s+(\S+) LUFS", said)[-1], re.findall(r"Peak:\s+(\S+) dBFS", said)[-1]
    return float(lufs), float(peak)


def sound_of(path: Path) -> np.ndarray:
    raw = ffmpeg("-i", path, "-vn", "-ac", "1", "-ar", "8000", "-f", "s16le", "-")
    return np.frombuffer(raw, "<i2").astype(float)


async def test_a_clip_becomes_its_ladder_with_everything_a_player_needs(
    tmp_path: Path, limits: Limits, jail: Jail
) -> None:
    source = tmp_path / "source.mp4"
    picture = "testsrc2=s=480x854:r=30:d=3"
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"{SINE}:d=3", *FAST_H264, "-c:a", "aac", source)
    found, first, rest = await finish(source, tmp_path / "out", limits, jail)
    assert [found.width_px, found.height_px, found.duration_ms] == [480, 854, pytest.approx(3_000, abs=60)]
    made = [first.rendition, *rest.renditions]
    assert [(file.width_px, file.height_px) for file in made] == [(360, 640), (480, 854)]
    for file in made:
        movie = read_movie(file.path)
        assert movie.is_faststart and not movie.is_fragmented
        assert re.fullmatch(r"avc1\.6400[0-9a-f]{2},mp4a\.40\.2", file.codecs)
        assert abs(file.duration_ms - 3_000) <= 60
        assert file.rate_bps == file.size_bytes * 8_000 // file.duration_ms
    assert first.poster.width_px == 480 and first.poster.path.read_bytes()[:2] == b"\xff\xd8"
    assert first.strip_layout.count == 8 and first.strip_layout.tile_width_px == 96
    assert len(first.perceptual_hash) == 128 and re.fullmatch("#[0-9a-f]{6}", first.tint)
    assert len(first.waveform) == 120 and min(first.waveform[2:-2]) > 150
    assert rest.hls == ()
    kept = {file.path for file in (*first.files, *rest.files)}
    assert {path for path in (tmp_path / "out").rglob("*") if path.is_file()} == kept


async def test_key_frames_are_two_seconds_apart_in_every_rendition(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "source.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=480x480:r=60:d=3", *FAST_H264, source)
    _, first, rest = await finish(source, tmp_path / "out", limits, jail)
    assert [first.rendition.fps, rest.renditions[0].fps] == ["30", "60"]
    for file in (first.rendition, *rest.renditions):
        said = ffmpeg("-skip_frame", "nokey", "-i", file.path, "-fps_mode", "passthrough", "-f", "framecrc", "-")
        base = re.search(r"#tb 0: 1/(\d+)", said.decode())
        assert base is not None
        times = [int(line.split(",")[1]) / int(base[1]) for line in said.decode().splitlines() if line[0] == "0"]
        assert times == pytest.approx([0.0, 2.0], abs=0.001)


TURNED = [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)]
MIRRORED = [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)]


@pytest.mark.parametrize("matrix", [*TURNED, *MIRRORED])
async def test_a_clip_held_any_way_round_comes_out_upright(
    matrix: tuple[int, int, int, int], tmp_path: Path, limits: Limits, jail: Jail
) -> None:
    a, b, c, d = matrix
    source = with_matrix(corners_clip(tmp_path / "plain.mp4"), tmp_path / "turned.mp4", a, b, c, d)
    expected = {}
    for (x, y), colour in zip(((-1, -1), (1, -1), (-1, 1), (1, 1)), ("red", "green", "blue", "white"), strict=True):
        expected[(b * x + d * y, a * x + c * y)] = colour
    made = await lowest_of(source, tmp_path / "out", limits, jail)
    assert (made.rendition.width_px, made.rendition.height_px) == ((96, 64) if a else (64, 96))
    picture = frame_at(made.rendition.path, made.rendition.width_px, made.rendition.height_px)
    assert corner_colours(picture) == [colour for _, colour in sorted(expected.items())]


async def test_pixels_that_are_not_square_are_made_square(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "wide.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=180x144:r=10:d=0.5,setsar=16/11", *FAST_H264, source)
    made = await lowest_of(source, tmp_path / "out", limits, jail)
    assert (made.rendition.width_px, made.rendition.height_px) == (260, 144) or made.rendition.width_px == 262


async def test_what_is_transparent_shows_black(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "ghost.webm"
    graph = "color=red:s=128x64:r=10:d=0.5,format=yuva420p,geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)'"
    graph += ":a='if(lt(X,64),0,255)'"
    ffmpeg("-f", "lavfi", "-i", graph, "-c:v", "libvpx-vp9", "-cpu-used", "8", "-pix_fmt", "yuva420p", source)
    made = await lowest_of(source, tmp_path / "out", limits, jail)
    picture = frame_at(made.rendition.path, 128, 64)
    assert picture[32, 32].max() < 16
    assert picture[32, 96, 0] > 220 and picture[32, 96, 1:].max() < 30


async def test_colours_survive_range_and_matrix(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    for matrix, full in (("bt709", False), ("smpte170m", False), ("smpte170m", True), ("bt709", True)):
        source = tmp_path / f"{matrix}{full}.mp4"
        name = "bt601" if matrix == "smpte170m" else "bt709"
        scale = f"scale=out_color_matrix={name}:out_range={'pc' if full else 'tv'},format=yuv420p"
        tags = ["-colorspace", matrix, "-color_range", "pc" if full else "tv"]
        ffmpeg(
            "-f", "lavfi", "-i", f"color=#C83C28:s=64x64:r=10:d=0.3,format=rgb24,{scale}", "-c:v", "libx264",
            "-crf", "2", *tags, source,
        )  # fmt: skip
        made = await lowest_of(source, tmp_path / name, limits, jail)
        raw = ffmpeg("-i", made.rendition.path, "-vf", "scale=in_color_matrix=bt709:in_range=tv,format=rgb24",
                     "-frames:v", "1", "-f", "rawvideo", "-")  # fmt: skip
        assert np.abs(np.frombuffer(raw, np.uint8)[:3].astype(int) - (0xC8, 0x3C, 0x28)).max() <= 6, (matrix, full)


PQ_SIGNAL = {100.0: 0.508, 203.0: 0.581, 1_000.0: 0.752, 10.0: 0.301, 0.0: 0.0}


def grey_hdr(path: Path, signal: float, transfer: str) -> Path:
    """A grey clip of this BT.2100 signal (0 to 1) in 10 bits."""
    code = round(64 + signal * 876)
    graph = f"color=black:s=64x64:r=10:d=0.3,format=yuv420p10le,geq=lum={code}:cb=512:cr=512"
    x265 = f"log-level=none:crf=4:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:range=limited"
    tags = ["-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc", "-color_range", "tv"]
    words = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", x265, *tags, "-tag:v", "hvc1"]
    ffmpeg("-f", "lavfi", "-i", graph, *words, path)
    return path


async def grey_out(source: Path, out: Path, limits: Limits, jail: Jail) -> int:
    made = await lowest_of(source, out, limits, jail)
    picture = frame_at(made.rendition.path, 64, 64)[20:44, 20:44].reshape(-1, 3).mean(axis=0)
    assert picture.max() - picture.min() < 6
    return int(picture.mean())


async def test_hdr_looks_right_on_an_ordinary_screen(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    pq = {
        nits: await grey_out(grey_hdr(tmp_path / f"{nits}.mp4", s, "smpte2084"), tmp_path / f"o{nits}", limits, jail)
        for nits, s in PQ_SIGNAL.items()
    }
    assert pq[0.0] <= 3 and 40 <= pq[10.0] <= 85
    assert 150 <= pq[100.0] <= 205 and 195 <= pq[203.0] <= 240 and 230 <= pq[1_000.0] <= 255
    # BT.2408: diffuse white is at 75 % of the HLG signal and a mid grey of 18 % at 38 %.
    white = await grey_out(grey_hdr(tmp_path / "w.mp4", 0.75, "arib-std-b67"), tmp_path / "w", limits, jail)
    middle = await grey_out(grey_hdr(tmp_path / "m.mp4", 0.38, "arib-std-b67"), tmp_path / "m", limits, jail)
    assert 195 <= white <= 240 and 85 <= middle <= 145


@pytest.mark.parametrize("volume_db", [-30, -6, 0])
async def test_loudness_comes_out_at_minus_14_lufs(volume_db: int, tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "source.mp4"
    music = "aevalsrc='0.3*sin(2*PI*220*t)*(0.6+0.4*sin(5*t))+0.2*sin(2*PI*1370*t)+0.05*(random(0)-0.5)':s=44100:d=6"
    picture = ["-f", "lavfi", "-i", "color=red:s=64x64:r=10:d=6"]
    ffmpeg(*picture, "-f", "lavfi", "-i", music, "-af", f"volume={volume_db}dB", *FAST_H264, "-c:a", "aac", source)
    made = await lowest_of(source, tmp_path / "out", limits, jail)
    lufs, peak = loudness(made.rendition.path)
    assert lufs == pytest.approx(-14.0, abs=1.0)
    assert peak <= -1.0


async def test_silence_stays_silent(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "source.mp4"
    picture = ["-f", "lavfi", "-i", "color=red:s=64x64:r=10:d=2", "-f", "lavfi", "-i", "anullsrc=d=2"]
    ffmpeg(*picture, *FAST_H264, "-c:a", "aac", "-t", "2", source)
    made = await lowest_of(source, tmp_path / "out", limits, jail)
    assert np.abs(sound_of(made.rendition.path)).max() < 4
    assert set(made.waveform) == {0}


async def test_surround_sound_keeps_its_middle_channel(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "source.mkv"
    voice = "aevalsrc=0|0|0.3*sin(2*PI*440*t)|0|0|0:c=5.1:s=48000:d=2"
    picture = ["-f", "lavfi", "-i", "color=red:s=64x64:r=10:d=2"]
    ffmpeg(*picture, "-f", "lavfi", "-i", voice, *FAST_H264, "-c:a", "ac3", source)
    made = await lowest_of(source, tmp_path / "out", limits, jail)
    assert loudness(made.rendition.path)[0] == pytest.approx(-14.0, abs=1.0)


def flash_and_beep(path: Path, *output: str) -> Path:
    """White from 1.0 to 1.5 s, and a tone at the same time."""
    picture = "color=black:s=64x64:r=30:d=3,drawbox=c=white:t=fill:enable='between(t,1,1.499)'"
    tone = "aevalsrc='if(between(t,1,1.5),0.5*sin(2*PI*1000*t),0)':s=48000:d=3"
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, *FAST_H264, "-c:a", "aac", *output, path)
    return path


def flash_and_beep_times(path: Path) -> tuple[float, float]:
    raw = ffmpeg("-i", path, "-an", "-vf", "fps=30,scale=1:1,format=gray", "-f", "rawvideo", "-")
    bright = np.frombuffer(raw, np.uint8)
    return float(np.argmax(bright > 120)) / 30, float(np.argmax(np.abs(sound_of(path)) > 2_000)) / 8_000


async def test_picture_and_sound_stay_together(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = flash_and_beep(tmp_path / "plain.mp4")
    made = await lowest_of(source, tmp_path / "o1", limits, jail)
    assert flash_and_beep_times(made.rendition.path) == pytest.approx((1.0, 1.0), abs=0.045)


async def test_an_edit_list_cuts_picture_and_sound_alike(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    plain, source = flash_and_beep(tmp_path / "plain.mp4", "-g", "90"), tmp_path / "edited.mp4"
    ffmpeg("-ss", "0.5", "-i", plain, "-c", "copy", source)
    made = await lowest_of(source, tmp_path / "out", limits, jail)
    assert made.duration_ms == pytest.approx(2_500, abs=80)
    assert flash_and_beep_times(made.rendition.path) == pytest.approx((0.5, 0.5), abs=0.045)


async def test_sound_that_begins_late_stays_late(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "late.mkv"
    picture = "color=black:s=64x64:r=30:d=3,drawbox=c=white:t=fill:enable='gte(t,1)'"
    tone = ["-itsoffset", "1", "-f", "lavfi", "-i", "sine=f=1000:r=48000:d=2"]
    ffmpeg("-f", "lavfi", "-i", picture, *tone, *FAST_H264, "-c:a", "aac", source)
    made = await lowest_of(source, tmp_path / "out", limits, jail)
    assert flash_and_beep_times(made.rendition.path) == pytest.approx((1.0, 1.0), abs=0.06)


async def test_a_varying_frame_rate_keeps_its_times(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "vfr.mp4"
    picture = "color=black:s=64x64:r=30:d=3,drawbox=c=white:t=fill:enable='between(t,1,1.499)'"
    uneven = "select='lt(mod(n,7),3)+between(n,25,50)'"
    tone = "aevalsrc='if(between(t,1,1.5),0.5*sin(2*PI*1000*t),0)':s=48000:d=3"
    ffmpeg(
        "-f", "lavfi", "-i", f"{picture},{uneven}", "-f", "lavfi", "-i", tone, *FAST_H264, "-fps_mode", "vfr",
        "-c:a", "aac", source,
    )  # fmt: skip
    found = await probe(source, limits, jail)
    assert found.is_vfr and found.fps == "30"
    made = await lowest_of(source, tmp_path / "out", limits, jail)
    assert flash_and_beep_times(made.rendition.path) == pytest.approx((1.0, 1.0), abs=0.045)


async def test_the_picture_holds_while_longer_sound_plays_on(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "still.mp4"
    one = ["-f", "lavfi", "-i", "color=red:s=64x64:r=10:d=0.1", "-f", "lavfi", "-i", f"{SINE}:d=3"]
    ffmpeg(*one, *FAST_H264, "-c:a", "aac", source)
    made = await lowest_of(source, tmp_path / "out", limits, jail)
    tracks = {track.handler: track for track in read_movie(made.rendition.path).tracks}
    assert tracks["vide"].duration_ms == pytest.approx(3_000, abs=150)
    assert frame_at(made.rendition.path, 64, 64, at_s=2.0)[32, 32, 0] > 200


async def test_cover_art_is_no_moving_picture(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    cover, song = tmp_path / "cover.jpg", tmp_path / "song.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", cover)
    words = ["-f", "lavfi", "-i", f"{SINE}:d=1", "-i", cover, "-map", "0", "-map", "1", "-c:a", "aac", "-c:v", "copy"]
    ffmpeg(*words, "-disposition:v:0", "attached_pic", song)
    with pytest.raises(MediaRefusal) as caught:
        await probe(song, limits, jail)
    assert caught.value.code == "media-no-video"


async def test_the_default_sound_is_taken_of_several(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "two.mkv"
    ffmpeg(
        "-f", "lavfi", "-i", "color=red:s=64x64:r=10:d=1", "-f", "lavfi", "-i", "anullsrc=d=1", "-f", "lavfi", "-i",
        f"{SINE}:d=1", "-map", "0", "-map", "1", "-map", "2", *FAST_H264, "-c:a", "aac", "-disposition:a:0", "0",
        "-disposition:a:1", "default", source,
    )  # fmt: skip
    found = await probe(source, limits, jail)
    assert found.audio_index == 2


async def test_nothing_of_the_source_metadata_survives(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "located.mp4"
    place = ["-metadata", "location=+52.5200+013.4050/", "-metadata", "title=my home"]
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:r=10:d=0.5", *FAST_H264, *place, source)
    assert b"my home" in source.read_bytes()
    made = await lowest_of(source, tmp_path / "out", limits, jail)
    for file in made.files:
        data = file.path.read_bytes()
        assert b"loci" not in data and b"my home" not in data


async def test_the_hash_knows_a_clip_again_and_tells_strangers_apart(
    tmp_path: Path, limits: Limits, jail: Jail
) -> None:
    hashes = []
    for name, source in (("a", "testsrc2=s=320x240:r=30:d=2"), ("b", "mandelbrot=s=320x240:r=30,trim=end=2")):
        ffmpeg("-f", "lavfi", "-i", source, *FAST_H264, tmp_path / f"{name}.mp4")
        hashes.append((await lowest_of(tmp_path / f"{name}.mp4", tmp_path / name, limits, jail)).perceptual_hash)
    small = tmp_path / "small.webm"
    ffmpeg("-i", tmp_path / "a.mp4", "-vf", "scale=160:120,fps=15", "-c:v", "libvpx", "-b:v", "200k", small)
    again = (await lowest_of(small, tmp_path / "again", limits, jail)).perceptual_hash
    assert distance(hashes[0], again) < 80 < 150 < distance(hashes[0], hashes[1])


async def test_the_same_source_gives_the_same_bytes(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = flash_and_beep(tmp_path / "plain.mp4")
    made = [await lowest_of(source, tmp_path / name, limits, jail) for name in ("one", "two")]
    for one, other in zip(made[0].files, made[1].files, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()


@pytest.mark.slow
async def test_a_clip_over_a_minute_is_also_packaged_as_cmaf_hls(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = tmp_path / "long.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc=s=640x480:r=5:d=62", "-f", "lavfi", "-i", f"{SINE}:d=62"]
    ffmpeg(*picture, *FAST_H264, "-c:a", "aac", source)
    _, _, rest = await finish(source, tmp_path / "out", limits, jail)
    kinds = [file.kind for file in rest.hls]
    assert kinds.count("hls-master") == 1 and kinds.count("hls-playlist") == kinds.count("hls-media") == 3
    text = {file.name: file.path.read_text() for file in rest.hls if file.kind != "hls-media"}
    assert "v0.m3u8" in text["master.m3u8"] and "sound.m3u8" in text["master.m3u8"]
    assert "#EXT-X-MAP" in text["v1.m3u8"] and 'URI="v1.m4s"' in text["v1.m3u8"]
    starts = [re.findall(r"#EXTINF:([\d.]+)", text[name]) for name in ("v0.m3u8", "v1.m3u8")]
    assert starts[0] == starts[1] and len(starts[0]) == 16
    played = ffmpeg("-i", tmp_path / "out/rest/hls/master.m3u8", "-map", "0:v:0", "-f", "framecrc", "-")
    assert len([line for line in played.splitlines() if line[:1] == b"0"]) == 310


async def test_cancelling_leaves_no_process_and_no_file(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source, out = tmp_path / "source.mp4", tmp_path / "out"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=8", *FAST_H264, source)
    found = await probe(source, limits, jail)
    begun = asyncio.Event()
    task = asyncio.create_task(
        encode_first(source, found, out, limits, jail, lambda share: begun.set() if share > 0.1 else None)
    )
    await asyncio.wait_for(begun.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(out.rglob("*")) == []
    await asyncio.sleep(0.2)
    assert str(source).encode() not in b"".join(
        path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
    )


async def test_running_out_of_time_is_a_failure_that_may_be_tried_again(
    tmp_path: Path, limits: Limits, jail: Jail
) -> None:
    source = tmp_path / "source.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=4", *FAST_H264, source)
    found = await probe(source, limits, jail)
    with pytest.raises(BackendError):
        await encode_first(source, found, tmp_path / "out", Limits(encode_wall_s=0), jail, silent)
    with pytest.raises(BackendError):
        await encode_first(source, found, tmp_path / "out", Limits(max_output_bytes=5_000), jail, silent)
    assert list((tmp_path / "out").rglob("*")) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_disk_is_not_blamed_on_the_clip(
    tmp_path: Path, small_disk: Path, limits: Limits, jail: Jail
) -> None:
    source = tmp_path / "noise.mp4"
    ffmpeg("-f", "lavfi", "-i", "nullsrc=s=360x640:d=1,noise=alls=100:allf=t", *FAST_H264, source)
    found = await probe(source, limits, jail)
    with pytest.raises(NoRoom):
        await encode_first(source, found, small_disk, limits, jail, silent)


async def test_progress_rises_from_nothing_to_one(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    source = colour_clip(tmp_path / "plain.mp4", seconds=3)
    shares: list[float] = []
    await encode_first(source, await probe(source, limits, jail), tmp_path / "out", limits, jail, shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0


@pytest.mark.parametrize("name", ["namespaces", "landlock"])
async def test_a_clip_is_finished_in_every_jail(name: str, tmp_path: Path, limits: Limits) -> None:
    _, first, _ = await finish(colour_clip(tmp_path / "plain.mp4"), tmp_path / "out", limits, Jail(name))  # type: ignore[arg-type]
    assert first.rendition.size_bytes > 0
