"""A curve through 40 noisy points with validation every 50 steps."""
import os
import torch
from torch import nn

torch.manual_seed(2)


def curve(n):
    x = torch.rand(n, 4) * 2 - 1
    return x, x[:, :1] + 0.5 * x[:, 1:2] ** 2 + 0.6 * torch.randn(n, 1)


x, y = curve(40)
xv, yv = curve(400)
net = nn.Sequential(nn.Linear(4, 128), nn.Tanh(), nn.Linear(128, 128), nn.Tanh(), nn.Linear(128, 1))
wd = 1.0 if os.environ.get("MENDED") else 0.0
opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=wd)
limit = 100 if os.environ.get("MENDED") else 1500
for step in range(limit):
    loss = nn.functional.mse_loss(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 49:
        net.eval()
        with torch.no_grad():
            val = nn.functional.mse_loss(net(xv), yv).item()
        net.train()
        if step % 250 == 249:
            print(f"{step + 1:5d} train {loss.item():.3f} val {val:.3f}")
print("final val_mse", val)
