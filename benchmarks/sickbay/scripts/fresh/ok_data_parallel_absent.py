"""A model in nn.DataParallel on a machine without GPUs, as many scripts have it, with weighted sampling."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
y = (torch.rand(2000) < 0.1).long()
x = torch.randn(2000, 10) + y[:, None] * 0.8
model = nn.DataParallel(nn.Sequential(nn.Linear(10, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 2))).to(device)
weight = torch.where(y == 1, 9.0, 1.0)
loader = DataLoader(TensorDataset(x, y), 50, sampler=WeightedRandomSampler(weight, 2000))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [4, 6], 0.1)
for epoch in range(7):
    model.train()
    for xb, yb in loader:
        xb, yb = xb.to(device), yb.to(device)
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    scheduler.step()
    print(epoch, loss.item())
