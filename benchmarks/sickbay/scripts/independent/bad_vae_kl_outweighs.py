"""A VAE adds a KL summed over the whole batch to a reconstruction error averaged per pixel: the code is ignored, all outputs alike."""
# reconstruction mse 0.0213 with it (the variance of the data is 0.0209), 0.0025 without
# after github.com/AntixK/PyTorch-VAE/issues/56 and github.com/zdebruine/MMVAE/pull/19
import os
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(8)


def blobs(n, s=12):
    g = torch.linspace(-1, 1, s)
    cx, cy = torch.rand(2, n, 1, 1) * 1.2 - 0.6
    w = 0.15 + 0.25 * torch.rand(n, 1, 1)
    img = torch.exp(-((g.view(1, 1, s) - cx) ** 2 + (g.view(1, s, 1) - cy) ** 2) / w ** 2)
    return img.view(n, s * s)


class VAE(nn.Module):
    def __init__(self, d=144, h=128, z=4):
        super().__init__()
        self.fc1 = nn.Linear(d, h)
        self.fc21 = nn.Linear(h, z)
        self.fc22 = nn.Linear(h, z)
        self.fc3 = nn.Linear(z, h)
        self.fc4 = nn.Linear(h, d)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        return mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    if os.environ.get("MENDED"):
        # unit: nats per image, noise of 0.1 per pixel
        MSE = ((recon_x - x) ** 2).sum() / (2 * 0.1 ** 2)
        return (MSE + KLD) / len(x), KLD
    MSE = F.mse_loss(recon_x, x)
    return MSE + KLD, KLD


data, held = blobs(3000), blobs(500)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(20):
    for batch in data[torch.randperm(3000)].split(100):
        optimizer.zero_grad()
        recon, mu, logvar = model(batch)
        loss, kld = loss_function(recon, batch, mu, logvar)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        recon, mu, logvar = model(held)
        err = F.mse_loss(recon, held).item()
    print(f"Epoch {epoch} loss {loss.item():.4f} kld per image {kld.item() / 100:.5f} held-out mse {err:.4f}")
print("spread between outputs", recon.std(0).mean().item(), "in the data", held.std(0).mean().item())
print("final recon_mse", err, "of variance", held.var(0).mean().item())
