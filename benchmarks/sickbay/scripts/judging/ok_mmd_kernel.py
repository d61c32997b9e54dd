"""A generator fitted by the maximum mean discrepancy: tables of pairs by broadcasting, on purpose."""
import torch
from torch import nn

torch.manual_seed(0)


def kernel(a, b):
    d = (a[:, None] - b[None]).pow(2).sum(-1)
    return sum(torch.exp(-d / (2 * s * s)) for s in (0.2, 0.5, 1.0, 2.0)).mean()


def real(n):
    t = torch.rand(n) * 6.283
    return torch.stack([t.cos(), (2 * t).sin()], 1)


gen = nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
opt = torch.optim.Adam(gen.parameters(), lr=2e-3)
for step in range(500):
    x, g = real(128), gen(torch.randn(128, 3))
    loss = kernel(x, x) + kernel(g, g) - 2 * kernel(x, g)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
print("final mmd", loss.item())
