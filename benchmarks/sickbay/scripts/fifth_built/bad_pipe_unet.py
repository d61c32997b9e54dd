"""Segment pipes in synthetic survey photos with a little U-Net and flip augmentation."""
import os
import random
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

MENDED = os.environ.get("MENDED") == "1"
random.seed(0)
np.random.seed(0)
torch.manual_seed(0)
S = 32


def draw_scene(rng):
    yy, xx = np.mgrid[0:S, 0:S]
    angle, off, w = rng.uniform(0, np.pi), rng.uniform(-9, 9), rng.uniform(2.0, 4.0)
    d = (xx - S / 2) * np.sin(angle) - (yy - S / 2) * np.cos(angle) - off
    mask = (np.abs(d) < w).astype(np.float32)
    img = rng.normal(0.35, 0.12, (3, S, S))
    img += mask * np.array([0.35, 0.22, 0.1])[:, None, None] * rng.uniform(0.7, 1.3)
    return img.astype(np.float32), mask[None]


class RandomFlip:
    def __init__(self, p=0.5):
        self.p = p

    def __call__(self, *arrays):
        h, v = random.random() < self.p, random.random() < self.p
        out = []
        for a in arrays:
            if h:
                a = a[:, :, ::-1]
            if v:
                a = a[:, ::-1]
            out.append(np.ascontiguousarray(a))
        return out if len(out) > 1 else out[0]


class PipeDataset(Dataset):
    def __init__(self, n, seed, augment=False):
        rng = np.random.RandomState(seed)
        self.items = [draw_scene(rng) for _ in range(n)]
        self.augment = augment
        self.transform = RandomFlip()
        self.target_transform = RandomFlip()

    def __len__(self):
        return len(self.items)

    def __getitem__(self, idx):
        img, mask = self.items[idx]
        if self.augment:
            if MENDED:
                img, mask = self.transform(img, mask)
            else:
                img = self.transform(img)
                mask = self.target_transform(mask)
        return torch.from_numpy(img), torch.from_numpy(mask)


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                         nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())


class SmallUNet(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.d1, self.d2, self.mid = block(3, c), block(c, 2 * c), block(2 * c, 4 * c)
        self.u2, self.u1 = block(6 * c, 2 * c), block(3 * c, c)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        m = self.mid(F.max_pool2d(b, 2))
        u = self.u2(torch.cat([F.interpolate(m, scale_factor=2), b], 1))
        u = self.u1(torch.cat([F.interpolate(u, scale_factor=2), a], 1))
        return self.out(u)


train_dl = DataLoader(PipeDataset(320, 1, augment=True), batch_size=16, shuffle=True)
val_dl = DataLoader(PipeDataset(96, 2), batch_size=32)
net = SmallUNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
bce = nn.BCEWithLogitsLoss()

for epoch in range(12):
    net.train()
    tr = 0.0
    for img, mask in train_dl:
        opt.zero_grad()
        loss = bce(net(img), mask)
        loss.backward()
        opt.step()
        tr += loss.item()
    net.eval()
    va, inter, union = 0.0, 0.0, 0.0
    with torch.no_grad():
        for img, mask in val_dl:
            o = net(img)
            va += bce(o, mask).item()
            p = (o > 0).float()
            inter += (p * mask).sum().item()
            union += ((p + mask) > 0).float().sum().item()
    print("epoch %d train_loss %.4f iou %.3f val_loss %.4f" % (epoch, tr / len(train_dl), inter / union, va / len(val_dl)))
