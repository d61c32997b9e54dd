"""Calls as people write them: by keyword, into whole numbers, in transforms; what torch refuses is refused."""

import warnings

import numpy as np
import pytest
import torch
import torch.autograd.forward_ad as forward_ad
import torch.nn.functional as F
from torch import nn

from moreish.backprop import NotDerived, by_hand


def leaf(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).requires_grad_()


def both_ways(function, *leaves):
    """Value and gradients by autograd, then by hand."""
    found = []
    for context in (torch.enable_grad(), by_hand(strict=True)):
        with context:
            y = function(*leaves)
        grads = torch.autograd.grad(y, leaves, torch.ones_like(y), allow_unused=True)
        found.append((y.detach(), y.stride(), *grads))
    return found


KEYWORDS = {
    "torch.flatten(input=x, start_dim=1)": lambda x, y: torch.flatten(input=x, start_dim=1),
    "torch.sqrt(input=x)": lambda x, y: torch.sqrt(input=x.exp()),
    "torch.rsqrt(input=x)": lambda x, y: torch.rsqrt(input=x.exp()),
    "torch.square(input=x)": lambda x, y: torch.square(input=x),
    "torch.reciprocal(input=x)": lambda x, y: torch.reciprocal(input=x),
    "torch.t(input=x)": lambda x, y: torch.t(input=x[0]),
    "torch.max(input=x, dim=1)": lambda x, y: torch.max(input=x, dim=1).values,
    "torch.max(dim=1, input=x)": lambda x, y: torch.max(dim=1, input=x).values,
    "F.linear(input=x, weight=y)": lambda x, y: F.linear(input=x, weight=y[0]),
    "F.dropout(input=x, p=0.5)": lambda x, y: F.dropout(input=x, p=1.0),
    "x.view_as(other=y)": lambda x, y: x.view_as(other=y.detach()),
    "x.contiguous(memory_format=...)": lambda x, y: x[None].contiguous(memory_format=torch.channels_last),
    "x.clone(memory_format=preserve)": lambda x, y: x.mT.clone(memory_format=torch.preserve_format),
    "torch.clone(x, memory_format=contiguous)": lambda x, y: torch.clone(x.mT, memory_format=torch.contiguous_format),
    "x.mT.softmax(-1).view(-1)": lambda x, y: x.mT.softmax(-1).view(-1),
    "x.mT.log_softmax(-1).view(-1)": lambda x, y: x.mT.log_softmax(-1).view(-1),
    "F.layer_norm(x.mT, [4]).view(-1)": lambda x, y: F.layer_norm(x.mT, [4]).view(-1),
    "x.mT.clone()": lambda x, y: x.mT.clone(),
    "x.mT.contiguous()": lambda x, y: x.mT.contiguous(),
    "torch.mm(x, mat2=y)": lambda x, y: torch.mm(x[0], mat2=y[0]),
    "torch.mm(input=x, mat2=y)": lambda x, y: torch.mm(input=x[0], mat2=y[0]),
    "torch.bmm(x, mat2=y)": lambda x, y: torch.bmm(x, mat2=y),
    "torch.mv(x, vec=y)": lambda x, y: torch.mv(x[0], vec=y[0, 0]),
    "x.swapaxes(axis0=0, axis1=1)": lambda x, y: x.swapaxes(axis0=0, axis1=1),
    "torch.unflatten(sizes, dim)": lambda x, y: torch.unflatten(x, sizes=(2, 2), dim=1),
    "torch.unsqueeze(dim=0, input=x)": lambda x, y: torch.unsqueeze(dim=0, input=x),
    "x.sum(np.int64(1))": lambda x, y: x.sum(np.int64(1)),
    "x.mean(np.int64(1))": lambda x, y: x.mean(np.int64(1)),
    "x.var(np.int64(1))": lambda x, y: x.var(np.int64(1)),
    "x.max(np.int64(1))": lambda x, y: x.max(np.int64(1)).values,
}


@pytest.mark.parametrize("call", KEYWORDS)
def test_arguments_given_by_keyword_mean_what_they_mean_to_torch(call):
    theirs, ours = both_ways(KEYWORDS[call], leaf(3, 4, 4), leaf(3, 4, 4, seed=1))
    assert ours[1] == theirs[1]
    torch.testing.assert_close(ours[0], theirs[0], rtol=0, atol=1e-10)
    torch.testing.assert_close(ours[2:], theirs[2:], rtol=0, atol=1e-10)


def test_a_refusal_tells_of_a_tensor_only_its_shape():
    x, weight = leaf(4, 300), torch.ones(300, dtype=torch.float64)
    with by_hand(), pytest.raises(NotDerived, match=r"weight=tensor of shape \(300,\) is not derived") as refusal:
        F.cross_entropy(x, torch.arange(4), weight=weight)
    assert len(str(refusal.value)) < 200


REFUSED_BY_TORCH = {
    "whole numbers += fractions": lambda w: torch.zeros(3, dtype=torch.long).add_(w[0]),
    "whole numbers *= fractions": lambda w: torch.ones(3, dtype=torch.long).mul_(w[0]),
    "bool *= fractions": lambda w: torch.ones(3, dtype=torch.bool).mul_(w[0]),
    "a row below the table": lambda w: F.embedding(torch.tensor([-1]), w),
    "a row beyond the table": lambda w: F.embedding(torch.tensor([4]), w),
    "bool rows": lambda w: F.embedding(torch.tensor([True]), w),
    "bytes as rows": lambda w: F.embedding(torch.tensor([1], dtype=torch.uint8), w),
    "a table of one dimension": lambda w: F.embedding(torch.tensor([1]), w[0]),
    "a table of three dimensions": lambda w: F.embedding(torch.tensor([1]), w[None]),
    "elu_ with a negative alpha": lambda w: F.elu_(w + 0, -1.0).sum().backward(),
    "leaky_relu_ with a negative slope": lambda w: F.leaky_relu_(w + 0, -0.5).sum().backward(),
    "no eps": lambda w: F.batch_norm(w, None, None, training=True, eps=0.0),
}


