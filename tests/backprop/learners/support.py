"""What the cases share: a case, the inputs it is tried on, and the proof by plain autograd that it is right or wrong.

The proof never calls a judge: gradients by torch.autograd.grad in float64, or central differences for a module.
"""

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from moreish.backprop import HAND_DERIVED, Comparison, Rule, check, compare_gradients
from moreish.backprop.lecture import compare_lecture, lecture_weights

Errors = dict[str, float]
Loss = Callable[[], Tensor]
Build = Callable[["Draw"], tuple[nn.Module, Loss]]
Keywords = Sequence[Sequence[str]]


class Draw:
    """Random tensors of one dtype; the numbers do not depend on the dtype but for rounding."""

    def __init__(self, dtype: torch.dtype, seed: int = 0):
        self.dtype = dtype
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape: int) -> Tensor:
        """Normal numbers of this shape."""
        return torch.randn(shape, generator=self.generator, dtype=torch.float64).to(self.dtype)

    def positive(self, *shape: int) -> Tensor:
        """Numbers from 0.5 to 2.5 of this shape."""
        return (torch.rand(shape, generator=self.generator, dtype=torch.float64) * 2 + 0.5).to(self.dtype)

    def integers(self, high: int, *shape: int) -> Tensor:
        """Integers below `high` of this shape."""
        return torch.randint(high, shape, generator=self.generator)


@dataclass(frozen=True)
class Setup:
    """A torch function, the names of its arguments, and how to draw them.

    constant: floating arguments that get no gradient. saved: what a backward may ask for beside the arguments.
    """

    of: Callable[..., Any]
    names: tuple[str, ...]
    make: Callable[[Draw], tuple[Any, ...]]
    constant: tuple[str, ...] = ()
    saved: Callable[[dict[str, Any]], dict[str, Any]] = lambda named: {}
    reference: Callable[..., Any] | None = None

    def value(self, args: Sequence[Any]) -> Any:
        """What torch computes."""
        return (self.reference or self.of)(*args)


@dataclass(frozen=True)
class Case:
    """Something a learner wrote, right or wrong, and how to have it judged."""

    id: str
    kind: str
    right: bool
    run: Callable[[torch.dtype], Sequence[Comparison]]
    errors: Callable[[torch.dtype], Errors]
    rounding: float
    least: float = 1e-3
    cause: str = ""
    cause_keywords: Keywords = ()
    refusal_ok: bool = False

    def cause_is_right(self, said: str) -> bool:
        """Does some set of keywords occur in what was said? Short words must stand alone."""
        said = said.lower()
        words = set("".join(c if c.isalnum() or c == "_" else " " for c in said).split())
        return any(
            all(word in words if len(word) < 3 else word in said for word in every) for every in self.cause_keywords
        )


@dataclass
class Cases:
    """A list that the decorators below fill, all of them right or all of them wrong."""

    right: bool
    all: list[Case] = field(default_factory=list)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.all)

    def _add(self, kind: str, mine: Any, run: Any, errors: Any, options: Mapping[str, Any]) -> Any:
        options = dict(options)
        name = options.pop("id", None) or mine.__name__
        options.setdefault("rounding", 1e-8)
        self.all.append(Case(name, kind, self.right, run, errors, **options))
        return mine

    def check(
        self, setup: Setup, *, given: bool | None = None, marked: bool = True, **options: Any
    ) -> Callable[[Any], Any]:
        """For `check(mine, of=setup.of)`: the judge's own samples in float64, these inputs in float32.

        given=True: these inputs in both; given=False: the judge's samples in both. marked: requires_grad is set on
        the given inputs that get a gradient; otherwise on none, and every floating one gets a gradient.
        """

        def inputs(dtype: torch.dtype, seed: int) -> list[Any]:
            args = setup.make(Draw(dtype, seed))
            named = zip(setup.names, args, strict=False)
            return [_grown(arg) if marked and name not in setup.constant else arg for name, arg in named]

        def add(mine: Any) -> Any:
            def run(dtype: torch.dtype) -> list[Comparison]:
                if given or (given is None and dtype != torch.float64):
                    return check(mine, of=setup.of, inputs=[inputs(dtype, seed) for seed in range(3)])
                return check(mine, of=setup.of)

            return self._add("check", mine, run, lambda dtype: _errors_of_check(mine, setup, dtype), options)

        return add

    def module(self, *, floor: float = 1e-3, **options: Any) -> Callable[[Build], Build]:
        """For `compare_gradients(module, loss)`; the function builds the two."""

        def add(build: Build) -> Build:
            def run(dtype: torch.dtype) -> list[Comparison]:
                return compare_gradients(*_built(build, dtype))

            options.setdefault("rounding", 1e-5)
            return self._add("module", build, run, lambda dtype: _errors_of_module(build, dtype, floor), options)

        return add

    def rule(self, setup: Setup, build: Build, **options: Any) -> Callable[[Any], Any]:
        """For `compare_gradients` with the table's rule for setup.of exchanged for this pair (forward, backward)."""

        def add(pair: tuple[Callable[..., Any], Callable[..., Any]]) -> Any:
            def run(dtype: torch.dtype) -> list[Comparison]:
                with _exchanged(setup.of, Rule(*pair)):
                    return compare_gradients(*_built(build, dtype))

            return self._add("module", pair, run, lambda dtype: _errors_of_rule(pair, setup, dtype), options)

        return add

    def lecture(self, **options: Any) -> Callable[[Any], Any]:
        """For `compare_lecture`: the function gets the lecture's values and gives gradients by name."""

        def add(mine: Callable[[SimpleNamespace], dict[str, Tensor]]) -> Any:
            def run(dtype: torch.dtype) -> list[Comparison]:
                weights, x, y = _lecture_inputs(dtype)
                return compare_lecture(weights, x, y, mine(lecture_values(weights, x, y)))

            return self._add("lecture", mine, run, lambda dtype: _errors_of_lecture(mine, dtype), options)

        return add


