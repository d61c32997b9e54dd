"""The worlds of the sickbay: data that something can be learned from, healthy architectures, healthy traps."""

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from benchmarks.measure import names_file

V = 27
T = 8
Data = tuple[Tensor, Tensor]


def words(list_name: str, seed: int) -> list[list[int]]:
    """Items as ids 1..26: the file names.txt of MOREISH_DATA, or words of a Markov chain of second order."""
    g = torch.Generator().manual_seed(seed)
    if list_name == "names" and (path := names_file()) is not None:
        lines = path.read_text().split()
        picked = torch.randperm(len(lines), generator=g)[:4000].tolist()
        return [[ord(c) - 96 for c in lines[k]] for k in picked]
    chain = torch.Generator().manual_seed(77)
    table = torch.softmax(2.5 * torch.randn(V, V, V, generator=chain), -1)
    table[:, :, 0] *= 0.5
    rows = torch.zeros(3000, 14, dtype=torch.int64)
    for t in range(2, 14):
        rows[:, t] = torch.multinomial(table[rows[:, t - 2], rows[:, t - 1]], 1, generator=g)[:, 0]
    return [[c for c in row if c] or [1] for row in rows[:, 2:].tolist()]


def windows(items: list[list[int]], block: int) -> Data:
    """Contexts (N, block) and next symbols (N,)."""
    x, y = [], []
    for item in items:
        context = [0] * block
        for c in [*item, 0]:
            x.append(context)
            y.append(c)
            context = [*context[1:], c]
    return torch.tensor(x), torch.tensor(y)


def sequences(items: list[list[int]]) -> Data:
    """Whole items (N, T) and their next symbols, -100 where there is none."""
    x, y = torch.zeros(len(items), T, dtype=torch.int64), torch.full((len(items), T), -100)
    for k, item in enumerate(items):
        ids = [0, *item][:T]
        x[k, : len(ids)], y[k, : len(ids)] = torch.tensor(ids), torch.tensor([*item, 0][: len(ids)])
    return x, y


def pictures(seed: int) -> Data:
    """Noisy copies of ten patterns."""
    g = torch.Generator().manual_seed(seed)
    patterns = torch.randn(10, 1, 8, 8, generator=torch.Generator().manual_seed(3))
    labels = torch.randint(0, 10, (3000,), generator=g)
    return patterns[labels] + 2 * torch.randn(3000, 1, 8, 8, generator=g), labels


def calm(model: nn.Module, gain: float, last: nn.Linear) -> nn.Module:
    """Weights gain / sqrt(fan_in), biases 0, and an output layer that starts a tenth as large."""
    for m in model.modules():
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, std=gain / math.sqrt(m.in_features))
            if m.bias is not None:
                nn.init.zeros_(m.bias)
    with torch.no_grad():
        last.weight *= 0.1
    return model


def stack(act: type[nn.Module], depth: int, gain: float | None, norm: bool = False, h: int = 64) -> nn.Module:
    """Embedding, `depth` hidden layers, output; torch's own initialisation where gain is None."""
    layers: list[nn.Module] = [nn.Embedding(V, 10), nn.Flatten()]
    width = 30
    for _ in range(depth):
        layers += [nn.Linear(width, h, bias=not norm), *([nn.BatchNorm1d(h)] if norm else []), act()]
        width = h
    last = nn.Linear(width, V)
    model = nn.Sequential(*layers, last)
    return model if gain is None else calm(model, gain, last)


class WaveNet(nn.Module):
    """Pairs of neighbours are joined, three times over; BatchNorm over batch and time."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(V, 10)
        self.joins = nn.ModuleList(nn.Linear(width, 48, bias=False) for width in (20, 96, 96))
        self.norms = nn.ModuleList(nn.BatchNorm1d(48) for _ in range(3))
        self.head = nn.Linear(48, V)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        h = self.embed(x)
        for join, norm in zip(self.joins, self.norms, strict=True):
            b, t, c = h.shape
            h = torch.tanh(norm(join(h.reshape(b, t // 2, 2 * c)).transpose(1, 2)).transpose(1, 2))
        return self.head(h.flatten(1))


class Recurrent(nn.Module):
    """A GRU of torch."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.gru, self.head = nn.Embedding(V, 16), nn.GRU(16, 48, batch_first=True), nn.Linear(48, V)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.head(self.gru(self.embed(x))[0])


class Block(nn.Module):
    """Attention and a small net, each behind a LayerNorm and beside a residual path."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(c), nn.LayerNorm(c)
        self.qkv, self.out = nn.Linear(c, 3 * c), nn.Linear(c, c)
        self.net = nn.Sequential(nn.Linear(c, 4 * c), nn.GELU(), nn.Linear(4 * c, c))

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        q, k, v = (t.unflatten(-1, (2, -1)).transpose(1, 2) for t in self.qkv(self.first(x)).chunk(3, -1))
        h = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(h.transpose(1, 2).flatten(2))
        return x + self.net(self.second(x))


class Transformer(nn.Module):
    """Two blocks."""

    def __init__(self, c: int = 32) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(V, c), nn.Embedding(T, c)
        self.blocks, self.norm = nn.Sequential(Block(c), Block(c)), nn.LayerNorm(c)
        self.head = nn.Linear(c, V, bias=False)
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.head(self.norm(self.blocks(self.embed(x) + self.place(torch.arange(x.shape[1])))))


def bigram() -> nn.Module:
    """A table of logits."""
    table = nn.Embedding(V, V)
    nn.init.normal_(table.weight, std=0.1)
    return nn.Sequential(table, nn.Flatten())


def classifier() -> nn.Module:
    """A small convolutional net, as a stranger writes it."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip


