"""YAML: texts and records come back, lists that look alike stay, what is not read is said with its line."""

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from moreish.data import DataOptions, read
from moreish.data.faults import NotRead
from moreish.data.yaml import recognised
from moreish.data.yaml_parser import parsed

TREES = ["Amber: red", "Birch's", "No", "Douglas fir", "Elm"]

FILES = {
    "texts": (
        "x.yaml",
        "---\n# trees\n- \"Amber: red\"\n- 'Birch''s'\n- No # not false\n\n- Douglas fir\n- \"El\\x6d\"\n...\n",
        {},
        TREES,
    ),
    "one key": (
        "x.yml",
        "title: Trees\ntrees:\n  - 'Amber: red'\n  - Birch's\n  - No\n  - Douglas\n    fir\n  - Elm\n",
        {},
        TREES,
    ),
    "a key with dashes as far left, line ends of Windows": (
        "x.yml",
        '\ufefftrees:\r\n- "Amber: red"\r\n- Birch\'s\r\n- No\r\n- Douglas fir\r\n- Elm\r\n',
        {},
        TREES,
    ),
    "records": (
        "x.txt",
        "".join(f"- name: {json.dumps(x)}\n  n: {i}\n  of: [a, 'b']\n" for i, x in enumerate(TREES)),
        {"column": "name"},
        TREES,
    ),
    "records in brackets": (
        "x.txt",
        "".join(f'- {{n: {i}, "name": "{x}"}}\n' for i, x in enumerate(TREES)),
        {},
        TREES,
    ),
    "dashes alone and blocks of text": (
        "x.txt",
        "".join(f"-\n  about: |\n    # long\n\n    text\n  name: >-\n    {x}\n  n:\n" for x in TREES),
        {"column": "name"},
        TREES,
    ),
    "a document each": ("x.yaml", "---\n".join(f'name: "{x}"\nn: 1\n' for x in TREES), {}, TREES),
    "a bracket that closes at the margin": (
        "x.yml",
        "on: x\ntrees: [  # all\n\"Amber: red\",\n  # more\n  Birch's, No,\n\n  Douglas\n  fir, 'Elm'\n]\nn: [1]\n",
        {"column": "trees"},
        TREES,
    ),
    "brackets alone": (
        "x.yaml",
        "# all\n[\n  'Amber: red', Birch's,\n  No, Douglas fir,\n  Elm,\n]  # end\n",
        {},
        TREES,
    ),
    "records in brackets at the margin": (
        "x.yaml",
        "[\n" + "".join(f'{{"name":"{x}",\n"of": [a, {{b: c}}, d: e,]}},\n' for x in TREES) + "]\n",
        {},
        TREES,
    ),
    "a document of nothing before them": (
        "x.yaml",
        "---\n...\n---\n" + "".join(f'- "{x}"\n' for x in TREES),
        {},
        TREES,
    ),
    "settings before them": ("x.yaml", "---\ntitle: x\n---\n" + "".join(f'- "{x}"\n' for x in TREES), {}, TREES),
}


@pytest.mark.parametrize("kind", FILES)
def test_yaml_is_read_as_a_table_of_records(tmp_path, kind):
    name, text, options, items = FILES[kind]
    (tmp_path / name).write_bytes(text.encode())
    corpus = read(tmp_path / name, DataOptions(**options))
    assert list(corpus.items) == items
    assert corpus.report.read_as[0].startswith("YAML")


def test_kinds_and_weights_stand_beside_the_items(tmp_path):
    (tmp_path / "x.yaml").write_text("- {name: Ann, of: a, n: 3}\n- name: Bob\n  n: 1.5\n  of: b\n", encoding="utf-8")
    corpus = read(tmp_path / "x.yaml", DataOptions(by="of", weight="n"))
    whole = corpus.split("all")
    assert whole.weights is not None
    assert {whole.item(i, corpus.vocab): float(whole.weights[i]) for i in range(2)} == {"Ann": 3, "Bob": 1.5}
    assert list(corpus.kinds) == ["a", "b"]


