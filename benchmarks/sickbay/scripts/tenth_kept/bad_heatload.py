"""Building heating load from 8 features. The network only ever gives about the average."""
import os
import numpy as np
import torch
import torch.nn as nn

MENDED = bool(os.environ.get("MENDED"))

np.random.seed(42)
torch.manual_seed(42)

N = 2000
X = np.random.uniform(-1, 1, (N, 8)).astype("float32")
load = (3 * X[:, 0] - 2 * X[:, 1] * X[:, 2] + 1.5 * np.sin(3 * X[:, 3]) + X[:, 4] ** 2
        + 0.2 * np.random.randn(N)).astype("float32")
load = (load - load[:1600].mean()) / load[:1600].std()
Xtr, Xva = torch.tensor(X[:1600]), torch.tensor(X[1600:])
ytr, yva = torch.tensor(load[:1600]), torch.tensor(load[1600:])
if MENDED:
    ytr, yva = ytr.reshape(-1, 1), yva.reshape(-1, 1)

net = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optim = torch.optim.Adam(net.parameters(), lr=2e-3)


def rmse_loss(a, b):
    return torch.sqrt(torch.mean((a - b) ** 2) + 1e-8)


BS = 64
for epoch in range(20):
    perm = torch.randperm(len(Xtr))
    losses = []
    for k in range(0, len(Xtr), BS):
        ids = perm[k:k + BS]
        pred = net(Xtr[ids])
        loss = rmse_loss(pred, ytr[ids])
        optim.zero_grad()
        loss.backward()
        optim.step()
        losses.append(loss.item())
    if epoch % 2 == 1:
        with torch.no_grad():
            print(epoch + 1, "train", round(float(np.mean(losses)), 4), "valid", round(rmse_loss(net(Xva), yva).item(), 4))

with torch.no_grad():
    p = net(Xva).numpy().ravel()
t = yva.numpy().ravel()
r2 = 1 - ((p - t) ** 2).sum() / ((t - t.mean()) ** 2).sum()
print("metric val_r2 %.4f" % r2)
