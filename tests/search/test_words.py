"""How a text is cut into words, whose language it is, what was likely meant, what a query says."""

from itertools import product

import pytest

from freehold.domain.errors import BadInput
from freehold.domain.finding import FoundKind
from freehold.search import spelling
from freehold.search.language import language_of
from freehold.search.query import Pieces, parse
from freehold.search.words import holds, plain, tag_term, terms_asked, terms_of

NOW_US = 1_800_000_000_000_000


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Café, foo_bar!", ["cafe", "foo", "bar"]),
        ("猫が", ["猫", "が", "猫が"]),
        ("カタ", ["か", "た", "かた"]),
        ("cat😀dog", ["cat", "😀", "dog"]),
        ("الـبيت", ["البيت"]),
        ("x" * 100, ["x" * 40]),
        ("", []),
    ],
)
def test_a_text_is_kept_under_its_words(text: str, terms: list[str]) -> None:
    assert terms_of(text) == terms


def test_a_run_without_spaces_is_asked_for_by_its_pairs() -> None:
    assert terms_asked("猫好き") == ["猫好", "好き"] and terms_asked("猫") == ["猫"] and terms_asked("cat") == ["cat"]


def test_a_phrase_holds_whole_words() -> None:
    assert holds(plain("A black cat"), "black cat") and not holds(plain("A black catfish"), "black cat")
    assert holds(plain("私の猫がいる"), "猫が")


def test_tags_are_one_whatever_their_accents() -> None:
    assert tag_term("Größe") == tag_term("GRÖSSE") == "#grosse" and tag_term("foo_bar") == "#foobar"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How I make the teapot", "en"), ("Wie ich die Kanne mache und brenne", "de"), ("この猫はかわいい", "ja"),
        ("我喜欢做陶器", "zh"), ("고양이가 좋아요", "ko"), ("Привет, это мой кот", "ru"), ("קפה בבוקר", "he"),
        ("Como hago una taza para ti", "es"), ("Teapot", ""), ("", ""), ("#fyp 😀", ""),
    ],
)  # fmt: skip
def test_the_language_is_told_by_script_and_common_words(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [("cat", "cat", 0), ("cat", "act", 1), ("cat", "ca", 1), ("cat", "cart", 1), ("cat", "cut", 1), ("cat", "dog", 3)],
)
def test_slips_are_counted_with_swaps(one: str, other: str, far: int) -> None:
    assert spelling.distance(one, other, 3) == spelling.distance(other, one, 3) == far
    assert spelling.distance(one, other, 1) == min(far, 2)


def test_whatever_is_near_shares_as_many_runs_as_are_asked_for() -> None:
    """Otherwise a word that was meant would not be among those compared."""
    word, letters = "kilnfire", "kx"
    near = {word[:i] + word[i + 1 :] for i in range(len(word))}
    near |= {word[:i] + letter + word[i + 1 :] for i, letter in product(range(len(word)), letters)}
    near |= {word[:i] + letter + word[i:] for i, letter in product(range(len(word) + 1), letters)}
    near |= {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
    for typed in near:
        shared = len(spelling.grams(typed) & spelling.grams(word))
        assert shared >= spelling.shared_at_least(typed, 1), typed


def test_a_query_says_what_must_be_there_and_what_must_not() -> None:
    query = parse('Cats "black cat" -dog -"big dog" #Größe @Ana from:@otto -lang:de kind:clip', NOW_US)
    assert query.wanted == Pieces(["cats", "black", "cat"], ["black cat"], ["#grosse", "@ana", "from:otto"])
    assert query.barred == Pieces(["dog"], ["big dog"], ["lang:de"])
    assert query.kind is FoundKind.CLIP


def test_bounds_of_date_and_length_are_the_narrowest_that_were_said() -> None:
    query = parse("after:2w after:3d before:2027-01-01 length:<1m length:<30s length:>5s", NOW_US)
    assert query.from_us == NOW_US - 3 * 86_400_000_000
    assert query.until_us == 1_798_761_600_000_000
    assert (query.over_ms, query.under_ms) == (5_000, 30_000)
    assert not query.is_empty and parse('- # @ ""', NOW_US).is_empty


def test_what_looks_like_a_condition_and_is_none_is_looked_for_as_words() -> None:
    assert parse("recipe: 3:00 note:this rock'n'roll", NOW_US).wanted.words == [
        "recipe", "3", "00", "note", "this", "rock", "n", "roll",
    ]  # fmt: skip


def test_a_mistake_is_placed_where_it_stands() -> None:
    with pytest.raises(BadInput, match="character 9"):
        parse("teapots length:soon", NOW_US)
