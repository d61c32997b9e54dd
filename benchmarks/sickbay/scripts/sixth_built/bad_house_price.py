"""Predict house prices (standardised) from a table of features."""
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(14)


def make_houses(n):
    area = 40 + 160 * torch.rand(n)
    rooms = (area / 30 + torch.randn(n)).round().clamp(1, 8)
    year = 1900 + 120 * torch.rand(n)
    distance = torch.rand(n) * 30
    quality = torch.randint(1, 11, (n,)).float()
    extra = torch.randn(n, 5)
    price = (2.1 * area + 12 * rooms - 4.0 * distance + 14 * quality + 0.3 * (year - 1960)
             + 0.06 * area * quality + 15 * torch.randn(n))
    x = torch.cat([torch.stack([area, rooms, year, distance, quality], 1), extra], 1)
    return x, price


class PriceNet(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_in, 64), nn.ReLU(),
            nn.Linear(64, 32), nn.ReLU(),
            nn.Linear(32, 1),
        )

    def forward(self, x):
        out = self.layers(x)
        if MENDED:
            out = out.squeeze(1)
        return out


x, price = make_houses(3000)
train_x, val_x = x[:2400], x[2400:]
train_p, val_p = price[:2400], price[2400:]
x_mean, x_std = train_x.mean(0), train_x.std(0)
p_mean, p_std = train_p.mean(), train_p.std()
train_x, val_x = (train_x - x_mean) / x_std, (val_x - x_mean) / x_std
train_y, val_y = (train_p - p_mean) / p_std, (val_p - p_mean) / p_std

loader = DataLoader(TensorDataset(train_x, train_y), batch_size=64, shuffle=True)
model = PriceNet(train_x.shape[1])
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-5)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=15, gamma=0.3)


def r2_score():
    model.eval()
    with torch.no_grad():
        pred = model(val_x).reshape(-1)
    model.train()
    ss_res = ((pred - val_y) ** 2).sum()
    ss_tot = ((val_y - val_y.mean()) ** 2).sum()
    return (1 - ss_res / ss_tot).item(), (pred * p_std).std().item()


for epoch in range(30):
    running = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item()
    scheduler.step()
    if epoch % 3 == 0:
        r2, spread = r2_score()
        print(f"epoch {epoch} mse {running / len(loader):.4f} val R2 {r2:.4f} spread of predicted prices {spread:.1f}")

print(f"metric val_r2 {r2_score()[0]:.4f}")