# The proof of a backward.


def _errors_of_check(mine: Any, setup: Setup, dtype: torch.dtype) -> Errors:
    worst: Errors = {}
    for seed in range(3):
        args = setup.make(Draw(dtype, seed))
        dy = _upstream(setup.value(args), seed, dtype)
        right, value = _right(setup, args, dy)
        before = [t.clone() for t in tensors_in(args)]
        my_value, grads = _answer(mine, setup, args, dy)
        found = _compared(grads, right)
        if my_value is not None:
            found["value"] = _error(next(tensors_in(my_value)), next(tensors_in(value)))
        if any(not torch.equal(a, b) for a, b in zip(tensors_in(args), before, strict=True)):
            found["changed in place"] = math.inf
        worst = {name: max(error, worst.get(name, 0.0)) for name, error in found.items()}
    return worst


def _upstream(value: Any, seed: int, dtype: torch.dtype) -> Any:
    draw = Draw(dtype, 1000 + seed)
    made = [draw(*t.shape) for t in tensors_in(value)]
    return made[0] if isinstance(value, Tensor) else tuple(made)


def _right(setup: Setup, args: Sequence[Any], dy: Any) -> tuple[dict[str, Tensor], Any]:
    """The gradients in float64 by the names of the arguments, those of nested ones numbered, and the value."""
    leaves: dict[str, Tensor] = {}

    def leaf(name: str, arg: Any) -> Any:
        if isinstance(arg, tuple | list):
            return type(arg)(leaf(f"{name}[{i}]", a) for i, a in enumerate(arg))
        if isinstance(arg, Tensor) and arg.is_floating_point():
            arg = arg.detach().clone().double()
            if name not in setup.constant:
                leaves[name] = arg.requires_grad_()
        return arg

    value = setup.value([leaf(name, arg) for name, arg in zip(setup.names, args, strict=False)])
    outs = list(tensors_in(value))
    grads = torch.autograd.grad(outs, list(leaves.values()), [t.double() for t in tensors_in(dy)])
    return dict(zip(leaves, grads, strict=True)), value


def _answer(mine: Any, setup: Setup, args: Sequence[Any], dy: Any) -> tuple[Any, Any]:
    named = dict(zip(setup.names, args, strict=False))
    if inspect.isclass(mine) and issubclass(mine, torch.autograd.Function):
        leaves = {k: _grown(v) if k not in setup.constant else v for k, v in named.items()}
        skip = int(mine.setup_context is torch.autograd.Function.setup_context)
        value = mine.apply(*_filled(mine.forward, leaves, skip))
        wrt = [t for t in tensors_in(list(leaves.values())) if t.requires_grad]
        return value, torch.autograd.grad(value, wrt, dy, allow_unused=True)
    if isinstance(mine, tuple):
        value, saved = mine[0](*_filled(mine[0], named))
        return value, mine[1](dy, *saved)
    if inspect.isclass(mine):
        layer: Any = mine()
        return layer.forward(*_filled(layer.forward, named)), layer.backward(dy)
    y = setup.value(args)
    return None, mine(*_filled(mine, {**named, "y": y, **setup.saved({**named, "y": y}), "dy": dy}))


