"""Files made to reach other files, or to cost more than they should."""

import struct
import time
from pathlib import Path

import pytest

from freehold.media.encode import encode_first
from freehold.media.jail import Jail, JailLimits, ffmpeg_path
from freehold.media.limits import Limits
from freehold.media.probe import probe
from freehold.media.process import run
from freehold.media.refusals import MediaRefusal
from tests.media.clips import FAST_H264, colour_clip, edit_boxes, ffmpeg, frame_at

# Two seconds is the promise; a machine that runs other tests beside this one gets a little more on the clock.
PROMISE_S = 2.0


async def refusal(path: Path, limits: Limits, jail: Jail) -> str:
    began_s = time.monotonic()
    with pytest.raises(MediaRefusal) as caught:
        await probe(path, limits, jail)
    assert time.monotonic() - began_s < PROMISE_S
    return caught.value.code


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    return colour_clip(tmp_path / "victim.mp4", "lime")


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{victim}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{victim}'\n",
    "bare concat": "file '{victim}'\n",
    "blank lines first": "\n\n#EXTM3U\n#EXTINF:1,\n{victim}\n",
    "dash": '<?xml version="1.0"?>\n<MPD><Period><BaseURL>{victim}</BaseURL></Period></MPD>\n',
    "sdp": "v=0\nm=video 5004 RTP/AVP 96\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
async def test_a_playlist_named_mp4_yields_nothing(
    kind: str, tmp_path: Path, victim: Path, limits: Limits, jail: Jail
) -> None:
    trap = tmp_path / "trap.mp4"
    trap.write_text(PLAYLISTS[kind].format(victim=victim))
    assert await refusal(trap, limits, jail) == "media-playlist"


