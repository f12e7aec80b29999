"""Captions by the machine: what is heard in a clip is written down in the jail, beside the steps of its life.

What decides here is which words are heard when; who hears them is a stand-in that the jail runs as it runs the engine
of the extra `transcribe`, which the last test has where it is installed.
"""

import asyncio
import importlib.util
import json
import shutil
import subprocess
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from freehold.actions import captions as caption_actions
from freehold.actions import clip as clip_actions
from freehold.actions.clip import Change
from freehold.app import clock_us
from freehold.domain.account import Viewer
from freehold.domain.captions import CUE_TEXT_LIMIT, Cue, checked, read
from freehold.domain.clip import Clip, ClipState
from freehold.domain.errors import SettingError
from freehold.domain.ids import ClipId, ViewerId
from freehold.domain.transcript import CUE_MS, CUE_WIDTH, TranscriptState, Word, cues_of
from freehold.media.life import Life
from freehold.media.limits import Limits
from freehold.media.scribe import Scribe
from freehold.media.transcribe import ENGLISH_WORDS, Heard, Transcriber, open_transcriber
from freehold.search.find import find_clips
from freehold.search.index import take_in
from freehold.search.language import language_of
from freehold.search.query import parse
from freehold.store import captions, journal
from freehold.store import clip as clips
from freehold.store import transcript as transcripts
from freehold.store.journal import Kind
from tests.life.conftest import Make, Workshop, eager
from tests.media.clips import FAST_H264, ffmpeg

ENGINE = """
import json, os, socket
from pathlib import Path
from types import SimpleNamespace as Told

class WhisperModel:
    def __init__(self, model, **options):
        assert options["local_files_only"], "nothing is fetched"
        self.plan = json.loads((Path(model) / "model.bin").read_text())

    def transcribe(self, sound, language, **options):
        if self.plan.get("fails"):
            raise RuntimeError("no room for the model")
        words = self.plan["words"] if abs(sound).max() > 0.01 else []
        if "reads" in self.plan:
            words = [[0, 900, self.reach()]]
        told = [Told(start=a / 1000, end=b / 1000, word=text) for a, b, text in words]
        one = Told(words=told, no_speech_prob=self.plan.get("no_speech", 0), avg_logprob=-0.9)
        return [one], Told(language=language or self.plan["hears"], language_probability=self.plan.get("sure", 1))

    def reach(self):
        got = []
        try:
            got.append(Path(self.plan["reads"]).read_text())
        except OSError:
            pass
        try:
            got.append(str(socket.socket()))
        except OSError:
            pass
        return " got in: " + ", ".join(got) if got else " kept out"
"""
FAR_US = 1 << 60
SIZE = "64x64"
ON_ONE = pytest.mark.parametrize("dialect", ["sqlite"])
"""What asks nothing of the database that the others do not."""
WORDS = [[200, 500, " The"], [500, 900, " kiln"], [900, 1_300, " opens."]]


