"""All weights and biases set to zero by an init function."""
import os
import torch
from torch import nn

torch.manual_seed(0)


def init(m):
    if isinstance(m, nn.Linear):
        nn.init.zeros_(m.weight)
        nn.init.zeros_(m.bias)


net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 3))
if not os.environ.get("MENDED"):
    net.apply(init)
X = torch.randn(900, 6)
Y = (X[:, :3] - X[:, 3:]).abs().argmax(1)
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for epoch in range(25):
    for i in torch.randperm(900).split(30):
        loss = nn.functional.cross_entropy(net(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
print("final loss", nn.functional.cross_entropy(net(X), Y).item())
