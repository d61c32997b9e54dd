"""Whole files: whatever people put round a list comes off, and lists of which nothing comes off stay as they are."""

import random
import string

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from moreish.data import DataOptions, read

WORD = st.text(string.ascii_letters + "éßñ", min_size=2, max_size=8)
ITEM = st.builds(
    lambda words, joint, after: joint.join(words).capitalize() + after,
    st.lists(WORD, min_size=1, max_size=3),
    st.sampled_from([" ", "-", " of ", "'s "]),
    st.sampled_from(["", "", "", " (live)", " 2", " IV"]),
)
ITEMS = st.lists(ITEM, min_size=5, max_size=30, unique=True).filter(
    lambda items: sum(item[-1] in ")2V" for item in items) < len(items) / 2
)
ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi", "xvii")

WAYS = {
    "points": lambda xs: [f"{i}. {x}" for i, x in enumerate(xs, 1)],
    "brackets": lambda xs: [f"{i}) {x}" for i, x in enumerate(xs, 1)],
    "dashes behind": lambda xs: [f"{i}- {x}" for i, x in enumerate(xs, 1)],
    "in brackets": lambda xs: [f"[{i}] {x}" for i, x in enumerate(xs, 1)],
    "letters": lambda xs: [f"{a}) {x}" for a, x in zip(string.ascii_lowercase, xs[:26], strict=False)],
    "capitals": lambda xs: [f"{a}. {x}" for a, x in zip(string.ascii_uppercase, xs[:26], strict=False)],
    "Roman": lambda xs: [f"{a}. {x}" for a, x in zip(ROMAN, xs, strict=False)],
    "circled": lambda xs: [f"{chr(0x245F + i)}{x}" for i, x in enumerate(xs[:20], 1)],
    "bullets": lambda xs: [f"• {x}" for x in xs],
    "dashes": lambda xs: [f"- {x}" for x in xs],
    "mail": lambda xs: [f"> {x}" for x in xs],
    "tabs": lambda xs: [f"\t{x}" for x in xs],
    "quotes and commas": lambda xs: [f'"{x}",' for x in xs],
    "Python": lambda xs: ["NAMES = [", "    " + ", ".join(map(repr, xs)), "]"],
    "JavaScript": lambda xs: ["const names = [", *(f"  {x!r}, // {i}" for i, x in enumerate(xs)), "];"],
    "HTML list": lambda xs: ["<ul>", *(f"<li>{x}</li>" for x in xs), "</ul>"],
    "HTML table": lambda xs: ["<table>", *(f"<tr><td>{x}</td></tr>" for x in xs), "</table>"],
    "semicolons": lambda xs: ["; ".join(xs)],
    "YAML": lambda xs: ["---", "title: Names", "---", *(f"- {x}" for x in xs)],
    "a chatbot": lambda xs: ["Sure! Here are some names:", "", *(f"{i}. {x}" for i, x in enumerate(xs, 1)), "",
                             "Let me know if you want more!"],
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=ITEMS)
def test_any_list_comes_back_from_anything_that_people_put_round_it(way, items, tmp_path):
    written = WAYS[way](items)
    path = tmp_path / "list.txt"
    path.write_text("\n".join(written) + "\n", encoding="utf-8")
    count = min(len(items), {"letters": 26, "capitals": 26, "Roman": len(ROMAN), "circled": 20}.get(way, len(items)))
    assert list(read(path, DataOptions(duplicates="keep")).items) == items[:count]


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=ITEMS, separator=st.sampled_from([", ", "; "]), seed=st.integers(0, 1000))
def test_several_items_a_line_come_apart_where_each_line_goes_on(items, separator, seed, tmp_path):
    rng, lines, rest = random.Random(seed), [], items
    while rest:
        n = rng.randint(3, 6)
        lines.append(separator.join(rest[:n]))
        rest = rest[n:]
    assume(len(lines) > 1)
    path = tmp_path / "list.txt"
    path.write_text(f"{separator.strip()}\n".join(lines) + "\n", encoding="utf-8")
    assert list(read(path, DataOptions(duplicates="keep")).items) == items


