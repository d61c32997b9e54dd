"""RealNVP on two moons."""
import os
import math
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(9)


def moons(n):
    a = torch.rand(n) * math.pi
    up = torch.rand(n) < .5
    x = torch.where(up, a.cos(), 1 - a.cos())
    y = torch.where(up, a.sin(), .5 - a.sin())
    return torch.stack([x, y], 1) + .07 * torch.randn(n, 2)


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, x):
        a, b = x[:, :1], x[:, 1:]
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, 1)
        s = torch.tanh(s)
        b = b * s.exp() + t
        return torch.cat([b, a] if self.flip else [a, b], 1), s.sum(1)


class RealNVP(nn.Module):
    def __init__(self, depth=6):
        super().__init__()
        self.layers = nn.ModuleList(Coupling(i % 2 == 1) for i in range(depth))

    def forward(self, x):
        log_det = torch.zeros(len(x))
        for layer in self.layers:
            x, ld = layer(x)
            log_det = log_det + ld if MENDED else ld
        return x, log_det


def log_normal(z):
    return -0.5 * (z ** 2).sum(1) - math.log(2 * math.pi)


def check_nll(flow, x):
    jac = torch.func.vmap(torch.func.jacrev(lambda p: flow(p[None])[0][0]))(x)
    z, _ = flow(x)
    return -(log_normal(z) + torch.linalg.det(jac).abs().log()).mean().item()


flow = RealNVP()
opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
held_out = moons(400)
for it in range(501):
    z, log_det = flow(moons(128))
    loss = -(log_normal(z) + log_det).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 100 == 0:
        print(f"iter {it} loss {loss.item():.4f}")
print("metric heldout_nll %.4f" % check_nll(flow, held_out))
