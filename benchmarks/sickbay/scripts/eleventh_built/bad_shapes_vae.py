"""VAE on 16x16 pictures of soft discs."""
import os
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(0)


def discs(n):
    g = torch.linspace(-1, 1, 16)
    c = torch.rand(n, 2) * 1.2 - .6
    r = torch.rand(n) * .3 + .25
    d = ((g[None, :, None] - c[:, 0, None, None]) ** 2 + (g[None, None] - c[:, 1, None, None]) ** 2).sqrt()
    return torch.sigmoid((r[:, None, None] - d) * 12).reshape(n, 256)


class VAE(nn.Module):
    def __init__(self, z=6):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(256, 128), nn.ReLU())
        self.mu, self.logvar = nn.Linear(128, z), nn.Linear(128, z)
        self.dec = nn.Sequential(nn.Linear(z, 128), nn.ReLU(), nn.Linear(128, 256), nn.Sigmoid())

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec(z), mu, logvar


def loss_function(recon, x, mu, logvar):
    rec = F.mse_loss(recon, x, reduction="sum" if MENDED else "mean")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return rec + kld, rec, kld


loader = DataLoader(TensorDataset(discs(3000)), batch_size=64, shuffle=True)
val = discs(500)
vae = VAE()
optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)
for epoch in range(1, 21):
    for (x,) in loader:
        recon, mu, logvar = vae(x)
        loss, rec, kld = loss_function(recon, x, mu, logvar)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 2 == 0:
        print(f"====> epoch {epoch}: loss {loss.item():.4f} rec {rec.item():.4f} kld {kld.item():.4f}")
vae.eval()
with torch.no_grad():
    h = vae.enc(val)
    mse = F.mse_loss(vae.dec(vae.mu(h)), val).item()
print("metric val_recon_mse", f"{mse:.5f}")
