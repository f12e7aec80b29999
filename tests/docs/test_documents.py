"""The documents say what is true: every name in them exists, and every name that matters is in them."""

import functools
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_reference_is_what_the_code_says() -> None:
    from tests.docs.reference import PATH, reference

    assert PATH.read_text("utf-8") == reference(), "run: python -m tests.docs.reference"


def test_every_setting_journal_kind_and_command_has_words() -> None:
    from tests.docs.reference import reference

    bare = [line for line in reference().splitlines() if re.fullmatch(r"\| `(freehold )?[a-z. -]+` \|\s+\|", line)]
    assert bare == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(target)
    assert broken == []


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_named_in_documents_exist(document: Path) -> None:
    """Anything in backquotes that looks like a file of ours is one: `store/schema.py`, `tests/test_imports.py`."""
    names = re.findall(r"`((?:[a-z_]+/)+[a-z_0-9]*(?:\.(?:py|md|js|css|html|txt|in))?)`", document.read_text("utf-8"))
    missing = [name for name in names if not any((base / name).exists() for base in (ROOT, ROOT / "freehold"))]
    assert [name for name in missing if name not in PLANNED] == []


def test_every_feature_names_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "features.md").read_text("utf-8")
    told, _, missing = text.partition("\n## Not yet\n")
    sections = dict(zip(*[iter(re.split(r"^## (.+)$", told, flags=re.MULTILINE)[1:])] * 2, strict=True))
    assert list(sections) == ["Create", "Find", "Watch", "Own"] and missing.strip()
    for section, text in sections.items():
        rows = [line for line in text.splitlines() if line.startswith("| ") and line != "| what | shown by |"]
        assert len(rows) >= 10, section
        assert [row for row in rows if not re.fullmatch(r"\| [^|]+ \| (`tests/\S+`(, | \|$))+", row)] == []
    named = re.findall(r"`(tests/[^`]*)`", told)
    assert [one for one in named if one.partition("::")[2] not in _tests_in(one.partition("::")[0])] == []


@functools.cache
def _tests_in(path: str) -> set[str]:
    file = ROOT / path
    return set(re.findall(r"^(?:async )?def (test_\w+)\(", file.read_text("utf-8"), re.M)) if file.exists() else set()


def test_every_main_screen_is_shown_on_both_sizes_in_less_than_a_mebibyte() -> None:
    from tests.client.screens import DEVICES, FOLDER, SCREENS

    text = (ROOT / "docs" / "screens.md").read_text("utf-8")
    names = {f"{screen.name}-{device}.webp" for screen in SCREENS for device in DEVICES}
    assert set(re.findall(r"images/screens/([\w.-]+)\)", text)) == names == {path.name for path in FOLDER.iterdir()}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1 << 20


PLANNED = {"federation/", "incoming/"}
"""Named in the map before something lives in it, or a folder of the data."""


def test_the_architecture_names_every_package_in_the_line() -> None:
    from tests.test_imports import LINE

    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    rows = re.findall(r"^\| \d+ \| `([a-z]+)/` \|", text, re.MULTILINE)
    assert rows == [name for name in LINE if f"{name}/" not in PLANNED]


def test_the_glossary_is_kept() -> None:
    """Words that the glossary gives up for another stand nowhere in the code's names."""
    given_up = re.compile(r"\b(?:class|def) \w*(?:User|Quality|Preset|Timeline|Manager|Service|Helper|Utils)\w*")
    wrong = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in (ROOT / "freehold").rglob("*.py")
        for match in given_up.finditer(path.read_text("utf-8"))
    ]
    assert wrong == []


def test_no_document_or_file_names_a_path_of_a_machine_or_a_registry() -> None:
    pattern = "py" + r"pi\.org|python" + r"hosted|registry\.np" + r"mjs|index-" + "url"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = [line for line in found.stdout.splitlines() if "tests/docs/" not in line]
    assert lines == []
