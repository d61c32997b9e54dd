"""Kinds and weights stay beside their items, through duplicates, every split, and the run folder."""

import csv
import io
import json
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import moreish
from moreish.data import Corpus, DataOptions, read
from moreish.data.sources import Files
from moreish.data.stored import from_tensors, to_tensors
from tests.data.oracles import slow_part, small_pieces

NAMES = st.text("abcé", min_size=1, max_size=3)
KINDS = st.sampled_from(["elf", "dwarf", "hobbit"])
ROWS = st.lists(st.tuples(NAMES, KINDS, st.integers(1, 9)), min_size=1, max_size=40)
SPLITS = ("train", "val", "test")


def read_rows(folder, rows, form="csv", **options) -> Corpus:
    """A table with the columns name, kind and count, written by the standard library."""
    header = ["name", "kind", "count"]
    if form == "csv":
        page = io.StringIO(newline="")
        csv.writer(page).writerows([header, *rows])
        text = page.getvalue()
    else:
        objects = [dict(zip(header, row, strict=True)) for row in rows]
        text = json.dumps(objects) if form == "json" else "\n".join(map(json.dumps, objects))
    path = folder / f"rows.{form}"
    path.write_bytes(text.encode())
    return read(path, DataOptions(**{"by": "kind", "weight": "count"} | options))


def beside(corpus: Corpus, name) -> list[tuple[str, str, float]]:
    """(item, kind, weight) of a split, in its order."""
    split = corpus.split(name)
    kinds = split.kinds
    assert kinds is not None
    assert len(kinds) == len(split)
    weights = np.ones(len(split)) if split.weights is None else split.weights
    assert len(weights) == len(split)
    return [(split.item(i, corpus.vocab), corpus.kinds[kinds[i]], float(weights[i])) for i in range(len(split))]


@pytest.mark.slow
@given(
    ROWS, st.sampled_from(["hash", "lecture"]), st.sampled_from(["drop", "keep"]), st.sampled_from(["csv", "jsonl"])
)
@settings(max_examples=120, deadline=None)
def test_every_item_keeps_its_kind_and_weight(tmp_path_factory, rows, split, duplicates, form):
    with small_pieces(7):
        corpus = read_rows(tmp_path_factory.mktemp("k"), rows, form, split=split, duplicates=duplicates)
    found = [row for name in SPLITS for row in beside(corpus, name)]
    assert beside(corpus, "all") == found
    if duplicates == "keep":
        assert sorted(found) == sorted((name, kind, float(count)) for name, kind, count in rows)
    else:
        total: Counter[tuple[str, str]] = Counter()
        for name, kind, count in rows:
            total[name, kind] += count
        assert {(name, kind): weight for name, kind, weight in found} == total
        assert len(found) == len(total)
    order = list(dict.fromkeys(rows)) if duplicates == "keep" else list(dict.fromkeys(row[:2] for row in rows))
    assert [found[i][0] for i in corpus.places] == (
        [row[0] for row in rows] if duplicates == "keep" else [pair[0] for pair in order]
    )


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_an_item_of_two_kinds_is_kept_in_both_and_on_one_side(tmp_path_factory, rows):
    corpus = read_rows(tmp_path_factory.mktemp("k"), rows)
    sides = defaultdict(set)
    for name in SPLITS:
        for item, kind, _ in beside(corpus, name):
            sides[item].add(name)
            assert corpus.where(item, kind) == name
            assert corpus.where(item) == name
            if corpus.split("train").offsets.size > 1:
                assert name == slow_part(item, corpus.options) or not any(
                    slow_part(other, corpus.options) == "train" for other, _, _ in rows
                )
    assert all(len(where) == 1 for where in sides.values())
    kinds_of = defaultdict(set)
    for name, kind, _ in rows:
        kinds_of[name].add(kind)
    for name, kinds in kinds_of.items():
        for kind in corpus.kinds:
            assert (corpus.where(name, kind) != "new") == (kind in kinds)


