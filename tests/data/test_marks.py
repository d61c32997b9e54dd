"""What documents and programs put round items is taken off and told; what may belong to them stays, with a hint."""

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from moreish.data import DataOptions, read
from moreish.data.bundled import BUNDLED, LISTS
from moreish.data.marks import LEAST, Unmarked, cells_of, markdown_as_csv, marks_of

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

NAMES = ["Anna", "Bella O'Neil", "Cleo", "Dora (the elder)", "Emma", "Zoë", "Greta"]
ROMAN = ["i", "ii", "iii", "iv", "v", "vi", "vii"]


def lines(items):
    return "".join(f"{item}\n" for item in items)


MARKED = {
    "bullets": [f"- {x}" for x in NAMES],
    "stars": [f"  * {x}" for x in NAMES],
    "a word processor's bullets": [f"•\t{x}" for x in NAMES],
    "numbers": [f"{i}. {x}" for i, x in enumerate(NAMES, 1)],
    "numbers and brackets": [f"{i}) {x}" for i, x in enumerate(NAMES, 9)],
    "numbers and tabs": [f"{i}.\t{x}" for i, x in enumerate(NAMES, 1)],
    "quotes": [f'"{x}"' for x in NAMES],
    "typographic quotes": [f"„{x}“" for x in NAMES],
    "commas": [f"{x}," for x in NAMES],
    "commas but for the last": [f"{x}," for x in NAMES[:-1]] + NAMES[-1:],
    "quotes and commas": [f'"{x}",' for x in NAMES],
    "a list in a program": ["names = [", *(f"    {x!r}," for x in NAMES), "]"],
    "boxes to tick": [f"- [{'x' * (i % 2) or ' '}] {x}" for i, x in enumerate(NAMES)],
    "links": [f"- [{x}](https://example.org/{i}_(a))" for i, x in enumerate(NAMES)],
    "links and what they are": [f"* [{x}](/{i}) - one of {i}." for i, x in enumerate(NAMES)],
    "some links, without bullets": [f"[{x}](/{x[0]} 'all of {x[0]}')" if i % 2 else x for i, x in enumerate(NAMES)],
    "what a chatbot writes": [f"{i}. **{x}:** one of {i}." for i, x in enumerate(NAMES, 1)],
    "wiki links": [f"* [[{x}]] (since 19{i})" if i % 2 else f"* [[list of x|{x}]]" for i, x in enumerate(NAMES)],
    "empty boxes": [f"☐ {x}" for x in NAMES],
    "a list in a script": ["const names: string[] = [", *(f"  {x!r}," for x in NAMES), "];"],
    "bold and a dash": [f"{i}. **{x}** – one of {i}" for i, x in enumerate(NAMES, 1)],
    "bold without bullets": [f"**{x}**" for x in NAMES],
    "italics, code and bold links": [
        f"- {form.format(x)}"
        for x, form in zip(NAMES, ["*{}*", "`{}`", "**[{}](/)**", "{}", "_{}_", "***{}***", "~~{}~~"], strict=True)
    ],
    "emoji and squares": [f"{'✅☑️'[i % 2 :][:1]} {x}" for i, x in enumerate(NAMES)],
    "a word processor's private sign": [f"\uf0b7 {x}" for x in NAMES],
    "letters": [f"{a}) {x}" for a, x in zip("abcdefg", NAMES, strict=True)],
    "capital letters": [f"{a}. {x}" for a, x in zip("ABCDEFG", NAMES, strict=True)],
    "Cyrillic letters": [f"{a}) {x}" for a, x in zip("абвгдеж", NAMES, strict=True)],
    "Roman numerals": [f"{a}) {x}" for a, x in zip(ROMAN, NAMES, strict=True)],
    "large Roman numerals": [f"{a.upper()}. {x}" for a, x in zip(ROMAN, NAMES, strict=True)],
    "Roman numerals of one character": [f"{chr(0x2160 + i)}. {x}" for i, x in enumerate(NAMES)],
    "numbers in brackets": [f"[{i}] {x}" for i, x in enumerate(NAMES, 8)],
    "numbers and colons": [f"{i}: {x}" for i, x in enumerate(NAMES, 8)],
    "numbers and dashes": [f"{i} – {x}" for i, x in enumerate(NAMES, 8)],
    "numbers, points and brackets": [f"{i}.) {x}" for i, x in enumerate(NAMES, 1)],
    "hashes and numbers": [f"#{i} {x}" for i, x in enumerate(NAMES, 1)],
    "circled numbers": [f"{chr(0x2460 + i)} {x}" for i, x in enumerate(NAMES)],
    "wide numbers": [f"{chr(0xFF11 + i)}．{x}" for i, x in enumerate(NAMES)],
    "keys": [f"{i}\ufe0f\u20e3 {x}" for i, x in enumerate(NAMES, 1)],
    "Chinese numerals": [f"{a}、{x}" for a, x in zip("一二三四五六七", NAMES, strict=True)],
    "Arabic digits": [f"{chr(0x0661 + i)}. {x}" for i, x in enumerate(NAMES)],
    "a mail's answer": [f"> {x}" for x in NAMES],
    "an answer to an answer": [f">> - {x}" for x in NAMES],
    "emoji": [f"{e} {x}" for e, x in zip(["🍎", "🍌", "❤️", "👩‍👩‍👧", "🇫🇷", "👍🏽", "☕"], NAMES, strict=True)],
    "front matter": ["---", "title: Names", "tags:", "  - all", "---", "", *NAMES],
    "front matter and bullets": ["", "+++", 'title = "Names"', "+++", *(f"- {x}" for x in NAMES)],
    "HTML": ["<ul>", *(f"  <li><b>{x}</b></li>" for x in NAMES), "</ul>"],
}


