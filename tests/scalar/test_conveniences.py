"""abs, max, comparisons, finite differences, and what is refused in a sentence."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from moreish.scalar import Value, finite_differences, nn

numbers = st.floats(-5, 5)


@given(numbers, numbers)
def test_abs_and_max_are_those_of_torch(x, y):
    a, b = Value(x), Value(y)
    (abs(a) * 2 + a.max(b) * 3).backward()
    s, t = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, y))
    (s.abs() * 2 + torch.maximum(s, t) * 3).backward()
    assert (a.grad, b.grad) == (s.grad.item(), t.grad.item())


@given(st.lists(numbers, min_size=1))
def test_the_order_is_that_of_the_numbers(xs):
    values = [Value(x) for x in xs]
    assert [v.data for v in sorted(values)] == sorted(xs)
    assert max(values).data == max(xs)
    assert (values[0] >= 1) == (xs[0] >= 1)
    assert Value(1) != Value(1)


def test_finite_differences_agree_with_backward():
    def f(a, b):
        return (a * b + b**3).tanh() + a.exp() / (b + 7)

    a, b = Value(0.3), Value(-0.7)
    f(a, b).backward()
    assert finite_differences(f, 0.3, -0.7) == pytest.approx([a.grad, b.grad], abs=1e-9)


@pytest.mark.parametrize("array", [torch.ones(2, 3), np.ones((2, 3))])
@pytest.mark.parametrize(
    "operation", [lambda v, t: v * t, lambda v, t: t + v, lambda v, t: Value(t), lambda v, t: v < t]
)
def test_a_tensor_is_refused_with_a_sentence(array, operation):
    with pytest.raises(TypeError, match=r"a Value is one number, and this is a \w+ of shape \(2, 3\)"):
        operation(Value(1.0), array)


def test_numbers_of_numpy_are_numbers():
    assert (np.float64(2) * Value(3.0)).data == 6


def test_a_function_of_torch_is_refused_with_a_sentence():
    with pytest.raises(TypeError, match=r"this is a Value: use its methods, such as a\.tanh"):
        torch.tanh(Value(1.0))


def test_a_stale_result_is_noticed():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    d = a * b
    d.label = "d"
    d.backward()
    a.data = 5.0
    with pytest.warns(match=r"a was set to 5 after d was made from it"):
        d.backward()
    b.grad = 0.0
    (a * b).backward()
    assert b.grad == 5


def test_a_step_of_training_makes_the_old_loss_stale():
    p = Value(1.0, "p")
    loss = p**2
    loss.backward()
    nn.sgd_step([p], 0.1)
    with pytest.warns(match="compute it again before backward"):
        loss.backward()
