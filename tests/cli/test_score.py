"""moreish score: items that are named, files of any size, lists in place of runs, and every format."""

import csv
import json
import os
import subprocess
import sys

import pytest

from tests.support.lists import made_items

ENV = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "100"}


def rows_of(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def big(folder):
    (folder / "big.txt").write_text("\n".join([*made_items(300), "k#l", "  mi  ", "", "?"]) + "\n")
    return "big.txt"


def piped(folder, *arguments, content):
    return subprocess.run(
        [sys.executable, "-m", "moreish", "score", *arguments],
        input=content, cwd=folder, capture_output=True, env=ENV, check=False,
    )  # fmt: skip


def test_a_file_becomes_a_line_an_item_and_says_how_many_there_were(moreish, big):
    code, out, err = moreish("score", "list-ngram-1", "--file", big)
    lines = [line.split("\t") for line in out.splitlines()]
    assert code == 0
    assert [line[0] for line in lines] == [*made_items(300), "k#l", "mi", "?"]
    (kalo,) = rows_of(moreish("score", "list-ngram-1", lines[7][0], "--json")[1])
    assert [float(cell) for cell in lines[7][1:]] == pytest.approx([kalo["logprob"], kalo["loss"]], abs=1e-6)
    assert lines[300] == ["k#l", "-inf", "inf", "#"]
    assert lines[302] == ["?", "-inf", "inf", "?"]
    assert err.startswith("303 items, loss ")
    assert err.endswith("; 2 with symbols that the list never has\n")


def test_several_files_and_standard_input_are_read_in_turn(folder, big):
    (folder / "two.txt").write_text("kalo\n")
    done = piped(folder, "list-ngram-1", "--file", "two.txt", "--file", "-", "-q", content=b"mi\nmo")
    assert (done.returncode, done.stderr) == (0, b"")
    assert [line.split(b"\t")[0] for line in done.stdout.splitlines()] == [b"kalo", b"mi", b"mo"]


@pytest.mark.parametrize(("format", "separator"), [("tsv", "\t"), ("csv", ",")])
def test_tables_have_a_heading_and_the_symbols_that_the_list_never_has(format, separator, moreish, big):
    _, out, _ = moreish("score", "list-ngram-1", "--file", big, "--format", format)
    rows = list(csv.DictReader(out.splitlines(), delimiter=separator))
    assert [row["item"] for row in rows] == [*made_items(300), "k#l", "mi", "?"]
    assert [row["unknown"] for row in rows[299:]] == ["", "#", "", "?"]
    assert {*map(len, rows)} == {4}
    code, named, _ = moreish("score", "list-ngram-1", rows[0]["item"], "k#l", "--format", format)
    assert (code, named.splitlines()) == (1, [out.splitlines()[i] for i in (0, 1, 301)])


def test_what_a_spreadsheet_would_run_is_made_harmless(folder):
    done = piped(folder, "list-ngram-1", "--format", "csv", content=b'=1+1\nka,"lo\n')
    rows = list(csv.DictReader(done.stdout.decode().splitlines()))
    assert [row["item"] for row in rows] == ["'=1+1", 'ka,"lo']


def test_a_tab_in_an_item_is_no_column(folder):
    done = piped(folder, "list-ngram-1", content=b"ka\tlo\n")
    assert done.stdout == b"ka\\tlo\t-inf\tinf\t\\t\n"


def test_the_json_of_a_file_is_that_of_its_items(moreish, folder):
    (folder / "three.txt").write_text("kalo\nk#\nmi\n")
    named = moreish("score", "list-ngram-1", "kalo", "k#", "mi", "--json")
    read = moreish("score", "list-ngram-1", "--file", "three.txt", "--json")
    assert named[1] == read[1]
    assert (named[0], read[0], read[2]) == (1, 0, "")


def test_runners_up_are_the_likeliest_other_symbols(moreish):
    _, out, _ = moreish("score", "list-ngram-1", "kalo", "--runners-up", 2, "--json")
    (row,) = rows_of(out)
    for at, symbol in enumerate(row["symbols"]):
        others = symbol["runners_up"]
        assert len(others) == 2
        assert others[0]["logprob"] >= others[1]["logprob"]
        for other in others:
            beginning = "kalo"[:at] + other["symbol"]
            if other["symbol"]:
                (asked,) = rows_of(moreish("score", "list-ngram-1", beginning, "--json")[1])
                assert asked["symbols"][at]["logprob"] == pytest.approx(other["logprob"], abs=1e-9)
    _, text, _ = moreish("score", "list-ngram-1", "kalo", "--runners-up", 2)
    assert text.count("  not ") == 5
    assert "not " not in moreish("score", "list-ngram-1", "kalo")[1]


def test_on_a_terminal_a_few_items_of_a_file_are_shown_symbol_by_symbol(moreish, folder, big, monkeypatch, capfd):
    from rich.console import Console

    from moreish.cli import show

    (folder / "few.txt").write_text("kalo\nmi")
    monkeypatch.setattr(show, "out", Console(force_terminal=True, width=100, highlight=False, soft_wrap=True))
    _, out, _ = moreish("score", "list-ngram-1", "--file", "few.txt")
    assert out.count("the surprise") == 2
    assert out.count("not ") == 8  # the symbols and ends of both
    _, out, _ = moreish("score", "list-ngram-1", "--file", big)
    assert len(out.splitlines()) == 303
    assert "the surprise" not in out


def test_a_list_in_place_of_a_run_is_counted_and_nothing_is_kept(moreish, folder):
    before = sorted(folder.rglob("*"))
    code, out, _ = moreish("score", "names", "emma", "qqqq", "--json")
    first, second = rows_of(out)
    assert code == 0
    assert first["loss"] < second["loss"]
    assert sorted(folder.rglob("*")) == before


def test_the_encoding_of_a_file_is_said_for_a_run_and_for_a_list(moreish, folder):
    (folder / "accents.txt").write_text("Zoë\nNoë\nChloë\n" * 2, encoding="latin-1")
    for judge in ("list-ngram-1", "accents.txt"):
        code, out, _ = moreish("score", judge, "--file", "accents.txt", "--encoding", "latin-1")
        assert code == 0
        assert [line.split("\t")[0] for line in out.splitlines()] == ["Zoë", "Noë", "Chloë"] * 2
    code, _, err = moreish("score", "list-ngram-1", "kalo", "--encoding", "latin-1")
    assert (code, "is a run" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["list-ngram-1", "kalo", "--file", "list.txt"], "not both"),
        (["-"], "cannot be read from standard input too"),
        (["list-ngram-1", "--file", "nowhere.txt"], "there is no file nowhere.txt"),
        (["list-ngram-1", "kalo", "--json", "--format", "csv"], "ask for two formats"),
        (["list-ngram-1", "kalo", "--format", "csv", "--runners-up", "2"], "has no place in a row of csv"),
        (["list-ngram-1", "kalo", "--runners-up", "-1"], "less than nothing"),
        (["list-ngram-1", "kalo", "--unit", "word"], "list-ngram-1 is a run"),
    ],
    ids=[
        "items twice",
        "input twice",
        "no file",
        "formats",
        "runners-up in a row",
        "fewer than none",
        "a run's list",
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(arguments, sentence, moreish):
    code, out, err = moreish("score", *arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert sentence in err
