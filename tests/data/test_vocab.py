"""The vocabulary: ids, round trips in many scripts, and sentences instead of KeyErrors."""

import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.data import DataOptions, Vocab, from_items
from tests.data.oracles import small_pieces

SCRIPTS = {
    "Arabic": ["سَلَام", "مُحَمَّد", "عَائِشَة", "می\u200cخواهم"],
    "Hindi": ["नमस्ते", "क्षत्रिय", "हिन्दी", "श्री कृष्ण"],
    "Japanese": ["東京", "がぎぐ", "パン", "おはよう ございます"],
    "Vietnamese": ["Nguyễn", "Tiếng Việt", "Đặng Thùy Trâm", "Huế"],
    "emoji": ["👩‍👩‍👧‍👦", "🇫🇷🇩🇪", "👍🏽", "🏳️‍🌈 a", "1️⃣"],
    "Hangul": ["한국어", "각", "서울 시"],
    "plain": ["a.b", "x 1", "...", "0", "O'Neil-Smith"],
}
UNITS = ["char", "grapheme", "word"]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_items_come_back_as_they_were(script, unit):
    items = [unicodedata.normalize("NFC", item) for item in SCRIPTS[script]]
    corpus = from_items([unicodedata.normalize("NFD", item) for item in items], DataOptions(unit=unit))
    assert list(corpus.items) == items
    assert [corpus.items[i] for i in range(len(items))] == items
    for item in items:
        ids = corpus.vocab.encode(item)
        assert corpus.vocab.decode(ids) == item
        assert 0 not in ids
        assert ids.dtype == corpus.vocab.dtype == corpus.split("all").ids.dtype


@given(items=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), min_size=1), min_size=1))
@pytest.mark.parametrize("unit", UNITS)
@settings(max_examples=15, deadline=None)
def test_any_text_comes_back_in_its_normal_form(unit, items):
    corpus = from_items(["o" * 9000, *items], DataOptions(unit=unit))
    for text in corpus.items:
        assert corpus.vocab.decode(corpus.vocab.encode(text)) == text
        assert unicodedata.is_normalized("NFC", text)


def test_graphemes_are_what_the_eye_takes_for_one_letter():
    corpus = from_items(["👩‍👩‍👧‍👦🇫🇷👍🏽", "हिन्दी"], DataOptions(unit="grapheme"))
    assert set(corpus.vocab.symbols) == {"👩‍👩‍👧‍👦", "🇫🇷", "👍🏽", "हि", "न्दी"}
    assert sorted(corpus.split("all").lengths.tolist()) == [2, 3]


def test_words_of_items_stand_between_blanks():
    corpus = from_items(["New  York", "York\u3000City", "New York"], DataOptions(unit="word"))
    assert corpus.vocab.symbols == ("City", "New", "York")
    assert list(corpus.items) == ["New York", "York City"]
    assert corpus.vocab.encode("  City New ").tolist() == [1, 2]


def test_symbols_stand_in_the_order_of_code_points_and_the_boundary_is_none_of_them():
    corpus = from_items(["zaé", ".a", "Ω👩 0"])
    assert corpus.vocab.symbols == (" ", ".", "0", "a", "z", "é", "Ω", "👩")
    assert len(corpus.vocab) == 9
    assert corpus.vocab.encode(". z").tolist() == [2, 1, 5]


@pytest.mark.parametrize("unit", UNITS)
def test_ids_do_not_depend_on_the_order_of_the_list(unit):
    items = ["Ω b", "é a", "👩‍👩‍👧 é", "z Ω"]
    with small_pieces():
        vocabs = [from_items(order, DataOptions(unit=unit)).vocab for order in (items, items[::-1])]
    assert vocabs[0] == vocabs[1]
    assert list(vocabs[0].symbols) == sorted(vocabs[0].symbols)


@pytest.mark.parametrize(("symbols", "dtype"), [(255, np.uint8), (256, np.uint16)])
def test_ids_are_as_small_as_the_vocabulary_allows(symbols, dtype):
    corpus = from_items(["".join(chr(0x4E00 + i) for i in range(symbols))])
    assert len(corpus.vocab) == symbols + 1
    assert corpus.split("all").ids.dtype == dtype
    assert corpus.split("all").ids.tolist() == [0, *range(1, symbols + 1), 0]


def test_unknown_symbol_is_the_promised_sentence():
    vocab = from_items(["abcdefghijklm", "nopqrstuvwxyz", "o'-"]).vocab
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        vocab.encode("ka#", "the prefix")
    promised = 'the prefix "ka#" has "#", which never occurs in this list. Its symbols: a-z, \' and -.'
    assert str(caught.value) == promised


