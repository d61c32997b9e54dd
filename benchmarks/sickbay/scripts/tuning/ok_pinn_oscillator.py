"""A physics-informed net for a damped oscillator: second derivatives of the output enter the loss, no data but two starts."""
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=4e-3)


def d(y, x):
    return torch.autograd.grad(y.sum(), x, create_graph=True)[0]


for step in range(1500):
    t = (torch.rand(48, 1) * 3).requires_grad_(True)
    u = net(t)
    du = d(u, t)
    residual = d(du, t) + 0.4 * du + 4 * u
    t0 = torch.zeros(1, 1, requires_grad=True)
    u0 = net(t0)
    loss = residual.pow(2).mean() * 0.1 + (u0 - 1).pow(2).mean() + d(u0, t0).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 300 == 0:
        print(step, loss.item())
w = (4 - 0.04) ** 0.5
t = torch.linspace(0, 3, 50)[:, None]
exact = torch.exp(-0.2 * t) * ((w * t).cos() + 0.2 / w * (w * t).sin())
print("final error", (net(t) - exact).abs().mean().item())
