# Rare-event detection: 3 % positives, WeightedRandomSampler + mixup on the training side only
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

np.random.seed(2)
torch.manual_seed(2)


def transactions(n):
    y = (np.random.rand(n) < 0.03).astype(np.float32)
    x = np.random.randn(n, 16).astype(np.float32)
    k = y.astype(bool)
    x[k, :4] += 1.1
    x[k, 4] *= 2.2
    x[k, 5] = 0.7 * x[k, 6] + 0.3 * x[k, 5]
    return torch.from_numpy(x), torch.from_numpy(y)


def average_precision(score, y):
    order = score.argsort(descending=True)
    hits = y[order].cumsum(0)
    prec = hits / torch.arange(1, len(y) + 1)
    return (prec * y[order]).sum().item() / y.sum().item()


xtr, ytr = transactions(12000)
xte, yte = transactions(6000)
class_count = torch.tensor([(ytr == 0).sum(), (ytr == 1).sum()]).float()
weights = (1.0 / class_count)[ytr.long()]
sampler = WeightedRandomSampler(weights.double(), num_samples=6000, replacement=True)
loader = DataLoader(TensorDataset(xtr, ytr), batch_size=100, sampler=sampler)

model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
loss_fn = nn.BCEWithLogitsLoss()
beta = torch.distributions.Beta(0.6, 0.6)
print(f"positives in train {ytr.mean():.3f}, random ranking would give AP {yte.mean():.3f}")
for epoch in range(15):
    model.train()
    tot, pos = 0.0, 0.0
    for x, y in loader:
        lam = beta.sample().item()
        j = torch.randperm(len(x))
        out = model(lam * x + (1 - lam) * x[j]).squeeze(1)
        loss = lam * loss_fn(out, y) + (1 - lam) * loss_fn(out, y[j])
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item() / len(loader)
        pos += y.mean().item() / len(loader)
    if epoch % 2 == 0:
        model.eval()
        with torch.no_grad():
            s = model(xte).squeeze(1)
        rec = ((s > 0) & (yte > 0)).sum().item() / yte.sum().item()
        print(f"epoch {epoch:2d} mixed loss {tot:.4f} (batch positives {pos:.2f}) test AP {average_precision(s, yte):.3f} recall {rec:.3f}")