@pytest.mark.parametrize(
    ("items", "text", "named", "nearest"),
    [
        (["emma", "zoe"], "Zoë", '"Z" and "ë"', '"z", "e"'),
        (["Éric"], "eric", '"e"', '"É"'),
        (["ｅmma"], "e", '"e"', '"ｅ"'),
    ],
)
def test_unknown_symbol_names_the_nearest(items, text, named, nearest):
    with pytest.raises(ValueError, match="which never occur") as caught:
        from_items(items).vocab.encode(text)
    assert f"has {named}, which" in str(caught.value)
    assert f"Nearest: {nearest}" in str(caught.value)


def test_unknown_word_names_the_nearest():
    vocab = from_items(["red wine", "white wine"], DataOptions(unit="word")).vocab
    with pytest.raises(
        ValueError, match=r'has "wines", which never occurs .* Nearest: "wine".* Its symbols: 3 words'
    ):
        vocab.encode("red wines")


def test_unseen_symbols_are_named_by_code_point():
    with pytest.raises(ValueError, match=r"has U\+200B and the space, which never occur"):
        from_items(["ab"]).vocab.encode("a\u200b b")


def test_long_vocabulary_is_not_listed_in_full():
    vocab = from_items(["".join(chr(c) for c in range(0x4E00, 0x4E00 + 600, 2))]).vocab
    assert vocab.describe().endswith(" and 260 more")


def test_prefix_is_encoded_in_the_form_and_case_of_the_list():
    vocab = from_items(["Zoë"], DataOptions(lower=True)).vocab
    assert vocab.encode("ZOE\u0308").tolist() == vocab.encode("zoë").tolist()


def test_lookup_says_none_where_encode_raises():
    vocab = from_items(["ab"]).vocab
    assert vocab.lookup("abc") is None
    assert vocab.lookup("ba") is not None


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_vocabulary_survives_json(script, unit):
    vocab = from_items(SCRIPTS[script], DataOptions(unit=unit)).vocab
    assert Vocab.from_json(json.loads(json.dumps(vocab.to_json()))) == vocab


def test_dot_and_digits_survive_json():
    vocab = from_items([".1", "2.", "true"], DataOptions(unit="word")).vocab
    assert Vocab.from_json(json.loads(json.dumps(vocab.to_json()))).symbols == (".1", "2.", "true")


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"symbols": "ab"},
        {"symbols": [["a"]]},
        {"symbols": ["a", "a"]},
        {"symbols": [""]},
        {"symbols": ["a"], "unit": "byte"},
        {"symbols": ["a"], "colour": "red"},
    ],
)
def test_what_is_no_vocabulary_is_refused(values):
    with pytest.raises(ValueError, match="no vocabulary"):
        Vocab.from_json(values)


def test_rare_words_become_unknown_and_new_ones_are_taken_for_it():
    lines = ["the cat", "the dog", "the cat sat"]
    corpus = from_items(lines, DataOptions(unit="word", min_count=2, val_share=0.0, test_share=0.0))
    assert corpus.vocab.symbols == ("cat", "the", "<unk>")
    assert list(corpus.items) == ["the cat", "the <unk>", "the cat <unk>"]
    assert corpus.vocab.encode("the zebra").tolist() == [2, 3]
    assert corpus.report.counts == {"cat": 2, "the": 3, "<unk>": 2}
    assert any("28.6% of all words" in note for note in corpus.report.notes)


def test_rare_is_what_train_has_seldom():
    lines = [f"w{i} w{i} end" for i in range(200)]
    corpus = from_items(lines, DataOptions(unit="word", min_count=2))
    train = corpus.split("train")
    unknown = len(corpus.vocab)
    for name in ("val", "test"):
        part = corpus.split(name)
        assert len(part)
        for i in range(len(part)):
            assert part.item(i, corpus.vocab) == "<unk> <unk> end"
    assert unknown - 1 not in train.ids
    assert len(corpus.vocab) == 1 + len(train) + 1 + 1  # boundary, a word an item, "end", <unk>


def test_running_words_and_marks():
    text = "First Citizen:\nWe'll go, we go.\r\n\n«Été» 👩‍👩‍👧 x_1"
    corpus = from_items([text], DataOptions(text=True, unit="word", val_share=0.0, test_share=0.0))
    tokens = [corpus.vocab.symbols[i - 1] for i in corpus.split("train").symbols(0)]
    assert " ".join(tokens) == "First Citizen : \n We'll go , we go . \n \n « Été » 👩‍👩‍👧 x_1"
    again = corpus.vocab.encode(corpus.vocab.decode(corpus.split("train").symbols(0)))
    np.testing.assert_array_equal(again, corpus.split("train").symbols(0))


def test_running_words_of_scripts_with_marks_are_whole():
    corpus = from_items(["हिन्दी में सَلَام"], DataOptions(text=True, unit="word"))
    assert "हिन्दी" in corpus.vocab.symbols
