"""Calls of one form go by hand in the same way; calls of another form must not."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.backprop.by_hand import by_hand
from moreish.backprop.forms import MOST_KNOWN, known_form, read_call
from moreish.backprop.rules import NotDerived


def gradients(of, *tensors, hand: bool):
    leaves = [t.clone().requires_grad_() for t in tensors]
    if not hand:
        return torch.autograd.grad(of(*leaves).sum(), leaves, allow_unused=True)
    with by_hand(strict=True):
        return torch.autograd.grad(of(*leaves).sum(), leaves, allow_unused=True)


# Each pair looks alike: the same function, the same tensors' kinds, and something that makes another call of it.
ALIKE = {
    "the same tensor twice": (lambda x, y: x * y, lambda x, y: x * x),
    "twice, then two": (lambda x, y: x * x, lambda x, y: x * y),
    "other dimension": (lambda x, y: torch.softmax(x, 0) * y, lambda x, y: torch.softmax(x, 1) * y),
    "0.0 and -0.0": (lambda x, y: 1 / (x * 0.0 + y), lambda x, y: 1 / (x * -0.0 + y)),
    "1 and True": (lambda x, y: x.sum(1) + y[0], lambda x, y: x.sum(1, True) + y),
    "keyword and place": (lambda x, y: x.sum(dim=0) * y[0], lambda x, y: x.sum(0) * y[1]),
    "swapped": (lambda x, y: x / y, lambda x, y: y / x),
    "a number on the left": (lambda x, y: 2 - x + y, lambda x, y: x - 2 + y),
    "sizes of another tensor": (lambda x, y: x.reshape_as(y), lambda x, y: y.reshape_as(x[None]) * x),
    "nothing to flatten": (lambda x, y: x.flatten(1) * y, lambda x, y: x.unsqueeze(0).flatten(1).sum() * y),
    "no bias": (lambda x, y: F.linear(x, y, y[:, 0]), lambda x, y: F.linear(x, y)),
}


@pytest.mark.parametrize("pair", ALIKE.values(), ids=ALIKE)
def test_a_call_that_looks_like_an_earlier_one_has_its_own_gradient(pair):
    generator = torch.Generator().manual_seed(1)
    x, y = torch.rand(2, 3, 3, generator=generator, dtype=torch.float64) + 0.5
    for of in (*pair, *pair):
        for ours, theirs in zip(gradients(of, x, y, hand=True), gradients(of, x, y, hand=False), strict=True):
            assert (ours is None) == (theirs is None)
            assert ours is None or torch.allclose(ours, theirs)


def test_a_mask_is_drawn_anew_for_every_call_of_one_form():
    x = torch.ones(1000, requires_grad=True)
    with by_hand(strict=True):
        masks = [F.dropout(x) for _ in range(3)]
    assert not torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[1], masks[2])


def test_complex_numbers_are_refused_after_a_real_call_of_the_same_function():
    with by_hand():
        torch.exp(torch.ones(2, requires_grad=True))
        with pytest.raises(NotDerived, match="complex"):
            torch.exp(torch.ones(2, requires_grad=True, dtype=torch.complex64))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_what_has_parts_has_no_form(sizes):
    x = torch.ones(sizes)
    assert read_call(torch.cat, ([x, x],), {})[1] is None
    assert read_call(torch.exp, (x,), {})[1] == read_call(torch.exp, (x + 1,), {})[1]
    assert read_call(torch.exp, (x,), {})[1] != read_call(torch.exp, (x[None],), {})[1]


def test_the_forms_that_are_kept_are_bounded():
    x = torch.ones(2, requires_grad=True)
    with by_hand():
        for i in range(MOST_KNOWN + 10):
            x * float(i)
    assert known_form(read_call(torch.Tensor.mul, (x, 5.0), {})[1] or ()) is None
