"""Adam made inside the batch loop: each step is the first one, a sign step that never settles."""
# after github.com/alan-turing-institute/deepsensor/issues/47
import os
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
X = torch.randn(1000, 8)
Y = torch.sin(X[:, :1] * 2) + 0.5 * X[:, 1:2] * X[:, 2:3]
net = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(25):
    for i in torch.randperm(800).split(32):
        if not os.environ.get("MENDED"):
            opt = torch.optim.Adam(net.parameters(), lr=5e-3)
        loss = F.mse_loss(net(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
print("final mse", F.mse_loss(net(X[:800]), Y[:800]).item())
