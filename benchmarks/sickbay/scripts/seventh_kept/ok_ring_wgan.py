"""Wasserstein GAN with gradient penalty on a ring of eight Gaussians."""
import math
import torch
import torch.nn as nn

torch.manual_seed(5)


def real(n):
    k = torch.randint(0, 8, (n,)).float() * math.pi / 4
    return torch.stack([k.cos(), k.sin()], 1) * 2 + 0.2 * torch.randn(n, 2)


def net(i, o):
    return nn.Sequential(nn.Linear(i, 96), nn.LeakyReLU(0.2), nn.Linear(96, 96), nn.LeakyReLU(0.2), nn.Linear(96, o))


G, D = net(4, 2), net(2, 1)
opt_g = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.0, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.9))
B, CRITIC, LAMBDA = 128, 3, 0.5


def penalty(x, z):
    a = torch.rand(len(x), 1)
    mid = (a * x + (1 - a) * z).requires_grad_(True)
    grad = torch.autograd.grad(D(mid).sum(), mid, create_graph=True)[0]
    return ((grad.norm(dim=1) - 1) ** 2).mean()


def quality():
    with torch.no_grad():
        x = G(torch.randn(2000, 4))
    k = torch.arange(8).float() * math.pi / 4
    c = torch.stack([k.cos(), k.sin()], 1) * 2
    d, j = torch.cdist(x, c).min(1)
    near = d < 0.5
    modes = sum(((j == m) & near).sum().item() > 40 for m in range(8))
    return near.float().mean().item(), modes


for it in range(1, 491):
    for _ in range(CRITIC):
        x, z = real(B), G(torch.randn(B, 4)).detach()
        d_loss = D(z).mean() - D(x).mean() + LAMBDA * penalty(x, z)
        opt_d.zero_grad()
        d_loss.backward()
        opt_d.step()
    g_loss = -D(G(torch.randn(B, 4))).mean()
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    if it % 70 == 0:
        near, modes = quality()
        print(f"it {it:4d} D {d_loss.item():+.3f} G {g_loss.item():+.3f} on-mode {near:.3f} modes {modes}")
print(f"metric on_mode_times_coverage {quality()[0] * quality()[1] / 8:.4f}")
