"""Physics-informed network for the heat equation on a rod, u(x,0) = sin(pi x)."""
import os
import math

import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(0)

ALPHA = 0.4
W_PDE, W_INIT, W_BC = 1.0, (20.0 if MENDED else 0.002), 1.0


class PINN(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
                                 nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, x, t):
        return self.net(torch.cat([x, t], dim=1))


def residual(model, x, t):
    x.requires_grad_(True)
    t.requires_grad_(True)
    u = model(x, t)
    u_x = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
    u_xx = torch.autograd.grad(u_x.sum(), x, create_graph=True)[0]
    u_t = torch.autograd.grad(u.sum(), t, create_graph=True)[0]
    return u_t - ALPHA * u_xx


model = PINN()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for it in range(1, 1201):
    x, t = torch.rand(128, 1), torch.rand(128, 1) * 0.5
    loss_f = residual(model, x, t).pow(2).mean()
    x0 = torch.rand(48, 1)
    loss_i = (model(x0, torch.zeros_like(x0)) - torch.sin(math.pi * x0)).pow(2).mean()
    tb = torch.rand(48, 1) * 0.5
    loss_b = model(torch.zeros_like(tb), tb).pow(2).mean() + model(torch.ones_like(tb), tb).pow(2).mean()
    loss = W_PDE * loss_f + W_INIT * loss_i + W_BC * loss_b
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 150 == 0:
        print(f"it {it:5d} total {loss.item():.3e} pde {loss_f.item():.3e} init {loss_i.item():.3e} bc {loss_b.item():.3e}")

with torch.no_grad():
    gx, gt = torch.meshgrid(torch.linspace(0, 1, 41), torch.linspace(0, 0.5, 21), indexing="ij")
    gx, gt = gx.reshape(-1, 1), gt.reshape(-1, 1)
    exact = torch.exp(-ALPHA * math.pi ** 2 * gt) * torch.sin(math.pi * gx)
    err = ((model(gx, gt) - exact).norm() / exact.norm()).item()
print(f"metric relative_l2_error {err:.4f}")
