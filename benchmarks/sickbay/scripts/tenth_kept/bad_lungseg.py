"""Small U-Net on chest-like 32x32 scans. Val dice is poor and I do not see why.
Train loss goes down a bit and then stays."""
import os
import random
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
SEED = 3
random.seed(SEED); np.random.seed(SEED); torch.manual_seed(SEED)


def make_scan(rng, s=32):
    yy, xx = np.mgrid[0:s, 0:s]
    img = 0.25 * rng.standard_normal((s, s))
    for cx in (9, 22):
        img += 0.6 * ((((xx - cx) / 6.0) ** 2 + ((yy - 16) / 11.0) ** 2) < 1)
    cx, cy, r = rng.uniform(5, 13) if rng.random() < 0.5 else rng.uniform(18, 27), rng.uniform(8, 24), rng.uniform(3, 5)
    m = (((xx - cx) ** 2 + (yy - cy) ** 2) < r * r)
    img = img + 0.9 * m
    return img.astype(np.float32), m.astype(np.float32)


class RandomFlip:
    def __init__(self, p=0.5):
        self.p = p

    def __call__(self, a):
        if random.random() < self.p:
            a = a[:, ::-1]
        return np.ascontiguousarray(a)


class Scans(Dataset):
    def __init__(self, n, seed, aug=None):
        rng = np.random.default_rng(seed)
        self.items = [make_scan(rng) for _ in range(n)]
        self.aug = aug

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        img, mask = self.items[i]
        if self.aug is not None:
            state = random.getstate()
            img = self.aug(img)
            if MENDED:
                random.setstate(state)
            mask = self.aug(mask)
        return torch.from_numpy(img)[None], torch.from_numpy(mask)[None]


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                         nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())


class UNet(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.d1, self.d2, self.d3 = block(1, c), block(c, 2 * c), block(2 * c, 4 * c)
        self.u2, self.u1 = block(6 * c, 2 * c), block(3 * c, c)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        c = self.d3(F.max_pool2d(b, 2))
        y = self.u2(torch.cat([F.interpolate(c, scale_factor=2.0), b], 1))
        y = self.u1(torch.cat([F.interpolate(y, scale_factor=2.0), a], 1))
        return self.out(y)


def dice(logits, y):
    p = (logits > 0).float()
    inter = (p * y).sum((1, 2, 3))
    return (2 * inter / (p.sum((1, 2, 3)) + y.sum((1, 2, 3)) + 1e-6)).mean().item()


train = DataLoader(Scans(320, 0, RandomFlip()), batch_size=16, shuffle=True)
val = DataLoader(Scans(96, 1), batch_size=32)
net = UNet()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
crit = nn.BCEWithLogitsLoss()

for epoch in range(7):
    net.train()
    tot = 0.0
    for x, y in train:
        opt.zero_grad()
        loss = crit(net(x), y)
        loss.backward()
        opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        d = np.mean([dice(net(x), y) for x, y in val])
    print(f"epoch {epoch} train_loss {tot/len(train):.4f} val_dice {d:.3f}")
print(f"metric val_dice {d:.4f}")
