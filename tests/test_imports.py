"""A package imports only packages with a lower number."""

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "freehold"
LINE = (
    "domain", "backends", "store", "governance", "actions", "media", "recommender", "search", "feed", "federation",
    "client", "api",
)  # fmt: skip
TOP = ("app", "cli", "config", "commands", "demo", "logs", "__main__", "__init__")


def part_of(module: str) -> str | None:
    names = module.split(".")
    is_ours = names[0] == "freehold" and len(names) > 1 and not names[1].startswith("__")
    return names[1] if is_ours else None


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "freehold":
            found |= {f"freehold.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {part for module in found if (part := part_of(module))}


def test_every_package_stands_in_the_line() -> None:
    parts = {path.stem for path in PACKAGE.iterdir() if path.is_dir() or path.suffix == ".py"} - {"__pycache__"}
    assert parts <= {*LINE, *TOP}, parts - {*LINE, *TOP}


def test_a_package_imports_only_what_stands_before_it() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports freehold.{part}"
        for rank, name in enumerate(LINE)
        for path in (PACKAGE / name).rglob("*.py")
        for part in imports_of(path)
        if part not in LINE[: rank + 1]
    ]
    assert wrong == []


def test_the_domain_needs_nothing_but_the_standard_library() -> None:
    import sys

    for path in (PACKAGE / "domain").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for module in modules:
                root = module.split(".")[0]
                assert root in sys.stdlib_module_names or module.startswith("freehold.domain"), (path, module)


def test_sql_is_written_in_the_store_alone() -> None:
    """Outside of `store/` (and the seam's own tests) nothing calls a database's statements."""
    allowed = {"store", "backends"}
    calls = (".execute(", ".execute_many(", "database.fetch(", "transaction.fetch(", "tx.fetch(")
    wrong = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in allowed and any(call in path.read_text("utf-8") for call in calls)
    ]
    assert wrong == []


def test_nobody_asks_which_backend_it_is() -> None:
    wrong = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in ("backends", "app.py", "store")
        and re.search(r"isinstance\([^)]*(Database|Blobs|Bus|Compute)\)|\.dialect\b", path.read_text("utf-8"))
    ]
    assert wrong == []
