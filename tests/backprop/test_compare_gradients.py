"""The comparison: what it finds, what it names, and what it leaves as it was."""

import gc
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from moreish.backprop import HAND_DERIVED, Rule, as_text, compare_gradients
from moreish.backprop.compare import compare
from moreish.backprop.rules import activations, attention, linear, norms


def batch_norm_net():
    """Embedding, Linear, BatchNorm with a weight that is not 1, tanh, Linear; and a loss on 33 rows."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Embedding(27, 5), nn.Flatten(), nn.Linear(15, 12), nn.BatchNorm1d(12), nn.Tanh(), nn.Linear(12, 27)
    )
    with torch.no_grad():
        model[3].weight.add_(0.3 * torch.randn(12))
    x, y = torch.randint(27, (33, 3)), torch.randint(27, (33,))
    return model, lambda: F.cross_entropy(model(x), y)


class SelfAttention(nn.Module):
    """One causal head: as many positions as channels, so that a transposed product still has a shape that fits."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(6, 6, bias=False) for _ in range(3))

    def forward(self, x):
        return F.scaled_dot_product_attention(self.query(x), self.key(x), self.value(x), is_causal=True)


def attention_net():
    torch.manual_seed(0)
    model, x = SelfAttention(), torch.randn(4, 6, 6)
    target = torch.randn(4, 6, 6)
    return model, lambda: (model(x) - target).square().mean()


def test_right_gradients_are_called_right_without_a_cause():
    for model, loss in (batch_norm_net(), attention_net()):
        rows = compare_gradients(model, loss, intermediates=True)
        assert all(row.approximate for row in rows), as_text(rows)
        assert {row.cause for row in rows} == {None}


def test_rows_have_the_names_of_the_parameters_in_their_order():
    model, loss = batch_norm_net()
    assert [row.name for row in compare_gradients(model, loss)] == [name for name, _ in model.named_parameters()]


def test_intermediates_come_latest_first_under_the_path_of_their_module():
    model, loss = batch_norm_net()
    rows = compare_gradients(model, loss, intermediates=True)
    assert [row.name for row in rows][:7] == [
        "F.cross_entropy", "5/F.linear", "4/torch.tanh", "3/F.batch_norm", "2/F.linear", "1/Tensor.flatten",
        "0/F.embedding",
    ]  # fmt: skip


def test_a_wrong_gradient_is_not_blamed_on_mistakes_before_it(monkeypatch):
    """The mistake in the first layer is none of the last layer's, whose own gradient is wrong too."""

    def late(dy, y):
        return (2 * dy * (1 - y**2),)

    def first(dy, idx, n_rows, padding_idx):
        return None, -torch.zeros(n_rows, dy.shape[-1]).index_add(0, idx.flatten(), dy.flatten(0, -2))

    monkeypatch.setitem(HAND_DERIVED, torch.tanh, Rule(activations.tanh_forward, late))
    monkeypatch.setitem(HAND_DERIVED, F.embedding, Rule(linear.embedding_forward, first))
    rows = {row.name: row for row in compare_gradients(*batch_norm_net())}
    assert rows["0.weight"].cause == "0/F.embedding, gradient of weight: the gradient has the wrong sign"
    assert rows["3.weight"].cause == "4/torch.tanh, gradient of x: the gradient is counted twice"


def test_a_bias_in_front_of_batch_norm_is_right_although_its_gradient_is_only_rounding():
    model, loss = batch_norm_net()
    (row,) = [row for row in compare_gradients(model, loss) if row.name == "2.bias"]
    assert row.approximate


def test_random_numbers_buffers_and_grads_are_left_as_they_were():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    x = torch.randn(8, 3)
    model(x).sum().backward()
    grads = [p.grad.clone() for p in model.parameters()]
    buffers = [b.clone() for b in model.buffers()]
    state = torch.get_rng_state()
    rows = compare_gradients(model, lambda: model(x).square().sum())
    assert all(row.approximate for row in rows)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(b, before) for b, before in zip(model.buffers(), buffers, strict=True))
    assert all(torch.equal(p.grad, before) for p, before in zip(model.parameters(), grads, strict=True))


