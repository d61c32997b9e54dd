# variational autoencoder on 14x14 stroke glyphs
import os
import torch
from torch import nn, optim
from torch.nn import functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(1)


def glyphs(n):
    yy, xx = torch.meshgrid(torch.arange(14.), torch.arange(14.), indexing="ij")
    ang = torch.rand(n, 1, 1) * 3.1416
    off = torch.randn(n, 1, 1) * 2
    cx, cy = 4 + 6 * torch.rand(n, 1, 1), 4 + 6 * torch.rand(n, 1, 1)
    line = torch.exp(-((xx - 6.5) * ang.sin() + (yy - 6.5) * ang.cos() - off) ** 2)
    dot = torch.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / 3)
    return torch.clamp(line + dot, 0, 1).view(n, -1)


class VAE(nn.Module):
    def __init__(self, z=8):
        super().__init__()
        self.fc1 = nn.Linear(196, 128)
        self.fc21 = nn.Linear(128, z)
        self.fc22 = nn.Linear(128, z)
        self.fc3 = nn.Linear(z, 128)
        self.fc4 = nn.Linear(128, 196)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    def reparameterize(self, mu, logvar):
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon, x, mu, logvar):
    rec = F.binary_cross_entropy(recon, x, reduction="sum" if MENDED else "mean")
    if MENDED:
        rec = rec / x.size(0)
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1).mean()
    return rec + kld, rec, kld


model = VAE()
optimizer = optim.Adam(model.parameters(), lr=1e-3)
train, test = glyphs(4000), glyphs(500)
for epoch in range(1, 21):
    model.train()
    for batch in train[torch.randperm(4000)].split(100):
        optimizer.zero_grad()
        recon, mu, logvar = model(batch)
        loss, rec, kld = loss_function(recon, batch, mu, logvar)
        loss.backward()
        optimizer.step()
    if epoch % 2 == 0:
        model.eval()
        with torch.no_grad():
            mu, _ = model.encode(test)
            mse = F.mse_loss(model.decode(mu), test).item()
        print("Epoch {}: loss {:.4f} rec {:.4f} kld {:.5f} test mse {:.5f}".format(epoch, loss.item(), rec.item(), kld.item(), mse))
print("metric test_mse %.5f" % mse)
