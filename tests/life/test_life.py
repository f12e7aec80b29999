"""Clips move on by leased steps; whatever happens to a worker, each ends in a state that says so."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from freehold.actions import clip as actions
from freehold.app import clock_us
from freehold.backends import Backends
from freehold.backends.blobs import LocalBlobs
from freehold.backends.bus import EmbeddedBus
from freehold.backends.compute import EmbeddedCompute
from freehold.backends.database import Database
from freehold.commands import doctor
from freehold.domain.clip import ClipState, RenditionKind, Wish
from freehold.domain.errors import BackendError, Conflict, NoRoom
from freehold.media.limits import Limits
from freehold.store import journal, session
from freehold.store.journal import Kind
from tests.conftest import ROOT, run_server
from tests.life.conftest import Make, Workshop, eager, run_all


async def kinds(database: Database) -> list[Kind]:
    return [entry.kind for entry in await journal.after(database, 0, 100)]


async def test_an_upload_becomes_a_published_clip_with_its_ladder_and_leaves_nothing_behind(
    workshop: Workshop, make_film: Make
) -> None:
    source = make_film(2, "640x480")
    clip_id = await workshop.upload(source)
    assert (await workshop.clip(clip_id)).state is ClipState.UPLOADED
    life = workshop.life()
    states = []
    while await life.run_step():
        states.append((await workshop.clip(clip_id)).state)
    assert states == [ClipState.PROBED, ClipState.PLAYABLE, ClipState.READY]
    clip, files = await workshop.clip(clip_id), await workshop.files(clip_id)
    assert clip.published_at_us is not None
    assert (clip.width_px, clip.height_px) == (640, 480)
    assert abs(clip.duration_ms - 2_000) < 100
    ladder = [file for file in files if file.kind is RenditionKind.LADDER]
    assert [(file.width_px, file.height_px) for file in ladder] == [(480, 360), (640, 480)]
    of_still_posts = {RenditionKind.PICTURE, RenditionKind.SOUND, RenditionKind.CARD}
    assert {file.kind for file in files} == set(RenditionKind) - {RenditionKind.HLS} - of_still_posts
    rows = await workshop.backends.database.fetch("SELECT sound.* FROM clip JOIN sound ON sound.id = clip.sound_id")
    assert [(row["title"], row["author_id"], row["clip_id"]) for row in rows] == [("", workshop.account.id, clip_id)]
    assert await kinds(workshop.backends.database) == [Kind.CLIP_UPLOADED, Kind.CLIP_PUBLISHED]
    assert workshop.leftovers() == []
    assert clip.original_key is not None
    assert await workshop.backends.blobs.read(clip.original_key, 0, 1 << 30) == source.read_bytes()
    assert await workshop.blobs() == {clip.original_key} | {file.blob_key for file in files}


async def test_a_draft_can_be_watched_by_its_author_and_is_published_when_its_author_wishes(
    workshop: Workshop, make_film: Make
) -> None:
    clip_id = await workshop.upload(make_film(sound=False), Wish.DRAFT)
    await run_all(workshop.life())
    clip = await workshop.clip(clip_id)
    assert (clip.state, clip.published_at_us, clip.sound_id) == (ClipState.READY, None, None)
    published = await actions.publish(workshop.backends, workshop.account, clip_id, clock_us())
    assert published.published_at_us is not None


async def test_a_file_that_is_no_video_is_refused_in_plain_words_and_nothing_of_it_is_kept(
    workshop: Workshop, tmp_path: Path
) -> None:
    path = tmp_path / "letter.mp4"
    path.write_bytes(b"Dear reader, this is no film. " * 100)
    clip_id = await workshop.upload(path)
    await run_all(workshop.life())
    clip = await workshop.clip(clip_id)
    assert (clip.state, clip.refusal_code) == (ClipState.REFUSED, "media-container")
    assert clip.refusal_text is not None and clip.refusal_text.startswith("This is not a kind of video")
    assert await workshop.blobs() == set()
    assert workshop.leftovers() == []
    assert await kinds(workshop.backends.database) == [Kind.CLIP_UPLOADED, Kind.CLIP_REFUSED]
    with pytest.raises(Conflict):
        await actions.retry(workshop.backends, workshop.account, clip_id, clock_us())


async def test_a_step_that_goes_wrong_each_time_ends_in_failed_and_a_retry_goes_on_from_there(
    workshop: Workshop, make_film: Make
) -> None:
    clip_id = await workshop.upload(make_film())
    hasty = workshop.life(eager(max_attempts=2), replace(Limits(), encode_wall_s=0))
    assert await run_all(hasty) == 3
    clip = await workshop.clip(clip_id)
    assert (clip.state, clip.refusal_code) == (ClipState.FAILED, "processing-failed")
    assert actions.can_retry(clip)
    retried = await actions.retry(workshop.backends, workshop.account, clip_id, clock_us())
    assert (retried.state, retried.refusal_code) == (ClipState.PROBED, None)
    await run_all(workshop.life())
    assert (await workshop.clip(clip_id)).state is ClipState.READY
    assert workshop.leftovers() == []


async def test_a_clip_whose_higher_renditions_fail_stays_watchable_and_says_so(
    workshop: Workshop, make_film: Make
) -> None:
    clip_id = await workshop.upload(make_film(1, "640x480"))
    life = workshop.life()
    assert await life.run_step() and await life.run_step()
    clip = await workshop.clip(clip_id)
    assert clip.original_key is not None
    original = await workshop.backends.blobs.read(clip.original_key, 0, 1 << 30)
    await workshop.backends.blobs.delete(clip.original_key)
    await run_all(life)
    clip = await workshop.clip(clip_id)
    assert (clip.state, clip.refusal_code) == (ClipState.READY, "ladder-incomplete")
    assert clip.published_at_us is not None
    await workshop.backends.blobs.put(original)
    await actions.retry(workshop.backends, workshop.account, clip_id, clock_us())
    await run_all(life)
    clip = await workshop.clip(clip_id)
    assert (clip.state, clip.refusal_code) == (ClipState.READY, None)
    assert len([file for file in await workshop.files(clip_id) if file.kind is RenditionKind.LADDER]) == 2


async def test_first_steps_go_before_the_last_steps_of_earlier_clips(workshop: Workshop, make_film: Make) -> None:
    life = workshop.life()
    earlier = await workshop.upload(make_film(1, "640x480"))
    assert await life.run_step() and await life.run_step()
    later = await workshop.upload(make_film())
    assert await life.run_step() and await life.run_step()
    assert (await workshop.clip(earlier)).state is ClipState.PLAYABLE
    assert (await workshop.clip(later)).state is ClipState.PLAYABLE


@pytest.mark.slow
async def test_a_stopped_worker_gives_its_lease_back_at_once_and_the_attempt_does_not_count(
    workshop: Workshop, make_film: Make
) -> None:
    clip_id = await workshop.upload(make_film(12, "1280x720", 30))
    task = asyncio.create_task(workshop.life().run())
    while (await workshop.clip(clip_id)).state is not ClipState.PROBED or not (await workshop.clip(clip_id)).attempts:
        await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    rows = await workshop.backends.database.fetch("SELECT state, attempts, lease_owner, due_at_us FROM clip")
    assert (rows[0]["state"], rows[0]["attempts"], rows[0]["lease_owner"]) == ("probed", 0, None)
    assert rows[0]["due_at_us"] <= clock_us()
    assert workshop.leftovers() == []


async def test_workers_stop_though_their_storage_is_away(
    workshop: Workshop, make_film: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await workshop.upload(make_film(12, "1280x720", 30))
    task = asyncio.create_task(workshop.life().run())
    while not any(path.suffix == ".mp4" for path in workshop.leftovers()):
        await asyncio.sleep(0.02)

    async def away(*_: Any) -> Any:
        raise BackendError("away")

    monkeypatch.setattr(workshop.backends.database, "transact", away)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=10)
    assert done, "Ctrl-C would wait for ever"
    assert workshop.leftovers() == []


WORKER = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from random import Random
from freehold.app import clock_us, open_backends
from freehold.config import DatabaseSettings, ServerSettings, Settings
from freehold.media.life import Life
from freehold.media.limits import Limits
from tests.life.conftest import eager

async def main() -> None:
    settings = replace(Settings(), server=ServerSettings(data_dir=sys.argv[1]), database=DatabaseSettings(sys.argv[2]))
    async with open_backends(settings) as backends:
        incoming = Path(sys.argv[1]) / "incoming"
        await Life.open(backends, incoming, Limits(), False, clock_us, Random(), eager(lease_s=1.5)).run()

asyncio.run(main())
"""


