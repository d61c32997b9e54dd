"""An LSTM that reads streams by a kernel, and products by panels, against plain numpy in float64."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.background.reader import Cell, read_list
from moreish.fast import streams
from moreish.fast.library import Uncompiled, address, load
from moreish.fast.passes import Passes
from moreish.fast.streams import Stream
from tests.support.kernels import needs_kernels

pytestmark = needs_kernels

sizes = st.one_of(
    st.integers(1, 9), st.sampled_from([15, 16, 17, 31, 32, 33])
)  # on both sides of a vector and a panel
dtypes = st.sampled_from([np.float32, np.float64])


def lstm(input: np.ndarray, recurrent: np.ndarray, ids: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, ...]:
    """Memory h and c of each row, step by step, in float64."""
    size = len(recurrent)
    found_h, found_c = [], []
    for row, begin in zip(ids, begins, strict=True):
        h, c = np.zeros(size), np.zeros(size)
        for k in row[begin:]:
            gates = input[k].astype(float) + h @ recurrent.astype(float)
            i, f, o = (1 / (1 + np.exp(-gates[at * size : (at + 1) * size])) for at in (0, 1, 3))
            c = f * c + i * np.tanh(gates[2 * size : 3 * size])
            h = o * np.tanh(c)
        found_h.append(h)
        found_c.append(c)
    return np.array(found_h), np.array(found_c)


def unaligned(a: np.ndarray) -> np.ndarray:
    """The same numbers, one number behind where memory begins."""
    found = np.empty(a.size + 1, a.dtype)[1:].reshape(a.shape)
    found[:] = a
    return found


@given(sizes, st.integers(1, 9), st.integers(0, 12), dtypes, st.integers(0, 2**32))
@settings(max_examples=60)
def test_a_stream_is_an_lstm_step_by_step(size, rows, steps, dtype, seed):
    rng = np.random.default_rng(seed)
    input, recurrent = rng.normal(size=(5, 4 * size)).astype(dtype), rng.normal(size=(size, 4 * size)).astype(dtype)
    ids, begins = rng.integers(0, 5, (rows, steps)), rng.integers(0, steps + 1, rows)
    found = Stream(unaligned(input), recurrent).read(ids, begins)
    for own, right in zip(found, lstm(input, recurrent, ids, begins), strict=True):
        np.testing.assert_allclose(own, right, rtol=0, atol=1e-12 if dtype == np.float64 else 2e-5)


def test_calls_of_some_steps_each_are_one_stream(monkeypatch):
    rng = np.random.default_rng(0)
    input, recurrent = rng.normal(size=(5, 12)), rng.normal(size=(3, 12))
    ids, begins = rng.integers(0, 5, (3, 20)), np.array([0, 7, 19])
    whole = Stream(input, recurrent).read(ids, begins)
    monkeypatch.setattr(streams, "STEPS_A_CALL", 6)
    for a, b in zip(whole, Stream(input, recurrent).read(ids, begins), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("bad", [-1, 5])
def test_an_id_that_there_is_not_is_refused_before_memory_is_read(bad):
    stream = Stream(np.zeros((5, 8)), np.zeros((2, 8)))
    with pytest.raises(IndexError, match="of 0 to 4"):
        stream.read(np.array([[0, bad]]), np.zeros(1, int))


def test_shapes_that_are_no_lstm_and_other_types_are_refused():
    with pytest.raises(ValueError, match="not those of an LSTM"):
        Stream(np.zeros((5, 6)), np.zeros((2, 6)))
    with pytest.raises(Uncompiled, match="float16"):
        Stream(np.zeros((5, 8), np.float16), np.zeros((2, 8), np.float16))


@given(st.integers(1, 3), sizes, dtypes, st.integers(0, 2**32))
@settings(max_examples=30)
def test_a_list_is_read_alike_with_and_without_kernels(orders, size, dtype, seed):
    rng = np.random.default_rng(seed)
    arrays = (
        rng.normal(size=shape).astype(np.float32) for shape in ((5, 4 * size), (size, 4 * size), (size, 5), (5,))
    )
    cell = Cell(*arrays)
    ids = [np.append(0, rng.integers(0, 5, rng.integers(0, 12))) for _ in range(orders)]
    compiled = read_list(cell, ids)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOREISH_KERNELS", "none")
        load.cache_clear()
        by_numpy = read_list(cell, ids)
    load.cache_clear()
    np.testing.assert_allclose(compiled.h, by_numpy.h, rtol=0, atol=2e-5)
    np.testing.assert_allclose(compiled.c, by_numpy.c, rtol=0, atol=5e-5)


@given(
    st.integers(1, 18), st.sampled_from([1, 5, 33, 513, 1030]), sizes, st.booleans(), dtypes, st.integers(0, 2**32)
)
@settings(max_examples=60)
def test_a_product_by_panels_is_a_product(m, depth, n, turned, dtype, seed):
    rng = np.random.default_rng(seed)
    a = torch.from_numpy(unaligned(rng.normal(size=(m, depth)).astype(dtype)))
    b = torch.from_numpy(rng.normal(size=(n, depth) if turned else (depth, n)).astype(dtype))
    b = b.T if turned else b
    passes = Passes(a.dtype, a.dtype)
    panels, out = a.new_empty(passes["panel_numbers"](depth, n)), a.new_full((m + 1, n), 7.0)
    passes["lay_out"](depth, n, b.data_ptr(), *b.stride(), address(panels))
    passes["by_panels"](m, depth, n, address(a), address(panels), address(out))
    right = a.double() @ b.double()
    torch.testing.assert_close(out[:m].double(), right, rtol=0, atol=1e-11 if dtype == np.float64 else 1e-3)
    assert (out[m] == 7).all(), "what lies behind is not touched"


def test_streams_are_read_before_torch_is_there():
    code = "import sys, moreish.background.reader; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True).stdout
    assert said.strip() == "False"
