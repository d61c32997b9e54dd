"""Wasserstein GAN with gradient penalty on two rings; five critic steps for each generator step."""
import math
import torch
import torch.nn as nn

torch.manual_seed(31)
Z = 8


def real_points(n):
    a = 2 * math.pi * torch.rand(n)
    r = torch.where(torch.rand(n) < 0.5, 1.0, 2.0) + 0.05 * torch.randn(n)
    return torch.stack([r * a.cos(), r * a.sin()], 1)


def mlp(i, o, act):
    return nn.Sequential(nn.Linear(i, 64), act(), nn.Linear(64, 64), act(), nn.Linear(64, o))


G, C = mlp(Z, 2, nn.ReLU), mlp(2, 1, nn.LeakyReLU)
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.0, 0.9))
opt_c = torch.optim.Adam(C.parameters(), lr=1e-3, betas=(0.0, 0.9))
B = 96


def gradient_penalty(real, fake):
    mix = torch.rand(len(real), 1)
    x = (mix * real + (1 - mix) * fake).requires_grad_(True)
    g = torch.autograd.grad(C(x).sum(), x, create_graph=True)[0]
    return ((g.norm(2, dim=1) - 1) ** 2).mean()


def sliced_gap(n=2000):
    with torch.no_grad():
        fake = G(torch.randn(n, Z))
    real, err = real_points(n), 0.0
    for k in range(16):
        d = torch.tensor([math.cos(math.pi * k / 16), math.sin(math.pi * k / 16)])
        err += ((fake @ d).sort().values - (real @ d).sort().values).abs().mean().item()
    return err / 16


print(f"gap at the start {sliced_gap():.3f}")
for it in range(1000):
    for p in C.parameters():
        p.requires_grad_(True)
    for _ in range(5):
        real = real_points(B)
        with torch.no_grad():
            fake = G(torch.randn(B, Z))
        c_loss = C(fake).mean() - C(real).mean() + 1.0 * gradient_penalty(real, fake)
        opt_c.zero_grad()
        c_loss.backward()
        opt_c.step()
    for p in C.parameters():
        p.requires_grad_(False)
    g_loss = -C(G(torch.randn(B, Z))).mean()
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    if it % 100 == 0:
        print(f"iter {it} critic loss {c_loss.item():.4f} generator loss {g_loss.item():.4f} gap {sliced_gap():.3f}")

print(f"metric ring_gap {sliced_gap():.4f}")
