"""Threads of a step: the fastest count is found and kept, and left when others are at work."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.models import build_model
from moreish.models.recurrent import RecurrentOptions
from moreish.training.crew import AGAIN_SECONDS, Crew, crew_for
from moreish.training.loop import start
from moreish.training.options import TrainOptions


def simulate(crew, cost, seconds):
    """Steps of one symbol, each as long as `cost(threads, now)`; the time that each count had."""
    now, spent = 0.0, {}
    while now < seconds:
        threads = crew.trying or crew.count
        took = cost(threads, now)
        now += took
        spent[threads] = spent.get(threads, 0.0) + took
        crew.took(took, now)
    return spent


@given(st.lists(st.floats(0.2, 5.0), min_size=4, max_size=4))
def test_the_fastest_of_neighbouring_counts_is_used_nearly_always(relative):
    costs = {1: 0.01} | {2**i: 0.01 * r for i, r in enumerate(relative, 1)}
    crew = Crew(16)
    spent = simulate(crew, lambda threads, _: costs[threads], 30)
    assert costs[crew.count] <= costs[1]
    neighbours = [c for c in (crew.count // 2, crew.count * 2) if c in costs]
    assert all(costs[crew.count] <= costs[c] / 0.8 for c in neighbours[-1:])
    assert spent[crew.count] > 0.8 * sum(spent.values())


def test_a_machine_that_becomes_busy_is_noticed_and_one_that_becomes_quiet_too():
    def cost(threads, now):
        if 5 < now < 12:
            return 0.01 if threads == 1 else 0.6
        return 0.01 / threads

    crew = Crew(2)
    spent = simulate(crew, cost, 60)
    assert crew.count == 2
    assert spent[2] > 40
    busy = Crew(2)
    spent = simulate(busy, lambda threads, _: 0.01 if threads == 1 else 1.0, 15)
    assert busy.count == 1
    assert spent[2] <= 3.0


def test_more_threads_than_there_may_be_are_never_asked_for():
    crew, asked = Crew(3), set()

    def cost(threads, _):
        asked.add(threads)
        return 0.01 / threads

    simulate(crew, cost, 3 * AGAIN_SECONDS)
    assert asked == {1, 2}


def test_a_step_runs_with_the_count_that_is_tried(monkeypatch):
    asked = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    crew = Crew(2)
    crew.trying = 2
    with crew.working(10):
        pass
    crew.trying = None
    with crew.working(10):
        pass
    assert asked == [2, 1]


def test_only_time_budgets_have_crews_and_only_where_nobody_chose():
    def crew(most=4, **options):
        state = start(build_model("gru", RecurrentOptions(), 5, 0, 1), TrainOptions(**options), 0)
        state.most_threads = most
        return crew_for(state)

    found = crew(time_budget=1.0)
    assert found is not None
    assert found.most == 4
    assert crew(steps=10) is None
    assert crew(time_budget=1.0, threads=2) is None
    assert crew(time_budget=1.0, most=1) is None