@given(ROWS, st.booleans())
@settings(max_examples=40, deadline=None)
def test_they_come_back_from_a_run(tmp_path_factory, rows, undivided):
    corpus = read_rows(tmp_path_factory.mktemp("k"), rows)
    if undivided:
        corpus = moreish.data.undivided(corpus)
        assert len(corpus.split("train")) == len(corpus)
    again = from_tensors(to_tensors(corpus), corpus.vocab, corpus.options, "a run")
    assert again.kinds == corpus.kinds == tuple(sorted({row[1] for row in rows}))
    for name in (*SPLITS, "all"):
        assert beside(again, name) == beside(corpus, name)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("kinds", lambda a: a[:-1]),
        ("kinds", lambda a: a + a.dtype.type(2)),
        ("kinds", lambda a: a.astype(np.int64)),
        ("kind_names", lambda a: a[:-1]),
        ("kind_names", lambda a: a[:0]),
        ("kind_names", lambda a: np.full_like(a, 255)),
        ("weights", lambda a: a[:-1]),
        ("weights", lambda a: -a),
        ("weights", lambda a: a * np.nan),
        ("weights", lambda a: a.astype(np.int64)),
    ],
)
def test_what_is_no_kind_and_no_weight_is_refused_by_name(name, change, tmp_path):
    corpus = read_rows(tmp_path, [("ann", "elf", 2), ("bob", "dwarf", 3), ("cyd", "elf", 1)])
    tensors = to_tensors(corpus)
    tensors[name] = change(tensors[name])
    with pytest.raises(ValueError, match=r'"kinds"|"kind_names"|"weights"'):
        from_tensors(tensors, corpus.vocab, corpus.options, "a run")


def test_a_run_without_kinds_has_none():
    corpus = moreish.read(["ann", "bob", "cyd"])
    again = from_tensors(to_tensors(corpus), corpus.vocab, corpus.options, "a run")
    for each in (corpus, again):
        assert each.kinds == ()
        assert each.split("train").kinds is None
        assert each.split("all").weights is None
    with pytest.raises(ValueError, match=r'no kind "elf" in .*, and no kinds at all'):
        corpus.where("ann", "elf")


def test_each_file_is_a_kind(tmp_path):
    (tmp_path / "elves.txt").write_text("elrond\nbob\nlegolas\n")
    (tmp_path / "dwarves.csv").write_text("name,age\ngimli,3\nbob,4\nbalin,5\n")
    corpus = moreish.read(tmp_path / "elves.txt", tmp_path / "dwarves.csv", by="file")
    assert corpus.kinds == ("dwarves", "elves")
    assert sorted(row[:2] for row in beside(corpus, "all")) == [
        ("balin", "dwarves"), ("bob", "dwarves"), ("bob", "elves"), ("elrond", "elves"), ("gimli", "dwarves"),
        ("legolas", "elves"),
    ]  # fmt: skip
    assert corpus.where("gimli", "dwarves") != "new" == corpus.where("gimli", "elves")
    with pytest.raises(ValueError, match=r'no kind "dwarf" in .*; did you mean "dwarves"'):
        corpus.where("gimli", "dwarf")
    assert len(moreish.read(tmp_path / "elves.txt", tmp_path / "dwarves.csv")) == 5, "without kinds bob is one"


def test_files_of_one_name_are_kinds_by_their_whole_name(tmp_path):
    for year in ("2019", "2020"):
        (tmp_path / year).mkdir()
        (tmp_path / year / "names.txt").write_text(f"ann\nbob{year}\ncyd\n")
    corpus = moreish.read(tmp_path / "2019" / "names.txt", tmp_path / "2020" / "names.txt", by="file")
    assert corpus.kinds == (str(tmp_path / "2019" / "names.txt"), str(tmp_path / "2020" / "names.txt"))


def test_a_file_that_is_named_twice_is_refused():
    with pytest.raises(ValueError, match="standard input is named twice"):
        Files(("-", "a.txt", "-"))


def test_a_cell_without_a_kind_is_of_an_unknown_one(tmp_path):
    (tmp_path / "x.csv").write_text("name,kind\nann,elf\nbob,\ncyd,elf\ndan,\\N\n")
    corpus = moreish.read(tmp_path / "x.csv", by="kind")
    assert {row[:2] for row in beside(corpus, "all")} == {
        ("ann", "elf"), ("bob", "unknown"), ("cyd", "elf"), ("dan", "unknown"),
    }  # fmt: skip


