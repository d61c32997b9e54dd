"""Looks broken because there is no data set and no target, the loss is a derivative of the output and evaluation needs gradients; right, because a physics-informed net is trained on the equation."""
# relative error against the exact solution 0.015
# after https://github.com/Lightning-AI/pytorch-lightning/issues/15765
import math

import torch
import torch.nn as nn


class PINN(nn.Module):
    """u'' + 4 u' / 10 + 16 u = 0 on [0, 2], u(0) = 1, u'(0) = 0."""

    def __init__(self, width=40):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
                                 nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, t):
        return self.net(t - 1)


def d(y, x):
    return torch.autograd.grad(y, x, torch.ones_like(y), create_graph=True)[0]


def residual(model, t, mu=0.4, k=16.0):
    u = model(t)
    du = d(u, t)
    return d(du, t) + mu * du + k * u


def exact(t, mu=0.4, k=16.0):
    a = mu / 2
    w = math.sqrt(k - a * a)
    return torch.exp(-a * t) * (torch.cos(w * t) + a / w * torch.sin(w * t))


torch.manual_seed(123)
model = PINN()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9992)
for i in range(3000):
    optimizer.zero_grad()
    t0 = torch.zeros(1, 1, requires_grad=True)
    u0 = model(t0)
    loss_ic = (u0 - 1).pow(2).mean() + 0.1 * d(u0, t0).pow(2).mean()
    t = (torch.rand(64, 1) * 2).requires_grad_(True)
    loss_ode = residual(model, t).pow(2).mean()
    loss = 10 * loss_ic + 0.02 * loss_ode
    loss.backward()
    optimizer.step()
    scheduler.step()
    if i % 500 == 0:
        print(f"iteration {i} loss {loss.item():.5f} ode {loss_ode.item():.4f}")

t = torch.linspace(0, 2, 200).unsqueeze(1).requires_grad_(True)
res = residual(model, t).abs().mean().item()
err = ((model(t) - exact(t)).norm() / exact(t).norm()).item()
print(f"mean residual {res:.4f}  relative error against the exact solution {err:.4f}")