def test_a_parameter_that_is_not_used_has_no_gradient_either_way():
    model = nn.ModuleDict({"used": nn.Linear(2, 1), "unused": nn.Linear(2, 1)})
    rows = compare_gradients(model, lambda: model["used"](torch.ones(3, 2)).sum())
    assert all(row.exact for row in rows if row.name.startswith("unused"))


def test_a_frozen_parameter_is_not_compared():
    model = nn.Linear(2, 1)
    model.bias.requires_grad_(False)
    assert [row.name for row in compare_gradients(model, lambda: model(torch.ones(3, 2)).sum())] == ["weight"]


def test_a_loss_that_changes_between_calls_is_refused():
    model, calls = nn.Linear(2, 2), []

    def loss():
        calls.append(1)
        y = model(torch.ones(3, 2))
        return (y.tanh() if len(calls) % 2 else y).sum()

    with pytest.raises(ValueError, match="another way the second time"):
        compare_gradients(model, loss, intermediates=True)


@pytest.mark.parametrize("loss", [lambda m: m(torch.ones(3, 2)), lambda m: torch.ones(())])
def test_a_loss_that_is_not_one_number_of_the_module_is_refused(loss):
    model = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="one number that depends on"):
        compare_gradients(model, lambda: loss(model))


def test_hooks_and_paths_are_gone_afterwards_even_after_an_error():
    model = nn.Sequential(nn.Linear(2, 2))

    def loss():
        model(torch.ones(1, 2))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        compare_gradients(model, loss)
    assert not model._forward_hooks
    assert not model[0]._forward_pre_hooks


class TestCompare:
    """One pair of gradients."""

    def test_equal_bits_are_exact(self):
        row = compare("w", torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0]))
        assert row[1:] == (True, True, 0.0, 0.0, None)

    def test_rounding_is_approximate_and_a_part_in_a_thousand_is_not(self):
        right = torch.tensor([1.0, -4.0])
        assert compare("w", right * (1 + 1e-6), right)[1:3] == (False, True)
        wrong = compare("w", right * 1.001, right)
        assert wrong[1:3] == (False, False)
        assert wrong.maxdiff == pytest.approx(0.004, rel=1e-3)
        assert wrong.relative == pytest.approx(0.001, rel=1e-3)

    def test_another_shape_is_infinitely_wrong(self):
        assert compare("w", torch.ones(2, 3), torch.ones(3)).maxdiff == math.inf

    def test_nan_is_infinitely_wrong(self):
        row = compare("w", torch.tensor([math.nan]), torch.ones(1))
        assert (row.approximate, row.maxdiff) == (False, math.inf)

    def test_no_gradient_counts_as_zeros(self):
        assert compare("w", None, torch.zeros(2)).exact
        assert not compare("w", None, torch.ones(2)).approximate
        assert compare("w", None, None).exact

    def test_empty_is_exact(self):
        assert compare("w", torch.ones(0), torch.ones(0)).exact


def norm_backward(mistake):
    """A BatchNorm backward, written from scratch, with one mistake in it."""

    def backward(dy, xhat, rstd, weight, use_batch, correction):
        n = len(dy)
        g = dy if mistake == "weight" else dy * weight
        mean, spread = g.mean(0), xhat * (g * xhat).mean(0)
        dx = {
            "mean": g - spread,
            "variance": g - mean,
            "constant": g,
            "n - 1": g - mean - spread * n / (n - 1),
            "sign": g + mean - spread,
        }.get(mistake, g - mean - spread) * rstd
        dweight = {"x for xhat": (dy * xhat / rstd).sum(0)}.get(mistake, (dy * xhat).sum(0))
        dbias = {"not summed": dy, "mean for sum": dy.mean(0), "row": dy[-1]}.get(mistake, dy.sum(0))
        return dx, None, None, dweight, dbias

    return Rule(norms.batch_norm_forward, backward)


