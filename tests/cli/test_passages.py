"""Samples of running text are told apart."""

import pytest

from moreish.cli.passages import RULE, show_passages
from moreish.cli.show import out
from moreish.inference.more import Item

ITEMS = [Item("one\ntwo", -1.0, "new"), Item("three", -2.0, "new"), Item("four\n", -3.0, "train")]


def test_an_empty_line_parts_them_in_a_pipe(capsys):
    assert show_passages(iter(ITEMS), "text") == 3
    assert capsys.readouterr().out == "one\ntwo\n\nthree\n\nfour\n\n"


def test_a_line_parts_them_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(out, "_force_terminal", True)
    show_passages(iter(ITEMS[:2]), "text")
    first, second, rule, third = capsys.readouterr().out.splitlines()
    assert (first, second, third) == ("one", "two", "three")
    assert set(rule) == {RULE}


@pytest.mark.parametrize("format", ["csv", "json"])
def test_other_formats_need_no_line_between(format, capsys):
    assert show_passages(iter(ITEMS), format) == 3
    assert "\n\n" not in capsys.readouterr().out.replace("one\ntwo", "")