@pytest.mark.parametrize("call", REFUSED_BY_TORCH)
def test_what_torch_refuses_is_refused_with_the_same_exception(call):
    with pytest.raises(Exception) as theirs:  # noqa: PT011  whatever torch raises
        REFUSED_BY_TORCH[call](leaf(4, 3))
    with by_hand(), pytest.raises(theirs.type) as ours:
        REFUSED_BY_TORCH[call](leaf(4, 3))
    assert ours.type is theirs.type


def test_writing_a_wider_float_into_a_narrower_one_is_allowed_as_torch_allows_it():
    x, w = torch.ones(3), leaf(3)
    with by_hand(strict=True):
        y = x.add_(w)
    assert y.dtype == torch.float32
    torch.testing.assert_close(torch.autograd.grad(y.sum(), w)[0], torch.ones(3, dtype=torch.float64))


def test_vmap_over_data_goes_to_torch_unchanged():
    x = torch.arange(12.0).reshape(3, 2, 2)
    with by_hand(strict=True) as calls:
        double = torch.func.vmap(lambda t: t * 2)(x)
        product = torch.func.vmap(lambda t: F.linear(t, t).softmax(-1))(x)
    torch.testing.assert_close(double, x * 2)
    torch.testing.assert_close(product, torch.stack([F.linear(t, t).softmax(-1) for t in x]))
    assert calls.report().by_hand == {}


def test_vmap_inside_grad_is_refused_by_name():
    with by_hand(), pytest.raises(NotDerived, match=r"torch.func.vmap"):
        torch.func.grad(lambda z: torch.func.vmap(torch.tanh)(z).sum())(torch.ones(2, 2))


WRITTEN_UNDER = {
    "view": lambda h: (h.view(-1), h.add_(1)),
    "index": lambda h: (h[0], h.mul_(3)),
    "transposed": lambda h: (h.T, h.__setitem__(0, 7.0)),
    "slice": lambda h: (h[:, 1:], h.relu_()),
}


@pytest.mark.parametrize("kind", WRITTEN_UNDER)
@pytest.mark.parametrize("use", [lambda v: v * v, lambda v: v.cumprod(0), lambda v: torch.stack([v, v])])
def test_a_view_by_hand_of_what_was_written_into_is_refused_with_the_cure(kind, use):
    with by_hand():
        view, _ = WRITTEN_UNDER[kind](leaf(4, 5) * 1)
        with pytest.raises(NotDerived, match=r"view made by hand.*clone"):
            use(view)


def test_a_view_that_is_saved_when_its_base_is_written_into_is_refused_on_the_way_back():
    with by_hand():
        h = leaf(4, 5) * 1
        h[:, 0] = h[:, 0] * h[:, 1]
    with pytest.raises(NotDerived, match=r"Tensor\.mul meets a view made by hand.*clone"):
        h.sum().backward()


def test_a_column_may_be_replaced_by_a_multiple_of_itself():
    def scaled(x):
        h = x * 1
        h[:, 0] = h[:, 0] * 2
        return h * h

    x = leaf(4, 5)
    (want,) = torch.autograd.grad(scaled(x).sum(), x)
    with by_hand():
        y = scaled(x).sum()
    torch.testing.assert_close(torch.autograd.grad(y, x)[0], want, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own, of forward mode
@pytest.mark.parametrize("asks", [True, False])
def test_forward_mode_is_refused_in_one_sentence(asks):
    layer = nn.Linear(3, 2)
    with by_hand(), forward_ad.dual_level():
        x = forward_ad.make_dual(torch.ones(3).requires_grad_(asks), torch.ones(3))
        with pytest.raises(NotDerived, match=r"^F\.linear is not derived by hand in forward mode"):
            layer(x)


def test_several_gradients_at_once_are_right_or_refused_in_one_sentence():
    layer, x = nn.Linear(3, 4).double(), leaf(1, 3)

    def rows(value):
        return torch.autograd.grad(value[0], [x], torch.eye(4, dtype=torch.float64), is_grads_batched=True)

    with by_hand():
        linear, nonlinear = layer(x), torch.tanh(layer(x))
    torch.testing.assert_close(rows(linear), rows(layer(x)))
    with pytest.raises(NotDerived, match=r"^torch\.tanh is not derived by hand for several gradients at once"):
        rows(nonlinear)


@pytest.mark.parametrize("shape", [(1, 5), (2, 5)])
@pytest.mark.parametrize("correction", [0, 1, 2, 3])
def test_a_variance_without_a_degree_of_freedom_is_torchs_nan_with_a_warning(shape, correction):
    x = leaf(*shape)
    found = []
    for context in (torch.enable_grad(), by_hand(strict=True)):
        with context, warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            y = x.var(0, correction=correction)
        (dx,) = torch.autograd.grad(y.sum(), x)
        found.append((y.detach(), dx, len(heard)))
    torch.testing.assert_close(found[1], found[0], rtol=1e-12, atol=1e-12, equal_nan=True)
