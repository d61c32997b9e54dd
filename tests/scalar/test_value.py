import math
import random
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moreish.scalar import Value, topological_order
from moreish.scalar.examples import expression, neuron
from tests.scalar.expressions import random_expression

finite = st.floats(allow_nan=False, allow_infinity=False)


def labelled(root):
    return {node.label: node for node in topological_order(root) if node.label}


def test_the_expression_of_the_micrograd_readme():
    g = expression()
    g.backward()
    nodes = labelled(g)
    assert round(g.data, 4) == 24.7041
    assert round(nodes["a"].grad, 4) == 138.8338
    assert round(nodes["b"].grad, 4) == 645.5773


def test_a_neuron():
    o = neuron()
    o.backward()
    nodes = labelled(o)
    assert o.data == pytest.approx(0.7071067811865476, abs=1e-15)
    assert [nodes[name].grad for name in ("x1", "w1", "x2", "w2")] == pytest.approx([-1.5, 1.0, 0.5, 0.0])


@pytest.mark.parametrize("hundred", range(10))
def test_a_thousand_random_expressions_agree_with_torch(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        program = random_expression(random.Random(seed))
        ours = [Value(x) for x in program.leaves]
        root = program.evaluate(ours)[-1]
        root.backward()

        theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.leaves]
        expected = program.evaluate(theirs)[-1]
        gradients = torch.autograd.grad(expected, theirs, allow_unused=True, materialize_grads=True)

        assert root.data == pytest.approx(expected.item(), rel=1e-9, abs=1e-9), seed
        assert [v.grad for v in ours] == pytest.approx([g.item() for g in gradients], rel=1e-9, abs=1e-9), seed


def test_a_value_used_twice_gets_both_shares():
    a = Value(3.0)
    (a + a).backward()
    assert a.grad == 2.0


def test_a_node_between_used_twice_passes_on_the_whole_of_its_gradient_once():
    """Passing back at every visit, without an order, would give 12 here: b's first share would be sent twice."""
    a = Value(1.0)
    b = a + a
    (b + b).backward()
    assert (b.grad, a.grad) == (2.0, 4.0)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_topological_order_has_every_node_once_and_after_its_operands(seed):
    program = random_expression(random.Random(seed), length=25)
    results = program.evaluate([Value(x) for x in program.leaves])
    order = topological_order(results[-1])
    position = {node: i for i, node in enumerate(order)}
    assert len(position) == len(order)
    assert set(position) >= set(results[len(program.leaves) :])
    assert all(position[operand] < position[node] for node in order for operand, _ in node.edges)
    assert order[-1] is results[-1]


@pytest.mark.parametrize("seed", range(20))
def test_backward_again_accumulates_into_the_leaves_as_torch_does(seed):
    program = random_expression(random.Random(seed))
    ours = [Value(x) for x in program.leaves]
    results = program.evaluate(ours)
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.leaves]
    expected = program.evaluate(theirs)

    for i in (-1, -1, len(ours)):  # the root twice, then another loss that shares the nodes between
        results[i].backward()
        expected[i].backward(retain_graph=True)
    want = [0.0 if t.grad is None else t.grad.item() for t in theirs]
    assert [v.grad for v in ours] == pytest.approx(want, rel=1e-9, abs=1e-9)


def test_backward_on_a_leaf_accumulates_too():
    a = Value(5.0)
    a.backward()
    a.backward()
    assert a.grad == 2.0


def test_backward_belongs_to_the_forward_pass_before_it():
    a, b = Value(2.0), Value(3.0)
    c = a * b
    b.data = 100.0
    with pytest.warns(match="these slopes are those of the old number"):
        c.backward()
    assert a.grad == 3.0


