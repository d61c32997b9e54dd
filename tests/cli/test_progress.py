"""The bar of long requests: never among the results, nowhere but on a terminal, and gone afterwards."""

import io

import pytest
from rich.console import Console

from moreish.cli import progress
from moreish.cli.progress import counted


@pytest.fixture
def terminal(monkeypatch):
    """stderr as a terminal that is read back, stdout as a pipe."""
    err = Console(file=io.StringIO(), force_terminal=True, width=100)
    monkeypatch.setattr(progress, "err", err)
    monkeypatch.setattr(progress, "out", Console(file=io.StringIO(), force_terminal=False))
    return err


def shown_on(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_all_things_come_in_their_order_with_a_bar_and_without(terminal):
    assert list(counted(range(5000), 5000, "making [b]items[/b]")) == list(range(5000))
    assert "making [b]items[/b]" in shown_on(terminal)
    assert list(counted(range(10), 10, "making")) == list(range(10))


def test_few_things_and_quiet_ones_have_no_bar(terminal):
    list(counted(range(10), 10, "making"))
    list(counted(range(5000), 5000, "making", quiet=True))
    assert shown_on(terminal) == ""


def test_where_the_things_are_shown_there_is_no_bar(terminal, monkeypatch):
    monkeypatch.setattr(progress, "out", Console(file=io.StringIO(), force_terminal=True))
    list(counted(range(5000), 5000, "making"))
    assert shown_on(terminal) == ""


def test_things_come_one_at_a_time_and_the_caller_may_stop(terminal):
    asked = []
    things = counted((asked.append(i) or i for i in range(5000)), 5000, "making")
    assert [next(things) for _ in range(3)] == [0, 1, 2]
    assert asked == [0, 1, 2]
    things.close()
    assert shown_on(terminal).endswith("\x1b[2K") or "\x1b[?25h" in shown_on(terminal)  # the cursor is back
