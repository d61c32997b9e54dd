"""Several lists in one JSON or YAML value: one is named, or all are read and the key of each is a kind."""

import json

import pytest

from moreish.data import DataOptions, read

pytestmark = pytest.mark.usefixtures("said_in_a_terminal")

ELVES, DWARVES = ["Aegnor", "Beleg", "Cirdan", "Daeron"], ["Gimli", "Thorin", "Balin", "Dwalin"]
BOTH = {"elves": ELVES, "dwarves": DWARVES}
MORE = {
    "villains": [{"name": "Ann", "power": "x"}, {"name": "Bob", "power": "y"}, {"name": "Cy", "power": "z"}],
    "heroes": [{"name": "Dee"}, {"name": "Eve"}],
}
FORMS = pytest.mark.parametrize("suffix", [".json", ".yaml"])


def as_yaml(value):
    """Block lists of texts or of records, below their keys."""
    lines = []
    for key, rows in value.items():
        lines.append(f"{key}:")
        for row in rows:
            cells = [f"{k}: {v}" for k, v in row.items()] if isinstance(row, dict) else [row]
            lines += [f"  {'- ' if not n else '  '}{cell}" for n, cell in enumerate(cells)]
    return "\n".join(lines) + "\n"


def read_as(folder, value, suffix, **options):
    (folder / f"x{suffix}").write_text(json.dumps(value) if suffix == ".json" else as_yaml(value), encoding="utf-8")
    return read(folder / f"x{suffix}", DataOptions(**options))


@FORMS
@pytest.mark.parametrize("column", ["name", None])
def test_a_column_of_several_lists_is_not_taken_from_the_first(column, suffix, tmp_path):
    with pytest.raises(ValueError, match=r"several (arrays|lists): villains \(3\), heroes \(2\).* villains\.name"):
        read_as(tmp_path, MORE, suffix, column=column)
    assert list(read_as(tmp_path, MORE, suffix, column="villains.name")) == ["Ann", "Bob", "Cy"]
    assert list(read_as(tmp_path, MORE, suffix, column="heroes.name")) == ["Dee", "Eve"]
    assert list(read_as(tmp_path, MORE, suffix, column="power")) == ["x", "y", "z"]


@FORMS
@pytest.mark.parametrize("value", [BOTH, {**BOTH, "dwarves": DWARVES[:3]}])
def test_lists_of_several_kinds_are_all_read_by_key(value, suffix, tmp_path):
    with pytest.raises(ValueError, match=r"--column elves.*or --by key, if the key of each (array|list) is a kind"):
        read_as(tmp_path, value, suffix)
    corpus = read_as(tmp_path, value, suffix, by="key")
    assert list(corpus) == [*value["elves"], *value["dwarves"]]
    assert {kind: count.items for kind, count in corpus.report.kinds.items()} == {
        "elves": 4,
        "dwarves": len(value["dwarves"]),
    }
    assert list(read_as(tmp_path, value, suffix, column="elves")) == ELVES


@FORMS
def test_lists_of_records_are_all_read_by_key(suffix, tmp_path):
    corpus = read_as(tmp_path, MORE, suffix, by="key")
    assert list(corpus) == ["Ann", "Bob", "Cy", "Dee", "Eve"]
    assert corpus.kinds == ("heroes", "villains")


@FORMS
def test_a_column_that_is_called_key_is_meant_where_there_is_one(suffix, tmp_path):
    value = {"key": ["a", "b", "a", "b"], "name": ELVES}
    corpus = read_as(tmp_path, value, suffix, by="key", column="name")
    assert list(corpus) == ELVES
    assert corpus.kinds == ("a", "b")


def test_columns_of_which_not_all_are_texts_are_no_kinds(tmp_path):
    value = {"first": ELVES, "last": DWARVES, "age": [1, 2, 3, 4]}
    with pytest.raises(ValueError, match=r"--column first \(or --set data\.recognise=false"):
        read_as(tmp_path, value, ".json")