def test_a_graph_a_hundred_thousand_deep_is_built_walked_and_freed_on_a_small_stack():
    """In a process of its own: what recurses too deeply in C takes the process with it."""
    script = """
import threading
from moreish.scalar import Value

def chain():
    x = y = Value(1.0)
    for _ in range(100_000):
        y = y + x
    y.backward()
    y.backward()
    print(y.data, x.grad)
    del y
    print("freed")

threading.stack_size(256 * 1024)
thread = threading.Thread(target=chain)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["100001.0", "200002.0", "freed"]


def test_numbers_may_stand_on_either_side():
    a = Value(4.0)
    results = [a + 1, 1 + a, a - 1, 1 - a, a * 2, 2 * a, a / 2, 2 / a, a**2, 2**a, -a]
    assert [r.data for r in results] == [5, 5, 3, -3, 8, 8, 2, 0.5, 16, 16, -4]


@pytest.mark.parametrize("wrong", ["2", None, [1], 1j])
def test_what_is_no_number_is_a_type_error(wrong):
    for operation in (Value.__add__, Value.__rsub__, Value.__mul__, Value.__truediv__):
        assert operation(Value(1.0), wrong) is NotImplemented
    for combine in (lambda a: a + wrong, lambda a: wrong - a, lambda a: a * wrong, lambda a: a**wrong):
        with pytest.raises(TypeError):
            combine(Value(1.0))


def test_values_are_equal_only_if_they_are_the_same_node():
    a, b = Value(1.0), Value(1.0)
    assert a == a
    assert a != b
    assert len({a, b, a}) == 2


def test_a_value_does_not_slip_out_of_the_graph_as_a_float():
    with pytest.raises(TypeError):
        math.tanh(Value(1.0))  # type: ignore[arg-type]


def test_repr_shows_number_gradient_and_label():
    assert repr(Value(2, "a")) == "Value(data=2.0, grad=0.0, label='a')"
    assert repr(Value(2) + 1) == "Value(data=3.0, grad=0.0)"


@pytest.mark.parametrize(
    ("impossible", "sentence"),
    [
        (lambda: Value(3) / 0, r"3 / 0 does not exist"),
        (lambda: 1 / Value(0), r"1 / 0 does not exist"),
        (lambda: Value(0).log(), r"log\(0\) does not exist: the argument must be above zero"),
        (lambda: Value(-1).log(), r"log\(-1\) does not exist"),
        (lambda: Value(1000).exp(), r"exp\(1000\) is beyond the largest float"),
        (lambda: Value(0) ** -1, r"0 \*\* -1 is not a real number: that divides by zero"),
        (lambda: Value(-8) ** (1 / 3), r"a base below zero takes whole exponents only"),
        (lambda: Value(0) ** 0.5, r"0 \*\* 0.5 has no derivative"),
        (lambda: Value(1e200) ** 2, r"1e\+200 \*\* 2, or its slope, is beyond the largest float"),
        (lambda: Value(-2) ** Value(2), r"-2 \*\* Value\(2\) has no derivative in its exponent"),
        (lambda: 0 ** Value(2), r"0 \*\* Value\(2\) has no derivative in its exponent"),
    ],
)
def test_what_does_not_exist_is_refused_in_a_sentence(impossible, sentence):
    with pytest.raises(ValueError, match=sentence):
        impossible()


@pytest.mark.parametrize(("exponent", "slope"), [(0, 0.0), (1, 1.0), (2, 0.0), (1.5, 0.0)])
def test_powers_of_zero_that_have_a_slope(exponent, slope):
    a = Value(0.0)
    y = a**exponent
    y.backward()
    assert (y.data, a.grad) == (0.0**exponent, slope)


@given(finite)
def test_squashing_functions_never_overflow(x):
    for squash in (Value.tanh, Value.sigmoid, Value.relu):
        a = Value(x)
        y = squash(a)
        y.backward()
        assert math.isfinite(y.data)
        assert 0 <= a.grad <= 1


@pytest.mark.parametrize("x", [-700.0, -40.0, 40.0, 700.0])
def test_the_slope_of_a_saturated_sigmoid_keeps_its_digits(x):
    """s(x) s(-x) = e^-|x| / (1 + e^-|x|)^2, where 1 - s(40) is already 0 in floats."""
    a = Value(x)
    a.sigmoid().backward()
    assert a.grad == pytest.approx(math.exp(-abs(x)) / (1 + math.exp(-abs(x))) ** 2, rel=1e-14, abs=0)


def test_relu_at_zero_has_the_slope_torch_gives_it_and_hides_no_nan():
    a = Value(0.0)
    a.relu().backward()
    assert a.grad == 0.0
    assert math.isnan(Value(math.nan).relu().data)
