"""Forecast tomorrow's power load from the last 24 hours with an LSTM."""
import math
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(13)
WINDOW = 24


def make_load(n):
    """load that answers to the temperature some hours earlier, with a daily cycle"""
    t = torch.arange(n).float()
    temp = torch.zeros(n)
    for i in range(1, n):
        temp[i] = 0.5 * temp[i - 1] + torch.randn(1).item()
    load = torch.zeros(n)
    for i in range(20, n):
        load[i] = 0.9 * temp[i - 10:i - 4].mean() + 0.5 * temp[i - 14] + 0.2 * torch.randn(1).item()
    load = load + 0.4 * torch.sin(2 * math.pi * t / 24)
    load, temp = (load - load.mean()) / load.std(), (temp - temp.mean()) / temp.std()
    return load, temp


def windows(load, temp):
    xs, ys = [], []
    for i in range(20, len(load) - WINDOW - 1):
        xs.append(torch.stack([load[i:i + WINDOW], temp[i:i + WINDOW]], 1))
        ys.append(load[i + WINDOW + 3] if i + WINDOW + 3 < len(load) else load[-1])
    return torch.stack(xs), torch.stack(ys)


class LoadLSTM(nn.Module):
    def __init__(self, n_features=2, hidden=32):
        super().__init__()
        if MENDED:
            self.lstm = nn.LSTM(n_features, hidden, num_layers=1, batch_first=True)
        else:
            self.lstm = nn.LSTM(n_features, hidden, num_layers=1)
        self.head = nn.Sequential(nn.Linear(hidden, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.head(out[:, -1, :]).squeeze(-1)


load, temp = make_load(3500)
x, y = windows(load, temp)
split = 2800
train_loader = DataLoader(TensorDataset(x[:split], y[:split]), batch_size=32, shuffle=True)
val_x, val_y = x[split:], y[split:]
model = LoadLSTM()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.MSELoss()


def validate():
    model.eval()
    with torch.no_grad():
        pred = torch.cat([model(b) for b in val_x.split(32)])
    model.train()
    return (1 - ((pred - val_y) ** 2).sum() / ((val_y - val_y.mean()) ** 2).sum()).item(), pred.std().item()


for epoch in range(12):
    total = 0.0
    for xb, yb in train_loader:
        opt.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        total += loss.item()
    r2, spread = validate()
    print(f"epoch {epoch} mse {total / len(train_loader):.4f} val r2 {r2:.4f} spread of predictions {spread:.3f}")

print(f"metric val_r2 {validate()[0]:.4f}")