NOT_READ = {
    "an alias of nothing": ("- name: Ann\n  n: 1\n- name: *a\n  n: 2\n", r"line 3: .*has \*a, and nothing above"),
    "an alias of a record": ("- &a\n  name: Ann\n- *a\n", r"line 3: .*\*a for a list or a record"),
    "an alias of a list in brackets": ("names: &a [x, y]\nn: [*a]\n", r"line 2: .*\*a for a list or a record"),
    "an alias of another document": ("---\nname: &a Ann\n---\nname: *a\n", "line 4: .*nothing above"),
    "no record to put in": ("a: &a [x]\nb:\n  <<: *a\n", "line 3: .*no record of texts"),
    "an anchor before a key": ("- &a name: Ann\n  n: 1\n", "line 1: .*marks no more"),
    "a tag": ("- name: !x Ann\n  n: 1\n", "line 1: .*a tag"),
    "a key without anything": ("names:\n# none yet\n", "holds no items: it is YAML, and empty"),
    "a key of nothing": ("names: ~\n", "holds no items: it is YAML, and empty"),
    "a stray line": ("- name: Ann\n  n: 1\nstray\n- name: Bob\n", "line 3: .*does not belong"),
    "a quote without an end": ("- name: Ann\n  n: 1\n- name: \"Bob\n- name: Cleo\n", "line 3: .*opens a quote"),
    "text behind quotes": ("- name: 'Ann's'\n- name: Bob\n", "line 1: .*behind the end of its quotes"),
    "a colon in a value": ("- name: Alien: Romulus\n  n: 1\n", "line 1: .*needs quotes"),
    "a tab": ("- name: Ann\n\tn: 1\n", "line 2: .*tab"),
    "a key twice": ("- name: Ann\n  name: Bob\n", "line 2: .*twice"),
    "a bracket without an end before more": ("trees: [a, b\n- c\n", "line 1: .*bracket"),
    "a quote without an end in brackets": ("of:\n  [a, 'b]\nn: 1\n", "line 2: .*quote"),
    "a bracket without an end": ("- name: Ann\n  of: [a, b\n- name: Bob\n", "line 2: .*bracket"),
    "a deeper line": ("- name: 'Ann'\n    n: 1\n", "line 2: .*further"),
    "nothing": ("trees: []\n", "holds no items"),
    "two lists": ("a: [x, y]\nb: [z]\n", r"is a YAML mapping with several lists: a \(2\), b \(1\)"),
    "an escape that there is not": ('- name: "C:\\Users"\n  n: 1\n', "line 1: .*does not know"),
    "nested too deep": ("- " * 50 + "Ann\n", "line 1: .*nested too deep"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOT_READ)
def test_what_is_not_read_is_one_sentence_with_its_line(tmp_path, kind):
    text, why = NOT_READ[kind]
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=why) as refused:
        read(tmp_path / "x.yaml")
    assert str(refused.value).count("\n") == 0


