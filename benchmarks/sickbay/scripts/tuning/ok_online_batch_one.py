"""Online learning, one row at a time, a drifting target."""
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.03)
mean = 1.0
for t in range(1800):
    x = torch.randn(1, 4)
    y = (x[:, :1] * (1 + 0.5 * torch.sin(torch.tensor(t / 400.0))) - x[:, 1:2]).tanh() + 0.05 * torch.randn(1, 1)
    loss = (net(x) - y).pow(2).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    mean = 0.99 * mean + 0.01 * loss.item()
    if t % 300 == 0:
        print(t, mean)
print("final running_mse", mean)
