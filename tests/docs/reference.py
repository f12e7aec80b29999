"""Makes `docs/reference.md` from the code. `python -m tests.docs.reference` writes it anew."""

import argparse
import ast
import inspect
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from freehold.api.table import ROUTES
from freehold.cli import build_parser
from freehold.commands.config import descriptions, toml_value
from freehold.config import OTHER_VARIABLES, known_settings
from freehold.domain import errors
from freehold.domain.clip import ClipState
from freehold.governance.rules import RULES
from freehold.media.graph import CLIP_GRAPH
from freehold.store.journal import Kind

PATH = Path(__file__).parents[2] / "docs" / "reference.md"


def reference() -> str:
    parts = [
        "# Reference\n\nMade from the code by `python -m tests.docs.reference`; a test compares the two.\n",
        *_settings(),
        *_commands(),
        *_states(),
        *_rules(),
        *_journal(),
        *_errors(),
        *_routes(),
    ]
    return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _settings() -> Iterator[str]:
    yield "## Settings\n"
    yield (
        "In `freehold.toml`, or in the environment as `FREEHOLD_SECTION_NAME`, which wins. An unknown setting is an "
        "error. `freehold config` shows those in force, `freehold config --example` writes a file to start from.\n"
    )
    for section, names in known_settings().items():
        words = descriptions(section)
        yield f"### `[{section}]`\n\n| setting | default | |\n|---|---|---|"
        for name, setting in names.items():
            yield f"| `{name}` | `{toml_value(setting.default)}` | {_cell(words.get(name, ''))} |"
        yield ""
    yield f"Other variables that are read: {', '.join(f'`{name}`' for name in sorted(OTHER_VARIABLES))}.\n"


def _commands() -> Iterator[str]:
    yield "## Commands\n\nEvery command has `--help` with examples.\n\n| command | |\n|---|---|"
    for name, parser in _subparsers(build_parser()):
        yield f"| `freehold {name}` | {_cell(parser.description or '')} |"
        for below, sub in _subparsers(parser):
            yield f"| `freehold {name} {below}` | {_cell(sub.description or '')} |"
    yield ""


def _subparsers(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _states() -> Iterator[str]:
    yield "## States of a clip\n\nDeclared in `media/graph.py`; told in [life-of-a-clip.md](life-of-a-clip.md).\n"
    yield "| state | moves to |\n|---|---|"
    for state in ClipState:
        step = CLIP_GRAPH.step_of(state)
        ends = {step.reaches, step.refuses, step.fails} if step else set()
        ends |= {move.reaches for move in CLIP_GRAPH.moves if move.leaves is state}
        following = sorted(end.value for end in ends)
        yield f"| `{state.value}` | {', '.join(f'`{name}`' for name in following) or 'nothing: an end'} |"
    yield ""


def _rules() -> Iterator[str]:
    yield "## Rules\n\nAsked in this order at every door; the first that decides is the verdict's `decided_by`.\n"
    yield "| rule | |\n|---|---|"
    for rule in RULES:
        yield f"| `{rule.__name__}` | {_cell(inspect.getdoc(rule) or '')} |"
    yield ""


def _journal() -> Iterator[str]:
    yield "## Journal\n\nThe kinds of action.\n\n| kind | |\n|---|---|"
    words = _member_docs(Kind)
    for kind in Kind:
        yield f"| `{kind.value}` | {_cell(words.get(kind.name, ''))} |"
    yield ""


def _member_docs(enum: type[Enum]) -> dict[str, str]:
    body = ast.parse(inspect.getsource(enum)).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        member.targets[0].id: below.value.value
        for member, below in zip(body.body, body.body[1:], strict=False)
        if isinstance(member, ast.Assign)
        and isinstance(member.targets[0], ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


def _errors() -> Iterator[str]:
    yield "## Refusals\n"
    yield (
        'A refusal is `{"error": {"code", "text", "reference"}}` with one of these statuses. The code is stable; '
        "the text is for people; the reference names the request in the log.\n"
    )
    yield "| status | kind |\n|---|---|"
    refusals = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.Refusal)]
    for kind in sorted(refusals, key=lambda kind: (kind.http_status, kind.__name__)):
        if kind is not errors.Refusal:
            yield f"| {kind.http_status} | `{kind.__name__}` |"
    yield ""


def _routes() -> Iterator[str]:
    yield "## Routes\n\n`/openapi.json` has their bodies and answers.\n\n| method | path | for | |\n|---|---|---|---|"
    routes = sorted((route for group in ROUTES for route in group.all), key=lambda route: (route.path, route.method))
    for route in routes:
        names = ", ".join(f"`{one.name}`" for one in route.parameters if one.place == "query")
        query = f" Query: {names}." if names else ""
        yield f"| {route.method} | `{route.path}` | {route.access.value} | {_cell(route.summary)}{query} |"
    yield ""


if __name__ == "__main__":
    PATH.write_text(reference(), "utf-8")
    print(f"{PATH} is written")
