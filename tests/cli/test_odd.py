"""moreish odd: lines, reasons and formats."""

import csv
import json

import pytest
from rich.console import Console

from moreish.cli import show
from moreish.cli.odd import _shape
from tests.support.lists import made_items


@pytest.fixture(scope="module")
def odd_list(folder):
    items = made_items(200)
    (folder / "odd.txt").write_text("\n".join([*items[:100], "", "", "ka#l", *items[100:], "mi\tlo"]) + "\n")
    return "odd.txt"


def test_the_oddest_lines_come_first_with_line_score_and_reason(moreish, odd_list):
    code, out, err = moreish("odd", odd_list, "-n", 3, "-q")
    rows = [line.split("\t") for line in out.splitlines()]
    assert (code, err, [len(row) for row in rows]) == (0, "", [4, 4, 4])
    assert ["103", "ka#l"] in [row[:2] for row in rows]
    assert ["204", "mi\\tlo"] in [row[:2] for row in rows]
    assert 'no other item has "#"' in [row[3] for row in rows]
    scores = [float(row[2]) for row in rows]
    assert scores == sorted(scores, reverse=True)


def test_tables_and_json_say_the_same(moreish, odd_list):
    rows = {f: moreish("odd", odd_list, "-n", 5, "--format", f)[1] for f in ("csv", "tsv", "json")}
    found = [json.loads(line) for line in rows["json"].splitlines()]
    for format, separator in (("csv", ","), ("tsv", "\t")):
        read = list(csv.DictReader(rows[format].splitlines(), delimiter=separator))
        assert [(int(row["line"]), float(row["score"]), row["why"]) for row in read] == [
            (each["line"], pytest.approx(each["score"], abs=1e-3), each["says"].replace("\t", "\\t"))
            for each in found
        ]
    marked = next(each for each in found if each["line"] == 103)
    assert (marked["item"], marked["why"], marked["strange"]) == ("ka#l", "symbol", ["#"])
    assert [symbol["symbol"] for symbol in marked["symbols"]] == [*"ka#l", ""]
    assert moreish("odd", odd_list, "-n", 5, "--json")[1] == rows["json"]


def test_on_a_terminal_the_symbols_that_surprise_are_marked(moreish, odd_list, monkeypatch):
    console = Console(force_terminal=True, width=100, highlight=False, markup=False, soft_wrap=True)
    monkeypatch.setattr(show, "out", console)
    _, out, _ = moreish("odd", odd_list, "-n", 3)
    (line,) = (line for line in out.splitlines() if 'no other item has "#"' in line)
    assert "\x1b[1;33m#" in line
    assert "\x1b[1;33mk" not in line
    assert "\\x09" in out  # a tab moves no cursor


def test_nothing_is_written_and_standard_input_is_a_list(moreish, folder, monkeypatch, odd_list):
    import io
    import sys

    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    content = (folder / odd_list).read_bytes().replace(b"\n\n", b"\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    _, piped, _ = moreish("odd", "-", "-n", 3, "--json")
    _, named, _ = moreish("odd", odd_list, "-n", 3, "--json")
    assert [json.loads(line)["item"] for line in piped.splitlines()] == [
        json.loads(line)["item"] for line in named.splitlines()
    ]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.txt"], "there is no file nowhere.txt"),
        (["short.txt"], "takes at least 10 items, and here are 2"),
        (["list.txt", "--text"], "a running text has no items to compare"),
        (["list.txt", "--json", "--format", "csv"], "ask for two formats"),
        (["list.txt", "-n", "-1"], "less than nothing"),
    ],
    ids=["no file", "too short", "a text", "formats", "fewer than none"],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(arguments, sentence, moreish, folder):
    (folder / "short.txt").write_text("kalo\nmi\n")
    code, out, err = moreish("odd", *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert sentence in err


SPACED = "the space", "a letter"


def reasons(moreish, folder, items):
    (folder / "shapes.txt").write_text("\n".join(items) + "\n", encoding="utf-8")
    rows = moreish("odd", "shapes.txt", "-n", 8, "--format", "tsv", "-q")[1].splitlines()
    return {item: why for _, item, _, why in (row.split("\t") for row in rows)}


def test_of_a_script_without_capitals_no_capitals_are_told(moreish, folder):
    first, second = "김이박최정강조윤", "민서도하지우예준시연"
    names = [a + b + c for a in first for b in second for c in second if b != c]
    found = reasons(moreish, folder, [*names[:300], "김민 서", "이 도하", *names[300:320], "김 민", "도우 연"])
    told = {why for why in found.values() if "as hardly another" in why}
    assert told
    assert not [why for why in found.values() if "capital" in why]
    assert told <= {f"{a} after {b}, as hardly another has" for a, b in (SPACED, SPACED[::-1])}


SHAPES = {
    ("Cley next", 5): "a small letter after the space, as hardly another has",
    ("4ever", 0): "begins with a digit, as hardly another does",
    ("Bo!", 3): 'ends in "!", as hardly another does',
    ("d'Arc", 2): 'a capital after "\'", as hardly another has',
    ("한국", None): "its kinds of symbols follow one another as hardly another's do",
}


@pytest.mark.parametrize(("item", "met"), SHAPES)
def test_a_shape_is_told_by_what_meets_where(item, met):
    assert _shape(list(item), met) == SHAPES[item, met]
