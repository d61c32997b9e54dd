# House price model: standardised features -> log price (standardised).
import os
import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
SEED = 11
np.random.seed(SEED)
torch.manual_seed(SEED)

n = 2400
area = np.random.gamma(6.0, 18.0, n)
rooms = np.clip(np.round(area / 28 + np.random.randn(n)), 1, 9)
age = np.random.uniform(0, 90, n)
dist = np.random.exponential(6.0, n)
garden = (np.random.rand(n) < 0.4).astype(float)
quality = np.random.randint(1, 6, n)
logp = (10.5 + 0.75 * np.log(area) + 0.05 * rooms - 0.05 * dist + 0.12 * garden
        + 0.09 * quality - 0.004 * age + 0.00005 * (age - 45) ** 2 + 0.1 * np.random.randn(n))
X = np.stack([area, rooms, age, dist, garden, quality], 1)
X = (X - X[:2000].mean(0)) / X[:2000].std(0)
y = (logp - logp[:2000].mean()) / logp[:2000].std()

X = torch.from_numpy(X).float()
y = torch.from_numpy(y).float()
if MENDED:
    y = y[:, None]

train_dl = DataLoader(TensorDataset(X[:2000], y[:2000]), batch_size=64, shuffle=True)
X_val, y_val = X[2000:], y[2000:]

model = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def criterion(pred, target):
    return ((pred - target) ** 2).mean()


for epoch in range(20):
    model.train()
    running = 0.0
    for xb, yb in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item()
    if epoch % 2 == 1:
        print("Epoch {:02d} - train loss {:.4f}".format(epoch + 1, running / len(train_dl)))

model.eval()
with torch.no_grad():
    p = model(X_val).flatten()
t = y_val.flatten()
r2 = 1 - ((p - t) ** 2).sum() / ((t - t.mean()) ** 2).sum()
print("metric val_r2 %.4f" % r2.item())
