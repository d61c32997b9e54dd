"""Runs that take turns: each is charged its own processor time, and neither goes on while the other does."""

import time

import pytest

from benchmarks.measure import in_turns


def busy(seconds):
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        pass


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


def test_each_is_charged_only_what_it_worked_itself():
    def work(seconds):
        def go(hand_over):
            for _ in range(4):
                busy(seconds / 4)
                hand_over()

        return go

    long, short = in_turns(work(0.2), work(0.04))
    assert long > 3 * short > 0


@pytest.mark.parametrize("which", [0, 1])
def test_a_failure_of_one_ends_the_measurement_with_its_error(which):
    def fails(hand_over):
        hand_over()
        raise RuntimeError("out of luck")

    works = [lambda hand_over: hand_over()] * 2
    works[which] = fails
    with pytest.raises(RuntimeError, match="out of luck"):
        in_turns(*works)
