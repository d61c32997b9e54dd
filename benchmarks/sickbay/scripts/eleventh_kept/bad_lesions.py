"""Segment bright lesions in small grey scans. Tiny U-Net, flips for augmentation."""
import os
import random
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
random.seed(3); torch.manual_seed(3)


def make_scan():
    g = torch.arange(32).float()
    cy, cx = random.uniform(5, 26), random.uniform(5, 26)
    ry, rx = random.uniform(3, 6), random.uniform(3, 6)
    mask = (((g[:, None] - cy) / ry) ** 2 + ((g[None] - cx) / rx) ** 2 < 1).float()
    img = 0.25 * torch.randn(32, 32) + 0.7 * mask + 0.01 * g[None]
    return img[None], mask[None]


def flips(t, draw):
    if draw[0] < 0.5:
        t = t.flip(-1)
    if draw[1] < 0.5:
        t = t.flip(-2)
    return t


class Scans(Dataset):
    def __init__(self, n, augment):
        self.items = [make_scan() for _ in range(n)]
        self.augment = augment

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        img, mask = self.items[i]
        if self.augment:
            draw = (random.random(), random.random())
            img = flips(img, draw)
            mask = flips(mask, draw if MENDED else (random.random(), random.random()))
        return img, mask


def block(a, b):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(),
                         nn.Conv2d(b, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU())


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.d1, self.d2 = block(1, 8), block(8, 16)
        self.up = nn.ConvTranspose2d(16, 8, 2, 2)
        self.u1, self.out = block(16, 8), nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        return self.out(self.u1(torch.cat([a, self.up(b)], 1)))


def dice(logits, y):
    p = (logits > 0).float()
    return ((2 * (p * y).sum((1, 2, 3)) + 1) / (p.sum((1, 2, 3)) + y.sum((1, 2, 3)) + 1)).mean().item()


train = DataLoader(Scans(192, True), batch_size=12, shuffle=True)
val = DataLoader(Scans(48, False), batch_size=48)
net = UNet()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(14):
    net.train(); tot = 0
    for x, y in train:
        loss = F.binary_cross_entropy_with_logits(net(x), y)
        opt.zero_grad(); loss.backward(); opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        x, y = next(iter(val))
        d = dice(net(x), y)
    print(f"epoch {epoch:2d}  train bce {tot / len(train):.4f}  val dice {d:.3f}")
print("metric val_dice", round(d, 4))
