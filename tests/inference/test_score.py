"""Scoring a file against scoring its items one by one."""

import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish import api
from moreish.data import reader
from moreish.inference.score import score_lines
from tests.support.lists import made_items

few = settings(max_examples=40, deadline=None)
LISTS = {
    "letters": (made_items(60), {}),
    "accents": (["Zoë", "Chloé", "Renée", "Noël", "Zoé", "Anaïs"] * 4, {"data": {"duplicates": "keep"}}),
    "graphemes": (["नमस्ते", "हिन्दी", "भारत", "दिल्ली"] * 5, {"data": {"unit": "grapheme", "duplicates": "keep"}}),
    "words": (["the red fox", "a red dog", "the dog", "a fox"] * 5, {"data": {"unit": "word", "duplicates": "keep"}}),
    "rare words": (
        ["the red fox", "a red dog", "the dog", "a fox", "the zebra"] * 2 + ["an owl"],
        {"data": {"unit": "word", "min_count": 2, "duplicates": "keep", "split": "lecture"}},
    ),
    "lower": (["Emma", "OLIVIA", "ava"] * 5, {"data": {"lower": True, "duplicates": "keep"}}),
}


@pytest.fixture(scope="module", params=LISTS)
def counted(request):
    from moreish.recipes import Overrides

    items, settings_ = LISTS[request.param]
    return items, api.count(items, Overrides(settings=settings_))


def lines_of(counted, content, encoding="utf-8"):
    return list(score_lines(counted.model, counted.corpus, io.BytesIO(content), "some file", encoding))


texts = st.lists(
    st.text("aeklmnostuvZoëéRxyz the red fox\t\u00a0नमस्तेहि\u0301#", min_size=0, max_size=12), min_size=1, max_size=20
)


@few
@given(texts=texts, end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_every_line_has_the_score_that_its_item_has_alone(counted, texts, end):
    own, model = counted
    content = end.join([*texts, own[0]]).encode()
    blocks = lines_of(model, content)
    found = [item for block in blocks for item in block.items]
    alone = model.score(found)
    kept = [i for i, text in enumerate([*texts, own[0]], start=1) if text.strip()]
    assert [line for block in blocks for line in block.lines] == kept
    logprob = np.concatenate([block.logprob for block in blocks])
    loss = np.concatenate([block.loss for block in blocks])
    np.testing.assert_allclose(logprob, [s.score.logprob for s in alone], atol=1e-9)
    np.testing.assert_allclose(loss, [s.score.loss for s in alone], atol=1e-9)
    at = 0
    for block in blocks:
        marked = {i: alone[at + i].unknown for i in range(len(block.items)) if alone[at + i].unknown}
        assert block.unknown == marked
        at += len(block.items)


def test_lines_are_brought_to_the_form_of_the_list():
    made = api.count(["Zoë", "Noë", "Boë", "Doë"])
    (block,) = lines_of(made, "  Zoe\u0308 \n\n\nBoë\n".encode())
    assert block.items == ["Zoë", "Boë"]
    assert list(block.lines) == [1, 4]
    assert block.unknown == {}
    (latin,) = lines_of(made, "Zoë\n".encode("latin-1"), "latin-1")
    assert latin.logprob[0] == block.logprob[0]


def test_a_file_of_many_pieces_is_one_file(monkeypatch):
    items = made_items(300)
    made = api.count(items)
    content = "\n".join([*items[:100], "k#", "?", *items[100:]]).encode() + b"\n"
    (whole,) = lines_of(made, content)
    monkeypatch.setattr(reader, "PIECE", 64)
    blocks = lines_of(made, content)
    assert len(blocks) > 10
    assert [item for block in blocks for item in block.items] == whole.items
    np.testing.assert_allclose(np.concatenate([block.logprob for block in blocks]), whole.logprob, atol=1e-12)
    assert [line for block in blocks for line in block.lines] == list(whole.lines)


def test_an_item_with_an_unknown_symbol_is_marked_and_not_refused():
    made = api.count(made_items(50))
    (block,) = lines_of(made, "#\nk#?#\n😀\n".encode())
    assert block.unknown == {0: ("#",), 1: ("#", "?"), 2: ("😀",)}
    assert (block.logprob == -math.inf).all()
    assert block.tokens.tolist() == [2, 5, 2]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"kalo\ncaf\xe9\n", "some file, line 2, byte 4: not UTF-8"),
        (b"", "some file is empty"),
        (b"\n \n", "some file has no items"),
        (b"ka\0lo\n", "some file, line 1: looks binary"),
        (b"a" * (2**20 + 1) + b"\n", "some file, line 1: longer than 1,048,576 characters"),
    ],
    ids=["no UTF-8", "empty", "blank", "binary", "too long"],
)
def test_what_is_no_list_of_items_is_one_sentence(content, sentence):
    with pytest.raises(ValueError, match=sentence):
        lines_of(api.count(made_items(50)), content)


def test_no_more_is_read_than_was_asked_for():
    class Endless:
        read_so_far = 0

        def read(self, n, /):
            self.read_so_far += n
            return b"kalo\n" * (n // 5) if n >= 5 else b"kalo\n"[:n]

    stream = Endless()
    made = api.count(made_items(50))
    blocks = score_lines(made.model, made.corpus, stream, "some file")
    first = next(blocks)
    assert len(first.items) > 1000
    assert stream.read_so_far < 2**20
