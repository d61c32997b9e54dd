"""From items to a corpus: layout, split, duplicates, look-ups."""

import random
import re
import tracemalloc
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.data import DataOptions, from_items, read
from moreish.data.split import cuts
from tests.data.oracles import part_items, read_bytes, slow_part, small_pieces

NO_SPLIT = DataOptions(val_share=0.0, test_share=0.0)
SPLITS = ["train", "val", "test"]
ITEMS = st.lists(st.text(st.sampled_from("ab.é👩"), min_size=1, max_size=6), min_size=1, max_size=40)
ALL_SPLITS = [DataOptions(split=s, duplicates=d) for s in ("hash", "lecture") for d in ("drop", "keep", None)]


def named(options: DataOptions) -> str:
    return f"{options.split}-{options.duplicates}-{options.unit}"


def many(n: int) -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(letters[i // 26**k % 26] for k in range(4)) for i in range(n)]


def test_flat_layout_has_one_boundary_between_items():
    part = from_items(["ab", "c"], NO_SPLIT).split("train")
    np.testing.assert_array_equal(part.ids, [0, 1, 2, 0, 3, 0])
    np.testing.assert_array_equal(part.offsets, [0, 3, 5])
    assert (part.offsets.dtype, part.ids.dtype) == (np.int64, np.uint8)
    assert (len(part), part.n_predicted, part.lengths.tolist()) == (2, 5, [2, 1])


@pytest.mark.parametrize("options", ALL_SPLITS, ids=named)
@given(items=ITEMS)
@settings(max_examples=15, deadline=None)
def test_parts_share_out_all_items_in_the_layout(options, items):
    with small_pieces():
        corpus = from_items(items, options)
    wanted = list(dict.fromkeys(items)) if options.drop_duplicates else items
    assert list(corpus.items) == wanted == corpus.items[:]
    assert len(corpus) == len(wanted)
    assert part_items(corpus, "all") == list(chain.from_iterable(part_items(corpus, name) for name in SPLITS))
    assert sorted(part_items(corpus, "all")) == sorted(wanted)
    assert len(corpus.split("train"))
    for name in [*SPLITS, "all"]:
        part = corpus.split(name)
        np.testing.assert_array_equal(np.flatnonzero(part.ids == 0), part.offsets)
        assert part.n_predicted == len(part.ids) - 1 == int((part.lengths + 1).sum())


@pytest.mark.parametrize("n", [1, 2, 3, 9, 10, 11, 25, 1003])
@pytest.mark.parametrize("duplicates", ["keep", "drop", None])
def test_lecture_split_is_that_of_the_lectures(n, duplicates):
    items = [f"n{i % 400}" for i in range(n)]
    corpus = from_items(items, DataOptions(split="lecture", duplicates=duplicates))
    words = list(dict.fromkeys(items)) if duplicates == "drop" else items
    random.seed(42)
    random.shuffle(words)
    n1, n2 = max(1, int(0.8 * len(words))), max(1, int(0.9 * len(words)))
    assert [part_items(corpus, name) for name in SPLITS] == [words[:n1], words[n1:n2], words[n2:]]


def test_lecture_cuts_equal_the_lectures_for_every_size():
    for n in range(2, 40_000, 17):
        assert cuts(n, DataOptions()) == (int(0.8 * n), int(0.9 * n))


@pytest.mark.parametrize("seed", [42, 0, 2**63])
def test_hash_split_is_the_formula(seed):
    options = DataOptions(split_seed=seed)
    items = [*many(300), "Zoë", "東京", "👩‍👩‍👧"]
    corpus = from_items(items, options)
    for name in SPLITS:
        assert part_items(corpus, name) == [item for item in items if slow_part(item, options) == name]


@given(ITEMS, ITEMS)
@settings(max_examples=15, deadline=None)
def test_adding_a_line_moves_no_other(items, more):
    base = many(60)  # so that train is not empty and no item has to be moved there
    before, after = from_items([*base, *items]), from_items([*more, *base, *items])
    for item in items:
        assert before.where(item) == after.where(item) != "new"


@pytest.mark.parametrize("unit", ["grapheme", "word"])
def test_the_unit_does_not_move_an_item(unit):
    items = [f"{a} é {b}" for a, b in zip(many(50), reversed(many(50)), strict=True)]
    assert [from_items(items).where(i) for i in items] == [
        from_items(items, DataOptions(unit=unit)).where(i) for i in items
    ]


def test_hash_split_has_the_shares_asked_for():
    corpus = from_items(many(20_000), DataOptions(val_share=0.05, test_share=0.2))
    for name, share in (("train", 0.75), ("val", 0.05), ("test", 0.2)):
        sigma = (share * (1 - share) / 20_000) ** 0.5
        assert abs(len(corpus.split(name)) / 20_000 - share) < 5 * sigma


def test_more_val_moves_no_test_item():
    small, large = from_items(many(2000)), from_items(many(2000), DataOptions(val_share=0.3))
    assert part_items(small, "test") == part_items(large, "test")
    assert set(part_items(small, "val")) < set(part_items(large, "val"))


def test_duplicates_go_before_the_split_so_that_none_is_on_both_sides():
    items = many(500)
    corpus = from_items(items * 3)
    assert part_items(corpus, "all") == part_items(from_items(items), "all")
    assert (corpus.report.items, corpus.report.unique, corpus.report.duplicates) == (1500, 500, 1000)
    assert corpus.report.dropped == {"duplicate": 1000}
    assert any("1,000 of 1,500 items (66.7%)" in note for note in corpus.report.notes)


def test_kept_duplicates_stand_together_in_one_part():
    corpus = from_items(many(200) * 2, DataOptions(duplicates="keep"))
    assert len(corpus) == 400
    held = [set(part_items(corpus, name)) for name in SPLITS]
    assert sum(map(len, held)) == len(set.union(*held)) == 200


def test_lecture_says_that_kept_duplicates_flatter():
    assert any(
        "also in train" in note for note in from_items(many(50) * 2, DataOptions(split="lecture")).report.notes
    )


@pytest.mark.parametrize("options", [*ALL_SPLITS, DataOptions(unit="grapheme"), DataOptions(unit="word")], ids=named)
@given(items=ITEMS, others=ITEMS)
@settings(max_examples=12, deadline=None)
def test_where_agrees_with_the_parts(options, items, others):
    corpus = from_items(items, options)
    held = {name: part_items(corpus, name) for name in SPLITS}
    for item in [*items, *others, "x", "", "ab\u200b"]:
        want = next((name for name in SPLITS if item in held[name]), "new")
        assert corpus.where(item) == want
        assert corpus.where(f"  {item}\t") == want


def test_where_looks_in_the_form_and_case_of_the_list():
    corpus = from_items(["Zoë"], DataOptions(lower=True))
    assert corpus.where("ZOE\u0308") == "train"
    assert from_items(["a b"], DataOptions(unit="word")).where("a   b") == "train"


@pytest.mark.parametrize("split", ["hash", "lecture"])
def test_where_tells_items_apart_that_became_alike(split):
    items = [f"the w{i} w{i % 7}" for i in range(60)]
    corpus = from_items(items, DataOptions(unit="word", min_count=3, split=split))
    assert len(set(corpus.items)) < 60
    places = {item: corpus.where(item) for item in items}
    assert "new" not in places.values()
    assert all(list(places.values()).count(name) == len(corpus.split(name)) for name in SPLITS)
    assert corpus.where("the w99 w3") == "new"


def test_test_is_reached_by_its_name_only():
    corpus = from_items(many(50))
    with pytest.raises(ValueError, match='no split "tset"; did you mean "test"'):
        corpus.split("tset")


@pytest.mark.parametrize("split", ["hash", "lecture"])
@pytest.mark.parametrize(
    "items",
    [["a"], ["emma"], ["emma"] * 500, many(9), ["a", "aa", "aaa"], list("abcdefghij"), ["."], ["a b", "1 2"], ["ab"]],
    ids=str,
)
def test_odd_lists_work_and_say_what_cannot_be_measured(items, split):
    corpus = from_items(items, DataOptions(split=split))
    assert len(corpus.split("train"))
    assert set(corpus.items) == set(items)
    empty = [name for name in ("val", "test") if not len(corpus.split(name))]
    for name in empty:
        assert corpus.split(name).n_predicted == 0
        assert any(note.startswith(f"{name} has no item") for note in corpus.report.notes)
    assert corpus.report.notes


def test_train_takes_all_when_the_hash_leaves_it_none():
    lonely = next(item for item in many(200) if slow_part(item, DataOptions()) == "test")
    corpus = from_items([lonely])
    assert part_items(corpus, "train") == [lonely]
    assert corpus.where(lonely) == "train"


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        (["emma"] * 500, "only one item"),
        (many(9), "With 9 different items"),
        (["a", "aa"], "only one symbol"),
        ([*many(40), "zzz#"], 'occur only once|"#"'),
        ([*many(400), "!#%&:;"], '"!", "#", "%", "&", ":", ";"'),
        ([*many(400), "!#%&:;="], '"!", "#", "%", "&", ":" and 2 more symbols'),
    ],
)
def test_notes_say_it_in_plain_words(items, sentence):
    notes = from_items(items).report.notes
    assert any(re.search(sentence, note) for note in notes)


