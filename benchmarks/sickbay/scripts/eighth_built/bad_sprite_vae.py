"""Variational autoencoder on 16x16 game sprites."""
import os
import torch
from torch import nn, optim
from torch.nn import functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(21)


def sprites(n):
    imgs = torch.zeros(n, 16, 16)
    for i in range(n):
        kind = torch.randint(0, 3, (1,)).item()
        h, w = torch.randint(5, 9, (2,)).tolist()
        top = torch.randint(0, 16 - h, (1,)).item()
        left = torch.randint(0, 16 - w, (1,)).item()
        if kind == 0:
            imgs[i, top:top + h, left:left + w] = 1
        elif kind == 1:
            imgs[i, top:top + h, left] = 1
            imgs[i, top:top + h, left + w - 1] = 1
            imgs[i, top, left:left + w] = 1
            imgs[i, top + h - 1, left:left + w] = 1
        else:
            imgs[i, top + h // 2, left:left + w] = 1
            imgs[i, top:top + h, left + w // 2] = 1
    return imgs.view(n, 256)


class VAE(nn.Module):
    def __init__(self, latent=10):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU())
        self.mu, self.logvar = nn.Linear(128, latent), nn.Linear(128, latent)
        self.dec = nn.Sequential(
            nn.Linear(latent, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 256)
        )

    def forward(self, x):
        h = self.enc(x)
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.dec(z), mu, logvar


def loss_function(logits, x, mu, logvar):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum" if MENDED else "mean")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (bce + kld) / (len(x) if MENDED else 1), bce, kld


train_x, test_x = sprites(4000), sprites(500)
model = VAE()
optimizer = optim.Adam(model.parameters(), lr=3e-3)


def train(epoch):
    model.train()
    perm = torch.randperm(len(train_x))
    tot = [0.0, 0.0]
    for idx in perm.split(128):
        x = train_x[idx]
        optimizer.zero_grad()
        logits, mu, logvar = model(x)
        loss, bce, kld = loss_function(logits, x, mu, logvar)
        loss.backward()
        optimizer.step()
        tot[0] += bce.item()
        tot[1] += kld.item()
    print(f"====> epoch {epoch} bce {tot[0]:.3f} kld {tot[1]:.3f}")


@torch.no_grad()
def test():
    model.eval()
    h = model.enc(test_x)
    recon = torch.sigmoid(model.dec(model.mu(h)))
    base = ((test_x - train_x.mean(0)) ** 2).mean()
    return (1 - ((recon - test_x) ** 2).mean() / base).item()


for epoch in range(1, 26):
    train(epoch)
score = test()
with torch.no_grad():
    fake = torch.sigmoid(model.dec(torch.randn(2, 10))) > 0.5
for row in fake[0].view(16, 16).int().tolist():
    print("".join(".#"[v] for v in row))
print(f"metric recon_explained {score:.4f}")
