"""What a muted word matches: with case, accents, width and punctuation folded, in scripts of every kind."""

import pytest

from freehold.actions.choices import MUTED_LIMIT, checked_tag, checked_words
from freehold.domain.errors import BadInput, Refusal, TooLarge
from freehold.domain.muting import Muting

MATCHES = [
    ("cat", "My CAT sleeps"),
    ("cat", "#cat"),
    ("Café", "cafe au lait"),
    ("cafe", "CAFÉ"),
    ("naïve", "nai\u0308ve"),
    ("straße", "STRASSE"),
    ("ｃａｔ", "a cat, full width muted"),
    ("cat", "ｃａｔ, full width said"),
    ("new york", "New  York!"),
    ("new york", "so new, York said"),
    ("don't", "I don’t know"),
    ("ёлка", "елка горит"),
    ("كتاب", "هذا كِتَاب"),
    ("हिन्दी", "मैं हिन्दी बोलता हूँ"),
    ("美食", "今天的美食很好"),
    ("ラーメン", "このﾗｰﾒﾝは"),
    ("แมว", "ฉันรักแมวมาก"),
    ("tokyo", "東京Tokyoの夜"),
    ("한국", "한국 음식"),
    ("🍕", "pizza 🍕🍕 night"),
    ("❤️", "with ❤"),
]
MISSES = [
    ("cat", "category"),
    ("cat", "a concatenation"),
    ("new york", "york new"),
    ("new york", "new yorker"),
    ("кот", "который"),
    ("กิน", "กน"),
    ("क", "की"),
    ("美食", "美 と 食"),
    ("#cat", "a cat without the tag"),
]


@pytest.mark.parametrize(("muted", "caption"), MATCHES)
def test_a_muted_word_is_found(muted: str, caption: str) -> None:
    assert Muting.of([muted]).matches(caption, ())


@pytest.mark.parametrize(("muted", "caption"), MISSES)
def test_what_only_looks_like_a_muted_word_is_not(muted: str, caption: str) -> None:
    assert not Muting.of([muted]).matches(caption, ())


def test_a_tag_is_muted_by_itself_and_by_its_word() -> None:
    for muted in ("#Größe", "#GROSSE", "grosse", "＃größe"):
        assert Muting.of([muted]).matches("no word of it", ("größe",)), muted
    assert not Muting.of(["#cat"]).matches("a cat", ("cats",))
    assert Muting.of(["#美食"]).matches("", ("美食",))
    assert not Muting.of(["#美食"]).matches("", ("美食家",))


def test_one_of_many_is_enough() -> None:
    many = Muting.of([f"word{n}" for n in range(400)] + [f"two words{n}" for n in range(99)])
    assert many.matches("here is word399", ())
    assert many.matches("these two words7", ())
    assert not many.matches("here is word 399 and two more", ("word",))


def test_words_are_kept_once_as_they_were_written_and_empty_lines_are_none() -> None:
    assert checked_words(["  New   York ", "", "new york", "#cat", "cat", "CAT"]) == ("New York", "#cat", "cat")
    assert len(checked_words([f"w{n}" for n in range(MUTED_LIMIT)])) == MUTED_LIMIT


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (["..."], BadInput, "muted-word-empty"),
        (["#"], BadInput, "muted-word-empty"),
        (["x" * 101], BadInput, "muted-word-long"),
        (["a\x00b"], BadInput, "muted-word-characters"),
        ([f"w{n}" for n in range(MUTED_LIMIT + 1)], TooLarge, "muted-words-many"),
    ],
)
def test_what_cannot_be_muted_is_refused_by_name(words: list[str], kind: type[Refusal], code: str) -> None:
    with pytest.raises(kind) as caught:
        checked_words(words)
    assert caught.value.code == code


def test_a_wished_tag_is_folded_as_captions_fold_theirs() -> None:
    assert [checked_tag(text) for text in ("Cats", "#CATS", " ｃａｔｓ ", "größe")] == [
        "cats",
        "cats",
        "cats",
        "grösse",
    ]
    for text, code in (("two words", "wish-tag"), ("", "wish-tag"), ("123", "wish-tag"), ("x" * 65, "tag-too-long")):
        with pytest.raises(BadInput) as caught:
            checked_tag(text)
        assert caught.value.code == code
