"""`docs/how-for-you-works.md` names every term, weight and source that there is, and no other."""

import re
from dataclasses import fields
from pathlib import Path

from freehold.domain.watch import Source
from freehold.feed.rules import FeedRules
from freehold.recommender import TermName, Weights

TEXT = (Path(__file__).parents[2] / "docs" / "how-for-you-works.md").read_text("utf-8")
NAMES = set(re.findall(r"`([a-z][a-z_0-9]*)`", TEXT))
TERMS = {name.name.lower() for name in TermName}
WEIGHTS = {field.name for field in fields(Weights)}
SOURCES = {source.name.lower() for source in Source} - {"chronological", "direct"}
"""Of For You: what those two name was not gathered for it."""
RULES = {field.name for field in fields(FeedRules)}


def names_in_the_table_under(heading: str) -> set[str]:
    part = TEXT.split(f"### {heading}\n")[1].split("\n### ")[0]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_term_and_weight_is_named() -> None:
    assert not (TERMS | WEIGHTS) - NAMES


def test_every_name_is_a_term_a_weight_a_source_or_a_rule() -> None:
    assert not NAMES - TERMS - WEIGHTS - SOURCES - RULES


def test_every_term_and_every_source_has_a_line_of_its_own_in_its_table() -> None:
    assert names_in_the_table_under("The terms of a score") == TERMS
    assert names_in_the_table_under("Gathering") == SOURCES
