"""What a rule saves: whatever torch lets be overwritten before the way back may be overwritten here too."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.backprop import HAND_DERIVED, NotDerived, by_hand
from moreish.backprop.canonicalize import name_of
from moreish.backprop.samples import sample_inputs
from tests.support.trees import leaves, refill

# Of these arguments torch keeps something made of them, the scaled query and key, and h - n.
KEPT_OTHERWISE = {F.scaled_dot_product_attention: 2, torch.gru_cell: 2}


def overwrite(t):
    t = t.detach()  # its version counts on, as for an optimizer's step
    if t.dtype == torch.bool:
        t.logical_not_()
    else:
        t.zero_()


def gradients(function, args, wanted, overwritten, hand):
    """The gradients after one tensor, an argument or a result, was overwritten; None where that is an error."""
    torch.manual_seed(0)
    asks = iter(wanted)
    given = [
        t.detach().clone(memory_format=torch.contiguous_format).requires_grad_(t.requires_grad and next(asks))
        for t in leaves(args)
    ]
    with by_hand(strict=True) if hand else torch.enable_grad():
        y = leaves(function(*refill(args, list(given))))
    tensors = [*given, *y]
    if any(t._is_view() for t in y):  # of one memory with an argument: another matter
        return None
    if overwritten < len(tensors):
        overwrite(tensors[overwritten])
    floats = [t for t in y if t.requires_grad]
    try:
        leaf = [t for t in given if t.requires_grad]
        return torch.autograd.grad(floats, leaf, [torch.ones_like(t) for t in floats], allow_unused=True)
    except RuntimeError as error:
        if "modified by an inplace operation" not in str(error):
            raise
        return None


@pytest.mark.parametrize("theirs", HAND_DERIVED, ids=name_of)
def test_what_torch_lets_be_overwritten_before_the_way_back_may_be_overwritten(theirs):
    for args in sample_inputs(theirs, seeds=range(4)):
        count = sum(t.requires_grad for t in leaves(args))
        choices = [[True] * count, *([i == k for i in range(count)] for k in range(count))]
        for wanted in choices:
            if theirs is torch.lstm_cell and wanted[1] != wanted[2]:  # h and c are one argument
                continue
            for overwritten in range(KEPT_OTHERWISE.get(theirs, 0), len(leaves(args)) + 3):
                right = gradients(theirs, args, wanted, overwritten, hand=False)
                if right is None:
                    continue
                mine = gradients(theirs, args, wanted, overwritten, hand=True)
                assert mine is not None, f"{wanted}, tensor {overwritten}"
                torch.testing.assert_close(mine, right, rtol=1e-10, atol=1e-10)


def after_adding_one(function, args, hand):
    """The gradients where 1 was added to the result in place; None where that is an error."""
    torch.manual_seed(0)
    given = refill(args, [t.detach().clone().requires_grad_(t.requires_grad) for t in leaves(args)])
    try:
        with by_hand(strict=True) if hand else torch.enable_grad():
            y = [t.add_(1) for t in leaves(function(*given)) if t.requires_grad]
        wanted = [t for t in leaves(given) if t.requires_grad]
        return torch.autograd.grad(y, wanted, [torch.ones_like(t) for t in y], allow_unused=True)
    except (RuntimeError, NotDerived):
        return None


@pytest.mark.parametrize("theirs", HAND_DERIVED, ids=name_of)
def test_a_result_that_torch_lets_be_written_into_may_be_written_into(theirs):
    for args in sample_inputs(theirs, seeds=range(8)):
        right = after_adding_one(theirs, args, hand=False)
        if right is not None:
            mine = after_adding_one(theirs, args, hand=True)
            assert mine is not None
            torch.testing.assert_close(mine, right, rtol=1e-10, atol=1e-10)


def leaf(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).requires_grad_()


OVER = torch.ones(4, 4).triu(1).bool()
OVER_THE_DIAGONAL = 0
IN_PLACE = {
    "scores / 8, masked_fill_": lambda x, b: ((x @ x.mT) / math.sqrt(8)).masked_fill_(OVER, -1e9).softmax(-1),
    "x / 2, add_(1)": lambda x, b: (x / 2).add_(1),
    "x / 2, += b": lambda x, b: (x / 2).__iadd__(b),
    "x**2, add_": lambda x, b: (x**2).add_(1),
    "square, add_": lambda x, b: torch.square(x).add_(1),
    "sqrt of h, then h.add_": lambda x, b: _used(x * x + 1, torch.sqrt, lambda h: h.add_(1)),
    "rsqrt of h, then h.add_": lambda x, b: _used(x * x + 1, torch.rsqrt, lambda h: h.add_(1)),
    "reciprocal of h, then h.add_": lambda x, b: _used(x * x + 1, torch.reciprocal, lambda h: h.mul_(2)),
    "h * 2, then h.relu_": lambda x, b: _used(x + 0, lambda h: h * 2, lambda h: h.relu_()),
    "layer_norm without weight, add_": lambda x, b: F.layer_norm(x, (5,)).add_(1),
    "batch_norm without weight, relu_": lambda x, b: F.batch_norm(x, None, None, training=True).relu_(),
}


def _used(h, use, write):
    y = use(h)
    return y + write(h)


@pytest.mark.parametrize("case", IN_PLACE)
def test_code_that_writes_in_place_has_autograds_gradient(case):
    found = []
    for context in (torch.enable_grad(), by_hand(strict=case[0] != "s")):
        x, b = leaf(4, 5), leaf(5, seed=1)
        with context:
            y = IN_PLACE[case](x, b)
        found.append(torch.autograd.grad(y.square().sum(), [x, b], allow_unused=True))
    torch.testing.assert_close(found[1], found[0], rtol=1e-10, atol=1e-10)


def test_a_module_without_weights_may_be_followed_by_one_that_works_in_place():
    x = leaf(8, 6)
    net = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4, affine=False), nn.ReLU(inplace=True)).double()
    want = torch.autograd.grad(net(x).square().sum(), [x, *net.parameters()])
    with by_hand(strict=True):
        y = net(x).square().sum()
    torch.testing.assert_close(torch.autograd.grad(y, [x, *net.parameters()]), want, rtol=1e-10, atol=1e-10)


def test_a_weight_may_be_updated_between_two_losses_on_the_same_data():
    found = []
    for context in (torch.enable_grad(), by_hand(strict=True)):
        torch.manual_seed(0)
        model, x, y = nn.Linear(6, 4).double(), torch.randn(8, 6, dtype=torch.float64), torch.arange(8) % 4
        scale = nn.Parameter(torch.ones(6, dtype=torch.float64))
        optimizer = torch.optim.SGD([*model.parameters(), scale], lr=0.1)
        with context:
            first, second, third = F.cross_entropy(model(x), y), model(x).mean(), (x * scale).sum()
        for loss in (first, second, third):
            loss.backward()
            optimizer.step()
        found.append([*model.parameters(), scale])
    torch.testing.assert_close(found[1], found[0], rtol=1e-10, atol=1e-10)
