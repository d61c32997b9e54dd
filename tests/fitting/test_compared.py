"""Which blend is kept after training on, and what is said of the others."""

import math

import numpy as np
import pytest

from moreish.background.choosing import ByItem, Choice, Measured, Name
from moreish.fitting.few import compared


def measured(loss: float, items: int, temperature: float = 1.0, shifts: float = 0.1) -> Measured:
    """Items of five symbols, around this loss by turns."""
    nats = (loss + shifts * np.resize([1.0, -1.0], items)) * 5
    return Measured.of(ByItem(nats, np.full(items, 5)), temperature)


WHOLE: dict[Name, Measured] = {"counted": measured(3.0, 40), "read": measured(2.0, 40, temperature=0.9)}


def again(items: int, read: float, tuned: float, shifts: float = 0.1) -> dict[Name, Measured]:
    return {
        "counted": measured(3.0, items), "read": measured(read, items), "tuned": measured(tuned, items, 1.1, shifts),
    }  # fmt: skip


@pytest.mark.parametrize("items", [1, 2, 4, 8, 40])
def test_training_on_is_kept_where_nothing_says_that_it_does_harm(items):
    assert compared(WHOLE, again(items, 2.0, 1.9))[0].name == "tuned"
    assert compared(WHOLE, again(items, 2.0, 2.05, shifts=1.0))[0].name == "tuned", "within what chance does"


def test_with_too_few_passes_it_is_kept_only_where_it_is_measured_to_be_better():
    a_little_worse, better = again(8, 2.0, 2.05, shifts=1.0), again(8, 2.0, 1.9, shifts=1.0)
    assert compared(WHOLE, a_little_worse, trusted=False)[0].name == "read"
    assert compared(WHOLE, better, trusted=False)[0].name == "tuned"


@pytest.mark.parametrize("items", [4, 8])
def test_it_is_left_out_where_it_does(items):
    choice, said = compared(WHOLE, again(items, 2.5, 2.7))
    assert (choice.name, choice.temperature, said["read"]) == ("read", 0.9, WHOLE["read"])


def test_what_was_measured_on_some_is_said_as_of_all_items():
    """The folds that were trained for are harder by 0.5, for both."""
    choice, said = compared(WHOLE, again(8, 2.5, 2.2, shifts=0.3))
    assert said["read"] == WHOLE["read"]
    tuned = said["tuned"]
    assert tuned.loss == pytest.approx(1.7)
    assert (tuned.items, tuned.symbols) == (40, 200)
    beside = 0.2 * math.sqrt(8 / 7) / math.sqrt(8)  # 0.3 and 0.1 by turns, so 0.2 apart by turns
    assert tuned.error == pytest.approx(math.hypot(WHOLE["read"].error, beside))
    assert choice.temperature == 0.9, "as all items chose, not as eight of them"


def test_with_all_folds_what_was_measured_stands():
    found = again(40, 2.0, 1.8)
    choice, said = compared(WHOLE, found)
    assert (choice, said) == (Choice("tuned", 1.1), found)


def test_where_nothing_is_measured_training_on_is_trusted():
    assert compared({}, {}) == (Choice("tuned"), {})