async def killed_while_encoding(workshop: Workshop, database_url: str) -> None:
    """Let another process lease the clip's first step, and kill it in the middle."""
    command = [sys.executable, "-c", WORKER, str(workshop.folder), database_url]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)  # noqa: ASYNC220
    try:
        for _ in range(1_500):
            rows = await workshop.backends.database.fetch("SELECT state, lease_owner, progress_permille FROM clip")
            if rows[0]["state"] == "probed" and rows[0]["lease_owner"] and rows[0]["progress_permille"]:
                return
            assert process.poll() is None
            await asyncio.sleep(0.02)
        raise AssertionError("the worker did not begin to encode")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
async def test_a_killed_workers_clip_is_taken_over_at_the_step_where_it_was(
    workshop: Workshop, make_film: Make, database_url: str
) -> None:
    clip_id = await workshop.upload(make_film(12, "1280x720", 30))
    await killed_while_encoding(workshop, database_url)
    life = workshop.life()
    assert not await life.run_step(), "the dead worker's lease still holds"
    for _ in range(100):
        if await life.run_step():
            break
        await asyncio.sleep(0.05)
    clip = await workshop.clip(clip_id)
    assert (clip.state, clip.published_at_us is not None) == (ClipState.PLAYABLE, True)


@pytest.mark.slow
async def test_a_restart_on_the_same_machine_does_not_wait_for_a_dead_workers_lease(
    workshop: Workshop, make_film: Make, database_url: str
) -> None:
    clip_id = await workshop.upload(make_film(12, "1280x720", 30))
    await killed_while_encoding(workshop, database_url)
    await workshop.backends.database.transact(
        lambda tx: tx.execute("UPDATE clip SET lease_until_us = $1", clock_us() + 3_600_000_000)
    )
    (workshop.folder / "incoming" / "leftover").write_bytes(b"of nobody")
    began_s = time.monotonic()
    task = asyncio.create_task(workshop.life().run())
    while (await workshop.clip(clip_id)).state is ClipState.PROBED and time.monotonic() - began_s < 60:
        await asyncio.sleep(0.05)
    assert (await workshop.clip(clip_id)).state in (ClipState.PLAYABLE, ClipState.READY)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert workshop.leftovers() == []


