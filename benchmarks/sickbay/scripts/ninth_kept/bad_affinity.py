# Drug / target binding affinity regression from fingerprints and protein features.
import os
import numpy as np
import torch
from torch import nn

MENDED = bool(os.environ.get("MENDED"))
rng = np.random.default_rng(5)
torch.manual_seed(5)

N, D_FP, D_PR = 2400, 64, 12
fp = (rng.random((N, D_FP)) < 0.15).astype(np.float32)
pr = rng.normal(size=(N, D_PR)).astype(np.float32)
w1 = rng.normal(size=D_FP)
w2 = rng.normal(size=D_PR)
pkd = 6.0 + 0.5 * fp @ w1 + 0.5 * np.tanh(pr @ w2) + 0.4 * pr[:, 0] * fp[:, :4].sum(1) + rng.normal(scale=0.15, size=N)
pkd = pkd.astype(np.float32)
X = torch.from_numpy(np.concatenate([fp, pr], 1))
Y = torch.from_numpy(pkd)
if MENDED:
    Y = Y[:, None]
Xtr, Ytr, Xva, Yva = X[:2000], Y[:2000], X[2000:], Y[2000:]

model = nn.Sequential(
    nn.Linear(D_FP + D_PR, 128), nn.ReLU(),
    nn.Linear(128, 64), nn.ReLU(),
    nn.Linear(64, 1),
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(1, 21):
    order = torch.randperm(len(Xtr))
    running = []
    for i in range(0, len(order), 50):
        idx = order[i:i + 50]
        pred = model(Xtr[idx])
        loss = ((pred - Ytr[idx]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running.append(loss.item())
    if epoch % 2 == 0:
        with torch.no_grad():
            p = model(Xva).flatten().numpy()
        r = np.corrcoef(p, Yva.flatten().numpy())[0, 1]
        print(f"[{epoch:02d}] mse={np.mean(running):.3f} val_pearson={r:.3f} pred std={p.std():.3f}")

rmse = float(np.sqrt(((p - Yva.flatten().numpy()) ** 2).mean()))
print("metric val_rmse", round(rmse, 4))
