"""Land cover segmentation. Tiles come as 64x64 and are brought to 32x32 for training.

classes: 0 grass, 1 crop, 2 wetland, 3 building, 4 road
"""
import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import Dataset, DataLoader

MENDED = bool(os.environ.get("MENDED"))
COLORS = np.array([[.2, .7, .2], [.8, .8, .2], [.2, .3, .7], [.7, .3, .2], [.45, .45, .5]], dtype=np.float32)


def tile(rng):
    m = np.zeros((64, 64), np.int64)
    for c in (1, 2):
        y, x = rng.integers(0, 44, 2)
        h, w = rng.integers(14, 28, 2)
        m[y:y + h, x:x + w] = c
    for _ in range(4):
        y, x = rng.integers(0, 56, 2)
        m[y:y + 5, x:x + 5] = 3
    for _ in range(3):
        p = rng.integers(2, 60)
        w = rng.integers(2, 4)
        if rng.random() < .5:
            m[p:p + w] = 4
        else:
            m[:, p:p + w] = 4
    img = COLORS[m] + rng.normal(scale=.12, size=(64, 64, 3))
    return img.astype(np.float32).transpose(2, 0, 1), m


class Tiles(Dataset):
    def __init__(self, n, seed, train=True):
        rng = np.random.default_rng(seed)
        self.items = [tile(rng) for _ in range(n)]
        self.train = train

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        img, mask = self.items[i]
        img, mask = torch.from_numpy(img), torch.from_numpy(mask)
        img = F.interpolate(img[None], size=(32, 32), mode="bilinear", align_corners=False)[0]
        if self.train and not MENDED:
            mask = F.interpolate(mask[None, None].float(), size=(32, 32), mode="bilinear", align_corners=False)[0, 0]
        else:
            mask = F.interpolate(mask[None, None].float(), size=(32, 32), mode="nearest")[0, 0]
        return img, mask.long()


net = None


def run():
    global net
    torch.manual_seed(4)
    tr = DataLoader(Tiles(240, 0), batch_size=16, shuffle=True)
    va = DataLoader(Tiles(60, 1, train=False), batch_size=30)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 5, 1))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for ep in range(12):
        net.train()
        losses = []
        for img, mask in tr:
            loss = F.cross_entropy(net(img), mask)
            opt.zero_grad(); loss.backward(); opt.step()
            losses.append(loss.item())
        net.eval()
        conf = torch.zeros(5, 5)
        with torch.no_grad():
            for img, mask in va:
                pred = net(img).argmax(1)
                conf += torch.bincount((mask * 5 + pred).flatten(), minlength=25).view(5, 5)
        iou = conf.diag() / (conf.sum(0) + conf.sum(1) - conf.diag()).clamp(min=1)
        print(f"ep {ep} loss {np.mean(losses):.3f} iou", " ".join(f"{v:.2f}" for v in iou.tolist()), f"mean {iou.mean():.3f}")
    print("metric val_miou %.4f" % iou.mean().item())


run()
