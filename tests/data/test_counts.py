"""Counts whose thousands are parted by blanks, before and behind the items; what looks alike is read as before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.data import DataOptions, read
from moreish.data.counts import counted, split_counted

COUNTS = {"Amber": 12345678, "Birch 7": 56789, "Cedar": 1234, "Douglas fir": 2345, "Elm": 999}
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
@pytest.mark.parametrize("blank", [" ", "\u2009", "\u202f", "\xa0"])
def test_blanks_part_thousands(tmp_path, way, blank):
    lines = [WAYS[way].format(item=item, count=f"{n:,}".replace(",", blank)) for item, n in COUNTS.items()]
    (tmp_path / "x.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    corpus = read(tmp_path / "x.txt", DataOptions(weight="2" if WAYS[way].startswith("{item") else "1"))
    whole = corpus.split("all")
    assert whole.weights is not None
    assert {whole.item(i, corpus.vocab): whole.weights[i] for i in range(len(whole))} == COUNTS


AS_BEFORE = {
    "what uniq -c counts": ["     12 100 metre hurdles", "      5 400 metre hurdles", "      2 swimming"],
    "numbers in one piece": ["1234 100 metres", "12 200 metres", "5 400 metres"],
    "house numbers": ["12 34th Street", "5 Elm Road", "100 Main Street"],
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
