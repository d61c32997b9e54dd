"""Disparity of image pairs, where ToTensor has already divided by 255 and the data set does it once more."""
# after github.com/anishmadan23/deep3d-pytorch/issues/1
import os
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)


class Pairs(Dataset):
    def __init__(self, n):
        g = torch.Generator().manual_seed(n)
        self.rows = torch.randint(0, 256, (n, 1, 8, 24), generator=g).float()
        self.shift = torch.randint(0, 5, (n,), generator=g)

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        left = self.rows[i] / 255
        if not os.environ.get("MENDED"):
            left = left / 255
        return torch.cat([left, left.roll(int(self.shift[i]), -1)]), self.shift[i].float()


net = nn.Sequential(nn.Conv2d(2, 24, (1, 7), padding=(0, 3)), nn.ReLU(), nn.Conv2d(24, 24, 3, padding=1), nn.ReLU(),
                    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 1))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(8):
    total = 0.0
    for x, d in DataLoader(Pairs(1500), 50, shuffle=True):
        loss = nn.functional.mse_loss(net(x).squeeze(1), d)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    print("epoch", epoch, total / 30)
x, d = next(iter(DataLoader(Pairs(400), 400)))
with torch.no_grad():
    print("final mse", nn.functional.mse_loss(net(x).squeeze(1), d).item())