async def test_a_playlist_behind_a_false_magic_yields_nothing(
    tmp_path: Path, victim: Path, limits: Limits, jail: Jail
) -> None:
    text = PLAYLISTS["hls"].format(victim=victim).encode()
    for magic in (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\n", b"\x1a\x45\xdf\xa3", b"\0\0\0\x08free"):
        trap = tmp_path / "trap.mp4"
        trap.write_bytes(magic + text)
        assert await refusal(trap, limits, jail) == "media-broken"


async def test_the_concat_trap_is_real_and_the_jail_alone_defeats_it(tmp_path: Path, victim: Path, jail: Jail) -> None:
    trap, out = tmp_path / "trap.mp4", tmp_path / "out"
    out.mkdir()
    trap.write_text(PLAYLISTS["concat"].format(victim=victim))
    stolen = out / "stolen.mp4"
    words = ["-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", str(trap), "-c", "copy", str(stolen)]
    ffmpeg(*words)
    assert frame_at(stolen, 64, 64)[32, 32, 1] > 200
    stolen.unlink()
    ended = await run(jail.command([str(ffmpeg_path()), *words], [trap], [out], JailLimits()), 20)
    assert ended.status != 0 and not stolen.exists()


async def test_a_movie_that_keeps_its_picture_in_another_file_is_refused(
    tmp_path: Path, victim: Path, limits: Limits, jail: Jail
) -> None:
    def point_at_victim(kind: bytes, body: bytes) -> bytes:
        if kind != b"dref":
            return body
        url = f"file://{victim}".encode() + b"\0"
        return body[:8] + struct.pack(">I4sI", 12 + len(url), b"url ", 0) + url

    trap = tmp_path / "trap.mov"
    trap.write_bytes(edit_boxes(colour_clip(tmp_path / "plain.mov", "red").read_bytes(), point_at_victim))
    assert await refusal(trap, limits, jail) == "media-external"


async def test_attachments_and_subtitles_are_left_behind(
    tmp_path: Path, victim: Path, limits: Limits, jail: Jail
) -> None:
    subtitles, attached = tmp_path / "s.srt", tmp_path / "a.m3u8"
    subtitles.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    attached.write_text(PLAYLISTS["hls"].format(victim=victim))
    plain, trap = colour_clip(tmp_path / "plain.mp4", "red"), tmp_path / "trap.mp4"
    attach = ["-attach", attached, "-metadata:s:t", "mimetype=application/x-mpegurl"]
    ffmpeg("-i", plain, "-i", subtitles, *attach, "-map", "0", "-map", "1", "-c:v", "copy", "-f", "matroska", trap)
    found = await probe(trap, limits, jail)
    assert found.container == "matroska"
    made = await encode_first(trap, found, tmp_path / "out", limits, jail, lambda share: None)
    assert made.rendition.codecs.startswith("avc1.") and "," not in made.rendition.codecs
    assert frame_at(made.rendition.path, 64, 64)[32, 32, 0] > 200


async def test_other_kinds_of_file_are_refused_by_their_bytes(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    heads = {
        b"": "media-empty",
        b"\xff\xd8\xff\xe0" + bytes(600): "media-still-image",
        b"\0\0\0\x18ftypheic" + bytes(600): "media-still-image",
        b"ID3\x04" + bytes(600): "media-no-video",
        b"RIFF\0\0\0\0AVI " + bytes(600): "media-container",
        b"MZ" + bytes(600): "media-container",
        b"#!/bin/sh\n": "media-container",
    }
    for head, code in heads.items():
        path = tmp_path / "upload.mp4"
        path.write_bytes(head)
        assert await refusal(path, limits, jail) == code


async def test_a_cut_file_is_refused_or_shorter_but_never_hangs(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    whole = colour_clip(tmp_path / "whole.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    for share in (0.1, 0.5, 0.9, 0.99):
        cut.write_bytes(whole[: int(len(whole) * share)])
        assert await refusal(cut, limits, jail) == "media-broken"


async def test_a_header_of_16384_pixels_a_side_is_refused(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    def enlarge(kind: bytes, body: bytes) -> bytes:
        return body[:40] + struct.pack(">HH", 16_384, 16_384) + body[44:] if kind == b"stsd" else body

    bomb = tmp_path / "bomb.mp4"
    bomb.write_bytes(edit_boxes(colour_clip(tmp_path / "plain.mp4").read_bytes(), enlarge))
    assert await refusal(bomb, limits, jail) == "media-too-many-pixels"


async def test_a_bitstream_of_16383_pixels_a_side_behind_a_small_header_is_refused(
    tmp_path: Path, limits: Limits, jail: Jail
) -> None:
    plain, bomb = tmp_path / "plain.webm", tmp_path / "bomb.webm"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:r=10:d=0.5", "-c:v", "libvpx", "-g", "1", plain)
    small, big = b"\x9d\x01\x2a" + struct.pack("<HH", 64, 64), b"\x9d\x01\x2a" + struct.pack("<HH", 16_383, 16_383)
    assert small in plain.read_bytes()
    bomb.write_bytes(plain.read_bytes().replace(small, big))
    assert await refusal(bomb, limits, jail) in ("media-too-many-pixels", "media-broken")


async def test_an_h264_stream_that_turns_out_huge_is_refused(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    bomb = tmp_path / "bomb.ts"
    size = "8192x4352"
    ffmpeg("-f", "lavfi", "-i", f"color=red:s={size}:r=2:d=0.5", *FAST_H264, "-threads", "2", "-f", "mpegts", bomb)
    assert await refusal(bomb, limits, jail) == "media-too-many-pixels"


@pytest.mark.parametrize("name", ["bomb.mp4", "bomb.mkv"])
async def test_a_tiny_file_of_ten_hours_is_refused(name: str, tmp_path: Path, limits: Limits, jail: Jail) -> None:
    bomb = tmp_path / name
    ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32:r=1/3600:d=36000", *FAST_H264, bomb)
    assert await refusal(bomb, limits, jail) == "media-too-long"


async def test_a_file_of_ten_hours_that_declares_one_second_is_refused(
    tmp_path: Path, limits: Limits, jail: Jail
) -> None:
    def lie(kind: bytes, body: bytes) -> bytes:
        if kind == b"mvhd":
            return body[:16] + struct.pack(">I", 1000) + body[20:]
        if kind == b"tkhd":
            return body[:20] + struct.pack(">I", 1000) + body[24:]
        return body[:16] + struct.pack(">I", 1000) + body[20:] if kind == b"mdhd" else body

    plain, bomb = tmp_path / "plain.mp4", tmp_path / "bomb.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32:r=1/3600:d=36000", *FAST_H264, "-use_editlist", "0", plain)
    bomb.write_bytes(edit_boxes(plain.read_bytes(), lie))
    assert await refusal(bomb, limits, jail) == "media-too-long"


async def test_a_live_recording_without_a_declared_duration_is_measured(
    tmp_path: Path, limits: Limits, jail: Jail
) -> None:
    live, bomb = tmp_path / "live.webm", tmp_path / "bomb.webm"
    source = ["-f", "lavfi", "-i", "color=red:s=32x32:r=10:d=3", "-c:v", "libvpx", "-f", "webm", "-live", "1"]
    live.write_bytes(ffmpeg(*source, "-"))
    assert abs((await probe(live, limits, jail)).duration_ms - 3_000) <= 100
    source[3] = "color=red:s=32x32:r=1/60:d=36000"
    bomb.write_bytes(ffmpeg(*source, "-"))
    assert await refusal(bomb, limits, jail) == "media-too-long"


@pytest.mark.parametrize("name", ["bomb.mp4", "bomb.mkv", "bomb.ts"])
async def test_a_file_of_hundreds_of_streams_is_refused(name: str, tmp_path: Path, limits: Limits, jail: Jail) -> None:
    plain, bomb = colour_clip(tmp_path / "plain.mp4", size="32x32"), tmp_path / name
    ffmpeg("-i", plain, *["-map", "0:v"] * 300, "-c", "copy", bomb)
    assert await refusal(bomb, limits, jail) == "media-too-many-streams"


async def test_a_file_of_fifty_thousand_frames_a_second_is_refused(tmp_path: Path, limits: Limits, jail: Jail) -> None:
    bomb = tmp_path / "bomb.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=16x16:r=50000:d=0.2", *FAST_H264, bomb)
    assert await refusal(bomb, limits, jail) == "media-too-many-frames"


async def test_a_file_over_the_size_limit_is_refused_unread(tmp_path: Path, jail: Jail) -> None:
    path = tmp_path / "big.mp4"
    with path.open("wb") as file:
        file.truncate(1_001)
    assert await refusal(path, Limits(max_size_bytes=1_000), jail) == "media-too-big"


@pytest.mark.parametrize(
    ("limits", "code", "words"),
    [
        (Limits(max_size_bytes=1_000), "media-too-big", "At most 1,000 are taken."),
        (Limits(max_duration_ms=500, duration_slack_ms=0), "media-too-long", "At most 0.5 seconds are taken."),
        (Limits(max_side_px=20), "media-too-many-pixels", "A side has at most 20 pixels"),
        (Limits(max_fps=5), "media-too-many-frames", "At most 5 a second are taken."),
        (Limits(max_streams=0), "media-too-many-streams", "At most 0 are taken."),
    ],
)
async def test_what_is_over_a_limit_says_to_its_author_how_much_is_taken(
    limits: Limits, code: str, words: str, tmp_path: Path, jail: Jail
) -> None:
    with pytest.raises(MediaRefusal, match=words) as caught:
        await probe(colour_clip(tmp_path / "over.mp4"), limits, jail)
    assert (caught.value.code, caught.value.http_status) == (code, 413)


def test_the_longest_clip_is_told_in_minutes_where_it_is_whole_ones() -> None:
    assert MediaRefusal("media-too-long", limits=Limits()).text.endswith("At most 10 minutes are taken.")
    assert "At most 90 seconds" in MediaRefusal("media-too-long", limits=Limits(max_duration_ms=90_000)).text
