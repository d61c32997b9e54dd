"""Small worlds for the doctor's tests: a language with a grammar, pictures with a shape, and plain loops."""

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

V = 12


@functools.cache
def language(n: int = 4000, block: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Windows of a Markov chain over V symbols and their next symbols: (n, block) and (n,)."""
    g = torch.Generator().manual_seed(seed)
    table = torch.softmax(2.0 * torch.randn(V, V, generator=g), 1)
    ids = torch.zeros(n + block, dtype=torch.int64)
    draws = torch.rand(n + block, generator=g)
    cumulative = table.cumsum(1)
    for t in range(1, n + block):
        ids[t] = torch.searchsorted(cumulative[ids[t - 1]], draws[t]).clamp(max=V - 1)
    return ids.unfold(0, block + 1, 1)[:, :block].contiguous(), ids[block:]


def pictures(n: int = 512, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Noisy copies of ten patterns (n, 1, 8, 8) and which pattern each is."""
    g = torch.Generator().manual_seed(seed)
    patterns = torch.randn(10, 1, 8, 8, generator=g)
    labels = torch.randint(0, 10, (n,), generator=g)
    return patterns[labels] + torch.randn(n, 1, 8, 8, generator=g), labels


def mlp(activation: type[nn.Module] = nn.Tanh, hidden: int = 32) -> nn.Sequential:
    """A healthy window model of the language, with a calm start."""
    return nn.Sequential(nn.Embedding(V, 8), nn.Flatten(), nn.Linear(24, hidden), activation(), nn.Linear(hidden, V))


def fit(
    model: nn.Module,
    optimizers: torch.optim.Optimizer | list[torch.optim.Optimizer],
    x: Tensor,
    y: Tensor,
    steps: int,
    loss=F.cross_entropy,
    batch: int = 32,
    seed: int = 0,
) -> float:
    """The loop that everybody writes."""
    g = torch.Generator().manual_seed(seed)
    optimizers = optimizers if isinstance(optimizers, list) else [optimizers]
    value = torch.zeros(())
    for _ in range(steps):
        rows = torch.randint(0, len(x), (batch,), generator=g)
        value = loss(model(x[rows]), y[rows])
        for optimizer in optimizers:
            optimizer.zero_grad()
        value.backward()
        for optimizer in optimizers:
            optimizer.step()
    return value.item()


def alarms(doctor) -> list[str]:
    """Findings of watch or above, as short text."""
    return [f"{f.severity} {f.id} {f.layer}: {f.sentence}" for f in doctor.findings if f.severity != "info"]
