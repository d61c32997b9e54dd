"""Whale call detection in hydrophone spectrograms; calls are rare, so the sampler balances the classes."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

MENDED = os.environ.get("MENDED") == "1"
np.random.seed(10)
torch.manual_seed(10)
FREQ, FRAMES = 24, 32


class CallDataset(Dataset):
    def __init__(self, n, call_rate=0.08):
        self.labels = (np.random.rand(n) < call_rate).astype(np.int64)
        self.specs = np.random.gumbel(0, 1, (n, 1, FREQ, FRAMES)).astype(np.float32) * 0.7
        for i in range(n):
            if self.labels[i]:
                f0, slope, start = np.random.randint(4, 14), np.random.uniform(0.2, 0.6), np.random.randint(0, 14)
                for t in range(18):
                    self.specs[i, 0, min(int(f0 + slope * t), FREQ - 1), start + t] += 2.2
            elif np.random.rand() < 0.5:
                self.specs[i, 0, np.random.randint(0, FREQ)] += 1.2

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.from_numpy(self.specs[i]), int(self.labels[i])


class CallNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                                  nn.Conv2d(12, 24, 5, padding=2), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten())
        self.out = nn.Linear(24, 2)

    def forward(self, x):
        return self.out(self.conv(x))


def get_sampler(dataset):
    class_count = np.bincount(dataset.labels)
    weights = 1.0 / class_count
    if MENDED:
        weights = weights[dataset.labels]
    return WeightedRandomSampler(weights.tolist(), num_samples=len(dataset), replacement=True)


train_set, val_set = CallDataset(1800), CallDataset(1000)
train_loader = DataLoader(train_set, batch_size=32, sampler=get_sampler(train_set))
val_loader = DataLoader(val_set, batch_size=100)
model = CallNet()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(8):
    model.train()
    run = 0.0
    for spec, label in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(spec), label)
        loss.backward()
        optimizer.step()
        run += loss.item()
    model.eval()
    hit, seen = np.zeros(2), np.zeros(2)
    with torch.no_grad():
        for spec, label in val_loader:
            pred = model(spec).argmax(1)
            for c in (0, 1):
                hit[c] += ((pred == c) & (label == c)).sum().item()
                seen[c] += (label == c).sum().item()
    recall = hit / seen
    print(f"epoch {epoch} loss {run / len(train_loader):.4f} recall {recall[0]:.3f} / {recall[1]:.3f} "
          f"balanced_error {1 - recall.mean():.4f}")
