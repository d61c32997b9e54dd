"""What all items have of marks: against a count of each item, and what is made of lists that have them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import moreish
from moreish.background.marks import BRACKETS, FEWEST, Marks
from moreish.background.shape import flat
from tests.support.lists import made_items

SYMBOLS = ["a", "7", " ", ",", "(", ")", "[", "]", '"']
ITEM = st.lists(st.integers(1, len(SYMBOLS)), min_size=1, max_size=10).map(np.array)
ITEMS = st.lists(ITEM, min_size=FEWEST, max_size=14, unique_by=lambda item: item.tobytes())


def text(item):
    return "".join(SYMBOLS[i - 1] for i in item)


def closed(item, opening, closing):
    depth = 0
    for symbol in text(item):
        depth += (symbol == opening) - (symbol == closing)
        if depth < 0:
            return False
    return depth == 0


@given(ITEMS, ITEM)
def test_another_item_breaks_what_all_of_them_have(items, other):
    found = Marks.of(SYMBOLS, items)
    texts, own = [text(item) for item in items], text(other)
    want = False
    for mark in ' ,()[]"':
        counts = {each.count(mark) for each in texts}
        want |= len(counts) == 1 and own.count(mark) not in counts
    for opening, closing in ("()", "[]"):
        if any(opening in each for each in texts) or any(closing in each for each in texts):
            want |= all(closed(item, opening, closing) for item in items) and not closed(other, opening, closing)
    want |= all(each.count('"') % 2 == 0 for each in texts) and own.count('"') % 2 != 0
    assert bool(found is not None and found.broken_by(*flat([other]))[0]) == want


@given(ITEMS)
def test_no_item_of_the_list_breaks_it_and_few_items_have_no_marks(items):
    found = Marks.of(SYMBOLS, items)
    assert found is None or not found.broken_by(*flat(items)).any()
    assert Marks.of(SYMBOLS, items[: FEWEST - 1]) is None


def test_every_bracket_has_another_to_close_it():
    assert all(len(pair) == 2 and pair[0] != pair[1] for pair in BRACKETS)


NAMES = made_items(30)
LISTS = {
    "commas": ([f"{a}, {b}, {c}" for a, b, c in zip(NAMES, NAMES[3:], NAMES[5:], strict=False)],
               lambda item: item.count(", ") == 2),
    "brackets": ([f"{a} ({b})" if i % 2 else a for i, (a, b) in enumerate(zip(NAMES, NAMES[7:], strict=False))],
                 lambda item: item.count("(") == item.count(")")),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", LISTS)
def test_made_items_have_the_marks_of_the_list(name):
    items, right = LISTS[name]
    listened = moreish.listen(items)
    assert [item.text for item in listened.more(150, seed=2) if not right(item.text)] == []
    assert any(not right(item.text) for item in listened.more(300, seed=2, min_p=0)), "the model may lose count"
