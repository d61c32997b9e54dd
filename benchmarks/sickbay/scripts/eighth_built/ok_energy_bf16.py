"""Building energy series: deep residual network, bf16 autocast, activation checkpointing and accumulated micro-batches."""
import time

import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint

torch.manual_seed(140)
DAYS, FEATS, MICRO, ACCUM = 24, 6, 16, 2


def buildings(n):
    hours = torch.arange(DAYS) / DAYS * 2 * torch.pi
    outside = 8 * torch.randn(n, 1) + 6 * torch.sin(hours - 2) + torch.randn(n, DAYS)
    people = (torch.rand(n, 1) * 50) * ((hours > 2) & (hours < 4.7)).float()
    area, walls = 100 + 400 * torch.rand(n, 1), 0.2 + 0.8 * torch.rand(n, 1)
    load = (walls * area / 100 * (20 - outside).clamp(min=0) * 0.4 + 0.12 * people + 0.01 * area).mean(1)
    x = torch.stack([outside / 10, people / 25, (area / 250).expand(n, DAYS), walls.expand(n, DAYS),
                     torch.sin(hours).expand(n, DAYS), torch.cos(hours).expand(n, DAYS)], 2)
    return x, load


class Mixer(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.time = nn.Sequential(nn.Linear(DAYS, 32), nn.GELU(), nn.Linear(32, DAYS))
        self.chan = nn.Sequential(nn.Linear(d, 48), nn.GELU(), nn.Linear(48, d))

    def forward(self, x):
        x = x + self.time(self.n1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.chan(self.n2(x))


class EnergyNet(nn.Module):
    def __init__(self, d=24, depth=2):
        super().__init__()
        self.inp = nn.Linear(FEATS, d)
        self.blocks = nn.ModuleList([Mixer(d) for _ in range(depth)])
        self.out = nn.Linear(d, 1)

    def forward(self, x):
        h = self.inp(x)
        for b in self.blocks:
            h = checkpoint(b, h, use_reentrant=False) if self.training else b(h)
        return self.out(h.mean(1)).squeeze(-1)


x, y = buildings(640)
vx, vy = buildings(400)
mu, sd = y.mean(), y.std()
net = EnergyNet()
optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
EPOCHS = 9
updates = EPOCHS * len(y) // (MICRO * ACCUM)
sched = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=updates, pct_start=0.2)
began = time.time()
for epoch in range(EPOCHS):
    net.train()
    total = 0.0
    for k, idx in enumerate(torch.randperm(len(y)).split(MICRO)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            pred = net(x[idx])
        loss = nn.functional.mse_loss(pred.float(), (y[idx] - mu) / sd)
        (loss / ACCUM).backward()
        total += loss.item()
        if (k + 1) % ACCUM == 0:
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            sched.step()
            optimizer.zero_grad()
    net.eval()
    with torch.no_grad():
        r2 = 1 - ((net(vx) * sd + mu - vy) ** 2).mean() / vy.var()
    print(f"epoch {epoch} loss {total / (k + 1):.4f} r2 {r2.item():.4f} ({time.time() - began:.1f}s)")
print(f"metric val_r2 {r2.item():.4f}")
