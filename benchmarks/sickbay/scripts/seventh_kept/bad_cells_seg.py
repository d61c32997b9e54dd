"""Segmentation of bright cells on a textured background with a small U-Net."""
import os
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))


def seed_all(s):
    random.seed(s)
    np.random.seed(s)
    torch.manual_seed(s)


seed_all(4)
S = 32


def field():
    yy, xx = np.mgrid[0:S, 0:S]
    mask = np.zeros((S, S), bool)
    for _ in range(random.randint(2, 4)):
        cx, cy = np.random.uniform(3, 29, 2)
        rx, ry = np.random.uniform(2.5, 5.5, 2)
        mask |= ((xx - cx) / rx) ** 2 + ((yy - cy) / ry) ** 2 < 1
    img = 0.9 * mask + 0.35 * np.sin(xx / 3 + random.random() * 6) + 0.35 * np.random.randn(S, S)
    return img.astype(np.float32), mask.astype(np.float32)


class RandomFlip:
    def __call__(self, t):
        if random.random() < 0.5:
            t = torch.flip(t, dims=[-1])
        if random.random() < 0.5:
            t = torch.flip(t, dims=[-2])
        return t


class Cells(Dataset):
    def __init__(self, n, tf=None):
        self.items = [field() for _ in range(n)]
        self.tf = tf

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        img, msk = (torch.from_numpy(a)[None] for a in self.items[i])
        if self.tf is None:
            return img, msk
        if MENDED:
            both = self.tf(torch.cat([img, msk]))
            return both[:1], both[1:]
        return self.tf(img), self.tf(msk)


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.d1, self.d2, self.mid = block(1, 10), block(10, 20), block(20, 20)
        self.u1 = block(40, 10)
        self.u2 = block(20, 10)
        self.out = nn.Conv2d(10, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        c = self.mid(F.max_pool2d(b, 2))
        u = self.u1(torch.cat([F.interpolate(c, scale_factor=2), b], 1))
        u = self.u2(torch.cat([F.interpolate(u, scale_factor=2), a], 1))
        return self.out(u)


def iou(net, loader):
    net.eval()
    inter = union = 0
    with torch.no_grad():
        for x, m in loader:
            p = net(x) > 0
            inter += (p & (m > 0.5)).sum().item()
            union += (p | (m > 0.5)).sum().item()
    return inter / max(union, 1)


train = DataLoader(Cells(320, RandomFlip()), batch_size=16, shuffle=True)
val = DataLoader(Cells(80), batch_size=40)
net = UNet()
opt = torch.optim.AdamW(net.parameters(), lr=4e-3)
for epoch in range(12):
    net.train()
    total = 0
    for x, m in train:
        loss = F.binary_cross_entropy_with_logits(net(x), m)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    score = iou(net, val)
    print(f"epoch {epoch:2d} bce {total / len(train):.4f} val IoU {score:.3f}")
print(f"metric val_iou {score:.4f}")
