"""Rules for a list with few items, whose nets take long for each symbol: what they cost, and that they end."""

import time
from typing import Any

import numpy as np
import pytest

import moreish
from moreish.cancellation import cancellable
from moreish.inference import asking
from moreish.inference.asking import EFFORT_OF_SLOW, Asked, Request
from moreish.inference.guided import MOST_EFFORT, Guided
from moreish.inference.particles import STEP
from moreish.inference.parts import is_slow

ITEMS = """
Abelard Beatrix Corwin Delphine Edmund Fiora Gareth Helena Isidore Juliet
Konrad Lavinia Mirabel Nestor Ophelia Percival Quentin Rosalind Sylvan Tamsin
Ulric Violet Wendel Xanthe Yorick Zita Alaric Brenna Cedric Dorian
""".split()  # noqa: SIM905
LONGEST = max(map(len, ITEMS))


@pytest.fixture(scope="module")
def heard():
    found = moreish.listen(ITEMS)
    assert is_slow(found.model)
    return found


@pytest.fixture
def efforts(monkeypatch) -> list[int]:
    """What each draw took."""
    found: list[int] = []
    draw = asking.guided

    def counted(*args: Any, **more: Any) -> Guided:
        drawn = draw(*args, **more)
        found.append(drawn.effort)
        return drawn

    monkeypatch.setattr(asking, "guided", counted)
    return found


def asked(heard, count: int, **wishes: object) -> list[str]:
    found = Asked(heard.model, heard.corpus, Request.of(**wishes))
    return [item.text for item in found.items(count, np.random.default_rng(1))]


@pytest.mark.slow
@pytest.mark.parametrize("beyond", [1, 4, 60])
def test_items_longer_than_those_of_the_list_come_after_a_bounded_effort(heard, efforts, beyond):
    length = LONGEST + beyond
    assert [len(item) for item in asked(heard, 1, length=str(length))] == [length]
    a_round = length * (max(64, EFFORT_OF_SLOW // length) + STEP)
    assert max(efforts) <= MOST_EFFORT * EFFORT_OF_SLOW + a_round


@pytest.mark.slow
@pytest.mark.parametrize("wishes", [{"contains": "xx"}, {"contains": "kk", "ends_with": "o"}])
def test_what_the_list_never_has_is_found_within_twice_its_lengths(heard, efforts, wishes):
    (found,) = asked(heard, 1, **wishes)
    assert wishes["contains"] in found
    assert len(found) <= 2 * LONGEST
    assert max(efforts) <= (MOST_EFFORT + 2) * EFFORT_OF_SLOW


def test_a_draw_that_takes_long_can_be_ended_between_two_symbols(heard):
    class TooLong(Exception):
        pass

    began, calls = time.monotonic(), []

    def check() -> None:
        calls.append(time.monotonic() - began)
        if len(calls) > 9:
            raise TooLong

    with cancellable(check), pytest.raises(TooLong):
        asked(heard, 3, length="300")
    assert len(calls) == 10


def test_a_file_that_is_scored_can_be_ended_between_two_symbols(heard):
    def check() -> None:
        raise TimeoutError

    with cancellable(check), pytest.raises(TimeoutError):
        heard.score(["ka" * 200])