async def test_a_clip_that_kills_its_workers_ends_in_failed(workshop: Workshop, make_film: Make) -> None:
    """Each death leaves a counted attempt and a lease that ran out."""
    clip_id = await workshop.upload(make_film())
    await workshop.backends.database.transact(lambda tx: tx.execute("UPDATE clip SET attempts = 4"))
    await run_all(workshop.life())
    clip = await workshop.clip(clip_id)
    assert (clip.state, clip.refusal_code) == (ClipState.FAILED, "processing-died")
    assert actions.can_retry(clip)


async def test_a_clip_deleted_while_it_is_worked_on_leaves_nothing(workshop: Workshop, make_film: Make) -> None:
    clip_id = await workshop.upload(make_film(5, "640x480"))
    life = workshop.life()
    await life.run_step()
    step = asyncio.create_task(life.run_step())
    while not any(path.suffix == ".mp4" for path in workshop.leftovers()):
        await asyncio.sleep(0.02)
    await actions.delete(workshop.backends, workshop.folder / "incoming", workshop.account, clip_id, clock_us())
    await step
    assert await workshop.blobs() == set()
    assert workshop.leftovers() == []


async def test_deleting_one_of_two_equal_clips_keeps_the_bytes_of_the_other(
    workshop: Workshop, make_film: Make
) -> None:
    one, other = await workshop.upload(make_film()), await workshop.upload(make_film())
    await run_all(workshop.life())
    assert {file.blob_key for file in await workshop.files(one)} == {
        file.blob_key for file in await workshop.files(other)
    }
    incoming = workshop.folder / "incoming"
    await actions.delete(workshop.backends, incoming, workshop.account, one, clock_us())
    for file in await workshop.files(other):
        assert await workshop.backends.blobs.size_bytes(file.blob_key) == file.size_bytes
    await actions.delete(workshop.backends, incoming, workshop.account, other, clock_us())
    assert await workshop.blobs() == set()


