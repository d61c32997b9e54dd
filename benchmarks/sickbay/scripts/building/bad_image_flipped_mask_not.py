"""Segmentation whose augmentation flips the picture and leaves the mask as it was."""
# after github.com/divamgupta/image-segmentation-keras/issues/115
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


def pictures(n):
    x, m = 0.3 * torch.randn(n, 1, 20, 20), torch.zeros(n, 1, 20, 20)
    for i in range(n):
        r, c = torch.randint(0, 14, (2,)).tolist()
        x[i, 0, r : r + 6, c : c + 6] += 1
        m[i, 0, r : r + 6, c : c + 6] = 1
    return x, m


def augment(x, m):
    for dim in (2, 3):
        pick = torch.rand(len(x)) < 0.5
        x = torch.where(pick[:, None, None, None], x.flip(dim), x)
        if os.environ.get("MENDED"):
            m = torch.where(pick[:, None, None, None], m.flip(dim), m)
    return x, m


net = nn.Sequential(
    nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(), nn.Conv2d(12, 12, 5, padding=2), nn.ReLU(), nn.Conv2d(12, 1, 3, padding=1)
)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
x, m = pictures(400)
xv, mv = pictures(100)
for epoch in range(10):
    for i in torch.randperm(400).split(20):
        a, b = augment(x[i], m[i])
        loss = F.binary_cross_entropy_with_logits(net(a), b)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        val = F.binary_cross_entropy_with_logits(net(xv), mv).item()
    print(epoch, loss.item(), val)
print("final val_loss", val)