PLANTED_IN_BATCH_NORM = {
    "mean": ("2.weight", "the path through the mean is missing"),
    "variance": ("2.weight", "the path through the variance is missing"),
    "constant": ("0.weight", "the path through the mean is missing; the path through the variance is missing"),
    "n - 1": ("2.weight", "the path through the variance is divided by n - 1 = 32, and n = 33 belongs there"),
    "sign": ("2.weight", "the path through the mean has the wrong sign"),
    "weight": ("2.weight", "the weight (gamma) is not multiplied in"),
    "not summed": ("3.bias", "the sum over the broadcast dimension 0 is missing"),
    "mean for sum": ("3.bias", "the gradient is n = 33 times too small"),
    "row": (
        "3.bias",
        "one row stands where the sum over the broadcast dimension belongs: overwritten instead of added",
    ),
}


@pytest.mark.parametrize("mistake", PLANTED_IN_BATCH_NORM)
def test_a_mistake_planted_in_batch_norm_is_named(monkeypatch, mistake):
    name, cause = PLANTED_IN_BATCH_NORM[mistake]
    monkeypatch.setitem(HAND_DERIVED, F.batch_norm, norm_backward(mistake))
    rows = {row.name: row for row in compare_gradients(*batch_norm_net())}
    assert not rows[name].approximate
    assert rows[name].cause is not None
    assert rows[name].cause.startswith("3/F.batch_norm, gradient of ")
    assert cause in rows[name].cause
    assert rows["5.weight"].approximate, "what lies after the mistake is right"


def attention_backward(mistake):
    """An attention backward, written from scratch, with one mistake in it."""

    def backward(dy, query, key, value, mask_shape, dropout, p, scale):
        if mistake == "mask":
            p = torch.softmax(query @ key.mT * scale, -1)
        dp = dy @ value.mT
        ds = p * dp if mistake == "softmax" else p * (dp - (p * dp).sum(-1, keepdim=True))
        factor = {"scale": 1.0, "scale twice": scale**2, "sign": -scale}.get(mistake, scale)
        dquery = factor * (ds.mT if mistake == "dS^T" else ds) @ key
        dkey = factor * (ds if mistake == "dS" else ds.mT) @ query
        dvalue = (p if mistake == "P" else p.mT) @ dy
        return dquery, dkey, dvalue, None

    return Rule(attention.attention_forward, backward)


PLANTED_IN_ATTENTION = {
    "mask": ("value.weight", "the mask is missing"),
    "softmax": ("query.weight", "the subtracted term P sum(dP P) of the softmax is missing"),
    "scale": ("key.weight", "the gradient lacks the scale 1/sqrt(E)"),
    "scale twice": ("query.weight", "the gradient has the scale 1/sqrt(E) twice"),
    "sign": ("query.weight", "the gradient has the wrong sign"),
    "dS^T": ("query.weight", "dS^T stands where dS belongs: a transposed product"),
    "dS": ("key.weight", "dS stands where dS^T belongs: a transposed product"),
    "P": ("value.weight", "P stands where P^T belongs: a transposed product"),
}


@pytest.mark.parametrize("mistake", PLANTED_IN_ATTENTION)
def test_a_mistake_planted_in_attention_is_named(monkeypatch, mistake):
    name, cause = PLANTED_IN_ATTENTION[mistake]
    monkeypatch.setitem(HAND_DERIVED, F.scaled_dot_product_attention, attention_backward(mistake))
    rows = {row.name: row for row in compare_gradients(*attention_net())}
    assert not rows[name].approximate
    assert rows[name].cause is not None
    assert cause in rows[name].cause


def test_the_backwards_without_a_mistake_are_right(monkeypatch):
    """The planted mistakes are the only mistakes."""
    monkeypatch.setitem(HAND_DERIVED, F.batch_norm, norm_backward(None))
    monkeypatch.setitem(HAND_DERIVED, F.scaled_dot_product_attention, attention_backward(None))
    for model, loss in (batch_norm_net(), attention_net()):
        assert all(row.approximate for row in compare_gradients(model, loss))


