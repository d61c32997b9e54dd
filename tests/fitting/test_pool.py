"""Tasks in other processes, which die, fail and are not to be had."""

import operator
import os
from collections.abc import Callable
from typing import Any

import pytest

from moreish.errors import Unmet
from moreish.fitting import channel
from moreish.fitting.pool import Helpers, in_processes


def begun(helpers: Helpers, function: Callable[[Any], Any], task: object) -> int:
    """The number of a task that one of them is to do."""
    number = helpers.begin(function, task)
    assert number is not None
    return number


def test_helpers_do_tasks_side_by_side_and_are_gone_at_the_end():
    with Helpers(2) as helpers:
        assert len(helpers) == 2
        numbers = [begun(helpers, operator.neg, number) for number in (3, 4)]
        assert helpers.begin(operator.neg, 5) is None, "both are busy"
        assert [helpers.result(number) for number in numbers] == [-3, -4]
        assert helpers.result(begun(helpers, operator.neg, 6)) == -6
        processes = list(helpers._children.values())
    assert [process.poll() is None for process in processes] == [False, False]
    assert len(helpers) == 0


@pytest.mark.parametrize(("function", "task"), [(operator.neg, "text"), (float, "no number"), (os._exit, 3)])
def test_a_helper_that_fails_gives_nothing_and_is_not_asked_again(function, task):
    with Helpers(1) as helpers:
        assert helpers.result(begun(helpers, function, task)) is None
        assert len(helpers) == 0
        assert helpers.begin(operator.neg, 1) is None


def test_the_others_help_where_one_was_killed():
    with Helpers(2) as helpers:
        first = next(iter(helpers._children.values()))
        first.kill()
        first.wait()
        numbers = [helpers.begin(operator.neg, number) for number in (1, 2)]
        results = [helpers.result(number) for number in numbers if number is not None]
        assert -1 in results or -2 in results
        assert len(helpers) == 1


def test_where_the_system_starts_no_process_there_are_no_helpers(monkeypatch):
    def refused(*_):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(channel, "start", refused)
    with Helpers(3) as helpers:
        assert len(helpers) == 0
        assert helpers.begin(operator.neg, 1) is None


def test_helpers_end_with_an_error_of_their_owner():
    processes = []

    def interrupted():
        with Helpers(1) as helpers:
            processes.extend(helpers._children.values())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [process.poll() is None for process in processes] == [False]


def test_results_come_in_the_order_of_the_tasks():
    assert [*in_processes(2)(operator.neg, range(7))] == [-n for n in range(7)]


def test_a_task_that_ends_its_process_is_told():
    results = in_processes(2)(os._exit, [3, 3])
    with pytest.raises(Unmet, match="ended before it was done"):
        next(results)
