"""Regression with predictions (B, 1) and targets (B,), own squared error."""
# after github.com/pytorch/pytorch/pull/18349 and github.com/deepset-ai/FARM/issues/229
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
X = torch.randn(1000, 9)
y = X[:, 0] * 2 + torch.sin(X[:, 1] * 3)
net = nn.Sequential(nn.Linear(9, 40), nn.ReLU(), nn.Linear(40, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(600):
    i = torch.randint(0, 800, (50,))
    pred = net(X[i])
    if os.environ.get("MENDED"):
        pred = pred.squeeze(1)
    loss = ((pred - y[i]) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
print("final val_mse", ((net(X[800:]).squeeze(1) - y[800:]) ** 2).mean().item())
