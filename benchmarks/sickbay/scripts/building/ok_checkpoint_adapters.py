"""Low-rank adapters in a frozen residual body under gradient checkpointing that is not reentrant, with a GradScaler that is off."""
import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint

torch.manual_seed(0)


class Adapted(nn.Module):
    def __init__(self, d, r=6):
        super().__init__()
        self.base = nn.Linear(d, d).requires_grad_(False)
        self.down, self.up = nn.Linear(d, r, bias=False), nn.Linear(r, d, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.base(x) + 2.0 * self.up(self.down(x))


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(10, 32).requires_grad_(False)
        self.blocks = nn.ModuleList(nn.Sequential(nn.LayerNorm(32), Adapted(32), nn.GELU(), Adapted(32)) for _ in range(3))
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        h = self.inp(x)
        for block in self.blocks:
            h = h + checkpoint(block, h, use_reentrant=False)
        return self.head(h)


net = Body()
opt = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=3e-3)
scaler = torch.amp.GradScaler("cpu", enabled=False)
for step in range(300):
    x = torch.randn(48, 10)
    y = (x[:, 0] * x[:, 1] > 0).long() + (x[:, 2] > 0).long()
    loss = nn.functional.cross_entropy(net(x), y)
    opt.zero_grad()
    scaler.scale(loss).backward()
    scaler.step(opt)
    scaler.update()
    if step % 60 == 0:
        print(step, loss.item())
