"""Human activity recognition from a 3-axis accelerometer (20 activities)."""
import os
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))


@dataclass
class Config:
    classes: int = 20
    window: int = 64
    n_train: int = 3000
    n_val: int = 800
    batch: int = 64
    lr: float = 0.02
    epochs: int = 9
    seed: int = 5


cfg = Config()
torch.manual_seed(cfg.seed)
rs = np.random.RandomState(cfg.seed)
protos = [(rs.uniform(0.5, 7, 3), rs.uniform(0.4, 1.4, 3), rs.uniform(0, 6.28, 3), rs.normal(0, 0.6, 3))
          for _ in range(cfg.classes)]


def make(n):
    lab = rs.randint(0, cfg.classes, n)
    t = np.linspace(0, 2, cfg.window)
    out = np.empty((n, 3, cfg.window), dtype=np.float32)
    for k, c in enumerate(lab):
        f, a, ph, off = protos[c]
        sp = 1 + 0.08 * rs.randn()
        sh = rs.uniform(0, 6.28)
        for ax in range(3):
            out[k, ax] = a[ax] * np.sin(2 * np.pi * f[ax] * sp * t + ph[ax] + sh) + off[ax]
    out += 0.5 * rs.randn(*out.shape).astype(np.float32)
    return torch.from_numpy(out), torch.from_numpy(lab).long()


class ConvNet(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(3, 32, 7, padding=3), nn.BatchNorm1d(32), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(32, 48, 5, padding=2), nn.BatchNorm1d(48), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(48, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten())
        layers = [nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, c)]
        if not MENDED:
            layers.append(nn.Softmax(dim=1))
        self.head = nn.Sequential(*layers)

    def forward(self, x):
        return self.head(self.features(x))


def evaluate(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


def main():
    xt, yt = make(cfg.n_train)
    xv, yv = make(cfg.n_val)
    net = ConvNet(cfg.classes)
    ce = nn.CrossEntropyLoss()
    opt = torch.optim.SGD(net.parameters(), lr=cfg.lr, momentum=0.9)
    for ep in range(cfg.epochs):
        net.train()
        perm = torch.randperm(cfg.n_train)
        tot = 0
        for s in range(0, cfg.n_train - cfg.batch + 1, cfg.batch):
            idx = perm[s:s + cfg.batch]
            loss = ce(net(xt[idx]), yt[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item()
        acc = evaluate(net, xv, yv)
        print(f"epoch {ep}  loss {tot / (cfg.n_train // cfg.batch):.4f}  val_acc {acc:.3f}")
    print(f"metric val_acc {acc:.4f}")


if __name__ == "__main__":
    main()
