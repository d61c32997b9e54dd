"""Every rule against the torch function it stands for: the table is the list of cases, the key is the oracle."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from moreish.backprop import HAND_DERIVED, by_hand
from moreish.backprop.canonicalize import name_of
from moreish.backprop.rules import norms
from moreish.backprop.samples import SAMPLES, Draw, sample_inputs

EVERY_RULE = pytest.mark.parametrize("theirs", HAND_DERIVED, ids=name_of)


def leaves(tree):
    """The tensors of nested tuples and lists, in order."""
    if isinstance(tree, Tensor):
        return [tree]
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, tuple | list) else []


def differentiable(tree):
    return [t for t in leaves(tree) if t.requires_grad]


def fresh(tree, change=lambda t: t):
    """The same arguments in memory of their own, laid out the same way; those with a gradient changed by `change`."""
    if isinstance(tree, Tensor):
        values = change(tree.detach()) if tree.requires_grad else tree.detach()
        copy = torch.empty_strided(tree.shape, tree.stride(), dtype=tree.dtype).copy_(values)
        return copy.requires_grad_(tree.requires_grad)
    return type(tree)(fresh(part, change) for part in tree) if isinstance(tree, tuple | list) else tree


def run(function, args):
    """Values, gradients for a random dy, and the arguments after the call; random numbers start from one seed."""
    torch.manual_seed(4)
    args = fresh(args)
    y = [t for t in leaves(function(*args)) if t.is_floating_point()]
    generator = torch.Generator().manual_seed(5)
    dys = [torch.randn(t.shape, generator=generator, dtype=t.dtype) for t in y]
    grads = torch.autograd.grad(y, differentiable(args), dys, allow_unused=True)
    return [t.detach() for t in y], grads, [t.detach() for t in leaves(args)]


def hand_derived(theirs):
    def ours(*args):
        with by_hand(strict=True) as calls:
            y = theirs(*args)
        assert sum(calls.report().by_hand.values()) == 1
        return y

    return ours


def agree(theirs, args):
    values, grads, after = run(theirs, args)
    our_values, our_grads, our_after = run(hand_derived(theirs), args)
    torch.testing.assert_close(our_values, values, rtol=1e-12, atol=1e-12, equal_nan=True)
    torch.testing.assert_close(our_grads, grads, rtol=1e-10, atol=1e-10, equal_nan=True)
    torch.testing.assert_close(our_after, after, rtol=1e-12, atol=1e-12)


def test_every_rule_has_samples_and_every_sample_a_rule():
    assert SAMPLES.keys() == HAND_DERIVED.keys()


@EVERY_RULE
def test_value_and_gradient_agree_with_autograd(theirs):
    for args in sample_inputs(theirs, seeds=range(6)):
        agree(theirs, args)


@EVERY_RULE
@settings(max_examples=6, deadline=None)
@given(st.data())
def test_random_shapes_agree_with_autograd(theirs, data):
    draw = Draw(lambda low, high: data.draw(st.integers(low, high)), torch.float64)
    agree(theirs, SAMPLES[theirs](draw))


ODD = torch.tensor([0.0, -0.0, 1.0, -1.0, 1e-30, -1e-30, 40.0, -40.0, 700.0, 0.5], dtype=torch.float64)


@EVERY_RULE
def test_zeros_ties_and_extremes_agree_with_autograd(theirs):
    """At kinks and ties the gradient is a convention: torch's."""
    for seed, args in enumerate(sample_inputs(theirs, seeds=range(3))):
        generator = torch.Generator().manual_seed(seed)
        odd = fresh(args, lambda t, g=generator: ODD[torch.randint(len(ODD), t.shape, generator=g)])
        agree(theirs, odd)


@EVERY_RULE
def test_gradient_is_the_slope_of_the_value(theirs):
    """gradcheck: finite differences, which know nothing of autograd's formulas either."""
    samples = list(sample_inputs(theirs, seeds=range(2)))
    if theirs is F.embedding:  # the padding row gets no gradient by decision, not by calculus
        samples = [(idx, weight, None) for idx, weight, _ in samples]
    for args in samples:

        def value(*tensors, args=args):
            torch.manual_seed(4)
            waiting = list(tensors)
            copies = [waiting.pop(0) if t.requires_grad else t.detach().clone() for t in leaves(args)]
            with by_hand():
                y = theirs(*refill(args, copies))
            return tuple(t for t in leaves(y) if t.is_floating_point())

        torch.autograd.gradcheck(value, differentiable(fresh(args)), fast_mode=True)


def refill(tree, tensors):
    if isinstance(tree, Tensor):
        return tensors.pop(0)
    return type(tree)(refill(part, tensors) for part in tree) if isinstance(tree, tuple | list) else tree


