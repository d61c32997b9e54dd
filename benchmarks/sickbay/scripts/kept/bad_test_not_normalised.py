"""Training pictures are normalised, those of the test set are not: train is fine, test hardly better than chance."""
# after github.com/JeasunLok/ResNet-pytorch/issues/1 and github.com/mlpack/examples/pull/213
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
PATTERNS = torch.randn(5, 1, 12, 12)


class Pictures(Dataset):
    def __init__(self, n, transform=None):
        self.y = torch.randint(0, 5, (n,))
        self.x = 120 + 30 * (0.5 * PATTERNS[self.y] + torch.randn(n, 1, 12, 12))
        self.transform = transform

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        x = self.x[i] if self.transform is None else self.transform(self.x[i])
        return x, self.y[i]


def normalise(x):
    return (x - 120) / 35


train = DataLoader(Pictures(1200, normalise), batch_size=40, shuffle=True)
test = DataLoader(Pictures(400, normalise if os.environ.get("MENDED") else None), batch_size=100)
net = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 32), nn.ReLU(), nn.Linear(32, 5))
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(6):
    net.train()
    for x, y in train:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
    net.eval()
    total, right = 0.0, 0
    with torch.no_grad():
        for x, y in test:
            out = net(x)
            total += criterion(out, y).item() * len(y)
            right += (out.argmax(1) == y).sum().item()
    print(epoch, loss.item(), total / 400, right / 400)
print("final test_loss", total / 400)
