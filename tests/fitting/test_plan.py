"""What there is time for of the trainings of a list with few items."""

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.background.tune import TuneOptions, passes_for
from moreish.fitting.plan import FEWEST_PASSES, Plan, Sizes, Task, Trainings, late


@st.composite
def sizes(draw) -> Sizes:
    """Of lists with five folds, two of five, none, and with items that were set aside."""
    whole, folds = draw(st.integers(2, 20_000)), draw(st.sampled_from([0, 1, 2, 5]))
    return Sizes(whole, whole if folds < 2 else max(1, 4 * whole // 5), folds)


@given(sizes(), st.floats(-5, 100), st.floats(1e-4, 1.0), st.integers(1, 3), st.integers(1, 4))
def test_a_plan_keeps_its_time_and_more_is_never_used_for_less(sizes, seconds, pace, nets, processes):
    options = replace(TuneOptions(), passes=passes_for(sizes.whole))
    plan = Trainings(options, sizes, pace, nets, processes).planned(seconds)
    assert 0 <= plan.folds <= sizes.folds
    assert (plan.folds >= 1) == (sizes.folds >= 1), "one at least is measured, where it can be"
    assert plan.tasks, "something is trained"
    assert 1 <= plan.passes <= options.passes
    if plan.passes > 1:
        tuned = replace(options, passes=plan.passes)
        assert pace * (updates(tuned, sizes, plan, processes) - 4 * len(plan.tasks)) <= 0.85 * max(seconds, 0) + 1e-9
    if plan.passes < options.passes:
        assert plan.folds <= 1
        assert plan.nets == 1 or plan.passes >= options.passes * FEWEST_PASSES
    for more in (
        Trainings(options, sizes, pace, nets, processes).planned(seconds + 10),
        Trainings(options, sizes, pace, nets, processes + 1).planned(seconds),
    ):
        better = (more.nets, more.passes, more.folds, more.whole) >= (plan.nets, plan.passes, plan.folds, plan.whole)
        assert better or more.nets > plan.nets


def updates(options, sizes, plan, processes):
    """Those that one process makes, where all keep step: folds first, the whole list last."""
    trainings = [sizes.kept] * (plan.nets * plan.folds) + [sizes.whole] * (plan.nets * plan.whole)
    rounds = math.ceil(len(trainings) / processes)
    last = math.ceil(plan.nets / processes) if plan.whole else 0
    return (rounds - last) * options.steps(sizes.kept) + last * options.steps(sizes.whole)


@pytest.mark.parametrize("folds", [0, 2, 5])
def test_with_time_for_everything_every_fold_is_trained_on(folds):
    options = TuneOptions()
    assert Trainings(options, Sizes(600, 480, folds), 0.01, 2).planned(1e9) == Plan(folds, options.passes, 2)


def test_items_that_were_set_aside_are_no_part_of_the_list():
    plan = Trainings(TuneOptions(), Sizes(600, 600, 1), 0.01, 2).planned(1e9)
    assert plan.tasks == [Task(0, 0), Task(0, 1)]


def test_two_processes_do_twice_as_much():
    alone = Trainings(TuneOptions(), Sizes(600, 480, 5), 0.1).planned(30.0)
    assert Trainings(TuneOptions(), Sizes(600, 480, 5), 0.1, 2, processes=2).planned(30.0) == replace(alone, nets=2)


def test_where_the_time_is_short_the_nets_of_a_fold_are_kept_and_then_one_with_fewer_passes():
    options, sizes = TuneOptions(passes=10.0), Sizes(3840, 3072, 2)  # 80 updates for a fold, 100 for the whole list
    found = [Trainings(options, sizes, 1.0, 2).planned(updates / 0.85) for updates in (361, 359, 161, 81, 79, 20)]
    assert found == [
        Plan(1, 10.0, 2),
        Plan(1, 10.0, 2, whole=False),
        Plan(1, 10.0, 2, whole=False),
        Plan(1, pytest.approx(10 * 81 / 160), 2, whole=False),
        Plan(1, pytest.approx(10 * 79 / 80), 1, whole=False),
        Plan(1, pytest.approx(2.5), 1, whole=False),
    ]


@given(st.integers(0, 5), st.integers(1, 3))
def test_every_net_is_trained_on_every_fold_and_on_the_whole_list_last(folds, nets):
    tasks = Plan(folds, 8.0, nets).tasks
    wanted = {*range(folds), None}
    assert Counter(tasks) == Counter(Task(fold, net) for fold in wanted for net in range(nets))
    assert [task.fold for task in tasks[-nets:]] == [None] * nets
    assert Plan(1, 8.0, nets, whole=False).tasks == [Task(0, net) for net in range(nets)]


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


@given(sizes(), st.floats(0, 100), st.floats(1e-4, 1.0), st.integers(1, 3), st.integers(1, 4))
def test_what_there_was_no_time_for_is_told_and_with_the_budget_that_is_named_there_is(
    sizes, seconds, pace, nets, processes
):
    trainings = Trainings(replace(TuneOptions(), passes=passes_for(sizes.whole)), sizes, pace, nets, processes)
    plan = trainings.planned(seconds)
    share = trainings.share(plan.tasks, plan.passes)
    assert 0 < share <= 1
    assert trainings.share(trainings.all.tasks, trainings.all.passes) == 1
    if plan == trainings.all:
        assert share == 1
    before = 2.5
    assert trainings.planned(trainings.budget(before) - before + 1e-6) == trainings.all