async def test_a_withdrawn_clip_comes_back_without_being_encoded_again(workshop: Workshop, make_film: Make) -> None:
    clip_id = await workshop.upload(make_film(1, "640x480"))
    life = workshop.life()
    await run_all(life)
    files = await workshop.files(clip_id)
    withdrawn = await actions.withdraw(workshop.backends, workshop.account, clip_id, clock_us())
    assert (withdrawn.state, withdrawn.published_at_us) == (ClipState.WITHDRAWN, None)
    back = await actions.publish(workshop.backends, workshop.account, clip_id, clock_us())
    assert back.published_at_us is not None and back.withdrawn_at_us is None
    await run_all(life)
    assert (await workshop.clip(clip_id)).state is ClipState.READY
    assert await workshop.files(clip_id) == files
    assert await kinds(workshop.backends.database) == [
        Kind.CLIP_UPLOADED, Kind.CLIP_PUBLISHED, Kind.CLIP_WITHDRAWN, Kind.CLIP_PUBLISHED,
    ]  # fmt: skip


@pytest.mark.slow
async def test_a_clip_over_a_minute_has_playlists_whose_every_name_is_there(
    workshop: Workshop, make_film: Make
) -> None:
    clip_id = await workshop.upload(make_film(61, "160x120", 5))
    await run_all(workshop.life())
    files = {file.name: file for file in await workshop.files(clip_id) if file.kind is RenditionKind.HLS}
    masters = [name for name in files if name.startswith("master-")]
    assert len(masters) == 1
    named, reached = set(masters), list(masters)
    for name in reached:
        if not name.endswith(".m3u8"):
            continue
        text = (await workshop.backends.blobs.read(files[name].blob_key, 0, 1 << 20)).decode()
        uris = {line for line in text.splitlines() if line and not line.startswith("#")}
        uris |= {part.partition('"')[0] for part in text.split('URI="')[1:]}
        reached += sorted(uris - named)
        named |= uris
    assert named == set(files)


async def test_clips_under_two_workers_are_ready_without_a_second_attempt(workshop: Workshop, make_film: Make) -> None:
    """A clip's next step may begin in one worker while the other still clears up after the step before."""
    states = []
    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(workshop.life().run())
        for _ in range(6):
            clip_id = await workshop.upload(make_film())
            while (await workshop.clip(clip_id)).state in (ClipState.UPLOADED, ClipState.PROBED, ClipState.PLAYABLE):
                await asyncio.sleep(0.02)
            states.append((await workshop.clip(clip_id)).state)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert states == [ClipState.READY] * 6
    assert [line for line in logs if line["event"] in ("step failed", "clip refused", "lease lost")] == []
    assert workshop.leftovers() == []


