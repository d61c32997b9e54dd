"""WeightedRandomSampler gets one weight per class, not one per sample, so it only ever draws the first three rows of the training set."""
# balanced accuracy 0.333 with it, 1.000 without
# after https://github.com/deep-voice/soundbay/pull/49
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader, WeightedRandomSampler

torch.manual_seed(0)
np.random.seed(0)
CLASSES = ["normal", "ectopic", "fusion"]
SHARE = [0.86, 0.10, 0.04]


def make_beat(kind):
    t = np.linspace(0, 1, 96)
    shift = np.random.uniform(-0.08, 0.08)
    width = {0: 0.03, 1: 0.09, 2: 0.055}[kind]
    beat = np.random.uniform(0.8, 1.2) * np.exp(-((t - 0.45 - shift) / width) ** 2)
    beat += 0.25 * np.exp(-((t - 0.75 - shift) / 0.06) ** 2) * (0 if kind == 1 else 1)
    if kind == 2:
        beat -= 0.3 * np.exp(-((t - 0.55 - shift) / 0.04) ** 2)
    return beat + np.random.normal(0, 0.12, t.shape)


class Beats(Dataset):
    def __init__(self, n):
        self.y = np.random.choice(3, size=n, p=SHARE)
        self.x = np.stack([make_beat(k) for k in self.y]).astype(np.float32)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i])[None], int(self.y[i])


class BeatNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(1, 16, 7, padding=3), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(32, 32, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool1d(6))
        self.head = nn.Linear(32 * 6, 3)

    def forward(self, x):
        return self.head(self.body(x).flatten(1))


train_set, test_set = Beats(4000), Beats(1500)
counts = np.bincount(train_set.y, minlength=3)
print("train counts", dict(zip(CLASSES, counts)))
weights = torch.tensor(1.0 / counts, dtype=torch.double)
sampler = WeightedRandomSampler(weights, num_samples=len(train_set), replacement=True)
train_loader = DataLoader(train_set, batch_size=64, sampler=sampler)
test_loader = DataLoader(test_set, batch_size=256)

net = BeatNet()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(10):
    net.train()
    total, hits, seen = 0.0, 0, 0
    for x, y in train_loader:
        opt.zero_grad()
        out = net(x)
        loss = loss_fn(out, y)
        loss.backward()
        opt.step()
        total += loss.item() * len(y)
        hits += (out.argmax(1) == y).sum().item()
        seen += len(y)
    net.eval()
    per_class = np.zeros((3, 2))
    with torch.no_grad():
        for x, y in test_loader:
            p = net(x).argmax(1)
            for k in range(3):
                per_class[k] += [((p == k) & (y == k)).sum().item(), (y == k).sum().item()]
    recall = per_class[:, 0] / per_class[:, 1]
    print(f"epoch {epoch} loss {total / seen:.4f} train acc {hits / seen:.3f} recall {recall.round(3)}")
print("final balanced_accuracy", recall.mean())
