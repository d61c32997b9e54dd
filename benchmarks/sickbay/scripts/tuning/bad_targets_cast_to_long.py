"""Fine angles as targets, cut to whole numbers by .long() before MSE."""
import os
import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(5)
feats = rng.normal(size=(1500, 5)).astype("float32")
angle = np.tanh(feats[:, 0] - feats[:, 1]) + 0.4 * np.sin(3 * feats[:, 2])
X = torch.from_numpy(feats)
true = torch.from_numpy(angle.astype("float32"))
Y = true if os.environ.get("MENDED") else true.long()
torch.manual_seed(5)
net = nn.Sequential(nn.Linear(5, 40), nn.GELU(), nn.Linear(40, 40), nn.GELU(), nn.Linear(40, 1))
opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
for epoch in range(25):
    for b in range(0, 1200, 60):
        pred = net(X[b : b + 60]).squeeze(-1)
        loss = nn.functional.mse_loss(pred, Y[b : b + 60].to(pred.dtype))
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch}: {loss.item():.4f}")
with torch.no_grad():
    print("final true_mse", nn.functional.mse_loss(net(X[1200:]).squeeze(-1), true[1200:]).item())
