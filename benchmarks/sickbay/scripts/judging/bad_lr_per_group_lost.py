"""Parameter groups whose base learning rate was divided by 1000 twice."""
import os
import torch
from torch import nn

torch.manual_seed(3)
base = 3e-2
low = base if os.environ.get("MENDED") else base / 1000 / 1000
model = nn.ModuleDict({
    "body": nn.Sequential(nn.Linear(4, 48), nn.Tanh(), nn.Linear(48, 24), nn.Tanh()),
    "head": nn.Linear(24, 1),
})
opt = torch.optim.SGD([
    {"params": model["body"].parameters(), "lr": low},
    {"params": model["head"].parameters(), "lr": low * 3},
], lr=base, momentum=0.9)
X = torch.rand(1000, 4) * 4 - 2
y = torch.sin(X[:, :1]) * X[:, 1:2] + X[:, 2:3]
for epoch in range(40):
    for xb, yb in zip(X.split(50), y.split(50), strict=True):
        loss = nn.functional.mse_loss(model["head"](model["body"](xb)), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 10 == 0:
        print("epoch", epoch, "loss", loss.item())
print("final mse", nn.functional.mse_loss(model["head"](model["body"](X)), y).item())
