"""Segment cells in microscope tiles with a small U-shaped net and flips for augmentation."""
import os
import random
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

MENDED = os.environ.get("MENDED") == "1"
torch.manual_seed(2)
random.seed(2)
S = 32


def draw_tiles(n):
    yy, xx = torch.meshgrid(torch.arange(S), torch.arange(S), indexing="ij")
    images, masks = [], []
    for _ in range(n):
        mask = torch.zeros(S, S)
        for _ in range(random.randint(1, 3)):
            cx, cy, r = random.uniform(3, 28), random.uniform(3, 28), random.uniform(3, 6)
            mask = torch.maximum(mask, (((xx - cx) ** 2 + (yy - cy) ** 2) < r * r).float())
        blur = F.avg_pool2d(mask[None, None], 3, 1, 1)[0, 0]
        images.append((blur + 0.4 * torch.randn(S, S))[None])
        masks.append(mask[None])
    return torch.stack(images), torch.stack(masks)


class RandomFlip:
    def __init__(self, p=0.5):
        self.p = p

    def draw(self):
        return random.random() < self.p, random.random() < self.p

    def apply(self, t, flips):
        if flips[0]:
            t = torch.flip(t, [-1])
        if flips[1]:
            t = torch.flip(t, [-2])
        return t

    def __call__(self, t):
        return self.apply(t, self.draw())


class CellDataset(Dataset):
    def __init__(self, images, masks, augment=None):
        self.images, self.masks, self.augment = images, masks, augment

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image, mask = self.images[i], self.masks[i]
        if self.augment is not None:
            if MENDED:
                flips = self.augment.draw()
                image, mask = self.augment.apply(image, flips), self.augment.apply(mask, flips)
            else:
                image = self.augment(image)
                mask = self.augment(mask)
        return image, mask


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())


class TinyUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = block(1, 8), block(8, 16)
        self.mid = block(16, 16)
        self.up2, self.up1 = block(32, 16), block(24, 8)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        m = F.interpolate(self.mid(F.max_pool2d(b, 2)), scale_factor=2)
        u = F.interpolate(self.up2(torch.cat([m, b], 1)), scale_factor=2)
        return self.out(self.up1(torch.cat([u, a], 1)))


def dice(logits, mask):
    p = (torch.sigmoid(logits) > 0.5).float()
    return ((2 * (p * mask).sum() + 1) / (p.sum() + mask.sum() + 1)).item()


tr_x, tr_m = draw_tiles(800)
va_x, va_m = draw_tiles(150)
loader = DataLoader(CellDataset(tr_x, tr_m, RandomFlip()), batch_size=16, shuffle=True)
val_loader = DataLoader(CellDataset(va_x, va_m), batch_size=50)
net = TinyUNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
bce = nn.BCEWithLogitsLoss()

for epoch in range(6):
    net.train()
    total = 0.0
    for image, mask in loader:
        opt.zero_grad()
        loss = bce(net(image), mask)
        loss.backward()
        opt.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        score = sum(dice(net(x), m) for x, m in val_loader) / len(val_loader)
    print(f"epoch {epoch} bce {total / len(loader):.4f} val dice {score:.4f}")

print(f"metric val_dice {score:.4f}")
