"""Hostile input gives an answer or a sentence, in bounded time: some cases of every target; `make fuzz` for many."""

from collections.abc import Iterator

import pytest

from tests.attacks.judging import cases_asked_for, run_cases
from tests.attacks.targets import TARGETS, released

FEW, FEW_TRAINED = 150, 40  # a case of `folders` goes on with a training


@pytest.fixture(scope="module", autouse=True)
def _memory() -> Iterator[None]:
    with released():
        yield


@pytest.mark.timeout(0)
@pytest.mark.parametrize("target", TARGETS)
def test_no_case_of_a_target_is_a_fault_or_a_hang(target: str) -> None:
    assert run_cases(TARGETS[target], cases_asked_for(FEW_TRAINED if target == "folders" else FEW)) == []
