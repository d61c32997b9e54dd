"""Known items told apart many at a time, against `where` one text at a time; texts of many items against each."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.data import Corpus, DataOptions, from_items
from moreish.data.corpus import WHERE
from moreish.data.hashing import ItemHash
from moreish.data.known import Known
from moreish.data.vocab import Vocab

LISTS = {
    "letters": (["ab", "ba", "abc", "a-b", "c", "b b", "cab", "bb"], {}),
    "accents that join": (["e", "é", "e\u0301\u0323x", "o\u0308", "\u1100\u1161", "\u1161", "\u1100"], {}),
    "accents left alone": (["e", "é", "e\u0301", "\u0301"], {"normalise": "none"}),
    "look-alikes": (["ﬁ", "fi", "①", "1", "ａ"], {"normalise": "NFKC"}),
    "lower": (["ΑΣ", "Σ", "ας", "σα", "İ", "i"], {"lower": True}),
    "graphemes": (
        ["🇩🇪", "🇪🇩", "🇩", "e\u0301", "é", "\u0301", "👩‍👧", "👩", "ab"],
        {"unit": "grapheme", "normalise": "none"},
    ),
    "plain graphemes": (["ab", "b a", "c"], {"unit": "grapheme"}),
    "words": (["to be", "or not to be", "not", "be be", "to"], {"unit": "word"}),
    "rare words": (
        ["to be", "or not to be", "not", "be be", "to", "to be <unk>", "why me"],
        {"unit": "word", "min_count": 2},
    ),
    "running": (["to be or", "not to be", "that is"], {"text": True}),
    "running words": (["to be, or", "not to be", "that is"], {"text": True, "unit": "word"}),
}


def corpus_of(name: str) -> Corpus:
    items, options = LISTS[name]
    return from_items(items, DataOptions(val_share=0.3, test_share=0.2, **options))


def flat(items: list[list[int]], vocab: Vocab) -> tuple[np.ndarray, np.ndarray]:
    ids = np.array([0, *(i for item in items for i in [*item, 0])], vocab.dtype)
    return ids, np.flatnonzero(ids == 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", LISTS)
@given(data=st.data())
@settings(max_examples=60)
def test_each_answer_is_that_for_its_text(name, data):
    corpus = corpus_of(name)
    symbol = st.integers(1, len(corpus.vocab) - 1)
    held = [corpus.split("all").symbols(i).tolist() for i in range(len(corpus))]
    item = st.lists(symbol, max_size=4) | st.sampled_from(held)
    items = data.draw(st.lists(item, max_size=8))
    ids, offsets = flat(items, corpus.vocab)
    texts = [corpus.vocab.decode(np.array(item, int)) for item in items]
    assert corpus.vocab.decode_items(ids[1:]) == texts
    found = [WHERE[i] for i in corpus.where_ids(ids, offsets)]
    assert found == [corpus.where(text) if item else "new" for text, item in zip(texts, items, strict=True)]


@pytest.mark.parametrize("name", LISTS)
def test_every_item_of_the_list_is_found_in_its_split(name):
    corpus = corpus_of(name)
    if corpus.options.text:
        return
    for split in ("train", "val", "test"):
        part = corpus.split(split)
        for where, i in zip(corpus.where_ids(part.ids, part.offsets).tolist(), range(len(part)), strict=True):
            assert WHERE[where] == corpus.where(part.item(i, corpus.vocab))
            assert WHERE[where] == split or corpus.vocab.unknown


JOINED = {  # list, options, symbols that were never side by side in it, and the item that their text is
    "accents": (["e", "é", "ẹ\u0301x"], {}, ["e", "\u0301"], "é"),
    "Hangul": (["가", "\u1100", "\u1161b"], {}, ["\u1100", "\u1161"], "가"),
    "flags": (["🇩🇪🇩", "🇩", "🇪🇩"], {"unit": "grapheme"}, ["🇩", "🇪🇩"], "🇩🇪🇩"),
    "a letter and its accent": (
        ["e\u0301", "e", "\u0301"],
        {"unit": "grapheme", "normalise": "none"},
        ["e", "\u0301"],
        "e\u0301",
    ),
    "blanks": (["a b", "ab"], {}, [" ", "a", "b"], "ab"),
}


@pytest.mark.parametrize("name", JOINED)
def test_symbols_that_join_are_known_by_what_they_become(name):
    items, options, symbols, item = JOINED[name]
    corpus = from_items(items, DataOptions(val_share=0.0, test_share=0.0, **options))
    ids, offsets = flat([[corpus.vocab.ids[s] for s in symbols], [corpus.vocab.ids[symbols[0]]]], corpus.vocab)
    assert corpus.where("".join(symbols)) == corpus.where(item) == "train"
    found = [WHERE[i] for i in corpus.where_ids(ids, offsets)]
    assert found == [corpus.where("".join(symbols)), corpus.where(symbols[0])]
    assert not corpus.vocab.comes_back(ids, offsets)[0]


items_of_two = st.lists(st.lists(st.integers(1, 2), min_size=1, max_size=4), min_size=1, max_size=20)


@pytest.mark.parametrize("bits", [64, 3, 0])
@given(items_of_two, items_of_two)
def test_many_are_found_where_each_is_whatever_the_hash_says(bits, held, asked):
    vocab = Vocab(("a", "b"))
    (ids, offsets), (others, places) = flat(held, vocab), flat(asked, vocab)
    hasher, keep = ItemHash(5, end=0), np.uint64((1 << bits) - 1 << 64 - bits)
    hashes, other_hashes = (hasher(i[1:], o[1:] - 1) & keep for i, o in ((ids, offsets), (others, places)))
    found = Known(ids, offsets, hashes.copy()).find_all(others, places, other_hashes)
    assert found.tolist() == [held.index(item) if item in held else -1 for item in asked]