def test_a_small_val_is_called_a_rough_guess_and_a_large_one_is_not():
    for n, rough in ((100, True), (1000, False)):
        notes = from_items(many(n)).report.notes
        assert any(note.startswith("val has") and "rough guess" in note for note in notes) == rough


def test_two_hundred_thousand_items(tmp_path):
    items = many(200_000)
    corpus = read_bytes(tmp_path, "\n".join(items).encode())
    assert len(corpus) == corpus.report.items == 200_000
    assert corpus.split("all").n_predicted == sum(map(len, items)) + 200_000
    assert corpus.items[0] == items[0]
    assert corpus.items[-1] == items[-1]
    assert list(corpus.items) == items


def peak_of_reading(path, n: int) -> int:
    codes = np.random.default_rng(n).integers(97, 123, (n, 7), np.uint8)
    codes[:, 6] = 10
    codes.tofile(path)
    tracemalloc.start()
    try:
        assert read(path).report.items == n
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_beside_the_file_stays_below_four_bytes_a_character(tmp_path):
    small, large = (peak_of_reading(tmp_path / "many.txt", n) for n in (300_000, 900_000))
    assert large - small < (1 + 4) * 6 * 600_000


TEXT = "To be, or not to be:\r\nthat is the question.\n\n  Whether 'tis nobler\rin the mind\n"


