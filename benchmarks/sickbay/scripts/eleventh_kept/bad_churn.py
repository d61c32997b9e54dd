"""Churn prediction from usage counters; depth is configurable."""
import os
from dataclasses import dataclass
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))


@dataclass
class Config:
    features: int = 12
    width: int = 32
    depth: int = 5
    lr: float = 1e-3
    steps: int = 800
    batch: int = 64


class DeepNet(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.inp = nn.Linear(cfg.features, cfg.width)
        hidden = [nn.Linear(cfg.width, cfg.width) for _ in range(cfg.depth)]
        self.hidden = nn.ModuleList(hidden) if MENDED else hidden
        self.out = nn.Linear(cfg.width, 1)

    def forward(self, x):
        x = torch.relu(self.inp(x))
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.out(x).squeeze(-1)


def customers(n, g):
    x = torch.randn(n, 12, generator=g)
    score = 2 * x[:, 0] * x[:, 1] + torch.sin(3 * x[:, 2]) * 2 + x[:, 3] * x[:, 4] - x[:, 5].abs() + .8
    return x, (score + .2 * torch.randn(n, generator=g) > 0).float()


def main():
    cfg = Config()
    torch.manual_seed(0)
    g = torch.Generator().manual_seed(1)
    x, y = customers(6000, g)
    xv, yv = customers(1000, g)
    net = DeepNet(cfg)
    opt = torch.optim.Adam(net.parameters(), lr=cfg.lr)
    crit = nn.BCEWithLogitsLoss()
    for step in range(cfg.steps):
        j = torch.randint(0, len(x), (cfg.batch,), generator=g)
        loss = crit(net(x[j]), y[j])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if (step + 1) % 100 == 0:
            with torch.no_grad():
                acc = ((net(xv) > 0).float() == yv).float().mean().item()
            print(f"step {step + 1}: loss {loss.item():.4f} val_acc {acc:.4f}")
    print("metric val_acc", round(acc, 4))


if __name__ == "__main__":
    main()
