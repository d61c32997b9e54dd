"""A hinge GAN with spectral norm in the discriminator, one-dimensional mixture."""
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

torch.manual_seed(0)
G = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
D = nn.Sequential(spectral_norm(nn.Linear(1, 32)), nn.LeakyReLU(0.1), spectral_norm(nn.Linear(32, 32)), nn.LeakyReLU(0.1), spectral_norm(nn.Linear(32, 1)))
og, od = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.0, 0.9)), torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.9))


def real(n):
    return torch.where(torch.rand(n, 1) < 0.5, -1.5, 1.5) + 0.2 * torch.randn(n, 1)


for step in range(600):
    d = torch.relu(1 - D(real(64))).mean() + torch.relu(1 + D(G(torch.randn(64, 4)).detach())).mean()
    od.zero_grad()
    d.backward()
    od.step()
    g = -D(G(torch.randn(64, 4))).mean()
    og.zero_grad()
    g.backward()
    og.step()
    if step % 120 == 0:
        print(step, d.item(), g.item())
with torch.no_grad():
    s = G(torch.randn(2000, 4))
print("final abs_distance", (s.abs() - 1.5).abs().mean().item())
