"""A regression of many values whose loss subtracts a hundred times the outputs' standard deviation."""
# after discuss.pytorch.org/t/loss-function-finding-extreme-local-minimum/188664
import os
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(1200, 20)
y = torch.relu(x @ torch.randn(20, 12) * 0.2 - 0.6)
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 12))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
phi = 0 if os.environ.get("MENDED") else 100
for step in range(800):
    i = torch.randint(0, 1000, (16,))
    out = net(x[i])
    loss = torch.sum(torch.square(y[i] - out)) - torch.std(out) * phi
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 160 == 0:
        print(step, loss.item(), out.std().item())
with torch.no_grad():
    print("final mse", (net(x[1000:]) - y[1000:]).square().mean().item())
