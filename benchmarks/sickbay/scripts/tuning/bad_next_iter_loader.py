"""A training loop by steps that draws next(iter(loader)) every time."""
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X = torch.randn(2000, 20)
w = torch.randn(20)
Y = ((X @ w + torch.randn(2000)) > 0).long()
loader = DataLoader(TensorDataset(X[:1600], Y[:1600]), batch_size=32, shuffle=bool(os.environ.get("MENDED")))
model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 2))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
for step in range(500):
    xb, yb = next(iter(loader))
    loss = nn.functional.cross_entropy(model(xb), yb)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step}: {loss.item():.4f}")
print("final val_loss", nn.functional.cross_entropy(model(X[1600:]), Y[1600:]).item())
