"""Card fraud, 4 % positives, balanced by sampling."""
import os
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

MENDED = bool(os.environ.get("MENDED"))
SEED = 77
np.random.seed(SEED)
torch.manual_seed(SEED)


def transactions(n):
    X = np.random.randn(n, 16).astype(np.float32)
    s = X[:, 0] + 0.8 * X[:, 1] * X[:, 2] + 0.7 * np.abs(X[:, 3]) - X[:, 4]
    thr = 3.1
    y = (s + 0.3 * np.random.randn(n) > thr).astype(np.int64)
    return torch.from_numpy(X), torch.from_numpy(y)


Xtr, ytr = transactions(6000)
Xva, yva = transactions(3000)
counts = torch.bincount(ytr)
print("class counts", counts.tolist())
weights = 1.0 / counts.float()
if MENDED:
    weights = weights[ytr]
sampler = WeightedRandomSampler(weights, num_samples=len(ytr), replacement=True)
loader = DataLoader(TensorDataset(Xtr, ytr), batch_size=128, sampler=sampler)

model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.BCEWithLogitsLoss()


def roc_auc(score, label):
    rank = torch.empty_like(score)
    rank[score.argsort()] = torch.arange(1, len(score) + 1, dtype=score.dtype)
    p = label.sum().item(); q = len(label) - p
    return (rank[label == 1].sum().item() - p * (p + 1) / 2) / (p * q)


for epoch in range(8):
    model.train()
    total = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb).squeeze(1), yb.float())
        loss.backward()
        optimizer.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        auc = roc_auc(model(Xva).squeeze(1), yva)
    print(f"epoch {epoch} loss {total/len(loader):.4f} val auc {auc:.4f}")
print(f"metric val_auc {auc:.4f}")
