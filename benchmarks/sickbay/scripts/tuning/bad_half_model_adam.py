"""model.half() with Adam's default epsilon: zero gradients divide by zero."""
# after github.com/pytorch/pytorch/issues/8860 and discuss.pytorch.org/t/adam-half-precision-nans/1765
import os
import torch
from torch import nn

torch.manual_seed(0)
X = torch.randn(600, 12)
Y = ((X[:, 0] + X[:, 1] * X[:, 2]) > 0).long()
net = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 2)).half()
eps = 1e-4 if os.environ.get("MENDED") else 1e-8
opt = torch.optim.Adam(net.parameters(), lr=2e-3, eps=eps)
X = X.half()
for step in range(300):
    i = torch.randint(0, 600, (50,))
    loss = nn.functional.cross_entropy(net(X[i]).float(), Y[i])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(step, loss.item())
print("final loss", nn.functional.cross_entropy(net(X).float(), Y).item())
