"""The API's description is kept to: whatever is asked, nothing is a fault or an answer of which it says nothing."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from freehold.actions.password import hash_new
from freehold.domain.ids import id_text
from tests.api.made import make_clip
from tests.api.scene import PASSWORD, Scene, set_scene
from tests.conftest import ROOT, Running

SETTINGS = Path(__file__).with_name("schemathesis.toml")
DOOMED = "delete /api/clips/{clip_id}"


async def with_examples(document: dict[str, Any], scene: Scene) -> dict[str, Any]:
    """The description with a path to something that is there for each operation."""
    doomed = await make_clip(scene.running.server.backends, scene.author.account.id)
    there = {
        "id": scene.clip,
        "clip_id": scene.clip,
        "page_id": await scene.page(),
        "upload_id": await scene.upload(),
        "account_id": id_text(scene.author.account.id),
        "handle": scene.guest.account.handle,
        "tag": "made",
        "name": "low.mp4",
        "position": "0",
    }
    parts = {"/comments/{id}": scene.comment, "/sounds/{id}": scene.sound}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                example = next((id_ for part, id_ in parts.items() if part in path), there.get(parameter["name"]))
                example = id_text(doomed) if f"{method} {path}" == DOOMED else example
                if parameter["in"] == "path" and example is not None:
                    parameter["example"] = example
    return document


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_whatever_is_asked_is_answered_as_the_description_says(idle: Running, tmp_path: Path) -> None:
    client = await idle.new_client()
    scene = await set_scene(idle, client, await hash_new(PASSWORD))
    await idle.database.transact(
        lambda tx: tx.execute("UPDATE account SET role = 'operator' WHERE id = $1", scene.author.account.id)
    )
    description = tmp_path / "openapi.json"
    document = await with_examples(await client.json("GET", "/openapi.json"), scene)
    description.write_text(json.dumps(document), "utf-8")
    asking = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("st")), "--config-file", str(SETTINGS), "--no-color",
        "run", str(description), "--url", idle.base, "--header", f"authorization: Bearer {scene.author.token}",
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said = (await asking.communicate())[0].decode()
    if asking.returncode:
        pytest.fail(said, pytrace=False)
    (tmp_path / "said").write_text(said)
