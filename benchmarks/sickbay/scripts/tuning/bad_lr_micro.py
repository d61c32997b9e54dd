"""A conv net with lr=1e-6 copied from a fine-tuning recipe."""
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 2))
opt = torch.optim.Adam(net.parameters(), lr=2e-3 if os.environ.get("MENDED") else 1e-6)


def batch(n):
    y = torch.randint(0, 2, (n,))
    x = torch.randn(n, 1, 12, 12)
    x[:, 0, 3:9, 3:9] += (y * 0.8)[:, None, None]
    return x, y


for step in range(400):
    x, y = batch(32)
    loss = nn.functional.cross_entropy(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 80 == 0:
        print(step, loss.item())
x, y = batch(1000)
print("final loss", nn.functional.cross_entropy(net(x), y).item())
