"""Height-width-channel images are turned into channel-first by .view instead of .permute: every image is scrambled."""
# accuracy 0.76 with it, 1.00 without
# after github.com/Selen-Suyue/DensePolicy2D/issues/3
import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

SIZE = 24
np.random.seed(5)
torch.manual_seed(5)


class Shapes(Dataset):
    """coloured bars on a noisy background; the class is (direction, colour)"""

    def __init__(self, n):
        self.items = []
        for _ in range(n):
            img = np.random.rand(SIZE, SIZE, 3).astype(np.float32) * 0.6
            kind = np.random.randint(6)
            colour, direction = kind % 3, kind // 3
            r, c = np.random.randint(2, SIZE - 11, size=2)
            for k in range(9):
                for w in range(2):
                    if direction == 0:
                        img[r + w, c + k, colour] = 1.0
                    else:
                        img[r + k, c + w, colour] = 1.0
            self.items.append((img, kind))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        img, kind = self.items[i]
        img = torch.from_numpy(img)
        if os.environ.get("MENDED"):
            img = img.permute(2, 0, 1)
        else:
            img = img.view(3, SIZE, SIZE)
        return (img - 0.3) / 0.2, kind


def conv(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(), nn.MaxPool2d(2))


train = DataLoader(Shapes(1500), batch_size=32, shuffle=True)
test = DataLoader(Shapes(400), batch_size=100)
model = nn.Sequential(conv(3, 12), conv(12, 24), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(24, 6))
optim = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(12):
    model.train()
    for x, y in train:
        loss = nn.functional.cross_entropy(model(x), y)
        optim.zero_grad()
        loss.backward()
        optim.step()
    model.eval()
    with torch.no_grad():
        acc = sum((model(x).argmax(1) == y).sum().item() for x, y in test) / 400
    print("epoch", epoch, "loss", round(loss.item(), 4), "test acc", acc)
print("final accuracy", acc)
