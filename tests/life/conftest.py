"""Clips on their way through real steps: a real database, real ffmpeg, a real jail."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from freehold.actions import upload as upload_actions
from freehold.actions.clip import Words
from freehold.actions.upload import Announced, Intake, UploadRules
from freehold.app import clock_us
from freehold.backends import Backends
from freehold.backends.blobs import LocalBlobs
from freehold.backends.bus import EmbeddedBus
from freehold.backends.compute import EmbeddedCompute
from freehold.backends.database import Database
from freehold.domain.account import Account
from freehold.domain.clip import Clip, Rendition, Wish
from freehold.domain.ids import ClipId
from freehold.media.graph import CLIP_GRAPH, Graph
from freehold.media.jail import ffmpeg_path
from freehold.media.life import Life
from freehold.media.limits import Limits
from freehold.store import account as accounts
from freehold.store import clip as clips
from freehold.store import rendition as renditions
from tests.uploads.harness import make_creator


def eager(graph: Graph = CLIP_GRAPH, **changes: Any) -> Graph:
    """The graph without waiting between attempts."""
    return replace(graph, steps=tuple(replace(step, backoff_s=0, **changes) for step in graph.steps))


@dataclass
class Workshop:
    """One author, and a life whose steps a test does one by one."""

    backends: Backends
    folder: Path
    intake: Intake
    account: Account

    def life(self, graph: Graph | None = None, limits: Limits | None = None) -> Life:
        return Life.open(
            self.backends, self.folder / "incoming", limits or Limits(), False, clock_us, Random(), graph or eager()
        )

    async def upload(self, path: Path, wish: Wish = Wish.PUBLISH) -> ClipId:
        words = Words("made for #tests", wish=wish)
        announced = Announced(path.stat().st_size, path.name, words)
        return (await upload_actions.take_file(self.intake, self.account, path, announced)).clip_id

    async def clip(self, clip_id: ClipId) -> Clip:
        clip = await clips.one_for_system(self.backends.database, clip_id)
        assert clip is not None
        return clip

    async def files(self, clip_id: ClipId) -> list[Rendition]:
        return (await renditions.of_clips(self.backends.database, [clip_id])).get(clip_id, [])

    async def blobs(self) -> set[str]:
        return {key async for key in self.backends.blobs.all_keys()}

    def leftovers(self) -> list[Path]:
        """Files of uploads and of work."""
        return [
            path
            for name in ("incoming", "work", "covers")
            for path in (self.folder / name).rglob("*")
            if path.is_file()
        ]


@pytest.fixture
async def workshop(database: Database, tmp_path: Path) -> Workshop:
    folder = tmp_path / "data"
    backends = Backends(database, LocalBlobs(folder / "blobs"), EmbeddedBus(), EmbeddedCompute(2))
    await make_creator(database, "alice")
    account = await accounts.by_handle(database, "alice")
    assert account is not None
    return Workshop(backends, folder, Intake(backends, folder / "incoming", UploadRules(), clock_us, Random()), account)


Make = Callable[..., Path]


@pytest.fixture(scope="session")
def make_film(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A film of a moving test picture with a tone; the same arguments give the same file."""
    folder = tmp_path_factory.mktemp("films")

    def make(seconds: int = 1, size: str = "320x240", fps: int = 15, sound: bool = True) -> Path:
        path = folder / f"{seconds}-{size}-{fps}-{sound}.mp4"
        if not path.exists():
            tone = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"] if sound else []
            command = [
                str(ffmpeg_path()), "-loglevel", "error", "-y",
                "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}:duration={seconds}", *tone,
                "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path),
            ]  # fmt: skip
            subprocess.run(command, check=True)
        return path

    return make


async def run_all(life: Life) -> int:
    """Every step that is due now and what follows from it; how many there were."""
    count = 0
    while await life.run_step():
        count += 1
    return count
