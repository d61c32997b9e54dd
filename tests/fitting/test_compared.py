"""Which blend is kept after training on, and what is said of the others."""

import pytest

from moreish.background.listening import Choice, Measured, Name
from moreish.fitting.few import compared


def measured(loss: float, items: int) -> Measured:
    return Measured(loss, 0.1, 1.0, items, 5 * items)


def test_training_on_is_kept_only_where_enough_items_say_that_it_helped():
    whole: dict[Name, Measured] = {"counted": measured(3.0, 40), "read": measured(2.0, 40)}
    same: dict[Name, Measured] = {"counted": measured(3.0, 8), "read": measured(2.0, 8)}
    assert compared(whole, {**same, "tuned": measured(1.5, 4)})[0].name == "read"
    choice, said = compared(whole, {**same, "tuned": measured(1.5, 8)})
    assert (choice.name, said["tuned"].loss) == ("tuned", 1.5)


def test_what_was_not_kept_is_said_as_if_it_had_been_measured_on_all_items():
    whole: dict[Name, Measured] = {"counted": measured(3.0, 40), "read": measured(2.0, 40)}
    harder: dict[Name, Measured] = {"counted": measured(3.5, 8), "read": measured(2.5, 8), "tuned": measured(2.7, 8)}
    choice, said = compared(whole, harder)
    assert (choice.name, said["read"]) == ("read", whole["read"])
    assert said["tuned"].loss == pytest.approx(2.2)


def test_where_nothing_is_measured_training_on_is_trusted():
    assert compared({}, {}) == (Choice("tuned"), {})
