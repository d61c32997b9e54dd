"""Crop type from multispectral satellite patches (6 bands)."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
np.random.seed(6)
torch.manual_seed(6)
BANDS = 6
CROPS = ["maize", "wheat", "rapeseed", "meadow", "fallow"]
SIGNATURES = 6500 + 900 * np.random.rand(len(CROPS), BANDS)


class Normalize:
    def __init__(self, mean, std):
        self.mean = mean.reshape(-1, 1, 1)
        self.std = std.reshape(-1, 1, 1)

    def __call__(self, patch):
        return (patch - self.mean) / self.std


class Augment:
    def __init__(self, inner):
        self.inner = inner

    def __call__(self, patch):
        if np.random.rand() < 0.5:
            patch = patch[:, ::-1]
        if np.random.rand() < 0.5:
            patch = patch[:, :, ::-1]
        return self.inner(patch)


class PatchDataset(Dataset):
    def __init__(self, n, transform=None, size=10):
        self.labels = np.random.randint(0, len(CROPS), n)
        haze = np.random.normal(0, 150, (n, 1, 1, 1))
        rows = 150 * np.sin(np.arange(size) * (0.6 + 0.3 * self.labels[:, None]))
        self.patches = (
            SIGNATURES[self.labels][:, :, None, None] + haze + rows[:, None, :, None]
            + np.random.normal(0, 500, (n, BANDS, size, size))
        )
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        patch = self.patches[i]
        if self.transform is not None:
            patch = self.transform(patch)
        return torch.tensor(np.ascontiguousarray(patch), dtype=torch.float32), int(self.labels[i])


train_set = PatchDataset(1500)
norm = Normalize(train_set.patches.mean((0, 2, 3)), train_set.patches.std((0, 2, 3)))
train_set.transform = Augment(norm)
val_set = PatchDataset(400, transform=norm if MENDED else None)
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
val_loader = DataLoader(val_set, batch_size=100)

model = nn.Sequential(
    nn.Conv2d(BANDS, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(24, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(32, len(CROPS)),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

history = {"loss": [], "acc": [], "val_acc": []}
for epoch in range(8):
    model.train()
    n, loss_sum, hit = 0, 0.0, 0
    for x, y in train_loader:
        optimizer.zero_grad()
        out = model(x)
        loss = criterion(out, y)
        loss.backward()
        optimizer.step()
        n += len(y)
        loss_sum += loss.item() * len(y)
        hit += (out.argmax(1) == y).sum().item()
    model.eval()
    with torch.no_grad():
        val_hit = sum((model(x).argmax(1) == y).sum().item() for x, y in val_loader)
    history["loss"].append(loss_sum / n)
    history["acc"].append(hit / n)
    history["val_acc"].append(val_hit / len(val_set))
    print(" ".join(f"{k}={v[-1]:.3f}" for k, v in history.items()))
print(f"metric val_acc {history['val_acc'][-1]:.4f}")
