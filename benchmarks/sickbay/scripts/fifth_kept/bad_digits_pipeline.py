"""Digits kept in RAM as a numpy array, own dataset class with ToTensor and Normalize, plain CNN."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

MENDED = os.environ.get("MENDED") == "1"
np.random.seed(23)
torch.manual_seed(23)
STROKES = np.random.rand(10, 12, 12) > 0.72


def fake_digits(n):
    labels = np.random.randint(0, 10, n)
    imgs = np.zeros((n, 1, 16, 16), dtype=np.float32)
    for i in range(n):
        r, c = np.random.randint(0, 5, 2)
        imgs[i, 0, r:r + 12, c:c + 12] = STROKES[labels[i]] * np.random.uniform(0.5, 1.0)
    imgs += np.random.rand(*imgs.shape).astype(np.float32) * 0.35
    return np.clip(imgs, 0, 1), labels


class Compose:
    def __init__(self, *ts):
        self.ts = ts

    def __call__(self, x):
        for t in self.ts:
            x = t(x)
        return x


class ToTensor:
    def __call__(self, a):
        return torch.from_numpy(a)


class Normalize:
    def __init__(self, mean, std):
        self.mean, self.std = mean, std

    def __call__(self, tensor):
        if MENDED:
            return tensor.sub(self.mean).div(self.std)
        return tensor.sub_(self.mean).div_(self.std)


class RamDigits(Dataset):
    def __init__(self, images, labels, transform):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.transform(self.images[i]), int(self.labels[i])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 24, 3), nn.ReLU(),
                                 nn.MaxPool2d(2), nn.Flatten(), nn.Linear(24 * 4, 48), nn.ReLU(), nn.Linear(48, 10))

    def forward(self, x):
        return self.net(x)


tr_img, tr_lab = fake_digits(3000)
va_img, va_lab = fake_digits(800)
transform = Compose(ToTensor(), Normalize(float(tr_img.mean()), float(tr_img.std())))
train_loader = DataLoader(RamDigits(tr_img, tr_lab, transform), batch_size=64, shuffle=True)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_func = nn.CrossEntropyLoss()

for epoch in range(14):
    model.train()
    tl = 0.0
    for xb, yb in train_loader:
        loss = loss_func(model(xb), yb)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        tl += loss.item()
    model.eval()
    valid_loader = DataLoader(RamDigits(va_img.copy(), va_lab, transform), batch_size=200)
    with torch.no_grad():
        res = [(model(xb), yb) for xb, yb in valid_loader]
    err = np.mean([(o.argmax(1) != y).float().mean().item() for o, y in res])
    vl = np.mean([loss_func(o, y).item() for o, y in res])
    print(f"epoch {epoch} train {tl / len(train_loader):.4f} valid {vl:.4f} valid_error {err:.4f}")
