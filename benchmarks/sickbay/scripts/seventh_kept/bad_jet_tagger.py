"""Jet tagging from the two leading constituents with a deep plain network."""
import argparse
import os

import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
parser = argparse.ArgumentParser(description="jet tagger")
parser.add_argument("--depth", default=7, type=int)
parser.add_argument("--width", default=24, type=int)
parser.add_argument("--epochs", default=14, type=int)
parser.add_argument("--lr", default=3e-3, type=float)
opt = parser.parse_args()
torch.manual_seed(40)
rng = np.random.RandomState(40)


def jets(n):
    pt = rng.exponential(1.0, (n, 2)) + 0.3
    eta = rng.randn(n, 2) * 0.8
    phi = rng.uniform(-1.5, 1.5, (n, 2))
    mass = np.sqrt(2 * pt[:, 0] * pt[:, 1] * (np.cosh(eta[:, 0] - eta[:, 1]) - np.cos(phi[:, 0] - phi[:, 1])))
    lab = (mass > 0.9).astype(int) + (mass > 1.9)
    return (torch.tensor(np.concatenate([np.log(pt), eta, phi], 1), dtype=torch.float32), torch.tensor(lab))


class Tagger(nn.Module):
    def __init__(self, n_in, width, depth, n_out):
        super().__init__()
        self.stem = nn.Linear(n_in, width)
        hidden = [nn.Linear(width, width) for _ in range(depth)]
        self.hidden = nn.ModuleList(hidden) if MENDED else hidden
        self.head = nn.Linear(width, n_out)
        self.act = nn.Tanh()

    def forward(self, x):
        x = self.act(self.stem(x))
        for layer in self.hidden:
            x = self.act(layer(x))
        return self.head(x)


X, Y = jets(4000)
XV, YV = jets(1000)
net = Tagger(6, opt.width, opt.depth, 3)
optimizer = torch.optim.Adam(net.parameters(), lr=opt.lr)
criterion = nn.CrossEntropyLoss()
for epoch in range(opt.epochs):
    perm = torch.randperm(len(X))
    tot = 0.0
    for k in range(0, len(X), 80):
        idx = perm[k:k + 80]
        loss = criterion(net(X[idx]), Y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tot += loss.item() * len(idx)
    with torch.no_grad():
        acc = (net(XV).argmax(1) == YV).float().mean().item()
    print("[{:2d}/{}] loss: {:.4f}  val acc: {:.3f}".format(epoch + 1, opt.epochs, tot / len(X), acc))
print("metric val_acc {:.4f}".format(acc))
