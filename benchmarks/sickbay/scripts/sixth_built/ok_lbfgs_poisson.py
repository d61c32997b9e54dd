"""Poisson equation with a physics-informed net: hard boundary values, Adam first, then L-BFGS with a closure."""
import math
import torch
import torch.nn as nn

torch.manual_seed(41)
PI = math.pi


class Sine(nn.Module):
    def forward(self, x):
        return torch.sin(3.0 * x)


class Field(nn.Module):
    """u = x(1-x) y(1-y) N(x, y), zero on the whole boundary"""

    def __init__(self, w=24):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, w), Sine(), nn.Linear(w, w), nn.Tanh(), nn.Linear(w, 1))

    def forward(self, p):
        x, y = p[:, :1], p[:, 1:]
        return 16 * x * (1 - x) * y * (1 - y) * self.net(2 * p - 1)


def exact(p):
    return torch.sin(PI * p[:, :1]) * torch.sin(2 * PI * p[:, 1:])


def laplace(u, p):
    g = torch.autograd.grad(u.sum(), p, create_graph=True)[0]
    out = 0.0
    for k in range(2):
        out = out + torch.autograd.grad(g[:, k].sum(), p, create_graph=True)[0][:, k:k + 1]
    return out


def residual_loss(model, p):
    p = p.clone().requires_grad_(True)
    r = laplace(model(p), p) + 5 * PI ** 2 * exact(p.detach())
    return (r ** 2).mean()


model = Field()
grid = torch.cartesian_prod(torch.linspace(0, 1, 31), torch.linspace(0, 1, 31))


def error():
    with torch.no_grad():
        return ((model(grid) - exact(grid)).norm() / exact(grid).norm()).item()


print(f"start: error {error():.4f}")
adam = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(300):
    loss = residual_loss(model, torch.rand(128, 2))
    adam.zero_grad()
    loss.backward()
    adam.step()
    if step % 60 == 0:
        print(f"adam {step} loss {loss.item():.4f} error {error():.4f}")

points = torch.rand(400, 2)
lbfgs = torch.optim.LBFGS(model.parameters(), lr=1.0, max_iter=10, history_size=30, line_search_fn="strong_wolfe")


def closure():
    lbfgs.zero_grad()
    loss = residual_loss(model, points)
    loss.backward()
    return loss


for outer in range(15):
    loss = lbfgs.step(closure)
    if outer % 3 == 0 or outer == 14:
        print(f"lbfgs {outer} loss {loss.item():.6f} error {error():.5f}")

print(f"metric rel_error {error():.5f}")
