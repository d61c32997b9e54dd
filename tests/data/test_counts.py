"""Counts whose thousands are parted by blanks, before and behind the items; what looks alike is read as before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import DataOptions, read
from moreish.data.counts import counted, split_counted
from moreish.data.numbers import number_of

COUNTS = {"Amber": 12345678, "Birch 7": 56789, "Cedar": 1234, "Douglas fir": 2345, "Elm": 999}
BLANKS = "\xa0\u2000\u2002\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f"
ALSO_BETWEEN_COLUMNS = " \u2001\u2003\u3000"
WAYS = {
    "before": "{count} {item}",
    "before, aligned": "{count:>12}  {item}",
    "before a dash": "{count} - {item}",
    "before, times": "{count} x {item}",
    "in brackets before": "({count}) {item}",
    "behind": "{item} {count}",
    "behind, aligned": "{item:<12}{count:>12}",
    "behind a dash": "{item} – {count}",
    "behind a colon": "{item}: {count}",
    "in brackets behind": "{item}  ({count})",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("blank", [*BLANKS, *ALSO_BETWEEN_COLUMNS])
def test_blanks_part_thousands(tmp_path, way, blank):
    lines = [WAYS[way].format(item=item, count=f"{n:,}".replace(",", blank)) for item, n in COUNTS.items()]
    (tmp_path / "x.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    corpus = read(tmp_path / "x.txt", DataOptions(weight="2" if WAYS[way].startswith("{item") else "1"))
    whole = corpus.split("all")
    assert whole.weights is not None
    assert {whole.item(i, corpus.vocab): whole.weights[i] for i in range(len(whole))} == COUNTS


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_no_wider_than_a_digit_part_thousands_and_nothing_else(blank):
    lines = [f"3{blank}001 Nights", "9 Amber", "2 Birch", "7 Cedar", "5 Elm"]
    found = counted(lines)
    assert found is not None
    assert found.grouped


INDIAN = {
    "12,34,567": 1234567,
    "98,76,54,321.5": 987654321.5,
    "1,00,000": 100000,
    "-1,23,456": -123456,
}


@pytest.mark.parametrize("text", INDIAN)
def test_commas_may_part_lakhs(text):
    assert number_of(text) == INDIAN[text]
    assert number_of(text, ",") is None


@pytest.mark.parametrize(
    "text",
    [
        "1,2,345",
        "9" * 400,
        "1" + ",000" * 200,
        "1" * 400 + ",5",
        "12,34,56",
        "12,345,67",
        "0,12,345",
        "123,45,678",
        "12.34.567",
    ],
)
def test_other_groups_are_no_number(text):
    assert number_of(text) is None


AS_BEFORE = {
    "what uniq -c counts": ["     12 100 metre hurdles", "      5 400 metre hurdles", "      2 swimming"],
    "numbers in one piece": ["1234 100 metres", "12 200 metres", "5 400 metres"],
    "house numbers": ["12 34th Street", "5 Elm Road", "100 Main Street"],
    "few, with a blank as wide as a character": ["3\u3000001 Nights", "9 Amber", "2 Birch", "7 Cedar", "5 Elm"],
    "few": ["3 001 Nights", "9 Amber", "2 Birch", "7 Cedar", "5 Elm"],
}


@pytest.mark.parametrize("kind", AS_BEFORE)
def test_where_blanks_hardly_part_thousands_the_first_number_counts(kind):
    found = counted(AS_BEFORE[kind])
    assert found is not None
    assert not found.grouped


@given(st.integers(1, 10**12), st.sampled_from([" ", "\u2009"]), st.from_regex(r"\A[A-W][a-w]{1,5}( [a-w]{1,5})?\Z"))
def test_a_number_of_groups_is_split_from_its_item(n, blank, item):
    number = f"{n:,}".replace(",", blank)
    assert split_counted(f"{number} {item}", first=True, grouped=True) == (item, number)
    assert split_counted(f"{item} {number}", first=False, grouped=True) == (item, number)


@pytest.mark.parametrize("line", ["Amber" + " 123" * 100_000, "1." * 100_000 + "1 x", "1 123 " * 50_000 + "x"])
@pytest.mark.parametrize("weight", [None, "2"])
def test_a_line_that_is_longer_than_any_item_is_refused_at_once(tmp_path, line, weight):
    """Each took minutes when it was looked at for counts and marks."""
    (tmp_path / "x.txt").write_text(line + "\n" + "".join(f"N{i} 1 {i:03}\n" for i in range(50)), encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 1: longer than|no column"):
        read(tmp_path / "x.txt", DataOptions(weight=weight))