def test_the_graphs_of_a_comparison_are_freed(monkeypatch):
    def graphs():
        gc.collect()
        return sum(type(o).__name__ == "HandDerivedBackward" for o in gc.get_objects())

    before = graphs()
    compare_gradients(*batch_norm_net(), intermediates=True)
    monkeypatch.setitem(HAND_DERIVED, F.batch_norm, norm_backward("mean"))
    compare_gradients(*batch_norm_net(), intermediates=True)
    assert graphs() == before


def test_a_wrong_gradient_names_the_mistakes_between_it_and_the_loss(monkeypatch):
    """Two mistakes: the first layer meets both, the last only its own."""

    def forgets_bias(dy, x, weight):
        return dy @ weight, dy.T @ x, torch.zeros(len(weight))

    monkeypatch.setitem(HAND_DERIVED, F.batch_norm, norm_backward("mean"))
    monkeypatch.setitem(HAND_DERIVED, F.linear, Rule(linear.linear_forward, forgets_bias))
    rows = {row.name: row for row in compare_gradients(*batch_norm_net(), intermediates=True)}
    assert rows["5.bias"].cause == "5/F.linear, gradient of bias: nothing arrives: the gradient is missing"
    assert "the path through the mean is missing" in rows["2.weight"].cause
    assert "5/F.linear" not in as_text([rows["5.weight"]])
    assert rows["2/F.linear"].cause is not None


def test_the_text_has_a_line_for_each_gradient_and_one_for_each_cause():
    rows = [compare("a", torch.ones(1), torch.ones(1)), compare("bb", torch.ones(1), torch.zeros(1))]
    lines = as_text([rows[0], rows[1]._replace(cause="because")]).splitlines()
    assert lines == [
        "a   exact: True   approximate: True   maxdiff: 0.0e+00",
        "bb  exact: False  approximate: False  maxdiff: 1.0e+00",
        "    because",
    ]


class WrongTanh(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        y = torch.tanh(a)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * (1 - y)


class RightReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a.clamp(min=0)

    @staticmethod
    def backward(ctx, dy):
        (a,) = ctx.saved_tensors
        return dy * (a > 0)


class HalfRightLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, w, b):
        ctx.save_for_backward(a, w)
        return a @ w.T + b

    @staticmethod
    def backward(ctx, dy):
        a, w = ctx.saved_tensors
        return dy @ w, dy.T @ a, dy.mean(0)


class Around(nn.Module):
    """A net with a function in its middle."""

    def __init__(self, function, dtype=torch.float64, zero=False):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.function = nn.Linear(6, 8), nn.Linear(8, 3), function
        if zero:
            nn.init.zeros_(self.a.weight)
            nn.init.zeros_(self.a.bias)
        self.x = torch.randn(16, 6).to(dtype)
        self.to(dtype)

    def loss(self):
        return (self.b(self.function(self.a(self.x))) ** 2).mean()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_foreign_backward_under_another_name_is_caught_too(dtype):
    alias = WrongTanh.apply
    net = Around(alias, dtype)
    rows = compare_gradients(net, net.loss)
    assert not any(row.exact for row in rows if row.name.startswith("a."))
    assert all("1 - y" in (row.cause or "") for row in rows if row.name.startswith("a."))
    assert all(row.approximate for row in rows if row.name.startswith("b."))
    assert rows.unjudged == ["WrongTanh: an autograd.Function with a backward of its own"]


@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_right_backward_is_not_accused_for_the_kink_of_its_forward(dtype, zero):
    net = Around(RightReLU.apply, dtype, zero)
    rows = compare_gradients(net, net.loss)
    assert all(row.approximate and row.cause is None for row in rows)


def test_a_right_gradient_of_one_argument_is_not_accused_for_the_wrong_one_of_another():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.w, self.b = nn.Parameter(torch.randn(4, 6).double()), nn.Parameter(torch.randn(4).double())
            self.x = torch.randn(16, 6).double()

        def loss(self):
            return (HalfRightLinear.apply(self.x, self.w, self.b) ** 2).mean()

    own = Own()
    rows = {row.name: row for row in compare_gradients(own, own.loss)}
    assert rows["w"].approximate
    assert not rows["b"].approximate
    assert "gradient of b" in (rows["b"].cause or "")


