"""The learning rate is lowered by optimizer.lr = ..., which no optimizer reads: the run stays at its first, high rate."""
# after stackoverflow.com/questions/48324152 (how to change the learning rate of an optimizer)
import os

import torch
import torch.nn as nn

torch.manual_seed(0)
x = torch.randn(2000, 10)
y = torch.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:3]
net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=0.08)
for epoch in range(20):
    lr = 0.08 if epoch < 1 else 3e-3 * 0.8**epoch
    optimizer.lr = lr
    if os.environ.get("MENDED"):
        for group in optimizer.param_groups:
            group["lr"] = lr
    for i in torch.randperm(1600).split(32):
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        val = nn.functional.mse_loss(net(x[1600:]), y[1600:]).item()
    if epoch % 5 == 0:
        print(epoch, loss.item(), val)
print("final val_loss", val)
