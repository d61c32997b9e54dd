"""Conditional GAN from a smooth envelope to a full spectrum: coarse L1 part, discriminator on (input, output) pairs for the rest."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(4)
N, B = 32, 64


def spectra(n):
    """Envelope (condition) and a spectrum with a fine comb on top, whose strength differs from sample to sample."""
    t = torch.linspace(0, 1, N)
    f = 1 + 2 * torch.rand(n, 1)
    env = 0.5 + 0.5 * torch.sin(6.28 * f * t + 6.28 * torch.rand(n, 1))
    comb = torch.cos(torch.pi * torch.arange(N)) * (0.8 + 0.15 * torch.randn(n, 1))
    return env, env + comb + 0.1 * torch.randn(n, N)


def coarse(x):
    return F.avg_pool1d(x.unsqueeze(1), 4).squeeze(1)


class Generator(nn.Module):
    def __init__(self, z=4):
        super().__init__()
        self.z = z
        self.net = nn.Sequential(nn.Linear(N + z, 96), nn.LeakyReLU(0.2), nn.Linear(96, 96), nn.LeakyReLU(0.2), nn.Linear(96, N))

    def forward(self, cond):
        return self.net(torch.cat([cond, torch.randn(len(cond), self.z)], 1))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2 * N, 96), nn.LeakyReLU(0.2), nn.Linear(96, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1))

    def forward(self, spec, cond):
        return self.net(torch.cat([spec, cond], 1))


@torch.no_grad()
def evaluate():
    cond, real = spectra(1500)
    fake = gen(cond)
    comb = torch.cos(torch.pi * torch.arange(N))
    a, b = (real * comb).mean(1).sort().values, (fake * comb).mean(1).sort().values
    return (a - b).abs().mean().item()


gen, disc = Generator(), Discriminator()
g_opt = torch.optim.Adam(gen.parameters(), lr=5e-4, betas=(0.5, 0.9))
d_opt = torch.optim.Adam(disc.parameters(), lr=5e-4, betas=(0.5, 0.9))
lambda_l1 = 1.0

for step in range(1, 3001):
    cond, real = spectra(B)
    fake = gen(cond)
    d_real = disc(real, cond)
    d_fake = disc(fake.detach(), cond)
    d_loss = F.mse_loss(d_real, torch.ones_like(d_real)) + F.mse_loss(d_fake, torch.zeros_like(d_fake))
    d_opt.zero_grad()
    d_loss.backward()
    d_opt.step()

    if MENDED:
        d_fake2 = disc(fake, cond)
    else:
        d_fake2 = disc(fake.detach(), cond)
    g_adv = F.mse_loss(d_fake2, torch.ones_like(d_fake2))
    g_l1 = F.l1_loss(coarse(fake), coarse(real))
    g_loss = g_adv + lambda_l1 * g_l1
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
    if step % 300 == 0:
        print(f"step {step} d_loss {d_loss.item():.4f} d_real {d_real.mean().item():.3f} g_adv {g_adv.item():.4f} "
              f"g_l1 {g_l1.item():.4f} distance {evaluate():.4f}")
