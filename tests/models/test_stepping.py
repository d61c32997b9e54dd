"""Scoring by steps alone, against items read one by one and against a model's own score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish import ngram
from moreish.models import stepping
from moreish.models.stepping import score_by_steps

V = 5
items = st.lists(st.lists(st.integers(1, V - 1), max_size=6), min_size=1, max_size=12)


def flat(listed: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    ids = np.array([0, *(i for item in listed for i in [*item, 0])], np.uint8)
    return ids, np.append(0, np.cumsum([len(item) + 1 for item in listed]))


def model() -> ngram.Backoff:
    rng = np.random.default_rng(0)
    return ngram.KneserNey.fit(*flat([rng.integers(1, V, rng.integers(1, 6)).tolist() for _ in range(30)]), V, 3)


@given(items, st.integers(1, 5))
def test_scores_by_steps_are_the_models_own(listed: list[list[int]], at_a_time: int):
    ids, offsets = flat(listed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stepping, "ITEMS_AT_A_TIME", at_a_time)
        found = score_by_steps(model(), ids, offsets)
    assert found[0] == 0
    np.testing.assert_allclose(found, model().score(ids, offsets), rtol=0, atol=1e-5)


class Counting:
    """A model that counts the rows that it reads."""

    def __init__(self) -> None:
        self.inner, self.rows = model(), 0
        self.vocab_size = V

    def start(self, rows: int):
        return self.inner.start(rows)

    def advance(self, state: np.ndarray, ids: np.ndarray):
        self.rows += len(ids)
        return self.inner.advance(state, ids)

    def take(self, state: np.ndarray, rows: np.ndarray):
        return self.inner.take(state, rows)

    def score(self, ids: np.ndarray, offsets: np.ndarray):
        return score_by_steps(self, ids, offsets)


@given(items)
def test_equal_beginnings_are_read_once(listed: list[list[int]]):
    counting = Counting()
    counting.score(*flat(listed))
    beginnings = {tuple(item[: t + 1]) for item in listed for t in range(len(item))}
    assert counting.rows == len(beginnings)


def test_no_items_have_no_scores():
    assert score_by_steps(model(), np.zeros(1, np.uint8), np.zeros(1, np.int64)).tolist() == [0]
