"""Forecast of electricity load, 12 hours ahead, with a stack of dilated causal convolutions."""
import argparse
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
parser = argparse.ArgumentParser()
parser.add_argument("--window", type=int, default=60)
parser.add_argument("--horizon", type=int, default=12)
parser.add_argument("--epochs", type=int, default=7)
parser.add_argument("--channels", type=int, default=12)
args = parser.parse_args([])
np.random.seed(10)
torch.manual_seed(10)


def load_series(hours=4000):
    t = np.arange(hours)
    day = np.sin(2 * np.pi * t / 24) + 0.5 * np.sin(4 * np.pi * t / 24 + 1)
    week = np.where((t // 24) % 7 >= 5, 0.45, 1.0)
    temp = np.zeros(hours)
    for k in range(1, hours):
        temp[k] = 0.98 * temp[k - 1] + 0.2 * np.random.randn()
    heat = np.tanh(temp) * (1 + 0.6 * day)
    return (week * day + 0.7 * heat + 0.08 * np.random.randn(hours)).astype(np.float32), temp.astype(np.float32)


load, temp = load_series()
split = 3200
series = np.stack([(load - load[:split].mean()) / load[:split].std(), (temp - temp[:split].mean()) / temp[:split].std()])
series = torch.from_numpy(series)


def windows(lo, hi):
    starts = range(lo, hi - args.window - args.horizon)
    x = torch.stack([series[:, s:s + args.window] for s in starts])
    y = torch.stack([series[0, s + args.window:s + args.window + args.horizon] for s in starts])
    return x, y


class CausalConv(nn.Module):
    def __init__(self, c, dilation):
        super().__init__()
        self.pad = 2 * dilation
        self.conv = nn.Conv1d(c, c, 3, dilation=dilation)
        self.mix = nn.Conv1d(c, c, 1)

    def forward(self, x):
        return torch.tanh(self.mix(torch.relu(self.conv(F.pad(x, (self.pad, 0))))))


class TCN(nn.Module):
    def __init__(self, c_in, c, horizon, depth=5):
        super().__init__()
        self.inp = nn.Conv1d(c_in, c, 1)
        blocks = [CausalConv(c, 2 ** k) for k in range(depth)]
        self.blocks = nn.ModuleList(blocks) if MENDED else blocks
        self.out = nn.Linear(c, horizon)

    def forward(self, x):
        h = self.inp(x)
        for block in self.blocks:
            h = block(h)
        return self.out(h[..., -1])


train_x, train_y = windows(0, split)
test_x, test_y = windows(split, len(load))
model = TCN(2, args.channels, args.horizon)
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(args.epochs):
    model.train()
    losses = []
    for idx in torch.randperm(len(train_x)).split(64):
        optimizer.zero_grad()
        loss = F.l1_loss(model(train_x[idx]), train_y[idx])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        mae = F.l1_loss(model(test_x), test_y).item()
    print(f"epoch {epoch}: train {np.mean(losses):.4f} test mae {mae:.4f}")
print(f"metric test_mae {mae:.4f}")
