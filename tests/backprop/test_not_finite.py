"""Infinite gradients, infinite values and nan: what was thrown away receives 0 there too, as with autograd."""

import pytest
import torch
import torch.nn.functional as F

from moreish.backprop import HAND_DERIVED, by_hand
from moreish.backprop.canonicalize import name_of
from moreish.backprop.samples import sample_inputs
from tests.support.trees import leaves, refill

inf, nan = float("inf"), float("nan")


def gradients(function, args, infinite, hand):
    """The gradients for a dy of which some numbers are infinite."""
    torch.manual_seed(0)
    given = refill(args, [t.detach().clone().requires_grad_(t.requires_grad) for t in leaves(args)])
    with by_hand(strict=True) if hand else torch.enable_grad():
        y = [t for t in leaves(function(*given)) if t.requires_grad]
    generator = torch.Generator().manual_seed(1)
    dys = [torch.randn(t.shape, generator=generator, dtype=t.dtype) for t in y]
    dys = [torch.where(torch.rand(d.shape, generator=generator) < infinite, inf, d) for d in dys]
    return torch.autograd.grad(y, [t for t in leaves(given) if t.requires_grad], dys, allow_unused=True)


@pytest.mark.parametrize("theirs", HAND_DERIVED, ids=name_of)
def test_an_infinite_gradient_makes_nan_only_where_it_does_with_autograd(theirs):
    for args in sample_inputs(theirs, seeds=range(6)):
        for infinite in (0.3, 1.0):
            right = gradients(theirs, args, infinite, hand=False)
            mine = gradients(theirs, args, infinite, hand=True)
            for ours, theirs_ in zip(mine, right, strict=True):
                number = ~theirs_.isnan()
                torch.testing.assert_close(ours[number], theirs_[number], rtol=1e-8, atol=1e-8)


def leaf(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).requires_grad_()


BEHIND_A_CHOICE = {
    "relu, sqrt": lambda x: torch.relu(x).sqrt(),
    "relu, log": lambda x: torch.relu(x).log(),
    "relu, reciprocal": lambda x: torch.relu(x).reciprocal(),
    "relu, power": lambda x: torch.relu(x) ** 0.5,
    "relu, max, sqrt": lambda x: torch.relu(x).max(1).values.sqrt(),
    "relu, max of all, sqrt": lambda x: (x - 9).relu().max().sqrt(),
    "relu, max_pool2d, sqrt": lambda x: F.max_pool2d(torch.relu(x)[None], 2).sqrt(),
    "leaky_relu of 0, sqrt": lambda x: F.leaky_relu(x, 0.0).sqrt(),
    "elu, + 1, log": lambda x: (F.elu(x * 900) + 1).log(),
    "power 0, sqrt": lambda x: (x**0 - 1).sqrt(),
    "power 0 by element, sqrt": lambda x: (x ** torch.zeros(4, dtype=torch.float64) - 1).sqrt(),
    "nll_loss, sqrt": lambda x: F.nll_loss(-x * x * 0, torch.tensor([0, 1, 2, -100] * 2), reduction="none").sqrt(),
    "dropout, sqrt": lambda x: F.dropout(x * x, 1.0).sqrt(),
}


@pytest.mark.parametrize("case", BEHIND_A_CHOICE)
def test_what_was_thrown_away_receives_zero_from_an_infinite_gradient_as_in_autograd(case):
    found = []
    for context in (torch.enable_grad(), by_hand(strict=True)):
        x = leaf(8, 4)
        with context:
            y = BEHIND_A_CHOICE[case](x)
        found.append(torch.autograd.grad(y.sum(), x)[0])
    assert torch.equal(found[1].isnan(), found[0].isnan())
    torch.testing.assert_close(found[1], found[0], rtol=1e-10, atol=1e-10, equal_nan=True)


CHOICES = {
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "max": torch.max,
    "max over a dimension": lambda x: x.max(-1).values,
    "max_pool2d": lambda x: F.max_pool2d(x, 2),
    "max_pool2d, padded": lambda x: F.max_pool2d(x, 3, 2, 1),
    "max_pool2d, overlapping": lambda x: F.max_pool2d(x, 3, 1),
}


@pytest.mark.parametrize("values", [[nan], [inf], [-inf], [nan, inf, -inf]])
@pytest.mark.parametrize("case", CHOICES)
def test_nan_and_infinity_are_chosen_and_receive_the_gradient_as_in_autograd(case, values):
    generator = torch.Generator().manual_seed(0)
    found = []
    x = torch.randn(2, 4, 4, generator=generator, dtype=torch.float64)
    for i in range(len(values) * 3):
        x.view(-1)[torch.randint(32, (1,), generator=generator)] = values[i % len(values)]
    x.requires_grad_()
    for context in (torch.enable_grad(), by_hand(strict=True)):
        with context:
            y = CHOICES[case](x)
        found.append((y.detach(), torch.autograd.grad(y, x, torch.ones_like(y))[0]))
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=1e-12, equal_nan=True)


def test_smoothed_cross_entropy_of_an_ignored_row_with_an_impossible_class_is_torchs():
    logits = torch.tensor([[1.0, -inf, 0.5], [0.2, 0.3, -0.4]], dtype=torch.float64).requires_grad_()
    targets = torch.tensor([-100, 2])
    want = F.cross_entropy(logits, targets, label_smoothing=0.1)
    with by_hand(strict=True):
        got = F.cross_entropy(logits, targets, label_smoothing=0.1)
    torch.testing.assert_close(got, want)
