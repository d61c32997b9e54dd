"""Strangers: healthy runs of kinds that no list of items has. None may be alarmed.

Each is a net, a loss and an optimizer as they stand in tutorials, on made data with something in it to learn. Those
of this file belong to the half on which thresholds were set, those of `unseen` to the other.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BATCH = 64


@dataclass(frozen=True)
class Run:
    """Models and optimizers to watch, and what one training step is."""

    models: nn.Module | list[nn.Module]
    optimizers: list[torch.optim.Optimizer]
    step: Callable[[int], None]


@dataclass(frozen=True)
class Stranger:
    """A name, the half it belongs to, and how it is built for a number of steps."""

    name: str
    half: str
    build: Callable[[int], Run]


STRANGERS: dict[str, Stranger] = {}


def stranger(half: str) -> Callable[[Callable[[int], Run]], Callable[[int], Run]]:
    """Enter a builder into the table under its name."""

    def enter(build: Callable[[int], Run]) -> Callable[[int], Run]:
        name = build.__name__.replace("_", " ")
        STRANGERS[name] = Stranger(name, half, build)
        return build

    return enter


def plain(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    data: tuple[Tensor, Tensor],
    loss: Callable[[Tensor, Tensor], Tensor],
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None,
    clip: float = 0.0,
) -> Run:
    """The loop that everybody writes."""
    x, y = data
    g = torch.Generator().manual_seed(0)

    def step(_: int) -> None:
        rows = torch.randint(0, len(x), (BATCH,), generator=g)
        optimizer.zero_grad()
        loss(model(x[rows]), y[rows]).backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        if schedule is not None:
            schedule.step()

    return Run(model, [optimizer], step)


def images(n: int = 2000, size: int = 8, noise: float = 1.0) -> tuple[Tensor, Tensor]:
    """Ten patterns in three channels, with noise, and which pattern each is."""
    patterns = torch.randn(10, 3, size, size)
    labels = torch.randint(0, 10, (n,))
    return patterns[labels] + noise * torch.randn(n, 3, size, size), labels


def curve(n: int = 2000, d: int = 8) -> tuple[Tensor, Tensor]:
    """Numbers (n, d) and a smooth function of them (n, 1)."""
    x = torch.randn(n, d)
    return x, torch.sin(x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3] + 0.1 * torch.randn(n, 1)


def text(n: int = 3000, block: int = 16, symbols: int = 40) -> tuple[Tensor, Tensor]:
    """Sequences of a Markov chain, and the same one place later."""
    table = torch.softmax(2 * torch.randn(symbols, symbols), 1)
    ids = torch.zeros(n, block + 1, dtype=torch.int64)
    ids[:, 0] = torch.randint(0, symbols, (n,))
    for t in range(block):
        ids[:, t + 1] = torch.multinomial(table[ids[:, t]], 1)[:, 0]
    return ids[:, :-1].contiguous(), ids[:, 1:].contiguous()


def flat_cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy over all places."""
    return F.cross_entropy(logits.flatten(0, -2), y.flatten())


@stranger("tuning")
def image_classifier(steps: int) -> Run:
    """Convolutions, BatchNorm2d, SGD with momentum."""
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=5e-4)
    return plain(model, optimizer, images(), F.cross_entropy)


class Sequence(nn.Module):
    """A recurrent layer of torch between a table and a Linear."""

    def __init__(self, kind: type[nn.Module], symbols: int = 40, last: bool = False, out: int = 40) -> None:
        super().__init__()
        self.embed, self.cell, self.head = (
            nn.Embedding(symbols, 16),
            kind(16, 48, batch_first=True),
            nn.Linear(48, out),
        )
        self.last = last

    def forward(self, x: Tensor) -> Tensor:
        """Logits, for all places or for the last."""
        h = self.cell(self.embed(x))[0]
        return self.head(h[:, -1] if self.last else h)


@stranger("tuning")
def lstm_language_model(steps: int) -> Run:
    """nn.LSTM with AdamW and clipping."""
    model = Sequence(nn.LSTM)
    return plain(model, torch.optim.AdamW(model.parameters(), 3e-3), text(), flat_cross_entropy, clip=1.0)


