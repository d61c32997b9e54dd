"""Check your own: a learner's function, pair, class or autograd.Function, judged."""

import inspect

import pytest
import torch
import torch.nn.functional as F

from moreish.backprop import HAND_DERIVED, as_text, check
from moreish.backprop.canonicalize import name_of
from moreish.backprop.judge import parameters_of
from moreish.backprop.rules import losses


def batch_norm_backward(dy, xhat, rstd, weight):
    n = len(dy)
    dx = weight * rstd / n * (n * dy - dy.sum(0) - xhat * (dy * xhat).sum(0))
    return dx, (dy * xhat).sum(0), dy.sum(0)


def test_a_right_backward_is_right():
    rows = check(batch_norm_backward, of=F.batch_norm)
    assert [row.name for row in rows] == ["x", "weight", "bias"]
    assert all(row.approximate for row in rows)


def test_the_cause_stands_beside_a_wrong_one():
    def lecture(dy, xhat, rstd, weight):
        n = len(dy)
        dx = weight * rstd / n * (n * dy - dy.sum(0) - n / (n - 1) * xhat * (dy * xhat).sum(0))
        return dx, (dy * xhat).sum(0), dy

    rows = check(lecture, of=F.batch_norm)
    assert "the path through the variance is divided by n - 1" in rows[0].cause
    assert rows[1].cause is None
    assert "the sum over the broadcast dimension 0 is missing" in rows[2].cause


