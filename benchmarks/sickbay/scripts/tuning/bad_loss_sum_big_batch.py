"""Batch size raised to 256 with reduction="sum" and the old learning rate."""
import os
import torch
import torch.nn as nn

torch.manual_seed(0)
X = torch.randn(4096, 15)
Y = (X[:, :5].argmax(1) + (X[:, 5] > 0).long()) % 5
model = nn.Sequential(nn.Linear(15, 48), nn.Tanh(), nn.Linear(48, 5))
criterion = nn.CrossEntropyLoss(reduction="mean" if os.environ.get("MENDED") else "sum")
opt = torch.optim.SGD(model.parameters(), lr=0.2)
for epoch in range(15):
    for i in torch.randperm(3584).split(256):
        loss = criterion(model(X[i]), Y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", loss.item())
print("final val_loss", nn.functional.cross_entropy(model(X[3584:]), Y[3584:]).item())
