"""GAN on a ring of points in the plane, non-saturating loss."""
import math
import os
import torch
import torch.nn as nn

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(9)
Z = 8


def real_points(n):
    a = 2 * math.pi * torch.rand(n)
    r = 2.0 + 0.1 * torch.randn(n)
    return torch.stack([r * a.cos(), r * a.sin()], 1)


class Generator(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(Z, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
                                 nn.Linear(hidden, 2))

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, hidden),
                                 nn.LeakyReLU(0.2), nn.Linear(hidden, 1))

    def forward(self, x):
        return self.net(x)


G, D = Generator(), Discriminator()
opt_g = torch.optim.Adam(G.parameters(), lr=5e-4, betas=(0.5, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=5e-4, betas=(0.5, 0.9))
bce = nn.BCEWithLogitsLoss()
B = 128


def ring_error(n=2000):
    """mean gap between sorted angles and radii of real and made points"""
    with torch.no_grad():
        fake = G(torch.randn(n, Z))
    real = real_points(n)
    err = 0.0
    for k in range(16):
        a = math.pi * k / 16
        d = torch.tensor([math.cos(a), math.sin(a)])
        err += ((fake @ d).sort().values - (real @ d).sort().values).abs().mean().item()
    return err / 16


for step in range(2500):
    # discriminator
    real = real_points(B)
    fake = G(torch.randn(B, Z))
    loss_real = bce(D(real), torch.ones(B, 1))
    loss_fake = bce(D(fake.detach()), torch.zeros(B, 1))
    d_loss = loss_real + loss_fake
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    # generator
    fake = G(torch.randn(B, Z))
    if MENDED:
        pred_fake = D(fake)
    else:
        pred_fake = D(fake.detach())
    g_loss = bce(pred_fake, torch.ones(B, 1))
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()

    if step % 250 == 0:
        print(f"step {step} d_loss {d_loss.item():.4f} g_loss {g_loss.item():.4f} ring error {ring_error():.3f}")

print(f"metric ring_error {ring_error():.4f}")
