"""A GAN on a ring of eight Gaussians, two Adam optimizers, non-saturating loss."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
ang = torch.arange(8) * 0.785398
modes = torch.stack([ang.cos(), ang.sin()], 1) * 2


def real(n):
    return modes[torch.randint(0, 8, (n,))] + 0.05 * torch.randn(n, 2)


G = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
g_opt = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
d_opt = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
for step in range(1600):
    x, z = real(128), torch.randn(128, 8)
    d_loss = F.softplus(-D(x)).mean() + F.softplus(D(G(z).detach())).mean()
    d_opt.zero_grad()
    d_loss.backward()
    d_opt.step()
    g_loss = F.softplus(-D(G(torch.randn(128, 8)))).mean()
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
    if step % 200 == 0:
        print(step, "D", round(d_loss.item(), 3), "G", round(g_loss.item(), 3))
with torch.no_grad():
    far = torch.cdist(G(torch.randn(500, 8)), modes).min(1).values.mean()
print("final distance_to_modes", far.item())
