"""A regression net with dropout behind its last layer: a third of the predictions are 0 in training, the rest too large."""
# after stackoverflow.com and discuss.pytorch.org questions on dropout before the loss
import os

import torch
import torch.nn as nn

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
        self.dropout = nn.Dropout(0.0 if os.environ.get("MENDED") else 0.3)

    def forward(self, x):
        return self.dropout(self.layers(x))


x = torch.randn(1500, 8)
y = torch.stack([5 + x[:, 0] * x[:, 1], -4 + torch.sin(2 * x[:, 2])], 1)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(20):
    net.train()
    for i in torch.randperm(1200).split(30):
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        val = nn.functional.mse_loss(net(x[1200:]), y[1200:]).item()
    if epoch % 5 == 4:
        print(epoch, loss.item(), val)
print("final val_loss", val)
