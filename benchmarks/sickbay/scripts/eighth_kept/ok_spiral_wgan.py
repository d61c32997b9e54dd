"""Wasserstein GAN with gradient penalty on a two-armed spiral."""
import math
import torch
from torch import nn, autograd

torch.manual_seed(50)
BATCH, N_CRITIC, LAMBDA = 128, 3, 1.0


def spiral(n):
    u = torch.rand(n).sqrt()
    theta = 1.0 * math.pi * u + math.pi * torch.randint(0, 2, (n,))
    pts = torch.stack([u * theta.cos(), u * theta.sin()], 1) * 1.6
    return pts + 0.04 * torch.randn(n, 2)


def net(sizes, act):
    mods = []
    for a, b in zip(sizes[:-1], sizes[1:]):
        mods += [nn.Linear(a, b), act()]
    return nn.Sequential(*mods[:-1])


gen = net([2, 64, 64, 2], nn.ReLU)
critic = net([2, 96, 96, 1], lambda: nn.LeakyReLU(0.2))
opt_g = torch.optim.Adam(gen.parameters(), lr=5e-4, betas=(0.5, 0.9))
opt_c = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.9))


def gradient_penalty(real, fake):
    eps = torch.rand(len(real), 1)
    mid = (eps * real + (1 - eps) * fake).requires_grad_(True)
    out = critic(mid)
    (grad,) = autograd.grad(out.sum(), mid, create_graph=True)
    return ((grad.norm(2, dim=1) - 1) ** 2).mean()


def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


for it in range(600):
    for p in critic.parameters():
        p.requires_grad_(True)
    for _ in range(N_CRITIC):
        real = spiral(BATCH)
        with torch.no_grad():
            fake = gen(torch.randn(BATCH, 2))
        opt_c.zero_grad()
        wdist = critic(real).mean() - critic(fake).mean()
        (-wdist + LAMBDA * gradient_penalty(real, fake)).backward()
        opt_c.step()
    for p in critic.parameters():
        p.requires_grad_(False)
    opt_g.zero_grad()
    g_loss = -critic(gen(torch.randn(BATCH, 2))).mean()
    g_loss.backward()
    opt_g.step()
    if it % 100 == 0:
        print(f"{it:4d} wasserstein {wdist.item():+.4f} generator {g_loss.item():+.4f}")

with torch.no_grad():
    x, ref, ref2 = gen(torch.randn(1500, 2)), spiral(1500), spiral(1500)
    print(f"two real draws {energy_distance(ref, ref2):.5f}")
    print(f"noise          {energy_distance(torch.randn(1500, 2), ref):.5f}")
    near = (torch.cdist(x, spiral(4000)).min(1).values < 0.12).float().mean()
    print(f"energy distance {energy_distance(x, ref):.5f}")
print(f"metric on_spiral {near.item():.4f}")
