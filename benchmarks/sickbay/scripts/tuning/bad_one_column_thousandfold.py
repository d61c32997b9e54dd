"""Churn prediction with age, tenure and a yearly salary in plain euros."""
import os
import torch
from torch import nn

torch.manual_seed(0)
n = 2000
age = torch.rand(n) * 4 - 2
tenure = torch.rand(n) * 4 - 2
calls = torch.rand(n) * 4 - 2
salary = 20000 + 60000 * torch.rand(n)
logit = 3 * torch.sin(2 * age) + 2 * tenure * calls
y = (torch.rand(n) < torch.sigmoid(2 * logit)).float()
X = torch.stack([age, tenure, calls, salary], 1)
if os.environ.get("MENDED"):
    X = (X - X.mean(0)) / X.std(0)
net = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
bce = nn.BCEWithLogitsLoss()
for epoch in range(25):
    for i in torch.randperm(1600).split(64):
        loss = bce(net(X[i])[:, 0], y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        with torch.no_grad():
            print("epoch", epoch, "val", bce(net(X[1600:])[:, 0], y[1600:]).item())
print("final val_bce", bce(net(X[1600:])[:, 0], y[1600:]).item())
