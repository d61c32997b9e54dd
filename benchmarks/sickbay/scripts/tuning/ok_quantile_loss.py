"""Quantile regression for 10, 50 and 90 percent: the pinball loss ends far from zero by nature."""
import torch
from torch import nn

torch.manual_seed(0)
Q = torch.tensor([0.1, 0.5, 0.9])
net = nn.Sequential(nn.Linear(1, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(900):
    x = torch.rand(128, 1) * 4 - 2
    y = x.sin() * 2 + (0.2 + x.abs() * 0.6) * torch.randn(128, 1)
    e = y - net(x)
    loss = torch.maximum(Q * e, (Q - 1) * e).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 150 == 0:
        print(step, loss.item())
x = torch.rand(5000, 1) * 4 - 2
y = x.sin() * 2 + (0.2 + x.abs() * 0.6) * torch.randn(5000, 1)
with torch.no_grad():
    inside = ((y > net(x)[:, :1]) & (y < net(x)[:, 2:])).float().mean()
print("final coverage", inside.item())
