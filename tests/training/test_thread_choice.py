"""Threads of a step: the fastest count is found and kept, and left when others are at work."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.models import build_model
from moreish.models.recurrent import RecurrentOptions
from moreish.training.loop import start
from moreish.training.options import TrainOptions
from moreish.training.thread_choice import AGAIN_SECONDS, ThreadChoice, thread_choice_for


def simulate(choice, cost, seconds):
    """Steps of one symbol, each as long as `cost(threads, now)`; the time that each count had."""
    now, spent = 0.0, {}
    while now < seconds:
        threads = choice.trying or choice.count
        took = cost(threads, now)
        now += took
        spent[threads] = spent.get(threads, 0.0) + took
        choice.took(took, now)
    return spent


@given(st.lists(st.floats(0.2, 5.0), min_size=4, max_size=4))
def test_the_fastest_of_neighbouring_counts_is_used_nearly_always(relative):
    costs = {1: 0.01} | {2**i: 0.01 * r for i, r in enumerate(relative, 1)}
    choice = ThreadChoice(16)
    spent = simulate(choice, lambda threads, _: costs[threads], 30)
    assert costs[choice.count] <= costs[1]
    neighbours = [c for c in (choice.count // 2, choice.count * 2) if c in costs]
    assert all(costs[choice.count] <= costs[c] / 0.8 for c in neighbours[-1:])
    assert spent[choice.count] > 0.8 * sum(spent.values())


def test_a_machine_that_becomes_busy_is_noticed_and_one_that_becomes_quiet_too():
    def cost(threads, now):
        if 5 < now < 12:
            return 0.01 if threads == 1 else 0.6
        return 0.01 / threads

    choice = ThreadChoice(2)
    spent = simulate(choice, cost, 60)
    assert choice.count == 2
    assert spent[2] > 40
    busy = ThreadChoice(2)
    spent = simulate(busy, lambda threads, _: 0.01 if threads == 1 else 1.0, 15)
    assert busy.count == 1
    assert spent[2] <= 3.0


def test_more_threads_than_there_may_be_are_never_asked_for():
    choice, asked = ThreadChoice(3), set()

    def cost(threads, _):
        asked.add(threads)
        return 0.01 / threads

    simulate(choice, cost, 3 * AGAIN_SECONDS)
    assert asked == {1, 2}


def test_a_step_runs_with_the_count_that_is_tried(monkeypatch):
    asked = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    choice = ThreadChoice(2)
    choice.trying = 2
    with choice.working(10):
        pass
    choice.trying = None
    with choice.working(10):
        pass
    assert asked == [2, 1]


def test_only_time_budgets_choose_threads_and_only_where_nobody_chose():
    def choice(most=4, **options):
        state = start(build_model("gru", RecurrentOptions(), 5, 0, 1), TrainOptions(**options), 0)
        state.most_threads = most
        return thread_choice_for(state)

    found = choice(time_budget=1.0)
    assert found is not None
    assert found.most == 4
    assert choice(steps=10) is None
    assert choice(time_budget=1.0, threads=2) is None
    assert choice(time_budget=1.0, most=1) is None
