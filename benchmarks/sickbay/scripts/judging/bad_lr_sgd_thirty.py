"""A spiral MLP with SGD lr=3."""
import os
import torch
from torch import nn

torch.manual_seed(0)
t = torch.linspace(0.1, 1, 400).repeat(2)
c = torch.arange(2).repeat_interleave(400)
a = 8 * t + 3.14 * c
X = torch.stack([t * a.cos(), t * a.sin()], 1)
X = X + 0.02 * torch.randn_like(X)
net = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
opt = torch.optim.SGD(net.parameters(), lr=0.2 if os.environ.get("MENDED") else 8.0, momentum=0.8)
for step in range(1500):
    i = torch.randint(0, 800, (64,))
    loss = nn.functional.cross_entropy(net(X[i]), c[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 300 == 0:
        print(step, loss.item())
print("final loss", nn.functional.cross_entropy(net(X), c).item())
