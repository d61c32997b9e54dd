"""Landmark heatmaps (eye and tail of a fish) on 32x32 colour photos, uint8 arrays (N, H, W, C) as cv2 gives them.
Fully convolutional net, MSE on the maps; the hit rate stays poor."""
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import TensorDataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
S = 32
rng = np.random.RandomState(10)
torch.manual_seed(10)
yy, xx = np.mgrid[:S, :S]


def photo():
    img = 90 + 25 * rng.randn(S, S, 3)
    cy, cx, th, ln = rng.uniform(10, 22), rng.uniform(10, 22), rng.uniform(0, 6.28), rng.uniform(6, 9)
    u = (xx - cx) * np.cos(th) + (yy - cy) * np.sin(th)
    v = -(xx - cx) * np.sin(th) + (yy - cy) * np.cos(th)
    img[(u / ln) ** 2 + (v / 3) ** 2 < 1] += (50, 20, -20)
    pts = []
    for off, rgb in ((0.7 * ln, (230, 230, 60)), (-ln, (200, 40, 160))):
        py, px = cy + off * np.sin(th), cx + off * np.cos(th)
        img[(yy - py) ** 2 + (xx - px) ** 2 < 4] = np.array(rgb)
        pts.append((py, px))
    return np.clip(img + 10 * rng.randn(S, S, 3), 0, 255).astype(np.uint8), pts


def dataset(n):
    imgs, maps, pts = [], [], []
    for _ in range(n):
        im, p = photo()
        imgs.append(im); pts.append(p)
        maps.append([np.exp(-((yy - a) ** 2 + (xx - b) ** 2) / 8) for a, b in p])
    x = np.stack(imgs).astype(np.float32) / 127.5 - 1
    if MENDED:
        x = x.transpose(0, 3, 1, 2)
    x = np.ascontiguousarray(x).reshape(n, 3, S, S)
    return TensorDataset(torch.from_numpy(x), torch.tensor(np.array(maps), dtype=torch.float32), torch.tensor(np.array(pts)))


train_loader = DataLoader(dataset(700), batch_size=25, shuffle=True)
test_loader = DataLoader(dataset(200), batch_size=100)


class HeatNet(nn.Module):
    def __init__(self, c=12):
        super(HeatNet, self).__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, c, 5, padding=2), nn.BatchNorm2d(c), nn.ReLU(),
            nn.Conv2d(c, 2 * c, 3, padding=1, stride=2), nn.BatchNorm2d(2 * c), nn.ReLU(),
            nn.Conv2d(2 * c, 2 * c, 3, padding=1), nn.BatchNorm2d(2 * c), nn.ReLU(),
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False))
        self.head = nn.Conv2d(2 * c, 2, 3, padding=1)

    def forward(self, x):
        return self.head(self.body(x))


def hits(maps, pts, tol=2.5):
    i = maps.flatten(2).argmax(-1)
    d = torch.stack([i // S, i % S], -1) - pts
    return (d.norm(dim=-1) < tol).double().mean().item()


net = HeatNet()
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
for epoch in range(6):
    net.train(); total = 0
    for x, m, _ in train_loader:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), m)
        loss.backward()
        optimizer.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        rate = np.mean([hits(net(x), p) for x, _, p in test_loader])
    print("epoch %d  loss %.5f  hit rate %.3f" % (epoch + 1, total / len(train_loader), rate))
print("metric hit_rate %.4f" % rate)
