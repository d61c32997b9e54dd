"""Predict monthly rent from a table of flats (size, rooms, distance, year, ...) with an MLP."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, random_split

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(42)
rng = np.random.default_rng(42)


def load_table(n=6000):
    size = rng.uniform(18, 160, n)
    rooms = np.clip(np.round(size / 28 + rng.normal(0, 0.6, n)), 1, 7)
    dist = rng.exponential(5.0, n)
    year = rng.integers(1900, 2024, n)
    floor = rng.integers(0, 9, n)
    balcony = rng.integers(0, 2, n)
    noise = rng.normal(0, 45, n)
    rent = 200 + 11 * size * np.exp(-dist / 18) + 60 * balcony + 3.0 * (year - 1960) * (year > 1960) + 12 * floor + noise
    x = np.stack([size, rooms, dist, year, floor, balcony], 1)
    return x.astype(np.float32), rent.astype(np.float32)


class RentDataset(Dataset):
    def __init__(self, x, y):
        self.x = torch.from_numpy(x)
        self.y = torch.from_numpy(y)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class RentNet(nn.Module):
    def __init__(self, n_features, hidden=96):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(n_features, hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, 1),
        )

    def forward(self, x):
        out = self.body(x)
        if MENDED:
            out = out.squeeze(1)
        return out


def rmse_loss(pred, target):
    return torch.sqrt(((pred - target) ** 2).mean())


x, y = load_table()
x = (x - x[:4800].mean(0)) / x[:4800].std(0)
y_mean, y_std = y[:4800].mean(), y[:4800].std()
y = (y - y_mean) / y_std
train_set, val_set = RentDataset(x[:4800], y[:4800]), RentDataset(x[4800:], y[4800:])
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
val_loader = DataLoader(val_set, batch_size=200)

model = RentNet(x.shape[1])
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-5)

for epoch in range(40):
    model.train()
    total = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = rmse_loss(model(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    model.eval()
    preds, targets = [], []
    with torch.no_grad():
        for xb, yb in val_loader:
            preds += model(xb).flatten().tolist()
            targets += yb.tolist()
    val_rmse = float(np.sqrt(np.mean((np.array(preds) - np.array(targets)) ** 2)))
    print(f"epoch {epoch + 1:02d} train_rmse {total / len(train_loader):.4f} val_rmse {val_rmse:.4f}")