@dataclass
class Studio:
    """A workshop with somebody who listens."""

    workshop: Workshop
    model_dir: Path
    transcriber: Transcriber

    @property
    def life(self) -> Life:
        life = self.workshop.life(eager())
        life.transcriber = self.transcriber
        return life

    def hears(self, **plan: Any) -> None:
        (self.model_dir / "model.bin").write_text(json.dumps({"words": WORDS, "hears": "en", **plan}))

    async def listen(self) -> bool:
        life = self.life
        scribe = Scribe(life.backends, self.transcriber, life.limits, life.jail, clock_us)
        return await scribe.listen_once(self.workshop.folder / "work")

    async def clip(self, source: Path, language: str = "en", **change: Any) -> ClipId:
        clip_id = await self.workshop.upload(source)
        await self.change(clip_id, language=language, caption="", **change)
        for _ in ("probe", "first"):
            assert await self.life.run_step()
        assert (await self.workshop.clip(clip_id)).state is ClipState.PLAYABLE
        # Its last step has nothing to do with it.
        states = [step.leaves for step in self.life.graph.steps]
        await self.workshop.backends.database.transact(
            lambda tx: clips.lease_due(tx, states, "test", clock_us(), FAR_US)
        )
        return clip_id

    async def change(self, clip_id: ClipId, **changes: Any) -> Clip:
        workshop = self.workshop
        return await clip_actions.change(workshop.backends, workshop.account, clip_id, Change(**changes), clock_us())

    async def state(self, clip_id: ClipId) -> TranscriptState | None:
        known = await transcripts.of_clip(self.workshop.backends.database, clip_id)
        return known.state if known else None

    async def tracks(self, clip_id: ClipId) -> dict[str, tuple[Cue, ...]]:
        database = self.workshop.backends.database
        languages = await captions.languages_of(database, clip_id)
        return {one: read(await captions.text_of(database, clip_id, one) or "") for one in languages}

    async def by_machine(self, clip_id: ClipId) -> list[str]:
        return (await captions.by_machine_of(self.workshop.backends.database, [clip_id])).get(clip_id, [])


