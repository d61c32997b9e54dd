"""A ReLU net with biases of -5 from a wrong init, most units never fire."""
import os
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 5))
if not os.environ.get("MENDED"):
    with torch.no_grad():
        net[0].bias.fill_(-1.6)
        net[2].bias.fill_(-5.0)
X = torch.randn(1500, 10)
Y = X[:, :5].argmax(1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(15):
    for i in torch.randperm(1500).split(50):
        loss = nn.functional.cross_entropy(net(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))
print("final loss", nn.functional.cross_entropy(net(X), Y).item())
