"""House prices (in 100k) from eight columns, plain regression."""
import os
import numpy as np
import torch
from torch.utils.data import TensorDataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
rng = np.random.default_rng(8)
torch.manual_seed(8)

N = 2400
X = rng.normal(size=(N, 8)).astype("float32")
price = 3 + 0.9 * X[:, 0] - 0.5 * X[:, 1] + 0.6 * X[:, 2] * X[:, 3] + 0.4 * np.abs(X[:, 4]) + 0.15 * rng.normal(size=N)
price = price.astype("float32")

tr = TensorDataset(torch.from_numpy(X[:2000]), torch.from_numpy(price[:2000]))
xv, yv = torch.from_numpy(X[2000:]), torch.from_numpy(price[2000:])
dl = DataLoader(tr, batch_size=40, shuffle=True)

model = torch.nn.Sequential(
    torch.nn.Linear(8, 64), torch.nn.ReLU(),
    torch.nn.Linear(64, 64), torch.nn.ReLU(),
    torch.nn.Linear(64, 1))
optim = torch.optim.Adam(model.parameters(), lr=2e-3)


def rmse_loss(pred, target):
    return torch.sqrt(((pred - target) ** 2).mean() + 1e-8)


for epoch in range(15):
    running = 0.0
    for xb, yb in dl:
        pred = model(xb)
        loss = rmse_loss(pred, yb.reshape(-1, 1) if MENDED else yb)
        optim.zero_grad()
        loss.backward()
        optim.step()
        running += loss.item()
    with torch.no_grad():
        pv = model(xv).flatten()
        r2 = 1 - ((pv - yv) ** 2).sum() / ((yv - yv.mean()) ** 2).sum()
    print(f"Epoch {epoch + 1}/15 - rmse: {running / len(dl):.4f} - val r2: {r2.item():.4f}")
print(f"metric val_r2 {r2.item():.4f}")
