"""A training step of GRU, LSTM and Transformer: compiled passes, the fused step by torch, autograd, products alone.

Each step is gradients and update on one batch of items of 7 symbols. All take turns, step by step (JAX JAX_STEPS
steps in one scan), on one thread; shown are medians of processor time with the quartiles, and the median of the
ratios. GRU and LSTM multiply in bfloat16 where the processor has it, as their recipes do, the Transformer in float32,
as makemore's does, and autograd and JAX in float32. The products alone are those that the step makes, by torch and
without the update; AdamW is FusedAdamW everywhere but in makemore's loop and in JAX.
"""

import copy
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.compiled import jax_process
from benchmarks.ladder import written_out
from benchmarks.measure import Row, seconds
from moreish.fast.adamw import FusedAdamW
from moreish.fast.compiled import CompiledStep
from moreish.fast.library import Uncompiled
from moreish.fast.step import fast_operands
from moreish.fast.steps import FUSED
from moreish.models import build_model
from moreish.models.net import Net
from moreish.models.recurrent import RecurrentOptions
from moreish.models.transformer import Transformer
from moreish.recipes import resolve
from moreish.training.options import TrainOptions
from moreish.training.steps import make_optimizer

V, STEPS = 27, 7
ROUNDS, WARM = 60, 5
JAX_STEPS = 10
JAX_NETS = {"GRU 256": "gru", "LSTM 288": "lstm", "Transformer": "transformer"}
Step = Callable[[], object]


def rows(only: str = "") -> Iterable[Row]:
    """All nets, or those whose name holds `only`."""
    torch.set_num_threads(1)
    for name, build in (
        ("GRU 256", _gru),
        ("LSTM 288", _lstm),
        ("LSTM 288, dropout", _dropped),
        ("Transformer", _gpt),
    ):
        if only in name or only in __name__:
            yield from _compared(name, build())


@dataclasses.dataclass
class _Peers:
    steps: dict[str, Step]
    targets: dict[str, str]


def _compared(name: str, peers: _Peers) -> Iterator[Row]:
    measured: dict[str, Callable[[], float]] = {
        peer: lambda step=step: seconds(step) for peer, step in peers.steps.items()
    }
    with jax_process("jax_sequences.py", JAX_NETS[name]) if name in JAX_NETS else nullcontext() as jax:
        if jax is not None:
            measured["JAX, lax.scan"] = lambda: jax(JAX_STEPS) / JAX_STEPS
        took: dict[str, list[float]] = {peer: [] for peer in measured}
        for i in range(WARM + ROUNDS):
            for peer, spent in measured.items():
                ms = 1e3 * spent()
                if i >= WARM:
                    took[peer].append(ms)
    ours = next(iter(took))
    for peer in list(took)[1:]:
        ratio = float(np.median(np.array(took[peer]) / np.array(took[ours])))
        yield Row(
            f"{name}: {ours}, beside {peer}",
            _spread(took[ours]),
            _spread(took[peer]),
            ratio,
            peers.targets.get(peer, ""),
        )


def _spread(ms: list[float]) -> str:
    low, middle, high = np.quantile(ms, [0.25, 0.5, 0.75])
    return f"{middle:.2f} ms ({low:.2f}-{high:.2f})"


def _gru() -> _Peers:
    return _recurrent("gru", RecurrentOptions(n_embd=64, n_hidden=256), 3)


def _lstm() -> _Peers:
    return _recurrent("lstm", RecurrentOptions(n_embd=32, n_hidden=288), 4)


def _dropped() -> _Peers:
    return _recurrent("lstm", RecurrentOptions(n_embd=32, n_hidden=288, dropout=0.5), 4)


def _recurrent(name: str, options: RecurrentOptions, gates: int) -> _Peers:
    net, batch = build_model(name, options, V, 0), _batch(256)
    low = fast_operands()
    compiled = FUSED[type(net).__name__](net, 0.0, low)
    assert compiled.passes is not None, "there are no compiled kernels: make kernels"
    twin = copy.deepcopy(net)
    steps = {
        "compiled passes": _step(net, lambda: compiled(*batch, 1.0)),
        "the fused step by torch": _by_torch(net, batch, low),
        "autograd": _step(twin, lambda: _autograd(twin, batch)),
        "its products alone": _products(256, options.n_hidden, gates, low or torch.float32),
    }
    return _Peers(steps, {"the fused step by torch": ">= 1.35x", "its products alone": "within 2x"})


