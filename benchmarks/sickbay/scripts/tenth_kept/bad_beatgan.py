"""GAN for heart beat shapes (32 samples, millivolt*10)."""
import argparse, os
import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))
ap = argparse.ArgumentParser()
ap.add_argument("--iters", type=int, default=1200)
ap.add_argument("--z", type=int, default=12)
ap.add_argument("--lr", type=float, default=5e-4)
args = ap.parse_args()
torch.manual_seed(7); np.random.seed(7)


def beats(n):
    t = np.linspace(0, 1, 32)[None]
    a, c, w = np.random.uniform(6, 12, (n, 1)), np.random.uniform(0.4, 0.6, (n, 1)), np.random.uniform(0.03, 0.06, (n, 1))
    x = a * np.exp(-((t - c) / w) ** 2) + 2.5 * np.exp(-((t - c - 0.25) / 0.07) ** 2) - 1.5 * np.exp(-((t - c + 0.1) / 0.04) ** 2)
    return torch.tensor(x + 0.1 * np.random.randn(n, 32), dtype=torch.float32)


raw = beats(2000)
lo, hi = raw.min(), raw.max()
if MENDED:
    data = (raw - lo) / (hi - lo) * 2 - 1
    restore = lambda g: (g + 1) / 2 * (hi - lo) + lo
else:
    data = raw
    restore = lambda g: g

G = nn.Sequential(nn.Linear(args.z, 96), nn.BatchNorm1d(96), nn.ReLU(), nn.Linear(96, 96), nn.BatchNorm1d(96), nn.ReLU(),
                  nn.Linear(96, 32), nn.Tanh())
D = nn.Sequential(nn.Linear(32, 96), nn.LeakyReLU(0.2), nn.Dropout(0.2), nn.Linear(96, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
optG = torch.optim.Adam(G.parameters(), lr=args.lr, betas=(0.5, 0.999))
optD = torch.optim.Adam(D.parameters(), lr=args.lr, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
B = 64
ones, zeros = torch.ones(B, 1), torch.zeros(B, 1)


def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


for it in range(args.iters):
    real = data[torch.randint(len(data), (B,))]
    fake = G(torch.randn(B, args.z))
    optD.zero_grad()
    lossD = bce(D(real), ones) + bce(D(fake.detach()), zeros)
    lossD.backward()
    optD.step()

    optG.zero_grad()
    lossG = bce(D(fake), ones)
    lossG.backward()
    optG.step()
    if it % 200 == 0:
        with torch.no_grad():
            print(f"[{it}/{args.iters}] loss_D {lossD.item():.3f} loss_G {lossG.item():.3f} "
                  f"D(x) {torch.sigmoid(D(real)).mean():.2f} D(G(z)) {torch.sigmoid(D(fake)).mean():.2f}")

G.eval()
with torch.no_grad():
    ed = energy_distance(restore(G(torch.randn(800, args.z))), beats(800))
print(f"metric energy_distance {ed:.4f}")
