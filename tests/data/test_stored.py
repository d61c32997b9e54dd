"""A corpus as arrays and back; arrays from a stranger are refused by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import DataOptions, from_items
from moreish.data.stored import from_tensors, to_tensors

lists = st.lists(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=6), min_size=1, max_size=30)


@pytest.mark.slow
@given(lists, st.sampled_from(["hash", "lecture"]))
def test_a_corpus_comes_back_as_it_was(items, split):
    options = DataOptions(split=split)
    corpus = from_items(items, options)
    again = from_tensors(to_tensors(corpus), corpus.vocab, options, "a run")
    for part in ("train", "val", "test", "all"):
        assert again.split(part).ids.tolist() == corpus.split(part).ids.tolist()
        assert again.split(part).offsets.tolist() == corpus.split(part).offsets.tolist()
    assert list(again.items) == list(corpus.items)
    assert [again.where(item) for item in items] == [corpus.where(item) for item in items]


@given(st.lists(st.lists(st.sampled_from(["red", "blue", "old", "fox", "hen"]), min_size=1, max_size=3), min_size=2))
def test_items_that_look_alike_for_their_rare_words_are_told_apart_afterwards(items_of_words):
    items = [" ".join(words) for words in items_of_words] + ["red fox", "rare fox", "rarer fox"]
    options = DataOptions(unit="word", min_count=2)
    corpus = from_items(items, options)
    again = from_tensors(to_tensors(corpus), corpus.vocab, options, "a run")
    asked = [*items, "rarest fox", "red", "rare"]
    assert [again.where(item) for item in asked] == [corpus.where(item) for item in asked]
    assert again.where("rarest fox") == "new" != again.where("rare fox")


@pytest.mark.parametrize("change", [lambda a: a[:-1], lambda a: a.astype(np.int64)])
def test_hashes_that_are_none_are_refused(change):
    options = DataOptions(unit="word", min_count=2)
    corpus = from_items(["red fox", "old fox", "red hen", "new hen"], options)
    with pytest.raises(ValueError, match='"hashes"'):
        from_tensors(broken(to_tensors(corpus), "hashes", change), corpus.vocab, options, "a run")


def broken(tensors, name, change):
    changed = {key: array.copy() for key, array in tensors.items()}
    changed[name] = change(changed[name])
    return changed


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("ids", lambda a: a[:-1]),
        ("ids", lambda a: np.where(a == 0, a.dtype.type(1), a)),
        ("ids", lambda a: np.full_like(a, 200)),
        ("ids", lambda a: a.astype(np.int64)),
        ("ids", lambda a: a.astype(np.float32)),
        ("ids", lambda a: a.reshape(1, -1)),
        ("offsets", lambda a: a[::-1].copy()),
        ("offsets", lambda a: a[:0]),
        ("offsets", lambda a: np.delete(a, 1)),
        ("parts", lambda a: a + 1),
        ("parts", lambda a: a[:2]),
        ("parts", lambda a: a - a.sum() * np.array([1, 0, 0]) * 2),
        ("places", lambda a: a[:-1]),
        ("places", lambda a: np.zeros_like(a)),
    ],
)
def test_arrays_that_are_no_corpus_are_refused_by_name(name, change, corpus):
    with pytest.raises(ValueError, match=f'"{name}"|"ids"|"parts"|"offsets"'):
        from_tensors(broken(to_tensors(corpus), name, change), corpus.vocab, corpus.options, "a run")


@pytest.mark.parametrize("name", ["ids", "offsets", "parts"])
def test_a_missing_array_is_named(name, corpus):
    tensors = to_tensors(corpus)
    del tensors[name]
    with pytest.raises(ValueError, match=f'"{name}" of the corpus is missing'):
        from_tensors(tensors, corpus.vocab, corpus.options, "a run")
