"""The switch: what by_hand() sees, refuses, reports and leaves alone."""

import copy
import gc
import threading
import weakref

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint

from moreish.backprop import HAND_DERIVED, NotDerived, Rule, by_hand, compare_gradients
from moreish.backprop.rules import linear


def leaf(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).requires_grad_()


def is_by_hand(t):
    return type(t.grad_fn).__name__ == "HandDerivedBackward"


def both_ways(function, *leaves):
    """Value and gradients by autograd, then by hand, each on leaves of its own."""
    found = []
    for context in (torch.enable_grad(), by_hand(strict=True)):
        copies = [t.detach().clone().requires_grad_() for t in leaves]
        with context:
            y = function(*copies)
        found.append((y.detach(), *torch.autograd.grad(y, copies, torch.ones_like(y))))
    return found


SPELLINGS = {
    "x + y": lambda x, y: x + y,
    "1 + x": lambda x, y: 1 + x + y,
    "x - y": lambda x, y: x - y,
    "1 - x": lambda x, y: (1 - x) * y,
    "x * y": lambda x, y: x * y,
    "2 * x": lambda x, y: 2 * x * y,
    "x / y": lambda x, y: x / y,
    "1 / x": lambda x, y: 1 / x + y,
    "-x": lambda x, y: -x * y,
    "x ** 2": lambda x, y: x**2 + y,
    "2 ** x": lambda x, y: 2**x + y,
    "x @ y": lambda x, y: x @ y,
    "x.add(other=y)": lambda x, y: x.add(other=y),
    "torch.add(input=x, other=y)": lambda x, y: torch.add(input=x, other=y),
    "torch.add(x, y, alpha=1)": lambda x, y: torch.add(x, y, alpha=1),
    "x.T": lambda x, y: x.T @ y,
    "x.mT": lambda x, y: x.mT @ y,
    "x.t()": lambda x, y: x.t() * y,
    "x.square()": lambda x, y: x.square() + y,
    "x.exp().sqrt()": lambda x, y: x.exp().sqrt() + y,
    "x.exp().rsqrt()": lambda x, y: x.exp().rsqrt() + y,
    "x.reciprocal()": lambda x, y: x.reciprocal() + y,
    "x.mean(axis=1, keepdims=True)": lambda x, y: x.mean(axis=1, keepdims=True) * y,
    "x.var(0)": lambda x, y: x.var(0) + y,
    "x.var(False)": lambda x, y: x.var(False) + y,
    "x.var(0, unbiased=False)": lambda x, y: x.var(0, unbiased=False) + y,
    "x.var(dim=1, correction=0)": lambda x, y: x.var(dim=1, correction=0) + y,
    "x.max()": lambda x, y: x.max() * y,
    "x.max(1).values": lambda x, y: x.max(1).values * y,
    "x.view(size)": lambda x, y: x.view(torch.Size([16])).view(4, 4) * y,
    "x.reshape(shape=...)": lambda x, y: x.reshape(shape=(2, 8)).reshape(-1, 4) * y,
    "x.transpose(0, 1)": lambda x, y: x.transpose(dim0=0, dim1=1) * y,
    "x.permute(1, 0)": lambda x, y: x.permute(1, 0) * y.permute([1, 0]),
    "x.split": lambda x, y: torch.cat(x.split(2, 1)[::-1], 1) * torch.split(y, [4], dim=0)[0],
    "x.softmax(1)": lambda x, y: x.softmax(1) * y.softmax(dim=0),
    "torch.log_softmax": lambda x, y: torch.log_softmax(x, 1) * y.log_softmax(0),
    "torch.softmax dtype": lambda x, y: torch.softmax(x, 1, torch.float64) * y,
    "F.tanh": lambda x, y: F.tanh(x) * torch.sigmoid(y),
    "x.relu()": lambda x, y: x.relu() * torch.relu(y) * F.relu(x),
    "x[1:, None]": lambda x, y: x[1:, None] * y[:, 0],
    "x.contiguous()": lambda x, y: x.T.contiguous() * y.contiguous(),
    "F.linear(x, weight=y)": lambda x, y: F.linear(x, weight=y),
    "F.layer_norm": lambda x, y: F.layer_norm(x, [4], eps=1e-3) * y,
    "torch.stack": lambda x, y: torch.stack([x, y], dim=1),
    "torch.concat": lambda x, y: torch.concat((x, y)),
    "x.expand": lambda x, y: x[0].expand(4, -1) * y,
    "x.squeeze().unsqueeze()": lambda x, y: x.unsqueeze(0).squeeze(0) * y,
    "x.flatten().unflatten()": lambda x, y: x.flatten().unflatten(0, (4, 4)) * y,
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_reaches_the_table(spelling):
    """strict: a spelling that slipped through to autograd would raise."""
    x, y = leaf(4, 4), leaf(4, 4, seed=1)
    theirs, ours = both_ways(SPELLINGS[spelling], x, y)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


IN_PLACE = {
    "x += y": lambda x, y: x.__iadd__(y),
    "x -= y": lambda x, y: x.__isub__(y),
    "x *= y": lambda x, y: x.__imul__(y),
    "x /= y": lambda x, y: x.__itruediv__(y),
    "tanh_": lambda x, y: x.tanh_() * y,
    "sigmoid_": lambda x, y: torch.sigmoid_(x) * y,
    "relu_": lambda x, y: x.relu_() * y,
    "F.relu inplace": lambda x, y: F.relu(x, inplace=True) * y,
    "F.leaky_relu inplace": lambda x, y: F.leaky_relu(x, 0.2, inplace=True) * y,
    "F.elu inplace": lambda x, y: F.elu(x, inplace=True) * y,
    "torch.relu_": lambda x, y: torch.relu_(x) * y,
}


@pytest.mark.parametrize("spelling", IN_PLACE)
def test_writing_in_place_changes_the_tensor_and_its_gradient_as_torch_does(spelling):
    def function(x, y):
        z = x * 2
        IN_PLACE[spelling](z, y)
        return z * y

    theirs, ours = both_ways(function, leaf(3, 4), leaf(3, 4, seed=1))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


def test_writing_into_a_view_made_by_hand_is_refused_with_the_cure():
    x = leaf(4)
    with by_hand():
        for write in (lambda v: v.add_(1), lambda v: v.relu_(), lambda v: v.__setitem__(0, 1.0), lambda v: v.zero_()):
            view = (x * 2).view(2, 2)
            with pytest.raises(NotDerived, match=r"view made by hand.*clone"):
                write(view)


def test_writing_into_a_leaf_is_torchs_own_error():
    with by_hand(), pytest.raises(RuntimeError, match="leaf Variable"):
        leaf(3).add_(1)


REFUSED = {
    "weight=tensor": lambda x, t: F.cross_entropy(x, t, weight=torch.ones(4, dtype=torch.float64)),
    "reduce=False": lambda x, t: F.cross_entropy(x, t, reduce=False),
    "probabilities": lambda x, t: F.cross_entropy(x, x.softmax(1)),
    "max_norm=1.0": lambda x, t: F.embedding(t, x, max_norm=1.0),
    "scale_grad_by_freq=True": lambda x, t: F.embedding(t, x, scale_grad_by_freq=True),
    "sparse=True": lambda x, t: F.embedding(t, x, sparse=True),
    "alpha=3": lambda x, t: torch.add(x, x, alpha=3),
    "rounding_mode='floor'": lambda x, t: torch.div(x, 2, rounding_mode="floor"),
    "dtype=torch.float32": lambda x, t: x.sum(dtype=torch.float32),
    "ceil_mode=True": lambda x, t: F.max_pool2d(x[None], 2, ceil_mode=True),
    "count_include_pad=False": lambda x, t: F.avg_pool2d(x[None], 2, None, 1, False, False),
    "divisor_override=3": lambda x, t: F.avg_pool2d(x[None], 2, divisor_override=3),
    "enable_gqa=True": lambda x, t: F.scaled_dot_product_attention(x, x, x, enable_gqa=True),
    "inplace=True": lambda x, t: F.dropout(x, inplace=True),
    'mode="reflect"': lambda x, t: F.pad(x, (1, 1), mode="reflect"),
    "dim=None": lambda x, t: F.softmax(x, dim=None),
    "another dtype": lambda x, t: x.view(torch.int64),
    "approximate": lambda x, t: F.gelu(x, approximate="sin"),
    'padding="reflect"': lambda x, t: F.conv1d(x, x[None], padding="reflect"),
}


@pytest.mark.parametrize("option", REFUSED)
def test_an_option_that_was_not_derived_is_refused_by_name(option):
    x, targets = leaf(4, 4), torch.tensor([0, 1, 2, 3])
    with by_hand(), pytest.raises(NotDerived) as refusal:
        REFUSED[option](x, targets)
    assert option in str(refusal.value)


def test_options_at_the_value_that_changes_nothing_are_accepted():
    x, targets = leaf(4, 4), torch.tensor([0, 1, 2, 3])
    with by_hand(strict=True):
        F.cross_entropy(x, targets, None, None, -100, None, "mean", 0.0)
        F.embedding(targets, x, None, None, 2.0, False, False)
        F.avg_pool2d(x[None], 2, None, 0, False, True, None)
        F.softmax(x, dim=1, _stacklevel=5)


def test_what_torch_hands_on_is_handed_on():
    x = leaf(2, 3)
    with by_hand(strict=True) as calls:
        assert x.flatten(0, 0) is x
        assert x.contiguous() is x
        assert F.dropout(x, 0.5, training=False).equal(x)
        assert x.double() is x
    assert calls.report() == ({}, {}, [])


def test_where_no_gradient_is_asked_for_nothing_is_refused():
    x = leaf(4, 4)
    with by_hand(strict=True):
        F.cross_entropy(x.detach(), torch.tensor([0, 1, 2, 3]), weight=torch.ones(4).double())
        with torch.no_grad():
            torch.cumprod(x, 0)
            F.embedding(torch.tensor([0]), x, max_norm=100.0)


def test_a_function_without_a_rule_stays_autograds_and_the_report_says_so():
    x = leaf(4)
    with by_hand() as calls:
        y = (torch.tanh(x) * 2).cumprod(0).tanh()
    (dx,) = torch.autograd.grad(y.sum(), x)
    (want,) = torch.autograd.grad((torch.tanh(x) * 2).cumprod(0).tanh().sum(), x)
    torch.testing.assert_close(dx, want, rtol=0, atol=1e-12)
    report = calls.report()
    assert report.by_hand == {"torch.tanh": 1, "Tensor.mul": 1, "Tensor.tanh": 1}
    assert report.by_autograd == {"Tensor.cumprod": 1}
    assert "1 by autograd  Tensor.cumprod" in str(report)


def test_strict_names_the_function_without_a_rule():
    with by_hand(strict=True), pytest.raises(NotDerived, match=r"Tensor\.cumprod"):
        leaf(4).cumprod(0)


def test_strict_names_a_write_in_place_without_a_rule():
    x = leaf(4)
    with by_hand(strict=True), pytest.raises(NotDerived, match=r"Tensor\.erfinv_"):
        (x * 0.1).erfinv_()


def test_asking_a_tensor_about_itself_is_not_a_differentiated_call():
    x = leaf(2, 2)
    with by_hand(strict=True) as calls:
        y = x * 1
        _ = x.shape, y.grad_fn, y.detach(), y.size(0), y.dim(), x.data, y.requires_grad, y.double(), y.to(x)
    assert calls.report().by_hand == {"Tensor.mul": 1}


def test_nothing_runs_by_hand_before_inside_no_grad_or_after():
    x = leaf(3)
    before = torch.tanh(x)
    with by_hand(), torch.no_grad():
        assert torch.tanh(x).grad_fn is None
    after = torch.tanh(x)
    assert not is_by_hand(before)
    assert not is_by_hand(after)


def test_an_error_inside_leaves_torch_as_it_was():
    with pytest.raises(ZeroDivisionError), by_hand():
        raise ZeroDivisionError
    assert not is_by_hand(torch.tanh(leaf(3)))


def test_backward_may_run_inside_or_outside():
    x = leaf(3, 4)
    grads = []
    for inside in (True, False):
        x.grad = None
        with by_hand():
            loss = (torch.tanh(x) @ x.T).sum()
            if inside:
                loss.backward()
                torch.autograd.backward(torch.tanh(x).sum())
        if not inside:
            loss.backward()
            torch.autograd.backward(torch.tanh(x).sum())
        grads.append(x.grad)
    torch.testing.assert_close(grads[0], grads[1], rtol=0, atol=1e-15)


def test_contexts_nest_and_the_inner_one_ends_first():
    x = leaf(3)
    with by_hand() as outer:
        with by_hand() as inner:
            assert is_by_hand(torch.tanh(x))
        assert is_by_hand(torch.tanh(x))
    assert inner.report().by_hand == {"torch.tanh": 1}
    assert outer.report().by_hand == {"torch.tanh": 1}


def test_one_context_may_be_entered_again():
    x, hands = leaf(3), by_hand()
    for _ in range(2):
        with hands:
            assert is_by_hand(torch.tanh(x))
    assert hands.report().by_hand == {"torch.tanh": 2}


def test_threads_are_apart():
    """A thread that enters is by hand, one that does not is not, whatever the others do."""
    found = {}
    entered, done = threading.Barrier(2, timeout=30), threading.Barrier(2, timeout=30)

    def work(name, context):
        x = leaf(5, seed=len(name))
        with context:
            entered.wait()
            y = torch.tanh(x)
            done.wait()
        (dx,) = torch.autograd.grad(y.sum(), x)
        found[name] = is_by_hand(y), torch.allclose(dx, 1 - torch.tanh(x) ** 2)

    threads = [
        threading.Thread(target=work, args=("hand", by_hand())),
        threading.Thread(target=work, args=("autograd", torch.enable_grad())),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"hand": (True, True), "autograd": (False, True)}


def test_the_gradient_of_a_gradient_is_refused_with_a_sentence():
    x = leaf(3)
    with by_hand():
        y = torch.tanh(x).sum()
    with pytest.raises(NotDerived, match=r"create_graph=True.*not derived"):
        torch.autograd.grad(y, x, create_graph=True)


def test_a_weight_used_twice_receives_both_gradients():
    weight, x = leaf(4, 4), leaf(3, 4, seed=1)
    theirs, ours = both_ways(lambda w, x: F.linear(torch.tanh(F.linear(x, w)), w) @ w, weight, x)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_gradients_that_are_not_needed_are_not_computed(monkeypatch):
    """The first layer's input is data: nobody multiplies dy by the weights for it."""
    asked = []

    def spy(dy, x, weight, needs=()):
        asked.append(list(needs))
        return linear.linear_backward(dy, x, weight, needs)

    monkeypatch.setitem(HAND_DERIVED, F.linear, Rule(linear.linear_forward, spy))
    weight, bias = leaf(2, 3), leaf(2)
    with by_hand():
        F.linear(torch.ones(4, 3, dtype=torch.float64), weight, bias).sum().backward()
        F.linear(leaf(4, 3), weight.detach()).sum().backward()
    assert asked == [[False, True, True], [True, False, False]]


def test_a_tensor_changed_after_it_was_saved_is_noticed():
    """Batch indices are often reused: overwritten before backward, they would give a wrong gradient in silence."""
    table, idx = leaf(5, 2), torch.tensor([0, 1])
    with by_hand():
        y = table[idx].sum()
    idx.fill_(3)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_a_rule_whose_gradient_has_the_wrong_shape_is_refused(monkeypatch):
    """torch would sum it to fit, and the mistake would stay hidden."""
    monkeypatch.setitem(HAND_DERIVED, F.linear, Rule(linear.linear_forward, lambda dy, x, w: (dy @ w, dy.T @ x, dy)))
    bias = leaf(2)
    with by_hand():
        y = F.linear(leaf(4, 3), leaf(2, 3), bias)
    with pytest.raises(ValueError, match=r"shape \(4, 2\), its value \(2,\)"):
        y.sum().backward()


def test_complex_numbers_are_refused_by_name_and_integers_left_to_torch():
    z = torch.ones(3, dtype=torch.complex64, requires_grad=True)
    with by_hand() as calls:
        _ = torch.arange(3) + 1
        with pytest.raises(NotDerived, match=r"Tensor\.mul: complex numbers are not derived by hand"):
            _ = z * z
    assert calls.report().by_hand == {}


def test_a_tensor_written_into_itself_is_refused_by_name():
    with by_hand():
        y = leaf(3) * 2
        with pytest.raises(NotDerived, match="the tensor is written into itself"):
            y *= y


@pytest.mark.parametrize("transform", ["grad", "vjp", "jacrev"])
def test_transforms_of_torch_func_are_refused_by_name(transform):
    x = leaf(3).detach()
    ways = {
        "grad": lambda: torch.func.grad(lambda v: torch.tanh(v).sum())(x),
        "vjp": lambda: torch.func.vjp(torch.tanh, x),
        "jacrev": lambda: torch.func.jacrev(torch.tanh)(x),
    }
    with by_hand(), pytest.raises(NotDerived, match=r"torch.func"):
        ways[transform]()


def test_vmap_over_what_asks_for_a_gradient_is_refused_by_name():
    x = leaf(4, 3)
    with by_hand(), pytest.raises(NotDerived, match=r"torch.func.vmap"):
        torch.func.vmap(torch.tanh)(x)


def test_what_came_out_of_a_transform_that_is_over_is_a_tensor_like_others():
    w = torch.randn(3, requires_grad=True)
    out: list[torch.Tensor] = []

    def product(x: torch.Tensor) -> torch.Tensor:
        out.append(x * w)
        return out[0].sum()

    torch.func.grad(product)(torch.randn(3))

    def gradient() -> torch.Tensor:
        loss = (torch.tanh(out[0]) * w).sum()
        return torch.autograd.grad(loss, w, retain_graph=True)[0]

    expected = gradient()
    with by_hand() as calls:
        got = gradient()
    assert torch.allclose(got, expected)
    assert calls.report().by_hand == {"torch.tanh": 1, "Tensor.mul": 1, "Tensor.sum": 1}


class Tagged(Tensor):
    """A tensor subclass, as distributed and quantised tensors are."""


def test_tensor_subclasses_keep_their_own_ways():
    x = leaf(3).detach().as_subclass(Tagged).requires_grad_()
    with by_hand() as calls:
        y = torch.tanh(x)
    assert type(y) is Tagged
    assert calls.report().by_autograd == {"torch.tanh": 1}


def test_activation_checkpointing_goes_by_hand_the_second_time_too():
    """Its second forward runs during backward, where torch has switched every mode off."""
    model, x = nn.Sequential(nn.Linear(3, 4), nn.Tanh()).double(), leaf(5, 3)
    want = torch.autograd.grad(model(x).sum(), list(model.parameters()))
    with by_hand():
        y = checkpoint(model, x, use_reentrant=False)
    y.sum().backward()
    torch.testing.assert_close([p.grad for p in model.parameters()], list(want), rtol=0, atol=1e-12)


def test_a_module_is_copied_and_saved_as_ever():
    model = nn.Linear(2, 2)
    with by_hand():
        other = copy.deepcopy(model)
        assert other.state_dict().keys() == model.state_dict().keys()


@pytest.mark.slow
def test_memory_is_constant_over_many_steps():
    """No object of a step outlives it."""
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(16, 3), torch.randint(4, (16,))

    def steps(n):
        for _ in range(n):
            with hands:
                loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        gc.collect()
        kept = gc.get_objects()
        return len(kept), sum(issubclass(type(o), Tensor) for o in kept)

    hands = by_hand()
    steps(20)
    before, after = steps(20), steps(300)
    assert after[1] == before[1]
    assert after[0] - before[0] < 50  # not one object in six steps


def test_a_rule_that_was_put_in_and_taken_out_is_forgotten(monkeypatch):
    """Nothing remembers the function, and with it all that its module holds."""

    def backward(dy, x, weight):
        return dy @ weight, dy.T @ x, dy.sum(0)

    def forward(x, weight, bias=None):
        return linear.linear_forward(x, weight, bias)

    with monkeypatch.context() as patch, by_hand():
        patch.setitem(HAND_DERIVED, F.linear, Rule(forward, backward))
        F.linear(leaf(2, 3), leaf(4, 3), bias=leaf(4)).sum().backward()
    gone = [weakref.ref(forward), weakref.ref(backward)]
    del forward, backward
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


def test_a_step_is_freed_without_the_garbage_collector():
    """No reference cycle: saved values hang on the graph, and go with it."""
    x = leaf(3, 4)
    gc.collect()
    gc.disable()
    try:
        with by_hand():
            y = torch.tanh(x).sum()
        y.backward()
        del y
        assert not [o for o in gc.get_objects() if type(o).__name__ == "HandDerivedBackward"]
    finally:
        gc.enable()


def test_nested_modes_keep_nothing_of_a_step():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh())

    def kept() -> int:
        gc.collect()
        return len([o for o in gc.get_objects() if type(o).__name__ == "HandDerivedBackward"])

    before = kept()
    with by_hand() as outer, by_hand() as inner:
        for _ in range(4):
            net(torch.ones(5, 3)).sum().backward()
        assert kept() == before
    assert inner.report().by_hand["torch.tanh"] == 4
    assert outer.report().by_autograd["torch.tanh"] == 4


