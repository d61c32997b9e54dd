"""What there is time for of the trainings of a list with few items."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.background.tune import TuneOptions
from moreish.fitting.plan import Plan, Task, late, planned


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=300),
    folds=st.integers(0, 5),
    seconds=st.floats(-5, 100),
    pace=st.floats(1e-4, 1.0),
    nets=st.integers(1, 3),
    processes=st.integers(1, 4),
)
def test_a_plan_has_no_more_folds_than_there_are_and_keeps_its_time(lengths, folds, seconds, pace, nets, processes):
    items = [np.ones(n, np.int64) for n in lengths]
    options = TuneOptions.for_list(items, 0)
    plan = planned(options, items, folds, seconds, pace, nets, processes)
    assert 0 <= plan.folds <= folds
    assert 1 <= plan.passes <= options.passes
    assert (plan.folds >= 1) == (folds >= 1), "one at least is measured, where it can be"
    least = pace * rounds_of(options, items, min(folds, 1), folds, 1, processes)
    if 0 < least <= 0.85 * seconds:
        tuned = replace(options, passes=plan.passes)
        assert pace * rounds_of(tuned, items, plan.folds, folds, plan.nets, processes) <= seconds
        assert plan.passes == options.passes
    of_all = pace * rounds_of(options, items, min(folds, 1), folds, nets, processes)
    assert plan.nets == (nets if of_all <= 0.85 * seconds else 1), "all where there is time for one fold"
    for more in (
        planned(options, items, folds, seconds + 10, pace, nets, processes),
        planned(options, items, folds, seconds, pace, nets, processes + 1),
    ):
        assert (more.nets, more.folds, more.passes) >= (plan.nets, plan.folds, plan.passes), (
            "more is never used for less"
        )


def rounds_of(options, items, count, folds, nets, processes):
    """The updates that one process makes, where all keep step: folds first, the whole list last."""
    symbols = sum(len(item) + 1 for item in items)
    kept = round(symbols - symbols / folds) if folds else 0
    trainings = [kept] * (nets * count) + [symbols] * nets
    rounds = math.ceil(len(trainings) / processes)
    last = math.ceil(nets / processes)
    return (rounds - last) * options.steps(kept) + last * options.steps(symbols)


@given(st.integers(0, 5))
def test_with_time_for_everything_every_fold_is_trained_on(folds):
    items = [np.ones(9, np.int64)] * 60
    options = TuneOptions.for_list(items, 0)
    assert planned(options, items, folds, 1e9, 0.01, 2) == Plan(folds, options.passes, 2)


def test_two_processes_do_twice_as_much():
    items = [np.ones(9, np.int64)] * 60
    options = TuneOptions.for_list(items, 0)
    alone = planned(options, items, 5, 30.0, 0.1, 1)
    assert planned(options, items, 5, 30.0, 0.1, 2, processes=2) == replace(alone, nets=2)


@given(st.integers(0, 5), st.integers(1, 3))
def test_every_net_is_trained_on_every_fold_and_on_the_whole_list_last(folds, nets):
    tasks = Plan(folds, 8.0, nets).tasks(held_out=False)
    wanted = {*range(folds), None}
    assert Counter(tasks) == Counter(Task(fold, net) for fold in wanted for net in range(nets))
    assert [task.fold for task in tasks[-nets:]] == [None] * nets
    alone = Plan(1, 8.0, nets).tasks(held_out=True)
    assert alone == [Task(0, net) for net in range(nets)], "what was held out is no part of the list"


@pytest.mark.parametrize(
    ("todo", "left", "want"),
    [
        ([Task(1, 0), Task(1, 1), Task(None, 0), Task(None, 1)], 2.2, True),
        ([Task(1, 0), Task(1, 1), Task(None, 0), Task(None, 1)], 2.4, False),
        ([Task(1, 1), Task(None, 0), Task(None, 1)], 0.0, False),  # what was begun is brought to its end
        ([Task(None, 0), Task(None, 1)], 0.0, False),
    ],
)
def test_a_fold_is_left_out_that_leaves_no_time_for_the_whole_list(todo, left, want):
    """A round takes a second; one of the whole list 1.3."""
    assert late(todo, 1.0, left, processes=2) is want