def test_in_half_precision_the_tolerance_is_relative_to_the_gradient(monkeypatch):
    rule = HAND_DERIVED[torch.tanh]
    monkeypatch.setitem(HAND_DERIVED, torch.tanh, Rule(rule.forward, lambda dy, y: (-dy * (1 - y * y),)))
    net = Around(torch.tanh, torch.bfloat16)
    with torch.no_grad():
        net.b.weight.mul_(0.1)
    assert [row.approximate for row in compare_gradients(net, net.loss)][:2] == [False, False]


@pytest.mark.parametrize("seed", range(4))
def test_under_autocast_gradients_are_judged_in_the_precision_that_it_chose(monkeypatch, seed):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 5))
    x, y = torch.randn(32, 4), torch.randint(0, 5, (32,))

    def loss():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return F.cross_entropy(net(x), y)

    assert all(row.approximate for row in compare_gradients(net, loss))
    rule = HAND_DERIVED[torch.tanh]
    monkeypatch.setitem(HAND_DERIVED, torch.tanh, Rule(rule.forward, lambda dy, y: (dy * (1 - y),)))
    rows = {row.name: row for row in compare_gradients(net, loss)}
    assert not rows["0.weight"].approximate
    assert "F.linear" not in (rows["0.weight"].cause or "")
    assert rows["2.weight"].approximate


def test_a_module_without_anything_to_train_is_refused_in_a_sentence():
    net = Around(torch.tanh).requires_grad_(False)
    with pytest.raises(ValueError, match="no parameter that asks for a gradient"):
        compare_gradients(net, net.loss)


class SmallBatchWrong(torch.autograd.Function):
    """Takes the mean off; divides by n - 1 in a batch of 7, and only there."""

    @staticmethod
    def forward(ctx, x):
        return x - x.mean(0)

    @staticmethod
    def backward(ctx, dy):
        return dy - dy.sum(0) / (6 if len(dy) == 7 else len(dy))


@pytest.mark.slow
def test_a_foreign_backward_that_is_wrong_in_the_last_of_many_batches_only_is_caught():
    torch.manual_seed(0)
    net = nn.Linear(3, 2).double()
    batches = [torch.randn(n, 3).double() for n in [9] * 60 + [7]]
    rows = compare_gradients(net, lambda: sum(SmallBatchWrong.apply(net(x)).exp().mean() for x in batches))
    assert not any(row.approximate for row in rows)


class OnlySingle(torch.autograd.Function):
    """A tanh that refuses float64."""

    slope = 1.0

    @staticmethod
    def forward(ctx, x):
        if x.dtype != torch.float32:
            raise TypeError("float32 only")
        y = torch.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return OnlySingle.slope * dy * (1 - y * y)


@pytest.mark.parametrize("slope", [1.0, 1.01])
def test_a_foreign_backward_that_knows_float32_only_is_judged_there(monkeypatch, slope):
    monkeypatch.setattr(OnlySingle, "slope", slope)
    net = Around(OnlySingle.apply, torch.float32)
    rows = [row for row in compare_gradients(net, net.loss) if row.name.startswith("a.")]
    assert {row.approximate for row in rows} == {slope == 1.0}
    assert all((row.cause or "").endswith("1.01 times what it should be") for row in rows) == (slope != 1.0)


def test_a_reentrant_checkpoint_hides_its_parameters_and_is_refused():
    """To the graph they are not there: without a gradient either way, a wrong backward inside would be exact."""
    net = Around(WrongTanh.apply)
    x = net.x.clone().requires_grad_()

    def loss():
        return net.b(checkpoint(lambda x: net.function(net.a(x)), x, use_reentrant=True)).square().mean()

    with pytest.raises(ValueError, match="say use_reentrant=False"):
        compare_gradients(net, loss)


def test_a_row_behind_a_function_without_a_rule_is_not_exact():
    net = Around(torch.sin)
    rows = compare_gradients(net, net.loss)
    assert all(row.approximate for row in rows)
    assert not any(row.exact for row in rows if row.name.startswith("a."))
    assert rows.unjudged == ["torch.sin: it has no rule here, both runs take torch's derivative"]
