"""`docs/how-for-you-works.md` names every term and weight that there is, and no other."""

import re
from dataclasses import fields
from pathlib import Path

from freehold.recommender import TermName, Weights

TEXT = (Path(__file__).parents[2] / "docs" / "how-for-you-works.md").read_text("utf-8")
NAMES = set(re.findall(r"`([a-z][a-z_0-9]*)`", TEXT))
TERMS = {name.name.lower() for name in TermName}
WEIGHTS = {field.name for field in fields(Weights)}


def test_every_term_and_weight_is_named() -> None:
    assert not (TERMS | WEIGHTS) - NAMES


def test_every_name_is_a_term_or_a_weight() -> None:
    assert not NAMES - TERMS - WEIGHTS


def test_every_term_has_a_line_of_its_own_in_the_table() -> None:
    rows = [line.split("|")[1] for line in TEXT.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == TERMS
