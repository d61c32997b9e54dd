"""Four folds, a learning rate for each from a table; the third entry is 1e-7."""
import os
import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(800, 7)
Y = torch.tanh(X[:, :1] * 2) + X[:, 1:2] * X[:, 2:3]
lrs = [5e-3, 5e-3, 5e-3 if os.environ.get("MENDED") else 1e-7, 5e-3]
scores = []
for fold in range(4):
    held = torch.arange(800) % 4 == fold
    xt, yt, xv, yv = X[~held], Y[~held], X[held], Y[held]
    net = nn.Sequential(nn.Linear(7, 48), nn.ReLU(), nn.Linear(48, 1))
    opt = torch.optim.Adam(net.parameters(), lr=lrs[fold])
    for epoch in range(15):
        for i in torch.randperm(600).split(30):
            loss = nn.functional.mse_loss(net(xt[i]), yt[i])
            opt.zero_grad()
            loss.backward()
            opt.step()
    with torch.no_grad():
        scores.append(nn.functional.mse_loss(net(xv), yv).item())
    print("fold", fold, "val mse", round(scores[-1], 4))
print("final worst_fold", max(scores))