def test_it_is_in_force_after_an_optimizers_step_that_raised():
    net = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    with by_hand(strict=True):
        net(torch.ones(5, 3)).sum().backward()
        optimizer.param_groups[0]["lr"] = "much"
        with pytest.raises((TypeError, RuntimeError)):
            optimizer.step()
        with pytest.raises(NotDerived):
            torch.special.gammaln(net(torch.ones(5, 3)).abs())


def test_a_mode_below_is_handed_each_call_under_torchs_name():
    class Names(TorchFunctionMode):
        def __init__(self):
            super().__init__()
            self.seen = []

        def __torch_function__(self, func, types, args=(), kwargs=None):
            self.seen.append((func.__name__, len(args)))
            return func(*args, **(kwargs or {}))

    net = nn.Sequential(nn.Linear(4, 3), nn.Tanh())
    x = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    with Names() as below, by_hand() as calls:
        F.cross_entropy(net(x), torch.arange(5) % 3).backward()
    names = [name for name, _ in below.seen]
    assert [n for n in names if n in ("linear", "tanh", "cross_entropy", "backward")] == [
        "linear", "tanh", "cross_entropy", "backward"
    ]  # fmt: skip
    assert not {"matmul", "mm", "exp", "log_softmax"} & set(names), "what a rule does inside is its own affair"
    assert sum(calls.report().by_hand.values()) == 3


def test_lazy_modules_get_their_sizes_inside():
    x = torch.randn(6, 4)
    with by_hand():
        net = nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d(), nn.Tanh(), nn.LazyLinear(1))
        net(x)
        net(x).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    assert all(row.approximate for row in compare_gradients(net, lambda: net(x).square().sum()))


def test_a_linear_call_with_a_vector_stays_autograds():
    x, w = torch.randn(3, 4), torch.randn(4, requires_grad=True)
    with by_hand() as calls:
        F.linear(x, w).sum().backward()
    torch.testing.assert_close(w.grad, x.sum(0))
    assert calls.report().by_autograd == {"F.linear": 1}


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_targets_of_any_whole_numbers_that_torch_takes(dtype):
    x, targets = torch.randn(4, 5, requires_grad=True), torch.tensor([0, 1, 2, 3], dtype=dtype)
    (right,) = torch.autograd.grad(F.cross_entropy(x, targets), x)
    with by_hand():
        (mine,) = torch.autograd.grad(F.cross_entropy(x, targets), x)
    torch.testing.assert_close(mine, right)