def _grown(arg: Any) -> Any:
    if isinstance(arg, tuple | list):
        return type(arg)(_grown(a) for a in arg)
    return arg.detach().clone().requires_grad_() if isinstance(arg, Tensor) and arg.is_floating_point() else arg


def _filled(function: Callable[..., Any], named: Mapping[str, Any], skip: int = 0) -> list[Any]:
    filled = []
    for i, p in enumerate(list(inspect.signature(function).parameters.values())[skip:]):
        if p.name in named:
            filled.append(named[p.name])
        elif p.name == "input":
            filled.append(named["x"])
        elif i == 0:
            filled.append(named["dy"])
        else:
            filled.append(p.default)
    return filled


def _compared(grads: Any, right: Mapping[str, Tensor]) -> Errors:
    if isinstance(grads, Mapping):
        return {name: _error(grads[name], right[name]) for name in grads}
    if not isinstance(grads, tuple | list):
        grads = [grads]
    if len(grads) == 1 and isinstance(grads[0], tuple | list):
        grads = grads[0]
    found = {name: _error(grad, want) for (name, want), grad in zip(right.items(), grads, strict=False)}
    if isinstance(grads, tuple) and len(grads) != len(right):
        found["number of gradients"] = math.inf
    return found


def _error(mine: Any, right: Tensor) -> float:
    """The largest difference over the largest right element; infinite where there is none to compare."""
    if isinstance(mine, np.ndarray):
        mine = torch.from_numpy(mine)
    if not isinstance(mine, Tensor) or mine.shape != right.shape or not mine.isfinite().all():
        return math.inf
    size = right.abs().max().item()
    return (mine.double() - right).abs().max().item() / max(size, 1e-3)


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples and lists."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for v in value:
            yield from tensors_in(v)


# The proof of a module: central differences in float64.


def _built(build: Build, dtype: torch.dtype) -> tuple[nn.Module, Callable[[], Tensor]]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module, loss = build(Draw(dtype))
        module.to(dtype)
    return module, loss


def _errors_of_module(build: Build, dtype: torch.dtype, floor: float) -> Errors:
    with torch.random.fork_rng():
        module, loss = _built(build, dtype)
        torch.manual_seed(1)
        parameters = dict(module.named_parameters())
        grads = torch.autograd.grad(loss(), list(parameters.values()), allow_unused=True)
        module, loss = _built(build, torch.float64)
        found = {}
        for (name, p), grad in zip(module.named_parameters(), grads, strict=True):
            grad = torch.zeros_like(p) if grad is None else grad
            places = torch.randperm(p.numel(), generator=torch.Generator().manual_seed(2))[:24].tolist()
            found[name] = (grad.double().flatten()[places], _differences(p, loss, places))
    scale = max(right.abs().max().item() for _, right in found.values())
    return {
        name: (mine - right).abs().max().item() / max(right.abs().max().item(), floor * scale)
        for name, (mine, right) in found.items()
    }


def _differences(p: Tensor, loss: Callable[[], Tensor], places: Sequence[int], step: float = 1e-5) -> Tensor:
    slopes = []
    flat = p.data.view(-1)
    for place in places:
        before = flat[place].item()
        ends = []
        for moved in (before + step, before - step):
            flat[place] = moved
            torch.manual_seed(1)
            ends.append(loss().item())
        flat[place] = before
        slopes.append((ends[0] - ends[1]) / (2 * step))
    return torch.tensor(slopes, dtype=torch.float64)


# The proof of an exchanged rule.


@contextmanager
def _exchanged(of: Callable[..., Any], rule: Rule) -> Iterator[None]:
    before = HAND_DERIVED[of]
    HAND_DERIVED[of] = rule
    try:
        yield
    finally:
        HAND_DERIVED[of] = before


def _errors_of_rule(pair: Any, setup: Setup, dtype: torch.dtype) -> Errors:
    args = setup.make(Draw(dtype))
    dy = _upstream(setup.value(args), 0, dtype)
    right, value = _right(setup, args, dy)
    mine, saved = pair[0](*args)
    beside = dict(zip(setup.names, pair[1](dy, *saved), strict=False))
    return {"value": _error(mine, value)} | {name: _error(beside[name], right[name]) for name in right}


