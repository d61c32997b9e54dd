import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(8)
np.random.seed(8)

# 16x16 strokes: a bar with random angle, position, thickness
def glyphs(n, s=16):
    yy, xx = np.mgrid[0:s, 0:s]
    out = np.zeros((n, s, s), np.float32)
    for k in range(n):
        cx, cy = np.random.uniform(5, 11, 2)
        th = np.random.uniform(0, np.pi)
        wd = np.random.uniform(0.8, 1.8)
        d = np.abs((xx - cx) * np.sin(th) - (yy - cy) * np.cos(th))
        along = np.abs((xx - cx) * np.cos(th) + (yy - cy) * np.sin(th))
        out[k] = np.exp(-(d / wd) ** 2) * (along < 6)
    return torch.from_numpy(out).view(n, -1)

x_train, x_val = glyphs(2500), glyphs(400)


class VAE(nn.Module):
    def __init__(self, z=8):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(256, 128)
        self.fc21 = nn.Linear(128, z)
        self.fc22 = nn.Linear(128, z)
        self.fc3 = nn.Linear(z, 128)
        self.fc4 = nn.Linear(128, 256)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.decode(z), mu, logvar


REDUCTION = "sum" if MENDED else "mean"

def loss_function(recon, x, mu, logvar):
    rec = F.binary_cross_entropy(recon, x, reduction=REDUCTION)
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return rec + kld, rec, kld

model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(1, 26):
    model.train()
    perm = torch.randperm(len(x_train))
    sums = np.zeros(3)
    for b in range(0, len(perm), 100):
        x = x_train[perm[b:b + 100]]
        optimizer.zero_grad()
        recon, mu, logvar = model(x)
        loss, rec, kld = loss_function(recon, x, mu, logvar)
        loss.backward()
        optimizer.step()
        sums += [loss.item(), rec.item(), kld.item()]
    if epoch % 5 == 0:
        print('====> Epoch: {} loss {:.4f} rec {:.4f} kld {:.4f}'.format(epoch, *(sums / 25)))

model.eval()
with torch.no_grad():
    mu, _ = model.encode(x_val)
    rec = model.decode(mu)
explained = 1 - ((rec - x_val) ** 2).sum() / ((x_val - x_train.mean(0)) ** 2).sum()
print("metric val_explained_variance {:.4f}".format(explained.item()))
