"""Every rule against the torch function it stands for: the table is the list of cases, the key is the oracle."""

import pytest
import torch
from torch import Tensor

from moreish.backprop import HAND_DERIVED, by_hand
from moreish.backprop.samples import SAMPLES, sample_inputs
from moreish.backprop.spelling import name_of

EVERY_RULE = pytest.mark.parametrize("theirs", HAND_DERIVED, ids=name_of)


def leaves(tree):
    """The tensors of nested tuples and lists, in order."""
    if isinstance(tree, Tensor):
        return [tree]
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, tuple | list) else []


def differentiable(tree):
    return [t for t in leaves(tree) if t.requires_grad]


def fresh(tree):
    """The same arguments in memory of their own, so that running statistics start where they started."""
    if isinstance(tree, Tensor):
        copy = torch.empty_strided(tree.shape, tree.stride(), dtype=tree.dtype).copy_(tree.detach())
        return copy.requires_grad_(tree.requires_grad)
    return type(tree)(fresh(part) for part in tree) if isinstance(tree, tuple | list) else tree


def run(function, args, weights=None):
    """Value, gradients for a random dy, and buffers after the call; random numbers from the same seed every time."""
    torch.manual_seed(4)
    args = fresh(args)
    y = [t for t in leaves(function(*args)) if t.is_floating_point()]
    generator = torch.Generator().manual_seed(5)
    dys = [torch.randn(t.shape, generator=generator, dtype=t.dtype) for t in y]
    grads = torch.autograd.grad(y, differentiable(args), dys)
    return [t.detach() for t in y], grads, [t.detach() for t in leaves(args)]


def agree(theirs, args, atol=1e-10):
    def ours(*args):
        with by_hand(strict=True) as calls:
            y = theirs(*args)
        assert sum(calls.report().by_hand.values()) == 1
        return y

    values, grads, buffers = run(theirs, args)
    our_values, our_grads, our_buffers = run(ours, args)
    torch.testing.assert_close(our_values, values, rtol=1e-12, atol=1e-12, equal_nan=True)
    torch.testing.assert_close(our_grads, grads, rtol=1e-10, atol=atol, equal_nan=True)
    torch.testing.assert_close(our_buffers, buffers, rtol=0, atol=1e-12)


def test_every_rule_has_samples_and_every_sample_a_rule():
    assert SAMPLES.keys() == HAND_DERIVED.keys()


@EVERY_RULE
def test_rule_agrees_with_torch(theirs):
    for args in sample_inputs(theirs, seeds=range(20)):
        agree(theirs, args)
