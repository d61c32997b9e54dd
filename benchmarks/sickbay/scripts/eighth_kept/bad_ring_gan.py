"""GAN that learns eight Gaussians on a ring."""
import math
import os

import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(42)

Z, BS = 8, 192
centers = torch.tensor([[2 * math.cos(2 * math.pi * k / 8), 2 * math.sin(2 * math.pi * k / 8)] for k in range(8)])


def real_batch(n):
    return centers[torch.randint(0, 8, (n,))] + 0.1 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(Z, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 2))

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, 96), nn.LeakyReLU(0.2), nn.Linear(96, 96), nn.LeakyReLU(0.2), nn.Linear(96, 1)
        )

    def forward(self, x):
        return self.net(x)


netG, netD = Generator(), Discriminator()
criterion = nn.BCEWithLogitsLoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.999))
ones, zeros = torch.ones(BS, 1), torch.zeros(BS, 1)

for it in range(1200):
    # discriminator
    netD.zero_grad()
    real = real_batch(BS)
    fake = netG(torch.randn(BS, Z))
    errD_real = criterion(netD(real), 0.9 * ones)
    errD_fake = criterion(netD(fake.detach()), zeros)
    errD = errD_real + errD_fake
    errD.backward()
    optimizerD.step()

    # generator
    netG.zero_grad()
    samples = fake if MENDED else fake.detach()
    errG = criterion(netD(samples), ones)
    errG.backward()
    optimizerG.step()

    if it % 250 == 0:
        print(f"[{it}/1200] Loss_D {errD.item():.3f} Loss_G {errG.item():.3f}")

with torch.no_grad():
    x = netG(torch.randn(4000, Z))
    d = torch.cdist(x, centers)
    near, which = d.min(1)
    good = near < 0.4
    modes = sum(((which == k) & good).float().mean() > 0.02 for k in range(8))
print("modes covered", int(modes))
print(f"metric good_samples {good.float().mean().item():.4f}")
