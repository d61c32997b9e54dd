"""Facial landmark regression: left eye, right eye, nose, left mouth corner, right mouth corner."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
SIZE = 24
PAIRS = [1, 0, 2, 4, 3]


def face(rng):
    cx, cy = rng.uniform(9, 15, 2)
    s = rng.uniform(0.7, 1.1)
    base = np.array([[-5, -4], [5, -4], [0, 0.5], [-3.5, 5], [3.5, 5]]) * s
    tilt = rng.uniform(-0.25, 0.25)
    rot = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    pts = base @ rot.T + [cx, cy] + rng.normal(scale=0.3, size=(5, 2))
    yy, xx = np.mgrid[:SIZE, :SIZE]
    img = np.zeros((SIZE, SIZE))
    for (px, py), w, b in zip(pts, [1.2, 1.2, .8, .9, .9], [1, 1, .6, .8, .8]):
        img += b * np.exp(-((xx - px) ** 2 + (yy - py) ** 2) / (2 * w ** 2))
    return (img + rng.normal(scale=.08, size=img.shape)).astype(np.float32), pts.astype(np.float32)


class Faces(Dataset):
    def __init__(self, n, seed, augment):
        rng = np.random.default_rng(seed)
        self.data = [face(rng) for _ in range(n)]
        self.augment = augment

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        img, pts = self.data[i]
        if self.augment and torch.rand(1).item() < 0.5:
            img = img[:, ::-1].copy()
            pts = pts.copy()
            pts[:, 0] = SIZE - 1 - pts[:, 0]
            if MENDED:
                pts = pts[PAIRS]
        return torch.from_numpy(img)[None], torch.from_numpy(pts) / SIZE


torch.manual_seed(13)
net = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(32 * 36, 96), nn.ReLU(), nn.Linear(96, 10))
train = DataLoader(Faces(1000, 0, True), batch_size=50, shuffle=True)
xv, yv = next(iter(DataLoader(Faces(200, 1, False), batch_size=200)))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(20):
    run = 0.0
    for x, y in train:
        loss = nn.functional.smooth_l1_loss(net(x).view(-1, 5, 2), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        run += loss.item()
    with torch.no_grad():
        err = (net(xv).view(-1, 5, 2) - yv).norm(dim=2)
    if epoch % 2 == 1:
        print(f"epoch {epoch + 1} loss {run / len(train):.5f} val px err " + " ".join(f"{v * SIZE:.2f}" for v in err.mean(0).tolist()))
print("metric val_px_error %.4f" % (err.mean().item() * SIZE))
