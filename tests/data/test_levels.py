"""Numbers of sections come off where each follows from the one before; versions, decimals and dates stay."""

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from moreish.data import read
from moreish.data.levels import LEVELS
from moreish.data.marks import marks_of

ITEMS = ["Amber", "Birch", "Cedar", "Dill", "Elm", "Fir", "A Gum"]
NUMBERS = {
    "two levels": ["1.1", "1.2", "1.3", "2.1", "2.2", "3.1", "3.2"],
    "several levels": ["1", "1.1", "1.1.1", "1.1.2", "1.2", "2", "2.1"],
    "points behind": ["1.", "1.1.", "1.2.", "2.", "2.1.", "2.2.", "3."],
    "brackets behind": ["3.4)", "3.5)", "4.1)", "4.2)", "5.1)", "5.2)", "5.3)"],
    "letters": ["A.1", "A.2", "B.1", "B.2", "C.1", "C.2", "D.1"],
    "an appendix": ["A", "A.1", "A.1.1", "A.2", "B", "B.1", "B.2"],
    "paragraphs": ["§ 1", "§ 2", "§ 3", "§ 4", "§ 5", "§ 6", "§ 7"],
    "parts of paragraphs": ["§1.1", "§1.2", "§1.3", "§1.4", "§1.5", "§1.6", "§1.7"],
}


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("above", ["", "Contents:\n"])
def test_numbers_of_sections_come_off(tmp_path, kind, above):
    lines = [f"  {number} {item}" for number, item in zip(NUMBERS[kind], ITEMS, strict=True)]
    (tmp_path / "x.txt").write_bytes((above + "\r\n".join(lines)).encode())
    corpus = read(tmp_path / "x.txt")
    assert list(corpus.items) == ITEMS
    assert "of sections" in corpus.report.notes[0]


STAY = {
    "versions": ["1.1 Amber", "1.5 Birch", "2.0 Cedar", "2.0.1 Dill", "3.2 Elm", "4.0 Fir"],
    "versions in a row": ["3.7 Amber", "3.8 Birch", "3.9 Cedar", "3.10 Dill", "3.11 Elm", "3.12 Fir"],
    "versions alone": ["1.1.1", "1.1.2", "1.2.1", "2.1", "2.2", "3"],
    "decimals in a row": ["0.8 l milk", "0.9 l water", "1.0 l juice", "1.1 l tea", "1.2 l soup", "1.3 l oil"],
    "volts": ["1.1 V", "1.2 V", "1.3 V", "1.4 V", "1.5 V", "1.6 V"],
    "prices": ["1.10 Tea", "1.20 Coffee", "1.30 Cocoa", "1.40 Milk", "1.50 Juice"],
    "titles": ["1.5 Degrees", "2 Degrees", "3 Degrees", "A Day in May", "B Side", "C Minor"],
    "versions of one kind": [f"3.{n} {item}" for n, item in enumerate(ITEMS + ITEMS[:-1], 1)],
    "versions of a version": [f"3.2.{n} {item}" for n, item in enumerate(ITEMS + ITEMS[:-1], 1)],
    "amounts": [f"1.{n} kg {item}" for n, item in enumerate(ITEMS + ITEMS[:-1], 1)],
    "amounts of several units": [f"{n // 9 + 1}.{n % 9 + 1} {'kg' if n % 2 else 'ml'} Rum {n}" for n in range(27)],
    "amounts of an odd unit": [f"{n // 9 + 1}.{n % 9 + 1} pinches of {n}" for n in range(27)],
    "numbers alone": ["1 Amber", "2 Birch", "3 Cedar", "4 Dill", "5 Elm", "6 Fir"],
    "dates": ["1.5. Anna", "2.5. Bella", "3.5. Cleo", "4.5. Dora", "5.5. Emma"],
    "times": ["9.30 Opening", "10.10 Talk", "10.30 Break", "11.15 Talk two", "12.20 Lunch"],
}


@pytest.mark.parametrize("kind", STAY)
def test_numbers_that_are_none_of_sections_stay(kind):
    assert marks_of(STAY[kind]) == ((), STAY[kind])


@pytest.mark.parametrize("kind", ["versions of one kind", "versions of a version"])
def test_numbers_that_may_be_of_sections_are_told(tmp_path, kind):
    (tmp_path / "x.txt").write_text("\n".join(STAY[kind]), encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    assert list(corpus.items) == STAY[kind]
    assert any("such as 3." in told for told in corpus.report.told)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=6), st.booleans(), st.sampled_from(["", ".", ")"]))
def test_what_a_document_numbers_comes_off(sections, letters, after):
    lines, items = [], []
    for first, below in enumerate(sections, 1):
        name = string.ascii_uppercase[first - 1] if letters else str(first)
        for part in ("", *(f".{n}" for n in range(1, below + 1))):
            items.append(f"Item {len(items)} x")
            lines.append(f"{name}{part}{after} {items[-1]}")
    assume(len(lines) >= 5)
    marks, bare = marks_of(lines)
    assert bare == items
    assert marks[0].ordinals in LEVELS