async def test_a_folder_among_the_uploads_stops_nobody(workshop: Workshop, make_film: Make) -> None:
    (workshop.folder / "incoming" / "lost+found").mkdir(parents=True)
    life = asyncio.create_task(workshop.life().run())
    clip_id = await workshop.upload(make_film())
    async with asyncio.timeout(30):
        while (await workshop.clip(clip_id)).state is not ClipState.READY:
            assert not life.done()
            await asyncio.sleep(0.05)
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    assert (workshop.folder / "incoming" / "lost+found").is_dir()


async def test_a_server_whose_workers_ended_says_that_it_is_not_healthy(settings: Any) -> None:
    # Their folder cannot be made.
    work = Path(settings.server.data_dir) / "work"
    work.parent.mkdir(parents=True, exist_ok=True)
    work.touch()
    with structlog.testing.capture_logs() as logs:
        async with run_server(settings) as running:
            client = await running.new_client()
            answer = await client.request("GET", "/healthz")
            assert (answer.status, (await answer.json())["status"]) == (503, "workers-stopped")
    assert any(entry["event"].startswith("the workers stopped") for entry in logs)


async def test_a_server_whose_workers_live_is_healthy(settings: Any) -> None:
    async with run_server(settings) as running:
        client = await running.new_client()
        assert (await client.json("GET", "/healthz"))["status"] == "ok"


class Contested(LocalBlobs):
    """After each first put of some bytes, somebody deletes equal bytes elsewhere: nothing refers to ours yet."""

    def __init__(self, root: Path, database: Database) -> None:
        super().__init__(root)
        self.database = database
        self.deleted = set[str]()

    async def put(self, data: bytes) -> str:
        return await self._contest(await super().put(data))

    async def put_file(self, path: Path) -> str:
        return await self._contest(await super().put_file(path))

    async def _contest(self, key: str) -> str:
        if key not in self.deleted:
            self.deleted.add(key)
            await actions.delete_blobs(Backends(self.database, self, EmbeddedBus(), EmbeddedCompute(1)), [key])
            assert not (self.root / key).exists()
        return key


async def test_bytes_deleted_elsewhere_before_a_clip_refers_to_them_are_put_again(
    workshop: Workshop, make_film: Make
) -> None:
    blobs = Contested(workshop.folder / "blobs", workshop.backends.database)
    workshop.backends = replace(workshop.backends, blobs=blobs)
    clip_id = await workshop.upload(make_film(1, "640x480"))
    await run_all(workshop.life())
    clip = await workshop.clip(clip_id)
    assert clip.state is ClipState.READY and clip.original_key is not None
    assert clip.original_key in blobs.deleted
    assert await workshop.blobs() == {clip.original_key} | {file.blob_key for file in await workshop.files(clip_id)}


async def test_a_sweep_deletes_old_bytes_that_nothing_needs_and_no_others(workshop: Workshop, make_film: Make) -> None:
    clip_id = await workshop.upload(make_film())
    await run_all(workshop.life())
    needed = await workshop.blobs()
    old, again, fresh = [await workshop.backends.blobs.put(word) for word in (b"old", b"again", b"fresh")]
    hours_ago_s = clock_us() / 1_000_000 - 7_000
    for key in (*needed, old, again):
        os.utime(workshop.folder / "blobs" / key, (hours_ago_s, hours_ago_s))
    await workshop.backends.blobs.put(b"again")
    await workshop.life().sweep()
    assert await workshop.blobs() == needed | {again, fresh}
    assert (await workshop.clip(clip_id)).state is ClipState.READY


async def test_a_sweep_under_a_database_that_knows_next_to_nothing_deletes_nothing(workshop: Workshop) -> None:
    for number in range(actions.SWEEP_DOUBT_COUNT + 1):
        await workshop.backends.blobs.put(str(number).encode())
    with pytest.raises(BackendError):
        await actions.sweep_blobs(workshop.backends, clock_us() + 10_000_000)
    assert len(await workshop.blobs()) == actions.SWEEP_DOUBT_COUNT + 1


