"""Validation without model.eval(): dropout of one half and BatchNorm stay on."""
# after github.com/udacity/deep-learning-v2-pytorch/issues/3
import os
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
X = torch.randn(1500, 20)
Y = (X[:, :4].sum(1) > 0).long()
train = DataLoader(TensorDataset(X[:1200], Y[:1200]), 50, shuffle=True)
val = DataLoader(TensorDataset(X[1200:], Y[1200:]), 100)
model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 32), nn.ReLU(),
                      nn.Dropout(0.5), nn.Linear(32, 2))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)


def validate():
    if os.environ.get("MENDED"):
        model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in val:
            total += nn.functional.cross_entropy(model(x), y).item() * len(x)
    return total / 300


for epoch in range(12):
    model.train()
    for x, y in train:
        opt.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
    print("epoch", epoch, "val", round(validate(), 4))
print("final val_loss", validate())
