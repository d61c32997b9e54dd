import numpy as np
import torch
from torch import nn

# house price regression on a small (synthetic) listing table
rng = np.random.default_rng(3)
torch.manual_seed(3)
N = 3000
area = rng.uniform(40, 250, N)
rooms = rng.integers(1, 7, N)
age = rng.uniform(0, 80, N)
dist = rng.exponential(6.0, N)
garden = rng.integers(0, 2, N)
price = 2.1 * area + 14 * rooms - 0.8 * age - 6.5 * np.log1p(dist) * 4 + 25 * garden + 0.004 * area * rooms * 10
price = price + rng.normal(0, 8, N)

table = np.stack([area, rooms, age, dist, garden], axis=1)
table = (table - table.mean(0)) / table.std(0)
price = (price - price.mean()) / price.std()

split = int(0.8 * N)
x_train = torch.tensor(table[:split], dtype=torch.float32)
y_train = torch.tensor(price[:split], dtype=torch.float32)
x_test = torch.tensor(table[split:], dtype=torch.float32)
y_test = torch.tensor(price[split:], dtype=torch.float32)


def rmse_loss(pred, target):
    return torch.sqrt(torch.mean((pred - target) ** 2) + 1e-8)


model = nn.Sequential(
    nn.Linear(5, 64),
    nn.ReLU(),
    nn.Linear(64, 64),
    nn.ReLU(),
    nn.Linear(64, 1),
)
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
batch = 50

for epoch in range(1, 41):
    perm = torch.randperm(split)
    total = 0.0
    for i in range(0, split, batch):
        idx = perm[i:i + batch]
        pred = model(x_train[idx])
        loss = rmse_loss(pred, y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    if epoch % 4 == 0:
        with torch.no_grad():
            p = model(x_test).numpy().ravel()
        t = y_test.numpy()
        r2 = 1 - ((t - p) ** 2).sum() / ((t - t.mean()) ** 2).sum()
        print("epoch %3d | train rmse %.4f | test R2 %.4f | pred std %.4f" % (epoch, total / (split // batch), r2, p.std()))