@pytest.fixture
def studio(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    package = tmp_path / "extra" / "faster_whisper"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(ENGINE)
    monkeypatch.syspath_prepend(str(package.parent))
    model_dir = tmp_path / "model"
    model_dir.mkdir()
    (model_dir / "vocabulary.txt").write_text("word\n" * ENGLISH_WORDS)
    (model_dir / "model.bin").touch()
    transcriber = open_transcriber(replace(Limits(), speech_model_dir=str(model_dir)), language_of)
    assert transcriber is not None and not transcriber.is_multilingual
    made = Studio(workshop, model_dir, transcriber)
    made.hears()
    return made


async def test_what_is_heard_becomes_captions_that_are_found_and_said_to_be_the_machines(
    studio: Studio, make_film: Make
) -> None:
    clip_id = await studio.clip(make_film(size=SIZE))
    assert await studio.state(clip_id) is TranscriptState.DUE
    assert await studio.listen() and not await studio.listen()
    assert await studio.tracks(clip_id) == {"en": (Cue(200, 1_300, "The kiln opens."),)}
    assert await studio.by_machine(clip_id) == ["en"] and await studio.state(clip_id) is TranscriptState.MADE
    assert (await studio.workshop.clip(clip_id)).caption_languages == "en"
    database = studio.workshop.backends.database
    (entry,) = [one for one in await journal.after(database, 0, 100) if one.kind == Kind.CLIP_CAPTIONED]
    assert (entry.actor_id, entry.subject_id) == (None, clip_id)
    while await take_in(database, clock_us()):
        pass
    found = await find_clips(database, Viewer(ViewerId(7)), parse("kiln", clock_us()), 0, 5, clock_us())
    assert [one.subject.clip.id for one in found.found] == [clip_id]
    assert studio.workshop.leftovers() == []


async def test_what_the_author_wrote_is_never_written_over_and_what_they_save_is_theirs(
    studio: Studio, make_film: Make
) -> None:
    workshop, own = studio.workshop, (Cue(0, 500, "My words"),)
    clip_id = await studio.clip(make_film(size=SIZE))
    await caption_actions.set_captions(workshop.backends, workshop.account, clip_id, "en", own, clock_us())
    assert await studio.listen()
    assert await studio.tracks(clip_id) == {"en": own} and await studio.state(clip_id) is TranscriptState.OWN
    assert await studio.by_machine(clip_id) == []

    other = await studio.clip(make_film(size=SIZE))
    assert await studio.listen() and await studio.by_machine(other) == ["en"]
    await caption_actions.set_captions(workshop.backends, workshop.account, other, "en", own, clock_us())
    assert await studio.by_machine(other) == []
    await studio.change(other, may_transcribe=False)
    assert await studio.tracks(other) == {"en": own}, "calling the machine off takes only what it made"


@ON_ONE
async def test_the_machine_is_called_off_for_a_clip_and_asked_again(studio: Studio, make_film: Make) -> None:
    clip_id = await studio.clip(make_film(size=SIZE), may_transcribe=False)
    assert not await studio.listen() and await studio.state(clip_id) is TranscriptState.OFF
    await studio.change(clip_id, may_transcribe=True)
    assert await studio.listen() and await studio.by_machine(clip_id) == ["en"]
    await studio.change(clip_id, may_transcribe=True)
    assert not await studio.listen(), "asked again it is there already"
    await studio.change(clip_id, may_transcribe=False)
    assert await studio.tracks(clip_id) == {}
    assert (await studio.workshop.clip(clip_id)).caption_languages == ""


@ON_ONE
async def test_a_language_that_is_not_known_or_not_said_is_said_so_and_may_be_said_later(
    studio: Studio, make_film: Make
) -> None:
    clip_id = await studio.clip(make_film(size=SIZE), language="")
    assert await studio.listen() and await studio.state(clip_id) is TranscriptState.UNSAID
    await studio.change(clip_id, language="de")
    assert await studio.listen() and await studio.state(clip_id) is TranscriptState.UNSUPPORTED
    assert await studio.tracks(clip_id) == {}
    await studio.change(clip_id, language="", caption="What the kiln is to you and me")
    assert await studio.listen() and await studio.by_machine(clip_id) == ["en"], "as its caption is written"


@ON_ONE
async def test_a_model_of_many_languages_writes_down_what_it_is_sure_to_hear(studio: Studio, make_film: Make) -> None:
    studio.transcriber = replace(studio.transcriber, is_multilingual=True)
    clip_id = await studio.clip(make_film(size=SIZE), language="")
    studio.hears(hears="pt", sure=0.4)
    assert await studio.listen() and await studio.state(clip_id) is TranscriptState.UNSAID
    studio.hears(hears="pt")
    await studio.change(clip_id, caption="陶")
    assert await studio.listen() and await studio.by_machine(clip_id) == ["zh"]


@ON_ONE
async def test_silence_and_what_is_no_speech_make_no_captions(studio: Studio, make_film: Make) -> None:
    hummed = await studio.clip(make_film(size=SIZE))
    studio.hears(no_speech=0.7)
    assert await studio.listen() and await studio.state(hummed) is TranscriptState.SILENT
    mute = await studio.clip(make_film(size=SIZE, sound=False))
    assert await studio.state(mute) is None and not await studio.listen(), "nothing of it can be heard"


@ON_ONE
async def test_what_listens_sees_its_sound_and_its_model_alone(studio: Studio, make_film: Make, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the server's secret")
    studio.hears(reads=str(secret))
    clip_id = await studio.clip(make_film(size=SIZE))
    assert await studio.listen()
    assert [cue.text for cue in (await studio.tracks(clip_id))["en"]] == ["kept out"]


@ON_ONE
async def test_where_listening_fails_it_is_tried_again_and_the_clip_is_none_the_worse(
    studio: Studio, make_film: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freehold.media.scribe.BACKOFF_US", 0)
    studio.hears(fails=True)
    clip_id = await studio.clip(make_film(size=SIZE))
    assert [await studio.listen() for _ in range(4)] == [True, True, True, False]
    clip = await studio.workshop.clip(clip_id)
    assert await studio.state(clip_id) is TranscriptState.FAILED and clip.state is ClipState.PLAYABLE
    assert clip.published_at_us is not None
    studio.hears()
    await studio.change(clip_id, may_transcribe=True)
    assert await studio.listen() and await studio.by_machine(clip_id) == ["en"]


@ON_ONE
@pytest.mark.parametrize(
    "fault", [KeyError("words"), AssertionError(), json.JSONDecodeError("no", "", 0), OSError(2, "gone")]
)
async def test_whatever_goes_wrong_with_listening_is_counted_and_ends(
    studio: Studio, make_film: Make, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    async def listen(*_: object) -> Heard:
        raise fault

    monkeypatch.setattr("freehold.media.scribe.BACKOFF_US", 0)
    monkeypatch.setattr(Transcriber, "listen", listen)
    clip_id = await studio.clip(make_film(size=SIZE))
    assert [await studio.listen() for _ in range(4)] == [True, True, True, False]
    assert await studio.state(clip_id) is TranscriptState.FAILED


@ON_ONE
async def test_what_cannot_be_settled_is_counted_and_who_is_cancelled_counts_nothing(
    studio: Studio, make_film: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(*_: object) -> Heard:
        raise asyncio.CancelledError

    async def too_long(*_: object) -> Heard:
        return Heard(TranscriptState.MADE, "en", [Cue(0, 900, "o" * (CUE_TEXT_LIMIT + 1))])

    monkeypatch.setattr("freehold.media.scribe.BACKOFF_US", 0)
    monkeypatch.setattr(Transcriber, "listen", cancelled)
    clip_id = await studio.clip(make_film(size=SIZE))
    with pytest.raises(asyncio.CancelledError):
        await studio.listen()
    monkeypatch.setattr(Transcriber, "listen", too_long)
    assert [await studio.listen() for _ in range(4)] == [True, True, True, False]
    assert await studio.state(clip_id) is TranscriptState.FAILED and await studio.tracks(clip_id) == {}


async def test_another_language_has_it_listened_to_again_and_leaves_what_the_author_wrote(
    studio: Studio, make_film: Make
) -> None:
    workshop, own = studio.workshop, (Cue(0, 500, "Minhas palavras"),)
    studio.transcriber = replace(studio.transcriber, is_multilingual=True)
    clip_id = await studio.clip(make_film(size=SIZE))
    await caption_actions.set_captions(workshop.backends, workshop.account, clip_id, "pt", own, clock_us())
    assert await studio.listen() and await studio.by_machine(clip_id) == ["en"]
    await studio.change(clip_id, caption="What is said of it now")
    assert not await studio.listen(), "the language is the same"
    await studio.change(clip_id, language="de")
    assert await studio.listen() and await studio.by_machine(clip_id) == ["de"]
    studio.hears(no_speech=0.7)
    await studio.change(clip_id, language="fr")
    assert await studio.listen() and await studio.state(clip_id) is TranscriptState.SILENT
    assert await studio.tracks(clip_id) == {"pt": own} and (await workshop.clip(clip_id)).caption_languages == "pt"
    studio.hears()
    await studio.change(clip_id, language="en")
    assert await studio.listen() and await studio.by_machine(clip_id) == ["en"]
    studio.transcriber = replace(studio.transcriber, is_multilingual=False)
    await studio.change(clip_id, language="de")
    assert await studio.listen() and await studio.state(clip_id) is TranscriptState.UNSUPPORTED
    assert await studio.tracks(clip_id) == {"pt": own}


@pytest.mark.parametrize("changes", [[{"language": "de"}], [{"may_transcribe": False}, {"may_transcribe": True}]])
async def test_what_was_heard_before_the_author_changed_their_mind_is_thrown_away(
    studio: Studio, make_film: Make, monkeypatch: pytest.MonkeyPatch, changes: list[dict[str, Any]]
) -> None:
    clip_id = await studio.clip(make_film(size=SIZE))

    async def listen(*_: object) -> Heard:
        for change in changes:
            await studio.change(clip_id, **change)
        return Heard(TranscriptState.MADE, "en", [Cue(0, 900, "Hello")])

    monkeypatch.setattr(Transcriber, "listen", listen)
    assert await studio.listen()
    assert await studio.state(clip_id) is TranscriptState.DUE and await studio.tracks(clip_id) == {}
    changes = []
    assert await studio.listen() and await studio.state(clip_id) is TranscriptState.MADE, "due at once"


def test_a_word_longer_than_a_cue_is_cut() -> None:
    cues = cues_of([Word(0, 900, " " + "o" * 2 * CUE_TEXT_LIMIT), Word(900, 999, " kiln")])
    assert [len(cue.text) for cue in cues] == [CUE_TEXT_LIMIT, 4] and checked(cues) == cues


def test_words_become_cues_that_can_be_read() -> None:
    slow = [Word(at * 1_000, at * 1_000 + 900, f" word{at}") for at in range(30)]
    cues = cues_of(slow)
    assert " ".join(cue.text for cue in cues) == " ".join(word.text.strip() for word in slow)
    assert all(cue.to_ms - cue.from_ms <= CUE_MS and len(cue.text) <= CUE_WIDTH for cue in cues)
    assert all(before.to_ms <= after.from_ms for before, after in pairwise(cues))
    fast = [Word(at * 100, at * 100 + 100, f" word{at}") for at in range(30)]
    assert all(len(cue.text) <= CUE_WIDTH for cue in cues_of(fast))
    wide = [Word(at * 100, at * 100 + 100, "陶") for at in range(50)]
    assert [len(cue.text) for cue in cues_of(wide)] == [CUE_WIDTH // 2, 50 - CUE_WIDTH // 2]
    paused = [Word(0, 300, " One"), Word(1_200, 1_201, " two")]
    assert cues_of(paused) == (Cue(0, 300, "One"), Cue(1_200, 1_500, "two"))
    assert [cue.text for cue in cues_of([Word(0, 900, " It is out of the kiln."), Word(900, 999, " Look.")])] == [
        "It is out of the kiln.", "Look.",
    ]  # fmt: skip
    assert cues_of([]) == ()


@ON_ONE
def test_without_the_extra_or_against_the_operators_will_nobody_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, studio: Studio
) -> None:
    chosen = replace(Limits(), speech_model_dir=str(studio.model_dir))
    assert open_transcriber(replace(chosen, transcribes=False), language_of) is None
    with pytest.raises(SettingError, match="no Whisper model"):
        open_transcriber(replace(chosen, speech_model_dir=str(tmp_path)), language_of)
    (studio.model_dir / "vocabulary.txt").unlink()
    with pytest.raises(SettingError, match="no vocabulary"):
        open_transcriber(chosen, language_of)
    (studio.model_dir / "vocabulary.json").write_text(json.dumps(["word"] * (ENGLISH_WORDS + 1)))
    made = open_transcriber(chosen, language_of)
    assert made is not None and made.is_multilingual
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert open_transcriber(chosen, language_of) is None


def say(words: str, path: Path) -> None:
    """A clip in which somebody says the words."""
    sound = path.with_suffix(".wav")
    subprocess.run(["espeak-ng", "-v", "en-us", "-w", str(sound), words], check=True)
    ffmpeg("-f", "lavfi", "-i", "color=teal:s=64x64:r=5:d=5", "-i", sound, "-shortest", *FAST_H264, path)


@ON_ONE
async def test_the_model_of_the_extra_writes_down_english(workshop: Workshop, tmp_path: Path) -> None:
    transcriber = open_transcriber(Limits(), language_of)
    if transcriber is None:
        pytest.skip("the extra transcribe is not installed")
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng, which says the words, is not installed")
    say("If you liked this video, follow me for more recipes.", tmp_path / "said.mp4")
    studio = Studio(workshop, transcriber.model_dir, transcriber)
    clip_id = await studio.clip(tmp_path / "said.mp4")
    assert await studio.listen()
    heard = " ".join(cue.text for cue in (await studio.tracks(clip_id))["en"]).lower()
    assert sum(word in heard for word in ("liked", "video", "follow", "more", "recipes")) >= 4, heard
