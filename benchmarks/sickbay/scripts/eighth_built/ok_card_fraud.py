"""Card fraud with one positive in a hundred: weighted loss, prior bias on the output, judged by average precision."""
import math
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(120)
torch.manual_seed(120)
RATE = 0.01


def transactions(n):
    fraud = (rng.random(n) < RATE).astype(np.float32)
    amount = rng.lognormal(3.5 + 0.5 * fraud, 1.0)
    hour = (rng.normal(14, 5, n) * (1 - fraud) + rng.normal(3, 3, n) * fraud) % 24
    gap = rng.exponential(10 - 7.5 * fraud)
    country = (rng.random(n) < 0.05 + 0.35 * fraud).astype(float)
    other = rng.normal(size=(n, 6))
    other[:, 0] += 1.8 * fraud
    other[:, 1] *= 1 + 1.0 * fraud
    x = np.column_stack([np.log(amount), np.sin(hour / 24 * 2 * np.pi), np.cos(hour / 24 * 2 * np.pi), np.log1p(gap), country, other])
    return x.astype(np.float32), fraud


def average_precision(score, label):
    order = np.argsort(-score)
    hit = label[order]
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    return float((precision * hit).sum() / hit.sum())


def recall_at(score, label, k):
    return float(label[np.argsort(-score)[:k]].sum() / label.sum())


x, y = transactions(40_000)
vx, vy = transactions(20_000)
mean, std = x.mean(0), x.std(0)
x, vx = (x - mean) / std, (vx - mean) / std
loader = DataLoader(TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), batch_size=512, shuffle=True, drop_last=True)

net = nn.Sequential(nn.Linear(x.shape[1], 64), nn.SiLU(), nn.Dropout(0.2), nn.Linear(64, 32), nn.SiLU(), nn.Linear(32, 1))
with torch.no_grad():
    net[-1].weight.zero_()
    net[-1].bias.fill_(math.log(RATE / (1 - RATE)))
criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(8.0))
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3)

for epoch in range(6):
    net.train()
    total = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(net(xb).squeeze(1), yb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        score = net(torch.from_numpy(vx)).squeeze(1).numpy()
    ap = average_precision(score, vy)
    print(f"epoch {epoch} loss {total / len(loader):.4f} accuracy {((score > 0) == vy).mean():.4f} ap {ap:.4f} recall@400 {recall_at(score, vy, 400):.3f}")
print(f"share of positives {vy.mean():.4f}")
print(f"metric average_precision {ap:.4f}")
