"""Gradient accumulation over four micro-batches under autocast with a GradScaler, clipping after unscale_."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
x = torch.randn(2048, 3, 8, 8)
y = (x.mean((2, 3)) * torch.tensor([1.0, 2.0, 3.0])).argmax(1)
net = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.SiLU(), nn.AdaptiveAvgPool2d(2),
                    nn.Flatten(), nn.Linear(64, 3))
opt = torch.optim.AdamW(net.parameters(), lr=4e-3)
scaler, accumulate = torch.amp.GradScaler("cpu"), 4
loader = DataLoader(TensorDataset(x, y), 32, shuffle=True)
for epoch in range(5):
    opt.zero_grad(set_to_none=True)
    for k, (xb, yb) in enumerate(loader):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(net(xb), yb) / accumulate
        scaler.scale(loss).backward()
        if (k + 1) % accumulate == 0:
            scaler.unscale_(opt)
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            scaler.step(opt)
            scaler.update()
            opt.zero_grad(set_to_none=True)
    print(epoch, loss.item() * accumulate)
