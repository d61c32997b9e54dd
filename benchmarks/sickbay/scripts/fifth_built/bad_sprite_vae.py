"""Convolutional VAE on small sprites (world-model style frames): reconstruct and sample."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(0)
S, Z = 16, 8


def sprites(n):
    yy, xx = torch.meshgrid(torch.arange(S), torch.arange(S), indexing="ij")
    cx, cy = torch.rand(n, 1, 1) * 8 + 4, torch.rand(n, 1, 1) * 8 + 4
    r = torch.rand(n, 1, 1) * 2 + 1.5
    disc = ((xx - cx) ** 2 + (yy - cy) ** 2 < r ** 2).float()
    square = ((xx - cx).abs() < r) & ((yy - cy).abs() < r)
    kind = (torch.rand(n, 1, 1) < 0.5).float()
    img = kind * disc + (1 - kind) * square.float()
    return (img * (0.6 + 0.4 * torch.rand(n, 1, 1))).unsqueeze(1)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU(), nn.Flatten())
        self.mu, self.logvar = nn.Linear(512, Z), nn.Linear(512, Z)
        self.fc = nn.Linear(Z, 512)
        self.dec = nn.Sequential(nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 1, 4, 2, 1))

    def encode(self, x):
        h = self.enc(x)
        return self.mu(h), self.logvar(h)

    def decode(self, z):
        return torch.sigmoid(self.dec(F.relu(self.fc(z)).view(-1, 32, 4, 4)))

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.decode(z), mu, logvar


def vae_loss(recon, x, mu, logvar):
    if MENDED:
        r_loss = F.binary_cross_entropy(recon, x, reduction="none").sum((1, 2, 3)).mean()
    else:
        r_loss = F.binary_cross_entropy(recon, x)
    kl_loss = (-0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)).mean()
    return r_loss + kl_loss, r_loss, kl_loss


loader = DataLoader(TensorDataset(sprites(3000)), batch_size=64, shuffle=True)
held_out = sprites(500)
vae = VAE()
optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)

for epoch in range(15):
    vae.train()
    sums = torch.zeros(3)
    for (x,) in loader:
        recon, mu, logvar = vae(x)
        losses = vae_loss(recon, x, mu, logvar)
        optimizer.zero_grad()
        losses[0].backward()
        optimizer.step()
        sums += torch.stack([v.detach() for v in losses])
    vae.eval()
    with torch.no_grad():
        mu, logvar = vae.encode(held_out)
        mse = F.mse_loss(vae.decode(mu), held_out).item()
    total, r_loss, kl_loss = (sums / len(loader)).tolist()
    print(f"epoch {epoch:2d} loss: {total:.4f} vae_r_loss: {r_loss:.4f} vae_kl_loss: {kl_loss:.4e} "
          f"z_std {mu.std(0).mean():.3f} val_recon_mse {mse:.5f}")