@EVERY_RULE
def test_each_gradient_alone_is_the_same_as_among_all(theirs):
    args = next(iter(sample_inputs(theirs, seeds=[3], options=False)))
    _, everything, _ = run(hand_derived(theirs), args)
    for i, wanted in enumerate(differentiable(args)):
        only = fresh(args)
        for t, original in zip(leaves(only), leaves(args), strict=True):
            t.requires_grad_(original is wanted)
        _, (alone,), _ = run(hand_derived(theirs), only)
        torch.testing.assert_close(alone, everything[i], rtol=0, atol=0, equal_nan=True)


@EVERY_RULE
def test_rules_leave_their_arguments_and_saved_values_alone(theirs):
    """Backward twice over the same graph gives the same twice."""
    for args in sample_inputs(theirs, seeds=range(3)):
        torch.manual_seed(4)
        args = fresh(args)
        with by_hand():
            y = [t for t in leaves(theirs(*args)) if t.is_floating_point()]
        dys = [torch.ones_like(t) for t in y]
        once = torch.autograd.grad(y, differentiable(args), dys, retain_graph=True)
        twice = torch.autograd.grad(y, differentiable(args), dys)
        assert all(torch.equal(a, b) for a, b in zip(once, twice, strict=True))


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("correction", [0, 1])
def test_batch_norm_with_either_correction_agrees_with_autograd_through_its_single_steps(shape, correction):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()
    weight, bias = (torch.randn(3, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2))
    dy = torch.randn(shape, generator=generator, dtype=torch.float64)
    rest, row = [i for i in range(len(shape)) if i != 1], [1, 3] + [1] * (len(shape) - 2)
    mean, var = x.mean(rest, keepdim=True), x.var(rest, keepdim=True, correction=correction)
    stepwise = (x - mean) / torch.sqrt(var + 1e-5) * weight.view(row) + bias.view(row)
    with torch.no_grad():
        y, saved = norms.batch_norm_forward(x, None, None, weight, bias, training=True, correction=correction)
        dx, _, _, dweight, dbias = norms.batch_norm_backward(dy, *saved)
    torch.testing.assert_close(y, stepwise, rtol=0, atol=1e-12)
    want = torch.autograd.grad(stepwise, [x, weight, bias], dy)
    torch.testing.assert_close([dx, dweight, dbias], list(want), rtol=0, atol=1e-12)


def test_batch_norm_with_a_strided_weight_agrees_with_the_same_weight_in_one_piece():
    """Where torch's CPU kernel itself is wrong (2.13), so it is asked about a contiguous copy."""
    x, dy = torch.randn(2, 8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    strided = torch.tensor([-1.0, 9.0, 0.5, 9.0, 2.0, 9.0], dtype=torch.float64)[::2]
    x.requires_grad_()
    (want,) = torch.autograd.grad(F.batch_norm(x, None, None, strided.contiguous(), training=True), x, dy)
    with by_hand():
        y = F.batch_norm(x, None, None, strided, training=True)
    torch.testing.assert_close(torch.autograd.grad(y, x, dy)[0], want, rtol=0, atol=1e-12)


def test_even_kernels_pad_same_as_torch_does():
    x = torch.randn(2, 1, 7, dtype=torch.float64).requires_grad_()
    weight = torch.randn(1, 1, 4, dtype=torch.float64).requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        agree(F.conv1d, (x, weight, None, 1, "same"))


def test_a_query_that_may_look_nowhere_gives_zeros_and_gets_no_gradient():
    q, k, v = (torch.randn(1, 1, 3, 4, dtype=torch.float64).requires_grad_() for _ in range(3))
    look = torch.tensor([[True, True, False], [False, False, False], [False, True, True]])
    agree(F.scaled_dot_product_attention, (q, k, v, look))
    with by_hand():
        y = F.scaled_dot_product_attention(q, k, v, look)
    (dq,) = torch.autograd.grad(y.sum(), q)
    assert not y[0, 0, 1].any()
    assert not dq[0, 0, 1].any()


def test_dropout_of_attention_draws_what_torch_draws():
    args = next(iter(sample_inputs(F.scaled_dot_product_attention, seeds=[1], options=False)))
    q, k, v = args[:3]
    agree(F.scaled_dot_product_attention, (q, k, v, None, 0.4))


def test_attention_takes_any_scale():
    q, k, v = (torch.randn(2, 3, 4, dtype=torch.float64).requires_grad_() for _ in range(3))

    def scaled(q, k, v):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.7)

    _, grads, _ = run(scaled, (q, k, v))
    _, ours, _ = run(lambda *a: _inside(scaled, *a), (q, k, v))
    torch.testing.assert_close(ours, grads, rtol=0, atol=1e-10)


def _inside(function, *args):
    with by_hand(strict=True):
        return function(*args)


def test_a_batch_whose_targets_are_all_ignored_has_no_loss_and_no_gradient():
    logits, targets = torch.randn(3, 4, dtype=torch.float64).requires_grad_(), torch.full((3,), -100)
    agree(F.cross_entropy, (logits, targets, None, None, -100, None, "sum"))
    with by_hand():
        loss = F.cross_entropy(logits, targets)
    assert loss.isnan()
