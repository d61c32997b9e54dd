"""The judges accuse nobody who is right, and no reason that they give is false."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from moreish.backprop import as_text, check, compare_gradients
from moreish.backprop.causes import Evidence, explain


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class RMS(torch.autograd.Function):
    """As in LLaMA: float32 inside, whatever comes."""

    wrong = staticmethod(lambda dx: dx)
    with_spread = True

    @staticmethod
    def forward(ctx, x):
        inside = x.float()
        r = torch.rsqrt(inside.pow(2).mean(-1, keepdim=True) + 1e-6)
        ctx.save_for_backward(inside, r)
        return (inside * r).to(x.dtype)

    @staticmethod
    def backward(ctx, dy):
        x, r = ctx.saved_tensors
        d, xhat = dy.float(), x * r
        spread = xhat * (d * xhat).mean(-1, keepdim=True)
        return RMS.wrong(r * (d - spread if RMS.with_spread else d)).to(dy.dtype)


class Exp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.float().exp().to(x.dtype)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * x.exp()


class NumpySigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = torch.from_numpy(1 / (1 + np.exp(-x.detach().numpy().astype("float32")))).to(x.dtype)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * y * (1 - y)


class Brain(torch.autograd.Function):
    """Rounds to steps that are longer than those of the differences."""

    @staticmethod
    def forward(ctx, x):
        return x.bfloat16().to(x.dtype) * 3

    @staticmethod
    def backward(ctx, dy):
        return 3 * dy


class Clamp(torch.autograd.Function):
    """Wrong where it is flat."""

    @staticmethod
    def forward(ctx, x):
        return x.float().clamp(-0.1, 0.1).to(x.dtype)

    @staticmethod
    def backward(ctx, dy):
        return dy


class AlmostTanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.tanh()

    @staticmethod
    def backward(ctx, dy):
        return dy * (1 - ctx.saved_tensors[0].tanh() ** 2) * 1.001


class Around(nn.Module):
    def __init__(self, function, dtype=torch.float32, seed=0, scale=1.0):
        super().__init__()
        torch.manual_seed(seed)
        self.a, self.b, self.function, self.scale = nn.Linear(4, 8), nn.Linear(8, 3), function, scale
        self.x, self.y = torch.randn(16, 4).to(dtype), torch.randint(3, (16,))
        self.to(dtype)

    def loss(self):
        return F.cross_entropy(self.b(self.function(self.scale * self.a(self.x))), self.y)


def first(net):
    """The row behind the function, and the sentences of all."""
    rows = compare_gradients(net, net.loss)
    return next(row for row in rows if row.name == "a.weight")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("function", [RMS, Exp, NumpySigmoid])
def test_a_right_backward_is_not_accused_for_a_forward_that_computes_in_float32(function, dtype, seed):
    row = first(Around(function.apply, dtype, seed))
    assert row.approximate, row.cause


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "wrong", [lambda dx: 1.05 * dx, lambda dx: 1.005 * dx, lambda dx: torch.cat([-dx[:, :1], dx[:, 1:]], 1)]
)
def test_a_wrong_backward_of_a_forward_in_float32_is_still_wrong(monkeypatch, wrong, dtype):
    monkeypatch.setattr(RMS, "wrong", staticmethod(wrong))
    assert not first(Around(RMS.apply, dtype)).approximate


def test_a_missing_term_in_the_backward_of_a_forward_in_float32_is_still_wrong(monkeypatch):
    monkeypatch.setattr(RMS, "with_spread", False)
    assert not first(Around(RMS.apply)).approximate


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_a_forward_that_climbs_in_steps_is_no_flat_one(scale):
    row = first(Around(Brain.apply, torch.float64, scale=scale))
    assert row.approximate, row.cause


def test_a_backward_that_goes_on_where_a_forward_in_float32_is_flat_is_wrong():
    assert not first(Around(Clamp.apply, scale=10.0)).approximate


def test_a_factor_in_a_foreign_backward_is_named_for_the_whole():
    assert (first(Around(AlmostTanh.apply)).cause or "").endswith("the gradient is 1.001 times what it should be")


def gelu_of_tanh(dy, x):
    c = math.sqrt(2 / math.pi)
    t = torch.tanh(c * (x + 0.044715 * x**3))
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * c * (1 + 3 * 0.044715 * x**2))


@pytest.mark.parametrize("shape", [(3,), (40,), (8, 5)])
def test_what_differs_everywhere_is_not_called_right_elsewhere(shape):
    n = math.prod(shape)
    (row,) = check(gelu_of_tanh, of=F.gelu, inputs=[(numbers(*shape),)])
    differ, elements = (
        (row.cause or "").removeprefix("no mistake known here fits; ").split(" elements")[0].split(" of ")
    )
    assert int(elements) == n
    assert int(differ) >= 0.9 * n


def test_right_elsewhere_is_not_said_where_little_is_off():
    right = numbers(6, 4)
    wrong = right + 3e-7 * numbers(6, 4, seed=1).sign()
    wrong[1] += 0.3 * numbers(4, seed=2)
    assert explain(wrong, right, Evidence()) == "no mistake known here fits; 24 of 24 elements differ"


def test_what_is_wrong_in_one_row_only_is_told_with_its_row():
    def mine(dy, y):
        dx = dy * (1 - y**2)
        dx[1] += 0.3 * dx[1].roll(1)
        return dx

    (row,) = check(mine, of=torch.tanh, inputs=[(numbers(6, 4),)])
    assert row.cause == "no mistake known here fits for the whole; only at 1 along dimension 0 it is wrong"


@pytest.mark.parametrize("factor", [1 + 1.5e-6, 1 + 1e-5, 1.001])
@pytest.mark.parametrize(
    ("of", "right"),
    [
        (torch.tanh, lambda dy, x: dy * (1 - torch.tanh(x) ** 2)),
        (torch.exp, lambda dy, x: dy * x.exp()),
        (torch.sin, lambda dy, x: dy * x.cos()),
        (F.softplus, lambda dy, x: dy * x.sigmoid()),
    ],
)
def test_the_right_derivative_is_never_named_as_the_mistake(of, right, factor):
    (row,) = check(lambda dy, x: right(dy, x) * factor, of=of)
    assert not row.approximate
    assert row.cause is not None
    assert row.cause.startswith("the gradient is off by")


def test_a_number_that_is_added_everywhere_is_named():
    (row,) = check(lambda dy, y: dy * (1 - y**2) + 1e-5, of=torch.tanh)
    assert row.cause == "the same number, 1e-05, is added to every element of it"


def batch_norm_without_eps(dy, x, weight):
    rstd = x.var(0, unbiased=False) ** -0.5
    xhat, d = (x - x.mean(0)) * rstd, dy * weight
    return rstd * (d - d.mean(0) - xhat * (d * xhat).mean(0)), (dy * xhat).sum(0), dy.sum(0)


def test_an_eps_that_is_left_out_is_named():
    rows = check(batch_norm_without_eps, of=F.batch_norm)
    assert [row.cause for row in rows] == ["eps = 1e-05 is left out of the root"] * 2 + [None]


def test_elements_that_differ_by_little_are_counted():
    right = numbers(6, 7)
    wrong = right + 1e-5 * numbers(6, 7, seed=1).sign() * (1 + numbers(6, 7, seed=2) ** 2)
    assert explain(wrong, right, Evidence()) == "no mistake known here fits; 42 of 42 elements differ"


def test_few_numbers_are_not_taken_for_a_sum_of_terms():
    terms = {"the first": numbers(2, seed=1), "the second": numbers(2, seed=2)}
    right = terms["the first"] + terms["the second"]
    assert explain(numbers(2, seed=3), right, Evidence(terms=terms)).startswith("no mistake known here fits")


@pytest.mark.parametrize(("n", "classes"), [(6, 7), (7, 6), (5, 8)])
def test_a_division_by_another_size_is_told_as_that(n, classes):
    def mine(dy, logits, targets):
        return dy * (F.softmax(logits, 1) - F.one_hot(targets, classes)) / classes

    (row,) = check(mine, of=F.cross_entropy, inputs=[(numbers(n, classes), torch.arange(n) % classes)])
    assert f"divided by {classes}" in (row.cause or "")
    assert f"{n}" in (row.cause or "")
    assert "n - 1" not in (row.cause or "")
    assert "n =" not in (row.cause or "")


def test_the_nearest_of_the_sizes_is_named():
    right = numbers(5, 5)
    cause = explain(right / 1024, right, Evidence(sizes=[1000, 1024]))
    assert cause == "the gradient is n = 1024 times too small: divided by n once too often"


def test_the_reason_is_one_that_most_samples_have():
    def mine(dy, logits, targets):
        return dy * (F.softmax(logits, 1) - F.one_hot(targets, logits.shape[1])) / logits.shape[1]

    (row,) = check(mine, of=F.cross_entropy)
    assert "divided by" in (row.cause or "")


def test_a_pair_may_save_one_tensor_without_a_tuple():
    pair = (lambda x: (x.tanh(), x.tanh())), lambda dy, y: dy * (1 - y**2)
    assert all(row.approximate for row in check(pair, of=torch.tanh))


REFUSED = {
    "one value": ((lambda x: x.tanh(), lambda dy, y: dy), "and \\(y, saved\\) belongs there"),
    "three values": ((lambda x: (x.tanh(), x, x), lambda dy, y: dy), "3 values, and \\(y, saved\\) belongs there"),
    "too few": ((lambda x: (x.tanh(), ()), lambda dy, y: dy), "dy and the 0 that forward saved: missing a required"),
    "too many": ((lambda x: (x.tanh(), (x, x)), lambda dy, y: dy), "dy and the 2 that forward saved: too many"),
    "three functions": ((len, len, len), "are two functions, and 3 came"),
    "a name twice": (lambda dy: {"x": dy, "input": dy}, "came back twice, under two names"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_pair_or_a_dict_that_does_not_fit_is_refused_in_a_sentence(case):
    mine, sentence = REFUSED[case]
    with pytest.raises(ValueError, match=sentence):
        check(mine, of=torch.tanh)


def test_dy_may_be_called_g_and_an_answer_by_the_name_that_was_asked_for():
    assert check(lambda g, input: {"input": g * (1 - input.tanh() ** 2)}, of=torch.tanh)[0].approximate
    assert check(lambda x, grad_out: {"x": grad_out * x.exp()}, of=torch.exp)[0].approximate
    mine = check(lambda dy, input, target: {"input": (input.softmax(1) - F.one_hot(target, input.shape[1])) / len(input) * dy}, of=F.cross_entropy)  # fmt: skip # noqa: E501
    assert mine[0].name == "logits"
    assert mine[0].approximate


def test_g_is_a_number_of_the_call_where_the_call_has_one_of_that_name():
    (row,) = check(lambda dy, g: {"hx[1]": 0 * g + 1}, of=torch.lstm_cell)
    assert row.name == "hx[1]"


class Losses:
    """Losses that are another one each time."""

    def __init__(self):
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
        self.x, self.calls, self.generator = torch.randn(16, 4), 0, torch.Generator().manual_seed(1)
        self.kept = None

    def counting(self):
        self.calls += 1
        return self.net(self.x).mean() * self.calls

    def every_third(self):
        self.calls += 1
        return self.net(self.x).mean() * (1 + (self.calls % 3 == 1))

    def drawing(self):
        return (self.net(self.x) * torch.rand(16, 8, generator=self.generator)).mean()

    def first_is_another(self):
        self.calls += 1
        return self.net(self.x).mean() * (2 if self.calls == 1 else 1)


@pytest.mark.parametrize("kind", ["counting", "every_third", "drawing", "first_is_another"])
def test_a_loss_that_is_not_deterministic_is_told(kind):
    losses = Losses()
    rows = compare_gradients(losses.net, getattr(losses, kind))
    assert not any(row.approximate for row in rows)
    assert all("the loss is not deterministic" in (row.cause or "") for row in rows), as_text(rows)


def test_a_loss_that_is_deterministic_is_not_blamed_for_a_wrong_backward():
    assert "deterministic" not in (first(Around(AlmostTanh.apply)).cause or "")


def test_nan_agrees_with_nan():
    losses = Losses()
    rows = compare_gradients(losses.net, lambda: math.nan * losses.net(losses.x).mean())
    assert all(row.approximate and row.cause is None for row in rows)
