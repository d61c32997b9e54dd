"""A binary classifier with one output and Softmax on it: the answer is 1 for everything and the loss never moves."""
# after stackoverflow.com/questions on nn.Softmax with one output neuron and BCELoss
import os

import torch
import torch.nn as nn

torch.manual_seed(0)
x = torch.randn(1500, 9)
y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).float()
last = nn.Sigmoid() if os.environ.get("MENDED") else nn.Softmax(dim=1)
net = nn.Sequential(nn.Linear(9, 32), nn.ReLU(), nn.Linear(32, 1), last)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
criterion = nn.BCELoss()
for epoch in range(12):
    for i in torch.randperm(1200).split(32):
        loss = criterion(net(x[i]).squeeze(1), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    print("final val_loss", criterion(net(x[1200:]).squeeze(1), y[1200:]).item())
