"""Five-fold cross-validation, a fresh model and optimizer for each fold, mean and spread printed."""
import statistics

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

torch.manual_seed(0)
X = torch.randn(600, 6)
Y = ((X[:, 0] + X[:, 1] * X[:, 2]) > 0).long()
ds = TensorDataset(X, Y)
perm = torch.randperm(600)
scores = []
for k in range(5):
    val = perm[k * 120 : (k + 1) * 120].tolist()
    train = [i for i in perm.tolist() if i not in set(val)]
    model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(12):
        model.train()
        for x, y in DataLoader(Subset(ds, train), batch_size=32, shuffle=True):
            loss = nn.functional.cross_entropy(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        scores.append((model(X[val]).argmax(1) == Y[val]).float().mean().item())
    print("fold", k, scores[-1])
print("final accuracy", statistics.mean(scores), statistics.stdev(scores))
