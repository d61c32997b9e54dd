"""The random flips are drawn anew for the image and for its mask, so most training masks do not lie over their object."""
# val IoU 0.020 with it, 0.955 without
# after https://github.com/albumentations-team/albumentations/issues/1196 and https://github.com/keras-team/keras-preprocessing/issues/236
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

random.seed(3)
torch.manual_seed(3)


def hflip(t):
    return t.flip(-1) if random.random() < 0.5 else t


def vflip(t):
    return t.flip(-2) if random.random() < 0.5 else t


class Compose:
    def __init__(self, fns):
        self.fns = fns

    def __call__(self, t):
        for fn in self.fns:
            t = fn(t)
        return t


class CellDataset(Dataset):
    """One bright cell per picture, in front of a textured background."""

    def __init__(self, n, transform=None):
        self.transform = transform
        g = torch.Generator().manual_seed(n)
        yy, xx = torch.meshgrid(torch.arange(32.), torch.arange(32.), indexing="ij")
        self.images, self.masks = [], []
        for _ in range(n):
            cy, cx = torch.randint(6, 26, (2,), generator=g)
            r = 3 + 3 * torch.rand(1, generator=g)
            mask = ((yy - cy) ** 2 + (xx - cx) ** 2 < r ** 2).float()
            img = 0.25 * torch.randn(32, 32, generator=g) + 0.7 * mask + 0.2 * torch.sin(xx / 3 + cx)
            self.images.append(img[None])
            self.masks.append(mask[None])

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        image, mask = self.images[idx], self.masks[idx]
        if self.transform is not None:
            image = self.transform(image)
            mask = self.transform(mask)
        return image, mask


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                         nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())


class TinyUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.d1, self.d2, self.mid = block(1, 8), block(8, 16), block(16, 32)
        self.u2, self.u1 = block(48, 16), block(24, 8)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        c = self.mid(F.max_pool2d(b, 2))
        b = self.u2(torch.cat([F.interpolate(c, scale_factor=2), b], 1))
        a = self.u1(torch.cat([F.interpolate(b, scale_factor=2), a], 1))
        return self.out(a)


def evaluate(model, loader):
    model.eval()
    inter = union = 0.0
    with torch.no_grad():
        for image, mask in loader:
            pred = model(image) > 0
            inter += (pred & (mask > 0)).sum().item()
            union += (pred | (mask > 0)).sum().item()
    return inter / max(union, 1)


def main():
    tf = Compose([hflip, vflip])
    train = DataLoader(CellDataset(288, tf), batch_size=16, shuffle=True)
    val = DataLoader(CellDataset(150), batch_size=50)
    model = TinyUNet()
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(1, 11):
        model.train()
        running = 0.0
        for image, mask in train:
            loss = criterion(model(image), mask)
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item()
        print(f"[{epoch:2d}] train loss {running / len(train):.4f}  val IoU {evaluate(model, val):.4f}")
    print("final val_iou", evaluate(model, val))


if __name__ == "__main__":
    main()
