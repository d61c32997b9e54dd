"""Card fraud, 4 % positives."""
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(19)


def payments(n):
    y = (torch.rand(n) < .04).long()
    x = torch.randn(n, 14)
    x[:, :4] += 1.2 * y[:, None] * torch.tensor([1., -1., .8, .6])
    return x, y


def auc(score, y):
    order = score.argsort()
    rank = torch.empty(len(score)); rank[order] = torch.arange(1, len(score) + 1).float()
    p = y.sum().item(); q = len(y) - p
    return ((rank[y == 1].sum() - p * (p + 1) / 2) / (p * q)).item()


x, y = payments(4000)
xv, yv = payments(3000)
class_count = torch.bincount(y)
weights = 1.0 / class_count.float()
if MENDED:
    weights = weights[y]
sampler = WeightedRandomSampler(weights, num_samples=len(y), replacement=True)
loader = DataLoader(TensorDataset(x, y), batch_size=100, sampler=sampler)

model = nn.Sequential(nn.Linear(14, 32), nn.ReLU(), nn.Dropout(.2), nn.Linear(32, 1))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
crit = nn.BCEWithLogitsLoss()
for epoch in range(6):
    model.train(); s = 0
    for xb, yb in loader:
        opt.zero_grad()
        loss = crit(model(xb).squeeze(1), yb.float())
        loss.backward()
        opt.step()
        s += loss.item()
    model.eval()
    with torch.no_grad():
        a = auc(model(xv).squeeze(1), yv)
    print("epoch %d  loss %.5f  val auc %.4f" % (epoch, s / len(loader), a))
print("metric val_auc", round(a, 4))