def test_rare_kinds_are_kept_and_it_is_said(tmp_path):
    rows = "".join(f"{a}{b},elf\n" for a in "abcdef" for b in "uvwxyz")
    (tmp_path / "x.csv").write_text(f"name,kind\n{rows}zed,ent\n")
    notes = moreish.read(tmp_path / "x.csv", by="kind").report.notes
    assert any('"ent" has a single item' in note for note in notes)


def test_a_column_of_ids_is_no_column_of_kinds(tmp_path):
    (tmp_path / "x.csv").write_text("name,id\n" + "".join(f"n{i},k{i}\n" for i in range(30)))
    with pytest.raises(ValueError, match="30 different kinds"):
        moreish.read(tmp_path / "x.csv", by="id")
    with pytest.raises(ValueError, match="more than 10 different kinds"):
        moreish.read(tmp_path / "x.csv", by="id", max_kinds=10)


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("name,count\nemma,20355\nava,3\nbob,1\n", "count"),
        ('name,count\nemma,"20,355"\nava,3\nbob,1\n', "COUNT"),
        ("emma,20355\nava,3\nbob,1\n", "2"),
        ("emma,20355\nava,3\nbob,1\n", "count"),
        ("emma\t20355\nava\t3\nbob\t1\n", "2"),
        ("emma 20355\nava 3\nbob 1\n", "2"),
        ("  20355 emma\n      3 ava\n      1 bob\n", "1"),
        ("emma;20.355\nava;3\nbob;1\n", "2"),
        ("name;count\nemma;20 355\nava;3\nbob;1,0\n", "count"),
        ('{"emma": 20355, "ava": 3, "bob": 1}', "value"),
        ('[["emma", 20355], ["ava", 3], ["bob", 1]]', "2"),
    ],
)
def test_weights_in_whatever_form_they_come(text, weight, tmp_path):
    (tmp_path / "x.txt").write_text(text)
    corpus = moreish.read(tmp_path / "x.txt", weight=weight)
    split = corpus.split("all")
    assert split.weights is not None
    found = {split.item(i, corpus.vocab): split.weights[i] for i in range(len(split))}
    assert found == {"emma": 20355.0, "ava": 3.0, "bob": 1.0}
    assert corpus.report.weights is not None
    assert corpus.report.weights.total == 20359


@pytest.mark.parametrize("cell", ["-1", "<5", "nan", "inf", "1e999", "many", ""])
def test_what_is_no_weight_is_named_with_its_line(cell, tmp_path):
    (tmp_path / "x.csv").write_text(f"name,count\nann,1\nbob,{cell}\ncyd,4\n")
    with pytest.raises(ValueError, match=r'x\.csv, line 3: the weight of "bob" is'):
        moreish.read(tmp_path / "x.csv", weight="count")


def test_an_item_of_weight_0_does_not_stand_in_the_list(tmp_path):
    (tmp_path / "x.csv").write_text("name,count,kind\nann,1,a\nbob,0,b\ncyd,4,c\n")
    corpus = moreish.read(tmp_path / "x.csv", weight="count", by="kind")
    assert sorted(row[::2] for row in beside(corpus, "all")) == [("ann", 1), ("cyd", 4)]
    assert corpus.report.dropped == {"of weight 0": 1}
    assert corpus.kinds == ("a", "c")


def test_weights_that_are_all_1_are_none(tmp_path):
    (tmp_path / "x.csv").write_text("name,count\nann,1\nbob,1\n")
    assert moreish.read(tmp_path / "x.csv", weight="count").split("all").weights is None


@pytest.mark.parametrize("options", [{"by": "kind"}, {"weight": "n"}, {"column": "x"}])
def test_columns_need_a_file_that_has_them(options, tmp_path):
    with pytest.raises(ValueError, match="have no columns"):
        moreish.read(["ann", "bob"], **options)
    (tmp_path / "x.txt").write_text("ann\nbob\ncyd\n")
    with pytest.raises(ValueError, match="has no columns"):
        moreish.read(tmp_path / "x.txt", **options)
    with pytest.raises(ValueError, match="running text"):
        moreish.read(tmp_path / "x.txt", text=True, **options)