def test_running_text_is_one_item_cut_by_position():
    corpus = from_items([TEXT * 5], DataOptions(text=True))
    text = (TEXT * 5).replace("\r\n", "\n").replace("\r", "\n")
    n1, n2 = int(0.8 * len(text)), int(0.9 * len(text))
    assert [part_items(corpus, name) for name in SPLITS] == [[text[:n1]], [text[n1:n2]], [text[n2:]]]
    assert corpus.report.items == 1
    assert corpus.split("train").offsets.tolist() == [0, n1 + 1]
    assert "\n" in corpus.vocab.symbols


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_running_text_crosses_the_borders_of_pieces(tmp_path, size):
    want = from_items([TEXT], DataOptions(text=True))
    with small_pieces(size):
        corpus = read_bytes(tmp_path, TEXT.encode(), text=True)
    np.testing.assert_array_equal(corpus.split("all").ids, want.split("all").ids)
    assert corpus.vocab == want.vocab


def test_where_in_a_running_text_is_the_part_that_holds_it():
    text = "".join(chr(0x4E00 + i) for i in range(1000))
    corpus = from_items([text], DataOptions(text=True))
    repeated = from_items([text[0x101] * 3 + text], DataOptions(text=True))
    assert repeated.where(text[0x200] * 2) == "new"  # though the bytes 01 02 01 02 do stand there, between ids
    assert corpus.split("all").ids.itemsize == 2  # so that a match between two ids would be wrong
    for start, want in ((0, "train"), (790, "train"), (800, "val"), (950, "test"), (798, "new")):
        assert corpus.where(text[start : start + 5]) == want
    assert corpus.where(text[5] + text[3]) == "new"


@pytest.mark.parametrize(("text", "counts"), [("a", [1, 0, 0]), ("ab", [1, 0, 1]), ("abcdefghij", [8, 1, 1])])
def test_short_running_text_trains_at_least(text, counts):
    corpus = from_items([text], DataOptions(text=True))
    assert [int(corpus.split(name).lengths.sum()) for name in SPLITS] == counts


def test_running_text_without_words_is_one_sentence():
    with pytest.raises(ValueError, match="has no words"):
        from_items(["  \t "], DataOptions(text=True, unit="word"))


@pytest.mark.parametrize(("values", "sentence"), [((0.5, 0.5), "nothing to train"), ((0.6, 0.5), "nothing to train")])
def test_shares_that_leave_nothing_are_refused(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        DataOptions(val_share=values[0], test_share=values[1])


def test_min_count_of_characters_is_refused():
    with pytest.raises(ValueError, match='needs unit "word"'):
        DataOptions(min_count=2)


def test_a_corpus_is_looked_at_as_its_items():
    items = ["emma", "olivia", "ava", "mia", "zoe"]
    corpus = from_items(items)
    assert list(corpus) == list(corpus.items) == items
    assert (corpus[0], corpus[-1], corpus[1:3], corpus[::-1]) == ("emma", "zoe", ["olivia", "ava"], items[::-1])
    assert len(corpus) == 5
    assert "ava" in corpus
    assert "otto" not in corpus
    assert 3 not in corpus
    with pytest.raises(IndexError):
        corpus[5]
