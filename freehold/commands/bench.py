"""`freehold bench`: run one of the benchmarks of the source checkout."""

import argparse
import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

from freehold.commands import command_parser
from freehold.config import Settings
from freehold.domain.errors import SettingError

BENCH = Path(__file__).parents[2] / "bench"


def add_parser(commands: Any) -> None:
    parser = command_parser(
        commands,
        "bench",
        "run a benchmark; without a name, list them",
        "freehold bench\nfreehold bench watches\nfreehold bench feed -- --clips 1000",
    )
    parser.add_argument("name", nargs="?", help="which benchmark")
    parser.add_argument("options", nargs="*", help="options of the benchmark, behind --")
    parser.set_defaults(run=run)


def benchmarks() -> dict[str, str]:
    """Each benchmark's name and the first line of what it says of itself."""
    found: dict[str, str] = {}
    for path in sorted(BENCH.glob("*.py")):
        doc = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        if doc and not path.stem.startswith("_"):
            found[path.stem] = doc.split("\n")[0]
    return found


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    known = benchmarks()
    if not known:
        raise SettingError("the benchmarks come with the source checkout, and this is an installed package")
    if arguments.name is None:
        print("\n".join(f"{name:10} {words}" for name, words in known.items()))
        return 0
    if arguments.name not in known:
        raise SettingError(f"there is no benchmark {arguments.name}; there are {', '.join(known)}")
    return subprocess.run([sys.executable, str(BENCH / f"{arguments.name}.py"), *arguments.options]).returncode
