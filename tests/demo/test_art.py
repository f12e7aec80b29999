"""Every kind draws, moves and sounds, and looks unlike the others."""

import struct
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from freehold.demo import art
from freehold.demo.art import plan, render, still_png
from freehold.demo.canvas import Scene
from freehold.demo.creators import CREATORS, avatar_png
from freehold.demo.kinds import KINDS, Kind
from freehold.demo.plan import DemoClip
from freehold.demo.posts import POSTS
from freehold.demo.sound import PEAK, SOUNDS, loop, soundtrack

pytestmark = pytest.mark.slow

SMALL = (180, 320)


def small_clip(kind: Kind, number: int) -> DemoClip:
    first = plan(1, 7)[0]
    return replace(
        first,
        kind=kind.name,
        sound=kind.sounds[number % len(kind.sounds)],
        duration_s=1.0,
        width_px=SMALL[0],
        height_px=SMALL[1],
    )


def decoded(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Grey pictures (frames, height, width) and sound (channels, samples), both -1..1 or 0..1."""
    with av.open(str(path)) as file:
        pictures = np.stack([frame.to_ndarray(format="gray") for frame in file.decode(video=0)]) / 255
    with av.open(str(path)) as file:
        sound = np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)
    return pictures, sound


@pytest.mark.parametrize("number", range(len(KINDS)), ids=[kind.name for kind in KINDS])
def test_a_clip_of_each_kind_plays_moves_and_sounds(number: int, tmp_path: Path) -> None:
    out = tmp_path / "clip.mp4"
    render(small_clip(KINDS[number], number), out)
    pictures, sound = decoded(out)
    assert pictures.shape == (24, SMALL[1], SMALL[0])
    assert pictures.std(axis=(1, 2)).min() > 0.02, "a plain sheet is no picture"
    assert 0.02 < pictures.mean() < 0.98
    assert np.abs(pictures[-1] - pictures[0]).max() > 0.1, "nothing moves"
    assert sound.shape[0] == 2
    assert sound.shape[1] / 48_000 == pytest.approx(1.0, abs=0.06)
    assert np.sqrt((sound**2).mean()) > 0.01
    assert np.abs(sound).max() < 1.0
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"], "only the whole clip is left"


def test_the_same_clip_is_drawn_alike_twice(tmp_path: Path) -> None:
    for kind in KINDS:
        once, again = (list(kind.draw(tiny_scene(3, 4))) for _ in range(2))
        assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True)), kind.name


def test_a_kind_is_recognised_by_its_texture_motion_and_layout() -> None:
    """The nearest other picture is of the same kind, nine times in ten; guessing gives one in twenty."""
    looks, names = [], []
    for kind in KINDS:
        for seed in range(100, 104):
            looks.append(look_of(kind, seed))
            names.append(kind.name)
    table = np.array(looks)
    table = (table - table.mean(axis=0)) / table.std(axis=0)
    apart = ((table[:, None] - table[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = apart.argmin(axis=1)
    right = sum(names[k] == names[other] for k, other in enumerate(nearest))
    assert right / len(names) > 0.8


def tiny_scene(seed: int, frames: int) -> Scene:
    return Scene(108, 192, 24, frames, np.random.default_rng(seed))


def look_of(kind: Kind, seed: int) -> np.ndarray:
    pictures = np.stack(list(kind.draw(tiny_scene(seed, 24)))) / 255.0
    grey = pictures.mean(axis=3)
    middle = grey[12]
    look = [middle.mean(), middle.std(), float(np.ptp(pictures[12], axis=2).mean())]
    look += [float(np.log(1e-4 + np.abs(grey[lag:] - grey[:-lag]).mean())) for lag in (1, 8)]
    for step in (1, 2, 4):
        small = middle.reshape(192 // step, step, 108 // step, step).mean(axis=(1, 3))
        look += [float(np.log(1e-4 + np.abs(np.diff(small, axis=axis)).mean())) for axis in (0, 1)]
    bands = middle.reshape(6, -1)
    return np.array([*look, *(bands.mean(axis=1) - middle.mean()), *bands.std(axis=1)])


def test_there_are_enough_kinds_and_each_names_sounds_that_exist() -> None:
    sounds = {sound.id for sound in SOUNDS}
    assert len(KINDS) >= 10
    assert len(sounds) >= 12
    assert all(set(kind.sounds) <= sounds for kind in KINDS)
    assert {sound for kind in KINDS for sound in kind.sounds} == sounds, "a sound is used by nobody"
    assert {sound.by for sound in SOUNDS} <= {creator.handle for creator in CREATORS}


def test_sounds_differ_are_even_in_loudness_and_do_not_clip() -> None:
    spectra = []
    for sound in SOUNDS:
        wave = loop(sound.id)
        assert np.abs(wave).max() <= PEAK
        assert np.sqrt((wave**2).mean()) == pytest.approx(0.127, abs=0.012)
        spectrum = np.abs(np.fft.rfft(wave[: 12 * 48_000].mean(axis=1)))[: 12 * 6000].reshape(-1, 240).sum(axis=1)
        spectra.append(spectrum / np.linalg.norm(spectrum))
    alike = np.array(spectra) @ np.array(spectra).T
    np.fill_diagonal(alike, 0)
    assert alike.max() < 0.98


def test_a_soundtrack_repeats_its_loop_and_is_eased_in_and_out() -> None:
    once, track = loop("loom"), soundtrack("loom", 40.0)
    assert len(track) == 40 * 48_000
    at = 48_000
    assert np.allclose(track[at + len(once) : at + len(once) + 999], track[at : at + 999], atol=1e-6)
    assert np.abs(track[:2]).max() < 1e-3
    assert np.abs(track[-2:]).max() < 1e-3


def test_avatars_are_square_pngs_that_differ(tmp_path: Path) -> None:
    pictures = {}
    for creator in CREATORS:
        data = avatar_png(creator)
        assert data == avatar_png(creator)
        (tmp_path / "avatar.png").write_bytes(data)
        with av.open(str(tmp_path / "avatar.png")) as file:
            picture = next(file.decode(video=0)).to_ndarray(format="rgb24")
        assert picture.shape == (256, 256, 3)
        pictures[creator.handle] = picture.tobytes()
    assert len(set(pictures.values())) == len(CREATORS)


def test_each_post_of_pictures_has_pictures_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(art, "STILL_PX", (72, 90))
    pictures = [picture for post in POSTS for picture in post.pictures]
    drawn = [still_png(picture) for picture in pictures]
    assert all(one.startswith(b"\x89PNG") and one[16:24] == struct.pack(">II", 72, 90) for one in drawn)
    assert len(set(drawn)) == len(drawn) > 1 and all(picture.alt for picture in pictures)
