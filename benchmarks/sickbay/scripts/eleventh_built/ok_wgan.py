"""WGAN-GP on a ring of eight Gaussians."""
import math
import torch
import torch.nn as nn

torch.manual_seed(0)


def ring(n):
    k = torch.randint(0, 8, (n,)).float() * math.pi / 4
    return 1.5 * torch.stack([k.cos(), k.sin()], 1) + .08 * torch.randn(n, 2)


def mlp(a, b):
    return nn.Sequential(nn.Linear(a, 64), nn.LeakyReLU(.2), nn.Linear(64, 64), nn.LeakyReLU(.2), nn.Linear(64, b))


G, D = mlp(8, 2), mlp(2, 1)
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0., .9))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0., .9))


def penalty(real, fake):
    e = torch.rand(len(real), 1)
    mid = (e * real + (1 - e) * fake).requires_grad_(True)
    g, = torch.autograd.grad(D(mid).sum(), mid, create_graph=True)
    return ((g.norm(dim=1) - 1) ** 2).mean()


def energy(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


test = ring(800)
for it in range(400):
    for _ in range(3):
        real, fake = ring(96), G(torch.randn(96, 8)).detach()
        loss_d = D(fake).mean() - D(real).mean() + 2 * penalty(real, fake)
        opt_d.zero_grad(); loss_d.backward(); opt_d.step()
    D.requires_grad_(False)
    loss_g = -D(G(torch.randn(96, 8))).mean()
    opt_g.zero_grad(); loss_g.backward(); opt_g.step()
    D.requires_grad_(True)
    if it % 50 == 0 or it == 399:
        with torch.no_grad():
            e = energy(G(torch.randn(800, 8)), test)
        print(f"{it} critic {loss_d.item():.3f} gen {loss_g.item():.3f} energy distance {e:.4f}")
print("metric energy_distance", round(e, 4))