def _gpt() -> _Peers:
    config = resolve("makemore-transformer")
    net, batch = build_model("transformer", config.model.options, V, 0), _batch(32)
    assert isinstance(net, Transformer)
    try:
        compiled = CompiledStep(net)
    except Uncompiled as why:
        raise AssertionError("there are no compiled kernels: make kernels") from why
    passes_net, twin, loop = copy.deepcopy(net), copy.deepcopy(net), written_out(net, config.model.options)
    passes = FUSED["Transformer"](passes_net)
    plain = torch.optim.AdamW(loop.parameters(), 5e-4, (0.9, 0.99), weight_decay=0.01)

    def by_loop() -> None:
        _autograd(loop, batch)
        plain.step()

    steps = {
        "compiled": _step(net, lambda: compiled(*batch, 1.0)),
        "compiled passes between torch's products": _step(passes_net, lambda: passes(*batch, 1.0)),
        "the fused step by torch": _by_torch(net, batch, None),
        "autograd": _step(twin, lambda: _autograd(twin, batch)),
        "makemore's loop": by_loop,
        "its products alone": _linear_alone(compiled),
    }
    return _Peers(steps, {"the fused step by torch": ">= 1.5x", "its products alone": "within 2x"})


def _batch(rows: int) -> tuple[Tensor, Tensor]:
    idx, targets = torch.randint(V, (2, rows, STEPS), generator=torch.Generator().manual_seed(0))
    return idx, targets


def _step(net: Net, gradients: Step) -> Step:
    optimizer = make_optimizer(net.train(), TrainOptions(lr=1e-4))
    assert isinstance(optimizer, FusedAdamW)

    def run() -> None:
        gradients()
        optimizer.step()

    return run


def _by_torch(net: Net, batch: tuple[Tensor, Tensor], low: torch.dtype | None) -> Step:
    twin = copy.deepcopy(net)
    step = FUSED[type(net).__name__](twin, 0.0, low, None)
    return _step(twin, lambda: step(*batch, 1.0))


def _autograd(net: torch.nn.Module, batch: tuple[Tensor, Tensor]) -> None:
    for p in net.parameters():
        p.grad = None
    F.cross_entropy(net(batch[0]).flatten(0, 1), batch[1].flatten()).backward()


def _products(rows: int, size: int, gates: int, dtype: torch.dtype) -> Step:
    """h U^T and dgates U for every step of time but the first, the gradient of U, and the three of the logits."""
    h, d = torch.randn(STEPS, rows, size, dtype=dtype), torch.randn(STEPS, rows, gates * size, dtype=dtype)
    u, x, head = torch.randn(gates * size, size, dtype=dtype), torch.randn(STEPS * rows, size), torch.randn(V, size)
    wide, narrow, gradient = torch.empty_like(d[0]), torch.empty_like(h[0]), torch.empty_like(u)
    logits, dx, dhead = torch.empty(V, STEPS * rows), torch.empty_like(x), torch.empty_like(head)

    def run() -> None:
        for t in range(1, STEPS):
            torch.mm(h[t], u.T, out=wide)
            torch.mm(d[t], u, out=narrow)
        torch.mm(d[1:].flatten(0, 1).T, h[1:].flatten(0, 1), out=gradient)
        torch.mm(head, x.T, out=logits)
        torch.mm(logits, x, out=dhead)
        torch.mm(logits.T, head, out=dx)

    return run


def _linear_alone(step: CompiledStep) -> Step:
    """The products of the compiled step, forwards and backwards, in buffers of their sizes, by torch."""
    shapes = [
        (layer.in_features, layer.out_features)
        for layer in step.model.modules()
        if isinstance(layer, torch.nn.Linear)
    ]
    n = 32 * STEPS
    buffers = [
        (
            torch.randn(n, i),
            torch.randn(o, i),
            torch.randn(n, o),
            torch.empty(n, o),
            torch.empty(n, i),
            torch.empty(o, i),
        )
        for i, o in shapes
    ]

    def run() -> None:
        for x, w, dy, y, dx, dw in buffers:
            torch.mm(x, w.T, out=y)
            torch.mm(dy, w, out=dx)
            torch.mm(dy.T, x, out=dw)

    return run
