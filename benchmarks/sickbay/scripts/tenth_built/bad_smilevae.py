"""VAE on 16x16 faces (drawn). Every reconstruction is the same blurry face."""
import os
import torch
from torch import nn
from torch.nn import functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(1)
LATENT, BATCH, EPOCHS = 6, 64, 25


def draw(n):
    g = torch.linspace(-1, 1, 16)
    yy, xx = torch.meshgrid(g, g, indexing="ij")
    u = torch.rand(n, 4)
    cx, cy = (u[:, 0] - .5) * .5, (u[:, 1] - .5) * .5
    r = .45 + .3 * u[:, 2]
    x, y = xx[None] - cx[:, None, None], yy[None] - cy[:, None, None]
    ring = torch.exp(-((torch.sqrt(x ** 2 + y ** 2) - r[:, None, None]) / .12) ** 2)
    bend = (u[:, 3] - .5)[:, None, None] * 2
    mouth = torch.exp(-((y - .2 + bend * (x ** 2 - .03) * 3) / .1) ** 2) * (x.abs() < .3)
    return (ring + mouth).clamp(0, 1).unsqueeze(1)


train_x, val_x = draw(2000), draw(400)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Flatten(), nn.Linear(256, 192), nn.ReLU(), nn.Linear(192, 96), nn.ReLU())
        self.mu, self.logvar = nn.Linear(96, LATENT), nn.Linear(96, LATENT)
        self.dec = nn.Sequential(nn.Linear(LATENT, 96), nn.ReLU(), nn.Linear(96, 192), nn.ReLU(), nn.Linear(192, 256), nn.Sigmoid())

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar) if self.training else mu
        return self.dec(z).view_as(x), mu, logvar


def loss_function(recon, x, mu, logvar, reduction="sum" if MENDED else "mean"):
    rec = F.binary_cross_entropy(recon, x, reduction=reduction)
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return rec + kld, rec, kld


model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(1, EPOCHS + 1):
    model.train()
    order = torch.randperm(len(train_x))
    for i in range(0, len(order), BATCH):
        x = train_x[order[i:i + BATCH]]
        optimizer.zero_grad()
        recon, mu, logvar = model(x)
        loss, rec, kld = loss_function(recon, x, mu, logvar)
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(f"====> Epoch {epoch} loss {loss.item():.4f} rec {rec.item():.4f}")

model.eval()
with torch.no_grad():
    out = model(val_x)[0]
r2 = 1 - ((out - val_x) ** 2).sum() / ((val_x - train_x.mean(0)) ** 2).sum()
print(f"metric val_recon_r2 {r2.item():.4f}")