WRONG = {
    "tanh with x": (torch.tanh, lambda dy, x: (1 - x**2) * dy, "x stands where y = tanh(x) belongs"),
    "tanh without the square": (torch.tanh, lambda dy, y: (1 - y) * dy, "1 - y stands where 1 - y^2 belongs"),
    "tanh without dy": (torch.tanh, lambda dy, y: 1 - y**2, "not multiplied by dy"),
    "sigmoid": (torch.sigmoid, lambda dy, y: (1 - y**2) * dy, "the slope of tanh"),
    "sigmoid, y": (torch.sigmoid, lambda dy, y: y * dy, "y stands where y (1 - y) belongs"),
    "relu": (F.relu, lambda dy: dy, "the local derivative is missing"),
    "exp": (torch.exp, lambda dy, x: x * dy, "x stands where y = e^x belongs"),
    "log": (torch.log, lambda dy, x: x * dy, "x stands where 1/x belongs"),
    "sub": (torch.sub, lambda dy: (dy, dy), "has the wrong sign"),
    "mul": (torch.mul, lambda dy, x, other: (dy * x, (dy * x).sum(0)), "x itself stands where the other factor"),
    "linear, weight": (F.linear, lambda dy, x, weight: (dy @ weight, x.T @ dy, dy.sum(0)), "transposed"),
    "linear, bias": (F.linear, lambda dy, x, weight: (dy @ weight, dy.T @ x, dy), "dimension 0 is missing"),
    "linear, bias, other dimension": (
        F.linear, lambda dy, x, weight: (dy @ weight, dy.T @ x, dy.sum(1)), "a gradient has the shape of its value",
    ),
    "embedding": (
        F.embedding,
        lambda dy, idx, weight: torch.zeros_like(weight).index_put((idx,), dy),
        "picked twice is overwritten instead of added",
    ),
    "embedding, nothing": (F.embedding, lambda dy, weight: torch.zeros_like(weight), "nothing arrives"),
    "embedding, not a number": (F.embedding, lambda dy, weight: weight * torch.nan, "it is nan"),
    "softmax": (F.softmax, lambda dp, p: p * dp, "the subtracted term p sum(dp p) is missing"),
    "log_softmax": (F.log_softmax, lambda dy: dy, "the subtracted term softmax sum(dy) is missing"),
    "cross-entropy without the onehot": (
        F.cross_entropy,
        lambda logprobs: logprobs.exp() / len(logprobs),
        "the subtracted onehot(target) is missing",
    ),
    "cross-entropy without 1/n": (
        F.cross_entropy,
        lambda dloss, logprobs, index, kept: losses.cross_entropy_backward(dloss, logprobs, index, kept, None)[0],
        "a division by n, as of a mean, is missing",
    ),
    "mean": (torch.mean, lambda dy, x: dy.expand_as(x), "a division by n, as of a mean, is missing"),
    "var without the 2": (torch.var, lambda dy, centred, n_minus_c: centred * dy / n_minus_c, "is halved"),
    "max": (torch.max, lambda dy, x: dy.expand_as(x), "every element gets dy"),
    "gelu without the product rule": (F.gelu, lambda dy, phi: phi * dy, "the term x Phi' is missing"),
    "layer norm": (
        F.layer_norm,
        lambda dy, xhat, rstd, weight: {"x": rstd * (dy * weight - (dy * weight).mean(-1, keepdim=True))},
        "the path through the variance is missing",
    ),
    "conv1d": (F.conv1d, lambda dy, x: {"x": x * 0.37 + dy.sum()}, "no mistake known here fits"),
    "a constant": (torch.exp, lambda dy, y: 0.3 * y * dy, "is 0.3 times what it should be"),
    "gru": (torch.gru_cell, lambda dy, z: {"hx": z * dy}, "the path through the gates is missing"),
    "lstm": (
        torch.lstm_cell,
        lambda dy, f, o, tanh_c: {"hx[1]": f * o * (1 - tanh_c**2) * dy[0]},
        "that c' brings from later steps is not added",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_the_mistake_is_named(mistake):
    of, mine, cause = WRONG[mistake]
    causes = [row.cause for row in check(mine, of=of) if row.cause]
    assert any(cause in found for found in causes), causes


@pytest.mark.parametrize("of", HAND_DERIVED, ids=name_of)
def test_every_rule_passes_as_a_pair_with_every_option(of):
    rows = check(HAND_DERIVED[of], of=of, options=True, seeds=range(3))
    assert all(row.approximate for row in rows), as_text(rows)


class Tanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * (1 - y**2)


class TanhWithSetup(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return torch.tanh(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * (1 - y)


class Linear:
    """A layer in the lecture's style."""

    def forward(self, x, weight, bias):
        self.x, self.weight = x, weight
        return x @ weight.T + bias

    def backward(self, dy):
        return dy @ self.weight, dy.T @ self.x, dy.sum(0)


class HalfLinear(Linear):
    def forward(self, x, weight, bias):
        return super().forward(x, weight, bias) / 2


def test_an_autograd_function_is_judged_by_value_and_gradient():
    assert all(row.approximate for row in check(Tanh, of=torch.tanh))
    value, x = check(TanhWithSetup, of=torch.tanh)
    assert (value.name, value.approximate) == ("value", True)
    assert x.cause == "1 - y stands where 1 - y^2 belongs"


@pytest.mark.parametrize("mine", [Linear, Linear()])
def test_a_class_with_forward_and_backward_is_judged(mine):
    rows = check(mine, of=F.linear)
    assert [row.name for row in rows] == ["value", "x", "weight", "bias"]
    assert all(row.approximate for row in rows)


def test_a_wrong_forward_is_a_wrong_value():
    value, *grads = check(HalfLinear, of=F.linear)
    assert not value.approximate
    assert all(row.approximate for row in grads)


def test_methods_and_aliases_stand_for_their_function():
    assert check(lambda dy, y: dy * (1 - y**2), of=torch.Tensor.tanh)[0].approximate


def test_inputs_of_ones_own_are_used():
    x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    seen = []

    def backward(dy, x):
        seen.append(x)
        return dy * x.exp()

    assert check(backward, of=torch.exp, inputs=[(x,)])[0].approximate
    assert torch.equal(seen[0], x.detach().double())


def test_the_worst_sample_makes_the_row():
    """Right for short inputs, wrong for long ones: wrong."""
    rows = check(lambda dy, y: dy * y if len(y) < 6 else dy, of=torch.exp, seeds=range(8))
    assert not rows[0].approximate
    assert rows[0].cause == "dy is handed on as it is: the local derivative is missing"


REFUSED = {
    "not differentiable": (lambda dy: dy, torch.argmax, "torch.argmax"),
    "too many": (lambda dy, y: (dy * y, dy), torch.exp, "too many: 2 gradients came back; torch.exp has 1 here: x"),
    "unknown name": (lambda dy, gamma: dy, F.batch_norm, 'asks for "gamma"; there is bias, '),
    "too few": (lambda dy: (dy, dy), F.batch_norm, "2 gradients came back; F.batch_norm has 3 here: x, weight, bias"),
    "unknown gradient": (lambda dy: {"gamma": dy}, F.batch_norm, 'F.batch_norm has no gradient "gamma"'),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_judged_is_refused_in_a_sentence(case):
    mine, of, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        check(mine, of=of)


def test_names_of_torch_and_of_the_lectures_are_understood():
    assert check(lambda grad_output, input: grad_output * input.exp(), of=torch.exp)[0].approximate
    assert check(lambda dout, y: dout * y, of=torch.exp)[0].approximate
    assert check(lambda dloss, logprobs, target: dloss * _entropy(logprobs, target), of=F.cross_entropy)[
        0
    ].approximate


def _entropy(logprobs, target):
    return (logprobs.exp() - F.one_hot(target, logprobs.shape[1])) / len(target)


NO_RULE = [torch.sqrt, torch.square, torch.cumprod, torch.logsumexp, F.softplus, torch.atan2, F.mse_loss]


@pytest.mark.parametrize("of", NO_RULE)
def test_any_differentiable_function_of_torch_is_judged_by_autograd(of):
    """A backward that asks autograd itself is right, and half of it is not."""

    def gradients(dy, *args):
        leaves = [a.detach().clone().requires_grad_() if isinstance(a, torch.Tensor) else a for a in args]
        asked = [a for a in leaves if isinstance(a, torch.Tensor)]
        with torch.enable_grad():
            return torch.autograd.grad(of(*leaves), asked, dy)

    signature = inspect.signature(torch.overrides.get_testing_overrides()[of])
    required = sum(p.default is p.empty for p in signature.parameters.values())
    names = ", ".join(parameters_of(of)[:required])
    right = eval(f"lambda dy, {names}: gradients(dy, {names})", {"gradients": gradients})
    halved = eval(f"lambda dy, {names}: [g / 2 for g in gradients(dy, {names})]", {"gradients": gradients})
    assert all(row.approximate and row.cause is None for row in check(right, of=of))
    assert all(row.cause == "the gradient is halved" for row in check(halved, of=of))


ANSWERS = {
    "nothing": (lambda dy: None, "nothing came back"),
    "a float": (lambda dy: 0.5, "a plain number (float) came back"),
    "an integer": (lambda dy: 3, "a plain number (int) came back"),
    "numpy": (lambda dy, y: (dy * (1 - y**2)).numpy(), "a numpy array came back"),
    "whole numbers": (lambda dy, y: (dy * (1 - y**2)).long(), "whole numbers (int64) came back"),
    "complex": (lambda dy, y: (dy * (1 - y**2)).to(torch.complex128), "a complex tensor came back"),
    "text": (lambda dy: "dy", "a str came back, and a tensor belongs there"),
    "nested": (lambda dy: ((dy, dy),), "a tuple came back, and a tensor belongs there"),
    "infinite": (lambda dy, y: dy / (y * 0), "it is infinite"),
    "nan": (lambda dy, y: dy * torch.nan, "it is nan"),
    "in place": (lambda dy, x, y: x.zero_() + dy * (1 - y**2), "x is changed in place"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_is_no_gradient_has_a_sentence_of_its_own_and_never_passes(answer):
    mine, words = ANSWERS[answer]
    (row,) = check(mine, of=torch.tanh)
    assert not row.exact
    assert not row.approximate
    assert words in (row.cause or "")


def test_a_dy_that_is_asked_for_and_ignored_is_told():
    (row,) = check(lambda dloss, logprobs, target: _entropy(logprobs, target), of=F.cross_entropy)
    assert row.cause == "dy is ignored: with another dy the gradient must be another one"
    assert check(lambda logprobs, target: _entropy(logprobs, target), of=F.cross_entropy)[0].approximate


def test_plain_samples_broadcast():
    assert not all(row.approximate for row in check(lambda dy: (dy, dy), of=torch.add))
    assert not all(row.approximate for row in check(lambda dy: (dy, -dy), of=torch.sub))
    rows = check(lambda dy, x, other: (dy @ other.mT, x.mT @ dy), of=torch.matmul)
    assert [row.approximate for row in rows] == [True, False]


def test_unmasked_attention_is_the_plain_case():
    def right(dy, query, key, value):
        p = (query @ key.mT / query.shape[-1] ** 0.5).softmax(-1)
        dp = dy @ value.mT
        ds = p * (dp - (dp * p).sum(-1, keepdim=True)) / query.shape[-1] ** 0.5
        return ds @ key, ds.mT @ query, p.mT @ dy

    assert all(row.approximate for row in check(right, of=F.scaled_dot_product_attention))

    def unscaled(dy, query, key, value):
        dq, dk, dv = right(dy, query, key, value)
        return dq * query.shape[-1] ** 0.5, dk * query.shape[-1] ** 0.5, dv

    rows = check(unscaled, of=F.scaled_dot_product_attention)
    assert rows[0].cause == rows[1].cause == "the gradient lacks the scale 1/sqrt(E)"


@pytest.mark.parametrize("options", [{"inputs": []}, {"seeds": ()}])
def test_nothing_judged_is_never_taken_for_right(options):
    with pytest.raises(ValueError, match="nothing was judged"):
        check(lambda dy, y: dy * y, of=torch.exp, **options)
    with pytest.raises(ValueError, match="nothing was judged"):
        check(lambda dy, x: {}, of=torch.erf)


def test_what_is_destroyed_is_named():
    (row,) = check(lambda dy, y: (dy * (1 - y * y), dy.zero_())[0], of=torch.tanh)
    assert (row.cause or "").startswith("dy is changed in place")
    (row,) = check(lambda dy, y: dy * y.pow_(2).neg_().add_(1), of=torch.tanh)
    assert (row.cause or "").startswith("y is changed in place")


def plain_product(dy, x, other):
    return dy @ other.mT, x.mT @ dy


def mv_backward(dy, x, other):
    return torch.outer(dy, other), x.mT @ dy


@pytest.mark.parametrize(
    ("of", "mine"), [(torch.mm, plain_product), (torch.bmm, plain_product), (torch.mv, mv_backward)]
)
def test_a_narrower_name_of_a_function_is_judged_on_what_it_takes(of, mine):
    """mm takes no batch and bmm does not broadcast: nobody has to sum where nothing was broadcast."""
    rows = check(mine, of=of)
    assert [row.name for row in rows] == ["x", "other"]
    assert all(row.approximate for row in rows), as_text(rows)


def rms_backward(dy, x):
    rstd = (x.square().mean(-1, keepdim=True) + torch.finfo(x.dtype).eps) ** -0.5
    return rstd * (dy - x * rstd**2 * (dy * x).mean(-1, keepdim=True))


FURTHER = {
    "logsumexp": (torch.logsumexp, lambda dy, x, dim: dy.unsqueeze(dim) * x.softmax(dim)),
    "clamp": (torch.clamp, lambda dy, x, min, max: dy * ((x > min) & (x < max))),
    "rms_norm": (F.rms_norm, rms_backward),
    "cumprod": (torch.cumprod, lambda dy, x, y: (dy * y).flip(-1).cumsum(-1).flip(-1) / x),
}


@pytest.mark.parametrize("name", FURTHER)
def test_functions_without_a_rule_are_sampled_by_the_names_of_their_parameters(name):
    of, mine = FURTHER[name]
    assert all(row.approximate for row in check(mine, of=of))
    assert not any(row.approximate for row in check(lambda dy, x: x * dy.sum(), of=of))


def test_a_sparse_gradient_fails_with_a_sentence():
    (row,) = check(lambda dy, y: (dy * y).to_sparse(), of=torch.exp)
    assert not row.approximate
    assert (row.cause or "").startswith("a sparse_coo tensor came back")


def test_parameters_may_be_asked_for_by_keyword_only():
    def keyword(dy, *, y, **options):
        return dy * y

    assert check(keyword, of=torch.exp)[0].approximate