@dataclass(frozen=True)
class World:
    """An architecture, its data and the learning rates at which it is known to train well."""

    name: str
    build: Callable[[], nn.Module]
    data: str
    lr: dict[str, float]
    classes: int = V


WORLDS = {
    w.name: w
    for w in (
        World("bigram", bigram, "window 1", {"SGD": 5.0, "AdamW": 1e-2}),
        World("mlp tanh", lambda: stack(nn.Tanh, 1, 5 / 3, h=100), "window 3", {"SGD": 0.1, "AdamW": 2e-3}),
        World("mlp relu", lambda: stack(nn.ReLU, 2, None), "window 3", {"SGD": 0.1, "AdamW": 2e-3}),
        World("mlp sigmoid", lambda: stack(nn.Sigmoid, 1, 1.0, h=100), "window 3", {"SGD": 1.0, "AdamW": 4e-3}),
        World("deep tanh", lambda: stack(nn.Tanh, 5, 5 / 3), "window 3", {"SGD": 0.05, "AdamW": 1e-3}),
        World("deep batchnorm", lambda: stack(nn.Tanh, 5, 1.0, norm=True), "window 3", {"SGD": 0.1, "AdamW": 2e-3}),
        World("wavenet", WaveNet, "window 8", {"SGD": 0.1, "AdamW": 2e-3}),
        World("gru", Recurrent, "sequence", {"SGD": 0.5, "AdamW": 3e-3}),
        World("transformer", Transformer, "sequence", {"SGD": 0.1, "AdamW": 2e-3}),
        World("classifier", classifier, "pictures", {"SGD": 0.1, "AdamW": 2e-3}, 10),
    )
}


@functools.cache
def load(data: str, list_name: str, seed: int) -> tuple[Data, Data]:
    """Train and val of a world's kind of data; the items are apart."""
    if data == "pictures":
        x, y = pictures(seed)
        return (x[:2400], y[:2400]), (x[2400:], y[2400:])
    items = words(list_name, seed)
    cut = len(items) * 9 // 10
    if data == "sequence":
        return sequences(items[:cut]), sequences(items[cut:])
    block = int(data.split()[1])
    return windows(items[:cut], block), windows(items[cut:], block)


class Lion(torch.optim.Optimizer):
    """The sign of a momentum: an optimizer that torch does not have."""

    def __init__(self, params, lr: float) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None) -> None:  # type: ignore[override]
        """Move every weight by lr."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    m = self.state[p].setdefault("m", torch.zeros_like(p))
                    p.add_((0.9 * m + 0.1 * p.grad).sign(), alpha=-group["lr"])
                    m.lerp_(p.grad, 0.01)


class Checkpointed(nn.Module):
    """The body is computed a second time in backward."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = stack(nn.Tanh, 2, 5 / 3)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        layers = list(self.inner.children())
        h = layers[1](layers[0](x))
        h = checkpoint(nn.Sequential(*layers[2:-1]), h, use_reentrant=False)
        return layers[-1](h)


class Tied(nn.Module):
    """Embedding and output share their weights."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.mix, self.head = nn.Embedding(V, 24), nn.Linear(72, 24), nn.Linear(24, V, bias=False)
        nn.init.normal_(self.embed.weight, std=0.2)
        self.head.weight = self.embed.weight

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.head(torch.tanh(self.mix(self.embed(x).flatten(1))))


def frozen() -> nn.Module:
    """The first layer is not trained, and says so."""
    model = stack(nn.Tanh, 2, 5 / 3)
    for p in list(model.parameters())[:3]:
        p.requires_grad_(False)
    return model


def dropped() -> nn.Module:
    """Dropout 0.5, as the textbook has it."""
    model = stack(nn.ReLU, 2, None, h=128)
    return nn.Sequential(*list(model.children())[:4], nn.Dropout(0.5), *list(model.children())[4:])


@dataclass(frozen=True)
class Trap:
    """Something healthy that looks suspicious."""

    name: str
    build: Callable[[], nn.Module]
    optimizer: Callable[[Iterator[nn.Parameter]], torch.optim.Optimizer]
    accumulate: int = 1
    schedule: str = ""
    smoothing: float = 0.0
    clip: float = 0.0


def plain() -> nn.Module:
    """The lecture's net."""
    return stack(nn.Tanh, 1, 5 / 3, h=100)


TRAPS = (
    Trap("accumulation", plain, lambda p: torch.optim.SGD(p, 0.1), accumulate=4),
    Trap("frozen layers", frozen, lambda p: torch.optim.AdamW(p, 2e-3)),
    Trap("tied weights", Tied, lambda p: torch.optim.AdamW(p, 2e-3)),
    Trap("SGD lr 0.1, momentum 0.9", lambda: stack(nn.ReLU, 2, None), lambda p: torch.optim.SGD(p, 0.1, 0.9)),
    Trap("custom optimizer", plain, lambda p: Lion(p, 3e-4)),
    Trap("checkpointing", Checkpointed, lambda p: torch.optim.AdamW(p, 2e-3)),
    Trap("warm-up and cosine to 0", plain, lambda p: torch.optim.AdamW(p, 3e-3), schedule="cosine"),
    Trap("dropout 0.5", dropped, lambda p: torch.optim.AdamW(p, 2e-3)),
    Trap("label smoothing", plain, lambda p: torch.optim.AdamW(p, 2e-3), smoothing=0.1),
    Trap("clipping", plain, lambda p: torch.optim.SGD(p, 0.3), clip=0.5),
    Trap("strong weight decay", plain, lambda p: torch.optim.AdamW(p, 2e-3, weight_decay=0.3)),
    Trap("torch's own start, deep", lambda: stack(nn.Tanh, 4, None), lambda p: torch.optim.AdamW(p, 1e-3)),
)