async def test_sessions_that_are_over_and_old_guesses_are_forgotten(workshop: Workshop) -> None:
    database, at_us = workshop.backends.database, clock_us()
    await database.transact(lambda tx: session.count_guess(tx, "old", at_us - 90_000_000_000, 1))
    await database.transact(lambda tx: session.count_guess(tx, "new", at_us, 1))
    await workshop.life().sweep()
    assert (await session.window_of(database, "old"))[0] == 0
    assert (await session.window_of(database, "new"))[0] == 1
    assert await database.fetch("SELECT 1 FROM session")
    late = workshop.life()
    late.clock = lambda: at_us + 10**13
    await late.sweep()
    assert not await database.fetch("SELECT 1 FROM session")


async def test_a_wish_that_would_change_nothing_is_refused(workshop: Workshop, make_film: Make) -> None:
    clip_id = await workshop.upload(make_film())
    await run_all(workshop.life())

    async def wish(word: Wish) -> None:
        wanted = actions.Change(wish=word)
        await actions.change(workshop.backends, workshop.account, clip_id, wanted, clock_us())

    await wish(Wish.PUBLISH)
    with pytest.raises(Conflict) as refused:
        await wish(Wish.DRAFT)
    assert refused.value.code == "already-published"
    assert (await workshop.clip(clip_id)).wish is Wish.PUBLISH
    await actions.withdraw(workshop.backends, workshop.account, clip_id, clock_us())
    with pytest.raises(Conflict) as refused:
        await wish(Wish.PUBLISH)
    assert refused.value.code == "clip-withdrawn"
    await actions.publish(workshop.backends, workshop.account, clip_id, clock_us())
    assert (await workshop.clip(clip_id)).published_at_us is not None


class Full(LocalBlobs):
    """A disk without room."""

    async def put_file(self, path: Path) -> str:
        raise NoRoom("disk-full", "There is no room.")


class Away(LocalBlobs):
    """A store that cannot be reached."""

    async def put_file(self, path: Path) -> str:
        raise BackendError("nobody answers")


@pytest.mark.parametrize(("store", "code"), [(Full, "disk-full"), (Away, "storage-unreachable")])
async def test_a_clip_waits_a_day_for_storage_and_then_says_to_try_again(
    workshop: Workshop, make_film: Make, store: type[LocalBlobs], code: str
) -> None:
    clip_id, at_us = await workshop.upload(make_film()), clock_us()
    good, bad = workshop.backends, replace(workshop.backends, blobs=store(workshop.folder / "blobs"))
    life = workshop.life()
    life.clock = lambda: at_us
    life.backends = bad
    for _ in range(6):
        at_us += 31_000_000
        assert await life.run_step() and not await life.run_step()
        clip = await workshop.clip(clip_id)
        assert (clip.state, clip.attempts) == (ClipState.UPLOADED, 0)
    at_us += 86_400_000_000
    assert await life.run_step()
    clip = await workshop.clip(clip_id)
    assert (clip.state, clip.refusal_code) == (ClipState.FAILED, code)
    assert clip.refusal_text is not None and "Try again later" in clip.refusal_text
    life.backends = good
    await actions.retry(workshop.backends, workshop.account, clip_id, at_us)
    await run_all(life)
    assert (await workshop.clip(clip_id)).state is ClipState.READY


async def test_the_doctor_says_how_many_stored_files_nothing_needs(workshop: Workshop) -> None:
    await workshop.backends.blobs.put(b"surplus")
    found = [each async for each in doctor._stored_files(workshop.backends.database, workshop.backends.blobs)]
    assert [each.text for each in found if each.subject == "surplus files"] == [
        "1 of 1 stored files are needed by nothing"
    ]
