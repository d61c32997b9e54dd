"""Steady heat in a rod with a source, solved by a small network in double precision with full-batch L-BFGS."""
import math

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.manual_seed(180)


def exact(x):
    return torch.sin(math.pi * x) + 0.3 * torch.sin(4 * math.pi * x)


def source(x):
    return math.pi ** 2 * torch.sin(math.pi * x) + 0.3 * (4 * math.pi) ** 2 * torch.sin(4 * math.pi * x)


class Rod(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, x):
        return x * (1 - x) * self.body(2 * x - 1)


def laplacian(u, x):
    du = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
    return torch.autograd.grad(du.sum(), x, create_graph=True)[0]


rod = Rod()
x = torch.linspace(0, 1, 128).unsqueeze(1).requires_grad_(True)
f = source(x.detach())
opt = torch.optim.LBFGS(rod.parameters(), lr=1.0, max_iter=4, history_size=50, line_search_fn="strong_wolfe")
calls = 0


def closure():
    global calls
    opt.zero_grad()
    loss = (laplacian(rod(x), x) + f).pow(2).mean()
    loss.backward()
    calls += 1
    return loss


grid = torch.linspace(0, 1, 501).unsqueeze(1)
for outer in range(150):
    loss = opt.step(closure)
    if outer % 25 == 0 or outer == 149:
        with torch.no_grad():
            err = (rod(grid) - exact(grid)).norm() / exact(grid).norm()
        print(f"step {outer:3d} evaluations {calls:4d} residual {loss.item():.3e} relative error {err.item():.3e}")
    if loss.item() < 1e-6:
        break
with torch.no_grad():
    err = (rod(grid) - exact(grid)).norm() / exact(grid).norm()
print(f"metric relative_error {err.item():.6f}")
