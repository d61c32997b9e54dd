"""Strangers that were never looked at while thresholds were set; importing this module enters them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.sickbay.strangers import BATCH, Run, Sequence, curve, images, plain, stranger, text


@stranger("held-out")
def group_norm_net(steps: int) -> Run:
    """GroupNorm, SiLU, RMSprop."""
    model = nn.Sequential(
        nn.Conv2d(3, 24, 3, stride=2, padding=1), nn.GroupNorm(4, 24), nn.SiLU(), nn.Conv2d(24, 24, 3, padding=1),
        nn.GroupNorm(4, 24), nn.SiLU(), nn.Flatten(), nn.Linear(384, 10),
    )  # fmt: skip
    return plain(model, torch.optim.RMSprop(model.parameters(), 1e-3), images(), F.cross_entropy)


@stranger("held-out")
def sequence_classifier(steps: int) -> Run:
    """nn.RNN with tanh reads a sequence and says which of two chains made it."""
    x, _ = text(2000)
    other, _ = text(2000)
    rows = torch.cat([x, other])
    labels = torch.arange(4000) // 2000
    model = Sequence(nn.RNN, last=True, out=2)
    return plain(model, torch.optim.Adam(model.parameters(), 1e-3), (rows, labels), F.cross_entropy, clip=5.0)


@stranger("held-out")
def many_labels(steps: int) -> Run:
    """Several yes-or-no questions at once, with logits."""
    x = torch.randn(3000, 20)
    y = (x @ torch.randn(20, 6) > 0.5).float()
    model = nn.Sequential(nn.Linear(20, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 6))
    return plain(model, torch.optim.AdamW(model.parameters(), 1e-3), (x, y), F.binary_cross_entropy_with_logits)


class Variational(nn.Module):
    """A variational autoencoder: two heads, a draw, and a way back."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(192, 64)
        self.mean, self.log_var = nn.Linear(64, 6), nn.Linear(64, 6)
        self.back = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 192))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What comes back, and the code's mean and log variance."""
        h = F.relu(self.body(x))
        mean, log_var = self.mean(h), self.log_var(h)
        return self.back(mean + torch.randn_like(mean) * (0.5 * log_var).exp()), mean, log_var


@stranger("held-out")
def variational_autoencoder(steps: int) -> Run:
    """Squared error and a divergence."""
    x = images()[0].flatten(1)

    def loss(out, target: Tensor) -> Tensor:
        back, mean, log_var = out
        divergence = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(1).mean()
        return F.mse_loss(back, target, reduction="sum") / len(target) + divergence

    model = Variational()
    return plain(model, torch.optim.Adam(model.parameters(), 1e-3), (x, x), loss)


@stranger("held-out")
def word_vectors(steps: int) -> Run:
    """Neighbours of a symbol from its vector: two tables, Adagrad."""
    x, y = text()
    model = nn.Sequential(nn.Embedding(40, 16), nn.Linear(16, 40, bias=False))
    data = x.flatten(), y.flatten()
    return plain(model, torch.optim.Adagrad(model.parameters(), 0.1), data, F.cross_entropy)


@stranger("held-out")
def robust_regression(steps: int) -> Run:
    """Huber loss, ELU, SGD with momentum and a step schedule."""
    model = nn.Sequential(nn.Linear(8, 48), nn.ELU(), nn.Linear(48, 48), nn.ELU(), nn.Linear(48, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.02, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, max(1, steps // 3), 0.3)
    return plain(model, optimizer, curve(), F.huber_loss, schedule)


class Mixer(nn.Module):
    """Patches that are mixed along both axes, with LayerNorm and residual paths."""

    def __init__(self, patches: int = 16, c: int = 24) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, c, 2, stride=2)
        self.norms = nn.ModuleList(nn.LayerNorm(c) for _ in range(2))
        self.across = nn.Sequential(nn.Linear(patches, 32), nn.GELU(), nn.Linear(32, patches))
        self.along = nn.Sequential(nn.Linear(c, 48), nn.GELU(), nn.Linear(48, c))
        self.head = nn.Linear(c, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        h = self.patch(x).flatten(2).transpose(1, 2)
        h = h + self.across(self.norms[0](h).transpose(1, 2)).transpose(1, 2)
        h = h + self.along(self.norms[1](h))
        return self.head(h.mean(1))


@stranger("held-out")
def mixer(steps: int) -> Run:
    """An MLP-mixer with NAdam."""
    model = Mixer()
    return plain(model, torch.optim.NAdam(model.parameters(), 1e-3), images(), F.cross_entropy)


@stranger("held-out")
def policy(steps: int) -> Run:
    """A bandit that learns by reward: the loss is log-probability times advantage and may have any sign."""
    model = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 4))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    truth = torch.randn(6, 4)

    def step(_: int) -> None:
        x = torch.randn(BATCH, 6)
        chance = torch.distributions.Categorical(logits=model(x))
        action = chance.sample()
        reward = (x @ truth).gather(1, action[:, None])[:, 0]
        optimizer.zero_grad()
        (-(chance.log_prob(action) * (reward - reward.mean())).mean() - 0.01 * chance.entropy().mean()).backward()
        optimizer.step()

    return Run(model, [optimizer], step)


@stranger("held-out")
def distillation(steps: int) -> Run:
    """A small net learns the answers of a frozen larger one."""
    x = images()[0]
    teacher = nn.Sequential(nn.Flatten(), nn.Linear(192, 256), nn.ReLU(), nn.Linear(256, 10)).eval()
    pupil = nn.Sequential(nn.Flatten(), nn.Linear(192, 32), nn.ReLU(), nn.Linear(32, 10))
    with torch.no_grad():
        soft = torch.softmax(teacher(x) * 3, -1)

    def loss(logits: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(F.log_softmax(logits, -1), target, reduction="batchmean")

    return plain(pupil, torch.optim.Adam(pupil.parameters(), 2e-3), (x, soft), loss)
