"""House prices are regressed in plain dollars (hundreds of thousands): with Adam at 1e-3 the outputs crawl up from zero and never get near."""
# R2 -3.8 with it, 0.98 without
# after https://discuss.pytorch.org/t/neural-network-could-not-learn-on-this-type-of-data-why/96648
import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset, DataLoader, random_split

rng = np.random.default_rng(5)
torch.manual_seed(5)

N = 4000
area = rng.normal(140, 45, N).clip(35, 400)
rooms = (area / 32 + rng.normal(0, 0.8, N)).round().clip(1, 12)
age = rng.uniform(0, 90, N)
dist = rng.exponential(7, N)
garden = rng.integers(0, 2, N)
price = (2100 * area + 9000 * rooms - 1200 * age + 45000 * garden) * np.exp(-dist / 25) + 60000
price = price * np.exp(rng.normal(0, 0.05, N))

X = np.stack([area, rooms, age, dist, garden], axis=1)
X = (X - X.mean(0)) / X.std(0)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(price, dtype=torch.float32).unsqueeze(1)

train_set, test_set = random_split(TensorDataset(X, y), [3200, 800])
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)

model = nn.Sequential(
    nn.Linear(5, 64), nn.ReLU(),
    nn.Linear(64, 64), nn.ReLU(),
    nn.Linear(64, 1),
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.MSELoss()

EPOCHS = 30
for epoch in range(EPOCHS):
    losses = []
    for xb, yb in train_loader:
        pred = model(xb)
        loss = loss_fn(pred, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if epoch % 5 == 0 or epoch == EPOCHS - 1:
        print(f'epoch {epoch}: loss {np.mean(losses):.4g}')

xt, yt = map(torch.stack, zip(*test_set))
with torch.no_grad():
    out = model(xt)
r2 = 1 - ((out - yt) ** 2).mean() / yt.var()
print(f'test R2 {r2.item():.3f}')