ALIASES = {
    "texts": ("- &x Anna\n- Bella\n- *x # again\n- !!str No\n", ["Anna", "Bella", "Anna", "No"]),
    "in brackets": ("[&x Anna, &y 'Bella', *x , *y]\n", ["Anna", "Bella", "Anna", "Bella"]),
    "texts below": ("- &x\n  Anna\n- &y |\n  Bella\n- *x\n- *y\n", ["Anna", "Bella", "Anna", "Bella"]),
    "records": ("- &a\n  b: Anna\n  n: 1\n- <<: *a\n  b: B\n", [{"b": "Anna", "n": "1"}, {"b": "B", "n": "1"}]),
    "marked again": ("- &a Anna\n- *a\n- &a Bella\n- *a\n", ["Anna", "Anna", "Bella", "Bella"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", ALIASES)
def test_an_alias_is_the_text_that_was_marked(kind):
    text, meant = ALIASES[kind]
    assert parsed(text.split("\n")) == meant


def test_records_that_grow_by_each_other_end_at_a_limit():
    entries = "".join(f"  k{i}: x\n" for i in range(2000))
    text = f"a: &a\n{entries}" + "".join(f"b{i}:\n  <<: *a\n" for i in range(600))
    with pytest.raises(NotRead, match="more records than are read"):
        parsed(text.split("\n"))


def test_a_json_object_of_one_key_without_a_value_is_empty(tmp_path):
    (tmp_path / "x.json").write_text('{"names": null}', encoding="utf-8")
    with pytest.raises(ValueError, match="holds no items: it is JSON, and empty"):
        read(tmp_path / "x.json")


def test_records_that_go_wrong_late_are_refused_whatever_the_file_is_called(tmp_path):
    good = "".join(f"- name: Ann {i}\n  n: {i}\n" for i in range(2000))
    for bad, line in ((f"{good}- name: 'Bob\n", "4,001"), (f"{good[:200]}stray\n{good[200:]}", "[12][0-9]")):
        (tmp_path / "x.txt").write_text(bad, encoding="utf-8")
        with pytest.raises(ValueError, match=f"line {line}: is read as YAML"):
            read(tmp_path / "x.txt")
    (tmp_path / "x.yaml").write_text(f"{good}- Bob\n", encoding="utf-8")
    with pytest.raises(ValueError, match="row 2,001: is a text among records"):
        read(tmp_path / "x.yaml")


def test_what_double_quotes_escape_is_what_yaml_has():
    said = r'"\0\a\b\t\n\v\f\r\e\ \"\/\\\N\_\L\P\x41\u00e9\U0001F600\ud83d\ude00"'
    meant = '\0\a\b\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029Aé😀😀'
    assert parsed([f"- {said}", f"- [{said}]", f"- {said}: x"]) == [meant, [meant], {meant: "x"}]


LONG = 60_000
LONG_FILES = {
    "brackets over many lines": ("names: [\n" + "".join(f"  n{i},\n" for i in range(LONG)) + "]\n", LONG),
    "brackets on a long line": ("names: [" + "".join(f'"n{i}", c{i},' for i in range(LONG)) + "]\n", 2 * LONG),
    "brackets without an end": ("names: [\n" + "".join(f"  n{i},\n" for i in range(LONG)), "opens a bracket"),
    "a quote without an end": ('- "' + "".join(f"n{i}\n  " for i in range(LONG)), "opens a quote"),
    "a text over many lines": ("- x\n- a\n" + "".join(f"  n{i}\n" for i in range(LONG)), 2),
    "blanks in a key": (f"- a{' ' * 4 * LONG}b\n- c{' ' * 4 * LONG}: d\n  e: f\n", "a text among records"),
    "a long word": (f"- {'a' * 4 * LONG}\n- c\n", 2),
}  # fmt: skip


@pytest.mark.parametrize("kind", LONG_FILES)
def test_long_brackets_quotes_and_lines_are_read_in_one_go(tmp_path, kind):
    """Each took minutes to hours when what was read was looked at again for every line."""
    text, found = LONG_FILES[kind]
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    options = DataOptions(max_length=10**7)
    if isinstance(found, int):
        assert len(read(tmp_path / "x.yaml", options)) == found
    else:
        with pytest.raises(ValueError, match=found):
            read(tmp_path / "x.yaml", options)


NO_YAML = {
    "titles with colons": ["Alien: Romulus", "Dune: Part Two", "Joker: Folie", "Mission: Impossible", "Rogue: One"],
    "bullets before such": ["- Alien: Romulus", "- Dune: Part Two", "- Heat", "- Ran", "- Joker: Folie"],
    "bullets before only such": ["- Alien: Romulus", "- Dune: Part", "- Joker: Folie", "- Rogue: One", "- X: Y"],
    "prose": ["It begins.", "- name: x", "It goes on.", "- name: y", "It ends."],
    "what is said": ["Ann: Hello", "Bob: Hi", "Ann: Bye", "Bob: Bye", "Ann: So long"],
    "a heading": ["trees:", "Amber", "Birch", "Cedar", "Elm"],
    "quantities": ["Salt: 2 g", "Pepper: 1 g", "Flour: 300 g", "Milk: 1 l", "Sugar: 20 g"],
    "bullets": ["- Ann", "- Bob", "- Cleo", "- Dora", "- Emma"],
}


@pytest.mark.parametrize("kind", NO_YAML)
def test_a_list_that_looks_alike_is_none(kind):
    assert recognised("\n".join(NO_YAML[kind]) + "\n", True, ".txt") is None


def test_titles_of_which_some_have_colons_are_no_records_in_a_file_of_any_name(tmp_path):
    (tmp_path / "x.yaml").write_text("\n".join(NO_YAML["bullets before such"]) + "\n", encoding="utf-8")
    assert "Alien: Romulus" in list(read(tmp_path / "x.yaml").items)


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12).filter(
    lambda text: "\ufeff" not in text
)
KEYS = st.lists(st.from_regex(r"\A[a-z][a-z0-9_ -]{0,6}[a-z]\Z"), min_size=1, max_size=4, unique=True)


def plain(text: str) -> str:
    """Without quotes where letters alone allow it."""
    return (
        text if text.replace(" ", "").isalpha() and text == text.strip() and text.lower() != "null" else quoted(text)
    )


def quoted(text: str) -> str:
    """In single quotes."""
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.data(), KEYS, st.sampled_from([json.dumps, quoted, plain]), st.sampled_from(["", "  "]), st.booleans())
def test_records_that_are_written_come_back(data, keys, write, indent, compact):
    rows = data.draw(st.lists(st.tuples(*(TEXTS for _ in keys)), min_size=1, max_size=8))
    records = [dict(zip(keys, row, strict=True)) for row in rows]
    lines = ["all:"] if indent else []
    for record in records:
        entries = [f"{key}: {write(value)}" for key, value in record.items()]
        lines += [f"{indent}- {entries[0]}"] if compact else [f"{indent}-", f"{indent}  {entries[0]}"]
        lines += [f"{indent}  {entry}" for entry in entries[1:]]
    assert parsed(lines) == ({"all": records} if indent else records)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS | st.text("ab:#'\"-[]{},\n ", max_size=60), min_size=1, max_size=8), st.integers(20, 90))
