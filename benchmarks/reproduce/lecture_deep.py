"""The statistics of the lecture on activations, gradients and BatchNorm, from its own seeds, measured by the doctor.

The net, its random numbers and its steps are those of the lecture's notebook: the numbers drawn from one generator in
the order in which the notebook draws them, weights (fan_in, fan_out), a variance over n - 1 in BatchNorm. What is
printed there about iteration i is what the doctor's probe sees of it.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.reproduce.job import Figure, Figures, Work
from moreish.data.batches import windows
from moreish.doctor import Doctor

SEED = 2147483647
ROWS, STEPS, LR = 32, 1000, 0.1
STARTS = {
    "gain 5/3": (5 / 3, True),
    "gain 1": (1.0, True),
    "gain 0.5": (0.5, True),
    "linear, gain 0.5": (0.5, False),
}


class Linear(nn.Module):
    """x W + b as in the notebook."""

    def __init__(self, fan_in: int, fan_out: int, bias: bool, rng: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn((fan_in, fan_out), generator=rng) / fan_in**0.5)
        self.bias = nn.Parameter(torch.zeros(fan_out)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, fan_in) to (N, fan_out)."""
        y = x @ self.weight
        return y if self.bias is None else y + self.bias


class BatchNorm(nn.Module):
    """With the statistics of the batch, the only ones that training needs."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """The same shape, (N, channels)."""
        xhat = (x - x.mean(0, keepdim=True)) / torch.sqrt(x.var(0, keepdim=True) + 1e-5)
        return self.gamma * xhat + self.beta


class Deep(nn.Module):
    """Embedding 10, block 3, five hidden layers of 100; the last gain or the last matrix is scaled by 0.1."""

    def __init__(self, vocab_size: int, gain: float, tanh: bool, norm: bool, rng: torch.Generator) -> None:
        super().__init__()
        self.C = nn.Parameter(torch.randn((vocab_size, 10), generator=rng))
        sizes = [(30, 100), *[(100, 100)] * 4, (100, vocab_size)]
        layers: list[nn.Module] = []
        for fan_in, fan_out in sizes:
            layers.append(Linear(fan_in, fan_out, not norm, rng))
            layers += [BatchNorm(fan_out)] if norm else []
            layers += [nn.Tanh()] if tanh else []
        layers = layers[:-1] if tanh else layers
        self.layers = nn.Sequential(*layers)
        matrices = [layer for layer in layers if isinstance(layer, Linear)]
        with torch.no_grad():
            (layers[-1].gamma if isinstance(layers[-1], BatchNorm) else matrices[-1].weight).mul_(0.1)
            for matrix in matrices[:-1]:
                matrix.weight.mul_(gain)

    def forward(self, idx: Tensor) -> Tensor:
        """Logits of windows (N, 3)."""
        return self.layers(F.embedding(idx, self.C).flatten(1))


def after_1000(work: Work) -> Figures:
    """With BatchNorm: the loss of iteration 0, and what is printed about iteration 1000."""
    batches = _batches(work)
    net, optimizer, rng = _start(work, 1.0, tanh=True, norm=True)
    first = 0.0
    for i in range(STEPS):
        loss = _step(net, optimizer, *batches(rng))
        first = loss if i == 0 else first
    seen = _watched(net, optimizer, *batches(rng))
    spread, (embedding, *inner, output) = _floats(seen["std"]), _floats(seen["grad:data"])
    return seen | {
        "parameters": float(sum(p.numel() for p in net.parameters())),
        "step 0": first,
        "std range": [min(spread), max(spread)],
        "gradient ends": _ends(seen["gradient"]),
        "grad:data embedding": embedding,
        "grad:data hidden range": [min(inner), max(inner)],
        "grad:data output": output,
    }


def at_start(work: Work) -> Figures:
    """Without BatchNorm: iteration 0 with three gains, and without any tanh."""
    found: Figures = {}
    for name, (gain, tanh) in STARTS.items():
        net, optimizer, rng = _start(work, gain, tanh=tanh, norm=False)
        seen = _watched(net, optimizer, *_batches(work)(rng))
        found |= {f"{name} {what}": values for what, values in seen.items()}
        found[f"{name} gradient first"], found[f"{name} gradient last"] = _ends(seen["gradient"])
    return found


def _floats(values: Figure) -> list[float]:
    assert isinstance(values, list)
    return [float(v) for v in values]


def _ends(values: Figure) -> list[float]:
    first, *_, last = _floats(values)
    return [first, last]


def _start(work: Work, gain: float, *, tanh: bool, norm: bool) -> tuple[Deep, torch.optim.Optimizer, torch.Generator]:
    rng = torch.Generator().manual_seed(SEED)
    net = Deep(len(work.names().vocab), gain, tanh, norm, rng)
    return net, torch.optim.SGD(net.parameters(), LR), rng


def _batches(work: Work) -> Callable[[torch.Generator], tuple[Tensor, Tensor]]:
    """The windows of 32 random rows, drawn from the generator."""
    x, y = (torch.from_numpy(a.astype(np.int64)) for a in windows(work.names().split("train"), 3))

    def draw(rng: torch.Generator) -> tuple[Tensor, Tensor]:
        rows = torch.randint(0, len(x), (ROWS,), generator=rng)
        return x[rows], y[rows]

    return draw


def _step(net: Deep, optimizer: torch.optim.Optimizer, idx: Tensor, targets: Tensor) -> float:
    loss = F.cross_entropy(net(idx), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def _watched(net: Deep, optimizer: torch.optim.Optimizer, idx: Tensor, targets: Tensor) -> Figures:
    """One more step, under the doctor's eyes: by hidden layer, and by matrix for grad:data.

    The notebook divides by the spread of the weights after the update, which the doctor measures before it.
    """
    with Doctor(net, optimizer, budget=math.inf) as doctor:
        _step(net, optimizer, idx, targets)
        seen = doctor.quantities
    hidden = [k for k, layer in enumerate(net.layers) if isinstance(layer, nn.Tanh)]
    if not hidden:
        hidden = [k for k, layer in enumerate(net.layers) if isinstance(layer, Linear)][:-1]
    layers = [f"layers.{k}" for k in hidden]
    matrices = ["C", *(f"layers.{k}.weight" for k, layer in enumerate(net.layers) if isinstance(layer, Linear))]
    return {
        "saturation": [100 * seen.get(f"{name}/saturated", 0.0) for name in layers],
        "mean": [seen[f"{name}/mean"] for name in layers],
        "std": [seen[f"{name}/std"] for name in layers],
        "gradient": [seen[f"{name}/grad_std"] for name in layers],
        "grad:data": [seen[f"{name}/grad_data"] for name in matrices],
        "update": [seen[f"{name}/update_ratio"] for name in matrices],
    }