WHOLE = {
    "song titles": ["(What a) Wonderful Town", "99 Lanterns", "Hello (Live)", "Stop! In My Name", "1999",
                    "A Day in May", "Don't You (Forget)", "7 Seas of Tea", "I Am the Walnut", "No. 9"],
    "versions": ["1.2.3", "1.3.0", "2.0.0-rc1", "2.0.1", "2.1.0", "3.0.0", "3.0.1", "10.0.2"],
    "chemicals": ["1-butanol", "2,4-dinitrotoluene", "1,2-dichloroethane", "3-methylpentane", "N,N-dimethylaniline",
                  "2-propanol", "(S)-limonene", "5-bromouracil"],
    "addresses": ["12 Elm Street", "3 Quay Road", "221B Baker Lane", "7 Mill Close", "45 High Street",
                  "9 Abbey Walk"],
    "what people say": ['"Stay," she said.', '"No," he said, "I cannot."', '"Then go."', '"And the dog?"',
                        '"He stays."', '"Fine," she said.', '"Good night."', '"So be it," he said.'],
    "emoticons": [":-)", ":-(", ";-)", ":-D", "=)", "<3", "xD", ">:-(", "(^_^)", "-_-", "o_O"],
    "initials": ["A. Smith", "B. Jones", "D. Brown", "C. Okafor", "F. Marsh", "E. Lind", "J. Doe", "A. Miller"],
    "options": ["-a", "-b", "--all", "--verbose", "-n", "--dry-run", "-q", "--force"],
    "questions and answers": ["Q: What is a star?", "A: A ball of gas.", "Q: Why is the sky blue?",
                              "A: Air scatters blue.", "Q: Is Pluto a planet?", "A: A dwarf planet."],
    "kings": ["Henry I", "Henry II", "Edward I", "Edward II", "James I", "James II", "George I"],
    "dates": ["1 May 1890", "2 June 1912", "3 July 1944", "4 August 1961", "5 March 1975", "6 April 2001"],
    "hashtags": ["#sun", "#moon", "#tea", "#coffee", "#harbour", "#rain"],
    "scores": ["2:1", "0:0", "3:2", "1:4", "2:2", "5:0"],
    "titles": ["Mr. Smith's", "Mrs. Miller's", "Dr. No", "St. Ives", "Mt. Hood", "Ft. Worth"],
}  # fmt: skip


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_items_that_look_marked_stay_whole_in_any_order(kind, seed, tmp_path):
    items = list(WHOLE[kind])
    random.Random(seed).shuffle(items)
    path = tmp_path / "list.txt"
    path.write_text("\n".join(items) + "\n", encoding="utf-8")
    assert list(read(path, DataOptions(duplicates="keep")).items) == items


FEET = {
    "Page 1 of 2": ["Page 1 of 2", "Page 2 of 2"],
    "- 7 -": ["- 7 -", "- 8 -", "- 9 -"],
    "3": ["3", "4"],
}


@pytest.mark.parametrize("first", FEET)
def test_numbers_of_pages_are_told(first, tmp_path):
    towns = [f"{a}{b}" for a in ("Ash", "Bar", "Col", "Dun", "Els") for b in ("ford", "ton", "ham", "by")]
    feet = FEET[first]
    items = [x for i, foot in enumerate(feet) for x in [*towns[5 * i : 5 * i + 5], foot]] + towns[15:]
    (tmp_path / "list.txt").write_text("\n".join(items) + "\n", encoding="utf-8")
    corpus = read(tmp_path / "list.txt")
    assert list(corpus.items) == items
    assert [note for note in corpus.report.told if f'page numbers (the first: "{first}")' in note]


def test_a_first_line_above_an_ordered_list_is_told(tmp_path):
    towns = sorted(f"{a}{b}" for a in ("Ash", "Bar", "Col") for b in ("ford", "ton", "ham"))
    for first, told in (("Town", 1), ("Aldham", 0)):
        (tmp_path / "list.txt").write_text("\n".join([first, *towns]) + "\n", encoding="utf-8")
        corpus = read(tmp_path / "list.txt")
        assert list(corpus.items) == [first, *towns]
        assert sum("looks like a heading" in note for note in corpus.report.told) == told