def test_what_a_yaml_writer_writes_comes_back(texts, width):
    yaml = pytest.importorskip("yaml")
    assume(all(text.isprintable() or "\n" in text for text in texts))
    records = [{"name": text, "n": str(i)} for i, text in enumerate(texts)]
    for value in (texts, records, {"all": texts}):
        for style in ('"', "'", None):
            written = yaml.safe_dump(value, allow_unicode=True, width=width, default_style=style, sort_keys=False)
            if "|" not in written and ">" not in written and "? " not in written:
                assert parsed(written.split("\n")) == value, written


@given(st.text("ab:-#'\"[]{},|>&\n ", max_size=80))
def test_any_text_is_read_or_refused(text):
    lines = [0]
    try:
        parsed(text.split("\n"))
    except NotRead as fault:
        lines.append(fault.line)
    assert 0 <= max(lines) <= text.count("\n") + 2


TITLES = """# seen
- Alien: Covenant
- Blade Runner
- Mad Max: Fury Road # best
- "Rocky"
- ~
- 'D''Arcy'
"""


@pytest.mark.parametrize("more", [0, 300, 1500], ids=str)
@pytest.mark.parametrize("begin", ["", "films:\n"])
def test_a_colon_makes_a_title_no_record_and_leaves_the_others_as_they_are(tmp_path, more, begin):
    others = "".join(f"- film {n} # c\n" for n in range(more))
    (tmp_path / "x.yaml").write_text(begin + others + TITLES, encoding="utf-8")
    items = list(read(tmp_path / "x.yaml").items)
    assert items[more:] == ["Alien: Covenant", "Blade Runner", "Mad Max: Fury Road", "Rocky", "D'Arcy"]
    assert items[:more] == [f"film {n}" for n in range(more)]
