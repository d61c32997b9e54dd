"""Items on a terminal, in a pipe, as CSV and as JSON, whatever script they are in and whatever is hidden in them."""

import csv
import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from moreish.cli import items as items_module
from moreish.cli import show
from moreish.cli.items import WORDS, Rows, Shown, in_words, right_to_left, show_items, show_table
from moreish.inference.more import Item

TOWNS = [
    Shown("Aberwick", -12.0, "new", "Berwick", 2, 0.8),
    Shown("Berwick", -9.0, "train", "Berwick", 0, 0.95),
    Shown("Askam-in-Burness", -30.0, "new", "Askam-in-Furness", 1, 0.02),
]
SCRIPTS = ["日本橋", "한국어", "हिन्दी", "שלום", "می\u200cخواهم", "👨\u200d👩\u200d👧", "🇩🇪🇫🇷", "e\u0301clair", "ไทย"]


def page(items, columns, numbered_from=None):
    file = io.StringIO()
    console = Console(file=file, width=columns, highlight=False, markup=False, emoji=False, soft_wrap=True)
    show_table(items, console, numbered_from)
    return file.getvalue().splitlines()


def test_the_columns_of_a_wide_table_stand_under_each_other():
    heading, *rows = page(TOWNS, 80)
    assert [row[: heading.index("plausible")].strip() for row in rows] == [town.text for town in TOWNS]
    at = heading.index("nearest known")
    assert [row[at:] for row in rows] == ["2 edits from Berwick", "in the list", "1 edit from Askam-in-Furness"]
    assert [row[heading.index("plausible") :].split("  ")[0].split()[-1] for row in rows][1] == "typical"


@pytest.mark.parametrize("columns", [20, 39, 40, 41, 60, 71, 72, 100, 200])
@pytest.mark.parametrize("numbered_from", [None, 1, 998])
def test_no_line_is_wider_than_the_terminal_and_no_item_is_cut(columns, numbered_from):
    items = [*TOWNS, *(Shown(text, -9.0, "new", text * 3, 9, 0.5) for text in SCRIPTS)]
    rows = page(items, columns, numbered_from)[-len(items) :]
    for item, row in zip(items, rows, strict=True):
        assert item.text in row
        assert cell_len(row) <= max(columns, 5 * (numbered_from is not None) + cell_len(item.text))


@pytest.mark.parametrize("text", SCRIPTS)
def test_what_stands_beside_an_item_begins_at_the_same_cell_in_every_script(text):
    rows = page([Shown("Latin", -9.0, "train"), Shown(text, -9.0, "train")], 80)
    assert len({cell_len(row[: row.index("in the list")]) for row in rows}) == 1


def test_what_follows_right_to_left_text_is_kept_to_the_right_of_it():
    row = page([Shown("שלום", -9.0, "new", "שלומי", 1, 0.5)], 80)[-1]
    assert row.startswith("שלום\u200e ")
    assert row.endswith("1 edit from שלומי\u200e")
    assert right_to_left("a שלום")
    assert not any(right_to_left(text) for text in ("abc", "हिन्दी", "日本"))


def test_control_characters_are_visible_and_markup_is_text():
    row = page([Shown("a\x1b[31m\u202e[bold]\r\n", -9.0, "new", "\x07", 3, 0.5)], 100)[-1]
    assert row.startswith("a\\x1b[31m\\u202e[bold]\\x0d\\x0a ")
    assert row.endswith("3 edits from \\x07")


@given(st.text(), st.integers(20, 120))
def test_no_text_breaks_a_row(text, columns):
    rows = Rows(columns, TOWNS)
    line = rows.row(Shown(text, -9.0, "new", text, 3, 0.5)).plain
    assert all(c.isprintable() or c in show.JOINERS + items_module.AFTER_RIGHT_TO_LEFT for c in line)
    assert line.startswith(show.printable(text).rstrip())


def test_one_very_long_item_does_not_push_the_others_away():
    items = [Shown("short", -9.0, "train")] * 30 + [Shown("x" * 60, -9.0, "train")]
    rows = page(items, 100)
    assert all(row == "short         in the list" for row in rows[:-1])


def test_items_are_shown_as_they_come(monkeypatch):
    monkeypatch.setattr(items_module, "SETTLING", -1.0)  # as if the first had taken long
    file, seen = io.StringIO(), []
    console = Console(file=file, width=80)

    def slow():
        for town in TOWNS:
            seen.append(file.getvalue().count("\n"))
            yield town

    show_table(slow(), console)
    assert seen == [0, 2, 3]  # the heading and each item before


def test_what_came_before_an_error_is_shown():
    file = io.StringIO()

    def broken():
        yield TOWNS[0]
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        show_table(broken(), Console(file=file, width=80))
    assert "Aberwick" in file.getvalue()


def test_plausibility_is_said_in_words_that_rise_with_it():
    assert [in_words(share) for share in (0.0, 0.049, 0.05, 0.25, 0.7, 0.75, 1.0)] == [
        "far-fetched", "far-fetched", "unusual", "plausible", "plausible", "typical", "typical",
    ]  # fmt: skip
    assert [least for least, _ in WORDS] == sorted((least for least, _ in WORDS), reverse=True)


def test_in_a_pipe_there_are_plain_lines_only(capsys):
    assert show_items(iter(TOWNS), "text") == 3
    assert capsys.readouterr().out == "Aberwick\nBerwick\nAskam-in-Burness\n"


def test_csv_names_the_nearest_and_is_read_back_whole(capsys):
    odd = [*TOWNS, Shown('a,"b"\nc', -1.0, "new", "d,e", 3), Shown("=1+1", -1.0), Item("plain", -2.5, "val")]
    assert show_items(iter(odd), "csv") == len(odd)
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["item"] for row in rows] == [*(i.text for i in TOWNS), 'a,"b"\nc', "'=1+1", "plain"]
    assert [row["nearest"] for row in rows] == ["Berwick", "Berwick", "Askam-in-Furness", "d,e", "", ""]
    assert [row["distance"] for row in rows] == ["2", "0", "1", "3", "", ""]
    assert rows[-1] == {"item": "plain", "logprob": "-2.500000", "known": "val", "nearest": "", "distance": ""}


def test_json_has_the_same_names_whether_measured_or_not(capsys):
    show_items(iter([TOWNS[0], Item("plain", -2.5, "new")]), "json")
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {"item": "Aberwick", "logprob": -12.0, "known": "new", "nearest": "Berwick", "distance": 2}
    assert second == {"item": "plain", "logprob": -2.5, "known": "new", "nearest": None, "distance": None}


def test_a_slow_model_does_not_keep_a_pipe_waiting(monkeypatch):
    flushed = []

    class Pipe(io.StringIO):
        def flush(self):
            flushed.append(self.getvalue().count("\n"))

    monkeypatch.setattr("sys.stdout", Pipe())
    clock = iter(x / 2 for x in range(100))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    show_items(iter(TOWNS), "text")
    assert flushed == [1, 2, 3]
