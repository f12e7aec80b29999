"""The ladder and the command lines: pure functions of a probe."""

import dataclasses
import os
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.media.argv import first_argv, gain_db, measure_argv, rest_argv
from freehold.media.ladder import ladder
from freehold.media.limits import Limits
from freehold.media.probe import Probe, orientation, square_size, steady_rate

PHONE = Probe(
    container="mov",
    size_bytes=30_000_000,
    duration_ms=20_000,
    video_duration_ms=20_000,
    width_px=1_080,
    height_px=1_920,
    coded_width_px=1_920,
    coded_height_px=1_080,
    rotation_deg=90,
    is_mirrored=False,
    fps="30",
    frames=600,
    is_vfr=False,
    is_interlaced=False,
    video_index=0,
    video_codec="h264",
    audio_index=1,
    audio_codec="aac",
    transfer="sdr",
    bit_depth=8,
    pixel_format="yuv420p",
    has_alpha=False,
    is_full_range=False,
    colour_matrix="bt709",
    colour_primaries=1,
)
GOLDEN = Path(__file__).with_name("golden")


def sized(width_px: int, height_px: int, fps: str = "30") -> Probe:
    return dataclasses.replace(PHONE, width_px=width_px, height_px=height_px, fps=fps)


@pytest.mark.parametrize(
    ("source", "renditions"),
    [
        ((1_080, 1_920), [(360, 640), (720, 1_280), (1_080, 1_920)]),
        ((3_840, 2_160), [(640, 360), (1_280, 720), (1_920, 1_080)]),
        ((720, 1_280), [(360, 640), (720, 1_280)]),
        ((854, 480), [(640, 360), (854, 480)]),
        ((640, 400), [(640, 400)]),
        ((161, 121), [(160, 120)]),
        ((642, 642), [(360, 360), (642, 642)]),
        ((3_000, 600), [(1_800, 360), (2_250, 450)]),
    ],
)
def test_a_ladder_has_up_to_three_renditions_and_none_is_larger_than_its_source(
    source: tuple[int, int], renditions: list[tuple[int, int]]
) -> None:
    made = [(spec.width_px, spec.height_px) for spec in ladder(sized(*source))]
    if source == (3_000, 600):
        assert all(max(size) <= 2_592 for size in made)
    else:
        assert made == renditions


@given(st.integers(16, 4_096), st.integers(16, 4_096), st.fractions(Fraction(1), Fraction(240), max_denominator=1001))
def test_every_ladder_is_even_rising_never_upscaled_and_keeps_its_shape(
    width_px: int, height_px: int, rate: Fraction
) -> None:
    specs = ladder(sized(width_px, height_px, str(rate)))
    assert 1 <= len(specs) <= 3
    for spec in specs:
        assert spec.width_px % 2 == spec.height_px % 2 == 0
        assert spec.width_px <= width_px and spec.height_px <= height_px
        assert Fraction(spec.fps) <= 60
        assert abs(spec.width_px / spec.height_px / (width_px / height_px) - 1) < 0.15 or min(width_px, height_px) < 40
    assert [spec.width_px for spec in specs] == sorted({spec.width_px for spec in specs}) or width_px < 40
    top = Fraction(specs[-1].fps)
    assert all((top / Fraction(spec.fps)).denominator == 1 for spec in specs)


def test_key_frames_of_all_renditions_stand_at_the_same_times() -> None:
    for fps in ("24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60", "120", "240"):
        seconds = {spec.key_interval_frames / Fraction(spec.fps) for spec in ladder(sized(1_080, 1_920, fps))}
        assert len(seconds) == 1, fps


def test_a_probe_survives_its_journey_through_a_database_column() -> None:
    assert Probe.from_json(PHONE.to_json()) == PHONE


@pytest.mark.parametrize(
    ("matrix", "found"),
    [
        ((1, 0, 0, 1), (0, False)),
        ((0, 1, -1, 0), (90, False)),
        ((-1, 0, 0, -1), (180, False)),
        ((0, -1, 1, 0), (270, False)),
        ((-1, 0, 0, 1), (0, True)),
        ((1, 0, 0, -1), (180, True)),
    ],
)
def test_a_display_matrix_is_read_as_a_turn(matrix: tuple[int, int, int, int], found: tuple[int, bool]) -> None:
    a, b, c, d = (number << 16 for number in matrix)
    assert orientation([a, b, 0, c, d, 0, 0, 0, 1 << 30]) == found


def test_a_display_matrix_that_is_no_quarter_turn_is_ignored() -> None:
    assert orientation(None) == (0, False)
    assert orientation([46_341, 46_341, 0, -46_341, 46_341, 0, 0, 0, 1 << 30]) == (0, False)
    assert orientation([0] * 9) == (0, False)


def test_pixels_become_square_by_stretching_the_short_side() -> None:
    assert square_size(720, 576, Fraction(16, 11)) == (1_047, 576)
    assert square_size(720, 480, Fraction(8, 9)) == (720, 540)
    assert square_size(640, 480, Fraction(1, 1_000)) == (640, 480)


def test_the_rate_of_a_clip_is_a_standard_one_where_it_is_near() -> None:
    assert steady_rate(False, 1 / 29.97, 1 / 29.97) == Fraction(30_000, 1_001)
    assert steady_rate(False, 1 / 30.001, 1 / 30.001) == 30
    assert steady_rate(True, 1 / 12, 1 / 27.7) == Fraction(30_000, 1_001)
    assert steady_rate(False, 1 / 17, 1 / 17) == 17
    assert steady_rate(False, 0.0, 0.0) == 240


def test_gain_brings_to_minus_14_lufs_and_leaves_silence_alone() -> None:
    assert gain_db(-23.0) == pytest.approx(9.0)
    assert gain_db(-8.0) == pytest.approx(-6.0)
    assert gain_db(-70.0) == gain_db(None) == 0.0
    assert gain_db(-45.0) == 30.0


@pytest.mark.parametrize("name", ["phone", "hdr", "silent-mirrored"])
def test_the_command_lines_are_those_in_the_golden_files(name: str) -> None:
    probes = {
        "phone": PHONE,
        "hdr": dataclasses.replace(PHONE, transfer="hlg", video_codec="hevc", pixel_format="yuv420p10le"),
        "silent-mirrored": dataclasses.replace(
            PHONE, audio_index=None, audio_codec=None, is_mirrored=True, container="matroska", video_codec="vp9"
        ),
    }
    probe, limits = probes[name], Limits()
    lowest, *higher = ladder(probe)
    tool, source, out = Path("ffmpeg"), Path("/in/source"), Path("/out")
    commands = (
        [] if probe.audio_index is None else [measure_argv(tool, source, probe, limits, out / "wave", out / "prints")]
    )
    commands.append(first_argv(tool, source, probe, lowest, 3.5, limits, out))
    commands.append(rest_argv(tool, source, out / "r360.mp4", probe, higher, limits, out))
    found = "\n\n".join("\n".join(command) for command in commands) + "\n"
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("WRITE_GOLDEN") == "1":
        golden.write_text(found)
    assert found == golden.read_text()


def test_every_command_forces_the_demuxer_and_allows_files_only() -> None:
    lowest, *_ = ladder(PHONE)
    words = first_argv(Path("ffmpeg"), Path("/in"), PHONE, lowest, 0.0, Limits(), Path("/out"))
    before_input = words[: words.index("-i")]
    for option, value in (("-protocol_whitelist", "file"), ("-f", "mov"), ("-enable_drefs", "0")):
        assert before_input[before_input.index(option) + 1] == value
    assert before_input[before_input.index("-codec_whitelist") + 1] == "h264,aac"
