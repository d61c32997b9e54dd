"""Runs that take turns: each is charged its own processor time, and neither goes on while the other does."""

import threading

import pytest

from benchmarks.measure import in_turns


class Processor(threading.local):
    """A clock that each thread sets forward by what it works."""

    worked = 0.0


def test_turns_alternate_until_one_is_done_and_the_other_goes_on_alone():
    order = []

    def work(name, times):
        def go(hand_over):
            for _ in range(times):
                order.append(name)
                hand_over()

        return go

    in_turns(work("a", 5), work("b", 2))
    assert "".join(order) == "ababaaa"
    order.clear()
    in_turns(work("a", 1), work("b", 3))
    assert "".join(order) == "abbb"


def test_each_is_charged_only_what_it_worked_itself(monkeypatch):
    processor = Processor()
    monkeypatch.setattr("benchmarks.measure.time.thread_time", lambda: processor.worked)

    def work(seconds):
        def go(hand_over):
            for _ in range(4):
                processor.worked += seconds / 4
                hand_over()

        return go

    assert in_turns(work(2.0), work(0.5)) == (2.0, 0.5)


@pytest.mark.parametrize("which", [0, 1])
def test_a_failure_of_one_ends_the_measurement_with_its_error(which):
    def fails(hand_over):
        hand_over()
        raise RuntimeError("out of luck")

    works = [lambda hand_over: hand_over()] * 2
    works[which] = fails
    with pytest.raises(RuntimeError, match="out of luck"):
        in_turns(*works)
