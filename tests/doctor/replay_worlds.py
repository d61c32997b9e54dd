"""Small trainings for the tests of replays: symbols with a grammar, series, and the loops that train on them."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from moreish.doctor import Doctor
from tests.doctor.worlds import V, language

B, T, D = 16, 10, 24
OWN = {"F43", "F44", "F45", "F73", "F74", "F75", "F76", "F77", "F78"}


def watch(model, step, steps=3, lr=3e-3):
    """A doctor who watched so many steps of `loss = step(k)`; its own failures are failures of the test."""
    optimizer = torch.optim.Adam(model.parameters(), lr)
    with Doctor(model, optimizer, budget=math.inf) as doctor:
        for k in range(steps):
            optimizer.zero_grad()
            step(k).backward()
            optimizer.step()
    assert doctor._probe.failure is None
    return doctor


def ours(doctor):
    """Alarms of the findings that this is about."""
    every = [g for f in doctor.findings for g in (f, *f.symptoms)]
    return [f for f in every if f.severity != "info" and f.id in OWN]


def text(k, batch=B, length=T):
    """Windows of the language and the same one place on, both (B, T)."""
    x, _ = language(block=length + 1)
    x = x[batch * k * length : batch * (k + 1) * length : length]
    return x[:, :-1], x[:, 1:]


def next_symbol(model, steps=3, call=None):
    """Train a model of the next symbol with (B, T, V) logits."""
    call = call or model

    def step(k):
        x, y = text(k)
        return F.cross_entropy(call(x).reshape(-1, V), y.reshape(-1))

    return watch(model, step, steps)


def series(k, batch=B, length=T, features=5):
    """Random series (B, T, F) and a class of each."""
    x = torch.randn(batch, length, features, generator=torch.Generator().manual_seed(k))
    return x, (x[:, :, 0].sum(1) > 0).long()


def classify(model, steps=3, arrange=None):
    """Train on classes of series; `arrange` changes the inputs before the call."""
    arrange = arrange or (lambda x: x)

    def step(k):
        x, y = series(k)
        return F.cross_entropy(model(arrange(x)), y)

    return watch(model, step, steps)


def causal(length):
    """True where a place may not look."""
    return torch.ones(length, length).triu(1).bool()


class Embedded(nn.Module):
    """Symbols with their places, a body (B, T, D) -> (B, T, D), and a head."""

    def __init__(self, body, length=T):
        super().__init__()
        self.embed, self.place = nn.Embedding(V, D), nn.Embedding(length, D)
        self.body, self.head = body, nn.Linear(D, V)

    def forward(self, x):
        h = self.embed(x) + self.place(torch.arange(x.shape[1]))
        return self.head(h + self.body(h))


class Attend(nn.Module):
    """Attention by hand with four heads; `weigh` makes weights (B, h, T, T) of scores."""

    def __init__(self, weigh, heads=4):
        super().__init__()
        self.weigh, self.heads = weigh, heads
        self.qkv, self.out = nn.Linear(D, 3 * D), nn.Linear(D, D)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (z.view(b, t, self.heads, -1).transpose(1, 2) for z in self.qkv(x).chunk(3, -1))
        weights = self.weigh(q @ k.transpose(-2, -1) / math.sqrt(d // self.heads))
        return self.out((weights @ v).transpose(1, 2).reshape(b, t, d))


class Lambda(nn.Module):
    """A module with parts of its own and a function of them."""

    def __init__(self, function, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.function = function

    def forward(self, *args):
        return self.function(self, *args)
