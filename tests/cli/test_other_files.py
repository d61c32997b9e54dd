"""Files beside a run's own list: what is said of reading them is about them, and is taken as it is advised."""

import json

import pytest

NAMES = ["anna", "bella", "carla", "dana", "ella", "nora", "lena", "clara", "della", "renada"]


@pytest.fixture
def run(moreish, tmp_path):
    (tmp_path / "list.txt").write_text("\n".join(NAMES), encoding="utf-8")
    assert moreish("train", tmp_path / "list.txt", "--model", "ngram", "--out", tmp_path / "run")[0] == 0
    return tmp_path / "run"


@pytest.fixture
def table(tmp_path):
    rows = "\n".join(f"{name},{name[::-1]}" for name in NAMES)
    (tmp_path / "table.csv").write_text(f"{rows}\n", encoding="utf-8")
    return tmp_path / "table.csv"


def test_the_column_of_a_list_to_keep_away_from_is_taken(moreish, run, table):
    code, _, err = moreish("more", run, "--not-in", table, "-n", "3")
    assert code == 2
    assert "--column 1" in err
    code, out, _ = moreish("more", run, "--not-in", table, "--column", "2", "-n", "20", "--format", "csv")
    assert code == 0
    assert not {line.split(",")[0] for line in out.splitlines()} & {name[::-1] for name in NAMES}
    assert moreish("more", run, "--not-in", table, "--set", "data.recognise=false", "-n", "3")[0] == 0
    code, _, err = moreish("more", run, "--not-in", table, "--set", "train.lr=1", "-n", "3")
    assert (code, "train is not about how another list is read" in err) == (2, True)


def test_without_another_list_a_run_takes_no_column(moreish, run):
    code, _, err = moreish("more", run, "--column", "one", "-n", "3")
    assert (code, "leave --column out" in err) == (2, True)


def test_a_file_to_judge_is_read_as_it_stands_where_that_is_said(moreish, run, table):
    lines = moreish("score", run, "--file", table, "--set", "data.recognise=false", "--json")[1].splitlines()
    assert [json.loads(line)["item"] for line in lines] == table.read_text(encoding="utf-8").splitlines()
    code, _, err = moreish("score", run, "--file", table, "--set", "data.lower=true")
    assert (code, "leave data.lower out" in err) == (2, True)


def test_what_is_said_of_a_list_is_taken_for_another_one_too(moreish, tmp_path, table):
    (tmp_path / "list.txt").write_text("\n".join(NAMES), encoding="utf-8")
    other = tmp_path / "other.txt"
    other.write_text("érin\nannë", encoding="latin-1")
    words = "more", tmp_path / "list.txt", "-n", "3", "--not-in"
    code, _, err = moreish(*words, other)
    assert (code, "--encoding latin-1" in err) == (2, True)
    assert moreish(*words, other, "--encoding", "latin-1")[0] == 0
    assert moreish(*words, table, "--set", "data.recognise=false")[0] == 0
    both = "more", table, "-n", "3", "--column", "1", "--not-in"
    assert moreish(*both, table)[0] == 0
    assert moreish(*both, tmp_path / "list.txt")[0] == 0, "a list of lines beside a table"
