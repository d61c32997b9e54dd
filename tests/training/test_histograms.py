"""A histogram of a layer is what numpy counts, and what is no number is left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moreish.training.histograms import BINS, histogram, updates

LARGEST = float(np.finfo(np.float32).max)
SIZES = st.sampled_from([float(np.float32(most)) for most in (1e6, 1e19, 1e30, LARGEST)])
NUMBERS = SIZES.flatmap(lambda most: st.lists(st.floats(-most, most, width=32), min_size=1, max_size=60))
NONE = st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), max_size=5)


@given(NUMBERS, NONE)
def test_counts_mean_and_spread_are_those_of_the_finite_numbers(numbers, none):
    finite = np.array(numbers, np.float32)
    found = histogram(np.concatenate([np.array(none, np.float32), finite]))
    assert found is not None
    assert sum(found.counts) == len(finite)
    assert found.low == pytest.approx(float(finite.min()), rel=1e-3, abs=1e-30)
    assert found.high == pytest.approx(float(finite.max()), rel=1e-3, abs=1e-30)
    exact = finite.astype(np.float64)
    scale = float(np.abs(exact).max())
    assert found.mean == pytest.approx(exact.mean(), rel=1e-3, abs=1e-6 * scale)
    assert found.std == pytest.approx(exact.std(), rel=1e-3, abs=1e-6 * scale)


@given(st.integers(0, 1000), st.integers(2, 3000))
def test_each_number_stands_in_its_bin(seed, size):
    values = np.random.default_rng(seed).normal(size=size).astype(np.float32)
    found = histogram(values)
    assert found is not None
    want, _ = np.histogram(values.astype(np.float64), BINS)
    assert len(found.counts) == BINS
    assert np.abs(np.cumsum(found.counts) - np.cumsum(want)).max() <= 2  # on the edge of two bins


@pytest.mark.parametrize("values", [[], [np.nan], [np.inf, -np.inf]])
def test_of_no_number_there_is_none(values):
    assert histogram(np.array(values, np.float32)) is None


def test_equal_numbers_stand_in_one_bin():
    found = histogram(np.full(7, 3.0, np.float32))
    assert found is not None
    assert (found.counts, found.std) == ([7], 0.0)


@given(SIZES)
def test_updates_of_any_size_are_counted(most):
    before = np.array([-most, 0.5 * most, most], np.float32)
    found = updates(before, before[::-1].copy())
    assert found is not None
    assert found.high == pytest.approx(np.log10(2 * most / before.astype(np.float64).std()), abs=1e-3)
