"""Hourly electricity load, next-hour forecast with a small GRU.

Trains on windows of the last 24 hours, then simulates going live: the forecast
for the following week is produced hour by hour from what is known at that time.
"""
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

torch.manual_seed(0)
np.random.seed(0)
WINDOW = 24


def load_series(hours=24 * 150):
    t = np.arange(hours)
    daily = 8 * np.sin(2 * np.pi * t / 24) + 3 * np.sin(4 * np.pi * t / 24 + 1.0)
    weekly = 4 * np.sin(2 * np.pi * t / (24 * 7))
    noise = np.zeros(hours)
    for i in range(1, hours):
        noise[i] = 0.7 * noise[i - 1] + np.random.randn() * 3.0
    return 50 + daily + weekly + noise


def features(load):
    smooth = np.convolve(load, np.ones(3) / 3, mode="same")
    jump = np.gradient(load)
    return np.stack([load, smooth, jump], axis=1)


class WindowDataset(Dataset):
    def __init__(self, feats, load):
        self.feats, self.load = feats, load

    def __len__(self):
        return len(self.load) - WINDOW

    def __getitem__(self, i):
        return (torch.tensor(self.feats[i:i + WINDOW], dtype=torch.float32),
                torch.tensor(self.load[i + WINDOW], dtype=torch.float32))


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(3, 32, batch_first=True)
        self.out = nn.Linear(32, 1)

    def forward(self, x):
        h, _ = self.gru(x)
        return self.out(h[:, -1]).squeeze(-1)


load = load_series()
live_start = len(load) - 24 * 14
mu, sd = load[:live_start].mean(), load[:live_start].std()
z = (load - mu) / sd
F_all = features(z)
cut = int(live_start * 0.85)
train = DataLoader(WindowDataset(F_all[:cut], z[:cut]), batch_size=64, shuffle=True)
val = DataLoader(WindowDataset(F_all[cut:live_start], z[cut:live_start]), batch_size=256)

model = Forecaster()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(8):
    model.train()
    tr = []
    for xb, yb in train:
        loss = nn.functional.mse_loss(model(xb), yb)
        opt.zero_grad(); loss.backward(); opt.step()
        tr.append(loss.item())
    model.eval()
    with torch.no_grad():
        mae = np.mean([(model(xb) - yb).abs().mean().item() for xb, yb in val])
    print(f"epoch {epoch} train mse {np.mean(tr):.5f}  val MAE {mae * sd:.3f} MW")

errs, naive = [], []
with torch.no_grad():
    for now in range(live_start, len(z)):
        known = z[:now]
        f = features(known[-200:])[-WINDOW:]
        p = model(torch.tensor(f, dtype=torch.float32)[None]).item()
        errs.append(abs(p - z[now])); naive.append(abs(z[now - 1] - z[now]))
print(f"live MAE {np.mean(errs) * sd:.3f} MW   (last-value baseline {np.mean(naive) * sd:.3f} MW)")
