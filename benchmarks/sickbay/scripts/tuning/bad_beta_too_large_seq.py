"""A sequence VAE for waves, GRU encoder and MLP decoder, beta left at 20 from a sweep."""
import os
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

torch.manual_seed(5)
T = 24
BETA = 0.02 if os.environ.get("MENDED") else 20.0


def waves(n):
    t = torch.arange(T).float()
    return torch.sin(t * (0.2 + 0.4 * torch.rand(n, 1)) + 6.28 * torch.rand(n, 1))


class SeqVAE(nn.Module):
    def __init__(self, h=32, z=6):
        super().__init__()
        self.rnn = nn.GRU(1, h, batch_first=True)
        self.to_stats = nn.Linear(h, 2 * z)
        self.dec = nn.Sequential(nn.Linear(z, 64), nn.ReLU(), nn.Linear(64, T))

    def posterior(self, x):
        _, h = self.rnn(x[..., None])
        m, s = self.to_stats(h[0]).chunk(2, -1)
        return Normal(m, nn.functional.softplus(s) + 1e-4)


vae = SeqVAE()
opt = torch.optim.Adam(vae.parameters(), lr=4e-3)
prior = Normal(0.0, 1.0)
for step in range(350):
    x = waves(48)
    q = vae.posterior(x)
    rec = (vae.dec(q.rsample()) - x).pow(2).mean(1)
    kl = kl_divergence(q, prior).sum(1)
    loss = (rec + BETA * kl).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step} rec {rec.mean().item():.3f} kl {kl.mean().item():.4f}")
x = waves(500)
print("final reconstruction", (vae.dec(vae.posterior(x).mean) - x).pow(2).mean().item())
