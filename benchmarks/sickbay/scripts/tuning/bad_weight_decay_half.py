"""A tabular classifier with Adam(weight_decay=0.5), all outputs the same."""
# after github.com/BVLC/caffe/issues/1396 (any input produces the same output; weight_decay 0.5)
import os
import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(1500, 12)
Y = ((X[:, 0] > 0).long() + 2 * (X[:, 1] * X[:, 2] > 0).long())
net = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
wd = 1e-4 if os.environ.get("MENDED") else 0.5
opt = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=wd)
for epoch in range(20):
    for i in torch.randperm(1200).split(50):
        loss = nn.functional.cross_entropy(net(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 4 == 0:
        print(epoch, loss.item())
print("final val_loss", nn.functional.cross_entropy(net(X[1200:]), Y[1200:]).item())
