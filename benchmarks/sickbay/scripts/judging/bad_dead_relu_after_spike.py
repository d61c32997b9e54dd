"""A warm-up of eight steps at lr 0.7 kills most ReLU units in the first steps."""
import os
import torch
import torch.nn as nn

torch.manual_seed(2)
X = torch.rand(2000, 5)
Y = 3 * (X[:, :1] - 0.5) * (X[:, 1:2] - 0.5) * 8 + X[:, 2:3]
model = nn.Sequential(nn.Linear(5, 50), nn.ReLU(), nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(900):
    for g in opt.param_groups:
        g["lr"] = 0.7 if step < 8 and not os.environ.get("MENDED") else 0.05
    i = torch.randint(0, 2000, (64,))
    loss = (model(X[i]) - Y[i]).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 150 == 0:
        print(step, loss.item())
print("final mse", (model(X) - Y).pow(2).mean().item())
