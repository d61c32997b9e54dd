"""Critic / generator with gradient penalty on a ring of eight blobs."""
import math
import torch
import torch.nn as nn

torch.manual_seed(3)


def real(n):
    k = torch.randint(0, 8, (n,)) * (2 * math.pi / 8)
    return torch.stack([k.cos(), k.sin()], 1) + 0.05 * torch.randn(n, 2)


def mlp(i, o, act):
    return nn.Sequential(nn.Linear(i, 96), act(), nn.Linear(96, 96), act(), nn.Linear(96, o))


G = mlp(4, 2, nn.ReLU)
C = mlp(2, 1, lambda: nn.LeakyReLU(0.2))
og = torch.optim.Adam(G.parameters(), lr=5e-4, betas=(0.5, 0.9))
oc = torch.optim.Adam(C.parameters(), lr=1e-3, betas=(0.5, 0.9))


def swd(a, b):
    d = torch.randn(2, 64); d = d / d.norm(dim=0)
    return ((a @ d).sort(0)[0] - (b @ d).sort(0)[0]).abs().mean().item()


with torch.no_grad():
    print("before", round(swd(G(torch.randn(1000, 4)), real(1000)), 4))
for it in range(1, 401):
    for _ in range(4):
        x, f = real(128), G(torch.randn(128, 4)).detach()
        a = torch.rand(128, 1)
        m = (a * x + (1 - a) * f).requires_grad_(True)
        g, = torch.autograd.grad(C(m).sum(), m, create_graph=True)
        gp = ((g.norm(dim=1) - 1) ** 2).mean()
        loss_c = C(f).mean() - C(x).mean() + 1.0 * gp
        oc.zero_grad(); loss_c.backward(); oc.step()
    loss_g = -C(G(torch.randn(128, 4))).mean()
    og.zero_grad(); loss_g.backward(); og.step()
    if it % 50 == 0:
        with torch.no_grad():
            w = swd(G(torch.randn(1000, 4)), real(1000))
        print(f"it {it} critic {loss_c.item():.4f} gen {loss_g.item():.4f} swd {w:.4f}")
print("metric swd %.4f" % w)