class Encoder(nn.Module):
    """torch's own Transformer layers with a causal mask."""

    def __init__(self, symbols: int = 40, c: int = 32, block: int = 16) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(symbols, c), nn.Parameter(0.02 * torch.randn(block, c))
        layer = nn.TransformerEncoderLayer(c, 4, 4 * c, dropout=0.1, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(c, symbols)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.head(self.body(self.embed(x) + self.place, mask=mask, is_causal=True))


@stranger("tuning")
def transformer_with_warm_up(steps: int) -> Run:
    """lr 3e-4, warm-up and cosine."""
    model = Encoder()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-4, betas=(0.9, 0.95), weight_decay=0.1)
    warm = max(1, steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda k: min((k + 1) / warm, 0.5 + 0.5 * math.cos(math.pi * min(k / steps, 1.0)))
    )
    return plain(model, optimizer, text(), flat_cross_entropy, schedule, clip=1.0)


@stranger("tuning")
def regression(steps: int) -> Run:
    """MSE and Adam."""
    model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    return plain(model, torch.optim.Adam(model.parameters(), 1e-3), curve(), F.mse_loss)


@stranger("tuning")
def autoencoder(steps: int) -> Run:
    """A sigmoid at the end and binary cross-entropy."""
    x = torch.sigmoid(images()[0].flatten(1))
    model = nn.Sequential(
        nn.Linear(192, 64), nn.ReLU(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 64), nn.ReLU(),
        nn.Linear(64, 192), nn.Sigmoid(),
    )  # fmt: skip
    return plain(model, torch.optim.Adam(model.parameters(), 1e-3), (x, x), F.binary_cross_entropy)


@stranger("tuning")
def gan(steps: int) -> Run:
    """Two nets against each other, as in the DCGAN tutorial."""
    real = torch.randn(2000, 2) @ torch.tensor([[1.0, 0.6], [0.0, 0.5]]) + 1.5
    maker = nn.Sequential(nn.Linear(8, 32), nn.LeakyReLU(0.2), nn.Linear(32, 2))
    judge = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
    makers, judges = (torch.optim.Adam(m.parameters(), 1e-3, betas=(0.5, 0.999)) for m in (maker, judge))
    yes, no = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)

    def step(_: int) -> None:
        judges.zero_grad()
        F.binary_cross_entropy_with_logits(judge(real[torch.randint(0, 2000, (BATCH,))]), yes).backward()
        fake = maker(torch.randn(BATCH, 8))
        F.binary_cross_entropy_with_logits(judge(fake.detach()), no).backward()
        judges.step()
        makers.zero_grad()
        F.binary_cross_entropy_with_logits(judge(fake), yes).backward()
        makers.step()

    return Run([maker, judge], [makers, judges], step)


class Factors(nn.Module):
    """Users and items as vectors; a rating is their product."""

    def __init__(self, users: int = 200, items: int = 100, d: int = 8) -> None:
        super().__init__()
        self.users, self.items = nn.Embedding(users, d), nn.Embedding(items, d)

    def forward(self, pair: Tensor) -> Tensor:
        """Ratings (B,)."""
        return (self.users(pair[:, 0]) * self.items(pair[:, 1])).sum(-1)


@stranger("tuning")
def recommender(steps: int) -> Run:
    """A product of embeddings, MSE, Adam."""
    taste, kind = torch.randn(200, 3), torch.randn(100, 3)
    pairs = torch.stack([torch.randint(0, 200, (4000,)), torch.randint(0, 100, (4000,))], 1)
    ratings = (taste[pairs[:, 0]] * kind[pairs[:, 1]]).sum(-1)
    model = Factors()
    return plain(model, torch.optim.Adam(model.parameters(), 1e-2), (pairs, ratings), F.mse_loss)


@stranger("tuning")
def relu_net_with_dropout(steps: int) -> Run:
    """As in a hundred tutorials: torch's own start, dropout 0.2 and 0.5."""
    x, y = images()
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(192, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 64), nn.ReLU(),
        nn.Dropout(0.5), nn.Linear(64, 10),
    )  # fmt: skip
    return plain(model, torch.optim.Adam(model.parameters(), 1e-3), (x, y), F.cross_entropy)


class Residual(nn.Module):
    """Convolutions beside a path that is left alone."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(c, c, 3, padding=1, bias=False) for _ in range(2))
        self.inner, self.outer = nn.BatchNorm2d(c), nn.BatchNorm2d(c)
        nn.init.zeros_(self.outer.weight)

    def forward(self, x: Tensor) -> Tensor:
        """x + f(x)."""
        return F.relu(x + self.outer(self.second(F.relu(self.inner(self.first(x))))))


@stranger("tuning")
def residual_net(steps: int) -> Run:
    """Residual blocks whose last norm starts at 0, cosine to 0."""
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), Residual(16), nn.MaxPool2d(2),
        Residual(16), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    return plain(model, optimizer, images(), F.cross_entropy, schedule)
