"""Skin lesion types from hand-made descriptors; classes are very unevenly represented."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader, WeightedRandomSampler

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(21)
rng = np.random.RandomState(21)

PRIOR = np.array([0.62, 0.2, 0.1, 0.05, 0.03])
CENTRES = rng.randn(5, 12) * 0.9
MIX = rng.randn(12, 24) / 3


class Lesions(Dataset):
    def __init__(self, n, prior):
        self.labels = rng.choice(5, n, p=prior)
        z = CENTRES[self.labels] + rng.randn(n, 12) * 0.8
        self.feats = np.tanh(z @ MIX) + 0.1 * rng.randn(n, 24)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.tensor(self.feats[i], dtype=torch.float32), int(self.labels[i])


train_set = Lesions(2400, PRIOR)
val_set = Lesions(600, np.full(5, 0.2))

counts = np.bincount(train_set.labels, minlength=5)
weights = 1.0 / counts
if MENDED:
    weights = weights[train_set.labels]
sampler = WeightedRandomSampler(torch.as_tensor(weights), num_samples=len(train_set), replacement=True)
train_loader = DataLoader(train_set, batch_size=48, sampler=sampler)
val_loader = DataLoader(val_set, batch_size=200)

net = nn.Sequential(nn.Linear(24, 96), nn.ReLU(), nn.Dropout(0.2), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 5))
optim = torch.optim.Adam(net.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()


def balanced_accuracy():
    net.eval()
    hit, tot = np.zeros(5), np.zeros(5)
    with torch.no_grad():
        for xb, yb in val_loader:
            pr = net(xb).argmax(1)
            for c in range(5):
                hit[c] += ((pr == c) & (yb == c)).sum().item()
                tot[c] += (yb == c).sum().item()
    return (hit / tot).mean()


for epoch in range(10):
    net.train()
    losses = []
    for xb, yb in train_loader:
        optim.zero_grad()
        loss = loss_fn(net(xb), yb)
        loss.backward()
        optim.step()
        losses.append(loss.item())
    print("epoch", epoch, "loss", round(float(np.mean(losses)), 4), "val bal acc", round(balanced_accuracy(), 3))
print("metric val_balanced_acc %.4f" % balanced_accuracy())
