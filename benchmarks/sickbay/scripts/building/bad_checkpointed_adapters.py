"""Adapters in a frozen body with gradient checkpointing: no input asks for a gradient, so the adapters get none."""
# after github.com/cloneofsimo/lora/issues/26 and github.com/locuslab/open-unlearning/issues/178
import os
import warnings

import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint

warnings.filterwarnings("ignore")
torch.manual_seed(0)


class LoRALinear(nn.Module):
    def __init__(self, d, r=8):
        super().__init__()
        self.base = nn.Linear(d, d)
        self.base.requires_grad_(False)
        self.lora_A, self.lora_B = nn.Linear(d, r, bias=False), nn.Linear(r, d, bias=False)
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x):
        return self.base(x) + self.lora_B(self.lora_A(x))


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 32)
        self.embedding.requires_grad_(False)
        self.blocks = nn.ModuleList(nn.Sequential(LoRALinear(32), nn.GELU(), LoRALinear(32)) for _ in range(3))
        self.head = nn.Linear(32, 4)

    def forward(self, x):
        h = self.embedding(x).mean(1)
        if os.environ.get("MENDED"):
            h.requires_grad_(True)
        for block in self.blocks:
            h = h + checkpoint(block, h, use_reentrant=True)
        return self.head(h)


def batch(n):
    x = torch.randint(0, 20, (n, 3))
    return x, (x < 10).sum(1)


model = Body()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=3e-3)
for step in range(500):
    x, y = batch(64)
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    x, y = batch(1000)
    print("final val_loss", nn.functional.cross_entropy(model(x), y).item())
