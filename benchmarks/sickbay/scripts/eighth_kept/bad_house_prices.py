"""House price regression from tabular listings with a small MLP."""
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(11)
rng = np.random.default_rng(11)


def make_listings(n):
    area = rng.gamma(6.0, 18.0, n)
    rooms = np.clip(np.round(area / 30 + rng.normal(0, 0.8, n)), 1, 9)
    age = rng.uniform(0, 90, n)
    dist = rng.exponential(6.0, n)
    floor = rng.integers(0, 15, n)
    garden = rng.random(n) < 0.3
    district = rng.integers(0, 6, n)
    bonus = np.array([0.9, 0.2, -0.3, 0.5, -0.6, 0.0])[district]
    log_price = (
        0.9 * np.log(area) - 0.12 * np.sqrt(dist) - 0.004 * age + 0.0001 * (age - 45) ** 2
        + 0.15 * garden + bonus + 0.01 * floor + rng.normal(0, 0.08, n)
    )
    onehot = np.eye(6)[district]
    x = np.column_stack([area, rooms, age, dist, floor, garden, onehot])
    return x.astype(np.float32), log_price.astype(np.float32)


x, y = make_listings(6000)
n_train = 4800
mu, sd = x[:n_train].mean(0), x[:n_train].std(0) + 1e-6
x = (x - mu) / sd
y_mu, y_sd = y[:n_train].mean(), y[:n_train].std()
y = (y - y_mu) / y_sd

train_ds = TensorDataset(torch.from_numpy(x[:n_train]), torch.from_numpy(y[:n_train]))
val_x, val_y = torch.from_numpy(x[n_train:]), torch.from_numpy(y[n_train:])
loader = DataLoader(train_ds, batch_size=128, shuffle=True)


class PriceNet(nn.Module):
    def __init__(self, d_in, width=64):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(d_in, width), nn.ReLU(),
            nn.Linear(width, width), nn.ReLU(),
        )
        self.head = nn.Linear(width, 1)

    def forward(self, feats):
        out = self.head(self.body(feats))
        return out.squeeze(-1) if MENDED else out


def log_cosh(pred, target):
    diff = pred - target
    return (diff + nn.functional.softplus(-2.0 * diff) - float(np.log(2.0))).mean()


model = PriceNet(x.shape[1])
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=15)

for epoch in range(15):
    model.train()
    running, seen = 0.0, 0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = log_cosh(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(xb)
        seen += len(xb)
    scheduler.step()
    model.eval()
    with torch.no_grad():
        p = model(val_x).reshape(-1)
        r2 = 1 - ((p - val_y) ** 2).sum() / ((val_y - val_y.mean()) ** 2).sum()
    print(f"epoch {epoch + 1:2d}  train {running / seen:.4f}  val r2 {r2.item():.3f}")

print(f"metric val_r2 {r2.item():.4f}")
