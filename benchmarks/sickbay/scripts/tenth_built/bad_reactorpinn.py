"""PINN for a driven decay   u' = -0.5 u + 1.5 cos(2 x),  u(0) = 1   on [0, 4]."""
import os
import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(0)


class PINN(nn.Module):
    def __init__(self, width=40):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, x):
        return self.net(x / 2 - 1)


def ddx(u, x):
    return torch.autograd.grad(u, x, grad_outputs=torch.ones_like(u), retain_graph=True, create_graph=MENDED)[0]


def exact(x):
    # particular: a cos 2x + b sin 2x
    a, b = 0.75 / 4.25, 3.0 / 4.25
    return a * np.cos(2 * x) + b * np.sin(2 * x) + (1.0 - a) * np.exp(-0.5 * x)


pinn = PINN()
opt = torch.optim.Adam(pinn.parameters(), lr=2e-3)
x0 = torch.zeros(1, 1)
xs = torch.linspace(0, 4, 200)[:, None]
ref = torch.tensor(exact(xs.numpy()))
for it in range(2000):
    x = (torch.rand(100, 1) * 4).requires_grad_(True)
    u = pinn(x)
    res = ddx(u, x) + 0.5 * u - 1.5 * torch.cos(2 * x)
    loss_pde = (res ** 2).mean()
    loss_ic = ((pinn(x0) - 1.0) ** 2).mean()
    loss = loss_pde + 10 * loss_ic
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 250 == 0:
        print(f"it {it} pde {loss_pde.item():.4e} ic {loss_ic.item():.4e}")
with torch.no_grad():
    rel = ((pinn(xs) - ref).norm() / ref.norm()).item()
print(f"metric rel_l2 {rel:.4f}")