# The proof of the lecture's gradients.


def _lecture_inputs(dtype: torch.dtype) -> tuple[Any, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2147483647)
    weights = lecture_weights(generator)
    x = torch.randint(27, (32, 3), generator=generator)
    y = torch.randint(27, (32,), generator=generator)
    return type(weights)(*(w.to(dtype) for w in weights)), x, y


def lecture_values(weights: Any, x: Tensor, y: Tensor) -> SimpleNamespace:
    """The chunked forward pass of the lecture, line by line, with its names."""
    C, W1, b1, W2, b2, bngain, bnbias = weights
    n = len(x)
    emb = C[x]
    embcat = emb.view(n, -1)
    hprebn = embcat @ W1 + b1
    bnmeani = 1 / n * hprebn.sum(0, keepdim=True)
    bndiff = hprebn - bnmeani
    bndiff2 = bndiff**2
    bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdim=True)
    bnvar_inv = (bnvar + 1e-5) ** -0.5
    bnraw = bndiff * bnvar_inv
    hpreact = bngain * bnraw + bnbias
    h = torch.tanh(hpreact)
    logits = h @ W2 + b2
    logit_maxes = logits.max(1, keepdim=True).values
    norm_logits = logits - logit_maxes
    counts = norm_logits.exp()
    counts_sum = counts.sum(1, keepdim=True)
    counts_sum_inv = counts_sum**-1
    probs = counts * counts_sum_inv
    logprobs = probs.log()
    loss = -logprobs[range(n), y].mean()
    return SimpleNamespace(**locals())


