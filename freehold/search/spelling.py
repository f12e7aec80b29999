"""Words that were meant: those of the index that differ from what was typed by a slip or two."""

GRAM = 3
SLIPS_FROM = ((8, 2), (4, 1))
"""So many letters, so many slips."""


def slips_in(word: str) -> int:
    """How many slips are looked past in a word of this length."""
    return next((slips for letters, slips in SLIPS_FROM if len(word.lstrip("#")) >= letters), 0)


def is_spelled(term: str) -> bool:
    """Whether slips in it are looked past: letters of a script that separates words, with or without #."""
    word = term.removeprefix("#")
    return 3 <= len(word) <= 24 and word.isalpha() and not _is_cjk(word)


def grams(term: str) -> set[str]:
    """Runs of three letters, its ends marked; a tag begins with its own mark."""
    marked = term if term.startswith("#") else "^" + term
    marked += "$"
    return {marked[at : at + GRAM] for at in range(len(marked) - GRAM + 1)}


def shared_at_least(word: str, slips: int) -> int:
    """How many of the word's runs are left by so many slips, at worst: one changes three, a swap of neighbours four."""
    return max(1, len(grams(word)) - 3 * slips - 1)


def distance(one: str, other: str, limit: int) -> int:
    """Damerau and Levenshtein's, with swaps of neighbours; `limit` + 1 stands for any that is greater."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        earlier, before, row = before, row, [i] + [0] * len(other)
        for j, b in enumerate(other, start=1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], earlier[j - 2] + 1)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def _is_cjk(word: str) -> bool:
    return any("\u2e80" <= letter <= "\ud7a3" for letter in word)
