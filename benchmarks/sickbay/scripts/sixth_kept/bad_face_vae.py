"""Variational autoencoder on small synthetic faces (12x12, a handful of factors)."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(10)
S = 12


def make_faces(n):
    yy, xx = torch.meshgrid(torch.linspace(-1, 1, S), torch.linspace(-1, 1, S), indexing="ij")
    p = torch.rand(n, 5, 1, 1)
    head = torch.sigmoid(8 * (0.6 + 0.3 * p[:, 0] - torch.sqrt(xx ** 2 + yy ** 2)))
    eye_y, gap = -0.5 + 0.5 * p[:, 1], 0.2 + 0.3 * p[:, 2]
    eyes = sum(torch.exp(-((xx - s * gap) ** 2 + (yy - eye_y) ** 2) / 0.02) for s in (-1, 1))
    mouth = torch.exp(-((yy - 0.4 - (p[:, 3] - 0.5) * xx ** 2 * 2) ** 2) / 0.02) * (xx.abs() < 0.4)
    img = head * (0.4 + 0.4 * p[:, 4]) - 0.5 * eyes - 0.4 * mouth
    return img.clamp(0, 1).flatten(1)


class VAE(nn.Module):
    def __init__(self, latent=6, hidden=128):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(S * S, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.mu, self.logvar = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.dec = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
                                 nn.Linear(hidden, S * S), nn.Sigmoid())

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec(z), mu, logvar


def vae_loss(recon, x, mu, logvar):
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    if MENDED:
        rec = 40 * F.mse_loss(recon, x, reduction="sum") / len(x)
        kl = kl / len(x)
    else:
        rec = F.mse_loss(recon, x)
    return rec + kl, rec, kl


train, val = make_faces(4000), make_faces(600)
model = VAE()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
EPOCHS, BS = 20, 100


def val_mse():
    model.eval()
    with torch.no_grad():
        _, mu, _ = model(val)
        out = F.mse_loss(model.dec(mu), val).item()
    model.train()
    return out


print(f"variance of the pixels {val.var(0).mean():.5f}")
for epoch in range(EPOCHS):
    order = torch.randperm(len(train))
    sums = [0.0, 0.0, 0.0]
    for i in range(0, len(order), BS):
        x = train[order[i:i + BS]]
        recon, mu, logvar = model(x)
        loss, rec, kl = vae_loss(recon, x, mu, logvar)
        opt.zero_grad()
        loss.backward()
        opt.step()
        for k, v in enumerate((loss, rec, kl)):
            sums[k] += v.item() * BS / len(train)
    print(f"epoch {epoch} loss {sums[0]:.4f} rec {sums[1]:.4f} kl {sums[2]:.4f} val mse {val_mse():.5f}")

print(f"metric val_mse {val_mse():.6f}")
