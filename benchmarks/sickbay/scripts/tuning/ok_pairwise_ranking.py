"""RankNet: all pairs of a list by (n, 1) against (1, n) differences, logistic loss."""
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
w = torch.randn(10)
net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(500):
    docs = torch.randn(24, 10)
    rel = (docs @ w + docs[:, 0] * docs[:, 1]).round()
    s = net(docs)
    diff = s - s.T
    better = (rel[:, None] > rel[None]).float()
    loss = (F.softplus(-diff) * better).sum() / better.sum().clamp(min=1)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())
print("final loss", loss.item())
