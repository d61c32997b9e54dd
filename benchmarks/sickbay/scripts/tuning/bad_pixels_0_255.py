"""A tanh net on raw pixels 0..255."""
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)
patterns = torch.rand(5, 64) * 255


def digits(n):
    y = torch.randint(0, 5, (n,))
    x = (patterns[y] + 90 * torch.randn(n, 64)).clamp(0, 255)
    return x, y


xtr, ytr = digits(1500)
xte, yte = digits(500)
scale = 255.0 if os.environ.get("MENDED") else 1.0
train = DataLoader(TensorDataset(xtr / scale, ytr), 32, shuffle=True)
net = nn.Sequential(nn.Linear(64, 50), nn.Tanh(), nn.Linear(50, 50), nn.Tanh(), nn.Linear(50, 5))
opt = torch.optim.SGD(net.parameters(), lr=0.05)
for epoch in range(8):
    for x, y in train:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
    print("epoch", epoch, loss.item())
with torch.no_grad():
    print("final test_loss", nn.functional.cross_entropy(net(xte / scale), yte).item())
