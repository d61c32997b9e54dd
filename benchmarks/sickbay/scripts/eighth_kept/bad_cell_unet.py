"""Segmentation of cell nuclei with a small U-Net."""
import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

MENDED = bool(os.environ.get("MENDED"))
torch.manual_seed(33)
S = 32


def microscope(n):
    yy, xx = torch.meshgrid(torch.arange(S).float(), torch.arange(S).float(), indexing="ij")
    img, msk = torch.zeros(n, 1, S, S), torch.zeros(n, 1, S, S)
    for k in range(n):
        for _ in range(int(torch.randint(1, 4, (1,)))):
            cy, cx = 3 + (S - 6) * torch.rand(2)
            ry, rx = 2 + 1.8 * torch.rand(2)
            inside = ((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2 < 1
            msk[k, 0][inside] = 1
        soft = F.avg_pool2d(msk[k:k + 1], 3, 1, 1)[0, 0]
        shade = 0.3 * torch.sin(xx / S * 3 + 3 * torch.rand(1)) * torch.rand(1)
        img[k, 0] = 0.9 * soft + shade + 0.3 * torch.randn(S, S)
    return img, msk


class DoubleConv(nn.Sequential):
    def __init__(self, i, o):
        super().__init__(nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.ReLU())


class UNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.d1, self.d2, self.d3 = DoubleConv(1, base), DoubleConv(base, 2 * base), DoubleConv(2 * base, 4 * base)
        self.u2, self.u1 = DoubleConv(6 * base, 2 * base), DoubleConv(3 * base, base)
        self.out = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        c = self.d3(F.max_pool2d(b, 2))
        b = self.u2(torch.cat([F.interpolate(c, scale_factor=2), b], 1))
        a = self.u1(torch.cat([F.interpolate(b, scale_factor=2), a], 1))
        return torch.sigmoid(self.out(a))


def dice(prob, mask):
    p = (prob > 0.5).float()
    return (2 * (p * mask).sum() + 1e-6) / (p.sum() + mask.sum() + 1e-6)


train_x, train_m = microscope(384)
val_x, val_m = microscope(100)
loader = DataLoader(TensorDataset(train_x, train_m), batch_size=16, shuffle=True)
net = UNet()
criterion = nn.BCELoss() if MENDED else nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)

for epoch in range(7):
    net.train()
    total = 0.0
    for x, m in loader:
        pred = net(x)
        loss = criterion(pred, m)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        score = dice(net(val_x), val_m).item()
    print(f"epoch {epoch}: loss {total / len(loader):.4f} dice {score:.4f}")
print(f"metric val_dice {score:.4f}")
