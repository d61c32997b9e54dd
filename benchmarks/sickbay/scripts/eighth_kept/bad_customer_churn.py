"""Churn prediction for a telephone company."""
import os
from copy import deepcopy

import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
SEED = 19
rng = np.random.RandomState(SEED)
torch.manual_seed(SEED)


def customers(n, noise):
    x = rng.randn(n, 24).astype(np.float32)
    score = 1.2 * x[:, 0] - 0.9 * x[:, 1] + 0.7 * x[:, 2] * (x[:, 3] > 0) + 0.6 * x[:, 4]
    y = (score > 0).astype(np.int64)
    flip = rng.rand(n) < noise
    y[flip] = 1 - y[flip]
    return torch.from_numpy(x), torch.from_numpy(y)


class EarlyStopping:
    def __init__(self, patience):
        self.patience = patience
        self.best = float("inf")
        self.wait = 0
        self.weights = None

    def update(self, value, model):
        if value < self.best:
            self.best, self.wait = value, 0
            weights = model.state_dict()
            self.weights = deepcopy(weights) if MENDED else weights
        else:
            self.wait += 1
        return self.wait >= self.patience


class ChurnModel(nn.Module):
    def __init__(self, d=24, h=256):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 2))

    def forward(self, x):
        return self.net(x)


def fit(model, train, valid, stopper, max_epochs=80, batch=32, lr=2.5e-4):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    ce = nn.CrossEntropyLoss()
    x, y = train
    for epoch in range(max_epochs):
        model.train()
        order = torch.randperm(len(y))
        total = 0.0
        for k in range(0, len(y), batch):
            sel = order[k:k + batch]
            opt.zero_grad()
            loss = ce(model(x[sel]), y[sel])
            loss.backward()
            opt.step()
            total += loss.item() * len(sel)
        model.eval()
        with torch.no_grad():
            val_loss = ce(model(valid[0]), valid[1]).item()
        print(f"epoch {epoch:02d} train {total / len(y):.4f} valid {val_loss:.4f}")
        if stopper.update(val_loss, model):
            print("stopping; best validation loss", round(stopper.best, 4))
            break
    model.load_state_dict(stopper.weights)
    return model


def report(model, data):
    with torch.no_grad():
        out = model(data[0])
    acc = (out.argmax(1) == data[1]).float().mean().item()
    nll = nn.functional.cross_entropy(out, data[1]).item()
    return acc, nll


train, valid, test = customers(1200, 0.15), customers(600, 0.15), customers(2000, 0.15)
model = fit(ChurnModel(), train, valid, EarlyStopping(patience=25))
acc, nll = report(model, test)
print(f"test accuracy {acc:.4f}")
print(f"metric test_nll {nll:.4f}")