def lecture_gradients(weights: Any, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """The 26 gradients by autograd."""
    leaves = type(weights)(*(w.detach().clone().requires_grad_() for w in weights))
    values = vars(lecture_values(leaves, x, y))
    wrt = {name: v for name, v in values.items() if isinstance(v, Tensor) and v.requires_grad and name != "loss"}
    return dict(zip(wrt, torch.autograd.grad(values["loss"], list(wrt.values())), strict=True))


def _errors_of_lecture(mine: Any, dtype: torch.dtype) -> Errors:
    weights, x, y = _lecture_inputs(dtype)
    answers = mine(lecture_values(weights, x, y))
    right = lecture_gradients(type(weights)(*(w.double() for w in weights)), x, y)
    scale = max(g.abs().max().item() for g in right.values())
    return {
        name: math.inf
        if answer.shape != right[name].shape
        else (answer.double() - right[name]).abs().max().item() / max(right[name].abs().max().item(), 1e-3 * scale)
        for name, answer in answers.items()
    }


# What modules share.


def regression(module: nn.Module, x: Tensor, seed: int = 7) -> Loss:
    """A loss in which every output counts differently."""
    weights: list[Tensor] = []

    def loss() -> Tensor:
        out = module(x)
        if not weights:
            weights.append(Draw(out.dtype, seed)(*out.shape))
        return (out * weights[0]).mean() + 0.1 * (out**2).mean()

    return loss


class Through(nn.Module):
    """A Function as a module."""

    def __init__(self, function: type[torch.autograd.Function], *parameters: Tensor):
        super().__init__()
        self.function = function
        self.own = nn.ParameterList(parameters)

    def forward(self, x: Tensor) -> Tensor:
        return self.function.apply(x, *self.own)


# The setups.

TANH = Setup(torch.tanh, ("x",), lambda d: (d(5, 4),))
SIGMOID = Setup(torch.sigmoid, ("x",), lambda d: (d(5, 4),))
EXP = Setup(torch.exp, ("x",), lambda d: (d(5, 4),))
LOG = Setup(torch.log, ("x",), lambda d: (d.positive(5, 4),))
RELU = Setup(F.relu, ("x",), lambda d: (d(6, 5),))
LEAKY_RELU = Setup(F.leaky_relu, ("x", "negative_slope"), lambda d: (d(6, 5), 0.1))
ELU = Setup(F.elu, ("x", "alpha"), lambda d: (d(6, 5), 1.3))
GELU = Setup(F.gelu, ("x",), lambda d: (d(6, 5),))
SOFTMAX = Setup(F.softmax, ("x", "dim"), lambda d: (d(6, 5), -1), saved=lambda v: {"p": v["y"]})
LOG_SOFTMAX = Setup(F.log_softmax, ("x", "dim"), lambda d: (d(6, 5), -1))
DROPOUT = Setup(
    F.dropout, ("x", "mask"), lambda d: (d(6, 5), (d(6, 5) > 0) * 2.0), constant=("mask",), reference=torch.mul
)
NLL_LOSS = Setup(F.nll_loss, ("x", "targets"), lambda d: (d(6, 5).log_softmax(1), d.integers(5, 6)))
CROSS_ENTROPY = Setup(F.cross_entropy, ("logits", "targets"), lambda d: (d(6, 5), d.integers(5, 6)))


SMOOTHED_CROSS_ENTROPY = Setup(
    F.cross_entropy,
    ("logits", "targets", "class_weight", "size_average", "ignore_index", "reduce", "reduction", "label_smoothing"),
    lambda d: (d(6, 5), d.integers(5, 6), None, None, -100, None, "mean", 0.1),
)


def batch_norm(*shape: int) -> Setup:
    """BatchNorm over all dimensions but the second."""

    dims = (0, *range(2, len(shape)))
    column = (1, -1, *[1] * (len(shape) - 2))

    def saved(v: dict[str, Any]) -> dict[str, Any]:
        var, mean = torch.var_mean(v["x"], dims, correction=0, keepdim=True)
        rstd = (var + 1e-5).rsqrt()
        return {"xhat": (v["x"] - mean) * rstd, "rstd": rstd if len(shape) > 2 else rstd.view(-1), "column": column}

    return Setup(
        F.batch_norm,
        ("x", "running_mean", "running_var", "weight", "bias", "training", "momentum", "eps"),
        lambda d: (d(*shape) * 2 + 1, None, None, d(shape[1]) + 1, d(shape[1]), True, 0.1, 1e-5),
        saved=saved,
    )


BATCH_NORM = batch_norm(8, 5)
BATCH_NORM_NCL = batch_norm(4, 3, 6)
LAYER_NORM = Setup(
    F.layer_norm,
    ("x", "normalized_shape", "weight", "bias", "eps"),
    lambda d: (d(7, 5) * 2 + 1, (5,), d(5) + 1, d(5), 1e-5),
)
LINEAR = Setup(F.linear, ("x", "weight", "bias"), lambda d: (d(6, 4), d(3, 4), d(3)))
LINEAR_SQUARE = Setup(F.linear, ("x", "weight", "bias"), lambda d: (d(6, 4), d(4, 4), d(4)))
LINEAR_BATCHED = Setup(F.linear, ("x", "weight", "bias"), lambda d: (d(2, 6, 4), d(3, 4), d(3)))
MATMUL = Setup(torch.matmul, ("x", "other"), lambda d: (d(6, 4), d(4, 3)))
MATMUL_SQUARE = Setup(torch.matmul, ("x", "other"), lambda d: (d(4, 4), d(4, 4)))
MATMUL_BATCHED = Setup(torch.matmul, ("x", "other"), lambda d: (d(2, 3, 6, 4), d(4, 5)))
ADD = Setup(torch.add, ("x", "other"), lambda d: (d(6, 4), d(4)))
SUB = Setup(torch.sub, ("x", "other"), lambda d: (d(6, 4), d(6, 1)))
MUL = Setup(torch.mul, ("x", "other"), lambda d: (d(6, 4), d(1, 4)))
DIV = Setup(torch.div, ("x", "other"), lambda d: (d(6, 4), d.positive(4)))
POW = Setup(torch.pow, ("x", "exponent"), lambda d: (d.positive(6, 4), 3))
EMBEDDING = Setup(F.embedding, ("idx", "weight"), lambda d: (d.integers(5, 4, 3), d(5, 6)))
EMBEDDING_PADDED = Setup(
    F.embedding, ("idx", "weight", "padding_idx"), lambda d: (torch.tensor([[0, 1, 2], [2, 0, 4]]), d(5, 6), 0)
)


def _attention(causal: bool) -> Setup:
    return Setup(
        F.scaled_dot_product_attention,
        ("query", "key", "value", "attn_mask", "dropout_p", "is_causal"),
        lambda d: (d(2, 5, 4), d(2, 5, 4), d(2, 5, 4), None, 0.0, causal),
    )


ATTENTION = _attention(False)
CAUSAL_ATTENTION = _attention(True)
CONV1D = Setup(F.conv1d, ("x", "weight", "bias"), lambda d: (d(3, 2, 9), d(4, 2, 3), d(4)))
CONV2D = Setup(F.conv2d, ("x", "weight", "bias"), lambda d: (d(3, 2, 6, 7), d(4, 2, 3, 3), d(4)))
CONV2D_STRIDED = Setup(
    F.conv2d, ("x", "weight", "bias", "stride", "padding"), lambda d: (d(2, 3, 7, 7), d(4, 3, 3, 3), d(4), 2, 1)
)
MAX_POOL = Setup(F.max_pool2d, ("x", "kernel_size", "stride"), lambda d: (d(2, 3, 6, 6), 2, 2))
MAX_POOL_OVERLAPPING = Setup(F.max_pool2d, ("x", "kernel_size", "stride"), lambda d: (d(2, 3, 7, 7), 3, 2))
AVG_POOL = Setup(F.avg_pool2d, ("x", "kernel_size", "stride"), lambda d: (d(2, 3, 6, 6), 2, 2))


def _lstm_saved(v: dict[str, Any]) -> dict[str, Any]:
    h, c = v["hx"]
    a = v["x"] @ v["w_ih"].T + v["b_ih"] + h @ v["w_hh"].T + v["b_hh"]
    i, f, g, o = a.chunk(4, 1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    return {"h": h, "c": c, "i": i, "f": f, "g": g, "o": o, "tanh_c": (f * c + i * g).tanh()}


def _gru_saved(v: dict[str, Any]) -> dict[str, Any]:
    ir, iz, in_ = (v["x"] @ v["w_ih"].T + v["b_ih"]).chunk(3, 1)
    hr, hz, hn = (v["hx"] @ v["w_hh"].T + v["b_hh"]).chunk(3, 1)
    r, z = (ir + hr).sigmoid(), (iz + hz).sigmoid()
    return {"h": v["hx"], "r": r, "z": z, "hn": hn, "n": (in_ + r * hn).tanh()}


def _cell(gates: int) -> Callable[[Draw], tuple[Any, ...]]:
    return lambda d: (d(5, 3), d(5, 4), d(4 * gates, 3), d(4 * gates, 4), d(4 * gates), d(4 * gates))


_CELL = ("x", "hx", "w_ih", "w_hh", "b_ih", "b_hh")
RNN_TANH_CELL = Setup(torch.rnn_tanh_cell, _CELL, _cell(1), saved=lambda v: {"h": v["hx"], "h_next": v["y"]})
GRU_CELL = Setup(torch.gru_cell, _CELL, _cell(3), saved=_gru_saved)
LSTM_CELL = Setup(
    torch.lstm_cell,
    _CELL,
    lambda d: (d(5, 3), (d(5, 4), d(5, 4)), d(16, 3), d(16, 4), d(16), d(16)),
    saved=_lstm_saved,
)
VAR = Setup(torch.var, ("x", "dim"), lambda d: (d(6, 4), 0))
MEAN = Setup(torch.mean, ("x", "dim", "keepdim"), lambda d: (d(6, 4), 1, True))
CUMSUM = Setup(torch.cumsum, ("x", "dim"), lambda d: (d(6, 4), 1))
MAX = Setup(torch.max, ("x",), lambda d: (d(6, 4),))
CAT = Setup(torch.cat, ("tensors", "dim"), lambda d: ((d(2, 3), d(2, 3), d(2, 3)), 1))
GETITEM = Setup(Tensor.__getitem__, ("x", "index"), lambda d: (d(5, 3), torch.tensor([0, 2, 2, 4])))
PERMUTE = Setup(torch.permute, ("x", "dims"), lambda d: (d(3, 3, 3), (2, 0, 1)))
SQRT = Setup(torch.sqrt, ("x",), lambda d: (d.positive(5, 4),))
SQUARE = Setup(torch.square, ("x",), lambda d: (d(5, 4),))
LOGSUMEXP = Setup(torch.logsumexp, ("x", "dim"), lambda d: (d(6, 5), 1))
LOGSUMEXP_LARGE = Setup(torch.logsumexp, ("x", "dim"), lambda d: (d(6, 5) * 4000, 1))
SOFTPLUS = Setup(F.softplus, ("x",), lambda d: (d(5, 4),))
SILU = Setup(F.silu, ("x",), lambda d: (d(5, 4),))
MSE_LOSS = Setup(F.mse_loss, ("x", "target"), lambda d: (d(5, 4), d(5, 4)))