@pytest.mark.parametrize("kind", MARKED)
def test_a_marked_list_reads_as_the_unmarked_one_and_it_is_told(tmp_path, kind):
    (tmp_path / "x.txt").write_text(lines(MARKED[kind]), encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    assert list(corpus.items) == NAMES
    (told,) = corpus.report.told
    assert "data.marks=keep" in told
    assert "lack" not in told
    assert corpus.report.notes[0] == told


@pytest.mark.parametrize("kind", MARKED)
def test_marks_are_kept_where_that_is_asked_for(tmp_path, kind):
    (tmp_path / "x.txt").write_text(lines(MARKED[kind]), encoding="utf-8")
    if "\t" not in MARKED[kind][0]:  # else a table
        corpus = read(tmp_path / "x.txt", DataOptions(marks="keep", duplicates="keep"))
        assert (list(corpus.items), corpus.report.told) == ([line.strip() for line in MARKED[kind] if line], [])


UNDER_HEADINGS = {
    "bullets": ["# Names", "", *(f"- {x}" for x in NAMES[:4]), "", "## More", "", *(f"- {x}" for x in NAMES[4:])],
    "numbers that begin again": [
        "Old ones:",
        *(f"{i}. {x}" for i, x in enumerate(NAMES[:4], 1)),
        "New ones:",
        *(f"{i}. {x}" for i, x in enumerate(NAMES[4:], 1)),
    ],
    "a wiki's and a quotation": ["== Names ==", *(f"* [[{x}]]" for x in NAMES), "> all of them"],
    "a rule between": [*(f"* {x}" for x in NAMES[:4]), "---", "names:", *(f"* {x}" for x in NAMES[4:])],
}


@pytest.mark.parametrize("kind", UNDER_HEADINGS)
def test_headings_between_marked_items_are_left_out_and_it_is_told(tmp_path, kind):
    (tmp_path / "x.txt").write_text(lines(UNDER_HEADINGS[kind]), encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    assert list(corpus.items) == NAMES
    (told,) = corpus.report.told
    assert "2 headings are left out" in told
    assert "lack" not in told


AMONG_SENTENCES = {
    "a chatbot's": [
        "Here are some names:",
        *(f"{i}. {x}" for i, x in enumerate(NAMES, 1)),
        "Tell me if you want more! 😊",
    ],
    "with what is said": ["Here are some names.", *(f"- **{x}** – one" for x in NAMES), "", "Would you like more?"],
    "a mail's": ["On Monday, Kim wrote:", *(f"> {x}" for x in NAMES), "Thanks a lot, Kim."],
    "with commas and quotes": ["These are the names:", *(f'* "{x}",' for x in NAMES), "I hope that this will help."],
    "in Chinese": [
        "以下是一些名字供您参考：",
        *(f"{i}、{x}" for i, x in enumerate(NAMES, 1)),
        "如果您还需要更多请告诉我！",
    ],
    "emoji": ["Here you are, some names:", *(f"🎉 {x}" for x in NAMES), "Do you want some more of them?"],
}


@pytest.mark.parametrize("kind", AMONG_SENTENCES)
def test_what_is_said_before_and_after_marked_items_is_left_out_and_it_is_told(tmp_path, kind):
    (tmp_path / "x.txt").write_text(lines(AMONG_SENTENCES[kind]), encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    assert list(corpus.items) == NAMES
    (told,) = corpus.report.told
    assert "2 headings or sentences are left out" in told
    assert "lack" not in told


def test_a_sentence_without_the_mark_stays_where_the_items_are_sentences(tmp_path):
    items = [f"I think that {x} is here." for x in NAMES]
    (tmp_path / "x.txt").write_text(lines([*(f"- {x}" for x in items[:-1]), items[-1]]), encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    assert list(corpus.items) == items
    assert "1 line lacks it and stands as it is" in corpus.report.told[0]


def test_quotes_round_the_items_of_one_line_come_off(tmp_path):
    text = ", ".join(f"“{x}”" for x in NAMES)
    (tmp_path / "x.txt").write_text(text, encoding="utf-8")
    assert list(read(tmp_path / "x.txt").items) == NAMES
    assert list(read(tmp_path / "x.txt", DataOptions(marks="keep")).items) == text.split(", ")


LITERAL = {
    "names with two underscores": ["__init__", "__len__", "__iter__", "__next__", "__call__", "__repr__"],
    "emotes": ["*nods*", "*waves*", "*sighs*", "*laughs*", "*bows*", "*shrugs*"],
    "lines that end in a colon": [f"{x}:" for x in NAMES],
    "brackets": [f"[{x}] (live)" for x in NAMES],
    "one link": [*NAMES, "[a](b)"],
    "hashtags": [f"#{x}" for x in NAMES],
    "negative numbers": [f"-{i}" for i in range(8)],
    "dice": [f"{i}d6" for i in range(1, 9)],
    "starred arguments": [f"*{x}" for x in NAMES],
    "decimal numbers": [f"{i}.5" for i in range(1, 9)],
    "some bullets": [f"- {x}" for x in NAMES[:4]] + NAMES[4:],
    "few bullets": ["- a", "- b", "- c"],
    "some quotes": [f'"{x}"' for x in NAMES[:5]] + NAMES[5:],
    "some emoji": ["Home", *(f"🎉 {x}" for x in NAMES[1:6]), "End"],
    "suits that tell cards apart": [f"{suit} {card}" for suit in "♠♥♦♣" for card in ("Ace", "King", "Queen")],
    "initials": ["J. Smith", "A. Jones", "B. Keller", "C. Ng", "D. Okafor", "M. Rossi", "E. Sato"],
    "initials in a row": [f"{a}. {x}" for a, x in zip("CDEFGHI", NAMES, strict=True)],
    "songs": ["(I Can't Get No) Satisfaction", "Hurt (Live)", "99 Luftballons", "1979", '"Heroes"', "7 Seconds"],
    "chemicals": ["2,4-dinitrophenol", "1,3-butadiene", "N,N-dimethylformamide", "3-methylpentane", "(R)-limonene"],
    "versions": ["1.2.3", "1.3.0", "1.3.1", "2.0.0", "2.1.0-beta", "3.1.4"],
    "chapters and verses": [f"{i}:1 {x}" for i, x in enumerate(NAMES, 1)],
    "quotes and who said them": [f"“{x}” – {x[::-1]}" for x in NAMES],
    "flags of programs": ["-v", "-rf", "--help", "--version", "-o", "--force"],
    "Roman names": ["I Claudius", "II Samuel", "V for Vendetta", "X Files", "M Butterfly", "C Major"],
    "a rule above": ["---", *NAMES],
    "two quoted words": [f'"{x}" and "{x}"' for x in NAMES],
    "names": NAMES,
    "a sorted list that begins with the word name": ["name", "natter", "natural", "nature", "nave"],
}


@pytest.mark.parametrize("kind", LITERAL)
def test_what_is_no_mark_stays_and_nothing_is_said(tmp_path, kind):
    (tmp_path / "x.txt").write_text(lines(LITERAL[kind]), encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    assert (list(corpus.items), corpus.report.told, corpus.report.read_as) == (LITERAL[kind], [], [])


@pytest.mark.parametrize("name", LISTS)
def test_nothing_is_said_of_bundled_lists(name):
    assert read(BUNDLED / f"{name}.txt").report.told == []


HINTED = {
    "counts": ([f"{x} {i * 371 + 20}" for i, x in enumerate(NAMES)], "say --weight 2"),
    "counts in brackets": ([f"{x} ({i * 371 + 20:,})" for i, x in enumerate(NAMES)], "say --weight 2"),
    "shares": ([f"{x} - {i + 2} %" for i, x in enumerate(NAMES)], "say --weight 2"),
    "counts and colons": ([f"{x}: {i + 2}" for i, x in enumerate(NAMES)], "say --weight 2"),
    "times": ([f"{i % 3 + 2}x {x}" for i, x in enumerate(NAMES)], "say --weight 1"),
    "a last sentence": ([*NAMES, "Let me know if you want more!"], "The last line"),
    "an outline": (["Old", *(f"\t{x}" for x in NAMES[:4]), "New", *(f"\t{x}" for x in NAMES[4:])], "indented below"),
    "counts first": ([f"{900 - i * 37} {x}" for i, x in enumerate(NAMES)], "say --weight 1"),
    "the same number": ([f"1. FC {x}" for x in NAMES], "not upwards"),
    "every second number": ([f"{2 * i + 1}. {x}" for i, x in enumerate(NAMES)], "with gaps"),
    "comments": (["# source: a page", "# 2020", *NAMES], '2 lines begin with "#"'),
    "a heading with a colon": (["Our names:", *NAMES], "looks like a heading"),
    "a heading and a blank line": (["Our names", "", *NAMES], "looks like a heading"),
    "an underlined heading": (["Our names", "=========", *NAMES], "looks like a heading"),
    "the name of a column": (["name", *NAMES], "looks like a heading"),
    "dashes": ([f"– {x}" for x in NAMES], 'begin with "–"'),
}


@pytest.mark.parametrize("kind", HINTED)
def test_what_may_be_no_item_stays_and_gets_one_hint(tmp_path, kind):
    written, hint = HINTED[kind]
    (tmp_path / "x.txt").write_text(lines(written), encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    assert list(corpus.items) == [line.strip() for line in written if line]
    (told,) = corpus.report.told
    assert hint in told


def test_counts_between_tabs_are_a_column_that_is_left_out(tmp_path):
    (tmp_path / "x.txt").write_text(lines(f"{x}\t{i * 37 + 2}" for i, x in enumerate(NAMES)), encoding="utf-8")
    corpus = read(tmp_path / "x.txt")
    (told,) = corpus.report.told
    assert (list(corpus.items), "--weight 2" in told) == (NAMES, True)
    assert not read(tmp_path / "x.txt", DataOptions(weight="2")).report.told


@pytest.mark.parametrize(
    "form",
    ["{} {}", "{} ({})", "{} [{}]", "{}: {}", "{} - {}", "{} – {} %", "{} = {}", "{} x{}", "{}\t{}", "- {}: {}"],
)
def test_counts_behind_items_are_weights_where_that_is_asked_for(tmp_path, form):
    items = [*NAMES[:3], "Blink 182", "O'Neil-1", *NAMES[5:]]
    (tmp_path / "x.txt").write_text(lines(form.format(x, i + 3) for i, x in enumerate(items)), encoding="utf-8")
    corpus = read(tmp_path / "x.txt", DataOptions(weight="2"))
    assert list(corpus.items) == items
    assert corpus.report.weights is not None
    assert corpus.report.weights.largest == 9


@pytest.mark.parametrize("form", ["{} {}", "({}) {}", "{}x {}", "{} × {}", "{} - {}", "{}: {}"])
def test_counts_before_items_are_weights_where_that_is_asked_for(tmp_path, form):
    (tmp_path / "x.txt").write_text(lines(form.format(9 - i % 4, x) for i, x in enumerate(NAMES)), encoding="utf-8")
    corpus = read(tmp_path / "x.txt", DataOptions(weight="1"))
    assert list(corpus.items) == NAMES


def test_counts_behind_bullets_are_weights_where_that_is_asked_for(tmp_path):
    (tmp_path / "x.txt").write_text(lines(f"- {x} {i + 3}" for i, x in enumerate(NAMES)), encoding="utf-8")
    corpus = read(tmp_path / "x.txt", DataOptions(weight="2"))
    assert list(corpus.items) == NAMES
    assert corpus.report.weights is not None
    assert corpus.report.weights.largest == 9


def test_lines_without_the_mark_stand_as_they_are_and_are_counted(tmp_path):
    (tmp_path / "x.txt").write_text(lines(["Names", "", *(f"- {x} {'ab'[i]}" for i in (0, 1) for x in NAMES * 2)]))
    corpus = read(tmp_path / "x.txt", DataOptions(duplicates="keep"))
    assert (corpus.items[0], corpus.items[1]) == ("Names", "Anna a")
    assert "1 line lacks it and stands as it is: the first is line 1." in corpus.report.told[0]


def test_few_items_are_told_of_too(tmp_path):
    from moreish.data.build import undivided

    (tmp_path / "x.txt").write_text(lines(f"- {x}" for x in NAMES), encoding="utf-8")
    assert "without what stands round" in undivided(read(tmp_path / "x.txt")).report.notes[0]


ITEM = st.text(string.ascii_letters + "éßж中 '(-", min_size=1, max_size=12).map(str.strip).filter(str.isalpha)
ITEMS = st.lists(ITEM, min_size=LEAST, max_size=40)
WAYS = st.sampled_from(
    [
        lambda i, x: f"- {x}",
        lambda i, x: f"• {x}",
        lambda i, x: f"{i}. {x}",
        lambda i, x: f"{i}) {x}",
        lambda i, x: f'"{x}"',
        lambda i, x: f'"{x}",',
        lambda i, x: f"{x},",
        lambda i, x: f"- {i}. «{x}»;",
        lambda i, x: f"<li>{x}</li>",
        lambda i, x: f"* [{x}](https://a.b/{i}) – said of it",
        lambda i, x: f"{i}. **{x}**: said of it",
        lambda i, x: f"+ `{x}`",
    ]
)


@given(ITEMS, WAYS, st.integers(0, 1000), st.data())
def test_marks_come_off_line_for_line_however_the_text_is_cut(items, way, start, data):
    text = lines(way(i, x) for i, x in enumerate(items, start))
    marks, bare = marks_of(text.splitlines())
    assert bare == items
    cut = text.find("\n", data.draw(st.integers(0, len(text) - 1))) + 1
    unmarked = Unmarked(marks)
    assert "".join(unmarked.texts([text[:cut], text[cut:]])) == lines(items)
    assert unmarked.lacking == 0


HARD = st.sampled_from(
    [
        "(I Can't Get No) Satisfaction", "Hurt (Live)", "99 Luftballons", '"Heroes" and more', "7 Seconds", "1.2.3",
        "Mr. Smith's", "J. Smith", "2,4-dinitrophenol", "N,N-dimethylformamide", "(R)-limonene", "12 Mill Lane",
        "45a Church Road", "“Know thyself” – Socrates", "-v", "--help", "Blink 182", "AC/DC", "3M", "Wham!",
        "C# and #hash", "V for Vendetta", "U.S.A.", "x = [1]", "a) and b", "Zoë", "東京", "<3", "Anna: a life",
    ]
)  # fmt: skip
HARD_LISTS = st.lists(HARD, min_size=LEAST, max_size=26, unique=True)
ROUND = st.sampled_from(
    [
        lambda i, x: f"- {x}",
        lambda i, x: f"• {x}",
        lambda i, x: f"{i}. {x}",
        lambda i, x: f"[{i}] {x}",
        lambda i, x: f"#{i} {x}",
        lambda i, x: f"{i} – {x}",
        lambda i, x: f"{chr(0x245F + i)} {x}" if i <= 20 else f"{chr(0x323C + i)} {x}",
        lambda i, x: f"{string.ascii_lowercase[i - 1]}) {x}",
        lambda i, x: f"{string.ascii_uppercase[i - 1]}. {x}",
        lambda i, x: f"{'x' * (i // 10)}{['', 'i', 'ii', 'iii', 'iv', 'v', 'vi', 'vii', 'viii', 'ix'][i % 10]}) {x}",
        lambda i, x: f"> {x}",
        lambda i, x: f"{'🍎🍌🍇🍓🍒'[i % 5]} {x}",
        lambda i, x: f"- [ ] {x}",
    ]
)


@given(HARD_LISTS, ROUND, st.booleans(), st.booleans())
def test_whatever_the_items_are_one_mark_comes_off_and_they_stay(items, way, above, below):
    marked = [way(i, x) for i, x in enumerate(items, 1)]
    framed = ["Sure, here are your items:"] * above + marked + ["Let me know if you want more!"] * below
    bare = [item for item in marks_of(framed)[1] if item]
    assert bare == items


@given(HARD_LISTS)
def test_whatever_the_items_are_a_list_without_marks_is_no_marked_one(items):
    assert marks_of(items) == ((), items)


@given(st.lists(st.text(max_size=12), max_size=20))
def test_a_list_without_marks_comes_back_as_it_was(items):
    found, bare = marks_of(items)
    assume(not found)
    assert bare == [item.strip() for item in items]


CELL = st.text(string.ascii_letters + '|", é', max_size=8).map(str.strip)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=8))
def test_cells_of_a_markdown_row_come_back_and_lines_stay_lines(rows):
    written = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    assert [cells_of(line) for line in written] == rows
    text = lines(["| a | b |", "|---|:-:|", *written])
    assert "".join(markdown_as_csv([text])).count("\n") == len(rows) + 2


def test_a_markdown_table_is_a_table(tmp_path):
    page = lines(
        ["| name | origin |", "| :--- | ---: |", *(f"| {x} | {'ab'[i % 2]} \\| c |" for i, x in enumerate(NAMES))]
    )
    (tmp_path / "x.md").write_text(page, encoding="utf-8")
    corpus = read(tmp_path / "x.md", DataOptions(by="origin"))
    assert (list(corpus.items), corpus.kinds) == (NAMES, ("a | c", "b | c"))
    assert corpus.report.read_as == ["Markdown table, column name of 2 columns, kinds in origin, 7 rows"]
    assert set(read(tmp_path / "x.md", DataOptions(column="origin")).items) == {"a | c", "b | c"}
